/*
 * Letters that attack: each payload of the list (and of the folder LETTERLOCK_PAYLOADS, tests/html_payloads.mjs) is read, printed, quoted in an answer and in
 * what is passed on, gone on with as a draft, pasted, and stands in a signature and in a template, over the real server in a browser that has all its policies.
 * Nothing runs, nothing is asked of anybody, no name is looked up, nothing lies over the page.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { payloadsOf } from '../../html_payloads.mjs';
import { browser, pageOf } from '../fake/browser.mjs';
import { address, at, editor, fillIn, folder, house, imap, row, signedIn, until } from './house.mjs';

const TOGETHER = 20; /* texts of one letter that are shown */
const payloads = await payloadsOf(fileURLToPath(new URL('../../corpus/html_payloads.json', import.meta.url)));
const batches = Array.from({ length: Math.ceil(payloads.length / TOGETHER) }, (_, i) => payloads.slice(i * TOGETHER, (i + 1) * TOGETHER).map(([, text]) => text));
const logs = mkdtempSync(join(tmpdir(), 'letterlock-hostile-')), log = join(logs, 'net.json');
house.arguments.push(`--log-net-log=${log}`);

const found = [];   /* what should not have been */
let page, program, doing = '';
/* Who looks at pictures has their names looked up: that is done in a browser of its own. */
let other, pictures;
const here = 'wang.lei';

/* A letter with all these texts; headers of a part come first where they are given. */
function letter(subject, texts, more = '') {
	const part = text => (Array.isArray(text) ? `${text[0]}\n\n${text[1]}` : `Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n${Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\n')}`);
	return `From: Mallory <mallory@outside.test>\nTo: ${address(here)}\nSubject: ${subject}\nDate: Fri, 20 Nov 2026 09:00:00 +0800\nMessage-ID: <${subject.replace(/\W/g, '')}@outside.test>\n${more}`
		+ `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=zzz\n\n${texts.map(text => `--zzz\n${part(text)}\n`).join('')}--zzz--\n`;
}

const own = url => url.startsWith(house.site.url) || /^(?:data|about|blob):/.test(url);

async function onlooker() {
	other = await browser();
	pictures = await pageOf(other);
	await pictures.goto(at('/signin'));
	await fillIn(pictures, address(here), house.site.person(here).password);
	await pictures.locator('.mail-row').first().waitFor();
	await watched(pictures);
}

async function watched(one) {
	const context = one.context();
	await context.exposeBinding('told', (source, what) => found.push(`${doing}: ${what} ran in ${source.frame.url()}`));
	await context.addInitScript(() => { for (const name of ['hit', 'alert', 'confirm', 'prompt']) window[name] = () => window.told(name); });
	/* The print dialog of the browser would wait for somebody. */
	await context.addInitScript(() => { window.print = () => {}; });
	await context.route(url => !own(url.href), route => {
		const { url, type } = { url: route.request().url(), type: route.request().resourceType() };
		if (one !== pictures || type !== 'image' || !url.startsWith('https:')) found.push(`${doing}: ${type} ${url}`);
		return route.abort();
	});
	const watch = p => {
		p.on('dialog', dialog => { found.push(`${doing}: dialog ${dialog.message()}`); void dialog.dismiss(); });
		p.on('framenavigated', frame => {
			const url = frame.url(), fine = frame === p.mainFrame() ? own(url) && (!/\/leave/.test(url) || /^the address/.test(doing)) : /^about:blank$|\/jmap\/view\//.test(url.replace(house.site.url, ''));
			if (!fine) found.push(`${doing}: a ${frame === p.mainFrame() ? 'page' : 'frame'} went to ${url}`);
		});
	};
	watch(one);
	context.on('page', p => { if (!/^printing/.test(doing)) found.push(`${doing}: a window ${p.url()}`); watch(p); });
	await one.reload();
	await one.locator('.mail-row').first().waitFor();
	return one;
}

/* Called at the end of each step, when what was to happen has had the time of two frames. */
async function settled(p = page) {
	await p.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30)))));
	complain(p);
}

/* Of what is cleaned in the page itself (drafts, templates, signatures, pasted text) the policy says while it is parsed what it would refuse; it is never in the page. */
function complain(p = page) {
	const parsed = /^(?:going on|pasting|behind|a signature|a template|the page|charsets)/.test(doing) ? /^(?:Applying inline style|Executing inline event handler|Setting the document's base URI|This document requires 'TrustedScript')/ : /^$/;
	for (const error of p.errors?.splice(0) ?? []) if (!parsed.test(error)) found.push(`${doing}: ${error}`);
}

/* What is in an editor that should not be; the letter may not lie over the page either. Runs in the page. */
function oddInEditor() {
	const root = document.querySelector('.editor.rich'), odd = [];
	const attributes = /^(align|alt|bgcolor|border|cellpadding|cellspacing|class|cite|color|colspan|data-cid|data-remote|dir|face|height|href|lang|rel|rowspan|size|src|start|style|target|type|valign|width)$/;
	for (const e of root.querySelectorAll('*')) {
		if (e.namespaceURI !== 'http://www.w3.org/1999/xhtml' || /^(script|style|iframe|form|input|button|object|embed|link|meta|base|template|noscript|textarea|select|video|audio|svg|math|title)$/.test(e.localName)) odd.push(e.localName);
		for (const a of e.attributes) if (!attributes.test(a.name)) odd.push(`${e.localName} ${a.name}`);
		if (e.hasAttribute('href') && !/^(https?:|mailto:|tel:|cid:|$)/i.test(e.getAttribute('href'))) odd.push(`href ${e.getAttribute('href')}`);
		if (e.hasAttribute('src') && !/^(blob:|cid:|\/jmap\/|data:image\/)/i.test(e.getAttribute('src'))) odd.push(`src ${e.getAttribute('src')}`);
		if (/url\(|image-set|expression/i.test(e.getAttribute('style') ?? '')) odd.push(`style ${e.getAttribute('style')}`);
		const { position } = getComputedStyle(e);
		if (position !== 'static' && e.localName !== 'sup' && e.localName !== 'sub') odd.push(`position ${position}`);
	}
	for (const selector of ['.compose-subject', '.compose-foot button', '.address-input']) {
		const field = document.querySelector(selector), box = field?.getBoundingClientRect();
		const top = box && document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
		if (top && root.contains(top)) odd.push(`${top.localName} lies over ${selector}`);
	}
	for (const name of ['body', 'cookie', 'forms', 'createElement', 'getElementById']) if (document[name] instanceof HTMLElement && name !== 'body') odd.push(`document.${name} is taken`);
	return odd;
}

async function editorIsClean() {
	await settled();
	for (const odd of new Set(await page.evaluate(oddInEditor))) found.push(`${doing}: in the editor ${odd}`);
}

async function throwAway() {
	await page.locator('.compose-foot').getByRole('button', { name: 'Throw away' }).click();
	await page.locator('.compose').waitFor({ state: 'detached' });
}

/* A click that falls between two states of the list is given again. */
async function opened(subject) {
	const title = page.locator('.reader h1', { hasText: subject });
	await until(`${subject} is open`, async () => {
		await row(page, subject).click();
		return title.waitFor({ timeout: 5000 }).then(() => true, () => false);
	});
	await page.locator('.letter.last .mail-frame').waitFor();
	await until('the letter is shown', () => page.evaluate(() => Number(getComputedStyle(document.querySelector('.letter.last .mail-frame')).opacity) > 0));
}

function nothing() {
	assert.deepEqual([...new Set(found.splice(0))].map(one => one.slice(0, 500)), []);
}

before(async () => {
	page = await watched(await signedIn(here));
	await onlooker();
	program = await imap(here);
	for (const box of ['Hostile', 'Templates']) await program.command(`CREATE ${box}`);
});
after(async () => {
	await other?.close();
	rmSync(logs, { recursive: true, force: true });
});

test('who looks on sees what happens', async () => {
	doing = 'witness';
	await page.evaluate(() => { alert(1); new Image().src = 'https://witness.example/'; });
	await until('it is seen', () => found.length > 0 && page.errors.length > 0);
	await settled();
	for (const what of ['alert ran', 'image \'https://witness.example/\' violates']) assert.ok(found.some(one => one.includes(what)), `${what}: ${found}`);
	found.splice(0);
});

async function hostileFolder() {
	await folder(page, 'inbox');
	await page.locator('.folder', { hasText: 'Hostile' }).locator('a').click();
}

async function goOn(subject) {
	doing = `going on with ${subject}`;
	await folder(page, 'drafts');
	await opened(subject);
	await page.getByRole('button', { name: 'Go on writing' }).click();
	await editor(page).waitFor();
	await editorIsClean();
	await throwAway();
}

async function print(i) {
	doing = `printing ${i}`;
	await page.locator('.letter.last').getByRole('button', { name: 'More for this message' }).click();
	const [paper] = await Promise.all([page.context().waitForEvent('page'), page.getByRole('menuitem', { name: 'Print' }).click()]);
	await paper.getByText('From: ').first().waitFor();
	await settled(paper);
	await paper.close();
}

test('read by day and by night, with pictures and as text, printed, quoted, kept as a draft and passed on', async () => {
	for (const [i, texts] of batches.entries()) {
		doing = `reading ${i}`;
		await program.append('Hostile', letter(`Hostile ${i}.`, texts), '\\Seen');
		await hostileFolder();
		await opened(`Hostile ${i}.`);
		await settled();
		const id = await page.locator('.letter.last .mail-frame').getAttribute('src');
		for (const query of ['images=1&text=0&theme=dark&lang=zh-CN', 'images=0&text=1&theme=dark&lang=zh-TW', 'images=1&text=0&theme=light&lang=en', 'images=0&text=0&theme=dark&lang=en&print=1']) {
			doing = `reading ${i} ${query}`;
			const reader = /images=1/.test(query) ? pictures : page;
			await reader.evaluate(([path, q]) => new Promise(done => {
				const frame = document.createElement('iframe');
				frame.setAttribute('sandbox', 'allow-popups allow-popups-to-escape-sandbox allow-scripts');
				frame.addEventListener('load', () => setTimeout(() => done(frame.remove()), 30));
				frame.src = `${path}?${q}`;
				document.body.append(frame);
			}), [id.split('?')[0], query]);
		}
		await settled(pictures);
		await settled();
		if (i % 4 === 0) await print(i);
		for (const key of ['r', 'f']) {
			doing = `${key === 'r' ? 'answering' : 'passing on'} ${i}`;
			await page.locator('.shell').press(key);
			await editor(page).locator('blockquote, .letter-quote, div').first().waitFor();
			await editorIsClean();
			if (key === 'f' || i % 4 > 0) { await throwAway(); continue; }
			/* What came as a quote is kept and gone on with. */
			doing = `keeping ${i}`;
			await editor(page).focus();
			await page.keyboard.type('x');
			await page.locator('.compose-saved', { hasText: /\d/ }).waitFor();
			await page.locator('.compose').press('Escape');
			await page.locator('.compose').waitFor({ state: 'detached' });
			await goOn(`Re: Hostile ${i}.`);
			await hostileFolder();
			await opened(`Hostile ${i}.`);
		}
	}
	nothing();
});

test('a draft of another program, as it is', async () => {
	for (const [i, texts] of batches.entries()) {
		await program.append('Drafts', letter(`Draft ${i}.`, texts), '\\Seen \\Draft');
		await goOn(`Draft ${i}.`);
	}
	nothing();
});

test('pasted, undone and done again, each by itself', async () => {
	await folder(page, 'inbox');
	await page.locator('.mail-row').first().waitFor();
	doing = 'pasting';
	await page.locator('.shell').press('c');
	await editor(page).waitFor();
	for (const [name, text] of payloads) {
		doing = `pasting ${name} ${JSON.stringify(text).slice(0, 300)}`;
		await page.evaluate(html => {
			const root = document.querySelector('.editor.rich'), data = new DataTransfer();
			data.setData('text/html', html);
			data.setData('text/plain', 'x');
			root.focus();
			root.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
		}, text);
		for (const odd of new Set(await page.evaluate(oddInEditor))) found.push(`${doing}: in the editor ${odd}`);
		if (payloads.length < 500) for (const key of ['Control+z', 'Control+y']) await page.keyboard.press(key);
		complain();
		await page.evaluate(() => document.querySelector('.editor.rich').replaceChildren(Object.assign(document.createElement('div'), { textContent: 'x' })));
	}
	doing = 'behind the last that was pasted';
	await editorIsClean();
	await throwAway();
	nothing();
});

test('a signature and a template of another program', async () => {
	await folder(page, 'inbox');
	await program.command('SELECT Templates');
	for (const [i, texts] of batches.entries()) {
		doing = `a signature of ${i}`;
		await program.append('Templates', letter(`Template ${i}.`, texts), '\\Seen');
		await page.evaluate(async htmlSignature => {
			const session = await fetch('/jmap/session').then(r => r.json()), accountId = session.primaryAccounts['urn:ietf:params:jmap:mail'];
			const ask = (method, args) => fetch('/jmap/api', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Letterlock': '1' }, body: JSON.stringify({
				using: ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail', 'urn:ietf:params:jmap:submission'], methodCalls: [[method, { accountId, ...args }, 'a']] }) })
				.then(r => r.json()).then(r => r.methodResponses[0][1]);
			const [{ id }] = (await ask('Identity/get', { ids: null })).list;
			const { updated, notUpdated } = await ask('Identity/set', { update: { [id]: { htmlSignature } } });
			if (!updated) throw new Error(JSON.stringify(notUpdated));
		}, texts.join('\n').slice(0, 60_000));
		await page.reload();
		await page.locator('.mail-row').first().waitFor();
		await page.locator('.shell').press('c');
		await editor(page).waitFor();
		await editorIsClean();
		doing = `a template of ${i}`;
		await page.getByRole('button', { name: 'Templates', exact: true }).click();
		await page.getByRole('menuitem', { name: `Template ${i}.` }).click();
		await settled();
		await editorIsClean();
		await throwAway();
		await program.command('STORE 1:* +FLAGS (\\Deleted)');
		await program.command('EXPUNGE');
	}
	doing = 'the page of signatures';
	await page.goto(at('/settings/identities'));
	await page.locator('.list-row .button').first().click();
	await page.locator('dialog[open] .editor.rich > *').first().waitFor();
	await settled();
	nothing();
});

/* Of every charset what browsers of some time have read as markup. */
const CHARSETS = [
	['utf-7', '7bit', Buffer.from('+ADw-script+AD4-hit()+ADw-/script+AD4-<p title="+ACIAPgA8-script+AD4-hit()">x')],
	['x-imap4-modified-utf7', '7bit', Buffer.from('&ADz&AGn&AG0&AGc- src=x onerror=hit()>')],
	['iso-2022-jp', 'base64', Buffer.from('<img alt="\x1b$B" title="\x1b(B" alt="\x1b(B\x1b(J\\" onerror=hit() src=x>', 'latin1')],
	['iso-2022-jp', 'base64', Buffer.from('<a title="\x1b(J\x5c"><img src=x onerror=hit()>\x1b$B', 'latin1')],
	['iso-2022-kr', 'base64', Buffer.from('\x1b$)C<img alt="\x0e" title="\x0f" onerror=hit() src=x>', 'latin1')],
	['iso-2022-cn', 'base64', Buffer.from('\x1b$)A<img alt="\x0e" title="\x0f" onerror=hit() src=x>', 'latin1')],
	['hz-gb-2312', 'base64', Buffer.from('<img alt="~{" title="~}" onerror=hit() src=x>~{<script>hit()</script>', 'latin1')],
	['gb18030', 'base64', Buffer.from('<img alt="\x81" title=" onerror=hit() src=x><p title="\x84\x31\x95" onmouseover=hit()>', 'latin1')],
	['big5', 'base64', Buffer.from('<img alt="\xa1" title=" onerror=hit() src=x "><img alt="\xfe\x5c" onerror=hit() src=x>', 'latin1')],
	['shift_jis', 'base64', Buffer.from('<img alt="\x81" title=" onerror=hit() src=x "><a href="\x5c\x5cx">', 'latin1')],
	['utf-8', 'base64', Buffer.from('<img alt="\xc0" title="\xe2\x80" onerror=hit() src=x>\xf0\x3cscript>hit()\xc0\xbc/script>', 'latin1')],
	['utf-8', 'base64', Buffer.from('\xff\xfe<\0s\0c\0r\0i\0p\0t\0>\0h\0i\0t\0(\0)\0', 'latin1')],
	['utf-16le', 'base64', Buffer.from('<img src=x onerror=hit()>', 'utf16le')],
	['utf-32', 'base64', Buffer.from('\0\0\0<\0\0\0i\0\0\0m\0\0\0g', 'latin1')],
	['us-ascii', 'base64', Buffer.from('\xbcscript\xbehit()\xbc/script\xbe', 'latin1')],
	['ebcdic-cp-us', 'base64', Buffer.from('\x4c\xa2\x83\x99\x89\x97\xa3\x6e\x88\x89\xa3\x4d\x5d', 'latin1')],
	['x-mac-farsi', 'base64', Buffer.from('\xbcscript\xbehit()//\xbc/script\xbe', 'latin1')],
	['"utf-8\\"><script>hit()</script>"', 'base64', Buffer.from('<b>x')],
	['replacement', 'base64', Buffer.from('<img src=x onerror=hit()>')],
];

test('texts in charsets that are read in two ways', async () => {
	await program.append('Hostile', letter('Charsets', CHARSETS.map(([charset, encoding, bytes]) => [`Content-Type: text/html; charset=${charset}\nContent-Transfer-Encoding: ${encoding}`, encoding === 'base64' ? bytes.toString('base64') : String(bytes)])));
	await hostileFolder();
	doing = 'charsets';
	await opened('Charsets');
	await settled();
	for (const key of ['r', 'f']) {
		await page.locator('.shell').press(key);
		await editor(page).locator('div').first().waitFor();
		await editorIsClean();
		await throwAway();
	}
	nothing();
});

/* Everything of a letter that is shown and is no text of it. */
const BAD = '<img src=x onerror=hit()>', QUOTED = `"${BAD.replace(/"/g, '')}"`, word = text => `=?utf-8?b?${Buffer.from(text).toString('base64')}?=`;
const HEADS = ['a', 'b'].map((name, i) => {
	const bad = i ? `x" onerror="hit()" autofocus onfocus='hit()' y` : BAD;
	return `From: ${word(bad)} <mallory@outside.test>\nTo: ${word(`${bad}, ${bad}`)} <wang.lei@demo.test>, ${QUOTED}@outside.test, undisclosed ${bad}:;\nCc: ${word(bad)} <"${'<i>'}"@outside.test>\n`
		+ `Reply-To: ${word(bad)} <javascript@outside.test>\nSubject: Heads ${name}. ${word(bad)}\nDate: Fri, 20 Nov 2026 09:0${i}:00 +0800 (${bad})\n`
		+ `Message-ID: <${name}${bad}@outside.test>\nIn-Reply-To: <${bad}>\nReferences: <${bad}> <b>\nList-Id: ${bad} <l.outside.test>\nList-Unsubscribe: <javascript:hit()>, <mailto:%?subject=${bad}>, <https://outside.test/"onclick=hit()>\n`
		+ `X-Mailer: ${bad}\nOrganization: ${bad}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=zzz\n\n--zzz\nContent-Type: text/plain; charset=utf-8\n\n${bad} javascript:hit() https://outside.test/"><img/src=x/onerror=hit()> ${bad}@x.test\n`
		+ `--zzz\nContent-Type: image/svg+xml; name="${word(`${bad}.svg`)}"\nContent-Disposition: attachment; filename="${word(`${bad}.svg`)}"\nContent-ID: <${bad}>\n\n<svg xmlns="http://www.w3.org/2000/svg" onload="hit()"><script>hit()</script></svg>\n`
		+ `--zzz\nContent-Type: text/html"${bad}"; name*=utf-8''${encodeURIComponent(`../../${bad}.html`)}\nContent-Disposition: inline; filename*=utf-8''${encodeURIComponent(`${bad}.html`)}\n\n<script>hit()</script>\n`
		+ `--zzz\nContent-Type: message/rfc822\nContent-Disposition: attachment; filename="in.eml"\n\nFrom: ${word(bad)} <x@outside.test>\nSubject: ${word(bad)}\nContent-Type: text/html\n\n<script>hit()</script>\n--zzz--\n`;
});
test('names, subjects, addresses and files that are markup are words everywhere', async () => {
	/* The page before a link has a script of its own. */
	const odd = () => page.evaluate(() => [...document.querySelectorAll('[onerror], [onfocus], [onclick], img[src="x"], a[href^="javascript:" i], html:not(:has(#leads)) script:not([src])')].map(e => e.outerHTML.slice(0, 200)));
	const shown = async () => {
		await settled();
		found.push(...(await odd()).map(what => `${doing}: ${what}`));
	};
	for (const text of HEADS) await program.append('Hostile', text);
	await program.command(`CREATE "<img src=x onerror=hit()>"`);
	await hostileFolder();
	for (const name of ['a', 'b']) {
		doing = `heads ${name}`;
		await opened(`Heads ${name}.`);
		await shown();
		const menu = page.locator('.letter.last').getByRole('button', { name: 'More for this message' });
		for (const entry of ['Details and proof', null]) {
			await menu.click();
			await shown();
			if (entry) await page.getByRole('menuitem', { name: entry }).click();
			if (entry) await page.getByRole('button', { name: 'Raw source' }).click();
			await shown();
			await page.keyboard.press('Escape');
			await page.locator('dialog[open], .menu').first().waitFor({ state: 'detached' });
		}
		doing = `printing ${name}`;
		await print(name);
		for (const key of ['r', 'a', 'f']) {
			doing = `heads ${name} ${key}`;
			await page.locator('.shell').press(key);
			await editor(page).waitFor();
			await shown();
			await throwAway();
		}
	}
	doing = 'searching';
	for (const text of ['onerror', '<img src=x onerror=hit()>', 'from:"<img src=x onerror=hit()>" subject:<b>']) {
		await page.locator('#search').fill(text);
		await page.locator('#search').press('Enter');
		await page.locator('.list-head h1', { hasText: 'Search results' }).waitFor();
		await shown();
	}
	for (const path of ['/mail/%3Cimg%20src=x%20onerror=hit()%3E', '/search?q=%3Cscript%3Ehit()%3C/script%3E', '/mail?mailto=mailto:%25?subject=%3Cimg%20src=x%20onerror=hit()%3E%26body=%3Cimg%20src=x%20onerror=hit()%3E', '/leave?to=javascript:hit()&shown=%3Cimg%20src=x%20onerror=hit()%3E&lang=__proto__', '/contacts?q=%3Cimg%20src=x%20onerror=hit()%3E', '/settings/%3Cimg%20src=x%20onerror=hit()%3E', '//leak.example/%2e%2e']) {
		doing = `the address ${path}`;
		await page.goto(house.site.url + path);
		await page.waitForLoadState('load');
		if ((await page.locator('body').innerText()).includes('undefined')) found.push(`${doing}: undefined`);
		await shown();
	}
	nothing();
});

test('no name was looked up', async () => {
	const stranger = await house.chromium.newPage();
	await stranger.goto('http://witness.example/').catch(() => {});
	await house.chromium.close();
	const hosts = new Set([...readFileSync(log, 'utf8').matchAll(/"host":"(?:https?:\/\/)?([^"/:]+)/g)].map(m => m[1]));
	assert.ok(hosts.has('witness.example'), 'the log of the browser does not say which names it looks up');
	/* The browser asks its maker for this and that. */
	const spoken = payloads.map(([, text]) => text.toLowerCase()).join('\n');
	assert.deepEqual([...hosts].filter(host => !/^(?:localhost|127\.|\[)|(?:^|\.)google\.com$/.test(host) && spoken.includes(host.toLowerCase())), []);
});
