/*
 * A keyboard on the screen, against programs that record keys (policy web.keyboard: off, offer, always). It writes into the field beside it; typing, pasting and
 * password managers work as ever.
 */
import { useState } from 'preact/hooks';
import type { RefObject } from 'preact';
import { t } from '../ui/i18n';
import { Button, cls } from '../ui/parts';
import { session } from '../shell/session';

const ROWS = [
	['1!', '2@', '3#', '4$', '5%', '6^', '7&', '8*', '9(', '0)', '-_', '=+'],
	['qQ', 'wW', 'eE', 'rR', 'tT', 'yY', 'uU', 'iI', 'oO', 'pP', '[{', ']}'],
	['aA', 'sS', 'dD', 'fF', 'gG', 'hH', 'jJ', 'kK', 'lL', ';:', '\'"', '\\|'],
	['zZ', 'xX', 'cC', 'vV', 'bB', 'nN', 'mM', ',<', '.>', '/?', '`~'],
];

export function Keyboard({ input, value, onInput }: { input: RefObject<HTMLInputElement>; value: string; onInput: (text: string) => void }) {
	const policy = session.value?.policy.keyboard ?? 'off';
	const [open, setOpen] = useState(policy === 'always');
	const [shift, setShift] = useState(false);
	if (policy === 'off') return null;
	const put = (text: string) => {
		const el = input.current!;
		const from = el.selectionStart ?? value.length, to = el.selectionEnd ?? value.length;
		onInput(value.slice(0, from) + text + value.slice(to));
		requestAnimationFrame(() => el.setSelectionRange(from + text.length, from + text.length));
	};
	const erase = () => {
		const el = input.current!;
		const to = el.selectionEnd ?? value.length, from = el.selectionStart === to ? Math.max(0, to - 1) : el.selectionStart ?? 0;
		onInput(value.slice(0, from) + value.slice(to));
		requestAnimationFrame(() => el.setSelectionRange(from, from));
	};
	if (!open) return <Button kind="ghost" small icon="keyboard" class="keyboard-toggle" onClick={() => setOpen(true)}>{t('signin.keyboard')}</Button>;
	return (
		<div class="keyboard" role="group" aria-label={t('signin.keyboard')}>
			{ROWS.map((row, i) => (
				<div class="keyboard-row" key={i}>
					{row.map(key => {
						const text = key[shift ? 1 : 0]!;
						return <button type="button" key={key} aria-label={text} onClick={() => put(text)}>{text}</button>;
					})}
				</div>
			))}
			<div class="keyboard-row">
				<button type="button" class={cls('wide', shift && 'on')} aria-pressed={shift} onClick={() => setShift(!shift)}>{t('signin.key-shift')}</button>
				<button type="button" class="space" aria-label={t('signin.key-space')} onClick={() => put(' ')}>{t('signin.key-space')}</button>
				<button type="button" class="wide" onClick={erase}>{t('signin.key-back')}</button>
				{policy === 'offer' && <button type="button" class="wide" onClick={() => setOpen(false)}>{t('ui.close')}</button>}
			</div>
		</div>
	);
}
