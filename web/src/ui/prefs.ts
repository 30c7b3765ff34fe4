/* How this person wants it to look; kept in the browser so that boot.ts has it before the first paint. */
import { effect, signal, type Signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';
export type Density = 'compact' | 'cosy' | 'relaxed';
export type Locale = 'en' | 'zh-CN' | 'zh-TW' | 'en-XA';

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

function kept<T extends string>(name: string, allowed: readonly T[], fallback: T): Signal<T> {
	const value = stored(name) as T;
	const s = signal<T>(allowed.includes(value) ? value : fallback);
	effect(() => store(name, s.value));
	return s;
}

function flag(name: string, fallback: boolean): Signal<boolean> {
	const value = stored(name);
	const s = signal(value === null ? fallback : value === '1');
	effect(() => store(name, s.value ? '1' : '0'));
	return s;
}

export const LOCALES: readonly Locale[] = ['en', 'zh-CN', 'zh-TW'];

/* The first language of the browser that there is. */
export function browserLocale(): Locale {
	for (const tag of navigator.languages ?? []) {
		if (/^zh\b/i.test(tag)) return /hant|tw|hk|mo/i.test(tag) ? 'zh-TW' : 'zh-CN';
		if (/^en\b/i.test(tag)) return 'en';
	}
	return 'en';
}

export const theme = kept<Theme>('theme', ['auto', 'light', 'dark'], 'auto');
export const density = kept<Density>('density', ['compact', 'cosy', 'relaxed'], 'cosy');
export const locale = kept<Locale>('locale', [...LOCALES, 'en-XA'], browserLocale());
export const conversations = flag('conversations', true);
export const shortcutsOn = flag('shortcuts', true);
export const foldersShown = flag('folders', true);

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
