/* How this person writes. */
import { signal, type Signal } from '@preact/signals';
import { effect } from '@preact/signals';
import { store, stored } from '../ui/prefs';

function kept<T>(name: string, fallback: T, valid: (value: unknown) => value is T): Signal<T> {
	let value: unknown;
	try {
		value = JSON.parse(stored(name) ?? 'null');
	} catch {
		value = null;
	}
	const made = signal<T>(valid(value) ? value : fallback);
	effect(() => store(name, JSON.stringify(made.value)));
	return made;
}

const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
export const UNDO_SECONDS = [0, 5, 15, 30, 60] as const;

/** How long a letter waits at the server before it leaves. */
export const undoSeconds = kept<number>('undo-seconds', 15, (value): value is number => (UNDO_SECONDS as readonly unknown[]).includes(value));
export const writePlain = kept<boolean>('write-plain', false, isBoolean);
export const replyToAll = kept<boolean>('reply-all', false, isBoolean);
/** Identities whose signature is left out of answers. */
export const bareReplies = kept<string[]>('bare-replies', [], (value): value is string[] => Array.isArray(value));
