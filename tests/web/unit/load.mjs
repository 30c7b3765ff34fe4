// Bundles a module of web/src for node, so that its logic is tested without a browser.
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const top = fileURLToPath(new URL('../../../', import.meta.url));
const modules = join(top, 'build/deps/web/node_modules');

export async function load(path) {
	const { build } = createRequire(join(modules, 'any.js'))('esbuild');
	const folder = mkdtempSync(join(tmpdir(), 'letterlock-unit-'));
	const outfile = join(folder, 'bundle.mjs');
	try {
		await build({
			entryPoints: [join(top, 'web/src', path)], outfile, bundle: true, format: 'esm', platform: 'node', target: 'node18', nodePaths: [modules],
			jsx: 'automatic', jsxImportSource: 'preact', logLevel: 'error', loader: { '.css': 'empty' }, external: ['locale:*'],
		});
		return await import(pathToFileURL(outfile).href);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}
