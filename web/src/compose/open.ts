/* The ways to begin a letter. Everything else is fetched when the first one is begun. */
import { signal } from '@preact/signals';
import { open as openDesk, others, ownDesk, start, type Desk } from '../jmap/account';
import { desk as deskHere } from '../jmap/here';
import { asJmapError, setError, type Email, type EmailAddress, type Id, type JmapError } from '../jmap';
import { parseAddresses } from './address';
import { Composer, readLetter, readQuote } from './composer';
import { attachmentOf, emptyDraft, fromEmail, identityFor, prefixed, recipients, textToHtml, threading, type Draft, type Intent } from './draft';
import { writePlain } from './prefs';
import { startBody } from './quote';
import { safeDecode } from '../ui/router';
import { kept } from './vault';

export const composers = signal<readonly Composer[]>([]);
/** Why a letter could not be begun. */
export const openError = signal<JmapError | null>(null);
/** More at once than fit are tabs at the bottom. */
const MOST = 12;

function show(composer: Composer): Composer {
	if (composers.peek().length >= MOST) throw asJmapError(new Error('too many letters are open'));
	composers.value = [...composers.peek(), composer];
	return composer;
}

export function close(composer: Composer): void {
	composers.value = composers.peek().filter(one => one !== composer);
}

function mine(desk: Desk): string[] {
	return desk.store.identities.all().map(one => one.email);
}

/** From follows the mailbox one is in, where one may write for it. */
function writingDesk(): Desk {
	const here = deskHere.peek();
	return here.maySend ? here : ownDesk;
}

async function begin(make: () => Promise<Composer>): Promise<void> {
	try {
		openError.value = null;
		await start();
		await openDesk(deskHere.peek());
		show(await make());
	} catch (error) {
		openError.value = asJmapError(error);
	}
}

/** body: plain text. */
export function openNew(first: { to?: EmailAddress[]; cc?: EmailAddress[]; subject?: string; body?: string; identityId?: Id } = {}): Promise<void> {
	return begin(async () => {
		const desk = first.identityId ? ownDesk : writingDesk(), all = desk.store.identities.all();
		const identity = all.find(one => one.id === first.identityId) ?? all[0];
		const draft = emptyDraft(identity?.id ?? null, writePlain.value ? 'text' : 'html');
		const text = first.body ?? '';
		const body = startBody(draft.mode, identity, 'new', null, draft.mode === 'html' && text ? textToHtml(text) : text);
		return new Composer({ ...draft, to: first.to ?? [], cc: first.cc ?? [], subject: first.subject ?? '', body }, null, null, desk);
	});
}

export function openReply(emailId: Id, all = false): Promise<void> {
	return openAbout(emailId, all ? 'replyAll' : 'reply');
}

export function openForward(emailId: Id): Promise<void> {
	return openAbout(emailId, 'forward');
}

function openAbout(emailId: Id, intent: Intent): Promise<void> {
	return begin(async () => {
		const desk = writingDesk(), here = deskHere.peek();
		const letter = await readLetter(emailId, here);
		const identity = identityFor(letter, desk.store.identities.all());
		const mode = writePlain.value ? 'text' : 'html';
		const sealed = !!letter.confidential;
		if (sealed && intent === 'forward') throw setError({ type: 'forbidden' });
		const quoted = mode === 'html' && !sealed ? await readQuote(emailId, here) : '';
		const draft: Draft = {
			...emptyDraft(identity?.id ?? null, mode),
			...(intent === 'forward' ? {} : { ...recipients(letter, intent === 'replyAll', mine(desk)), ...threading(letter) }),
			subject: prefixed(letter.subject ?? '', intent),
			/* Of a confidential letter nothing is quoted. */
			body: startBody(mode, identity, intent, sealed ? null : letter, '', quoted),
			/* Who may not write there answers from the own mailbox, which has nothing of the letter. */
			about: desk === here ? { emailId, intent } : null,
			attachments: desk === here && !sealed ? carried(letter, intent) : [],
		};
		return new Composer(draft, null, null, desk);
	});
}

/** What is quoted keeps its images; what is passed on keeps its attachments too. */
function carried(letter: Email, intent: Intent): Draft['attachments'] {
	const all = (letter.attachments ?? []).filter(one => one.blobId).map((one, i) => attachmentOf(one, `a${i}`));
	return intent === 'forward' ? all : all.filter(one => one.cid && one.type.startsWith('image/'));
}

/** Letters as attachments, whole. */
export function openForwardAttached(emailIds: readonly Id[]): Promise<void> {
	return begin(async () => {
		const desk = deskHere.peek();
		const { list } = await desk.client.get<Email>('Email', emailIds, { properties: ['id', 'blobId', 'subject', 'size'] });
		const identity = desk.store.identities.all()[0];
		const draft = emptyDraft(identity?.id ?? null, writePlain.value ? 'text' : 'html');
		const attachments = list.map(one => attachmentOf({
			partId: null, blobId: one.blobId, size: one.size, name: `${(one.subject || 'message').replace(/[\\/:*?"<>|\p{Cc}]/gu, ' ').trim().slice(0, 80)}.eml`,
			type: 'message/rfc822', charset: null, disposition: 'attachment', cid: null,
		}, one.id));
		const subject = list.length === 1 ? prefixed(list[0]!.subject ?? '', 'forward') : '';
		return new Composer({
			...draft, attachments, subject, body: startBody(draft.mode, identity, 'new', null),
			about: list.length === 1 ? { emailId: list[0]!.id, intent: 'forward' } : null,
		}, null, null, desk);
	});
}

/** A draft of the server's, to go on with; one that is open comes to the front. */
export function openDraft(emailId: Id, desk = deskHere.peek()): Promise<void> {
	const open = composers.peek().find(one => one.draftId === emailId);
	if (open) {
		open.view.value = 'docked';
		return Promise.resolve();
	}
	return begin(async () => {
		await openDesk(desk);
		const letter = await readLetter(emailId, desk);
		return new Composer(fromEmail(letter, desk.store.identities.all()), emailId, letter.messageId?.[0] ?? null, desk);
	});
}

/** RFC 6068 */
export function openMailto(url: string): Promise<void> {
	const [path, query = ''] = url.replace(/^mailto:/i, '').split('?', 2) as [string, string?];
	const fields = new Map(query.split('&').map(one => {
		const [name, value = ''] = one.split('=', 2) as [string, string?];
		return [name.toLowerCase(), safeDecode(value)] as const;
	}));
	return openNew({
		to: parseAddresses([safeDecode(path), fields.get('to') ?? ''].join(',')), cc: parseAddresses(fields.get('cc') ?? ''),
		subject: fields.get('subject') ?? '', body: fields.get('body') ?? '',
	});
}

/** Letters that a former page could not save are open again. */
export async function openLost(): Promise<void> {
	await start();
	for (const desk of [ownDesk, ...others.peek()]) {
		for (const one of await kept(desk.id)) {
			await openDesk(desk);
			/* Of a file that was on its way up nothing is left. */
			const attachments = one.draft.attachments.map(file => (file.blobId ? file : { ...file, failed: 'network' }));
			const composer = new Composer({ ...one.draft, attachments }, one.draftId, null, desk);
			composer.adopt(one.id);
			show(composer);
		}
	}
}

/** One that was thrown away, again. */
export function reopen(draft: Draft, desk: Desk): void {
	const composer = new Composer(draft, null, null, desk);
	composer.adopt(crypto.randomUUID());
	show(composer);
}
