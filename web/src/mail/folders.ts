/* Mailboxes as people see them: the known ones first, then their own as a tree. */
import { signal } from '@preact/signals';
import type { Mailbox, MailboxRole, Store } from '../jmap';
import { store } from '../jmap/here';
import { collator, t, type Key } from '../ui/i18n';
import type { IconName } from '../ui/icons';
import { store as keep, stored } from '../ui/prefs';

const ROLES: Partial<Record<MailboxRole, { icon: IconName; order: number }>> = {
	inbox: { icon: 'inbox', order: 1 }, scheduled: { icon: 'clock', order: 3 }, sent: { icon: 'sent', order: 4 }, drafts: { icon: 'draft', order: 5 }, archive: { icon: 'archive', order: 6 },
	junk: { icon: 'junk', order: 7 }, trash: { icon: 'trash', order: 8 },
};

export function isKnown(box: Mailbox): boolean {
	return box.role !== null && box.role in ROLES;
}

export function folderName(box: Mailbox): string {
	return isKnown(box) ? t(`mail.role-${box.role}` as Key) : box.name;
}

export function folderIcon(box: Mailbox): IconName {
	return (box.role && ROLES[box.role]?.icon) || 'folder';
}

/* The part of the address: the role where there is one, so that links outlive a folder that is made anew. */
export function folderPath(box: Mailbox): string {
	return isKnown(box) ? box.role! : box.id;
}

export function folderByPath(path: string): Mailbox | undefined {
	return store.mailboxes.all().find(b => (isKnown(b) ? b.role === path : b.id === path));
}

export function knownFolders(of: Store = store): Mailbox[] {
	return of.mailboxes.all().filter(isKnown).sort((a, b) => ROLES[a.role!]!.order - ROLES[b.role!]!.order);
}

export interface Node { box: Mailbox; depth: number; hasChildren: boolean }

const closedFolders = signal(new Set((stored('folders-closed') ?? '').split(' ').filter(Boolean)));
export function isClosed(id: string): boolean {
	return closedFolders.value.has(id);
}
export function setClosed(id: string, closed: boolean): void {
	const next = new Set(closedFolders.value);
	if (closed) next.add(id);
	else next.delete(id);
	closedFolders.value = next;
	keep('folders-closed', [...next].join(' '));
}

/* One's own folders in the order of the tree; what lies in a closed one is left out unless all are wanted. */
export function ownFolders(all = false, of: Store = store): Node[] {
	const boxes = of.mailboxes.all().filter(b => !isKnown(b) && b.role !== 'all' && b.role !== 'flagged');
	const order = (a: Mailbox, b: Mailbox) => a.sortOrder - b.sortOrder || collator().compare(a.name, b.name);
	const children = new Map<string | null, Mailbox[]>();
	const ids = new Set(boxes.map(b => b.id));
	for (const b of boxes) {
		const parent = b.parentId && ids.has(b.parentId) ? b.parentId : null;
		children.set(parent, [...(children.get(parent) ?? []), b]);
	}
	const out: Node[] = [];
	const walk = (parent: string | null, depth: number) => {
		for (const box of (children.get(parent) ?? []).sort(order)) {
			const hasChildren = children.has(box.id);
			out.push({ box, depth, hasChildren });
			if (hasChildren && (all || !isClosed(box.id))) walk(box.id, depth + 1);
		}
	};
	walk(null, 0);
	return out;
}

/* "财务 / 2026 年度 / 预算" */
export function fullName(box: Mailbox, of: Store = store): string {
	const names = [folderName(box)];
	const byId = new Map(of.mailboxes.all().map(b => [b.id, b]));
	for (let b = byId.get(box.parentId ?? ''); b && names.length < 10; b = byId.get(b.parentId ?? '')) names.unshift(folderName(b));
	return names.join(' / ');
}

/* Where letters may be put. */
export function targets(of: Store = store): Mailbox[] {
	return [...knownFolders(of).filter(b => b.role !== 'scheduled' && b.role !== 'drafts' && b.role !== 'sent'), ...ownFolders(true, of).map(n => n.box)].filter(b => b.myRights.mayAddItems);
}
