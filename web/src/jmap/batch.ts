import { JmapError, methodError } from './errors';
import { BLOB, CONTACTS, CORE, MAIL, MDN, PREFERENCES, QUOTA, RECOVERABLE, SIEVE, SUBMISSION, VACATION } from './types';
import type { Invocation, JmapRequest, JmapResponse, ResultReference } from './types';

/** Capabilities by the type that a method's name begins with. */
const USING: Record<string, readonly string[]> = {
	Core: [CORE],
	Blob: [CORE, BLOB],
	Mailbox: [CORE, MAIL],
	Thread: [CORE, MAIL],
	Email: [CORE, MAIL],
	SearchSnippet: [CORE, MAIL],
	Identity: [CORE, MAIL, SUBMISSION],
	Preferences: [CORE, PREFERENCES],
	EmailSubmission: [CORE, MAIL, SUBMISSION],
	VacationResponse: [CORE, MAIL, VACATION],
	SieveScript: [CORE, SIEVE],
	Quota: [CORE, QUOTA],
	MDN: [CORE, MAIL, MDN],
	PushSubscription: [CORE],
	RecoverableEmail: [CORE, MAIL, RECOVERABLE],
	AddressBook: [CORE, CONTACTS],
	ContactCard: [CORE, CONTACTS],
};

type Args = Record<string, unknown>;

/** One call of a batch: its answer, and references to parts of it for later calls. */
export class Call<T = Args> implements PromiseLike<T> {
	readonly answer: Promise<T>;
	/** Other responses under the same call id, e.g. the Email/set that an EmailSubmission/set brings along: by name. */
	readonly implied: Record<string, Args> = {};
	settle!: (answer: T) => void;
	fail!: (error: unknown) => void;

	constructor(readonly name: string, readonly args: Args, readonly id: string) {
		this.answer = new Promise<T>((settle, fail) => {
			this.settle = settle;
			this.fail = fail;
		});
		// Who only wants the last of a chain need not look at the others.
		this.answer.catch(() => {});
	}

	/** A reference to a part of the answer, for an argument of a later call, which is given its name with "#" before it. RFC 8620 3.7 */
	ref(path: string): ResultReference {
		return { resultOf: this.id, name: this.name, path };
	}

	then<A = T, B = never>(done?: ((answer: T) => A | PromiseLike<A>) | null, failed?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<A | B> {
		return this.answer.then(done, failed);
	}
}

/** Calls that go to the server in one request and may refer to each other. */
export class Batch {
	readonly calls: Call<never>[] = [];

	call<T = Args>(name: string, args: Args): Call<T> {
		const call = new Call<T>(name, args, `c${this.calls.length}`);
		this.calls.push(call as unknown as Call<never>);
		return call;
	}

	/** extra: capabilities that properties asked for need. */
	request(extra: readonly string[] = []): JmapRequest {
		const using = new Set<string>(extra);
		for (const call of this.calls) {
			for (const capability of USING[call.name.split('/')[0] ?? ''] ?? [CORE]) using.add(capability);
		}
		return { using: [...using], methodCalls: this.calls.map((call): Invocation => [call.name, call.args, call.id]) };
	}

	/** Gives every call its answer; one that got none has failed. */
	settle(response: JmapResponse): void {
		const byId = new Map(this.calls.map((call) => [call.id, call]));
		const answered = new Set<string>();
		for (const [name, args, id] of response.methodResponses) {
			const call = byId.get(id);
			if (!call) continue;
			if (answered.has(id)) {
				call.implied[name] = args;
				continue;
			}
			answered.add(id);
			// A promise runs its listeners later, so answers that follow under the same id are there by then.
			if (name === 'error') call.fail(methodError(args));
			else call.settle(args as never);
		}
		for (const call of this.calls) {
			if (!answered.has(call.id)) call.fail(new JmapError('broken', 'noAnswer', `no answer to ${call.name}`));
		}
	}

	fail(error: unknown): void {
		for (const call of this.calls) call.fail(error);
	}
}
