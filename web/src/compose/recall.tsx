/* A letter is taken back from mailboxes of this system where it was not read, and what became of it at each recipient (docs/recall.md). */
import { useState } from 'preact/hooks';
import { LETTERS, setError, type EmailSubmission, type RecallFate } from '../jmap';
import { client } from '../jmap/account';
import { number, t } from '../ui/i18n';
import { Icon, type IconName } from '../ui/icons';
import { confirm } from '../ui/overlay';
import { Button, Chip } from '../ui/parts';

const KINDS: Record<RecallFate, 'plain' | 'ok' | 'bad' | 'info'> = { recalled: 'ok', deleted: 'plain', pending: 'info', failed: 'plain', read: 'bad', outside: 'bad' };
const ICONS: Record<RecallFate, IconName> = { recalled: 'undo', deleted: 'trash', pending: 'clock', failed: 'info', read: 'mailOpen', outside: 'warn' };

export function RecallChip({ fate }: { fate: RecallFate }) {
	return <Chip kind={KINDS[fate]} icon={ICONS[fate]}>{t(`compose.recall-${fate}`)}</Chip>;
}

export function mayRecall(one: EmailSubmission): boolean {
	const within = client.accountCapability<number>(LETTERS, 'recallWithin') ?? 0;
	return !one.recall && one.undoStatus === 'final' && Date.now() < Date.parse(one.sendAt) + within * 1000;
}

export function RecallButton({ found, onAsked }: { found: EmailSubmission; onAsked: () => void }) {
	const [busy, setBusy] = useState(false);
	const [failed, setFailed] = useState('');
	const ask = async () => {
		if (!(await confirm(t('compose.recall-title'), t(found.confidential ? 'compose.recall-any-text' : 'compose.recall-text'), t('compose.recall'), true))) return;
		setBusy(true);
		setFailed('');
		try {
			const answer = await client.set<EmailSubmission>('EmailSubmission', { update: { [found.id]: { recall: found.confidential ? 'any' : 'unread' } } });
			const refusal = answer.notUpdated?.[found.id];
			if (refusal) throw setError(refusal);
			onAsked();
		} catch {
			setFailed(t('compose.recall-not'));
		}
		setBusy(false);
	};
	return (
		<div class="recall-ask">
			<span class="grow" role="status">{failed}</span>
			<Button small icon="undo" busy={busy} onClick={() => void ask()}>{t('compose.recall')}</Button>
		</div>
	);
}

/* In one sentence, and what scripts of recipients did with it. */
export function RecallSummary({ found }: { found: EmailSubmission }) {
	const recall = found.recall;
	if (!recall) return null;
	const all = Object.values(recall.recipients);
	const gone = all.filter(one => one === 'recalled').length;
	return (
		<p class="recall-sum" role="status">
			<Icon name="undo" size={16} /><span>{t('compose.recall-sum', { done: number(gone), all: number(all.length) })}
				{all.includes('pending') && ` ${t('compose.recall-wait')}`}
				{recall.forwardedOutside > 0 && ` ${t('compose.recall-forwarded', { n: recall.forwardedOutside })}`}
				{recall.copiesKept > 0 && ` ${t('compose.recall-copies', { n: recall.copiesKept })}`}</span>
		</p>
	);
}
