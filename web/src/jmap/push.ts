import { ownUrl, type Client } from './client';
import { expand } from './blobs';
import type { Id, StateChange } from './types';

export interface PushOptions {
	/** Types whose states differ now. */
	onChange: (types: Set<string>) => void;
	/** The connection stands again after it was away: anything may have changed. */
	onResume: () => void;
	onState?: (connected: boolean) => void;
	/** The same for another account of the session. */
	onOther?: (accountId: Id, types: Set<string>) => void;
	/** For tests. */
	source?: (url: string) => EventSource;
	delay?: (attempt: number) => number;
}

/** Seconds between the server's signs of life; twice that without one means that the connection is dead. */
const PING = 30;
const FIRST_DELAY = 1_000;
const LONGEST_DELAY = 60_000;

/** Grows by attempts, never the same for all browsers of a house that come back after a power cut. */
export function backOff(attempt: number, random: () => number = Math.random): number {
	const most = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.min(attempt, 16));
	return most / 2 + (most / 2) * random();
}

/** Hears of changes over server-sent events (RFC 8620 7.3) and comes back by itself. */
export class Push {
	private source: EventSource | null = null;
	private attempt = 0;
	private wasOpen = false;
	private timer: ReturnType<typeof setTimeout> | undefined;
	private silence: ReturnType<typeof setTimeout> | undefined;
	private stopped = true;
	private readonly states: Record<Id, Record<string, string>> = {};

	constructor(private readonly client: Client, private readonly options: PushOptions) {}

	start(): void {
		this.stopped = false;
		this.connect();
	}

	stop(): void {
		this.stopped = true;
		this.disconnect();
	}

	/** At once, without waiting for the next attempt: the network is back, or the window is looked at again. */
	wake(): void {
		if (this.stopped || this.source?.readyState === 1) return;
		this.attempt = 0;
		this.connect();
	}

	private disconnect(): void {
		clearTimeout(this.timer);
		clearTimeout(this.silence);
		this.source?.close();
		this.source = null;
	}

	private connect(): void {
		this.disconnect();
		const template = this.client.session?.eventSourceUrl;
		if (!template) return this.later();
		const url = ownUrl(expand(template, { types: '*', closeafter: 'no', ping: String(PING) }));
		const source = this.options.source?.(url) ?? new EventSource(url);
		this.source = source;
		source.onopen = () => this.opened();
		source.onerror = () => this.later();
		source.addEventListener('state', (event) => this.heard(JSON.parse((event as MessageEvent<string>).data) as StateChange));
		source.addEventListener('ping', () => this.listen());
	}

	private opened(): void {
		this.attempt = 0;
		this.options.onState?.(true);
		if (this.wasOpen) this.options.onResume();
		this.wasOpen = true;
		this.listen();
	}

	private listen(): void {
		clearTimeout(this.silence);
		this.silence = setTimeout(() => this.later(), PING * 2_000);
	}

	private heard(change: StateChange): void {
		this.listen();
		for (const [accountId, states] of Object.entries(change.changed)) {
			const known = (this.states[accountId] ??= {});
			const types = Object.keys(states).filter((type) => known[type] !== states[type]);
			Object.assign(known, states);
			if (types.length === 0) continue;
			if (accountId === this.client.accountId) this.options.onChange(new Set(types));
			else this.options.onOther?.(accountId, new Set(types));
		}
	}

	private later(): void {
		if (this.stopped) return;
		this.disconnect();
		this.options.onState?.(false);
		const delay = this.options.delay ?? backOff;
		this.timer = setTimeout(() => this.connect(), delay(this.attempt++));
	}
}
