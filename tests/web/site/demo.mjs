/* A whole mail system for a test file: the demonstration, with its people and their letters, on free ports and in a folder of its own. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = fileURLToPath(new URL('../../../', import.meta.url));
const PROGRAMS = process.env.LETTERLOCK_PROGRAMS ?? join(top, 'build/release/src/cmd');
const PATIENCE = 240_000;
/* Where nobody listens, as the system tests choose it. */
function freeBase() {
	return execFileSync('/usr/bin/python3', ['-c', 'from instance import free_port_base; print(free_port_base())'], { cwd: join(top, 'tools/demo'), encoding: 'utf8' }).trim();
}

function siteOf(directory, close) {
	const facts = JSON.parse(readFileSync(join(directory, 'demo.json'), 'utf8'));
	/* An administrator's command; the answer as text. */
	const command = (args, input = '') => execFileSync(join(PROGRAMS, 'letterlock'), ['--config', facts.config, ...args],
		{ input, encoding: 'utf8', env: { ...process.env, LETTERLOCK_SESSION: join(directory, 'session') } });
	return { url: `http://localhost:${facts.ports.http}`, ports: facts.ports, person: local => facts.users.find(one => one.address.startsWith(`${local}@`)), outside: facts.outside_dir, command, close };
}

/** { url, ports, person(local), command(args, input), outside, close }; waits until everybody's first letters are there. LETTERLOCK_DEMO: of one that runs. */
export async function demoSite() {
	if (process.env.LETTERLOCK_DEMO) return siteOf(process.env.LETTERLOCK_DEMO, async () => {});
	const folder = mkdtempSync('/var/tmp/letterlock-web-');
	chmodSync(folder, 0o755);
	const directory = join(folder, 'demo');
	const child = spawn('/usr/bin/python3', [join(top, 'tools/demo/demo.py'), '--programs', PROGRAMS, '--dir', directory, '--port-base', freeBase(), '--fresh', '--no-open'],
		{ stdio: ['ignore', 'pipe', 'pipe'] });
	let said = '';
	const ended = new Promise(done => child.once('exit', done));
	const close = async () => {
		if (child.exitCode === null) child.kill('SIGTERM');
		await ended;
		rmSync(folder, { recursive: true, force: true });
	};
	child.stderr.on('data', data => (said += data));
	const ready = new Promise((done, fail) => {
		const late = setTimeout(() => fail(new Error(`the demonstration is not ready: ${said}`)), PATIENCE);
		child.stdout.on('data', data => {
			said += data;
			if (/^ready$/m.test(said)) done(clearTimeout(late));
		});
		child.once('exit', () => fail(new Error(`the demonstration ended: ${said}`), clearTimeout(late)));
	});
	try {
		await ready;
	} catch (error) {
		await close();
		throw error;
	}
	return siteOf(directory, close);
}
