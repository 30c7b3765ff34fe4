/* Around every step of signing in, and around the page of consent: what the server is on the left, one card on the right. */
import type { ComponentChildren } from 'preact';
import { t } from '../ui/i18n';
import { Icon, Logo } from '../ui/icons';
import { locale, store, type Locale } from '../ui/prefs';

const LANGUAGES: [Locale, string][] = [['en', 'English'], ['zh-CN', '简体中文'], ['zh-TW', '繁體中文']];

function Languages() {
	const choose = (which: Locale) => {
		store('locale-chosen', '1');
		locale.value = which;
	};
	return (
		<nav class="signin-languages" aria-label={t('ui.language')}>
			{LANGUAGES.map(([value, label]) => <button type="button" key={value} lang={value} aria-current={locale.value === value || undefined} onClick={() => choose(value)}>{label}</button>)}
		</nav>
	);
}

function Brand() {
	return (
		<aside class="signin-brand">
			<p class="signin-logo"><Logo size={40} /><span>Letterlock</span></p>
			<div class="signin-words">
				<p class="signin-host">{location.hostname}</p>
				<ul>
					<li><Icon name="lock" size={20} />{t('signin.brand-sealed')}</li>
					<li><Icon name="shieldCheck" size={20} />{t('signin.brand-proven')}</li>
					<li><Icon name="warn" size={20} />{t('signin.brand-careful', { host: location.host })}</li>
				</ul>
			</div>
			<details class="signin-programs">
				<summary>{t('signin.programs')}</summary>
				<p>{t('signin.programs-text')}</p>
			</details>
		</aside>
	);
}

export function Frame({ children }: { children: ComponentChildren }) {
	return (
		<div class="signin">
			<Brand />
			<main class="signin-main">
				<div class="signin-card">{children}</div>
				<Languages />
			</main>
		</div>
	);
}
