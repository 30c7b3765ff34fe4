import { signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { Batch, Call } from './batch';
import type { Client } from './client';
import { JmapError, asJmapError } from './errors';
import { applyPatch, type Patch } from './patch';
import type { ChangesResponse, GetResponse, Id, ResultReference } from './types';

/** What a change of the server's did to a collection. */
export interface Difference {
	created: Id[];
	updated: Id[];
	destroyed: Id[];
	/** The server no longer knows what changed: everything must be asked for anew. */
	unknown: boolean;
}

interface Pending {
	ids: ReadonlySet<Id>;
	patchOf: (id: Id) => Patch | null;
}

/** Rounds of /changes with hasMoreChanges before everything is read anew. */
const MOST_ROUNDS = 20;

/**
 * The objects of one type that are known here: one signal for each, so that a change draws only what shows it. What the server said last is kept apart from
 * changes that are under way; those lie over it until they are done or refused.
 */
export class Collection<T extends { id: Id }> {
	/** State of the server that `base` belongs to; null: nothing was read yet. */
	state: string | null = null;
	private readonly base = new Map<Id, T>();
	private readonly cells = new Map<Id, Signal<T | undefined>>();
	private readonly pending = new Set<Pending>();
	private readonly wanted = new Map<Id, Promise<void>>();
	/** Counts whenever an object comes or goes. */
	readonly members = signal(0);
	/** The last difference that the server announced. */
	readonly difference: Signal<Difference | null> = signal(null);

	constructor(
		private readonly client: Client,
		readonly type: string,
		/** Arguments of every /get: properties and the like. */
		private readonly arguments_: Record<string, unknown> = {},
		/** All objects are kept (mailboxes, identities), not only those that were asked for. */
		private readonly whole = false,
	) {}

	private cell(id: Id): Signal<T | undefined> {
		let cell = this.cells.get(id);
		if (!cell) {
			cell = signal(this.shown(id));
			this.cells.set(id, cell);
		}
		return cell;
	}

	/** The object as it is to be shown, undefined while it is not here. */
	at(id: Id): ReadonlySignal<T | undefined> {
		return this.cell(id);
	}

	peek(id: Id): T | undefined {
		return this.cells.get(id)?.peek() ?? this.shown(id);
	}

	/** All that are here; read within an effect it follows arrivals and removals. */
	all(): T[] {
		this.members.value;
		return [...this.base.keys()].map((id) => this.cell(id).value).filter((one): one is T => one !== undefined);
	}

	private shown(id: Id): T | undefined {
		let value = this.base.get(id);
		for (const one of this.pending) {
			if (!value || !one.ids.has(id)) continue;
			const patch = one.patchOf(id);
			value = patch === null ? undefined : applyPatch(value, patch);
		}
		return value;
	}

	private draw(id: Id): void {
		const cell = this.cells.get(id);
		if (cell) cell.value = this.shown(id);
	}

	/** What the server said; other properties of an object that is here stay. */
	put(objects: readonly (Partial<T> & { id: Id })[]): void {
		let came = false;
		for (const one of objects) {
			const former = this.base.get(one.id);
			this.base.set(one.id, { ...former, ...one } as T);
			came ||= !former;
			this.draw(one.id);
		}
		if (came) this.members.value++;
	}

	drop(ids: readonly Id[]): void {
		let went = false;
		for (const id of ids) {
			went = this.base.delete(id) || went;
			this.draw(id);
		}
		if (went) this.members.value++;
	}

	/** Shows changes before they are done: a patch for each object, null: it goes. The answer takes it off again. */
	lay(changes: ReadonlyMap<Id, Patch | null>): () => void {
		const one: Pending = { ids: new Set(changes.keys()), patchOf: (id) => changes.get(id) ?? null };
		this.pending.add(one);
		for (const id of one.ids) this.draw(id);
		return () => {
			if (!this.pending.delete(one)) return;
			for (const id of one.ids) this.draw(id);
		};
	}

	/** The server did it: what was laid over becomes what is. */
	keep(changes: ReadonlyMap<Id, Patch | null>): void {
		const gone: Id[] = [];
		for (const [id, patch] of changes) {
			const value = this.base.get(id);
			if (patch === null) gone.push(id);
			else if (value) this.base.set(id, applyPatch(value, patch));
		}
		this.drop(gone);
		for (const id of changes.keys()) this.draw(id);
	}

	/** Asks for those that are not here yet; done when they are, or are known not to exist. */
	async need(ids: readonly Id[]): Promise<void> {
		const missing = ids.filter((id) => !this.base.has(id) && !this.wanted.has(id));
		if (missing.length > 0) {
			const reading = this.read(missing).finally(() => missing.forEach((id) => this.wanted.delete(id)));
			missing.forEach((id) => this.wanted.set(id, reading));
		}
		await Promise.all(ids.map((id) => this.wanted.get(id)));
	}

	/** Reads some, or all of the type. */
	async read(ids: readonly Id[] | null): Promise<void> {
		const answer = await this.client.get<T>(this.type, ids, this.arguments_);
		if (ids === null) {
			const here = new Set(answer.list.map((one) => one.id));
			this.drop([...this.base.keys()].filter((id) => !here.has(id)));
			this.state = answer.state;
		} else {
			this.state ??= answer.state;
		}
		this.put(answer.list);
		this.drop(answer.notFound);
	}

	/** Reads those that an earlier call of the batch names. When that fails they are as unknown as before. */
	along(batch: Batch, ids: ResultReference): Call<GetResponse<T>> {
		const call = batch.call<GetResponse<T>>(`${this.type}/get`, { accountId: this.client.accountId, '#ids': ids, ...this.arguments_ });
		call.then((answer) => {
			this.state ??= answer.state;
			this.put(answer.list);
		}, () => {});
		return call;
	}

	/** Reads all of the type once. */
	async load(): Promise<void> {
		if (this.state === null) await this.read(null);
	}

	/** What changed since the last time. */
	async sync(): Promise<void> {
		if (this.state === null) return;
		try {
			await this.follow(this.state);
		} catch (error) {
			const failure = asJmapError(error);
			if (failure.type !== 'cannotCalculateChanges') throw failure;
			await this.anew();
		}
	}

	private async follow(since: string): Promise<void> {
		const difference: Difference = { created: [], updated: [], destroyed: [], unknown: false };
		for (let round = 0, more = true; more; round++) {
			if (round === MOST_ROUNDS) throw new JmapError('conflict', 'cannotCalculateChanges');
			const changes = await this.client.call<ChangesResponse>(`${this.type}/changes`, { accountId: this.client.accountId, sinceState: since });
			difference.created.push(...changes.created);
			difference.updated.push(...changes.updated);
			difference.destroyed.push(...changes.destroyed);
			since = changes.newState;
			more = changes.hasMoreChanges;
		}
		const fresh = [...difference.updated.filter((id) => this.base.has(id)), ...(this.whole ? difference.created : [])];
		if (fresh.length > 0) await this.read([...new Set(fresh)]);
		this.drop(difference.destroyed);
		this.state = since;
		if (difference.created.length + difference.updated.length + difference.destroyed.length > 0) this.difference.value = difference;
	}

	private async anew(): Promise<void> {
		if (this.whole) {
			await this.read(null);
		} else {
			const here = [...this.base.keys()];
			this.state = null;
			await this.read(here);
		}
		this.difference.value = { created: [], updated: [], destroyed: [], unknown: true };
	}
}
