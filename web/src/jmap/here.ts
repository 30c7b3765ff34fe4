/*
 * The account of the mailbox that is on the screen: "/mail/inbox@A…" is one of somebody else. `client` and `store` are always those of it, also for what
 * listens to them; whatever outlives the screen (an undo, a letter that is written) keeps the desk itself.
 */
import { computed } from '@preact/signals';
import { place } from '../ui/router';
import { others, ownDesk, type Desk } from './account';
import type { Client } from './client';
import type { Store } from './store';

/** The folder and the account that a part of an address names. */
export function splitPart(part: string): [folder: string, account: string] {
	const at = part.lastIndexOf('@');
	return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
}

export const deskId = computed(() => (place.value.parts[0] === 'mail' ? splitPart(place.value.parts[1] ?? '')[1] : ''));
export const desk = computed<Desk>(() => others.value.find(one => one.id === deskId.value) ?? ownDesk);
/** The address names a mailbox that is not there any more. */
export const isNowhere = computed(() => deskId.value !== '' && desk.value.own);

function facade<T extends object>(of: () => T): T {
	return new Proxy({} as T, {
		get(_, key) {
			const target = of();
			const value: unknown = Reflect.get(target, key, target);
			return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
		},
	});
}

export const client = facade<Client>(() => desk.value.client);
export const store = facade<Store>(() => desk.value.store);
