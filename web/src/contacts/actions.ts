/* What is done with own contacts; each can be undone while its toast is there. */
import { signal } from '@preact/signals';
import type { EmailAddress, Id } from '../jmap';
import { t } from '../ui/i18n';
import { toast } from '../ui/toast';
import { change, cards, fresh, own, wholeCard, loadOwn } from './book';
import { cardOf, formOf, nameOf, type Form, type Person } from './card';
import { FILE_MAX, decodeFile, parseFile, printVcards } from './vcard';

/** The dialog that is open: a card (null: a new one with these values), or a group. */
export type Editing = { person: Person | null; form: Form } | null;
export const editing = signal<Editing>(null);

const BATCH = 100;
export const idOf = (person: Person): Id => person.key.slice(1);

export function edit(person: Person): void {
	editing.value = { person, form: formOf(person) };
}

export function add(first: Partial<Form> = {}): void {
	editing.value = { person: null, form: { ...formOf(null), ...first } };
}

export async function save(person: Person | null, form: Form): Promise<string> {
	if (person) {
		await change({ update: { [idOf(person)]: cardOf(form, cards.get(idOf(person)) ?? null) } });
		return person.key;
	}
	const made = await change({ create: { one: fresh(cardOf(form, null)) } });
	return `c${made.one}`;
}

async function tell(doing: () => Promise<unknown>): Promise<void> {
	try {
		await doing();
	} catch {
		toast(t('contacts.not-saved'), { kind: 'bad' });
	}
}

export function remove(person: Person): Promise<void> {
	return tell(async () => {
		const id = idOf(person), former = await wholeCard(id);
		await change({ destroy: [id] });
		toast(t('contacts.removed', { name: person.name }), { undo: () => tell(() => change({ create: { again: former } })) });
	});
}

/** Somebody who wrote, or a colleague, becomes an own contact. */
export function keep(address: EmailAddress): Promise<void> {
	return tell(async () => {
		await loadOwn();
		const known = own.value?.find(one => one.emails.some(mail => mail.value.toLowerCase() === address.email.toLowerCase()));
		if (known) return void toast(t('contacts.known', { name: known.name }));
		const made = await change({ create: { one: fresh(cardOf({ ...formOf(null), name: address.name || address.email, emails: [address.email] }, null)) } });
		toast(t('contacts.kept', { name: address.name || address.email }), { undo: () => tell(() => change({ destroy: [made.one!] })) });
	});
}

/* ---- groups ---- */

export function makeGroup(name: string): Promise<void> {
	return tell(() => change({ create: { one: { addressBookIds: { personal: true }, kind: 'group', name: { full: name }, members: {} } } }));
}

export function renameGroup(group: Person, name: string): Promise<void> {
	return tell(() => change({ update: { [idOf(group)]: { name: { full: name } } } }));
}

export function setMember(group: Person, person: Person, on: boolean): Promise<void> {
	const members = Object.fromEntries(group.members.filter(uid => uid !== person.uid).concat(on ? [person.uid] : []).map(uid => [uid, true]));
	return tell(() => change({ update: { [idOf(group)]: { members } } }));
}

/* ---- files ---- */

export async function importFile(file: File): Promise<void> {
	await tell(async () => {
		if (file.size > FILE_MAX) return void toast(t('contacts.import-large'), { kind: 'bad' });
		const found = parseFile(decodeFile(await file.arrayBuffer()));
		if (found.length === 0) return void toast(t('contacts.import-none'), { kind: 'bad' });
		const made: Id[] = [];
		for (let at = 0; at < found.length; at += BATCH) {
			const create = Object.fromEntries(found.slice(at, at + BATCH).map((form, i) => [`k${at + i}`, fresh(cardOf(form, null))]));
			made.push(...Object.values(await change({ create })));
		}
		toast(t('contacts.imported', { n: made.length }), { undo: () => tell(() => change({ destroy: made })) });
	});
}

export function exportAll(): void {
	const people = (own.value ?? []).filter(one => !one.group).map(one => ({ ...formOf(one), uid: one.uid, name: nameOf(cards.get(idOf(one))!) || one.name }));
	const link = document.createElement('a');
	link.href = URL.createObjectURL(new Blob([printVcards(people)], { type: 'text/vcard' }));
	link.download = 'contacts.vcf';
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
