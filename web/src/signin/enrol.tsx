/* A second factor is registered: a passkey, or a program that shows digits; then codes for when it is lost. */
import { signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { longDate, t } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { Button, Field } from '../ui/parts';
import { operation } from '../shell/api';
import { readSession, session, signOut } from '../shell/session';
import { busy, during, later, leave } from './flow';
import { Form, Link } from './parts';
import { possible, register, type Registration } from './webauthn';

interface Begun { id: number; secret: string; qr: string }
const digits = signal<Begun | null>(null);
const codes = signal<string[] | null>(null);

async function done(): Promise<void> {
	codes.value = (await operation<{ codes: string[] }>('factor.codes.make')).codes;
	digits.value = null;
}

function byKey(): void {
	void during(async () => {
		const begun = await operation<Registration & Record<string, unknown>>('factor.webauthn.begin');
		await operation('factor.webauthn.confirm', { ...(await register(begun)), label: t('signin.passkey') });
		await done();
	});
}

function Choice() {
	const grace = session.value?.must_register_factor ? 0 : session.value?.factor_grace_ends ?? 0;
	const keys = session.value?.policy.passkeys && possible;
	return (
		<Form title={t('signin.enrol-title')} text={grace > 0 ? t('signin.enrol-until', { date: longDate(new Date(grace * 1000)) }) : t('signin.enrol-text')} onSubmit={() => {}}>
			{keys && (
				<button type="button" class="signin-choice" disabled={busy.value} onClick={byKey} data-first>
					<Icon name="shield" size={24} /><span><strong>{t('signin.enrol-key')}</strong><small>{t('signin.enrol-key-text')}</small></span>
				</button>
			)}
			<button type="button" class="signin-choice" disabled={busy.value} data-first={!keys || undefined}
				onClick={() => void during(async () => { digits.value = await operation<Begun & Record<string, unknown>>('factor.totp.begin', {}); })}>
				<Icon name="clock" size={24} /><span><strong>{t('signin.enrol-digits')}</strong><small>{t('signin.enrol-digits-text')}</small></span>
			</button>
			{grace > 0 ? <Link onClick={later}>{t('signin.later')}</Link> : <Link onClick={() => void signOut()}>{t('ui.sign-out')}</Link>}
		</Form>
	);
}

function Digits({ begun }: { begun: Begun }) {
	const [code, setCode] = useState('');
	const send = () => void during(async () => {
		await operation('factor.totp.confirm', { id: begun.id, code: code.trim() });
		await done();
	});
	return (
		<Form title={t('signin.enrol-digits')} text={t('signin.enrol-scan')} submit={t('signin.continue')} onSubmit={send} after={<Link onClick={() => (digits.value = null)}>{t('ui.back')}</Link>}>
			<img class="signin-qr" alt={t('signin.qr')} src={`data:image/svg+xml;utf8,${encodeURIComponent(begun.qr)}`} width={196} height={196} />
			<details class="signin-secret"><summary>{t('signin.enrol-by-hand')}</summary><code>{begun.secret.match(/.{1,4}/g)?.join(' ')}</code></details>
			<Field label={t('signin.digits')}>
				{ids => <input class="input signin-digits" id={ids.id} inputMode="numeric" autocomplete="one-time-code" required maxLength={6} value={code} data-first onInput={e => setCode(e.currentTarget.value)} />}
			</Field>
		</Form>
	);
}

function Codes({ list }: { list: string[] }) {
	const text = list.join('\n');
	return (
		<Form title={t('signin.codes-title')} text={t('signin.codes-text')} submit={t('signin.code-kept')} onSubmit={() => { codes.value = null; void readSession().then(leave); }}>
			<ol class="signin-codes mono">{list.map(c => <li key={c}>{c}</li>)}</ol>
			<div class="signin-row">
				<Button small icon="label" onClick={() => void navigator.clipboard.writeText(text)}>{t('ui.copy')}</Button>
				<a class="button small" download="letterlock-codes.txt" href={`data:text/plain;charset=utf-8,${encodeURIComponent(text)}`}>{t('signin.download')}</a>
				<Button small icon="print" onClick={() => print()}>{t('signin.print')}</Button>
			</div>
		</Form>
	);
}

export function EnrolStep() {
	if (codes.value) return <Codes list={codes.value} />;
	return digits.value ? <Digits begun={digits.value} /> : <Choice />;
}
