/*
 * The service worker: it hears of changes while no page is open (docs/webmail.md). What comes has no word of a letter in it, so neither has what it shows; a page
 * that is open shows who wrote.
 */
interface Shown { tag: string; data: string; icon: string }
interface Page { url: string; visibilityState: string; focus(): Promise<Page>; postMessage(message: unknown, transfer?: MessagePort[]): void }
interface Worker {
	location: Location;
	registration: { showNotification(title: string, options: Shown): Promise<void> };
	clients: { matchAll(options: object): Promise<Page[]>; openWindow(url: string): Promise<unknown>; claim(): Promise<void> };
	skipWaiting(): Promise<void>;
	addEventListener(name: string, fn: (e: Happened) => void): void;
}
interface Happened {
	data: { json(): unknown } | null;
	notification: { close(): void; data: string };
	waitUntil(work: Promise<unknown>): void;
}
interface Message { '@type'?: string; changed?: Record<string, Record<string, string>>; pushSubscriptionId?: string; verificationCode?: string }

/* "New mail" by language; put in by web/build.mjs. */
declare const NEW_MAIL: Record<string, string>;
declare const self: Worker;

/* How long a page may take to say that it shows the letter itself, in milliseconds. */
const PATIENCE = 4000;

const pages = () => self.clients.matchAll({ type: 'window', includeUncontrolled: true });

function asks(page: Page): Promise<boolean> {
	return new Promise((resolve) => {
		const channel = new MessageChannel();
		channel.port1.onmessage = (e) => resolve(Boolean(e.data));
		setTimeout(() => resolve(false), PATIENCE);
		page.postMessage({ letterlock: 'arrival' }, [channel.port2]);
	});
}

async function onArrival(): Promise<void> {
	const open = await pages();
	const answers = await Promise.all(open.map(asks));
	if (answers.some(Boolean)) return;
	const language = new URLSearchParams(self.location.search).get('lang') ?? 'en';
	await self.registration.showNotification(NEW_MAIL[language] ?? NEW_MAIL.en!, { tag: 'letterlock-mail', data: '/mail', icon: '/icon.svg' });
}

async function onMessage(message: Message): Promise<void> {
	if (message['@type'] === 'PushVerification') {
		for (const page of await pages()) page.postMessage({ letterlock: 'verification', id: message.pushSubscriptionId, code: message.verificationCode });
	} else if (message['@type'] === 'StateChange' && Object.values(message.changed ?? {}).some(types => 'EmailDelivery' in types)) {
		await onArrival();
	}
}

async function show(path: string): Promise<void> {
	const [page] = await pages();
	if (page) await page.focus();
	else await self.clients.openWindow(path);
}

self.addEventListener('install', e => e.waitUntil(self.skipWaiting()));
self.addEventListener('activate', e => e.waitUntil(self.clients.claim()));
self.addEventListener('push', (e) => {
	try {
		e.waitUntil(onMessage(e.data?.json() as Message));
	} catch {
		/* Not ours. */
	}
});
self.addEventListener('notificationclick', (e) => {
	e.notification.close();
	e.waitUntil(show(e.notification.data));
});

export {};
