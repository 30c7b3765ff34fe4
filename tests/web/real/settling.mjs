/* Settings that the server keeps, and what other programs make of them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { address, at, editor, folder, imap, row, read, send, sieve, signedIn, undoTime, until, write } from './house.mjs';

let page, colleague;
before(async () => {
	page = await signedIn('james.carter');
	colleague = await signedIn('lin.xiaomei');
});

test('what one prefers is the same in another browser, at once', async () => {
	const other = await signedIn('james.carter');
	await page.goto(at('/settings/general'));
	await other.goto(at('/settings/general'));
	await page.getByRole('radio', { name: 'Dark' }).check({ force: true });
	await page.getByLabel('Images from elsewhere').selectOption('never');
	await until('the other one is dark', () => other.evaluate(() => document.documentElement.dataset.theme === 'dark'));
	await until('and fetches nothing', async () => (await other.getByLabel('Images from elsewhere').inputValue()) === 'never');
	await page.getByLabel('Language').selectOption('zh-TW');
	await other.getByRole('heading', { name: '一般' }).waitFor();
	assert.equal(await other.evaluate(() => document.documentElement.lang), 'zh-TW');
	await other.getByLabel('語言').selectOption('en');
	await page.getByRole('heading', { name: 'General' }).waitFor();
	const third = await signedIn('james.carter');
	await until('a new browser begins so', () => third.evaluate(() => document.documentElement.dataset.theme === 'dark'));
	await page.getByRole('radio', { name: 'Compact' }).check({ force: true });
	await folder(page, 'inbox');
	await page.locator('.mail-row.one').first().waitFor();
	await page.goto(at('/settings/general'));
	await page.getByRole('radio', { name: 'Cosy' }).check({ force: true });
});

test('who is away tells colleagues and others different things', async () => {
	await page.goto(at('/settings/vacation'));
	await page.locator('[role=switch]').click();
	await page.getByLabel('For colleagues').fill('I am at the lake. Ask Anna.');
	await page.getByLabel('For everybody else').fill('Out of office.');
	await page.locator('.card .primary').click();
	await page.locator('.toast', { hasText: 'Saved' }).waitFor();
	await undoTime(colleague, 0);
	await folder(colleague, 'inbox');
	await write(colleague, { to: address('james.carter'), subject: 'Lunch?', text: 'Today.' });
	await send(colleague);
	await row(colleague, 'I am at the lake').waitFor();
	assert.equal(await row(colleague, 'Out of office').count(), 0);
	await page.reload();
	await page.getByLabel('For colleagues').waitFor();
	assert.equal(await page.getByLabel('For colleagues').inputValue(), 'I am at the lake. Ask Anna.');
	await page.locator('[role=switch]').click();
	await page.locator('.card .primary').click();
	await page.locator('.toast', { hasText: 'Saved' }).first().waitFor();
});

test('filters of the page and of another program leave each other alone', async () => {
	const program = await sieve('james.carter');
	const theirs = 'require "fileinto";\r\nif header :contains "subject" "by-hand" {\r\n\tfileinto "Archive";\r\n}\r\n';
	const before = await program.active();
	await program.put(before ?? 'own', theirs);
	if (!before) await program.activate('own');
	await page.goto(at('/settings/filters'));
	await page.getByRole('button', { name: 'New filter' }).first().click();
	await page.getByLabel('Name').fill('Reports');
	await page.getByLabel('What is looked at').selectOption('subject');
	await page.getByRole('textbox', { name: 'Text' }).fill('weekly-report');
	await page.getByLabel('What is done').selectOption('star');
	await page.locator('dialog[open] .primary').click();
	await page.locator('dialog[open]').waitFor({ state: 'detached' });
	await page.locator('.list-row', { hasText: 'Reports' }).waitFor();
	const name = await program.active(), script = await program.get(name);
	assert.ok(script.includes('by-hand') && script.includes('weekly-report'), script);
	await program.put(name, `${script}\r\n# a note of the program\r\n`);
	await page.reload();
	await page.locator('.list-row', { hasText: 'Reports' }).waitFor();
	await folder(colleague, 'inbox');
	for (const subject of ['by-hand one', 'weekly-report two']) {
		await write(colleague, { to: address('james.carter'), subject, text: 'x' });
		await send(colleague);
	}
	await folder(page, 'archive');
	await row(page, 'by-hand one').waitFor();
	await folder(page, 'starred');
	await row(page, 'weekly-report two').waitFor();
	program.close();
});

test('letters come in and go out as files', async () => {
	await page.goto(at('/settings/data'));
	const one = n => `From: a${n}@outside.test\r\nTo: ${address('james.carter')}\r\nSubject: Imported ${n}\r\nDate: Mon, 02 Nov 2026 10:0${n}:00 +0000\r\nMessage-ID: <imported${n}@outside.test>\r\n\r\nFrom here on, text ${n}.\r\n`;
	const mbox = `From a1@outside.test Mon Nov  2 10:01:00 2026\n${one(1).replace(/\r/g, '').replace('\nFrom here', '\n>From here')}\nFrom a2@outside.test Mon Nov  2 10:02:00 2026\n${one(2).replace(/\r/g, '').replace('\nFrom here', '\n>From here')}\n`;
	await page.locator('input[type=file]').setInputFiles([{ name: 'three.eml', mimeType: 'message/rfc822', buffer: Buffer.from(one(3)) }, { name: 'two.mbox', mimeType: 'application/mbox', buffer: Buffer.from(mbox) }]);
	await page.locator('.banner.ok').waitFor();
	await folder(page, 'inbox');
	for (const n of [1, 2, 3]) await row(page, `Imported ${n}`).waitFor();
	await page.goto(at('/settings/data'));
	const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export' }).click()]);
	const text = readFileSync(await file.path(), 'utf8');
	for (const n of [1, 2, 3]) assert.ok(text.includes(`Subject: Imported ${n}`), String(n));
	assert.ok(text.includes('\n>From here on, text 1.'));
});

test('a muted conversation goes past the inbox from then on', async () => {
	await folder(colleague, 'inbox');
	await write(colleague, { to: address('james.carter'), subject: 'Loud talk', text: 'One.' });
	await send(colleague);
	await folder(page, 'inbox');
	await read(page, 'Loud talk');
	await page.locator('.shell').press('m');
	await row(page, 'Loud talk').waitFor({ state: 'detached' });
	await folder(colleague, 'sent');
	await read(colleague, 'Loud talk');
	await colleague.locator('.shell').press('r');
	await editor(colleague).getByText('One.').waitFor();
	await send(colleague);
	const program = await imap('james.carter');
	await program.command('SELECT Archive');
	await until('the answer is in the archive', async () => /SEARCH \d+ \d+/.test(await program.command('SEARCH SUBJECT "Loud talk"')));
	program.close();
	await folder(page, 'archive');
	await row(page, 'Loud talk').waitFor();
});
