/*
 * One webmail in Chromium, driven line by line: bench/web.py writes a command, the answer is one line of JSON.
 *
 *   signin | query COUNT | paint | heap | actions FIRST COUNT | end
 *
 * The two webmails differ in the table SITES only.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { browser } from '../tests/web/fake/browser.mjs';

const [kind, url, address, password] = process.argv.slice(2);
const PATIENCE = Number(process.env.PATIENCE ?? 120_000);
const ROWS = 50;

/* ---- Letterlock ---- */

const LISTED = ['id', 'threadId', 'mailboxIds', 'keywords', 'from', 'to', 'subject', 'receivedAt', 'size', 'hasAttachment', 'preview'];

/* In the page: what the webmail asks for the first screen of a folder, in one request. */
async function askLetterlock([rows, listed]) {
	const ask = async (using, methodCalls) => (await fetch('/jmap/api', { method: 'POST', credentials: 'same-origin', cache: 'no-store',
		headers: { 'Content-Type': 'application/json', 'X-Letterlock': '1' }, body: JSON.stringify({ using, methodCalls }) })).text();
	const using = ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'];
	if (!window.bench) {
		const session = await (await fetch('/jmap/session', { headers: { 'X-Letterlock': '1' } })).json();
		const accountId = session.primaryAccounts['urn:ietf:params:jmap:mail'];
		const boxes = JSON.parse(await ask(using, [['Mailbox/get', { accountId, properties: ['role'] }, 'm']])).methodResponses[0][1].list;
		window.bench = { accountId, inbox: boxes.find(box => box.role === 'inbox').id };
	}
	const { accountId, inbox } = window.bench, start = performance.now();
	const text = await ask(using, [
		['Email/query', { accountId, filter: { inMailbox: inbox }, sort: [{ property: 'receivedAt', isAscending: false }], collapseThreads: true, calculateTotal: true, limit: rows }, 'q'],
		['Email/get', { accountId, '#ids': { resultOf: 'q', name: 'Email/query', path: '/ids' }, properties: listed }, 'g'],
	]);
	const answer = JSON.parse(text);
	return { ms: performance.now() - start, bytes: text.length, rows: answer.methodResponses[1][1].list.length, total: answer.methodResponses[0][1].total };
}

const letterlock = {
	row: '.mail-row[data-id]', // not one that waits for its letter
	async signIn(page) {
		await page.goto(`${url}signin`);
		await page.locator('[name=username]').fill(address);
		await page.locator('[name=password]').fill(password);
		await page.locator('button[type=submit]').click();
	},
	inbox: `${url}mail/inbox`,
	ask: page => page.evaluate(askLetterlock, [ROWS, LISTED]),
	shown: page => page.frameLocator('.letter.last .mail-frame').locator('body').waitFor(),
	actions: {
		async open(page) {
			await page.locator('.mail-row').nth(1).click();
			await letterlock.shown(page);
		},
		async next(page) {
			const before = page.url();
			await page.locator('.shell').press('j');
			await page.waitForURL(to => to.href !== before);
			await letterlock.shown(page);
		},
		async archive(page) {
			const before = page.url();
			await page.locator('.shell').press('e');
			await page.waitForURL(to => to.href !== before);
		},
		async search(page, number) {
			await page.locator('#search').fill(`subject:"letter ${50 + number * 7}"`); // Roundcube looks into subjects and senders
			await page.locator('#search').press('Enter');
			await page.waitForURL(/\/mail\/search/);
			await page.locator('.mail-row').first().waitFor();
		},
		async compose(page) {
			await page.locator('.shell').press('c');
			await page.locator('.editor.rich[contenteditable=true]').waitFor();
			await page.locator('.compose').press('Escape');
			await page.locator('.compose').waitFor({ state: 'detached' });
		},
		async back(page) {
			await page.keyboard.press('g');
			await page.keyboard.press('i');
			await page.waitForURL(/\/mail\/inbox/);
			await page.locator('.mail-row').first().waitFor();
		},
	},
};

/* ---- Roundcube ---- */

/* In the page: its own request for a list. */
async function askRoundcube() {
	const start = performance.now();
	const text = await (await fetch(`./?_task=mail&_action=list&_mbox=INBOX&_page=1&_remote=1&_unlock=0&_=${Date.now()}`, { cache: 'no-store',
		headers: { 'X-Roundcube-Request': window.rcmail.env.request_token, 'X-Requested-With': 'XMLHttpRequest' } })).text();
	const answer = JSON.parse(text);
	return { ms: performance.now() - start, bytes: text.length, rows: answer.exec.split('add_message_row(').length - 1, total: answer.env?.messagecount };
}

/* Nothing is asked any more either: the answer to a list that comes late would end a search. */
const idle = page => page.waitForFunction(() => window.rcmail && !window.rcmail.busy && window.jQuery.active === 0);

const roundcube = {
	row: '#messagelist tbody tr.message',
	async signIn(page) {
		await page.goto(url);
		await page.locator('#rcmloginuser').fill(address);
		await page.locator('#rcmloginpwd').fill(password);
		await page.locator('#rcmloginsubmit').click();
	},
	inbox: `${url}?_task=mail&_mbox=INBOX`,
	ask: page => page.evaluate(askRoundcube),
	async shown(page, uid) {
		await page.waitForFunction(id => {
			const frame = document.getElementById('messagecontframe')?.contentWindow;
			return String(frame?.rcmail?.env?.uid) === id && frame.document.getElementById('messagebody') !== null;
		}, uid);
		await idle(page);
	},
	async choose(page, nth) {
		const row = page.locator(roundcube.row).nth(nth);
		const uid = await row.evaluate(tr => tr.uid);
		await row.locator('td.subject').click({ position: { x: 60, y: 8 } });
		await roundcube.shown(page, String(uid));
	},
	actions: {
		open: page => roundcube.choose(page, 1),
		next: page => roundcube.choose(page, 2),
		async archive(page) {
			const before = await page.locator(roundcube.row).nth(2).getAttribute('id');
			await page.evaluate(() => window.rcmail.command('move', 'Archive'));
			await page.locator(`#${before}`).waitFor({ state: 'hidden' });
			await idle(page);
		},
		async search(page, number) {
			await idle(page);
			await page.evaluate(text => {
				document.querySelector('#mailsearchform').value = text;
				window.rcmail.command('search');
			}, `letter ${50 + number * 7}`);
			await page.waitForFunction(() => window.rcmail.env.search_request && !window.rcmail.busy);
			await page.locator(roundcube.row).first().waitFor();
		},
		async compose(page) {
			await page.evaluate(() => window.rcmail.command('compose'));
			await page.locator('#composebody').waitFor();
			await page.evaluate(() => {
				window.rcmail.env.exit_warning = false;
				window.rcmail.compose_skip_unsavedcheck = true;
				window.rcmail.command('list');
			});
			await page.locator(roundcube.row).first().waitFor();
		},
		async back(page) {
			await page.waitForFunction(() => window.rcmail?.env?.task === 'mail' && document.querySelector('#mailboxlist'));
			await page.evaluate(() => window.rcmail.command('list', 'INBOX'));
			await idle(page);
			await page.locator(roundcube.row).nth(5).waitFor();
		},
	},
};

/* ---- measuring ---- */

const site = { letterlock, roundcube }[kind];
const ORDER = ['open', 'next', 'archive', 'search', 'compose', 'back'];
const VIEW = { viewport: { width: 1440, height: 900 }, locale: 'en', ignoreHTTPSErrors: true };

const chromium = await browser(['--enable-precise-memory-info']);
const context = await chromium.newContext(VIEW);
const page = await context.newPage();
page.setDefaultTimeout(PATIENCE);
page.on('dialog', dialog => void dialog.accept());

const ready = p => p.locator(site.row).first().waitFor();

async function signin() {
	await site.signIn(page);
	await ready(page);
	return {};
}

async function query(count) {
	const answers = [];
	for (let i = 0; i < count; i++) answers.push(await site.ask(page));
	const { bytes, rows, total } = answers.at(-1);
	return { ms: answers.map(one => one.ms), bytes, rows, total };
}

/* A browser that has never been here but for its session's cookies. */
async function newcomer(then) {
	const { cookies } = await context.storageState();
	const fresh = await chromium.newContext({ ...VIEW, storageState: { cookies, origins: [] } });
	const p = await fresh.newPage();
	p.setDefaultTimeout(PATIENCE);
	try {
		return await then(p, fresh);
	} finally {
		await fresh.close();
	}
}

const usable = async p => {
	await p.goto(site.inbox, { waitUntil: 'commit' });
	await p.locator(site.row).first().click({ trial: true, position: { x: 60, y: 8 } });
};

/* Until the rows of the inbox are there and one can be chosen; what that takes over the wire is counted by another one, because counting costs the page time. */
async function paint() {
	const timed = await newcomer(async p => {
		const start = performance.now();
		await usable(p);
		return { usable: performance.now() - start, first: await p.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime) };
	});
	const counted = await newcomer(async (p, fresh) => {
		const wire = await fresh.newCDPSession(p);
		let bytes = 0, requests = 0;
		await wire.send('Network.enable');
		wire.on('Network.loadingFinished', one => { bytes += one.encodedDataLength; requests++; });
		await usable(p);
		for (let seen = -1; seen !== requests;) { // an open stream of events never ends: what comes within a second counts
			seen = requests;
			await p.waitForTimeout(1000);
		}
		return { bytes, requests };
	});
	return { ...timed, ...counted };
}

/* Of all renderers of this browser but the spare one: what is shown, and frames of other origins. */
async function rendererPss() {
	const wire = await chromium.newBrowserCDPSession();
	const { processInfo } = await wire.send('SystemInfo.getProcessInfo');
	await wire.detach();
	const sizes = processInfo.filter(one => one.type === 'renderer').map(one => {
		try {
			return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${one.id}/smaps_rollup`, 'utf8'))[1]);
		} catch {
			return 0;
		}
	});
	return { largest: Math.max(...sizes), all: sizes.reduce((a, b) => a + b, 0) };
}

async function heap() {
	const wire = await context.newCDPSession(page);
	await wire.send('HeapProfiler.enable');
	for (let i = 0; i < 2; i++) await wire.send('HeapProfiler.collectGarbage');
	await wire.send('Performance.enable');
	const { metrics } = await wire.send('Performance.getMetrics');
	await wire.detach();
	const value = name => metrics.find(one => one.name === name).value;
	const pss = await rendererPss();
	return { heap_mb: value('JSHeapUsedSize') / 1e6, nodes: value('Nodes'), listeners: value('JSEventListeners'), pss_mb: pss.largest / 1024, all_pss_mb: pss.all / 1024 };
}

async function actions(first, count) {
	const times = {};
	for (let i = first; i < first + count; i++) {
		const name = ORDER[i % ORDER.length], start = performance.now();
		try {
			await site.actions[name](page, i);
		} catch (error) {
			if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/bench-${kind}.png` });
			throw new Error(`action ${i}, ${name}: ${error.message}`);
		}
		(times[name] ??= []).push(performance.now() - start);
	}
	return times;
}

const commands = { signin, query, paint, heap, actions };
for await (const line of createInterface({ input: process.stdin })) {
	const [name, ...numbers] = line.trim().split(' ');
	if (name === 'end') break;
	let answer;
	try {
		answer = await commands[name](...numbers.map(Number));
	} catch (error) {
		answer = { error: String(error.message) };
	}
	process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await chromium.close();
