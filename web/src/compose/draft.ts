/* A letter that is being written, and how it becomes one of JMAP. Pure: nothing here asks the server. */
import type { Email, EmailAddress, EmailBodyPart, Id, Identity } from '../jmap';
import { CONFIDENTIAL_FIELD } from '../jmap/confidential';
import { sameAddress, unique } from './address';
import { fieldOf, lifetimeOf, type Lifetime } from './lifetime';

export type Mode = 'html' | 'text';
export type Intent = 'new' | 'reply' | 'replyAll' | 'forward';

/** Something that goes along; size in bytes. */
export interface Attachment {
	key: string;
	name: string;
	type: string;
	size: number;
	/** Known once it is on the server. */
	blobId: Id | null;
	/** Set for an image within the text. */
	cid: string | null;
	/** 0 to 1 while it is being sent up. */
	progress: number;
	failed: string | null;
}

export interface Draft {
	identityId: Id | null;
	to: EmailAddress[];
	cc: EmailAddress[];
	bcc: EmailAddress[];
	subject: string;
	mode: Mode;
	/** HTML or text, as `mode` says; with signature and quote. */
	body: string;
	attachments: Attachment[];
	inReplyTo: string[] | null;
	references: string[] | null;
	/** What it answers or passes on, to mark that when it was sent. */
	about: { emailId: Id; intent: Intent } | null;
	receipt: boolean;
	important: boolean;
	/** Readable for colleagues alone, and not to be passed on; null: an ordinary letter. */
	confidential: Lifetime | null;
}

export function emptyDraft(identityId: Id | null, mode: Mode): Draft {
	return {
		identityId, to: [], cc: [], bcc: [], subject: '', mode, body: '', attachments: [], inReplyTo: null, references: null, about: null, receipt: false,
		important: false, confidential: null,
	};
}

const REPLY = /^\s*(?:(?:re|aw|sv|回复|回覆|答复|答覆)\s*(?:\[\d+\])?\s*[:：]\s*)+/i;
const FORWARD = /^\s*(?:(?:fwd?|wg|转发|轉寄|轉發)\s*[:：]\s*)+/i;

/** "Re: Re: 回复：x" does not grow. */
export function prefixed(subject: string, intent: Intent): string {
	if (intent === 'new') return subject;
	return intent === 'forward' ? `Fwd: ${subject.replace(FORWARD, '').trim()}` : `Re: ${subject.replace(REPLY, '').trim()}`;
}

function isMine(address: EmailAddress, mine: readonly string[]): boolean {
	return mine.some(one => sameAddress(one, address.email));
}

/** Who an answer goes to. Answering a letter of one's own goes to those it went to. */
export function recipients(letter: Pick<Email, 'from' | 'to' | 'cc' | 'replyTo'>, all: boolean, mine: readonly string[]): Pick<Draft, 'to' | 'cc'> {
	const from = letter.from ?? [], to = letter.to ?? [], cc = letter.cc ?? [];
	const own = from.length > 0 && from.every(one => isMine(one, mine));
	const answerTo = letter.replyTo?.length ? letter.replyTo : from;
	if (own) return { to: unique(to), cc: all ? unique(cc) : [] };
	if (!all) return { to: unique(answerTo), cc: [] };
	const first = unique(answerTo);
	const others = unique([...to, ...cc]).filter(one => !isMine(one, mine) && !first.some(other => sameAddress(other.email, one.email)));
	return { to: first, cc: others };
}

/** The identity that a letter came to: the first of ours in To, then Cc; else the first one. */
export function identityFor(letter: Pick<Email, 'from' | 'to' | 'cc'> | null, identities: readonly Identity[]): Identity | undefined {
	const named = [...(letter?.to ?? []), ...(letter?.cc ?? []), ...(letter?.from ?? [])];
	for (const { email } of named) {
		const found = identities.find(one => sameAddress(one.email, email));
		if (found) return found;
	}
	return identities[0];
}

/** RFC 5322 3.6.4 */
export function threading(letter: Pick<Email, 'messageId' | 'references' | 'inReplyTo'>): Pick<Draft, 'inReplyTo' | 'references'> {
	const id = letter.messageId ?? [];
	const former = letter.references?.length ? letter.references : (letter.inReplyTo ?? []);
	const references = [...former.filter(one => !id.includes(one)), ...id];
	/* The first and the newest are what threads are made by; a line of hundreds helps nobody. */
	const short = references.length > 50 ? [references[0]!, ...references.slice(-49)] : references;
	return { inReplyTo: id.length > 0 ? id : null, references: short.length > 0 ? short : null };
}

/* ---- text and HTML ---- */

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escapeHtml(text: string): string {
	return text.replace(/[&<>"]/g, c => ESCAPES[c]!);
}

/** Lines as blocks, as the editor makes them. */
export function textToHtml(text: string): string {
	return text.split(/\r?\n/).map(line => `<div>${escapeHtml(line).replace(/ {2}/g, ' &nbsp;') || '<br>'}</div>`).join('');
}

export function quoteText(text: string): string {
	return text.replace(/\s+$/, '').split(/\r?\n/).map(line => (line.startsWith('>') ? `>${line}` : `> ${line}`)).join('\n');
}

/** Whether anything was written besides what was there from the start. */
export function isEmptyText(text: string): boolean {
	return text.replace(/[\s\u00a0\u200b]+/g, '') === '';
}

/* ---- to JMAP ---- */

function part(one: Attachment): Partial<EmailBodyPart> {
	return {
		blobId: one.blobId, type: one.type || 'application/octet-stream', name: one.name, cid: one.cid, disposition: one.cid ? 'inline' : 'attachment',
	};
}

export interface Filing {
	mailboxIds: Record<Id, true>;
	keywords: Record<string, true>;
}

/**
 * The object for Email/set (RFC 8621 4.6). `plain` is the same text without HTML. Images within the text are referred to by "cid:". leaves: when.
 */
export function toEmail(draft: Draft, identity: Identity, plain: string, filing: Filing, leaves = new Date()): Record<string, unknown> {
	const sent = draft.attachments.filter(one => one.blobId !== null);
	const html = draft.mode === 'html';
	return {
		...filing,
		from: [{ name: identity.name || null, email: identity.email }],
		to: orNull(draft.to),
		cc: orNull(draft.cc),
		bcc: orNull(draft.bcc),
		...(identity.replyTo?.length ? { replyTo: identity.replyTo } : {}),
		subject: draft.subject,
		...(draft.inReplyTo ? { inReplyTo: draft.inReplyTo } : {}),
		...(draft.references ? { references: draft.references } : {}),
		...(draft.receipt ? { 'header:Disposition-Notification-To:asAddresses': [{ name: identity.name || null, email: identity.email }] } : {}),
		...(draft.important ? { 'header:X-Priority:asText': '1', 'header:Importance:asText': 'high' } : {}),
		...(draft.confidential ? { [CONFIDENTIAL_FIELD]: fieldOf(draft.confidential, leaves) } : {}),
		textBody: [{ partId: 'text', type: 'text/plain' }],
		...(html ? { htmlBody: [{ partId: 'html', type: 'text/html' }] } : {}),
		bodyValues: { text: { value: plain }, ...(html ? { html: { value: draft.body } } : {}) },
		attachments: sent.map(part),
	};
}

function orNull(addresses: EmailAddress[]): EmailAddress[] | null {
	return addresses.length > 0 ? addresses : null;
}

export const DRAFT_PROPERTIES = [
	'id', 'blobId', 'threadId', 'mailboxIds', 'keywords', 'receivedAt', 'sentAt', 'messageId', 'inReplyTo', 'references', 'from', 'to', 'cc', 'bcc', 'replyTo',
	'subject', 'size', 'textBody', 'htmlBody', 'attachments', 'bodyValues', 'header:Disposition-Notification-To:asText', 'header:Importance:asText', CONFIDENTIAL_FIELD,
];

function bodyOf(letter: Email, parts: readonly EmailBodyPart[]): string {
	return parts.map(one => (one.partId ? (letter.bodyValues[one.partId]?.value ?? '') : '')).join('\n');
}

export function textOf(letter: Email): string {
	return bodyOf(letter, letter.textBody.filter(one => one.type === 'text/plain'));
}

export function htmlOf(letter: Email): string {
	return bodyOf(letter, letter.htmlBody.filter(one => one.type === 'text/html'));
}

export function attachmentOf(one: EmailBodyPart, key: string): Attachment {
	return {
		key, name: one.name ?? '', type: one.type, size: one.size, blobId: one.blobId, cid: one.disposition === 'inline' || one.cid ? one.cid : null, progress: 1,
		failed: null,
	};
}

/** A draft from the server, to go on with. */
export function fromEmail(letter: Email, identities: readonly Identity[]): Draft {
	const html = htmlOf(letter);
	const identity = identities.find(one => letter.from?.some(from => sameAddress(from.email, one.email))) ?? identities[0];
	return {
		identityId: identity?.id ?? null, to: letter.to ?? [], cc: letter.cc ?? [], bcc: letter.bcc ?? [], subject: letter.subject ?? '',
		mode: html ? 'html' : 'text', body: html || textOf(letter), attachments: (letter.attachments ?? []).map((one, i) => attachmentOf(one, `a${i}`)),
		inReplyTo: letter.inReplyTo, references: letter.references, about: null,
		receipt: Boolean(letter['header:Disposition-Notification-To:asText']), important: letter['header:Importance:asText'] === 'high', confidential: lifetimeOf(letter[CONFIDENTIAL_FIELD]),
	};
}

/* ---- what might have been forgotten ---- */

const ATTACHED = /\b(?:attach(?:ed|ment|ments|ing)|enclosed)\b|附件|附上|随附|隨附|附檔|附件檔|见附|見附/i;

/** The person writes of an attachment, in what is no quote. */
export function speaksOfAttachment(subject: string, written: string): boolean {
	return ATTACHED.test(subject) || ATTACHED.test(written.split(/\r?\n/).filter(line => !line.startsWith('>')).join('\n'));
}
