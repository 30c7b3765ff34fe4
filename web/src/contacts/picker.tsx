/* Choosing people for a letter: the tree, boxes, whole departments and groups. */
import { useEffect, useState } from 'preact/hooks';
import type { EmailAddress } from '../jmap';
import { t } from '../ui/i18n';
import { Dialog } from '../ui/overlay';
import { Button, Chip, Field } from '../ui/parts';
import { departments, loadDepartments, loadOwn, own } from './book';
import { addressesOf, type Person } from './card';
import { NoPeople, PeopleList, usePeople } from './people';
import { Tree, type Choice } from './tree';

export default function Picker({ label, onClose, onPick }: { label: string; onClose: () => void; onPick: (people: EmailAddress[]) => void }) {
	const [choice, setChoice] = useState<Choice>({ kind: 'org', department: '' });
	const [text, setText] = useState('');
	const [active, setActive] = useState<string | null>(null);
	const [chosen, setChosen] = useState<ReadonlyMap<string, Person>>(new Map());
	const people = usePeople(choice, text.trim());
	useEffect(() => {
		void loadDepartments().catch(() => (departments.value ??= []));
		void loadOwn().catch(() => (own.value ??= []));
	}, []);
	const toggle = (person: Person) => {
		const next = new Map(chosen);
		if (!next.delete(person.key)) next.set(person.key, person);
		setChosen(next);
	};
	const usable = people.list.filter(one => one.emails.length > 0);
	const all = usable.length > 0 && usable.every(one => chosen.has(one.key));
	const toggleAll = () => {
		const next = new Map(chosen);
		usable.forEach(one => (all ? next.delete(one.key) : next.set(one.key, one)));
		setChosen(next);
	};
	const list = [...chosen.values()];
	return (
		<Dialog title={t('contacts.pick', { field: label })} size="wide" onClose={onClose}
			footer={<><span class="grow muted" role="status">{t('contacts.chosen', { n: list.length })}</span><Button onClick={onClose}>{t('ui.cancel')}</Button>
				<Button kind="primary" disabled={list.length === 0} onClick={() => { onPick(addressesOf(list)); onClose(); }}>{t('contacts.pick-do')}</Button></>}>
			<div class="picker">
				<Field label={t('contacts.search')}>{ids => <input class="input" id={ids.id} type="search" autofocus value={text} placeholder={t('contacts.search-hint')} onInput={e => setText(e.currentTarget.value)} />}</Field>
				<div class="picker-chosen">{list.map(one => <Chip key={one.key} removeLabel={t('contacts.remove-value', { value: one.name })} onRemove={() => toggle(one)}>{one.name}</Chip>)}</div>
				<div class="picker-body">
					<div class="picker-tree"><Tree chosen={choice} onChoose={one => { setChoice(one); setText(''); }} /></div>
					<div class="picker-people">
						<div class="picker-all"><Button small disabled={usable.length === 0} onClick={toggleAll}>{t(all ? 'contacts.none-of-list' : 'contacts.all-of-list')}</Button></div>
						<PeopleList people={people} active={active} onActive={one => setActive(one.key)} onOpen={one => one.emails.length > 0 && toggle(one)} checked={new Set(chosen.keys())} label={t('contacts.people')} empty={<NoPeople text={text.trim()} />} />
					</div>
				</div>
			</div>
		</Dialog>
	);
}
