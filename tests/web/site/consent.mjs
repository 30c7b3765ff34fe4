/*
 * A person in front of the page of consent: consent.mjs STORY, a JSON object {url, address, password, code?, decision, picture?}. Opens the address as a program does,
 * signs in when asked, and decides. Prints {words, broken, at, errors}: what was shown, rules of axe that it breaks, where the browser ended.
 */
import { axe, browser, pageOf, picture } from '../fake/browser.mjs';

const story = JSON.parse(process.argv[2]);
const chromium = await browser();
try {
	const page = await pageOf(chromium, { locale: story.locale ?? 'en', theme: story.theme ?? 'light', ...(story.narrow ? { width: 375, height: 740 } : {}) });
	await page.goto(story.url);
	await page.locator('[name=username]').fill(story.address);
	await page.locator('[name=password]').fill(story.password);
	await page.locator('button[type=submit]').click();
	if (story.code) {
		await page.locator('[name=user_code]').fill(story.code);
		await page.locator('button[type=submit]').click();
	}
	await page.locator('.consent').waitFor();
	const words = await page.locator('.signin-card').innerText();
	const broken = await axe(page);
	await picture(page, `consent-${story.picture ?? 'page'}`);
	const [allow, deny] = [page.locator('.consent button[type=submit]'), page.locator('.consent > button[type=button]').first()];
	if (story.keys) {
		/* The keyboard alone: the button that allows is the first stop behind the headline. */
		await page.waitForFunction(() => !document.querySelector('.consent button[type=submit]').disabled);
		await page.keyboard.press('Tab');
		await page.keyboard.press('Enter');
	} else {
		await (story.decision === 'allow' ? allow : deny).click();
	}
	if (story.code) await page.locator('[role=status] .banner').waitFor();
	else await page.waitForURL(story.back);
	console.log(JSON.stringify({ words, broken, at: page.url(), errors: page.errors }));
} finally {
	await chromium.close();
}
