/* Which list is on the screen, what is in it, what is chosen of it. */
import { batch, computed, effect, signal, untracked } from '@preact/signals';
import { LiveQuery, type Email, type Id, type Mailbox } from '../jmap';
import { desk, deskId, isNowhere, splitPart, store } from '../jmap/here';
import { conversations } from '../ui/prefs';
import { go, place } from '../ui/router';
import { folderByPath, folderPath } from './folders';
import { LABELS, labelName } from './letter';
import { SCHEDULED } from './scheduled';
import { toFilter } from './search';

export type Chip = 'all' | 'unread' | 'attachments' | 'starred' | 'external';
export const CHIPS: readonly Chip[] = ['all', 'unread', 'starred', 'attachments'];

export interface View {
	kind: 'mailbox' | 'starred' | 'scheduled' | 'search' | 'nowhere';
	mailbox?: Mailbox;
	text: string;
	chip: Chip;
	/* The same for the same list. */
	key: string;
}

export const started = signal(false);

const folderPart = computed(() => splitPart(place.value.parts[1] ?? '')[0] || 'inbox');
/* The same with its account. */
const wholePart = (part: string, account: string) => (account ? `${part}@${account}` : part);
export const openId = computed<Id | null>(() => (place.value.parts[0] === 'mail' || place.value.parts.length === 0 ? place.value.parts[2] ?? null : null));

/* The mailbox that is shown has been read. */
export const ready = computed(() => started.value && (isNowhere.value || desk.value.own || desk.value.store.mailboxes.all().length > 0));

const mailboxId = computed(() => (ready.value && !isNowhere.value ? folderByPath(folderPart.value)?.id : undefined));

export const view = computed<View>(() => {
	const text = place.value.query.get('q') ?? '';
	const chip = (place.value.query.get('f') ?? 'all') as Chip;
	const part = folderPart.value;
	const kind = isNowhere.value ? 'nowhere' : part === 'search' ? 'search' : part === 'starred' ? 'starred' : mailboxId.value ? 'mailbox' : part === 'scheduled' ? 'scheduled' : 'nowhere';
	const mailbox = mailboxId.value ? store.mailboxes.at(mailboxId.value).value : undefined;
	return { kind, mailbox, text, chip, key: `${deskId.value} ${kind} ${mailboxId.value ?? ''} ${chip} ${text} ${conversations.value}` };
});

export function listPath(part = folderPart.peek(), more: { q?: string; f?: Chip } = {}, account = deskId.peek()): string {
	const query = new URLSearchParams();
	if (more.q) query.set('q', more.q);
	if (more.f && more.f !== 'all') query.set('f', more.f);
	const text = query.toString();
	return `/mail/${encodeURIComponent(wholePart(part, account))}${text && `?${text}`}`;
}

export function letterPath(id: Id | null): string {
	const { search } = new URL(place.peek().path, location.origin);
	return `/mail/${encodeURIComponent(wholePart(folderPart.peek(), deskId.peek()))}${id ? `/${encodeURIComponent(id)}` : ''}${search}`;
}

export const open = (id: Id | null, replace = false): void => go(letterPath(id), replace);
export const openFolder = (box: Mailbox, account = deskId.peek()): void => go(listPath(folderPath(box), {}, account));
export const setChip = (chip: Chip): void => go(listPath(undefined, { q: view.peek().text, f: chip }), true);

/* What was deleted and can be had back, under the trash. */
export const recovering = computed(() => folderPart.value === 'recover' && !isNowhere.value);

/* ---- the list ---- */

const CHIP_FILTER: Record<Chip, Record<string, unknown> | null> = {
	all: null, unread: { notKeyword: '$seen' }, starred: { hasKeyword: '$flagged' }, attachments: { hasAttachment: true }, external: null,
};

function filterOf(v: View): Record<string, unknown> | null {
	const parts: Record<string, unknown>[] = [];
	if (v.kind === 'mailbox') parts.push({ inMailbox: v.mailbox!.id });
	if (v.mailbox?.role === 'sent' || v.mailbox?.role === 'drafts') parts.push({ notKeyword: SCHEDULED });
	if (v.kind === 'scheduled') parts.push({ hasKeyword: SCHEDULED });
	if (v.kind === 'starred') parts.push({ hasKeyword: '$flagged' });
	if (v.kind === 'search') parts.push(toFilter(v.text, store.mailboxes.all(), new Map(LABELS.map(l => [l, labelName(l)]))).filter);
	const chip = CHIP_FILTER[v.chip];
	if (chip) parts.push(chip);
	return parts.length > 1 ? { operator: 'AND', conditions: parts } : parts[0] ?? null;
}

export const SORT = [{ property: 'receivedAt', isAscending: false }];
export const query = signal<LiveQuery | null>(null);
export const listError = signal<unknown>(null);
/* Letters that were just moved out of this list: not shown while the server is told. */
export const leaving = signal<ReadonlySet<Id>>(new Set());

export function choiceOf(v: View) {
	return { filter: filterOf(v), sort: SORT, collapseThreads: conversations.peek() };
}

/* What was shown once is here, or nearly; of any other list the rows come with the first answer. */
const met = new Set<string>();

function listOf(v: View): LiveQuery {
	const { client, store: kept } = desk.peek(), isNew = !met.has(v.key);
	met.add(v.key);
	return new LiveQuery(client, 'Email', choiceOf(v), 50, (batch, found) => {
		if (!isNew) return;
		const emails = kept.emails.along(batch, found.ref('/ids'));
		if (conversations.peek()) kept.threads.along(batch, emails.ref('/list/*/threadId'));
	});
}

const viewKey = computed(() => view.value.key);

effect(() => {
	void viewKey.value;
	if (!ready.value) return;
	untracked(() => batch(() => {
		const v = view.peek();
		selected.value = new Set();
		wholeFolder.value = false;
		leaving.value = new Set();
		active.value = null;
		listError.value = null;
		query.value = v.kind === 'nowhere' ? null : listOf(v);
		void load(0, 50);
	}));
});

let lastRange: [number, number] = [0, 50];

/* Rows [from, to) are wanted, with what is shown of them. */
export async function load(from: number, to: number): Promise<void> {
	const q = query.peek();
	lastRange = [from, to];
	if (!q) return;
	try {
		await q.load(from, to);
		if (q !== query.peek()) return;
		listError.value = null;
		await fill(q.ids.peek().slice(from, to).filter((id): id is Id => !!id));
	} catch (error) {
		if (q === query.peek() && q.total.peek() === null) listError.value = error;
	}
}

const THREAD_SHOWN = 25;

async function fill(ids: Id[]): Promise<void> {
	await store.emails.need(ids);
	if (!conversations.peek()) return;
	const threads = [...new Set(ids.map(id => store.emails.peek(id)?.threadId).filter((id): id is Id => !!id))];
	await store.threads.need(threads);
	await store.emails.need(threads.flatMap(id => store.threads.peek(id)?.emailIds.slice(-THREAD_SHOWN) ?? []));
}

/* The server announced changes. */
effect(() => {
	const types = store.changed.value;
	if (!types.has('Email')) return;
	untracked(() => {
		const q = query.peek();
		void q?.follow().then(() => {
			if (q !== query.peek()) return;
			leaving.value = new Set();
			return load(...lastRange);
		}).catch(() => {});
	});
});

export const ids = computed<readonly (Id | undefined)[]>(() => {
	const all = query.value?.ids.value ?? [];
	const gone = leaving.value;
	return gone.size > 0 ? all.filter(id => !id || !gone.has(id)) : all;
});
export const total = computed<number | null>(() => (query.value?.total.value == null ? null : ids.value.length));

/* ---- what stands behind a row ---- */

/* All letters of the conversation of a row that are here, oldest first. */
export function conversationOf(id: Id): Email[] {
	const first = store.emails.at(id).value;
	if (!first) return [];
	if (!conversations.value) return [first];
	const others = store.threads.at(first.threadId).value?.emailIds ?? [id];
	const found = others.map(other => store.emails.at(other).value).filter((e): e is Email => !!e);
	return found.some(e => e.id === id) ? found : [...found, first];
}

/* Those of them that an action on the row means: what lies in the same mailbox as the row. */
export function meant(id: Id): Id[] {
	const first = store.emails.peek(id);
	if (!first || !conversations.peek()) return [id];
	const v = view.peek();
	const here = v.kind === 'mailbox' ? [v.mailbox!.id] : Object.keys(first.mailboxIds);
	const thread = store.threads.peek(first.threadId)?.emailIds ?? [id];
	const same = thread.filter(other => here.some(m => store.emails.peek(other)?.mailboxIds[m]));
	return same.includes(id) ? same : [id, ...same];
}

/* ---- cursor and choice ---- */

export const active = signal<Id | null>(null);
export const selected = signal<ReadonlySet<Id>>(new Set());
/* Everything in the list is meant, also what was never looked at. */
export const wholeFolder = signal(false);
let lastChosen: Id | null = null;

export function choose(id: Id, on: boolean, range = false): void {
	const next = new Set(selected.peek());
	const all = ids.peek();
	const from = range && lastChosen ? all.indexOf(lastChosen) : -1;
	const to = all.indexOf(id);
	const some = from < 0 ? [id] : all.slice(Math.min(from, to), Math.max(from, to) + 1);
	for (const one of some) {
		if (!one) continue;
		if (on) next.add(one);
		else next.delete(one);
	}
	lastChosen = id;
	batch(() => {
		selected.value = next;
		wholeFolder.value = false;
	});
}

export function chooseAll(on: boolean): void {
	batch(() => {
		selected.value = new Set(on ? ids.peek().filter((id): id is Id => !!id) : []);
		wholeFolder.value = false;
	});
}

/* The rows that a command means: what is chosen, else the open letter, else the cursor. */
export function targetRows(): Id[] {
	if (selected.peek().size > 0) return [...selected.peek()];
	const one = openId.peek() ?? active.peek();
	return one ? [one] : [];
}

/* The letter of a row, fetched when nobody has looked there yet. */
/* The row of the cursor takes the focus as soon as it exists: while the list scrolls, the one that had it goes. */
export const wantsFocus = { now: false };

export async function rowAt(at: number): Promise<Id | undefined> {
	if (!ids.peek()[at]) await load(at, at + 1);
	return ids.peek()[at];
}

export function step(by: number): void {
	const all = ids.peek();
	if (all.length === 0) return;
	const at = all.indexOf(active.peek() ?? openId.peek() ?? '');
	const to = Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + by));
	const move = (id: Id | undefined) => {
		if (!id) return;
		active.value = id;
		if (openId.peek()) open(id, true);
	};
	if (all[to]) move(all[to]);
	else void rowAt(to).then(move);
}

/* What is read next when this row goes. */
export function nextAfter(rows: readonly Id[]): Id | null {
	const all = ids.peek(), gone = new Set(rows);
	const at = all.findIndex(id => id && gone.has(id));
	for (let i = at + 1; i < all.length; i++) if (all[i] && !gone.has(all[i]!)) return all[i]!;
	for (let i = at - 1; i >= 0; i--) if (all[i] && !gone.has(all[i]!)) return all[i]!;
	return null;
}
