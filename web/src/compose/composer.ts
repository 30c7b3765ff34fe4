/* One letter being written: what it says, what the server has of it, and how it leaves. */
import { computed, signal } from '@preact/signals';
import { asJmapError, problemError, setError, upload, type Email, type EmailSubmission, type Id, type Identity, type JmapError, type SetResponse, type Upload } from '../jmap';
import { ownDesk, type Desk } from '../jmap/account';
import { knowsConfidential } from '../jmap/confidential';
import { SCHEDULED } from '../mail/scheduled';
import { session } from '../shell/session';
import { isAddress } from './address';
import { DRAFT_PROPERTIES, isEmptyText, toEmail, type Attachment, type Draft } from './draft';
import { forget, keep } from './vault';

/** How long nothing is typed before it is saved, and how long it goes unsaved at most, in milliseconds. */
const SAVE_AFTER = 1_500;
const SAVE_AT_LEAST = 15_000;

export type View = 'docked' | 'full' | 'minimised';
export type Saving = 'clean' | 'dirty' | 'saving' | 'saved' | 'failed';
/** Why a letter cannot leave. */
export type Obstacle = 'recipients' | 'invalid' | 'uploading' | 'uploadFailed' | 'identity' | 'sealedOutside' | 'sealedOver' | 'sealedLate';

export interface Leaving {
	emailId: Id;
	submissionId: Id;
	sendAt: string;
	desk?: Desk;
}

let last = 0;

export class Composer {
	readonly key = `c${++last}`;
	readonly draft;
	readonly view = signal<View>('docked');
	readonly saving = signal<Saving>('clean');
	readonly savedAt = signal<Date | null>(null);
	readonly error = signal<JmapError | null>(null);
	readonly sending = signal(false);
	/** Another device wrote another version of this draft: its id. */
	readonly other = signal<Id | null>(null);
	/** The draft as the server has it. */
	draftId: Id | null;
	/** The editor, once it is there: its content in the draft's form, without HTML, and what of it was written here (no quote, no signature). */
	body: () => string = () => this.draft.peek().body;
	plain: () => string = () => this.draft.peek().body;
	written: () => string = () => this.draft.peek().body;
	readonly title = computed(() => this.draft.value.subject.trim());
	private vaultId: string = crypto.randomUUID();
	private messageId: string | null = null;
	private changedAt = 0;
	private timer = 0;
	private current: Promise<void> | null = null;
	private readonly uploads = new Map<string, Upload>();
	private closed = false;
	private readonly first: Draft;
	private adopted = false;
	/** What is saved is in the browser alone. */
	private onlyHere = false;
	/** It was handed over, and the answer never came: what was handed over. */
	private unanswered: string | null = null;
	/** It has left after all, as it is here. */
	readonly left = signal<Leaving | null>(null);

	/** desk: the mailbox it is written and sent in. */
	constructor(draft: Draft, draftId: Id | null = null, messageId: string | null = null, readonly desk: Desk = ownDesk) {
		this.draft = signal(draft);
		this.first = draft;
		this.draftId = draftId;
		this.messageId = messageId;
	}

	get identity(): Identity | undefined {
		const all = this.desk.store.identities.all();
		return all.find(one => one.id === this.draft.value.identityId) ?? all[0];
	}

	/** Not where nothing may be written: there each version would stay. Of a delegate the server knows the own drafts by their Sender. */
	get mayReplace(): boolean {
		const rights = this.desk.store.mailbox('drafts')?.myRights;
		return !rights || rights.mayRemoveItems || rights.mayAddItems;
	}

	/** In the mailbox of somebody else, of which nothing but own drafts may be taken away. */
	private get borrowed(): boolean {
		return this.desk.store.mailbox('drafts')?.myRights.mayRemoveItems === false;
	}

	/** It comes from the browser's own store: it is saved, and then forgotten there. */
	adopt(vaultId: string): void {
		this.vaultId = vaultId;
		this.adopted = true;
		this.touch();
	}

	/** Nothing of it is the person's yet: it is as it was begun, and nothing was kept of it. */
	isUntouched(): boolean {
		const now = this.draft.peek(), { first } = this;
		return !this.draftId && !this.adopted && now.to === first.to && now.cc === first.cc && now.bcc === first.bcc && now.subject === first.subject &&
			now.attachments === first.attachments && isEmptyText(this.written());
	}

	/* ---- changes ---- */

	change(patch: Partial<Draft>): void {
		this.draft.value = { ...this.draft.peek(), ...patch };
		this.touch();
	}

	/** Something was typed; what it is, is read when it is saved. */
	touch(): void {
		if (this.closed || (this.saving.peek() === 'clean' && this.isUntouched())) return;
		const now = Date.now();
		if (this.saving.peek() !== 'dirty') this.changedAt = now;
		this.saving.value = 'dirty';
		clearTimeout(this.timer);
		this.timer = window.setTimeout(() => void this.save(), Math.max(0, Math.min(SAVE_AFTER, this.changedAt + SAVE_AT_LEAST - now)));
	}

	/* ---- saving ---- */

	/**
	 * The server has it when the promise is done, or `saving` says that it failed; then it waits in the browser. Where no version can be replaced it waits there
	 * too, until the `last` one.
	 */
	async save(last = false): Promise<void> {
		clearTimeout(this.timer);
		if (this.current) await this.current;
		if (this.saving.peek() !== 'dirty' && this.saving.peek() !== 'failed' && !(last && this.onlyHere)) return;
		if (this.isUntouched()) {
			this.saving.value = 'clean';
			return;
		}
		this.current = this.saveNow(last || this.mayReplace).finally(() => (this.current = null));
		return this.current;
	}

	private async saveNow(there: boolean): Promise<void> {
		this.saving.value = 'saving';
		try {
			if (this.unanswered !== null && (await this.hasLeft()) && this.closed) return;
			this.onlyHere = !there && (await this.keep());
			if (!this.onlyHere) await this.replace();
			this.savedAt.value = new Date();
			if (this.saving.peek() === 'saving') this.saving.value = 'saved';
			this.error.value = null;
			if (!this.onlyHere) void forget(this.vaultId);
		} catch (error) {
			await this.keepHere(asJmapError(error));
		}
	}

	private async keepHere(error: JmapError): Promise<void> {
		this.error.value = error;
		if (this.saving.peek() === 'saving') this.saving.value = 'failed';
		await this.keep();
		if (!this.closed) this.timer = window.setTimeout(() => void this.save(), SAVE_AT_LEAST);
	}

	private keep(): Promise<boolean> {
		const account = this.desk.client.session ? this.desk.client.accountId : '';
		return keep({ id: this.vaultId, account, savedAt: Date.now(), draft: this.pull(), draftId: this.draftId });
	}

	/** Takes over what the editor has. */
	pull(): Draft {
		return (this.draft.value = { ...this.draft.peek(), body: this.body() });
	}

	private email(drafts = this.desk.store.mailbox('drafts'), leaves?: Date): Record<string, unknown> {
		const identity = this.identity;
		if (!identity || !drafts) throw asJmapError(new Error('no identity or no folder for drafts'));
		this.messageId ??= `${crypto.randomUUID()}@${identity.email.slice(identity.email.lastIndexOf('@') + 1)}`;
		const email = toEmail(this.pull(), identity, this.plain(), { mailboxIds: { [drafts.id]: true }, keywords: { $draft: true, $seen: true } }, leaves);
		const me = session.peek();
		return { ...email, messageId: [this.messageId], ...(this.borrowed && me?.address ? { sender: [{ name: me.name || null, email: me.address }] } : {}) };
	}

	/** The new version comes and the old one goes in one step. */
	private async replace(): Promise<void> {
		const former = this.mayReplace ? this.draftId : null;
		const answer = await this.desk.client.set<Email>('Email', { create: { draft: this.email() }, ...(former ? { destroy: [former] } : {}) });
		const created = answer.created?.draft;
		if (!created) throw setError(answer.notCreated?.draft ?? { type: 'serverFail' });
		this.draftId = created.id;
		if (former && answer.notDestroyed?.[former]?.type === 'notFound') await this.lookForOther();
	}

	/** The version that this page knew is gone: somebody saved the draft elsewhere, or threw it away. Nothing is lost: both are there. */
	async lookForOther(): Promise<void> {
		const drafts = this.desk.store.mailbox('drafts');
		if (!this.messageId || !drafts) return;
		const { ids } = await this.desk.client.call<{ ids: Id[] }>('Email/query', {
			accountId: this.desk.client.accountId, filter: { inMailbox: drafts.id, header: ['Message-ID', this.messageId] },
		});
		this.other.value = ids.find(id => id !== this.draftId) ?? null;
	}

	/** This version counts; the other one goes. */
	async dropOther(): Promise<void> {
		const other = this.other.peek();
		this.other.value = null;
		if (other) await this.desk.client.set('Email', { destroy: [other] });
	}

	/* ---- attachments ---- */

	/** Sends a file up; cid: it stands within the text. */
	attach(file: File, cid: string | null = null): Attachment {
		const one: Attachment = {
			key: crypto.randomUUID(), name: file.name, type: file.type || 'application/octet-stream', size: file.size, blobId: null, cid, progress: 0, failed: null,
		};
		this.draft.value = { ...this.draft.peek(), attachments: [...this.draft.peek().attachments, one] };
		void this.send(one.key, file);
		return one;
	}

	private async send(key: string, file: File): Promise<void> {
		const going = upload(this.desk.client, file, share => this.setAttachment(key, { progress: share }));
		this.uploads.set(key, going);
		try {
			const { blobId } = await going.done;
			this.setAttachment(key, { blobId, progress: 1 });
			this.touch();
		} catch (error) {
			this.setAttachment(key, { failed: asJmapError(error).type });
		} finally {
			this.uploads.delete(key);
		}
	}

	private setAttachment(key: string, patch: Partial<Attachment>): void {
		const draft = this.draft.peek();
		this.draft.value = { ...draft, attachments: draft.attachments.map(one => (one.key === key ? { ...one, ...patch } : one)) };
	}

	detach(key: string): void {
		this.uploads.get(key)?.cancel();
		this.change({ attachments: this.draft.peek().attachments.filter(one => one.key !== key) });
	}

	/** Bytes of everything that goes along, as base64 makes them. */
	readonly weight = computed(() => Math.ceil(this.draft.value.attachments.reduce((sum, one) => sum + one.size, 0) * 1.37));

	/* ---- leaving ---- */

	obstacle(): Obstacle | null {
		const { to, cc, bcc, attachments } = this.draft.peek();
		const all = [...to, ...cc, ...bcc];
		if (!this.identity) return 'identity';
		if (all.length === 0) return 'recipients';
		if (!all.every(one => isAddress(one.email))) return 'invalid';
		if (attachments.some(one => one.failed)) return 'uploadFailed';
		return attachments.some(one => !one.blobId) ? 'uploading' : null;
	}

	/**
	 * Hands it to the server, which keeps it until `at`. Done: it is the server's now, and can be called back until then. Null: it is on its way already,
	 * asked for a moment ago, or `left` tells.
	 */
	async leave(at: Date | null, holdSeconds: number): Promise<Leaving | null> {
		if (this.sending.peek() || this.closed) return null;
		this.sending.value = true;
		clearTimeout(this.timer);
		this.error.value = null;
		try {
			if (this.current) await this.current;
			if (this.unanswered !== null && (await this.hasLeft())) return null;
			const left = await this.submit(at, holdSeconds);
			this.end();
			return left;
		} catch (error) {
			const failure = asJmapError(error);
			if (failure.kind === 'offline') this.unanswered = this.words();
			/* Nothing was sent; the letter is as safe as before. */
			this.saving.value = 'dirty';
			await this.save();
			this.error.value = failure;
			throw failure;
		} finally {
			this.sending.value = false;
		}
	}

	private words(): string {
		const { to, cc, bcc, subject, body, attachments } = this.pull();
		return JSON.stringify([to, cc, bcc, subject, body, attachments.map(one => one.key)]);
	}

	/**
	 * Whether the server has sent what it never answered for. Then it is not sent again: this letter ends. What was changed since is a letter of its own, which
	 * stays and waits for its writer.
	 */
	private async hasLeft(): Promise<boolean> {
		const { client } = this.desk, { accountId } = client;
		const { ids } = await client.call<{ ids: Id[] }>('Email/query', { accountId, filter: { header: ['Message-ID', this.messageId] } });
		const { list } = await client.request<{ list: EmailSubmission[] }>(batch => {
			const sent = batch.call('EmailSubmission/query', { accountId, filter: { emailIds: ids } });
			return batch.call<{ list: EmailSubmission[] }>('EmailSubmission/get', { accountId, '#ids': sent.ref('/ids') });
		});
		const same = this.unanswered === this.words(), found = list.find(one => one.undoStatus !== 'canceled');
		this.unanswered = null;
		if (!found) return false;
		this.messageId = null;
		if (same) {
			this.end();
			if (this.draftId && this.draftId !== found.emailId) await client.set('Email', { destroy: [this.draftId] }).catch(() => {});
		}
		this.left.value = { emailId: found.emailId, submissionId: found.id, sendAt: found.sendAt, desk: this.desk };
		return true;
	}

	private async submit(at: Date | null, holdSeconds: number): Promise<Leaving> {
		const identity = this.identity!;
		const { to, cc, bcc, about } = this.draft.peek();
		const drafts = this.mayReplace ? this.desk.store.mailbox('drafts') : undefined, later = at ? this.desk.store.mailbox('scheduled') : undefined, sent = later ?? this.desk.store.mailbox('sent');
		const hold = at ? { HOLDUNTIL: at.toISOString().replace(/\.\d+/, '') } : holdSeconds > 0 ? { HOLDFOR: String(holdSeconds) } : null;
		const envelope = {
			mailFrom: { email: identity.email, parameters: hold },
			rcptTo: [...new Set([...to, ...cc, ...bcc].map(one => one.email))].map(email => ({ email, parameters: null })),
		};
		const former = drafts && this.draftId;
		const accountId = this.desk.client.accountId;
		/* Where it cannot be moved it is written where it belongs. What waits in a mailbox of others stays a draft until it has left: then the server moves it. */
		const waits = this.borrowed && drafts !== undefined && hold !== null;
		const done = { ...(drafts && !waits ? { [`mailboxIds/${drafts.id}`]: null, ...(sent ? { [`mailboxIds/${sent.id}`]: true } : {}) } : {}), 'keywords/$draft': null, 'keywords/$seen': true, ...(waits || (at && !later) ? { [`keywords/${SCHEDULED}`]: true } : {}) };
		const [saved, submitted] = await this.desk.client.request<[SetResponse<Email>, SetResponse<EmailSubmission>]>(batch => {
			const email = batch.call<SetResponse<Email>>('Email/set', { accountId, create: { letter: this.email(drafts ?? sent, at ?? undefined) } });
			const submission = batch.call<SetResponse<EmailSubmission>>('EmailSubmission/set', {
				accountId, create: { leaving: { identityId: identity.id, emailId: '#letter', envelope } }, onSuccessUpdateEmail: { '#leaving': done },
			});
			return Promise.all([email, submission]);
		});
		const letter = saved.created?.letter, leaving = submitted.created?.leaving;
		if (!letter) throw setError(saved.notCreated?.letter ?? { type: 'serverFail' });
		if (!leaving) {
			await this.desk.client.set('Email', { destroy: [letter.id] }).catch(() => {});
			throw setError(submitted.notCreated?.leaving ?? { type: 'serverFail' });
		}
		if (former) void this.desk.client.set('Email', { destroy: [former] }).catch(() => {});
		this.draftId = letter.id;
		if (about) this.desk.store.mark([about.emailId], about.intent === 'forward' ? '$forwarded' : '$answered', true);
		return { emailId: letter.id, submissionId: leaving.id, sendAt: leaving.sendAt ?? '', desk: this.desk };
	}

	get isOver(): boolean {
		return this.closed;
	}

	/** Nothing more is saved; the page forgets it. */
	end(): void {
		this.closed = true;
		clearTimeout(this.timer);
		for (const going of this.uploads.values()) going.cancel();
		void forget(this.vaultId);
	}

	/** Throws the draft away; the return value brings it back. */
	async discard(): Promise<Draft> {
		const draft = this.pull();
		this.end();
		if (this.current) await this.current;
		if (this.draftId) await this.desk.client.set('Email', { destroy: [this.draftId] }).catch(() => {});
		return draft;
	}
}

/** Calls a letter back that waits to leave: it is a draft again. Fails with type "cannotUnsend" when it has left. */
export async function callBack({ emailId, submissionId, desk = ownDesk }: Leaving): Promise<void> {
	const { client, store } = desk;
	const accountId = client.accountId;
	const drafts = store.mailbox('drafts')!;
	const answer = await client.set<EmailSubmission>('EmailSubmission', { update: { [submissionId]: { undoStatus: 'canceled' } } });
	const refused = answer.notUpdated?.[submissionId];
	if (refused) throw setError(refused);
	await client.call('Email/set', { accountId, update: { [emailId]: { mailboxIds: { [drafts.id]: true }, 'keywords/$draft': true, [`keywords/${SCHEDULED}`]: null } } });
}

/** The letter as the server makes it safe to quote; its images are named as in a draft. */
export async function readQuote(id: Id, desk: Desk = ownDesk): Promise<string> {
	const response = await fetch(`/jmap/view/${encodeURIComponent(desk.client.accountId)}/${encodeURIComponent(id)}?quote=1`, { headers: desk.client.headers(), credentials: 'same-origin', cache: 'no-store' });
	if (!response.ok) throw problemError(response.status, null, null);
	return (await response.text()).replace(/<img\b[^>]*>/g, tag => tag.replace(/ data-remote="/, ' src="').replace(/ data-cid="/, ' src="cid:'));
}

/** A whole letter, for going on with a draft, answering or passing on. */
export async function readLetter(id: Id, desk: Desk = ownDesk): Promise<Email> {
	const { list } = await desk.client.get<Email>('Email', [id], { properties: knowsConfidential(desk.client) ? [...DRAFT_PROPERTIES, 'confidential'] : DRAFT_PROPERTIES, fetchAllBodyValues: true, maxBodyValueBytes: 1_000_000 });
	if (!list[0]) throw setError({ type: 'notFound' });
	return list[0];
}
