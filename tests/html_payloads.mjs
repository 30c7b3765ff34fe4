/*
 * Hostile HTML for tests in browsers: the list of the tree, and what stands in the folder that LETTERLOCK_PAYLOADS names, so that collections of
 * others are run without being here. In it: *.json and *.mjs with a list (as a module: its default export) of texts, of [name, text], or of objects
 * with `payload` and perhaps `title`; *.txt with one a line; *.html, each one.
 */
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

function entry(one, name) {
	if (typeof one === 'string') return [name, one];
	const [title, text] = Array.isArray(one) ? one : [one.title ?? name, one.payload];
	if (typeof text !== 'string') throw new Error(`${name}: no payload in ${JSON.stringify(one).slice(0, 100)}`);
	return [`${name}: ${title}`, text];
}

async function listOf(file) {
	const kind = path.extname(file), text = () => fs.readFileSync(file, 'utf8');
	if (kind === '.json') return JSON.parse(text());
	if (kind === '.mjs') return (await import(pathToFileURL(path.resolve(file)))).default;
	if (kind === '.txt') return text().split('\n').filter(line => line.trim() !== '');
	return kind === '.html' ? [text()] : [];
}

/** [[name, text], ...]; `own`: the list of the tree. */
export async function payloadsOf(own) {
	const folder = process.env.LETTERLOCK_PAYLOADS, found = JSON.parse(fs.readFileSync(own, 'utf8'));
	if (!folder) return found;
	for (const name of fs.readdirSync(folder).sort()) {
		for (const one of await listOf(path.join(folder, name))) found.push(entry(one, name));
	}
	return found;
}
