/* What goes along with a letter. */
import { t, size } from '../ui/i18n';
import { Icon, type IconName } from '../ui/icons';
import { Progress, cls } from '../ui/parts';
import type { Composer } from './composer';
import type { Attachment } from './draft';
import { mayPreview, viewing } from '../mail/preview';

function iconOf({ type }: Attachment): IconName {
	if (type.startsWith('image/')) return 'image';
	return type === 'message/rfc822' ? 'mail' : 'file';
}

function One({ composer, one }: { composer: Composer; one: Attachment }) {
	const sending = !one.blobId && !one.failed;
	return (
		<li class={cls('attached', one.failed && 'failed')}>
			<span class="attached-icon"><Icon name={one.failed ? 'warn' : iconOf(one)} size={18} /></span>
			<span class="attached-text">
				<span class="cut">{one.name || t('compose.unnamed')}</span>
				<small class="num">{one.failed ? t('compose.upload-failed') : sending ? t('compose.uploading', { percent: Math.round(one.progress * 100) }) : size(one.size)}</small>
				{sending && <Progress value={one.progress} max={1} label={t('compose.uploading-name', { name: one.name })} />}
			</span>
			{one.blobId && mayPreview() && <button type="button" class="icon-button small" aria-label={t('mail.preview-open', { name: one.name, size: size(one.size) })} onClick={() => (viewing.value = { all: [{ blobId: one.blobId!, name: one.name, type: one.type }], at: 0 })}><Icon name="eye" size={14} /></button>}
			<button type="button" class="icon-button small" aria-label={t(sending ? 'compose.cancel-upload' : 'compose.detach', { name: one.name })} onClick={() => composer.detach(one.key)}><Icon name="close" size={14} /></button>
		</li>
	);
}

/** limit: bytes of a letter that the server takes. */
export function Attachments({ composer, limit }: { composer: Composer; limit: number }) {
	const shown = composer.draft.value.attachments.filter(one => !one.cid);
	const weight = composer.weight.value;
	if (shown.length === 0 && weight < limit) return null;
	return (
		<div class="attachments">
			{shown.length > 0 && <ul class="attached-list" aria-label={t('compose.attachments')}>{shown.map(one => <One key={one.key} composer={composer} one={one} />)}</ul>}
			{weight > limit && <p class="attached-heavy" role="alert"><Icon name="warn" size={16} />{t('compose.too-heavy', { size: size(weight), limit: size(limit) })}</p>}
			{shown.length > 2 && weight <= limit && <small class="attached-sum num">{t('compose.weight', { n: shown.length, size: size(shown.reduce((sum, one) => sum + one.size, 0)) })}</small>}
		</div>
	);
}

export function DropHint() {
	return <div class="drop-hint" aria-hidden="true"><Icon name="attach" size={28} />{t('compose.drop')}</div>;
}

