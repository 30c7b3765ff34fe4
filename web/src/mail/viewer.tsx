/* One attachment over the page: pictures of its pages. No byte of it comes here. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { downloadUrl } from '../jmap';
import { client } from '../jmap/here';
import { maybe, t } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { Button, IconButton, Skeleton } from '../ui/parts';
import { useShortcuts } from '../ui/shortcuts';
import { infoUrl, pageUrl, viewing, viewOnly, type Viewable } from './preview';
import { take } from './taken';

interface Info { status: string; type: string; pages: number; cut: boolean; marked: boolean }

const FAILED: Info = { status: 'failed', type: '', pages: 0, cut: false, marked: false };
/* What the server gives in no form. */
const REFUSED = new Set(['malware', 'unscanned']);
const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3];
const FIT = 2;
const PAGE_MAX = 980, PICTURE_MAX = 2400, TRIES = 40, WAIT_MS = 1500;

/* What is read now is asked for again by itself; everything else is an answer. */
async function look(one: Viewable, gone: () => boolean): Promise<Info> {
	for (let i = 0; i < TRIES && !gone(); i++) {
		const answer = await fetch(infoUrl(one), { credentials: 'same-origin' });
		const info = answer.ok ? (await answer.json()) as Info : null;
		if (info && info.status !== 'busy') return info;
		if (!info && answer.status !== 503) break;
		await new Promise(done => setTimeout(done, WAIT_MS));
	}
	return FAILED;
}

function Page({ one, page, pages, width, scale }: { one: Viewable; page: number; pages: number; width: number; scale: number }) {
	const [tries, setTries] = useState(0);
	const [there, setThere] = useState('');
	const [never, setNever] = useState('');
	const picture = Math.min(PICTURE_MAX, Math.round(width * scale / 100) * 100);
	const src = pageUrl(one, page, picture) + (tries > 0 ? `&again=${tries}` : '');
	/* A picture that cannot come now comes later; what never comes is told. */
	const failed = () => {
		if (tries < 4) setTimeout(() => setTries(tries + 1), WAIT_MS);
		else setNever(src);
	};
	if (never === src) return <div class="viewer-words" role="alert"><Icon name="warn" size={28} /><p>{t('mail.preview-page-failed', { page })}</p><Button onClick={() => { setTries(0); setNever(''); }}>{t('ui.retry')}</Button></div>;
	return (
		<div class="viewer-page" aria-busy={there !== src}>
			<img key={src} src={src} alt={t('mail.preview-page', { name: one.name, page, pages })} style={{ width: `${width}px` }} draggable={false} onLoad={() => setThere(src)} onError={failed} />
		</div>
	);
}

export default function Viewer() {
	const { all, at } = viewing.value!;
	const one = all[at]!;
	const ref = useRef<HTMLDialogElement>(null), stage = useRef<HTMLDivElement>(null);
	const [found, setFound] = useState<{ blobId: string; info: Info } | null>(null);
	const [page, setPage] = useState(1);
	const [zoom, setZoom] = useState(FIT);
	const [room, setRoom] = useState(0);
	const close = () => (viewing.value = null);
	const info = found?.blobId === one.blobId ? found.info : null;
	const ok = info?.status === 'ok';
	const pages = info?.pages ?? 1;
	const lookOnly = viewOnly() || one.sealed === true;
	const step = (by: number) => {
		const next = page + by;
		if (ok && next >= 1 && next <= pages) setPage(next);
		else if (all[at + by]) {
			setPage(1);
			viewing.value = { all, at: at + by };
		}
	};
	const turn = (to: number) => ok && setPage(Math.max(1, Math.min(pages, to)));
	const resize = (by: number) => setZoom(z => Math.max(0, Math.min(ZOOMS.length - 1, z + by)));

	useShortcuts({
		Escape: close, ArrowLeft: () => step(-1), ArrowRight: () => step(1), PageUp: () => turn(page - 1), PageDown: () => turn(page + 1), Home: () => turn(1), End: () => turn(pages),
		'+': () => resize(1), '=': () => resize(1), '-': () => resize(-1), 0: () => setZoom(FIT),
	}, { modal: true });
	useEffect(() => {
		const before = document.activeElement as HTMLElement | null, dialog = ref.current!;
		const measure = () => setRoom(stage.current!.clientWidth);
		dialog.showModal();
		stage.current!.focus();
		measure();
		addEventListener('resize', measure);
		return () => {
			removeEventListener('resize', measure);
			dialog.close();
			before?.focus?.();
		};
	}, []);
	useEffect(() => {
		let gone = false;
		look(one, () => gone).catch(() => FAILED).then(answer => gone || setFound({ blobId: one.blobId, info: answer }));
		return () => { gone = true; };
	}, [one.blobId]);
	useEffect(() => { stage.current?.scrollTo(0, 0); }, [one.blobId, page]);

	const width = Math.max(120, Math.round(Math.min(room - 32, PAGE_MAX) * ZOOMS[zoom]!));
	const kind = (info?.type || one.name.split('.').pop() || '').toUpperCase();
	const first = at === 0 && page === 1, last = at === all.length - 1 && (!ok || page === pages);
	return (
		<dialog ref={ref} class="viewer" aria-label={t('mail.preview-name', { name: one.name })} onCancel={e => { e.preventDefault(); close(); }}>
			<header>
				<h2 class="cut">{one.name}</h2>
				<span class="viewer-at num" role="status">{ok ? t('mail.preview-at', { page, pages }) : ''}{all.length > 1 && <small>{t('mail.preview-file', { n: at + 1, all: all.length })}</small>}</span>
				<span class="viewer-zoom">
					<IconButton icon="minimise" label={t('mail.preview-smaller')} keys="-" disabled={!ok || zoom === 0} onClick={() => resize(-1)} />
					<button type="button" class="viewer-percent num" aria-label={t('mail.preview-fit')} disabled={!ok} onClick={() => setZoom(FIT)}>{Math.round(ZOOMS[zoom]! * 100)} %</button>
					<IconButton icon="plus" label={t('mail.preview-larger')} keys="+" disabled={!ok || zoom === ZOOMS.length - 1} onClick={() => resize(1)} />
				</span>
				{!lookOnly && !REFUSED.has(info?.status ?? '') && <a class="icon-button" href={downloadUrl(client, one.blobId, one.name, one.type)} download={one.name} aria-label={t('mail.preview-download', { name: one.name })} data-tip={t('mail.download')} onClick={e => void take(e)}><Icon name="download" /></a>}
				<IconButton icon="close" label={t('ui.close')} keys="Escape" onClick={close} />
			</header>
			<div ref={stage} class="viewer-stage" tabIndex={0} role="group" aria-label={t('mail.preview-pages')}>
				{!info && <div class="viewer-words" role="status"><Skeleton />{t('mail.preview-reading')}</div>}
				{info && !ok && <div class="viewer-words" role="alert"><Icon name="file" size={36} /><p>{maybe(`mail.preview-${info.status}`, { kind }) ?? t('mail.preview-failed')}</p>{!lookOnly && !REFUSED.has(info.status) && <p class="muted">{t('mail.preview-instead')}</p>}</div>}
				{ok && room > 0 && <Page key={`${one.blobId}-${page}`} one={one} page={page} pages={pages} width={width} scale={Math.min(devicePixelRatio || 1, 2)} />}
				{ok && info.cut && page === pages && <p class="viewer-cut">{t('mail.preview-cut', { pages })}</p>}
			</div>
			<button type="button" class="viewer-turn before" aria-label={t('mail.preview-before')} disabled={first} onClick={() => step(-1)}><Icon name="left" size={24} /></button>
			<button type="button" class="viewer-turn after" aria-label={t('mail.preview-after')} disabled={last} onClick={() => step(1)}><Icon name="right" size={24} /></button>
		</dialog>
	);
}
