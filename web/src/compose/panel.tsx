/* One letter being written. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { CORE, MAIL } from '../jmap';
import { client, store } from '../jmap/account';
import { t, time } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { Dialog, MenuButton, type MenuEntry } from '../ui/overlay';
import { Banner, Button, IconButton, cls } from '../ui/parts';
import { narrow } from '../ui/prefs';
import { isComposing } from '../ui/shortcuts';
import { toast } from '../ui/toast';
import { domainOf, sameAddress } from './address';
import { Attachments, DropHint } from './attachments';
import type { Composer, Obstacle } from './composer';
import { barredBy, Confide, ConfideStrip } from './confidential';
import { isEmptyText, speaksOfAttachment, textToHtml } from './draft';
import { Editor, type EditorHandle } from './editor';
import { LaterDialog, laterItems, longestWait } from './later';
import { close, openDraft, reopen } from './open';
import { signatureBlock, signatureFor } from './quote';
import { AddressField, isOutside } from './recipients';
import { sendNow } from './send';
import { loadTemplates, templateItems } from './template_menu';

const DEFAULT_LIMIT = 50_000_000;
type Question = { kind: 'subject' | 'attachment'; at: Date | null } | { kind: 'later' };

export function insideDomains(): ReadonlySet<string> {
	return new Set(store.identities.all().map(one => domainOf(one.email)));
}

function sizeLimit(): number {
	if (!client.session) return DEFAULT_LIMIT;
	return client.accountCapability<number>(MAIL, 'maxSizeAttachmentsPerEmail') ?? ((client.session.capabilities[CORE] as { maxSizeUpload?: number })?.maxSizeUpload ?? DEFAULT_LIMIT);
}

export function Panel({ composer }: { composer: Composer }) {
	const draft = composer.draft.value;
	const handle = useRef<EditorHandle | null>(null);
	const root = useRef<HTMLDivElement>(null);
	const files = useRef<HTMLInputElement>(null);
	const [copies, setCopies] = useState(draft.cc.length > 0 || draft.bcc.length > 0);
	const [bar, setBar] = useState(!narrow.value);
	const [dropping, setDropping] = useState(false);
	const [question, setQuestion] = useState<Question | null>(null);
	const [obstacle, setObstacle] = useState<Obstacle | null>(null);
	const inside = insideDomains();
	const limit = sizeLimit();
	const full = composer.view.value === 'full' || narrow.value;
	const toFirst = useMemo(() => draft.to.length === 0, []);

	useEffect(() => {
		void loadTemplates().catch(() => {});
	}, []);
	/* What is on its way goes on; that is no reason to take back what was said about it. */
	const there = draft.attachments.map(one => [one.key, one.blobId, one.failed].join()).join(' ');
	useEffect(() => setObstacle(null), [draft.to, draft.cc, draft.bcc, there, draft.confidential]);

	/* The answer to its sending was lost on the way. */
	const late = composer.left.value;
	useEffect(() => {
		if (!late) return;
		toast(t('compose.sent'));
		if (composer.isOver) close(composer);
	}, [late]);

	const attach = (list: Iterable<File>) => {
		for (const file of list) composer.attach(file);
	};
	/* Images go into rich text, everything else along with it. */
	const take = (list: File[]) => {
		for (const file of list) {
			if (file.type.startsWith('image/') && handle.current?.rich) handle.current.insertImage(file);
			else composer.attach(file);
		}
	};
	const begin = (at: Date | null) => {
		const found = composer.weight.peek() > limit ? 'uploadFailed' as const : composer.obstacle() ?? barredBy(composer, inside, at);
		setObstacle(found);
		if (found) return;
		const written = composer.written();
		if (!draft.subject.trim()) setQuestion({ kind: 'subject', at });
		else if (draft.attachments.length === 0 && speaksOfAttachment(draft.subject, written)) setQuestion({ kind: 'attachment', at });
		else void leave(at);
	};
	const leave = async (at: Date | null) => {
		setQuestion(null);
		if (await sendNow(composer, at)) close(composer);
	};
	const put = async () => {
		/* A letter in which nothing was written is not kept. */
		const empty = !composer.draftId && draft.to.length === 0 && !draft.subject.trim() && draft.attachments.length === 0 && isEmptyText(composer.written());
		if (empty) composer.end();
		else {
			await composer.save(true);
			if (composer.saving.peek() === 'failed') return;
			composer.end();
		}
		close(composer);
	};
	const onKey = (e: KeyboardEvent) => {
		if (isComposing(e)) return;
		const held = e.ctrlKey || e.metaKey;
		if (held && e.key === 'Enter') begin(null);
		else if (held && e.key.toLowerCase() === 's') void composer.save();
		else if (e.key === 'Escape') void put();
		else return;
		e.preventDefault();
		e.stopPropagation();
	};
	const onPaste = (e: ClipboardEvent) => {
		const list = [...(e.clipboardData?.files ?? [])];
		if (list.length === 0 || e.clipboardData?.types.includes('text/plain') || (e.target as Element).closest('.editor.rich')) return;
		e.preventDefault();
		take(list);
	};
	const drop = (e: DragEvent) => {
		setDropping(false);
		const list = [...(e.dataTransfer?.files ?? [])];
		if (list.length === 0) return;
		e.preventDefault();
		attach(list);
	};

	return (
		<section ref={root} class={cls('compose', full && 'full', !composer.desk.own && 'for-other', composer.sending.value && 'leaving')} role="dialog" aria-label={composer.title.value || t('compose.new')} onKeyDown={onKey} onPaste={onPaste}
			onDragOver={e => { if (e.dataTransfer?.types.includes('Files')) { e.preventDefault(); setDropping(true); } }} onDragLeave={e => e.currentTarget === e.target && setDropping(false)} onDrop={drop}>
			<Head composer={composer} onClose={() => void put()} />
			<div class="compose-fields">
				<From composer={composer} handle={handle} />
				<AddressField label={t('compose.to')} value={draft.to} inside={inside} strict={!!draft.confidential} focus={toFirst} onChange={to => composer.change({ to })}
					end={!copies && <button type="button" class="compose-copies" onClick={() => setCopies(true)}>{t('compose.copies')}</button>} />
				{copies && <AddressField label={t('compose.cc')} value={draft.cc} inside={inside} strict={!!draft.confidential} focus={draft.cc.length + draft.bcc.length === 0} onChange={cc => composer.change({ cc })} />}
				{copies && <AddressField label={t('compose.bcc')} value={draft.bcc} inside={inside} strict={!!draft.confidential} onChange={bcc => composer.change({ bcc })} />}
				<input class="compose-subject" aria-label={t('compose.subject')} placeholder={t('compose.subject')} value={draft.subject} maxLength={998} onInput={e => composer.change({ subject: e.currentTarget.value })} />
			</div>
			{draft.confidential ? <ConfideStrip composer={composer} inside={inside} /> : <Outsiders composer={composer} inside={inside} />}
			<Notes composer={composer} obstacle={obstacle} onRetry={() => begin(null)} />
			<div class="compose-body"><Editor key={draft.mode} composer={composer} handle={handle} bar={bar} focus={!toFirst} onFiles={take} /></div>
			<Attachments composer={composer} limit={limit} />
			<footer class="compose-foot">
				<span class="send">
					<Button kind="primary" icon="sent" busy={composer.sending.value} class="send-main" data-tip={t('compose.send-keys')} data-keys="ctrl+Enter" onClick={() => begin(null)}>{t('compose.send')}</Button>
					{longestWait(composer) > 0 && <MenuButton label={t('compose.later')} class="send-more" align="start" items={() => laterItems(begin, () => setQuestion({ kind: 'later' }))}><Icon name="down" size={16} /></MenuButton>}
				</span>
				<IconButton icon="attach" label={t('compose.attach')} onClick={() => files.current!.click()} />
				<input ref={files} type="file" multiple hidden aria-hidden="true" tabIndex={-1} onChange={e => { attach([...(e.currentTarget.files ?? [])]); e.currentTarget.value = ''; }} />
				{draft.mode === 'html' && <IconButton icon="letters" label={t('compose.formats')} aria-pressed={bar} onClick={() => setBar(!bar)} />}
				<MenuButton icon="template" label={t('compose.templates')} align="start" items={() => templateItems(composer, handle.current)} />
				<Confide composer={composer} />
				<MenuButton icon="more" label={t('compose.more')} align="start" items={() => moreItems(composer)} />
				<span class="grow" />
				<Saved composer={composer} />
				<IconButton icon="trash" label={t('compose.discard')} onClick={() => void discard(composer)} />
			</footer>
			{dropping && <DropHint />}
			{question?.kind === 'later' && <LaterDialog longest={longestWait(composer)} onClose={() => setQuestion(null)} onChoose={at => { setQuestion(null); begin(at); }} />}
			{question && question.kind !== 'later' && (
				<Dialog title={t(`compose.ask-${question.kind}`)} size="small" onClose={() => setQuestion(null)}
					footer={<><Button onClick={() => void leave(question.at)}>{t('compose.ask-send')}</Button><Button kind="primary" autofocus onClick={() => { const add = question.kind === 'attachment'; setQuestion(null); if (add) files.current!.click(); else root.current!.querySelector<HTMLElement>('.compose-subject')!.focus(); }}>{t(`compose.ask-${question.kind}-add`)}</Button></>}>
					<p>{t(`compose.ask-${question.kind}-text`)}</p>
				</Dialog>
			)}
		</section>
	);
}

function Head({ composer, onClose }: { composer: Composer; onClose: () => void }) {
	const full = composer.view.value === 'full';
	return (
		<header class="compose-head" onDblClick={() => (composer.view.value = full ? 'docked' : 'full')}>
			<h2 class="cut">{composer.title.value || t('compose.new')}</h2>
			{!narrow.value && <IconButton icon="minimise" size={16} label={t('compose.minimise')} onClick={() => (composer.view.value = 'minimised')} />}
			{!narrow.value && <IconButton icon={full ? 'shrink' : 'expand'} size={16} label={t(full ? 'compose.dock' : 'compose.full')} onClick={() => (composer.view.value = full ? 'docked' : 'full')} />}
			<IconButton icon="close" size={18} label={t('compose.close')} keys="Escape" onClick={onClose} />
		</header>
	);
}

function From({ composer, handle }: { composer: Composer; handle: { current: EditorHandle | null } }) {
	const all = composer.desk.store.identities.all();
	const chosen = composer.identity;
	if (!chosen || (all.length < 2 && composer.desk.own)) return null;
	const choose = (id: string) => {
		composer.change({ identityId: id });
		const intent = composer.draft.peek().about?.intent ?? 'new';
		handle.current?.rich?.setSignature(signatureBlock('html', signatureFor('html', all.find(one => one.id === id), intent)));
	};
	return (
		<div class={cls('compose-from', isShared(chosen.email) && 'shared')}>
			<span class="compose-label">{t('compose.from')}</span>
			<MenuButton label={t('compose.from-choose', { name: chosen.email })} align="start" class="from-button"
				items={() => all.map(one => ({ label: one.name || one.email, hint: one.email + (isShared(one.email) ? ` · ${t('compose.shared')}` : ''), checked: one.id === chosen.id, run: () => choose(one.id) }))}>
				<span class="cut">{chosen.name && <strong>{chosen.name}</strong>} {chosen.email}</span><Icon name="down" size={16} />
			</MenuButton>
			{composer.desk.own ? isShared(chosen.email) && <span class="chip warn">{t('compose.shared')}</span> : <span class="chip warn">{t('compose.for-other', { name: composer.desk.name })}</span>}
		</div>
	);
}

/** Not the address of who signed in: a shared mailbox, or somebody whom this person writes for. */
function isShared(email: string): boolean {
	const own = client.session?.username;
	return own !== undefined && !sameAddress(own, email);
}

function Outsiders({ composer, inside }: { composer: Composer; inside: ReadonlySet<string> }) {
	const { to, cc, bcc } = composer.draft.value;
	const outside = [...to, ...cc, ...bcc].filter(one => isOutside(one, inside));
	if (outside.length === 0) return null;
	const domains = [...new Set(outside.map(one => domainOf(one.email)))];
	return (
		<p class="outsiders" role="status"><Icon name="external" size={14} /><span class="cut">{t('compose.outsiders', { people: outside.length, domains: domains.length })} · {domains.slice(0, 3).join(', ')}{domains.length > 3 ? ' …' : ''}</span></p>
	);
}

function Notes({ composer, obstacle, onRetry }: { composer: Composer; obstacle: Obstacle | null; onRetry: () => void }) {
	const error = composer.error.value, other = composer.other.value, saving = composer.saving.value;
	return (
		<div class="compose-notes">
			{obstacle && <Banner kind="bad">{t(`compose.obstacle-${obstacle}`)}</Banner>}
			{other && (
				<Banner kind="warn" title={t('compose.other-title')} actions={<><Button small kind="ghost" onClick={() => void openDraft(other, composer.desk)}>{t('compose.other-open')}</Button><Button small kind="ghost" onClick={() => void composer.dropOther()}>{t('compose.other-drop')}</Button></>}>
					{t('compose.other-text')}
				</Banner>
			)}
			{error && !obstacle && (error.passing
				? <Banner kind="warn" icon="offline">{t('compose.kept-here')}</Banner>
				: <Banner kind="bad" title={t('compose.not-sent')} actions={<Button small kind="ghost" onClick={onRetry}>{t('ui.retry')}</Button>}>
					{composer.draft.value.confidential && error.type === 'invalidRecipients' ? t('compose.sealed-refused', { names: error.properties.join(', ') }) : error.description || t(`compose.error-${error.kind === 'refused' ? 'refused' : 'server'}`)} {saving === 'saved' && t('compose.is-safe')} {error.cid && <code>{error.cid}</code>}
				</Banner>)}
		</div>
	);
}

function Saved({ composer }: { composer: Composer }) {
	const at = composer.savedAt.value, state = composer.saving.value;
	const text = state === 'saving' ? t('compose.saving') : state === 'failed' ? t('compose.unsaved') : at ? t('compose.saved', { time: time(at) }) : '';
	return <small class={cls('compose-saved num', state === 'failed' && 'failed')} role="status">{text}</small>;
}

function moreItems(composer: Composer): MenuEntry[] {
	const { mode, receipt, important } = composer.draft.peek();
	const toMode = () => {
		const body = mode === 'html' ? composer.plain() : textToHtml(composer.body());
		composer.body = () => body;
		composer.change({ mode: mode === 'html' ? 'text' : 'html', body });
	};
	return [
		{ label: t('compose.to-plain'), checked: mode === 'text', run: toMode },
		{ label: t('compose.receipt'), hint: t('compose.receipt-hint'), checked: receipt, run: () => composer.change({ receipt: !receipt }) },
		{ label: t('compose.important'), checked: important, run: () => composer.change({ important: !important }) },
	];
}

async function discard(composer: Composer): Promise<void> {
	close(composer);
	const draft = await composer.discard();
	toast(t('compose.discarded'), { undo: () => reopen(draft, composer.desk) });
}
