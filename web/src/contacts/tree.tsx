/* The tree at the left: the organisation with its departments, the own contacts, their groups. A tree as WAI-ARIA means it. */
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../ui/i18n';
import { Icon, type IconName } from '../ui/icons';
import { cls } from '../ui/parts';
import { departments, own, type Department } from './book';

export type Choice = { kind: 'org'; department: string } | { kind: 'own' } | { kind: 'group'; key: string };
interface Node { id: string; label: string; level: number; icon: IconName; choice: Choice; children: Node[] }

const closed = signal<ReadonlySet<string>>(new Set());
const openedDeep = signal<ReadonlySet<string>>(new Set());

function ofDepartment(one: Department): Node {
	return { id: `o/${one.path}`, label: one.name, level: one.level + 1, icon: 'folder', choice: { kind: 'org', department: one.path }, children: one.children.map(ofDepartment) };
}

function nodes(): Node[] {
	const groups = (own.value ?? []).filter(one => one.group);
	return [
		{ id: 'o', label: t('contacts.organisation'), level: 1, icon: 'people', choice: { kind: 'org', department: '' }, children: (departments.value ?? []).map(ofDepartment) },
		{ id: 'c', label: t('contacts.own'), level: 1, icon: 'person', choice: { kind: 'own' }, children: groups.map(one => ({ id: one.key, label: one.name, level: 2, icon: 'label' as IconName, choice: { kind: 'group' as const, key: one.key }, children: [] })) },
	];
}

/* Two levels are open at first. */
const isOpen = (node: Node) => (node.level <= 1 ? !closed.value.has(node.id) : openedDeep.value.has(node.id));

function toggle(node: Node, open: boolean): void {
	const set = new Set(node.level <= 1 ? closed.value : openedDeep.value);
	if (open === (node.level > 1)) set.add(node.id);
	else set.delete(node.id);
	(node.level <= 1 ? closed : openedDeep).value = set;
}

function visible(list: readonly Node[]): Node[] {
	return list.flatMap(node => [node, ...(isOpen(node) ? visible(node.children) : [])]);
}

export function idOf(choice: Choice): string {
	return choice.kind === 'org' ? (choice.department ? `o/${choice.department}` : 'o') : choice.kind === 'own' ? 'c' : choice.key;
}

export function Tree({ chosen, onChoose }: { chosen: Choice; onChoose: (choice: Choice) => void }) {
	const all = visible(nodes()), current = idOf(chosen);
	const [focus, setFocus] = useState(current);
	const ref = useRef<HTMLDivElement>(null);
	const move = useRef(false);
	useEffect(() => setFocus(current), [current]);
	useEffect(() => {
		if (move.current) ref.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
		move.current = false;
	}, [focus]);
	const at = Math.max(0, all.findIndex(node => node.id === focus));
	const to = (node: Node | undefined) => {
		if (!node) return;
		move.current = true;
		setFocus(node.id);
	};
	const onKey = (e: KeyboardEvent) => {
		const node = all[at]!;
		if (e.key === 'ArrowDown') to(all[at + 1]);
		else if (e.key === 'ArrowUp') to(all[at - 1]);
		else if (e.key === 'Home') to(all[0]);
		else if (e.key === 'End') to(all[all.length - 1]);
		else if (e.key === 'ArrowRight' && node.children.length && !isOpen(node)) toggle(node, true);
		else if (e.key === 'ArrowRight') to(node.children[0]);
		else if (e.key === 'ArrowLeft' && node.children.length && isOpen(node)) toggle(node, false);
		else if (e.key === 'ArrowLeft') to([...all.slice(0, at)].reverse().find(one => one.level < node.level));
		else if (e.key === 'Enter' || e.key === ' ') onChoose(node.choice);
		else return;
		e.preventDefault();
		e.stopPropagation();
	};
	return (
		<div class="book-tree" role="tree" aria-label={t('ui.contacts')} ref={ref} onKeyDown={onKey}>
			{all.map((node, i) => (
				<div key={node.id} role="treeitem" aria-level={node.level} aria-selected={node.id === current} aria-expanded={node.children.length ? isOpen(node) : undefined} tabIndex={i === at ? 0 : -1}
					class={cls('book-node', node.id === current && 'on')} style={{ paddingLeft: `${8 + (node.level - 1) * 16}px` }} onFocus={() => setFocus(node.id)} onClick={() => { setFocus(node.id); onChoose(node.choice); }}>
					<span class={cls('book-twist', node.children.length > 0 && isOpen(node) && 'open')} aria-hidden="true" onClick={e => { if (node.children.length) { e.stopPropagation(); toggle(node, !isOpen(node)); } }}>
						{node.children.length > 0 && <Icon name="right" size={14} />}
					</span>
					<Icon name={node.icon} size={18} /><span class="cut">{node.label}</span>
				</div>
			))}
		</div>
	);
}
