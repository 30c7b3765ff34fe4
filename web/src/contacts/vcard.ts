/* vCard 3.0 and 4.0 (RFC 2426, RFC 6350) and CSV, in and out. What a card says is a small part of what these can say. */
import type { Form } from './card';

export const FILE_MAX = 20_000_000;
export const CARDS_MAX = 5000;

const empty = (): Form => ({ name: '', emails: [], phones: [], company: '', position: '', note: '' });

/* ---- vCard in ---- */

function unfolded(text: string): string[] {
	return text.replace(/\r\n?/g, '\n').replace(/\n[ \t]/g, '').split('\n');
}

function unescaped(value: string): string {
	return value.replace(/\\([\\,;nN])/g, (_, c: string) => (c === 'n' || c === 'N' ? '\n' : c)).trim();
}

/* At separators without a backslash before them. */
function split(value: string, separator: string): string[] {
	const out = [''];
	for (let i = 0; i < value.length; i++) {
		if (value[i] === '\\') out[out.length - 1] = out.at(-1)! + value[i]! + (value[++i] ?? '');
		else if (value[i] === separator) out.push('');
		else out[out.length - 1] = out.at(-1)! + value[i]!;
	}
	return out;
}

/* vCard 2.1 and old phones: =E5=BC=A0 in the charset that the line names. */
function decoded(value: string, parameters: string): string {
	if (!/QUOTED-PRINTABLE/i.test(parameters)) return value;
	const bytes: number[] = [];
	for (let i = 0; i < value.length; i++) {
		const hex = /^=([0-9A-Fa-f]{2})/.exec(value.slice(i, i + 3));
		if (hex) {
			bytes.push(parseInt(hex[1]!, 16));
			i += 2;
		} else {
			bytes.push(...new TextEncoder().encode(value[i]!));
		}
	}
	const charset = /CHARSET="?([\w-]+)/i.exec(parameters)?.[1] ?? 'utf-8';
	try {
		return new TextDecoder(charset).decode(new Uint8Array(bytes));
	} catch {
		return new TextDecoder().decode(new Uint8Array(bytes));
	}
}

const HAN = /^\p{Script=Han}/u;

function structured(value: string): string {
	const [family = '', given = '', middle = ''] = split(value, ';').map(unescaped);
	return HAN.test(family || given) ? family + middle + given : [given, middle, family].filter(Boolean).join(' ');
}

function take(form: Form, name: string, value: string, parameters: string): void {
	const text = unescaped(decoded(value, parameters));
	if (name === 'FN') form.name = text;
	else if (name === 'N') form.name ||= structured(decoded(value, parameters));
	else if (name === 'EMAIL' && text) form.emails.push(text.replace(/^mailto:/i, ''));
	else if (name === 'TEL' && text) form.phones.push(text.replace(/^tel:/i, ''));
	else if (name === 'ORG') form.company = split(decoded(value, parameters), ';').map(unescaped).filter(Boolean).join(' / ');
	else if (name === 'TITLE') form.position = text;
	else if (name === 'NOTE') form.note = text;
}

export function parseVcards(text: string): Form[] {
	const found: Form[] = [];
	let form: Form | null = null;
	for (const line of unfolded(text.replace(/=\r?\n/g, ''))) {
		const colon = line.search(/:(?=(?:[^"]*"[^"]*")*[^"]*$)/);
		if (colon < 0) continue;
		const [head = '', value] = [line.slice(0, colon), line.slice(colon + 1)];
		const name = head.split(';')[0]!.replace(/^.*\./, '').toUpperCase();
		if (name === 'BEGIN' && /^VCARD$/i.test(value.trim())) form = empty();
		else if (name === 'END' && form) {
			if (form.name || form.emails.length || form.phones.length) found.push({ ...form, name: form.name || form.emails[0] || form.phones[0]! });
			form = null;
		} else if (form) take(form, name, value, head.slice(name.length));
		if (found.length === CARDS_MAX) break;
	}
	return found;
}

/* ---- vCard out ---- */

function escaped(value: string): string {
	return value.replace(/[\\,;]/g, '\\$&').replace(/\r?\n/g, '\\n');
}

/* Lines of 75 bytes at most (RFC 6350 3.2), never within a character. */
function folded(line: string): string {
	let out = '', length = 0;
	for (const c of line) {
		const bytes = new TextEncoder().encode(c).length;
		if (length + bytes > 74) {
			out += '\r\n ';
			length = 1;
		}
		out += c;
		length += bytes;
	}
	return out;
}

export function printVcards(people: readonly (Form & { uid?: string })[]): string {
	return people.map(one => [
		'BEGIN:VCARD', 'VERSION:4.0', ...(one.uid ? [`UID:${one.uid}`] : []), `FN:${escaped(one.name)}`,
		...one.emails.map(value => `EMAIL:${escaped(value)}`), ...one.phones.map(value => `TEL;VALUE=text:${escaped(value)}`),
		...(one.company ? [`ORG:${escaped(one.company)}`] : []), ...(one.position ? [`TITLE:${escaped(one.position)}`] : []), ...(one.note ? [`NOTE:${escaped(one.note)}`] : []),
		'END:VCARD', '',
	].map(folded).join('\r\n')).join('');
}

/* ---- CSV in ---- */

function rows(text: string): string[][] {
	const first = text.slice(0, text.search(/\r?\n|$/));
	const separator = [',', ';', '\t'].map(c => [c, first.split(c).length] as const).sort((a, b) => b[1] - a[1])[0]![0];
	const out: string[][] = [[]];
	let field = '', quoted = false;
	const end = () => { out[out.length - 1]!.push(field.trim()); field = ''; };
	for (let i = 0; i < text.length; i++) {
		const c = text[i]!;
		if (quoted ? c === '"' && text[i + 1] === '"' : false) { field += '"'; i++; }
		else if (c === '"' && (quoted || field.trim() === '')) quoted = !quoted;
		else if (c === separator && !quoted) end();
		else if (c === '\n' && !quoted) { end(); out.push([]); }
		else if (c !== '\r') field += c;
	}
	end();
	return out.filter(row => row.some(Boolean));
}

/* Headings of Outlook, Google, Foxmail, Coremail, in the three languages. */
const HEADINGS: [RegExp, keyof Form | 'given' | 'family'][] = [
	[/e-?mail|邮箱|郵箱|邮件地址|電子郵件|电子邮件/i, 'emails'], [/phone|mobile|tel|电话|電話|手机|手機|行動/i, 'phones'],
	[/company|organi[sz]ation.*name|^organi[sz]ation$|公司|单位|單位/i, 'company'], [/title|position|职位|職位|职务|職務|職稱/i, 'position'], [/notes?|memo|备注|備註/i, 'note'],
	[/^(given|first)[ _]?name|^名$|^名字$/i, 'given'], [/^(family|last|sur)[ _]?name|^姓$|^姓氏$/i, 'family'], [/^(display|full)?[ _]?name$|姓名|名称|名稱/i, 'name'],
];

export function parseCsv(text: string): Form[] {
	const [heading = [], ...body] = rows(text.replace(/^\ufeff/, ''));
	const columns = heading.map(title => HEADINGS.find(([pattern]) => pattern.test(title))?.[1]);
	if (!columns.includes('emails') && !columns.includes('phones') && !columns.includes('name')) return [];
	return body.slice(0, CARDS_MAX).map(row => {
		const form = empty();
		let given = '', family = '';
		row.forEach((value, i) => {
			const column = columns[i];
			if (!value || !column) return;
			if (column === 'emails' || column === 'phones') form[column].push(value);
			else if (column === 'given') given = value;
			else if (column === 'family') family = value;
			else form[column] ||= value;
		});
		form.name ||= HAN.test(family || given) ? family + given : [given, family].filter(Boolean).join(' ');
		return { ...form, name: form.name || form.emails[0] || form.phones[0] || '' };
	}).filter(form => form.name);
}

/** A file in UTF-8, or else in GB 18030, as Chinese programs write it. */
export function decodeFile(bytes: ArrayBuffer): string {
	try {
		return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
	} catch {
		return new TextDecoder('gb18030').decode(bytes);
	}
}

export function parseFile(text: string): Form[] {
	return /^\ufeff?\s*BEGIN:VCARD/i.test(text) ? parseVcards(text) : parseCsv(text);
}
