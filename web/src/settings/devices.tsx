import { useState } from 'preact/hooks';
import { operation, type Problem } from '../shell/api';
import { t, longDate } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { Dialog, MenuButton, confirm } from '../ui/overlay';
import { Banner, Button, Checkbox, Chip, EmptyState, Field } from '../ui/parts';
import { toast } from '../ui/toast';
import { Card, Loaded, Page, Row, asProblem, credentialName, explain, me, moment, named, protocolName, useOperation } from './parts';
import { withStepUp } from './proof';
import { DeviceCodes, SetupDialog } from './setup';

interface Device { id: number; name: string; state: 'pending' | 'approved' | 'blocked'; protocol: string; ip: string; created: number; used: number; this?: boolean }
interface AppPassword { id: string; label: string; created: number; protocols: string[] | string; ends: number; used: number; ip: string }
interface Grant { id: number; client: string; name: string; scope: string; created: number }
const PROTOCOLS = ['imap', 'submission', 'pop3'] as const;

async function act(name: string, args: Record<string, unknown>, done: string, reload: () => Promise<void>): Promise<void> {
	try {
		await withStepUp(() => operation(name, args));
		toast(done);
	} catch (error) {
		toast(explain(asProblem(error)), { kind: 'bad' });
	}
	await reload();
}

export default function Devices() {
	const devices = useOperation<{ devices: Device[] }>('device.list', { address: me() });
	const passwords = useOperation<{ app_passwords: AppPassword[] }>('user.app_password.list', { address: me() });
	const [adding, setAdding] = useState(false);
	const [setup, setSetup] = useState(false);
	const remove = async (one: Device) => {
		if (await confirm(t('settings.device-remove'), t('settings.device-remove-text', { name: credentialName(one.name) }), t('ui.remove'), true)) await act('device.remove', { id: one.id }, t('settings.device-removed'), devices.reload);
	};
	const removePassword = async (one: AppPassword) => {
		if (await confirm(t('settings.password-remove'), t('settings.password-remove-text', { name: one.label }), t('ui.remove'), true))
			await act('user.app_password.remove', { address: me(), id: one.id }, t('settings.password-removed'), passwords.reload);
	};
	return (
		<Page title={t('settings.devices')} lead={t('settings.devices-lead')}>
			<Loaded answer={passwords}>
				{({ app_passwords: all }) => (
					<Card title={t('settings.app-passwords')} lead={t('settings.app-passwords-lead')} action={<Button kind="primary" icon="plus" onClick={() => setAdding(true)}>{t('settings.app-password-add')}</Button>}>
						{all.length === 0 ? <EmptyState icon="lock" title={t('settings.app-passwords-none')}>{t('settings.app-passwords-none-text')}</EmptyState> : (
							<ul class="settings-list">{all.map(one => (
								<Row key={one.id} icon={<Icon name="lock" />} title={one.label || one.id} side={<Button small onClick={() => void removePassword(one)}>{t('ui.remove')}</Button>}>
									{[one.used ? t('settings.used', { date: longDate(moment(one.used)) }) : t('settings.never-used'), one.ip, one.ends ? t('settings.ends', { date: longDate(moment(one.ends)) }) : ''].filter(Boolean).join(' · ')}
								</Row>
							))}</ul>
						)}
					</Card>
				)}
			</Loaded>
			<Loaded answer={devices}>
				{({ devices: all }) => (
					<Card title={t('settings.devices-known')}>
						{all.length === 0 ? <p class="muted pad">{t('settings.devices-none')}</p> : (
							<ul class="settings-list">{all.map(one => (
								<Row key={one.id} icon={<Icon name="shield" />} title={<>{credentialName(one.name)} {one.this && <Chip kind="ok">{t('settings.session-this')}</Chip>} {one.state !== 'approved' && <Chip kind={one.state === 'blocked' ? 'bad' : 'warn'}>{named('device', one.state)}</Chip>}</>}
									side={<>{one.state === 'pending' && <Button small kind="primary" onClick={() => void act('device.approve', { id: one.id }, t('settings.device-approved'), devices.reload)}>{t('settings.device-approve')}</Button>}
										{!one.this && <MenuButton label={t('settings.device-more', { name: credentialName(one.name) })} items={[
											...(one.state === 'blocked' ? [] : [{ label: t('settings.device-block'), icon: 'junk' as const, run: () => void act('device.block', { id: one.id }, t('settings.device-blocked'), devices.reload) }]),
											{ label: t('ui.remove'), icon: 'trash' as const, danger: true, run: () => void remove(one) },
										]} />}</>}>
									{[one.protocol && protocolName(one.protocol), one.ip, one.used ? t('settings.used', { date: longDate(moment(one.used)) }) : ''].filter(Boolean).join(' · ')}
								</Row>
							))}</ul>
						)}
					</Card>
				)}
			</Loaded>
			<Card title={t('settings.setup')} lead={t('settings.setup-lead')} action={<Button onClick={() => setSetup(true)}>{t('settings.setup-show')}</Button>} />
			<Grants />
			{setup && <SetupDialog onClose={() => setSetup(false)} onAdd={() => { setSetup(false); setAdding(true); }} />}
			{adding && <AddPassword onClose={() => { setAdding(false); void passwords.reload(); }} />}
		</Page>
	);
}

/* What was allowed on the page of consent; none: nothing is said of it. */
function Grants() {
	const grants = useOperation<{ grants: Grant[] }>('oauth.grant.list', { address: me() });
	const all = grants.data?.grants ?? [];
	const end = async (one: Grant) => {
		const name = one.name || one.client;
		if (await confirm(t('settings.grant-end'), t('settings.grant-end-text', { name }), t('ui.remove'), true)) await act('oauth.grant.end', { address: me(), id: one.id }, t('settings.grant-ended'), grants.reload);
	};
	if (all.length === 0) return null;
	return (
		<Card title={t('settings.grants')} lead={t('settings.grants-lead')}>
			<ul class="settings-list">{all.map(one => (
				<Row key={one.id} icon={<Icon name="external" />} title={one.name || one.client} side={<Button small onClick={() => void end(one)}>{t('ui.remove')}</Button>}>
					{[...one.scope.split(' ').map(word => named('grant-scope', word)), t('settings.grant-since', { date: longDate(moment(one.created)) })].join(' · ')}
				</Row>
			))}</ul>
		</Card>
	);
}

interface Made { app_password: string; id: string }

function AddPassword({ onClose }: { onClose: () => void }) {
	const [label, setLabel] = useState('');
	const [password, setPassword] = useState('');
	const [protocols, setProtocols] = useState<readonly string[]>(['imap', 'submission']);
	const [days, setDays] = useState(0);
	const [error, setError] = useState<Problem | null>(null);
	const [busy, setBusy] = useState(false);
	const [made, setMade] = useState<Made | null>(null);
	const make = async (e?: Event) => {
		e?.preventDefault();
		setBusy(true);
		setError(null);
		try {
			setMade(await withStepUp(() => operation<Made>('user.app_password.add', { address: me(), password, label, device: label, protocols: [...protocols], days })));
			setPassword('');
		} catch (problem) {
			setError(asProblem(problem));
		}
		setBusy(false);
	};
	if (made) return <Shown made={made} protocols={protocols} onClose={onClose} />;
	return (
		<Dialog title={t('settings.app-password-add')} size="small" onClose={onClose}
			footer={<><Button onClick={onClose}>{t('ui.cancel')}</Button><Button kind="primary" busy={busy} disabled={!label.trim() || !password || protocols.length === 0} onClick={() => void make()}>{t('settings.app-password-make')}</Button></>}>
			<form class="stack" onSubmit={e => void make(e)}>
				<Field label={t('settings.app-password-name')} hint={t('settings.app-password-name-hint')}>{ids => <input class="input" autofocus id={ids.id} aria-describedby={ids.describedBy} maxLength={60} value={label} onInput={e => setLabel(e.currentTarget.value)} />}</Field>
				<fieldset class="stack tight"><legend>{t('settings.app-password-for')}</legend>
					{PROTOCOLS.map(one => <Checkbox key={one} label={t(`settings.protocol-${one}`)} checked={protocols.includes(one)} onChange={on => setProtocols(on ? [...protocols, one] : protocols.filter(x => x !== one))} />)}
				</fieldset>
				<Field label={t('settings.app-password-time')}>{ids => <select class="select" id={ids.id} value={String(days)} onChange={e => setDays(Number(e.currentTarget.value))}>{[0, 30, 90, 365].map(n => <option key={n} value={String(n)}>{n === 0 ? t('settings.no-end') : t('settings.days', { n })}</option>)}</select>}</Field>
				<Field label={t('settings.your-password')} hint={t('settings.app-password-why')}>{ids => <input class="input" type="password" autocomplete="current-password" id={ids.id} aria-describedby={ids.describedBy} value={password} onInput={e => setPassword(e.currentTarget.value)} />}</Field>
				{error && <Banner kind="bad">{explain(error)}</Banner>}
			</form>
		</Dialog>
	);
}

/** In groups of four, to be typed by hand, and for a camera. */
function Shown({ made, protocols, onClose }: { made: Made; protocols: readonly string[]; onClose: () => void }) {
	return (
		<Dialog title={t('settings.app-password-made')} size="small" onClose={onClose} footer={<Button kind="primary" onClick={onClose}>{t('settings.app-password-noted')}</Button>}>
			<div class="stack">
				<Banner kind="warn">{t('settings.app-password-once')}</Banner>
				<p class="secret" translate={false}>{made.app_password}</p>
				<p><Button small icon="label" onClick={() => void navigator.clipboard.writeText(made.app_password).then(() => toast(t('ui.copied')))}>{t('ui.copy')}</Button></p>
				<p class="muted">{t('settings.app-password-use', { address: me(), host: location.hostname })}</p>
				<DeviceCodes password={made.app_password} phones={protocols.includes('imap') && protocols.includes('submission')} />
			</div>
		</Dialog>
	);
}
