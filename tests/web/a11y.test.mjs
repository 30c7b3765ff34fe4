/* Every screen of mail in three languages and two appearances: rules of WCAG 2.2 AA, by axe. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axe, opened, picture, rig, row } from './rig.mjs';

const { visit } = await rig();
const inbox = page => row(page, 'Emma Laurent').waitFor();

/* One after the other on one page, each from the inbox. */
const SCREENS = {
	async inbox() {},
	async letter(page) {
		await row(page, '第四季度预算').click();
		await opened(page).filter({ hasText: '第四季度' }).waitFor();
		await page.locator('.letter-files').waitFor();
	},
	async preview(page) {
		await row(page, 'Emma Laurent').click();
		await page.locator('.file-view').first().click();
		await page.locator('.viewer-page[aria-busy=false]').waitFor();
	},
	async warning(page) {
		await row(page, '紧急').click();
		await page.locator('.banner.bad').waitFor();
	},
	async details(page) {
		await row(page, 'Emma Laurent').click();
		await page.locator('.letter-tools .icon-button').last().click();
		await page.locator('.menu-item').nth(-2).click();
		await page.locator('.dialog.drawer .facts').first().waitFor();
	},
	async chosen(page) {
		await page.locator('.list-head').getByRole('checkbox').click();
		await page.locator('.list-head.acting').waitFor();
	},
	async search(page) {
		await page.locator('#search').fill('预算 larger:nothing');
		await page.keyboard.press('Enter');
		await page.locator('.mail-row mark').first().waitFor();
		await page.locator('#search').fill('');
		await page.locator('.search-list li').first().waitFor();
	},
	async account(page) {
		await page.locator('.account-button').click();
		await page.locator('.menu').waitFor();
	},
	async keys(page) {
		await page.keyboard.press('?');
		await page.locator('.sheet').waitFor();
	},
	async palette(page) {
		await page.keyboard.press('Control+k');
		await page.locator('.palette-item').first().waitFor();
	},
	async empty(page, site) {
		await page.goto(`${site.url}/mail/projects`);
		await page.locator('.letters .state').waitFor();
	},
	async locked(page, site) {
		site.locked = true;
		await page.reload();
		await page.locator('.lock-card').waitFor();
	},
};

for (const locale of ['en', 'zh-CN', 'zh-TW']) {
	for (const theme of ['light', 'dark']) {
		test(`screens, ${locale}, ${theme}`, async () => {
			const broken = [];
			const { page, site } = await visit('/mail', { locale, theme, width: 1360, height: 850, reducedMotion: 'reduce' });
			for (const [name, show] of Object.entries(SCREENS)) {
				await page.goto(`${site.url}/mail`);
				await inbox(page);
				await show(page, site);
				await picture(page, `mail-${name}-${locale}-${theme}`);
				broken.push(...(await axe(page)).map(b => `${name}: ${b}`));
			}
			broken.push(...page.errors);
			assert.deepEqual(broken, []);
		});
	}
}

test('a phone', async () => {
	const { page } = await visit('/mail', { width: 390, height: 844, locale: 'zh-CN', hasTouch: true });
	await inbox(page);
	assert.deepEqual(await axe(page), []);
	const small = await page.evaluate(() => [...document.querySelectorAll('button, a[href], input')].filter(el => el.checkVisibility({ opacityProperty: true })).map(el => [el.className || el.tagName, el.getBoundingClientRect()]).filter(([, r]) => r.width > 0 && (r.width < 24 || r.height < 16)).map(([name]) => name));
	assert.deepEqual(small.filter(name => name !== 'INPUT'), []);
});
