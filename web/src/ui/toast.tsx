/* Short words about what was done, with the way back. Failures of sending are never told here. */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { t } from './i18n';
import { Button, IconButton } from './parts';

export interface ToastOptions { undo?: () => void | Promise<void>; action?: { label: string; run: () => void }; ms?: number; kind?: 'plain' | 'bad' }
interface Toast extends ToastOptions { id: number; text: string }

const TOAST_MS = 8000;
const SHOWN_MAX = 3;
const toasts = signal<Toast[]>([]);
let last = 0;

/* Returns what takes it away again. What tells it may be an effect: it depends on nothing here. */
export function toast(text: string, options: ToastOptions = {}): () => void {
	const id = ++last;
	toasts.value = [...toasts.peek(), { id, text, ...options }].slice(-SHOWN_MAX);
	return () => drop(id);
}

function drop(id: number): void {
	toasts.value = toasts.peek().filter(x => x.id !== id);
}

/* The key z: what was done last is undone, as long as its toast is there. False: there is nothing. */
export function undoLast(): boolean {
	const found = [...toasts.peek()].reverse().find(x => x.undo);
	if (!found) return false;
	drop(found.id);
	void found.undo!();
	return true;
}

function One({ item }: { item: Toast }) {
	const timer = useRef(0);
	const start = () => (timer.current = window.setTimeout(() => drop(item.id), item.ms ?? TOAST_MS));
	useEffect(() => {
		start();
		return () => clearTimeout(timer.current);
	}, []);
	return (
		<div class={`toast ${item.kind ?? 'plain'}`} onPointerEnter={() => clearTimeout(timer.current)} onPointerLeave={start}>
			<span>{item.text}</span>
			{item.undo && <Button small kind="ghost" onClick={() => { drop(item.id); void item.undo!(); }}>{t('ui.undo')}</Button>}
			{item.action && <Button small kind="ghost" onClick={() => { drop(item.id); item.action!.run(); }}>{item.action.label}</Button>}
			<IconButton icon="close" size={16} label={t('ui.dismiss')} onClick={() => drop(item.id)} />
		</div>
	);
}

export function ToastHost() {
	return <div class="toasts" role="status" aria-live="polite">{toasts.value.map(x => <One key={x.id} item={x} />)}</div>;
}
