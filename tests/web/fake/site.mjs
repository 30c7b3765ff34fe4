// The webmail over a server in memory: the bundle as it is built, the policy of headers that the real server sends, and a JMAP that remembers. For stories about
// the page itself, which need no mail system; what they share with the real one is tested in the other files.
import { readFileSync, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { siteFolder } from '../site/server.mjs';
import { FakeJmap } from './jmap.mjs';

export const top = fileURLToPath(new URL('../../../', import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png', '.webmanifest': 'application/manifest+json' };

/* The very policy of the server. */
function policy() {
	const source = readFileSync(join(top, 'src/role/web_assets.c'), 'utf8');
	const text = /policy\[\] =\s*((?:"[^"]*"\s*)+);/.exec(source)[1];
	return [...text.matchAll(/"([^"]*)"/g)].map(m => m[1]).join('');
}

async function bodyOf(request) {
	const parts = [];
	for await (const part of request) parts.push(part);
	return Buffer.concat(parts);
}

function json(response, value, status = 200) {
	response.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json' });
	response.end(JSON.stringify(value));
}

/** { url, jmap, api, close }: `api` answers self-service operations: api['session.list'] = (args) => ({…}); one that is missing is 404. */
export async function fakeSite({ language = 'en', session = {}, ...facts } = {}) {
	const site = siteFolder();
	const headers = { 'Content-Security-Policy': policy(), 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' };
	const jmap = new FakeJmap(facts);
	const api = {};
	const state = {
		signed_in: true, address: 'wang.lei@demo.test', name: '王磊', language, role: 'user', rights: ['mail.view'], session: 1, locked: false, second_factor: true,
		policy: { work: 'after_failures', keyboard: 'off', lock_after: 600, session_idle: 3600, session_time: 43200, password_min: 12, languages: ['en', 'zh-CN', 'zh-TW'], passkeys: true, providers: [] },
		...session,
	};

	async function answer(request, response) {
		const url = new URL(request.url, 'http://localhost');
		const body = await bodyOf(request);
		for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
		if (url.pathname.startsWith('/jmap/') && state.refuse) return json(response, state.refuse.body ?? {}, state.refuse.status);
		if (url.pathname === '/api/session') return json(response, state);
		if (url.pathname.startsWith('/api/session/')) return json(response, state);
		if (url.pathname.startsWith('/api/v1/')) {
			const operation = api[url.pathname.slice(8)];
			if (!operation) return json(response, { status: 404, code: 'unknown' }, 404);
			const found = await operation(body.length ? JSON.parse(body) : Object.fromEntries(url.searchParams));
			return found?.refused ? json(response, found.refused, found.refused.status) : json(response, found ?? {});
		}
		if (url.pathname.startsWith('/jmap/')) return jmap.answer(url, request, response, body);
		if (url.pathname.startsWith('/.well-known/autoconfig/')) {
			const server = (kind, type, port) => `<${kind}Server type="${type}"><hostname>mail.demo.test</hostname><port>${port}</port><socketType>SSL</socketType></${kind}Server>`;
			response.writeHead(200, { 'Content-Type': 'text/xml' });
			return response.end(`<clientConfig>${server('incoming', 'imap', 993)}${server('outgoing', 'smtp', 465)}</clientConfig>`);
		}
		const file = extname(url.pathname) ? join(site, url.pathname) : join(site, 'index.html');
		if (!existsSync(file)) return json(response, {}, 404);
		response.writeHead(200, { 'Content-Type': TYPES[extname(file)] });
		response.end(readFileSync(file));
	}

	const server = createServer((request, response) => answer(request, response).catch(error => { response.writeHead(500); response.end(String(error.stack)); }));
	await new Promise(done => server.listen(0, '127.0.0.1', done));
	server.unref(); // a story that fails leaves it open: it keeps nobody here
	return {
		url: `http://localhost:${server.address().port}`, jmap, api, state,
		close: () => { jmap.close(); server.closeAllConnections(); return new Promise(done => server.close(done)); },
	};
}
