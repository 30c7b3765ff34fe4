/* A letter, or a conversation: read ones folded, the last and unread ones open. */
import { useComputed } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { JmapError, asJmapError, type Email, type Id } from '../jmap';
import { client, desk, store } from '../jmap/here';
import { compose, deliveryStrip } from '../shell/hooks';
import { Lazy } from '../shell/lazy';
import { longDate, shortDate, t } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { MenuButton, type MenuEntry } from '../ui/overlay';
import { Avatar, Button, Chip, EmptyState, ErrorState, IconButton, Skeleton, cls } from '../ui/parts';
import { conversations, isDark, wide } from '../ui/prefs';
import { archive, inRole, junk, markRead, mayMark, mayRemove, remove, restore, see, star } from './actions';
import { Attachments } from './attachments';
import { Banners } from './banners';
import { Details, Source } from './details';
import { MailFrame, showsImages, trust, viewUrl, type Found } from './frame';
import { isConfidential, isDraft, isExternal, isStarred, isUnread, labelName, labelsOf, nameOf, provenDomain, READER_PROPERTIES, suspicionOf, toLine } from './letter';
import { labelItems, moveItems } from './list';
import { PersonButton } from './person';
import { conversationOf, ids, nextAfter, open, openId, step } from './view';

/* ---- getting ---- */

const full = new Set<Id>();

/* Everything of the conversation that the reader shows. */
async function fetchLetter(id: Id): Promise<void> {
	await store.emails.need([id]);
	const first = store.emails.peek(id);
	if (!first) throw new JmapError('refused', 'notFound');
	if (conversations.peek()) {
		await store.threads.need([first.threadId]);
		await store.emails.need(store.threads.peek(first.threadId)?.emailIds ?? []);
	}
	await complete([id]);
}

async function complete(letters: Id[]): Promise<void> {
	const missing = letters.filter(id => !full.has(id));
	if (missing.length === 0) return;
	const answer = await client.get<Email>('Email', missing, { properties: ['id', ...READER_PROPERTIES] });
	store.emails.put(answer.list);
	answer.list.forEach(e => full.add(e.id));
}

/* ---- one letter ---- */

const loadSealed = () => import('./confidential');

function Trust({ letter }: { letter: Email }) {
	const proven = provenDomain(letter), suspicion = suspicionOf(letter);
	return (
		<>
			{isExternal(letter) && <Chip kind="external" icon="globe">{t('mail.external')}</Chip>}
			{proven && suspicion !== 'forged' && <Chip kind="ok" icon="shieldCheck">{t('mail.proven', { domain: proven })}</Chip>}
			{suspicion === 'forged' && <Chip kind="bad" icon="warn">{t('mail.unproven')}</Chip>}
		</>
	);
}

function People({ letter }: { letter: Email }) {
	const rows = (['from', 'to', 'cc', 'bcc', 'replyTo'] as const).map(f => [f, letter[f]] as const).filter(([, people]) => people?.length);
	const doubt = suspicionOf(letter) === 'forged';
	return (
		<dl class="pairs people">
			{rows.map(([field, people]) => <><dt key={field}>{t(`mail.head-${field}`)}</dt><dd>{people!.map(a => <PersonButton key={a.email} person={a} doubt={doubt && (field === 'from' || field === 'replyTo')} class="person">{a.name && <b>{a.name}</b>} <span class="muted">{a.email}</span></PersonButton>)}</dd></>)}
			<dt>{t('mail.sent-at')}</dt><dd>{longDate(new Date(letter.sentAt ?? letter.receivedAt))}</dd>
		</dl>
	);
}

function Letter({ id, last, unfolded, toggle, single }: { id: Id; last: boolean; unfolded: boolean; toggle: () => void; single: boolean }) {
	const letter = store.emails.at(id).value;
	const [ready, setReady] = useState(full.has(id));
	const [failed, setFailed] = useState(false);
	const [found, setFound] = useState<Found | null>(null);
	const from = letter?.from?.[0];
	const [images, setImages] = useState(() => showsImages(from?.email ?? ''));
	const [text, setText] = useState(false);
	const [light, setLight] = useState(false);
	const [people, setPeople] = useState(false);
	const [pane, setPane] = useState<'' | 'details' | 'source'>('');
	useEffect(() => {
		if (!unfolded || ready) return;
		let here = true;
		complete([id]).then(() => here && setReady(true), () => here && setFailed(true));
		return () => void (here = false);
	}, [unfolded, ready, failed]);
	if (!letter) return null;
	const when = new Date(letter.receivedAt);
	if (!unfolded) {
		return (
			<article class={cls('letter folded', isUnread(letter) && 'unread')} data-letter={id}>
				<button type="button" class="letter-head" aria-expanded="false" onClick={toggle}>
					<Avatar name={nameOf(from)} address={from?.email ?? ''} size={32} />
					<span class="letter-who cut">{nameOf(from)}</span>
					<span class="letter-preview cut">{isConfidential(letter) ? t('mail.confidential') : letter.preview}</span>
					{letter.hasAttachment && !isConfidential(letter) && <Icon name="attach" size={15} />}
					<time class="num" dateTime={letter.receivedAt}>{shortDate(when)}</time>
				</button>
			</article>
		);
	}
	const write = compose.value, sealed = isConfidential(letter);
	const items: MenuEntry[] = [
		{ label: t(text ? 'mail.view-html' : 'mail.view-text'), icon: 'file', run: () => setText(!text) },
		...(isDark() ? [{ label: t(light ? 'mail.view-dark' : 'mail.view-light'), icon: light ? 'moon' as const : 'sun' as const, run: () => setLight(!light) }] : []),
		...(write && desk.value.maySend && !sealed ? [{ label: t('mail.forward-attached'), icon: 'attach' as const, run: () => write({ kind: 'attach', emailIds: [id] }) }] : []),
		...(mayMark() ? [{ label: t('mail.mark-unread'), icon: 'mail' as const, run: () => void markRead(false, [id]) }] : []),
		...(sealed ? [] : [{ label: t('mail.print'), icon: 'print' as const, run: () => void window.open(viewUrl(id, { images, text, print: true }), '_blank', 'noopener') }]),
		...(from ? [{ label: t('contacts.keep-sender'), icon: 'people' as const, run: () => void import('../contacts/actions').then(book => book.keep(from)) }] : []),
		'line',
		{ label: t('mail.details'), icon: 'info', run: () => setPane('details') },
		...(sealed ? [] : [{ label: t('mail.source'), icon: 'code' as const, run: () => setPane('source') }]),
	];
	const sender = { facts: <Trust letter={letter} />, doubt: suspicionOf(letter) === 'forged' };
	const picture = <Avatar name={nameOf(from)} address={from?.email ?? ''} size={40} />;
	const Strip = deliveryStrip.value;
	const always = () => {
		if (from) trust(from.email);
		setImages(true);
	};
	return (
		<article class={cls('letter', last && 'last')} data-letter={id} aria-label={t('mail.letter-of', { name: nameOf(from), date: longDate(when) })}>
			<header class="letter-head">
				{from ? <PersonButton {...sender} person={from} hidden={single}>{picture}</PersonButton> : picture}
				<div class="letter-names">
					<div class="letter-from">
						{single && from ? <PersonButton {...sender} person={from} class="letter-who">{nameOf(from)}</PersonButton> : single ? <strong class="letter-who">{nameOf(from)}</strong> : <button type="button" class="letter-who" aria-expanded="true" onClick={toggle}>{nameOf(from)}</button>}
						{from?.name && <span class="letter-address muted cut">{from.email}</span>}
					</div>
					{letter.sender?.[0] && from && letter.sender[0].email.toLowerCase() !== from.email.toLowerCase() && <p class="letter-sender">{t('mail.sent-for', { sender: nameOf(letter.sender[0]), owner: nameOf(from) })}</p>}
					<div class="letter-to">
						<button type="button" class="muted to-line" aria-expanded={people} onClick={() => setPeople(!people)}>{toLine(letter)}<Icon name="down" size={14} /></button>
						<Trust letter={letter} />
					</div>
				</div>
				<div class="letter-tools">
					<time class="num muted" dateTime={letter.receivedAt}>{shortDate(when)}</time>
					{mayMark() && <IconButton icon="star" fill={isStarred(letter)} class={cls('star', isStarred(letter) && 'on')} aria-pressed={isStarred(letter)} label={t(isStarred(letter) ? 'mail.unstar' : 'mail.star')} keys="s" onClick={() => star([id])} />}
					{write && <IconButton icon="reply" label={t('mail.reply')} keys="r" onClick={() => write({ kind: 'reply', emailId: id })} />}
					<MenuButton icon="more" label={t('mail.letter-menu')} items={items} />
				</div>
			</header>
			{people && <People letter={letter} />}
			{failed ? <ErrorState title={t('mail.letter-failed')} onRetry={() => setFailed(false)}>{t('mail.letter-failed-text')}</ErrorState> : !ready ? <Skeleton rows={3} /> : (
				<>
					<Banners letter={letter} found={found} images={{ shown: images, show: () => setImages(true), always }} />
					{Strip && <Strip emailId={id} />}
					{sealed ? <Lazy load={loadSealed} with={{ letter, images, text, light, onFound: setFound }} /> : <>
						<MailFrame key={`${images}${text}`} id={id} title={letter.subject ?? ''} images={images} text={text} light={light} onFound={setFound} />
						<Attachments letter={letter} />
					</>}
				</>
			)}
			{isDraft(letter) && write && desk.value.maySend && <div class="reply-bar"><Button kind="primary" icon="draft" onClick={() => write({ kind: 'draft', emailId: id })}>{t('mail.go-on-writing')}</Button></div>}
			{pane === 'details' && <Details letter={letter} onClose={() => setPane('')} onSource={sealed ? undefined : () => setPane('source')} />}
			{pane === 'source' && <Source letter={letter} onClose={() => setPane('')} />}
		</article>
	);
}

/* ---- the whole ---- */

function Toolbar({ rows }: { rows: Id[] }) {
	const trash = inRole('trash'), all = ids.value, at = all.indexOf(rows[0]);
	return (
		<div class="reader-bar" role="toolbar" aria-label={t('mail.actions')}>
			{!wide.value && <IconButton icon="back" label={t('mail.to-list')} keys="u" onClick={() => open(null)} />}
			{!mayRemove() ? null : trash ? <IconButton icon="restore" label={t('mail.restore')} onClick={() => void restore(rows)} /> : !inRole('archive') && <IconButton icon="archive" label={t('mail.archive')} keys="e" onClick={() => void archive(rows)} />}
			{mayRemove() && <IconButton icon="trash" label={t(trash ? 'mail.destroy' : 'mail.delete')} keys="#" onClick={() => void remove(rows)} />}
			{mayRemove() && !trash && !inRole('sent') && !inRole('drafts') && <IconButton icon="junk" label={t(inRole('junk') ? 'mail.not-junk' : 'mail.junk')} keys="!" onClick={() => void junk(rows)} />}
			{mayMark() && <span class="bar-line" aria-hidden="true" />}
			{mayMark() && <IconButton icon="mail" label={t('mail.mark-unread')} keys="Shift+u" onClick={() => void markRead(false, rows)} />}
			{mayRemove() && <MenuButton icon="move" label={t('mail.move')} align="start" items={() => moveItems(rows)} />}
			{mayMark() && <MenuButton icon="label" label={t('mail.labels')} align="start" items={() => labelItems(rows)} />}
			<span class="grow" />
			<IconButton icon="left" label={t('mail.newer')} keys="k" disabled={at === 0} onClick={() => step(-1)} />
			<IconButton icon="right" label={t('mail.older')} keys="j" disabled={at < 0 || at === all.length - 1} onClick={() => step(1)} />
		</div>
	);
}

function Conversation({ id }: { id: Id }) {
	const all = useComputed(() => conversationOf(id)).value;
	const heading = useRef<HTMLHeadingElement>(null);
	const first = store.emails.at(id).value;
	/* As it was when it was opened: marking as read folds nothing. */
	const start = useMemo(() => new Set(all.filter((e, i) => e.id === id || i === all.length - 1 || isUnread(e)).map(e => e.id)), [id, all.length]);
	const [turned, setTurned] = useState<ReadonlySet<Id>>(new Set());
	const [unfoldAll, setUnfoldAll] = useState(false);
	const isOpen = (one: Id) => start.has(one) !== turned.has(one);
	useEffect(() => {
		setTurned(new Set());
		setUnfoldAll(false);
		/* Who comes by keyboard from the list stays there in the three panes; else reading begins at the subject. */
		if (!wide.peek()) heading.current?.focus({ preventScroll: true });
	}, [id]);
	useEffect(() => {
		const unread = all.filter(e => isUnread(e) && isOpen(e.id)).map(e => e.id);
		if (unread.length > 0) see(unread);
	}, [id, all.length]);
	if (!first) return null;
	const toggle = (one: Id) => {
		const next = new Set(turned);
		if (next.has(one)) next.delete(one);
		else next.add(one);
		setTurned(next);
	};
	/* Long conversations: what lies between the first and the last three. */
	const hidden = !unfoldAll && all.length > 6 ? all.slice(1, -3).filter(e => !isOpen(e.id)) : [];
	const hide = new Set(hidden.length > 1 ? hidden.map(e => e.id) : []);
	const write = compose.value, newest = [...all].reverse().find(e => !isDraft(e)) ?? first;
	return (
		<div class="conversation">
			<div class="subject-line">
				<h1 ref={heading} tabIndex={-1}>{first.subject || t('mail.no-subject')}</h1>
				{labelsOf(first).map(l => <span key={l} class={`label-chip ${l.slice(1)}`}>{labelName(l)}</span>)}
			</div>
			{all.map((e, i) => hide.has(e.id) ? (hidden[0]!.id === e.id ? <button type="button" key="between" class="between" onClick={() => setUnfoldAll(true)}>{t('mail.between', { n: hidden.length })}</button> : null)
				: <Letter key={e.id} id={e.id} last={i === all.length - 1} unfolded={isOpen(e.id)} toggle={() => toggle(e.id)} single={all.length === 1} />)}
			{write && !isDraft(newest) && (
				<div class="reply-bar">
					<Button icon="reply" onClick={() => write({ kind: 'reply', emailId: newest.id })}>{t('mail.reply')}</Button>
					{(newest.to?.length ?? 0) + (newest.cc?.length ?? 0) > 1 && <Button icon="replyAll" onClick={() => write({ kind: 'replyAll', emailId: newest.id })}>{t('mail.reply-all')}</Button>}
					{!isConfidential(newest) && <Button icon="forward" onClick={() => write({ kind: 'forward', emailId: newest.id })}>{t('mail.forward')}</Button>}
				</div>
			)}
		</div>
	);
}

export function Reader() {
	const id = openId.value;
	const [state, setState] = useState<{ id: Id | null; error: unknown }>({ id: null, error: null });
	const scroller = useRef<HTMLDivElement>(null);
	const fetchIt = () => {
		if (!id) return;
		fetchLetter(id).then(() => {
			setState({ id, error: null });
			/* The next one will be there already. */
			const next = nextAfter([id]);
			if (next) complete([next]).catch(() => {});
		}, error => setState({ id, error }));
	};
	useEffect(() => {
		if (scroller.current) scroller.current.scrollTop = 0;
		fetchIt();
	}, [id, conversations.value]);
	if (!id) return <section class="reader empty" aria-label={t('mail.reader')}><EmptyState icon="mailOpen" title={t('mail.nothing-open')}>{t('mail.nothing-open-text')}</EmptyState></section>;
	return (
		<section class="reader" aria-label={t('mail.reader')}>
			<Toolbar rows={[id]} />
			<div class="reader-scroll" ref={scroller} tabIndex={-1}>
				{state.id === id && state.error ? (
					asJmapError(state.error).type === 'notFound' ? <EmptyState icon="folder" title={t('mail.letter-gone')}>{t('mail.letter-gone-text')}</EmptyState>
						: <ErrorState title={t('mail.letter-failed')} code={asJmapError(state.error).cid || asJmapError(state.error).type} onRetry={fetchIt}>{t('mail.letter-failed-text')}</ErrorState>
				) : store.emails.at(id).value && full.has(id) ? <Conversation key={id} id={id} /> : <Skeleton rows={5} />}
			</div>
		</section>
	);
}
