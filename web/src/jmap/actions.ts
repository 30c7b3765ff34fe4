import { signal } from '@preact/signals';
import type { Client } from './client';
import type { Collection } from './collection';
import { JmapError, asJmapError, setError } from './errors';
import { inversePatch, type Patch } from './patch';
import { backOff } from './push';
import type { Id } from './types';

/** A change of objects that are here: a patch for each, null: destroy. */
export interface Action {
	type: string;
	changes: Record<Id, Patch | null>;
}

export interface ActionStorage {
	read(): Action[];
	write(actions: Action[]): void;
}

export interface ActionOptions {
	collection: (type: string) => Collection<{ id: Id }> | undefined;
	/** What the server would not do was taken back on the screen; the person is told. */
	onRefused?: (action: Action, ids: Id[], error: JmapError) => void;
	delay?: (attempt: number) => number;
}

interface Waiting {
	action: Action;
	lift: () => void;
	done: (ids: Id[]) => void;
	fail: (error: JmapError) => void;
}

export interface Done {
	/** The ids that were changed. */
	result: Promise<Id[]>;
	/** What takes it back, as an action of its own. Destroying cannot be taken back: null. */
	inverse: Action | null;
}

/**
 * Does changes in order: they are seen at once, sent when the server can be reached, and taken back when it refuses them. What waits outlives the page; it
 * holds ids and flags, nothing of what letters say.
 */
export class Actions {
	private readonly queue: Waiting[] = [];
	private running = false;
	private attempt = 0;
	private timer: ReturnType<typeof setTimeout> | undefined;
	private storage: ActionStorage | null = null;
	/** How many have not been done yet. */
	readonly waiting = signal(0);

	constructor(private readonly client: Client, private readonly options: ActionOptions) {}

	/** From now on what waits is kept there; takes up what a former page left. */
	restore(storage: ActionStorage): void {
		this.storage = storage;
		for (const action of storage.read()) this.add(action);
	}

	add(action: Action): Done {
		const collection = this.options.collection(action.type);
		const changes = new Map(Object.entries(action.changes));
		const inverse = this.inverse(action);
		const lift = collection?.lay(changes) ?? (() => {});
		const result = new Promise<Id[]>((done, fail) => this.queue.push({ action, lift, done, fail }));
		// Those who do not wait for it hear of a refusal by onRefused.
		result.catch(() => {});
		this.save();
		void this.run();
		return { result, inverse };
	}

	private inverse(action: Action): Action | null {
		const collection = this.options.collection(action.type);
		const changes: Record<Id, Patch | null> = {};
		for (const [id, patch] of Object.entries(action.changes)) {
			const object = collection?.peek(id);
			if (patch === null) return null;
			if (object) changes[id] = inversePatch(object, patch);
		}
		return { type: action.type, changes };
	}

	private save(): void {
		this.waiting.value = this.queue.length;
		this.storage?.write(this.queue.map((one) => one.action));
	}

	/** At once: the network is back, or the person has signed in again. */
	wake(): void {
		clearTimeout(this.timer);
		this.attempt = 0;
		void this.run();
	}

	/** What waits stays in the storage. */
	stop(): void {
		clearTimeout(this.timer);
	}

	private async run(): Promise<void> {
		if (this.running) return;
		this.running = true;
		try {
			while (this.queue.length > 0 && (await this.next(this.queue[0]!)));
		} finally {
			this.running = false;
		}
	}

	/** Whether the queue goes on. */
	private async next(one: Waiting): Promise<boolean> {
		try {
			await this.send(one);
		} catch (error) {
			const failure = asJmapError(error);
			if (failure.passing) {
				this.timer = setTimeout(() => void this.run(), (this.options.delay ?? backOff)(this.attempt++));
				return false;
			}
			one.lift();
			this.options.onRefused?.(one.action, Object.keys(one.action.changes), failure);
			one.fail(failure);
		}
		this.attempt = 0;
		this.queue.shift();
		this.save();
		return true;
	}

	private async send(one: Waiting): Promise<void> {
		const entries = Object.entries(one.action.changes);
		const most = this.client.core.maxObjectsInSet;
		const done = new Map<Id, Patch | null>();
		for (let at = 0; at < entries.length; at += most) await this.sendPart(one, entries.slice(at, at + most), done);
		this.options.collection(one.action.type)?.keep(done);
		one.lift();
		one.done([...done.keys()]);
	}

	private async sendPart(one: Waiting, entries: [Id, Patch | null][], done: Map<Id, Patch | null>): Promise<void> {
		const update = Object.fromEntries(entries.filter(([, patch]) => patch !== null));
		const destroy = entries.filter(([, patch]) => patch === null).map(([id]) => id);
		const answer = await this.client.set(one.action.type, {
			...(Object.keys(update).length > 0 ? { update } : {}),
			...(destroy.length > 0 ? { destroy } : {}),
		});
		const refused = { ...answer.notUpdated, ...answer.notDestroyed };
		for (const [id, patch] of entries) if (!(id in refused)) done.set(id, patch);
		// One that is gone already needs nothing more.
		const failed = Object.keys(refused).filter((id) => refused[id]!.type !== 'notFound');
		if (failed.length > 0) this.options.onRefused?.(one.action, failed, setError(refused[failed[0]!]!));
	}
}

/** Keeps actions in the browser for one account. */
export function browserStorage(accountId: Id, storage: Storage = localStorage): ActionStorage {
	const key = `letterlock.actions.${accountId}`;
	return {
		read() {
			try {
				const value: unknown = JSON.parse(storage.getItem(key) ?? '[]');
				return Array.isArray(value) ? (value as Action[]) : [];
			} catch {
				return [];
			}
		},
		write(actions) {
			try {
				if (actions.length > 0) storage.setItem(key, JSON.stringify(actions));
				else storage.removeItem(key);
			} catch {
				// A full or forbidden storage only means that what waits does not outlive the page.
			}
		},
	};
}
