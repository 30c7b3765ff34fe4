/*
 * What a person prefers is kept with the account: each browser takes it when the page begins and when another one has changed it. What was never chosen stays
 * as this browser has it, and is not sent. A browser that another person used before begins with what is usual.
 */
import { batch, effect, signal, untracked } from '@preact/signals';
import { PREFERENCES } from '../jmap';
import { client, start, store as mail } from '../jmap/account';
import { LOCALES, shared, store, stored } from '../ui/prefs';
import { operation } from './api';
import { session, signedIn } from './session';

const SEND_AFTER = 600, AGAIN_AFTER = 15_000;
/* How the screen looks is the browser's until the person chooses; the rest is a person's. */
const LOOKS = new Set(['theme', 'density', 'locale', 'folders']);
const OURS = 'letterlock.', STAYS = /^(?:theme|density|locale|locale-chosen|folders|person|active|after-signin|actions\..*)$/;

/* As the server has it; null: not known. */
const known = signal<Record<string, unknown> | null>(null);
/* What is agreed on, as JSON: another value is somebody's choice. */
const agreed = new Map<string, string>();
let waiting: Record<string, unknown> = {}, sending: Record<string, unknown> = {};
let timer = 0;

/* What was chosen just before the page went is sent by the next one. */
const WAITING = 'preferences-waiting';
function keepWaiting(): void {
	if (!client.session) return;
	store(WAITING, Object.keys(waiting).length > 0 ? JSON.stringify({ account: client.accountId, waiting }) : null);
}
function takeWaiting(): void {
	try {
		const found = JSON.parse(stored(WAITING) ?? 'null') as { account: string; waiting: Record<string, unknown> } | null;
		if (found?.account !== client.accountId) return store(WAITING, null);
		waiting = { ...found.waiting, ...waiting };
	} catch {
		store(WAITING, null);
	}
}

async function send(): Promise<void> {
	const update = (sending = waiting);
	waiting = {};
	try {
		await client.set('Preferences', { update: { singleton: update } });
		known.value = { ...known.peek(), ...update };
	} catch {
		waiting = { ...update, ...waiting };
		timer = window.setTimeout(() => void send(), AGAIN_AFTER);
	}
	sending = {};
	keepWaiting();
}

/* The language that somebody chose is that of letters of the system to them as well. What fails is made good by the next page. */
function tellLanguage(language: string): void {
	const who = session.peek();
	if (!who?.signed_in || who.locked || who.language === language || !(LOCALES as readonly string[]).includes(language)) return;
	operation('user.language', { language }).then(() => (session.value = { ...session.peek()!, language }), () => {});
}

function takeOne(name: string): void {
	const one = shared.peek().get(name)!, found = { ...known.peek(), ...sending, ...waiting }[name];
	if (found === undefined || !one.good(found)) return;
	agreed.set(name, JSON.stringify(found));
	if (name === 'locale') {
		store('locale-chosen', '1');
		tellLanguage(String(found));
	}
	if (JSON.stringify(one.value.peek()) !== JSON.stringify(found)) one.value.value = found;
}

async function read(): Promise<void> {
	const { list } = await client.get<Record<string, unknown>>('Preferences', ['singleton']);
	batch(() => {
		known.value = list[0] ?? {};
		for (const name of shared.peek().keys()) takeOne(name);
	});
}

function forgetOthers(): void {
	const before = stored('person');
	store('person', client.accountId);
	if (before === null || before === client.accountId) return;
	for (const key of Object.keys(localStorage)) {
		const name = key.startsWith(OURS) ? key.slice(OURS.length) : '';
		if (name && !STAYS.test(name)) localStorage.removeItem(key);
	}
	batch(() => {
		for (const [name, one] of shared.peek()) {
			if (LOOKS.has(name)) continue;
			agreed.set(name, JSON.stringify(one.fallback));
			one.value.value = one.fallback;
		}
	});
}

function note(name: string, value: unknown): void {
	const json = JSON.stringify(value), before = agreed.get(name);
	agreed.set(name, json);
	if (before === undefined || before === json) return;
	if (name === 'locale') tellLanguage(String(value));
	waiting[name] = value;
	keepWaiting();
	clearTimeout(timer);
	if (known.peek()) timer = window.setTimeout(() => void send(), SEND_AFTER);
}

function watch(): void {
	effect(() => {
		for (const [name, one] of shared.value) {
			/* Those of a part that was loaded late. */
			if (!agreed.has(name)) untracked(() => takeOne(name));
			note(name, one.value.value);
		}
	});
	effect(() => {
		if (mail.changed.value.has('Preferences')) untracked(() => void read().catch(() => {}));
	});
	document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && void read().catch(() => {}));
}

async function begin(): Promise<void> {
	await start();
	if (!client.has(PREFERENCES)) return;
	forgetOthers();
	takeWaiting();
	await read();
	if (Object.keys(waiting).length > 0) await send();
}

let begun = false;
effect(() => {
	if (!signedIn.value || begun) return;
	begun = true;
	/* From here on what is chosen counts, also before the server has been asked. */
	untracked(watch);
	untracked(() => void begin().catch(() => (begun = false)));
});
