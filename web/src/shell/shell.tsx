/* The frame around every screen: top bar, rail, what lies over all. */
import { t } from '../ui/i18n';
import { Icon, Logo } from '../ui/icons';
import { Boundary } from '../ui/boundary';
import { ConfirmHost, MenuButton, TipHost, type MenuEntry } from '../ui/overlay';
import { Avatar, Button, EmptyState, IconButton } from '../ui/parts';
import { density, foldersShown, locale, narrow, store, theme, type Density, type Locale, type Theme } from '../ui/prefs';
import { go, place } from '../ui/router';
import { pendingKey } from '../ui/shortcuts';
import { ToastHost, toast, undoLast } from '../ui/toast';
import { areas } from './areas';
import { useCommands } from './commands';
import { HelpHost, paletteOpen, sheetOpen } from './help';
import { connection, drawerOpen, overlays, topSlot } from './hooks';
import { Lazy } from './lazy';
import { LockHost, lock } from './lock';
import { session, signOut } from './session';

const THEMES: Theme[] = ['auto', 'light', 'dark'];
const DENSITIES: Density[] = ['compact', 'cosy', 'relaxed'];
const LANGUAGES: [Locale, string][] = [['en', 'English'], ['zh-CN', '简体中文'], ['zh-TW', '繁體中文']];

function chooseLocale(which: Locale): void {
	store('locale-chosen', '1');
	locale.value = which;
}

function accountItems(): MenuEntry[] {
	return [
		{ heading: t('ui.language') },
		...LANGUAGES.map(([value, label]) => ({ label, checked: locale.value === value, run: () => chooseLocale(value) })),
		{ heading: t('ui.theme') },
		...THEMES.map(value => ({ label: t(`ui.theme-${value}`), checked: theme.value === value, run: () => void (theme.value = value) })),
		{ heading: t('ui.density') },
		...DENSITIES.map(value => ({ label: t(`ui.density-${value}`), checked: density.value === value, run: () => void (density.value = value) })),
		'line',
		{ label: t('ui.lock'), icon: 'lock' as const, run: () => void lock() },
		{ label: t('ui.sign-out'), icon: 'exit' as const, run: () => void signOut() },
	];
}

function AccountMenu() {
	const name = session.value?.name ?? '', address = session.value?.address ?? '';
	return (
		<MenuButton label={t('ui.account-of', { name: name || address })} items={accountItems} class="account-button"
			header={<div class="account-head"><Avatar name={name} address={address} size={40} /><div class="grow"><strong class="cut">{name}</strong><small class="cut">{address}</small></div></div>}>
			<Avatar name={name} address={address} size={32} />
		</MenuButton>
	);
}

function TopBar() {
	return (
		<header class="top">
			<IconButton icon="menu" label={t('ui.more')} class="top-menu" aria-expanded={narrow.value ? drawerOpen.value : foldersShown.value}
				onClick={() => (narrow.value ? (drawerOpen.value = !drawerOpen.value) : (foldersShown.value = !foldersShown.value))} />
			<a class="brand" href="/mail" aria-label={`${t('ui.app')}, ${t('ui.mail')}`}><Logo /><span>Letterlock</span></a>
			<div class="top-slot">{topSlot.value}</div>
			<div class="top-end">
				{pendingKey.value && <kbd aria-hidden="true">{pendingKey.value} …</kbd>}
				<IconButton icon="help" label={t('ui.shortcuts')} keys="?" class="top-help" onClick={() => (sheetOpen.value = true)} />
				<AccountMenu />
			</div>
		</header>
	);
}

function Rail() {
	const here = place.value.parts[0] ?? 'mail';
	const shown = areas.filter(a => a.shown?.() ?? true);
	return (
		<nav class="rail" aria-label={t('ui.rail')}>
			{shown.map(a => (
				<a key={a.name} href={`/${a.name}`} aria-current={here === a.name ? 'page' : undefined}><span class="rail-icon"><Icon name={a.icon} size={22} /></span><span class="rail-label">{t(a.label)}</span></a>
			))}
		</nav>
	);
}

function ConnectionBar() {
	const now = connection.value;
	return <div class="connection" role="status">{now !== 'good' && <p><Icon name={now === 'offline' ? 'offline' : 'refresh'} size={16} />{t(now === 'offline' ? 'ui.offline' : 'ui.reconnecting')}</p>}</div>;
}

function Area() {
	const name = place.value.parts[0] ?? 'mail';
	const area = areas.find(a => a.name === name && (a.shown?.() ?? true));
	if (!area) return <EmptyState icon="search" title={t('ui.not-found')} action={<Button onClick={() => go('/mail')}>{t('ui.to-mail')}</Button>}>{t('ui.not-found-text')}</EmptyState>;
	const Screen = area.screen;
	return <Boundary name={name} key={name}>{Screen ? <Screen /> : <Lazy load={area.load!} />}</Boundary>;
}

function GlobalCommands() {
	const group = t('ui.app');
	useCommands([
		{ label: t('ui.palette'), keys: 'ctrl+k', group, hidden: true, run: () => (paletteOpen.value = true) },
		{ label: t('ui.shortcuts'), keys: '?', icon: 'keyboard', group, run: () => (sheetOpen.value = true) },
		{ label: t('ui.undo'), keys: 'z', icon: 'undo', group, run: () => { if (!undoLast()) toast(t('ui.nothing-to-undo'), { ms: 3000 }); } },
		{ label: t('ui.lock'), icon: 'lock', group, run: () => void lock() },
		{ label: t('ui.sign-out'), icon: 'exit', group, run: () => void signOut() },
		...THEMES.map(value => ({ label: `${t('ui.theme')}: ${t(`ui.theme-${value}`)}`, group, run: () => void (theme.value = value) })),
		...DENSITIES.map(value => ({ label: `${t('ui.density')}: ${t(`ui.density-${value}`)}`, group, run: () => void (density.value = value) })),
		...LANGUAGES.map(([value, label]) => ({ label: `${t('ui.language')}: ${label}`, group, run: () => chooseLocale(value) })),
	]);
	return null;
}

export function Shell() {
	return (
		<div class="shell">
			<a class="skip" href="#main" onClick={e => { e.preventDefault(); (document.querySelector<HTMLElement>('#main .mail-row[tabindex="0"]') ?? document.getElementById('main'))?.focus(); }}>{t('ui.skip')}</a>
			<GlobalCommands />
			<TopBar />
			<ConnectionBar />
			<Rail />
			<main id="main" class="area" tabIndex={-1}><Area /></main>
			{overlays.value.map((Overlay, i) => <Boundary name="overlay" key={i}><Overlay /></Boundary>)}
			<ToastHost />
			<TipHost />
			<ConfirmHost />
			<HelpHost />
			<LockHost />
		</div>
	);
}
