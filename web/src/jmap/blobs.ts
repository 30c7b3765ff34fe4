import { Client, ownUrl } from './client';
import { JmapError, problemError } from './errors';
import type { Id } from './types';

export interface Uploaded {
	accountId: Id;
	blobId: Id;
	type: string;
	size: number;
}

export interface Upload {
	done: Promise<Uploaded>;
	cancel(): void;
}

/** RFC 6570 level 1, which is all that RFC 8620 asks for. */
export function expand(template: string, values: Record<string, string>): string {
	return template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
}

/** Where a blob can be had; the server answers with an attachment whatever it is. */
export function downloadUrl(client: Client, blobId: Id, name: string, type = 'application/octet-stream', accountId: Id = client.accountId): string {
	return ownUrl(expand(client.session!.downloadUrl, { accountId, blobId, name: name || 'attachment', type }));
}

function answerOf(request: XMLHttpRequest): Uploaded {
	let body: unknown = null;
	try {
		body = JSON.parse(request.responseText);
	} catch {
		// An answer that is no JSON has only its status.
	}
	if (request.status < 200 || request.status > 299) throw problemError(request.status, body, request.getResponseHeader('Retry-After'));
	return body as Uploaded;
}

/** Sends a file; progress goes from 0 to 1. XMLHttpRequest, because fetch tells nothing of what has been sent. */
export function upload(client: Client, file: Blob, progress: (share: number) => void, accountId: Id = client.accountId): Upload {
	const request = new XMLHttpRequest();
	const done = new Promise<Uploaded>((settle, fail) => {
		request.open('POST', ownUrl(expand(client.session!.uploadUrl, { accountId })));
		request.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
		for (const [name, value] of Object.entries(client.headers())) request.setRequestHeader(name, value);
		request.upload.onprogress = (event) => progress(event.lengthComputable ? event.loaded / event.total : 0);
		request.onload = () => {
			try {
				const answer = answerOf(request);
				progress(1);
				settle(answer);
			} catch (error) {
				fail(error);
			}
		};
		request.onerror = () => fail(new JmapError('offline', 'network'));
		request.onabort = () => fail(new JmapError('refused', 'cancelled'));
		request.send(file);
	});
	return { done, cancel: () => request.abort() };
}

/** Small texts (scripts, imported letters) need no progress. */
export async function uploadText(client: Client, text: string, type: string, accountId: Id = client.accountId): Promise<Uploaded> {
	const url = ownUrl(expand(client.session!.uploadUrl, { accountId }));
	return (await client.send(url, { method: 'POST', body: text, headers: { 'Content-Type': type } })) as Uploaded;
}
