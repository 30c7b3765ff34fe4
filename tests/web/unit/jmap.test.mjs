import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { FakeServer, FakeSource } from './fake_server.mjs';
import { load } from './load.mjs';

let jmap;
before(async () => {
	jmap = await load('jmap/index.ts');
});

async function clientOf(server, more = {}) {
	const client = new jmap.Client({ fetch: server.fetch, ...more });
	await client.open();
	return client;
}

function letter(id, receivedAt = 0, keywords = {}) {
	return { id, receivedAt, keywords, mailboxIds: { inbox: true }, subject: `subject of ${id}` };
}

function setup(options = {}) {
	const server = new FakeServer();
	server.put('Mailbox', { id: 'inbox', role: 'inbox', name: 'Inbox' }, { id: 'trash', role: 'trash', name: 'Trash' });
	server.put('Identity', { id: 'I', email: 'a@demo.test' });
	server.put('Email', letter('e1', 1), letter('e2', 2), letter('e3', 3));
	const client = new jmap.Client({ fetch: server.fetch });
	const source = (url) => new FakeSource(url);
	const store = new jmap.Store(client, { delay: () => 0, push: { source, delay: () => 0 }, ...options });
	return { server, client, store };
}

async function until(condition) {
	while (!condition()) await new Promise((done) => setTimeout(done, 1));
}

test('calls of one turn share a request', async () => {
	const server = new FakeServer();
	server.put('Email', letter('e1'));
	const client = await clientOf(server);
	const [one, two] = await Promise.all([client.get('Email', ['e1']), client.get('Email', ['none'])]);
	assert.equal(one.list[0].id, 'e1');
	assert.deepEqual(two.notFound, ['none']);
	assert.equal(server.requests.length, 2, 'the session and one request');
});

test('more calls than the server takes go in several requests', async () => {
	const server = new FakeServer();
	const client = await clientOf(server);
	await Promise.all(Array.from({ length: 20 }, (_, i) => client.get('Email', [`e${i}`])));
	const sizes = server.requests.slice(1).map(({ body }) => body.methodCalls.length);
	assert.deepEqual(sizes, [8, 8, 4]);
});

test('a call refers to the result of another', async () => {
	const server = new FakeServer();
	server.put('Email', letter('e1', 1), letter('e2', 2));
	const client = await clientOf(server);
	const { list } = await client.request((batch) => {
		const query = batch.call('Email/query', { accountId: 'A', position: 0, limit: 10 });
		return batch.call('Email/get', { accountId: 'A', '#ids': query.ref('/ids') });
	});
	assert.deepEqual(list.map((one) => one.id), ['e2', 'e1']);
	assert.deepEqual(server.requests[1].body.using, ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail']);
});

test('requests go where the page is from, with the header that no other site can send', async () => {
	const server = new FakeServer();
	const client = await clientOf(server, { headers: { 'X-Own': '1' } });
	await client.get('Email', []);
	assert.equal(server.requests[1].url, '/jmap/api');
	assert.equal(server.requests[1].headers['X-Own'], '1');
	assert.equal(jmap.downloadUrl(client, 'B/1', 'a b.txt', 'text/plain'), '/jmap/download/A/B%2F1/a%20b.txt?accept=text%2Fplain');
});

test('/get is cut into pieces that the server takes', async () => {
	const server = new FakeServer();
	server.limit = 2;
	server.put('Email', ...['e1', 'e2', 'e3', 'e4', 'e5'].map((id) => letter(id)));
	const client = await clientOf(server);
	const { list, notFound } = await client.get('Email', ['e1', 'e2', 'e3', 'e4', 'none']);
	assert.deepEqual(list.map((one) => one.id), ['e1', 'e2', 'e3', 'e4']);
	assert.deepEqual(notFound, ['none']);
});

test('a method-level error fails its call alone', async () => {
	const server = new FakeServer();
	const client = await clientOf(server);
	const good = client.get('Email', []);
	await assert.rejects(client.call('Email/nothing', {}), { name: 'JmapError', kind: 'refused', type: 'unknownMethod' });
	assert.deepEqual((await good).list, []);
});

for (const [status, body, kind, type] of [
	[401, {}, 'signedOut', 'http401'], [403, { code: 'locked' }, 'locked', 'locked'], [429, {}, 'busy', 'http429'], [503, {}, 'busy', 'http503'],
	[500, {}, 'broken', 'http500'], [400, { type: 'urn:ietf:params:jmap:error:notRequest' }, 'refused', 'notRequest'],
	[400, { type: 'urn:ietf:params:jmap:error:limit' }, 'busy', 'limit'],
]) {
	test(`a response ${status} ${JSON.stringify(body)} is ${kind}`, async () => {
		const server = new FakeServer();
		const failures = [];
		const client = await clientOf(server, { onFailure: (error) => failures.push(error.kind) });
		server.failures.push({ status, body, headers: { 'Retry-After': '7' } });
		await assert.rejects(client.get('Email', []), { kind, type, retryAfter: 7 });
		assert.deepEqual(failures, [kind]);
	});
}

test('no answer at all is offline', async () => {
	const server = new FakeServer();
	const client = await clientOf(server);
	server.failures.push('network');
	await assert.rejects(client.get('Email', []), { kind: 'offline' });
});

test('patches reach into objects and are taken back by their inverse', () => {
	const before_ = { keywords: { $seen: true, 'a/b': true }, mailboxIds: { inbox: true } };
	const patch = { 'keywords/$seen': null, 'keywords/$flagged': true, [jmap.pointer('keywords', 'a/b')]: null, mailboxIds: { trash: true } };
	const after = jmap.applyPatch(before_, patch);
	assert.deepEqual(after, { keywords: { $flagged: true }, mailboxIds: { trash: true } });
	assert.deepEqual(jmap.applyPatch(after, jmap.inversePatch(before_, patch)), before_);
	assert.deepEqual(before_.keywords, { $seen: true, 'a/b': true }, 'the original stays');
});

test('the store follows what the server announces', async () => {
	const { server, store } = setup();
	await store.start();
	await store.emails.need(['e1', 'e2']);
	const source = FakeSource.all.at(-1);
	source.open();
	server.put('Email', letter('e1', 1, { $seen: true }));
	server.remove('Email', 'e2');
	server.put('Mailbox', { id: 'new', role: null, name: 'New' });
	source.say('state', { '@type': 'StateChange', changed: { A: { Email: '5', Mailbox: '3' } } });
	await until(() => store.emails.peek('e1').keywords.$seen && store.mailboxes.peek('new'));
	assert.equal(store.emails.peek('e2'), undefined);
	assert.deepEqual(store.emails.difference.value.destroyed, ['e2']);
	store.stop();
});

test('after a connection was away everything is asked for again', async () => {
	const { server, store } = setup();
	await store.start();
	await store.emails.need(['e1']);
	const first = FakeSource.all.at(-1);
	first.open();
	first.onerror();
	assert.equal(store.online.value, false);
	server.put('Email', letter('e1', 1, { $flagged: true }));
	await until(() => FakeSource.all.at(-1) !== first);
	FakeSource.all.at(-1).open();
	await until(() => store.emails.peek('e1').keywords.$flagged);
	assert.equal(store.online.value, true);
	store.stop();
});

test('when the server has forgotten what changed, all that is here is read anew', async () => {
	const { server, store } = setup();
	await store.start();
	await store.emails.need(['e1', 'e2']);
	server.remove('Email', 'e2');
	server.put('Email', letter('e1', 1, { $seen: true }));
	server.forgetsBefore = 100;
	await store.sync();
	assert.equal(store.emails.difference.value.unknown, true);
	assert.deepEqual(store.emails.peek('e1').keywords, { $seen: true });
	assert.equal(store.emails.peek('e2'), undefined);
	store.stop();
});

test('a change is seen at once and stays when the server did it', async () => {
	const { server, store } = setup();
	await store.start();
	await store.emails.need(['e1']);
	const { result } = store.mark(['e1'], '$seen', true);
	assert.deepEqual(store.emails.peek('e1').keywords, { $seen: true });
	assert.deepEqual(server.table('Email').objects.get('e1').keywords, {}, 'not sent yet');
	assert.deepEqual(await result, ['e1']);
	assert.deepEqual(store.emails.peek('e1').keywords, { $seen: true });
	assert.deepEqual(server.table('Email').objects.get('e1').keywords, { $seen: true });
	store.stop();
});

test('what the server refuses is taken back, the rest stays', async () => {
	const told = [];
	const { server, store } = setup({ onRefused: (action, ids, error) => told.push([ids, error.type]) });
	await store.start();
	await store.emails.need(['e1', 'e2']);
	server.refused.e2 = 'forbidden';
	const { result } = store.move(['e1', 'e2'], 'trash');
	assert.deepEqual(store.emails.peek('e2').mailboxIds, { trash: true });
	assert.deepEqual(await result, ['e1']);
	assert.deepEqual(store.emails.peek('e1').mailboxIds, { trash: true });
	assert.deepEqual(store.emails.peek('e2').mailboxIds, { inbox: true });
	assert.deepEqual(told, [[['e2'], 'forbidden']]);
	store.stop();
});

test('an action is undone by its inverse', async () => {
	const { store } = setup();
	await store.start();
	await store.emails.need(['e1']);
	const { result, inverse } = store.move(['e1'], 'trash');
	await result;
	await store.actions.add(inverse).result;
	assert.deepEqual(store.emails.peek('e1').mailboxIds, { inbox: true });
	assert.equal(store.destroy(['e1']).inverse, null);
	store.stop();
});

test('actions wait in order while the server is away, and outlive the page', async () => {
	let kept = [];
	const storage = () => ({ read: () => kept, write: (actions) => (kept = structuredClone(actions)) });
	const never = () => 1e9;
	const { server, store } = setup({ storage, delay: never });
	await store.start();
	await store.emails.need(['e1']);
	server.failures.push('network', 'network');
	store.mark(['e1'], '$seen', true);
	store.mark(['e1'], '$flagged', true);
	await until(() => server.failures.length === 1);
	assert.equal(kept.length, 2);
	assert.deepEqual(store.emails.peek('e1').keywords, { $seen: true, $flagged: true });
	server.failures.length = 0;
	store.stop();

	const next = new jmap.Store(store.client, { storage, push: { source: (url) => new FakeSource(url) } });
	await next.start();
	await until(() => kept.length === 0);
	assert.deepEqual(server.table('Email').objects.get('e1').keywords, { $seen: true, $flagged: true });
	next.stop();
});

test('an expired session keeps actions until the person is back', async () => {
	const { server, store } = setup({ delay: () => 1e9 });
	await store.start();
	await store.emails.need(['e1']);
	server.failures.push({ status: 401 });
	const { result } = store.mark(['e1'], '$seen', true);
	await until(() => server.failures.length === 0);
	assert.equal(store.actions.waiting.value, 1);
	store.wake();
	assert.deepEqual(await result, ['e1']);
	store.stop();
});

test('a list keeps its places when letters come and go', async () => {
	const { server, store } = setup();
	await store.start();
	const list = new jmap.LiveQuery(store.client, 'Email', {}, 2);
	await list.load(0, 2);
	assert.deepEqual([...list.ids.value], ['e3', 'e2', undefined]);
	server.put('Email', letter('e4', 4));
	server.remove('Email', 'e2');
	await list.follow();
	assert.deepEqual([...list.ids.value], ['e4', 'e3', undefined]);
	await list.load(0, 3);
	assert.deepEqual([...list.ids.value], ['e4', 'e3', 'e1']);
	assert.equal(list.total.value, 3);
	store.stop();
});

test('a list brings its rows along in one request; what does not come is as unknown as before', async () => {
	const { server, store } = setup();
	await store.start();
	server.put('Email', { ...letter('e3', 3), threadId: 't3' }, { ...letter('e2', 2), threadId: 't2' });
	server.put('Thread', { id: 't3', emailIds: ['e3'] });
	const along = (batch, found) => store.threads.along(batch, store.emails.along(batch, found.ref('/ids')).ref('/list/*/threadId'));
	const before = server.requests.length;
	await new jmap.LiveQuery(store.client, 'Email', {}, 2, along).load(0, 2);
	assert.equal(server.requests.length, before + 1);
	assert.equal(store.emails.peek('e3').subject, 'subject of e3');
	assert.deepEqual(store.threads.peek('t3').emailIds, ['e3']);
	assert.equal(store.threads.peek('t2'), undefined);
	await Promise.all([store.emails.need(['e3', 'e2']), store.threads.need(['t3'])]);
	assert.equal(server.requests.length, before + 1, 'they are here');
	server.limit = 1; // too many at once for Email/get
	const list = new jmap.LiveQuery(store.client, 'Email', {}, 3, along);
	await list.load(0, 3);
	assert.deepEqual([...list.ids.value], ['e3', 'e2', 'e1']);
	assert.equal(store.emails.peek('e1'), undefined);
	store.stop();
});

test('a request is on its way before anything else has its turn', async () => {
	const { server, store } = setup();
	await store.start();
	const before = server.requests.length;
	void store.client.request((batch) => batch.call('Email/get', { accountId: 'A', ids: ['e1'] }));
	assert.equal(server.requests.length, before + 1);
	store.stop();
});

test('a list that moved while it was read is put right', async () => {
	const { server, store } = setup();
	await store.start();
	const list = new jmap.LiveQuery(store.client, 'Email', {}, 2);
	await list.load(0, 2);
	server.put('Email', letter('e9', 9));
	await list.load(2, 3);
	assert.deepEqual([...list.ids.value], ['e9', 'e3', 'e2', 'e1']);
	store.stop();
});
