import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { load } from './load.mjs';

let address, draft, schedule, templates, sieve, mbox;
before(async () => {
	[address, draft, schedule, templates, sieve, mbox] = await Promise.all(
		['compose/address.ts', 'compose/draft.ts', 'compose/schedule.ts', 'compose/templates.ts', 'settings/sieve.ts', 'settings/mbox.ts'].map(load));
});

for (const [text, expected] of [
	['a@b.cn', [[null, 'a@b.cn']]],
	['张伟 <zhang@b.cn>，李娜 <li@b.cn>；x@y.z', [['张伟', 'zhang@b.cn'], ['李娜', 'li@b.cn'], [null, 'x@y.z']]],
	['"Smith, John" <j@x.test>, "A \\"B\\" C" <a@x.test>', [['Smith, John', 'j@x.test'], ['A "B" C', 'a@x.test']]],
	['one@x.test\ntwo@x.test\r\n three@x.test ', [[null, 'one@x.test'], [null, 'two@x.test'], [null, 'three@x.test']]],
	['one@x.test two@x.test', [[null, 'one@x.test'], [null, 'two@x.test']]],
	['wang＠demo．test', [[null, 'wang@demo.test']]],
	['mailto:q@x.test', [[null, 'q@x.test']]],
	['nobody', [[null, 'nobody']]],
	[' ,; ', []],
]) {
	test(`addresses of ${JSON.stringify(text)}`, () => {
		assert.deepEqual(address.parseAddresses(text).map(one => [one.name, one.email]), expected);
	});
}

test('an address is whole or is not', () => {
	for (const good of ['a@b', 'a.b+c@d-e.f', '张@例子.中国', "o'neil@x.test"]) assert.equal(address.isAddress(good), true, good);
	for (const bad of ['a', 'a@', '@b', 'a@@b', 'a b@c', 'a@-b.c', 'a@b..c', 'a@b.', 'a,b@c', '<a@b>', `${'x'.repeat(250)}@b.cn`]) assert.equal(address.isAddress(bad), false, bad);
});

test('a shown address can be read again', () => {
	for (const one of [{ name: 'Smith, "J"', email: 'j@x.test' }, { name: '王磊', email: 'w@x.test' }, { name: null, email: 'n@x.test' }])
		assert.deepEqual(address.parseAddresses(address.formatAddress(one)), [one]);
});

test('subjects get one prefix, whatever language the former one had', () => {
	assert.equal(draft.prefixed('Re: RE: 回复：答覆: Numbers', 'reply'), 'Re: Numbers');
	assert.equal(draft.prefixed('转发: FW: Numbers', 'forward'), 'Fwd: Numbers');
	assert.equal(draft.prefixed('Regards', 'reply'), 'Re: Regards');
});

const letter = {
	from: [{ name: 'Anna', email: 'anna@x.test' }], to: [{ name: 'Me', email: 'ME@demo.test' }, { name: 'James', email: 'james@demo.test' }],
	cc: [{ name: null, email: 'anna@x.test' }, { name: null, email: 'li@demo.test' }], replyTo: null,
};
const emails = list => list.map(one => one.email);

test('an answer goes to the sender, to all without oneself and without repetition', () => {
	assert.deepEqual(emails(draft.recipients(letter, false, ['me@demo.test']).to), ['anna@x.test']);
	const all = draft.recipients(letter, true, ['me@demo.test']);
	assert.deepEqual([emails(all.to), emails(all.cc)], [['anna@x.test'], ['james@demo.test', 'li@demo.test']]);
});

test('Reply-To counts; who answers himself writes to those whom he wrote to', () => {
	assert.deepEqual(emails(draft.recipients({ ...letter, replyTo: [{ name: null, email: 'desk@x.test' }] }, false, []).to), ['desk@x.test']);
	const own = draft.recipients({ ...letter, from: [{ name: null, email: 'me@demo.test' }], cc: null }, false, ['me@demo.test']);
	assert.deepEqual(emails(own.to), ['ME@demo.test', 'james@demo.test']);
});

test('one writes from the address that the letter came to', () => {
	const identities = [{ id: '1', email: 'me@demo.test' }, { id: '2', email: 'info@demo.test' }];
	assert.equal(draft.identityFor({ from: null, to: [{ name: null, email: 'Info@demo.test' }], cc: null }, identities).id, '2');
	assert.equal(draft.identityFor({ from: null, to: [{ name: null, email: 'list@x.test' }], cc: null }, identities).id, '1');
});

test('references grow at their end and keep their beginning', () => {
	const many = Array.from({ length: 80 }, (_, i) => `${i}@x`);
	const { inReplyTo, references } = draft.threading({ messageId: ['new@x'], references: many, inReplyTo: null });
	assert.deepEqual(inReplyTo, ['new@x']);
	assert.equal(references.length, 50);
	assert.deepEqual([references[0], references.at(-1)], ['0@x', 'new@x']);
});

test('text becomes HTML that says nothing else', () => {
	assert.equal(draft.textToHtml('<b> & "x"\n\ny'), '<div>&lt;b&gt; &amp; &quot;x&quot;</div><div><br></div><div>y</div>');
	assert.equal(draft.quoteText('a\n> b\n'), '> a\n>> b');
});

test('a forgotten attachment is noticed in three languages, and not in what is quoted', () => {
	for (const text of ['please find attached', '详见附件', '請見附檔']) assert.equal(draft.speaksOfAttachment('', text), true, text);
	assert.equal(draft.speaksOfAttachment('', 'no\n> see attached'), false);
	assert.equal(draft.speaksOfAttachment('', 'we are attached to it'), true);
	assert.equal(draft.speaksOfAttachment('', 'attack the problem'), false);
});

test('a letter of JMAP has both forms, its attachments, and what was asked for', () => {
	const one = { ...draft.emptyDraft('1', 'html'), to: letter.from, subject: 'S', body: '<p>x</p>', receipt: true, important: true, attachments: [
		{ key: 'a', name: 'a.pdf', type: 'application/pdf', size: 1, blobId: 'B', cid: null, progress: 1, failed: null },
		{ key: 'b', name: 'b.png', type: 'image/png', size: 1, blobId: 'C', cid: 'c@x', progress: 1, failed: null },
		{ key: 'c', name: 'late', type: '', size: 1, blobId: null, cid: null, progress: 0, failed: null },
	] };
	const email = draft.toEmail(one, { id: '1', name: 'Me', email: 'me@demo.test', replyTo: null }, 'x', { mailboxIds: { D: true }, keywords: { $draft: true } });
	assert.deepEqual(email.bodyValues, { text: { value: 'x' }, html: { value: '<p>x</p>' } });
	assert.deepEqual(email.attachments.map(part => [part.blobId, part.disposition, part.cid]), [['B', 'attachment', null], ['C', 'inline', 'c@x']]);
	assert.equal(email.bcc, null);
	assert.deepEqual(email['header:Disposition-Notification-To:asAddresses'], [{ name: 'Me', email: 'me@demo.test' }]);
	assert.equal(draft.toEmail({ ...one, mode: 'text' }, { email: 'm@x', name: '', replyTo: null }, 'x', {}).htmlBody, undefined);
});

test('moments to send later lie ahead, each once', () => {
	const names = now => schedule.presets(now).map(one => one.name);
	assert.deepEqual(names(new Date(2026, 10, 19, 10)), ['evening', 'tomorrow', 'afternoon', 'monday'], 'a Thursday morning');
	assert.deepEqual(names(new Date(2026, 10, 19, 17, 50)), ['tomorrow', 'afternoon', 'monday'], 'it is evening nearly');
	assert.deepEqual(names(new Date(2026, 10, 22, 20)), ['tomorrow', 'afternoon'], 'on Sunday, tomorrow is Monday');
	const now = new Date(2026, 10, 19, 10);
	assert.equal(schedule.whyNot(new Date(NaN), now, 100), 'invalid');
	assert.equal(schedule.whyNot(now, now, 100), 'past');
	assert.equal(schedule.whyNot(new Date(2026, 10, 19, 11), now, 100), 'far');
	assert.equal(schedule.whyNot(new Date(2026, 10, 19, 11), now, 7200), null);
	assert.equal(schedule.localValue(now), '2026-11-19T10:00');
});

test('templates are filled with what is known', () => {
	const facts = { recipient: '张伟', sender: 'Me', date: '', subject: 'S' };
	assert.equal(templates.fill('Dear {{recipientName}}, {{ 收件人 }}: {{date}} {{other}} {{SUBJECT}}', facts), 'Dear 张伟, 张伟: {{date}} {{other}} S');
	assert.deepEqual(templates.unfilled('{{a}} {{ b }}'), ['a', 'b']);
});

/* ---- filters ---- */

const rule = (more = {}) => ({ name: 'R', on: true, any: false, conditions: [{ field: 'from', op: 'contains', value: 'anna' }], actions: [{ act: 'move', value: 'A/B' }], ...more });
const foreign = '/* mine */\r\nrequire ["fileinto", "vacation"];\r\nif header :is "x" "y" { keep; }\r\n';

test('rules are read again as they were written, and what was made elsewhere stays as it is', () => {
	const rules = [rule(), rule({ name: '报告 "1" */ \n', on: false, any: true })];
	const text = sieve.write({ rules, foreign: foreign.replace(/\r/g, '') }, 'Trash');
	const again = sieve.parse(text);
	assert.deepEqual(again.rules, rules);
	assert.equal(again.foreign, foreign.replace(/\r/g, ''));
	assert.equal(sieve.write(again, 'Trash'), text, 'saving again changes nothing');
	assert.equal(sieve.write({ ...again, rules: [] }, 'Trash'), foreign.replace(/\r/g, ''), 'without rules only the other part is left');
	assert.equal(sieve.isOnlyOurs(again), false);
	assert.equal(sieve.isOnlyOurs(sieve.parse(sieve.write({ rules, foreign: '' }, 'Trash'))), true);
});

test('requires come before everything else', () => {
	const text = sieve.write({ rules: [rule()], foreign: foreign.replace(/\r/g, '') }, 'Trash');
	assert.ok(text.lastIndexOf('require') < text.indexOf('if header'));
});

test('what a person types cannot leave its string', () => {
	const text = sieve.write({ rules: [rule({ conditions: [{ field: 'subject', op: 'ends', value: 'a"b\\c*?\nd' }] })], foreign: '' }, 'Trash');
	assert.ok(text.includes('header :matches "subject" "*a\\"b\\\\\\\\c\\\\*\\\\? d"'), text);
	assert.equal(text.split('\n').filter(line => line.startsWith('# letterlock-rule ')).length, 1);
});

test('a rule that is off does nothing and needs nothing', () => {
	const text = sieve.write({ rules: [rule({ on: false })], foreign: '' }, 'Trash');
	assert.ok(!/require|fileinto "/.test(text), text);
});

test('rules are tried on letters as the server will', () => {
	const sample = { from: 'Anna <anna@x.test>', to: 'me@demo.test', subject: 'Report 7', body: 'hello', list: '', size: 5000 };
	const fits = (field, op, value) => sieve.matches(rule({ conditions: [{ field, op, value }] }), sample);
	assert.equal(fits('from', 'contains', 'ANNA'), true);
	assert.equal(fits('from', 'is', 'anna@x.test'), true);
	assert.equal(fits('from', 'is', 'anna'), false);
	assert.equal(fits('from', 'ends', '@x.test'), true);
	assert.equal(fits('subject', 'begins', 'report'), true);
	assert.equal(fits('subject', 'containsNot', 'report'), false);
	assert.equal(fits('size', 'over', '4'), true);
	const both = [{ field: 'subject', op: 'contains', value: 'report' }, { field: 'to', op: 'is', value: 'other@x.test' }];
	assert.equal(sieve.matches(rule({ conditions: both }), sample), false);
	assert.equal(sieve.matches(rule({ conditions: both, any: true }), sample), true);
});

/* ---- mbox ---- */

const bytes = text => new TextEncoder().encode(text);

test('letters go into an mbox and come out as they were', async () => {
	const letters = ['Subject: a\r\n\r\nFrom here\r\n>From there\r\nend\r\n', 'Subject: b\n\nno end'];
	const file = new Blob(letters.map(one => mbox.toMbox(bytes(one), 'a@x.test', new Date(0))));
	const text = await file.text();
	assert.ok(text.startsWith('From a@x.test Thu Jan  1 00:00:00 1970\nSubject: a\n\n>From here\n>>From there\nend\n\n'), text);
	const back = await Promise.all(mbox.fromMbox(bytes(text)).map(one => one.letter.text()));
	assert.deepEqual(back, ['Subject: a\n\nFrom here\n>From there\nend\n', 'Subject: b\n\nno end\n']);
});

test('a file that is no mbox is one letter; an empty one is none', async () => {
	assert.equal(await mbox.fromMbox(bytes('Subject: x\n\ny'))[0].letter.text(), 'Subject: x\n\ny');
	assert.deepEqual(mbox.fromMbox(bytes('')), []);
});

test('letters of a file came when the file, their trace or they themselves say', () => {
	const came = text => mbox.fromMbox(bytes(text)).map(one => one.came);
	const letter = 'Date: Sat, 21 Nov 2020 10:00:00 +0800 (CST)\n\nx\n';
	assert.deepEqual(came(letter), ['2020-11-21T02:00:00Z']);
	assert.deepEqual(came(`From a@x.test Sat Nov  7 09:08:07 2015\n${letter}\nFrom - Thu Jan 01 08:00:30 +0800 2015\n${letter}\nFrom b\n${letter}`),
		['2015-11-07T09:08:07Z', '2015-01-01T00:00:30Z', '2020-11-21T02:00:00Z']);
	assert.deepEqual(came(`From a@x.test Thu Jan  1 00:00:00 1970\nReceived: by x; Sat, 21 Nov 2020 10:00:00 +0000\n${letter}`), [null]);
	assert.deepEqual(came('Date: yesterday\n\nx'), [null]);
	assert.deepEqual(came('Date: Sat, 21 Nov 2999 10:00:00 +0000\n\nx'), [null]);
	assert.deepEqual(came(`Subject: x\n\n${letter}`), [null]);
});
