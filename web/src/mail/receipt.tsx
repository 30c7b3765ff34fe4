/* Read receipts (RFC 8098, RFC 9007): what the reader's policy says of one letter, and the answer to it. */
import { useEffect, useState } from 'preact/hooks';
import { MDN, type Email, type EmailAddress } from '../jmap';
import { client, desk, store } from '../jmap/here';
import { t } from '../ui/i18n';
import { Banner, Button } from '../ui/parts';
import { receipts } from '../ui/prefs';
import { toast } from '../ui/toast';
import { inRole } from './actions';
import { isDraft, isExternal, isMe, malwareOf, suspicionOf } from './letter';

const asked = (letter: Email) => letter['header:Disposition-Notification-To:asAddresses'] as EmailAddress[] | null;

/** The letter asks, and nobody has answered: what is to be done about it. */
export function receiptFor(letter: Email): 'none' | 'ask' | 'send' {
	const to = asked(letter), from = letter.from?.[0];
	if (!to?.length || !desk.value.maySend || !client.has(MDN) || letter.keywords.$mdnsent || isDraft(letter) || !from || isMe(from) || receipts.value === 'never' || inRole('junk') || inRole('trash')) return 'none';
	/* Never without the reader's word: to an address that is not the writer's (RFC 8098 2.1), to outsiders, about what may be forged, for somebody else. */
	const sure = to.length === 1 && to[0]!.email.toLowerCase() === from.email.toLowerCase() && !isExternal(letter) && !suspicionOf(letter) && !malwareOf(letter) && desk.value.own;
	return receipts.value === 'colleagues' && sure ? 'send' : 'ask';
}

async function send(letter: Email, byHand: boolean): Promise<void> {
	const identity = store.identities.all()[0];
	const answer = await client.call<{ notSent?: Record<string, { type: string }> | null }>('MDN/send', {
		accountId: client.accountId, identityId: identity?.id,
		send: { r: { forEmailId: letter.id, disposition: { actionMode: byHand ? 'manual-action' : 'automatic-action', sendingMode: byHand ? 'mdn-sent-manually' : 'mdn-sent-automatically', type: 'displayed' } } },
		onSuccessUpdateEmail: { '#r': { 'keywords/$mdnsent': true } },
	});
	const refused = answer.notSent?.r;
	/* Another of this person's pages was faster. */
	if (refused && refused.type !== 'mdnAlreadySent') throw new Error(refused.type);
}

const begun = new Set<string>();

/** shown: the letter is before the reader's eyes. Sends what the policy sends by itself; where that fails, the reader is asked. */
export function useReceipt(letter: Email, shown: boolean): boolean {
	const [failed, setFailed] = useState(false);
	const what = receiptFor(letter);
	useEffect(() => {
		const key = `${client.accountId} ${letter.id}`;
		if (what !== 'send' || !shown || begun.has(key)) return;
		begun.add(key);
		send(letter, false).then(() => toast(t('mail.receipt-sent')), () => setFailed(true));
	}, [what, shown]);
	return what === 'ask' || (what === 'send' && failed);
}

export function Receipt({ letter }: { letter: Email }) {
	const [gone, setGone] = useState(false);
	if (gone) return null;
	const answer = (yes: boolean) => {
		setGone(true);
		if (yes) send(letter, true).then(() => toast(t('mail.receipt-sent')), () => { setGone(false); toast(t('mail.receipt-failed'), { kind: 'bad' }); });
		else store.mark([letter.id], '$mdnsent', true);
	};
	return <Banner kind="info" actions={<><Button small kind="ghost" onClick={() => answer(true)}>{t('mail.receipt-send')}</Button><Button small kind="ghost" onClick={() => answer(false)}>{t('mail.receipt-ignore')}</Button></>}>{t('mail.receipt-asked')}</Banner>;
}
