/* A component that is fetched when it is first needed. */
import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../ui/i18n';
import { ErrorState, Skeleton } from '../ui/parts';

type Loader<P> = () => Promise<{ default: FunctionComponent<P> }>;
const loaded = new Map<unknown, unknown>();

export function Lazy<P extends object = object>({ load, with: props }: { load: Loader<P>; with?: P }) {
	const [, again] = useState(0);
	const [failed, setFailed] = useState(false);
	const found = loaded.get(load) as FunctionComponent<P> | undefined;
	const fetchIt = () => {
		setFailed(false);
		load().then(m => {
			loaded.set(load, m.default);
			again(n => n + 1);
		}, () => setFailed(true));
	};
	useEffect(() => {
		if (!found) fetchIt();
	}, [load]);
	if (failed) return <ErrorState title={t('ui.part-failed')} onRetry={fetchIt}>{t('ui.part-failed-text')}</ErrorState>;
	const Found = found;
	return Found ? <Found {...(props as P)} /> : <Skeleton />;
}
