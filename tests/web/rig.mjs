/* One site and one browser for a test file. */
import { after } from 'node:test';
import { axe, browser, pageOf, picture } from './fake/browser.mjs';
import { Site } from './site/server.mjs';

export { axe, picture };

export async function rig(options = {}) {
	const chromium = await browser();
	const sites = [];
	after(async () => {
		await chromium.close();
		for (const s of sites) await s.close();
	});
	/* A page over mail of its own. */
	const visit = async (path = '/mail', { site: more = {}, ...page } = {}) => {
		const site = await new Site({ ...options, ...more }).listen();
		sites.push(site);
		const p = await pageOf(chromium, page);
		await p.goto(site.url + path);
		return { page: p, site, mail: site.mail };
	};
	return { visit, chromium };
}

export const row = (page, text) => page.locator('.mail-row', { hasText: text }).first();
export const opened = page => page.locator('.reader h1');

/* A condition of this process. */
export async function until(what, truth, ms = 60_000) {
	const end = Date.now() + ms;
	while (!(await truth())) {
		if (Date.now() > end) throw new Error(`it does not happen: ${what}`);
		await new Promise(done => setTimeout(done, 50));
	}
}
