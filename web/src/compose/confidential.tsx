/* Making a letter confidential: for how long, and who of its recipients could not read it (docs/confidential.md). */
import { useState } from 'preact/hooks';
import type { EmailAddress } from '../jmap';
import { longestConfidence, mayConfide } from '../jmap/confidential';
import { longDate, t } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { Dialog, MenuButton, type MenuEntry } from '../ui/overlay';
import { Button, Field, cls } from '../ui/parts';
import type { Composer } from './composer';
import { endOf, sameLifetime, type Lifetime } from './lifetime';
import { isOutside } from './recipients';
import { localValue, whyNot } from './schedule';

const DAY = 86_400;
/* A bound that is none: no form of dates goes further. */
const FAR = 7000 * 365 * DAY;
const DAYS = [1, 7, 30] as const;

export function outsidersOf(composer: Composer, inside: ReadonlySet<string>): EmailAddress[] {
	const { to, cc, bcc } = composer.draft.value;
	return [...to, ...cc, ...bcc].filter(one => isOutside(one, inside));
}

/** Why a confidential letter cannot leave at that moment. */
export function barredBy(composer: Composer, inside: ReadonlySet<string>, at: Date | null): 'sealedOutside' | 'sealedOver' | 'sealedLate' | null {
	const { confidential } = composer.draft.peek();
	if (!confidential) return null;
	if (outsidersOf(composer, inside).length > 0) return 'sealedOutside';
	const end = endOf(confidential, at ?? new Date());
	if (!end) return null;
	if (end.getTime() <= Date.now()) return 'sealedOver';
	return at && end <= at ? 'sealedLate' : null;
}

function choices(composer: Composer, other: () => void): MenuEntry[] {
	const now = composer.draft.peek().confidential, longest = longestConfidence(composer.desk.client);
	const choose = (value: Lifetime | null) => composer.change({ confidential: value });
	const fits = (days: number) => longest === 0 || days * DAY <= longest;
	return [
		{ heading: t('compose.sealed-heading') },
		{ label: t('compose.sealed-off'), checked: now === null, run: () => choose(null) },
		...DAYS.filter(fits).map(days => ({ label: t(`compose.sealed-${days}`), checked: sameLifetime(now, { days }), run: () => choose({ days }) })),
		{ label: t('compose.sealed-date'), checked: now !== null && now !== 'always' && 'until' in now, run: other },
		...(longest === 0 ? [{ label: t('compose.sealed-always'), checked: now === 'always', run: () => choose('always') }] : []),
	];
}

function DateDialog({ composer, onClose }: { composer: Composer; onClose: () => void }) {
	const [value, setValue] = useState(() => localValue(new Date(Date.now() + 3 * DAY * 1000)));
	const at = new Date(value), wrong = whyNot(at, new Date(), longestConfidence(composer.desk.client) || FAR);
	const choose = () => {
		composer.change({ confidential: { until: at.toISOString().replace(/\.\d+/, '') } });
		onClose();
	};
	return (
		<Dialog title={t('compose.sealed-date-title')} size="small" onClose={onClose}
			footer={<><Button onClick={onClose}>{t('ui.cancel')}</Button><Button kind="primary" icon="lock" disabled={wrong !== null} onClick={choose}>{t('compose.sealed-date-do')}</Button></>}>
			<Field label={t('compose.sealed-date-when')} hint={wrong ? undefined : longDate(at)} error={wrong ? t(`compose.sealed-wrong-${wrong}`) : undefined}>
				{ids => <input class="input" type="datetime-local" autofocus id={ids.id} aria-describedby={ids.describedBy} min={localValue(new Date())} value={value} onInput={e => setValue(e.currentTarget.value)} />}
			</Field>
		</Dialog>
	);
}

/** In the foot of a letter; nothing where it may not be asked for. */
export function Confide({ composer }: { composer: Composer }) {
	const [asking, setAsking] = useState(false);
	const { confidential } = composer.draft.value;
	if (!mayConfide(composer.desk.client) && !confidential) return null;
	return (
		<>
			<MenuButton icon="lock" label={t(confidential ? 'compose.sealed-on' : 'compose.sealed')} class={cls(confidential && 'sealed-on')} align="start" items={() => choices(composer, () => setAsking(true))} />
			{asking && <DateDialog composer={composer} onClose={() => setAsking(false)} />}
		</>
	);
}

function howLong(life: Lifetime): string {
	if (life === 'always') return t('compose.sealed-for-always');
	return 'days' in life ? t('compose.sealed-for-days', { n: life.days }) : t('compose.sealed-for-until', { date: longDate(new Date(life.until)) });
}

/** Says what the recipients will see; and who cannot read it at all. */
export function ConfideStrip({ composer, inside }: { composer: Composer; inside: ReadonlySet<string> }) {
	const { confidential } = composer.draft.value;
	if (!confidential) return null;
	const outside = new Set(outsidersOf(composer, inside).map(one => one.email));
	const remove = (e: MouseEvent) => {
		/* Its button goes: writing goes on where recipients are. */
		(e.currentTarget as Element).closest('.compose')!.querySelector<HTMLElement>('.address-input')!.focus();
		const { to, cc, bcc } = composer.draft.peek(), stays = (one: EmailAddress) => !outside.has(one.email);
		composer.change({ to: to.filter(stays), cc: cc.filter(stays), bcc: bcc.filter(stays) });
	};
	return (
		<>
			<p class="sealed-strip" role="status"><Icon name="lock" size={14} /><span class="grow">{t('compose.sealed-means', { life: howLong(confidential) })}</span></p>
			{outside.size > 0 && (
				<div class="sealed-strip bad" role="alert"><Icon name="warn" size={14} /><span class="grow">{t('compose.sealed-outsiders', { n: outside.size })}</span>
					<Button small onClick={remove}>{t('compose.sealed-remove')}</Button>
					<Button small onClick={e => { (e.currentTarget as Element).closest('.compose')!.querySelector<HTMLElement>('.compose-subject')!.focus(); composer.change({ confidential: null }); }}>{t('compose.sealed-end')}</Button></div>
			)}
		</>
	);
}
