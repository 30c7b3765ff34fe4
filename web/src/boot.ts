/* Runs before anything is painted: asks for what the page will need first, while its scripts are on their way; then what the person chose for looks and language. */
import type { Early } from './ui/early';
import { browserLocale } from './ui/language';

declare const TEXTS: Record<string, string>;

interface Found { signed_in?: boolean; locked?: boolean; must_change_password?: boolean; must_register_factor?: boolean }
/* As shell/session.ts has it: who comes in at once. */
const comesIn = (s: Found) => s.signed_in && !s.locked && !s.must_change_password && !s.must_register_factor;

const ask = (path: string) => fetch(path, { headers: { 'X-Letterlock': '1', Accept: 'application/json' }, credentials: 'same-origin', cache: 'no-store', signal: AbortSignal.timeout(60_000) });
const session = ask('/api/session');
const early: Early = {
	'/api/session': session.then(r => r.clone()),
	'/jmap/session': session.then(r => r.json()).then((found: Found) => (comesIn(found) ? ask('/jmap/session') : null)),
};
for (const one of Object.values(early)) one.catch(() => {});
window.letterlockEarly = early;

const root = document.documentElement;

function kept(name: string): string | null {
	try {
		return localStorage.getItem(`letterlock.${name}`);
	} catch {
		return null;
	}
}

const theme = kept('theme');
const density = kept('density');
const locale = kept('locale');
if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
root.dataset.density = density === 'compact' || density === 'relaxed' ? density : 'cosy';
if (locale) root.lang = locale;

const texts = TEXTS[locale ?? browserLocale()];
if (texts) document.head.append(Object.assign(document.createElement('link'), { rel: 'modulepreload', href: texts }));
