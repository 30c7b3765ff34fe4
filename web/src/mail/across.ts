/* Letters from one mailbox into another one of the session. */
import type { Id, Mailbox } from '../jmap';
import type { Desk } from '../jmap/account';
import { desk } from '../jmap/here';
import { t } from '../ui/i18n';
import { toast } from '../ui/toast';
import { folderName } from './folders';

interface Copied { created: Record<Id, { id: Id }> | null; notCreated: Record<Id, unknown> | null }

/* From one account into another: a copy, then the original goes. The new ids, in the order of the old ones; undefined: it stayed. */
async function carry(from: Desk, to: Desk, letters: { id: Id; mailboxIds: Record<Id, boolean> }[]): Promise<(Id | undefined)[]> {
	const create = Object.fromEntries(letters.map((one, i) => [`c${i}`, { id: one.id, mailboxIds: one.mailboxIds }]));
	const answer = await to.client.call<Copied>('Email/copy', { accountId: to.id, fromAccountId: from.id, create, onSuccessDestroyOriginal: true });
	for (const one of [from, to]) void one.store.sync();
	return letters.map((_, i) => answer.created?.[`c${i}`]?.id);
}

const ACROSS = 50;

/* Into a folder of another mailbox; undone by the way back. */
export async function moveAcross(to: Desk, box: Mailbox, ids: Id[], back: () => void): Promise<void> {
	const from = desk.peek();
	const letters = ids.map(id => ({ id, mailboxIds: { [box.id]: true } }));
	const places = new Map(ids.map(id => [id, { ...(from.store.emails.peek(id)?.mailboxIds ?? {}) }]));
	const moved: { id: Id; mailboxIds: Record<Id, boolean> }[] = [];
	try {
		for (let at = 0; at < letters.length; at += ACROSS) {
			const some = letters.slice(at, at + ACROSS);
			(await carry(from, to, some)).forEach((id, i) => id && moved.push({ id, mailboxIds: places.get(some[i]!.id)! }));
		}
	} catch {
		/* counted below */
	}
	if (moved.length < letters.length) {
		back();
		toast(t('mail.refused'), { kind: 'bad' });
	}
	if (moved.length === 0) return;
	toast(t('mail.moved', { n: moved.length, folder: `${to.own ? '' : `${to.name} / `}${folderName(box)}` }), { undo: () => { back(); void carry(to, from, moved).catch(() => toast(t('mail.refused'), { kind: 'bad' })); } });
}
