/* People for the address fields of letters: own contacts once, colleagues as one types. Fetched with the first letter, so the page begins without it. */
import type { Person as Suggested } from '../compose/suggest';
import { colleagues, loadOwn, own } from './book';
import type { Person } from './card';

function suggested(one: Person, source: Suggested['source']): Suggested[] {
	return one.emails.map(mail => ({ name: one.name, email: mail.value, source, department: one.department || one.company, index: one.index, weight: source === 'contact' ? 3 : 1 }));
}

export async function ownPeople(): Promise<Suggested[]> {
	await loadOwn();
	return (own.value ?? []).filter(one => !one.group).flatMap(one => suggested(one, 'contact'));
}

export async function colleaguesFor(text: string): Promise<Suggested[]> {
	const { people } = await colleagues('', text, null, 8);
	return people.flatMap(one => suggested(one, 'people'));
}
