/* One row of the list: a letter, or a conversation by its newest letter here. */
import { useEffect, useRef } from 'preact/hooks';
import type { Email, Id } from '../jmap';
import { store } from '../jmap/here';
import { list, shortDate, t } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { Avatar, Checkbox, Chip, cls } from '../ui/parts';
import { density } from '../ui/prefs';
import { mayMark, mayRemove, star } from './actions';
import { folderName } from './folders';
import { firstWord, isConfided, isConfidential, isDraft, isExternal, isMe, isStarred, isUnread, labelName, labelsOf, nameOf, shortName, suspicionOf } from './letter';
import { DRAG_TYPE, dragged } from './sidebar';
import { searchWords } from './search';
import { active, choose, conversationOf, open, openId, selected, view, wantsFocus } from './view';

function people(e: Email, all: Email[]): string {
	const role = view.value.mailbox?.role;
	if (role === 'sent' || role === 'drafts' || role === 'scheduled') return (e.to ?? []).length > 0 ? t('mail.row-to', { names: list((e.to ?? []).slice(0, 3).map(shortName)) }) : t('mail.no-recipient');
	if (all.length <= 1) return e.from?.[0] && isMe(e.from[0]) ? t('mail.me') : nameOf(e.from?.[0]);
	const names = [...new Map(all.map(x => x.from?.[0]).filter(a => !!a).map(a => [a.email.toLowerCase(), a])).values()];
	if (names.length === 1) return isMe(names[0]!) ? t('mail.me') : nameOf(names[0]);
	return names.slice(-3).map(a => firstWord(shortName(a))).join(t('mail.names-comma'));
}

/* Text with the words that were searched for marked. */
export function Marked({ text, words }: { text: string; words: string[] }) {
	if (words.length === 0) return <>{text}</>;
	const pattern = new RegExp(`(${words.map(w => w.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})`, 'giu');
	return <>{text.split(pattern).map((piece, i) => (i % 2 ? <mark key={i}>{piece}</mark> : piece))}</>;
}

function drag(e: DragEvent, id: Id): void {
	const rows = selected.peek().has(id) ? [...selected.peek()] : [id];
	dragged.value = rows;
	e.dataTransfer!.effectAllowed = 'move';
	e.dataTransfer!.setData(DRAG_TYPE, String(rows.length));
	const picture = document.createElement('div');
	picture.className = 'drag-picture';
	picture.textContent = t('mail.selected', { n: rows.length });
	document.body.append(picture);
	e.dataTransfer!.setDragImage(picture, 12, 12);
	setTimeout(() => picture.remove());
}

export function Row({ id, at }: { id: Id; at: number }) {
	const e = store.emails.at(id).value;
	const self = useRef<HTMLDivElement>(null);
	useEffect(() => {
		if (!wantsFocus.now || active.value !== id || !self.current) return;
		wantsFocus.now = false;
		self.current.focus({ preventScroll: true });
	});
	if (!e) return <div class="mail-row waiting" role="row" aria-rowindex={at + 1}><span role="gridcell" class="sr">{t('ui.loading')}</span></div>;
	const all = conversationOf(id);
	const unread = all.some(x => isUnread(x) && !isDraft(x)) || (isUnread(e) && !isDraft(e)), starred = all.some(isStarred), attached = all.some(x => x.hasAttachment && !isConfidential(x)), sealed = isConfidential(e);
	const preview = !sealed ? e.preview : t(e.confidential!.state === 'expired' ? 'mail.confidential-over' : 'mail.confidential-preview');
	const chosen = selected.value.has(id), current = openId.value === id, cursor = active.value === id;
	const suspicion = suspicionOf(e), external = isExternal(e), labels = labelsOf(e), words = view.value.kind === 'search' ? searchWords(view.value.text) : [];
	const who = people(e, all), subject = e.subject || t('mail.no-subject'), when = shortDate(new Date(e.receivedAt));
	const elsewhere = view.value.kind !== 'mailbox' ? Object.keys(e.mailboxIds).map(m => store.mailboxes.at(m).value).find(b => !!b) : undefined;
	const states = [unread && t('mail.state-unread'), starred && t('mail.state-starred'), who, all.length > 1 && t('mail.state-messages', { n: all.length }), subject, attached && t('mail.state-attachment'), (sealed || isConfided(e)) && t('mail.confidential'), suspicion === 'forged' || suspicion === 'phishing' ? t('mail.suspicious') : external && t('mail.external'), ...labels.map(labelName), when];
	const one = density.value === 'compact';
	const click = (ev: MouseEvent) => {
		active.value = id;
		if (ev.shiftKey) choose(id, true, true);
		else if (ev.ctrlKey || ev.metaKey) choose(id, !chosen);
		else open(id);
	};
	const chips = (
		<>
			{(suspicion === 'forged' || suspicion === 'phishing') && <Chip kind="bad" icon="warn">{t('mail.suspicious')}</Chip>}
			{external && suspicion !== 'forged' && suspicion !== 'phishing' && <Chip kind="external">{suspicion === 'first' ? t('mail.first-contact-chip') : t('mail.external')}</Chip>}
			{(sealed || isConfided(e)) && <Chip kind="warn" icon="lock">{t('mail.confidential')}</Chip>}
			{labels.map(l => <span key={l} class={`label-chip ${l.slice(1)}`}>{labelName(l)}</span>)}
			{elsewhere && <Chip>{folderName(elsewhere)}</Chip>}
		</>
	);
	return (
		<div ref={self} class={cls('mail-row', one && 'one', unread && 'unread', chosen && 'chosen', current && 'current', cursor && 'cursor')} role="row" aria-rowindex={at + 1} aria-selected={chosen || current} aria-label={states.filter(Boolean).join(t('mail.names-comma'))}
			tabIndex={cursor || (at === 0 && !active.value) ? 0 : -1} draggable={mayRemove()} data-id={id} onClick={click} onFocus={() => (active.value = id)} onDragStart={ev => drag(ev, id)}>
			<span class="row-check" role="gridcell" onClick={ev => ev.stopPropagation()}>
				{!one && <Avatar name={e.from?.[0] ? nameOf(e.from[0]) : '?'} address={e.from?.[0]?.email ?? ''} size={density.value === 'relaxed' ? 40 : 36} />}
				<Checkbox checked={chosen} hideLabel label={t('mail.choose', { subject })} tabIndex={-1} onChange={(on, ev) => choose(id, on, (ev as MouseEvent).shiftKey)} />
			</span>
			<span class="row-text" role="gridcell">
				<span class="row-top">
					<span class="row-who cut">{who}{all.length > 1 && <span class="row-count num">{all.length}</span>}</span>
					{e.keywords.$answered && <Icon name="reply" size={14} />}
					{one && <span class="row-subject cut"><Marked text={subject} words={words} /> <span class="row-preview">{preview}</span></span>}
					{one && chips}
					{attached && <Icon name="attach" size={15} />}
					<time class="row-time num" dateTime={e.receivedAt}>{when}</time>
				</span>
				{!one && <span class="row-bottom"><span class="row-subject cut"><Marked text={subject} words={words} />{density.value === 'cosy' && <span class="row-preview"> {preview}</span>}</span>{chips}</span>}
				{density.value === 'relaxed' && <span class="row-preview cut">{preview}</span>}
			</span>
			<span role="gridcell">
				{mayMark() && <button type="button" class={cls('row-star', starred && 'on')} tabIndex={-1} aria-pressed={isStarred(e)} aria-label={t(isStarred(e) ? 'mail.unstar' : 'mail.star')} onClick={ev => { ev.stopPropagation(); star([id]); }}>
					<Icon name="star" size={17} fill={starred} />
				</button>}
			</span>
		</div>
	);
}
