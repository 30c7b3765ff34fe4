/* Stories of somebody who reads mail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axe, opened, picture, rig, row, until } from './rig.mjs';

const { visit } = await rig();
const text = l => l.innerText();

test('the inbox is there, grouped by day, and says what is unread', async () => {
	const { page } = await visit();
	await row(page, 'Emma Laurent').waitFor();
	assert.deepEqual((await page.locator('.day').allInnerTexts()).slice(0, 2), ['Today', 'Yesterday']);
	assert.match(await row(page, 'Emma Laurent').getAttribute('aria-label'), /^unread, Emma Laurent, Contract draft.*with attachment, External/);
	assert.match(await page.title(), /^\(\d\) Inbox/);
	assert.equal(await page.locator('.quota').count(), 1);
	assert.deepEqual(page.errors, []);
});

test('who has an account and no mail is told so, and not to try again', async () => {
	const { page } = await visit();
	await page.route('**/jmap/session', route => route.fulfill({ status: 403, contentType: 'application/problem+json', body: '{"title":"Forbidden","status":403}' }));
	await page.reload();
	await page.getByText('This account has no mailbox').waitFor();
	await page.getByRole('button', { name: 'Own security' }).click();
	await page.waitForURL('**/settings/security');
});

test('a letter opens, is read from then on, and the next one is a key away', async () => {
	const { page, mail } = await visit();
	await row(page, 'Emma Laurent').click();
	await opened(page).filter({ hasText: 'Contract draft' }).waitFor();
	await page.frameLocator('iframe.mail-frame').getByText('Clause 7').waitFor();
	await until('it is read', () => mail.emails.get('e4').keywords.$seen);
	const height = await page.locator('iframe.mail-frame').evaluate(f => f.clientHeight);
	assert.ok(height > 100 && height < 600, String(height));
	assert.match(await text(page.locator('.letter-files')), /Contract-Lyon-v3\.pdf/);
	await page.keyboard.press('j');
	await opened(page).filter({ hasText: '紧急' }).waitFor();
	await page.keyboard.press('k');
	await opened(page).filter({ hasText: 'Contract draft' }).waitFor();
	assert.deepEqual(page.errors, []);
});

test('a person has a card: by the pointer, by keys, and it is in nobody\'s way', async () => {
	const colleague = { id: 'a1', address: 'emma.laurent@partner.test', name: 'Emma Laurent', department: 'Sales/Lyon', position: 'Counsel', phone: '', mobile: '', staff_number: '', index: '' };
	const { page, site } = await visit();
	const asked = [];
	site.operations = { 'book.person': ({ mail }) => { asked.push(mail); return colleague; } };
	await row(page, 'Emma Laurent').click();
	const name = page.locator('.letter.last button.letter-who'), card = page.locator('.person-card');
	await name.waitFor();
	await name.hover();
	await card.waitFor();
	await card.getByText('Counsel · Sales / Lyon').waitFor();
	await card.getByText('Colleague', { exact: true }).waitFor();
	await card.getByText('External').waitFor();
	assert.equal(await name.getAttribute('aria-expanded'), 'true');
	assert.ok(await page.evaluate(() => !document.activeElement.closest('.person-card, .letter-who')), 'what is pointed at takes no focus');
	await card.hover();
	await page.waitForTimeout(600);
	assert.ok(await card.isVisible(), 'the pointer may go there');
	await page.keyboard.press('Escape');
	await card.waitFor({ state: 'detached' });
	await opened(page).waitFor();
	await page.mouse.move(5, 5);
	await name.focus();
	await page.keyboard.press('Enter');
	await card.locator('button:focus', { hasText: 'Write' }).waitFor();
	assert.deepEqual(await axe(page, ['.person-card']), []);
	await page.keyboard.press('Shift+Tab');
	await card.waitFor({ state: 'detached' });
	assert.ok(await name.evaluate(b => b === document.activeElement), 'it is left for where it was opened');
	await page.keyboard.press('Enter');
	await card.getByRole('button', { name: 'Mail from this person' }).press('Enter');
	await page.locator('.chip', { hasText: 'from' }).first().waitFor();
	assert.match(page.url(), /\/search\?q=from/);
	assert.equal(asked.length, 1);
	assert.deepEqual(page.errors, []);
});

test('a conversation has what oneself wrote, the read ones folded', async () => {
	const { page } = await visit();
	await row(page, '第四季度预算').click();
	await page.locator('.letter.folded').nth(1).waitFor();
	assert.equal(await page.locator('.letter').count(), 3);
	assert.match(await text(page.locator('.letter').nth(1)), /林晓梅/);
	await page.locator('.letter.folded').nth(1).locator('button').click();
	await page.frameLocator('.letter:nth-of-type(2) iframe').getByText('市场费用我同意维持').waitFor();
});

test('archiving, deleting and junk can be undone, by the toast and by z', async () => {
	const { page, mail } = await visit();
	for (const [key, box] of [['e', 'archive'], ['#', 'trash'], ['!', 'junk']]) {
		const letter = row(page, 'Lunch on Thursday');
		await letter.click();
		await opened(page).filter({ hasText: 'Lunch' }).waitFor();
		await page.keyboard.press(key);
		await letter.waitFor({ state: 'detached' });
		await until(`it is in ${box}`, () => mail.emails.get('e15').mailboxIds[box]);
		if (key === 'e') await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
		else await page.keyboard.press('z');
		await until('it is back', () => mail.emails.get('e15').mailboxIds.inbox);
		await letter.waitFor();
	}
	assert.deepEqual(page.errors, []);
});

test('labels, stars and unread marks', async () => {
	const { page, mail } = await visit();
	await row(page, 'Lunch on Thursday').click();
	await opened(page).filter({ hasText: 'Lunch' }).waitFor();
	await page.keyboard.press('s');
	await until('it has a star', () => mail.emails.get('e15').keywords.$flagged);
	await page.keyboard.press('l');
	await page.getByRole('menuitemradio', { name: 'To do' }).click();
	await row(page, 'Lunch').locator('.label4').waitFor();
	await until('it is labelled', () => mail.emails.get('e15').keywords.$label4);
	await page.keyboard.press('Shift+U');
	await until('it is unread', () => !mail.emails.get('e15').keywords.$seen);
	await page.keyboard.press('g');
	await page.keyboard.press('s');
	await page.locator('.list-head h1', { hasText: 'Starred' }).waitFor();
	await row(page, 'Lunch').waitFor();
});

test('what is not what it seems is said above the letter, at most two notes at a time', async () => {
	const { page } = await visit();
	await row(page, '紧急').locator('.chip.bad').waitFor();
	await row(page, '紧急').click();
	await page.locator('.banner.bad', { hasText: 'The sender may be somebody else' }).waitFor();
	assert.match(await text(page.locator('.banner.bad')), /zhao\.min@demo\.test/);
	await page.locator('.banner.warn', { hasText: 'Links lead elsewhere' }).waitFor();
	assert.equal(await page.locator('.chip.ok').count(), 0);
	await row(page, 'Emma Laurent').click();
	await page.locator('.banner.external', { hasText: 'First message' }).waitFor();
	await page.locator('.chip.ok', { hasText: 'Proven: outside.test' }).waitFor();
	await row(page, '并购尽调').click();
	await page.locator('.banner.bad', { hasText: 'macro.docm' }).waitFor();
	assert.equal(await page.locator('a.file', { hasText: 'macro.docm' }).count(), 0);
});

test('from Junk, the note above a fraud leads nowhere', async () => {
	const { page, site } = await visit();
	await row(page, '紧急').click();
	await page.locator('.banner.bad button').click();
	await page.goto(`${site.url}/mail/junk`);
	await row(page, '紧急').click();
	await page.locator('.banner.bad', { hasText: 'The sender may be somebody else' }).waitFor();
	assert.equal(await page.locator('.banner.bad button').count(), 0);
});

test('images from elsewhere stay away until they are wanted', async () => {
	const { page } = await visit();
	await row(page, '行业财经周刊').click();
	const note = page.locator('.banner', { hasText: '4 images from elsewhere' });
	await note.waitFor();
	assert.match(await page.locator('iframe.mail-frame').getAttribute('src'), /images=0/);
	await note.getByRole('button', { name: 'Show once' }).click();
	await note.waitFor({ state: 'detached' });
	assert.match(await page.locator('iframe.mail-frame').getAttribute('src'), /images=1/);
	/* The frame has no origin: nothing of the page can be reached from it, and nothing of it from the page. */
	assert.equal(await page.locator('iframe.mail-frame').evaluate(f => f.contentDocument), null);
	assert.ok(!(await page.locator('iframe.mail-frame').getAttribute('sandbox')).includes('same-origin'));
});

test('details say in words who proved what, and the source is there', async () => {
	const { page } = await visit();
	await row(page, 'Emma Laurent').click();
	await page.getByRole('button', { name: 'More for this message' }).click();
	await page.getByRole('menuitem', { name: 'Details and proof' }).click();
	await page.getByText('The address of the sender is proven.').waitFor();
	await page.getByText('Nobody here has had mail from this address before.').waitFor();
	await page.getByRole('button', { name: 'Raw source' }).click();
	await page.locator('pre.source', { hasText: 'Received: from mx.outside.test' }).waitFor();
});

test('thousands of letters: few rows exist, End is the end, all of them are chosen and moved', async () => {
	const { page, mail } = await visit('/mail/travel', { site: { many: 3000 } });
	await row(page, 'Itinerary 1').waitFor();
	assert.ok((await page.locator('.mail-row').count()) < 80);
	await page.locator('.mail-row').first().focus();
	await page.keyboard.press('End');
	await page.locator('.mail-row', { hasText: 'Itinerary 3000' }).waitFor();
	await until('it has the focus', () => page.evaluate(() => document.activeElement.textContent.includes('Itinerary 3000')));
	await page.keyboard.press('Home');
	await row(page, 'Itinerary 1').waitFor();
	await page.locator('.list-head').getByRole('checkbox').click();
	await page.getByRole('button', { name: 'Select all 3,000 in this folder' }).click();
	await page.getByText('3,000 selected').waitFor();
	await page.keyboard.press('e');
	await until('all are moved', () => [...mail.emails.values()].filter(e => e.mailboxIds.travel).length === 0);
	await page.getByText('3,000 messages archived').waitFor();
	await page.getByText('Nothing here yet').waitFor();
});

test('some are chosen with the mouse and Shift, then dragged to a folder', async () => {
	const { page, mail } = await visit();
	await row(page, '报销系统').click({ modifiers: ['Control'] });
	await row(page, 'Lunch on Thursday').click({ modifiers: ['Shift'] });
	await page.getByText('4 selected').waitFor();
	await row(page, 'Lunch on Thursday').dragTo(page.locator('.folder', { hasText: 'Projects' }));
	await until('they are there', () => [...mail.emails.values()].filter(e => e.mailboxIds.projects).length === 4);
	await page.getByText('4 messages moved to Projects').waitFor();
	await page.keyboard.press('z');
	await until('they are back', () => [...mail.emails.values()].filter(e => e.mailboxIds.projects).length === 0);
});

test('search understands operators, Chinese ones too, and shows them as chips', async () => {
	const { page } = await visit();
	await row(page, 'Emma Laurent').waitFor();
	await page.keyboard.press('/');
	await page.keyboard.type('from:wang has:attachment 预算');
	await page.keyboard.press('Enter');
	await page.locator('.terms .chip').nth(2).waitFor();
	await page.locator('.mail-row mark').first().waitFor();
	assert.deepEqual(await page.locator('.terms .chip-text').allInnerTexts(), ['From: wang', 'Has: attachment', '预算']);
	await page.locator('.terms .chip', { hasText: '预算' }).getByRole('button').click();
	await page.locator('.terms .chip', { hasText: '预算' }).waitFor({ state: 'detached' });
	assert.equal(await page.locator('.terms .chip').count(), 2);
	await page.locator('#search').fill('发件人：王磊　附件:xlsx');
	await page.keyboard.press('Enter');
	await page.locator('.terms .chip', { hasText: 'From: 王磊' }).waitFor();
	await row(page, '第四季度预算').waitFor();
	await page.locator('#search').fill('subject:nothing-like-this');
	await page.keyboard.press('Enter');
	await page.getByText('Nothing found').waitFor();
	assert.deepEqual(page.errors, []);
});

test('an input method composes in peace', async () => {
	const { page } = await visit();
	await page.locator('#search').focus();
	await page.locator('#search').evaluate(el => {
		el.dispatchEvent(new CompositionEvent('compositionstart', { bubbles: true }));
		el.value = '预算';
		el.dispatchEvent(new InputEvent('input', { bubbles: true, isComposing: true }));
		el.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, isComposing: true, bubbles: true, cancelable: true }));
		el.dispatchEvent(new CompositionEvent('compositionend', { bubbles: true, data: '预算' }));
		el.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 13, bubbles: true, cancelable: true }));
	});
	assert.ok(!new URL(page.url()).pathname.includes('search'));
	await page.keyboard.press('Enter');
	await page.waitForURL(/\/mail\/search\?q=/);
});

test('by keyboard alone', async () => {
	const { page, mail } = await visit('/mail', { width: 1000 });
	await row(page, 'Emma Laurent').waitFor();
	await page.keyboard.press('Tab');
	await page.getByText('Skip to the messages').waitFor();
	await page.keyboard.press('Enter');
	await until('a row has the focus', () => page.evaluate(() => document.activeElement.classList.contains('mail-row')));
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('Enter');
	await opened(page).filter({ hasText: 'Contract draft' }).waitFor();
	await until('the subject has the focus', () => page.evaluate(() => document.activeElement.tagName === 'H1'));
	await page.keyboard.press('u');
	await until('the row has the focus again', () => page.evaluate(() => document.activeElement.dataset.id === 'e4'));
	await page.keyboard.press('x');
	await page.keyboard.press('v');
	await page.getByRole('menuitem', { name: 'Archive' }).waitFor();
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('Escape');
	await page.getByRole('menuitem', { name: 'Archive' }).waitFor({ state: 'detached' });
	await page.keyboard.press('e');
	await until('it is archived', () => mail.emails.get('e4').mailboxIds.archive);
	await page.keyboard.press('Control+k');
	await page.locator('.palette-item').first().waitFor();
	await page.keyboard.type('dark');
	await page.locator('.palette-item', { hasText: 'Dark' }).first().waitFor();
	await page.keyboard.press('Enter');
	await until('it is dark', () => page.evaluate(() => document.documentElement.dataset.theme === 'dark'));
	await until('the palette is closed', () => page.evaluate(() => !document.querySelector('dialog[open], [role=dialog]')));
	await page.keyboard.press('?');
	await page.getByRole('heading', { name: 'Keyboard shortcuts' }).waitFor();
	await page.keyboard.press('Escape');
	await page.getByRole('heading', { name: 'Keyboard shortcuts' }).waitFor({ state: 'detached' });
	assert.deepEqual(page.errors, []);
});

test('new mail comes by itself and is told', async () => {
	const { page, mail } = await visit();
	await row(page, 'Emma Laurent').waitFor();
	await until('it listens', () => mail.listeners.size > 0);
	mail.arrive({ subject: 'Just now', from: [{ name: 'James Carter', email: 'james.carter@demo.test' }] });
	await row(page, 'Just now').waitFor();
	await page.locator('[role=status]', { hasText: '1 new message' }).waitFor({ state: 'attached' });
});

test('the first hour of a day is 00', async () => {
	const { page, mail } = await visit();
	await row(page, 'Emma Laurent').waitFor();
	await until('it listens', () => mail.listeners.size > 0);
	const today = new Date(new Date().toLocaleDateString('sv', { timeZone: 'Asia/Shanghai' }) + 'T00:05:00+08:00');  // where the browser is
	mail.arrive({ subject: 'After midnight', receivedAt: today.toISOString() });
	await row(page, 'After midnight').getByText('00:05').waitFor();
});

test('without a connection reading goes on, and what was done is sent when it is back', async () => {
	const { page, site, mail } = await visit();
	await row(page, 'Lunch on Thursday').click();
	await opened(page).filter({ hasText: 'Lunch' }).waitFor();
	await until('it listens', () => mail.listeners.size > 0);
	site.cut(true);
	await page.getByText('No connection').waitFor();
	await page.keyboard.press('s');
	await row(page, 'Lunch').locator('.row-star.on').waitFor();
	assert.ok(!mail.emails.get('e15').keywords.$flagged);
	site.cut(false);
	await page.evaluate(() => dispatchEvent(new Event('online')));
	await until('it was sent', () => mail.emails.get('e15').keywords.$flagged);
	await page.getByText('No connection').waitFor({ state: 'detached' });
});

test('ten idle minutes cover everything; what was open is there again', async () => {
	const { page, site } = await visit('/mail', { site: {} });
	await row(page, 'Emma Laurent').click();
	await opened(page).filter({ hasText: 'Contract draft' }).waitFor();
	const now = Date.now();
	await page.clock.install({ time: now });
	await page.reload();
	await opened(page).filter({ hasText: 'Contract draft' }).waitFor();
	await page.clock.fastForward(11 * 60_000);
	const card = page.locator('.lock-card');
	await card.waitFor();
	assert.equal(site.locked, true);
	assert.equal(await page.locator('.area').evaluate(el => getComputedStyle(el).visibility), 'hidden');
	await card.locator('input').fill('wrong');
	await page.keyboard.press('Enter');
	await card.getByText('That did not work').waitFor();
	await card.locator('input').fill('correct horse');
	await page.keyboard.press('Enter');
	await card.waitFor({ state: 'detached' });
	await opened(page).filter({ hasText: 'Contract draft' }).waitFor();
});

test('a list that cannot be had says so, and is asked for again', async () => {
	const { page, mail } = await visit('/mail/archive');
	await row(page, '第三季度结算').waitFor();
	mail.Email_query = () => ({ error: 'serverFail' });
	await page.locator('.folder', { hasText: 'Travel' }).getByRole('link').click();
	await page.getByText('The messages could not be listed').waitFor();
	delete mail.Email_query;
	await page.getByRole('button', { name: 'Try again' }).click();
	await page.getByText('Nothing here yet').waitFor();
	await page.goto(`${new URL(page.url()).origin}/mail/no-such`);
	await page.getByText('This folder does not exist').waitFor();
});

test('folders are made, renamed and deleted; Trash is emptied after a question', async () => {
	const { page, mail } = await visit('/mail/trash');
	await page.getByRole('button', { name: 'New folder' }).click();
	await page.getByLabel('Name').fill('Visitors');
	await page.keyboard.press('Enter');
	await page.locator('.folder', { hasText: 'Visitors' }).waitFor();
	await page.locator('.folder', { hasText: 'Visitors' }).hover();
	await page.getByRole('button', { name: 'Menu of Visitors' }).click();
	await page.getByRole('menuitem', { name: 'Delete folder' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Delete folder' }).click();
	await page.locator('.folder', { hasText: 'Visitors' }).waitFor({ state: 'detached' });
	await page.locator('.list-head').getByRole('button', { name: 'Empty' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Empty' }).click();
	await until('nothing is left', () => [...mail.emails.values()].every(e => !e.mailboxIds.trash));
	await page.getByText('Trash is empty').waitFor();
});

test('language, appearance and density are there before anything is painted', async () => {
	const { page, site } = await visit('/mail', { locale: 'en' });
	await row(page, 'Emma Laurent').waitFor();
	await page.getByRole('button', { name: /^Account of/ }).click();
	await page.getByRole('menuitemradio', { name: '繁體中文' }).click();
	await page.locator('.list-head h1', { hasText: '收件匣' }).waitFor();
	assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-TW');
	await page.getByRole('button', { name: /的帳號$/ }).click();
	await page.getByRole('menuitemradio', { name: '緊密' }).click();
	await until('rows are low', async () => (await row(page, 'Emma Laurent').evaluate(el => el.clientHeight)) < 40);
	await page.context().addInitScript(() => localStorage.setItem('letterlock.theme', 'dark'));
	/* The page as it is when only its head has run. */
	await page.route('**/a/app-*.js', route => route.abort());
	await page.goto(`${site.url}/mail`);
	assert.deepEqual(await page.evaluate(() => ({ ...document.documentElement.dataset })), { theme: 'dark', density: 'compact' });
	assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(20, 24, 29)');
});

/* Paths that the page asks for. */
function pathsOf(page) {
	const paths = [];
	page.on('request', one => paths.push(new URL(one.url()).pathname));
	return paths;
}

test('what the first page needs is asked for before its scripts run, and at once', async () => {
	const { page, site } = await visit();
	await page.goto(`${site.url}/icon.svg`);
	const paths = pathsOf(page), bodies = [], texts = page.waitForRequest('**/a/en-*.js'), session = page.waitForRequest('**/jmap/session');
	page.on('request', one => one.url().endsWith('/jmap/api') && bodies.push(one.postDataJSON().methodCalls.map(([name]) => name)));
	/* The page's own script waits until the head has asked. */
	await page.route('**/a/app-*.js', async route => {
		await Promise.all([texts, session]);
		await route.continue();
	});
	await page.goto(`${site.url}/mail`);
	await row(page, 'Emma Laurent').waitFor();
	for (const one of ['/api/session', '/jmap/session']) assert.equal(paths.filter(path => path === one).length, 1, one);
	assert.ok(paths.filter(path => path.endsWith('.js')).length <= 6, paths.join(' '));
	assert.ok(bodies.some(names => names.join() === 'Email/query,Email/get,Thread/get'), JSON.stringify(bodies));
	assert.deepEqual(page.errors, []);
});

test('without a session nobody asks for mail', async () => {
	const { page, site } = await visit();
	await page.goto(`${site.url}/icon.svg`);
	const paths = pathsOf(page), sessions = () => paths.filter(path => path === '/jmap/session').length;
	site.signedIn = false;
	await page.goto(`${site.url}/signin`);
	await page.locator('[name=username]').fill('wang.lei@demo.test');
	assert.equal(sessions(), 0);
	await page.locator('[name=password]').fill('correct horse');
	await page.locator('button[type=submit]').click();
	await row(page, 'Emma Laurent').waitFor();
	assert.equal(sessions(), 1);
});

test('narrow and enlarged pages need no sideways scrolling', async () => {
	for (const size of [{ width: 320, height: 640 }, { width: 640, height: 400 }]) {
		const { page } = await visit('/mail', size);
		await row(page, 'Emma Laurent').waitFor();
		const wide = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
		assert.ok((await wide()) <= 0, `list at ${size.width}`);
		await picture(page, `narrow-${size.width}`);
		await row(page, 'Emma Laurent').click();
		await opened(page).filter({ hasText: 'Contract draft' }).waitFor();
		await page.locator('.banner').first().waitFor();
		assert.ok((await wide()) <= 0, `letter at ${size.width}`);
		await page.getByRole('button', { name: 'Back to the list' }).click();
		await page.getByRole('button', { name: 'More' }).first().click();
		await page.getByRole('link', { name: /^Archive/ }).click();
		await row(page, '第三季度结算').waitFor();
	}
});

test('words that are much longer still fit', async () => {
	const { page } = await visit('/mail', { locale: 'en-XA' });
	await row(page, 'Emma Laurent').click();
	await page.locator('.banner').first().waitFor();
	assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0);
	await picture(page, 'pseudo');
});

test('an attachment is looked at page by page, by keys alone, and the place is kept', async () => {
	const { page } = await visit();
	await row(page, 'Emma Laurent').click();
	const eye = page.getByRole('button', { name: /Look at Contract-Lyon-v3\.pdf/ });
	await eye.focus();
	await page.keyboard.press('Enter');
	const viewer = page.getByRole('dialog', { name: 'Preview of Contract-Lyon-v3.pdf' });
	const at = n => viewer.getByRole('img', { name: `Contract-Lyon-v3.pdf, page ${n} of 3` }).waitFor();
	await at(1);
	await viewer.getByText('Page 1 of 3').waitFor();
	await page.keyboard.press('ArrowRight');
	await at(2);
	await page.keyboard.press('End');
	await at(3);
	await page.keyboard.press('ArrowLeft');
	await at(2);
	const width = () => viewer.locator('img').evaluate(img => img.style.width);
	const before = await width();
	await page.keyboard.press('+');
	await until('it is larger', async () => parseInt(await width(), 10) > parseInt(before, 10));
	await page.keyboard.press('Escape');
	await viewer.waitFor({ state: 'detached' });
	assert.ok(await eye.evaluate(el => el === document.activeElement));
	assert.deepEqual(page.errors, []);
});

test('where attachments are for viewing only, nothing is offered for download', async () => {
	const { page, mail } = await visit();
	mail.viewOnly = true;
	await page.reload();
	await row(page, 'Emma Laurent').click();
	await page.locator('.files-view-only').waitFor();
	assert.equal(await page.locator('.letter-files a').count(), 0);
	await page.getByRole('button', { name: /Look at Contract-Lyon-v3\.pdf/ }).click();
	await page.locator('.viewer-page img').waitFor();
	assert.equal(await page.locator('.viewer a').count(), 0);
});

test('a receipt goes when the reader says so, and once', async () => {
	const { page, mail } = await visit();
	await row(page, '部门例会').click();
	const banner = page.locator('.banner', { hasText: 'asks for a read receipt' });
	await banner.getByRole('button', { name: 'Send receipt' }).click();
	await until('it is sent', () => mail.receipts.length === 1);
	assert.deepEqual({ ...mail.receipts[0], about: undefined }, { about: undefined, actionMode: 'manual-action', sendingMode: 'mdn-sent-manually', type: 'displayed' });
	await page.reload();
	await page.locator('.letter .mail-frame').waitFor();
	assert.equal(await banner.count(), 0);
	assert.deepEqual(page.errors, []);
});

async function receiptsOf(page, policy) {
	await page.goto(new URL('/settings/general', page.url()).href);
	await page.getByLabel('Read receipts').selectOption(policy);
	await page.goto(new URL('/mail/inbox', page.url()).href);
}

const asksFor = (mail, subject, from, to = from.email) => mail.arrive({ subject, from: [from], mailboxIds: { inbox: true }, html: `<p>${subject}</p>`, headers: { 'Disposition-Notification-To': to } });

test('colleagues have their receipts at once, everybody else is asked about', async () => {
	const { page, mail } = await visit();
	await receiptsOf(page, 'colleagues');
	await row(page, '部门例会').click();
	await until('it is sent', () => mail.receipts.length === 1);
	assert.deepEqual([mail.receipts[0].actionMode, mail.receipts[0].sendingMode], ['automatic-action', 'mdn-sent-automatically']);
	await page.locator('.toast', { hasText: 'Receipt sent' }).waitFor();
	const banner = page.locator('.banner', { hasText: 'asks for a read receipt' });
	assert.equal(await banner.count(), 0);
	const colleague = { name: 'Anna Schmidt', email: 'anna.schmidt@demo.test' };
	asksFor(mail, 'From outside', { name: 'Emma Laurent', email: 'emma.laurent@outside.test' });
	asksFor(mail, 'For another address', colleague, 'james.carter@demo.test');
	for (const subject of ['From outside', 'For another address']) {
		await row(page, subject).click();
		await opened(page).filter({ hasText: subject }).waitFor();
		await banner.waitFor();
	}
	assert.equal(mail.receipts.length, 1);
	assert.deepEqual(page.errors, []);
});

test('who never sends receipts is not asked', async () => {
	const { page, mail } = await visit();
	await receiptsOf(page, 'never');
	await row(page, '部门例会').click();
	await page.frameLocator('iframe.mail-frame').getByText('海棠厅').waitFor();
	assert.equal(await page.locator('.banner', { hasText: 'asks for a read receipt' }).count(), 0);
	assert.equal(mail.receipts.length, 0);
	assert.deepEqual(page.errors, []);
});
