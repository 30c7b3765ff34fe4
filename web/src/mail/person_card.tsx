/* Who somebody is: what the address book knows, what the letter proves, and what one does with people. */
import type { ComponentChildren } from 'preact';
import { createPortal } from 'preact/compat';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { loadOwn, own } from '../contacts/book';
import { personOfColleague, type Colleague, type Person } from '../contacts/card';
import type { EmailAddress } from '../jmap';
import { operation } from '../shell/api';
import { compose } from '../shell/hooks';
import { t } from '../ui/i18n';
import { placeAt } from '../ui/overlay';
import { Avatar, Button, Chip } from '../ui/parts';
import { toast } from '../ui/toast';
import { nameOf } from './letter';
import { search } from './searchbox';

const known = new Map<string, Person>();

async function find(email: string): Promise<Person | null> {
	const key = email.toLowerCase(), before = known.get(key);
	if (before) return before;
	let found = await operation<Colleague>('book.person', { mail: email }).then(personOfColleague, () => null);
	if (!found) {
		await loadOwn().catch(() => {});
		found = own.peek()?.find(one => !one.group && one.emails.some(each => each.value.toLowerCase() === key)) ?? null;
	}
	if (found && !found.own) known.set(key, found);
	return found;
}

async function copy(text: string): Promise<void> {
	await navigator.clipboard?.writeText(text);
	toast(t('ui.copied'), { ms: 3000 });
}

export default function PersonCard({ anchor, person, facts, doubt, entered, stay, leave, close }: {
	anchor: HTMLElement; person: EmailAddress; facts?: ComponentChildren; doubt: boolean; entered: number; stay: () => void; leave: () => void; close: (back: boolean) => void;
}) {
	const ref = useRef<HTMLDivElement>(null);
	/* undefined: not known yet. */
	const [who, setWho] = useState<Person | null | undefined>(undefined);
	useLayoutEffect(() => placeAt(ref.current!, anchor.getBoundingClientRect(), 'start'));
	useEffect(() => {
		let here = true;
		if (!doubt) find(person.email).then(found => here && setWho(found), () => {});
		return () => void (here = false);
	}, [person.email, doubt]);
	useEffect(() => {
		if (entered > 0) ref.current!.querySelector('button')?.focus();
	}, [entered]);
	useEffect(() => {
		const inside = (e: Event) => e.target instanceof Node && (ref.current?.contains(e.target) || anchor.contains(e.target));
		const key = (e: KeyboardEvent) => {
			if (e.key !== 'Escape') return;
			e.preventDefault();
			e.stopPropagation();
			close(ref.current?.contains(document.activeElement) === true);
		};
		const away = (e: Event) => !inside(e) && close(false);
		addEventListener('keydown', key, true);
		addEventListener('pointerdown', away, true);
		addEventListener('scroll', away, true);
		return () => {
			removeEventListener('keydown', key, true);
			removeEventListener('pointerdown', away, true);
			removeEventListener('scroll', away, true);
		};
	}, []);
	/* It stands at the end of the page, and is left for where it was opened. */
	const tab = (e: KeyboardEvent) => {
		const all = ref.current!.querySelectorAll('button');
		if (e.key !== 'Tab' || document.activeElement !== all[e.shiftKey ? 0 : all.length - 1]) return;
		e.preventDefault();
		close(true);
	};
	const act = (what: () => void) => () => {
		close(false);
		what();
	};
	const name = who?.name || nameOf(person), write = compose.value;
	const line = [who?.position, who?.department.split('/').join(' / ') || who?.company].filter(Boolean).join(' · ');
	return createPortal(
		<div ref={ref} class="popover person-card" role="dialog" aria-label={t('mail.person-about', { name })} tabIndex={-1} onPointerEnter={stay} onPointerLeave={() => !ref.current?.contains(document.activeElement) && leave()}
			onFocusIn={stay} onFocusOut={e => !ref.current?.contains(e.relatedTarget as Node | null) && leave()} onKeyDown={tab}>
			<div class="person-card-head">
				<Avatar name={name} address={person.email} size={48} />
				<div class="grow"><strong>{name}</strong><span class="person-card-address">{person.email}</span>{line && <span class="muted">{line}</span>}</div>
			</div>
			<p class="person-card-facts">
				{who && <Chip icon={who.own ? 'person' : 'people'}>{t(who.own ? 'mail.person-contact' : 'mail.person-colleague')}</Chip>}
				{who === null && <Chip>{t('mail.person-unknown')}</Chip>}
				{facts}
			</p>
			<div class="person-card-tools">
				{write && <Button small kind="primary" icon="compose" onClick={act(() => write({ kind: 'new', to: [{ name: person.name, email: person.email }] }))}>{t('contacts.write')}</Button>}
				<Button small icon="search" onClick={act(() => search(`from:${person.email}`))}>{t('mail.person-search')}</Button>
				<Button small onClick={() => void copy(person.email)}>{t('mail.person-copy')}</Button>
			</div>
		</div>, anchor.closest('dialog') ?? document.body);
}
