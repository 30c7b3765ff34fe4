/* The list of letters: its head, or what can be done with those that are chosen, and the rows. */
import { useComputed } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { asJmapError } from '../jmap';
import { others, ownDesk } from '../jmap/account';
import { desk, store } from '../jmap/here';
import { compose } from '../shell/hooks';
import { dayStart, monthOf, number, t, weekday } from '../ui/i18n';
import { MenuButton, type MenuEntry } from '../ui/overlay';
import { Button, Checkbox, Chip, EmptyState, ErrorState, IconButton, Skeleton, cls } from '../ui/parts';
import { density } from '../ui/prefs';
import { VirtualList } from '../ui/virtual';
import { archive, emptyFolder, inRole, junk, label, markRead, mayMark, mayRemove, moveAcross, moveTo, remove, restore } from './actions';
import { folderIcon, folderName, fullName, targets } from './folders';
import { LABELS, labelName, labelsOf } from './letter';
import { Row } from './row';
import { SearchTerms } from './searchbox';
import { CHIPS, active, choose, chooseAll, ids, listError, load, open, query, rowAt, selected, setChip, total, view, wantsFocus, wholeFolder } from './view';

/* ---- groups by day ---- */

const DAY_MS = 86400e3;

/* "Today", "Yesterday", the days of this week, then months. */
function groupOf(received: string, today: number): { key: string; name: string } {
	const d = new Date(received), start = dayStart(d), days = Math.round((today - start) / DAY_MS);
	if (days <= 0) return { key: 'today', name: t('mail.today') };
	if (days === 1) return { key: 'yesterday', name: t('mail.yesterday') };
	if (days < 7) return { key: `d${start}`, name: weekday(d) };
	return { key: `m${d.getFullYear()}-${d.getMonth()}`, name: monthOf(d) };
}

function useGroups() {
	return useComputed(() => {
		const today = dayStart(new Date()), rows: number[] = [], names = new Map<number, string>();
		let last = '';
		ids.value.forEach((id, i) => {
			const e = id && store.emails.peek(id);
			if (!e) return;
			const group = groupOf(e.receivedAt, today);
			if (group.key !== last) {
				rows.push(i);
				names.set(i, group.name);
			}
			last = group.key;
		});
		void store.emails.members.value;
		return { rows, names };
	});
}

/* ---- heads ---- */

export function moveItems(rows?: string[]): MenuEntry[] {
	const here = view.value.mailbox?.id;
	const inside = targets().filter(b => b.id !== here).map(b => ({ label: fullName(b), icon: folderIcon(b), run: () => void moveTo(b, rows) }));
	const outside = [ownDesk, ...others.value].filter(one => one.id !== desk.value.id).flatMap((one): MenuEntry[] => {
		const boxes = targets(one.store).filter(b => b.role !== 'junk' && b.role !== 'trash');
		return boxes.length === 0 ? [] : [{ heading: one.own ? t('mail.own-mailbox') : one.name }, ...boxes.map(b => ({ label: fullName(b, one.store), icon: folderIcon(b), run: () => void moveAcross(one, b, rows) }))];
	});
	return [...inside, ...outside];
}

export function labelItems(rows: string[]): MenuEntry[] {
	return LABELS.map(l => ({ label: labelName(l), checked: rows.length > 0 && rows.every(id => { const e = store.emails.peek(id); return !!e && labelsOf(e).includes(l); }), run: () => void label(l, rows) }));
}

function ActionBar() {
	const chosen = [...selected.value], all = total.value ?? 0, n = wholeFolder.value ? all : chosen.length;
	const trash = inRole('trash');
	return (
		<div class="list-head acting" role="toolbar" aria-label={t('mail.actions')}>
			<Checkbox checked={chosen.length === all} mixed={chosen.length < all} hideLabel label={t('mail.choose-none')} onChange={() => chooseAll(false)} />
			<strong class="num cut" aria-live="polite">{t('mail.selected', { n })}</strong>
			<span class="grow" />
			{!mayRemove() ? null : trash ? <IconButton icon="restore" label={t('mail.restore')} onClick={() => void restore()} /> : !inRole('archive') && <IconButton icon="archive" label={t('mail.archive')} keys="e" onClick={() => void archive()} />}
			{mayRemove() && !trash && <IconButton icon="junk" label={t(inRole('junk') ? 'mail.not-junk' : 'mail.junk')} keys="!" onClick={() => void junk()} />}
			{mayRemove() && <IconButton icon="trash" label={t(trash ? 'mail.destroy' : 'mail.delete')} keys="#" onClick={() => void remove()} />}
			{mayMark() && <IconButton icon="mailOpen" label={t('mail.mark-read')} keys="Shift+i" onClick={() => void markRead(true)} />}
			<MenuButton icon="more" label={t('ui.more')} items={() => [
				...(mayMark() ? [{ label: t('mail.mark-unread'), icon: 'mail' as const, keys: 'Shift+u', run: () => void markRead(false) }] : []), ...(compose.value && desk.value.maySend && !wholeFolder.value ? [{ label: t('mail.forward-attached'), icon: 'attach' as const, run: () => compose.value!({ kind: 'attach', emailIds: chosen }) }] : []), ...(mayMark() ? [{ heading: t('mail.labels') }, ...labelItems(chosen)] : []), ...(mayRemove() ? [{ heading: t('mail.move-to') }, ...moveItems()] : []),
			]} />
		</div>
	);
}

function WholeFolder() {
	const all = total.value ?? 0, loaded = ids.value.filter(Boolean).length;
	if (selected.value.size === 0 || selected.value.size < loaded || all <= loaded) return null;
	return (
		<div class="whole">
			{wholeFolder.value ? t('mail.whole-chosen', { n: all }) : <Button small kind="ghost" onClick={() => (wholeFolder.value = true)}>{t('mail.choose-whole', { n: all })}</Button>}
		</div>
	);
}

export function viewName(): string {
	const v = view.value;
	if (v.kind === 'search') return t('mail.results');
	if (v.kind === 'starred') return t('mail.starred');
	if (v.kind === 'scheduled') return t('mail.role-scheduled');
	return v.mailbox ? folderName(v.mailbox) : '';
}

function Head() {
	const all = total.value;
	if (selected.value.size > 0) return <ActionBar />;
	const name = viewName();
	return (
		<div class="list-head">
			<Checkbox checked={false} hideLabel label={t('mail.choose-all')} disabled={!all} onChange={() => chooseAll(true)} />
			<h1 class="cut">{name}</h1>
			{!desk.value.own && <Chip kind="warn" icon="people">{desk.value.name}</Chip>}
			{all !== null && <span class="muted num">{number(all)}</span>}
			<span class="grow" />
			{(inRole('trash') || inRole('junk')) && !!all && <Button small kind="ghost" onClick={() => void emptyFolder()}>{t('mail.empty-folder')}</Button>}
			<IconButton icon="refresh" label={t('mail.refresh')} onClick={() => { store.wake(); void query.peek()?.follow(); }} />
		</div>
	);
}

function Chips() {
	const v = view.value;
	return (
		<div class="filter-chips" role="group" aria-label={t('mail.filter')}>
			{CHIPS.filter(c => v.kind !== 'starred' || c !== 'starred').map(c => <button type="button" key={c} aria-pressed={v.chip === c} onClick={() => setChip(c)}>{t(`mail.chip-${c as 'all' | 'unread' | 'starred' | 'attachments'}`)}</button>)}
		</div>
	);
}

/* ---- rows ---- */

function Empty() {
	const v = view.value;
	if (v.kind === 'nowhere') return <EmptyState icon="folder" title={t('mail.no-such-folder')} action={<a class="button" href="/mail">{t('ui.to-mail')}</a>}>{t('mail.no-such-folder-text')}</EmptyState>;
	if (v.chip !== 'all') return <EmptyState icon="check" title={t('mail.empty-chip')} action={<Button onClick={() => setChip('all')}>{t('mail.show-all')}</Button>} />;
	if (v.kind === 'search') return <EmptyState icon="search" title={t('mail.empty-search')}>{t('mail.empty-search-text')}</EmptyState>;
	if (v.kind === 'scheduled') return <EmptyState icon="clock" title={t('mail.empty-scheduled')}>{t('mail.empty-scheduled-text')}</EmptyState>;
	if (v.kind === 'starred') return <EmptyState icon="star" title={t('mail.empty-starred')}>{t('mail.empty-starred-text')}</EmptyState>;
	if (v.mailbox?.role === 'inbox') return <EmptyState icon="inbox" title={t('mail.empty-inbox')}>{t('mail.empty-inbox-text')}</EmptyState>;
	if (v.mailbox?.role === 'trash') return <EmptyState icon="trash" title={t('mail.empty-trash')}>{t('mail.empty-trash-text')}</EmptyState>;
	if (v.mailbox?.role === 'junk') return <EmptyState icon="shieldCheck" title={t('mail.empty-junk')}>{t('mail.empty-junk-text')}</EmptyState>;
	if (v.mailbox?.role === 'drafts') return <EmptyState icon="draft" title={t('mail.empty-drafts')}>{t('mail.empty-drafts-text')}</EmptyState>;
	if (v.mailbox?.role === 'sent') return <EmptyState icon="sent" title={t('mail.empty-sent')}>{t('mail.empty-sent-text')}</EmptyState>;
	return <EmptyState icon="folder" title={t('mail.empty-other')}>{t('mail.empty-other-text')}</EmptyState>;
}

const HEIGHTS = { compact: 36, cosy: 60, relaxed: 80 };
const HEADING = 32;

function rowHeight(): number {
	return density.value === 'compact' && matchMedia('(pointer: coarse)').matches ? 44 : HEIGHTS[density.value];
}

/* Where the list was, to come back to the same place. */
const places = new Map<string, number>();

function Rows() {
	const scroller = useRef<HTMLDivElement>(null);
	const groups = useGroups().value;
	const all = ids.value, key = view.value.key;
	const at = active.value ? all.indexOf(active.value) : -1;
	useLayoutEffect(() => {
		scroller.current!.scrollTop = places.get(key) ?? 0;
		return () => void places.set(key, scroller.current?.scrollTop ?? 0);
	}, [key]);
	/* The cursor has the focus while the list has it. */
	useEffect(() => {
		if (at >= 0 && scroller.current?.contains(document.activeElement)) scroller.current.querySelector<HTMLElement>(`[data-id="${CSS.escape(active.value!)}"]`)?.focus({ preventScroll: true });
	}, [at]);
	const first = useMemo(() => new Set(groups.rows), [groups]);
	const onKey = (e: KeyboardEvent) => {
		const id = (e.target as HTMLElement).dataset.id;
		if (!id) return;
		const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -all.length, End: all.length }[e.key];
		if (by !== undefined) {
			const shift = e.shiftKey, from = Math.max(0, all.indexOf(active.peek() ?? id));
			const at = Math.max(0, Math.min(all.length - 1, from + by));
			const move = (to: string | undefined) => {
				if (!to) return;
				if (shift) choose(to, true, true);
				wantsFocus.now = true;
				active.value = to;
			};
			/* At once where the row is known: the next key means it. */
			if (all[at]) move(all[at]);
			else void rowAt(at).then(move);
		} else if (e.key === 'Enter') open(active.peek() ?? id);
		else if (e.key === ' ') choose(active.peek() ?? id, !selected.peek().has(active.peek() ?? id));
		else return;
		e.preventDefault();
	};
	return (
		<div ref={scroller} class="rows" role="grid" aria-label={t('mail.list')} aria-rowcount={all.length} aria-multiselectable="true" onKeyDown={onKey}>
			<VirtualList count={all.length} rowHeight={rowHeight()} headingHeight={HEADING} headings={groups.rows} scroller={scroller} active={at} onRange={(from, to) => void load(from, to)}
				renderHeading={i => (first.has(i) ? <div class="day" role="presentation">{groups.names.get(i)}</div> : null)}
				renderRow={i => (all[i] ? <Row id={all[i]!} at={i} /> : <div class="mail-row waiting" role="row" aria-rowindex={i + 1}><span role="gridcell" class="sr">{t('ui.loading')}</span></div>)} />
		</div>
	);
}

export function List() {
	const n = total.value, failed = listError.value, kind = view.value.kind;
	return (
		<section class={cls('letters', selected.value.size > 0 && 'choosing')} aria-label={t('mail.list')}>
			{kind !== 'nowhere' && <Head />}
			{kind === 'search' && <SearchTerms />}
			{kind !== 'nowhere' && <Chips />}
			<WholeFolder />
			{failed ? <ErrorState title={t('mail.list-failed')} code={asJmapError(failed).cid || asJmapError(failed).type} onRetry={() => void load(0, 50)}>{t('mail.list-failed-text')}</ErrorState>
				: kind === 'nowhere' || n === 0 ? <Empty /> : n === null ? <Skeleton rows={9} text={kind === 'search' ? t('mail.still-searching') : undefined} /> : <Rows />}
		</section>
	);
}
