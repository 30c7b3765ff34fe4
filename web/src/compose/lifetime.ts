/* How long a confidential letter can be read, and the field that says so (docs/confidential.md). Pure. */
import type { UTCDate } from '../jmap';

/** days: from when it is sent. */
export type Lifetime = 'always' | { days: number } | { until: UTCDate };

/** When it ends; null: never. */
export function endOf(life: Lifetime, sent: Date): Date | null {
	if (life === 'always') return null;
	return 'days' in life ? new Date(sent.getTime() + life.days * 86_400_000) : new Date(life.until);
}

export function fieldOf(life: Lifetime, sent: Date): string {
	const end = endOf(life, sent);
	return end ? `expires=${end.toISOString().replace(/\.\d+/, '')}` : 'yes';
}

/** Null: none, or one that nobody understands. */
export function lifetimeOf(field: unknown): Lifetime | null {
	if (typeof field !== 'string') return null;
	const text = field.trim(), until = /^expires=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/.exec(text)?.[1];
	if (text === 'yes') return 'always';
	return until && !Number.isNaN(Date.parse(until)) ? { until } : null;
}

export function sameLifetime(a: Lifetime | null, b: Lifetime): boolean {
	return JSON.stringify(a) === JSON.stringify(b);
}
