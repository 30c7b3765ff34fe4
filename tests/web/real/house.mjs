/* What the stories over a real system share: one site, one Chromium, people who sign in, and the other programs that people use. */
import { connect as netConnect } from 'node:net';
import { after, before } from 'node:test';
import { createHmac } from 'node:crypto';
import { connect } from 'node:tls';
import { browser, pageOf } from '../fake/browser.mjs';
import { demoSite } from '../site/demo.mjs';
import { row } from '../rig.mjs';

export { row, until, opened } from '../rig.mjs';
export { axe, picture } from '../fake/browser.mjs';

/** site and chromium: there from the first test on. arguments: of the browser's command line. */
export const house = { site: null, chromium: null, arguments: [] };
const pages = [], sockets = [], asked = new Set();
let opening = null;
/* Hooks of several files do not wait for each other. */
function open() {
	return (opening ??= (async () => {
		house.site = await demoSite();
		house.chromium = await browser(house.arguments);
	})());
}
before(open);
after(async () => {
	for (const socket of sockets) socket.destroy();
	await house.chromium?.close();
	await house.site?.close();
});

export const address = local => house.site.person(local).address;
export const at = path => `${house.site.url}${path}`;

/** A page of a browser of its own, at nobody's. */
export async function stranger(options) {
	await open();
	const page = await pageOf(house.chromium, options);
	page.context().on('request', request => asked.add(new URL(request.url()).origin));
	pages.push(page);
	return page;
}

export async function fillIn(page, who, password) {
	await page.locator('[name=username]').fill(who);
	await page.locator('[name=password]').fill(password);
	await page.locator('button[type=submit]').click();
}

export async function signedIn(local, options) {
	const page = await stranger(options);
	const { address: who, password } = house.site.person(local);
	await page.goto(at('/signin'));
	await fillIn(page, who, password);
	await page.locator('.mail-row').first().waitFor();
	return page;
}

export async function signOut(page) {
	await page.locator('.account-button').click();
	await page.getByRole('menuitem', { name: 'Sign out' }).click();
	await page.locator('.signin-form').waitFor();
}

/** Where any page has asked for anything. */
export const origins = () => [...asked].filter(one => one !== 'null').sort();
/** What went wrong in any page so far. */
export const errors = () => pages.flatMap(page => page.errors);

export async function folder(page, name) {
	await page.goto(at(`/mail/${name}`));
	await page.locator('.letters').waitFor();
}

export const editor = page => page.locator('.editor.rich[contenteditable=true]');
export const letterText = page => page.frameLocator('.letter.last .mail-frame');

export async function read(page, subject) {
	await row(page, subject).click();
	await page.locator('.reader h1', { hasText: subject }).waitFor();
	await page.locator('.letter.last .mail-frame').waitFor();
}

export async function write(page, { to, subject, text }) {
	await page.locator('.shell').press('c');
	await editor(page).waitFor();
	if (to) await page.locator('.address-input').first().fill(`${to},`);
	if (subject) await page.locator('.compose-subject').fill(subject);
	await editor(page).focus();
	if (text) await page.keyboard.type(text);
}

export async function putAway(page) {
	await page.locator('.compose').press('Escape');
	await page.locator('.compose').waitFor({ state: 'detached' });
}

/** Sends what is open. */
export async function send(page) {
	await page.keyboard.press('Control+Enter');
	await page.locator('.compose').waitFor({ state: 'detached' });
}

/** Seconds that what is sent waits; kept with the account. */
export async function undoTime(page, seconds) {
	await page.goto(at('/settings/general'));
	await page.getByLabel('Time to undo sending').selectOption(String(seconds));
}

/** The digits of RFC 6238; ahead: of the next steps, since one is good once. */
export function digits(secret, ahead = 0) {
	const bits = [...secret.replace(/[\s=]/g, '').toUpperCase()].map(c => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
	const key = Buffer.from(bits.match(/.{8}/g).map(b => parseInt(b, 2)));
	const counter = Buffer.alloc(8);
	counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
	const mac = createHmac('sha1', key).update(counter).digest();
	return String((mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/* ---- other programs ---- */

/* Lines of a server, and what was said between. */
class Lines {
	constructor(socket) {
		this.text = '';
		this.attach(socket);
	}

	attach(socket) {
		sockets.push(socket);
		this.socket = socket;
		socket.on('data', data => {
			this.text += data;
			this.wake?.();
		});
		socket.on('error', () => this.wake?.());
	}

	/** Everything up to a line that fits, which is taken. */
	async until(pattern) {
		for (;;) {
			const m = pattern.exec(this.text);
			if (m) {
				const said = this.text.slice(0, m.index + m[0].length);
				this.text = this.text.slice(said.length);
				return said;
			}
			if (this.socket.destroyed) throw new Error(`the connection ended: ${this.text}`);
			await new Promise(done => (this.wake = done));
		}
	}
}

const literal = text => `{${Buffer.byteLength(text)}+}\r\n${text}`;

/** A mail program: command(text) gives the answer, or fails. */
export async function imap(local) {
	await open();
	const { address: who, password } = house.site.person(local);
	const socket = connect({ port: house.site.ports.imaps, host: '127.0.0.1', rejectUnauthorized: false });
	const lines = new Lines(socket);
	let n = 0;
	const command = async text => {
		const tag = `t${++n}`;
		socket.write(`${tag} ${text}\r\n`);
		const said = await lines.until(new RegExp(`^${tag} .*\r\n`, 'm'));
		if (!new RegExp(`^${tag} OK`, 'm').test(said)) throw new Error(`${text.slice(0, 80)}: ${said}`);
		return said;
	};
	await lines.until(/^\* OK.*\r\n/m);
	await command(`LOGIN ${literal(who)} ${literal(password)}`);
	return { command, append: (box, letter, flags = '') => command(`APPEND ${box} (${flags}) ${literal(letter.replace(/\r?\n/g, '\r\n'))}`), close: () => socket.destroy() };
}

/** A program for filters (RFC 5804): get and put of one script. */
export async function sieve(local) {
	await open();
	const { address: who, password } = house.site.person(local);
	const plain = netConnect({ port: house.site.ports.managesieve, host: '127.0.0.1' });
	const lines = new Lines(plain);
	const ask = async text => {
		lines.socket.write(`${text}\r\n`);
		const said = await lines.until(/^(?:OK|NO|BYE)\b.*\r\n/m);
		if (!/^OK/m.test(said)) throw new Error(said);
		return said;
	};
	await lines.until(/^OK.*\r\n/m);
	await ask('STARTTLS');
	plain.removeAllListeners('data');
	lines.attach(connect({ socket: plain, rejectUnauthorized: false }));
	await lines.until(/^OK.*\r\n/m);
	await ask(`AUTHENTICATE "PLAIN" "${Buffer.from(`\0${who}\0${password}`).toString('base64')}"`);
	return {
		active: async () => /"([^"]*)" ACTIVE/.exec(await ask('LISTSCRIPTS'))?.[1] ?? null,
		get: async name => /^\{\d+\+?\}\r\n([\s\S]*)\r\nOK/.exec(await ask(`GETSCRIPT "${name}"`))[1],
		activate: name => ask(`SETACTIVE "${name}"`),
		put: (name, text) => ask(`PUTSCRIPT "${name}" ${literal(text)}`),
		close: () => lines.socket.destroy(),
	};
}
