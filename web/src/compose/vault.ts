/*
 * Where the text of a letter waits in the browser while the server cannot take it: no connection, a session that ended. Encrypted by a key of this browser
 * that no script can read out; gone as soon as the server has the letter, or the person signs out.
 */
import type { Draft } from './draft';

const NAME = 'letterlock-drafts', LETTERS = 'letters', KEYS = 'keys', KEY = 'key';

export interface Kept {
	id: string;
	account: string;
	savedAt: number;
	draft: Draft;
	draftId: string | null;
}
interface Row { id: string; account: string; savedAt: number; iv: Uint8Array<ArrayBuffer>; sealed: ArrayBuffer }

function promised<T>(request: IDBRequest<T>): Promise<T> {
	return new Promise((done, failed) => {
		request.onsuccess = () => done(request.result);
		request.onerror = () => failed(request.error);
	});
}

function open(): Promise<IDBDatabase> {
	const request = indexedDB.open(NAME, 1);
	request.onupgradeneeded = () => {
		request.result.createObjectStore(LETTERS, { keyPath: 'id' });
		request.result.createObjectStore(KEYS);
	};
	return promised(request);
}

async function within<T>(store: string, mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
	const db = await open();
	try {
		return await promised(work(db.transaction(store, mode).objectStore(store)));
	} finally {
		db.close();
	}
}

async function key(): Promise<CryptoKey> {
	const found = await within<CryptoKey | undefined>(KEYS, 'readonly', s => s.get(KEY));
	if (found) return found;
	const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
	await within(KEYS, 'readwrite', s => s.put(made, KEY));
	return made;
}

/** False: this browser keeps nothing (a private window, no room); the letter is in the page only. */
export async function keep(one: Kept): Promise<boolean> {
	try {
		const iv = crypto.getRandomValues(new Uint8Array(12));
		const text = new TextEncoder().encode(JSON.stringify({ draft: one.draft, draftId: one.draftId }));
		const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await key(), text);
		await within(LETTERS, 'readwrite', s => s.put({ id: one.id, account: one.account, savedAt: one.savedAt, iv, sealed } satisfies Row));
		return true;
	} catch {
		return false;
	}
}

export async function forget(id: string): Promise<void> {
	await within(LETTERS, 'readwrite', s => s.delete(id)).catch(() => {});
}

/** What a former page could not save, of this account. */
export async function kept(account: string): Promise<Kept[]> {
	try {
		const rows = (await within<Row[]>(LETTERS, 'readonly', s => s.getAll())).filter(row => row.account === account);
		const secret = await key();
		return await Promise.all(rows.map(async row => {
			const text = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: row.iv }, secret, row.sealed);
			return { id: row.id, account: row.account, savedAt: row.savedAt, ...(JSON.parse(new TextDecoder().decode(text)) as Pick<Kept, 'draft' | 'draftId'>) };
		}));
	} catch {
		return [];
	}
}

/** After signing out nothing of letters stays in the browser. */
export function forgetAll(): void {
	indexedDB.deleteDatabase(NAME);
}

/** Whether anything may be there, without making a store. */
export async function hasKept(): Promise<boolean> {
	try {
		if (!(await indexedDB.databases()).some(one => one.name === NAME)) return false;
		return (await within<number>(LETTERS, 'readonly', s => s.count())) > 0;
	} catch {
		return false;
	}
}
