/* Settings: the pages at the left, one of them at the right. What this server cannot do, has no page. */
import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { SIEVE, SUBMISSION, VACATION } from '../jmap';
import { client, start } from '../jmap/account';
import { t, type Key } from '../ui/i18n';
import { Icon, type IconName } from '../ui/icons';
import { EmptyState, Skeleton, cls } from '../ui/parts';
import { narrow } from '../ui/prefs';
import { place } from '../ui/router';
import Data from './data';
import Delegations from './delegation';
import Devices from './devices';
import Filters from './filters';
import General from './general';
import Identities from './identities';
import { StepUpHost } from './proof';
import Security from './security';
import Sessions from './sessions';
import Templates from './templates';
import Vacation from './vacation';

interface Entry { name: string; label: Key; icon: IconName; page: FunctionComponent; needs?: string; mail?: boolean }
const ENTRIES: Entry[] = [
	{ name: 'general', label: 'settings.general', icon: 'settings', page: General },
	{ name: 'identities', label: 'settings.identities', icon: 'person', page: Identities, needs: SUBMISSION, mail: true },
	{ name: 'filters', label: 'settings.filters', icon: 'label', page: Filters, needs: SIEVE, mail: true },
	{ name: 'vacation', label: 'settings.vacation', icon: 'sun', page: Vacation, needs: VACATION, mail: true },
	{ name: 'templates', label: 'settings.templates', icon: 'template', page: Templates, needs: SUBMISSION, mail: true },
	{ name: 'delegation', label: 'settings.delegation', icon: 'person', page: Delegations, mail: true },
	{ name: 'security', label: 'settings.security', icon: 'shield', page: Security },
	{ name: 'devices', label: 'settings.devices', icon: 'keyboard', page: Devices },
	{ name: 'sessions', label: 'settings.sessions', icon: 'globe', page: Sessions },
	{ name: 'data', label: 'settings.data', icon: 'download', page: Data, mail: true },
];

export default function Settings() {
	const [mail, setMail] = useState<'asking' | 'here' | 'none'>('asking');
	useEffect(() => void start().then(() => setMail('here'), () => setMail('none')), []);
	const name = place.value.parts[1] ?? (narrow.value ? '' : 'general');
	const shown = ENTRIES.filter(one => !one.mail || (mail === 'here' && (!one.needs || client.has(one.needs))));
	const entry = shown.find(one => one.name === name);
	const waiting = mail === 'asking' && ENTRIES.some(one => one.name === name && one.mail);
	const Chosen = entry?.page;
	useEffect(() => document.querySelector<HTMLElement>('.settings-content')?.scrollTo(0, 0), [name]);
	return (
		<div class={cls('settings', narrow.value && name !== '' && 'inside')}>
			<nav class="settings-nav" aria-label={t('ui.settings')}>
				<h2>{t('ui.settings')}</h2>
				{shown.map(one => <a key={one.name} href={`/settings/${one.name}`} aria-current={one.name === name ? 'page' : undefined}><Icon name={one.icon} size={18} />{t(one.label)}</a>)}
			</nav>
			<div class="settings-content">
				{narrow.value && name !== '' && <a class="settings-back" href="/settings"><Icon name="back" size={18} />{t('ui.settings')}</a>}
				{Chosen ? <Chosen key={name} /> : waiting ? <Skeleton rows={5} /> : name !== '' && <EmptyState icon="search" title={t('ui.not-found')} />}
			</div>
			<StepUpHost />
		</div>
	);
}
