import { useEffect, useState } from 'preact/hooks';
import { asJmapError, setError, type JmapError, type VacationResponse } from '../jmap';
import { client } from '../jmap/account';
import { t, longDate } from '../ui/i18n';
import { Banner, Button, Chip, ErrorState, Field, Segmented, Skeleton, Switch } from '../ui/parts';
import { toast } from '../ui/toast';
import { Card, Line, Page } from './parts';

const EMPTY: VacationResponse = { id: 'singleton', isEnabled: false, fromDate: null, toDate: null, subject: null, textBody: null, htmlBody: null, insideTextBody: null, insideOnly: false };
const PROPERTIES = Object.keys(EMPTY);

function dayOf(date: string | null): string {
	if (!date) return '';
	const d = new Date(date);
	return `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, '0')}-${String(d.getDate()).padStart(2, '0')}`;
}

/** The beginning of a day in the person's zone, or its end. */
function dateOf(day: string, end: boolean): string | null {
	const [y, m, d] = day.split('-').map(Number);
	if (!y || !m || !d) return null;
	return new Date(y, m - 1, end ? d + 1 : d).toISOString().replace(/\.\d+/, '');
}

function state(v: VacationResponse, now = Date.now()): 'off' | 'later' | 'over' | 'on' {
	if (!v.isEnabled) return 'off';
	if (v.fromDate && Date.parse(v.fromDate) > now) return 'later';
	return v.toDate && Date.parse(v.toDate) <= now ? 'over' : 'on';
}

export default function Vacation() {
	const [now, setNow] = useState<VacationResponse | null>(null);
	const [saved, setSaved] = useState<VacationResponse>(EMPTY);
	const [error, setFailure] = useState<JmapError | null>(null);
	const [busy, setBusy] = useState(false);
	const load = () => {
		setFailure(null);
		client.get<VacationResponse>('VacationResponse', null, { properties: PROPERTIES }).then(({ list }) => { setNow(list[0] ?? EMPTY); setSaved(list[0] ?? EMPTY); }, failure => setFailure(asJmapError(failure)));
	};
	useEffect(load, []);
	if (error && !now) return <Page title={t('settings.vacation')}><ErrorState title={t('settings.failed')} code={error.cid} onRetry={load}>{t('settings.problem-other')}</ErrorState></Page>;
	if (!now) return <Page title={t('settings.vacation')}><Skeleton rows={4} /></Page>;
	const backwards = now.fromDate && now.toDate && now.toDate <= now.fromDate;
	const change = (patch: Partial<VacationResponse>) => setNow({ ...now, ...patch });
	const save = async () => {
		setBusy(true);
		setFailure(null);
		try {
			const { id, htmlBody, ...update } = now;
			const answer = await client.set('VacationResponse', { update: { [id]: { ...update, htmlBody: null } } });
			const refused = answer.notUpdated?.[id];
			if (refused) throw setError(refused);
			setSaved(now);
			toast(t('ui.saved'));
		} catch (failure) {
			setFailure(asJmapError(failure));
		}
		setBusy(false);
	};
	const at = state(saved);
	/* The end is the last day, told as the beginning of the next one. */
	const lastDay = now.toDate ? dayOf(new Date(Date.parse(now.toDate) - 1000).toISOString()) : '';
	return (
		<Page title={t('settings.vacation')} lead={t('settings.vacation-lead')} action={<Chip kind={at === 'on' ? 'warn' : 'plain'} icon={at === 'on' ? 'clock' : undefined}>{t(`settings.vacation-${at}`)}</Chip>}>
			<Card>
				<Switch label={t('settings.vacation-switch')} hint={at === 'later' ? t('settings.vacation-from', { date: longDate(new Date(saved.fromDate!)) }) : undefined} checked={now.isEnabled} onChange={isEnabled => change({ isEnabled })} />
				<div class="fields-two">
					<Field label={t('settings.first-day')} hint={t('settings.first-day-hint')}>{ids => <input class="input" type="date" id={ids.id} aria-describedby={ids.describedBy} value={dayOf(now.fromDate)} onInput={e => change({ fromDate: dateOf(e.currentTarget.value, false) })} />}</Field>
					<Field label={t('settings.last-day')} hint={t('settings.last-day-hint')} error={backwards ? t('settings.days-backwards') : undefined}>{ids => <input class="input" type="date" id={ids.id} aria-describedby={ids.describedBy} value={lastDay} onInput={e => change({ toDate: dateOf(e.currentTarget.value, true) })} />}</Field>
				</div>
				<Field label={t('settings.vacation-subject')} hint={t('settings.vacation-subject-hint')}>{ids => <input class="input" id={ids.id} aria-describedby={ids.describedBy} maxLength={200} value={now.subject ?? ''} onInput={e => change({ subject: e.currentTarget.value || null })} />}</Field>
				<Line label={t('settings.vacation-who')}>
					<Segmented label={t('settings.vacation-who')} value={now.insideOnly ? 'only' : 'all'} onChange={value => change({ insideOnly: value === 'only' })}
						options={[{ value: 'all', label: t('settings.vacation-all') }, { value: 'only', label: t('settings.vacation-only') }]} />
				</Line>
				<Field label={t('settings.vacation-inside')} hint={now.insideOnly ? undefined : t('settings.vacation-inside-hint')}>{ids => <textarea class="textarea" rows={5} id={ids.id} aria-describedby={ids.describedBy} value={now.insideTextBody ?? ''} onInput={e => change({ insideTextBody: e.currentTarget.value || null })} />}</Field>
				{!now.insideOnly && <Field label={t('settings.vacation-outside')}>{ids => <textarea class="textarea" rows={5} id={ids.id} value={now.textBody ?? ''} onInput={e => change({ textBody: e.currentTarget.value || null })} />}</Field>}
				<p class="muted">{t('settings.vacation-once')}</p>
				{error && <Banner kind="bad">{error.description || t('settings.problem-other')}</Banner>}
				<div class="card-actions"><Button kind="primary" busy={busy} disabled={!!backwards || (now.isEnabled && !(now.insideOnly ? now.insideTextBody : now.textBody)?.trim())} onClick={() => void save()}>{t('ui.save')}</Button></div>
			</Card>
		</Page>
	);
}

