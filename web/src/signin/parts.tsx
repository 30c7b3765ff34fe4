/* Parts of the sign-in's forms. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { maybe, t } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { Banner, Button, CopyText, Field, IconButton } from '../ui/parts';
import { session } from '../shell/session';
import { busy, failure, mustWait } from './flow';
import { Keyboard } from './keyboard';
import { working } from './work';

/* Seconds until a time; the form comes back when they are over. */
export function Countdown({ from, onEnd }: { from: number; onEnd: () => void }) {
	const [left, setLeft] = useState(from);
	useEffect(() => {
		const until = Date.now() + from * 1000;
		const timer = setInterval(() => {
			const now = Math.ceil((until - Date.now()) / 1000);
			setLeft(Math.max(0, now));
			if (now <= 0) onEnd();
		}, 500);
		return () => clearInterval(timer);
	}, [from]);
	return <strong class="num">{left}</strong>;
}

/* What went wrong. It never says which part of name and password it was. */
export function Failed() {
	const f = failure.value;
	if (!f) return null;
	const faults = f.faults?.map(fault => maybe(`signin.fault-${fault}`, { n: session.value?.policy.password_min ?? 12 })).filter(Boolean);
	return (
		<div role="alert" class="signin-failed">
			<Banner kind="bad" icon="warn">
				<p>{maybe(`signin.error-${f.code}`) ?? t('signin.error-internal')}</p>
				{mustWait.value > 0 && <p>{t('signin.wait-before')} <Countdown from={mustWait.value} onEnd={() => (failure.value = null)} /> {t('signin.wait-after')}</p>}
				{faults && faults.length > 0 && <ul>{faults.map(text => <li key={text}>{text}</li>)}</ul>}
				{f.code === 'internal' && f.cid && <CopyText text={f.cid} label={t('ui.error-code')} />}
			</Banner>
		</div>
	);
}

/* A proof of work is under way: what it is for, and how long. */
export function Working() {
	const at = working.value;
	return (
		<p class="signin-working" role="status">
			{at !== 'no' && <><span class="spinner" aria-hidden="true" />{at === 'computing' ? t('signin.computing') : t('signin.waiting', { n: at })}</>}
		</p>
	);
}

/* after: what stands below the button. */
export function Form({ title, text, children, after, submit, onSubmit, disabled = false }: {
	title: string; text?: string; children: ComponentChildren; after?: ComponentChildren; submit?: string; onSubmit: () => void; disabled?: boolean;
}) {
	const ref = useRef<HTMLFormElement>(null);
	useEffect(() => ref.current?.querySelector<HTMLElement>('[data-first]')?.focus(), []);
	return (
		<form ref={ref} class="signin-form" onSubmit={e => { e.preventDefault(); if (!mustWait.value) onSubmit(); }}>
			<h1>{title}</h1>
			{text && <p class="muted">{text}</p>}
			<Failed />
			{children}
			{submit && <Button kind="primary" type="submit" busy={busy.value} disabled={disabled || mustWait.value > 0}>{submit}</Button>}
			<Working />
			{after}
		</form>
	);
}

/* With a button that shows it, and a keyboard on the screen where policy has one. Pasting and password managers always work. */
export function Password({ label, value, onInput, name, autocomplete, first, hint, board = false }: {
	label: string; value: string; onInput: (text: string) => void; name: string; autocomplete: string; first?: boolean; hint?: string; board?: boolean;
}) {
	const [shown, setShown] = useState(false);
	const input = useRef<HTMLInputElement>(null);
	return (
		<Field label={label} hint={hint}>
			{ids => (
				<>
					<span class="signin-password">
						<input ref={input} class="input" id={ids.id} aria-describedby={ids.describedBy} name={name} type={shown ? 'text' : 'password'} autocomplete={autocomplete}
							autocapitalize="off" spellcheck={false} required value={value} data-first={first || undefined} onInput={e => onInput(e.currentTarget.value)} />
						<IconButton icon="eye" label={t(shown ? 'signin.hide' : 'signin.show')} aria-pressed={shown} onClick={() => setShown(!shown)} />
					</span>
					{board && <Keyboard input={input} value={value} onInput={onInput} />}
				</>
			)}
		</Field>
	);
}

export function Link({ children, onClick }: { children: ComponentChildren; onClick: () => void }) {
	return <button type="button" class="signin-link" onClick={onClick}>{children}</button>;
}

export function Waiting({ text }: { text: string }) {
	return <p class="signin-waiting"><Icon name="clock" size={18} />{text}</p>;
}
