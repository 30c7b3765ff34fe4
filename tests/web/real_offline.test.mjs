/* Where there is no network at all but the machine itself: the whole system and a browser, in a namespace of their own. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./real/alone.mjs', import.meta.url));
const ENTER = process.getuid() === 0 ? ['unshare', '-n'] : ['unshare', '-rn'];
const LOOPBACK = 'ip link set lo up && exec "$@"';
const forbidden = spawnSync(ENTER[0], [...ENTER.slice(1), 'sh', '-c', 'ip link set lo up'], { encoding: 'utf8' }).status !== 0;

test('the webmail works without any network', { skip: forbidden && 'namespaces are forbidden here' }, async () => {
	const child = spawn(ENTER[0], [...ENTER.slice(1), 'sh', '-c', LOOPBACK, 'sh', process.execPath, script], { stdio: ['ignore', 'pipe', 'pipe'] });
	let said = '', errors = '';
	child.stdout.on('data', data => (said += data));
	child.stderr.on('data', data => (errors += data));
	const code = await new Promise(done => child.once('close', done));
	assert.equal(code, 0, errors);
	const { routes, origins, site, failures, steps } = JSON.parse(said.trim().split('\n').at(-1));
	assert.equal(routes, '');
	assert.deepEqual(steps, ['read', 'sent', 'settings', 'languages']);
	assert.deepEqual(origins, [site]);
	assert.deepEqual(failures, []);
});
