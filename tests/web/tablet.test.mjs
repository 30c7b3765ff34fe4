/* Every screen of mail on a tablet held upright, under a finger: nothing goes sideways, everything can be hit, rules of WCAG 2.2 AA. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missed, sideways } from './looks.mjs';
import { axe, opened, picture, rig, row } from './rig.mjs';

const { visit } = await rig();
const letter = async page => {
	await row(page, '第四季度预算').click();
	await opened(page).filter({ hasText: '第四季度' }).waitFor();
	await page.locator('.letter-files').waitFor();
};
const SCREENS = {
	async inbox() {},
	letter,
	async menu(page) {
		await letter(page);
		await page.locator('.letter-tools .icon-button').last().click();
		await page.locator('.menu').waitFor();
	},
	async person(page) {
		await letter(page);
		await page.locator('.letter-head button:has(> .avatar)').last().tap();
		await page.locator('.person-card').waitFor();
	},
	async warning(page) {
		await row(page, '紧急').click();
		await page.locator('.banner.bad').waitFor();
	},
	async folders(page) {
		await page.locator('.top .icon-button').first().click();
		await page.locator('.folders').waitFor();
	},
	async chosen(page) {
		await page.locator('.list-head').getByRole('checkbox').click();
		await page.locator('.list-head.acting').waitFor();
	},
	async search(page) {
		await page.locator('#search').fill('预算 larger:nothing');
		await page.keyboard.press('Enter');
		await page.locator('.mail-row mark').first().waitFor();
	},
	async suggestions(page) {
		await page.locator('#search').click();
		await page.locator('.search-list li').first().waitFor();
	},
	async writing(page) {
		await page.locator('.fab').click();
		await page.locator('.editor.rich[contenteditable=true]').waitFor();
		await page.locator('.address-input').first().fill('lin.xiaomei@demo.test, partner@outside.test,');
	},
	async deleted(page, site) {
		await page.goto(`${site.url}/mail/recover`);
		await page.locator('.recover-pane').waitFor();
		const { x, width } = await page.locator('.recover-pane').boundingBox();
		assert.deepEqual([x, width], [0, 768], 'as wide as the page');
	},
};

for (const [locale, theme] of [['zh-TW', 'light'], ['zh-CN', 'dark'], ['en', 'dark'], ['en', 'light']]) {
	test(`a tablet, ${locale}, ${theme}`, async () => {
		const broken = [];
		const { page, site } = await visit('/mail', { locale, theme, width: 768, height: 1024, hasTouch: true, isMobile: true, reducedMotion: 'reduce' });
		for (const [name, show] of Object.entries(SCREENS)) {
			await page.goto(`${site.url}/mail`);
			await row(page, 'Emma Laurent').waitFor();
			await show(page, site);
			await picture(page, `tablet-${name}-${locale}-${theme}`);
			for (const found of [await axe(page), await sideways(page), await missed(page)]) broken.push(...found.map(one => `${name}: ${one}`));
		}
		assert.deepEqual([...broken, ...page.errors], []);
	});
}

test('what was done is told above the bar at the foot', async () => {
	const { page } = await visit('/mail', { width: 768, height: 1024, hasTouch: true, isMobile: true, reducedMotion: 'reduce' });
	await letter(page);
	await page.locator('.reader-bar .icon-button').nth(1).tap();
	await page.locator('.toast').waitFor();
	const toast = await page.locator('.toasts').boundingBox(), bar = await page.locator('.rail').boundingBox();
	assert.ok(toast.y + toast.height <= bar.y, `${toast.y + toast.height} <= ${bar.y}`);
});

test('a tablet held across: folders, list and letter can be hit too', async () => {
	const broken = [];
	const { page } = await visit('/mail', { width: 1024, height: 768, hasTouch: true, isMobile: true, reducedMotion: 'reduce' });
	await row(page, 'Emma Laurent').waitFor();
	broken.push(...(await sideways(page)), ...(await missed(page)));
	await letter(page);
	broken.push(...(await sideways(page)), ...(await missed(page)));
	assert.deepEqual(broken, []);
});
