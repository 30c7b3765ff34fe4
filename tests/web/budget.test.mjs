/* What a first visit costs: everything that index.html and the first screen ask for, packed. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { siteFolder } from './site/server.mjs';

const SCRIPT_MAX = 90 * 1024, STYLE_MAX = 15 * 1024;

const site = siteFolder();
const packed = path => gzipSync(readFileSync(join(site, path)), { level: 9 }).length;

/* A script with the scripts that it imports at once. */
function withImports(path, seen = new Set()) {
	if (seen.has(path)) return seen;
	seen.add(path);
	for (const [, file] of readFileSync(join(site, path), 'utf8').matchAll(/(?:from|import)\s*"\.\/([\w-]+\.js)"/g)) withImports(`/a/${file}`, seen);
	return seen;
}

test('the first load stays small', () => {
	const page = readFileSync(join(site, 'index.html'), 'utf8');
	const scripts = [...page.matchAll(/<script[^>]*src="([^"]+)"/g)].flatMap(([, path]) => [...withImports(path)]);
	const texts = readdirSync(join(site, 'a')).filter(f => /^zh-CN-/.test(f)).map(f => `/a/${f}`);
	const styles = [...page.matchAll(/<link[^>]*href="([^"]+\.css)"/g)].map(([, path]) => path);
	const sum = list => [...new Set(list)].reduce((n, path) => n + packed(path), 0);
	const script = sum([...scripts, ...texts]), style = sum(styles);
	assert.ok(script <= SCRIPT_MAX, `${script} bytes of script, more than ${SCRIPT_MAX}`);
	assert.ok(style <= STYLE_MAX, `${style} bytes of style, more than ${STYLE_MAX}`);
});

test('the page names no other server', () => {
	for (const file of ['index.html', 'app.webmanifest']) assert.doesNotMatch(readFileSync(join(site, file), 'utf8'), /https?:/);
});
