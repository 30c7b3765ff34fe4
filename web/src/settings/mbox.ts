/* mbox as RFC 4155 has it, with ">From " quoted in the way that can be taken back (mboxrd). */

const LF = 10, CR = 13, GT = 62;
const FROM = new TextEncoder().encode('From ');
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'], MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function startsFrom(bytes: Uint8Array, at: number): boolean {
	return FROM.every((b, i) => bytes[at + i] === b);
}

/* Whether the line is "From " behind any number of ">". */
function isFromLine(bytes: Uint8Array, at: number): boolean {
	while (bytes[at] === GT) at++;
	return startsFrom(bytes, at);
}

function asctime(d: Date): string {
	const two = (n: number, pad = '0') => String(n).padStart(2, pad);
	return `${DAYS[d.getUTCDay()]} ${MONTHS[d.getUTCMonth()]} ${two(d.getUTCDate(), ' ')} ${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())} ${d.getUTCFullYear()}`;
}

function lines(bytes: Uint8Array, each: (from: number, to: number) => void): void {
	for (let at = 0; at < bytes.length; ) {
		const end = bytes.indexOf(LF, at);
		const to = end < 0 ? bytes.length : end + 1;
		each(at, to);
		at = to;
	}
}

export function toMbox(letter: Uint8Array<ArrayBuffer>, sender: string, received: Date): Blob {
	const address = /^[\x21-\x7e]+@[\x21-\x7e]+$/.test(sender) ? sender : 'MAILER-DAEMON';
	const parts: BlobPart[] = [`From ${address} ${asctime(received)}\n`];
	lines(letter, (from, to) => {
		if (isFromLine(letter, from)) parts.push('>');
		const crlf = to - from > 1 && letter[to - 2] === CR && letter[to - 1] === LF;
		parts.push(letter.subarray(from, crlf ? to - 2 : to));
		if (crlf || letter[to - 1] !== LF) parts.push('\n');
	});
	parts.push('\n');
	return new Blob(parts);
}

/** The letters of a file; one that does not begin with "From " is taken for a single letter. */
export function fromMbox(bytes: Uint8Array<ArrayBuffer>): Blob[] {
	if (!startsFrom(bytes, 0)) return bytes.length > 0 ? [new Blob([bytes])] : [];
	const found: Blob[] = [];
	let parts: BlobPart[] | null = null, blank = true;
	lines(bytes, (from, to) => {
		const isBlank = to - from === 1 || (to - from === 2 && bytes[from] === CR);
		if (blank && startsFrom(bytes, from)) {
			if (parts) found.push(new Blob(parts.slice(0, -1)));
			parts = [];
		} else {
			parts!.push(bytes.subarray(bytes[from] === GT && isFromLine(bytes, from) ? from + 1 : from, to));
		}
		blank = isBlank;
	});
	const last = parts as BlobPart[] | null;
	if (last) found.push(new Blob(blank ? last.slice(0, -1) : last));
	return found;
}
