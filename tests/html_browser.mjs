/*
 * html_browser.mjs HTML_DUMP PAYLOADS NODE_MODULES [each]: every payload, made safe in every way that a letter is shown or quoted, in a real
 * browser without any policy: no script runs, no request leaves, nothing is in the document that the tables do not have. What is made safe is
 * balanced, so many documents of a way stand in one page, one behind the other; `each`: in a frame for each, which takes minutes, and then the
 * payloads as they are, under the policy of the document alone. Collections of others: html_payloads.mjs. TAP; skipped where there is no browser.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { payloadsOf } from './html_payloads.mjs';

const [dump, list, modules, each] = process.argv.slice(2);
const BROWSER = '/usr/bin/chromium';
const MODES = ['safe', 'dark', 'images', 'script', 'text', 'plain', 'print', 'quote'];
const WAIT_MS = 600000;
const TABLE = new Set(('a abbr acronym address article aside b bdi bdo big blockquote body br caption center cite code col colgroup dd del details dfn dir div '
	+ 'dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 head header hr html i img ins kbd li main mark meta nav ol p pre q rp rt ruby s samp section '
	+ 'small span strike strong style sub summary sup table tbody td tfoot th thead time title tr tt u ul var wbr').split(' '));

if (!fs.existsSync(BROWSER) || !fs.existsSync(path.join(modules, 'playwright-core'))) {
	console.log('1..0 # SKIP no browser');
	process.exit(0);
}
const { chromium } = createRequire(path.resolve(modules, 'x.js'))('playwright-core');
const payloads = await payloadsOf(list);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'html-browser-'));


const PAGE = 250;       /* payloads in one page */
const PAIRS_MAX = 2000; /* names of files in one command */

function run(mode, pairs) {
	for (let i = 0; i < pairs.length; i += PAIRS_MAX) {
		const done = spawnSync(dump, [mode, ...pairs.slice(i, i + PAIRS_MAX)], { maxBuffer: 1 << 26 });
		if (done.status !== 0) throw new Error(`${dump} ${mode}: ${done.status} ${done.signal}`);
	}
}

const file = (i, mode) => path.join(folder, `${i}.${mode}`);
payloads.forEach(([, text], i) => fs.writeFileSync(file(i, 'in'), text));
for (const mode of MODES) run(mode, payloads.flatMap((_, i) => [file(i, 'in'), file(i, mode)]));
run('policy', [file(0, 'in'), file(0, 'policy')]);

/* A quote goes into an editor, is stored as a draft and comes back. */
function editor(html) {
	return `<!doctype html><body><div contenteditable></div><script>{const e=document.currentScript.previousElementSibling;`
		+ `e.innerHTML=${JSON.stringify(html).replace(/</g, '\\u003c')};e.innerHTML=e.innerHTML}</script>`;
}

function documentOf(i, mode) {
	if (mode === 'raw') return fs.readFileSync(file(i, 'in'), 'utf8');
	const html = fs.readFileSync(file(i, mode), 'utf8');
	return mode === 'quote' ? editor(html) : html;
}

const seen = [];
const server = http.createServer((request, response) => {
	const [, mode, number, from] = request.url.split('/');
	const known = (MODES.includes(mode) || mode === 'raw') && (from !== undefined || payloads[number]);
	const part = [...payloads.keys()].slice(Number(from), Number(from) + PAGE);
	if (!known) {
		seen.push(request.url);
		response.writeHead(404).end();
	} else if (number === 'from' && !each) {
		response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(part.map(i => documentOf(i, mode)).join('\n'));
	} else if (number === 'from') {
		response.writeHead(200, { 'Content-Type': 'text/html' }).end(part.map(i => `<iframe src="/${mode}/${i}"></iframe>`).join(''));
	} else {
		const policy = mode === 'raw' ? { 'Content-Security-Policy': fs.readFileSync(file(0, 'policy'), 'utf8') } : {};
		response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...policy }).end(documentOf(Number(number), mode));
	}
});
await new Promise(done => server.listen(0, '127.0.0.1', done));
const origin = `http://127.0.0.1:${server.address().port}`;
const browser = await chromium.launch({ executablePath: BROWSER, args: ['--no-sandbox'] });

/* Everything odd in the page, or in each of its frames; runs in it. */
function inspect([table, each]) {
	return (each ? [...document.querySelectorAll('iframe')] : [{ contentDocument: document, src: location.href }]).map(frame => {
		const inner = frame.contentDocument, odd = [];
		for (const e of inner.querySelectorAll('*')) {
			const name = e.localName;
			if (e.namespaceURI !== 'http://www.w3.org/1999/xhtml' || (!table.includes(name) && name !== 'script')) odd.push(name);
			for (const a of e.attributes) {
				if (/^on|^(srcdoc|action|formaction|ping|srcset|poster|data)$|:/i.test(a.name)) odd.push(`${name} ${a.name}`);
				if (/^(href|src)$/.test(a.name) && !/^(https?:|mailto:|data:image\/|#m-|\/leave\?)/.test(a.value)) odd.push(`${name} ${a.name}=${a.value}`);
			}
			e.dispatchEvent(new MouseEvent('mouseover'));
			e.dispatchEvent(new Event('focus'));
			if (name !== 'a') e.click();
		}
		return { odd, scripts: inner.querySelectorAll('script').length, url: frame.src };
	});
}

function oddIn(found, mode, count) {
	const own = { script: 1, print: 1, quote: 1 }[mode] ?? 0, bad = found.length === (each ? count : 1) ? [] : [`${found.length} frames`];
	for (const { odd, scripts, url } of found)
		if (odd.length > 0 || scripts > own * (each ? 1 : count)) bad.push(`${url} has ${odd} and ${scripts} scripts`);
	return bad;
}

async function look(mode) {
	const bad = [], context = await browser.newContext();
	await context.exposeBinding('told', (source, what) => { bad.push(`${source.frame.url()} ran ${what}`); });
	await context.addInitScript(() => { for (const name of ['hit', 'alert', 'open', 'print']) window[name] = () => window.told(name); });
	await context.route('**/*', route => {
		const url = route.request().url();
		if (url.startsWith(origin)) return route.continue();
		/* No policy keeps a document from sending itself elsewhere (meta refresh): that the rewriter alone prevents. */
		if (mode === 'raw' && route.request().isNavigationRequest()) return route.abort();
		if (mode !== 'images' || route.request().resourceType() !== 'image' || !url.startsWith('https:')) bad.push(`${route.request().frame().url()} asked ${url}`);
		return route.abort();
	});
	const page = await context.newPage();
	page.setDefaultTimeout(WAIT_MS);
	page.on('dialog', dialog => { bad.push(`dialog ${dialog.message()}`); dialog.dismiss(); });
	for (let from = 0; from < payloads.length; from += PAGE) {
		await page.goto(`${origin}/${mode}/from/${from}`, { waitUntil: 'load', timeout: WAIT_MS });
		if (mode !== 'raw') bad.push(...oddIn(await page.evaluate(inspect, [[...TABLE], !!each]), mode, Math.min(PAGE, payloads.length - from)));
	}
	await context.close();
	return [...bad.filter(b => !(mode === 'print' && b.endsWith('ran print'))), ...seen.splice(0).filter(url => url !== '/favicon.ico').map(url => `asked ${url}`)];
}

const all = each ? [...MODES, 'raw'] : MODES;
let failed = 0;
console.log(`1..${all.length}`);
for (const [i, mode] of all.entries()) {
	const bad = await look(mode);
	failed += bad.length > 0;
	console.log(`${bad.length > 0 ? 'not ok' : 'ok'} ${i + 1} - ${payloads.length} payloads, ${mode}`);
	for (const line of bad.slice(0, 20)) {
		const [, number] = /\/(\d+) /.exec(line) ?? [];
		console.log(`# ${line}${number ? `: ${JSON.stringify(payloads[number])}` : ''}`);
	}
}
await browser.close();
server.close();
fs.rmSync(folder, { recursive: true });
process.exit(failed ? 1 : 0);
