/*
 * What can be done here and now. A screen offers its commands with useCommands; keys, the sheet of keys (?) and the palette (ctrl+k) all come from this one
 * list.
 */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { IconName } from '../ui/icons';
import { useShortcuts, type Handlers } from '../ui/shortcuts';

export interface Command {
	label: string;
	/* Separated by "|": each does it; the first is shown. */
	keys?: string;
	icon?: IconName;
	group: string;
	/* For the sheet only: too fine for the palette. */
	hidden?: boolean;
	run: (e?: KeyboardEvent) => void;
}

interface Offer { read: () => Command[] }
const offers = signal<Offer[]>([]);

export function allCommands(): Command[] {
	return offers.value.flatMap(o => o.read());
}

export function useCommands(commands: Command[]): void {
	const latest = useRef(commands);
	latest.current = commands;
	const handlers: Handlers = {};
	for (const c of commands) for (const key of c.keys?.split('|') ?? []) handlers[key] = e => c.run(e);
	useShortcuts(handlers);
	useEffect(() => {
		const mine: Offer = { read: () => latest.current };
		offers.value = [...offers.peek(), mine];
		return () => void (offers.value = offers.peek().filter(o => o !== mine));
	}, []);
}
