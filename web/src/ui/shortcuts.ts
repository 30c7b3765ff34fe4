/*
 * Keys: useShortcuts({ j: next, 'g i': inbox, 'ctrl+k': palette, '#': trash }). The screen that came last is asked first. Keys of one letter do nothing in
 * text fields, and no key does anything while an input method composes (§5.8: Safari sends the Enter that ends a composition right after it).
 */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { signal } from '@preact/signals';
import { shortcutsOn } from './prefs';

export type Handlers = Record<string, (e: KeyboardEvent) => void>;
interface Scope { handlers: Handlers; modal: boolean }

const scopes: Scope[] = [];
const PREFIX_MS = 1500;
let prefix = '', prefixAt = 0, composedAt = -1000;
/* The first key of two that was pressed, to show it. */
export const pendingKey = signal('');

export function isComposing(e: KeyboardEvent): boolean {
	return e.isComposing || e.keyCode === 229 || (e.timeStamp - composedAt < 60 && !e.ctrlKey && !e.metaKey && !e.altKey);
}
addEventListener('compositionend', e => (composedAt = e.timeStamp), true);

export function nameOf(e: KeyboardEvent): string {
	const held = `${e.ctrlKey || e.metaKey ? 'ctrl+' : ''}${e.altKey ? 'alt+' : ''}`;
	const key = e.key === ' ' ? 'Space' : e.key;
	/* Of letters Shift is told; "#" and "?" tell it themselves. */
	return held + (e.shiftKey && (key.length > 1 || key !== key.toUpperCase() || key !== key.toLowerCase()) ? 'Shift+' : '') + (key.length === 1 ? key.toLowerCase() : key);
}

export function inText(target: EventTarget | null): boolean {
	if (!(target instanceof HTMLElement)) return false;
	if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
	return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'range'].includes(target.type);
}

function handlerOf(name: string): ((e: KeyboardEvent) => void) | null {
	for (let i = scopes.length - 1; i >= 0; i--) {
		const found = scopes[i]!.handlers[name];
		if (found) return found;
		if (scopes[i]!.modal) return null;
	}
	return null;
}

function isPrefix(name: string): boolean {
	for (let i = scopes.length - 1; i >= 0; i--) {
		if (Object.keys(scopes[i]!.handlers).some(k => k.startsWith(`${name} `))) return true;
		if (scopes[i]!.modal) return false;
	}
	return false;
}

function onKey(e: KeyboardEvent): void {
	if (e.defaultPrevented || isComposing(e)) return;
	const name = nameOf(e);
	const plain = !name.startsWith('ctrl+') && !name.startsWith('alt+') && name !== 'Escape' && !/^F\d/.test(name);
	if (plain && (inText(e.target) || !shortcutsOn.value)) return;
	/* A button or link that has the focus takes Enter and Space itself. */
	if ((name === 'Enter' || name === 'Space') && e.target instanceof Element && e.target.closest('button, a[href], summary, input, [role=menuitem]')) return;
	const two = prefix && e.timeStamp - prefixAt < PREFIX_MS ? `${prefix} ${name}` : '';
	prefix = '';
	pendingKey.value = '';
	const handler = (two && handlerOf(two)) || handlerOf(name);
	if (handler) {
		e.preventDefault();
		handler(e);
	} else if (plain && isPrefix(name)) {
		prefix = name;
		prefixAt = e.timeStamp;
		pendingKey.value = name;
	}
}
addEventListener('keydown', onKey);

/* modal: no key goes to what is below. Keys go to a scope from the moment it is on the page: what is typed ahead of a frame is not lost. */
export function useShortcuts(handlers: Handlers, { modal = false, active = true } = {}): void {
	const scope = useRef<Scope>({ handlers, modal });
	scope.current.handlers = handlers;
	scope.current.modal = modal;
	useLayoutEffect(() => {
		if (!active) return;
		const mine = scope.current;
		scopes.push(mine);
		return () => void scopes.splice(scopes.indexOf(mine), 1);
	}, [active]);
}
