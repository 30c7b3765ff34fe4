/* To, Cc, Bcc: addresses as chips, found while typing. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { EmailAddress } from '../jmap';
import { t } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { Avatar, IconButton, cls } from '../ui/parts';
import { isComposing } from '../ui/shortcuts';
import { domainOf, endsAddress, formatAddress, isAddress, parseAddresses, shownName, unique } from './address';
import { loadPeople, lookUp, suggest, type Person } from './suggest';

interface Props {
	label: string;
	value: readonly EmailAddress[];
	/** Domains of the own organisation. */
	inside: ReadonlySet<string>;
	onChange: (value: EmailAddress[]) => void;
	focus?: boolean;
	end?: preact.ComponentChildren;
	/** Outsiders cannot be written to: the letter is confidential. */
	strict?: boolean;
}

export function isOutside(address: EmailAddress, inside: ReadonlySet<string>): boolean {
	return isAddress(address.email) && inside.size > 0 && !inside.has(domainOf(address.email));
}

function Suggestions({ id, found, at, onPick, onHover }: { id: string; found: Person[]; at: number; onPick: (person: Person) => void; onHover: (at: number) => void }) {
	return (
		<ul class="suggestions" id={id} role="listbox" aria-label={t('compose.suggestions')}>
			{found.map((person, i) => (
				<li key={person.email} id={`${id}-${i}`} role="option" aria-selected={i === at} class={cls('suggestion', i === at && 'on')}
					onPointerDown={e => { e.preventDefault(); onPick(person); }} onPointerMove={() => i !== at && onHover(i)}>
					<Avatar name={person.name ?? ''} address={person.email} size={32} />
					<span class="grow suggestion-text"><span class="cut">{shownName(person)}</span><small class="cut">{person.email}</small></span>
					{person.department && <small class="cut suggestion-side">{person.department}</small>}
				</li>
			))}
		</ul>
	);
}

type PickerProps = { label: string; onClose: () => void; onPick: (people: EmailAddress[]) => void };

/* Fetched when it is first opened. */
function Suspended(props: PickerProps) {
	const [Picker, setPicker] = useState<preact.FunctionComponent<PickerProps> | null>(null);
	useEffect(() => void import('../contacts/picker').then(found => setPicker(() => found.default), props.onClose), []);
	return Picker && <Picker {...props} />;
}

export function AddressField({ label, value, inside, onChange, focus, end, strict = false }: Props) {
	const id = useId();
	const [text, setText] = useState('');
	const [at, setAt] = useState(0);
	const [open, setOpen] = useState(false);
	const [said, setSaid] = useState('');
	const input = useRef<HTMLInputElement>(null);
	const chips = useRef<HTMLDivElement>(null);
	const [picking, setPicking] = useState(false);
	const found = open ? suggest(text, value) : [];

	useEffect(() => {
		if (focus) input.current?.focus();
	}, []);

	const add = (more: EmailAddress[]) => {
		if (more.length === 0) return;
		onChange(unique([...value, ...more]));
		setText('');
		setOpen(false);
		setSaid(t('compose.added', { name: more.map(shownName).join(', ') }));
	};
	const remove = (index: number) => {
		onChange(value.filter((_, i) => i !== index));
		setSaid(t('compose.removed', { name: shownName(value[index]!) }));
		input.current?.focus();
	};
	const edit = (index: number) => {
		setText(formatAddress(value[index]!));
		onChange(value.filter((_, i) => i !== index));
		input.current?.focus();
	};
	const pick = (person: Person) => add([{ name: person.name, email: person.email }]);
	const take = () => add(parseAddresses(text));

	const type = (next: string) => {
		void loadPeople();
		if (endsAddress(next) && isAddress(parseAddresses(next)[0]?.email ?? '')) return add(parseAddresses(next));
		setText(next);
		lookUp(next);
		setOpen(true);
		setAt(0);
	};
	const paste = (e: ClipboardEvent) => {
		const pasted = e.clipboardData?.getData('text/plain') ?? '';
		const list = parseAddresses(pasted);
		if (!list.some(one => isAddress(one.email)) || (list.length === 1 && text)) return;
		e.preventDefault();
		add(list);
	};
	const onKey = (e: KeyboardEvent) => {
		if (isComposing(e)) return;
		if (e.key === 'ArrowDown' && found.length) setAt((at + 1) % found.length);
		else if (e.key === 'ArrowUp' && found.length) setAt((at - 1 + found.length) % found.length);
		else if ((e.key === 'Enter' || e.key === 'Tab') && found[at] && !e.ctrlKey && !e.metaKey) pick(found[at]);
		else if (e.key === 'Enter' && text.trim() && !e.ctrlKey && !e.metaKey) take();
		else if (e.key === 'Escape' && found.length) {
			setOpen(false);
			e.stopPropagation();
		} else if ((e.key === 'Backspace' || e.key === 'ArrowLeft') && input.current!.selectionStart === 0 && input.current!.selectionEnd === 0 && value.length) {
			[...chips.current!.querySelectorAll<HTMLElement>('[data-chip]')].at(-1)?.focus();
		} else return;
		e.preventDefault();
	};
	const onChipKey = (e: KeyboardEvent, index: number) => {
		const all = [...chips.current!.querySelectorAll<HTMLElement>('[data-chip]')];
		if (e.key === 'Backspace' || e.key === 'Delete') remove(index);
		else if (e.key === 'ArrowLeft') all[index - 1]?.focus();
		else if (e.key === 'ArrowRight') (all[index + 1] ?? input.current!).focus();
		else if (e.key === 'Enter' || e.key === 'F2') edit(index);
		else return;
		e.preventDefault();
		e.stopPropagation();
	};

	return (
		<div class="address-row" onMouseDown={e => { if (e.target === e.currentTarget || e.target === chips.current) { e.preventDefault(); input.current!.focus(); } }}>
			<label class="compose-label" for={id}>{label}</label>
			{picking && <Suspended label={label} onClose={() => { setPicking(false); input.current?.focus(); }} onPick={add} />}
			<div class="address-chips" ref={chips}>
				{value.map((address, i) => <AddressChip key={address.email} address={address} inside={inside} strict={strict} onRemove={() => remove(i)} onEdit={() => edit(i)} onKey={e => onChipKey(e, i)} />)}
				<input id={id} ref={input} class="address-input" role="combobox" autocomplete="off" spellcheck={false} autocapitalize="off" inputMode="email"
					aria-expanded={found.length > 0} aria-controls={`${id}-list`} aria-autocomplete="list" aria-activedescendant={found[at] ? `${id}-list-${at}` : undefined}
					value={text} onInput={e => { if (!(e as unknown as InputEvent).isComposing) type(e.currentTarget.value); else setText(e.currentTarget.value); }} onCompositionEnd={e => type(e.currentTarget.value)}
					onKeyDown={onKey} onPaste={paste} onFocus={() => void loadPeople()} onBlur={() => { setOpen(false); if (text.trim()) take(); }} />
				{found.length > 0 && <Suggestions id={`${id}-list`} found={found} at={at} onPick={pick} onHover={setAt} />}
			</div>
			<IconButton icon="people" size={18} class="compose-people" label={t('contacts.pick', { field: label })} onClick={() => setPicking(true)} />
			{end}
			<span class="sr" role="status">{said}</span>
		</div>
	);
}

function AddressChip({ address, inside, strict, onRemove, onEdit, onKey }: {
	address: EmailAddress; inside: ReadonlySet<string>; strict: boolean; onRemove: () => void; onEdit: () => void; onKey: (e: KeyboardEvent) => void;
}) {
	const outside = isOutside(address, inside), barred = strict && outside, valid = isAddress(address.email) && !barred;
	const state = barred ? t('compose.chip-sealed') : !valid ? t('compose.chip-invalid') : outside ? t('compose.chip-outside', { domain: domainOf(address.email) }) : '';
	return (
		<span class={cls('address-chip', !valid && 'invalid', outside && 'outside')}>
			<button type="button" data-chip tabIndex={-1} class="address-chip-text" aria-label={[formatAddress(address), state, t('compose.chip-keys')].filter(Boolean).join(', ')}
				data-tip={[address.email, state].filter(Boolean).join(' · ')} onDblClick={onEdit} onKeyDown={onKey}>
				{!valid && <Icon name="warn" size={14} />}
				<span class="cut">{shownName(address)}</span>
				{outside && address.name && <span class="address-chip-domain cut">{domainOf(address.email)}</span>}
			</button>
			<button type="button" class="address-chip-remove" tabIndex={-1} aria-label={t('compose.remove-address', { name: shownName(address) })} onClick={onRemove}><Icon name="close" size={12} /></button>
		</span>
	);
}
