/* What stands in a letter before the first key is pressed: signature, and what is answered or passed on. */
import type { Email, EmailAddress, Identity } from '../jmap';
import { t, longDate } from '../ui/i18n';
import { formatAddress, shownName } from './address';
import { escapeHtml, htmlOf, quoteText, textOf, textToHtml, type Intent, type Mode } from './draft';
import { bareReplies, replySignatures } from './prefs';

export const SIGNATURE = 'letter-signature';
export const QUOTE = 'letter-quote';

export function signatureFor(mode: Mode, identity: Identity | undefined, intent: Intent): string {
	if (!identity || (intent !== 'new' && bareReplies.value.includes(identity.id))) return '';
	const other = intent === 'new' ? undefined : replySignatures.value[identity.id];
	const html = other ? other.html : identity.htmlSignature, text = other ? other.text : identity.textSignature;
	return mode === 'text' ? text : html || (text ? textToHtml(text) : '');
}

/** The signature as a block of its own, so that another identity's can take its place. */
export function signatureBlock(mode: Mode, signature: string): string {
	if (!signature) return '';
	return mode === 'text' ? `-- \n${signature}` : `<div class="${SIGNATURE}">${signature}</div>`;
}

function people(addresses: readonly EmailAddress[] | null): string {
	return (addresses ?? []).map(formatAddress).join(', ');
}

function when(letter: Email): string {
	return longDate(new Date(letter.sentAt ?? letter.receivedAt));
}

function introduction(letter: Email): string {
	const from = letter.from?.[0];
	return t('compose.wrote', { date: when(letter), name: from ? shownName(from) : '' });
}

function passedHead(letter: Email): [string, string][] {
	const rows: [string, string][] = [
		[t('compose.from'), people(letter.from)], [t('compose.date'), when(letter)], [t('compose.subject'), letter.subject ?? ''], [t('compose.to'), people(letter.to)],
		[t('compose.cc'), people(letter.cc)],
	];
	return rows.filter(([, value]) => value);
}

function quoteAsText(letter: Email, intent: Intent): string {
	const text = textOf(letter) || visibleText(htmlOf(letter));
	if (intent !== 'forward') return `${introduction(letter)}\n${quoteText(text)}`;
	return `---------- ${t('compose.passed-on')} ----------\n${passedHead(letter).map(([name, value]) => `${name}: ${value}`).join('\n')}\n\n${text}`;
}

function quoteAsHtml(letter: Email, intent: Intent, inner: string): string {
	if (intent !== 'forward') return `<div class="${QUOTE}"><div>${escapeHtml(introduction(letter))}</div><blockquote type="cite">${inner}</blockquote></div>`;
	const head = passedHead(letter).map(([name, value]) => `<div><b>${escapeHtml(name)}:</b> ${escapeHtml(value)}</div>`).join('');
	return `<div class="${QUOTE}"><div>---------- ${escapeHtml(t('compose.passed-on'))} ----------</div>${head}<div><br></div>${inner}</div>`;
}

/** Text of a letter that has no plain part; what HTML would hide stays hidden nowhere, it is only a quote. */
function visibleText(html: string): string {
	return html.replace(/<(style|script|head|title)\b[\s\S]*?<\/\1\s*>/gi, '').replace(/<(?:br|\/p|\/div|\/li|\/tr|\/h[1-6])\b[^>]*>/gi, '\n').replace(/<[^>]*>/g, '')
		.replace(/&nbsp;/gi, ' ').replace(/&lt;/gi, '<').replace(/&gt;/gi, '>').replace(/&quot;/gi, '"').replace(/&#39;/g, "'").replace(/&amp;/gi, '&')
		.replace(/[ \t]+\n/g, '\n').replace(/\n{3,}/g, '\n\n').trim();
}

/** first: what is already written, in the form of `mode`; quoted: the letter as safe HTML, for rich text. */
export function startBody(mode: Mode, identity: Identity | undefined, intent: Intent, letter: Email | null, first = '', quoted = ''): string {
	const signature = signatureBlock(mode, signatureFor(mode, identity, intent));
	const quote = letter ? (mode === 'text' ? quoteAsText(letter, intent) : quoteAsHtml(letter, intent, quoted)) : '';
	if (mode === 'text') return [first || '', ...(signature ? ['', signature] : []), ...(quote ? ['', quote] : [])].join('\n').replace(/^\n(?=\n*$)/, '');
	return `${first || '<div><br></div>'}${signature && `<div><br></div>${signature}`}${quote && `<div><br></div>${quote}`}`;
}
