/* Stories about writing: over mail in memory, so that what is sent can be looked at. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axe, browser, pageOf, picture } from './fake/browser.mjs';
import { fakeSite } from './fake/site.mjs';
import { until } from './rig.mjs';

let chromium;
before(async () => (chromium = await browser()));
after(() => chromium.close());

const LETTER = {
	id: 'L1', from: [{ name: 'Anna Schmidt', email: 'anna@outside.test' }], to: [{ name: '王磊', email: 'wang.lei@demo.test' }, { name: 'James Carter', email: 'james.carter@demo.test' }],
	subject: 'Quarterly numbers', text: 'Hello Lei,\n\nall good?',
	html: '<p style="color:#b3261e;position:fixed">Hello <b>Lei</b>,</p><img src="https://tracker.test/x.png" onerror="window.bad=1"><script>window.bad = 1</script><a href="javascript:bad()">x</a>',
};

async function begin(path, { site: facts = {}, ...more } = {}) {
	const site = await fakeSite(facts);
	site.jmap.letter(LETTER);
	const page = await pageOf(chromium, more);
	page.requested = [];
	page.on('request', request => page.requested.push(request.url()));
	await page.goto(site.url + path);
	if (path.includes('compose=') || path.includes('mailto')) await page.waitForSelector('.editor.rich[contenteditable=true], .editor.plain');
	return { site, page, jmap: site.jmap, end: async () => { await page.context().close(); await site.close(); assert.deepEqual(page.errors, []); } };
}

const to = page => page.locator('.address-input').first();
const chips = page => page.locator('.address-chip-text').allInnerTexts();
const drafts = jmap => [...jmap.table('Email').objects.values()].filter(one => one.mailboxIds.drafts);
const sent = jmap => [...jmap.table('Email').objects.values()].filter(one => one.mailboxIds.sent && one.keywords.$seen && one.id !== 'OLD');
const write = async (page, text) => { await page.locator('.editor.rich').focus(); await page.keyboard.type(text); };

test('a letter is written, sent, called back and is a draft again', async () => {
	const { page, jmap, end } = await begin('/mail');
	await page.waitForSelector('.shell');
	await page.keyboard.press('c');
	await page.waitForSelector('.editor.rich[contenteditable=true]');
	await to(page).fill('li@demo.test,');
	await page.locator('.compose-subject').fill('Lunch');
	await write(page, 'At noon?');
	await page.keyboard.press('Control+Enter');
	await page.locator('.toast .button').waitFor();
	assert.equal(await page.locator('.compose').count(), 0);
	const [letter] = sent(jmap), [submission] = jmap.table('EmailSubmission').objects.values();
	assert.equal(letter.subject, 'Lunch');
	assert.ok(letter.bodyValues[1].value.startsWith('At noon?'), letter.bodyValues[1].value);
	assert.ok(letter.bodyValues[2].value.includes('<div class="letter-signature">'));
	assert.deepEqual(submission.envelope, { mailFrom: { email: 'wang.lei@demo.test', parameters: { HOLDFOR: '15' } }, rcptTo: [{ email: 'li@demo.test', parameters: null }] });
	await page.locator('.toast .button').first().click();
	await page.waitForSelector('.editor.rich[contenteditable=true]');
	assert.equal(jmap.table('EmailSubmission').objects.get(submission.id).undoStatus, 'canceled');
	assert.equal(sent(jmap).length, 0);
	assert.equal(await page.locator('.compose-subject').inputValue(), 'Lunch');
	assert.deepEqual(await chips(page), ['li@demo.test']);
	await end();
});

test('where nothing may be taken away, drafts name who writes, are replaced, and wait there to be sent', async () => {
	const { page, jmap, end } = await begin('/mail');
	for (const box of [...jmap.table('Mailbox').objects.values()]) jmap.put('Mailbox', { ...box, myRights: { ...box.myRights, mayRemoveItems: false, mayRename: false, mayDelete: false } });
	await page.goto(new URL('/mail?compose=new', page.url()).href);
	await page.waitForSelector('.editor.rich[contenteditable=true]');
	await to(page).fill('li@demo.test,');
	await page.locator('.compose-subject').fill('Lunch');
	await until('it is saved', () => drafts(jmap).length === 1);
	assert.deepEqual(drafts(jmap)[0].sender, [{ name: '王磊', email: 'wang.lei@demo.test' }]);
	const first = drafts(jmap)[0].id;
	await page.locator('.compose-subject').fill('Lunch on Friday');
	await until('its next version takes its place', () => drafts(jmap).length === 1 && drafts(jmap)[0].id !== first);
	await page.keyboard.press('Control+Enter');
	await page.locator('.toast .button').first().waitFor();
	const [waits] = drafts(jmap);
	assert.deepEqual([waits.keywords.$scheduled, waits.keywords.$draft], [true, undefined]);
	assert.equal(sent(jmap).length, 0);
	await page.locator('.toast .button').first().click();
	await page.waitForSelector('.editor.rich[contenteditable=true]');
	assert.equal([...jmap.table('EmailSubmission').objects.values()][0].undoStatus, 'canceled');
	assert.deepEqual(drafts(jmap).map(one => [one.keywords.$scheduled, one.keywords.$draft]), [[undefined, true]]);
	await end();
});

test('what is typed is saved, one draft, and goes on where it was left', async () => {
	const { page, jmap, end } = await begin('/mail?compose=new');
	await page.locator('.compose-subject').fill('First');
	await until('the first draft', () => drafts(jmap).length === 1 && drafts(jmap)[0].subject === 'First');
	await write(page, 'More');
	await until('the second version', () => drafts(jmap).some(one => one.bodyValues[1].value.startsWith('More')));
	assert.equal(drafts(jmap).length, 1, 'the former version is gone');
	await page.locator('.compose').press('Escape');
	await page.locator('.compose').waitFor({ state: 'detached' });
	const [draft] = drafts(jmap);
	await page.goto(`${new URL(page.url()).origin}/mail?compose=draft&id=${draft.id}`);
	await page.waitForSelector('.editor.rich[contenteditable=true]');
	assert.match(await page.locator('.editor.rich').innerText(), /More/);
	await end();
});

test('an empty letter leaves nothing behind', async () => {
	const { page, jmap, end } = await begin('/mail?compose=new');
	await page.locator('.compose').press('Escape');
	await page.locator('.compose').waitFor({ state: 'detached' });
	assert.equal(drafts(jmap).length, 0);
	await end();
});

test('two devices that write one draft both keep what they wrote', async () => {
	const { page, jmap, end } = await begin('/mail?compose=new');
	await page.locator('.compose-subject').fill('Here');
	await until('the draft', () => drafts(jmap).length === 1);
	const [mine] = drafts(jmap);
	jmap.remove('Email', mine.id);
	jmap.letter({ id: 'OTHER', mailbox: 'drafts', subject: 'There', messageId: mine.messageId, text: 'x' });
	await page.locator('.compose-subject').fill('Here, again');
	await page.locator('.compose-notes .banner.warn').waitFor();
	await until('both', () => drafts(jmap).map(one => one.subject).sort().join() === 'Here, again,There');
	await page.locator('.compose-notes .button').nth(1).click();
	await until('only this one', () => drafts(jmap).map(one => one.subject).join() === 'Here, again');
	await end();
});

test('a session that ends loses no word: saved after signing in, and even by the next page', async () => {
	const { page, site, jmap, end } = await begin('/mail?compose=new');
	site.state.refuse = { status: 401 };
	await page.locator('.compose-subject').fill('Kept');
	await page.locator('.compose-notes .banner.warn').waitFor();
	assert.equal(drafts(jmap).length, 0);
	page.once('dialog', dialog => dialog.accept());
	const stored = () => page.evaluate(() => new Promise(done => {
		const open = indexedDB.open('letterlock-drafts');
		open.onsuccess = () => { const all = open.result.transaction('letters').objectStore('letters').getAll(); all.onsuccess = () => { open.result.close(); done(all.result.map(one => String.fromCharCode(...new Uint8Array(one.sealed)))); }; };
	}));
	await until('the letter in the browser', async () => (await stored()).length === 1);
	assert.ok(!(await stored())[0].includes('Kept'), 'not in the clear');
	site.state.refuse = null;
	await page.goto(`${site.url}/mail`);
	await until('the draft', () => drafts(jmap).some(one => one.subject === 'Kept'));
	await until('nothing is left in the browser', async () => (await stored()).length === 0);
	await end();
});

test('an answer to all: recipients, thread, quote, and nothing of the letter runs or is fetched', async () => {
	const { page, jmap, end } = await begin('/mail?compose=replyAll&id=L1', { locale: 'zh-CN', theme: 'dark' });
	assert.deepEqual(await chips(page), ['Anna Schmidt\noutside.test', 'James Carter']);
	assert.equal(await page.locator('.compose-subject').inputValue(), 'Re: Quarterly numbers');
	await picture(page, 'reply-zh-CN-dark');
	const html = await page.locator('.editor.rich').innerHTML();
	assert.ok(!/script|onerror|javascript:|position/i.test(html), html);
	assert.equal(await page.locator('.editor p b').evaluate(b => getComputedStyle(b).color), 'rgb(179, 38, 30)', 'colours are shown');
	await until('the cursor is in the text', () => page.evaluate(() => document.activeElement.classList.contains('rich')));
	await page.keyboard.type('谢谢');
	await page.keyboard.press('Control+Enter');
	await until('it left', () => sent(jmap).length === 1);
	const [letter] = sent(jmap);
	assert.deepEqual([letter.inReplyTo, letter.references], [['L1@demo.test'], ['L1@demo.test']]);
	assert.ok(letter.bodyValues[1].value.includes('> Hello Lei,'), letter.bodyValues[1].value);
	assert.ok(letter.bodyValues[2].value.includes('src="https://tracker.test/x.png"'), 'passed on as it came');
	await until('marked as answered', () => jmap.table('Email').objects.get('L1').keywords.$answered);
	assert.equal(await page.evaluate(() => window.bad), undefined);
	assert.ok(!page.requested.some(url => url.includes('tracker')));
	await end();
});

test('addresses: lists are pasted, people found, slips and strangers marked', async () => {
	const old = { id: 'OLD', mailbox: 'sent', from: [{ name: null, email: 'wang.lei@demo.test' }], to: [{ name: '赵敏', email: 'zhao.min@demo.test' }] };
	const { page, jmap, end } = await begin('/mail?compose=new', { site: { letters: [old] } });
	await to(page).pressSequentially('zhao');
	await page.locator('.suggestion').waitFor();
	assert.equal(await to(page).getAttribute('aria-expanded'), 'true');
	await page.keyboard.press('Enter');
	await page.evaluate(() => {
		const data = new DataTransfer();
		data.setData('text/plain', '"Smith, J" <j@outside.test>; bad@@x\nli@demo.test');
		document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
	});
	assert.deepEqual(await chips(page), ['赵敏', 'Smith, J\noutside.test', 'bad@@x', 'li@demo.test']);
	assert.match(await page.locator('.outsiders').innerText(), /1 person outside.*outside\.test/);
	await page.locator('.compose-subject').fill('x');
	await page.keyboard.press('Control+Enter');
	await page.locator('.banner.bad').waitFor();
	assert.equal(sent(jmap).filter(one => one.subject === 'x').length, 0);
	await to(page).focus();
	await page.keyboard.press('ArrowLeft');
	await page.keyboard.press('ArrowLeft');
	await page.keyboard.press('Delete');
	assert.deepEqual(await chips(page), ['赵敏', 'Smith, J\noutside.test', 'li@demo.test']);
	await picture(page, 'compose-light');
	await end();
});

test('a letter is recalled, and each recipient has a result', async () => {
	for (const [locale, word, done] of [['en', 'Recall', /Recalled: 1 of 3/], ['zh-CN', '撤回', /已撤回 1 \/ 3/], ['zh-TW', '收回', /已收回 1 \/ 3/]]) {
		const letter = { id: 'OLD', mailbox: 'sent', subject: 'Plans', keywords: { $seen: true }, from: [{ name: null, email: 'wang.lei@demo.test' }], to: [{ name: '赵敏', email: 'zhao.min@demo.test' }] };
		const { page, jmap, end } = await begin('/mail/sent', { locale, site: { letters: [letter], language: locale }, ...(locale === 'en' ? {} : { width: 375, height: 740 }), theme: locale === 'zh-TW' ? 'dark' : 'light' });
		const states = ['zhao.min@demo.test', 'li@demo.test', 'x@outside.test'].map(address => [address, { smtpReply: '250 2.1.5 Delivered', delivered: 'yes', displayed: 'unknown' }]);
		jmap.put('EmailSubmission', { id: 'S1', emailId: 'OLD', identityId: 'I', threadId: 'T', envelope: null, sendAt: new Date().toISOString(), undoStatus: 'final', deliveryStatus: Object.fromEntries(states), recall: null });
		await page.locator('.mail-row').first().click();
		await page.locator('.delivery summary').focus();
		await page.keyboard.press('Enter');
		const button = page.locator('.recall-ask').getByRole('button', { name: word, exact: true });
		await button.focus();
		await page.keyboard.press('Enter');
		await page.locator('.dialog').waitFor();
		assert.deepEqual(await axe(page), []);
		await page.keyboard.press('Escape');
		assert.equal(jmap.table('EmailSubmission').objects.get('S1').recall, null, 'nothing happens before it is confirmed');
		await button.click();
		await page.locator('.dialog').getByRole('button', { name: word, exact: true }).click();
		await page.locator('.recall-sum').waitFor();
		assert.match(await page.locator('.recall-sum').innerText(), done);
		assert.equal(await page.locator('.delivery li .chip').count(), 3);
		assert.equal(await page.locator('.recall-ask').count(), 0, 'once');
		assert.deepEqual(await axe(page), []);
		await picture(page, `recall-${locale}`);
		await end();
	}
});

test('an input method may use Enter for itself', async () => {
	const { page, jmap, end } = await begin('/mail?compose=new', { locale: 'zh-CN' });
	await to(page).fill('zhao');
	const composing = key => page.evaluate(k => !document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: k, keyCode: 229, isComposing: true, ctrlKey: k === 'Enter', bubbles: true, cancelable: true })), key);
	assert.equal(await composing('Enter'), false, 'the key is left to the input method');
	assert.deepEqual(await chips(page), []);
	assert.equal(sent(jmap).length, 0);
	await end();
});

test('attachments: sent up, shown, forgotten ones asked for, images within the text', async () => {
	const { page, jmap, end } = await begin('/mail?compose=new');
	await to(page).fill('li@demo.test,');
	await page.locator('.compose-subject').fill('Plan');
	await write(page, 'The plan is attached.');
	await page.keyboard.press('Control+Enter');
	const question = page.locator('dialog[open]');
	await question.waitFor();
	const [chooser] = await Promise.all([page.waitForEvent('filechooser'), question.locator('.button.primary').click()]);
	let free;
	jmap.slowUpload = new Promise(done => (free = done));
	await chooser.setFiles([{ name: '计划.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(5000) }]);
	await page.locator('.attached .progress').waitFor();
	await page.locator('.send-main').click();
	await page.locator('.banner.bad').waitFor();
	free();
	await page.locator('.attached .progress').waitFor({ state: 'detached' });
	const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
	await page.setInputFiles('.formats input[type=file]', [{ name: 'dot.png', mimeType: 'image/png', buffer: png }]);
	await page.locator('.editor img[data-cid]').waitFor();
	await until('the picture is up', () => jmap.blobs.size === 2);
	await picture(page, 'compose-attachments');
	await until('it leaves', async () => { await page.locator('.send-main').click(); return sent(jmap).length === 1; });
	const [letter] = sent(jmap);
	assert.deepEqual(letter.attachments.map(one => [one.name, one.disposition]), [['计划.pdf', 'attachment'], ['dot.png', 'inline']]);
	assert.ok(letter.bodyValues[2].value.includes(`src="cid:${encodeURIComponent(letter.attachments[1].cid)}"`), letter.bodyValues[2].value);
	await end();
});

test('what the server refuses stays open, says why, and is saved', async () => {
	const { page, jmap, end } = await begin('/mail?compose=new');
	jmap.refuseCreate = type => (type === 'EmailSubmission' ? { type: 'forbiddenToSend', description: 'You may not write to li@demo.test.' } : null);
	await to(page).fill('li@demo.test,');
	await page.locator('.compose-subject').fill('Refused');
	await page.keyboard.press('Control+Enter');
	await page.locator('.compose-notes .banner.bad', { hasText: 'You may not write' }).waitFor();
	assert.equal(sent(jmap).length, 0);
	assert.deepEqual(drafts(jmap).map(one => one.subject), ['Refused'], 'one draft');
	await end();
});

test('who asks twice to send sends once', async () => {
	const { page, jmap, end } = await begin('/mail?compose=new');
	await to(page).fill('li@demo.test,');
	await page.locator('.compose-subject').fill('Impatient');
	await page.evaluate(() => {
		for (let i = 0; i < 5; i++) document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', ctrlKey: true, bubbles: true, cancelable: true }));
	});
	await page.locator('.compose').waitFor({ state: 'detached' });
	assert.equal(jmap.table('EmailSubmission').objects.size, 1);
	assert.deepEqual(sent(jmap).map(one => one.subject), ['Impatient']);
	await end();
});

test('a letter whose answer was lost on the way is not sent again, and one that was changed since stays', async () => {
	const { page, jmap, end } = await begin('/mail?compose=new');
	let losing = false, away = false;
	await page.route('**/jmap/api', async route => {
		if (away) return route.abort();
		if (!losing || !/EmailSubmission\/set/.test(route.request().postData())) return route.continue();
		[losing, away] = [false, true];
		await route.fetch();
		return route.abort();
	});
	const lose = () => (losing = true), back = () => (away = false);
	await to(page).fill('li@demo.test,');
	await page.locator('.compose-subject').fill('Lost answer');
	lose();
	await page.keyboard.press('Control+Enter');
	await page.locator('.compose-notes .banner').waitFor();
	back();
	await page.keyboard.press('Control+Enter');
	await page.locator('.compose').waitFor({ state: 'detached' });
	await page.locator('.toast', { hasText: 'Sent' }).waitFor();
	assert.equal(jmap.table('EmailSubmission').objects.size, 1);
	assert.deepEqual(sent(jmap).map(one => one.subject), ['Lost answer']);
	await until('no draft stays', async () => drafts(jmap).length === 0);

	await page.locator('.shell').press('c');
	await page.waitForSelector('.editor.rich[contenteditable=true]');
	await to(page).fill('li@demo.test,');
	await page.locator('.compose-subject').fill('First words');
	lose();
	await page.keyboard.press('Control+Enter');
	await page.locator('.compose-notes .banner').waitFor();
	await page.locator('.compose-subject').fill('Other words');
	back();
	await page.keyboard.press('Control+s');
	await until('the other words are a draft', async () => drafts(jmap).some(one => one.subject === 'Other words'));
	assert.equal(jmap.table('EmailSubmission').objects.size, 2);
	assert.ok(sent(jmap).some(one => one.subject === 'First words'));
	await end();
});

test('words about what was done leave the buttons of a letter alone', async () => {
	const { page, jmap, end } = await begin('/mail?compose=new');
	await to(page).fill('li@demo.test,');
	await page.locator('.compose-subject').fill('First');
	await page.keyboard.press('Control+Enter');
	await page.locator('.toast').waitFor();
	for (const [width, height] of [[1280, 800], [1000, 700], [360, 740]]) {
		await page.setViewportSize({ width, height });
		if (!(await page.locator('.compose').count())) await page.locator('.shell').press('c');
		await page.locator('.send-main').waitFor();
		const free = await page.evaluate(() => {
			const toast = document.querySelector('.toast').getBoundingClientRect();
			return [...document.querySelectorAll('.compose-foot, .compose-head')].every(one => {
				const box = one.getBoundingClientRect();
				return toast.right <= box.left || toast.left >= box.right || toast.bottom <= box.top || toast.top >= box.bottom;
			});
		});
		assert.ok(free, `at ${width}`);
	}
	assert.equal(sent(jmap).length, 1);
	await end();
});

test('a file that was on its way up when the page ended is said to have failed by the next one', async () => {
	const { page, end } = await begin('/mail?compose=new');
	await page.route('**/jmap/upload/**', () => {});
	await page.locator('.compose-foot input[type=file]').setInputFiles({ name: 'slow.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(1000) });
	await page.route('**/jmap/api', route => route.abort());
	await page.locator('.compose-subject').fill('Unfinished');
	await page.locator('.compose-saved.failed').waitFor();
	await page.unroute('**/jmap/api');
	page.on('dialog', dialog => dialog.accept());
	await page.reload();
	await page.locator('.attached.failed', { hasText: 'slow.bin' }).waitFor();
	await end();
});

test('a letter may wait for a time that people mean', async () => {
	const { page, jmap, end } = await begin('/mail?compose=new');
	await to(page).fill('li@demo.test,');
	await page.locator('.compose-subject').fill('Later');
	await page.locator('.send-more').click();
	await picture(page, 'compose-later');
	await page.locator('.menu-item', { hasText: 'Tomorrow morning' }).click();
	await page.locator('.toast').waitFor();
	const [submission] = jmap.table('EmailSubmission').objects.values();
	const tomorrow = await page.evaluate(() => { const now = new Date(); return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, 9).toISOString().replace(/\.\d+/, ''); });
	assert.deepEqual(submission.envelope.mailFrom.parameters, { HOLDUNTIL: tomorrow });
	await end();
});

test('plain text, and links of other pages', async () => {
	const { page, jmap, end } = await begin(`/mail?mailto=${encodeURIComponent('mailto:li@demo.test?subject=A%20b&cc=x@demo.test&body=one%0Atwo')}`);
	assert.deepEqual(await chips(page), ['li@demo.test', 'x@demo.test']);
	await page.locator('.compose-foot .icon-button[aria-label="More options"]').click();
	await page.locator('.menu-item', { hasText: 'Plain text' }).click();
	const area = page.locator('.editor.plain');
	assert.ok((await area.inputValue()).startsWith('one\ntwo'), await area.inputValue());
	await page.locator('.send-main').click();
	await until('it left', () => sent(jmap).length === 1);
	assert.equal(sent(jmap)[0].bodyValues[2].value, '');
	await end();
});

test('templates are kept, and put in with names', async () => {
	const { page, jmap, end } = await begin('/mail?compose=new');
	await page.locator('.compose-subject').fill('Thanks');
	await write(page, 'Dear {{recipientName}}');
	await page.locator('[aria-label="Templates"]').click();
	await page.locator('.menu-item', { hasText: 'Keep this message' }).click();
	await until('the template', () => [...jmap.table('Mailbox').objects.values()].some(one => one.name === 'Templates'));
	await page.locator('.toast', { hasText: 'template' }).waitFor();
	await page.locator('.compose-foot .icon-button').last().click();
	await page.locator('.compose').waitFor({ state: 'detached' });
	await page.keyboard.press('c');
	await page.waitForSelector('.editor.rich[contenteditable=true]');
	await to(page).fill('张伟 <zhang@demo.test>,');
	await page.locator('.editor.rich').focus();
	await until('it is offered', async () => {
		await page.locator('[aria-label="Templates"]').first().click();
		if (await page.locator('.menu-item', { hasText: 'Thanks' }).count()) return true;
		await page.keyboard.press('Escape');
		return false;
	});
	await page.locator('.menu-item', { hasText: 'Thanks' }).click();
	await page.locator('.editor.rich', { hasText: 'Dear 张伟' }).waitFor();
	assert.equal(await page.locator('.compose-subject').inputValue(), 'Thanks');
	await end();
});

for (const [locale, theme, width] of [['en', 'light', 1280], ['zh-CN', 'dark', 1280], ['zh-TW', 'light', 320], ['en', 'dark', 320]]) {
	test(`everybody can write: ${locale}, ${theme}, ${width} px`, async () => {
		const { page, end } = await begin('/mail?compose=replyAll&id=L1', { locale, theme, width, height: 640 });
		assert.deepEqual(await axe(page), []);
		const wide = await page.evaluate(() => [...document.querySelectorAll('.compose, .compose *')].filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.formats')).length);
		assert.equal(wide, 0, 'nothing is cut off');
		await picture(page, `compose-${locale}-${theme}-${width}`);
		await end();
	});
}
