/*
 * Bundles the webmail: build.mjs OUT [TARGET]. Writes OUT/assets.bin (every file in up to three codings), OUT/assets.c (the table of
 * src/assets/assets.h over it), OUT/assets.d (what TARGET, as the build system calls assets.c, was made from) and OUT/site/ (the same files, for looking at sizes and for tests).
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const web = dirname(fileURLToPath(import.meta.url));
const top = dirname(web);
const modules = join(top, 'build/deps/web/node_modules');
const { build } = createRequire(join(modules, 'x.js'))('esbuild');

const TYPES = {
	'.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml',
	'.png': 'image/png', '.webmanifest': 'application/manifest+json',
};
const LOCALES = ['en', 'zh-CN', 'zh-TW'];

/* The texts of one language: every area in one object, keys "area.key"; the pseudo language is English made 40 % longer. */
export function readLocale(locale) {
	const texts = {}, files = [];
	const folder = join(web, 'locales', locale === 'en-XA' ? 'en' : locale);
	for (const name of readdirSync(folder).sort()) {
		const file = join(folder, name), area = name.replace(/\.json$/, '');
		files.push(file);
		for (const [key, text] of Object.entries(JSON.parse(readFileSync(file, 'utf8'))))
			texts[`${area}.${key}`] = locale === 'en-XA' ? pseudo(text) : text;
	}
	return { texts, files };
}

function pseudo(text) {
	const accents = { a: 'á', e: 'é', i: 'í', o: 'ó', u: 'ú', A: 'Å', E: 'É', O: 'Ø', c: 'ç', n: 'ñ' };
	let depth = 0, out = '';
	for (const c of text) {
		if (c === '{') depth++;
		out += depth === 0 ? accents[c] ?? c : c;
		if (c === '}') depth--;
	}
	return `⟦${out}${'·'.repeat(Math.ceil(text.length * 0.4))}⟧`;
}

/* What comes with a part of the page: locale:NAME/settings, locale:NAME/compose. The rest is locale:NAME; what is said of letters that were sent is seen without writing. */
const partOf = key => (key.startsWith('settings.') ? 'settings' : /^compose\.(?!new$|recall|status)/.test(key) ? 'compose' : undefined);

const locales = {
	name: 'locales',
	setup(b) {
		b.onResolve({ filter: /^locale:/ }, args => ({ path: args.path.slice(7), namespace: 'locale' }));
		b.onLoad({ filter: /.*/, namespace: 'locale' }, args => {
			const [locale, area] = args.path.split('/');
			const { texts, files } = readLocale(locale);
			const wanted = Object.entries(texts).filter(([key]) => partOf(key) === area);
			return { contents: JSON.stringify(Object.fromEntries(wanted)), loader: 'json', watchFiles: files };
		});
	},
};

const COMMON = { bundle: true, minify: true, write: false, metafile: true, legalComments: 'none', outdir: '/a', outbase: web, target: ['chrome109', 'firefox115', 'safari16'],
	absWorkingDir: top, charset: 'utf8', logLevel: 'warning' };

/* Its address never changes: that is how a browser knows it again. Only one of its texts is ever seen. */
async function bundleServiceWorker() {
	const texts = Object.fromEntries(LOCALES.map(one => [one, readLocale(one).texts['notify.new-mail']]));
	const made = await build({ ...COMMON, entryPoints: { sw: join(web, 'src/notify/sw.ts') }, format: 'iife', define: { NEW_MAIL: JSON.stringify(texts) } });
	return { file: { path: '/sw.js', bytes: Buffer.from(made.outputFiles[0].contents), fixed: false }, inputs: made.metafile.inputs };
}

/* What runs beside the page: a file of its own, whose address the page has to know. */
async function bundleWorker() {
	return build({ ...COMMON, entryPoints: { worker: join(web, 'src/signin/worker.ts') }, format: 'iife', entryNames: '[name]-[hash]' });
}

/* What runs before everything else: it has the browser fetch the texts of its language, whose addresses it has to know. */
async function bundleBoot(files) {
	const texts = Object.fromEntries([...LOCALES, 'en-XA'].map(one => [one, named(files, new RegExp(`/${one}-[^-/]*\\.js$`))]));
	return build({ ...COMMON, entryPoints: { boot: join(web, 'src/boot.ts') }, format: 'iife', entryNames: '[name]-[hash]', define: { TEXTS: JSON.stringify(texts) } });
}

async function bundle() {
	const worker = await bundleWorker();
	const page = await bundlePage(worker.outputFiles[0].path);
	const boot = await bundleBoot(page.outputFiles), all = [page, boot, worker];
	return { outputFiles: all.flatMap(one => one.outputFiles), metafile: { inputs: Object.assign({}, ...all.map(one => one.metafile.inputs)) }, first: firstOf(page.metafile) };
}

/* The files that the entry imports at once. */
function firstOf({ outputs }) {
	const [, entry] = Object.entries(outputs).find(([, one]) => one.entryPoint && join(top, one.entryPoint) === MAIN);
	return entry.imports.filter(one => one.kind === 'import-statement').map(one => `/a/${basename(one.path)}`);
}

const MAIN = join(web, 'src/main.tsx');

/*
 * What several parts share would be a file for each set of parts that share it: dozens for the first load. Whatever is fetched late comes after the main part
 * anyway; when it says so, all that the main part needs is one file.
 */
const afterMain = late => ({
	name: 'after-main',
	setup(b) {
		b.onLoad({ filter: /\.tsx?$/ }, args => (late.has(args.path)
			? { contents: `import ${JSON.stringify(MAIN)};${readFileSync(args.path, 'utf8')}`, loader: extname(args.path).slice(1), resolveDir: dirname(args.path) } : undefined));
	},
});

async function bundlePage(worker) {
	const page = plugins => build({
		entryPoints: { app: MAIN, style: join(web, 'src/main.css') },
		bundle: true, splitting: true, format: 'esm', minify: true, write: false, metafile: true, legalComments: 'none',
		outdir: '/a', outbase: web, entryNames: '[name]-[hash]', chunkNames: '[name]-[hash]', assetNames: '[name]-[hash]',
		jsx: 'automatic', jsxImportSource: 'preact', target: ['chrome109', 'firefox115', 'safari16'], nodePaths: [modules],
		absWorkingDir: top, plugins: [locales, ...plugins], define: { WORKER_URL: JSON.stringify(worker) }, charset: 'utf8', logLevel: 'warning',
	});
	const entries = Object.values((await page([])).metafile.outputs).map(one => one.entryPoint).filter(one => /\.tsx?$/.test(one ?? ''));
	return page([afterMain(new Set(entries.map(one => join(top, one)).filter(one => one !== MAIN)))]);
}

function named(files, pattern) {
	const found = files.find(f => pattern.test(f.path));
	if (!found) throw new Error(`nothing was made that is called ${pattern}`);
	return found.path;
}

function pages({ outputFiles: files, first }) {
	const fill = text => text
		.replaceAll('{{app.js}}', named(files, /\/app-[^/]*\.js$/)).replaceAll('{{style.css}}', named(files, /\/style-[^/]*\.css$/))
		.replaceAll('{{boot.js}}', named(files, /\/boot-[^/]*\.js$/)).replaceAll('{{first}}', first.map(one => `<link rel="modulepreload" href="${one}">`).join('\n'));
	return readdirSync(join(web, 'static')).sort().map(name => {
		const bytes = readFileSync(join(web, 'static', name));
		return { path: `/${name}`, bytes: name.endsWith('.html') ? Buffer.from(fill(bytes.toString())) : bytes, fixed: false };
	});
}

/* Codings that are worth it: at least a tenth smaller. */
function coded(bytes, type) {
	if (type === 'image/png') return { gzip: null, brotli: null };
	const gzip = gzipSync(bytes, { level: 9 });
	const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });
	const worth = b => (b.length < bytes.length * 0.9 ? b : null);
	return { gzip: worth(gzip), brotli: worth(brotli) };
}

function write(out, target, files, inputs) {
	const pieces = [], rows = [];
	let at = 0;
	const put = bytes => {
		if (!bytes) return '{NULL, 0}';
		pieces.push(bytes);
		at += bytes.length;
		return `{assets_bytes + ${at - bytes.length}, ${bytes.length}}`;
	};
	for (const f of files) {
		const type = TYPES[extname(f.path)];
		if (!type) throw new Error(`${f.path}: no type for this name`);
		const { gzip, brotli } = coded(f.bytes, type);
		const tag = createHash('sha256').update(f.bytes).digest('hex').slice(0, 20);
		rows.push(`\t{"${f.path}", "${type}", "${tag}", ${f.fixed}, {${put(f.bytes)}, ${put(gzip)}, ${put(brotli)}}},`);
		mkdirSync(dirname(join(out, 'site', f.path)), { recursive: true });
		writeFileSync(join(out, 'site', f.path), f.bytes);
	}
	const bin = resolve(out, 'assets.bin');
	writeFileSync(bin, Buffer.concat(pieces));
	writeFileSync(join(out, 'assets.c'), `/* Made by web/build.mjs. */
#include "assets/assets.h"

__asm__(".section .rodata\\n.balign 16\\n.globl assets_bytes\\n.hidden assets_bytes\\nassets_bytes:\\n.incbin \\"${bin}\\"\\n.byte 0\\n.previous\\n");
/* ${createHash('sha256').update(Buffer.concat(pieces)).digest('hex')} */
extern const uint8_t assets_bytes[];

const struct asset assets_table[] = {
${rows.join('\n')}
};
const size_t assets_count = ${rows.length};
`);
	writeFileSync(join(out, 'assets.d'), `${target}: ${inputs.map(i => i.replaceAll(' ', '\\ ')).join(' ')}\n`);
}

const byPath = (a, b) => (a.path < b.path ? -1 : 1);

async function main(out, target) {
	const made = await bundle(), service = await bundleServiceWorker();
	const scripts = made.outputFiles.map(f => ({ path: f.path, bytes: Buffer.from(f.contents), fixed: true }));
	const inputs = [...Object.keys({ ...made.metafile.inputs, ...service.inputs }).filter(i => !i.startsWith('locale:')).map(i => resolve(top, i)),
		...LOCALES.flatMap(l => readLocale(l).files), ...readdirSync(join(web, 'static')).map(n => join(web, 'static', n)), join(web, 'build.mjs')];
	rmSync(join(out, 'site'), { recursive: true, force: true });
	mkdirSync(out, { recursive: true });
	write(out, target, [...scripts, service.file, ...pages(made)].sort(byPath), inputs);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(resolve(process.argv[2] ?? join(top, 'build/web')), process.argv[3] ?? 'assets.c');
