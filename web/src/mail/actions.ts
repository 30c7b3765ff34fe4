/* What one does with letters; each can be undone by its toast or the key z. */
import { batch } from '@preact/signals';
import type { Done, Id, Mailbox, MailboxRights, QueryResponse } from '../jmap';
import type { Desk } from '../jmap/account';
import { client, desk, store } from '../jmap/here';
import { confirm } from '../ui/overlay';
import { t } from '../ui/i18n';
import { narrow, wide } from '../ui/prefs';
import { toast } from '../ui/toast';
import { folderName } from './folders';
import { labelName, type Label } from './letter';
import { MUTED } from './mute';
import { active, choiceOf, ids, leaving, meant, nextAfter, open, openId, query, selected, targetRows, total, view, wholeFolder } from './view';

const PAGE = 500;

/* Every letter of the list, asked for page by page. */
async function everything(): Promise<Id[]> {
	const all: Id[] = [];
	for (;;) {
		const answer = await client.call<QueryResponse>('Email/query', { accountId: client.accountId, ...choiceOf(view.peek()), collapseThreads: false, position: all.length, limit: PAGE });
		all.push(...answer.ids);
		if (answer.ids.length === 0 || answer.ids.length < Math.min(PAGE, answer.limit ?? PAGE)) return all;
	}
}

interface Meant { rows: Id[]; letters: Id[] }

async function gather(rows: Id[]): Promise<Meant> {
	if (!wholeFolder.peek()) return { rows, letters: [...new Set(rows.flatMap(meant))] };
	return { rows: ids.peek().filter((id): id is Id => !!id), letters: await everything() };
}

function tell(done: Done, text: string, back: () => void = () => {}): void {
	const inverse = done.inverse, { actions } = desk.peek().store;
	toast(text, inverse ? { undo: () => { back(); void actions.add(inverse); } } : {});
}

/* Rows leave the list; what was open gives way to the next. */
function leave(rows: Id[]): () => void {
	const before = leaving.peek(), opened = openId.peek(), cursor = active.peek();
	const next = nextAfter(rows);
	const reading = opened !== null && rows.includes(opened);
	batch(() => {
		leaving.value = new Set([...before, ...rows]);
		selected.value = new Set();
		wholeFolder.value = false;
		if (cursor && rows.includes(cursor)) active.value = next;
	});
	if (reading) open(narrow.peek() || !wide.peek() ? null : next, true);
	return () => {
		leaving.value = new Set([...leaving.peek()].filter(id => !rows.includes(id)));
		if (reading) open(opened, true);
		else active.value = cursor;
		void query.peek()?.follow().catch(() => {});
	};
}

export async function moveTo(box: Mailbox, rows = targetRows()): Promise<void> {
	const m = await gather(rows);
	if (m.letters.length === 0) return;
	const done = box.role === 'inbox' ? store.actions.add({ type: 'Email', changes: Object.fromEntries(m.letters.map(id => [id, { mailboxIds: { [box.id]: true }, [`keywords/${MUTED}`]: null }])) }) : store.move(m.letters, box.id);
	const back = view.peek().kind === 'mailbox' && view.peek().mailbox!.id !== box.id ? leave(m.rows) : () => {};
	tell(done, box.role === 'trash' ? t('mail.deleted', { n: m.letters.length }) : box.role === 'archive' ? t('mail.archived', { n: m.letters.length })
		: box.role === 'junk' ? t('mail.junked', { n: m.letters.length }) : t('mail.moved', { n: m.letters.length, folder: folderName(box) }), back);
}

/* Into a folder of another mailbox. */
export async function moveAcross(to: Desk, box: Mailbox, rows = targetRows()): Promise<void> {
	const m = await gather(rows);
	/* Elsewhere nobody could open it. */
	if (m.letters.some(id => store.emails.peek(id)?.confidential)) toast(t('mail.barred-move'), { kind: 'bad' });
	else if (m.letters.length > 0) await (await import('./across')).moveAcross(to, box, m.letters, leave(m.rows));
}

async function moveToRole(role: 'archive' | 'junk' | 'trash' | 'inbox', rows?: Id[]): Promise<void> {
	const box = store.mailbox(role);
	if (box) await moveTo(box, rows);
	else toast(t('mail.no-folder', { folder: t(`mail.role-${role}`) }), { kind: 'bad' });
}

export const archive = (rows?: Id[]): Promise<void> => moveToRole('archive', rows);
/* The whole conversation goes, and what is still to come of it (the server sees to that); taking it back is to move it into the inbox again. */
export async function mute(rows = targetRows()): Promise<void> {
	const m = await gather(rows), inbox = store.mailbox('inbox'), box = store.mailbox('archive');
	if (m.letters.length === 0 || !inbox || !box) return;
	const done = store.actions.add({ type: 'Email', changes: Object.fromEntries(m.letters.map(id => [id, { mailboxIds: { [box.id]: true }, [`keywords/${MUTED}`]: true, 'keywords/$seen': true }])) });
	tell(done, t('mail.muted', { n: m.rows.length }), leave(m.rows));
}

export const restore = (rows?: Id[]): Promise<void> => moveToRole('inbox', rows);
/* Somebody else's mailbox may be for reading alone. */
const may = (right: keyof MailboxRights): boolean => (view.value.mailbox ?? store.mailbox('inbox'))?.myRights[right] !== false;
export const mayRemove = (): boolean => may('mayRemoveItems');
export const mayMark = (): boolean => may('maySetKeywords');
export const inRole = (role: string): boolean => view.value.mailbox?.role === role;

/* In Junk: back to the inbox. Moving is also what teaches the filter. */
export const junk = (rows?: Id[]): Promise<void> => moveToRole(view.peek().mailbox?.role === 'junk' ? 'inbox' : 'junk', rows);

/* Into Trash; in Trash for good, and then it is asked. */
export async function remove(rows = targetRows()): Promise<void> {
	if (view.peek().mailbox?.role !== 'trash') return moveToRole('trash', rows);
	const m = await gather(rows);
	if (m.letters.length === 0 || !(await confirm(t('mail.destroy'), t('mail.destroy-text', { n: m.letters.length }), t('mail.destroy'), true))) return;
	store.destroy(m.letters);
	leave(m.rows);
	toast(t('mail.destroyed', { n: m.letters.length }));
}

export async function emptyFolder(): Promise<void> {
	const n = total.peek() ?? 0;
	if (n === 0 || !(await confirm(t('mail.empty-folder'), t('mail.empty-folder-text', { n }), t('mail.empty-folder'), true))) return;
	const all = await everything();
	store.destroy(all);
	leave(ids.peek().filter((id): id is Id => !!id));
	toast(t('mail.destroyed', { n: all.length }));
}

async function mark(keyword: string, on: boolean, rows: Id[], text: (n: number) => string): Promise<void> {
	const m = await gather(rows);
	const letters = m.letters.filter(id => !!store.emails.peek(id)?.keywords[keyword] !== on || !store.emails.peek(id));
	if (letters.length > 0) tell(store.mark(letters, keyword, on), text(letters.length));
	if (selected.peek().size > 0) selected.value = new Set();
}

export async function markRead(on: boolean, rows = targetRows()): Promise<void> {
	await mark('$seen', on, rows, n => t(on ? 'mail.marked-read' : 'mail.marked-unread', { n }));
	/* What is marked unread is not looked at any more. */
	if (!on && openId.peek() && rows.includes(openId.peek()!)) open(null);
}

/* Quietly, because one reads it. */
export function see(letters: Id[]): void {
	const unread = mayMark() ? letters.filter(id => store.emails.peek(id)?.keywords.$seen === undefined) : [];
	if (unread.length > 0) store.mark(unread, '$seen', true);
}

export function star(rows = targetRows()): void {
	const off = rows.every(id => store.emails.peek(id)?.keywords.$flagged);
	/* A star is on one letter, not on its conversation. */
	if (rows.length > 0) store.mark(rows, '$flagged', !off);
}

export async function label(which: Label, rows = targetRows()): Promise<void> {
	const off = rows.every(id => store.emails.peek(id)?.keywords[which]);
	await mark(which, !off, rows, n => t(off ? 'mail.unlabelled' : 'mail.labelled', { n, label: labelName(which) }));
}
