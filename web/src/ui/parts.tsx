/* Small parts that every screen uses. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { t } from './i18n';
import { Icon, type IconName } from './icons';

export function cls(...names: (string | false | null | undefined)[]): string {
	return names.filter(Boolean).join(' ');
}

type Kind = 'primary' | 'default' | 'ghost' | 'danger';
interface ButtonProps extends Omit<JSX.ButtonHTMLAttributes<HTMLButtonElement>, 'icon' | 'size'> {
	kind?: Kind;
	busy?: boolean;
	icon?: IconName;
	small?: boolean;
	children: ComponentChildren;
}

export function Button({ kind = 'default', busy = false, icon, small, children, class: extra, ...rest }: ButtonProps) {
	return (
		<button type="button" {...rest} class={cls('button', kind, small && 'small', extra as string)} aria-busy={busy || undefined} disabled={rest.disabled || busy}>
			{busy ? <span class="spinner" aria-hidden="true" /> : icon && <Icon name={icon} size={small ? 16 : 18} />}
			<span>{children}</span>
		</button>
	);
}

interface IconButtonProps extends Omit<JSX.ButtonHTMLAttributes<HTMLButtonElement>, 'icon' | 'label' | 'size'> {
	icon: IconName;
	label: string;
	/* The key that does the same, shown in the tip. */
	keys?: string;
	fill?: boolean;
	size?: number;
}

export function IconButton({ icon, label, keys, fill, size, class: extra, ...rest }: IconButtonProps) {
	return (
		<button type="button" {...rest} class={cls('icon-button', extra as string)} aria-label={label} aria-keyshortcuts={undefined} data-tip={label} data-keys={keys}>
			<Icon name={icon} fill={fill} size={size} />
		</button>
	);
}

export function Chip({ kind = 'plain', icon, children, onRemove, removeLabel }: {
	kind?: 'plain' | 'ok' | 'warn' | 'bad' | 'info' | 'external' | 'label';
	icon?: IconName; children: ComponentChildren; onRemove?: () => void; removeLabel?: string;
}) {
	return (
		<span class={cls('chip', kind)}>
			{icon && <Icon name={icon} size={14} />}
			<span class="chip-text">{children}</span>
			{onRemove && <button type="button" class="chip-remove" aria-label={removeLabel ?? t('ui.remove')} onClick={onRemove}><Icon name="close" size={12} /></button>}
		</span>
	);
}

export function Banner({ kind = 'info', icon, title, children, actions }: {
	kind?: 'info' | 'ok' | 'warn' | 'bad' | 'external'; icon?: IconName; title?: ComponentChildren; children?: ComponentChildren; actions?: ComponentChildren;
}) {
	return (
		<div class={cls('banner', kind)} role={kind === 'bad' ? 'alert' : 'note'}>
			<Icon name={icon ?? (kind === 'bad' || kind === 'warn' ? 'warn' : kind === 'ok' ? 'check' : 'info')} size={18} />
			<div class="banner-text">{title && <strong>{title}</strong>}{title && children ? ' ' : ''}{children}</div>
			{actions && <div class="banner-actions">{actions}</div>}
		</div>
	);
}

/* Initials on a calm colour that is always the same for one address. */
export function Avatar({ name, address, size = 36 }: { name: string; address: string; size?: number }) {
	return <span class={`avatar hue-${hue(address)}`} style={{ width: `${size}px`, height: `${size}px`, fontSize: `${Math.max(12, Math.round(size * 0.4))}px` }} aria-hidden="true">{initials(name || address)}</span>;
}

export const HUES = 10;
function hue(text: string): number {
	let h = 7;
	for (const c of text.toLowerCase()) h = (h * 31 + c.codePointAt(0)!) >>> 0;
	return h % HUES;
}

/* 张伟 → 伟 would be a given name; people read the surname first: 张. Latin: first letters of first and last word. */
export function initials(name: string): string {
	const clean = name.replace(/[("'<[].*$/, '').trim() || name.replace(/^["'<([]+/, '');
	const han = /\p{Script=Han}|\p{Script=Hangul}|\p{Script=Hiragana}|\p{Script=Katakana}/u.exec(clean);
	if (han && clean.startsWith(han[0])) return han[0];
	const words = clean.split(/[\s._@-]+/).filter(w => /^[\p{L}\p{N}]/u.test(w));
	const first = words[0] ? [...words[0]][0]! : '?';
	const last = words.length > 1 && !name.includes('@') ? [...words[words.length - 1]!][0]! : '';
	return (first + last).toUpperCase();
}

export function EmptyState({ icon = 'mail', title, children, action }: { icon?: IconName; title: string; children?: ComponentChildren; action?: ComponentChildren }) {
	return (
		<div class="state">
			<span class="state-icon"><Icon name={icon} size={40} /></span>
			<h2>{title}</h2>
			{children && <p>{children}</p>}
			{action}
		</div>
	);
}

/* What failed, whether anything is lost, what to do, and a code for whoever helps. */
export function ErrorState({ title, children, code, onRetry }: { title: string; children?: ComponentChildren; code?: string; onRetry?: () => void }) {
	return (
		<div class="state" role="alert">
			<span class="state-icon bad"><Icon name="warn" size={40} /></span>
			<h2>{title}</h2>
			{children && <p>{children}</p>}
			{onRetry && <Button kind="primary" icon="refresh" onClick={onRetry}>{t('ui.retry')}</Button>}
			{code && <CopyText text={code} label={t('ui.error-code')} />}
		</div>
	);
}

export function CopyText({ text, label }: { text: string; label: string }) {
	const [copied, setCopied] = useState(false);
	const copy = async () => {
		await navigator.clipboard?.writeText(text);
		setCopied(true);
	};
	return <p class="copy"><span>{label}</span> <code>{text}</code> <Button small kind="ghost" onClick={copy}>{copied ? t('ui.copied') : t('ui.copy')}</Button></p>;
}

/* Nothing for a moment, then rows as high as what will be there; after three seconds, words. */
export function Skeleton({ rows = 6, height, text }: { rows?: number; height?: number; text?: string }) {
	const [stage, setStage] = useState(0);
	useEffect(() => {
		const timers = [setTimeout(() => setStage(1), 150), setTimeout(() => setStage(2), 3000)];
		return () => timers.forEach(clearTimeout);
	}, []);
	if (stage === 0) return <div aria-busy="true" />;
	return (
		<div class="skeleton" aria-busy="true" role="status" aria-label={t('ui.loading')}>
			{stage === 2 && <p class="skeleton-text">{text ?? t('ui.still-loading')}</p>}
			{Array.from({ length: rows }, (_, i) => (
				<div class="skeleton-row" key={i} style={height ? { height: `${height}px` } : undefined}><i /><span><b /><b /></span></div>
			))}
		</div>
	);
}

export function Checkbox({ checked, mixed, label, hideLabel, onChange, ...rest }: {
	checked: boolean; mixed?: boolean; label: string; hideLabel?: boolean; onChange: (checked: boolean, e: MouseEvent | Event) => void;
} & Omit<JSX.InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'checked' | 'label'>) {
	const ref = useRef<HTMLInputElement>(null);
	useEffect(() => {
		if (ref.current) ref.current.indeterminate = !!mixed;
	}, [mixed]);
	return (
		<label class={cls('checkbox', hideLabel && 'bare-box')}>
			<input {...rest} ref={ref} type="checkbox" checked={checked} aria-label={hideLabel ? label : undefined} onClick={e => onChange(e.currentTarget.checked, e)} />
			{!hideLabel && <span>{label}</span>}
		</label>
	);
}

export function Switch({ checked, label, hint, onChange, disabled }: { checked: boolean; label: string; hint?: string; onChange: (on: boolean) => void; disabled?: boolean }) {
	const id = useId();
	return (
		<label class="switch-row">
			<span class="switch-text"><span>{label}</span>{hint && <small id={id}>{hint}</small>}</span>
			<input type="checkbox" role="switch" class="switch" checked={checked} disabled={disabled} aria-describedby={hint ? id : undefined} onChange={e => onChange(e.currentTarget.checked)} />
		</label>
	);
}

export function Segmented<T extends string>({ label, value, options, onChange }: {
	label: string; value: T; options: readonly { value: T; label: string; icon?: IconName }[]; onChange: (value: T) => void;
}) {
	const name = useId();
	return (
		<fieldset class="segmented">
			<legend class="sr">{label}</legend>
			{options.map(o => (
				<label key={o.value}>
					<input type="radio" name={name} checked={o.value === value} onChange={() => onChange(o.value)} />
					<span>{o.icon && <Icon name={o.icon} size={16} />}{o.label}</span>
				</label>
			))}
		</fieldset>
	);
}

export function Field({ label, hint, error, children }: { label: string; hint?: string; error?: string; children: (ids: { id: string; describedBy?: string }) => ComponentChildren }) {
	const id = useId();
	const note = error ?? hint;
	return (
		<div class={cls('field', !!error && 'wrong')}>
			<label for={id}>{label}</label>
			{children({ id, describedBy: note ? `${id}-note` : undefined })}
			{note && <small id={`${id}-note`} role={error ? 'alert' : undefined}>{note}</small>}
		</div>
	);
}

export function Progress({ value, max, label, kind }: { value: number; max: number; label: string; kind?: 'warn' | 'bad' }) {
	const part = max > 0 ? Math.min(1, value / max) : 0;
	return (
		<div class={cls('progress', kind)} role="progressbar" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(part * 100)} aria-label={label}>
			<i style={{ width: `${part * 100}%` }} />
		</div>
	);
}

export function Tabs<T extends string>({ label, value, options, onChange }: { label: string; value: T; options: readonly { value: T; label: string }[]; onChange: (value: T) => void }) {
	const move = (e: KeyboardEvent) => {
		const step = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0;
		if (!step) return;
		const at = options.findIndex(o => o.value === value);
		const next = (at + step + options.length) % options.length;
		onChange(options[next]!.value);
		(e.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('[role=tab]')[next]?.focus();
	};
	return (
		<div class="tabs" role="tablist" aria-label={label} onKeyDown={move}>
			{options.map(o => <button type="button" role="tab" key={o.value} aria-selected={o.value === value} tabIndex={o.value === value ? 0 : -1} onClick={() => onChange(o.value)}>{o.label}</button>)}
		</div>
	);
}

export function Kbd({ keys }: { keys: string }) {
	const mac = /Mac|iPhone|iPad/.test(navigator.platform);
	const shown = (k: string) => ({ ctrl: mac ? '⌘' : 'Ctrl', Shift: '⇧', Escape: 'Esc', Enter: '↵', ArrowUp: '↑', ArrowDown: '↓', Delete: 'Del' })[k] ?? (k.length === 1 ? k.toUpperCase() : k);
	return <span class="keys">{keys.split(' ').map((chord, i) => <span key={i}>{chord.split('+').filter(Boolean).map(k => <kbd key={k}>{k === '#' || k === '?' || k === '/' || k === '!' ? k : shown(k)}</kbd>)}</span>)}</span>;
}
