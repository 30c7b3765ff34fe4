/*
 * After some time without a key or pointer everything is covered and the server serves nothing to this session. The page stays: what was being written is there
 * again after unlocking.
 */
import { effect, signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../ui/i18n';
import { Logo } from '../ui/icons';
import { Avatar, Button, Field } from '../ui/parts';
import { useShortcuts } from '../ui/shortcuts';
import { ask, Problem, refusal } from './api';
import { possible, sign, type Challenge } from '../signin/webauthn';
import { session, signOut, takeSession, type Session } from './session';

const LOCK_AFTER_S = 600;
/* Told before the page is covered: what is being written is saved now. */
export const beforeLock = new Set<() => void>();

export async function lock(): Promise<void> {
	beforeLock.forEach(f => f());
	refusal.value = 'locked';
	await ask('POST', '/api/session/lock').catch(() => {});
}

const idleSince = signal(Date.now());
const SHARED = 'letterlock.active';

/* All tabs of one browser are awake together. */
function awake(): void {
	const now = Date.now();
	if (now - idleSince.value < 5000) return;
	idleSince.value = now;
	try {
		localStorage.setItem(SHARED, String(now));
	} catch {
		/* each tab for itself */
	}
}

export function watchIdle(): void {
	for (const event of ['keydown', 'pointerdown', 'pointermove', 'wheel', 'touchstart']) addEventListener(event, awake, { passive: true, capture: true });
	addEventListener('storage', e => e.key === SHARED && (idleSince.value = Number(e.newValue) || Date.now()));
	setInterval(() => {
		const after = (session.value?.policy?.lock_after ?? LOCK_AFTER_S) * 1000;
		if (session.value?.signed_in && refusal.value === 'none' && after > 0 && Date.now() - idleSince.value > after) void lock();
	}, 5000);
}

/* Nothing of the page can be reached or seen while it is covered. */
effect(() => {
	document.getElementById('app')?.toggleAttribute('data-covered', refusal.value !== 'none');
});

/* The server refuses with what a key has to sign. */
async function keyChallenge(): Promise<Challenge> {
	try {
		await ask('POST', '/api/session/unlock', { factor: 'webauthn' });
	} catch (error) {
		if (error instanceof Problem && error.more.challenge) return error.more.challenge as Challenge;
		throw error;
	}
	throw new Problem(500, 'internal', '', {});
}

function Unlock() {
	const [password, setPassword] = useState('');
	const [busy, setBusy] = useState(false);
	const [wrong, setWrong] = useState(false);
	const field = useRef<HTMLInputElement>(null);
	const unlock = async (proof: () => Promise<Record<string, unknown>>) => {
		setBusy(true);
		setWrong(false);
		try {
			takeSession(await ask<Session>('POST', '/api/session/unlock', await proof()));
			idleSince.value = Date.now();
		} catch (error) {
			if (error instanceof Problem && error.code === 'sign_in') return void (refusal.value = 'over');
			setWrong(error instanceof Problem && error.status !== 0);
			setPassword('');
			field.current?.focus();
		} finally {
			setBusy(false);
		}
	};
	const send = (e: Event) => {
		e.preventDefault();
		void unlock(async () => ({ password }));
	};
	const byKey = () => void unlock(async () => ({ proof: await sign(await keyChallenge()) }));
	return (
		<form class="lock-card" onSubmit={send}>
			<Avatar name={session.value?.name ?? ''} address={session.value?.address ?? ''} size={64} />
			<h1>{t('ui.locked')}</h1>
			<p class="muted">{session.value?.address}</p>
			<p>{t('ui.locked-text')}</p>
			<Field label={t('ui.password')} error={wrong ? t('ui.wrong-password') : undefined}>
				{ids => <input ref={field} class="input" type="password" autocomplete="current-password" autofocus required id={ids.id} aria-describedby={ids.describedBy} value={password} onInput={e => setPassword(e.currentTarget.value)} />}
			</Field>
			<Button kind="primary" type="submit" busy={busy}>{t('ui.unlock')}</Button>
			{possible && session.value?.policy.passkeys && <Button icon="shield" disabled={busy} onClick={byKey}>{t('signin.with-passkey-unlock')}</Button>}
			<Button kind="ghost" onClick={() => void signOut()}>{t('ui.sign-out')}</Button>
		</form>
	);
}

function Over() {
	return (
		<div class="lock-card">
			<Logo size={56} />
			<h1>{t('ui.signed-out')}</h1>
			<p>{t('ui.signed-out-text')}</p>
			<a class="button primary" href="/signin">{t('ui.sign-in')}</a>
		</div>
	);
}

function Cover() {
	const ref = useRef<HTMLDialogElement>(null);
	useShortcuts({}, { modal: true });
	useEffect(() => {
		const before = document.activeElement as HTMLElement | null;
		ref.current!.showModal();
		ref.current!.querySelector<HTMLElement>('[autofocus]')?.focus();
		return () => before?.focus?.();
	}, []);
	return <dialog ref={ref} class="lock" aria-label={t('ui.locked')} onCancel={e => e.preventDefault()}>{refusal.value === 'locked' ? <Unlock /> : <Over />}</dialog>;
}

export function LockHost() {
	return refusal.value === 'none' ? null : <Cover />;
}
