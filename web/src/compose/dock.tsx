/* All letters that are being written: panels beside each other at the bottom, one over all, or tabs. */
import { useEffect } from 'preact/hooks';
import { effect } from '@preact/signals';
import { beforeLock } from '../shell/lock';
import { refusal } from '../shell/api';
import { store } from '../jmap/account';
import { t } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { Dialog } from '../ui/overlay';
import { Button, IconButton, cls } from '../ui/parts';
import { narrow } from '../ui/prefs';
import { close, composers, openError } from './open';
import type { Composer } from './composer';
import { Panel } from './panel';
import { tooLate } from './late';

/** Side by side there is room for so many. */
const DOCKED_MOST = 2;

/* What was opened last keeps its place; older ones become tabs. */
function arrange(all: readonly Composer[]): void {
	const open = all.filter(one => one.view.value !== 'minimised');
	const most = narrow.value ? 1 : Math.max(1, Math.min(DOCKED_MOST, Math.floor(innerWidth / 680)));
	for (const one of open.slice(0, Math.max(0, open.length - most))) one.view.value = 'minimised';
}

function saveAll(): void {
	for (const one of composers.peek()) void one.save();
}

function Tab({ composer }: { composer: Composer }) {
	const show = () => {
		for (const one of composers.peek()) if (narrow.value && one !== composer) one.view.value = 'minimised';
		composers.value = [...composers.peek().filter(one => one !== composer), composer];
		composer.view.value = 'docked';
	};
	return (
		<div class="compose-tab">
			<button type="button" class="compose-tab-open" onClick={show}><Icon name="draft" size={16} /><span class="cut">{composer.title.value || t('compose.new')}</span></button>
			<IconButton icon="close" size={14} label={t('compose.close')} onClick={() => void composer.save(true).then(() => { if (composer.saving.peek() !== 'failed') { composer.end(); close(composer); } })} />
		</div>
	);
}

export default function Dock() {
	const all = composers.value;
	useEffect(() => {
		beforeLock.add(saveAll);
		const leaving = (e: BeforeUnloadEvent) => {
			if (composers.peek().some(one => one.saving.peek() === 'dirty' || one.saving.peek() === 'failed' || one.saving.peek() === 'saving')) e.preventDefault();
		};
		const hidden = () => document.visibilityState === 'hidden' && saveAll();
		addEventListener('beforeunload', leaving);
		addEventListener('visibilitychange', hidden);
		/* The person is back, or the connection is. */
		const stop = effect(() => {
			if (refusal.value === 'none' && store.online.value) saveAll();
		});
		/* Another device saved or removed a draft that is open here. */
		const watch = effect(() => {
			const gone = store.emails.difference.value?.destroyed ?? [];
			for (const one of composers.peek()) if (one.draftId && gone.includes(one.draftId)) void one.lookForOther().catch(() => {});
		});
		return () => {
			beforeLock.delete(saveAll);
			removeEventListener('beforeunload', leaving);
			removeEventListener('visibilitychange', hidden);
			stop();
			watch();
		};
	}, []);
	useEffect(() => arrange(all), [all, all.map(one => one.view.value).join()]);
	const open = all.filter(one => one.view.value !== 'minimised');
	const full = open.some(one => one.view.value === 'full') || (narrow.value && open.length > 0);
	return (
		<>
			{full && <div class="compose-scrim" aria-hidden="true" />}
			<div class={cls('dock', full && 'has-full')}>
				{all.map(one => (one.view.value === 'minimised' ? <Tab key={one.key} composer={one} /> : <Panel key={one.key} composer={one} />))}
			</div>
			{openError.value && (
				<Dialog title={t('compose.open-failed')} size="small" onClose={() => (openError.value = null)} footer={<Button kind="primary" autofocus onClick={() => (openError.value = null)}>{t('ui.close')}</Button>}>
					<p>{t('compose.open-failed-text')}</p>
				</Dialog>
			)}
			{tooLate.value && (
				<Dialog title={t('compose.too-late')} size="small" onClose={() => (tooLate.value = false)} footer={<Button kind="primary" autofocus onClick={() => (tooLate.value = false)}>{t('ui.close')}</Button>}>
					<p>{t('compose.too-late-text')}</p>
				</Dialog>
			)}
		</>
	);
}
