/*
 * The webmail on a port of its own over mail in memory: the real files and the real content policy, so that screens are tested quickly and always alike.
 * server.mjs [PORT] serves by hand. What only the real system can show is tested against one (tests/web/real.test.mjs).
 */
import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FakeMail } from './jmap.mjs';
import { ME } from './letters.mjs';

const top = fileURLToPath(new URL('../../../', import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.webmanifest': 'application/manifest+json' };

/* The policy that the server sends, read from its source. */
function policy() {
	const source = readFileSync(join(top, 'src/role/web_assets.c'), 'utf8');
	const [, text] = /static const char policy\[\] =\n([\s\S]*?);\n/.exec(source);
	return [...text.matchAll(/"([^"]*)"/g)].map(m => m[1]).join('');
}

export function siteFolder() {
	const found = [process.env.LETTERLOCK_SITE, 'build/release/src/assets/site', 'build/w/src/assets/site', 'build/x/site'].filter(Boolean).map(p => (p.startsWith('/') ? p : join(top, p))).find(p => existsSync(join(p, 'index.html')));
	if (!found) throw new Error('no bundle: build first, or tools/build-web build/x/assets.c');
	return found;
}

/* The frame's document as src/html makes it: the same messages, the same policy but for the digest of its script. */
const VIEW_POLICY = "sandbox allow-popups allow-popups-to-escape-sandbox allow-scripts; frame-ancestors 'self'; default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
const TELL = '(function(){var b=document.body,d=b.dataset;function tell(){parent.postMessage({letterlock:"view",height:Math.ceil(document.documentElement.getBoundingClientRect().height),remote:+d.remote,missing:0,links:+d.links,deceiving:+d.deceiving,cut:false},"*")}new ResizeObserver(tell).observe(b);tell()})()';
const DOCUMENT_STYLE = 'body{margin:0;padding:12px 16px;font:14px/1.6 system-ui,"Noto Sans CJK SC",sans-serif;overflow-wrap:anywhere}table{border-collapse:collapse}td,th{border:1px solid #8b96a3;padding:6px 14px;text-align:left;font-size:13px}';
const LIGHT = 'html{color-scheme:light;background:#fff}body{color:#1b2430}a{color:#0b5fc0}';
const DARK = 'html{color-scheme:dark;background:#14181d}body{color:#e6eaf0}a{color:#6cb0ff}';

function view(letter, query) {
	if (query.get('quote') === '1') return letter.html;
	const blocked = query.get('images') === '1' ? 0 : letter.images, deceiving = (letter.html.match(/data-shows/g) ?? []).length;
	const body = query.get('text') === '1' ? `<pre style="white-space:pre-wrap;font:inherit">${letter.html.replace(/<br>|<\/p>/g, '\n').replace(/<[^>]+>/g, '')}</pre>` : letter.html;
	return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>letter</title><style>${DOCUMENT_STYLE}${query.get('theme') === 'dark' ? DARK : LIGHT}</style></head><body data-remote="${blocked}" data-links="1" data-deceiving="${deceiving}">${body}<script>${TELL}</script></body></html>`;
}

export class Site {
	constructor(options = {}) {
		this.mail = new FakeMail(options);
		this.site = siteFolder();
		this.locked = false;
		this.signedIn = true;
		this.offline = false;
		this.slow = 0;
		this.sockets = new Set();
		this.server = createServer((q, r) => void this.answer(q, r).catch(e => r.destroy(e)));
		this.server.on('connection', s => {
			this.sockets.add(s);
			s.on('close', () => this.sockets.delete(s));
		});
	}

	async listen(port = 0) {
		await new Promise(done => this.server.listen(port, '127.0.0.1', done));
		this.url = `http://localhost:${this.server.address().port}`;
		return this;
	}

	async close() {
		for (const s of this.sockets) s.destroy();
		await new Promise(done => this.server.close(done));
	}

	/* The network is away, and comes back. */
	cut(off) {
		this.offline = off;
		if (off) for (const s of this.sockets) s.destroy();
	}

	whoAmI() {
		const policyOf = { work: 'after_failures', keyboard: 'off', lock_after: 600, session_idle: 3600, session_time: 43200, password_min: 12, languages: ['en', 'zh-CN', 'zh-TW'], passkeys: true, providers: [] };
		if (!this.signedIn) return { signed_in: false, policy: policyOf };
		const me = { signed_in: true, locked: this.locked, address: ME.email, name: ME.name, language: '', policy: policyOf };
		return this.locked ? me : { ...me, role: 'department', rights: ['mail.view'], second_factor: true };
	}

	async answer(q, r) {
		const url = new URL(q.url, this.url);
		if (this.offline) return void q.socket.destroy();
		let body = Buffer.alloc(0);
		for await (const piece of q) body = Buffer.concat([body, piece]);
		const json = (value, status = 200) => r.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }).end(JSON.stringify(value));
		if (url.pathname.startsWith('/api/')) return this.api(q, url, body, json);
		if (url.pathname.startsWith('/jmap/')) {
			if (this.locked) return json({ title: 'Locked', status: 423, code: 'locked' }, 423);
			if (!this.signedIn) return json({ title: 'Unauthorized', status: 401, code: 'signed_out' }, 401);
			if (this.slow) await new Promise(done => setTimeout(done, this.slow));
			return this.jmap(q, r, url, body, json);
		}
		this.file(r, url.pathname);
	}

	api(q, url, body, json) {
		const args = body.length ? JSON.parse(body) : {};
		if (url.pathname === '/api/session' && q.method === 'GET') return json(this.whoAmI());
		if (q.headers['x-letterlock'] !== '1') return json({ code: 'origin' }, 403);
		if (url.pathname === '/api/session' && q.method === 'DELETE') {
			this.signedIn = false;
			return json({});
		}
		if (url.pathname === '/api/session' && q.method === 'POST') {
			if (args.password !== 'correct horse') return json({ code: 'password', status: 401 }, 401);
			this.signedIn = true;
			this.locked = false;
			return json(this.whoAmI());
		}
		if (url.pathname === '/api/session/lock') {
			this.locked = true;
			return json({});
		}
		if (url.pathname === '/api/session/unlock') {
			if (args.password !== 'correct horse') return json({ code: 'password', status: 401 }, 401);
			this.locked = false;
			return json(this.whoAmI());
		}
		const operation = this.operations?.[url.pathname.replace('/api/v1/', '')];
		return operation ? json(operation(args)) : json({ title: 'Not Found', status: 404, code: 'not_found', cid: 'test' }, 404);
	}

	jmap(q, r, url, body, json) {
		const [, , what, , id, name] = url.pathname.split('/').map(decodeURIComponent);
		const mail = this.mail;
		if (what === 'session') return json(mail.session());
		if (what === 'api') return json(mail.api(JSON.parse(body)));
		if (what === 'eventsource') {
			r.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
			const tell = change => r.write(`event: state\ndata: ${JSON.stringify(change)}\n\n`);
			mail.listeners.add(tell);
			r.write('event: ping\ndata: {"interval":30}\n\n');
			return void q.on('close', () => mail.listeners.delete(tell));
		}
		if (what === 'upload') {
			const blobId = `up${mail.next++}`;
			mail.blobs.set(blobId, body);
			return json({ accountId: 'A', blobId, type: q.headers['content-type'], size: body.length }, 201);
		}
		if (what === 'view') {
			const letter = mail.emails.get(id);
			if (!letter) return json({}, 404);
			if (letter.confidential) return this.sealed(letter, r, url.searchParams, json);
			return void r.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': VIEW_POLICY, 'X-Letterlock-Images': String(letter.images), 'Cache-Control': 'private, no-store' }).end(view(letter, url.searchParams));
		}
		if (what === 'preview') return this.preview(id, r, url.searchParams, json);
		if (what === 'download') return void r.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Disposition': `attachment; filename="${encodeURIComponent(name)}"` }).end(this.source(id));
		return json({}, 404);
	}

	/* A confidential letter (docs/confidential.md): what it says under the name of who looks, for as long as it may be read. */
	sealed(letter, r, query, json) {
		const { state, expires } = letter.confidential, open = state === 'open';
		if (query.get('quote') === '1' || query.get('print') === '1') return json({ status: 403, code: 'confidential' }, 403);
		if (query.get('info') === '1') return json({ state, expires, attachments: open ? letter.hidden ?? [] : [] });
		if (!open) return json({ status: 410, code: 'expired' }, 410);
		const page = view({ ...letter, html: `<style>body{user-select:none}</style>${letter.inner}<p class="mark">${ME.name} ${ME.email}</p>` }, query);
		return void r.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': VIEW_POLICY, 'Letterlock-Confidential': expires ? `expires=${expires}` : 'yes', 'Cache-Control': 'private, no-store' }).end(page);
	}

	/* Attachments as pictures: PDF has three pages, a few kinds nobody reads. */
	preview(id, r, query, json) {
		const pages = query.get('name').endsWith('.pdf') ? 3 : 1, page = Number(query.get('page'));
		if (query.get('info') === '1') return json({ status: /\.(ofd|zip)$/.test(query.get('name')) ? 'noReader' : 'ok', type: query.get('name').split('.').pop(), label: 'Document', pages, cut: false, marked: this.mail.viewOnly === true });
		const picture = `<svg xmlns="http://www.w3.org/2000/svg" width="210" height="297"><rect width="210" height="297" fill="#fff"/><text x="40" y="60" font-size="24">${page}</text></svg>`;
		return void r.writeHead(page > pages ? 404 : 200, { 'Content-Type': 'image/svg+xml', 'Cache-Control': 'private, no-store' }).end(picture);
	}

	source(blob) {
		const letter = [...this.mail.emails.values()].find(e => e.blobId === blob);
		if (!letter) return this.mail.blobs.get(blob) ?? 'bytes of a file';
		const head = Object.entries(letter.headers).filter(([, v]) => v).map(([k, v]) => `${k}: ${v}\r\n`).join('');
		return `Received: from mx.outside.test by mail.demo.test with ESMTPS\r\n${head}From: ${letter.from[0].email}\r\nSubject: =?utf-8?B?${Buffer.from(letter.subject).toString('base64')}?=\r\n\r\n${letter.html}`;
	}

	file(r, path) {
		const page = /^\/(a\/|app\.webmanifest|icon\.svg)/.test(path) ? path : '/index.html';
		const file = join(this.site, page);
		if (!existsSync(file)) return void r.writeHead(404).end();
		r.writeHead(200, { 'Content-Type': TYPES[extname(file)], 'Content-Security-Policy': policy(), 'X-Content-Type-Options': 'nosniff', 'Cross-Origin-Opener-Policy': 'same-origin' }).end(readFileSync(file));
	}
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log((await new Site({ many: 100000 }).listen(Number(process.argv[2] ?? 8090))).url);
