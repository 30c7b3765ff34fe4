/* What a reader has to know before he believes a letter: at most two at a time, in the order of what matters. */
import { useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import type { Email } from '../jmap';
import { compose } from '../shell/hooks';
import { longDate, t, type Key } from '../ui/i18n';
import { Banner, Button } from '../ui/parts';
import { images as imagesMode } from '../ui/prefs';
import { safeDecode } from '../ui/router';
import { inRole, junk, mayRemove } from './actions';
import type { Found } from './frame';
import { isConfidential, isConfided, isDraft, isHollow, malwareOf, suspicionOf, verdictOf } from './letter';
import { Receipt, useReceipt } from './receipt';

interface One { key: string; node: ComponentChildren }

/* "mailto:leave@x?subject=y" or https; nothing else is a way out. */
function Unsubscribe({ urls }: { urls: string[] }) {
	const web = urls.find(u => u.startsWith('https://')), mail = urls.find(u => u.startsWith('mailto:'));
	if (mail && compose.value) {
		const [address = '', query = ''] = mail.slice(7).split('?');
		return <Button small kind="ghost" onClick={() => compose.value!({ kind: 'new', to: [{ name: null, email: safeDecode(address) }], subject: new URLSearchParams(query).get('subject') ?? 'unsubscribe' })}>{t('mail.unsubscribe')}</Button>;
	}
	return web ? <a class="button small ghost" href={web} target="_blank" rel="noopener noreferrer nofollow">{t('mail.unsubscribe')}</a> : null;
}

function strongest(letter: Email): string {
	const v = verdictOf(letter);
	const f = [...(v?.findings ?? [])].sort((a, b) => b.points - a.points)[0];
	return f ? t(`mail.check-${f.check}` as Key, { person: f.facts.person ?? '', domain: f.facts.domain ?? '' }) : '';
}

/* What a confidential letter lets one do; empty: nothing is to be said. */
function limitsOf(letter: Email): string {
	const until = (expires: string | null | undefined) => (expires ? longDate(new Date(expires)) : '');
	if (isConfidential(letter)) return letter.confidential!.state === 'expired' ? '' : t('mail.confidential-reader', { until: until(letter.confidential!.expires) ? t('mail.confidential-until', { date: until(letter.confidential!.expires) }) : '' });
	if (isConfided(letter) && !isDraft(letter)) return t('mail.confidential-own');
	return isHollow(letter) ? t('mail.confidential-hollow') : '';
}

function bannersOf(letter: Email, found: Found | null, images: { shown: boolean; show: () => void; always: () => void }, receipt: boolean): One[] {
	const out: One[] = [];
	const malware = malwareOf(letter), suspicion = suspicionOf(letter), urls = letter['header:List-Unsubscribe:asURLs'] as string[] | null;
	if (malware) out.push({ key: 'malware', node: <Banner kind="bad" title={t('mail.malware-title')}>{t('mail.malware-text', { name: malware.name || '—' })}</Banner> });
	if (suspicion === 'forged' || suspicion === 'phishing') {
		out.push({ key: 'forged', node: (
			<Banner kind="bad" icon="warn" title={t(suspicion === 'forged' ? 'mail.forged-title' : 'mail.phishing-title')} actions={mayRemove() && !inRole('junk') && <Button small kind="ghost" onClick={() => void junk([letter.id])}>{t('mail.report-junk')}</Button>}>
				{strongest(letter)} {t('mail.forged-advice')}
			</Banner>
		) });
	}
	if (found && found.deceiving > 0 && suspicion !== 'phishing') out.push({ key: 'links', node: <Banner kind="warn" title={t('mail.links-title')}>{t('mail.links-text', { n: found.deceiving })}</Banner> });
	if (suspicion === 'first') out.push({ key: 'first', node: <Banner kind="external" icon="person" title={t('mail.first-title')}>{t('mail.first-text', { address: letter.from?.[0]?.email ?? '' })}</Banner> });
	const limits = limitsOf(letter);
	if (limits) out.push({ key: 'limits', node: <Banner kind="info" icon="lock" title={t('mail.confidential-title')}>{limits}</Banner> });
	if (receipt) out.push({ key: 'receipt', node: <Receipt letter={letter} /> });
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
	const receipt = useReceipt(letter, found !== null);
	const list = bannersOf(letter, found, images, receipt);
	if (list.length === 0) return null;
	const rest = list.length - SHOWN;
	return (
		<div class="banners">
			{(all ? list : list.slice(0, SHOWN)).map(b => <div key={b.key}>{b.node}</div>)}
			{rest > 0 && !all && <Button small kind="ghost" onClick={() => setAll(true)}>{t('mail.more-notes', { n: rest })}</Button>}
		</div>
	);
}
