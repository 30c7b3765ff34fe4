/* Templates: put one in, keep this letter as one. */
import { signal } from '@preact/signals';
import { setError, type Email, type Id, type SetResponse } from '../jmap';
import { client, store } from '../jmap/account';
import { t, longDate } from '../ui/i18n';
import type { MenuEntry } from '../ui/overlay';
import { toast } from '../ui/toast';
import { shownName } from './address';
import type { Composer } from './composer';
import { readLetter } from './composer';
import { escapeHtml, htmlOf, textOf, textToHtml } from './draft';
import type { EditorHandle } from './editor';
import { fill, type Facts } from './templates';

export interface Template { id: Id; subject: string; preview: string }
export const templates = signal<readonly Template[] | null>(null);
const FOLDER = 'Templates';
const MOST = 200;

/** The folder where Thunderbird and others look as well. */
export function templateFolder(): Id | null {
	return store.mailboxes.all().find(one => one.parentId === null && one.role === null && one.name === FOLDER)?.id ?? null;
}

export async function loadTemplates(): Promise<void> {
	const folder = templateFolder();
	if (!folder) return void (templates.value = []);
	const { list } = await client.request<{ list: Email[] }>(batch => {
		const query = batch.call('Email/query', { accountId: client.accountId, filter: { inMailbox: folder }, sort: [{ property: 'subject' }], limit: MOST });
		return batch.call<{ list: Email[] }>('Email/get', { accountId: client.accountId, '#ids': query.ref('/ids'), properties: ['id', 'subject', 'preview'] });
	});
	templates.value = list.map(one => ({ id: one.id, subject: one.subject ?? '', preview: one.preview }));
}

async function folderOrNew(): Promise<Id> {
	const found = templateFolder();
	if (found) return found;
	const answer = await client.set<{ id: Id }>('Mailbox', { create: { folder: { name: FOLDER, parentId: null } } });
	if (!answer.created?.folder) throw setError(answer.notCreated?.folder ?? { type: 'serverFail' });
	await store.sync(['Mailbox']);
	return answer.created.folder.id;
}

/** Keeps a template; `id`: the one that it takes the place of. */
export async function saveTemplate(subject: string, html: string, plain: string, id: Id | null = null): Promise<void> {
	const folder = await folderOrNew();
	const identity = store.identities.all()[0];
	const answer = await client.set<Email>('Email', {
		create: {
			template: {
				mailboxIds: { [folder]: true }, keywords: { $seen: true }, from: identity ? [{ name: identity.name, email: identity.email }] : null, subject,
				textBody: [{ partId: 'text', type: 'text/plain' }], htmlBody: [{ partId: 'html', type: 'text/html' }], bodyValues: { text: { value: plain }, html: { value: html } },
			},
		},
		...(id ? { destroy: [id] } : {}),
	}) as SetResponse<Email>;
	if (!answer.created?.template) throw setError(answer.notCreated?.template ?? { type: 'serverFail' });
	await loadTemplates();
}

function facts(composer: Composer): Facts {
	const { to, subject } = composer.draft.peek();
	return { recipient: to.map(shownName).join(', '), sender: composer.identity?.name ?? '', date: longDate(new Date()).replace(/ ?\d\d:\d\d$/, ''), subject };
}

async function insert(composer: Composer, handle: EditorHandle | null, id: Id): Promise<void> {
	const letter = await readLetter(id);
	const known = facts(composer);
	if (!composer.draft.peek().subject.trim() && letter.subject) composer.change({ subject: fill(letter.subject, known) });
	if (handle?.rich) {
		const safe = Object.fromEntries(Object.entries(known).map(([name, value]) => [name, escapeHtml(value)])) as unknown as Facts;
		handle.rich.insertHTML(fill(htmlOf(letter) || textToHtml(textOf(letter)), safe));
	} else {
		handle?.insertText(fill(textOf(letter), known));
	}
}

export function templateItems(composer: Composer, handle: EditorHandle | null): MenuEntry[] {
	const all = templates.value ?? [];
	return [
		{ heading: t('compose.templates') },
		...all.map(one => ({ label: one.subject || t('compose.no-subject'), hint: one.preview.slice(0, 60), icon: 'template' as const, run: () => void insert(composer, handle, one.id) })),
		...(all.length ? ['line' as const] : []),
		{
			label: t('compose.template-save'), icon: 'plus' as const,
			run: () => {
				const { subject, mode } = composer.draft.peek();
				const text = composer.written();
				void saveTemplate(subject || t('compose.no-subject'), mode === 'html' ? (handle?.rich?.contentWritten() ?? textToHtml(text)) : textToHtml(text), text)
					.then(() => toast(t('compose.template-saved')), () => toast(t('compose.template-failed'), { kind: 'bad' }));
			},
		},
	];
}
