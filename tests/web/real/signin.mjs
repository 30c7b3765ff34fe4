/* Ways in, and what keeps others out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address, at, digits, editor, fillIn, folder, house, row, signedIn, signOut, stranger, until, write } from './house.mjs';

const who = 'maria.rossi';
const mail = page => page.locator('.mail-row').first().waitFor();

test('a wrong password is refused and does not say what was wrong', async () => {
	const page = await stranger();
	await page.goto(at('/signin'));
	await fillIn(page, address(who), 'not-the-password');
	await page.locator('.signin-form [role=alert], .signin-form .banner.bad').first().waitFor();
	const said = await page.locator('.signin-form [role=alert], .signin-form .banner.bad').first().innerText();
	await fillIn(page, 'nobody.at.all@demo.test', 'not-the-password');
	await page.waitForFunction(() => !document.querySelector('.signin-form [aria-busy=true], .signin-form button.busy'));
	assert.equal(await page.locator('.signin-form [role=alert], .signin-form .banner.bad').first().innerText(), said);
	await fillIn(page, address(who), house.site.person(who).password);
	await mail(page);
});

test('who has a provisional password chooses an own one, and is in', async () => {
	const someone = 'new.colleague@demo.test', own = 'seven blue lanterns float';
	house.site.command(['user', 'add', someone, '--name', 'New Colleague', '--stdin'], 'provisional-4711-word\n');
	const page = await stranger();
	await page.goto(at('/signin'));
	await fillIn(page, someone, 'provisional-4711-word');
	await page.locator('[name=new-password]').fill(own);
	await page.locator('.signin-form button[type=submit]').click();
	await page.locator('.signin-code').waitFor();
	await page.locator('.signin-form button[type=submit]').click();
	await page.locator('.letters').waitFor();
	await signOut(page);
	await fillIn(page, someone, own);
	await page.locator('.letters').waitFor();
});

test('an authenticator app and recovery codes are added; each opens the door once', async () => {
	const page = await signedIn(who);
	await page.goto(at('/settings/security'));
	await page.getByRole('button', { name: 'Add an authenticator app' }).click();
	const secret = await page.locator('.secret').innerText();
	await page.getByLabel('Digits from the app').fill(digits(secret));
	await page.getByRole('button', { name: 'Check and add' }).click();
	await page.locator('.list-row', { hasText: 'Authenticator app' }).waitFor();
	await page.getByRole('button', { name: 'New recovery codes' }).click();
	await page.locator('.codes li, dialog[open] [name=code], dialog[open] .code-input').first().waitFor();
	if (await page.locator('dialog[open] .code-input').count()) {
		await page.locator('dialog[open] .code-input').fill(digits(secret, 1));
		await page.getByRole('button', { name: 'Continue' }).click();
	}
	const code = await page.locator('.codes li').first().innerText();
	await page.getByRole('button', { name: 'I have kept them' }).click();
	await signOut(page);
	const { password } = house.site.person(who);
	await fillIn(page, address(who), password);
	await page.getByRole('button', { name: 'Recovery code' }).click();
	await page.locator('[name=code]').fill(code);
	await page.locator('.signin-form button[type=submit]').click();
	await mail(page);
	await signOut(page);
	await fillIn(page, address(who), password);
	await page.getByRole('button', { name: 'Recovery code' }).click();
	await page.locator('[name=code]').fill(code);
	await page.locator('.signin-form button[type=submit]').click();
	await page.locator('.signin-form [role=alert], .signin-form .banner.bad').first().waitFor();
	await page.getByRole('button', { name: 'Digits from your program' }).click();
	/* Those of this half minute were used; the next ones count already. */
	for (let ahead = 0; ahead < 2 && await page.locator('[name=code]').count(); ahead++) {
		await page.locator('[name=code]').fill(digits(secret, ahead));
		await page.locator('.mail-row, .signin-form [role=alert], .signin-form .banner.bad').first().waitFor();
		await page.waitForFunction(() => !document.querySelector('.signin-form button[aria-busy=true]'));
	}
	await mail(page);
});

test('a passkey signs in without a password, and unlocks', async () => {
	const page = await signedIn('zhao.min');
	const devices = await page.context().newCDPSession(page);
	await devices.send('WebAuthn.enable');
	await devices.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, hasPrf: true, automaticPresenceSimulation: true } });
	await page.goto(at('/settings/security'));
	await page.getByRole('button', { name: 'Add a passkey' }).click();
	await page.locator('.list-row', { hasText: 'Passkey' }).waitFor();
	await signOut(page);
	await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
	await mail(page);
	await page.locator('.account-button').click();
	await page.getByRole('menuitem', { name: 'Lock now' }).click();
	await page.getByRole('button', { name: 'Unlock with a passkey' }).click();
	await page.locator('dialog.lock').waitFor({ state: 'detached' });
});

test('who does nothing for a while is locked out, and finds the draft again', async () => {
	const page = await stranger();
	/* The policy of a hurried organisation. */
	let hurried = false;
	await page.route('**/api/session', async route => {
		const response = await route.fetch();
		const body = await response.json().catch(() => null);
		if (!body?.policy) return route.fulfill({ response });
		return route.fulfill({ response, json: { ...body, policy: { ...body.policy, lock_after: hurried ? 2 : 600 } } });
	});
	await page.goto(at('/signin'));
	await fillIn(page, address('chen.yu'), house.site.person('chen.yu').password);
	await mail(page);
	hurried = true;
	await page.reload();
	await mail(page);
	await page.locator('.shell').press('c');
	await editor(page).waitFor();
	await page.locator('.compose-subject').fill('Before the coffee');
	await page.locator('dialog.lock').waitFor();
	assert.equal(await page.evaluate(() => fetch('/jmap/session').then(r => r.status)), 423);
	hurried = false;
	await page.locator('dialog.lock input[type=password]').fill('wrong');
	await page.getByRole('button', { name: 'Unlock', exact: true }).click();
	await page.getByText('That did not work').waitFor();
	await page.locator('dialog.lock input[type=password]').fill(house.site.person('chen.yu').password);
	await page.getByRole('button', { name: 'Unlock', exact: true }).click();
	await page.locator('dialog.lock').waitFor({ state: 'detached' });
	assert.equal(await page.locator('.compose-subject').inputValue(), 'Before the coffee');
	await page.locator('.compose-saved', { hasText: /\d/ }).waitFor();
	await folder(page, 'drafts');
	await row(page, 'Before the coffee').waitFor();
});

test('sessions are listed, and the others end at a click', async () => {
	const here = await signedIn('chen.yu'), there = await signedIn('chen.yu');
	await here.goto(at('/settings/sessions'));
	await here.getByText('This one').waitFor();
	await here.getByRole('button', { name: 'Sign out all others' }).click();
	await here.locator('dialog[open]').getByRole('button', { name: 'Sign out', exact: true }).click();
	await here.getByText('All other sessions are over').waitFor();
	await there.locator('dialog.lock', { hasText: 'You are signed out' }).waitFor();
	await here.locator('.list-row', { hasText: 'Signed in' }).first().waitFor();
});

test('whoever has failed often computes before the password is looked at', async () => {
	const page = await stranger();
	const answers = [];
	page.on('request', request => {
		if (request.method() === 'POST' && new URL(request.url()).pathname === '/api/session') answers.push(JSON.parse(request.postData() ?? '{}'));
	});
	await page.goto(at('/signin'));
	for (let i = 0; i < 4; i++) {
		const before = answers.length;
		await fillIn(page, address('wang.lei'), `not the password ${i}`);
		await until('it was tried', () => answers.length > before);
		await page.locator('.signin-failed').waitFor();
		await page.locator('button[type=submit]:not([disabled]):not([aria-busy=true])').waitFor();
	}
	await fillIn(page, address('wang.lei'), house.site.person('wang.lei').password);
	await mail(page);
	const { work } = answers.at(-1);
	assert.match(String(work?.number), /^\d+$/);
	assert.ok(work.challenge);
});

test('the keyboard on the screen is there as far as policy says, and opens the door', async () => {
	for (const level of ['off', 'offer', 'always']) {
		const page = await stranger();
		await page.route('**/api/session', async route => {
			const response = await route.fetch(), body = await response.json().catch(() => null);
			return body?.policy ? route.fulfill({ response, json: { ...body, policy: { ...body.policy, keyboard: level } } }) : route.fulfill({ response });
		});
		await page.goto(at('/signin'));
		await page.locator('[name=password]').waitFor();
		assert.equal(await page.locator('.keyboard').count(), level === 'always' ? 1 : 0, level);
		assert.equal(await page.locator('.keyboard-toggle').count(), level === 'offer' ? 1 : 0, level);
		if (level !== 'always') continue;
		const { address: who, password } = house.site.person('anna.schmidt');
		await page.locator('[name=username]').fill(who);
		for (const key of password) await page.locator('.keyboard').getByRole('button', { name: key, exact: true }).click();
		await page.locator('button[type=submit]').click();
		await mail(page);
	}
});
