/* How this person wants it to look; kept in the browser so that boot.ts has it before the first paint. */
import { effect, signal, type Signal } from '@preact/signals';
import { browserLocale, type Locale } from './language';

export type Theme = 'auto' | 'light' | 'dark';
export type Density = 'compact' | 'cosy' | 'relaxed';
export type { Locale };

const KEY = 'letterlock.';

export function stored(name: string): string | null {
	try {
		return localStorage.getItem(KEY + name);
	} catch {
		return null;
	}
}

export function store(name: string, value: string | null): void {
	try {
		if (value === null) localStorage.removeItem(KEY + name);
		else localStorage.setItem(KEY + name, value);
	} catch {
		/* A browser that keeps nothing still works, until the next visit. */
	}
}

/* What the account keeps for all browsers of this person (shell/sync.ts). What comes from there may be anything. */
export interface Shared { value: Signal<unknown>; fallback: unknown; good: (value: unknown) => boolean }
export const shared = signal<ReadonlyMap<string, Shared>>(new Map());

function share<T>(name: string, value: Signal<T>, fallback: T, good: (value: unknown) => value is T): Signal<T> {
	shared.value = new Map(shared.peek()).set(name, { value: value as Signal<unknown>, fallback, good });
	return value;
}

function oneOf<T extends string>(name: string, allowed: readonly T[], fallback: T): Signal<T> {
	const good = (value: unknown): value is T => (allowed as readonly unknown[]).includes(value);
	const value = stored(name), s = signal<T>(good(value) ? value : fallback);
	effect(() => store(name, s.value));
	return share(name, s, fallback, good);
}

export const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';

function flag(name: string, fallback: boolean): Signal<boolean> {
	const value = stored(name);
	const s = signal(value === null ? fallback : value === '1');
	effect(() => store(name, s.value ? '1' : '0'));
	return share(name, s, fallback, isBoolean);
}

/* Anything else, as JSON. */
export function kept<T>(name: string, fallback: T, good: (value: unknown) => value is T): Signal<T> {
	let value: unknown;
	try {
		value = JSON.parse(stored(name) ?? 'null');
	} catch {
		value = null;
	}
	const s = signal<T>(good(value) ? value : fallback);
	effect(() => store(name, JSON.stringify(s.value)));
	return share(name, s, fallback, good);
}

export const LOCALES: readonly Locale[] = ['en', 'zh-CN', 'zh-TW'];

export const theme = oneOf<Theme>('theme', ['auto', 'light', 'dark'], 'auto');
export const density = oneOf<Density>('density', ['compact', 'cosy', 'relaxed'], 'cosy');
export const locale = oneOf<Locale>('locale', [...LOCALES, 'en-XA'], browserLocale());
export const conversations = flag('conversations', true);
export const shortcutsOn = flag('shortcuts', true);
export const foldersShown = flag('folders', true);
/* Images that a letter fetches from elsewhere: asked for each, shown, or never and nothing said. */
export type Images = 'ask' | 'show' | 'never';
export const images = oneOf<Images>('images-mode', ['ask', 'show', 'never'], 'ask');
/* Read receipts that senders ask for: never and nothing said, asked for each, or sent to colleagues at once and asked for others. */
export type Receipts = 'never' | 'ask' | 'colleagues';
export const receipts = oneOf<Receipts>('receipts', ['never', 'ask', 'colleagues'], 'ask');
/* Addresses whose images are always shown. */
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(one => typeof one === 'string');
export const imagesFrom = kept<string[]>('images-from', [], isTexts);

const root = document.documentElement;
effect(() => {
	if (theme.value === 'auto') delete root.dataset.theme;
	else root.dataset.theme = theme.value;
});
effect(() => {
	root.dataset.density = density.value;
});

const wantsDark = matchMedia('(prefers-color-scheme: dark)');
const systemDark = signal(wantsDark.matches);
wantsDark.addEventListener('change', () => (systemDark.value = wantsDark.matches));
/* What is on the screen now. */
export function isDark(): boolean {
	return theme.value === 'dark' || (theme.value === 'auto' && systemDark.value);
}
/* A media query as a signal. */
export function media(query: string): Signal<boolean> {
	const list = matchMedia(query);
	const s = signal(list.matches);
	list.addEventListener('change', () => (s.value = list.matches));
	return s;
}
export const narrow = media('(max-width: 799px)');
export const wide = media('(min-width: 1200px)');
