/* Run without a network (real_offline.test.mjs): a site, a browser, and what somebody does all day. Says as JSON what was asked for. */
import { execFileSync } from 'node:child_process';
import { browser, pageOf } from '../fake/browser.mjs';
import { demoSite } from '../site/demo.mjs';

const site = await demoSite();
const chromium = await browser();
const steps = [], origins = new Set();
try {
	const page = await pageOf(chromium);
	page.context().on('request', request => origins.add(new URL(request.url()).origin));
	const { address, password } = site.person('wang.lei');
	await page.goto(`${site.url}/signin`);
	await page.locator('[name=username]').fill(address);
	await page.locator('[name=password]').fill(password);
	await page.locator('button[type=submit]').click();
	await page.locator('.mail-row', { hasText: '放假通知' }).first().click();
	await page.frameLocator('.letter.last .mail-frame').getByText('The office is closed').waitFor();
	steps.push('read');
	await page.locator('.shell').press('c');
	await page.locator('.editor.rich[contenteditable=true]').waitFor();
	await page.locator('.address-input').first().fill(`${site.person('lin.xiaomei').address},`);
	await page.locator('.compose-subject').fill('Alone');
	await page.keyboard.press('Control+Enter');
	await page.locator('.compose').waitFor({ state: 'detached' });
	await page.goto(`${site.url}/mail/sent`);
	await page.locator('.mail-row', { hasText: 'Alone' }).first().waitFor();
	steps.push('sent');
	for (const name of ['general', 'identities', 'filters', 'vacation', 'templates', 'security', 'devices', 'sessions', 'data']) {
		await page.goto(`${site.url}/settings/${name}`);
		await page.locator('.settings-page h1').waitFor();
	}
	steps.push('settings');
	await page.goto(`${site.url}/settings/general`);
	for (const language of ['zh-CN', 'zh-TW', 'en']) {
		await page.locator('select').first().selectOption(language);
		await page.waitForFunction(wanted => document.documentElement.lang === wanted, language);
	}
	steps.push('languages');
	const routes = execFileSync('ip', ['route'], { encoding: 'utf8' });
	console.log(JSON.stringify({ routes, origins: [...origins].filter(one => one !== 'null'), site: new URL(site.url).origin, failures: page.errors, steps }));
} finally {
	await chromium.close();
	await site.close();
}
