/* The sign-in: what the server is on the left, one step on the right. */
import { useEffect } from 'preact/hooks';
import { t } from '../ui/i18n';
import { Icon, Logo } from '../ui/icons';
import { locale, store, type Locale } from '../ui/prefs';
import { go } from '../ui/router';
import { refusal } from '../shell/api';
import { session } from '../shell/session';
import { comeBack, next, step } from './flow';
import { EnrolStep } from './enrol';
import { ChangeStep, CodeStep, DeviceStep, PasswordStep, RecoverStep, SecondStep } from './steps';

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

const STEPS = { password: PasswordStep, second: SecondStep, recover: RecoverStep, change: ChangeStep, enrol: EnrolStep, device: DeviceStep, code: CodeStep };

export default function SignIn() {
	useEffect(() => {
		if (!session.value?.signed_in) refusal.value = 'none';
		if (!location.pathname.startsWith('/signin')) go('/signin', true);
		if (session.value?.signed_in) next();
		comeBack();
	}, []);
	const Step = STEPS[step.value];
	return (
		<div class="signin">
			<Brand />
			<main class="signin-main">
				<div class="signin-card"><Step key={step.value} /></div>
				<Languages />
			</main>
		</div>
	);
}
