/* Stories about settings: operations and JMAP in memory. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { axe, browser, pageOf, picture } from './fake/browser.mjs';
import { fakeSite } from './fake/site.mjs';
import { missed, sideways } from './looks.mjs';
import { until } from './rig.mjs';

let chromium;
before(async () => (chromium = await browser()));
after(() => chromium.close());

const WHEN = 1_795_300_000;
const PAGES = ['general', 'identities', 'filters', 'vacation', 'templates', 'security', 'devices', 'sessions', 'data'];

function answers(site) {
	const sessions = [
		{ id: 1, kind: 'web', label: 'Firefox on Windows', ip: '10.0.0.4', agent: '', created: WHEN, used: WHEN, second_factor: true, unusual: [], this: true },
		{ id: 2, kind: 'web', label: 'Chrome on Android', ip: '203.0.113.9', agent: '', created: WHEN, used: WHEN, second_factor: false, unusual: ['new_place'] },
		{ id: 3, kind: 'web', label: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0', ip: '10.0.0.5', agent: '', created: WHEN, used: WHEN, second_factor: false, unusual: [] },
	];
	const calls = [];
	const api = {
		'session.list': () => ({ sessions }),
		'session.sign_out': ({ id }) => { sessions.splice(sessions.findIndex(one => one.id === id), 1); },
		'signin.list': () => ({ signins: [{ id: 2, time: WHEN, ip: '198.51.100.77', protocol: 'imap', device: 3, second_factor: false, unusual: ['unusual_hour'], outcome: 'refused' }] }),
		'device.list': () => ({ devices: [{ id: 2, name: 'iPhone', state: 'pending', protocol: 'imap', ip: '10.0.0.9', created: WHEN, used: WHEN }] }),
		'device.approve': () => ({}),
		'user.app_password.list': () => ({ app_passwords: [{ id: 'a1', label: 'Outlook', created: WHEN, protocols: ['imap'], ends: 0, used: WHEN, ip: '10.0.0.9' }] }),
		'user.app_password.add': ({ password }) => (password === 'right' ? { app_password: 'abcd-efgh-jkmn-pqrs', id: 'a2' } : { refused: { status: 401, code: 'password' } }),
		'factor.list': () => ({ factors: [{ id: 3, kind: 'totp', label: '', created: WHEN, used: WHEN }], enforced: false, grace_ends: 0 }),
		'factor.codes.make': () => (calls.some(([name]) => name === 'session.step_up') ? { codes: ['one-1', 'two-2'], id: 9 } : { refused: { status: 403, code: 'step_up' } }),
		'user.language': ({ language }) => { site.state.language = language; },
		'session.step_up': ({ proof }) => (proof.code === '123456' ? {} : { refused: { status: 403, code: 'factor' } }),
	};
	for (const [name, answer] of Object.entries(api)) site.api[name] = args => { const found = answer(args); if (!found?.refused) calls.push([name, args]); return found; };
	return calls;
}

async function begin(page_, { site: facts, ...more } = {}) {
	const site = await fakeSite(facts);
	const calls = answers(site);
	const page = await pageOf(chromium, more);
	await page.goto(`${site.url}/settings/${page_}`);
	await page.locator('.settings-page h1').waitFor();
	return { site, page, calls, jmap: site.jmap, end: async () => { assert.deepEqual(page.errors, []); await page.context().close(); await site.close(); } };
}

const scriptOf = jmap => String([...jmap.blobs.values()].at(-1)?.body ?? '');

test('the language that is chosen is that of letters of the system too', async () => {
	const { page, site, calls, end } = await begin('general', { site: { language: '' } });
	await page.getByRole('combobox', { name: 'Language' }).selectOption('zh-TW');
	await page.locator('html[lang=zh-TW]').waitFor();
	await until('the choice is told', () => calls.some(([name]) => name === 'user.language'));
	assert.deepEqual(calls.filter(([name]) => name === 'user.language'), [['user.language', { language: 'zh-TW' }]]);
	await page.reload();
	await page.locator('html[lang=zh-TW] .settings-page h1').waitFor();
	assert.equal(calls.filter(([name]) => name === 'user.language').length, 1, 'what is so already is not said again');
	assert.equal(site.state.language, 'zh-TW');
	await end();
});

test('a filter is built, tried on letters, and keeps what was made elsewhere', async () => {
	const { page, site, jmap, end } = await begin('general');
	const foreign = 'require "fileinto";\nif header :contains "x-y" "z" { fileinto "Z"; }\n';
	jmap.put('SieveScript', { id: 'V1', name: 'mine', blobId: 'SB', isActive: true });
	jmap.blobs.set('SB', { type: 'application/sieve', body: Buffer.from(foreign) });
	jmap.letter({ id: 'L1', from: [{ name: 'Anna', email: 'anna@x.test' }], subject: 'Report' });
	jmap.letter({ id: 'L2', from: [{ name: 'Bob', email: 'bob@x.test' }], subject: 'Other' });
	await page.goto(`${site.url}/settings/filters`);
	await page.locator('.banner.info').waitFor();
	await page.locator('.button.primary', { hasText: 'New filter' }).first().click();
	const dialog = page.locator('dialog[open]');
	await dialog.locator('.input').first().fill('Reports');
	await dialog.locator('.rule-row .input').first().fill('anna');
	await dialog.locator('.rule-try li').waitFor();
	assert.deepEqual(await dialog.locator('.rule-try li small').allInnerTexts(), ['Report']);
	await dialog.locator('select.wide').selectOption('Archive');
	await picture(page, 'settings-rule');
	await dialog.locator('footer .primary').click();
	await dialog.waitFor({ state: 'detached' });
	const text = scriptOf(jmap);
	assert.ok(text.includes('if header :contains ["from", "sender"] "anna" {\n\tfileinto "Archive";\n\tstop;\n}'), text);
	assert.ok(text.endsWith('if header :contains "x-y" "z" { fileinto "Z"; }\n'), text);
	jmap.blobs.set(jmap.table('SieveScript').objects.get('V1').blobId, { type: 'application/sieve', body: Buffer.from(text) });
	await page.locator('.list-row [role=switch]').click();
	await until('the rule is off', () => !scriptOf(jmap).includes('fileinto "Archive"'));
	await end();
});

test('all other sessions end, this one stays', async () => {
	const { page, calls, end } = await begin('sessions');
	await page.locator('.button', { hasText: 'Sign out all others' }).click();
	await page.locator('dialog[open] .danger').click();
	await page.locator('.toast').waitFor();
	await until('one row is left', async () => (await page.locator('.card').first().locator('.list-row').count()) === 1);
	assert.deepEqual(calls.filter(([name]) => name === 'session.sign_out').map(([, { id }]) => id).sort(), [2, 3]);
	assert.match(await page.locator('.card').nth(1).innerText(), /Wrong password or code/);
	await end();
});

test('an app password needs the own one and is shown once', async () => {
	const { page, calls, end } = await begin('devices');
	await page.locator('.button', { hasText: 'Add a program' }).click();
	const dialog = page.locator('dialog[open]');
	await dialog.locator('.input').first().fill('Phone');
	await dialog.locator('input[type=password]').fill('wrong');
	await dialog.locator('footer .primary').click();
	await dialog.locator('.banner.bad', { hasText: 'The password is not right' }).waitFor();
	await dialog.locator('input[type=password]').fill('right');
	await dialog.locator('footer .primary').click();
	await dialog.locator('.secret').waitFor();
	assert.equal(await dialog.locator('.secret').innerText(), 'abcd-efgh-jkmn-pqrs');
	const [, args] = calls.find(([name]) => name === 'user.app_password.add');
	assert.deepEqual([args.label, args.protocols, args.days], ['Phone', ['imap', 'submission'], 0]);
	await dialog.getByRole('img', { name: 'QR code of the app password' }).waitFor();
	await dialog.getByRole('radio', { name: 'Thunderbird' }).check();
	await dialog.getByRole('img', { name: 'QR code of the settings for Thunderbird' }).waitFor();
	await dialog.getByRole('radio', { name: 'iPhone' }).check();
	assert.equal(await dialog.getByRole('link', { name: 'Profile for iPhone' }).getAttribute('href'), '/mail/setup.mobileconfig?emailaddress=wang.lei%40demo.test');
	await dialog.locator('footer .primary').click();
	await dialog.waitFor({ state: 'detached' });
	assert.ok(!(await page.content()).includes('abcd-efgh'), 'gone from the page');
	await page.getByRole('button', { name: 'Show', exact: true }).click();
	await dialog.getByRole('img', { name: 'QR code of the address of the profile' }).waitFor();
	await dialog.locator('summary').click();
	await dialog.getByText('mail.demo.test · 993 · TLS').waitFor();
	await end();
});

test('new recovery codes ask for the second factor first', async () => {
	const { page, end } = await begin('security');
	await page.locator('.button', { hasText: 'New recovery codes' }).click();
	const code = page.locator('.code-input');
	await code.fill('000000');
	await page.locator('dialog[open]').last().locator('footer .primary').click();
	await page.locator('.banner.bad').waitFor();
	await code.fill('123456');
	await page.locator('dialog[open]').last().locator('footer .primary').click();
	await page.locator('.codes li').first().waitFor();
	assert.deepEqual(await page.locator('.codes li').allInnerTexts(), ['one-1', 'two-2']);
	await end();
});

test('an absence has its days in the zone of the person', async () => {
	const { page, jmap, site, end } = await begin('general');
	jmap.put('VacationResponse', { id: 'singleton', isEnabled: false, fromDate: null, toDate: null, subject: null, textBody: null, htmlBody: null });
	await page.goto(`${site.url}/settings/vacation`);
	await page.locator('[role=switch]').click();
	await page.locator('input[type=date]').first().fill('2027-02-01');
	await page.locator('input[type=date]').nth(1).fill('2027-02-07');
	await page.getByLabel('For colleagues').fill('Ask Anna.');
	await page.getByLabel('For everybody else').fill('Back on Monday.');
	await page.locator('.card .primary').click();
	await page.locator('.toast').waitFor();
	const saved = jmap.table('VacationResponse').objects.get('singleton');
	assert.deepEqual([saved.isEnabled, saved.fromDate, saved.toDate, saved.textBody, saved.insideTextBody], [true, '2027-01-31T16:00:00Z', '2027-02-07T16:00:00Z', 'Back on Monday.', 'Ask Anna.']);
	assert.equal(await page.locator('input[type=date]').nth(1).inputValue(), '2027-02-07');
	await end();
});

test('a signature is written and stands below the next letter', async () => {
	const { page, jmap, end } = await begin('identities');
	await page.locator('.list-row .button').click();
	const editor = page.locator('dialog[open] .editor.rich');
	await until('the signature is there', async () => (await editor.innerText()).includes('财务部'));
	await editor.focus();
	await page.keyboard.press('Control+a');
	await page.keyboard.type('With regards');
	await page.locator('dialog[open] footer .primary').click();
	await page.locator('dialog[open]').waitFor({ state: 'detached' });
	assert.equal(jmap.table('Identity').objects.get('I1').textSignature, 'With regards');
	await page.keyboard.press('c');
	await page.locator('.letter-signature', { hasText: 'With regards' }).waitFor();
	await end();
});

test('what is unusual and what people sign in with stand there in words', async () => {
	const source = readFileSync(new URL('../../src/auth/condition.c', import.meta.url), 'utf8'), [, list] = /risk_names\[RISK_COUNT\] = \{([^}]*)\}/.exec(source);
	const unusual = [...list.matchAll(/"(\w+)"/g)].map(([, name]) => name);
	const [, made] = /const kinds\[\] = \{([^}]*)\}/.exec(readFileSync(new URL('../../src/auth/access.c', import.meta.url), 'utf8'));
	const kinds = [...made.matchAll(/"([\w ]+)"/g)].map(([, name]) => name);
	const { page, site, end } = await begin('general', { locale: 'zh-TW' });
	site.api['signin.list'] = () => ({ signins: [{ id: 2, time: WHEN, ip: '198.51.100.77', protocol: 'web', client: '', device: '', second_factor: false, unusual, outcome: 'ok' }] });
	site.api['device.list'] = () => ({ devices: kinds.map((name, id) => ({ id, name, state: 'approved', protocol: 'submission', ip: '', created: WHEN, used: WHEN })) });
	for (const [path, texts] of [['sessions', unusual.length], ['devices', kinds.length]]) {
		await page.goto(`${site.url}/settings/${path}`);
		const words = path === 'sessions' ? page.locator('.settings-list').last().locator('.chip.warn') : page.locator('.settings-list .list-title');
		await words.nth(texts - 1).waitFor();
		assert.deepEqual((await words.allTextContents()).filter(text => unusual.includes(text.trim()) || kinds.includes(text.trim())), []);
	}
	assert.equal(await page.locator('.settings-list', { hasText: 'SUBMISSION' }).count(), 0);
	await end();
});

for (const [locale, theme, width] of [['en', 'light', 1280], ['zh-CN', 'dark', 1280], ['zh-TW', 'light', 320], ['zh-TW', 'dark', 768]]) {
	test(`every page can be used by everybody: ${locale}, ${theme}, ${width} px`, async () => {
		const { page, site, end } = await begin('general', { locale, theme, width, height: 720, ...(width === 768 ? { hasTouch: true, isMobile: true } : {}) });
		for (const name of PAGES) {
			await page.goto(`${site.url}/settings/${name}`);
			await page.locator('.settings-page .card').first().waitFor();
			assert.deepEqual(await axe(page), [], name);
			if (width === 768) assert.deepEqual([...(await sideways(page)), ...(await missed(page))], [], name);
			const wide = await page.evaluate(() => document.querySelector('.settings-content').scrollWidth - document.querySelector('.settings-content').clientWidth);
			assert.ok(wide <= 0, `${name} is ${wide} px too wide`);
			await picture(page, `settings-${name}-${locale}-${width}`);
		}
		await end();
	});
}

test('notifications: without a push service the page tells who wrote, once, and nothing after they are off', async () => {
	const { page, jmap, end } = await begin('general', { permissions: ['notifications'] });
	jmap.letter({ id: 'N1', from: [{ name: 'Anna', email: 'anna@x.test' }], subject: 'Report' });
	const toggle = page.getByRole('switch', { name: /Tell me when mail comes/ });
	await toggle.click();
	await page.getByText('This browser has no push service').waitFor();
	assert.match(await page.evaluate(async () => (await navigator.serviceWorker.ready).active.scriptURL), /\/sw\.js\?lang=en$/);
	await page.reload();
	await toggle.waitFor();
	await page.evaluate(() => { document.hasFocus = () => false; });
	const ask = () => page.evaluate(() => new Promise((resolve) => {
		const channel = new MessageChannel();
		channel.port1.onmessage = e => resolve(e.data);
		setTimeout(() => resolve('nobody listens'), 1000);
		navigator.serviceWorker.dispatchEvent(new MessageEvent('message', { data: { letterlock: 'arrival' }, ports: [channel.port2] }));
	}));
	await until('the letter is told', async () => (await ask()) === true);
	assert.equal(await ask(), false);
	await toggle.click();
	await until('it is off', () => page.evaluate(() => localStorage.getItem('letterlock.notify') === null));
	assert.equal(await ask(), false);
	await end();
});
