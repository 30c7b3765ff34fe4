/* A list of people of any length; colleagues come in pages as the list is scrolled. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { t } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { Avatar, Button, EmptyState, ErrorState, Skeleton, cls } from '../ui/parts';
import { VirtualList } from '../ui/virtual';
import { collator, colleagues, own } from './book';
import { fits, type Person } from './card';
import type { Choice } from './tree';

export interface People { list: readonly Person[]; more: boolean; loading: boolean; failed: boolean; next: () => void; again: () => void }

function ownOf(choice: Choice): Person[] {
	const all = (own.value ?? []).filter(one => !one.group);
	if (choice.kind !== 'group') return all;
	const members = new Set(own.value?.find(one => one.key === choice.key)?.members);
	return all.filter(one => members.has(one.uid));
}

function foundOwn(text: string): Person[] {
	const { compare } = collator();
	return (own.value ?? []).filter(one => !one.group).map(person => ({ person, fit: fits(person, text) })).filter(one => one.fit > 0)
		.sort((a, b) => b.fit - a.fit || compare(a.person.name, b.person.name)).map(one => one.person);
}

/** What a choice in the tree shows, or what a text finds everywhere. */
export function usePeople(choice: Choice, text: string): People {
	const [pages, setPages] = useState<{ list: Person[]; next: string | null } | null>(null);
	const [loading, setLoading] = useState(false);
	const [failed, setFailed] = useState(false);
	const department = choice.kind === 'org' ? choice.department : '';
	const remote = text !== '' || choice.kind === 'org';
	const turn = useRef(0);
	const read = async (after: string | null, former: Person[]) => {
		const mine = ++turn.current;
		setLoading(true);
		setFailed(false);
		try {
			const page = await colleagues(text ? '' : department, text, after);
			if (mine !== turn.current) return;
			const known = new Set(former.map(one => one.key));
			setPages({ list: [...former, ...page.people.filter(one => !known.has(one.key))], next: page.next });
		} catch {
			if (mine === turn.current) setFailed(true);
		}
		if (mine === turn.current) setLoading(false);
	};
	useEffect(() => {
		if (!remote) {
			turn.current++;
			setLoading(false);
			setFailed(false);
			return;
		}
		setPages(null);
		const timer = setTimeout(() => void read(null, []), text ? 120 : 0);
		return () => clearTimeout(timer);
	}, [remote, department, text]);
	const list = text ? [...foundOwn(text), ...(pages?.list ?? [])] : remote ? pages?.list ?? [] : ownOf(choice);
	return {
		list, more: remote && !!pages?.next, loading: remote ? loading || (!pages && !failed) : own.value === null, failed,
		next: () => { if (pages?.next && !loading) void read(pages.next, pages.list); }, again: () => void read(null, []),
	};
}

const ROW = 60;

export function PeopleList({ people, active, onActive, onOpen, empty, checked, label }: {
	people: People; active: string | null; onActive: (person: Person) => void; onOpen?: (person: Person) => void; empty: preact.ComponentChildren;
	/** With boxes: those that are chosen. */
	checked?: ReadonlySet<string>; label: string;
}) {
	const scroller = useRef<HTMLDivElement>(null);
	const id = useId();
	const { list } = people;
	const at = list.findIndex(one => one.key === active);
	const onKey = (e: KeyboardEvent) => {
		const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -list.length, End: list.length }[e.key];
		if (step !== undefined && list.length) onActive(list[Math.max(0, Math.min(list.length - 1, at + step))]!);
		else if ((e.key === 'Enter' || e.key === ' ') && list[at]) onOpen?.(list[at]!);
		else return;
		e.preventDefault();
	};
	if (people.failed && list.length === 0) return <ErrorState title={t('contacts.failed')} onRetry={people.again} />;
	if (people.loading && list.length === 0) return <Skeleton rows={8} height={ROW} />;
	if (list.length === 0) return <>{empty}</>;
	return (
		<div class="people-list" ref={scroller} role="listbox" aria-label={label} aria-multiselectable={checked ? true : undefined} tabIndex={0} aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined} onKeyDown={onKey}>
			<VirtualList count={list.length} rowHeight={ROW} headingHeight={0} headings={[]} scroller={scroller} active={at} renderHeading={() => null}
				onRange={(_, to) => { if (people.more && to >= list.length - 10) people.next(); }}
				renderRow={i => {
					const one = list[i]!, on = checked ? checked.has(one.key) : one.key === active;
					const side = [one.position, one.department.split('/').at(-1) || one.company].filter(Boolean).join(' · ');
					return (
						<div id={`${id}-${i}`} role="option" aria-selected={on} aria-posinset={i + 1} aria-setsize={people.more ? -1 : list.length} class={cls('person-row', on && 'on', one.key === active && 'here')}
							onClick={() => { onActive(one); onOpen?.(one); }}>
							{checked && <span class={cls('person-box', on && 'on')} aria-hidden="true">{on && <Icon name="check" size={14} />}</span>}
							<Avatar name={one.name} address={one.emails[0]?.value ?? one.name} size={36} />
							<span class="grow person-text"><span class="cut">{one.name}</span><small class="cut">{one.emails[0]?.value ?? one.phones[0]?.value}</small></span>
							{side && <small class="cut person-side">{side}</small>}
						</div>
					);
				}} />
		</div>
	);
}

export function NoPeople({ text, onAdd }: { text: string; onAdd?: () => void }) {
	return text ? <EmptyState icon="search" title={t('contacts.none-found')}>{t('contacts.none-found-text')}</EmptyState>
		: <EmptyState icon="people" title={t('contacts.none')} action={onAdd && <Button kind="primary" icon="plus" onClick={onAdd}>{t('contacts.add')}</Button>}>{onAdd && t('contacts.none-text')}</EmptyState>;
}
