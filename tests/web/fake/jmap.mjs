// JMAP in memory, as far as the webmail asks for it: it keeps what is set, tells of changes, holds letters that may be called back.
import { FakeServer } from '../unit/fake_server.mjs';

const URN = 'urn:ietf:params:jmap:';
let last = 0;
const fresh = letter => `${letter}${++last}`;

export class FakeJmap extends FakeServer {
	constructor({ identities, people = [], letters = [] } = {}) {
		super();
		this.streams = new Set();
		this.blobs = new Map();
		this.slowUpload = null;
		const rights = { mayReadItems: true, mayAddItems: true, mayRemoveItems: true, maySetSeen: true, maySetKeywords: true, mayCreateChild: true, mayRename: true, mayDelete: true, maySubmit: true };
		for (const [i, role] of ['inbox', 'drafts', 'scheduled', 'sent', 'archive', 'junk', 'trash'].entries())
			this.put('Mailbox', { id: role, name: role[0].toUpperCase() + role.slice(1), role, parentId: null, sortOrder: i, totalEmails: 0, unreadEmails: 0, totalThreads: 0, unreadThreads: 0, myRights: rights, isSubscribed: true });
		for (const one of identities ?? [{ id: 'I1', name: '王磊', email: 'wang.lei@demo.test', textSignature: '王磊\n财务部', htmlSignature: '<div>王磊</div><div>财务部</div>' }])
			this.put('Identity', { replyTo: null, bcc: null, textSignature: '', htmlSignature: '', mayDelete: false, ...one });
		for (const one of letters) this.letter(one);
		this.people = people;
	}

	/** A letter as Email/get gives it; `text`, `html`: its body. */
	letter({ id = fresh('E'), mailbox = 'inbox', text = '', html = '', ...more }) {
		const part = (partId, type) => ({ partId, blobId: `${id}-${partId}`, size: 100, name: null, type, charset: 'utf-8', disposition: null, cid: null });
		const textPart = part('1', 'text/plain'), htmlPart = part('2', 'text/html');
		this.put('Email', {
			id, blobId: `B${id}`, threadId: `T${id}`, mailboxIds: { [mailbox]: true }, keywords: { $seen: true }, size: 4000, receivedAt: '2026-11-20T08:00:00Z', sentAt: '2026-11-20T16:00:00+08:00',
			messageId: [`${id}@demo.test`], inReplyTo: null, references: null, sender: null, from: null, to: null, cc: null, bcc: null, replyTo: null, subject: '', hasAttachment: false,
			preview: text.slice(0, 100), attachments: [], bodyValues: { 1: { value: text, isTruncated: false }, 2: { value: html, isTruncated: false } },
			textBody: [text || !html ? textPart : htmlPart], htmlBody: [html ? htmlPart : textPart], ...more,
		});
		return this.table('Email').objects.get(id);
	}

	session() {
		const capabilities = {
			[`${URN}core`]: { maxSizeUpload: 50_000_000, maxConcurrentUpload: 4, maxSizeRequest: 10_000_000, maxConcurrentRequests: 8, maxCallsInRequest: 64, maxObjectsInGet: 1000, maxObjectsInSet: 500, collationAlgorithms: [] },
			[`${URN}mail`]: {}, [`${URN}submission`]: {}, [`${URN}vacationresponse`]: {}, [`${URN}sieve`]: {}, [`${URN}contacts`]: {},
		};
		const accountCapabilities = { [`${URN}mail`]: { maxSizeAttachmentsPerEmail: 20_000_000 }, [`${URN}submission`]: { maxDelayedSend: 2_592_000, submissionExtensions: {} }, 'urn:letterlock:jmap:letters': { recallWithin: 2_592_000 }, [`${URN}sieve`]: {} };
		return {
			capabilities, accounts: { A: { name: 'wang.lei@demo.test', isPersonal: true, isReadOnly: false, accountCapabilities } }, primaryAccounts: Object.fromEntries(Object.keys(capabilities).map(urn => [urn, 'A'])),
			username: 'wang.lei@demo.test', state: 's1', apiUrl: '/jmap/api', downloadUrl: '/jmap/download/{accountId}/{blobId}/{name}?accept={type}', uploadUrl: '/jmap/upload/{accountId}/',
			eventSourceUrl: '/jmap/eventsource?types={types}&closeafter={closeafter}&ping={ping}',
		};
	}

	/* ---- HTTP ---- */

	async answer(url, request, response, body) {
		const json = value => { response.writeHead(200, { 'Content-Type': 'application/json' }); response.end(JSON.stringify(value)); };
		if (url.pathname === '/jmap/session') return json(this.session());
		if (url.pathname === '/jmap/eventsource') {
			response.writeHead(200, { 'Content-Type': 'text/event-stream' });
			response.write(': \n\n');
			this.streams.add(response);
			response.on('close', () => this.streams.delete(response));
			return;
		}
		if (url.pathname.startsWith('/jmap/view/')) {
			const letter = this.table('Email').objects.get(url.pathname.split('/').at(-1));
			const text = part => letter.bodyValues[part.partId].value, plain = letter.htmlBody[0].type === 'text/plain';
			response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': "sandbox; default-src 'none'; frame-ancestors 'self'" });
			return void response.end(plain ? text(letter.htmlBody[0]).split('\n').map(line => `<div>${line || '<br>'}</div>`).join('') : text(letter.htmlBody[0]));
		}
		if (url.pathname.startsWith('/jmap/upload/')) {
			await this.slowUpload;
			const blobId = fresh('B');
			this.blobs.set(blobId, { type: request.headers['content-type'], body });
			return json({ accountId: 'A', blobId, type: request.headers['content-type'], size: body.length });
		}
		if (url.pathname.startsWith('/jmap/download/')) {
			const blob = this.blobs.get(decodeURIComponent(url.pathname.split('/')[4]));
			response.writeHead(blob ? 200 : 404, { 'Content-Type': blob?.type ?? 'text/plain' });
			return response.end(blob?.body ?? '');
		}
		if (url.pathname !== '/jmap/api') { response.writeHead(404); return response.end(); }
		const { methodCalls } = JSON.parse(body);
		this.requests.push({ calls: methodCalls });
		const done = [];
		this.created = {};
		for (const [name, args, id] of methodCalls) done.push(...this.method(name, this.resolve(args, done), id));
		json({ methodResponses: done, sessionState: 's1' });
	}

	put(type, ...objects) {
		super.put(type, ...objects);
		this.announce();
	}

	remove(type, id) {
		super.remove(type, id);
		this.announce();
	}

	announce() {
		const states = Object.fromEntries(Object.entries(this.types).map(([type, { log }]) => [type, String(log.length)]));
		for (const stream of this.streams ?? []) stream.write(`event: state\ndata: ${JSON.stringify({ '@type': 'StateChange', changed: { A: states } })}\n\n`);
	}

	close() {
		for (const stream of this.streams) stream.end();
	}

	/* ---- methods ---- */

	method_query(type, { filter, position = 0, limit = 100 }) {
		let all = [...this.table(type).objects.values()];
		if (filter?.inMailbox) all = all.filter(one => one.mailboxIds?.[filter.inMailbox]);
		if (filter?.header) all = all.filter(one => filter.header[0] === 'Message-ID' && one.messageId?.[0] === filter.header[1]);
		if (filter?.emailIds) all = all.filter(one => filter.emailIds.includes(one.emailId));
		if (filter?.text) all = all.filter(one => JSON.stringify(one).toLowerCase().includes(filter.text.toLowerCase()));
		all.sort((a, b) => String(b.receivedAt ?? '').localeCompare(String(a.receivedAt ?? '')));
		const ids = all.map(one => one.id);
		return { queryState: String(this.table(type).log.length), canCalculateChanges: false, position, total: ids.length, ids: ids.slice(position, position + limit) };
	}

	make(type, create) {
		if (type === 'Email') {
			const { bodyValues: values = {}, textBody: _text, htmlBody: _html, mailboxIds, ...rest } = create;
			return this.letter({ ...rest, mailboxIds, id: fresh('E'), mailbox: 'drafts', text: values.text?.value ?? '', html: values.html?.value ?? '', receivedAt: new Date().toISOString(),
				attachments: (create.attachments ?? []).map(one => ({ partId: null, size: this.blobs.get(one.blobId)?.body.length ?? 1000, charset: null, ...one })) });
		}
		if (type === 'EmailSubmission') {
			const hold = create.envelope?.mailFrom?.parameters ?? {};
			const sendAt = hold.HOLDUNTIL ?? new Date(Date.now() + Number(hold.HOLDFOR ?? 0) * 1000).toISOString();
			const one = { id: fresh('S'), ...create, emailId: this.created[create.emailId.slice(1)] ?? create.emailId, sendAt, undoStatus: 'pending', deliveryStatus: Object.fromEntries(create.envelope.rcptTo.map(r => [r.email, { smtpReply: '250 2.0.0 OK', delivered: 'queued', displayed: 'unknown' }])) };
			this.put(type, one);
			return one;
		}
		const one = { id: fresh(type[0]), ...create };
		if (type === 'Mailbox') Object.assign(one, { role: null, sortOrder: 10, totalEmails: 0, unreadEmails: 0, totalThreads: 0, unreadThreads: 0, isSubscribed: true });
		this.put(type, one);
		return one;
	}

	method_set(type, { create = {}, update = {}, destroy = [], ...more }) {
		const created = {}, notCreated = {};
		for (const [key, value] of Object.entries(create)) {
			const refusal = this.refuseCreate?.(type, value);
			if (refusal) { notCreated[key] = refusal; continue; }
			const one = this.make(type, value);
			this.created[key] = one.id;
			created[key] = { id: one.id, ...(one.sendAt ? { sendAt: one.sendAt, undoStatus: one.undoStatus } : {}) };
		}
		if (type === 'EmailSubmission') for (const [id, patch] of Object.entries(update)) if (patch.recall) update[id] = { recall: this.recalled(this.table(type).objects.get(id)) };
		const known = Object.fromEntries(Object.entries(update).filter(([id]) => this.table(type).objects.has(id)));
		const gone = destroy.filter(id => !this.table(type).objects.has(id));
		const answer = super.method_set(type, { update: known, destroy: destroy.filter(id => !gone.includes(id)) });
		for (const id of gone) answer.notDestroyed[id] = { type: 'notFound' };
		for (const id of Object.keys(update)) if (!(id in known)) answer.notUpdated[id] = { type: 'notFound' };
		for (const [key, patch] of Object.entries(more.onSuccessUpdateEmail ?? {})) {
			const submission = this.table(type).objects.get(this.created[key.slice(1)]);
			if (submission) super.method_set('Email', { update: { [submission.emailId]: patch } });
		}
		if (more.onSuccessActivateScript) for (const one of this.table(type).objects.values()) this.put(type, { ...one, isActive: one.id === (this.created[more.onSuccessActivateScript.slice(1)] ?? more.onSuccessActivateScript) });
		return { ...answer, created, notCreated };
	}

	/* The first recipient had not read it, the second had; others are outside or closed. */
	recalled(one) {
		const fates = ['recalled', 'read', 'outside'];
		return { asked: new Date().toISOString(), recipients: Object.fromEntries(Object.keys(one.deliveryStatus).map((address, i) => [address, fates[i] ?? 'pending'])), forwardedOutside: 1, copies: 0, copiesKept: 0 };
	}

	method_validate() {
		return { error: null };
	}
}
