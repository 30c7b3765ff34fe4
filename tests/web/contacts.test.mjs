/* Stories about the address book: the organisation and JMAP in memory. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axe, browser, pageOf, picture } from './fake/browser.mjs';
import { fakeSite } from './fake/site.mjs';
import { missed, sideways } from './looks.mjs';
import { until } from './rig.mjs';

let chromium;
before(async () => (chromium = await browser()));
after(() => chromium.close());

const person = (id, name, department, index, more = {}) => ({ id, address: `${id}@demo.test`, name, department, position: '', phone: '', mobile: '', staff_number: '', index, ...more });
const COLLEAGUES = [
	person('zhang.wei', '张伟', '销售部/华东', 'zhangwei zw 伟 wei', { position: '销售经理', phone: '+86 21 5555 0411', staff_number: 'D0411' }),
	person('ouyang.feng', '欧阳锋', '销售部', 'ouyangfeng oyf feng'),
	person('anna.schmidt', 'Anna Schmidt', 'Engineering', 'anna schmidt as'),
];
const DEPARTMENTS = [{ department: 'Engineering', place: 2 }, { department: '销售部', place: 1 }, { department: '销售部/华东', place: 0 }];

function organisation(site, people = COLLEAGUES) {
	site.api['book.departments'] = () => ({ departments: DEPARTMENTS });
	site.api['book.people'] = ({ department, text, after = '0', limit = 100 }) => {
		const found = people.filter(one => (!department || one.department === department) && (!text || `${one.index} ${one.name} ${one.address}`.split(' ').some(word => word.startsWith(text.toLowerCase()))));
		const from = Number(after), page = found.slice(from, from + limit);
		return { people: page, ...(from + limit < found.length ? { more: true, next: String(from + limit) } : {}) };
	};
}

async function begin(path, { people, ...more } = {}) {
	const site = await fakeSite();
	organisation(site, people);
	const page = await pageOf(chromium, more);
	await page.goto(`${site.url}${path}`);
	await page.locator('.contacts').waitFor();
	return { site, page, jmap: site.jmap, end: async () => { assert.deepEqual(page.errors, []); await page.context().close(); await site.close(); } };
}

const row = (page, text) => page.locator('.person-row', { hasText: text }).first();
const cards = jmap => [...jmap.table('ContactCard').objects.values()];

test('the tree is in the order of the organisation, and walks by keys', async () => {
	const { page, end } = await begin('/contacts');
	const nodes = page.locator('[role=treeitem]');
	await nodes.filter({ hasText: '销售部' }).first().waitFor();
	assert.deepEqual(await nodes.allTextContents(), ['Organisation', '销售部', 'Engineering', 'My contacts']);
	await nodes.first().focus();
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('ArrowRight');
	await nodes.filter({ hasText: '华东' }).waitFor();
	await page.keyboard.press('ArrowRight');
	await page.keyboard.press('Enter');
	await until('the department is shown', async () => (await page.locator('.people-pane h1').textContent()) === '华东');
	await row(page, '张伟').waitFor();
	assert.equal(await page.locator('.person-row').count(), 1);
	await end();
});

test('zw finds 张伟, and the card says how to reach him', async () => {
	const { page, end } = await begin('/contacts');
	await row(page, 'Anna').waitFor();
	await page.keyboard.press('/');
	await page.keyboard.type('zw');
	await until('only he is found', async () => (await page.locator('.person-row').count()) === 1);
	await page.keyboard.press('Enter');
	await page.keyboard.press('ArrowDown');
	await page.locator('.person-pane h2', { hasText: '张伟' }).waitFor();
	await page.locator('.person-fact', { hasText: 'D0411' }).waitFor();
	assert.equal(await page.locator('.person-facts a[href^="tel:"]').getAttribute('href'), 'tel:+862155550411');
	await page.locator('.person-tools .button', { hasText: 'Write' }).click();
	await page.locator('.address-chip', { hasText: '张伟' }).waitFor();
	await end();
});

test('an own contact is made, changed, removed and comes back', async () => {
	const { page, jmap, end } = await begin('/contacts?own');
	await page.locator('.state .button.primary').waitFor();
	await page.keyboard.press('n');
	const dialog = page.locator('dialog[open]');
	await dialog.locator('input').first().fill('李 娜');
	await dialog.locator('input[type=email]').fill('not an address');
	assert.ok(await dialog.locator('.button.primary').isDisabled());
	await dialog.locator('input[type=email]').fill('li.na@partner.cn');
	await dialog.locator('.button.primary').click();
	await row(page, '李 娜').waitFor();
	assert.equal(Object.values(cards(jmap)[0].emails)[0].address, 'li.na@partner.cn');
	await page.locator('.person-tools .button', { hasText: 'Edit' }).click();
	await dialog.locator('input').first().fill('李娜');
	await dialog.locator('.button.primary').click();
	await until('the name is changed', () => cards(jmap)[0]?.name.full === '李娜');
	await page.locator('.person-tools .button', { hasText: 'Remove' }).click();
	await until('it is gone', () => cards(jmap).length === 0);
	await page.locator('.toast', { hasText: '李娜' }).locator('.button').click();
	await until('it is back', () => cards(jmap).length === 1);
	await row(page, '李娜').waitFor();
	await end();
});

test('a file of another program comes in, and can be taken back', async () => {
	const { page, jmap, end } = await begin('/contacts?own');
	await page.locator('.state .button.primary').waitFor();
	const text = 'BEGIN:VCARD\r\nVERSION:3.0\r\nN:王;小明;;;\r\nFN:王小明\r\nEMAIL;TYPE=INTERNET:xm@partner.cn\r\nTEL;TYPE=CELL:+86 139\r\n 0000\r\nORG:公司;部门\r\nEND:VCARD\r\n'
		+ 'BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Bob\\, the builder\r\nEMAIL:bob@x.test\r\nEND:VCARD\r\n';
	await page.locator('input[type=file]').setInputFiles({ name: 'a.vcf', mimeType: 'text/vcard', buffer: Buffer.from(text) });
	await row(page, '王小明').waitFor();
	await row(page, 'Bob, the builder').waitFor();
	assert.deepEqual(cards(jmap).map(one => Object.values(one.phones ?? {})[0]?.number).filter(Boolean), ['+86 1390000']);
	await page.locator('.toast').locator('.button', { hasText: 'Undo' }).click();
	await until('they are gone', () => cards(jmap).length === 0);
	await end();
});

test('the list grows as it is scrolled', async () => {
	const many = Array.from({ length: 350 }, (_, i) => person(`p${i}`, `Person ${i}`, '', `p${i}`));
	const { page, end } = await begin('/contacts', { people: many });
	await row(page, 'Person 0').waitFor();
	await page.locator('.people-list').focus();
	await until('the last one is here', async () => {
		await page.keyboard.press('End');
		return (await row(page, 'Person 349').count()) > 0;
	});
	await end();
});

test('people are chosen for a letter: by pinyin as one types, or from the tree', async () => {
	const { page, site, end } = await begin('/contacts');
	await page.goto(`${site.url}/mail`);
	await page.locator('.mail').waitFor();
	await page.keyboard.press('c');
	const to = page.locator('.address-input').first();
	await to.fill('zw');
	await page.locator('.suggestion', { hasText: '张伟' }).waitFor();
	await page.keyboard.press('Enter');
	await page.locator('.address-chip', { hasText: '张伟' }).waitFor();
	await page.locator('.compose-people').first().click();
	const dialog = page.locator('dialog[open]');
	await dialog.locator('[role=treeitem]', { hasText: 'Engineering' }).click();
	await dialog.locator('.person-row', { hasText: 'Anna' }).waitFor();
	await until('only that department is shown', async () => (await dialog.locator('.person-row').count()) === 1);
	await dialog.locator('.picker-all .button').click();
	await picture(page, 'contacts-picker');
	assert.deepEqual(await axe(page), []);
	await dialog.locator('footer .button.primary').click();
	await page.locator('.address-chip', { hasText: 'Anna Schmidt' }).waitFor();
	await end();
});

test('names are not cut by what people do, where there is little room', async () => {
	const { page, end } = await begin('/contacts', { width: 1024, people: [person('anna.schmidt', 'Anna Schmidt-Winterhalter', 'Engineering', 'anna', { position: 'Head of Engineering' })] });
	await row(page, 'Anna').waitFor();
	assert.deepEqual(await page.locator('.person-text > span').evaluateAll(names => names.filter(name => name.scrollWidth > name.clientWidth).map(name => name.textContent)), []);
	await end();
});

for (const [locale, theme, width] of [['en', 'light', 1280], ['zh-CN', 'dark', 1280], ['zh-TW', 'light', 375], ['zh-TW', 'dark', 768]]) {
	test(`the address book is accessible: ${locale}, ${theme}, ${width}`, async () => {
		const finger = width === 768;
		const { page, jmap, end } = await begin('/contacts', { locale, theme, width, ...(finger ? { height: 1024, hasTouch: true, isMobile: true } : {}) });
		const fits = async () => assert.deepEqual(finger ? [...(await sideways(page)), ...(await missed(page))] : [], []);
		jmap.put('ContactCard', { id: 'C1', uid: 'u1', name: { full: '陈静' }, emails: { e: { address: 'chen@x.test' } }, phones: {}, addressBookIds: { personal: true } });
		jmap.put('ContactCard', { id: 'C2', uid: 'u2', kind: 'group', name: { full: 'Team' }, members: { u1: true }, addressBookIds: { personal: true } });
		await row(page, '张伟').waitFor();
		await picture(page, `contacts-${locale}-list`);
		await fits();
		assert.deepEqual(await axe(page), []);
		await row(page, '张伟').click();
		await page.locator('.person-pane h2').waitFor();
		await picture(page, `contacts-${locale}-card`);
		await fits();
		assert.deepEqual(await axe(page), []);
		if (width < 800) {
			await page.locator('.person-pane .icon-button').first().click();
			await page.locator('.top-menu').click();
			await page.locator('[role=tree]').waitFor();
			await picture(page, `contacts-${locale}-tree`);
			assert.deepEqual(await axe(page), []);
			await page.locator('.scrim').click({ position: { x: width - 10, y: 200 } });
		}
		await page.locator('.people-pane .list-head [aria-haspopup=menu]').waitFor({ state: 'attached' });
		await page.keyboard.press('n');
		await page.locator('dialog[open]').waitFor();
		await picture(page, `contacts-${locale}-edit`);
		await fits();
		assert.deepEqual(await axe(page), []);
		await end();
	});
}
