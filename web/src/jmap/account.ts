/* The accounts of who is signed in: one client and one store for the own one, and one each for every mailbox that somebody else has opened to this person. */
import { signal } from '@preact/signals';
import type { Action } from './actions';
import { AccountClient, Client, type ClientOptions } from './client';
import type { JmapError } from './errors';
import { Store, browserStorage, type StoreOptions } from './store';
import { DELEGATION, SUBMISSION, type Account, type Id, type Session } from './types';
import { early } from '../ui/early';
import { stored } from '../ui/prefs';

const wantsNotice = () => stored('notify') !== null;

/** The last failure of a request as a whole, null as soon as one succeeds. The frame locks, asks to sign in or says that it is offline. */
export const failure = signal<JmapError | null>(null);
/** What the server would not do and was taken back on the screen. */
export const refused = signal<{ action: Action; ids: Id[]; error: JmapError } | null>(null);

const clientOptions: ClientOptions = {
	headers: { 'X-Letterlock': '1' },
	fetch: (path, init) => early(path, () => fetch(path, init)),
	onFailure: (error) => {
		if (error.passing) failure.value = error;
	},
	onSuccess: () => {
		if (failure.peek()) failure.value = null;
	},
};

const storeOptions: StoreOptions = {
	storage: (accountId) => browserStorage(accountId),
	onRefused: (action, ids, error) => (refused.value = { action, ids, error }),
};

/** The own account. */
export const client = new Client({ ...clientOptions, onSession: (session) => meet(session) });

export const store = new Store(client, {
	...storeOptions,
	onArrival: () => {
		if (wantsNotice()) void import('../notify/notify').then(m => m.arrived());
	},
	push: { onOther: (accountId, types) => void others.peek().find((one) => one.id === accountId)?.store.sync(types) },
	onResume: () => {
		for (const one of others.peek()) void one.store.sync();
	},
});

/** A mailbox that one works in. */
export interface Desk {
	id: Id;
	/** The address. */
	address: string;
	name: string;
	own: boolean;
	rights: ReadonlySet<string>;
	maySend: boolean;
	until: string | null;
	client: Client;
	store: Store;
}

export const ownDesk: Desk = {
	get id() {
		return client.session ? client.accountId : '';
	},
	get address() {
		return client.session?.username ?? '';
	},
	name: '', own: true, rights: new Set(), maySend: true, until: null, client, store,
};

/** Those of others, by name. */
export const others = signal<readonly Desk[]>([]);

function deskOf(id: Id, account: Account): Desk {
	const there = others.peek().find((one) => one.id === id);
	const given = account.accountCapabilities[DELEGATION] ?? {};
	const view = there?.client ?? new AccountClient(client, id, clientOptions);
	return {
		id, address: account.name, name: (given.title as string | undefined) || account.name, own: false, rights: new Set((given.rights as string[] | undefined) ?? []),
		maySend: SUBMISSION in account.accountCapabilities, until: (given.until as string | null | undefined) ?? null,
		client: view, store: there?.store ?? new Store(view, { ...storeOptions, deaf: true }),
	};
}

/** Mailboxes that were given since come, what was withdrawn goes. */
function meet(session: Session): void {
	const mine = Object.values(session.primaryAccounts);
	const found = Object.entries(session.accounts).filter(([id, account]) => !mine.includes(id) && !account.isPersonal).map(([id, account]) => deskOf(id, account));
	const gone = others.peek().filter((one) => !found.some((other) => other.id === one.id));
	others.value = found.sort((a, b) => a.name.localeCompare(b.name));
	for (const one of gone) one.store.stop();
	for (const one of found.slice(0, EAGER)) void open(one);
}

/** So many are read at once; the others when somebody looks. */
const EAGER = 12;
const opened = new Map<Store, Promise<void>>();

/** Reads what a desk needs, once. */
export function open(desk: Desk): Promise<void> {
	if (desk.own) return start();
	let promise = opened.get(desk.store);
	if (!promise) {
		promise = desk.store.start().catch(() => {
			opened.delete(desk.store);
		});
		opened.set(desk.store, promise);
	}
	return promise;
}

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
