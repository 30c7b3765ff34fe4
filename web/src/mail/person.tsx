/* The name or picture of a person: pointed at or with the focus, it shows a card of who that is; pressed, the card takes the focus. Nothing waits for it. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { EmailAddress } from '../jmap';
import { t } from '../ui/i18n';
import { nameOf } from './letter';

const SHOWN_AFTER = 450, GONE_AFTER = 250;

type Card = typeof import('./person_card').default;
let Card: Card | null = null;

/** facts: what a letter proves of its sender; doubt: it proves that it is somebody else's, so the address book lends no title. */
export function PersonButton({ person, facts, doubt = false, class: extra, hidden = false, children }: {
	person: EmailAddress; facts?: ComponentChildren; doubt?: boolean; class?: string; hidden?: boolean; children: ComponentChildren;
}) {
	const ref = useRef<HTMLButtonElement>(null), timer = useRef(0), quiet = useRef(false);
	const [shown, setShown] = useState(false);
	const [entered, setEntered] = useState(0);
	const stay = () => clearTimeout(timer.current);
	const soon = (what: () => void, ms: number) => {
		stay();
		timer.current = window.setTimeout(what, ms);
	};
	useEffect(() => stay, []);
	const show = () => void import('./person_card').then(m => {
		Card = m.default;
		setShown(true);
	}, () => {});
	const leave = () => soon(() => setShown(false), GONE_AFTER);
	const close = (back: boolean) => {
		stay();
		setShown(false);
		setEntered(0);
		if (!back) return;
		quiet.current = true;
		ref.current?.focus();
	};
	return (
		<>
			<button type="button" ref={ref} class={extra} tabIndex={hidden ? -1 : undefined} aria-label={t('mail.person-about', { name: nameOf(person) })} aria-haspopup="dialog" aria-expanded={shown}
				onPointerEnter={e => e.pointerType === 'mouse' && soon(show, SHOWN_AFTER)} onPointerLeave={leave}
				onFocus={e => !quiet.current && e.currentTarget.matches(':focus-visible') && soon(show, SHOWN_AFTER)} onBlur={() => { quiet.current = false; leave(); }}
				onClick={() => { stay(); setEntered(n => n + 1); show(); }}>
				{children}
			</button>
			{shown && Card && <Card anchor={ref.current!} person={person} facts={facts} doubt={doubt} entered={entered} stay={stay} leave={leave} close={close} />}
		</>
	);
}
