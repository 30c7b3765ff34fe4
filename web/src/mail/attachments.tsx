/* Attachments as cards. */
import { downloadUrl, type Email, type EmailBodyPart } from '../jmap';
import { client } from '../jmap/here';
import { size, t } from '../ui/i18n';
import { Icon, type IconName } from '../ui/icons';
import { IconButton } from '../ui/parts';
import { malwareOf } from './letter';
import { mayPreview, viewing, viewOnly, type Viewable } from './preview';
import { take } from './taken';

function kindOf(part: EmailBodyPart): { icon: IconName; name: string; tone: string } {
	const ext = (part.name ?? '').split('.').pop()?.toLowerCase() ?? '';
	if (part.type.startsWith('image/')) return { icon: 'image', name: ext || 'image', tone: 'hue-4' };
	if (part.type === 'application/pdf') return { icon: 'file', name: 'PDF', tone: 'hue-5' };
	if (/sheet|excel|csv/.test(part.type) || /^(xlsx?|csv|ods)$/.test(ext)) return { icon: 'file', name: ext || 'xls', tone: 'hue-1' };
	if (/word|document/.test(part.type) || /^(docx?|odt|rtf)$/.test(ext)) return { icon: 'file', name: ext || 'doc', tone: 'hue-0' };
	if (/calendar/.test(part.type)) return { icon: 'calendar', name: 'ICS', tone: 'hue-7' };
	if (/zip|compressed|archive/.test(part.type)) return { icon: 'archive', name: ext || 'zip', tone: 'hue-6' };
	return { icon: 'file', name: ext, tone: 'hue-8' };
}

/* sealed: of a confidential letter, to be looked at only. */
export function Attachments({ letter, parts = letter.attachments ?? [], sealed = false }: { letter: Email; parts?: EmailBodyPart[]; sealed?: boolean }) {
	if (parts.length === 0) return null;
	const malware = malwareOf(letter), lookOnly = sealed || viewOnly();
	const total = parts.reduce((sum, p) => sum + p.size, 0);
	const shown: Viewable[] = parts.filter(p => p.blobId && !(malware?.name && malware.name === p.name)).map(p => ({ blobId: p.blobId!, name: p.name || t('mail.unnamed'), type: p.type, ...(sealed && { sealed }) }));
	return (
		<section class="letter-files" aria-label={t('mail.attachments')}>
			<h3>{t('mail.attachments-count', { n: parts.length, size: size(total) })}</h3>
			{lookOnly && <p class="files-view-only"><Icon name="eye" size={16} />{t(!sealed ? 'mail.preview-view-only' : mayPreview() ? 'mail.confidential-files' : 'mail.confidential-no-files')}</p>}
			<ul>
				{parts.map((p, i) => {
					const kind = kindOf(p), name = p.name || t('mail.unnamed');
					const gone = malware?.name && malware.name === p.name;
					const face = <><span class={`file-icon ${gone ? 'hue-5' : kind.tone}`}><Icon name={gone ? 'warn' : kind.icon} size={18} /></span><span class="file-text"><span class="cut">{name}</span><small class="num">{gone ? t('mail.attachment-gone') : [kind.name.toUpperCase(), size(p.size)].filter(Boolean).join(' · ')}</small></span></>;
					const label = { name, size: size(p.size) };
					if (gone || !p.blobId || (sealed && !mayPreview())) return <li key={p.partId ?? i}><div class="file">{face}</div></li>;
					const view = () => (viewing.value = { all: shown, at: shown.findIndex(one => one.blobId === p.blobId) });
					if (lookOnly) return <li key={p.partId ?? i}><button type="button" class="file" aria-label={t('mail.preview-open', label)} onClick={view}>{face}<Icon name="eye" size={16} /></button></li>;
					return (
						<li key={p.partId ?? i}>
							<a class="file" href={downloadUrl(client, p.blobId, name, p.type)} download={name} aria-label={t('mail.download-name', label)} onClick={e => void take(e)}>{face}<Icon name="download" size={16} /></a>
							{mayPreview() && <IconButton icon="eye" class="file-view" label={t('mail.preview-open', label)} onClick={view} />}
						</li>
					);
				})}
			</ul>
		</section>
	);
}
