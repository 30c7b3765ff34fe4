import './ui/tokens.css';
import './ui/base.css';
import './ui/parts.css';
import './shell/shell.css';
import './mail/mail.css';
import './compose/compose.css';
import { render } from 'preact';
import { Boundary } from './ui/boundary';
import { ready, t } from './ui/i18n';
import { ErrorState } from './ui/parts';
import { readSession, session, sessionFailed } from './shell/session';
import { Shell } from './shell/shell';
import { watchIdle } from './shell/lock';
import './compose/register';

function App() {
	if (!ready.value) return null;
	if (sessionFailed.value) return <ErrorState title={t('ui.part-failed')} onRetry={() => void readSession()}>{t('ui.offline')}</ErrorState>;
	if (!session.value) return null;
	return <Boundary name="app"><Shell /></Boundary>;
}

render(<App />, document.getElementById('app')!);
void readSession();
watchIdle();
