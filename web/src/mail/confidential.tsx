/* A confidential letter: what it says, for as long as it may be read, and its attachments as pictures (docs/confidential.md). */
import { useEffect, useState } from 'preact/hooks';
import { problemError, type Email, type EmailBodyPart, type Id } from '../jmap';
import { client } from '../jmap/here';
import { longDate, t } from '../ui/i18n';
import { EmptyState, ErrorState, Skeleton } from '../ui/parts';
import { useShortcuts } from '../ui/shortcuts';
import { toast } from '../ui/toast';
import { Attachments } from './attachments';
import { MailFrame, type Found } from './frame';
import { nameOf } from './letter';

interface Info { state: 'open' | 'expired'; expires: string | null; attachments: { blobId: Id; name: string; type: string; size: number }[] }
export interface SealedProps { letter: Email; images: boolean; text: boolean; light: boolean; onFound: (f: Found) => void }

/** So high that the name of who looks is on it whole, in pixels. */
const MARK = 240;
/** The longest that a timer of browsers waits, in milliseconds. */
const TIMER_MAX = 2 ** 31 - 1;

async function look(id: Id): Promise<Info> {
	const answer = await fetch(`/jmap/view/${encodeURIComponent(client.accountId)}/${encodeURIComponent(id)}?info=1`, { credentials: 'same-origin', headers: client.headers(), cache: 'no-store' });
	const said = (await answer.json().catch(() => null)) as Info | null;
	if (answer.status === 410) return { state: 'expired', expires: null, attachments: [] };
	if (!answer.ok || !said) throw problemError(answer.status, said, null);
	return said;
}

/** Its time is over, also when that happens before the reader's eyes. */
function useOver(expires: string | null | undefined): boolean {
	const [, again] = useState(0);
	const left = expires ? Date.parse(expires) - Date.now() : Infinity;
	useEffect(() => {
		if (left <= 0 || left > TIMER_MAX) return;
		const timer = setTimeout(() => again(n => n + 1), left + 1);
		return () => clearTimeout(timer);
	}, [expires]);
	return left <= 0;
}

export default function Sealed({ letter, images, text, light, onFound }: SealedProps) {
	const [info, setInfo] = useState<Info | null>(null);
	const [failed, setFailed] = useState(false);
	const [tries, setTries] = useState(0);
	const expires = info?.expires ?? letter.confidential?.expires ?? null;
	const over = useOver(expires) || letter.confidential?.state === 'expired' || info?.state === 'expired';
	useEffect(() => {
		let here = true;
		if (!over) look(letter.id).then(found => here && setInfo(found), () => here && setFailed(true));
		return () => void (here = false);
	}, [letter.id, tries]);
	useShortcuts({ 'ctrl+p': () => toast(t('mail.barred-print')) });
	if (over) return <EmptyState icon="clock" title={t('mail.confidential-over')}>{t('mail.confidential-over-text', { date: expires ? longDate(new Date(expires)) : '', name: nameOf(letter.from?.[0]) })}</EmptyState>;
	if (failed) return <ErrorState title={t('mail.letter-failed')} onRetry={() => { setFailed(false); setTries(tries + 1); }}>{t('mail.letter-failed-text')}</ErrorState>;
	if (!info) return <Skeleton rows={4} />;
	const parts: EmailBodyPart[] = info.attachments.map((one, i) => ({ ...one, partId: String(i), charset: null, disposition: 'attachment', cid: null }));
	return (
		<>
			<MailFrame key={`${images}${text}`} id={letter.id} title={letter.subject ?? ''} images={images} text={text} light={light} least={MARK} onFound={onFound} />
			<Attachments letter={letter} parts={parts} sealed />
		</>
	);
}
