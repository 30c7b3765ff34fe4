/* What became of a letter that was sent from here: for each recipient what the next server said. */
import { useEffect, useState } from 'preact/hooks';
import { type DeliveryStatus, type EmailSubmission, type Id } from '../jmap';
import { knowsConfidential } from '../jmap/confidential';
import { client, desk, store } from '../jmap/here';
import { compose } from '../shell/hooks';
import { t, longDate } from '../ui/i18n';
import { Icon, type IconName } from '../ui/icons';
import { Button, Chip } from '../ui/parts';
import { callBack } from './composer';
import { tooLate } from './late';
import { mayRecall, RecallButton, RecallChip, RecallSummary } from './recall';

const PROPERTIES = ['emailId', 'sendAt', 'undoStatus', 'deliveryStatus', 'recall'];

type Fate = 'queued' | 'yes' | 'no' | 'unknown' | 'read';
const KINDS: Record<Fate, 'plain' | 'ok' | 'bad' | 'info'> = { queued: 'info', yes: 'ok', no: 'bad', unknown: 'plain', read: 'ok' };
const ICONS: Record<Fate, IconName> = { queued: 'clock', yes: 'check', no: 'warn', unknown: 'info', read: 'mailOpen' };

function fateOf(status: DeliveryStatus): Fate {
	return status.displayed === 'yes' ? 'read' : status.delivered;
}

async function read(emailId: Id): Promise<EmailSubmission | null> {
	const { list } = await client.request<{ list: EmailSubmission[] }>(batch => {
		const query = batch.call('EmailSubmission/query', { accountId: client.accountId, filter: { emailIds: [emailId] }, sort: [{ property: 'sentAt', isAscending: false }], limit: 1 });
		return batch.call<{ list: EmailSubmission[] }>('EmailSubmission/get', { accountId: client.accountId, '#ids': query.ref('/ids'), properties: knowsConfidential(client) ? [...PROPERTIES, 'confidential'] : PROPERTIES });
	});
	return list[0] ?? null;
}

const SOON_MS = 1_500, LATE_MS = 60_000;

/* What other servers answer is not announced: while something is open it is asked for, ever less often. 0: nothing changes any more. */
function pauseOf(one: EmailSubmission, asked: number): number {
	const open = one.undoStatus === 'pending' || Object.values(one.deliveryStatus ?? {}).some(status => status.delivered === 'queued');
	const until = one.undoStatus === 'pending' ? Math.max(0, Date.parse(one.sendAt) - Date.now()) : 0;
	return open && until < 3_600_000 ? until + Math.min(LATE_MS, SOON_MS * 1.5 ** asked) : 0;
}

export default function Delivery({ emailId }: { emailId: Id }) {
	const [found, setFound] = useState<EmailSubmission | null>(null);
	const [asked, setAsked] = useState(0);
	/* Another state of a submission was announced. */
	const changed = store.changed.value.has('EmailSubmission') ? store.changed.value : null;
	useEffect(() => {
		let gone = false, timer = 0, times = 0;
		const ask = () => void read(emailId).then(one => {
			if (gone) return;
			setFound(one);
			const wait = one ? pauseOf(one, times++) : 0;
			if (wait > 0) timer = window.setTimeout(ask, wait);
		}, () => {});
		ask();
		return () => {
			gone = true;
			clearTimeout(timer);
		};
	}, [emailId, changed, asked]);
	if (!found || found.undoStatus === 'canceled') return null;
	if (found.undoStatus === 'pending') return <Waits found={found} />;
	const all = Object.entries(found.deliveryStatus ?? {});
	if (all.length === 0) return null;
	const fates = found.recall?.recipients ?? {};
	const failed = all.filter(([, one]) => one.delivered === 'no').length, done = all.filter(([, one]) => one.delivered === 'yes' || one.displayed === 'yes').length;
	return (
		<details class="delivery" open={failed > 0 || !!found.recall}>
			<summary><Icon name={failed ? 'warn' : done === all.length ? 'check' : 'clock'} size={18} /><span class="grow">{t('compose.status-title')}</span><Chip kind={failed ? 'bad' : done === all.length ? 'ok' : 'info'}>{t('compose.status-sum', { done, all: all.length })}</Chip></summary>
			<ul>
				{all.map(([address, one]) => (
					<li key={address}><span class="cut">{address}</span>{fates[address] ? <RecallChip fate={fates[address]} /> : <Chip kind={KINDS[fateOf(one)]} icon={ICONS[fateOf(one)]}>{t(`compose.status-${fateOf(one)}`)}</Chip>}{one.smtpReply && <small class="mono">{one.smtpReply}</small>}</li>
				))}
			</ul>
			<RecallSummary found={found} />
			{mayRecall(found) && <RecallButton found={found} onAsked={() => setAsked(n => n + 1)} />}
		</details>
	);
}

function Waits({ found }: { found: EmailSubmission }) {
	const stop = async () => {
		try {
			await callBack({ emailId: found.emailId, submissionId: found.id, sendAt: found.sendAt, desk: desk.peek() });
			compose.value?.({ kind: 'draft', emailId: found.emailId });
		} catch {
			tooLate.value = true;
		}
	};
	return (
		<div class="delivery waits"><Icon name="clock" size={18} /><span class="grow">{t('compose.status-waits', { date: longDate(new Date(found.sendAt)) })}</span><Button small onClick={() => void stop()}>{t('compose.status-cancel')}</Button></div>
	);
}
