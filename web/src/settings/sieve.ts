/*
 * Rules of the builder as a Sieve script (RFC 5228). They stand in a block of their own between two marks, each with what it was made from in a comment; all
 * else in the script, made elsewhere, stays where it is, byte for byte.
 */

export type Field = 'from' | 'to' | 'subject' | 'body' | 'list' | 'size';
export type Op = 'contains' | 'containsNot' | 'is' | 'begins' | 'ends' | 'over' | 'under';
export interface Condition { field: Field; op: Op; value: string }
export type Act = 'move' | 'read' | 'star' | 'label' | 'trash' | 'forward';
export interface Action { act: Act; value: string }
export interface Rule { name: string; on: boolean; any: boolean; conditions: Condition[]; actions: Action[] }

const BEGIN = '# letterlock-rules begin', END = '# letterlock-rules end', RULE = '# letterlock-rule ';
export const OPS: Record<Field, readonly Op[]> = {
	from: ['contains', 'containsNot', 'is', 'ends'], to: ['contains', 'containsNot', 'is', 'ends'], subject: ['contains', 'containsNot', 'is', 'begins', 'ends'],
	body: ['contains', 'containsNot'], list: ['contains', 'is'], size: ['over', 'under'],
};
const HEADERS: Record<'from' | 'to' | 'subject' | 'list', string> = { from: '["from", "sender"]', to: '["to", "cc"]', subject: '"subject"', list: '"list-id"' };

function quoted(text: string): string {
	return `"${text.replace(/[\r\n\0]+/g, ' ').replace(/["\\]/g, '\\$&')}"`;
}

/** In :matches, what the person typed means itself. */
function literal(text: string): string {
	return text.replace(/[*?\\]/g, '\\$&');
}

function test({ field, op, value }: Condition): string {
	if (field === 'size') return `size :${op} ${Math.max(0, Math.round(Number(value) || 0))}K`;
	if (field === 'body') return `${op === 'containsNot' ? 'not ' : ''}body :text :contains ${quoted(value)}`;
	const kind = field === 'from' || field === 'to' ? 'address' : 'header';
	const names = HEADERS[field];
	if (op === 'is') return `${kind} :is ${names} ${quoted(value)}`;
	if (op === 'begins') return `${kind} :matches ${names} ${quoted(`${literal(value)}*`)}`;
	if (op === 'ends') return `${kind} :matches ${names} ${quoted(`*${literal(value)}`)}`;
	/* Of people the shown name is looked at too. */
	return `${op === 'containsNot' ? 'not ' : ''}header :contains ${names} ${quoted(value)}`;
}

function command({ act, value }: Action, trash: string): string {
	switch (act) {
		case 'move': return `fileinto ${quoted(value)};`;
		case 'trash': return `fileinto ${quoted(trash)};`;
		case 'read': return 'addflag "\\\\Seen";';
		case 'star': return 'addflag "\\\\Flagged";';
		case 'label': return `addflag ${quoted(value)};`;
		case 'forward': return `redirect :copy ${quoted(value)};`;
	}
}

const NEEDS: Partial<Record<Act, string>> = { move: 'fileinto', trash: 'fileinto', read: 'imap4flags', star: 'imap4flags', label: 'imap4flags', forward: 'copy' };

function needs(rules: readonly Rule[]): string[] {
	const found = new Set<string>();
	for (const rule of rules.filter(one => one.on)) {
		for (const { act } of rule.actions) if (NEEDS[act]) found.add(NEEDS[act]!);
		if (rule.conditions.some(one => one.field === 'body')) found.add('body');
	}
	return [...found].sort();
}

function ordered(actions: readonly Action[]): Action[] {
	/* Flags first: they go with the letter that is filed afterwards. */
	const weight = (one: Action) => (one.act === 'move' || one.act === 'trash' ? 1 : 0);
	return [...actions].sort((a, b) => weight(a) - weight(b));
}

function ruleText(rule: Rule, trash: string): string {
	const head = RULE + JSON.stringify(rule).replace(/[\u007f-\uffff]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
	if (!rule.on || rule.conditions.length === 0 || rule.actions.length === 0) return head;
	const tests = rule.conditions.map(test);
	const condition = tests.length === 1 ? tests[0] : `${rule.any ? 'anyof' : 'allof'} (${tests.join(',\n\t')})`;
	return `${head}\nif ${condition} {\n${ordered(rule.actions).map(one => `\t${command(one, trash)}`).join('\n')}\n\tstop;\n}`;
}

/* ---- reading ---- */

/** Where the requires end, which must come before anything else (RFC 5228 3.2). */
function prologueEnd(script: string): number {
	const step = /\s+|#[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/|require\s*(?:"(?:[^"\\]|\\.)*"|\[[^\]]*\])\s*;/iy;
	let end = 0, at = 0;
	for (;;) {
		step.lastIndex = at;
		const m = step.exec(script);
		if (!m || m[0] === '') return end;
		at = step.lastIndex;
		if (/^require/i.test(m[0])) end = at;
	}
}

export interface Script {
	rules: Rule[];
	/** What was made elsewhere. */
	foreign: string;
}

export function parse(script: string): Script {
	const text = script.replace(/\r\n/g, '\n');
	const rules: Rule[] = [];
	let foreign = '', inside = false;
	for (const line of text.split(/(?<=\n)/)) {
		const bare = line.trimEnd();
		if (bare === BEGIN) inside = true;
		else if (bare === END) inside = false;
		else if (!inside) foreign += line;
		else if (bare.startsWith(RULE)) rules.push(...read(bare.slice(RULE.length)));
	}
	return { rules, foreign };
}

function read(json: string): Rule[] {
	try {
		const found = JSON.parse(json) as Rule;
		return typeof found.name === 'string' && Array.isArray(found.conditions) && Array.isArray(found.actions) ? [found] : [];
	} catch {
		return [];
	}
}

export function isOnlyOurs({ foreign }: Script): boolean {
	return foreign.replace(/#[^\n]*/g, '').trim() === '';
}

/** trash: the name of the folder that "delete" means. */
export function write({ rules, foreign }: Script, trash: string): string {
	if (rules.length === 0) return foreign;
	const wanted = needs(rules);
	const at = prologueEnd(foreign);
	/* The requires stand in a block too, before everything else, so that they go when the rules go. */
	const require = wanted.length > 0 ? `${BEGIN}\nrequire [${wanted.map(quoted).join(', ')}];\n${END}\n` : '';
	const before = foreign.slice(0, at), after = foreign.slice(at).replace(/^\n/, '');
	const block = `${BEGIN}\n${rules.map(rule => ruleText(rule, trash)).join('\n')}\n${END}\n`;
	return `${require}${before}${before && !before.endsWith('\n') ? '\n' : ''}${block}${after}`;
}

/* ---- trying ---- */

export interface Sample { from: string; to: string; subject: string; body: string; list: string; size: number }

function holds({ field, op, value }: Condition, sample: Sample): boolean {
	if (field === 'size') return op === 'over' ? sample.size > Number(value) * 1024 : sample.size < Number(value) * 1024;
	const text = sample[field].toLowerCase(), needle = value.toLowerCase();
	const each = field === 'from' || field === 'to' ? text.split('\n').map(one => /<([^>]*)>$/.exec(one)?.[1] ?? one) : [text];
	if (op === 'is') return each.includes(needle);
	if (op === 'begins') return each.some(one => one.startsWith(needle));
	if (op === 'ends') return each.some(one => one.endsWith(needle));
	return text.includes(needle) === (op === 'contains');
}

export function matches(rule: Rule, sample: Sample): boolean {
	if (rule.conditions.length === 0) return false;
	return rule.any ? rule.conditions.some(one => holds(one, sample)) : rule.conditions.every(one => holds(one, sample));
}
