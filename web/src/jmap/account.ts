/* The account of who is signed in: one client, one store for the whole page. */
import { signal } from '@preact/signals';
import type { Action } from './actions';
import { Client } from './client';
import type { JmapError } from './errors';
import { Store, browserStorage } from './store';
import type { Id } from './types';
import { stored } from '../ui/prefs';

const wantsNotice = () => stored('notify') !== null;

/** The last failure of a request as a whole, null as soon as one succeeds. The frame locks, asks to sign in or says that it is offline. */
export const failure = signal<JmapError | null>(null);
/** What the server would not do and was taken back on the screen. */
export const refused = signal<{ action: Action; ids: Id[]; error: JmapError } | null>(null);

export const client = new Client({
	headers: { 'X-Letterlock': '1' },
	onFailure: (error) => {
		if (error.passing) failure.value = error;
	},
	onSuccess: () => {
		if (failure.peek()) failure.value = null;
	},
});

export const store = new Store(client, {
	storage: (accountId) => browserStorage(accountId),
	onRefused: (action, ids, error) => (refused.value = { action, ids, error }),
	onArrival: () => {
		if (wantsNotice()) void import('../notify/notify').then(m => m.arrived());
	},
});

let starting: Promise<void> | null = null;

/** Reads mailboxes and identities and listens for changes; again and again it is the same promise, until it failed. */
export function start(): Promise<void> {
	starting ??= store.start().then(() => {
		if (wantsNotice()) void import('../notify/notify').then(m => m.watch());
	}).catch((error: unknown) => {
		starting = null;
		throw error;
	});
	return starting;
}
