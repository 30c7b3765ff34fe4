/* Where the letter is written: rich text with a bar of formats, or plain text. */
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { downloadUrl } from '../jmap';
import { t } from '../ui/i18n';
import { MenuButton, Popover } from '../ui/overlay';
import { Button, IconButton, cls } from '../ui/parts';
import { isComposing } from '../ui/shortcuts';
import type { Composer } from './composer';
import type { RichEditor } from './rich';

type Module = typeof import('./rich');
let loaded: Module | null = null;
const loading = () => import('./rich').then(module => (loaded = module));

/** Object addresses of images that were put in here, by their Content-ID. */
const own = new Map<string, string>();

export interface EditorHandle {
	rich: RichEditor | null;
	focus: (start?: boolean) => void;
	insertImage: (file: File) => void;
	insertText: (text: string) => void;
}

function imageOf(composer: Composer): (cid: string) => string | null {
	return cid => {
		const found = composer.draft.peek().attachments.find(one => one.cid === cid);
		return own.get(cid) ?? (found?.blobId && composer.desk.client.session ? downloadUrl(composer.desk.client, found.blobId, found.name, found.type) : null);
	};
}

/** focus: as soon as it can be written in, at its beginning. */
export function Editor({ composer, handle, bar, focus, onFiles }: { composer: Composer; handle: { current: EditorHandle | null }; bar: boolean; focus: boolean; onFiles: (files: File[]) => void }) {
	return composer.draft.value.mode === 'html'
		? <Rich composer={composer} handle={handle} bar={bar} focus={focus} onFiles={onFiles} />
		: <Plain composer={composer} handle={handle} focus={focus} />;
}

function Plain({ composer, handle, focus }: { composer: Composer; handle: { current: EditorHandle | null }; focus: boolean }) {
	const ref = useRef<HTMLTextAreaElement>(null);
	useEffect(() => {
		const area = ref.current!;
		area.value = composer.draft.peek().body;
		composer.body = composer.plain = () => area.value;
		composer.written = () => area.value.split('\n-- \n')[0]!;
		handle.current = {
			rich: null,
			focus: start => { area.focus(); if (start) area.setSelectionRange(0, 0); },
			insertImage: () => {},
			insertText: text => { area.setRangeText(text, area.selectionStart, area.selectionEnd, 'end'); composer.touch(); },
		};
		if (focus) handle.current.focus(true);
		return () => { composer.pull(); handle.current = null; };
	}, []);
	return <textarea ref={ref} class="editor plain" aria-label={t('compose.body')} onInput={() => composer.touch()} />;
}

function Rich({ composer, handle, bar, focus, onFiles }: { composer: Composer; handle: { current: EditorHandle | null }; bar: boolean; focus: boolean; onFiles: (files: File[]) => void }) {
	const ref = useRef<HTMLDivElement>(null);
	const [editor, setEditor] = useState<RichEditor | null>(null);
	const [failed, setFailed] = useState(false);
	const path = useRef(signal(0)).current;
	useEffect(() => {
		let gone = false, made: RichEditor | null = null;
		const begin = (module: Module) => {
			if (gone) return;
			made = new module.RichEditor(ref.current!, { imageOf: imageOf(composer), onFiles, onInput: () => composer.touch(), onPath: () => void path.value++ });
			made.setHTML(composer.draft.peek().body);
			made.moveCursorToStart();
			composer.body = () => made!.content();
			composer.plain = () => made!.plain();
			composer.written = () => made!.written();
			handle.current = handleOf(made, composer);
			setEditor(made);
			if (focus || document.activeElement === ref.current) made.focus();
		};
		if (loaded) begin(loaded);
		else loading().then(begin, () => setFailed(true));
		return () => {
			gone = true;
			if (made) composer.pull();
			made?.destroy();
			handle.current = null;
		};
	}, []);
	return (
		<>
			<div class="editor-scroll" onMouseDown={e => { if (e.target === e.currentTarget) { e.preventDefault(); editor?.focus(); } }}>
				{failed && <p class="editor-failed">{t('compose.editor-failed')} <Button small onClick={() => composer.change({ mode: 'text' })}>{t('compose.to-plain')}</Button></p>}
				<div ref={ref} class="editor rich" tabIndex={0} role="textbox" aria-multiline="true" aria-label={t('compose.body')} contentEditable={editor !== null} spellcheck />
			</div>
			{bar && editor && <Formats editor={editor} path={path.value} onImage={files => files.forEach(file => handle.current?.insertImage(file))} />}
		</>
	);
}

function handleOf(editor: RichEditor, composer: Composer): EditorHandle {
	return {
		rich: editor,
		focus: start => { if (start) editor.moveCursorToStart(); editor.focus(); },
		insertImage: file => {
			const cid = `${crypto.randomUUID()}@letterlock`;
			own.set(cid, URL.createObjectURL(file));
			composer.attach(file, cid);
			editor.insertOwnImage(cid, own.get(cid)!, file.name);
		},
		insertText: text => void editor.insertPlainText(text, false),
	};
}

/* ---- the bar ---- */

const COLORS = ['#1b2430', '#55606e', '#b3261e', '#b85c00', '#8a6d00', '#14713b', '#0b6b75', '#0b5fc0', '#5b3db8', '#a1287e'];
const SIZES = [['small', 'small'], ['normal', null], ['large', 'big']] as const;

interface Format { name: string; tag: string; on: (e: RichEditor) => void; off: (e: RichEditor) => void; glyph: string; keys: string }
const FORMATS: Format[] = [
	{ name: 'bold', tag: 'B', on: e => e.bold(), off: e => e.removeBold(), glyph: 'B', keys: 'ctrl+b' },
	{ name: 'italic', tag: 'I', on: e => e.italic(), off: e => e.removeItalic(), glyph: 'I', keys: 'ctrl+i' },
	{ name: 'underline', tag: 'U', on: e => e.underline(), off: e => e.removeUnderline(), glyph: 'U', keys: 'ctrl+u' },
	{ name: 'strike', tag: 'S', on: e => e.strikethrough(), off: e => e.removeStrikethrough(), glyph: 'S', keys: '' },
];

function Formats({ editor, path, onImage }: { editor: RichEditor; path: number; onImage: (files: File[]) => void }) {
	const has = (tag: string) => path >= 0 && editor.hasFormat(tag);
	const keep = (e: Event) => e.preventDefault(); /* The selection stays in the text. */
	const picture = useRef<HTMLInputElement>(null);
	return (
		<div class="formats" role="toolbar" aria-label={t('compose.formats')} onMouseDown={e => (e.target as Element).closest('button') && keep(e)}>
			{FORMATS.map(f => (
				<button type="button" key={f.name} class="icon-button" aria-pressed={has(f.tag)} aria-label={t(`compose.${f.name}` as 'compose.bold')} data-tip={t(`compose.${f.name}` as 'compose.bold')} data-keys={f.keys || undefined}
					onClick={() => (has(f.tag) ? f.off(editor) : f.on(editor))}><span class={cls('glyph', f.name)} aria-hidden="true">{f.glyph}</span></button>
			))}
			<MenuButton label={t('compose.size')} class="icon-button" align="start" items={SIZES.map(([name, value]) => ({ label: t(`compose.size-${name}`), run: () => setTimeout(() => { editor.focus(); editor.setSize(value); }) }))}>
				<span class="glyph sizes" aria-hidden="true">A<small>A</small></span>
			</MenuButton>
			<Colors editor={editor} />
			<span class="formats-line" />
			<IconButton icon="listBullets" label={t('compose.bullets')} aria-pressed={has('UL')} onClick={() => (has('UL') ? editor.removeList() : editor.makeUnorderedList())} />
			<IconButton icon="listNumbers" label={t('compose.numbers')} aria-pressed={has('OL')} onClick={() => (has('OL') ? editor.removeList() : editor.makeOrderedList())} />
			<IconButton icon="quote" label={t('compose.quote')} aria-pressed={has('BLOCKQUOTE')} onClick={() => (has('BLOCKQUOTE') ? editor.decreaseQuoteLevel() : editor.increaseQuoteLevel())} />
			<span class="formats-line" />
			<LinkButton editor={editor} on={has('A')} />
			<IconButton icon="image" label={t('compose.image')} onClick={() => picture.current!.click()} />
			<input ref={picture} type="file" accept="image/*" multiple hidden onChange={e => { onImage([...(e.currentTarget.files ?? [])]); e.currentTarget.value = ''; }} />
			<IconButton icon="clearFormat" label={t('compose.clear')} onClick={() => editor.removeAllFormatting()} />
		</div>
	);
}

function Colors({ editor }: { editor: RichEditor }) {
	const [open, setOpen] = useState(false);
	const ref = useRef<HTMLSpanElement>(null);
	const choose = (color: string | null) => {
		setOpen(false);
		setTimeout(() => { editor.focus(); editor.setColor(color); });
	};
	return (
		<span ref={ref}>
			<button type="button" class="icon-button" aria-label={t('compose.color')} data-tip={open ? undefined : t('compose.color')} aria-haspopup="dialog" aria-expanded={open} onClick={() => setOpen(!open)}>
				<span class="glyph color-glyph" aria-hidden="true">A</span>
			</button>
			{open && (
				<Popover anchor={ref.current!} label={t('compose.color')} onClose={() => setOpen(false)}>
					<div class="swatches">
						{COLORS.map((color, i) => <button type="button" key={color} class="swatch" style={{ background: color }} aria-label={t('compose.color-n', { n: i + 1 })} onClick={() => choose(color)} />)}
					</div>
					<Button small kind="ghost" class="swatches-none" onClick={() => choose(null)}>{t('compose.color-none')}</Button>
				</Popover>
			)}
		</span>
	);
}

function LinkButton({ editor, on }: { editor: RichEditor; on: boolean }) {
	const [open, setOpen] = useState(false);
	const [url, setUrl] = useState('');
	const ref = useRef<HTMLSpanElement>(null);
	const begin = () => {
		if (on) return void editor.removeLink();
		setUrl('');
		setOpen(true);
	};
	const make = () => {
		const text = url.trim();
		setOpen(false);
		if (!text) return;
		const href = /^(?:https?|mailto|tel):/i.test(text) ? text : text.includes('@') && !text.includes('/') ? `mailto:${text}` : `https://${text}`;
		setTimeout(() => void editor.focus().makeLink(href));
	};
	return (
		<span ref={ref}>
			<IconButton icon="link" label={on ? t('compose.unlink') : t('compose.link')} aria-pressed={on} onClick={begin} />
			{open && (
				<Popover anchor={ref.current!} label={t('compose.link')} onClose={() => setOpen(false)}>
					<form class="link-form" onSubmit={e => { e.preventDefault(); make(); }}>
						<input class="input" aria-label={t('compose.link-to')} placeholder="https://" value={url} onInput={e => setUrl(e.currentTarget.value)} onKeyDown={e => isComposing(e) && e.stopPropagation()} />
						<Button small kind="primary" type="submit">{t('compose.link-make')}</Button>
					</form>
				</Popover>
			)}
		</span>
	);
}

