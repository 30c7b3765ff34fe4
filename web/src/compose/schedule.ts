/* When a letter may leave later: moments that people mean, in their own zone. */

export interface Preset {
	name: 'evening' | 'tomorrow' | 'afternoon' | 'monday';
	at: Date;
}

function day(now: Date, ahead: number, hour: number): Date {
	return new Date(now.getFullYear(), now.getMonth(), now.getDate() + ahead, hour);
}

/** In order, each later than now by half an hour at least. */
export function presets(now: Date): Preset[] {
	const untilMonday = (8 - now.getDay()) % 7 || 7;
	const all: Preset[] = [
		{ name: 'evening', at: day(now, 0, 18) },
		{ name: 'tomorrow', at: day(now, 1, 9) },
		{ name: 'afternoon', at: day(now, 1, 14) },
		{ name: 'monday', at: day(now, untilMonday, 9) },
	];
	const later = all.filter(one => one.at.getTime() - now.getTime() >= 30 * 60_000);
	/* On a Sunday, tomorrow is Monday. */
	return later.filter((one, i) => later.findIndex(other => other.at.getTime() === one.at.getTime()) === i).sort((a, b) => a.at.getTime() - b.at.getTime());
}

/** The value of <input type="datetime-local"> for a moment. */
export function localValue(at: Date): string {
	const two = (n: number) => String(n).padStart(2, '0');
	return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** Why a moment cannot be; seconds: how far ahead the server takes letters. */
export function whyNot(at: Date, now: Date, seconds: number): 'invalid' | 'past' | 'far' | null {
	if (Number.isNaN(at.getTime())) return 'invalid';
	if (at.getTime() <= now.getTime()) return 'past';
	return at.getTime() > now.getTime() + seconds * 1000 ? 'far' : null;
}
