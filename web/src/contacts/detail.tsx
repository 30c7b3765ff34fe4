/* The card of a person. */
import { useState } from 'preact/hooks';
import { compose } from '../shell/hooks';
import { t } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { MenuButton, type MenuEntry } from '../ui/overlay';
import { Avatar, Button, EmptyState, IconButton } from '../ui/parts';
import { toast } from '../ui/toast';
import { edit, keep, makeGroup, remove, setMember } from './actions';
import { own } from './book';
import type { Person } from './card';
import { NameDialog } from './edit';

async function copy(text: string): Promise<void> {
	await navigator.clipboard?.writeText(text);
	toast(t('ui.copied'), { ms: 3000 });
}

function Fact({ label, children }: { label: string; children: preact.ComponentChildren }) {
	return <div class="person-fact"><dt>{label}</dt><dd>{children}</dd></div>;
}

function groupItems(person: Person, onNew: () => void): MenuEntry[] {
	const groups = (own.value ?? []).filter(one => one.group);
	return [
		...groups.map(group => {
			const inside = group.members.includes(person.uid);
			return { label: group.name, checked: inside, run: () => void setMember(group, person, !inside) };
		}),
		...(groups.length ? ['line' as const] : []),
		{ label: t('contacts.group-new'), icon: 'plus' as const, run: onNew },
	];
}

export function Detail({ person, onBack }: { person: Person | null; onBack?: () => void }) {
	const [naming, setNaming] = useState(false);
	if (!person) return <div class="person-pane"><EmptyState icon="person" title={t('contacts.choose')} /></div>;
	const mail = person.emails[0]?.value;
	const levels = person.department.split('/').filter(Boolean);
	return (
		<article class="person-pane" aria-label={person.name}>
			{onBack && <IconButton icon="back" label={t('ui.back')} onClick={onBack} />}
			<header class="person-head">
				<Avatar name={person.name} address={mail ?? person.name} size={72} />
				<div class="grow"><h2>{person.name}</h2>{(person.position || person.company) && <p class="muted">{[person.position, person.company].filter(Boolean).join(' · ')}</p>}</div>
			</header>
			<div class="person-tools">
				{mail && compose.value && <Button kind="primary" icon="compose" onClick={() => compose.value!({ kind: 'new', to: [{ name: person.name, email: mail }] })}>{t('contacts.write')}</Button>}
				{person.own && <Button icon="draft" onClick={() => edit(person)}>{t('contacts.edit-short')}</Button>}
				{person.own && <MenuButton label={t('contacts.groups')} items={() => groupItems(person, () => setNaming(true))} class="button default"><Icon name="label" size={18} /><span>{t('contacts.groups')}</span></MenuButton>}
				{!person.own && mail && <Button icon="plus" onClick={() => void keep({ name: person.name, email: mail })}>{t('contacts.keep')}</Button>}
				{person.own && <Button icon="trash" onClick={() => void remove(person)}>{t('ui.remove')}</Button>}
			</div>
			<dl class="person-facts">
				{person.emails.map(one => <Fact key={one.key} label={t('contacts.email')}><span class="person-value">{one.value}</span><Button small kind="ghost" aria-label={t('contacts.copy', { value: one.value })} onClick={() => void copy(one.value)}>{t('ui.copy')}</Button></Fact>)}
				{person.phones.map(one => <Fact key={one.key} label={t(one.kind === 'mobile' ? 'contacts.mobile' : 'contacts.phone')}><a href={`tel:${one.value.replace(/[^+\d]/g, '')}`} class="num">{one.value}</a></Fact>)}
				{levels.length > 0 && <Fact label={t('contacts.department')}>{levels.map((_, i) => levels.slice(0, i + 1).join('/')).map((path, i) => <span key={path}>{i > 0 && <span class="muted"> / </span>}<a href={`/contacts?org=${encodeURIComponent(path)}`}>{levels[i]}</a></span>)}</Fact>}
				{person.staffNumber && <Fact label={t('contacts.staff-number')}><span class="num">{person.staffNumber}</span></Fact>}
				{person.note && <Fact label={t('contacts.note')}><span class="person-note">{person.note}</span></Fact>}
			</dl>
			{naming && <NameDialog title={t('contacts.group-new')} start="" onClose={() => setNaming(false)} onSave={name => void makeGroup(name)} />}
		</article>
	);
}
