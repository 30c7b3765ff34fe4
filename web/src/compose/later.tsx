/* Sending later. */
import { useState } from 'preact/hooks';
import { SUBMISSION } from '../jmap';
import { client } from '../jmap/account';
import { t, longDate, zoneName } from '../ui/i18n';
import { Dialog, type MenuEntry } from '../ui/overlay';
import { Button, Field } from '../ui/parts';
import type { Composer } from './composer';
import { localValue, presets, whyNot } from './schedule';

/** Seconds that a letter may wait at the server; 0: it takes none, or it could not be had back as a draft. */
export function longestWait(composer: Composer): number {
	return client.session && composer.mayReplace ? (client.accountCapability<number>(SUBMISSION, 'maxDelayedSend') ?? 0) : 0;
}

export function laterItems(choose: (at: Date) => void, other: () => void): MenuEntry[] {
	const now = new Date();
	return [
		{ heading: t('compose.later-zone', { zone: zoneName() }) },
		...presets(now).map(one => ({ label: t(`compose.later-${one.name}`), hint: longDate(one.at), icon: 'clock' as const, run: () => choose(one.at) })),
		{ label: t('compose.later-other'), icon: 'calendar' as const, run: other },
	];
}

export function LaterDialog({ longest, onChoose, onClose }: { longest: number; onChoose: (at: Date) => void; onClose: () => void }) {
	const [value, setValue] = useState(() => localValue(new Date(Date.now() + 3_600_000)));
	const at = new Date(value);
	const wrong = whyNot(at, new Date(), longest);
	return (
		<Dialog title={t('compose.later-title')} size="small" onClose={onClose}
			footer={<><Button onClick={onClose}>{t('ui.cancel')}</Button><Button kind="primary" icon="clock" disabled={wrong !== null} onClick={() => onChoose(at)}>{t('compose.later-do')}</Button></>}>
			<Field label={t('compose.later-when')} hint={wrong ? undefined : longDate(at)} error={wrong ? t(`compose.later-${wrong}`) : undefined}>
				{ids => <input class="input" type="datetime-local" autofocus id={ids.id} aria-describedby={ids.describedBy} min={localValue(new Date())} value={value} onInput={e => setValue(e.currentTarget.value)} />}
			</Field>
		</Dialog>
	);
}
