import { render } from 'preact';
import { Boundary } from './ui/boundary';
import { ready, t } from './ui/i18n';
import { ErrorState } from './ui/parts';
import { readSession, session, sessionFailed } from './shell/session';
import { Shell } from './shell/shell';
import { Lazy } from './shell/lazy';
import { PersonaBar } from './signin/personas';
import { place } from './ui/router';
import { store } from './ui/prefs';
import { watchIdle } from './shell/lock';
import './compose/register';
import './shell/sync';

const signIn = () => import('./signin/screen');
/* A program asks to be let in: a page of its own, without the frame of the mail. */
const consent = () => import('./signin/consent');
let inside = false;

/*
 * Who is not signed in, or has something to do first, sees the sign-in. Whose session ends while the page is open keeps the page, covered: what was being
 * written is still there.
 */
function comesIn(): boolean {
	const s = session.value!;
	const asked = place.value.parts[0] === 'signin';
	if (inside && !asked) return false;
	const first = s.signed_in && !s.locked && (s.must_change_password || s.must_register_factor);
	if (!s.signed_in && !asked && place.value.parts.length > 0) store('after-signin', place.value.path);
	inside = s.signed_in && !asked && !first;
	return !inside;
}

function App() {
	if (!ready.value) return null;
	if (sessionFailed.value) return <ErrorState title={t('ui.part-failed')} onRetry={() => void readSession()}>{t('ui.offline')}</ErrorState>;
	if (!session.value) return null;
	return <div class="with-personas"><PersonaBar /><Boundary name="app">{comesIn() ? <Lazy load={signIn} /> : place.value.parts[0] === 'oauth' && !session.value.locked ? <Lazy load={consent} /> : <Shell />}</Boundary></div>;
}

render(<App />, document.getElementById('app')!);
void readSession();
watchIdle();
