/* Who else may open the mailbox, what for and how long; whose mailboxes are open to this person; who was there. */
import { useState } from 'preact/hooks';
import { operation, type Problem } from '../shell/api';
import { longDate, shortDate, t } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { Dialog, confirm } from '../ui/overlay';
import { Banner, Button, Chip, EmptyState, Field } from '../ui/parts';
import { toast } from '../ui/toast';
import { Card, Loaded, Page, Row, asProblem, explain, me, moment, named, useOperation } from './parts';
import { withStepUp } from './proof';

interface Delegation { address: string; role?: string; created: number; ends?: number }
interface Given { given: Delegation[]; received: Delegation[] }
interface Visit { time: number; event: string; fields: { actor?: string; mailbox?: string } }

const ROLES = ['reader', 'secretary', 'delegate', 'partner'] as const;
/* Days; 0: without end. */
const TIMES = [1, 7, 30, 90, 180, 0] as const;

function until(one: Delegation): string {
	return one.ends ? t('settings.delegate-until', { date: shortDate(moment(one.ends)) }) : t('settings.no-end');
}

export default function Delegations() {
	const list = useOperation<Given>('delegate.list', { address: me() });
	const visits = useOperation<{ records: Visit[] }>('access.list', { address: me(), limit: 50 });
	const [adding, setAdding] = useState(false);
	const end = async (one: Delegation) => {
		if (!(await confirm(t('settings.delegate-end'), t('settings.delegate-end-text', { address: one.address }), t('settings.delegate-end'), true))) return;
		try {
			await withStepUp(() => operation('delegate.remove', { address: me(), delegate: one.address }));
			toast(t('settings.delegate-ended'));
		} catch (error) {
			toast(explain(asProblem(error)), { kind: 'bad' });
		}
		await list.reload();
	};
	return (
		<Page title={t('settings.delegation')} lead={t('settings.delegation-lead')} action={<Button kind="primary" icon="plus" onClick={() => setAdding(true)}>{t('settings.delegate-add')}</Button>}>
			<Loaded answer={list}>
				{({ given, received }) => (
					<>
						<Card title={t('settings.delegates')}>
							{given.length === 0 ? <EmptyState icon="person" title={t('settings.delegates-none')} /> : (
								<ul class="settings-list">{given.map(one => (
									<Row key={one.address} icon={<Icon name="person" />} title={<>{one.address} <Chip>{named('delegate-role', one.role ?? '')}</Chip></>} side={<Button small onClick={() => void end(one)}>{t('settings.delegate-end')}</Button>}>
										{[until(one), t('settings.delegate-since', { date: shortDate(moment(one.created)) })].join(' · ')}
									</Row>
								))}</ul>
							)}
						</Card>
						{received.length > 0 && (
							<Card title={t('settings.delegated')} lead={t('settings.delegated-lead')}>
								<ul class="settings-list">{received.map(one => <Row key={one.address} icon={<Icon name="inbox" />} title={<>{one.address} <Chip>{named('delegate-role', one.role ?? '')}</Chip></>}>{until(one)}</Row>)}</ul>
							</Card>
						)}
					</>
				)}
			</Loaded>
			<Loaded answer={visits}>
				{({ records }) => (
					<Card title={t('settings.visits')} lead={t('settings.visits-lead')}>
						{records.length === 0 ? <EmptyState icon="shieldCheck" title={t('settings.visits-none')} /> : (
							<ul class="settings-list">{records.slice(0, 50).map((one, i) => <Row key={i} icon={<Icon name={one.event === 'access.sent' ? 'sent' : 'info'} />} title={<>{one.fields.actor} <Chip>{named('visit', one.event.replace('.', '-'))}</Chip></>}>{[longDate(moment(one.time)), one.fields.mailbox].filter(Boolean).join(' · ')}</Row>)}</ul>
						)}
					</Card>
				)}
			</Loaded>
			{adding && <Add onClose={() => { setAdding(false); void list.reload(); }} />}
		</Page>
	);
}

function Add({ onClose }: { onClose: () => void }) {
	const [address, setAddress] = useState('');
	const [role, setRole] = useState<string>('delegate');
	const [days, setDays] = useState<number>(30);
	const [error, setError] = useState<Problem | null>(null);
	const [busy, setBusy] = useState(false);
	const add = async (e?: Event) => {
		e?.preventDefault();
		setBusy(true);
		setError(null);
		try {
			await withStepUp(() => operation('delegate.add', { delegate: address.trim(), role, days }));
			toast(t('settings.delegate-added'));
			onClose();
		} catch (problem) {
			setError(asProblem(problem));
			setBusy(false);
		}
	};
	return (
		<Dialog title={t('settings.delegate-add')} size="small" onClose={onClose}
			footer={<><Button onClick={onClose}>{t('ui.cancel')}</Button><Button kind="primary" busy={busy} disabled={!address.includes('@')} onClick={() => void add()}>{t('settings.delegate-give')}</Button></>}>
			<form class="stack" onSubmit={e => void add(e)}>
				<Field label={t('settings.delegate-who')}>{ids => <input class="input" type="email" autofocus id={ids.id} maxLength={320} value={address} onInput={e => setAddress(e.currentTarget.value)} />}</Field>
				<Field label={t('settings.delegate-may')} hint={named('delegate-role-text', role)}>{ids => <select class="select" id={ids.id} aria-describedby={ids.describedBy} value={role} onChange={e => setRole(e.currentTarget.value)}>{ROLES.map(one => <option key={one} value={one}>{named('delegate-role', one)}</option>)}</select>}</Field>
				<Field label={t('settings.delegate-time')}>{ids => <select class="select" id={ids.id} value={String(days)} onChange={e => setDays(Number(e.currentTarget.value))}>{TIMES.map(n => <option key={n} value={String(n)}>{n === 0 ? t('settings.no-end') : t('settings.days', { n })}</option>)}</select>}</Field>
				<p class="muted">{t('settings.delegate-note')}</p>
				{error && <Banner kind="bad">{explain(error)}</Banner>}
			</form>
		</Dialog>
	);
}
