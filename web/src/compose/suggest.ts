/* Whom one writes to: from letters sent lately, the own contacts, the directory of the organisation. */
import { signal } from '@preact/signals';
import type { Email, EmailAddress } from '../jmap';
import { client, store } from '../jmap/account';

export interface Person extends EmailAddress {
	/** Where it comes from, the best one first. */
	source: 'recent' | 'contact' | 'people';
	department: string;
	/** Other texts by which it is found: pinyin, initials, lower case. */
	index: string;
	weight: number;
}

const RECENT = 200;
const WAIT = 150; /* ms without a key before the server is asked */
const SHOWN = 8;

export const people = signal<readonly Person[]>([]);
/** Other sources add theirs. */
export const sources: (() => Promise<Person[]>)[] = [recent, async () => (await import('../contacts/suggest')).ownPeople()];

async function recent(): Promise<Person[]> {
	const sent = store.mailbox('sent');
	if (!sent) return [];
	const { list } = await client.request<{ list: Email[] }>(batch => {
		const query = batch.call('Email/query', {
			accountId: client.accountId, filter: { inMailbox: sent.id }, sort: [{ property: 'receivedAt', isAscending: false }], limit: RECENT,
		});
		return batch.call<{ list: Email[] }>('Email/get', { accountId: client.accountId, '#ids': query.ref('/ids'), properties: ['id', 'to', 'cc'] });
	});
	const found = new Map<string, Person>();
	list.forEach((letter, at) => {
		for (const { name, email } of [...(letter.to ?? []), ...(letter.cc ?? [])]) {
			const key = email.toLowerCase();
			const former = found.get(key);
			/* The newest count most, and those written to again and again. */
			const weight = (former?.weight ?? 0) + 1 + (RECENT - at) / RECENT;
			found.set(key, { name: former?.name ?? name, email, source: 'recent', department: '', index: '', weight });
		}
	});
	return [...found.values()];
}

function merged(lists: Person[][]): Person[] {
	const all = new Map<string, Person>();
	for (const one of lists.flat()) {
		const key = one.email.toLowerCase();
		const former = all.get(key);
		all.set(key, former ? {
			...former, name: former.name || one.name, department: former.department || one.department, index: `${former.index} ${one.index}`,
			weight: former.weight + one.weight,
		} : one);
	}
	return [...all.values()];
}

let loading: Promise<void> | null = null;

/** Once for the page; later sent letters are remembered by `remember`. */
export function loadPeople(): Promise<void> {
	loading ??= Promise.all(sources.map(source => source().catch(() => [] as Person[]))).then(lists => void (people.value = merged(lists)));
	return loading;
}

const asked = new Set<string>();
let waiting = 0;

/** Colleagues whose names begin so, from the server: they join `people` when they are here. What was asked is not asked again. */
export function lookUp(text: string): void {
	const needle = text.trim().toLowerCase();
	clearTimeout(waiting);
	if (!needle || needle.length > 50 || asked.has(needle)) return;
	waiting = window.setTimeout(() => {
		asked.add(needle);
		import('../contacts/suggest').then(({ colleaguesFor }) => colleaguesFor(needle)).then(
			found => { people.value = merged([[...people.peek()], found.filter(one => !people.peek().some(known => known.email.toLowerCase() === one.email.toLowerCase() && known.index))]); },
			() => void asked.delete(needle));
	}, WAIT);
}

export function forgetPeople(): void {
	asked.clear();
	loading = null;
}

export function remember(addresses: readonly EmailAddress[]): void {
	people.value = merged([[...people.peek()], addresses.map(({ name, email }) => ({ name, email, source: 'recent' as const, department: '', index: '', weight: 2 }))]);
}

/** How well it fits, 0: not at all. The beginning of a word counts more than its middle. */
function fit(person: Person, needle: string): number {
	const name = (person.name ?? '').toLowerCase(), email = person.email.toLowerCase();
	if (name.startsWith(needle) || email.startsWith(needle)) return 4;
	if (` ${person.index} `.includes(` ${needle}`)) return 3;
	if (name.split(/[\s·.-]+/).some(word => word.startsWith(needle))) return 3;
	return name.includes(needle) || email.includes(needle) || person.department.toLowerCase().includes(needle) ? 1 : 0;
}

export function suggest(text: string, without: readonly EmailAddress[]): Person[] {
	const needle = text.trim().toLowerCase();
	if (!needle) return [];
	const taken = new Set(without.map(one => one.email.toLowerCase()));
	const found = people.value.filter(one => !taken.has(one.email.toLowerCase())).map(person => ({ person, fits: fit(person, needle) })).filter(one => one.fits > 0);
	found.sort((a, b) => b.fits - a.fits || b.person.weight - a.person.weight || a.person.email.localeCompare(b.person.email));
	return found.slice(0, SHOWN).map(one => one.person);
}
