/* What a reader has to know before he believes a letter: at most two at a time, in the order of what matters. */
import { useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { MDN, type Email } from '../jmap';
import { client, store } from '../jmap/here';
import { compose } from '../shell/hooks';
import { t, type Key } from '../ui/i18n';
import { Banner, Button } from '../ui/parts';
import { images as imagesMode } from '../ui/prefs';
import { toast } from '../ui/toast';
import { junk } from './actions';
import type { Found } from './frame';
import { isDraft, isMe, malwareOf, suspicionOf, verdictOf } from './letter';

interface One { key: string; node: ComponentChildren }

/* "mailto:leave@x?subject=y" or https; nothing else is a way out. */
function Unsubscribe({ urls }: { urls: string[] }) {
	const web = urls.find(u => u.startsWith('https://')), mail = urls.find(u => u.startsWith('mailto:'));
	if (mail && compose.value) {
		const [address = '', query = ''] = mail.slice(7).split('?');
		return <Button small kind="ghost" onClick={() => compose.value!({ kind: 'new', to: [{ name: null, email: decodeURIComponent(address) }], subject: new URLSearchParams(query).get('subject') ?? 'unsubscribe' })}>{t('mail.unsubscribe')}</Button>;
	}
	return web ? <a class="button small ghost" href={web} target="_blank" rel="noopener noreferrer nofollow">{t('mail.unsubscribe')}</a> : null;
}

function Receipt({ letter }: { letter: Email }) {
	const [gone, setGone] = useState(false);
	if (gone) return null;
	const answer = (send: boolean) => {
		setGone(true);
		if (send) void sendReceipt(letter);
		else store.mark([letter.id], '$mdnsent', true);
	};
	return <Banner kind="info" actions={<><Button small kind="ghost" onClick={() => answer(true)}>{t('mail.receipt-send')}</Button><Button small kind="ghost" onClick={() => answer(false)}>{t('mail.receipt-ignore')}</Button></>}>{t('mail.receipt-asked')}</Banner>;
}

/* RFC 9007 2.1 */
async function sendReceipt(letter: Email): Promise<void> {
	const identity = store.identities.all()[0];
	try {
		const answer = await client.call<{ notSent?: Record<string, unknown> | null }>('MDN/send', {
			accountId: client.accountId, identityId: identity?.id, send: { r: { forEmailId: letter.id, disposition: { actionMode: 'manual-action', sendingMode: 'mdn-sent-manually', type: 'displayed' } } },
			onSuccessUpdateEmail: { '#r': { 'keywords/$mdnsent': true } },
		});
		if (answer.notSent && Object.keys(answer.notSent).length > 0) throw new Error('not sent');
		toast(t('mail.receipt-sent'));
	} catch {
		toast(t('mail.receipt-failed'), { kind: 'bad' });
	}
}

function strongest(letter: Email): string {
	const v = verdictOf(letter);
	const f = [...(v?.findings ?? [])].sort((a, b) => b.points - a.points)[0];
	return f ? t(`mail.check-${f.check}` as Key, { person: f.facts.person ?? '', domain: f.facts.domain ?? '' }) : '';
}

function bannersOf(letter: Email, found: Found | null, images: { shown: boolean; show: () => void; always: () => void }): One[] {
	const out: One[] = [];
	const malware = malwareOf(letter), suspicion = suspicionOf(letter), urls = letter['header:List-Unsubscribe:asURLs'] as string[] | null, receipt = letter['header:Disposition-Notification-To:asAddresses'] as unknown[] | null;
	if (malware) out.push({ key: 'malware', node: <Banner kind="bad" title={t('mail.malware-title')}>{t('mail.malware-text', { name: malware.name || '—' })}</Banner> });
	if (suspicion === 'forged' || suspicion === 'phishing') {
		out.push({ key: 'forged', node: (
			<Banner kind="bad" icon="warn" title={t(suspicion === 'forged' ? 'mail.forged-title' : 'mail.phishing-title')} actions={<Button small kind="ghost" onClick={() => void junk([letter.id])}>{t('mail.report-junk')}</Button>}>
				{strongest(letter)} {t('mail.forged-advice')}
			</Banner>
		) });
	}
	if (found && found.deceiving > 0 && suspicion !== 'phishing') out.push({ key: 'links', node: <Banner kind="warn" title={t('mail.links-title')}>{t('mail.links-text', { n: found.deceiving })}</Banner> });
	if (suspicion === 'first') out.push({ key: 'first', node: <Banner kind="external" icon="person" title={t('mail.first-title')}>{t('mail.first-text', { address: letter.from?.[0]?.email ?? '' })}</Banner> });
	if (receipt?.length && client.has(MDN) && !letter.keywords.$mdnsent && !isDraft(letter) && !(letter.from?.[0] && isMe(letter.from[0]))) out.push({ key: 'receipt', node: <Receipt letter={letter} /> });
	if (found && found.remote > 0 && !images.shown && imagesMode.value === 'ask') {
		out.push({ key: 'images', node: (
			<Banner kind="info" icon="image" actions={<><Button small kind="ghost" onClick={images.show}>{t('mail.images-show')}</Button><Button small kind="ghost" onClick={images.always}>{t('mail.images-always')}</Button></>}>{t('mail.images-blocked', { n: found.remote })}</Banner>
		) });
	}
	if (urls?.length) out.push({ key: 'leave', node: <Banner kind="info" icon="bell" actions={<Unsubscribe urls={urls} />}>{t('mail.newsletter')}</Banner> });
	return out;
}

const SHOWN = 2;

export function Banners({ letter, found, images }: { letter: Email; found: Found | null; images: { shown: boolean; show: () => void; always: () => void } }) {
	const [all, setAll] = useState(false);
	const list = bannersOf(letter, found, images);
	if (list.length === 0) return null;
	const rest = list.length - SHOWN;
	return (
		<div class="banners">
			{(all ? list : list.slice(0, SHOWN)).map(b => <div key={b.key}>{b.node}</div>)}
			{rest > 0 && !all && <Button small kind="ghost" onClick={() => setAll(true)}>{t('mail.more-notes', { n: rest })}</Button>}
		</div>
	);
}
