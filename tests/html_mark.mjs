/*
 * html_mark.mjs HTML_DUMP NODE_MODULES: a document that is only to be seen, in a real browser: whatever its letter says in style sheets, the mark lies over all
 * of it, nothing is selected, and nothing but a sentence is printed. TAP; skipped where there is no browser.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

const [dump, modules] = process.argv.slice(2);
const BROWSER = '/usr/bin/chromium';
const WAIT_MS = 120000;
const SIZE = { width: 800, height: 600 };
const HIDE = 'display:none!important;width:0!important;height:0!important;max-width:0!important;max-height:0!important;margin-left:-9999px!important;'
	+ 'visibility:hidden!important;opacity:0!important;background:#fff!important;background-size:0 0!important;background-position:-9999px 0!important;'
	+ 'position:static!important;z-index:-1!important;clip-path:inset(50%)!important;transform:scale(0)!important;color:transparent!important';
const SHOW = 'display:block!important;visibility:visible!important;user-select:all!important;-webkit-user-select:all!important';
/* What tries to reach the mark, and what shows the letter again. */
const SHEETS = {
	none: '',
	selectors: `div[id],div:last-child,p+div,body>div,html>body>div:nth-child(3),#ll-mark,#ll-mark#ll-mark#ll-mark{${HIDE}}`,
	/* Where all is gone, so is the letter. */
	everything: `*{${HIDE.replace('display:none!important;', '').replace('opacity:0!important;', '')}} .x,.x *{${SHOW};width:700px!important;height:auto!important;max-width:none!important}`,
	layers: `@layer ll{#ll-mark{${HIDE}}} @layer a,ll; @layer a{div{${HIDE}}} @media all{div:not(.x){${HIDE}}}`,
	escape: `</style></div></div><style>div{${HIDE}}</style><div id="ll-mark"><style>@layer ll{`,
	paper: `@media print{div,p,b,*{${SHOW}}} @page{margin:0} *{${SHOW}}`,
	ancestors: 'html,body{transform:translateX(900px);filter:blur(0);perspective:1px;contain:paint;will-change:transform;overflow:hidden;height:0;zoom:0.01;position:relative}',
	grey: '*{background:#808080!important;color:#808080!important}',
};

if (!fs.existsSync(BROWSER) || !fs.existsSync(path.join(modules, 'playwright-core'))) {
	console.log('1..0 # SKIP no browser');
	process.exit(0);
}
const { chromium } = createRequire(path.resolve(modules, 'x.js'))('playwright-core');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'html-mark-'));
const names = Object.keys(SHEETS);
const file = (name, end) => path.join(folder, `${name}.${end}`);
for (const name of names)
	fs.writeFileSync(file(name, 'in'), `<style>${SHEETS[name]}</style><div class="x"><p class="x"><b class="x">SECRET words</b></p><p>${'more '.repeat(900)}</p></div>`);
const done = spawnSync(dump, ['marked', ...names.flatMap(name => [file(name, 'in'), file(name, 'html')])]);
if (done.status !== 0) throw new Error(`${dump}: ${done.status} ${done.signal}`);

const browser = await chromium.launch({ executablePath: BROWSER, args: ['--no-sandbox'] });

/* What is wrong with the mark as it is shown; runs in the page. */
function inspect() {
	const mark = document.getElementById('ll-mark'), style = getComputedStyle(mark), box = mark.getBoundingClientRect(), odd = [];
	const want = { display: 'block', position: 'fixed', visibility: 'visible', opacity: '1', zIndex: '2147483647', pointerEvents: 'none', clipPath: 'none',
		transform: 'none', backgroundSize: 'auto', backgroundPosition: '0% 0%', backgroundRepeat: 'repeat' };
	for (const [name, value] of Object.entries(want)) if (style[name] !== value) odd.push(`${name}: ${style[name]}`);
	if (!style.backgroundImage.startsWith('url("data:image/svg+xml;base64,')) odd.push('no picture');
	if (box.x > 0 || box.y > 0 || box.right < document.documentElement.clientWidth || box.bottom < innerHeight - 20) odd.push(JSON.stringify(box));
	if (document.querySelectorAll('#ll-mark').length !== 1 || mark.parentElement !== document.body) odd.push('not alone');
	return odd;
}

function printed() {
	const shown = id => getComputedStyle(document.getElementById(id)).display !== 'none';
	return [shown('ll-letter') && 'the letter', shown('ll-mark') && 'the mark', !shown('ll-paper') && 'no sentence', document.body.innerText.includes('SECRET') && 'words']
		.filter(Boolean);
}

async function look(name) {
	const page = await browser.newPage({ viewport: SIZE }), bad = [];
	page.setDefaultTimeout(WAIT_MS);
	await page.setContent(fs.readFileSync(file(name, 'html'), 'utf8'), { waitUntil: 'load' });
	bad.push(...await page.evaluate(inspect));
	await page.keyboard.press('Control+A');
	const selected = await page.evaluate(() => getSelection().toString());
	if (selected.trim() !== '') bad.push(`selected ${selected.slice(0, 40)}`);
	const marked = await page.screenshot();
	/* It is seen: without it the page looks different. */
	await page.evaluate(() => document.getElementById('ll-mark').remove());
	if (marked.equals(await page.screenshot())) bad.push('nobody sees it');
	await page.setContent(fs.readFileSync(file(name, 'html'), 'utf8'), { waitUntil: 'load' });
	await page.emulateMedia({ media: 'print' });
	bad.push(...(await page.evaluate(printed)).map(what => `printed: ${what}`));
	await page.close();
	return bad;
}

let failed = 0;
console.log(`1..${names.length}`);
for (const [i, name] of names.entries()) {
	const bad = await look(name);
	failed += bad.length > 0;
	console.log(`${bad.length > 0 ? 'not ok' : 'ok'} ${i + 1} - ${name}`);
	for (const line of bad) console.log(`# ${line}`);
}
await browser.close();
fs.rmSync(folder, { recursive: true });
process.exit(failed ? 1 : 0);
