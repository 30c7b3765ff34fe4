/* What a phone or program has to know: as codes for its camera, and in words. */
import { useEffect, useState } from 'preact/hooks';
import { session } from '../shell/session';
import { t } from '../ui/i18n';
import { Dialog } from '../ui/overlay';
import { Button, Segmented } from '../ui/parts';
import { me } from './parts';
import { qrPath } from './qr';
import { readServers, thunderbirdCode, type Server } from './servers';

function Code({ text, label }: { text: string; label: string }) {
	const code = qrPath(text);
	if (!code) return null;
	return <svg class="qr" role="img" aria-label={label} viewBox={`0 0 ${code.size} ${code.size}`} width={230} height={230} shape-rendering="crispEdges"><path d={code.path} fill="#000" /></svg>;
}

type Kind = 'password' | 'apple' | 'android';

const profile = () => `/mail/setup.mobileconfig?emailaddress=${encodeURIComponent(me())}`;

/** password: of the program, just made; empty: there is none to tell. */
export function DeviceCodes({ password, phones = true }: { password: string; phones?: boolean }) {
	const [servers, setServers] = useState<Server[]>([]);
	const [kind, setKind] = useState<Kind>(password ? 'password' : 'apple');
	useEffect(() => {
		fetch(`/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=${encodeURIComponent(me())}`, { credentials: 'same-origin' })
			.then(answer => (answer.ok ? answer.text() : '')).then(text => setServers(readServers(text)), () => {});
	}, []);
	const thunderbird = phones ? thunderbirdCode(servers, me(), session.value?.name ?? '', password) : null;
	const kinds = [...(password ? ['password' as const] : []), ...(phones ? ['apple' as const] : []), ...(thunderbird ? ['android' as const] : [])];
	const text = kind === 'password' ? password : kind === 'apple' ? location.origin + profile() : thunderbird ?? '';
	return (
		<div class="stack">
			{kinds.length > 1 && <Segmented label={t('settings.code-for')} value={kind} onChange={setKind} options={kinds.map(value => ({ value, label: t(`settings.code-${value}`) }))} />}
			<Code text={text} label={t(`settings.code-${kind}-label`)} />
			<p class="muted">{t(`settings.code-${kind}-text`)}</p>
			{kind === 'apple' && <p><a class="button" href={profile()} download>{t('settings.apple-profile')}</a></p>}
			{servers.length > 0 && (
				<details class="server-names"><summary>{t('settings.servers')}</summary>
					<dl class="pairs"><dt>{t('settings.servers-user')}</dt><dd>{me()}</dd>
						{servers.map(one => <><dt key={`${one.port}`}>{one.protocol.toUpperCase()}</dt><dd class="num">{one.host} · {one.port} · {one.tls ? 'TLS' : 'STARTTLS'}</dd></>)}
					</dl>
				</details>
			)}
		</div>
	);
}

export function SetupDialog({ onClose, onAdd }: { onClose: () => void; onAdd: () => void }) {
	return (
		<Dialog title={t('settings.setup')} size="small" onClose={onClose} footer={<><Button onClick={onClose}>{t('ui.close')}</Button><Button kind="primary" onClick={onAdd}>{t('settings.app-password-add')}</Button></>}>
			<div class="stack"><p>{t('settings.setup-text')}</p><DeviceCodes password="" /></div>
		</Dialog>
	);
}
