/* The address book: the organisation as its people may see it, and own contacts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { at, folder, house, putAway, signedIn, until, write } from './house.mjs';

let page;
before(async () => (page = await signedIn('lin.xiaomei')));
const person = name => page.locator('.person-row', { hasText: name });
const nodes = () => page.locator('.book-tree-pane [role=treeitem]');
const find = async text => {
	await page.locator('#book-search').fill(text);
	await page.locator('.people-pane h1', { hasText: 'Found' }).waitFor();
};

test('departments stand in the order of the organisation, people in that of their department', async () => {
	await page.goto(at('/contacts'));
	await nodes().filter({ hasText: 'Engineering' }).first().waitFor();
	const names = await nodes().allTextContents();
	const wanted = ['财务部', '销售部', 'Engineering', '行政部'];
	assert.deepEqual(names.filter(name => wanted.includes(name)), wanted);
	await nodes().filter({ hasText: 'Engineering' }).click();
	await page.locator('.people-pane h1', { hasText: 'Engineering' }).waitFor();
	await person('James Carter').waitFor();
	assert.deepEqual((await page.locator('.person-row .person-text > span').allInnerTexts()).slice(0, 3), ['Anna Schmidt', '陈宇', 'James Carter']);
	await nodes().filter({ hasText: '销售部' }).focus();
	await page.keyboard.press('ArrowRight');
	await nodes().filter({ hasText: '华东' }).click();
	await person('张伟').click();
	for (const fact of ['销售经理', 'D0411', '+86 21 5555 0411', 'zhang.wei@demo.test']) await page.locator('.person-pane').getByText(fact).first().waitFor();
});

test('people are found by pinyin, initials, numbers and names', async () => {
	await page.goto(at('/contacts'));
	await nodes().first().waitFor();
	for (const [text, name] of [['zw', '张伟'], ['ouyang', '欧阳锋'], ['shan', '单晓'], ['0411', '张伟'], ['曾', '曾華'], ['carter james', 'James Carter'], ['台北', '曾華']]) {
		await find(text);
		await person(name).first().waitFor();
	}
	await find('nobody of this name');
	await page.getByText('Nobody found').waitFor();
});

test('who may not be seen is nowhere', async () => {
	house.site.command(['department', 'set', '销售部/台北', '--sees', 'own']);
	await page.goto(at('/contacts'));
	await nodes().first().waitFor();
	await find('zh');
	await person('张伟').waitFor();
	assert.equal(await person('曾華').count(), 0);
	await folder(page, 'inbox');
	await page.locator('.mail-row').first().waitFor();
	await page.locator('.shell').press('c');
	await page.locator('.address-input').first().fill('zeng');
	await page.locator('.address-input').first().fill('zhang');
	await page.locator('.suggestion', { hasText: '张伟' }).waitFor();
	assert.equal(await page.locator('.suggestion', { hasText: '曾華' }).count(), 0);
	await page.locator('.compose-subject').focus();
	await putAway(page);
	house.site.command(['department', 'set', '销售部/台北', '--sees', 'all']);
	await page.goto(at('/contacts'));
	await find('zeng');
	await person('曾華').waitFor();
});

test('an own contact and a group of one\'s own stay, come from a file and go into one', async () => {
	await page.goto(at('/contacts?own'));
	await page.locator('.people-pane .list-head [aria-haspopup=menu]').waitFor();
	await page.getByRole('button', { name: 'New contact' }).first().click();
	const dialog = page.locator('dialog[open]');
	await dialog.getByLabel('Name', { exact: true }).fill('李娜');
	await dialog.getByRole('textbox', { name: /^Email address/ }).fill('li.na@partner.test');
	await dialog.getByRole('button', { name: 'Save' }).click();
	await person('李娜').waitFor();
	await page.locator('.person-tools').getByRole('button', { name: 'Groups' }).click();
	await page.getByRole('menuitem', { name: 'New group' }).click();
	await dialog.getByLabel('Name').fill('Partners');
	await dialog.getByRole('button', { name: 'Save' }).click();
	await nodes().filter({ hasText: 'Partners' }).waitFor();
	await page.locator('.person-tools').getByRole('button', { name: 'Groups' }).click();
	await page.getByRole('menuitemradio', { name: 'Partners' }).click();
	const card = 'BEGIN:VCARD\r\nVERSION:3.0\r\nN:王;小明;;;\r\nFN:王小明\r\nEMAIL;TYPE=INTERNET:xm@partner.test\r\nEND:VCARD\r\n';
	await page.locator('.contacts input[type=file]').setInputFiles({ name: 'a.vcf', mimeType: 'text/vcard', buffer: Buffer.from(card) });
	await person('王小明').waitFor();
	await page.reload();
	await person('王小明').waitFor();
	await page.locator('.people-pane .list-head [aria-haspopup=menu]').click();
	const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'Export as vCard' }).click()]);
	const text = readFileSync(await file.path(), 'utf8');
	for (const word of ['李娜', 'li.na@partner.test', '王小明']) assert.ok(text.includes(word), word);
	await nodes().filter({ hasText: 'Partners' }).click();
	await person('李娜').waitFor();
	await until('only members are here', async () => (await page.locator('.person-row').count()) === 1);
});

test('people are chosen for a letter: by what one types, or from the tree', async () => {
	await folder(page, 'inbox');
	await page.locator('.mail-row').first().waitFor();
	await write(page, { subject: 'For some' });
	const to = page.locator('.address-input').first();
	for (const [typed, name] of [['lina', '李娜'], ['oyf', '欧阳锋']]) {
		await to.fill(typed);
		await page.locator('.suggestion', { hasText: name }).waitFor();
		await to.press('Enter');
		await page.locator('.address-chip', { hasText: name }).waitFor();
	}
	await page.locator('.compose-people').first().click();
	const dialog = page.locator('dialog[open]');
	await dialog.locator('[role=treeitem]', { hasText: '财务部' }).click();
	await dialog.locator('.person-row', { hasText: '王磊' }).click();
	await dialog.getByRole('searchbox', { name: 'Search people' }).fill('schmidt');
	await dialog.locator('.person-row', { hasText: 'Anna Schmidt' }).click();
	await dialog.getByText('2 people chosen').waitFor();
	await dialog.getByRole('button', { name: 'Add', exact: true }).click();
	for (const name of ['王磊', 'Anna Schmidt']) await page.locator('.address-chip', { hasText: name }).waitFor();
	await putAway(page);
	await page.goto(at('/contacts'));
	await find('zw');
	await person('张伟').click();
	await page.locator('.person-tools').getByRole('button', { name: 'Write' }).click();
	await page.locator('.address-chip', { hasText: '张伟' }).waitFor();
	await putAway(page);
});
