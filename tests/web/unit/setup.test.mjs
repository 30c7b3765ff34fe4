/* What a phone is told by its camera. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { load } from './load.mjs';

const { qrOf, qrPath } = await load('settings/qr.ts');
const { readServers, thunderbirdCode } = await load('settings/servers.ts');

test('codes are drawn as readers of them take them', () => {
	/* The pictures of these were read by another program (zbar). */
	for (const [text, size, digest] of [['abcd-efgh-jkmn-pqrs', 25, 'dcb83197cc1c84b0'], ['x'.repeat(213), 57, '5b61c982b56d2523'],
		['https://mail.example.org/mail/setup.mobileconfig?emailaddress=ann%40example.org', 37, 'e0790af849d15bec']]) {
		const rows = qrOf(text).map(row => row.map(on => (on ? '#' : '.')).join(''));
		assert.equal(rows.length, size);
		assert.equal(createHash('sha256').update(rows.join('\n')).digest('hex').slice(0, 16), digest);
	}
});

test('a code is as large as its text needs, and what is too long has none', () => {
	assert.deepEqual([14, 15, 666].map(n => qrOf('a'.repeat(n)).length), [21, 25, 97]);
	assert.equal(qrOf('a'.repeat(667)), null);
	assert.equal(qrOf('邮件邮件邮').length, 25, 'bytes count, not characters');
	const { size, path } = qrPath('a');
	assert.equal(size, 29);
	assert.match(path, /^M4 4h7v1h-7z/);
});

const server = (kind, type, port, socket, host = 'mail.demo.test') =>
	`\t<${kind}Server type="${type}">\n\t\t<hostname>${host}</hostname>\n\t\t<port>${port}</port>\n\t\t<socketType>${socket}</socketType>\n\t</${kind}Server>\n`;

test('the servers are read, and told to Thunderbird in its form', () => {
	const servers = readServers(`<clientConfig>${server('incoming', 'imap', 993, 'SSL')}${server('incoming', 'imap', 143, 'STARTTLS')}${server('outgoing', 'smtp', 587, 'STARTTLS')}${server('incoming', 'pop3', 0, 'SSL')}${server('incoming', 'pop3', 995, 'SSL', 'a"b')}</clientConfig>`);
	assert.deepEqual(servers.map(one => [one.protocol, one.port, one.tls]), [['imap', 993, true], ['imap', 143, false], ['smtp', 587, false]]);
	assert.deepEqual(JSON.parse(thunderbirdCode(servers, 'ann@demo.test', '安 "Ann"', 'secret')), [
		1, [1, 1], [0, 'mail.demo.test', 993, 3, 1, 'ann@demo.test', '', 'secret'], [[[0, 'mail.demo.test', 587, 2, 1, 'ann@demo.test', 'secret'], ['ann@demo.test', '安 "Ann"']]],
	]);
	assert.equal(thunderbirdCode(servers, '安@demo.test', '', ''), null, 'it takes ASCII addresses only');
	assert.equal(thunderbirdCode(servers.slice(0, 1), 'ann@demo.test', '', ''), null);
	assert.deepEqual(readServers('nothing'), []);
});
