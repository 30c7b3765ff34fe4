/* Proof of work: a worker computes it; where that is not possible, the page waits as long as the server asks (docs/web-signin.md). */
import { signal } from '@preact/signals';
import { scriptUrl } from '../ui/trusted';

export interface Work { challenge: string; difficulty: number; expires: number; wait: number }
export interface Answer { challenge: string; number: string }

declare const WORKER_URL: string;

/* What the page is at; seconds that are left when it waits. */
export const working = signal<'no' | 'computing' | number>('no');

function compute(work: Work): Promise<string> {
	return new Promise((resolve, reject) => {
		const worker = new Worker(scriptUrl(WORKER_URL));
		const end = (f: () => void) => { worker.terminate(); f(); };
		worker.onmessage = (e: MessageEvent<{ number?: string }>) => end(() => e.data.number !== undefined ? resolve(e.data.number) : reject(new Error('work')));
		worker.onerror = () => end(() => reject(new Error('worker')));
		worker.postMessage({ challenge: work.challenge, difficulty: work.difficulty });
	});
}

async function wait(seconds: number): Promise<void> {
	for (let left = seconds; left > 0; left--) {
		working.value = left;
		await new Promise(r => setTimeout(r, 1000));
	}
}

export async function solve(work: Work): Promise<Answer> {
	working.value = 'computing';
	try {
		return { challenge: work.challenge, number: await compute(work) };
	} catch {
		await wait(work.wait + 1);
		return { challenge: work.challenge, number: '' };
	} finally {
		working.value = 'no';
	}
}
