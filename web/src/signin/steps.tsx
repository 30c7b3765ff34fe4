/* The steps of signing in, one form each. */
import { useEffect, useState } from 'preact/hooks';
import { t, type Key } from '../ui/i18n';
import type { IconName } from '../ui/icons';
import { Button, Checkbox, CopyText, Field } from '../ui/parts';
import { session, signOut } from '../shell/session';
import {
	again, address, back, busy, challenge, changePassword, choose, chosen, factors, knowsPassword, newCode, prove, proveByKey, recover, remember, step, withPasskey,
	withPassword, withProvider, type Kind,
} from './flow';
import { Form, Link, Password, Waiting } from './parts';
import { possible } from './webauthn';

function Or() {
	return <p class="signin-or"><span>{t('signin.or')}</span></p>;
}

function OtherWays() {
	const policy = session.value!.policy;
	const keys = policy.passkeys && possible;
	if (!keys && policy.providers.length === 0) return null;
	return (
		<>
			<Or />
			{keys && <Button icon="shield" disabled={busy.value} onClick={() => void withPasskey()}>{t('signin.with-passkey')}</Button>}
			{policy.providers.map(p => (
				<Button key={p.name} icon="external" disabled={busy.value} onClick={() => void withProvider(p.name)}>{p.name ? t('signin.with-provider', { name: p.name }) : t('signin.with-sso')}</Button>
			))}
		</>
	);
}

export function PasswordStep() {
	const [name, setName] = useState(address.value);
	const [password, setPassword] = useState('');
	const known = address.value !== '';
	return (
		<Form title={t('signin.title')} submit={t('ui.sign-in')} onSubmit={() => void withPassword(name.trim(), password).then(() => setPassword(''))}
			after={<div class="signin-after"><OtherWays /></div>}>
			<Field label={t('signin.address')}>
				{ids => <input class="input" id={ids.id} name="username" type="email" inputMode="email" autocomplete="username webauthn" autocapitalize="off" spellcheck={false} required
					value={name} data-first={!known || undefined} onInput={e => setName(e.currentTarget.value)} />}
			</Field>
			<Password label={t('ui.password')} name="password" autocomplete="current-password" value={password} onInput={setPassword} first={known} board />
			<div class="signin-row">
				<Checkbox checked={remember.value} label={t('signin.remember')} onChange={on => (remember.value = on)} />
				<Link onClick={() => (step.value = 'recover')}>{t('signin.forgot')}</Link>
			</div>
		</Form>
	);
}

/* ---- the second step ---- */

const ICONS: Record<Kind, IconName> = { webauthn: 'shield', totp: 'clock', list: 'label', mail: 'mail', sms: 'bell', codes: 'restore' };
const TITLES: Record<Kind, Key> = {
	webauthn: 'signin.way-webauthn', totp: 'signin.way-totp', list: 'signin.way-list', mail: 'signin.way-mail', sms: 'signin.way-sms', codes: 'signin.way-codes',
};

function textOf(kind: Kind): string {
	const c = challenge.value ?? {};
	switch (kind) {
		case 'webauthn': return t('signin.text-webauthn');
		case 'totp': return t('signin.text-totp');
		case 'list': return c.number === undefined ? '' : t('signin.text-list', { n: Number(c.number) });
		case 'mail': case 'sms': return c.to === undefined ? '' : t('signin.text-sent', { to: String(c.to) });
		case 'codes': return t('signin.text-codes');
	}
}

function Code({ kind }: { kind: Kind }) {
	const [code, setCode] = useState('');
	const digits = kind === 'totp' || kind === 'mail' || kind === 'sms';
	const send = (text: string) => void prove({ kind, code: text.trim(), ...(kind === 'mail' || kind === 'sms' ? { id: challenge.value?.id } : {}) }).then(() => setCode(''));
	const take = (text: string) => {
		setCode(text);
		if (digits && /^\d{6}$/.test(text.trim())) send(text);
	};
	return (
		<Form key={kind} title={t(TITLES[kind])} text={textOf(kind)} submit={t('signin.continue')} onSubmit={() => send(code)} after={<Others kind={kind} />}>
			<Field label={t(digits ? 'signin.digits' : 'signin.code')}>
				{ids => <input class={digits ? 'input signin-digits' : 'input mono'} id={ids.id} name="code" inputMode={digits ? 'numeric' : 'text'} autocomplete={digits ? 'one-time-code' : 'off'}
					autocapitalize="off" spellcheck={false} required maxLength={digits ? 6 : 80} value={code} data-first onInput={e => take(e.currentTarget.value)} />}
			</Field>
		</Form>
	);
}

function KeyForm() {
	return (
		<Form title={t('signin.way-webauthn')} text={t('signin.text-webauthn')} onSubmit={() => void proveByKey()} after={<Others kind="webauthn" />}>
			<Button kind="primary" type="submit" icon="shield" busy={busy.value} data-first>{t('signin.use-key')}</Button>
		</Form>
	);
}

function Others({ kind }: { kind: Kind }) {
	const rest = factors.value.filter(k => k !== kind && (k !== 'webauthn' || possible));
	return (
		<div class="signin-others">
			{rest.length > 0 && <p class="muted">{t('signin.other-ways')}</p>}
			{rest.map(k => <Button key={k} kind="ghost" icon={ICONS[k]} disabled={busy.value} onClick={() => void choose(k)}>{t(TITLES[k])}</Button>)}
			<Link onClick={back}>{t('signin.other-person')}</Link>
		</div>
	);
}

export function SecondStep() {
	const kind = chosen.value;
	useEffect(() => {
		if (kind === 'list' || kind === 'mail' || kind === 'sms') void choose(kind);
	}, []);
	return kind === 'webauthn' ? <KeyForm /> : <Code kind={kind} />;
}

/* ---- passwords ---- */

function NewPassword({ value, onInput, first }: { value: string; onInput: (text: string) => void; first?: boolean }) {
	return <Password label={t('signin.new-password')} name="new-password" autocomplete="new-password" value={value} onInput={onInput} first={first}
		hint={t('signin.new-password-hint', { n: session.value?.policy.password_min ?? 12 })} board />;
}

export function ChangeStep() {
	const [old, setOld] = useState('');
	const [wanted, setWanted] = useState('');
	const known = knowsPassword();
	return (
		<Form title={t('signin.change-title')} text={t('signin.change-text')} submit={t('signin.change')} onSubmit={() => void changePassword(old, wanted)}
			after={<Link onClick={() => void signOut()}>{t('ui.sign-out')}</Link>}>
			<input class="sr" type="email" name="username" autocomplete="username" tabIndex={-1} aria-hidden="true" readOnly value={session.value?.address ?? ''} />
			{!known && <Password label={t('signin.old-password')} name="password" autocomplete="current-password" value={old} onInput={setOld} first />}
			<NewPassword value={wanted} onInput={setWanted} first={known} />
		</Form>
	);
}

export function RecoverStep() {
	const [name, setName] = useState(address.value);
	const [code, setCode] = useState('');
	const [wanted, setWanted] = useState('');
	return (
		<Form title={t('signin.recover-title')} text={t('signin.recover-text')} submit={t('signin.recover')} onSubmit={() => void recover(name.trim(), code, wanted)}
			after={<Link onClick={back}>{t('ui.back')}</Link>}>
			<Field label={t('signin.address')}>
				{ids => <input class="input" id={ids.id} name="username" type="email" autocomplete="username" required value={name} data-first={name === '' || undefined} onInput={e => setName(e.currentTarget.value)} />}
			</Field>
			<Field label={t('signin.recovery-code')} hint={t('signin.recovery-code-hint')}>
				{ids => <input class="input mono" id={ids.id} aria-describedby={ids.describedBy} name="recovery" autocomplete="off" autocapitalize="off" spellcheck={false} required value={code}
					data-first={name !== '' || undefined} onInput={e => setCode(e.currentTarget.value)} />}
			</Field>
			<NewPassword value={wanted} onInput={setWanted} />
			<p class="muted">{t('signin.recover-none')}</p>
		</Form>
	);
}

/* Shown once. */
export function CodeStep() {
	return (
		<Form title={t('signin.code-title')} text={t('signin.code-text')} submit={t('signin.code-kept')} onSubmit={() => { newCode.value = ''; void again(); }}>
			<p class="signin-code mono">{newCode.value}</p>
			<CopyText text={newCode.value} label={t('signin.recovery-code')} />
		</Form>
	);
}

export function DeviceStep() {
	return (
		<Form title={t('signin.device-title')} submit={t('ui.retry')} onSubmit={() => void again()} after={<Link onClick={back}>{t('signin.other-person')}</Link>}>
			<Waiting text={t('signin.device-text')} />
		</Form>
	);
}
