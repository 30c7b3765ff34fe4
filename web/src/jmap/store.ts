import { signal } from '@preact/signals';
import { Actions, browserStorage, type Action, type ActionStorage, type Done } from './actions';
import type { Client } from './client';
import { Collection } from './collection';
import { CONFIDENTIAL_FIELD, knowsConfidential } from './confidential';
import { asJmapError, type JmapError } from './errors';
import { pointer } from './patch';
import { Push, type PushOptions } from './push';
import type { Email, EmailSubmission, Id, Identity, Mailbox, MailboxRole, Quota, Thread } from './types';
import { QUOTA, SUBMISSION } from './types';

/** What a row of a list shows. Bodies are read apart, when a letter is opened. */
export const ROW_PROPERTIES = [
	'id', 'blobId', 'threadId', 'mailboxIds', 'keywords', 'size', 'receivedAt', 'sentAt', 'from', 'to', 'cc', 'subject', 'preview', 'hasAttachment', 'messageId',
	'header:X-Letterlock-Verdict:asText',
];

export interface StoreOptions {
	onRefused?: (action: Action, ids: Id[], error: JmapError) => void;
	/** Letters came (RFC 8621 1.5). */
	onArrival?: () => void;
	/** Where actions outlive the page; asked for once the account is known. */
	storage?: (accountId: Id) => ActionStorage;
	push?: Partial<Pick<PushOptions, 'source' | 'delay' | 'onOther'>>;
	/** Somebody else listens, and calls `sync` with what has changed. */
	deaf?: boolean;
	/** The connection stands again after it was away. */
	onResume?: () => void;
	delay?: (attempt: number) => number;
}

type AnyCollection = Collection<{ id: Id }>;

/** Everything that the webmail knows of an account, kept true by what the server announces. */
export class Store {
	readonly emails: Collection<Email>;
	readonly threads: Collection<Thread>;
	readonly mailboxes: Collection<Mailbox>;
	readonly identities: Collection<Identity>;
	readonly submissions: Collection<EmailSubmission>;
	readonly quotas: Collection<Quota>;
	readonly actions: Actions;
	/** Whether the server can be reached, as far as is known. */
	readonly online = signal(true);
	/** Types that were announced as changed; lists that are no collection look here. */
	readonly changed = signal<ReadonlySet<string>>(new Set());
	private readonly push: Push;
	private readonly collections: Map<string, AnyCollection>;
	private syncing: Promise<void> | null = null;
	private due = new Set<string>();

	constructor(readonly client: Client, private readonly options: StoreOptions = {}) {
		this.emails = new Collection<Email>(client, 'Email', {
			/* A server that knows nothing of such letters would refuse the name. */
			get properties() { return knowsConfidential(client) ? [...ROW_PROPERTIES, 'confidential', CONFIDENTIAL_FIELD] : ROW_PROPERTIES; },
		});
		this.threads = new Collection<Thread>(client, 'Thread');
		this.mailboxes = new Collection<Mailbox>(client, 'Mailbox', {}, true);
		this.identities = new Collection<Identity>(client, 'Identity', {}, true);
		this.submissions = new Collection<EmailSubmission>(client, 'EmailSubmission');
		this.quotas = new Collection<Quota>(client, 'Quota', {}, true);
		const all = [this.emails, this.threads, this.mailboxes, this.identities, this.submissions, this.quotas] as unknown as AnyCollection[];
		this.collections = new Map(all.map((one) => [one.type, one]));
		this.actions = new Actions(client, {
			collection: (type) => this.collections.get(type),
			...(options.onRefused ? { onRefused: options.onRefused } : {}),
			...(options.delay ? { delay: options.delay } : {}),
		});
		this.push = new Push(client, {
			onChange: (types) => {
				if (types.has('EmailDelivery')) options.onArrival?.();
				void this.sync(types);
			},
			onResume: () => {
				this.options.onResume?.();
				void this.sync();
			},
			onState: (connected) => this.reach(connected),
			...options.push,
		});
	}

	/** Reads what everything else needs and begins to listen. */
	async start(): Promise<void> {
		await this.client.open();
		const wanted = [this.mailboxes.load()];
		if (this.client.accountHas(SUBMISSION)) wanted.push(this.identities.load());
		if (this.client.has(QUOTA)) wanted.push(this.quotas.load().catch(() => {}));
		await Promise.all(wanted);
		if (this.options.storage) this.actions.restore(this.options.storage(this.client.accountId));
		if (!this.options.deaf) this.push.start();
	}

	stop(): void {
		this.push.stop();
		this.actions.stop();
	}

	/** The network is back, the window is looked at again, or the person has signed in again. */
	wake(): void {
		this.push.wake();
		this.actions.wake();
		void this.sync();
	}

	reach(reached: boolean): void {
		if (this.online.peek() !== reached) this.online.value = reached;
	}

	/** Brings the named types up to date, all without names. Never two at a time. */
	sync(types: Iterable<string> = [...this.collections.keys()]): Promise<void> {
		for (const type of types) this.due.add(type);
		this.syncing ??= this.settle().finally(() => (this.syncing = null));
		return this.syncing;
	}

	private async settle(): Promise<void> {
		while (this.due.size > 0) {
			const types = this.due;
			this.due = new Set();
			try {
				await Promise.all([...types].map((type) => this.collections.get(type)?.sync()));
				this.reach(true);
			} catch (error) {
				// The next announcement or the return of the connection asks again.
				if (asJmapError(error).kind === 'offline') this.reach(false);
				return;
			}
			this.changed.value = types;
		}
	}

	mailbox(role: MailboxRole): Mailbox | undefined {
		return this.mailboxes.all().find((one) => one.role === role);
	}

	/** Flags on or off. */
	mark(ids: readonly Id[], keyword: string, on: boolean): Done {
		return this.actions.add({ type: 'Email', changes: Object.fromEntries(ids.map((id) => [id, { [pointer('keywords', keyword)]: on ? true : null }])) });
	}

	/** Out of all mailboxes into one. */
	move(ids: readonly Id[], mailboxId: Id): Done {
		return this.actions.add({ type: 'Email', changes: Object.fromEntries(ids.map((id) => [id, { mailboxIds: { [mailboxId]: true } }])) });
	}

	destroy(ids: readonly Id[]): Done {
		return this.actions.add({ type: 'Email', changes: Object.fromEntries(ids.map((id) => [id, null])) });
	}
}

export { browserStorage };
