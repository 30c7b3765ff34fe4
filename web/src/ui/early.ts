/* What boot.ts asked the server for while the page's scripts were on their way. */
export type Early = Record<string, Promise<Response | null>>;

declare global {
	interface Window {
		letterlockEarly?: Early;
	}
}

/* Later than this after the page began it is asked for anew. */
const FRESH_MS = 10_000;

/** The answer to the first GET of this path; `ask` is for every other one. */
export function early(path: string, ask: () => Promise<Response>): Promise<Response> {
	const found = window.letterlockEarly?.[path];
	if (!found || performance.now() > FRESH_MS) return ask();
	delete window.letterlockEarly![path];
	return found.then(response => response ?? ask());
}
