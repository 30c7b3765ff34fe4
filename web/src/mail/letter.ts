/* What the screens say of a letter: all from what the server wrote about it. */
import type { Email, EmailAddress } from '../jmap';
import { CONFIDENTIAL_FIELD, CONFIDENTIAL_TYPE } from '../jmap/confidential';
import { session } from '../shell/session';
import { list, t, type Key } from '../ui/i18n';

export const VERDICT = 'header:X-Letterlock-Verdict:asText';
export const READER_PROPERTIES = [
	'sender', 'bcc', 'replyTo', 'references', 'inReplyTo', 'attachments', 'bodyStructure', VERDICT, 'header:X-Letterlock-Malware:asText', 'header:Authentication-Results:asText', 'header:List-Unsubscribe:asURLs',
	'header:Disposition-Notification-To:asAddresses', 'header:Received:asRaw:all',
];

/* ---- people ---- */

export function nameOf(a: EmailAddress | undefined): string {
	return a ? a.name?.trim() || a.email : t('mail.no-sender');
}

/* In a row: short names, "me" for oneself. */
export function shortName(a: EmailAddress): string {
	if (isMe(a)) return t('mail.me');
	const name = nameOf(a);
	if (name.includes('@')) return name.split('@')[0]!;
	return name;
}

export function firstWord(name: string): string {
	return /\p{Script=Han}/u.test(name) ? name : name.split(/\s+/)[0]!;
}

export function isMe(a: EmailAddress): boolean {
	return a.email.toLowerCase() === session.value?.address?.toLowerCase();
}

export function domainOf(address: string): string {
	return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}

export function isExternal(e: Email): boolean {
	const mine = domainOf(session.value?.address ?? ''), from = e.from?.[0]?.email;
	if (!from || !mine) return false;
	const domain = domainOf(from);
	/* The server writes from its own name, below the domain. */
	return domain !== mine && !domain.endsWith(`.${mine}`);
}

export function toLine(e: Email): string {
	const people = [...(e.to ?? []), ...(e.cc ?? [])];
	const mine = people.some(isMe), others = people.length - (mine ? 1 : 0);
	if (mine && others === 0) return t('mail.to-me');
	if (mine) return t('mail.to-me-others', { n: others });
	if (people.length === 0) return t('mail.to-nobody');
	if (people.length <= 2) return t('mail.to-names', { names: list(people.map(shortName)) });
	return t('mail.to-first-others', { name: shortName(people[0]!), n: people.length - 1 });
}

/* ---- states ---- */

export const isUnread = (e: Email): boolean => !e.keywords.$seen;
export const isStarred = (e: Email): boolean => !!e.keywords.$flagged;
export const isDraft = (e: Email): boolean => !!e.keywords.$draft;

/* Readable here alone, and for as long as it may be. */
export const isConfidential = (e: Email): boolean => !!e.confidential;
/* The writer's own copy of one that was sent so: it is his. */
export const isConfided = (e: Email): boolean => !e.confidential && !!e[CONFIDENTIAL_FIELD] && !!e.from?.[0] && isMe(e.from[0]);
/* The outside of one whose inside nobody can open any more. */
export const isHollow = (e: Email): boolean => !e.confidential && !!e.attachments?.some(p => p.type === CONFIDENTIAL_TYPE);

/* The five labels that mail programs share (Thunderbird's), so that they are seen in those as well. */
export const LABELS = ['$label1', '$label2', '$label3', '$label4', '$label5'] as const;
export type Label = (typeof LABELS)[number];
export function labelName(label: Label): string {
	return t(`mail.label-${label.slice(6)}` as Key);
}
export function labelsOf(e: Email): Label[] {
	return LABELS.filter(l => e.keywords[l]);
}

/* ---- what was found about it (policy/verdict.h) ---- */

export interface Finding { check: string; points: number; reason: string; facts: Record<string, string> }
export interface Verdict { verdict: string; score: number; phishing: number; findings: Finding[] }

export function verdictOf(e: Email): Verdict | null {
	const text = e[VERDICT as `header:${string}`];
	if (typeof text !== 'string' || !text.trim().startsWith('v1;')) return null;
	const found: Verdict = { verdict: 'pass', score: 0, phishing: 0, findings: [] };
	for (const piece of text.split(';').slice(1)) {
		const [head = '', ...facts] = piece.trim().split(/\s+/);
		const [name = '', value = ''] = head.split('=');
		if (name === 'verdict') found.verdict = value;
		else if (name === 'score') found.score = Number(value);
		else if (name === 'phishing') found.phishing = Number(value);
		else if (!['junk', 'quarantine', 'reject'].includes(name) && value) {
			const [points = '', reason = ''] = value.split('/');
			found.findings.push({ check: name, points: Number(points) || 0, reason, facts: Object.fromEntries(facts.map(f => f.split(/=(.*)/s) as [string, string])) });
		}
	}
	return found;
}

const PHISHING_POINTS = 40;
const FORGED = ['own_domain_forged', 'name_person', 'from_lookalike', 'dmarc_failed'];

export type Suspicion = 'forged' | 'phishing' | 'first' | null;

export function suspicionOf(e: Email): Suspicion {
	const v = verdictOf(e);
	if (!v) return null;
	if (v.findings.some(f => FORGED.includes(f.check) && f.points >= 40)) return 'forged';
	if (v.phishing >= PHISHING_POINTS) return 'phishing';
	if (v.findings.some(f => f.check === 'first_contact')) return 'first';
	return null;
}

/* ---- Authentication-Results (RFC 8601), the line that this server wrote ---- */

export interface AuthResult { method: string; result: string; domain: string }

export function authResults(e: Email): AuthResult[] {
	const text = e['header:Authentication-Results:asText'];
	if (typeof text !== 'string') return [];
	const out: AuthResult[] = [];
	for (const piece of text.replace(/\([^)]*\)/g, '').split(';').slice(1)) {
		const m = /^\s*([a-z0-9-]+)\s*=\s*([a-z]+)/i.exec(piece);
		if (!m) continue;
		const d = /(?:header\.d|header\.from|smtp\.mailfrom|header\.i)=("?)([^\s"]+)\1/i.exec(piece);
		out.push({ method: m[1]!.toLowerCase(), result: m[2]!.toLowerCase(), domain: d ? domainOf(d[2]!) : '' });
	}
	return out;
}

/* The domain that stands behind the sender's address, when that was proven. */
export function provenDomain(e: Email): string {
	const dmarc = authResults(e).find(r => r.method === 'dmarc' && r.result === 'pass');
	return dmarc ? dmarc.domain || domainOf(e.from?.[0]?.email ?? '') : '';
}

export interface Hop { from: string; by: string; at: Date | null; tls: boolean }

/* Received lines, the last station first. */
export function routeOf(e: Email): Hop[] {
	const lines = e['header:Received:asRaw:all'];
	if (!Array.isArray(lines)) return [];
	return lines.filter((l): l is string => typeof l === 'string').map(l => {
		const at = new Date(l.slice(l.lastIndexOf(';') + 1).trim());
		return { from: /\bfrom\s+(\S+)/i.exec(l)?.[1] ?? '', by: /\bby\s+(\S+)/i.exec(l)?.[1] ?? '', at: isNaN(at.getTime()) ? null : at, tls: /\bwith\s+\S*(?:ESMTPS|SMTPS|TLS)/i.test(l) };
	});
}

export interface Malware { finding: string; action: string; name: string }
export function malwareOf(e: Email): Malware | null {
	const text = e['header:X-Letterlock-Malware:asText'];
	if (typeof text !== 'string') return null;
	const value = (name: string) => new RegExp(`${name}="?([^;"]*)`).exec(text)?.[1]?.trim() ?? '';
	return { finding: value('finding'), action: value('action'), name: value('name') };
}
