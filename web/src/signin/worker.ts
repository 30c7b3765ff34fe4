/* Searches the number of a proof of work beside the page, so that the page stays quick. WebCrypto answers later each time, so many are asked at once. */
export interface Task { challenge: string; difficulty: number }

const AT_ONCE = 256;

function zeros(hash: Uint8Array, bits: number): boolean {
	let i = 0;
	for (; bits >= 8; bits -= 8) if (hash[i++] !== 0) return false;
	return bits === 0 || hash[i]! >> (8 - bits) === 0;
}

async function search({ challenge, difficulty }: Task): Promise<void> {
	const encoder = new TextEncoder();
	for (let from = 0; ; from += AT_ONCE) {
		const hashes = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => crypto.subtle.digest('SHA-256', encoder.encode(`${challenge}:${from + i}`))));
		const found = hashes.findIndex(h => zeros(new Uint8Array(h), difficulty));
		if (found >= 0) return void postMessage({ number: String(from + found) });
	}
}

addEventListener('message', e => void search((e as MessageEvent<Task>).data).catch(() => postMessage({ failed: true })));
