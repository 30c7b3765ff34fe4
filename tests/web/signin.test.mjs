/* Stories of signing in: steps, refusals that do not say which part was wrong, work in a worker, the keyboard on the screen, the first password of one's own. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { axe, browser, pageOf, picture } from './fake/browser.mjs';
import { missed, sideways } from './looks.mjs';
import { PERSON, SignInSite } from './site/signin.mjs';

const chromium = await browser();
const sites = [];
after(async () => {
	await chromium.close();
	for (const s of sites) await s.close();
});

async function visit(options = {}, page = {}, path = '/signin') {
	const site = await new SignInSite(options).listen();
	sites.push(site);
	const p = await pageOf(chromium, page);
	await p.goto(site.url + path);
	await p.locator('.signin-form').waitFor();
	return { page: p, site };
}

async function send(page, address, password) {
	await page.locator('[name=username]').fill(address);
	await page.locator('[name=password]').fill(password);
	await page.locator('button[type=submit]').click();
}

async function close(page) {
	assert.deepEqual(page.errors, []);
	await page.context().close();
}

test('who signs in comes where the address led, and the password is kept nowhere', async () => {
	const { page, site } = await visit({}, {}, '/mail/inbox');
	await send(page, PERSON.address, PERSON.password);
	await page.locator('.shell').waitFor();
	assert.equal(new URL(page.url()).pathname, '/mail/inbox');
	const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie);
	assert.ok(!kept.includes(PERSON.password));
	assert.equal(site.asked.length, 1);
	await close(page);
});

test('a refusal does not say which part was wrong', async () => {
	const { page } = await visit();
	const said = [];
	for (const [address, password] of [[PERSON.address, 'wrong wrong wrong'], ['nobody@demo.test', PERSON.password]]) {
		await send(page, address, password);
		await page.locator('.signin-failed').waitFor();
		said.push(await page.locator('.signin-failed').textContent());
		assert.equal(await page.locator('[name=password]').inputValue(), '');
		assert.equal(await page.locator('[name=username]').inputValue(), address);
		await page.reload();
		await page.locator('.signin-form').waitFor();
	}
	assert.equal(said[0], said[1]);
	await close(page);
});

test('a second step by digits, and by a code when they are lost', async () => {
	for (const [kind, value] of [['totp', PERSON.digits], ['codes', PERSON.code]]) {
		const { page } = await visit({ factors: ['totp', 'codes'] });
		await send(page, PERSON.address, PERSON.password);
		await page.locator('.signin-digits').waitFor();
		if (kind === 'codes') await page.locator('.signin-others .button').first().click();
		await page.locator('[name=code]').fill(kind === 'totp' ? '000000' : 'zzzz');
		if (kind === 'codes') await page.locator('button[type=submit]').click();
		await page.locator('.signin-failed').waitFor();
		await page.locator('[name=code]').fill(value);
		if (kind === 'codes') await page.locator('button[type=submit]').click();
		await page.locator('.shell').waitFor();
		await close(page);
	}
});

test('a printed list says which code it wants', async () => {
	const { page } = await visit({ factors: ['list'] });
	await send(page, PERSON.address, PERSON.password);
	await page.getByText('number 7').waitFor();
	await close(page);
});

test('work is computed beside the page', async () => {
	const { page, site } = await visit({ work: true });
	await send(page, PERSON.address, PERSON.password);
	await page.locator('.shell').waitFor();
	assert.match(site.asked.at(-1).work.number, /^\d+$/);
	await close(page);
});

test('who cannot compute waits instead', async () => {
	const { page, site } = await visit({ work: true });
	await page.evaluate(() => { window.Worker = class { constructor() { throw new Error('none here'); } }; });
	await send(page, PERSON.address, PERSON.password);
	await page.locator('.signin-failed').waitFor();
	assert.equal(site.asked.at(-1).work.number, '');
	await close(page);
});

test('who has to wait sees how long', async () => {
	const { page, site } = await visit({ throttled: 90 });
	await send(page, PERSON.address, PERSON.password);
	const seconds = page.locator('.signin-failed .num');
	await seconds.waitFor();
	assert.ok(Number(await seconds.textContent()) <= 90);
	assert.ok(await page.locator('button[type=submit]').isDisabled());
	assert.equal(site.asked.length, 1);
	await close(page);
});

test('the keyboard on the screen writes where the cursor is; typing and pasting work beside it', async () => {
	for (const [keyboard, open] of [['offer', false], ['always', true]]) {
		const { page } = await visit({ keyboard });
		assert.equal(await page.locator('.keyboard').isVisible(), open);
		if (!open) await page.locator('.keyboard-toggle').click();
		const field = page.locator('[name=password]');
		await field.fill('ac');
		await field.evaluate(f => f.setSelectionRange(1, 1));
		await page.locator('.keyboard').getByRole('button', { name: 'b', exact: true }).click();
		await page.locator('.keyboard').getByRole('button', { name: 'Shift' }).click();
		await page.locator('.keyboard').getByRole('button', { name: 'Q', exact: true }).click();
		assert.equal(await field.inputValue(), 'abQc');
		await page.locator('.keyboard').getByRole('button', { name: 'Delete' }).click();
		assert.equal(await field.inputValue(), 'abc');
		await close(page);
	}
	const { page } = await visit();
	assert.equal(await page.locator('.keyboard, .keyboard-toggle').count(), 0);
	await close(page);
});

test('a password that somebody else chose is changed first', async () => {
	const { page, site } = await visit({ first: 'must_change_password' });
	await send(page, PERSON.address, PERSON.password);
	const wanted = page.locator('[name=new-password]');
	await wanted.fill('kurz');
	await page.locator('button[type=submit]').click();
	await page.locator('.signin-failed li').first().waitFor();
	await wanted.fill('ein langer satz mit wörtern');
	await page.locator('button[type=submit]').click();
	await page.locator('.signin-code').getByText('k7qm').waitFor();
	await page.locator('button[type=submit]').click();
	await page.locator('.shell').waitFor();
	assert.equal(site.asked.at(-1).password, 'ein langer satz mit wörtern');
	await close(page);
});

test('a demonstration is seen to be one', async () => {
	const { page } = await visit({ personas: [{ role: 'officer', name: '安全管理员', url: 'http://localhost:1/persona/officer' }, { role: 'partner', name: 'x', url: 'http://localhost:1/outside' }] });
	const bar = page.locator('.personas');
	await bar.getByText('security officer').waitFor();
	assert.equal(await bar.locator('a').count(), 2);
	await close(page);
});

const SCREENS = {
	async password() {},
	async wrong(page) {
		await send(page, PERSON.address, 'wrong wrong wrong');
		await page.locator('.signin-failed').waitFor();
	},
	async second(page) {
		await send(page, PERSON.address, PERSON.password);
		await page.locator('.signin-digits').waitFor();
	},
	async recover(page) {
		await page.locator('.signin-link').first().click();
		await page.locator('[name=recovery]').waitFor();
	},
};

for (const locale of ['en', 'zh-CN', 'zh-TW'])
	for (const theme of ['light', 'dark'])
		test(`screens, ${locale}, ${theme}`, async () => {
			const broken = [];
			for (const [name, show] of Object.entries(SCREENS)) {
				const { page } = await visit({ factors: ['totp', 'codes'], keyboard: name === 'password' ? 'always' : 'off', providers: [{ name: 'Example', kind: 'oidc' }] }, { locale, theme, width: name === 'recover' ? 360 : 1280 });
				await show(page);
				await picture(page, `signin-${name}-${locale}-${theme}`);
				broken.push(...(await axe(page)).map(b => `${name}: ${b}`));
				await close(page);
			}
			assert.deepEqual(broken, []);
		});

for (const [locale, theme] of [['zh-TW', 'light'], ['zh-TW', 'dark'], ['en', 'dark']])
	test(`screens on a tablet, ${locale}, ${theme}`, async () => {
		const broken = [], finger = { width: 768, height: 1024, hasTouch: true, isMobile: true };
		for (const [name, show] of Object.entries(SCREENS)) {
			const { page } = await visit({ factors: ['totp', 'codes'], keyboard: name === 'password' ? 'always' : 'off' }, { locale, theme, ...finger });
			await show(page);
			await picture(page, `signin-${name}-${locale}-${theme}-tablet`);
			/* Keys of a keyboard are as wide as a row of ten allows. */
			const missing = (await missed(page)).filter(one => name !== 'password' || !/^button\.(on)? \d+x4\d /.test(one));
			broken.push(...[...(await axe(page)), ...(await sideways(page)), ...missing].map(b => `${name}: ${b}`));
			await close(page);
		}
		assert.deepEqual(broken, []);
	});
