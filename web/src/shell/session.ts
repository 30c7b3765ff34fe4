/* Who is here. */
import { computed, signal } from '@preact/signals';
import { locale, stored, LOCALES, type Locale } from '../ui/prefs';
import { ask, refusal } from './api';

export interface Policy {
	work: 'never' | 'after_failures' | 'always';
	keyboard: 'off' | 'offer' | 'always';
	lock_after: number;
	session_idle: number;
	session_time: number;
	password_min: number;
	languages: string[];
	passkeys: boolean;
	providers: { name: string; kind: string }[];
	personas?: { role: string; name: string; url: string }[];
}

export interface Session {
	signed_in: boolean;
	locked?: boolean;
	address?: string;
	name?: string;
	language?: string;
	role?: string;
	rights?: string[];
	must_change_password?: boolean;
	must_register_factor?: boolean;
	factor_grace_ends?: number;
	policy: Policy;
}

/* null: not known yet. */
export const session = signal<Session | null>(null);
export const sessionFailed = signal(false);
export const signedIn = computed(() => session.value?.signed_in === true);

export function takeSession(found: Session): void {
	session.value = found;
	sessionFailed.value = false;
	refusal.value = !found.signed_in ? 'over' : found.locked ? 'locked' : 'none';
	if (found.language && stored('locale-chosen') === null && (LOCALES as readonly string[]).includes(found.language)) locale.value = found.language as Locale;
}

export async function readSession(): Promise<void> {
	try {
		takeSession(await ask<Session>('GET', '/api/session'));
	} catch {
		if (!session.value) sessionFailed.value = true;
	}
}

export async function signOut(): Promise<void> {
	if (stored('notify') !== null) await import('../notify/notify').then(n => n.turnOff()).catch(() => {});
	await ask('DELETE', '/api/session').catch(() => {});
	/* What waited in this browser to be saved goes with the person. */
	await import('../compose/vault').then(v => v.forgetAll(), () => {});
	location.assign('/signin');
}
