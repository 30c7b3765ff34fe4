/* Every screen: names of what it has, no way sideways on a phone and enlarged; and rules of WCAG 2.2 AA on those that only a real system shows. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { nameless, sideways } from '../looks.mjs';
import { address, at, axe, folder, imap, picture, row, signedIn } from './house.mjs';

const mark = Math.random().toString(36).slice(2, 7), PICTURE = `Picture ${mark}`;
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGNkYPjPgBcw4ZMcxgAAGZkBBXhxVbUAAAAASUVORK5CYII=';
const letter = to => `From: Emma Laurent <emma@outside.test>\r\nTo: ${address(to)}\r\nSubject: ${PICTURE}\r\nDate: Fri, 20 Nov 2026 09:00:00 +0800\r\nMessage-ID: <${mark}@outside.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n`
	+ `--b\r\nContent-Type: text/plain\r\n\r\nLook.\r\n--b\r\nContent-Type: image/png; name=dot.png\r\nContent-Disposition: attachment; filename=dot.png\r\nContent-Transfer-Encoding: base64\r\n\r\n${PIXEL}\r\n--b--\r\n`;
const me = 'lin.xiaomei', owner = 'wang.lei';
let page;
before(async () => {
	for (const who of [me, owner]) {
		const program = await imap(who);
		await program.append('INBOX', letter(who));
		await program.append('Trash', letter(who).replace(PICTURE, `Gone ${mark}`));
		await program.command('SELECT Trash');
		await program.command('STORE 1:* +FLAGS (\\Deleted)');
		await program.command('EXPUNGE');
		program.close();
	}
	const theirs = await signedIn(owner);
	await theirs.evaluate(async delegate => {
		await fetch('/api/v1/delegate.add', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Letterlock': '1' }, body: JSON.stringify({ delegate, role: 'partner', days: 1 }) });
	}, address(me));
	page = await signedIn(me);
});

const settled = async () => {
	await page.locator('main').waitFor();
	await page.waitForFunction(() => !document.querySelector('.skeleton, .waiting, [aria-busy=true]'));
};
const open = async path => {
	await page.goto(at(path));
	await page.locator('main h1, main h2').first().waitFor();
	await settled();
};
const dialog = () => page.locator('dialog[open]').first().waitFor();
const shared = async () => {
	await open('/mail/inbox');
	await page.locator('.shared-folders a').first().waitFor({ state: 'attached' });
	return page.locator('.shared-folders a').first().getAttribute('href');
};
const letterHere = async () => {
	await row(page, PICTURE).click();
	await page.locator('.letter.last .mail-frame').waitFor();
	await settled();
};
const compose = async () => {
	await page.locator('.shell').press('c');
	await page.locator('.editor.rich[contenteditable=true]').waitFor();
};

/* Only the real system has these: name, the part that is looked at, how to come there. Those after `on` are come to from the one before. */
const on = true;
const NEW = [
	['bin', '.recover-pane', async () => {
		await open('/mail/recover');
		await page.locator('.recover-pane th[scope=row]').first().waitFor();
	}],
	['bin, chosen', '.recover-pane', () => page.locator('.recover-pane tbody').getByRole('checkbox').first().check({ force: true }), on],
	['somebody else\'s inbox', '.folders', async () => open(await shared())],
	['somebody else\'s letter', '.reader', () => letterHere(), on],
	['moving it', '.menu-popover', async () => {
		await page.locator('.shell').press('v');
		await page.locator('.menu').waitFor();
	}, on],
	['writing for somebody else', '.compose', async () => {
		await leave();
		await compose();
	}, on],
	['picker', 'dialog[open]', async () => {
		await page.locator('.compose-people').first().click();
		await page.locator('dialog .person-row').first().waitFor();
	}, on],
	['delegation', '.settings-content', () => open('/settings/delegation')],
	['letting in', 'dialog[open]', async () => {
		await page.locator('.settings-page .button.primary').first().click();
		await dialog();
	}, on],
	['preview', '.viewer', async () => {
		await open('/mail/inbox');
		await letterHere();
		await page.locator('.file-view').first().click();
		await page.locator('.viewer-page[aria-busy=false]').waitFor();
	}],
];
const KNOWN = [
	['inbox', '', () => open('/mail/inbox')],
	['letter', '', () => letterHere(), on],
	['writing', '', () => compose(), on],
	...['trash', 'search?q=from%3Aemma', 'no-such-folder'].map(name => [name, '', () => open(`/mail/${name}`)]),
	['people', '', () => open('/contacts')],
	...['general', 'vacation', 'templates', 'security', 'devices', 'sessions', 'data'].map(name => [`settings, ${name}`, '', () => open(`/settings/${name}`)]),
	['filters', '', () => open('/settings/filters')],
	['new filter', '', async () => {
		await page.locator('.settings-page .button.primary').first().click();
		await dialog();
	}, on],
	['identities', '', () => open('/settings/identities')],
	['signature', '', async () => {
		await page.locator('.list-row .button').first().click();
		await dialog();
	}, on],
];

/* Whatever was begun is put away. */
async function leave() {
	for (const over of ['dialog[open]', '.viewer', '.menu', '.compose']) {
		if (!(await page.locator(over).count())) continue;
		await page.keyboard.press('Escape');
		await page.locator(over).first().waitFor({ state: 'detached' });
	}
}
const walk = async (screens, look) => {
	for (const [name, part, show, following] of screens) {
		if (!following) await leave();
		await show();
		await look(name, part);
	}
	await leave();
};

test('every control of every screen has a name, and no screen goes sideways on a tablet, a phone or at 200 %', async () => {
	const broken = [];
	await walk([...KNOWN, ...NEW], async name => {
		broken.push(...(await nameless(page)).map(one => `${name}: no name: ${one}`));
		for (const [width, height] of [[768, 1024], [640, 400], [320, 640]]) {
			await page.setViewportSize({ width, height });
			await page.waitForFunction(wanted => innerWidth === wanted, width);
			await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))));
			await picture(page, `screen-${name.replace(/\W+/g, '-')}-${width}`);
			broken.push(...(await sideways(page)).map(one => `${name} at ${width}: ${one}`));
		}
		await page.setViewportSize({ width: 1280, height: 800 });
	});
	assert.deepEqual(broken, []);
});

for (const locale of ['zh-CN', 'zh-TW', 'en']) {
	test(`screens of the real system, ${locale}`, async () => {
		await page.goto(at('/settings/general'));
		await page.locator('.settings-page select').first().selectOption(locale);
		await page.waitForFunction(wanted => document.documentElement.lang === wanted, locale);
		const broken = [];
		await walk(NEW, async (name, part) => {
			for (const theme of ['dark', 'light']) {
				await page.evaluate(wanted => { document.documentElement.dataset.theme = wanted; }, theme);
				await picture(page, `real-${name.replace(/\W+/g, '-')}-${locale}-${theme}`);
				broken.push(...(await axe(page, part)).map(one => `${name}, ${theme}: ${one}`));
			}
		});
		assert.deepEqual(broken, []);
	});
}

test('the page can be installed', async () => {
	await folder(page, 'inbox');
	const manifest = await page.evaluate(async () => {
		const link = document.querySelector('link[rel=manifest]');
		const answer = await fetch(link.href), json = await answer.json();
		const icons = await Promise.all(json.icons.map(async one => (await fetch(new URL(one.src, link.href))).status));
		const worker = await fetch('/sw.js');
		return { type: answer.headers.get('content-type'), json, icons, worker: [worker.status, worker.headers.get('content-type')] };
	});
	assert.match(manifest.type, /manifest\+json/);
	for (const field of ['name', 'start_url', 'display']) assert.ok(manifest.json[field], field);
	assert.ok(manifest.icons.length > 0 && manifest.icons.every(status => status === 200));
	assert.equal(manifest.worker[0], 200);
	assert.match(manifest.worker[1], /javascript/);
	const devices = await page.context().newCDPSession(page);
	assert.deepEqual((await devices.send('Page.getAppManifest')).errors, []);
});
