/* Stories of the whole: the page that is served, over the real server, with the people and letters of the demonstration. They share one site and one person's page. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { browser, pageOf } from './fake/browser.mjs';
import { opened, row, until } from './rig.mjs';
import { demoSite } from './site/demo.mjs';

let site, chromium, page, colleague;
before(async () => {
	site = await demoSite();
	chromium = await browser();
	page = await signedIn('wang.lei');
	colleague = await signedIn('lin.xiaomei');
});
after(async () => {
	await chromium?.close();
	await site?.close();
});

async function signedIn(local) {
	const one = await pageOf(chromium);
	const { address, password } = site.person(local);
	await one.goto(`${site.url}/signin`);
	await one.locator('[name=username]').fill(address);
	await one.locator('[name=password]').fill(password);
	await one.locator('button[type=submit]').click();
	await one.locator('.mail-row').first().waitFor();
	return one;
}

const folder = (p, role) => p.goto(`${site.url}/mail/${role}`);
const rows = (p, text) => p.locator('.mail-row', { hasText: text }).count();
const editor = p => p.locator('.editor.rich[contenteditable=true]');

async function write(p, { to, subject, text }) {
	await p.locator('.shell').press('c');
	await editor(p).waitFor();
	if (to) await p.locator('.address-input').first().fill(`${to},`);
	await p.locator('.compose-subject').fill(subject);
	await editor(p).focus();
	await p.keyboard.type(text);
}

test('letters are read one after the other, each with its own text', async () => {
	for (const [subject, text] of [['放假通知', 'The office is closed next Monday'], ['周五例会', '周五上午九点半例会'], ['草稿意见', '请看一下第二段']]) {
		await row(page, subject).click();
		await page.frameLocator('.letter.last .mail-frame').getByText(text).first().waitFor();
		assert.match(await opened(page).textContent(), new RegExp(subject));
	}
});

test('an untouched letter leaves no draft; what is typed survives a reload', async () => {
	await page.locator('.shell').press('c');
	await editor(page).waitFor();
	await page.locator('.compose').press('Control+s');
	await page.locator('.compose').press('Escape');
	await page.locator('.compose').waitFor({ state: 'detached' });
	await write(page, { subject: 'Kept draft', text: 'Half a thought' });
	await page.locator('.compose-saved', { hasText: /\d/ }).waitFor();
	await folder(page, 'drafts');
	await row(page, 'Kept draft').waitFor();
	assert.equal(await rows(page, '(No subject)'), 0);
	assert.equal(await rows(page, 'Kept draft'), 1);
});

test('a letter goes to a colleague, who sees it come', async () => {
	await folder(page, 'inbox');
	await page.locator('.mail-row').first().waitFor();
	await write(page, { to: site.person('lin.xiaomei').address, subject: 'Live letter', text: 'It comes by itself' });
	await page.keyboard.press('Control+Enter');
	await page.locator('.compose').waitFor({ state: 'detached' });
	await row(colleague, 'Live letter').waitFor();
	await row(colleague, 'Live letter').click();
	await colleague.frameLocator('.letter.last .mail-frame').getByText('It comes by itself').waitFor();
	await folder(page, 'sent');
	await row(page, 'Live letter').waitFor();
	assert.equal(await rows(page, 'Live letter'), 1);
});

test('a letter that nobody has read is recalled before the eyes of its reader', async () => {
	await folder(page, 'inbox');
	await page.locator('.mail-row').first().waitFor();
	await folder(colleague, 'inbox');
	await colleague.locator('.mail-row').first().waitFor();
	await write(page, { to: site.person('lin.xiaomei').address, subject: 'To be recalled', text: 'Sent in error' });
	await page.keyboard.press('Control+Enter');
	await row(colleague, 'To be recalled').waitFor();
	await folder(page, 'sent');
	await row(page, 'To be recalled').click();
	await page.locator('.delivery:not(.waits) summary').click();
	await page.locator('.recall-ask .button').click();
	await page.locator('.dialog footer .button').last().click();
	await row(colleague, 'To be recalled').waitFor({ state: 'detached' });
	await page.locator('.delivery .chip', { hasText: /^Recalled$/ }).waitFor();
	assert.match(await page.locator('.recall-sum').innerText(), /Recalled: 1 of 1/);
});

test('a letter is called back and is a draft again', async () => {
	await page.evaluate(() => localStorage.setItem('letterlock.undo-seconds', '60'));
	await folder(page, 'inbox');
	await page.locator('.mail-row').first().waitFor();
	await page.locator('.compose-foot').waitFor({ state: 'detached' });
	await write(page, { to: site.person('lin.xiaomei').address, subject: 'Called back', text: 'Too early' });
	await page.keyboard.press('Control+Enter');
	await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
	await editor(page).getByText('Too early').waitFor();
	await page.locator('.compose').press('Escape');
	await page.locator('.compose').waitFor({ state: 'detached' });
	await folder(page, 'drafts');
	await row(page, 'Called back').waitFor();
	assert.equal(await rows(colleague, 'Called back'), 0);
});

test('what was archived comes back', async () => {
	await folder(page, 'inbox');
	await row(page, '周五例会').click();
	await page.frameLocator('.letter.last .mail-frame').getByText('周五上午九点半例会').waitFor();
	await page.locator('.shell').press('e');
	await row(page, '周五例会').waitFor({ state: 'detached' });
	await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
	await row(page, '周五例会').waitFor();
	await page.reload();
	await row(page, '周五例会').waitFor();
});

test('a signature stays, and who signs out is out', async () => {
	await page.goto(`${site.url}/settings/identities`);
	await page.locator('.list-row .button').first().click();
	await page.locator('dialog[open] .editor.rich > *').first().waitFor();
	await page.locator('dialog[open] .editor.rich').focus();
	await page.keyboard.press('Control+a');
	await page.keyboard.type('With regards');
	await page.locator('dialog[open] footer .primary').click();
	await page.locator('dialog[open]').waitFor({ state: 'detached' });
	await folder(page, 'inbox');
	await page.locator('.mail-row').first().waitFor();
	await page.locator('.shell').press('c');
	await page.locator('.letter-signature', { hasText: 'With regards' }).waitFor();
	await editor(page).waitFor();
	await page.locator('.compose').press('Escape');
	await page.locator('.compose').waitFor({ state: 'detached' });
	await page.locator('.account-button').click();
	await page.getByRole('menuitem', { name: 'Sign out' }).click();
	await page.locator('.signin-form').waitFor();
	await folder(page, 'inbox');
	await page.locator('.signin-form').waitFor();
	assert.deepEqual([...page.errors, ...colleague.errors], []);
});
