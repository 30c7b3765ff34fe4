import { useState } from 'preact/hooks';
import { t } from '../ui/i18n';
import { Button, Segmented, Switch } from '../ui/parts';
import { conversations, density, images, imagesFrom, locale, receipts, shortcutsOn, store, theme, type Images, type Locale, type Receipts } from '../ui/prefs';
import { toast } from '../ui/toast';
import { UNDO_SECONDS, undoSeconds, writePlain } from '../compose/prefs';
import { notifying, possible, turnOff, turnOn } from '../notify/notify';
import { Card, Line, Page } from './parts';

const IMAGES: Images[] = ['ask', 'show', 'never'];
const RECEIPTS: Receipts[] = ['ask', 'colleagues', 'never'];
const LANGUAGES: [Locale, string][] = [['en', 'English'], ['zh-CN', '简体中文'], ['zh-TW', '繁體中文']];

function takeMailLinks(): void {
	navigator.registerProtocolHandler('mailto', `${location.origin}/mail?mailto=%s`);
	toast(t('settings.mailto-asked'));
}

function Notices() {
	const [busy, setBusy] = useState(false);
	const state = notifying.value;
	const change = (on: boolean) => {
		setBusy(true);
		void (on ? turnOn() : turnOff()).catch(() => toast(t('settings.problem-other'), { kind: 'bad' })).finally(() => setBusy(false));
	};
	return (
		<Card title={t('notify.title')}>
			<Switch label={t('notify.switch')} hint={t('notify.hint')} checked={state === 'on' || state === 'page'} disabled={busy} onChange={change} />
			{state === 'page' && <p class="muted">{t('notify.page')}</p>}
			{state === 'blocked' && <p class="muted" role="alert">{t('notify.blocked')}</p>}
		</Card>
	);
}

export default function General() {
	return (
		<Page title={t('settings.general')} lead={t('settings.general-lead')}>
			<Card title={t('settings.look')}>
				<Line label={t('ui.language')}>
					<select class="select" aria-label={t('ui.language')} value={locale.value} onChange={e => { store('locale-chosen', '1'); locale.value = e.currentTarget.value as Locale; }}>
						{LANGUAGES.map(([value, label]) => <option key={value} value={value} lang={value}>{label}</option>)}
					</select>
				</Line>
				<Line label={t('ui.theme')}>
					<Segmented label={t('ui.theme')} value={theme.value} onChange={value => (theme.value = value)}
						options={[{ value: 'auto', label: t('ui.theme-auto') }, { value: 'light', label: t('ui.theme-light'), icon: 'sun' }, { value: 'dark', label: t('ui.theme-dark'), icon: 'moon' }]} />
				</Line>
				<Line label={t('ui.density')}>
					<Segmented label={t('ui.density')} value={density.value} onChange={value => (density.value = value)}
						options={[{ value: 'compact', label: t('ui.density-compact') }, { value: 'cosy', label: t('ui.density-cosy') }, { value: 'relaxed', label: t('ui.density-relaxed') }]} />
				</Line>
			</Card>
			<Card title={t('settings.reading')}>
				<Switch label={t('settings.conversations')} hint={t('settings.conversations-hint')} checked={conversations.value} onChange={on => (conversations.value = on)} />
				<Line label={t('settings.images')} hint={t(`settings.images-${images.value}-hint`)}>
					<select class="select" aria-label={t('settings.images')} value={images.value} onChange={e => (images.value = e.currentTarget.value as Images)}>
						{IMAGES.map(one => <option key={one} value={one}>{t(`settings.images-${one}`)}</option>)}
					</select>
				</Line>
				{images.value === 'ask' && imagesFrom.value.length > 0 && <Line label={t('settings.images-from', { n: imagesFrom.value.length })}><Button small onClick={() => (imagesFrom.value = [])}>{t('settings.images-forget')}</Button></Line>}
				<Line label={t('settings.receipts')} hint={t(`settings.receipts-${receipts.value}-hint`)}>
					<select class="select" aria-label={t('settings.receipts')} value={receipts.value} onChange={e => (receipts.value = e.currentTarget.value as Receipts)}>
						{RECEIPTS.map(one => <option key={one} value={one}>{t(`settings.receipts-${one}`)}</option>)}
					</select>
				</Line>
				<Switch label={t('ui.shortcuts-on')} hint={t('settings.shortcuts-hint')} checked={shortcutsOn.value} onChange={on => (shortcutsOn.value = on)} />
			</Card>
			{possible() && <Notices />}
			<Card title={t('settings.writing')}>
				<Line label={t('settings.undo')} hint={t('settings.undo-hint')}>
					<select class="select" aria-label={t('settings.undo')} value={String(undoSeconds.value)} onChange={e => (undoSeconds.value = Number(e.currentTarget.value))}>
						{UNDO_SECONDS.map(n => <option key={n} value={String(n)}>{n === 0 ? t('settings.undo-off') : t('settings.seconds', { n })}</option>)}
					</select>
				</Line>
				<Switch label={t('settings.plain')} hint={t('settings.plain-hint')} checked={writePlain.value} onChange={on => (writePlain.value = on)} />
				{'registerProtocolHandler' in navigator && <Line label={t('settings.mailto')} hint={t('settings.mailto-hint')}><Button onClick={takeMailLinks}>{t('settings.mailto-do')}</Button></Line>}
			</Card>
		</Page>
	);
}
