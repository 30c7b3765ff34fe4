/*
 * Signing in, step by step. The server keeps nothing between steps, so the password stays here until the last one, in no signal and no storage; then it is
 * forgotten.
 */
import { computed, signal } from '@preact/signals';
import { ask, operation, Problem } from '../shell/api';
import { session, takeSession, type Session } from '../shell/session';
import { go } from '../ui/router';
import { store, stored } from '../ui/prefs';
import { sign, type Challenge, type Proof } from './webauthn';
import { solve, type Work } from './work';

export type Kind = 'webauthn' | 'totp' | 'list' | 'mail' | 'sms' | 'codes';
export type Step = 'password' | 'second' | 'recover' | 'change' | 'enrol' | 'device' | 'code';
export interface Failure { code: string; cid: string; seconds?: number; faults?: string[] }

/* The way that is tried first stands first. */
export const ORDER: Kind[] = ['webauthn', 'totp', 'list', 'mail', 'sms', 'codes'];

export const step = signal<Step>('password');
export const failure = signal<Failure | null>(null);
export const busy = signal(false);
export const factors = signal<Kind[]>([]);
export const chosen = signal<Kind>('totp');
export const challenge = signal<Record<string, unknown> | null>(null);
export const remember = signal(stored('remember') !== '0');
export const address = signal(stored('address') ?? '');
/* A recovery code that was made just now and is shown once. */
export const newCode = signal('');

let secret = '';
let former: Record<string, unknown> = {};

export const mustWait = computed(() => failure.value?.code === 'throttled' ? failure.value.seconds ?? 60 : 0);

function deviceName(): string | undefined {
	if (!remember.value) return undefined;
	const agent = navigator.userAgent;
	const browser = /Edg\//.test(agent) ? 'Edge' : /Firefox\//.test(agent) ? 'Firefox' : /Chrome\//.test(agent) ? 'Chrome' : /Safari\//.test(agent) ? 'Safari' : 'Browser';
	const system = /Android/.test(agent) ? 'Android' : /iPhone|iPad/.test(agent) ? 'iOS' : /Windows/.test(agent) ? 'Windows' : /Mac OS/.test(agent) ? 'macOS' : 'Linux';
	return `${browser}, ${system}`;
}

export function fail(error: unknown): void {
	const p = error instanceof Problem ? error : null;
	if ((error as Error)?.name === 'NotAllowedError') failure.value = { code: 'passkey-cancelled', cid: '' };
	else failure.value = { code: p?.code ?? 'internal', cid: p?.cid ?? '', seconds: Number(p?.more.retry_after) || undefined, faults: p?.more.faults as string[] | undefined };
}

/* One thing at a time; what goes wrong is shown. */
export async function during(f: () => Promise<void>): Promise<void> {
	if (busy.value) return;
	busy.value = true;
	failure.value = null;
	try {
		await f();
	} catch (error) {
		fail(error);
	} finally {
		busy.value = false;
	}
}

/* ---- the steps ---- */

function arrived(found: Session): void {
	former = {};
	takeSession(found);
	store('address', remember.value ? found.address ?? '' : null);
	store('remember', remember.value ? '1' : '0');
	next();
}

/* Where a session that is there goes on. */
export function next(): void {
	const found = session.value;
	if (!found?.signed_in) step.value = 'password';
	else if (found.must_change_password) step.value = 'change';
	else if (found.must_register_factor || (found.factor_grace_ends ?? 0) > 0 && stored('factor-later') !== String(found.factor_grace_ends)) step.value = 'enrol';
	else leave();
}

export function leave(): void {
	secret = '';
	newCode.value = '';
	step.value = 'password';
	if (location.pathname.startsWith('/signin')) go(stored('after-signin') ?? '/mail', true);
	store('after-signin', null);
}

function secondStep(p: Problem): void {
	const kinds = (p.more.factors as Kind[] | undefined) ?? factors.value;
	factors.value = ORDER.filter(k => kinds.includes(k));
	challenge.value = (p.more.challenge as Record<string, unknown> | undefined) ?? null;
	if (step.value !== 'second') chosen.value = factors.value.find(k => k !== 'webauthn' || session.value?.policy.passkeys) ?? 'codes';
	step.value = 'second';
}

async function post(body: Record<string, unknown>): Promise<void> {
	try {
		arrived(await ask<Session>('POST', '/api/session', { ...body, device: deviceName() }));
	} catch (error) {
		if (!(error instanceof Problem)) throw error;
		if (error.code === 'work_needed' && !body.work) return post({ ...body, work: await solve(error.more.work as Work) });
		/* What a provider said counts once; this stands for it while the second step is missing. */
		if (body.sso && error.more.flow) former = { sso: { flow: error.more.flow, query: '' } };
		if (error.code === 'factor_needed') return secondStep(error);
		if (error.code.startsWith('device_')) step.value = 'device';
		throw error;
	}
}

export function withPassword(name: string, password: string): Promise<void> {
	address.value = name;
	secret = password;
	former = { address: name, password };
	return during(() => post(former));
}

export function again(): Promise<void> {
	return during(() => post(former));
}

/* Kinds that need something from the server first. */
export function choose(kind: Kind): Promise<void> {
	chosen.value = kind;
	challenge.value = null;
	failure.value = null;
	if (kind === 'totp' || kind === 'codes') return Promise.resolve();
	return during(() => post({ ...former, factor: kind }));
}

export function prove(proof: Record<string, unknown>): Promise<void> {
	return during(() => post({ ...former, proof }));
}

export function proveByKey(): Promise<void> {
	return during(async () => {
		if (!challenge.value) await post({ ...former, factor: 'webauthn' });
		if (challenge.value) await post({ ...former, proof: await sign(challenge.value as unknown as Challenge) });
	});
}

export function withPasskey(): Promise<void> {
	return during(async () => {
		const found = await ask<Record<string, unknown>>('POST', '/api/session/passkey', {});
		former = {};
		await post({ passkey: await sign(found as unknown as Challenge) });
	});
}

/* ---- identity providers ---- */

const FLOW = 'letterlock.flow';

export function withProvider(provider: string): Promise<void> {
	return during(async () => {
		const begun = await ask<{ url: string; flow: string }>('POST', '/api/session/sso', provider ? { provider } : {});
		sessionStorage.setItem(FLOW, begun.flow);
		location.assign(begun.url);
	});
}

/* Back at /signin/back with what the provider says. */
export function comeBack(): void {
	const flow = sessionStorage.getItem(FLOW), query = location.search.slice(1);
	if (location.pathname !== '/signin/back' || !flow || !query) return;
	sessionStorage.removeItem(FLOW);
	go('/signin', true);
	former = { sso: { flow, query } };
	void during(() => post(former));
}

/* ---- passwords ---- */

export function changePassword(old: string, wanted: string): Promise<void> {
	return during(async () => {
		const name = session.value?.address ?? address.value;
		const made = await operation<{ recovery_code?: string }>('user.passwd', { address: name, old: secret || old, new: wanted });
		await afterNewPassword(name, wanted, made.recovery_code);
	});
}

export function recover(name: string, code: string, wanted: string): Promise<void> {
	return during(async () => {
		const made = await operation<{ recovery_code?: string }>('user.reset', { address: name, recovery_code: code, new: wanted });
		await afterNewPassword(name, wanted, made.recovery_code);
	});
}

async function afterNewPassword(name: string, password: string, code?: string): Promise<void> {
	address.value = name;
	secret = password;
	former = { address: name, password };
	if (!code) return post(former);
	newCode.value = code;
	step.value = 'code';
}

/* The former password is here already: nobody has to type it twice. */
export function knowsPassword(): boolean {
	return secret !== '';
}

export function later(): void {
	store('factor-later', String(session.value?.factor_grace_ends ?? 0));
	leave();
}

export function back(): void {
	failure.value = null;
	challenge.value = null;
	secret = '';
	former = {};
	step.value = 'password';
}

export type { Proof };
