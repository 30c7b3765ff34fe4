/*
 * What the rest of the webmail sees of writing; the rest is fetched when the first letter is begun. An address can begin one too: ?mailto=mailto:… (what a
 * browser calls whose links of that kind are opened here) or ?compose=reply&id=….
 */
import { effect, signal } from '@preact/signals';
import { store } from '../jmap/here';
import { t, textsOf } from '../ui/i18n';
import { go, place } from '../ui/router';
import { toast } from '../ui/toast';
import { useCommands } from '../shell/commands';
import { compose, deliveryStrip, overlays, type ComposeRequest } from '../shell/hooks';
import { Lazy } from '../shell/lazy';
import { signedIn } from '../shell/session';
import Delivery from './delivery';
import { tooLate } from './late';

const begun = signal(false);
/* Its texts come with it. */
const loadDock = () => textsOf('compose').then(() => import('./dock'));
const loadOpen = () => textsOf('compose').then(() => import('./open'));

/* What is confidential does not go on, whichever way somebody asks. */
function isBarred({ kind, emailId, emailIds }: ComposeRequest): boolean {
	if (kind !== 'forward' && kind !== 'attach') return false;
	return [emailId, ...(emailIds ?? [])].some(id => id !== undefined && store.emails.peek(id)?.confidential);
}

async function open(request: ComposeRequest): Promise<void> {
	if (isBarred(request)) return void toast(t('mail.barred-forward'));
	begun.value = true;
	const { openDraft, openForward, openForwardAttached, openNew, openReply } = await loadOpen();
	const { kind, emailId, emailIds } = request;
	if (kind === 'attach') await openForwardAttached(emailIds ?? []);
	else if (kind === 'new' || !emailId) await openNew({ to: request.to ?? [], subject: request.subject ?? '' });
	else if (kind === 'draft') await openDraft(emailId);
	else if (kind === 'forward') await openForward(emailId);
	else await openReply(emailId, kind === 'replyAll');
}

async function openLink(mailto: string): Promise<void> {
	begun.value = true;
	await (await loadOpen()).openMailto(mailto);
}

const KINDS = ['new', 'reply', 'replyAll', 'forward', 'draft'] as const;

function openFromAddress(query: URLSearchParams): void {
	const mailto = query.get('mailto'), kind = KINDS.find(one => one === query.get('compose')), emailId = query.get('id') ?? undefined;
	if (!mailto && !kind) return;
	go(location.pathname, true);
	if (mailto) void openLink(mailto);
	else void open({ kind: kind!, emailId });
}

function Writing() {
	useCommands([{ label: t('compose.new'), keys: 'c', icon: 'compose', group: t('ui.mail'), run: () => void open({ kind: 'new' }) }]);
	return begun.value ? <Lazy load={loadDock} /> : null;
}

/* Calling back opens the letter again, for which the dock must be there. */
deliveryStrip.value = Delivery;
effect(() => {
	if (tooLate.value) begun.value = true;
});
compose.value = request => void open(request);
overlays.value = [...overlays.peek(), Writing];
effect(() => {
	if (signedIn.value) openFromAddress(place.value.query);
});

/* Letters that a former page could not save. */
let looked = false;
effect(() => {
	if (!signedIn.value || looked || !('indexedDB' in window)) return;
	looked = true;
	void import('./vault').then(async ({ hasKept }) => {
		if (!(await hasKept())) return;
		begun.value = true;
		await (await loadOpen()).openLost();
	});
});
