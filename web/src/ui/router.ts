/* Addresses: a screen is a path. Links are plain <a href>; clicks on them stay inside the page. */
import { signal } from '@preact/signals';

export interface Place {
	path: string;
	/* The parts of the path, decoded: "/mail/inbox" is ["mail", "inbox"]. */
	parts: string[];
	query: URLSearchParams;
}

function read(): Place {
	const { pathname, search } = location;
	return { path: pathname + search, parts: pathname.split('/').filter(Boolean).map(safeDecode), query: new URLSearchParams(search) };
}

/** Of what others wrote: as it is where it cannot be decoded. */
export function safeDecode(part: string): string {
	try {
		return decodeURIComponent(part);
	} catch {
		return part;
	}
}

export const place = signal<Place>(read());

/* What must be asked before leaving; false: stay. */
type Guard = (to: string) => boolean;
let guard: Guard | null = null;
export function guardLeaving(g: Guard | null): void {
	guard = g;
}

export function go(path: string, replace = false): void {
	if (path === place.value.path || (guard && !guard(path))) return;
	history[replace ? 'replaceState' : 'pushState'](null, '', path);
	place.value = read();
}

export function path(...parts: string[]): string {
	return `/${parts.map(encodeURIComponent).join('/')}`;
}

addEventListener('popstate', () => (place.value = read()));

addEventListener('click', e => {
	if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
	const link = (e.target as Element | null)?.closest?.('a[href]');
	if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
	if (!/^\/(mail|contacts|settings|signin)?(\/|$)/.test(link.pathname)) return;
	e.preventDefault();
	go(link.pathname + link.search);
});
