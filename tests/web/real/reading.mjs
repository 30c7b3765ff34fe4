/* Reading, filing and finding. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { address, at, folder, imap, letterText, opened, read, row, signedIn, until } from './house.mjs';

let page, program;
const here = 'anna.schmidt';
before(async () => {
	page = await signedIn(here);
	program = await imap(here);
	await program.command('CREATE Deposit');
});
const letter = (subject, { from = 'Emma Laurent <emma@outside.test>', text = 'A few words.', more = '' } = {}) =>
	`From: ${from}\nTo: ${address(here)}\nSubject: ${subject}\nDate: Fri, 20 Nov 2026 09:00:00 +0800\nMessage-ID: <${subject.replace(/\W/g, '')}@outside.test>\n${more}MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n${text}\n`;
const back = () => page.locator('.toast').getByRole('button', { name: 'Undo' }).last().click();

test('what another program brings or marks is seen at once', async () => {
	await program.append('INBOX', letter('Came by itself'));
	await row(page, 'Came by itself').waitFor();
	assert.match(await row(page, 'Came by itself').getAttribute('aria-label'), /^unread/);
	await program.command('SELECT INBOX');
	const number = /\* SEARCH (\d+)/.exec(await program.command('SEARCH SUBJECT "Came by itself"'))[1];
	await program.command(`STORE ${number} +FLAGS (\\Seen \\Flagged)`);
	await until('the marks are seen', async () => /^starred/.test(await row(page, 'Came by itself').getAttribute('aria-label')));
	await read(page, 'Came by itself');
	await page.locator('.shell').press('Shift+U');
	await until('the program hears of it', async () => /SEARCH \d/.test(await program.command('SEARCH UNSEEN SUBJECT "Came by itself"')));
});

test('an answer of one\'s own stands in the conversation', async () => {
	await program.append('INBOX', letter('Two voices'));
	await program.append('Sent', letter('Re: Two voices', { from: `Anna <${address(here)}>`, text: 'My own words.', more: 'In-Reply-To: <Twovoices@outside.test>\nReferences: <Twovoices@outside.test>\n' }), '\\Seen');
	await read(page, 'Two voices');
	await until('both are there', async () => (await page.locator('.letter').count()) === 2);
	await letterText(page).getByText('My own words').waitFor();
});

test('details, source and paper', async () => {
	await read(page, 'Came by itself');
	const menu = page.locator('.letter.last').getByRole('button', { name: 'More for this message' });
	await menu.click();
	await page.getByRole('menuitem', { name: 'Details and proof' }).click();
	await page.locator('dialog[open]', { hasText: 'CamebyItself@outside.test'.replace('I', 'i') }).waitFor();
	await page.getByRole('button', { name: 'Raw source' }).click();
	await page.locator('pre.source', { hasText: 'Subject: Came by itself' }).waitFor();
	await page.keyboard.press('Escape');
	await menu.click();
	const [paper] = await Promise.all([page.context().waitForEvent('page'), page.getByRole('menuitem', { name: 'Print' }).click()]);
	await paper.getByText('From: Emma Laurent').waitFor();
	for (const text of ['To: ', '2026-11-20 09:00 +0800', 'A few words.']) assert.ok((await paper.locator('body').innerText()).includes(text), text);
	await paper.close();
});

test('stars, labels, archive, junk and trash, each undone', async () => {
	await folder(page, 'inbox');
	await read(page, 'Came by itself');
	await page.locator('.shell').press('l');
	await page.getByRole('menuitemradio', { name: 'To do' }).click();
	await row(page, 'Came by itself').locator('.label4').waitFor();
	await until('a program sees the label', async () => /SEARCH \d/.test(await program.command('SEARCH KEYWORD $label4 SUBJECT "Came by itself"')));
	for (const [key, box] of [['e', 'archive'], ['!', 'junk'], ['#', 'trash']]) {
		await folder(page, 'inbox');
		await read(page, 'Came by itself');
		await page.locator('.shell').press(key);
		await row(page, 'Came by itself').waitFor({ state: 'detached' });
		await folder(page, box);
		await row(page, 'Came by itself').waitFor();
		await folder(page, 'inbox');
		await page.locator('.mail-row').first().waitFor();
		assert.equal(await row(page, 'Came by itself').count(), 0, box);
		await folder(page, box);
		await read(page, 'Came by itself');
		if (box === 'archive') await page.locator('.reader-bar').getByRole('button', { name: 'Move', exact: true }).click().then(() => page.getByRole('menuitem', { name: 'Inbox' }).click());
		else await page.locator('.reader-bar').getByRole('button', { name: box === 'junk' ? 'Not junk' : 'Put back into the inbox' }).click();
		await row(page, 'Came by itself').waitFor({ state: 'detached' });
	}
	await folder(page, 'inbox');
	await read(page, 'Came by itself');
	await page.locator('.shell').press('e');
	await row(page, 'Came by itself').waitFor({ state: 'detached' });
	await page.locator('.shell').press('z');
	await row(page, 'Came by itself').waitFor();
});

test('folders are made, renamed, filled by dragging, emptied and deleted', async () => {
	await folder(page, 'inbox');
	await page.locator('.folder', { hasText: 'Deposit' }).waitFor();
	await page.getByRole('button', { name: 'New folder', exact: true }).click();
	await page.locator('#folder-form input').fill('预算 2027');
	await page.locator('dialog[open] .primary').click();
	const made = page.locator('.folder', { hasText: '预算 2027' });
	await made.waitFor();
	await row(page, 'Two voices').dragTo(made);
	await row(page, 'Two voices').waitFor({ state: 'detached' });
	await back();
	await row(page, 'Two voices').waitFor();
	await made.hover();
	await made.locator('.folder-menu').click();
	await page.getByRole('menuitem', { name: 'Rename folder' }).click();
	await page.locator('#folder-form input').fill('预算 2028');
	await page.locator('dialog[open] .primary').click();
	const renamed = page.locator('.folder', { hasText: '预算 2028' });
	await renamed.waitFor();
	assert.match(await program.command('LIST "" "*"'), /&mIR7lw- 2028/);
	await renamed.hover();
	await renamed.locator('.folder-menu').click();
	await page.getByRole('menuitem', { name: 'Delete folder' }).click();
	await page.locator('dialog[open] .danger').click();
	await renamed.waitFor({ state: 'detached' });
});

test('a folder is chosen, moved and brought back as a whole', async () => {
	const n = 60;
	for (let i = 0; i < n; i++) await program.append('Deposit', letter(`Item ${i}`), '\\Seen');
	await page.locator('.folder', { hasText: 'Deposit' }).locator('a').click();
	await until('all are counted', async () => (await page.locator('.list-head .num').innerText()) === String(n));
	await page.locator('.mail-row[data-id]').first().focus();
	await page.keyboard.press('End');
	await page.locator(`.mail-row[data-id][aria-rowindex="${n}"]`).waitFor();
	await page.keyboard.press('Home');
	await page.locator('.mail-row[data-id][aria-rowindex="1"]').waitFor();
	await page.getByRole('checkbox', { name: 'Select all' }).click();
	const whole = page.getByRole('button', { name: `Select all ${n} in this folder` });
	if (await whole.count()) await whole.click();
	await page.getByRole('toolbar', { name: 'Actions' }).first().getByRole('button', { name: 'Archive' }).click();
	await until('the folder is empty for a program', async () => /\(MESSAGES 0\)/.test(await program.command('STATUS Deposit (MESSAGES)')));
	await back();
	await until('all are back', async () => new RegExp(`\\(MESSAGES ${n}\\)`).test(await program.command('STATUS Deposit (MESSAGES)')));
	await until('and seen', async () => (await page.locator('.list-head .num').innerText()) === String(n));
});

test('search understands operators in two languages, and chips take terms away', async () => {
	await program.append('INBOX', letter('=?utf-8?b?5oql5Lu35Y2V?=', { from: '=?utf-8?b?546L6IqzCg==?= <fang@outside.test>', text: '办公设备的价格' }));
	const search = async text => {
		await page.locator('#search').fill(text);
		await page.locator('#search').press('Enter');
		await page.locator('.list-head h1', { hasText: 'Search results' }).waitFor();
	};
	for (const [text, found] of [['from:emma subject:"Two voices"', 'Two voices'], ['发件人：fang 主题：报价单', '报价单'], ['价格 -emma', '报价单'], ['in:Deposit "Item 7"', 'Item 7'], ['is:starred', 'Came by itself'], ['after:2026-11-19 voices', 'Two voices']]) {
		await search(text);
		await row(page, found).waitFor();
	}
	await search('from:nobody voices');
	await page.getByText('Nothing found').waitFor();
	await page.getByRole('button', { name: /^Remove From/ }).click();
	await row(page, 'Two voices').waitFor();
	await folder(page, 'inbox');
	await page.locator('.filter-chips').getByRole('button', { name: 'Starred' }).click();
	await row(page, 'Came by itself').waitFor();
	await until('only those', async () => (await page.locator('.mail-row[data-id]').count()) < 6);
});

test('junk that is moved by hand teaches the filter', async () => {
	await program.append('INBOX', letter('Unwanted lottery'));
	await folder(page, 'inbox');
	await read(page, 'Unwanted lottery');
	await page.locator('.shell').press('!');
	await row(page, 'Unwanted lottery').waitFor({ state: 'detached' });
	await folder(page, 'junk');
	await row(page, 'Unwanted lottery').waitFor();
	await program.command('SELECT Junk');
	assert.match(await program.command('SEARCH SUBJECT "Unwanted lottery"'), /SEARCH \d/);
});

test('every key of the sheet stands there, and the list is walked without a mouse', async () => {
	await folder(page, 'inbox');
	await page.locator('.mail-row').first().waitFor();
	await page.locator('.shell').press('?');
	const sheet = await page.locator('.sheet').innerText();
	for (const name of ['Archive', 'Reply to all', 'Junk', 'Star', 'Move', 'Labels', 'Mute']) assert.ok(sheet.includes(name), name);
	await page.keyboard.press('Escape');
	await page.locator('.sheet').waitFor({ state: 'detached' });
	for (const key of ['g', 'd']) await page.keyboard.press(key);
	await page.locator('.list-head h1', { hasText: 'Drafts' }).waitFor();
	for (const key of ['g', 'i']) await page.keyboard.press(key);
	await page.locator('.list-head h1', { hasText: 'Inbox' }).waitFor();
	await page.locator('.mail-row').first().waitFor();
	await page.keyboard.press('j');
	await page.keyboard.press('o');
	await opened(page).waitFor();
	await page.keyboard.press('u');
	await page.locator('.mail-row:focus').waitFor();
});
