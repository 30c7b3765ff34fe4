/* Folders with their counts; letters can be dropped on them. */
import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { RECOVERABLE, SUBMISSION, type Mailbox } from '../jmap';
import { open as openDesk, others, ownDesk, type Desk } from '../jmap/account';
import { desk, store } from '../jmap/here';
import { compose, drawerOpen } from '../shell/hooks';
import { number, size, t } from '../ui/i18n';
import { Icon, type IconName } from '../ui/icons';
import { Dialog, MenuButton, confirm, type MenuEntry } from '../ui/overlay';
import { Button, Field, IconButton, Progress, cls } from '../ui/parts';
import { toast } from '../ui/toast';
import { emptyFolder, moveAcross, moveTo } from './actions';
import { folderIcon, folderName, folderPath, isClosed, knownFolders, ownFolders, setClosed, type Node } from './folders';
import { listPath, recovering, view } from './view';

/* Rows that are being dragged. */
export const dragged = signal<readonly string[]>([]);
export const DRAG_TYPE = 'application/x-letterlock';

function countOf(box: Mailbox): { n: number; strong: boolean } {
	if (box.role === 'drafts' || box.role === 'scheduled') return { n: box.totalEmails, strong: false };
	if (box.role === 'sent' || box.role === 'trash') return { n: 0, strong: false };
	return { n: box.unreadEmails, strong: box.role !== 'junk' };
}

function Link({ href, icon, name, current, count, strong, unread, depth = 0, twist, box, of = ownDesk }: {
	href: string; icon: IconName; name: string; current: boolean; count: number; strong?: boolean; unread?: boolean; depth?: number; twist?: Node; box?: Mailbox; of?: Desk;
}) {
	const [over, setOver] = useState(false);
	const drop = box && box.myRights.mayAddItems ? {
		onDragOver: (e: DragEvent) => {
			if (!e.dataTransfer?.types.includes(DRAG_TYPE)) return;
			e.preventDefault();
			setOver(true);
		},
		onDragLeave: () => setOver(false),
		onDrop: (e: DragEvent) => {
			e.preventDefault();
			setOver(false);
			void (of.id === desk.peek().id ? moveTo(box, [...dragged.value]) : moveAcross(of, box, [...dragged.value]));
		},
	} : {};
	return (
		<li class={cls('folder', over && 'over')} {...drop}>
			{twist?.hasChildren && (
				<button type="button" class="twist" style={{ left: `${depth * 14}px` }} aria-expanded={!isClosed(twist.box.id)} aria-label={t(isClosed(twist.box.id) ? 'mail.folder-open' : 'mail.folder-close', { name })} onClick={() => setClosed(twist.box.id, !isClosed(twist.box.id))}>
					<Icon name={isClosed(twist.box.id) ? 'right' : 'down'} size={14} />
				</button>
			)}
			<a href={href} aria-current={current ? 'page' : undefined} class={cls(unread && 'unread')} style={{ paddingLeft: `${16 + depth * 14}px` }} onClick={() => (drawerOpen.value = false)}>
				<Icon name={icon} size={18} />
				<span class="grow cut">{name}</span>
				{count > 0 && <span class={cls('count num', strong && 'strong')}><span aria-hidden="true">{number(count)}</span><span class="sr">{t('mail.unread-count', { n: count })}</span></span>}
			</a>
			{box && <FolderMenu box={box} of={of} />}
		</li>
	);
}

function FolderMenu({ box, of }: { box: Mailbox; of: Desk }) {
	const items: MenuEntry[] = [];
	const unread = box.unreadEmails;
	if (!box.role && box.myRights.mayRename) items.push({ label: t('mail.folder-rename'), icon: 'draft', run: () => (editing.value = { box, parentId: box.parentId, of }) });
	if (box.myRights.mayCreateChild && !box.role) items.push({ label: t('mail.folder-new-below'), icon: 'plus', run: () => (editing.value = { box: null, parentId: box.id, of }) });
	if ((box.role === 'trash' || box.role === 'junk') && box.myRights.mayRemoveItems && view.value.mailbox?.id === box.id) items.push({ label: t('mail.empty-folder'), icon: 'trash', danger: true, run: () => void emptyFolder() });
	if (!box.role && box.myRights.mayDelete) items.push({ label: t('mail.folder-delete'), icon: 'trash', danger: true, run: () => void deleteFolder(box, of) });
	if (items.length === 0) return null;
	return <MenuButton icon="more" label={`${t('mail.folder-menu', { name: folderName(box) })}${unread > 0 ? '' : ''}`} items={items} class="folder-menu" />;
}

async function deleteFolder(box: Mailbox, of: Desk): Promise<void> {
	if (box.totalEmails > 0) return void toast(t('mail.folder-not-empty', { name: box.name, n: box.totalEmails }), { kind: 'bad' });
	if (!(await confirm(t('mail.folder-delete'), t('mail.folder-delete-text', { name: box.name }), t('mail.folder-delete'), true))) return;
	await change(of, { destroy: [box.id] });
}

const editing = signal<{ box: Mailbox | null; parentId: string | null; of: Desk } | null>(null);

async function change(of: Desk, args: Record<string, unknown>): Promise<boolean> {
	try {
		const answer = await of.client.set<Mailbox>('Mailbox', args);
		await of.store.mailboxes.sync();
		const refused = { ...answer.notCreated, ...answer.notUpdated, ...answer.notDestroyed };
		if (Object.keys(refused).length === 0) return true;
	} catch {
		/* told below */
	}
	toast(t('mail.folder-failed'), { kind: 'bad' });
	return false;
}

function FolderDialog({ box, parentId, of }: { box: Mailbox | null; parentId: string | null; of: Desk }) {
	const [name, setName] = useState(box?.name ?? '');
	const close = () => (editing.value = null);
	const save = async (e: Event) => {
		e.preventDefault();
		const clean = name.trim();
		if (clean && (await change(of, box ? { update: { [box.id]: { name: clean } } } : { create: { n: { name: clean, parentId } } }))) close();
	};
	return (
		<Dialog title={t(box ? 'mail.folder-rename' : 'mail.folder-new')} size="small" onClose={close}
			footer={<><Button onClick={close}>{t('ui.cancel')}</Button><Button kind="primary" type="submit" form="folder-form" disabled={!name.trim()}>{t('ui.save')}</Button></>}>
			<form id="folder-form" onSubmit={save}>
				<Field label={t('mail.folder-name')}>{ids => <input class="input" autofocus maxLength={100} id={ids.id} value={name} onInput={e => setName(e.currentTarget.value)} />}</Field>
			</form>
		</Dialog>
	);
}

function QuotaBar() {
	const quota = store.quotas.all().find(q => q.resourceType === 'octets' && q.scope === 'account') ?? store.quotas.all().find(q => q.resourceType === 'octets');
	if (!quota || !quota.hardLimit) return null;
	const part = quota.used / quota.hardLimit;
	const text = t('mail.quota', { used: size(quota.used), limit: size(quota.hardLimit) });
	return <div class="quota"><Progress value={quota.used} max={quota.hardLimit} label={text} kind={part > 0.95 ? 'bad' : part > 0.8 ? 'warn' : undefined} /><small class="num">{text}</small></div>;
}

/* Where deleted letters can be had back, as far as this person may. */
function mayRecover(of: Desk): boolean {
	return of.client.accountHas(RECOVERABLE) && of.client.accountCapability<boolean>(RECOVERABLE, 'mayRestore') === true;
}

function rows(of: Desk, boxes: { box: Mailbox; node?: Node }[]) {
	const v = view.value, account = of.own ? '' : of.id;
	return boxes.map(({ box, node }) => {
		const { n, strong } = countOf(box);
		const link = <Link key={box.id} href={listPath(folderPath(box), {}, account)} icon={folderIcon(box)} name={folderName(box)} current={v.mailbox?.id === box.id} count={n} strong={strong} unread={strong && box.unreadEmails > 0} depth={node?.depth} twist={node} box={box} of={of} />;
		if (box.role !== 'trash' || !mayRecover(of)) return link;
		return [link, <Link key="recover" href={listPath('recover', {}, account)} icon="restore" name={t('mail.recover')} current={recovering.value && desk.value.id === of.id} count={0} depth={1} />];
	});
}

/* A mailbox of somebody else: its own heading, its own folders. */
function SharedFolders({ of }: { of: Desk }) {
	const unread = of.store.mailbox('inbox')?.unreadEmails ?? 0;
	useEffect(() => void openDesk(of), [of.id]);
	return (
		<section class="shared-folders" aria-label={of.name}>
			<div class="folders-head"><h2 class="cut" data-tip={of.address}>{of.name}</h2>{unread > 0 && <span class="sr">{t('mail.unread-count', { n: unread })}</span>}</div>
			<ul>{rows(of, knownFolders(of.store).map(box => ({ box })))}{rows(of, ownFolders(false, of.store).map(node => ({ box: node.box, node })))}</ul>
		</section>
	);
}

export function Sidebar() {
	const known = knownFolders(ownDesk.store), own = ownFolders(false, ownDesk.store);
	return (
		<nav class="folders" aria-label={t('mail.folders')}>
			{compose.value && <Button kind="primary" icon="compose" class="new-letter" onClick={() => compose.value!({ kind: 'new' })}>{t('mail.new')}</Button>}
			<ul>
				{rows(ownDesk, known.filter(b => b.role === 'inbox').map(box => ({ box })))}
				<Link href={listPath('starred', {}, '')} icon="star" name={t('mail.starred')} current={view.value.kind === 'starred' && desk.value.own} count={0} />
				{ownDesk.client.has(SUBMISSION) && !known.some(b => b.role === 'scheduled') && <Link href={listPath('scheduled', {}, '')} icon="clock" name={t('mail.role-scheduled')} current={view.value.kind === 'scheduled' && desk.value.own} count={0} />}
				{rows(ownDesk, known.filter(b => b.role !== 'inbox').map(box => ({ box })))}
			</ul>
			<div class="folders-head"><h2>{t('mail.own-folders')}</h2><IconButton icon="plus" size={16} label={t('mail.folder-new')} onClick={() => (editing.value = { box: null, parentId: null, of: ownDesk })} /></div>
			<ul>{rows(ownDesk, own.map(node => ({ box: node.box, node })))}</ul>
			{others.value.map(of => <SharedFolders key={of.id} of={of} />)}
			<QuotaBar />
			{editing.value && <FolderDialog {...editing.value} />}
		</nav>
	);
}
