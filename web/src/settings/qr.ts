/*
 * QR codes (ISO/IEC 18004) of short texts: bytes, error correction level M, versions 1 to 20. They are drawn here because what they say (a password that is shown once) has
 * no reason to travel again.
 */

const VERSION_MAX = 20;
/* Of each version: codewords of error correction in a block, and blocks (table 9). */
const CHECK = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16];

type Grid = (boolean | null)[][];

const sizeOf = (version: number) => 17 + 4 * version;

/* Centres of the alignment patterns in one direction (annex E). */
function alignments(version: number): number[] {
	if (version === 1) return [];
	const n = Math.floor(version / 7) + 2, last = sizeOf(version) - 7, step = Math.ceil((last - 6) / (2 * n - 2)) * 2;
	return [6, ...Array.from({ length: n - 1 }, (_, i) => last - (n - 2 - i) * step)];
}

/* Codewords that fit, data and error correction. */
function capacity(version: number): number {
	const n = alignments(version).length;
	let modules = sizeOf(version) ** 2 - 3 * 64 - 31 - 2 * (sizeOf(version) - 16);
	if (n > 0) modules -= 25 * (n * n - 3) - 2 * 5 * (n - 2);
	if (version >= 7) modules -= 36;
	return modules >> 3;
}

const dataSize = (version: number) => capacity(version) - CHECK[version - 1]! * BLOCKS[version - 1]!;
const lengthBits = (version: number) => (version < 10 ? 8 : 16);

/* ---- codewords ---- */

function encode(bytes: Uint8Array, version: number): number[] {
	const bits: number[] = [], size = dataSize(version);
	const put = (value: number, n: number) => { for (let i = n - 1; i >= 0; i--) bits.push((value >> i) & 1); };
	put(4, 4);
	put(bytes.length, lengthBits(version));
	for (const byte of bytes) put(byte, 8);
	put(0, Math.min(4, size * 8 - bits.length));
	put(0, -bits.length & 7);
	const words = Array.from({ length: bits.length / 8 }, (_, i) => parseInt(bits.slice(i * 8, i * 8 + 8).join(''), 2));
	for (let i = 0; words.length < size; i++) words.push(i % 2 ? 0x11 : 0xec);
	return words;
}

/* In the field of 256 elements with x^8 + x^4 + x^3 + x^2 + 1. */
function times(a: number, b: number): number {
	let product = 0;
	for (let i = 7; i >= 0; i--) product = ((product << 1) ^ ((product >> 7) * 0x11d)) ^ (((b >> i) & 1) * a);
	return product;
}

function generator(degree: number): number[] {
	let poly = [1], root = 1;
	for (let i = 0; i < degree; i++) {
		poly = [...poly, 0].map((c, k) => c ^ (k > 0 ? times(poly[k - 1]!, root) : 0));
		root = times(root, 2);
	}
	return poly.slice(1);
}

function checkOf(data: readonly number[], poly: readonly number[]): number[] {
	const rest = poly.map(() => 0);
	for (const word of data) {
		const factor = word ^ rest.shift()!;
		rest.push(0);
		poly.forEach((c, i) => (rest[i]! ^= times(c, factor)));
	}
	return rest;
}

/* Blocks, each with its error correction, interleaved. */
function codewords(bytes: Uint8Array, version: number): number[] {
	const all = encode(bytes, version), count = BLOCKS[version - 1]!, poly = generator(CHECK[version - 1]!);
	const short = Math.floor(all.length / count), longer = all.length % count;
	const data: number[][] = [];
	for (let i = 0, at = 0; i < count; i++) {
		const n = short + (i >= count - longer ? 1 : 0);
		data.push(all.slice(at, (at += n)));
	}
	const check = data.map(block => checkOf(block, poly));
	const woven = (blocks: number[][]) => Array.from({ length: Math.max(...blocks.map(b => b.length)) }, (_, i) => blocks.flatMap(b => (i < b.length ? [b[i]!] : []))).flat();
	return [...woven(data), ...woven(check)];
}

/* ---- the picture ---- */

function finder(grid: Grid, x: number, y: number): void {
	for (let dy = -4; dy <= 4; dy++) {
		for (let dx = -4; dx <= 4; dx++) {
			const far = Math.max(Math.abs(dx), Math.abs(dy)), row = grid[y + dy];
			if (row && x + dx >= 0 && x + dx < grid.length) row[x + dx] = far !== 2 && far !== 4;
		}
	}
}

/* n bits and the remainder of their division, as they stand in format and version (annexes C and D). */
function divided(value: number, poly: number, n: number): number {
	let rest = value;
	for (let i = 0; i < n; i++) rest = (rest << 1) ^ ((rest >> (n - 1)) * poly);
	return (value << n) | rest;
}

function putFormat(grid: Grid, mask: number): void {
	const size = grid.length, bits = divided(mask, 0x537, 10) ^ 0x5412, bit = (i: number) => ((bits >> i) & 1) === 1;
	for (let i = 0; i < 6; i++) grid[i]![8] = bit(i);
	grid[7]![8] = bit(6);
	grid[8]![8] = bit(7);
	grid[8]![7] = bit(8);
	for (let i = 9; i < 15; i++) grid[8]![14 - i] = bit(i);
	for (let i = 0; i < 8; i++) grid[8]![size - 1 - i] = bit(i);
	for (let i = 8; i < 15; i++) grid[size - 15 + i]![8] = bit(i);
	grid[size - 8]![8] = true;
}

function putVersion(grid: Grid, version: number): void {
	if (version < 7) return;
	const bits = divided(version, 0x1f25, 12);
	for (let i = 0; i < 18; i++) {
		const a = grid.length - 11 + (i % 3), b = Math.floor(i / 3), on = ((bits >> i) & 1) === 1;
		grid[a]![b] = on;
		grid[b]![a] = on;
	}
}

/* Everything that does not depend on the text. */
function frame(version: number): Grid {
	const size = sizeOf(version), grid: Grid = Array.from({ length: size }, () => Array<boolean | null>(size).fill(null)), centres = alignments(version);
	for (let i = 0; i < size; i++) grid[6]![i] = grid[i]![6] = i % 2 === 0;
	finder(grid, 3, 3);
	finder(grid, size - 4, 3);
	finder(grid, 3, size - 4);
	for (const y of centres) {
		for (const x of centres) {
			if ((x === 6 && y === 6) || (x === 6 && y === size - 7) || (x === size - 7 && y === 6)) continue;
			for (let dy = -2; dy <= 2; dy++) for (let dx = -2; dx <= 2; dx++) grid[y + dy]![x + dx] = Math.max(Math.abs(dx), Math.abs(dy)) !== 1;
		}
	}
	putFormat(grid, 0);
	putVersion(grid, version);
	return grid;
}

const MASKS: ((x: number, y: number) => boolean)[] = [
	(x, y) => (x + y) % 2 === 0, (_, y) => y % 2 === 0, x => x % 3 === 0, (x, y) => (x + y) % 3 === 0, (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
	(x, y) => ((x * y) % 2) + ((x * y) % 3) === 0, (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0, (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

function filled(empty: Grid, words: readonly number[], mask: number): boolean[][] {
	const grid = empty.map(row => [...row]), size = grid.length;
	let at = 0;
	for (let right = size - 1; right >= 1; right -= 2) {
		if (right === 6) right = 5;
		for (let i = 0; i < size; i++) {
			const y = ((right + 1) & 2) === 0 ? size - 1 - i : i;
			for (const x of [right, right - 1]) {
				if (grid[y]![x] !== null) continue;
				const bit = at < words.length * 8 && ((words[at >> 3]! >> (7 - (at & 7))) & 1) === 1;
				at++;
				grid[y]![x] = bit !== MASKS[mask]!(x, y);
			}
		}
	}
	putFormat(grid, mask);
	return grid as boolean[][];
}

/* What makes a picture hard to read (7.8.3). */
function penalty(grid: readonly boolean[][]): number {
	const size = grid.length, columns = grid.map((_, x) => grid.map(row => row[x]!));
	let points = 0, dark = 0;
	for (const line of [...grid, ...columns]) {
		const text = line.map(on => (on ? '1' : '0')).join('');
		for (const [run] of text.matchAll(/0{5,}|1{5,}/g)) points += run.length - 2;
		for (const _ of text.matchAll(/(?=10111010000|00001011101)/g)) points += 40;
	}
	grid.forEach((row, y) => row.forEach((on, x) => {
		if (on) dark++;
		if (x > 0 && y > 0 && on === row[x - 1] && on === grid[y - 1]![x] && on === grid[y - 1]![x - 1]) points += 3;
	}));
	return points + 10 * Math.floor(Math.abs((dark * 20) / (size * size) - 10));
}

/** Rows of modules, true: dark; without the quiet zone. Null: too long. */
export function qrOf(text: string): boolean[][] | null {
	const bytes = new TextEncoder().encode(text);
	for (let version = 1; version <= VERSION_MAX; version++) {
		if (4 + lengthBits(version) + bytes.length * 8 > dataSize(version) * 8) continue;
		const words = codewords(bytes, version), empty = frame(version);
		const all = MASKS.map((_, mask) => filled(empty, words, mask)), points = all.map(penalty);
		return all[points.indexOf(Math.min(...points))]!;
	}
	return null;
}

/** The path of an SVG whose unit is a module, with a quiet zone of four; null: too long. */
export function qrPath(text: string): { size: number; path: string } | null {
	const grid = qrOf(text);
	if (!grid) return null;
	let path = '';
	grid.forEach((row, y) => {
		for (const run of row.map(on => (on ? '1' : '0')).join('').matchAll(/1+/g)) path += `M${run.index + 4} ${y + 4}h${run[0].length}v1h-${run[0].length}z`;
	});
	return { size: grid.length + 8, path };
}
