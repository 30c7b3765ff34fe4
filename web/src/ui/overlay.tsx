/* What lies over the page: dialogs, menus, tips. */
import type { ComponentChildren } from 'preact';
import { createPortal } from 'preact/compat';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { signal } from '@preact/signals';
import { t } from './i18n';
import { Icon, type IconName } from './icons';
import { Button, IconButton, Kbd, cls } from './parts';
import { useShortcuts } from './shortcuts';

/* ---- dialogs ---- */

export function Dialog({ title, children, footer, onClose, size = 'normal', hideTitle = false }: {
	title: string; children: ComponentChildren; footer?: ComponentChildren; onClose: () => void; size?: 'small' | 'normal' | 'wide' | 'drawer'; hideTitle?: boolean;
}) {
	const ref = useRef<HTMLDialogElement>(null);
	const id = useId();
	useShortcuts({ Escape: onClose }, { modal: true });
	useLayoutEffect(() => {
		const before = document.activeElement as HTMLElement | null;
		const dialog = ref.current!;
		dialog.showModal();
		dialog.querySelector<HTMLElement>('[autofocus]')?.focus();
		return () => {
			dialog.close();
			before?.focus?.();
		};
	}, []);
	return (
		<dialog ref={ref} class={cls('dialog', size)} aria-labelledby={id} onCancel={e => { e.preventDefault(); onClose(); }}
			onMouseDown={e => e.target === ref.current && onClose()}>
			<div class="dialog-body">
				<header class={hideTitle ? 'sr' : undefined}>
					<h2 id={id}>{title}</h2>
					{!hideTitle && <IconButton icon="close" label={t('ui.close')} onClick={onClose} />}
				</header>
				<div class="dialog-content">{children}</div>
				{footer && <footer>{footer}</footer>}
			</div>
		</dialog>
	);
}

interface Question { title: string; text: string; yes: string; danger: boolean; answer: (yes: boolean) => void }
const question = signal<Question | null>(null);

/* Only for what cannot be undone. */
export function confirm(title: string, text: string, yes: string, danger = false): Promise<boolean> {
	return new Promise(answer => (question.value = { title, text, yes, danger, answer }));
}

export function ConfirmHost() {
	const q = question.value;
	if (!q) return null;
	const done = (yes: boolean) => {
		question.value = null;
		q.answer(yes);
	};
	return (
		<Dialog title={q.title} size="small" onClose={() => done(false)}
			footer={<><Button onClick={() => done(false)}>{t('ui.cancel')}</Button><Button kind={q.danger ? 'danger' : 'primary'} autofocus onClick={() => done(true)}>{q.yes}</Button></>}>
			<p>{q.text}</p>
		</Dialog>
	);
}

/* ---- placing ---- */

/* Below what it belongs to, or above when there is no room; always on the screen. */
export function placeAt(el: HTMLElement, anchor: DOMRect, align: 'start' | 'end'): void {
	const { offsetWidth: w, offsetHeight: h } = el;
	const room = 8, below = anchor.bottom + 4, above = anchor.top - h - 4;
	const y = below + h + room <= innerHeight || above < room ? below : above;
	const x = align === 'end' ? anchor.right - w : anchor.left;
	el.style.top = `${Math.max(room, Math.min(y, innerHeight - h - room))}px`;
	el.style.left = `${Math.max(room, Math.min(x, innerWidth - w - room))}px`;
}

/* ---- popover and menu ---- */

export function Popover({ anchor, align = 'start', label, onClose, children, class: extra, focus = true }: {
	anchor: HTMLElement | DOMRect; align?: 'start' | 'end'; label: string; onClose: () => void; children: ComponentChildren; class?: string; focus?: boolean;
}) {
	const ref = useRef<HTMLDivElement>(null);
	useShortcuts({ Escape: onClose }, { modal: true });
	useLayoutEffect(() => placeAt(ref.current!, anchor instanceof HTMLElement ? anchor.getBoundingClientRect() : anchor, align));
	useLayoutEffect(() => {
		const before = document.activeElement as HTMLElement | null;
		if (focus) (ref.current!.querySelector<HTMLElement>('[autofocus], input, [role^=menuitem], button, a[href]') ?? ref.current!).focus();
		const outside = (e: Event) => {
			if (!ref.current?.contains(e.target as Node) && !(anchor instanceof HTMLElement && anchor.contains(e.target as Node))) onClose();
		};
		addEventListener('pointerdown', outside, true);
		addEventListener('blur', onClose);
		return () => {
			removeEventListener('pointerdown', outside, true);
			removeEventListener('blur', onClose);
			if (ref.current?.contains(document.activeElement) || document.activeElement === document.body) before?.focus?.();
		};
	}, []);
	const host = (anchor instanceof HTMLElement && anchor.closest('dialog')) || document.body;
	return createPortal(<div ref={ref} class={cls('popover', extra)} role="dialog" aria-label={label} tabIndex={-1}>{children}</div>, host);
}

export interface MenuItem {
	label: string;
	icon?: IconName;
	keys?: string;
	hint?: string;
	danger?: boolean;
	checked?: boolean;
	disabled?: boolean;
	run: () => void;
}
export type MenuEntry = MenuItem | 'line' | { heading: string };

/* Arrow keys, Home, End, first letters; Escape goes back. */
export function Menu({ anchor, align = 'start', label, items, onClose, header }: {
	anchor: HTMLElement | DOMRect; align?: 'start' | 'end'; label: string; items: MenuEntry[]; onClose: () => void; header?: ComponentChildren;
}) {
	const ref = useRef<HTMLDivElement>(null);
	const move = (e: KeyboardEvent) => {
		const all = [...ref.current!.querySelectorAll<HTMLElement>('[role^=menuitem]:not(:disabled)')];
		const at = all.indexOf(document.activeElement as HTMLElement);
		let to = -1;
		if (e.key === 'ArrowDown') to = (at + 1) % all.length;
		else if (e.key === 'ArrowUp') to = (at - 1 + all.length) % all.length;
		else if (e.key === 'Home') to = 0;
		else if (e.key === 'End') to = all.length - 1;
		else if (e.key === 'Tab') onClose();
		else if (e.key.length === 1 && !e.ctrlKey && !e.metaKey) to = all.findIndex((el, i) => i > at && el.textContent!.trim().toLowerCase().startsWith(e.key.toLowerCase()));
		if (to < 0) return;
		e.preventDefault();
		e.stopPropagation();
		all[to]!.focus();
	};
	return (
		<Popover anchor={anchor} align={align} label={label} onClose={onClose} class="menu-popover">
			{header}
			<div ref={ref} class="menu" role="menu" aria-label={label} onKeyDown={move}>
				{items.map((item, i) => item === 'line' ? <hr key={i} /> : 'heading' in item ? <div key={i} class="menu-heading" role="presentation">{item.heading}</div> : (
					<button type="button" key={i} role={item.checked === undefined ? 'menuitem' : 'menuitemradio'} aria-checked={item.checked} disabled={item.disabled} tabIndex={-1}
						class={cls('menu-item', item.danger && 'danger')} onClick={() => { onClose(); item.run(); }}>
						<span class="menu-icon">{item.checked ? <Icon name="check" size={18} /> : item.icon && <Icon name={item.icon} size={18} />}</span>
						<span class="menu-label">{item.label}{item.hint && <small>{item.hint}</small>}</span>
						{item.keys && <Kbd keys={item.keys} />}
					</button>
				))}
			</div>
		</Popover>
	);
}

/* A button that opens a menu. */
export function MenuButton({ icon, label, items, align = 'end', header, children, class: extra, disabled }: {
	icon?: IconName; label: string; items: MenuEntry[] | (() => MenuEntry[]); align?: 'start' | 'end'; header?: ComponentChildren; children?: ComponentChildren; class?: string; disabled?: boolean;
}) {
	const [open, setOpen] = useState(false);
	const ref = useRef<HTMLButtonElement>(null);
	return (
		<>
			<button type="button" ref={ref} class={cls(children ? 'menu-button' : 'icon-button', extra)} aria-label={label} aria-haspopup="menu" aria-expanded={open} disabled={disabled}
				data-tip={open ? undefined : label} onClick={() => setOpen(!open)}>
				{children ?? <Icon name={icon ?? 'more'} />}
			</button>
			{open && <Menu anchor={ref.current!} align={align} label={label} items={typeof items === 'function' ? items() : items} header={header} onClose={() => setOpen(false)} />}
		</>
	);
}

/* ---- tips: the label of an icon button, for those who see and point, or come by Tab ---- */

interface Tip { text: string; keys?: string; anchor: DOMRect }
const tip = signal<Tip | null>(null);
let tipTimer = 0;

function tipFor(target: EventTarget | null, wait: number): void {
	const el = target instanceof Element ? target.closest<HTMLElement>('[data-tip]') : null;
	clearTimeout(tipTimer);
	tip.value = null;
	if (el) tipTimer = window.setTimeout(() => el.isConnected && (tip.value = { text: el.dataset.tip!, keys: el.dataset.keys, anchor: el.getBoundingClientRect() }), wait);
}

export function TipHost() {
	const ref = useRef<HTMLDivElement>(null);
	useEffect(() => {
		const over = (e: PointerEvent) => e.pointerType === 'mouse' && tipFor(e.target, 450);
		const focus = (e: FocusEvent) => (e.target as Element).matches?.(':focus-visible') && tipFor(e.target, 300);
		const off = () => tipFor(null, 0);
		addEventListener('pointerover', over);
		addEventListener('focusin', focus);
		addEventListener('pointerdown', off, true);
		addEventListener('keydown', off, true);
		addEventListener('scroll', off, true);
		return () => {
			removeEventListener('pointerover', over);
			removeEventListener('focusin', focus);
			removeEventListener('pointerdown', off, true);
			removeEventListener('keydown', off, true);
			removeEventListener('scroll', off, true);
		};
	}, []);
	useLayoutEffect(() => {
		const el = ref.current, at = tip.value?.anchor;
		if (!el || !at) return;
		placeAt(el, at, 'start');
		el.style.left = `${Math.max(8, Math.min(at.left + at.width / 2 - el.offsetWidth / 2, innerWidth - el.offsetWidth - 8))}px`;
	});
	return tip.value && <div ref={ref} class="tip" aria-hidden="true">{tip.value.text}{tip.value.keys && <Kbd keys={tip.value.keys} />}</div>;
}
