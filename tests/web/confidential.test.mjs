/* Stories about confidential letters: over mail in memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axe, opened, picture, rig, row, until } from './rig.mjs';

const { visit } = await rig();
const STUB = 'This is a confidential letter. Open it in the webmail.';
const SOON = '2099-12-01T00:00:00Z', OVER = '2020-12-01T00:00:00Z';
const ANNA = { name: 'Anna Schmidt', email: 'anna.schmidt@demo.test' };
const PLAN = { blobId: 'Cx-3', name: 'plan.pdf', type: 'application/pdf', size: 12345 };

const arrive = (mail, subject, more = {}) => mail.arrive({
	subject, from: [ANNA], mailboxIds: { inbox: true }, preview: STUB, html: `<p>${STUB}</p>`, inner: '<p>The figures of the merger.</p>', hidden: [PLAN], hasAttachment: true, headers: {},
	attachments: [{ partId: '2', blobId: 'b-x', size: 900, name: 'confidential.letterlock', type: 'application/vnd.letterlock.confidential', charset: null, disposition: 'attachment', cid: null }],
	confidential: { state: 'open', expires: SOON }, ...more,
});

async function begin(more = {}) {
	const found = await visit('/mail', { ...more, site: { confidential: {}, ...more.site } });
	await row(found.page, 'Emma Laurent').waitFor();
	return found;
}

const frame = page => page.frameLocator('.letter.last .mail-frame');
const toast = (page, text) => page.locator('.toast', { hasText: text }).first().waitFor();

test('a confidential letter is marked in the list and read under one\'s own name', async () => {
	const { page, mail } = await begin();
	arrive(mail, 'The merger');
	await row(page, 'The merger').waitFor();
	assert.match(await row(page, 'The merger').getAttribute('aria-label'), /^unread, Anna Schmidt, The merger, Confidential/);
	assert.ok(!(await row(page, 'The merger').innerText()).includes(STUB));
	await row(page, 'The merger').click();
	await frame(page).getByText('The figures of the merger.').waitFor();
	await frame(page).getByText('lin.xiaomei@demo.test').waitFor();
	const banner = page.locator('.banner', { hasText: 'Confidential letter' });
	assert.match(await banner.innerText(), /under your name, until .*2099.*cannot be forwarded, copied, printed or downloaded/);
	assert.equal(await page.locator('.letter-files').getByRole('link').count(), 0, 'nothing to download');
	assert.ok(!(await page.locator('.letter-files').innerText()).includes('letterlock'));
	await page.getByRole('button', { name: /plan\.pdf/ }).click();
	await page.locator('.viewer-page[aria-busy=false]').waitFor();
	assert.equal(await page.locator('.viewer').getByRole('link').count(), 0);
	await page.keyboard.press('Escape');
	await page.locator('.viewer').waitFor({ state: 'detached' });
	assert.deepEqual(page.errors, []);
});

test('it is not passed on, printed or moved away: nothing offers it, and the keys say why', async () => {
	const { page, mail } = await begin();
	arrive(mail, 'The merger');
	await row(page, 'The merger').click();
	await frame(page).getByText('The figures of the merger.').waitFor();
	assert.equal(await page.locator('.reply-bar').getByRole('button', { name: 'Forward' }).count(), 0);
	await page.locator('.letter.last').getByRole('button', { name: 'More for this message' }).click();
	const items = await page.getByRole('menuitem').allInnerTexts();
	assert.ok(items.some(one => /Details/.test(one)));
	assert.ok(!items.some(one => /Print|Forward|source/i.test(one)), items.join());
	await page.keyboard.press('Escape');
	await page.keyboard.press('f');
	await toast(page, 'A confidential letter cannot be forwarded');
	await page.keyboard.press('Control+p');
	await toast(page, 'A confidential letter cannot be printed');
	assert.equal(await page.locator('.compose').count(), 0);
	await page.locator('.shell').press('r');
	await page.locator('.editor.rich[contenteditable=true]').waitFor();
	const text = await page.locator('.editor.rich').innerText();
	assert.ok(!/merger|confidential letter/.test(text), text);
	assert.equal(await page.locator('.address-chip-text').first().innerText(), 'Anna Schmidt');
	assert.deepEqual(page.errors, []);
});

test('what leaves later leaves before its time is over', async () => {
	const { page, mail } = await begin();
	await write(page, 'anna.schmidt@demo.test');
	await confide(page, 'Until a date');
	const ahead = hours => new Date(Date.now() + (8 + hours) * 3_600_000).toISOString().slice(0, 16);
	await page.locator('dialog[open] input').fill(ahead(3));
	await page.getByRole('button', { name: 'Make confidential' }).click();
	const later = async hours => {
		await page.locator('.compose').getByRole('button', { name: 'Send later' }).click();
		await page.getByRole('menuitem', { name: 'Choose date and time' }).click();
		await page.locator('dialog[open] input').fill(ahead(hours));
		await page.locator('dialog[open] .button.primary').click();
	};
	await later(5);
	await page.locator('.compose .banner.bad', { hasText: 'Send it earlier, or choose a later end' }).waitFor();
	assert.equal(mail.submissions.size, 0);
	await later(2);
	await page.locator('.compose').waitFor({ state: 'detached' });
	await until('it waits', () => mail.submissions.size === 1);
	assert.deepEqual(page.errors, []);
});

test('when its time is over it says so and shows nothing', async () => {
	const { page, mail } = await begin();
	arrive(mail, 'Long ago', { confidential: { state: 'expired', expires: OVER } });
	await row(page, 'Long ago').click();
	const state = page.locator('.letter .state', { hasText: 'The time of this letter is over' });
	await state.waitFor();
	assert.match(await state.innerText(), /2020.*Anna Schmidt/s);
	assert.equal(await page.locator('.mail-frame').count(), 0);
	/* One whose time ends between the list and the opening. */
	const id = arrive(mail, 'Just now');
	await row(page, 'Just now').waitFor();
	mail.emails.get(id).confidential = { state: 'expired', expires: OVER };
	await row(page, 'Just now').click();
	await opened(page).filter({ hasText: 'Just now' }).waitFor();
	await state.waitFor();
	assert.deepEqual(page.errors, []);
});

test('a copy that came another way is told to be hollow', async () => {
	const { page, mail } = await begin();
	arrive(mail, 'Passed on', { confidential: null });
	await row(page, 'Passed on').click();
	await page.locator('.banner', { hasText: 'only the outside' }).waitFor();
	await frame(page).getByText(STUB).waitFor();
	assert.deepEqual(page.errors, []);
});

/* ---- writing ---- */

async function write(page, to) {
	await page.locator('.shell').press('c');
	await page.locator('.editor.rich[contenteditable=true]').waitFor();
	await page.locator('.address-input').first().fill(`${to},`);
	await page.locator('.compose-subject').fill('The merger');
}

async function confide(page, name) {
	await page.locator('.compose-foot').getByRole('button', { name: /^Confidential/ }).click();
	await page.getByRole('menuitemradio', { name }).click();
}

const fieldOf = mail => [...mail.emails.values()].find(e => e.mailboxIds.sent && e.subject === 'The merger')?.headers['Letterlock-Confidential'];

test('a letter is made confidential for a week, counted from when it is sent', async () => {
	const { page, mail } = await begin();
	await write(page, 'anna.schmidt@demo.test');
	await confide(page, 'For 1 week');
	assert.match(await page.locator('.sealed-strip').innerText(), /Only colleagues can read it, for 7 days after sending\..*subject stays visible/);
	const before = Date.now();
	await page.keyboard.press('Control+Enter');
	await until('it is sent', () => fieldOf(mail));
	const end = Date.parse(/^expires=(\S+Z)$/.exec(fieldOf(mail))[1]);
	assert.ok(end >= before - 1000 + 7 * 86_400_000 && end <= Date.now() + 7 * 86_400_000, fieldOf(mail));
	assert.deepEqual(page.errors, []);
});

test('who is outside is marked, and sending says why it does not go', async () => {
	const { page, mail } = await begin();
	await write(page, 'anna.schmidt@demo.test, emma@outside.test');
	await confide(page, 'Without end');
	const strip = page.locator('.sealed-strip.bad');
	assert.match(await strip.innerText(), /1 recipient is outside and cannot read a confidential letter/);
	assert.match(await page.locator('.address-chip.invalid button').first().getAttribute('aria-label'), /outside, cannot read a confidential letter/);
	await page.keyboard.press('Control+Enter');
	await page.locator('.compose .banner.bad', { hasText: 'Somebody outside cannot read' }).waitFor();
	assert.equal(mail.submissions.size, 0);
	await strip.getByRole('button', { name: 'Remove' }).click();
	await strip.waitFor({ state: 'detached' });
	assert.deepEqual(await page.locator('.address-chip-text').allInnerTexts(), ['anna.schmidt@demo.test']);
	/* What the server alone can know: somebody behind a list. */
	mail.refused = { type: 'invalidRecipients', invalidRecipients: ['all@demo.test'] };
	await page.keyboard.press('Control+Enter');
	await page.locator('.compose .banner.bad', { hasText: 'all@demo.test' }).waitFor();
	mail.refused = null;
	await page.keyboard.press('Control+Enter');
	await until('it is sent', () => fieldOf(mail));
	assert.equal(fieldOf(mail), 'yes');
	assert.deepEqual(page.errors, []);
});

test('it stays confidential as a draft, until a date; where that is over it does not go', async () => {
	const { page, mail } = await begin();
	await write(page, 'anna.schmidt@demo.test');
	await confide(page, 'Until a date');
	await page.locator('dialog[open] input').fill('2098-03-04T05:06');
	await page.getByRole('button', { name: 'Make confidential' }).click();
	await page.locator('.compose').press('Escape');
	await page.locator('.compose').waitFor({ state: 'detached' });
	const kept = [...mail.emails.values()].find(e => e.mailboxIds.drafts && e.subject === 'The merger');
	assert.equal(kept.headers['Letterlock-Confidential'], 'expires=2098-03-03T21:06:00Z');
	kept.headers['Letterlock-Confidential'] = 'expires=2020-03-03T21:06:00Z';
	await page.goto(new URL(`/mail/drafts?compose=draft&id=${kept.id}`, page.url()).href);
	await page.locator('.sealed-strip', { hasText: '2020' }).waitFor();
	await page.locator('.compose-subject').press('Control+Enter');
	await page.locator('.compose .banner.bad', { hasText: 'is over' }).waitFor();
	await confide(page, 'Not confidential');
	await page.locator('.sealed-strip').waitFor({ state: 'detached' });
	assert.deepEqual(page.errors, []);
});

test('no longer is offered than the organisation allows, and nothing where it allows none', async () => {
	const { page } = await begin({ site: { confidential: { confidentialLongest: 604800 } } });
	await page.locator('.shell').press('c');
	await page.locator('.editor.rich[contenteditable=true]').waitFor();
	await page.locator('.compose-foot').getByRole('button', { name: 'Confidential' }).click();
	assert.deepEqual((await page.getByRole('menuitemradio').allInnerTexts()).map(one => one.trim()), ['Not confidential', 'For 1 day', 'For 1 week', 'Until a date…']);
	const other = await begin({ site: { confidential: { confidential: false } } });
	await other.page.locator('.shell').press('c');
	await other.page.locator('.editor.rich[contenteditable=true]').waitFor();
	assert.equal(await other.page.locator('.compose-foot').getByRole('button', { name: 'Confidential' }).count(), 0);
});

test('a confidential letter is taken back even where it was read', async () => {
	const { page, mail } = await begin();
	const id = mail.arrive({ subject: 'The merger', from: [{ name: '林晓梅', email: 'lin.xiaomei@demo.test' }], to: [ANNA], mailboxIds: { sent: true }, headers: { 'Letterlock-Confidential': 'yes' }, html: '<p>Mine</p>' });
	mail.submissions.set('s1', { id: 's1', emailId: id, undoStatus: 'final', sendAt: new Date().toISOString(), deliveryStatus: { [ANNA.email]: { smtpReply: '250 2.0.0 Ok', delivered: 'yes', displayed: 'yes' } }, confidential: true, recall: null });
	await page.goto(new URL('/mail/sent', page.url()).href);
	assert.match(await row(page, 'The merger').getAttribute('aria-label'), /Confidential/);
	await row(page, 'The merger').click();
	await page.locator('.banner', { hasText: 'This copy is yours' }).waitFor();
	await page.locator('.delivery summary').click();
	await page.locator('.delivery').getByRole('button', { name: 'Recall' }).click();
	await page.locator('dialog[open]', { hasText: 'also where it was read' }).getByRole('button', { name: 'Recall' }).click();
	await until('it is asked for', () => mail.submissions.get('s1').recall === 'any');
});

for (const [locale, theme, width] of [['en', 'light', 1360], ['zh-CN', 'dark', 1360], ['zh-TW', 'light', 375], ['en', 'dark', 320]]) {
	test(`everybody can use it: ${locale}, ${theme}, ${width} px`, async () => {
		const { page, mail } = await begin({ locale, theme, width, height: 800, reducedMotion: 'reduce' });
		const broken = [];
		const look = async name => {
			await picture(page, `confidential-${name}-${locale}-${theme}-${width}`);
			broken.push(...(await axe(page)).map(one => `${name}: ${one}`));
			if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) broken.push(`${name}: wider than the screen`);
		};
		arrive(mail, 'The merger');
		arrive(mail, 'Long ago', { confidential: { state: 'expired', expires: OVER } });
		await row(page, 'Long ago').waitFor();
		await look('list');
		await row(page, 'The merger').click();
		await frame(page).getByText('The figures').waitFor();
		await look('letter');
		if (width < 800) await page.goBack();
		await row(page, 'Long ago').click();
		await page.locator('.letter .state').waitFor();
		await look('over');
		await page.locator('.shell').press('c');
		await page.locator('.editor.rich[contenteditable=true]').waitFor();
		await page.locator('.address-input').first().fill('anna.schmidt@demo.test, emma@outside.test,');
		await page.locator('.compose-foot').getByRole('button', { name: /Confidential|机密邮件|機密郵件/ }).click();
		await look('menu');
		await page.getByRole('menuitemradio').nth(2).click();
		await page.locator('.sealed-strip.bad').waitFor();
		await look('writing');
		assert.deepEqual([...broken, ...page.errors], []);
	});
}
