/* The address book: the tree at the left, people in the middle, one card at the right; on a phone one after the other. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { CONTACTS } from '../jmap';
import { client, start } from '../jmap/account';
import { useCommands } from '../shell/commands';
import { compose, drawerOpen, topSlot } from '../shell/hooks';
import { t } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { confirm, MenuButton, type MenuEntry } from '../ui/overlay';
import { Button, IconButton, cls } from '../ui/parts';
import { foldersShown, narrow } from '../ui/prefs';
import { go, place } from '../ui/router';
import { isComposing } from '../ui/shortcuts';
import { add, exportAll, importFile, makeGroup, remove, renameGroup } from './actions';
import { departments, loadDepartments, loadOwn, own } from './book';
import { addressesOf, type Person } from './card';
import { Detail } from './detail';
import { EditDialog, NameDialog } from './edit';
import { NoPeople, PeopleList, usePeople } from './people';
import { Tree, type Choice } from './tree';

function choiceOf(query: URLSearchParams): Choice {
	if (query.has('own')) return { kind: 'own' };
	const group = query.get('group');
	return group ? { kind: 'group', key: group } : { kind: 'org', department: query.get('org') ?? '' };
}

function addressOf(choice: Choice): string {
	if (choice.kind === 'own') return '/contacts?own';
	if (choice.kind === 'group') return `/contacts?group=${encodeURIComponent(choice.key)}`;
	return choice.department ? `/contacts?org=${encodeURIComponent(choice.department)}` : '/contacts';
}

function Search({ text, onText }: { text: string; onText: (text: string) => void }) {
	return (
		<div class="search" role="search">
			<Icon name="search" size={18} />
			<input id="book-search" type="search" aria-label={t('contacts.search')} placeholder={t('contacts.search-hint')} value={text} onInput={e => onText(e.currentTarget.value)}
				onKeyDown={e => { if (isComposing(e)) return; if (e.key === 'ArrowDown' || e.key === 'Enter') { e.preventDefault(); document.querySelector<HTMLElement>('.people-list')?.focus(); } else if (e.key === 'Escape') onText(''); }} />
			{text && <IconButton icon="close" size={16} label={t('contacts.search-clear')} onClick={() => onText('')} />}
		</div>
	);
}

type Naming = { group: Person | null } | null;

function useScreen() {
	const [text, setText] = useState('');
	const [active, setActive] = useState<Person | null>(null);
	const [naming, setNaming] = useState<Naming>(null);
	const [here, setHere] = useState(false);
	const choice = choiceOf(place.value.query);
	const group = choice.kind === 'group' ? own.value?.find(one => one.key === choice.key) ?? null : null;
	useEffect(() => {
		void loadDepartments().catch(() => (departments.value ??= []));
		void start().then(() => setHere(client.has(CONTACTS)), () => {});
		void loadOwn().catch(() => (own.value ??= []));
	}, []);
	useEffect(() => {
		topSlot.value = <Search text={text} onText={setText} />;
	}, [text, t('contacts.search')]);
	useEffect(() => () => void (topSlot.value = null), []);
	useEffect(() => {
		setText('');
		setActive(null);
	}, [place.value.path]);
	/* What is shown is what the server says now. */
	const shown = active?.own ? own.value?.find(one => one.key === active.key) ?? null : active;
	return { text, setText, active: shown, setActive, naming, setNaming, here, choice, group };
}

export default function Contacts() {
	const s = useScreen();
	const people = usePeople(s.choice, s.text.trim());
	const file = useRef<HTMLInputElement>(null);
	const search = () => document.getElementById('book-search')?.focus();
	useCommands([
		...(s.here ? [{ label: t('contacts.add'), keys: 'n', icon: 'plus' as const, group: t('ui.contacts'), run: () => add() }] : []),
		{ label: t('contacts.search'), keys: '/', icon: 'search', group: t('ui.contacts'), run: search },
	]);
	const choose = (choice: Choice) => {
		s.setText('');
		go(addressOf(choice));
		drawerOpen.value = false;
	};
	const removeGroup = async (group: Person) => {
		if (!(await confirm(t('contacts.group-remove'), t('contacts.group-remove-text', { name: group.name }), t('ui.remove'), true))) return;
		await remove(group);
		choose({ kind: 'own' });
	};
	const items: MenuEntry[] = [
		{ label: t('contacts.import'), hint: t('contacts.import-hint'), icon: 'file', run: () => file.current!.click() },
		{ label: t('contacts.export'), icon: 'download', disabled: !own.value?.length, run: exportAll },
		{ label: t('contacts.group-new'), icon: 'label', run: () => s.setNaming({ group: null }) },
		...(s.group ? ['line' as const, { label: t('contacts.group-rename'), icon: 'draft' as const, run: () => s.setNaming({ group: s.group }) },
			{ label: t('contacts.group-remove'), icon: 'trash' as const, danger: true, run: () => void removeGroup(s.group!) }] : []),
	];
	const title = s.text.trim() ? t('contacts.found') : s.choice.kind === 'own' ? t('contacts.own') : s.choice.kind === 'group' ? s.group?.name ?? ''
		: s.choice.department.split('/').at(-1) || t('contacts.organisation');
	const write = s.choice.kind !== 'own' && !s.text && (s.choice.kind === 'group' || s.choice.department !== '') && !people.more ? addressesOf(people.list) : [];
	return (
		<div class={cls('contacts', s.active && 'opened', (narrow.value ? drawerOpen.value : foldersShown.value) && 'with-tree')}>
			<div class="book-tree-pane">
				{narrow.value && drawerOpen.value && <button type="button" class="scrim" aria-label={t('ui.close')} onClick={() => (drawerOpen.value = false)} />}
				<div class="book-tree-box">
					{s.here && <Button kind="primary" icon="plus" class="new-letter" onClick={() => add()}>{t('contacts.add')}</Button>}
					<Tree chosen={s.choice} onChoose={choose} />
				</div>
			</div>
			<section class="people-pane" aria-label={title}>
				<header class="list-head">
					<h1 class="cut">{title}</h1><span class="grow" />
					{write.length > 0 && compose.value && <IconButton icon="compose" label={t('contacts.write-all')} onClick={() => compose.value!({ kind: 'new', to: write })} />}
					{s.here && <MenuButton icon="more" label={t('ui.more')} items={items} />}
				</header>
				<PeopleList people={people} active={s.active?.key ?? null} onActive={s.setActive} label={title}
					empty={<NoPeople text={s.text.trim()} onAdd={s.here && s.choice.kind === 'own' ? () => add() : undefined} />} />
				<span class="sr" role="status">{s.text.trim() && !people.loading ? t('contacts.count', { n: people.list.length }) : ''}</span>
			</section>
			<Detail person={s.active} onBack={narrow.value ? () => s.setActive(null) : undefined} />
			<input ref={file} type="file" class="sr" tabIndex={-1} aria-hidden="true" accept=".vcf,.csv,text/vcard,text/csv" onChange={e => { const one = e.currentTarget.files?.[0]; e.currentTarget.value = ''; if (one) void importFile(one); }} />
			<EditDialog onSaved={key => s.setActive(own.value?.find(one => one.key === key) ?? null)} />
			{s.naming && <NameDialog title={t(s.naming.group ? 'contacts.group-rename' : 'contacts.group-new')} start={s.naming.group?.name ?? ''} onClose={() => s.setNaming(null)}
				onSave={name => void (s.naming!.group ? renameGroup(s.naming!.group, name) : makeGroup(name))} />}
		</div>
	);
}
