/* Without a mouse, and with an input method. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { nameless, walk } from '../looks.mjs';
import { address, at, editor, folder, house, imap, letterText, opened, read, row, stranger, until, write } from './house.mjs';

const who = 'james.carter', mark = Math.random().toString(36).slice(2, 7);
const LUNCH = `Lunch ${mark}`;
let page, program;
before(async () => {
	program = await imap(who);
	await program.append('INBOX', `From: Emma Laurent <emma@outside.test>\nTo: ${address(who)}\nSubject: ${LUNCH}\nDate: Fri, 20 Nov 2026 09:00:00 +0800\nMessage-ID: <${mark}@outside.test>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\nAt noon? 中午见。\n`);
});
const focus = () => page.evaluate(() => ({ tag: document.activeElement.localName, cls: document.activeElement.className, id: document.activeElement.id }));
const tabTo = async (what, truth, most = 80) => {
	for (let i = 0; i < most; i++) {
		if (await (typeof truth === 'string' ? page.getByLabel(truth).evaluate(el => el === document.activeElement) : page.evaluate(truth))) return;
		await page.keyboard.press('Tab');
	}
	throw new Error(`Tab does not lead to ${what}`);
};

test('somebody without a mouse signs in, reads, answers, files, takes it back, searches and changes a setting', async () => {
	page = await stranger();
	await page.goto(at('/signin'));
	await page.locator('[name=username]').waitFor();
	await tabTo('the address', () => document.activeElement.name === 'username');
	await page.keyboard.type(address(who));
	await tabTo('the password', () => document.activeElement.name === 'password');
	await page.keyboard.type(house.site.person(who).password);
	await page.keyboard.press('Enter');
	await row(page, LUNCH).waitFor();
	await page.keyboard.press('Tab');
	await page.getByText('Skip to the messages').waitFor();
	await page.keyboard.press('Enter');
	await page.locator('.mail-row:focus').waitFor();
	const at_ = await page.locator('.mail-row').evaluateAll((rows, text) => rows.findIndex(one => one.textContent.includes(text)), LUNCH);
	for (let i = 0; i < at_; i++) await page.keyboard.press('ArrowDown');
	await page.locator('.mail-row:focus', { hasText: LUNCH }).waitFor();
	await page.keyboard.press('Enter');
	await opened(page).filter({ hasText: LUNCH }).waitFor();
	await letterText(page).getByText('At noon?').waitFor();
	await page.keyboard.press('r');
	await editor(page).getByText('At noon?').waitFor();
	await page.locator('.editor.rich:focus').waitFor();
	await page.keyboard.type('Gladly.');
	await page.keyboard.press('Shift+Tab');
	await until('Shift and Tab lead out of the text', async () => (await focus()).cls !== 'editor rich');
	await page.keyboard.press('Control+Enter');
	await page.locator('.compose').waitFor({ state: 'detached' });
	await page.keyboard.press('e');
	await row(page, LUNCH).waitFor({ state: 'detached' });
	await page.keyboard.press('z');
	await row(page, LUNCH).waitFor();
	await page.keyboard.press('/');
	await page.keyboard.type(`subject:"${LUNCH}"`);
	await page.keyboard.press('Enter');
	await page.locator('.list-head h1', { hasText: 'Search results' }).waitFor();
	await row(page, LUNCH).waitFor();
	await page.keyboard.press('Control+k');
	await page.locator('.palette-item').first().waitFor();
	await page.keyboard.type('relaxed');
	await page.keyboard.press('Enter');
	await until('rows are larger', () => page.evaluate(() => document.documentElement.dataset.density === 'relaxed'));
	await page.goto(at('/settings/general'));
	await page.locator('.settings-page h1').waitFor();
	await tabTo('the appearance', () => document.activeElement.type === 'radio' && !!document.activeElement.closest('fieldset, [role=radiogroup]'));
	await tabTo('the time to undo', 'Time to undo sending');
	await page.keyboard.press('Home');
	const value = await page.evaluate(() => document.activeElement.value);
	await page.reload();
	await page.getByLabel('Time to undo sending').waitFor();
	await until('the setting stays', async () => (await page.getByLabel('Time to undo sending').inputValue()) === value);
});

test('Tab leads everywhere and out again, and the focus is always to be seen', async () => {
	const found = [];
	const look = async name => {
		const { stops, hidden, trapped } = await walk(page);
		if (trapped) found.push(`${name}: Tab stays at ${trapped}`);
		if (stops.length < 5) found.push(`${name}: only ${stops.length} stops: ${stops}`);
		for (const one of hidden) found.push(`${name}: not to be seen: ${one}`);
	};
	await folder(page, 'inbox');
	await read(page, LUNCH);
	await look('letter');
	for (const path of ['/contacts', '/mail/recover', '/settings/general', '/settings/delegation', '/settings/filters', '/settings/security', '/settings/vacation']) {
		await page.goto(at(path));
		await page.locator('main h1').first().waitFor();
		await page.locator('.skeleton').first().waitFor({ state: 'detached' });
		await look(path);
	}
	await folder(page, 'inbox');
	await write(page, { subject: 'Walk' });
	await look('writing');
	await page.locator('.compose-foot').getByRole('button', { name: 'Throw away' }).click();
	await page.locator('.compose').waitFor({ state: 'detached' });
	assert.deepEqual(found, []);
});

test('Escape closes what lies over the page, one after the other, and the focus is where it was', async () => {
	await folder(page, 'inbox');
	await read(page, LUNCH);
	const steps = [
		['.account-button', '.menu'], ['.reader-bar [aria-label="Move"]', '.menu'], ['.reader-bar [aria-label="Labels"]', '.menu'],
		['.folders-head .icon-button', 'dialog[open]'], ['.letter.last [aria-label="More for this message"]', '.menu'],
	];
	for (const [from, over] of steps) {
		await page.locator(from).first().focus();
		await page.keyboard.press('Enter');
		await page.locator(over).first().waitFor();
		await page.keyboard.press('Escape');
		await page.locator(over).first().waitFor({ state: 'detached' });
		await until(`the focus is back at ${from}`, () => page.evaluate(selector => document.activeElement === document.querySelector(selector), from));
	}
	await opened(page).waitFor();
	assert.deepEqual(await nameless(page), []);
});

/* What an input method does between the first letter and the choice; Enter takes the choice. */
async function compose(field, text) {
	await field.focus();
	const devices = await page.context().newCDPSession(page);
	for (const part of ['z', 'zh', 'zho', 'zhong']) {
		await devices.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', key: 'Process', code: 'KeyZ', windowsVirtualKeyCode: 229, nativeVirtualKeyCode: 229 });
		await devices.send('Input.imeSetComposition', { text: part, selectionStart: part.length, selectionEnd: part.length });
	}
	for (const key of ['Enter', 'Escape', 'ArrowDown', ' ']) await field.evaluate((el, key) => el.dispatchEvent(new KeyboardEvent('keydown', { key, keyCode: 229, isComposing: true, bubbles: true, cancelable: true })), key);
	await devices.send('Input.insertText', { text });
	/* Safari's order: the Enter that took the choice comes behind the end of the composition. */
	await field.evaluate(el => {
		el.dispatchEvent(new CompositionEvent('compositionend', { bubbles: true }));
		el.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 13, bubbles: true, cancelable: true }));
	});
	await devices.detach();
}
const holds = (field, text) => until(`it says ${text}`, async () => (await field.evaluate(el => el.value ?? el.textContent)).includes(text));

test('an input method has its keys for itself in every field', async () => {
	await folder(page, 'inbox');
	await page.locator('.mail-row').first().waitFor();
	const search = page.locator('#search');
	await compose(search, '中午');
	await holds(search, '中午');
	assert.ok(!page.url().includes('/search'));
	await search.press('Enter');
	await row(page, LUNCH).waitFor();
	await folder(page, 'inbox');
	await page.locator('.mail-row').first().waitFor();
	await write(page, {});
	for (const selector of ['.compose-subject', '.editor.rich', '.address-input']) {
		const field = page.locator(selector).first();
		await compose(field, '中文');
		await holds(field, '中文');
		await page.locator('.compose').waitFor();
		assert.equal(await page.locator('.address-chip, .compose dialog[open]').count(), 0, selector);
	}
	await page.locator('.address-input').first().fill('');
	await page.locator('.compose-foot').getByRole('button', { name: 'Throw away' }).click();
	await page.locator('.compose').waitFor({ state: 'detached' });
	await page.getByRole('button', { name: 'New folder', exact: true }).click();
	const name = page.locator('#folder-form input');
	await compose(name, '中央');
	await holds(name, '中央');
	await page.locator('dialog[open]').waitFor();
	await page.keyboard.press('Escape');
	await page.locator('dialog[open]').waitFor({ state: 'detached' });
	assert.equal(await page.locator('.folder', { hasText: '中央' }).count(), 0);
	await page.keyboard.press('Control+k');
	const palette = page.locator('.palette-field input');
	await compose(palette, '中');
	await palette.waitFor();
	await page.keyboard.press('Escape');
	await page.goto(at('/contacts?own'));
	const people = page.locator('#book-search');
	await compose(people, '中');
	await holds(people, '中');
	assert.equal((await focus()).id, 'book-search');
	await people.fill('');
	await page.locator('.people-pane .list-head [aria-haspopup=menu]').click();
	await page.getByRole('menuitem', { name: 'New group' }).click();
	const group = page.locator('dialog[open] input');
	await compose(group, '中心');
	await holds(group, '中心');
	await page.locator('dialog[open]').waitFor();
	await page.keyboard.press('Escape');
	await page.locator('dialog[open]').waitFor({ state: 'detached' });
	assert.equal(await page.locator('[role=treeitem]', { hasText: '中心' }).count(), 0);
});
