import type { SetError } from './types';

/**
 * What can go wrong, as the interface has to treat it:
 * offline - nothing arrived, try again later; busy - the server asks to wait; signedOut and locked - nothing works before the person proves who it is
 * again, and nothing may be lost meanwhile; refused - this request will never work; conflict - somebody else changed it; broken - the server's fault.
 */
export type ErrorKind = 'offline' | 'busy' | 'signedOut' | 'locked' | 'refused' | 'conflict' | 'broken';

export class JmapError extends Error {
	constructor(
		readonly kind: ErrorKind,
		/** For programs: the type of a problem, a method-level or a set error. */
		readonly type: string,
		readonly description = '',
		/** Finds the request in the server's log. */
		readonly cid = '',
		/** Seconds that the server asks to wait, 0: it does not say. */
		readonly retryAfter = 0,
		/** What it is about: names of properties, or addresses of recipients. */
		readonly properties: readonly string[] = [],
	) {
		super(description || type);
		this.name = 'JmapError';
	}

	/** Whether the same request may work later. */
	get passing(): boolean {
		return this.kind === 'offline' || this.kind === 'busy' || this.kind === 'signedOut' || this.kind === 'locked';
	}
}

const METHOD_KINDS: Record<string, ErrorKind> = {
	serverUnavailable: 'busy',
	serverFail: 'broken',
	serverPartialFail: 'broken',
	rateLimit: 'busy',
	stateMismatch: 'conflict',
	cannotCalculateChanges: 'conflict',
	willDestroy: 'conflict',
};

/** RFC 8620 3.6.2 */
export function methodError(args: Record<string, unknown>): JmapError {
	const type = typeof args.type === 'string' ? args.type : 'serverFail';
	return new JmapError(METHOD_KINDS[type] ?? 'refused', type, typeof args.description === 'string' ? args.description : '');
}

/* Addresses that a letter cannot go to (RFC 8621 7.5). */
function invalid(error: SetError): string[] {
	return Array.isArray(error.invalidRecipients) ? error.invalidRecipients.filter((one): one is string => typeof one === 'string') : [];
}

/** RFC 8620 5.3 */
export function setError(error: SetError): JmapError {
	return new JmapError(METHOD_KINDS[error.type] ?? 'refused', error.type, error.description ?? '', '', 0, error.properties ?? invalid(error));
}

interface Problem {
	type?: string;
	code?: string;
	title?: string;
	detail?: string;
	cid?: string;
}

const PROBLEM_PREFIX = 'urn:ietf:params:jmap:error:';

function problemType(problem: Problem, status: number): string {
	if (problem.code) return problem.code;
	if (problem.type?.startsWith(PROBLEM_PREFIX)) return problem.type.slice(PROBLEM_PREFIX.length);
	return `http${status}`;
}

function statusKind(status: number, type: string): ErrorKind {
	if (type === 'locked' || status === 423) return 'locked';
	if (status === 401) return 'signedOut';
	if (status === 429 || status === 502 || status === 503 || status === 504 || type === 'limit') return 'busy';
	if (status === 409 || status === 412) return 'conflict';
	return status >= 500 ? 'broken' : 'refused';
}

/** A response that is not 2xx. RFC 8620 3.6.1, RFC 9457 */
export function problemError(status: number, body: unknown, retryAfter: string | null): JmapError {
	const problem = (typeof body === 'object' && body !== null ? body : {}) as Problem;
	const type = problemType(problem, status);
	const seconds = Number.parseInt(retryAfter ?? '', 10);
	return new JmapError(statusKind(status, type), type, problem.detail ?? problem.title ?? '', problem.cid ?? '',
		Number.isFinite(seconds) ? seconds : 0);
}

/** Whatever was thrown. */
export function asJmapError(error: unknown): JmapError {
	if (error instanceof JmapError) return error;
	if (error instanceof TypeError) return new JmapError('offline', 'network', error.message);
	return new JmapError('broken', 'unexpected', error instanceof Error ? error.message : String(error));
}
