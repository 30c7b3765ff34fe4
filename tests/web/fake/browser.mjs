// Chromium, as Debian has it, driven by playwright-core; one for a test file.
import { createRequire } from 'node:module';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { top } from './site.mjs';

const require = createRequire(join(top, 'build/deps/web/node_modules/x.js'));
const PATIENCE = Number(process.env.PATIENCE ?? 60_000);

/* more: further arguments of its command line. */
export async function browser(more = []) {
	const { chromium } = require('playwright-core');
	return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', ...more] });
}

/** A page whose errors are collected in page.errors; what the policy refuses is an error too. */
export async function pageOf(chromium, { locale = 'en', theme = 'light', width = 1280, height = 800, ...more } = {}) {
	const context = await chromium.newContext({ locale, colorScheme: theme, viewport: { width, height }, timezoneId: 'Asia/Shanghai', ...more });
	// Not in frames of letters, which have no storage; not again when a story changes them.
	await context.addInitScript(([l, t]) => {
		if (self !== top || localStorage.getItem('letterlock.locale-chosen')) return;
		localStorage.setItem('letterlock.locale', l);
		localStorage.setItem('letterlock.locale-chosen', '1');
		localStorage.setItem('letterlock.theme', t);
	}, [locale, theme]);
	const page = await context.newPage();
	page.setDefaultTimeout(PATIENCE);
	page.errors = [];
	page.on('pageerror', error => page.errors.push(error.stack ?? String(error)));
	page.on('console', message => { if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) page.errors.push(message.text()); });
	return page;
}

/** Rules of WCAG 2.2 AA that the page breaks, in a few words; within: only of these parts. */
export async function axe(page, within = null) {
	const { source } = require('axe-core');
	await page.evaluate(() => Promise.all(document.getAnimations().filter(one => one.effect?.getTiming().iterations !== Infinity).map(one => one.finished.catch(() => {}))));
	if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(source);
	return page.evaluate(async parts => {
		const { violations } = await window.axe.run(parts ?? document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'], iframes: false });
		return violations.map(v => `${v.id}: ${v.nodes.map(n => `${n.target.join(' ')} ${n.any[0]?.message ?? ''}`).slice(0, 3).join(' | ')}`);
	}, within);
}

/** A picture for people who look at the pages: only where SCREENSHOTS names a folder. */
export async function picture(page, name) {
	const folder = process.env.SCREENSHOTS;
	if (!folder) return;
	mkdirSync(folder, { recursive: true });
	await page.screenshot({ path: join(folder, `${name}.png`) });
}
