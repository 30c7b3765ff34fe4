import { operation } from '../shell/api';
import { t, longDate } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { confirm } from '../ui/overlay';
import { Button, Chip, EmptyState } from '../ui/parts';
import { toast } from '../ui/toast';
import { Card, Loaded, Page, Row, asProblem, credentialName, explain, me, moment, named, programName, protocolName, useOperation } from './parts';
import { withStepUp } from './proof';

interface Session { id: number; kind: string; label: string; ip: string; agent: string; created: number; used: number; second_factor: boolean; device?: string; unusual: string[]; this?: boolean }
interface SignIn { id: number; time: number; ip: string; protocol: string; device: string; client: string; second_factor: boolean; unusual: string[]; outcome: 'ok' | 'refused' | 'policy' }

export default function Sessions() {
	const sessions = useOperation<{ sessions: Session[] }>('session.list', { address: me() });
	const tries = useOperation<{ signins: SignIn[] }>('signin.list', { address: me() });
	const end = async (ids: number[], text: string) => {
		try {
			for (const id of ids) await withStepUp(() => operation('session.sign_out', { address: me(), id }));
			toast(text);
		} catch (error) {
			toast(explain(asProblem(error)), { kind: 'bad' });
		}
		await sessions.reload();
	};
	const endOthers = async (all: Session[]) => {
		const others = all.filter(one => !one.this).map(one => one.id);
		if (await confirm(t('settings.sign-out-others'), t('settings.sign-out-others-text', { n: others.length }), t('settings.sign-out-others-do'), true)) await end(others, t('settings.signed-out-others'));
	};
	return (
		<Page title={t('settings.sessions')} lead={t('settings.sessions-lead')}>
			<Loaded answer={sessions}>
				{({ sessions: all }) => (
					<Card title={t('settings.sessions-open')} action={all.some(one => !one.this) && <Button icon="exit" onClick={() => void endOthers(all)}>{t('settings.sign-out-others')}</Button>}>
						<ul class="settings-list">
							{[...all].sort((a, b) => Number(b.this ?? false) - Number(a.this ?? false) || b.used - a.used).map(one => (
								<Row key={one.id} icon={<Icon name={one.kind === 'web' || one.kind === 'session' ? 'globe' : 'mail'} />} title={<>{credentialName(one.label || one.agent) || named('session', one.kind)} {one.this && <Chip kind="ok">{t('settings.session-this')}</Chip>} {one.second_factor && <Chip icon="shieldCheck">{t('settings.with-factor')}</Chip>} {one.unusual.map(u => <Chip key={u} kind="warn" icon="warn">{named('unusual', u)}</Chip>)}</>}
									side={!one.this && <Button small onClick={() => void end([one.id], t('settings.session-ended'))}>{t('ui.sign-out')}</Button>}>
									{[one.ip, t('settings.used', { date: longDate(moment(one.used)) })].filter(Boolean).join(' · ')}
								</Row>
							))}
						</ul>
					</Card>
				)}
			</Loaded>
			<Loaded answer={tries}>
				{({ signins }) => (
					<Card title={t('settings.tries')} lead={t('settings.tries-lead')}>
						{signins.length === 0 ? <EmptyState icon="shieldCheck" title={t('settings.tries-none')} /> : (
							<ul class="settings-list">
								{signins.map(one => (
									<Row key={one.id} icon={<Icon name={one.outcome === 'ok' ? 'check' : 'warn'} />} title={<><Chip kind={one.outcome === 'ok' ? 'ok' : 'bad'}>{named('outcome', one.outcome)}</Chip> {[protocolName(one.protocol), programName(one.client || one.device)].filter(Boolean).join(' · ')} {one.unusual.map(u => <Chip key={u} kind="warn">{named('unusual', u)}</Chip>)}</>}>
										{one.ip} · {longDate(moment(one.time))}
									</Row>
								))}
							</ul>
						)}
					</Card>
				)}
			</Loaded>
		</Page>
	);
}
