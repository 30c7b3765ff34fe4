/* What was deleted for good and can still be had back: the second stage of the bin. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { RECOVERABLE, asJmapError, type EmailAddress, type Id } from '../jmap';
import { desk } from '../jmap/here';
import { number, shortDate, size, t } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { confirm } from '../ui/overlay';
import { Button, Checkbox, EmptyState, ErrorState, IconButton, Skeleton, cls } from '../ui/parts';
import { toast } from '../ui/toast';
import { folderName } from './folders';

interface Recoverable {
	id: Id; mailboxId: Id | null; deletedAt: string; expiresAt: string; size: number; from: EmailAddress[] | null; to: EmailAddress[] | null; subject: string | null; preview: string; hasAttachment: boolean;
}
interface SetAnswer { updated: Record<Id, unknown> | null; destroyed: Id[] | null }

const PAGE = 100;
const PROPERTIES = ['id', 'mailboxId', 'deletedAt', 'expiresAt', 'size', 'from', 'to', 'subject', 'preview', 'hasAttachment'];

function daysLeft(one: Recoverable): number {
	return Math.max(0, Math.ceil((Date.parse(one.expiresAt) - Date.now()) / 86400e3));
}

function who(one: Recoverable): string {
	return (one.from ?? []).map(a => a.name || a.email).join(', ') || t('mail.no-sender');
}

export default function Recover() {
	const of = desk.value;
	const [text, setText] = useState('');
	const [list, setList] = useState<Recoverable[] | null>(null);
	const [total, setTotal] = useState(0);
	const [failed, setFailed] = useState<unknown>(null);
	const [chosen, setChosen] = useState<ReadonlySet<Id>>(new Set());
	const [busy, setBusy] = useState(false);
	const asked = useRef(0);
	const mayDestroy = of.client.accountCapability<boolean>(RECOVERABLE, 'mayDestroy') === true;

	const load = async (more = false) => {
		const turn = ++asked.current, position = more ? list?.length ?? 0 : 0;
		setFailed(null);
		try {
			const filter = text.trim() ? { text: text.trim() } : null;
			const [query, got] = await of.client.request(batch => {
				const ids = batch.call<{ ids: Id[]; total?: number }>('RecoverableEmail/query', { accountId: of.client.accountId, filter, position, limit: PAGE, calculateTotal: true });
				return Promise.all([ids, batch.call<{ list: Recoverable[] }>('RecoverableEmail/get', { accountId: of.client.accountId, '#ids': ids.ref('/ids'), properties: PROPERTIES })]);
			}, [RECOVERABLE]);
			if (turn !== asked.current) return;
			setList(before => [...(more ? before ?? [] : []), ...got.list]);
			setTotal(query.total ?? got.list.length);
		} catch (error) {
			if (turn === asked.current) setFailed(error);
		}
	};
	useEffect(() => {
		const timer = setTimeout(() => void load(), text ? 250 : 0);
		return () => clearTimeout(timer);
	}, [text, of.id]);

	const choose = (id: Id, on: boolean) => setChosen(before => {
		const next = new Set(before);
		if (on) next.add(id);
		else next.delete(id);
		return next;
	});
	const act = async (ids: Id[], args: Record<string, unknown>, told: (n: number) => string) => {
		setBusy(true);
		try {
			const { answer } = await of.client.request<{ answer: SetAnswer }>(batch => batch.call<SetAnswer>('RecoverableEmail/set', { accountId: of.client.accountId, ...args }).answer.then(answer => ({ answer })), [RECOVERABLE]);
			const done = new Set([...Object.keys(answer.updated ?? {}), ...(answer.destroyed ?? [])]);
			setList(before => before && before.filter(one => !done.has(one.id)));
			setTotal(n => n - done.size);
			setChosen(new Set(ids.filter(id => !done.has(id))));
			toast(done.size > 0 ? told(done.size) : t('mail.refused'), done.size > 0 ? {} : { kind: 'bad' });
			void of.store.sync(['Mailbox', 'Email', 'Quota']);
		} catch {
			toast(t('mail.refused'), { kind: 'bad' });
		}
		setBusy(false);
	};
	const restore = (ids: Id[]) => act(ids, { update: Object.fromEntries(ids.map(id => [id, { mailboxId: null }])) }, n => t('mail.recovered', { n }));
	const destroy = async (ids: Id[]) => {
		if (await confirm(t('mail.shred'), t('mail.shred-text', { n: ids.length }), t('mail.shred'), true)) await act(ids, { destroy: ids }, n => t('mail.destroyed', { n }));
	};
	const place = (one: Recoverable) => {
		const box = one.mailboxId ? of.store.mailboxes.at(one.mailboxId).value : undefined;
		return box ? folderName(box) : t('mail.folder-gone');
	};
	const ids = [...chosen];
	return (
		<>
			<div class={cls('list-head', ids.length > 0 && 'acting')}>
				{list && list.length > 0 && <Checkbox checked={ids.length === list.length} mixed={ids.length > 0 && ids.length < list.length} hideLabel label={t(ids.length > 0 ? 'mail.choose-none' : 'mail.choose-all')} onChange={() => setChosen(ids.length > 0 ? new Set() : new Set(list.map(one => one.id)))} />}
				<h1 class="cut">{t('mail.recover')}</h1>
				{list && <span class="muted num">{number(total)}</span>}
				<span class="grow" />
				{ids.length > 0 && <Button small kind="primary" icon="restore" busy={busy} onClick={() => void restore(ids)}>{t('mail.recover-chosen', { n: ids.length })}</Button>}
				{ids.length > 0 && mayDestroy && <IconButton icon="trash" label={t('mail.shred')} onClick={() => void destroy(ids)} />}
			</div>
			<p class="recover-note">{t('mail.recover-text')}</p>
			<label class="recover-search"><Icon name="search" size={16} /><span class="sr">{t('mail.recover-search')}</span><input class="input" type="search" placeholder={t('mail.recover-search')} value={text} onInput={e => setText(e.currentTarget.value)} /></label>
			{failed ? <ErrorState title={t('mail.list-failed')} code={asJmapError(failed).cid || asJmapError(failed).type} onRetry={() => void load()}>{t('mail.list-failed-text')}</ErrorState>
				: list === null ? <Skeleton rows={8} />
				: list.length === 0 ? <EmptyState icon="trash" title={t(text ? 'mail.empty-search' : 'mail.recover-empty')}>{text ? '' : t('mail.recover-empty-text')}</EmptyState>
				: (
					<div class="recover-scroll">
						<table class="recover-table">
							<thead><tr><td /><th scope="col">{t('mail.recover-letter')}</th><th scope="col" class="recover-wide">{t('mail.recover-from')}</th><th scope="col" class="recover-wide">{t('mail.recover-deleted')}</th><th scope="col">{t('mail.recover-left')}</th><td /></tr></thead>
							<tbody>
								{list.map(one => {
									const days = daysLeft(one), name = one.subject || t('mail.no-subject');
									return (
										<tr key={one.id} class={cls(chosen.has(one.id) && 'chosen')}>
											<td><Checkbox checked={chosen.has(one.id)} hideLabel label={t('mail.recover-choose', { name })} onChange={on => choose(one.id, on)} /></td>
											<th scope="row"><span class="cut">{name}</span><small class="cut">{who(one)} · {size(one.size)}{one.hasAttachment && <> <Icon name="attach" size={14} /></>}</small></th>
											<td class="recover-wide">{place(one)}</td>
											<td class="recover-wide num">{shortDate(new Date(one.deletedAt))}</td>
											<td class={cls('num', days <= 3 && 'recover-soon')}>{t('mail.days-left', { n: days })}</td>
											<td><IconButton icon="restore" label={t('mail.recover-one', { name })} onClick={() => void restore([one.id])} /></td>
										</tr>
									);
								})}
							</tbody>
						</table>
						{list.length < total && <p class="recover-more"><Button onClick={() => void load(true)}>{t('mail.recover-more')}</Button></p>}
					</div>
				)}
		</>
	);
}
