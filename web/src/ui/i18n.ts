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

/* The texts of a language, and those of the settings, which come with that screen. */
type Loader = () => Promise<{ default: Record<string, string> }>;
const loaders: Record<Locale, [Loader, Loader]> = {
	en: [() => import('locale:en'), () => import('locale:en/settings')],
	'zh-CN': [() => import('locale:zh-CN'), () => import('locale:zh-CN/settings')],
	'zh-TW': [() => import('locale:zh-TW'), () => import('locale:zh-TW/settings')],
	'en-XA': [() => import('locale:en-XA'), () => import('locale:en-XA/settings')],
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
const settings = signal(false);
let asked = 0;
async function load(which: Locale, all: boolean): Promise<void> {
	const mine = ++asked;
	const [first, more] = loaders[which];
	const found = await Promise.all([first(), all ? more() : { default: {} }]);
	if (mine !== asked) return;
	texts.value = { ...found[0].default, ...found[1].default };
	document.documentElement.lang = which === 'en-XA' ? 'en' : which;
	ready.value = true;
}
let loading = Promise.resolve();
effect(() => {
	loading = load(locale.value, settings.value);
	loading.catch(() => undefined);
});

/* From now on with the texts of the settings. Rejected when they did not come; may be asked again. */
export async function settingsTexts(): Promise<void> {
	settings.value = true;
	try {
		await loading;
	} catch (e) {
		settings.value = false;
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
	return date('time', { hour: '2-digit', minute: '2-digit', hour12: false }, d);
}

/* In a list: the time today, else the day, with the year when it is another. */
export function shortDate(d: Date, now = new Date()): string {
	if (dayStart(d) === dayStart(now)) return time(d);
	if (d.getFullYear() === now.getFullYear()) return date('day', { month: 'short', day: 'numeric' }, d);
	return date('year', { year: 'numeric', month: '2-digit', day: '2-digit' }, d);
}

export function longDate(d: Date): string {
	return date('long', { year: 'numeric', month: 'long', day: 'numeric', weekday: 'short', hour: '2-digit', minute: '2-digit', hour12: false }, d);
}

export function monthOf(d: Date): string {
	return date('month', { year: 'numeric', month: 'long' }, d);
}

export function weekday(d: Date): string {
	return date('weekday', { weekday: 'long', month: 'short', day: 'numeric' }, d);
}
