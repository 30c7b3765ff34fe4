/* A JMAP server in memory for the screens: enough of RFC 8620 and 8621 to read, search, file, write; every tab hears of changes. */
import { MAILBOXES, ME, makeLetters } from './letters.mjs';

const CAP = 'urn:ietf:params:jmap:';
const RIGHTS = Object.fromEntries(['mayReadItems', 'mayAddItems', 'mayRemoveItems', 'maySetSeen', 'maySetKeywords', 'mayCreateChild', 'mayRename', 'mayDelete', 'maySubmit'].map(r => [r, true]));

function pick(value, path) {
	for (const [i, step] of path.split('/').slice(1).entries()) {
		if (step === '*') return value.flatMap(one => pick(one, `/${path.split('/').slice(i + 2).join('/')}`));
		if (step !== '') value = value[step];
	}
	return value;
}

function patched(object, patch) {
	const copy = structuredClone(object);
	for (const [path, value] of Object.entries(patch)) {
		const steps = path.split('/').map(s => s.replace(/~1/g, '/').replace(/~0/g, '~'));
		let target = copy;
		for (const step of steps.slice(0, -1)) target = target[step] ??= {};
		if (value === null) delete target[steps.at(-1)];
		else target[steps.at(-1)] = value;
	}
	return copy;
}

const has = (text, word) => String(text ?? '').toLowerCase().includes(word.toLowerCase());
const who = list => (list ?? []).map(a => `${a.name} ${a.email}`).join(' ');
const CONDITIONS = {
	inMailbox: (e, v) => !!e.mailboxIds[v],
	inMailboxOtherThan: (e, v) => Object.keys(e.mailboxIds).some(m => !v.includes(m)),
	hasKeyword: (e, v) => !!e.keywords[v],
	notKeyword: (e, v) => !e.keywords[v],
	hasAttachment: (e, v) => e.hasAttachment === v,
	from: (e, v) => has(who(e.from), v), to: (e, v) => has(who(e.to), v), cc: (e, v) => has(who(e.cc), v),
	subject: (e, v) => has(e.subject, v), body: (e, v) => has(e.html, v),
	text: (e, v) => has(`${who(e.from)} ${who(e.to)} ${e.subject} ${e.html} ${e.attachments.map(a => a.name).join(' ')}`, v),
	before: (e, v) => e.receivedAt < v, after: (e, v) => e.receivedAt >= v, minSize: (e, v) => e.size >= v, maxSize: (e, v) => e.size < v,
	header: (e, [name, value]) => e.headers[name] != null && (value === undefined || has(e.headers[name], value)),
};

function matches(e, f) {
	if (!f) return true;
	if (f.operator === 'OR') return f.conditions.some(c => matches(e, c));
	if (f.operator === 'NOT') return !f.conditions.some(c => matches(e, c));
	if (f.operator) return f.conditions.every(c => matches(e, c));
	return Object.entries(f).every(([name, value]) => CONDITIONS[name]?.(e, value) ?? true);
}

export class FakeMail {
	constructor({ now = Date.now(), many = 0, confidential = null } = {}) {
		/* Null: a server that knows nothing of confidential letters; else what its account says of them. */
		this.confidential = confidential;
		this.log = { Email: [], Mailbox: [], Thread: [] };
		this.emails = new Map(makeLetters(now, many).map(e => [e.id, e]));
		this.boxes = new Map(MAILBOXES.map(([id, name, role, sortOrder, parentId]) => [id, { id, name, role, sortOrder, parentId: parentId ?? null, isSubscribed: true, myRights: RIGHTS }]));
		this.listeners = new Set();
		this.submissions = new Map();
		this.receipts = [];
		/* Ids by the names that a request gave what it made. */
		this.made = new Map();
		this.contacts = new Map();
		this.blobs = new Map();
		this.next = 1;
		this.failing = false;
	}

	state(type) {
		return String(this.log[type]?.length ?? 0);
	}

	note(type, kind, id) {
		this.log[type].push({ kind, id });
	}

	announce() {
		const changed = Object.fromEntries(Object.keys(this.log).map(t => [t, this.state(t)]));
		for (const tell of this.listeners) tell({ '@type': 'StateChange', changed: { A: changed } });
	}

	/* A letter comes in while the page is open. */
	arrive(fields) {
		const [model] = makeLetters(Date.now());
		const id = `n${this.next++}`;
		this.emails.set(id, { ...model, id, blobId: `b-${id}`, threadId: `t-${id}`, keywords: {}, attachments: [], hasAttachment: false, receivedAt: new Date().toISOString(), ...fields });
		this.note('Email', 'created', id);
		for (const m of Object.keys(this.emails.get(id).mailboxIds)) this.note('Mailbox', 'updated', m);
		this.announce();
		return id;
	}

	session() {
		const account = { name: ME.email, isPersonal: true, isReadOnly: false, accountCapabilities: { [`${CAP}mail`]: {}, [`${CAP}submission`]: { maxDelayedSend: 2592000 }, [`${CAP}quota`]: {}, [`${CAP}mdn`]: {}, 'urn:letterlock:jmap:preview': { infoUrl: '/jmap/preview/', viewOnly: this.viewOnly === true }, ...(this.confidential && { 'urn:letterlock:jmap:letters': { recallWithin: 86400, confidential: true, confidentialLongest: 0, ...this.confidential } }) } };
		return {
			capabilities: { [`${CAP}core`]: { maxSizeUpload: 5e7, maxConcurrentUpload: 4, maxSizeRequest: 1e7, maxConcurrentRequests: 8, maxCallsInRequest: 32, maxObjectsInGet: 500, maxObjectsInSet: 500, collationAlgorithms: [] }, [`${CAP}mail`]: {}, [`${CAP}submission`]: {}, [`${CAP}quota`]: {}, [`${CAP}mdn`]: {} },
			accounts: { A: account }, primaryAccounts: { [`${CAP}mail`]: 'A', [`${CAP}submission`]: 'A' }, username: ME.email, state: 's1', apiUrl: '/jmap/api', downloadUrl: '/jmap/download/{accountId}/{blobId}/{name}?accept={type}', uploadUrl: '/jmap/upload/{accountId}/', eventSourceUrl: '/jmap/eventsource?types={types}&closeafter={closeafter}&ping={ping}',
		};
	}

	api(request) {
		const done = [];
		for (const [name, args, id] of request.methodCalls) {
			const real = Object.fromEntries(Object.entries(args).map(([k, v]) => (k.startsWith('#') ? [k.slice(1), pick(done.find(d => d[2] === v.resultOf)[1], v.path)] : [k, v])));
			const handler = this[name.replace('/', '_')];
			const answer = handler ? handler.call(this, real) : { error: 'unknownMethod' };
			done.push(answer.error ? ['error', { type: answer.error }, id] : [name, { accountId: 'A', ...answer }, id]);
			if (answer.implied) done.push(['Email/set', { accountId: 'A', ...answer.implied }, id]);
		}
		return { methodResponses: done, sessionState: 's1' };
	}

	list(map, ids) {
		const wanted = ids ?? [...map.keys()];
		return { list: wanted.filter(id => map.has(id)).map(id => structuredClone(map.get(id))), notFound: wanted.filter(id => !map.has(id)) };
	}

	changes(type, since) {
		const kinds = { created: new Set(), updated: new Set(), destroyed: new Set() };
		for (const { kind, id } of this.log[type].slice(Number(since))) kinds[kind].add(id);
		return { oldState: since, newState: this.state(type), hasMoreChanges: false, ...Object.fromEntries(Object.entries(kinds).map(([k, ids]) => [k, [...ids]])) };
	}

	/* ---- mailboxes ---- */

	counted(box) {
		let totalEmails = 0, unreadEmails = 0;
		for (const e of this.emails.values()) if (e.mailboxIds[box.id]) {
			totalEmails++;
			if (!e.keywords.$seen && !e.keywords.$draft) unreadEmails++;
		}
		return { ...box, totalEmails, unreadEmails, totalThreads: totalEmails, unreadThreads: unreadEmails };
	}

	Mailbox_get({ ids }) {
		const found = this.list(this.boxes, ids);
		return { state: this.state('Mailbox'), list: found.list.map(b => this.counted(b)), notFound: found.notFound };
	}

	Mailbox_changes({ sinceState }) {
		return this.changes('Mailbox', sinceState);
	}

	Mailbox_set({ create = {}, update = {}, destroy = [] }) {
		const created = {}, updated = {};
		for (const [key, box] of Object.entries(create ?? {})) {
			const id = `box${this.next++}`;
			this.boxes.set(id, { parentId: null, role: null, sortOrder: 20, isSubscribed: true, myRights: RIGHTS, ...box, id });
			this.note('Mailbox', 'created', id);
			created[key] = { id };
		}
		for (const [id, patch] of Object.entries(update ?? {})) {
			this.boxes.set(id, patched(this.boxes.get(id), patch));
			this.note('Mailbox', 'updated', id);
			updated[id] = null;
		}
		for (const id of destroy ?? []) {
			this.boxes.delete(id);
			this.note('Mailbox', 'destroyed', id);
		}
		this.announce();
		return { oldState: '0', newState: this.state('Mailbox'), created, updated, destroyed: destroy ?? [] };
	}

	/* ---- letters ---- */

	Email_query({ filter, position = 0, limit = 50, collapseThreads, calculateTotal }) {
		let found = [...this.emails.values()].filter(e => matches(e, filter)).sort((a, b) => (a.receivedAt < b.receivedAt ? 1 : -1));
		if (collapseThreads) {
			const seen = new Set();
			found = found.filter(e => !seen.has(e.threadId) && seen.add(e.threadId));
		}
		return { queryState: this.state('Email'), canCalculateChanges: false, position, ids: found.slice(position, position + limit).map(e => e.id), ...(calculateTotal && { total: found.length }) };
	}

	Email_get({ ids, properties }) {
		const found = this.list(this.emails, ids);
		return { state: this.state('Email'), list: found.list.map(e => this.shown(e, properties)), notFound: found.notFound };
	}

	shown(e, properties) {
		const part = { partId: '1', blobId: `${e.blobId}-1`, size: e.html.length, name: null, type: 'text/html', charset: 'utf-8', disposition: null, cid: null };
		const all = { ...e, textBody: [part], htmlBody: [part], bodyValues: { 1: { value: e.html, isEncodingProblem: false, isTruncated: false } }, bodyStructure: part };
		const wanted = properties ?? Object.keys(all);
		return Object.fromEntries([['id', e.id], ...wanted.map(p => {
			if (!p.startsWith('header:')) return [p, all[p] ?? null];
			const [, name, ...forms] = p.split(':'), value = e.headers[name] ?? null;
			return [p, forms.includes('all') ? (value === null ? [] : [value]) : forms.includes('asURLs') ? value?.match(/<[^>]+>/g)?.map(u => u.slice(1, -1)) ?? null : forms.includes('asAddresses') ? value && [{ name: null, email: value }] : value];
		})]);
	}

	Email_changes({ sinceState }) {
		return this.changes('Email', sinceState);
	}

	Email_set({ create, update, destroy }) {
		const created = {}, updated = {}, touched = new Set();
		for (const [key, e] of Object.entries(create ?? {})) {
			const id = `n${this.next++}`;
			const [model] = makeLetters(Date.now());
			this.emails.set(id, { ...model, keywords: {}, attachments: [], hasAttachment: false, headers: Object.fromEntries(Object.entries(e).filter(([name]) => name.startsWith('header:')).map(([name, value]) => [name.split(':')[1], value])), ...e, html: Object.values(e.bodyValues ?? {})[0]?.value ?? '', id, blobId: `b-${id}`, threadId: `t-${id}`, receivedAt: e.receivedAt ?? new Date().toISOString(), preview: '' });
			Object.keys(e.mailboxIds).forEach(m => touched.add(m));
			this.note('Email', 'created', id);
			created[key] = { id, blobId: `b-${id}`, threadId: `t-${id}`, size: 1000 };
			this.made.set(`#${key}`, id);
		}
		for (const [id, patch] of Object.entries(update ?? {})) {
			const before = this.emails.get(id);
			if (!before) continue;
			const after = patched(before, patch);
			for (const m of [...Object.keys(before.mailboxIds), ...Object.keys(after.mailboxIds)]) touched.add(m);
			this.emails.set(id, after);
			this.note('Email', 'updated', id);
			updated[id] = null;
		}
		for (const id of destroy ?? []) {
			Object.keys(this.emails.get(id)?.mailboxIds ?? {}).forEach(m => touched.add(m));
			this.emails.delete(id);
			this.note('Email', 'destroyed', id);
		}
		touched.forEach(m => this.note('Mailbox', 'updated', m));
		setTimeout(() => this.announce());
		return { oldState: '0', newState: this.state('Email'), created, updated, destroyed: destroy ?? [] };
	}

	SearchSnippet_get({ emailIds, filter }) {
		const words = JSON.stringify(filter).match(/"(?:text|subject|body)":"([^"]+)"/g)?.map(m => m.split('"')[3]) ?? [];
		const mark = text => words.reduce((s, w) => s.replace(new RegExp(w.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi'), m => `<mark>${m}</mark>`), String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;'));
		return { list: emailIds.filter(id => this.emails.has(id)).map(id => ({ emailId: id, subject: mark(this.emails.get(id).subject), preview: mark(this.emails.get(id).preview) })), notFound: [] };
	}

	Thread_get({ ids }) {
		const list = ids.map(id => ({ id, emailIds: [...this.emails.values()].filter(e => e.threadId === id).sort((a, b) => (a.receivedAt < b.receivedAt ? -1 : 1)).map(e => e.id) }));
		return { state: this.state('Thread'), list: list.filter(t => t.emailIds.length), notFound: list.filter(t => !t.emailIds.length).map(t => t.id) };
	}

	Thread_changes({ sinceState }) {
		return this.changes('Thread', sinceState);
	}

	/* ---- the rest ---- */

	Identity_get() {
		return { state: '0', list: [{ id: 'i1', name: ME.name, email: ME.email, replyTo: null, bcc: null, textSignature: '林晓梅 · 财务部', htmlSignature: '<p>林晓梅 · 财务部</p>', mayDelete: false }, { id: 'i2', name: '财务共享信箱', email: 'finance@demo.test', replyTo: null, bcc: null, textSignature: '', htmlSignature: '', mayDelete: false }], notFound: [] };
	}

	Identity_changes({ sinceState }) {
		return { oldState: sinceState, newState: sinceState, hasMoreChanges: false, created: [], updated: [], destroyed: [] };
	}

	Quota_get() {
		return { state: '0', list: [{ id: 'q', resourceType: 'octets', used: 3_100_000_000, hardLimit: 5_000_000_000, scope: 'account', name: 'mail', types: ['Email'] }], notFound: [] };
	}

	Quota_changes({ sinceState }) {
		return this.Identity_changes({ sinceState });
	}

	EmailSubmission_get({ ids }) {
		return { state: '0', ...this.list(this.submissions, ids) };
	}

	EmailSubmission_changes({ sinceState }) {
		return this.Identity_changes({ sinceState });
	}

	EmailSubmission_query() {
		const ids = [...this.submissions.keys()];
		return { queryState: '0', canCalculateChanges: false, position: 0, ids, total: ids.length };
	}

	EmailSubmission_set({ create, update, onSuccessUpdateEmail }) {
		const created = {}, notCreated = {}, updated = {}, letters = {};
		for (const [key, s] of Object.entries(create ?? {})) {
			const id = `s${this.next++}`;
			if (this.refused) {
				notCreated[key] = this.refused;
				continue;
			}
			this.submissions.set(id, { undoStatus: 'pending', deliveryStatus: null, dsnBlobIds: [], mdnBlobIds: [], sendAt: new Date().toISOString(), envelope: null, threadId: '', ...s, emailId: this.made.get(s.emailId) ?? s.emailId, id });
			created[key] = { id, undoStatus: 'pending', sendAt: this.submissions.get(id).sendAt };
			const patch = onSuccessUpdateEmail?.[`#${key}`];
			if (patch) letters[this.submissions.get(id).emailId] = patch;
		}
		for (const [id, patch] of Object.entries(update ?? {})) {
			this.submissions.set(id, patched(this.submissions.get(id), patch));
			updated[id] = null;
		}
		return { oldState: '0', newState: '1', created, notCreated, updated, ...(Object.keys(letters).length && { implied: this.Email_set({ update: letters }) }) };
	}

	/* RFC 9007 2.1 */
	MDN_send({ send }) {
		const sent = {}, notSent = {}, letters = {};
		for (const [key, { forEmailId, disposition }] of Object.entries(send)) {
			if (this.emails.get(forEmailId).keywords.$mdnsent) notSent[key] = { type: 'mdnAlreadySent' };
			else {
				sent[key] = {};
				letters[forEmailId] = { 'keywords/$mdnsent': true };
				this.receipts.push({ about: forEmailId, ...disposition });
			}
		}
		return { sent, notSent, ...(Object.keys(letters).length && { implied: this.Email_set({ update: letters }) }) };
	}
}
