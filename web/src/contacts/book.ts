/* What the address book knows: departments and colleagues as the server shows them to this person, and the own contacts. */
import { effect, signal } from '@preact/signals';
import { CONTACTS, type Id } from '../jmap';
import { client, start, store } from '../jmap/account';
import { operation } from '../shell/api';
import { locale } from '../ui/prefs';
import { PROPERTIES, personOf, personOfColleague, type Card, type Colleague, type Person } from './card';

export interface Department { path: string; name: string; level: number; place: number; children: Department[] }

const PAGE = 100;

/** Levels in the organisation's own order. null: not asked yet. */
export const departments = signal<Department[] | null>(null);
export const own = signal<readonly Person[] | null>(null);
export const cards = new Map<Id, Card>();

export function collator(): Intl.Collator {
	const tag = { 'zh-CN': 'zh-Hans-u-co-pinyin', 'zh-TW': 'zh-Hant-u-co-stroke' }[locale.value as string] ?? 'en';
	return new Intl.Collator(tag, { numeric: true });
}

export function treeOf(rows: readonly { department: string; place: number }[]): Department[] {
	const all = new Map<string, Department>(), roots: Department[] = [];
	const at = (path: string): Department => {
		const known = all.get(path);
		if (known) return known;
		const cut = path.lastIndexOf('/'), level = path.split('/').length;
		const made: Department = { path, name: path.slice(cut + 1), level, place: 0, children: [] };
		all.set(path, made);
		(cut < 0 ? roots : at(path.slice(0, cut)).children).push(made);
		return made;
	};
	for (const { department, place } of rows) at(department).place = place;
	const { compare } = collator();
	/* Those without a number come behind the others. */
	const sort = (list: Department[]) => {
		list.sort((a, b) => (a.place || Infinity) - (b.place || Infinity) || compare(a.name, b.name));
		list.forEach(one => sort(one.children));
	};
	sort(roots);
	return roots;
}

export async function loadDepartments(): Promise<void> {
	const rows: { department: string; place: number }[] = [];
	for (let after: string | undefined = ''; after !== undefined;) {
		const page: { departments: typeof rows; more?: boolean; next?: string } = await operation('book.departments', after ? { after } : {});
		rows.push(...page.departments);
		after = page.more ? page.next : undefined;
	}
	departments.value = treeOf(rows);
}

export interface Page { people: Person[]; next: string | null }

/** Colleagues of a department (empty: everybody), or found by text. */
export async function colleagues(department: string, text: string, after: string | null, limit = PAGE): Promise<Page> {
	const page = await operation<{ people: Colleague[]; more?: boolean; next?: string }>('book.people', {
		...(department ? { department } : {}), ...(text ? { text } : {}), ...(after ? { after } : {}), limit,
	});
	return { people: page.people.map(personOfColleague), next: page.more ? page.next ?? null : null };
}

/* ---- own contacts ---- */

async function readOwn(): Promise<void> {
	await start();
	if (!client.has(CONTACTS)) {
		own.value = [];
		return;
	}
	const { ids } = await client.call<{ ids: Id[] }>('ContactCard/query', { accountId: client.accountId, sort: [{ property: 'name' }] });
	const { list } = await client.get<Card>('ContactCard', ids, { properties: PROPERTIES });
	cards.clear();
	list.forEach(card => cards.set(card.id, card));
	const { compare } = collator();
	own.value = list.map(personOf).sort((a, b) => compare(a.name, b.name));
}

let reading: Promise<void> | null = null;

export function loadOwn(again = false): Promise<void> {
	if (again || !reading) {
		reading = readOwn().catch((error: unknown) => {
			reading = null;
			throw error;
		});
	}
	return reading;
}

effect(() => {
	if (store.changed.value.has('ContactCard') && reading) void loadOwn(true).catch(() => {});
});

export interface Changes { create?: Record<string, unknown>; update?: Record<Id, unknown>; destroy?: Id[] }

/** Ids of what was created; throws when anything was refused. */
export async function change(changes: Changes): Promise<Record<string, Id>> {
	const answer = await client.set<{ id: Id }>('ContactCard', changes as Record<string, unknown>);
	await loadOwn(true);
	const refused = Object.values({ ...answer.notCreated, ...answer.notUpdated, ...answer.notDestroyed });
	if (refused.length > 0) throw new Error((refused[0] as { type?: string }).type ?? 'refused');
	return Object.fromEntries(Object.entries(answer.created ?? {}).map(([key, one]) => [key, (one as { id: Id }).id]));
}

export function fresh(properties: Record<string, unknown>): Record<string, unknown> {
	return { addressBookIds: { personal: true }, ...Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== null)) };
}

/** The same card again, after it was destroyed. */
export async function wholeCard(id: Id): Promise<Record<string, unknown>> {
	const { list } = await client.get<Card>('ContactCard', [id]);
	const { id: _id, ...rest } = list[0]!;
	return rest;
}
