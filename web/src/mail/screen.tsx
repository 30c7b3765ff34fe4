/* The mail screen: folders, list, reader; its keys. */
import { effect } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { asJmapError } from '../jmap';
import { failure, open as openDesk, others, refused, start, store } from '../jmap/account';
import { desk, deskId } from '../jmap/here';
import { Lazy } from '../shell/lazy';
import { refusal } from '../shell/api';
import { readSession } from '../shell/session';
import { useCommands, type Command } from '../shell/commands';
import { compose, connection, drawerOpen, topSlot } from '../shell/hooks';
import { t } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { Menu } from '../ui/overlay';
import { Button, EmptyState, ErrorState, Skeleton, cls } from '../ui/parts';
import { foldersShown, narrow, wide } from '../ui/prefs';
import { go } from '../ui/router';
import { toast } from '../ui/toast';
import { archive, junk, label, markRead, mayMark, mayRemove, mute, remove, star } from './actions';
import { folderIcon, fullName, knownFolders, folderName, ownFolders } from './folders';
import { LABELS, labelName } from './letter';
import { List, labelItems, moveItems, viewName } from './list';
import { Reader } from './reader';
import { SearchBox } from './searchbox';
import { Sidebar } from './sidebar';
import { active, choose, chooseAll, ids, listPath, open, openFolder, openId, ready, recovering, selected, started, step, targetRows } from './view';

/* ---- what the whole page hears of the connection ---- */

effect(() => {
	const f = failure.value;
	if (f?.kind === 'locked') refusal.value = 'locked';
	else if (f?.kind === 'signedOut') refusal.value = 'over';
	connection.value = !navigator.onLine || f?.kind === 'offline' || !store.online.value ? 'offline' : 'good';
});
/* The connection ends when the session does: then it is said so. */
effect(() => {
	if (!store.online.value && navigator.onLine) void readSession();
});
effect(() => {
	const r = refused.value;
	if (r) toast(t('mail.refused'), { kind: 'bad' });
});
/* Unlocked or signed in again. */
let before = refusal.peek();
effect(() => {
	const now = refusal.value;
	if (before !== 'none' && now === 'none' && started.peek()) store.wake();
	before = now;
});
addEventListener('online', () => store.wake());
addEventListener('offline', () => (connection.value = 'offline'));
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && started.peek() && store.wake());

/* ---- keys ---- */

function openDraftOrLetter(): void {
	const id = active.peek();
	if (id) open(id);
}

function reply(kind: 'reply' | 'replyAll' | 'forward'): void {
	const id = openId.peek() ?? active.peek();
	if (id) compose.peek()?.({ kind, emailId: id });
}

function commands(openMenu: (kind: 'move' | 'label') => void): Command[] {
	const list = t('mail.group-list'), letter = t('mail.group-letter'), to = t('mail.group-go');
	const role = (name: string) => () => go(listPath(name, {}, ''));
	const write: Command[] = compose.value ? [
		{ label: t('mail.reply'), keys: 'r', icon: 'reply', group: letter, run: () => reply('reply') },
		{ label: t('mail.reply-all'), keys: 'a', icon: 'replyAll', group: letter, run: () => reply('replyAll') },
		{ label: t('mail.forward'), keys: 'f', icon: 'forward', group: letter, run: () => reply('forward') },
	] : [];
	const away: Command[] = mayRemove() ? [
		{ label: t('mail.archive'), keys: 'e', icon: 'archive', group: letter, run: () => void archive() },
		{ label: t('mail.delete'), keys: '#|Delete', icon: 'trash', group: letter, run: () => void remove() },
		{ label: t('mail.junk'), keys: '!', icon: 'junk', group: letter, run: () => void junk() },
		{ label: t('mail.mute'), keys: 'm', icon: 'bell', group: letter, run: () => void mute() },
		{ label: t('mail.move'), keys: 'v', icon: 'move', group: letter, run: () => openMenu('move') },
	] : [];
	const marks: Command[] = mayMark() ? [
		{ label: t('mail.star'), keys: 's', icon: 'star', group: letter, run: () => star() },
		{ label: t('mail.mark-read'), keys: 'Shift+i', icon: 'mailOpen', group: letter, run: () => void markRead(true) },
		{ label: t('mail.mark-unread'), keys: 'Shift+u', icon: 'mail', group: letter, run: () => void markRead(false) },
		{ label: t('mail.labels'), keys: 'l', icon: 'label', group: letter, run: () => openMenu('label') },
		...LABELS.map(l => ({ label: `${t('mail.labels')}: ${labelName(l)}`, group: letter, run: () => void label(l) })),
	] : [];
	return [
		...write, ...away, ...marks,
		{ label: t('mail.older'), keys: 'j', group: list, hidden: true, run: () => step(1) },
		{ label: t('mail.newer'), keys: 'k', group: list, hidden: true, run: () => step(-1) },
		{ label: t('mail.open'), keys: 'o|Enter', group: list, hidden: true, run: openDraftOrLetter },
		{ label: t('mail.to-list'), keys: 'u', group: list, hidden: true, run: () => open(null) },
		{ label: t('mail.choose-one'), keys: 'x', group: list, hidden: true, run: () => { const id = active.peek(); if (id) choose(id, !selected.peek().has(id)); } },
		{ label: t('mail.choose-all'), keys: 'ctrl+a|* a', group: list, hidden: true, run: () => chooseAll(true) },
		{ label: t('mail.choose-none'), keys: '* n', group: list, hidden: true, run: () => chooseAll(false) },
		{ label: t('mail.search'), keys: '/', icon: 'search', group: list, run: () => document.getElementById('search')?.focus() },
		{ label: t('mail.role-inbox'), keys: 'g i', icon: 'inbox', group: to, hidden: true, run: role('inbox') },
		{ label: t('mail.starred'), keys: 'g s', icon: 'star', group: to, run: role('starred') },
		{ label: t('mail.role-drafts'), keys: 'g d', icon: 'draft', group: to, hidden: true, run: role('drafts') },
		{ label: t('mail.role-sent'), keys: 'g t', icon: 'sent', group: to, hidden: true, run: role('sent') },
		{ label: t('mail.role-archive'), keys: 'g a', icon: 'archive', group: to, hidden: true, run: role('archive') },
		...knownFolders().map(b => ({ label: folderName(b), icon: folderIcon(b), group: to, run: () => openFolder(b) })),
		...ownFolders(true).map(n => ({ label: fullName(n.box), icon: folderIcon(n.box), group: to, run: () => openFolder(n.box) })),
		...others.value.flatMap(one => knownFolders(one.store).map(b => ({ label: `${one.name} / ${folderName(b)}`, icon: folderIcon(b), group: to, run: () => openFolder(b, one.id) }))),
	];
}

function Keys() {
	const [menu, setMenu] = useState<{ kind: 'move' | 'label'; rows: string[] } | null>(null);
	useCommands(commands(kind => {
		const rows = targetRows();
		if (rows.length > 0) setMenu({ kind, rows });
	}).map(c => (c.keys?.startsWith('ctrl+a') ? { ...c, run: e => selectAll(e, c.run) } : c)));
	if (!menu) return null;
	const anchor = document.querySelector<HTMLElement>('.reader-bar, .list-head')!;
	return <Menu anchor={anchor} label={t(menu.kind === 'move' ? 'mail.move-to' : 'mail.labels')} items={menu.kind === 'move' ? moveItems(menu.rows) : labelItems(menu.rows)} onClose={() => setMenu(null)} />;
}

/* In a field or the text of a letter, the browser's own. */
function selectAll(e: KeyboardEvent | undefined, run: () => void): void {
	const inside = document.activeElement;
	if (inside?.closest('.rows, .list-head') || inside === document.body || !e) run();
}

/* ---- new letters, told politely ---- */

function Announcer() {
	const inbox = store.mailbox('inbox');
	const unread = inbox?.unreadEmails ?? 0;
	const last = useRef(unread);
	const [text, setText] = useState('');
	useEffect(() => {
		if (unread > last.current) setText(t('mail.arrived', { n: unread - last.current }));
		last.current = unread;
	}, [unread]);
	useEffect(() => {
		document.title = `${unread > 0 ? `(${unread}) ` : ''}${viewName() || t('ui.mail')} · Letterlock`;
	});
	return <div class="sr" role="status" aria-live="polite">{text}</div>;
}

const loadRecover = () => import('./recover');

/* ---- the screen ---- */

function useFocusBack(): void {
	const was = useRef<string | null>(null);
	const id = openId.value;
	useEffect(() => {
		if (was.current && !id) {
			active.value = ids.peek().includes(was.current) ? was.current : active.peek();
			setTimeout(() => document.querySelector<HTMLElement>(`.mail-row[data-id="${CSS.escape(active.peek() ?? '')}"]`)?.focus({ preventScroll: true }));
		}
		was.current = id;
		if (id) active.value = id;
	}, [id]);
}

export default function MailScreen() {
	const [failed, setFailed] = useState<unknown>(null);
	const begin = () => {
		setFailed(null);
		start().then(() => {
			started.value = true;
		}, setFailed);
	};
	useEffect(() => {
		begin();
		topSlot.value = <SearchBox />;
		return () => void (topSlot.value = null);
	}, []);
	useEffect(() => {
		if (started.value) void openDesk(desk.value);
	}, [started.value, desk.value]);
	useFocusBack();
	if (failed && !started.value) {
		const error = asJmapError(failed);
		if (error.kind === 'signedOut' || error.kind === 'locked') return null;
		/* Who administers has an account and no mail. */
		if (error.type === 'http403') return <EmptyState title={t('mail.no-mailbox')} action={<Button onClick={() => go('/settings/security')}>{t('mail.no-mailbox-settings')}</Button>}>{t('mail.no-mailbox-text')}</EmptyState>;
		return <ErrorState title={t('mail.start-failed')} code={error.cid || error.type} onRetry={begin}>{t('mail.start-failed-text')}</ErrorState>;
	}
	if (!started.value) return <Skeleton rows={10} />;
	const reading = openId.value !== null;
	return (
		<div class={cls('mail', reading && 'reading', (narrow.value ? drawerOpen.value : foldersShown.value) && 'with-folders')}>
			<Keys />
			<Announcer />
			<div class="folders-pane">{narrow.value && drawerOpen.value && <button type="button" class="scrim" aria-label={t('ui.close')} onClick={() => (drawerOpen.value = false)} />}<Sidebar /></div>
			{recovering.value ? <section class="letters recover-pane" key={deskId.value}><Lazy load={loadRecover} /></section> : !ready.value ? <Skeleton rows={10} /> : null}
			{ready.value && !recovering.value && (!reading || wide.value) && <List />}
			{narrow.value && !reading && compose.value && selected.value.size === 0 && <button type="button" class="fab" aria-label={t('mail.new')} onClick={() => compose.value!({ kind: 'new' })}><Icon name="compose" size={24} /></button>}
			{ready.value && !recovering.value && (reading || wide.value) && <Reader />}
		</div>
	);
}

