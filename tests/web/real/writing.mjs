/* Writing and sending. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { address, at, editor, folder, house, letterText, putAway, read, row, send, signedIn, undoTime, until, write } from './house.mjs';

let page, colleague;
before(async () => {
	page = await signedIn('wang.lei');
	colleague = await signedIn('lin.xiaomei');
});
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGNkYPjPgBcw4ZMcxgAAGZkBBXhxVbUAAAAASUVORK5CYII=', 'base64');
const chips = p => p.locator('.compose .address-chip, .compose .chip-address').allInnerTexts();
/* Letters that left the house. */
const outside = () => readdirSync(house.site.outside, { recursive: true }).filter(name => name.endsWith('.eml')).map(name => readFileSync(join(house.site.outside, name), 'utf8'));

test('an answer quotes the letter, goes to all, and is a conversation with it', async () => {
	await undoTime(page, 0);
	await undoTime(colleague, 0);
	await folder(page, 'inbox');
	await write(page, { to: `${address('lin.xiaomei')}, ${address('james.carter')}`, subject: 'Three of us', text: 'What do you think?' });
	await send(page);
	await folder(colleague, 'inbox');
	await read(colleague, 'Three of us');
	await colleague.locator('.shell').press('a');
	await editor(colleague).getByText('What do you think?').waitFor();
	assert.equal(await colleague.locator('.compose-subject').inputValue(), 'Re: Three of us');
	assert.match(await colleague.locator('.compose-fields').innerText(), /James|james\.carter/);
	await editor(colleague).focus();
	await colleague.keyboard.press('Control+Home');
	await colleague.keyboard.type('Agreed.');
	await send(colleague);
	await read(page, 'Three of us');
	await until('both letters are one conversation', async () => (await page.locator('.letter').count()) === 2);
	await letterText(page).getByText('Agreed.').waitFor();
	await row(colleague, 'Three of us').locator('svg').first().waitFor();
});

test('files and images go up, along, and come down again', async () => {
	await folder(page, 'inbox');
	await write(page, { to: address('lin.xiaomei'), subject: 'Picture and table', text: 'See the picture: ' });
	await page.evaluate(bytes => {
		const data = new DataTransfer();
		data.items.add(new File([Uint8Array.from(atob(bytes), c => c.charCodeAt(0))], 'dot.png', { type: 'image/png' }));
		document.querySelector('.editor.rich').dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
	}, PIXEL.toString('base64'));
	await page.locator('.editor.rich img').waitFor();
	await page.locator('.compose-foot input[type=file]').setInputFiles({ name: '报表 2026.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n1,2\n') });
	await page.locator('.compose', { hasText: '报表 2026.csv' }).waitFor();
	await until('everything is up', async () => (await page.locator('.compose progress, .compose [role=progressbar]').count()) === 0);
	await send(page);
	await read(colleague, 'Picture and table');
	const shown = await letterText(colleague).locator('img').first().getAttribute('src');
	assert.match(shown, /^data:image\/png;base64,iVBOR/);
	const [file] = await Promise.all([colleague.waitForEvent('download'), colleague.locator('a.file', { hasText: '报表 2026.csv' }).click()]);
	assert.equal(readFileSync(await file.path(), 'utf8'), 'a,b\n1,2\n');
	/* In an answer the picture stays, in what is passed on the file too. */
	await colleague.locator('.shell').press('f');
	await colleague.locator('.editor.rich img').waitFor();
	await colleague.locator('.compose', { hasText: '报表 2026.csv' }).waitFor();
	await colleague.locator('.address-input').first().fill(`${address('wang.lei')},`);
	await send(colleague);
	await read(page, 'Fwd: Picture and table');
	assert.match(await letterText(page).locator('img').first().getAttribute('src'), /^data:image\/png;base64,iVBOR/);
});

test('a letter goes along whole', async () => {
	await read(page, 'Fwd: Picture and table');
	await page.locator('.letter.last').getByRole('button', { name: 'More for this message' }).click();
	await page.getByRole('menuitem', { name: 'Forward as attachment' }).click();
	await page.locator('.compose', { hasText: '.eml' }).waitFor();
	await page.locator('.address-input').first().fill(`${address('lin.xiaomei')},`);
	await page.locator('.compose-subject').fill('The whole letter');
	await send(page);
	await read(colleague, 'The whole letter');
	await colleague.locator('.file', { hasText: '.eml' }).waitFor();
});

test('what is called back in time is a draft; what is not leaves though the page is gone', async () => {
	await undoTime(page, 30);
	await folder(page, 'inbox');
	await write(page, { to: address('lin.xiaomei'), subject: 'Second thoughts', text: 'No.' });
	await send(page);
	await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
	await editor(page).getByText('No.').waitFor();
	await putAway(page);
	await folder(page, 'drafts');
	await row(page, 'Second thoughts').waitFor();
	const other = await signedIn('wang.lei');
	await undoTime(other, 5);
	await folder(other, 'inbox');
	await other.locator('.mail-row').first().waitFor();
	await write(other, { to: address('lin.xiaomei'), subject: 'Sent and gone', text: 'Bye.' });
	await send(other);
	await other.close();
	await folder(colleague, 'inbox');
	await row(colleague, 'Sent and gone').waitFor();
	assert.equal(await row(colleague, 'Second thoughts').count(), 0);
	await undoTime(page, 0);
});

test('what is to leave later waits in its folder, and comes back as a draft', async () => {
	await folder(page, 'inbox');
	await write(page, { to: address('lin.xiaomei'), subject: 'Next week', text: 'Good morning.' });
	await page.getByRole('button', { name: /later/i }).click();
	await page.getByRole('menuitem').filter({ hasText: /Monday|tomorrow/i }).first().click();
	await page.locator('.compose').waitFor({ state: 'detached' });
	await folder(page, 'scheduled');
	await read(page, 'Next week');
	await page.getByRole('button', { name: 'Do not send' }).click();
	await editor(page).getByText('Good morning.').waitFor();
	await putAway(page);
	await folder(page, 'drafts');
	await row(page, 'Next week').waitFor();
	await folder(page, 'scheduled');
	await page.getByText('Nothing is scheduled').waitFor();
});

test('a scheduled letter that has left lies with what was sent', async () => {
	await folder(page, 'inbox');
	await write(page, { to: address('lin.xiaomei'), subject: 'In a moment', text: 'Soon.' });
	/* The page offers minutes; the server takes any moment. */
	await page.evaluate(() => {
		const fetch = window.fetch;
		window.fetch = (url, init) => fetch(url, typeof init?.body === 'string' && init.body.includes('HOLDUNTIL')
			? { ...init, body: init.body.replace(/"HOLDUNTIL":"[^"]*"/, `"HOLDUNTIL":"${new Date(Date.now() + 4000).toISOString().replace(/\.\d+/, '')}"`) } : init);
	});
	await page.getByRole('button', { name: /later/i }).click();
	await page.getByRole('menuitem').filter({ hasText: /Monday|tomorrow/i }).first().click();
	await page.locator('.compose').waitFor({ state: 'detached' });
	await row(colleague, 'In a moment').waitFor();
	await folder(page, 'sent');
	await row(page, 'In a moment').waitFor();
});

test('each recipient\'s fate is told; a receipt is asked for', async () => {
	await folder(page, 'inbox');
	await write(page, { to: `${address('lin.xiaomei')}, partner@outside.test, permerror@outside.test`, subject: 'To three', text: 'Hello.' });
	await page.locator('.outsiders').waitFor();
	await page.locator('.compose-foot').getByRole('button', { name: 'More' }).click();
	await page.getByRole('menuitemradio', { name: /receipt/i }).click();
	await send(page);
	await folder(page, 'sent');
	await read(page, 'To three');
	await until('all three are told', async () => {
		const text = await page.locator('.delivery').innerText().catch(() => '');
		return /Not delivered/.test(text) && !/On its way/.test(text);
	});
	await page.locator('.delivery').getByText('550').waitFor();
	await until('it reached the other house', () => outside().some(text => text.includes('Subject: To three')));
	assert.match(outside().find(text => text.includes('Subject: To three')), /^Disposition-Notification-To: .*wang\.lei@demo\.test/m);
});

test('new letters and answers are signed as their writer wants; templates fill in names', async () => {
	await page.goto(at('/settings/identities'));
	await page.locator('.list-row .button').first().click();
	const boxes = page.locator('dialog[open] .editor.rich');
	await boxes.first().locator('> *').first().waitFor();
	await boxes.first().focus();
	await page.keyboard.press('Control+a');
	await page.keyboard.type('Lei Wang, Finance');
	await page.getByRole('radio', { name: 'Another one' }).check();
	await boxes.nth(1).locator('> *').first().waitFor();
	await boxes.nth(1).focus();
	await page.keyboard.type('LW');
	await page.locator('dialog[open] footer .primary').click();
	await page.locator('dialog[open]').waitFor({ state: 'detached' });
	await page.goto(at('/settings/templates'));
	await page.getByRole('button', { name: 'New template' }).first().click();
	await page.locator('dialog[open] input').first().fill('Thanks');
	await page.locator('dialog[open] .editor.rich').focus();
	await page.keyboard.type('Dear {{recipientName}}, thank you.');
	await page.locator('dialog[open] footer .primary').click();
	await page.locator('dialog[open]').waitFor({ state: 'detached' });
	await folder(page, 'inbox');
	await write(page, { to: `林晓梅 <${address('lin.xiaomei')}>` });
	await page.locator('.letter-signature', { hasText: 'Lei Wang, Finance' }).waitFor();
	await page.getByRole('button', { name: 'Templates', exact: true }).click();
	await page.getByRole('menuitem', { name: 'Thanks' }).click();
	await editor(page).getByText('Dear 林晓梅, thank you.').waitFor();
	await putAway(page);
	await read(page, 'Three of us');
	await page.locator('.shell').press('r');
	await page.locator('.letter-signature', { hasText: /^LW$/ }).waitFor();
	await putAway(page);
});

test('two browsers at one draft: nothing is lost, both versions are there', async () => {
	const second = await signedIn('wang.lei');
	await folder(page, 'inbox');
	await write(page, { subject: 'Four hands', text: 'first ' });
	await page.locator('.compose-saved', { hasText: /\d/ }).waitFor();
	await folder(second, 'drafts');
	await read(second, 'Four hands');
	await second.getByRole('button', { name: 'Go on writing' }).click();
	await editor(second).getByText('first').waitFor();
	await editor(second).focus();
	await second.keyboard.type('from the second browser ');
	await second.locator('.compose').press('Control+s');
	await second.locator('.compose-saved', { hasText: /\d/ }).waitFor();
	await editor(page).focus();
	await page.keyboard.type('from the first browser ');
	await page.locator('.compose').press('Control+s');
	await page.locator('.compose .banner.warn').waitFor();
	await page.locator('.compose .banner.warn').getByRole('button').first().click();
	await until('both texts are open', async () => (await page.locator('.editor.rich').count()) === 2 || (await page.locator('.compose-tab').count()) > 0);
	await folder(second, 'drafts');
	await until('both versions are kept', async () => (await second.locator('.mail-row', { hasText: 'Four hands' }).count()) >= 1);
	const bodies = await second.evaluate(async () => {
		const session = await fetch('/jmap/session').then(r => r.json()), accountId = Object.keys(session.accounts)[0];
		const using = ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'];
		const answer = await fetch('/jmap/api', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Letterlock': '1' }, body: JSON.stringify({ using, methodCalls: [
			['Email/query', { accountId, filter: { subject: 'Four hands' } }, 'q'], ['Email/get', { accountId, '#ids': { resultOf: 'q', name: 'Email/query', path: '/ids' }, properties: ['preview'] }, 'g']] }) }).then(r => r.json());
		return answer.methodResponses[1][1].list.map(one => one.preview);
	});
	assert.ok(bodies.some(text => text.includes('from the second browser')) && bodies.some(text => text.includes('from the first browser')), bodies.join(' | '));
});
