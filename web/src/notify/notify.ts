/*
 * Notifications of the system. Where the browser has a push service they come while no page is open too, and say that something came; while a page is open it
 * says who wrote and what about.
 */
import { signal } from '@preact/signals';
import type { Email, GetResponse, Id, SetResponse } from '../jmap';
import { client, store as mail } from '../jmap/account';
import { t } from '../ui/i18n';
import { locale, store as keep, stored } from '../ui/prefs';
import { scriptUrl } from '../ui/trusted';

const VAPID = 'urn:ietf:params:jmap:webpush-vapid';
/* A verification is a message through two servers. */
const PATIENCE = 60_000;
const DAYS = 86_400_000;

export type State = 'off' | 'on' | 'page' | 'blocked';
/** "page": only while a page is open, as the browser has no push service. */
export const notifying = signal<State>(first());

interface Subscription { id: Id; deviceClientId: string; expires: string; verificationCode: string | null }

function first(): State {
	const kept = stored('notify');
	return kept === 'on' || kept === 'page' ? (Notification.permission === 'granted' ? kept : 'blocked') : 'off';
}

export function possible(): boolean {
	return 'Notification' in window && 'serviceWorker' in navigator;
}

function become(state: State): void {
	notifying.value = state;
	keep('notify', state === 'on' || state === 'page' ? state : null);
}

function device(): string {
	const known = stored('device');
	if (known) return known;
	const made = crypto.randomUUID();
	keep('device', made);
	return made;
}

async function registration(): Promise<ServiceWorkerRegistration> {
	await navigator.serviceWorker.register(scriptUrl(`/sw.js?lang=${locale.peek()}`));
	return navigator.serviceWorker.ready;
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
	const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
	return Uint8Array.from(plain, c => c.charCodeAt(0));
}

/* The code that the server sends by way of the push service. */
function verification(): { code: Promise<{ id: Id; code: string }>; stop: () => void } {
	let stop = () => {};
	const code = new Promise<{ id: Id; code: string }>((resolve, reject) => {
		const hear = (e: MessageEvent) => { if (e.data?.letterlock === 'verification') resolve({ id: e.data.id, code: e.data.code }); };
		const timer = setTimeout(() => reject(new Error('no verification')), PATIENCE);
		stop = () => { clearTimeout(timer); navigator.serviceWorker.removeEventListener('message', hear); };
		navigator.serviceWorker.addEventListener('message', hear);
	});
	return { code, stop };
}

async function create(found: PushSubscription): Promise<void> {
	const keys = found.toJSON().keys, waiting = verification();
	waiting.code.catch(() => {});
	try {
		const made = await client.call<SetResponse<Subscription>>('PushSubscription/set', { create: { s: {
			deviceClientId: device(), url: found.endpoint, keys: { p256dh: keys?.p256dh, auth: keys?.auth }, types: ['EmailDelivery'],
		} } });
		const id = made.created?.s?.id;
		if (!id) throw new Error('not created');
		const told = await waiting.code;
		await client.call('PushSubscription/set', { update: { [told.id]: { verificationCode: told.code } } });
	} finally {
		waiting.stop();
	}
}

async function mine(): Promise<Subscription[]> {
	const all = await client.call<GetResponse<Subscription>>('PushSubscription/get', { ids: null });
	return all.list.filter(one => one.deviceClientId === device());
}

async function forgetOthers(): Promise<void> {
	const old = await mine();
	if (old.length > 0) await client.call('PushSubscription/set', { destroy: old.map(one => one.id) });
}

async function subscribe(): Promise<void> {
	const key = (client.session?.capabilities[VAPID] as { applicationServerKey?: string } | undefined)?.applicationServerKey;
	if (!key || !('PushManager' in window)) throw new Error('no push');
	const worker = await registration();
	const found = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
	await forgetOthers();
	await create(found);
}

/** Asks the person, then the browser, then the server. */
export async function turnOn(): Promise<State> {
	if (await Notification.requestPermission() !== 'granted') {
		notifying.value = 'blocked';
		return 'blocked';
	}
	try {
		await subscribe();
		become('on');
	} catch {
		await registration();
		become('page');
	}
	return notifying.peek();
}

export async function turnOff(): Promise<void> {
	const was = notifying.peek();
	become('off');
	const worker = await navigator.serviceWorker.getRegistration();
	await (await worker?.pushManager?.getSubscription())?.unsubscribe();
	if (was === 'on') await forgetOthers();
}

/* ---- while a page is open ---- */

let newest = '';

async function latest(): Promise<Email | null> {
	const inbox = mail.mailboxes.all().find(one => one.role === 'inbox');
	if (!inbox) return null;
	const found = await client.call<{ ids: Id[] }>('Email/query', {
		accountId: client.accountId, filter: { inMailbox: inbox.id, notKeyword: '$seen' }, sort: [{ property: 'receivedAt', isAscending: false }], limit: 1,
	});
	if (!found.ids[0] || found.ids[0] === newest) return null;
	newest = found.ids[0];
	const got = await client.call<GetResponse<Email>>('Email/get', { accountId: client.accountId, ids: [newest], properties: ['from', 'subject', 'threadId'] });
	return got.list[0] ?? null;
}

async function show(): Promise<boolean> {
	const letter = await latest();
	if (!letter) return false;
	const from = letter.from?.[0], worker = await navigator.serviceWorker.ready;
	await worker.showNotification(from?.name || from?.email || t('notify.new-mail'), {
		body: letter.subject || t('mail.no-subject'), tag: 'letterlock-mail', data: '/mail', icon: '/icon.svg',
	});
	return true;
}

let showing: Promise<boolean> | null = null;

/** True: the person sees the page, or was told by it. One letter is told once, whoever hears of it first. */
export async function arrived(): Promise<boolean> {
	if (notifying.peek() !== 'on' && notifying.peek() !== 'page') return false;
	if (document.visibilityState === 'visible' && document.hasFocus()) return true;
	showing ??= show().catch(() => false).finally(() => { showing = null; });
	return showing;
}

/** With the mail: hears the worker, and keeps the subscription alive. */
export async function watch(): Promise<void> {
	navigator.serviceWorker.addEventListener('message', (e) => {
		if (e.data?.letterlock === 'arrival') void arrived().then(told => e.ports[0]?.postMessage(told));
	});
	await registration();
	if (notifying.peek() !== 'on') return;
	const [one] = await mine();
	if (!one?.verificationCode) await subscribe().catch(() => become('page'));
	else if (new Date(one.expires).getTime() - Date.now() < 20 * DAYS) await client.call('PushSubscription/set', { update: { [one.id]: { expires: null } } });
}
