/* Letters that are read here and nowhere else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address, folder, imap, letterText, read, row, send, signedIn, undoTime, until, write } from './house.mjs';

let writer, reader, program;
const SUBJECT = 'Under your name only', SECRET = 'The figures are forty-two';
const confide = async name => {
	await writer.locator('.compose-foot').getByRole('button', { name: /^Confidential/ }).click();
	await writer.getByRole('menuitemradio', { name }).click();
};

test('a confidential letter does not go to anybody outside', async () => {
	/* Not before it is their turn: a page that nobody touches is locked. */
	writer = await signedIn('chen.yu');
	reader = await signedIn('anna.schmidt');
	program = await imap('anna.schmidt');
	for (const page of [writer, reader]) {
		await undoTime(page, 0);
		await folder(page, 'inbox');
	}
	await write(writer, { to: `${address('anna.schmidt')}, partner@outside.test`, subject: SUBJECT, text: SECRET });
	await confide('For 1 week');
	await writer.locator('.sealed-strip.bad').waitFor();
	await writer.locator('.compose-subject').press('Control+Enter');
	await writer.locator('.compose .banner.bad', { hasText: 'Somebody outside' }).waitFor();
	await writer.locator('.sealed-strip.bad').getByRole('button', { name: 'Remove' }).click();
	await writer.locator('.sealed-strip.bad').waitFor({ state: 'detached' });
	await writer.setInputFiles('.compose-foot input[type=file]', [{ name: 'figures.txt', mimeType: 'text/plain', buffer: Buffer.from('forty-two') }]);
	await writer.locator('.attached').waitFor();
	await until('it leaves', async () => { await writer.locator('.compose-subject').press('Control+Enter', { timeout: 2000 }).catch(() => {}); return (await writer.locator('.compose').count()) === 0; });
});

test('its reader sees it under the own name, and nothing takes it away', async () => {
	await row(reader, SUBJECT).waitFor();
	assert.match(await row(reader, SUBJECT).getAttribute('aria-label'), /Confidential/);
	await read(reader, SUBJECT);
	await letterText(reader).getByText(SECRET).waitFor();
	const page = await letterText(reader).locator('html').evaluate(html => html.outerHTML);
	const mark = [...page.matchAll(/data:image\/svg\+xml;base64,([\w+/=]+)/g)].map(([, text]) => Buffer.from(text, 'base64').toString()).join();
	assert.ok(mark.includes(address('anna.schmidt')), 'the mark names who looks');
	await reader.locator('.banner', { hasText: 'Confidential letter' }).waitFor();
	await reader.locator('.letter-files').getByRole('button', { name: /figures\.txt/ }).waitFor();
	assert.equal(await reader.locator('.letter-files').getByRole('link').count(), 0);
	await reader.locator('.shell').press('f');
	await reader.locator('.toast', { hasText: 'cannot be forwarded' }).first().waitFor();
	await program.command('SELECT INBOX');
	const number = /\* SEARCH (\d+)/.exec(await program.command(`SEARCH SUBJECT "${SUBJECT}"`))[1];
	const bytes = await program.command(`FETCH ${number} BODY.PEEK[]`);
	assert.ok(bytes.includes('confidential.letterlock') && !bytes.includes('forty-two'), bytes.slice(0, 2000));
});

test('an answer quotes nothing of it', async () => {
	await reader.locator('.shell').press('r');
	await reader.locator('.editor.rich[contenteditable=true]').waitFor();
	assert.ok(!(await reader.locator('.editor.rich').innerText()).includes('forty-two'));
	await reader.keyboard.type('I have seen it.');
	await send(reader);
	await row(writer, SUBJECT).waitFor();
});

test('it is taken back although it was read', async () => {
	await folder(writer, 'sent');
	await read(writer, SUBJECT);
	const strip = writer.locator('.delivery').first();
	await strip.locator('summary').click();
	await strip.getByRole('button', { name: 'Recall' }).click();
	await writer.locator('dialog[open]', { hasText: 'also where it was read' }).getByRole('button', { name: 'Recall' }).click();
	await strip.getByText('Recalled: 1 of 1').waitFor();
	await until('no program finds it', async () => !/\* SEARCH \d/.test(await program.command(`SEARCH SUBJECT "${SUBJECT}" FROM "${address('chen.yu')}"`)));
});
