/*
 * Pictures of every screen for docs/screenshots, of the demonstration: node tests/web/screenshots.mjs FOLDER. A screen adds a row; what it shows is real, so the
 * rows come in an order in which nothing has been lost that a later one needs.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { browser, pageOf } from './fake/browser.mjs';
import { row } from './rig.mjs';
import { demoSite } from './site/demo.mjs';

const LOOKS = {
	desk: { locale: 'zh-CN', theme: 'light', width: 1360, height: 850 },
	english: { locale: 'en', theme: 'light', width: 1360, height: 850 },
	dark: { locale: 'en', theme: 'dark', width: 1360, height: 850 },
	phone: { locale: 'zh-TW', theme: 'light', width: 390, height: 844, hasTouch: true, isMobile: true },
	taiwan: { locale: 'zh-TW', theme: 'light', width: 1360, height: 850 },
	tablet: { locale: 'zh-TW', theme: 'light', width: 768, height: 1024, hasTouch: true, isMobile: true },
};
/* Nothing moves any more, and nothing is waited for. */
const settled = async page => {
	await page.waitForFunction(() => ![...document.querySelectorAll('[aria-busy=true], .skeleton')].some(one => one.checkVisibility()));
	await page.evaluate(() => Promise.all(document.getAnimations().filter(one => one.effect?.getTiming().iterations !== Infinity).map(one => one.finished.catch(() => {}))));
};
const at = path => async (page, site) => {
	await page.goto(site.url + path);
	await page.locator('main, .settings-content, .shell').first().waitFor();
};
const inbox = async (page, site) => {
	await at('/mail/inbox')(page, site);
	await page.locator('.mail-row').first().waitFor();
};
const letter = subject => async (page, site) => {
	await inbox(page, site);
	await row(page, subject).click();
	await page.locator('.letter.last .mail-frame').waitFor();
};
const settings = name => async (page, site) => {
	await at(`/settings/${name}`)(page, site);
	await page.locator('.settings-content h1, .settings-content h2').first().waitFor();
	await page.locator('.settings-content .skeleton').waitFor({ state: 'detached' });
};

const SECRET = '第四季度調整方案';
/* A letter to oneself, so that the same page can read it. */
const confide = async (page, site) => {
	await inbox(page, site);
	await page.locator('.shell').press('c');
	await page.locator('.editor.rich[contenteditable=true]').waitFor();
	await page.locator('.address-input').first().fill(`${site.person('wang.lei').address},`);
	await page.locator('.compose-subject').fill(SECRET);
	await page.locator('.editor.rich').fill('方案定於下週一公布，在此之前請勿轉述。');
	await page.locator('.compose-foot').getByRole('button', { name: /^(Confidential|机密邮件|機密郵件)/ }).click();
	await page.getByRole('menuitemradio').nth(2).click();
	await page.locator('.sealed-strip').waitFor();
};

/* name, what it is, the looks it is shown in, how one gets there. `out`: nobody is signed in. */
const SCREENS = [
	['sign-in', 'Sign-in', ['desk', 'dark'], at('/signin'), { out: true }],
	['inbox', 'Inbox', ['desk', 'taiwan', 'dark', 'tablet', 'phone'], inbox],
	['letter', 'A letter', ['desk', 'dark', 'tablet', 'phone'], letter('差旅制度修订稿')],
	['fraud', 'A letter that pretends to be from a colleague', ['desk', 'english'], async (page, site) => {
		await at('/mail/junk')(page, site);
		await row(page, '紧急').click();
		await page.locator('.banner').first().waitFor();
	}],
	['preview', 'An attachment as page pictures', ['desk'], async (page, site) => {
		await letter('差旅制度修订稿')(page, site);
		await page.locator('.file-view').first().click();
		await page.locator('.viewer-page[aria-busy=false]').waitFor();
	}],
	['details', 'What the checks said', ['english'], async (page, site) => {
		await at('/mail/junk')(page, site);
		await row(page, '紧急').click();
		await page.locator('.letter-tools .icon-button').last().click();
		await page.locator('.menu-item').nth(-2).click();
		await page.locator('.dialog.drawer .details').waitFor();
	}],
	['search', 'Search with operators', ['desk', 'phone'], async (page, site) => {
		await inbox(page, site);
		if (await page.locator('#search').isVisible()) {
			await page.locator('#search').fill('预算');
			await page.keyboard.press('Enter');
			await page.locator('.mail-row mark').first().waitFor();
		} else await at('/mail/inbox?q=预算')(page, site);
	}],
	['compose', 'Writing', ['desk', 'dark', 'phone'], async (page, site) => {
		await inbox(page, site);
		await page.locator('.shell').press('c');
		await page.locator('.editor.rich[contenteditable=true]').waitFor();
		await page.locator('.address-input').first().pressSequentially('lin');
		await page.locator('.suggestion').first().waitFor();
	}],
	['confide', 'Writing a confidential letter', ['desk', 'taiwan', 'tablet'], confide],
	['confidential', 'A confidential letter, as its reader sees it', ['desk', 'taiwan', 'tablet'], async (page, site) => {
		await confide(page, site);
		await page.keyboard.press('Control+Enter');
		await page.locator('.compose').waitFor({ state: 'detached' });
		await row(page, SECRET).click();
		await page.locator('.letter.last .mail-frame').waitFor();
		await page.locator('.toast').first().waitFor({ state: 'detached' });
	}],
	['contacts', 'Contacts: the tree of the organisation', ['desk', 'phone'], async (page, site) => {
		await at('/contacts')(page, site);
		await page.locator('.people, .contacts').first().waitFor();
	}],
	['recover', 'Recover deleted letters', ['desk'], at('/mail/recover')],
	...['general', 'identities', 'filters', 'vacation', 'templates', 'delegation', 'security', 'devices', 'sessions', 'data']
		.map(name => [`settings-${name}`, `Settings: ${name}`, name === 'security' ? ['desk', 'dark', 'phone'] : ['desk'], settings(name)]),
	['keys', 'Keys', ['english'], async (page, site) => {
		await inbox(page, site);
		await page.locator('.shell').press('?');
		await page.locator('.sheet').waitFor();
	}],
	['palette', 'Commands', ['dark'], async (page, site) => {
		await inbox(page, site);
		await page.keyboard.press('Control+k');
		await page.locator('.palette-item').first().waitFor();
	}],
	['locked', 'Locked', ['desk'], async (page, site) => {
		await inbox(page, site);
		await page.locator('.account-button').click();
		await page.locator('.menu-item', { hasText: /锁定|Lock|鎖定/ }).click();
		await page.locator('.lock-card').waitFor();
	}, { last: true }],
];

async function take(page, path) {
	await settled(page);
	const cdp = await page.context().newCDPSession(page);
	const { data } = await cdp.send('Page.captureScreenshot', { format: 'webp', quality: 82 });
	await cdp.detach();
	writeFileSync(path, Buffer.from(data, 'base64'));
}

const folder = process.argv[2];
if (!folder) throw new Error('tests/web/screenshots.mjs FOLDER');
mkdirSync(folder, { recursive: true });
const site = await demoSite();
const chromium = await browser();
const failed = [];
const { address, password } = site.person('wang.lei');
try {
	for (const [look, how] of Object.entries(LOOKS)) {
		if (process.env.LOOK && process.env.LOOK !== look) continue;
		const page = await pageOf(chromium, { ...how, reducedMotion: 'reduce' });
		let inside = false;
		for (const [name, , looks, show, { out = false } = {}] of SCREENS) {
			if (!looks.includes(look) || (process.env.ONLY && !process.env.ONLY.split(',').includes(name))) continue;
			try {
				if (!out && !inside) {
					await page.goto(`${site.url}/signin`);
					await page.locator('[name=username]').fill(address);
					await page.locator('[name=password]').fill(password);
					await page.locator('button[type=submit]').click();
					await page.locator('.mail-row').first().waitFor();
					inside = true;
				}
				await show(page, site);
				await take(page, join(folder, `${name}-${look}.webp`));
			} catch (error) {
				await take(page, join(folder, `${name}-${look}-failed.webp`)).catch(() => {});
				failed.push(`${name}, ${look}: ${String(error).split('\n')[0]}`);
			}
		}
		failed.push(...page.errors.map(error => `${look}: ${error}`));
		await page.context().close();
	}
	const pictures = SCREENS.map(([name, title, looks]) => `## ${title}\n\n${looks.map(look => `![${title}, ${LOOKS[look].locale}, ${['phone', 'tablet'].includes(look) ? look : LOOKS[look].theme}](${name}-${look}.webp)`).join('\n')}\n`);
	writeFileSync(join(folder, 'README.md'), `# The screens\n\nMade by \`./dev screenshots\`, of the demonstration.\n\n${pictures.join('\n')}`);
} finally {
	await chromium.close();
	await site.close();
}
for (const line of failed) console.error(line);
process.exitCode = failed.length ? 1 : 0;
