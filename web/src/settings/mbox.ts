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

export interface Filed {
	letter: Blob;
	/** When it came, as a UTCDate; null: the server finds it in the letter, or nobody knows. */
	came: string | null;
}

/* What lies before the 1970s or ahead of us is no time at which a letter came. */
function utcDate(ms: number): string | null {
	return ms > 0 && ms <= Date.now() ? new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z') : null;
}

/* "From someone Sat Nov 21 10:00:00 2026", with a zone here and there. */
function dateOfLine(line: string): string | null {
	const m = / ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d)(?::(\d\d))?(?: (?:([+-])(\d\d)(\d\d)|[A-Z]{1,5}))? (\d{4})\s*$/.exec(line);
	const month = m ? MONTHS.indexOf(m[1]!) : -1;
	if (!m || month < 0) return null;
	const ahead = m[6] ? (m[6] === '-' ? -1 : 1) * (Number(m[7]) * 60 + Number(m[8])) : 0;
	return utcDate(Date.UTC(Number(m[9]), month, Number(m[2]), Number(m[3]), Number(m[4]) - ahead, Number(m[5] ?? 0)));
}

/* Of a letter with trace fields the server knows (RFC 8621 4.8); else what its writer says. */
function dateOfLetter(head: string): string | null {
	const fields = head.split(/\r?\n\r?\n/, 1)[0]!;
	const date = /^Received:/im.test(fields) ? null : /^Date:\s*(.+)/im.exec(fields);
	return date ? utcDate(Date.parse(date[1]!.replace(/\(.*$/, ''))) : null;
}

const HEAD_MAX = 65536;
const latin1 = new TextDecoder('latin1');

function single(bytes: Uint8Array<ArrayBuffer>): Filed {
	return { letter: new Blob([bytes]), came: dateOfLetter(latin1.decode(bytes.subarray(0, HEAD_MAX))) };
}

/** The letters of a file; one that does not begin with "From " is taken for a single letter. */
export function fromMbox(bytes: Uint8Array<ArrayBuffer>): Filed[] {
	if (!startsFrom(bytes, 0)) return bytes.length > 0 ? [single(bytes)] : [];
	const found: Filed[] = [];
	let parts: BlobPart[] | null = null, blank = true, came: string | null = null, start = 0;
	const file = (list: BlobPart[]) => found.push({ letter: new Blob(list), came: came ?? dateOfLetter(latin1.decode(bytes.subarray(start, start + HEAD_MAX))) });
	lines(bytes, (from, to) => {
		const isBlank = to - from === 1 || (to - from === 2 && bytes[from] === CR);
		if (blank && startsFrom(bytes, from)) {
			if (parts) file(parts.slice(0, -1));
			parts = [];
			came = dateOfLine(latin1.decode(bytes.subarray(from, to)));
			start = to;
		} else {
			parts!.push(bytes.subarray(bytes[from] === GT && isFromLine(bytes, from) ? from + 1 : from, to));
		}
		blank = isBlank;
	});
	const last = parts as BlobPart[] | null;
	if (last) file(blank ? last.slice(0, -1) : last);
	return found;
}
