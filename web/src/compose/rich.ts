/*
 * The rich editor: Squire, with what comes from outside (paste, quotes, drafts) cleaned by DOMPurify. The page's policy allows neither HTML strings nor style
 * attributes, so what is put in comes as nodes, and their styles are set one by one.
 */
import DOMPurify, { type Config } from 'dompurify';
import Squire from 'squire-rte';
import { safeDecode } from '../ui/router';
import { QUOTE, SIGNATURE } from './quote';

export interface RichOptions {
	/** Where an image of the letter is to be had, by its Content-ID; null: it is not there. */
	imageOf: (cid: string) => string | null;
	onFiles: (files: File[]) => void;
	onInput: () => void;
	/** Letters of the formats at the cursor. */
	onPath: () => void;
}

/* Where the text of a style waits until it is set by script: the page's policy does not look at style attributes, and complains of each. */
const SHELVED_STYLE = 'data-letter-style';

/* What is no address. */
const PLAIN_ATTRIBUTES = [
	SHELVED_STYLE, 'align', 'alt', 'bgcolor', 'border', 'cellpadding', 'cellspacing', 'class', 'color', 'colspan', 'dir', 'face', 'height', 'lang', 'rowspan', 'size', 'start',
	'type', 'valign', 'width',
];

const ALLOWED: Config = {
	ALLOWED_TAGS: [
		'a', 'b', 'big', 'blockquote', 'br', 'center', 'code', 'col', 'colgroup', 'dd', 'div', 'dl', 'dt', 'em', 'font', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'i', 'img',
		'li', 'ol', 'p', 'pre', 's', 'small', 'span', 'strike', 'strong', 'sub', 'sup', 'table', 'tbody', 'td', 'tfoot', 'th', 'thead', 'tr', 'u', 'ul', '#text',
	],
	ALLOWED_ATTR: [...PLAIN_ATTRIBUTES, 'cite', 'href', 'src'],
	ADD_URI_SAFE_ATTR: PLAIN_ATTRIBUTES,
	ALLOW_DATA_ATTR: false,
	ALLOW_ARIA_ATTR: false,
	ALLOWED_URI_REGEXP: /^(?:https?|mailto|tel|cid):/i,
	RETURN_DOM_FRAGMENT: true,
};
/* Of styles what a letter is made of; nothing that loads, moves or covers. */
const STYLES = /^(?:color|background-color|font-size|font-family|font-weight|font-style|text-decoration(?:-line)?|text-align|line-height|margin(?:-\w+)?|padding(?:-\w+)?|border(?:-[\w-]+)?|width|height|max-width|vertical-align|white-space|list-style-type|direction)$/;
const CLASSES = new Set([QUOTE, SIGNATURE]);
const HTTP = /^https?:/i;

function cleanStyle(element: HTMLElement): void {
	const probe = element.ownerDocument.createElement('i').style;
	probe.cssText = element.getAttribute(SHELVED_STYLE) ?? '';
	element.removeAttribute(SHELVED_STYLE);
	for (const name of [...probe]) {
		const value = probe.getPropertyValue(name);
		if (STYLES.test(name) && !/url\s*\(|expression|-moz-binding|position/i.test(value)) element.style.setProperty(name, value);
	}
}

/* Only so that the policy has nothing to complain of while the text is parsed; what is allowed is decided behind that. */
function shelve(html: string): string {
	return html.replace(/<[a-z][^>]*>/gi, tag => tag.replace(/\sstyle\s*=/gi, ` ${SHELVED_STYLE}=`).replace(/\son\w+\s*=/gi, ' data-letter-none='));
}

function cleanImage(image: HTMLImageElement, options: RichOptions): void {
	const source = image.getAttribute('src') ?? '';
	if (!image.hasAttribute('alt')) image.setAttribute('alt', '');
	if (/^cid:/i.test(source)) {
		const cid = safeDecode(source.slice(4));
		const found = options.imageOf(cid);
		image.dataset.cid = cid;
		if (found) image.setAttribute('src', found);
		else image.removeAttribute('src');
	} else if (HTTP.test(source)) {
		/* Nothing is fetched while writing; it goes out as it came. */
		image.dataset.remote = source;
		image.removeAttribute('src');
	} else {
		image.removeAttribute('src');
	}
}

export function clean(html: string, options: RichOptions): DocumentFragment {
	/* Of a text that is no body (a frameset) nothing comes. */
	const fragment = (DOMPurify.sanitize(shelve(html), ALLOWED) as unknown as DocumentFragment | null) ?? document.createDocumentFragment();
	for (const element of fragment.querySelectorAll<HTMLElement>('*')) {
		if (element.hasAttribute(SHELVED_STYLE)) cleanStyle(element);
		if (element.hasAttribute('class')) element.className = [...element.classList].filter(one => CLASSES.has(one)).join(' ');
		if (element.getAttribute('class') === '') element.removeAttribute('class');
		if (element instanceof HTMLImageElement || element.tagName === 'IMG') cleanImage(element as HTMLImageElement, options);
	}
	return document.adoptNode(fragment);
}

export class RichEditor extends Squire {
	private readonly options: RichOptions;

	constructor(root: HTMLElement, options: RichOptions) {
		super(root, {
			sanitizeToDOMFragment: (html: string) => clean(html, options),
			willCutCopy: null,
			blockAttributes: null,
			tagAttributes: { blockquote: { type: 'cite' } },
		});
		this.options = options;
		this.addEventListener('input', () => options.onInput());
		this.addEventListener('pathChange', () => options.onPath());
		this.addEventListener('pasteImage', event => this.takeImages(event as unknown as CustomEvent));
	}

	private takeImages(event: CustomEvent): void {
		const { clipboardData } = (event.detail ?? {}) as { clipboardData?: DataTransfer };
		const files = [...(clipboardData?.files ?? [])];
		if (files.length === 0) return;
		event.preventDefault();
		this.options.onFiles(files);
	}

	/** By tags and not by styles, which the page's policy does not let Squire set. null: none. */
	setColor(color: string | null): void {
		if (color) this.changeFormat({ tag: 'FONT', attributes: { color } }, { tag: 'FONT' });
		else this.changeFormat(null, { tag: 'FONT' }, undefined, true);
	}

	setSize(size: 'small' | 'big' | null): void {
		this.changeFormat(null, { tag: size === 'small' ? 'BIG' : 'SMALL' }, undefined, true);
		if (size) this.changeFormat({ tag: size.toUpperCase() });
		else this.changeFormat(null, { tag: 'BIG' }, undefined, true);
	}

	/** Undo and redo: strings that this editor made, but strings all the same. */
	override _setRawHTML(html: string): Squire {
		const { blobs, text } = shelved(html);
		const fragment = clean(text, { ...this.options, imageOf: cid => blobs.get(cid) ?? this.options.imageOf(cid) });
		this._root.replaceChildren(fragment);
		if (!this._root.firstChild) this._root.append(this.createDefaultBlock());
		(this as unknown as { _ignoreChange: boolean })._ignoreChange = true;
		return this;
	}

	/** As it goes into the letter. */
	content(): string {
		return outgoing(copyOf(this._root));
	}

	/** What was written here: no signature, no quote. */
	private own(): HTMLElement {
		const copy = copyOf(this._root);
		copy.querySelectorAll(`.${SIGNATURE}, .${QUOTE}`).forEach(one => one.remove());
		return copy;
	}

	contentWritten(): string {
		return outgoing(this.own());
	}

	/** Content-IDs of the images that are still there. */
	cids(): Set<string> {
		return new Set([...this._root.querySelectorAll<HTMLElement>('img[data-cid]')].map(one => one.dataset.cid!));
	}

	insertOwnImage(cid: string, source: string, alt: string): void {
		const image = this.insertImage(source, { alt });
		image.dataset.cid = cid;
	}

	/** The signature of another identity takes the place of the one that is there. Cleaned as everything is. */
	setSignature(block: string): void {
		const fragment = clean(block, this.options);
		const former = this._root.querySelector(`.${SIGNATURE}`);
		this.saveUndoState();
		if (former) former.replaceWith(fragment);
		else if (fragment.firstChild) this._root.insertBefore(fragment, this._root.querySelector(`:scope > .${QUOTE}`));
		this.options.onInput();
	}

	written(): string {
		return htmlToText(this.own());
	}

	plain(): string {
		return htmlToText(this._root);
	}
}

/* In a document that nobody sees: there an image is not fetched. */
function copyOf(root: HTMLElement): HTMLElement {
	return document.implementation.createHTMLDocument('').importNode(root, true);
}

function outgoing(copy: HTMLElement): string {
	for (const image of copy.querySelectorAll('img')) {
		const { cid, remote } = image.dataset;
		if (cid) image.setAttribute('src', `cid:${encodeURIComponent(cid)}`);
		else if (remote) image.setAttribute('src', remote);
		delete image.dataset.cid;
		delete image.dataset.remote;
	}
	return copy.innerHTML;
}

/* Images keep the addresses that they have in the page. */
function shelved(html: string): { blobs: Map<string, string>; text: string } {
	const blobs = new Map<string, string>();
	const text = html.replace(/<img\b[^>]*>/gi, tag => {
		const cid = /\bdata-cid="([^"]*)"/i.exec(tag)?.[1], remote = /\bdata-remote="([^"]*)"/i.exec(tag)?.[1], source = /\bsrc="([^"]*)"/i.exec(tag)?.[1];
		if (cid && source) blobs.set(cid, source.replace(/&amp;/g, '&'));
		const bare = tag.replace(/\s(?:src|data-cid|data-remote)="[^"]*"/gi, '');
		return cid ? bare.replace(/^<img/i, `<img src="cid:${encodeURIComponent(cid)}"`) : remote ? bare.replace(/^<img/i, `<img src="${remote}"`) : bare;
	});
	return { blobs, text };
}

/* ---- HTML as text ---- */

const BLOCKS = new Set(['ADDRESS', 'BLOCKQUOTE', 'CENTER', 'DD', 'DIV', 'DL', 'DT', 'H1', 'H2', 'H3', 'H4', 'H5', 'H6', 'HR', 'LI', 'OL', 'P', 'PRE', 'TABLE', 'TR', 'UL']);

class TextWriter {
	private readonly lines: string[] = [''];
	private prefix = '';

	text(value: string): void {
		const text = value.replace(/[ \t\r\n]+/g, ' ').replace(/\u00a0/g, ' ').replace(/\u200b/g, '');
		const last = this.lines.length - 1;
		this.lines[last] += this.lines[last]!.endsWith(' ') || this.lines[last] === this.prefix ? text.replace(/^ /, '') : text;
	}

	pre(value: string): void {
		value.split('\n').forEach((line, at) => {
			if (at > 0) this.line();
			this.lines[this.lines.length - 1] += line;
		});
	}

	line(): void {
		this.lines.push(this.prefix);
	}

	/** A block begins on a line of its own. */
	block(): void {
		if (this.lines.at(-1) !== this.prefix) this.line();
	}

	within(prefix: string, write: () => void): void {
		const former = this.prefix;
		this.block();
		this.prefix += prefix;
		this.lines[this.lines.length - 1] = this.prefix;
		write();
		this.prefix = former;
		if (this.lines.at(-1) === former + prefix) this.lines[this.lines.length - 1] = former;
		else this.line();
	}

	done(): string {
		return this.lines.map(line => line.trimEnd()).join('\n').replace(/\n{3,}/g, '\n\n').replace(/^\n+|\s+$/g, '');
	}
}

function writeElement(element: HTMLElement, out: TextWriter, inPre: boolean): void {
	const tag = element.tagName;
	const inner = () => writeNodes(element, out, inPre || tag === 'PRE');
	if (tag === 'BR') {
		/* The one that keeps an empty block open is no line of its own. */
		if (element.nextSibling || !BLOCKS.has(element.parentElement?.tagName ?? '')) out.line();
		else if (!element.previousSibling) out.line();
		return;
	}
	if (tag === 'HR') {
		out.block();
		out.text('----------');
		return out.line();
	}
	if (tag === 'IMG') return out.text(element.getAttribute('alt') ?? '');
	if (tag === 'BLOCKQUOTE') return out.within('> ', inner);
	if (tag === 'LI') {
		const list = element.parentElement;
		out.block();
		out.text(list?.tagName === 'OL' ? `${[...list.children].indexOf(element) + 1}. ` : '- ');
		inner();
		return out.block();
	}
	if (tag === 'A') {
		const href = element.getAttribute('href') ?? '', text = element.textContent ?? '';
		inner();
		if (HTTP.test(href) && !href.includes(text.trim().replace(/^https?:\/\//, ''))) out.text(` <${href}>`);
		return;
	}
	if (tag === 'TD' || tag === 'TH') {
		inner();
		return out.text(element.nextElementSibling ? '  ' : '');
	}
	if (!BLOCKS.has(tag)) return inner();
	out.block();
	inner();
	out.block();
	if (tag === 'P') out.line();
}

function writeNodes(parent: Node, out: TextWriter, inPre: boolean): void {
	for (const node of parent.childNodes) {
		if (node.nodeType === Node.TEXT_NODE) inPre ? out.pre(node.nodeValue ?? '') : out.text(node.nodeValue ?? '');
		else if (node.nodeType === Node.ELEMENT_NODE) writeElement(node as HTMLElement, out, inPre);
	}
}

export function htmlToText(root: Node): string {
	const out = new TextWriter();
	writeNodes(root, out, false);
	return out.done();
}
