/*
 * What is typed into the search field: words and operators, "from:wang subject:\"Q4 budget\" has:attachment before:2026-10-01 -invoice", with their Chinese
 * names (发件人: 收件人: 主题: 附件: 早于: 晚于: 文件夹:), full-width colons and spaces included.
 */
import { folderName, folderPath } from './folders';
import type { Mailbox } from '../jmap';

type Field = 'from' | 'to' | 'cc' | 'subject' | 'body' | 'filename' | 'has' | 'is' | 'in' | 'label' | 'before' | 'after' | 'larger' | 'smaller';

const NAMES: Record<Field, string[]> = {
	from: ['from', 'f', '发件人', '寄件者', '寄件人'], to: ['to', 't', '收件人', '收件者'], cc: ['cc', '抄送', '副本'], subject: ['subject', 's', '主题', '主旨', '主題'], body: ['body', '正文', '內文', '内容'],
	filename: ['filename', 'attachment', 'a', '附件名', '附件', '附檔'], has: ['has', '有', '含'], is: ['is', '状态', '狀態'], in: ['in', 'folder', 'mb', '文件夹', '資料夾'], label: ['label', 'l', '标签', '標籤'],
	before: ['before', 'end', '早于', '早於'], after: ['after', 'start', 'since', '晚于', '晚於'], larger: ['larger', 'minsize', '大于', '大於'], smaller: ['smaller', 'maxsize', '小于', '小於'],
};
const FIELDS = new Map(Object.entries(NAMES).flatMap(([field, names]) => names.map(n => [n, field as Field])));

export interface Term { field: Field | null; value: string; not: boolean; start: number; end: number }

const VALUES: Record<string, string> = {
	附件: 'attachment', 附檔: 'attachment', attachments: 'attachment', file: 'attachment', 未读: 'unread', 未讀: 'unread', 已读: 'read', 已讀: 'read', 星标: 'starred', 星號: 'starred', flagged: 'starred', 已回复: 'answered', 已回覆: 'answered',
};

export function parseSearch(text: string): Term[] {
	const terms: Term[] = [];
	const pattern = /(-?)(?:([\p{L}]+)[:：])?(?:"([^"]*)"?|“([^”]*)”?|([^\s\u3000]+))|(-?)([\p{L}]+)[:：](?=[\s\u3000]|$)/gu;
	for (const m of text.matchAll(pattern)) {
		if (m[7]) continue;
		const name = (m[2] ?? '').toLowerCase();
		const field = FIELDS.get(name) ?? null;
		const raw = m[3] ?? m[4] ?? m[5] ?? '';
		/* Not an operator: "http://x" is a word. */
		const value = field || !m[2] ? raw : m[0].replace(/^-/, '');
		if (value) terms.push({ field, value, not: m[1] === '-', start: m.index, end: m.index + m[0].length });
	}
	return terms;
}

const DAY_MS = 86400e3;

/* 2026-10-01, 2026/10, 2026, 7d, 3w, 今天, yesterday … as a moment; null when it is none. */
export function parseDay(value: string, now = new Date()): Date | null {
	const today = new Date(now.getFullYear(), now.getMonth(), now.getDate());
	const word = { today: 0, 今天: 0, yesterday: 1, 昨天: 1, 前天: 2 }[value.toLowerCase()];
	if (word !== undefined) return new Date(today.getTime() - word * DAY_MS);
	const ago = /^(\d{1,4})([dwmy天周週月年])$/i.exec(value);
	if (ago) {
		const days = { d: 1, 天: 1, w: 7, 周: 7, 週: 7, m: 30, 月: 30, y: 365, 年: 365 }[ago[2]!.toLowerCase()]!;
		return new Date(today.getTime() - Number(ago[1]) * days * DAY_MS);
	}
	const m = /^(\d{4})(?:[-/.年](\d{1,2}))?(?:[-/.月](\d{1,2})日?)?月?$/.exec(value);
	if (!m) return null;
	const d = new Date(Number(m[1]), Number(m[2] ?? 1) - 1, Number(m[3] ?? 1));
	return isNaN(d.getTime()) ? null : d;
}

/* 500k, 2M, 1.5mb */
export function parseSize(value: string): number | null {
	const m = /^(\d+(?:\.\d+)?)\s*([kmg]?)b?$/i.exec(value);
	return m ? Math.round(Number(m[1]) * { '': 1, k: 1024, m: 1048576, g: 1073741824 }[m[2]!.toLowerCase()]!) : null;
}

type Filter = Record<string, unknown>;

function utc(d: Date): string {
	return d.toISOString().replace(/\.\d+Z$/, 'Z');
}

function condition(term: Term, boxes: readonly Mailbox[], labels: ReadonlyMap<string, string>): Filter | null {
	const value = VALUES[term.value] ?? term.value;
	switch (term.field) {
		case null: return { text: value };
		case 'from': case 'to': case 'cc': case 'subject': case 'body': return { [term.field]: value };
		case 'filename': return { text: value };
		case 'has': return value === 'attachment' ? { hasAttachment: true } : value === 'star' || value === 'starred' ? { hasKeyword: '$flagged' } : { text: value };
		case 'is': return { unread: { notKeyword: '$seen' }, read: { hasKeyword: '$seen' }, starred: { hasKeyword: '$flagged' }, answered: { hasKeyword: '$answered' }, draft: { hasKeyword: '$draft' } }[value] ?? null;
		case 'in': {
			const wanted = value.toLowerCase();
			const box = boxes.find(b => folderPath(b) === wanted || folderName(b).toLowerCase() === wanted || b.name.toLowerCase() === wanted) ?? boxes.find(b => folderName(b).toLowerCase().startsWith(wanted));
			return box ? { inMailbox: box.id } : null;
		}
		case 'label': {
			const found = [...labels].find(([, name]) => name.toLowerCase() === value.toLowerCase());
			return { hasKeyword: found ? found[0] : value };
		}
		case 'before': case 'after': {
			const day = parseDay(value);
			return day ? { [term.field]: utc(day) } : null;
		}
		case 'larger': case 'smaller': {
			const bytes = parseSize(value);
			return bytes === null ? null : { [term.field === 'larger' ? 'minSize' : 'maxSize']: bytes };
		}
	}
}

/* The filter, and the terms that were not understood. Junk and Trash are left out unless they are asked for. */
export function toFilter(text: string, boxes: readonly Mailbox[], labels: ReadonlyMap<string, string>): { filter: Filter; strange: Term[]; terms: Term[] } {
	const terms = parseSearch(text), strange: Term[] = [], conditions: Filter[] = [];
	for (const term of terms) {
		const c = condition(term, boxes, labels);
		if (!c) strange.push(term);
		else conditions.push(term.not ? { operator: 'NOT', conditions: [c] } : c);
	}
	const aside = boxes.filter(b => b.role === 'junk' || b.role === 'trash').map(b => b.id);
	if (!terms.some(x => x.field === 'in') && aside.length > 0) conditions.push({ inMailboxOtherThan: aside });
	return { filter: conditions.length === 1 ? conditions[0]! : { operator: 'AND', conditions }, strange, terms };
}

/* The words to be marked in what was found. */
export function searchWords(text: string): string[] {
	return parseSearch(text).filter(x => !x.not && (x.field === null || x.field === 'subject' || x.field === 'body')).map(x => x.value);
}

export function withoutTerm(text: string, term: Term): string {
	return (text.slice(0, term.start) + text.slice(term.end)).replace(/[\s\u3000]+/g, ' ').trim();
}
