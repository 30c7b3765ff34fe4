import { Batch, type Call } from './batch';
import { JmapError, asJmapError, problemError } from './errors';
import { CORE, MAIL } from './types';
import type { CoreCapability, GetResponse, Id, JmapResponse, Session, SetResponse } from './types';

export type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

export interface ClientOptions {
	/** Where the session object is. */
	sessionUrl?: string;
	/** Joined to every request; the server takes a request with a cookie only with one that no other site can send. */
	headers?: Record<string, string>;
	fetch?: Fetch;
	/** Told about every failure of a request as a whole: the interface locks, asks to sign in again or shows that it is offline. */
	onFailure?: (error: JmapError) => void;
	onSuccess?: () => void;
	/** The session object was read, the first time or again. */
	onSession?: (session: Session) => void;
}

/** Longest time without any answer, in milliseconds. */
const PATIENCE = 60_000;

/** The server may name itself otherwise than the browser does; requests go where the page is from. */
export function ownUrl(url: string): string {
	return url.replace(/^https?:\/\/[^/]+/, '');
}

async function readJson(response: Response): Promise<unknown> {
	try {
		return await response.json();
	} catch {
		return null;
	}
}

/**
 * Talks to one JMAP server. Calls made in one turn of the loop go in one request. Nothing here is kept: what the answers say is for the store.
 */
export class Client {
	session: Session | null = null;
	private opening: Promise<Session> | null = null;
	/** Nothing has said that the session object is another one now. */
	private fresh = false;
	private gathering: Batch | null = null;
	private readonly fetch: Fetch;
	readonly sessionUrl: string;

	constructor(protected readonly options: ClientOptions = {}) {
		this.fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
		this.sessionUrl = options.sessionUrl ?? '/jmap/session';
	}

	/** The session object, read once; again after `forget`. */
	open(): Promise<Session> {
		this.opening ??= this.readSession().catch((error: unknown) => {
			this.opening = null;
			throw error;
		});
		return this.opening;
	}

	forget(): void {
		this.opening = null;
		this.fresh = false;
		this.session = null;
	}

	/** The account whose mail is shown first. */
	get accountId(): Id {
		const id = this.session?.primaryAccounts[MAIL];
		if (id === undefined) throw new JmapError('refused', 'accountNotFound', 'no account for mail');
		return id;
	}

	get core(): CoreCapability {
		return (this.session?.capabilities[CORE] ?? { maxCallsInRequest: 16, maxObjectsInGet: 500, maxObjectsInSet: 500, maxSizeUpload: 50_000_000 }) as CoreCapability;
	}

	has(capability: string): boolean {
		return this.session !== null && capability in this.session.capabilities;
	}

	accountHas(capability: string): boolean {
		return this.has(capability) && capability in (this.session?.accounts[this.accountId]?.accountCapabilities ?? {});
	}

	/** A limit or switch that an account has under a capability. */
	accountCapability<T>(capability: string, name: string, accountId: Id = this.accountId): T | undefined {
		return this.session?.accounts[accountId]?.accountCapabilities[capability]?.[name] as T | undefined;
	}

	headers(): Record<string, string> {
		return { ...this.options.headers };
	}

	private async readSession(): Promise<Session> {
		this.session = (await this.send(this.sessionUrl, { method: 'GET' })) as Session;
		this.fresh = true;
		this.options.onSession?.(this.session);
		return this.session;
	}

	/** The server has another session object than this one: it is read again. */
	protected stale(): void {
		this.opening = null;
		this.fresh = false;
		void this.open().catch(() => {});
	}

	/** A request of ours with its failures mapped; the answer as JSON. */
	async send(url: string, init: RequestInit): Promise<unknown> {
		const stop = new AbortController();
		const timer = setTimeout(() => stop.abort(), PATIENCE);
		try {
			const headers = { Accept: 'application/json', ...this.options.headers, ...(init.headers as Record<string, string> | undefined) };
			const response = await this.fetch(url, { credentials: 'same-origin', cache: 'no-store', ...init, headers, signal: init.signal ?? stop.signal });
			const body = await readJson(response);
			if (!response.ok) throw problemError(response.status, body, response.headers.get('Retry-After'));
			this.options.onSuccess?.();
			return body;
		} catch (error) {
			const failure = stop.signal.aborted ? new JmapError('offline', 'timeout') : asJmapError(error);
			this.options.onFailure?.(failure);
			throw failure;
		} finally {
			clearTimeout(timer);
		}
	}

	/** One request. Its calls settle one by one; the promise fails only when the request as a whole did. */
	async run(batch: Batch, extra: readonly string[] = []): Promise<void> {
		try {
			/* At once where it can be: what waits for a turn waits for everything that is drawn in between. */
			const session = this.fresh ? this.session! : await this.open();
			const asked = batch.request(extra);
			// A capability that the server does not have would refuse the whole request: then only the calls that need it fail.
			const body = JSON.stringify({ ...asked, using: asked.using.filter((one) => one in session.capabilities) });
			const response = (await this.send(ownUrl(session.apiUrl), { method: 'POST', body, headers: { 'Content-Type': 'application/json' } })) as JmapResponse;
			if (!response || !Array.isArray(response.methodResponses)) throw new JmapError('broken', 'notJmap');
			batch.settle(response);
			if (response.sessionState !== session.state) this.stale();
		} catch (error) {
			batch.fail(error);
			throw error;
		}
	}

	/** Builds a batch with references between its calls, sends it and waits for what `build` returns. */
	async request<T>(build: (batch: Batch) => PromiseLike<T>, extra: readonly string[] = []): Promise<T> {
		const batch = new Batch();
		const result = Promise.resolve(build(batch));
		/* Where the request as a whole fails, that is what is told. */
		result.catch(() => {});
		await this.run(batch, extra);
		return await result;
	}

	/** One call; calls of the same turn share a request. */
	call<T = Record<string, unknown>>(name: string, args: Record<string, unknown>): Promise<T> {
		if (!this.gathering || this.gathering.calls.length >= this.core.maxCallsInRequest) {
			const batch = new Batch();
			this.gathering = batch;
			queueMicrotask(() => {
				if (this.gathering === batch) this.gathering = null;
				this.run(batch).catch(() => {});
			});
		}
		return this.gathering.call<T>(name, args).answer;
	}

	/** /get in as many calls as the server's limit asks for. */
	async get<T>(type: string, ids: readonly Id[] | null, more: Record<string, unknown> = {}, accountId: Id = this.accountId): Promise<GetResponse<T>> {
		const most = this.core.maxObjectsInGet;
		if (ids === null || ids.length <= most) return this.call<GetResponse<T>>(`${type}/get`, { accountId, ids, ...more });
		const parts: Promise<GetResponse<T>>[] = [];
		for (let at = 0; at < ids.length; at += most) {
			parts.push(this.call<GetResponse<T>>(`${type}/get`, { accountId, ids: ids.slice(at, at + most), ...more }));
		}
		const answers = await Promise.all(parts);
		// The oldest state: what changed between the parts is asked for again.
		return { accountId, state: answers[0]!.state, list: answers.flatMap((one) => one.list), notFound: answers.flatMap((one) => one.notFound) };
	}

	set<T>(type: string, args: Record<string, unknown>, accountId: Id = this.accountId): Promise<SetResponse<T>> {
		return this.call<SetResponse<T>>(`${type}/set`, { accountId, ...args });
	}
}

/** The same session, seen from another of its accounts. */
export class AccountClient extends Client {
	constructor(private readonly home: Client, private readonly id: Id, options: ClientOptions) {
		super(options);
		this.session = home.session;
	}

	override get accountId(): Id {
		return this.id;
	}

	override async open(): Promise<Session> {
		return (this.session = await this.home.open());
	}

	protected override stale(): void {
		this.home.forget();
		void this.open().catch(() => {});
	}
}

export { Batch };
export type { Call };
