/* A component that is fetched when it is first needed. */
import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../ui/i18n';
import { ErrorState, Skeleton } from '../ui/parts';

type Loader = () => Promise<{ default: FunctionComponent }>;
const loaded = new Map<Loader, FunctionComponent>();

export function Lazy({ load }: { load: Loader }) {
	const [, again] = useState(0);
	const [failed, setFailed] = useState(false);
	const found = loaded.get(load);
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
	return Found ? <Found /> : <Skeleton />;
}
