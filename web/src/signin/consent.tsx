/*
 * A program asks for access: who it is, what for, and whether the person allows it (docs/web-signin.md). The address is what the program made, and is only passed
 * on; what is shown is what the server says of it.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ask, Problem } from '../shell/api';
import { session, signOut } from '../shell/session';
import { maybe, t } from '../ui/i18n';
import { Icon, type IconName } from '../ui/icons';
import { store } from '../ui/prefs';
import { Banner, Button, Field, Skeleton } from '../ui/parts';
import { place } from '../ui/router';
import { Frame } from './frame';
import { Link } from './parts';

interface Asked { client: string; name: string; scope: string; redirect: string }
type Answer = Partial<Asked> & { mistake?: string };
type State = { at: 'code' | 'asking' | 'allowed' | 'denied' } | { at: 'shown'; asked: Asked } | { at: 'mistake'; back: string; name: string } | { at: 'failed'; code: string; cid: string };

/* A click that was meant for what was here a moment ago allows nothing. */
const PAUSE = 600;
const ICONS: Record<string, IconName> = { imap: 'mail', pop: 'download', smtp: 'sent', sieve: 'label' };

function call(device: boolean, query: string, decision?: 'allow' | 'deny'): Promise<Answer & { redirect?: string }> {
	return ask('POST', '/api/oauth', { endpoint: device ? 'device' : 'authorize', query, ...(decision ? { decision } : {}) });
}

/* Where the browser goes afterwards, in words. */
function whereTo(redirect: string): string {
	if (redirect.startsWith('https:')) return t('signin.consent-to-site', { host: new URL(redirect).host });
	return t('signin.consent-to-here');
}

function Scopes({ scope }: { scope: string }) {
	const words = scope.split(' ').filter(Boolean);
	return (
		<ul class="consent-scopes">
			{words.map(word => (
				<li key={word}><Icon name={ICONS[word] ?? 'settings'} size={20} /><span>{maybe(`signin.scope-${word}`) ?? t('signin.scope-api', { right: word.replace(/^api:/, '') })}</span></li>
			))}
			{words.includes('imap') && words.includes('smtp') && <li><Icon name="refresh" size={20} /><span>{t('signin.scope-jmap')}</span></li>}
		</ul>
	);
}

function CodeForm({ onCode }: { onCode: (code: string) => void }) {
	const [code, setCode] = useState('');
	return (
		<form class="signin-form" onSubmit={e => { e.preventDefault(); onCode(code); }}>
			<h1>{t('signin.consent-device')}</h1>
			<p class="muted">{t('signin.consent-device-text')}</p>
			<Field label={t('signin.consent-device-code')}>
				{ids => <input class="input mono" id={ids.id} name="user_code" autocomplete="off" autocapitalize="characters" spellcheck={false} required maxLength={12} value={code} autofocus
					onInput={e => setCode(e.currentTarget.value)} />}
			</Field>
			<Button kind="primary" type="submit" disabled={!code.trim()}>{t('signin.continue')}</Button>
		</form>
	);
}

function Question({ asked, code, onDecide, busy }: { asked: Asked; code: string; onDecide: (d: 'allow' | 'deny') => void; busy: boolean }) {
	const [awake, setAwake] = useState(false);
	const head = useRef<HTMLHeadingElement>(null);
	useEffect(() => {
		head.current?.focus();
		const timer = setTimeout(() => setAwake(true), PAUSE);
		return () => clearTimeout(timer);
	}, []);
	const name = asked.name || asked.client;
	const another = () => {
		store('after-signin', place.value.path);
		void signOut();
	};
	return (
		<form class="signin-form consent" onSubmit={e => { e.preventDefault(); if (awake) onDecide('allow'); }}>
			<h1 ref={head} tabIndex={-1}>{t('signin.consent-title', { name })}</h1>
			<p>{t('signin.consent-text', { name, address: session.value?.address ?? '' })}</p>
			<Scopes scope={asked.scope} />
			{code && <Banner kind="warn" icon="warn">{t('signin.consent-device-check')} <strong class="mono">{code}</strong></Banner>}
			<p class="muted">{code ? '' : whereTo(asked.redirect)} {t('signin.consent-careful')}</p>
			<Button kind="primary" type="submit" busy={busy} disabled={!awake}>{t('signin.consent-allow')}</Button>
			<Button disabled={busy} onClick={() => onDecide('deny')}>{t('signin.consent-deny')}</Button>
			<Link onClick={another}>{t('signin.other-person')}</Link>
		</form>
	);
}

function Told({ title, text, kind = 'ok', back, cid }: { title: string; text: string; kind?: 'ok' | 'bad'; back?: string; cid?: string }) {
	return (
		<div class="signin-form" role={kind === 'bad' ? 'alert' : 'status'}>
			<h1>{title}</h1>
			<Banner kind={kind} icon={kind === 'bad' ? 'warn' : 'check'}>{text}</Banner>
			{back && <Button onClick={() => location.assign(back)}>{t('signin.consent-back')}</Button>}
			{cid && <small class="muted mono">{cid}</small>}
			<p><a href="/settings/devices">{t('signin.consent-settings')}</a></p>
		</div>
	);
}

function codeOf(query: string): string {
	return (new URLSearchParams(query).get('user_code') ?? '').toUpperCase();
}

export default function Consent() {
	const device = place.value.parts[1] === 'device';
	const [query, setQuery] = useState(location.search.slice(1));
	const [state, setState] = useState<State>({ at: device && !codeOf(query) ? 'code' : 'asking' });
	const [back, setBack] = useState('');
	const [busy, setBusy] = useState(false);
	const failed = (error: unknown) => {
		const p = error instanceof Problem ? error : null;
		if (p?.status === 401) {
			store('after-signin', place.value.path);
			location.assign('/signin');
			return;
		}
		setState({ at: 'failed', code: p?.code ?? 'internal', cid: p?.cid ?? '' });
	};
	const show = async (wanted: string) => {
		setQuery(wanted);
		setState({ at: 'asking' });
		try {
			const found = await call(device, wanted);
			if (found.mistake) setState({ at: 'mistake', back: found.mistake, name: new URLSearchParams(wanted).get('client_id') ?? '' });
			else setState({ at: 'shown', asked: found as Asked });
		} catch (error) {
			failed(error);
		}
	};
	const decide = async (decision: 'allow' | 'deny') => {
		setBusy(true);
		try {
			const found = await call(device, query, decision);
			setBack(found.redirect ?? '');
			setState({ at: decision === 'allow' ? 'allowed' : 'denied' });
			if (found.redirect) location.assign(found.redirect);
		} catch (error) {
			failed(error);
		}
		setBusy(false);
	};
	useEffect(() => {
		if (state.at === 'asking') void show(query);
	}, []);
	return <Frame>{body()}</Frame>;

	function body() {
		switch (state.at) {
			case 'code': return <CodeForm onCode={code => void show(`user_code=${encodeURIComponent(code.trim())}`)} />;
			case 'asking': return <Skeleton rows={4} />;
			case 'shown': return <Question asked={state.asked} code={device ? codeOf(query) : ''} onDecide={d => void decide(d)} busy={busy} />;
			case 'allowed': return <Told title={t('signin.consent-allowed')} text={t(device ? 'signin.consent-allowed-device' : 'signin.consent-allowed-text')} back={back} />;
			case 'denied': return <Told title={t('signin.consent-denied')} text={t('signin.consent-denied-text')} back={back} />;
			case 'mistake': return <Told kind="bad" title={t('signin.consent-failed')} text={t('signin.consent-mistake')} back={state.back} />;
			case 'failed': return <Told kind="bad" title={t('signin.consent-failed')} text={maybe(`signin.consent-error-${state.code}`) ?? t('signin.consent-mistake')} cid={state.cid} />;
		}
	}
}
