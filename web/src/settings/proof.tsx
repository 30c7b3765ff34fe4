/* Some things ask again who is there: the password, and a second factor where one is needed. */
import { signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { operation, Problem } from '../shell/api';
import { session } from '../shell/session';
import { t } from '../ui/i18n';
import { Dialog } from '../ui/overlay';
import { Banner, Button, Field, Segmented } from '../ui/parts';
import { asProblem, explain } from './parts';
import { sign, type Challenge } from '../signin/webauthn';

interface Step { kinds: string[]; done: (worked: boolean) => void }
const step = signal<Step | null>(null);

/** Runs it; when the server wants a fresh second factor, asks for one and runs it again. */
export async function withStepUp<T>(run: () => Promise<T>): Promise<T> {
	try {
		return await run();
	} catch (error) {
		const problem = asProblem(error);
		if (problem.code !== 'step_up' && problem.code !== 'factor_needed') throw error;
		const kinds = Array.isArray(problem.more.factors) ? (problem.more.factors as string[]) : await ownKinds();
		if (kinds.length === 0) throw error;
		const worked = await new Promise<boolean>(done => (step.value = { kinds, done }));
		if (!worked) throw error;
		return run();
	}
}

async function ownKinds(): Promise<string[]> {
	const { factors } = await operation<{ factors: { kind: string }[] }>('factor.list', { address: session.value?.address });
	return [...new Set(factors.map(one => one.kind))];
}

export function StepUpHost() {
	const now = step.value;
	return now && <StepUp kinds={now.kinds} onDone={worked => { step.value = null; now.done(worked); }} />;
}

function StepUp({ kinds, onDone }: { kinds: string[]; onDone: (worked: boolean) => void }) {
	const order = ['webauthn', 'totp', 'codes'].filter(kind => kinds.includes(kind));
	const [kind, setKind] = useState(order[0] ?? 'totp');
	const [code, setCode] = useState('');
	const [error, setError] = useState<Problem | null>(null);
	const [busy, setBusy] = useState(false);
	const send = async (e?: Event) => {
		e?.preventDefault();
		setBusy(true);
		setError(null);
		try {
			await operation('session.step_up', { proof: kind === 'webauthn' ? await askPasskey() : { kind, code: code.replace(/\s/g, '') } });
			onDone(true);
		} catch (problem) {
			setError(asProblem(problem));
			setBusy(false);
		}
	};
	return (
		<Dialog title={t('settings.step-up')} size="small" onClose={() => onDone(false)}
			footer={<><Button onClick={() => onDone(false)}>{t('ui.cancel')}</Button><Button kind="primary" busy={busy} onClick={() => void send()}>{t('settings.step-up-do')}</Button></>}>
			<form class="stack" onSubmit={e => void send(e)}>
				<p>{t('settings.step-up-text')}</p>
				{order.length > 1 && <Segmented label={t('settings.step-up-kind')} value={kind} options={order.map(value => ({ value, label: t(`settings.kind-${value as 'totp'}`) }))} onChange={setKind} />}
				{kind !== 'webauthn' && (
					<Field label={t(kind === 'codes' ? 'settings.recovery-code' : 'settings.totp-code')}>
						{ids => <input class="input code-input" id={ids.id} autofocus autocomplete="one-time-code" inputMode={kind === 'codes' ? 'text' : 'numeric'} value={code} onInput={e => setCode(e.currentTarget.value)} />}
					</Field>
				)}
				{error && <Banner kind="bad">{explain(error)}</Banner>}
			</form>
		</Dialog>
	);
}

async function askPasskey(): Promise<Record<string, unknown>> {
	try {
		await operation('session.step_up', { factor: 'webauthn' });
	} catch (error) {
		const problem = asProblem(error);
		if (problem.more.challenge) return sign((typeof problem.more.challenge === 'object' ? problem.more.challenge : problem.more) as unknown as Challenge);
		throw problem;
	}
	throw new Problem(0, 'unexpected', '', {});
}
