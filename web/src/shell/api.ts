/* Requests to /api/ (docs/web-signin.md). Failures are problems (RFC 9457) with a code for programs and a cid for people who help. */
import { signal } from '@preact/signals';
import { early } from '../ui/early';

export class Problem extends Error {
	constructor(readonly status: number, readonly code: string, readonly cid: string, readonly more: Record<string, unknown>) {
		super(code);
		this.name = 'Problem';
	}
}

/* Set when the server says that the session is locked or over. */
export const refusal = signal<'none' | 'locked' | 'over'>('none');

export async function ask<T = Record<string, unknown>>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<T> {
	const headers: Record<string, string> = { 'X-Letterlock': '1', Accept: 'application/json' };
	if (body !== undefined) headers['Content-Type'] = 'application/json';
	let response: Response;
	try {
		const send = () => fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: 'same-origin', cache: 'no-store' });
		response = await (method === 'GET' ? early(path, send) : send());
	} catch {
		throw new Problem(0, 'offline', '', {});
	}
	const found = response.status === 204 ? {} : await response.json().catch(() => ({}));
	if (response.ok) return found as T;
	const more = (found ?? {}) as Record<string, unknown>;
	if (response.status === 423) refusal.value = 'locked';
	throw new Problem(response.status, String(more.code ?? response.status), String(more.cid ?? ''), more);
}

/* A self-service operation of docs/openapi.json. */
export function operation<T = Record<string, unknown>>(name: string, args: Record<string, unknown> = {}): Promise<T> {
	return ask<T>('POST', `/api/v1/${name}`, args);
}
