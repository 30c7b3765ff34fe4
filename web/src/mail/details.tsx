/* What stands behind a letter, in words: who proved what, what was found, which way it came; and its source. */
import { useEffect, useState } from 'preact/hooks';
import { downloadUrl, type Email } from '../jmap';
import { client } from '../jmap/here';
import { longDate, maybe, size, t } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { Dialog } from '../ui/overlay';
import { Button, Chip, ErrorState, Skeleton } from '../ui/parts';
import { authResults, routeOf, verdictOf } from './letter';
import { refusal, take } from './taken';

const METHODS = ['spf', 'dkim', 'dmarc', 'arc'];

function kindOf(result: string): 'ok' | 'bad' | 'warn' | 'plain' {
	if (result === 'pass') return 'ok';
	if (result === 'fail' || result === 'policy') return 'bad';
	return result === 'none' || result === 'neutral' ? 'plain' : 'warn';
}

function Authentication({ letter }: { letter: Email }) {
	const results = authResults(letter).filter(r => METHODS.includes(r.method));
	if (results.length === 0) return <p class="muted">{t('mail.auth-inside')}</p>;
	return (
		<ul class="facts">
			{results.map((r, i) => (
				<li key={i}>
					<Chip kind={kindOf(r.result)} icon={r.result === 'pass' ? 'check' : r.result === 'fail' ? 'warn' : undefined}>{r.method.toUpperCase()}</Chip>
					<span>{maybe(`mail.auth-${r.method}-${r.result}`, { domain: r.domain }) ?? t('mail.auth-other', { method: r.method.toUpperCase(), result: r.result })}</span>
				</li>
			))}
		</ul>
	);
}

function Judgement({ letter }: { letter: Email }) {
	const v = verdictOf(letter);
	if (!v) return null;
	return (
		<section>
			<h3>{t('mail.judgement')}</h3>
			<p>{maybe(`mail.verdict-${v.verdict}`) ?? v.verdict} · {t('mail.points', { n: v.score })}</p>
			<ul class="facts">
				{v.findings.map(f => <li key={f.check}><span class="points num">{f.points > 0 ? `+${f.points}` : f.points}</span><span>{maybe(`mail.check-${f.check}`, { person: f.facts.person ?? '', domain: f.facts.domain ?? '' }) ?? f.check}</span></li>)}
			</ul>
		</section>
	);
}

function Route({ letter }: { letter: Email }) {
	const hops = routeOf(letter);
	if (hops.length === 0) return null;
	return (
		<section>
			<h3>{t('mail.route')}</h3>
			<ol class="route">
				{hops.map((h, i) => <li key={i}><strong class="mono">{h.by}</strong>{h.from && <small>{t('mail.route-from', { host: h.from })}</small>}<small>{h.at && longDate(h.at)} {h.tls && <><Icon name="lock" size={12} /> TLS</>}</small></li>)}
			</ol>
		</section>
	);
}

export function Details({ letter, onClose, onSource }: { letter: Email; onClose: () => void; onSource?: () => void }) {
	return (
		<Dialog title={t('mail.details')} size="drawer" onClose={onClose} footer={onSource && <Button icon="code" onClick={onSource}>{t('mail.source')}</Button>}>
			<div class="details">
				<section><h3>{t('mail.authentication')}</h3><Authentication letter={letter} /></section>
				<Judgement letter={letter} />
				<Route letter={letter} />
				<section>
					<h3>{t('mail.about')}</h3>
					<dl class="pairs">
						<dt>{t('mail.sent-at')}</dt><dd>{letter.sentAt ? longDate(new Date(letter.sentAt)) : '—'}</dd>
						<dt>{t('mail.received-at')}</dt><dd>{longDate(new Date(letter.receivedAt))}</dd>
						<dt>{t('mail.size')}</dt><dd class="num">{size(letter.size)}</dd>
						<dt>{t('mail.message-id')}</dt><dd class="mono">{letter.messageId?.[0] ?? '—'}</dd>
					</dl>
				</section>
			</div>
		</Dialog>
	);
}

const SOURCE_SHOWN = 512 * 1024;

export function Source({ letter, onClose }: { letter: Email; onClose: () => void }) {
	const [text, setText] = useState<string | null>(null);
	const [failed, setFailed] = useState('');
	const url = downloadUrl(client, letter.blobId, 'letter.eml', 'message/rfc822');
	useEffect(() => {
		fetch(url, { headers: client.headers(), credentials: 'same-origin' })
			.then(async r => {
				if (r.ok) setText((await r.text()).slice(0, SOURCE_SHOWN));
				else setFailed((await refusal(r)) ?? t('mail.source-failed'));
			})
			.catch(() => setFailed(t('mail.source-failed')));
	}, []);
	return (
		<Dialog title={t('mail.source')} size="wide" onClose={onClose} footer={<a class="button" href={url} download="letter.eml" onClick={e => void take(e)}><Icon name="download" size={18} />{t('mail.download')}</a>}>
			{failed ? <ErrorState title={failed} /> : text === null ? <Skeleton rows={5} /> : <pre class="source" tabIndex={0}>{text}</pre>}
		</Dialog>
	);
}
