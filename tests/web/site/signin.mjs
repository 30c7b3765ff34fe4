/* The sign-in's side of a server, in memory (docs/web-signin.md): one person with a second step, and a server that has seen failures before. */
import { createHash } from 'node:crypto';
import { Site } from './server.mjs';

export const PERSON = { address: 'lin.xiaomei@demo.test', password: 'granit-pelikan-trompete-moos', digits: '314159', code: 'abcd-efgh-jkmn' };
const DIFFICULTY = 8;

export class SignInSite extends Site {
	constructor({ factors = [], keyboard = 'off', work = false, first = null, providers = [], personas, throttled = 0, ...options } = {}) {
		super(options);
		Object.assign(this, { factors, keyboard, work, first, providers, personas, throttled, signedIn: false, asked: [] });
	}

	whoAmI() {
		const me = super.whoAmI();
		Object.assign(me.policy, { keyboard: this.keyboard, providers: this.providers, ...(this.personas ? { personas: this.personas } : {}) });
		return this.signedIn && this.first ? { ...me, [this.first]: true } : me;
	}

	api(q, url, body, json) {
		const args = body.length ? JSON.parse(body) : {};
		if (url.pathname === '/api/session' && q.method === 'POST') return this.start(args, json);
		if (url.pathname === '/api/v1/user.passwd') return this.change(args, json);
		return super.api(q, url, body, json);
	}

	start(args, json) {
		const refuse = (status, code, more = {}) => json({ status, code, cid: 'w1', ...more }, status);
		this.asked.push(args);
		if (this.throttled > 0) return refuse(429, 'throttled', { retry_after: this.throttled });
		if (this.work && !this.solved(args.work)) return refuse(401, 'work_needed', { work: { challenge: 'challenge-of-a-test', difficulty: DIFFICULTY, expires: 0, wait: 1 } });
		if (args.address !== PERSON.address || args.password !== (this.password ?? PERSON.password)) return refuse(401, 'password');
		if (this.factors.length > 0 && !args.proof) return refuse(403, 'factor_needed', { factors: this.factors, ...(args.factor === 'list' ? { challenge: { number: 7, left: 40 } } : {}) });
		if (args.proof && args.proof.code !== (args.proof.kind === 'totp' ? PERSON.digits : PERSON.code)) return refuse(403, 'factor');
		this.signedIn = true;
		return json(this.whoAmI());
	}

	solved(work) {
		const hash = createHash('sha256').update(`${work?.challenge}:${work?.number}`).digest();
		return work?.challenge === 'challenge-of-a-test' && /^\d+$/.test(work.number) && hash[0] === 0;
	}

	change(args, json) {
		if (args.new.length < 12) return json({ status: 400, code: 'weak_password', faults: ['short', 'weak'] }, 400);
		this.password = args.new;
		this.first = null;
		this.signedIn = false;
		return json({ recovery_code: 'k7qm-aaaa-bbbb-cccc-dddd-eeee-ffff' });
	}
}
