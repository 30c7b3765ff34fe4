/* Addresses as people type and paste them. */
import type { EmailAddress } from '../jmap';

/* Good enough to catch slips; what really exists the server says. Full-width signs of Chinese keyboards are taken for what was meant. */
const ADDRESS = /^[^\s@<>()[\]\\,;:"]+@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)*[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?$/u;
const ADDRESS_MAX = 254;

export function isAddress(text: string): boolean {
	return text.length <= ADDRESS_MAX && ADDRESS.test(text);
}

export function domainOf(address: string): string {
	return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}

export function sameAddress(a: string, b: string): boolean {
	return a.toLowerCase() === b.toLowerCase();
}

function plainSigns(text: string): string {
	return text.replace(/＠/g, '@').replace(/．/g, '.').replace(/＜/g, '<').replace(/＞/g, '>');
}

/* Cuts at separators outside of quotes, angle brackets and comments. */
function pieces(text: string): string[] {
	const found: string[] = [];
	let piece = '', quoted = false, depth = 0;
	for (let i = 0; i < text.length; i++) {
		const c = text[i]!;
		if (c === '\\' && quoted) {
			piece += c + (text[++i] ?? '');
			continue;
		}
		if (c === '"') quoted = !quoted;
		else if (!quoted && c === '<') depth++;
		else if (!quoted && c === '>') depth = Math.max(0, depth - 1);
		if (!quoted && depth === 0 && /[,;\n\r\t，；、]/.test(c)) {
			found.push(piece);
			piece = '';
		} else {
			piece += c;
		}
	}
	found.push(piece);
	return found.map(one => one.trim()).filter(Boolean);
}

function unquoted(name: string): string {
	const m = /^"(.*)"$/s.exec(name);
	return (m ? m[1]!.replace(/\\(.)/gs, '$1') : name).trim();
}

function one(piece: string): EmailAddress[] {
	const named = /^(.*?)<([^<>]*)>\s*$/s.exec(piece);
	if (named) return [{ name: unquoted(named[1]!.trim()) || null, email: named[2]!.trim() }];
	/* "zhang@a.cn li@a.cn" with nothing but spaces between */
	const words = piece.split(/\s+/);
	if (words.length > 1 && words.every(isAddress)) return words.map(email => ({ name: null, email }));
	return [{ name: null, email: piece.replace(/^mailto:/i, '') }];
}

/** A pasted or typed list: "Name" <a@b>, c@d; one per line; Chinese commas as well. What is no address is kept as it is, to be seen and mended. */
export function parseAddresses(text: string): EmailAddress[] {
	return pieces(plainSigns(text)).flatMap(one);
}

/** Whether text that is being typed ends an address. */
export function endsAddress(text: string): boolean {
	return /[,;\n，；]\s*$/.test(text);
}

export function formatAddress({ name, email }: EmailAddress): string {
	if (!name) return email;
	return /^[\p{L}\p{N} ·'-]+$/u.test(name) ? `${name} <${email}>` : `"${name.replace(/[\\"]/g, '\\$&')}" <${email}>`;
}

export function shownName({ name, email }: EmailAddress): string {
	return name || email;
}

/** Each address once, the first one stays. */
export function unique(addresses: readonly EmailAddress[]): EmailAddress[] {
	const seen = new Set<string>();
	return addresses.filter(({ email }) => {
		const key = email.toLowerCase();
		return !seen.has(key) && seen.add(key);
	});
}
