/*
 * Texts: t('mail.inbox'), t('mail.selected', { n: 3 }). Messages are a small part of ICU's: {name}, {n, plural, =0 {…} one {…} other {# …}},
 * {x, select, a {…} other {…}}. Keys are the files of locales/, "area.key".
 */
import { effect, signal } from '@preact/signals';
import type { Key } from './keys';
import { locale, type Locale } from './prefs';

type Values = Record<string, string | number>;
type Part = string | { name: string; kind: 'value' | 'plural' | 'select'; cases: Record<string, Part[]> };

const texts = signal<Record<string, string>>({});
const parsed = new Map<string, Part[]>();

/* The texts of a language, and those of parts of the page, which come with them. */
type Loader = () => Promise<{ default: Record<string, string> }>;
export type TextPart = 'settings' | 'compose';
const loaders: Record<Locale, { first: Loader } & Record<TextPart, Loader>> = {
	en: { first: () => import('locale:en'), settings: () => import('locale:en/settings'), compose: () => import('locale:en/compose') },
	'zh-CN': { first: () => import('locale:zh-CN'), settings: () => import('locale:zh-CN/settings'), compose: () => import('locale:zh-CN/compose') },
	'zh-TW': { first: () => import('locale:zh-TW'), settings: () => import('locale:zh-TW/settings'), compose: () => import('locale:zh-TW/compose') },
	'en-XA': { first: () => import('locale:en-XA'), settings: () => import('locale:en-XA/settings'), compose: () => import('locale:en-XA/compose') },
};

/* ---- parsing ---- */

class Reader {
	at = 0;
	constructor(readonly text: string) {}

	parts(depth: number): Part[] {
		const out: Part[] = [];
		let plain = '';
		while (this.at < this.text.length && !(depth > 0 && this.text[this.at] === '}')) {
			const c = this.text[this.at++]!;
			if (c !== '{') {
				plain += c;
				continue;
			}
			if (plain) out.push(plain);
			plain = '';
			out.push(this.placeholder(depth));
		}
		if (plain) out.push(plain);
		return out;
	}

	private placeholder(depth: number): Part {
		const end = this.text.slice(this.at).search(/[,}]/);
		const name = this.text.slice(this.at, this.at + end).trim();
		this.at += end;
		if (this.text[this.at++] === '}') return { name, kind: 'value', cases: {} };
		const comma = this.text.indexOf(',', this.at);
		const kind = this.text.slice(this.at, comma).trim() === 'plural' ? 'plural' : 'select';
		this.at = comma + 1;
		const cases: Record<string, Part[]> = {};
		for (;;) {
			const m = /^\s*([=\w-]+)\s*\{/.exec(this.text.slice(this.at));
			if (!m) break;
			this.at += m[0].length;
			cases[m[1]!] = this.parts(depth + 1);
			this.at++;
		}
		this.at = this.text.indexOf('}', this.at) + 1;
		return { name, kind, cases };
	}
}

const rules = new Map<string, Intl.PluralRules>();
function category(n: number): string {
	let r = rules.get(locale.value);
	if (!r) rules.set(locale.value, (r = new Intl.PluralRules(locale.value === 'en-XA' ? 'en' : locale.value)));
	return r.select(n);
}

function render(parts: Part[], values: Values, count: string): string {
	let out = '';
	for (const p of parts) {
		if (typeof p === 'string') {
			out += count ? p.replaceAll('#', count) : p;
			continue;
		}
		const value = values[p.name] ?? '';
		if (p.kind === 'value') out += typeof value === 'number' ? number(value) : value;
		else if (p.kind === 'select') out += render(p.cases[String(value)] ?? p.cases.other ?? [], values, count);
		else out += render(p.cases[`=${value}`] ?? p.cases[category(Number(value))] ?? p.cases.other ?? [], values, number(Number(value)));
	}
	return out;
}

/* ---- for everybody ---- */

export type { Key };

export function t(key: Key, values: Values = {}): string {
	return format(texts.value[key] ?? key, values);
}

export function format(text: string, values: Values): string {
	let parts = parsed.get(text);
	if (!parts) parsed.set(text, (parts = new Reader(text).parts(0)));
	return render(parts, values, '');
}

/* A key that is put together at run time, for codes that the server gives; undefined when there is no such text. */
export function maybe(key: string, values: Values = {}): string | undefined {
	const text = texts.value[key];
	return text === undefined ? undefined : format(text, values);
}

export const ready = signal(false);
const wanted = signal<readonly TextPart[]>([]);
let asked = 0;
async function load(which: Locale, parts: readonly TextPart[]): Promise<void> {
	const mine = ++asked;
	const found = await Promise.all([loaders[which].first(), ...parts.map(part => loaders[which][part]())]);
	if (mine !== asked) return;
	texts.value = Object.assign({}, ...found.map(one => one.default)) as Record<string, string>;
	document.documentElement.lang = which === 'en-XA' ? 'en' : which;
	ready.value = true;
}
let loading = Promise.resolve();
effect(() => {
	loading = load(locale.value, wanted.value);
	loading.catch(() => undefined);
});

/* From now on with the texts of these parts. Rejected when they did not come; may be asked again. */
export async function textsOf(...parts: TextPart[]): Promise<void> {
	const before = wanted.peek();
	if (parts.some(part => !before.includes(part))) wanted.value = [...new Set([...before, ...parts])];
	try {
		/* Another language or part may be asked for meanwhile. */
		for (let current = null; current !== loading; ) await (current = loading);
	} catch (e) {
		wanted.value = before;
		throw e;
	}
}

/* ---- numbers, sizes, dates ---- */

function tag(): string {
	return locale.value === 'en-XA' ? 'en' : locale.value;
}

const cache = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat | Intl.ListFormat | Intl.Collator>();
function made<T extends typeof cache extends Map<string, infer V> ? V : never>(name: string, make: (tag: string) => T): T {
	const key = `${tag()} ${name}`;
	let f = cache.get(key) as T | undefined;
	if (!f) cache.set(key, (f = make(tag())));
	return f;
}

export function number(n: number): string {
	return made('number', l => new Intl.NumberFormat(l)).format(n);
}

export function size(bytes: number): string {
	const units = ['B', 'KB', 'MB', 'GB', 'TB'];
	let at = 0, n = bytes;
	while (n >= 1000 && at < units.length - 1) {
		n /= 1024;
		at++;
	}
	return `${made('size', l => new Intl.NumberFormat(l, { maximumFractionDigits: 1 })).format(n < 10 && at > 0 ? n : Math.round(n))} ${units[at]}`;
}

export function list(items: string[]): string {
	return made('list', l => new Intl.ListFormat(l, { type: 'conjunction', style: 'short' })).format(items);
}

export function collator(): Intl.Collator {
	return made('collator', l => new Intl.Collator(l === 'zh-CN' ? 'zh-Hans-u-co-pinyin' : l === 'zh-TW' ? 'zh-Hant-u-co-stroke' : l, { numeric: true }));
}

function date(name: string, options: Intl.DateTimeFormatOptions, d: Date): string {
	return made(name, l => new Intl.DateTimeFormat(l, options)).format(d);
}

export function dayStart(d: Date): number {
	return new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
}

export function time(d: Date): string {
	return date('time', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, d);
}

/* In a list: the time today, else the day, with the year when it is another. */
export function shortDate(d: Date, now = new Date()): string {
	if (dayStart(d) === dayStart(now)) return time(d);
	if (d.getFullYear() === now.getFullYear()) return date('day', { month: 'short', day: 'numeric' }, d);
	return date('year', { year: 'numeric', month: '2-digit', day: '2-digit' }, d);
}

export function longDate(d: Date): string {
	return date('long', { year: 'numeric', month: 'long', day: 'numeric', weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, d);
}

/** The zone of this browser, in words. */
export function zoneName(now = new Date()): string {
	return new Intl.DateTimeFormat(tag(), { timeZoneName: 'long' }).formatToParts(now).find(part => part.type === 'timeZoneName')!.value;
}

export function monthOf(d: Date): string {
	return date('month', { year: 'numeric', month: 'long' }, d);
}

export function weekday(d: Date): string {
	return date('weekday', { weekday: 'long', month: 'short', day: 'numeric' }, d);
}
