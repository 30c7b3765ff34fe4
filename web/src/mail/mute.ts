/* Conversations of which nothing more is wanted: what comes to them goes past the inbox. */
import type { QueryResponse } from '../jmap';
import { effect, untracked } from '@preact/signals';
import { client, store } from '../jmap/account';
import { isBoolean, kept } from '../ui/prefs';

/* The keyword that other programs use for it as well. */
export const MUTED = '$muted';
/* Whether this person ever does so: else nobody has to ask. */
export const mutes = kept<boolean>('mutes', false, isBoolean);
const MOST = 100;

/** What is new in such conversations is read and archived. */
export async function quietMuted(): Promise<void> {
	const inbox = store.mailbox('inbox'), archive = store.mailbox('archive');
	if (!mutes.value || !inbox || !archive) return;
	const { ids } = await client.call<QueryResponse>('Email/query', { accountId: client.accountId, filter: { operator: 'AND', conditions: [{ inMailbox: inbox.id }, { someInThreadHaveKeyword: MUTED }] }, limit: MOST });
	if (ids.length === 0) return;
	await client.set('Email', { update: Object.fromEntries(ids.map(id => [id, { mailboxIds: { [archive.id]: true }, 'keywords/$seen': true }])) });
}

effect(() => {
	if (store.changed.value.has('EmailDelivery')) untracked(() => void quietMuted().catch(() => {}));
});
