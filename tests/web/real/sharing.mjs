/* Mailboxes of others, and what was deleted. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { address, at, editor, folder, imap, letterText, opened, read, row, send, signedIn, undoTime, until } from './house.mjs';

const OWNER = 'chen.yu';
/* Unlike any other: stories may be told again on the same site. */
const mark = Math.random().toString(36).slice(2, 7);
const CHAIRS = `Offer for chairs ${mark}`, EYES = `For eyes only ${mark}`, PLAN = `Floor plan ${mark}`, INVOICE = `Old invoice ${mark}`, JOKE = `Old joke ${mark}`;
let owner, program;
before(async () => (program = await imap(OWNER)));
const letter = (subject, { text = 'A few words.', to = OWNER } = {}) =>
	`From: Emma Laurent <emma@outside.test>\nTo: ${address(to)}\nSubject: ${subject}\nDate: Fri, 20 Nov 2026 09:00:00 +0800\nMessage-ID: <${subject.replace(/\W/g, '')}@outside.test>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n${text}\n`;
const shared = page => page.locator('.shared-folders', { hasText: '陈宇' });
const inTheirs = async (page, name) => {
	await shared(page).locator('.folder > a', { hasText: name }).first().click();
	await page.locator('.list-head h1', { hasText: name }).waitFor();
	/* The folders are not to be seen everywhere: whose it is stands above the list. */
	await page.locator('.list-head .chip', { hasText: '陈宇' }).waitFor();
};

async function letIn(who, role, days) {
	await owner.goto(at('/settings/delegation'));
	await owner.getByRole('button', { name: 'Let somebody in' }).first().click();
	await owner.getByLabel('Address').fill(address(who));
	await owner.getByLabel('May').selectOption(role);
	await owner.getByLabel('For how long').selectOption(String(days));
	await owner.locator('dialog[open]').getByRole('button', { name: 'Let in' }).click();
	await owner.locator('dialog[open]').waitFor({ state: 'detached' });
	await owner.locator('.list-row', { hasText: address(who) }).first().waitFor();
}

test('who is let in finds the mailbox beside the own one, reads there, and answers for its owner', async () => {
	await program.append('INBOX', letter(CHAIRS));
	/* Not before: who signs out all others means this one too. */
	owner = await signedIn(OWNER);
	await letIn('anna.schmidt', 'secretary', 30);
	const page = await signedIn('anna.schmidt');
	await undoTime(page, 0);
	await folder(page, 'inbox');
	assert.equal(await page.locator('.list-head .chip').count(), 0);
	await inTheirs(page, 'Inbox');
	await read(page, CHAIRS);
	await letterText(page).getByText('A few words').waitFor();
	await page.locator('.shell').press('r');
	await editor(page).getByText('A few words').waitFor();
	await page.locator('.compose.for-other', { hasText: 'For 陈宇' }).waitFor();
	assert.match(await page.locator('.from-button').innerText(), /chen\.yu@demo\.test/);
	await page.locator('.address-chip-remove').first().click();
	await page.locator('.address-input').first().fill(`${address('wang.lei')},`);
	await send(page);
	const reader = await signedIn('wang.lei');
	await read(reader, `Re: ${CHAIRS}`);
	await reader.locator('.letter-sender', { hasText: /Sent by .*(Anna|anna\.schmidt).* for 陈宇/ }).waitFor();
	await folder(owner, 'sent');
	await row(owner, `Re: ${CHAIRS}`).waitFor();
	await owner.goto(at('/settings/delegation'));
	await until('the owner sees what was done', async () => {
		const text = await owner.locator('.settings-page').innerText();
		return text.includes('sent') && text.includes('anna.schmidt');
	});
});

test('who may only read is offered nothing else, and reading changes nothing', async () => {
	await program.append('INBOX', letter(EYES));
	await letIn('james.carter', 'reader', 0);
	const page = await signedIn('james.carter');
	await inTheirs(page, 'Inbox');
	await read(page, EYES);
	await letterText(page).getByText('A few words').waitFor();
	const bar = page.locator('.reader-bar');
	for (const name of ['Archive', 'Delete', 'Junk', 'Mark as unread', 'Move', 'Labels']) assert.equal(await bar.getByRole('button', { name, exact: true }).count(), 0, name);
	assert.equal(await page.locator('.letter-tools').getByRole('button', { name: 'Star' }).count(), 0);
	for (const key of ['e', '#', '!', 's', 'Shift+U', 'l', 'v', 'm']) await page.locator('.shell').press(key);
	await page.locator('.mail-row[aria-selected=true]').waitFor();
	assert.equal(await page.locator('.menu, .toast').count(), 0, await page.locator('.toast').allInnerTexts().then(String));
	await program.command('SELECT INBOX');
	assert.match(await program.command(`SEARCH UNSEEN SUBJECT "${EYES}"`), /SEARCH \d/);
	/* An answer is the reader's own letter. */
	await page.locator('.shell').press('r');
	await editor(page).waitFor();
	assert.equal(await page.locator('.compose.for-other').count(), 0);
	await page.locator('.compose-foot').getByRole('button', { name: 'Throw away' }).click();
	await page.locator('.compose').waitFor({ state: 'detached' });
	/* There is nothing of this in mailboxes that nobody opened. */
	assert.equal(await page.locator('.shared-folders').count(), 1);
});

test('who may do everything files in there, and moves letters between the mailboxes', async () => {
	await program.append('INBOX', letter(PLAN));
	await letIn('wang.lei', 'partner', 7);
	const page = await signedIn('wang.lei');
	await inTheirs(page, 'Inbox');
	await read(page, PLAN);
	await page.locator('.shell').press('e');
	await row(page, PLAN).waitFor({ state: 'detached' });
	await until('it is archived there', async () => /\(MESSAGES [1-9]/.test(await program.command('STATUS Archive (MESSAGES)')));
	await page.locator('.shell').press('z');
	await row(page, PLAN).waitFor();
	await row(page, PLAN).dragTo(page.locator('.folders > ul').first().locator('.folder', { hasText: 'Archive' }));
	await row(page, PLAN).waitFor({ state: 'detached' });
	await folder(page, 'archive');
	await read(page, PLAN);
	await letterText(page).getByText('A few words').waitFor();
});

test('who is let out loses it', async () => {
	const page = await signedIn('james.carter');
	await inTheirs(page, 'Inbox');
	await row(page, EYES).waitFor();
	await owner.goto(at('/settings/delegation'));
	for (const who of ['james.carter', 'anna.schmidt', 'wang.lei']) {
		const line = owner.locator('.list-row', { hasText: address(who), has: owner.getByRole('button', { name: 'Withdraw' }) });
		await line.getByRole('button', { name: 'Withdraw' }).click();
		await owner.locator('dialog[open]').getByRole('button', { name: 'Withdraw' }).click();
		await line.waitFor({ state: 'detached' });
	}
	await page.reload();
	await page.locator('.folders').waitFor();
	await until('it is gone', async () => (await page.locator('.shared-folders').count()) === 0);
	assert.equal(await row(page, EYES).count(), 0);
	await folder(page, 'inbox');
	await page.locator('.mail-row').first().waitFor();
});

test('what was deleted for good is found, and comes back where it was', async () => {
	for (const name of [INVOICE, JOKE]) await program.append('INBOX', letter(name));
	await folder(owner, 'inbox');
	for (const name of [INVOICE, JOKE]) {
		await read(owner, name);
		await owner.locator('.shell').press('#');
		await row(owner, name).waitFor({ state: 'detached' });
	}
	await folder(owner, 'trash');
	await row(owner, INVOICE).waitFor();
	await owner.locator('.folder', { hasText: 'Trash' }).hover();
	await owner.locator('.folder', { hasText: 'Trash' }).locator('.folder-menu').click();
	await owner.getByRole('menuitem', { name: 'Empty' }).click();
	await owner.locator('dialog[open] .danger').click();
	await owner.getByText('Trash is empty').waitFor();
	await owner.getByRole('link', { name: 'Recover deleted' }).click();
	await owner.getByRole('rowheader', { name: JOKE }).waitFor();
	await owner.getByRole('searchbox', { name: 'Subject, name or address' }).fill('invoice');
	await owner.getByRole('rowheader', { name: JOKE }).waitFor({ state: 'detached' });
	await owner.getByRole('button', { name: `Restore “${INVOICE}”` }).click();
	await owner.getByRole('rowheader', { name: INVOICE }).waitFor({ state: 'detached' });
	await owner.getByRole('searchbox', { name: 'Subject, name or address' }).fill('');
	await owner.getByRole('rowheader', { name: JOKE }).waitFor();
	/* Out of the trash it comes into the inbox. */
	await folder(owner, 'inbox');
	await read(owner, INVOICE);
	await letterText(owner).getByText('A few words').waitFor();
	/* A mail program deletes for good as well. */
	await program.command('SELECT INBOX');
	const number = /SEARCH (\d+)/.exec(await program.command(`SEARCH SUBJECT "${INVOICE}"`))[1];
	await program.command(`STORE ${number} +FLAGS (\\Deleted)`);
	await program.command('EXPUNGE');
	await row(owner, INVOICE).waitFor({ state: 'detached' });
	await folder(owner, 'recover');
	await owner.getByRole('button', { name: `Restore “${INVOICE}”` }).click();
	await folder(owner, 'inbox');
	await row(owner, INVOICE).waitFor();
	assert.equal(await opened(owner).count(), 0);
});
