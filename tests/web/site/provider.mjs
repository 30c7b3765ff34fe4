/*
 * A person who signs in by the organisation's own sign-in: provider.mjs STORY, a JSON object {url, host, button, login, digits?}. Presses the button with that text, types
 * the name at the provider's page, and our six digits when they are asked for. Prints {path, session, words, errors}.
 */
import { axe, browser, pageOf, picture } from '../fake/browser.mjs';

const story = JSON.parse(process.argv[2]);
const chromium = await browser([`--host-resolver-rules=MAP ${story.host} 127.0.0.1`, '--ignore-certificate-errors']);
try {
	const page = await pageOf(chromium);
	await page.goto(`${story.url}/signin`);
	await page.locator('.signin-after .button', { hasText: story.button }).waitFor();
	const broken = await axe(page);
	await picture(page, `provider-${story.button}`);
	await page.locator('.signin-after .button', { hasText: story.button }).click();
	await page.waitForURL(url => url.hostname === story.host);
	await page.locator('[name=login]').fill(story.login);
	const password = page.locator('[name=password]');
	if (await password.count()) await password.fill('x');
	await page.locator('[type=submit]').click();
	/* A page of consent of the provider's may follow. */
	for (const ours = url => url.origin === story.url; !ours(new URL(page.url())); ) {
		await Promise.race([page.waitForURL(ours), page.locator('form').waitFor()]);
		if (ours(new URL(page.url()))) break;
		await page.locator('[type=submit]').click().catch(() => {});
	}
	if (story.digits) {
		await page.locator('.signin-digits').waitFor();
		await page.locator('.signin-digits').fill(story.digits);
	}
	await page.locator(story.until ?? '.shell').waitFor();
	const session = await page.evaluate(() => fetch('/api/session').then(r => r.json()));
	console.log(JSON.stringify({ path: new URL(page.url()).pathname, session, words: await page.locator('main').innerText(), broken, errors: page.errors }));
} finally {
	await chromium.close();
}
