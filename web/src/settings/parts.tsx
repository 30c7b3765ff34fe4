/* What the pages of settings are made of. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { operation, Problem } from '../shell/api';
import { session } from '../shell/session';
import { maybe, t } from '../ui/i18n';
import { ErrorState, Skeleton } from '../ui/parts';

export function Page({ title, lead, action, children }: { title: string; lead?: string; action?: ComponentChildren; children: ComponentChildren }) {
	return (
		<div class="settings-page">
			<header class="settings-head"><div class="grow"><h1 tabIndex={-1}>{title}</h1>{lead && <p class="muted">{lead}</p>}</div>{action}</header>
			{children}
		</div>
	);
}

export function Card({ title, lead, action, children }: { title?: string; lead?: ComponentChildren; action?: ComponentChildren; children?: ComponentChildren }) {
	return (
		<section class="card">
			{(title || action) && <header class="card-head"><div class="grow">{title && <h2>{title}</h2>}{lead && <p class="muted">{lead}</p>}</div>{action}</header>}
			{children}
		</section>
	);
}

/** A line with a name at the left and what is set at the right. */
export function Line({ label, hint, children }: { label: string; hint?: string; children: ComponentChildren }) {
	return <div class="setting"><span class="setting-text"><span>{label}</span>{hint && <small>{hint}</small>}</span><span class="setting-value">{children}</span></div>;
}

export function Row({ icon, title, children, side }: { icon?: ComponentChildren; title: ComponentChildren; children?: ComponentChildren; side?: ComponentChildren }) {
	return <li class="list-row">{icon && <span class="list-icon">{icon}</span>}<div class="grow"><div class="list-title">{title}</div>{children && <small>{children}</small>}</div>{side && <div class="list-side">{side}</div>}</li>;
}

export function me(): string {
	return session.value?.address ?? '';
}

export interface Answer<T> { data: T | null; error: Problem | null; reload: () => Promise<void> }

/** What an operation answers; asked when the page is opened. */
export function useOperation<T>(name: string, args: Record<string, unknown> = {}): Answer<T> {
	const [data, setData] = useState<T | null>(null);
	const [error, setError] = useState<Problem | null>(null);
	const reload = async () => {
		try {
			setData(await operation<T>(name, args));
			setError(null);
		} catch (problem) {
			setError(asProblem(problem));
		}
	};
	useEffect(() => void reload(), [name]);
	return { data, error, reload };
}

export function Loaded<T>({ answer, rows = 3, children }: { answer: Answer<T>; rows?: number; children: (data: T) => ComponentChildren }) {
	if (answer.data) return <>{children(answer.data)}</>;
	if (answer.error) return <ErrorState title={t('settings.failed')} code={answer.error.cid} onRetry={() => void answer.reload()}>{explain(answer.error)}</ErrorState>;
	return <Skeleton rows={rows} />;
}

export function asProblem(error: unknown): Problem {
	return error instanceof Problem ? error : new Problem(0, 'unexpected', '', {});
}

/** In words; what the server says of it else. */
export function explain(problem: Problem): string {
	const known = maybe(`settings.problem-${problem.code}`);
	if (known) return known;
	return typeof problem.more.detail === 'string' ? problem.more.detail : t('settings.problem-other');
}

export function named(prefix: string, code: string): string {
	return maybe(`settings.${prefix}-${code}`) ?? code;
}

/** A name that the server gave, for want of another one, to what somebody signs in with; any other as it is. */
export function credentialName(name: string): string {
	return maybe(`settings.credential-${name.replace(/ /g, '_')}`) ?? programName(name);
}

export function protocolName(code: string): string {
	return maybe(`settings.over-${code}`) ?? code.toUpperCase();
}

export function moment(seconds: number): Date {
	return new Date(seconds * 1000);
}

const BROWSERS: [RegExp, string][] = [[/\bEdgA?\//, 'Edge'], [/\bOPR\//, 'Opera'], [/Firefox\/|FxiOS/, 'Firefox'], [/Chrom(?:e|ium)\/|CriOS/, 'Chrome'], [/Safari\//, 'Safari']];
const SYSTEMS: [RegExp, string][] = [[/Windows/, 'Windows'], [/Android/, 'Android'], [/iPhone|iPad/, 'iOS'], [/Mac OS X/, 'macOS'], [/CrOS/, 'ChromeOS'], [/Linux/, 'Linux']];

/** "Firefox, Linux" of what a browser says of itself; anything else as it is. */
export function programName(agent: unknown): string {
	if (typeof agent !== 'string') return '';
	if (!agent.startsWith('Mozilla/')) return agent;
	const name = [BROWSERS, SYSTEMS].map(list => list.find(([pattern]) => pattern.test(agent))?.[1]).filter(Boolean).join(', ');
	return name || agent;
}
