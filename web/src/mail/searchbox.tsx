/* The search field of the top bar, its help, and the terms of a search as chips. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { store as box } from '../jmap/here';
import { format, t, type Key } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { Chip, IconButton, Kbd, cls } from '../ui/parts';
import { store, stored } from '../ui/prefs';
import { go } from '../ui/router';
import { isComposing } from '../ui/shortcuts';
import { LABELS, labelName } from './letter';
import { parseSearch, toFilter, withoutTerm, type Term } from './search';
import { listPath, view } from './view';

const RECENT_MAX = 5;

function recent(): string[] {
	return (stored('searches') ?? '').split('\n').filter(Boolean);
}

export function search(text: string): void {
	const clean = text.trim();
	if (!clean) return go('/mail');
	store('searches', [clean, ...recent().filter(r => r !== clean)].slice(0, RECENT_MAX).join('\n'));
	go(listPath('search', { q: clean }));
}

const HINTS = ['from', 'to', 'subject', 'has', 'is', 'in', 'before', 'after', 'larger'] as const;

export function SearchBox() {
	const field = useRef<HTMLInputElement>(null);
	const current = view.value.kind === 'search' ? view.value.text : '';
	const [text, setText] = useState(current);
	const [open, setOpen] = useState(false);
	const [at, setAt] = useState(-1);
	const closing = useRef(0);
	useEffect(() => setText(current), [current]);
	const earlier = recent().filter(r => r !== text && (!text || r.includes(text)));
	const items = text && !text.endsWith(' ') ? earlier : [...earlier, ...HINTS.map(h => `${t(`mail.op-${h}` as Key)}`)];
	const take = (item: string) => {
		if (earlier.includes(item)) {
			setOpen(false);
			return search(item);
		}
		setText(`${text}${text && !text.endsWith(' ') ? ' ' : ''}${item}`);
		setAt(-1);
		field.current!.focus();
	};
	const onKey = (e: KeyboardEvent) => {
		if (isComposing(e)) return;
		if (e.key === 'ArrowDown') setAt(Math.min(items.length - 1, at + 1));
		else if (e.key === 'ArrowUp') setAt(Math.max(-1, at - 1));
		else if (e.key === 'Escape') {
			if (text) setText('');
			setOpen(false);
			field.current!.blur();
			if (view.value.kind === 'search') go('/mail');
		} else if (e.key === 'Enter') {
			if (at >= 0) take(items[at]!);
			else {
				setOpen(false);
				search(text);
				field.current!.blur();
			}
		} else return;
		e.preventDefault();
	};
	return (
		<form class="search" role="search" onSubmit={e => { e.preventDefault(); setOpen(false); search(text); }}>
			<Icon name="search" size={18} />
			<input ref={field} id="search" type="search" autocomplete="off" spellcheck={false} role="combobox" aria-expanded={open && items.length > 0} aria-controls="search-list" aria-activedescendant={at >= 0 ? `search-${at}` : undefined}
				aria-label={t('mail.search')} placeholder={t('mail.search')} value={text} onInput={e => { setText(e.currentTarget.value); setOpen(true); setAt(-1); }} onFocus={() => { clearTimeout(closing.current); setOpen(true); }} onBlur={() => (closing.current = window.setTimeout(() => setOpen(false), 120))} onKeyDown={onKey} />
			{text ? <IconButton icon="close" size={16} label={t('mail.search-clear')} onClick={() => { setText(''); if (current) go('/mail'); }} /> : <span class="search-key" aria-hidden="true"><Kbd keys="/" /></span>}
			<ul id="search-list" class="search-list" role="listbox" aria-label={t('mail.search-help')} hidden={!open || items.length === 0}>
				{items.map((item, i) => {
					const hint = HINTS[i - earlier.length];
					return (
						<li key={item} id={`search-${i}`} role="option" aria-selected={i === at} class={cls(i === at && 'on')} onMouseDown={e => { e.preventDefault(); take(item); }}>
							<Icon name={hint ? 'search' : 'clock'} size={16} /><span class={cls('grow cut', !!hint && 'mono')}>{item}</span>{hint && <small>{t(`mail.op-${hint}-hint` as Key)}</small>}
						</li>
					);
				})}
			</ul>
		</form>
	);
}

function termText(term: Term): string {
	const field = term.field ? t(`mail.field-${term.field}` as Key) : '';
	return format('{not}{field}{value}', { not: term.not ? t('mail.not') : '', field: field && `${field}${t('mail.colon')}`, value: term.value });
}

export function SearchTerms() {
	const text = view.value.text;
	const { strange } = toFilter(text, box.mailboxes.all(), new Map(LABELS.map(l => [l, labelName(l)])));
	const odd = new Set(strange.map(s => s.start));
	return (
		<div class="terms">
			{parseSearch(text).map(term => <Chip key={term.start} kind={odd.has(term.start) ? 'warn' : 'info'} removeLabel={t('mail.remove-term', { term: termText(term) })} onRemove={() => search(withoutTerm(text, term))}>{termText(term)}</Chip>)}
			{strange.length > 0 && <small role="note">{t('mail.strange-term')}</small>}
		</div>
	);
}
