// A JMAP server in memory, small but with real semantics: states, changes, patches, result references, and failures on demand.

function at(value, path) {
	for (const step of path.split('/').slice(1)) {
		if (step === '*') {
			const rest = path.slice(path.indexOf('*') + 1);
			return value.flatMap((one) => (rest ? at(one, rest) : one));
		}
		value = value[step];
	}
	return value;
}

function patched(object, patch) {
	const copy = structuredClone(object);
	for (const [path, value] of Object.entries(patch)) {
		const steps = path.split('/').map((step) => step.replace(/~1/g, '/').replace(/~0/g, '~'));
		let target = copy;
		for (const step of steps.slice(0, -1)) target = target[step];
		if (value === null) delete target[steps.at(-1)];
		else target[steps.at(-1)] = value;
	}
	return copy;
}

export class FakeServer {
	constructor() {
		this.types = {};
		this.requests = [];
		this.failures = [];
		this.refused = {};
		this.limit = 500;
		this.forgetsBefore = 0;
		this.fetch = (url, init) => this.answer(String(url), init);
	}

	put(type, ...objects) {
		const table = this.table(type);
		for (const one of objects) {
			const kind = table.objects.has(one.id) ? 'updated' : 'created';
			table.objects.set(one.id, one);
			table.log.push({ kind, id: one.id });
		}
	}

	remove(type, id) {
		this.table(type).objects.delete(id);
		this.table(type).log.push({ kind: 'destroyed', id });
	}

	table(type) {
		return (this.types[type] ??= { objects: new Map(), log: [] });
	}

	session() {
		return {
			capabilities: { 'urn:ietf:params:jmap:mail': {}, 'urn:ietf:params:jmap:core': { maxCallsInRequest: 8, maxObjectsInGet: this.limit, maxObjectsInSet: this.limit }, 'urn:ietf:params:jmap:submission': {} },
			accounts: { A: { name: 'a@demo.test', isPersonal: true, isReadOnly: false, accountCapabilities: {} } },
			primaryAccounts: { 'urn:ietf:params:jmap:mail': 'A' }, username: 'a@demo.test', state: 's1',
			apiUrl: 'https://elsewhere.test/jmap/api', downloadUrl: 'https://elsewhere.test/jmap/download/{accountId}/{blobId}/{name}?accept={type}',
			uploadUrl: '/jmap/upload/{accountId}/', eventSourceUrl: '/jmap/eventsource?types={types}&closeafter={closeafter}&ping={ping}',
		};
	}

	async answer(url, init) {
		const body = init.body ? JSON.parse(init.body) : null;
		this.requests.push({ url, body, headers: init.headers });
		const failure = this.failures.shift();
		if (failure === 'network') throw new TypeError('fetch failed');
		if (failure) return Response.json(failure.body ?? {}, { status: failure.status, headers: failure.headers ?? {} });
		if (url === '/jmap/session') return Response.json(this.session());
		const done = [];
		for (const [name, args, id] of body.methodCalls) {
			const resolved = this.resolve(args, done);
			done.push(...(resolved ? this.method(name, resolved, id) : [['error', { type: 'invalidResultReference' }, id]]));
		}
		return Response.json({ methodResponses: done, sessionState: 's1' });
	}

	/* undefined: a reference leads nowhere. */
	resolve(args, done) {
		const source = ({ name, resultOf }) => done.find(([method, , id]) => id === resultOf && method === name);
		if (Object.entries(args).some(([name, value]) => name.startsWith('#') && !source(value))) return undefined;
		return Object.fromEntries(Object.entries(args).map(([name, value]) => (name.startsWith('#') ? [name.slice(1), at(source(value)[1], value.path)] : [name, value])));
	}

	method(name, args, id) {
		const [type, verb] = name.split('/');
		const answer = this[`method_${verb}`]?.(type, args);
		if (!answer) return [['error', { type: 'unknownMethod' }, id]];
		if (answer.error) return [['error', { type: answer.error }, id]];
		return [[name, { accountId: 'A', ...answer }, id]];
	}

	method_get(type, { ids }) {
		const { objects, log } = this.table(type);
		const wanted = ids ?? [...objects.keys()];
		if (wanted.length > this.limit) return { error: 'requestTooLarge' };
		const list = wanted.filter((id) => objects.has(id)).map((id) => structuredClone(objects.get(id)));
		return { state: String(log.length), list, notFound: wanted.filter((id) => !objects.has(id)) };
	}

	method_changes(type, { sinceState }) {
		const { log } = this.table(type);
		if (Number(sinceState) < this.forgetsBefore) return { error: 'cannotCalculateChanges' };
		const changes = { created: new Set(), updated: new Set(), destroyed: new Set() };
		for (const { kind, id } of log.slice(Number(sinceState))) changes[kind].add(id);
		const lists = Object.fromEntries(Object.entries(changes).map(([kind, ids]) => [kind, [...ids]]));
		return { oldState: sinceState, newState: String(log.length), hasMoreChanges: false, ...lists };
	}

	method_set(type, { update = {}, destroy = [] }) {
		const { objects, log } = this.table(type);
		const answer = { oldState: String(log.length), updated: {}, destroyed: [], notUpdated: {}, notDestroyed: {} };
		for (const [id, patch] of Object.entries(update)) {
			if (this.refused[id]) answer.notUpdated[id] = { type: this.refused[id] };
			else {
				this.put(type, patched(objects.get(id), patch));
				answer.updated[id] = null;
			}
		}
		for (const id of destroy) {
			if (this.refused[id]) answer.notDestroyed[id] = { type: this.refused[id] };
			else {
				this.remove(type, id);
				answer.destroyed.push(id);
			}
		}
		return { ...answer, newState: String(log.length) };
	}

	order(type) {
		return [...this.table(type).objects.values()].sort((a, b) => b.receivedAt - a.receivedAt).map((one) => one.id);
	}

	method_query(type, { position, limit }) {
		const ids = this.order(type);
		this.lists = { ...this.lists, [this.table(type).log.length]: ids };
		return { queryState: String(this.table(type).log.length), canCalculateChanges: true, position, total: ids.length, ids: ids.slice(position, position + limit) };
	}

	method_queryChanges(type, { sinceQueryState }) {
		const before = this.lists?.[sinceQueryState];
		if (!before || Number(sinceQueryState) < this.forgetsBefore) return { error: 'cannotCalculateChanges' };
		const now = this.order(type);
		const state = String(this.table(type).log.length);
		this.lists[state] = now;
		const added = now.map((id, index) => ({ id, index })).filter(({ id }) => !before.includes(id));
		return { oldQueryState: sinceQueryState, newQueryState: state, total: now.length, removed: before.filter((id) => !now.includes(id)), added };
	}
}

/** An EventSource whose server is the test. */
export class FakeSource {
	static all = [];

	constructor(url) {
		this.url = url;
		this.readyState = 0;
		this.listeners = {};
		FakeSource.all.push(this);
	}

	addEventListener(type, listener) {
		this.listeners[type] = listener;
	}

	open() {
		this.readyState = 1;
		this.onopen();
	}

	say(type, data) {
		this.listeners[type]({ data: JSON.stringify(data) });
	}

	close() {
		this.readyState = 2;
	}
}
