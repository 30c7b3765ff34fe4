import { useState } from 'preact/hooks';
import { operation, type Problem } from '../shell/api';
import { session } from '../shell/session';
import { t, longDate } from '../ui/i18n';
import { Icon, type IconName } from '../ui/icons';
import { Dialog, confirm } from '../ui/overlay';
import { Banner, Button, Field, Skeleton } from '../ui/parts';
import { toast } from '../ui/toast';
import { Card, Loaded, Page, Row, asProblem, explain, me, moment, named, useOperation, type Answer } from './parts';
import { withStepUp } from './proof';
import { possible, register, type Registration } from '../signin/webauthn';

interface Factor { id: number; kind: string; label: string; created: number; used: number; left?: number }
interface Factors { factors: Factor[]; enforced: boolean; grace_ends: number }
type Open = 'password' | 'totp' | 'codes' | 'recovery' | null;
const ICONS: Record<string, IconName> = { totp: 'clock', webauthn: 'shield', codes: 'restore', list: 'label', mail: 'mail', sms: 'bell' };

export default function Security() {
	const factors = useOperation<Factors>('factor.list', { address: me() });
	const [open, setOpen] = useState<Open>(null);
	const close = () => { setOpen(null); void factors.reload(); };
	return (
		<Page title={t('settings.security')} lead={t('settings.security-lead')}>
			<Card title={t('settings.password')} lead={t('settings.password-lead')} action={<Button onClick={() => setOpen('password')}>{t('settings.password-change')}</Button>} />
			<Loaded answer={factors}>{found => <SecondFactors found={found} answer={factors} onOpen={setOpen} />}</Loaded>
			<Card title={t('settings.recovery')} lead={t('settings.recovery-lead')} action={<Button onClick={() => setOpen('recovery')}>{t('settings.recovery-make')}</Button>} />
			{open === 'password' && <ChangePassword onClose={() => setOpen(null)} />}
			{open === 'totp' && <AddTotp onClose={close} />}
			{open === 'codes' && <Codes onClose={close} />}
			{open === 'recovery' && <Recovery onClose={() => setOpen(null)} />}
		</Page>
	);
}

function SecondFactors({ found, answer, onOpen }: { found: Factors; answer: Answer<Factors>; onOpen: (open: Open) => void }) {
	const fail = (error: unknown) => toast(explain(asProblem(error)), { kind: 'bad' });
	const addKey = async () => {
		try {
			const begun = await withStepUp(() => operation<Registration & Record<string, unknown>>('factor.webauthn.begin'));
			await operation('factor.webauthn.confirm', { ...(await register(begun)), label: t('settings.kind-webauthn') });
			toast(t('settings.passkey-added'));
			await answer.reload();
		} catch (error) {
			if (!(error instanceof DOMException)) fail(error);
		}
	};
	const remove = async (one: Factor) => {
		if (!(await confirm(t('settings.factor-remove'), t('settings.factor-remove-text', { name: one.label || named('kind', one.kind) }), t('ui.remove'), true))) return;
		try {
			await withStepUp(() => operation('factor.remove', { id: one.id }));
			toast(t('settings.factor-removed'));
		} catch (error) {
			fail(error);
		}
		await answer.reload();
	};
	const strong = found.factors.some(one => one.kind === 'totp' || one.kind === 'webauthn');
	return (
		<Card title={t('settings.factors')} lead={t('settings.factors-lead')}>
			{!strong && <Banner kind="warn" icon="shield">{found.enforced ? t('settings.factors-enforced') : t('settings.factors-none')}</Banner>}
			{found.factors.length > 0 && (
				<ul class="settings-list">
					{found.factors.map(one => (
						<Row key={one.id} icon={<Icon name={ICONS[one.kind] ?? 'shield'} />} title={one.label || named('kind', one.kind)} side={<Button small onClick={() => void remove(one)}>{t('ui.remove')}</Button>}>
							{[one.label ? named('kind', one.kind) : '', one.left !== undefined ? t('settings.codes-left', { n: one.left }) : '', one.used ? t('settings.used', { date: longDate(moment(one.used)) }) : t('settings.never-used')].filter(Boolean).join(' · ')}
						</Row>
					))}
				</ul>
			)}
			<div class="card-actions">
				{possible && session.value?.policy.passkeys && <Button icon="shield" onClick={() => void addKey()}>{t('settings.passkey-add')}</Button>}
				<Button icon="clock" onClick={() => onOpen('totp')}>{t('settings.totp-add')}</Button>
				{strong && <Button icon="restore" onClick={() => onOpen('codes')}>{t('settings.codes-make')}</Button>}
			</div>
		</Card>
	);
}

function ChangePassword({ onClose }: { onClose: () => void }) {
	const [old, setOld] = useState('');
	const [next, setNext] = useState('');
	const [again, setAgain] = useState('');
	const [error, setError] = useState<Problem | null>(null);
	const [busy, setBusy] = useState(false);
	const [code, setCode] = useState<string | null>(null);
	const least = session.value?.policy.password_min ?? 12;
	const short = next.length > 0 && [...next].length < least, differs = again.length > 0 && again !== next;
	const change = async (e?: Event) => {
		e?.preventDefault();
		setBusy(true);
		setError(null);
		try {
			const { recovery_code } = await withStepUp(() => operation<{ recovery_code?: string }>('user.passwd', { address: me(), old, new: next }));
			setCode(recovery_code ?? '');
		} catch (problem) {
			setError(asProblem(problem));
		}
		setBusy(false);
	};
	if (code !== null) return <OnceShown title={t('settings.password-changed')} text={t('settings.password-changed-text')} codes={code ? [code] : []} onClose={() => location.assign('/signin')} />;
	return (
		<Dialog title={t('settings.password-change')} size="small" onClose={onClose}
			footer={<><Button onClick={onClose}>{t('ui.cancel')}</Button><Button kind="primary" busy={busy} disabled={!old || short || next === '' || again !== next} onClick={() => void change()}>{t('settings.password-do')}</Button></>}>
			<form class="stack" onSubmit={e => void change(e)}>
				<Field label={t('settings.password-old')}>{ids => <input class="input" type="password" autofocus autocomplete="current-password" id={ids.id} value={old} onInput={e => setOld(e.currentTarget.value)} />}</Field>
				<Field label={t('settings.password-new')} hint={t('settings.password-hint', { n: least })} error={short ? t('settings.password-short', { n: least }) : undefined}>{ids => <input class="input" type="password" autocomplete="new-password" id={ids.id} aria-describedby={ids.describedBy} value={next} onInput={e => setNext(e.currentTarget.value)} />}</Field>
				<Field label={t('settings.password-again')} error={differs ? t('settings.password-differs') : undefined}>{ids => <input class="input" type="password" autocomplete="new-password" id={ids.id} aria-describedby={ids.describedBy} value={again} onInput={e => setAgain(e.currentTarget.value)} />}</Field>
				<p class="muted">{t('settings.password-ends')}</p>
				{error && <Banner kind="bad">{explain(error)}</Banner>}
			</form>
		</Dialog>
	);
}

interface Begun { id: number; secret: string; uri: string; qr: string }

function AddTotp({ onClose }: { onClose: () => void }) {
	const begun = useStepUp<Begun>('factor.totp.begin');
	const [code, setCode] = useState('');
	const [error, setError] = useState<Problem | null>(null);
	const [busy, setBusy] = useState(false);
	const check = async (e?: Event) => {
		e?.preventDefault();
		setBusy(true);
		try {
			await operation('factor.totp.confirm', { id: begun.data!.id, code: code.replace(/\s/g, '') });
			toast(t('settings.totp-added'));
			onClose();
		} catch (problem) {
			setError(asProblem(problem));
			setBusy(false);
		}
	};
	return (
		<Dialog title={t('settings.totp-add')} size="small" onClose={onClose}
			footer={<><Button onClick={onClose}>{t('ui.cancel')}</Button><Button kind="primary" busy={busy} disabled={code.replace(/\D/g, '').length < 6} onClick={() => void check()}>{t('settings.totp-check')}</Button></>}>
			<form class="stack" onSubmit={e => void check(e)}>
				{!begun.data && !begun.error && <Skeleton rows={3} />}
				{begun.error && <Banner kind="bad">{explain(begun.error)}</Banner>}
				{begun.data && <>
					<p>{t('settings.totp-scan')}</p>
					<img class="qr" alt={t('settings.totp-qr')} src={`data:image/svg+xml;utf8,${encodeURIComponent(begun.data.qr)}`} width={180} height={180} />
					<p class="muted">{t('settings.totp-hand')}</p>
					<p class="secret small" translate={false}>{begun.data.secret.match(/.{1,4}/g)?.join(' ')}</p>
					<Field label={t('settings.totp-first')} error={error ? explain(error) : undefined}>{ids => <input class="input code-input" id={ids.id} inputMode="numeric" autocomplete="one-time-code" maxLength={8} value={code} onInput={e => setCode(e.currentTarget.value)} />}</Field>
				</>}
			</form>
		</Dialog>
	);
}

/** An operation that makes something, once, when its dialog opens. */
function useStepUp<T>(name: string): { data: T | null; error: Problem | null } {
	const [state, setState] = useState<{ data: T | null; error: Problem | null; asked: boolean }>({ data: null, error: null, asked: false });
	if (!state.asked) {
		state.asked = true;
		withStepUp(() => operation<T>(name)).then(data => setState({ data, error: null, asked: true }), error => setState({ data: null, error: asProblem(error), asked: true }));
	}
	return state;
}

function Codes({ onClose }: { onClose: () => void }) {
	const { data, error } = useStepUp<{ codes: string[] }>('factor.codes.make');
	return <OnceShown title={t('settings.codes')} text={t('settings.codes-text')} codes={data?.codes ?? null} error={error} onClose={onClose} />;
}

function Recovery({ onClose }: { onClose: () => void }) {
	const { data, error } = useStepUp<{ recovery_code: string }>('recovery.make');
	return <OnceShown title={t('settings.recovery')} text={t('settings.recovery-text')} codes={data ? [data.recovery_code] : null} error={error} onClose={onClose} />;
}

function OnceShown({ title, text, codes, error, onClose }: { title: string; text: string; codes: string[] | null; error?: Problem | null; onClose: () => void }) {
	const all = (codes ?? []).join('\n');
	return (
		<Dialog title={title} size="small" onClose={onClose} footer={<Button kind="primary" onClick={onClose}>{error ? t('ui.close') : t('settings.codes-noted')}</Button>}>
			<div class="stack">
				{error ? <Banner kind="bad">{explain(error)}</Banner> : <p>{text}</p>}
				{!codes && !error && <Skeleton rows={3} />}
				{codes && codes.length > 0 && <>
					<ul class="codes" translate={false}>{codes.map(one => <li key={one}>{one}</li>)}</ul>
					<div class="card-actions">
						<Button small icon="label" onClick={() => void navigator.clipboard.writeText(all).then(() => toast(t('ui.copied')))}>{t('ui.copy')}</Button>
						<a class="button small" download="letterlock-codes.txt" href={`data:text/plain;charset=utf-8,${encodeURIComponent(all)}`}>{t('settings.save-file')}</a>
					</div>
				</>}
			</div>
		</Dialog>
	);
}

