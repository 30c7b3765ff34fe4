/* A person as the address book shows one, and the JSContact card (RFC 9553) behind the own ones. */
import type { EmailAddress, Id } from '../jmap';

export interface Entry { key: string; value: string; kind: string }
export interface Member { name: string; email: string }

export interface Person {
	/** "o" and the account of a colleague, "c" and the id of an own card. */
	key: string;
	own: boolean;
	group: boolean;
	name: string;
	emails: Entry[];
	phones: Entry[];
	/** Of a colleague: levels with "/" between them. */
	department: string;
	company: string;
	position: string;
	staffNumber: string;
	note: string;
	/** Words by which it is found, lower case. */
	index: string;
	uid: string;
	members: string[];
}

export interface Card {
	id: Id;
	uid?: string;
	kind?: string;
	name?: { full?: string; components?: { kind: string; value: string }[]; defaultSeparator?: string };
	emails?: Record<string, { address: string; contexts?: Record<string, boolean> }>;
	phones?: Record<string, { number: string; features?: Record<string, boolean>; contexts?: Record<string, boolean> }>;
	organizations?: Record<string, { name?: string }>;
	titles?: Record<string, { name: string }>;
	notes?: Record<string, { note: string }>;
	members?: Record<string, boolean>;
	addressBookIds?: Record<Id, boolean>;
	[more: string]: unknown;
}

export const INDEX = 'letterlock.org:index';
export const PROPERTIES = ['id', 'uid', 'kind', 'name', 'emails', 'phones', 'organizations', 'titles', 'notes', 'members', INDEX];

export function nameOf(card: Card): string {
	const { full, components, defaultSeparator } = card.name ?? {};
	return full || (components ?? []).filter(one => one.kind !== 'separator').map(one => one.value).join(defaultSeparator ?? ' ');
}

function first<T>(map: Record<string, T> | undefined): T | undefined {
	return map && Object.values(map)[0];
}

export function personOf(card: Card): Person {
	const emails = Object.entries(card.emails ?? {}).map(([key, one]) => ({ key, value: one.address, kind: '' }));
	return {
		key: `c${card.id}`, own: true, group: card.kind === 'group', name: nameOf(card) || emails[0]?.value || '', emails,
		phones: Object.entries(card.phones ?? {}).map(([key, one]) => ({ key, value: one.number, kind: one.features?.mobile ? 'mobile' : '' })),
		department: '', company: first(card.organizations)?.name ?? '', position: first(card.titles)?.name ?? '', staffNumber: '',
		note: first(card.notes)?.note ?? '', index: String(card[INDEX] ?? ''), uid: card.uid ?? '', members: Object.keys(card.members ?? {}),
	};
}

export interface Colleague { id: string; address: string; name: string; department: string; position: string; phone: string; mobile: string; staff_number: string; index: string }

export function personOfColleague(one: Colleague): Person {
	const phones = [{ key: 'p', value: one.phone, kind: '' }, { key: 'm', value: one.mobile, kind: 'mobile' }].filter(phone => phone.value);
	return {
		key: `o${one.id}`, own: false, group: false, name: one.name || one.address, emails: [{ key: 'e', value: one.address, kind: '' }], phones, department: one.department,
		company: '', position: one.position, staffNumber: one.staff_number, note: '', index: one.index, uid: '', members: [],
	};
}

/** What a form holds. */
export interface Form { name: string; emails: string[]; phones: string[]; company: string; position: string; note: string }

export function formOf(person: Person | null): Form {
	return {
		name: person?.name ?? '', emails: person?.emails.map(one => one.value) ?? [''], phones: person?.phones.map(one => one.value) ?? [''],
		company: person?.company ?? '', position: person?.position ?? '', note: person?.note ?? '',
	};
}

function mapped<T extends object>(values: string[], former: Record<string, T> | undefined, member: string): Record<string, T> | null {
	const keys = Object.keys(former ?? {}), out: Record<string, T> = {};
	values.map(one => one.trim()).filter(Boolean).forEach((value, i) => {
		const key = keys[i] ?? `n${i}`;
		out[key] = { ...former?.[key], [member]: value } as T;
	});
	return Object.keys(out).length > 0 ? out : null;
}

/** Properties of a card as the form says them; what the form does not know of a value stays. */
export function cardOf(form: Form, former: Card | null): Record<string, unknown> {
	const sameName = former && nameOf(former) === form.name.trim();
	return {
		...(sameName ? {} : { name: { full: form.name.trim() } }),
		emails: mapped(form.emails, former?.emails, 'address'),
		phones: mapped(form.phones, former?.phones, 'number'),
		organizations: mapped([form.company], former?.organizations, 'name'),
		titles: mapped([form.position], former?.titles, 'name'),
		notes: mapped([form.note], former?.notes, 'note'),
	};
}

export function addressesOf(people: readonly Person[]): EmailAddress[] {
	return people.flatMap(one => (one.emails[0] ? [{ name: one.name, email: one.emails[0].value }] : []));
}

/** How well a text fits a person: a word that begins so counts more than its middle; 0: not at all. */
export function fits(person: Person, text: string): number {
	const needle = text.trim().toLowerCase();
	if (!needle) return 1;
	if (` ${person.index} `.includes(` ${needle}`)) return 3;
	const all = [person.name, person.company, person.note, ...person.emails.map(one => one.value), ...person.phones.map(one => one.value)];
	return all.some(one => one.toLowerCase().includes(needle)) ? 1 : 0;
}
