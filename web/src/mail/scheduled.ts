/*
 * Letters that wait at the server to leave later. They lie with what was sent and bear a keyword until they have left; the list of scheduled ones is what bears
 * it, and the folder of sent ones leaves them out.
 */
import { SUBMISSION, type EmailSubmission, type Id, type QueryResponse } from '../jmap';
import { client, store } from '../jmap/account';

export const SCHEDULED = '$scheduled';
const MOST = 200, AFTER_MS = 2_000, LONGEST_MS = 3_600_000;
let timer = 0;

async function waiting(ids: readonly Id[]): Promise<Map<Id, number>> {
	const { list } = await client.request<{ list: EmailSubmission[] }>(batch => {
		const query = batch.call('EmailSubmission/query', { accountId: client.accountId, filter: { emailIds: ids, undoStatus: 'pending' } });
		return batch.call<{ list: EmailSubmission[] }>('EmailSubmission/get', { accountId: client.accountId, '#ids': query.ref('/ids'), properties: ['id', 'emailId', 'sendAt'] });
	});
	return new Map(list.map(one => [one.emailId, Date.parse(one.sendAt)]));
}

/** Those that have left are ordinary sent letters from then on; looks again when the next one leaves. */
export async function settleScheduled(): Promise<void> {
	if (!client.has(SUBMISSION)) return;
	clearTimeout(timer);
	const { ids } = await client.call<QueryResponse>('Email/query', { accountId: client.accountId, filter: { hasKeyword: SCHEDULED }, limit: MOST });
	if (ids.length === 0) return;
	const due = await waiting(ids), left = ids.filter(id => !due.has(id));
	if (left.length > 0) store.mark(left, SCHEDULED, false);
	if (due.size > 0) timer = window.setTimeout(() => void settleScheduled().catch(() => {}), Math.min(LONGEST_MS, Math.max(0, Math.min(...due.values()) - Date.now()) + AFTER_MS));
}
