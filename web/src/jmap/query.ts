import { signal, type Signal } from '@preact/signals';
import type { Batch, Call } from './batch';
import type { Client } from './client';
import { asJmapError } from './errors';
import type { Id, QueryChangesResponse, QueryResponse } from './types';

/** How a list is chosen and ordered. RFC 8620 5.5 */
export interface Choice {
	filter?: Record<string, unknown> | null;
	sort?: { property: string; isAscending?: boolean; keyword?: string }[];
	collapseThreads?: boolean;
}

/**
 * The result of a query as a list with holes: positions that nobody has looked at are undefined. Follows changes by /queryChanges, so that what is on the
 * screen stays where it is.
 */
export class LiveQuery {
	readonly ids: Signal<readonly (Id | undefined)[]> = signal([]);
	readonly total: Signal<number | null> = signal(null);
	private state: string | null = null;
	private follows = false;
	private readonly loading = new Map<number, Promise<void>>();
	/** Counts when everything is asked for anew; answers to older questions are dropped. */
	private generation = 0;

	constructor(
		private readonly client: Client,
		readonly type: string,
		readonly choice: Choice,
		readonly page = 50,
		/** Adds to the request of a page what is to come with it. */
		private readonly along: (batch: Batch, query: Call<QueryResponse>) => void = () => {},
	) {}

	private args(more: Record<string, unknown>): Record<string, unknown> {
		return { accountId: this.client.accountId, ...this.choice, calculateTotal: true, ...more };
	}

	/** Asks for the pages that hold positions from..to (exclusive) unless they are here. */
	async load(from: number, to: number): Promise<void> {
		const pages: Promise<void>[] = [];
		for (let at = Math.floor(from / this.page) * this.page; at < to; at += this.page) {
			if (!this.hasPage(at)) pages.push(this.loadPage(at));
		}
		await Promise.all(pages);
	}

	private hasPage(at: number): boolean {
		const total = this.total.peek();
		if (total === null) return false;
		const ids = this.ids.peek();
		for (let i = at; i < Math.min(at + this.page, total); i++) if (ids[i] === undefined) return false;
		return true;
	}

	private loadPage(at: number): Promise<void> {
		let reading = this.loading.get(at);
		if (!reading) {
			reading = this.readPage(at, this.generation).finally(() => this.loading.delete(at));
			this.loading.set(at, reading);
		}
		return reading;
	}

	private async readPage(at: number, generation: number): Promise<void> {
		const answer = await this.client.request((batch) => {
			const query = batch.call<QueryResponse>(`${this.type}/query`, this.args({ position: at, limit: this.page }));
			this.along(batch, query);
			return query;
		});
		if (generation !== this.generation) return;
		if (this.state !== null && this.state !== answer.queryState) {
			// The list moved meanwhile: first what is here must move too.
			await this.follow();
			if (this.state !== answer.queryState) return this.readPage(at, this.generation);
		}
		this.state = answer.queryState;
		this.follows = answer.canCalculateChanges;
		const ids = [...this.ids.peek()];
		const total = answer.total ?? Math.max(ids.length, at + answer.ids.length);
		ids.length = total;
		answer.ids.forEach((id, i) => (ids[answer.position + i] = id));
		this.ids.value = ids;
		this.total.value = total;
	}

	/** After the server announced a change of the type. */
	async follow(): Promise<void> {
		if (this.state === null) return;
		if (!this.follows) return this.anew();
		const generation = this.generation;
		try {
			const changes = await this.client.call<QueryChangesResponse>(`${this.type}/queryChanges`, this.args({ sinceQueryState: this.state }));
			if (generation === this.generation) this.splice(changes);
		} catch (error) {
			const failure = asJmapError(error);
			if (failure.type !== 'cannotCalculateChanges' && failure.type !== 'tooManyChanges') throw failure;
			await this.anew();
		}
	}

	/** RFC 8620 5.6: what is removed goes first, then the added ones are put at their places from the lowest. */
	private splice(changes: QueryChangesResponse): void {
		const removed = new Set(changes.removed);
		const ids = [...this.ids.peek()].filter((id) => id === undefined || !removed.has(id));
		for (const { id, index } of [...changes.added].sort((a, b) => a.index - b.index)) {
			if (index > ids.length) ids.length = index;
			ids.splice(index, 0, id);
		}
		const total = changes.total ?? ids.length;
		ids.length = total;
		this.state = changes.newQueryState;
		this.ids.value = ids;
		this.total.value = total;
	}

	private async anew(): Promise<void> {
		const known = this.ids.peek();
		const from = Math.max(0, known.findIndex((id) => id !== undefined));
		this.generation++;
		this.state = null;
		this.loading.clear();
		await this.readPage(Math.floor(from / this.page) * this.page, this.generation);
	}
}
