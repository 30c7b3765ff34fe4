/*
 * The body of a letter: a document of the server's own making in a frame without an origin. It can tell its height and what was found in it; it can do nothing
 * else (docs/webmail.md).
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { client } from '../jmap/here';
import { t } from '../ui/i18n';
import { images, imagesFrom, isDark } from '../ui/prefs';

export interface Found { remote: number; missing: number; deceiving: number; cut: boolean }

const HEIGHT_MAX = 200000;

const TRUSTED_MAX = 500;

export function showsImages(address: string): boolean {
	return images.value === 'show' || (images.value === 'ask' && imagesFrom.value.includes(address.toLowerCase()));
}
export function trust(address: string): void {
	imagesFrom.value = [...imagesFrom.value.filter(one => one !== address.toLowerCase()), address.toLowerCase()].slice(-TRUSTED_MAX);
}

export function viewUrl(id: string, options: { images?: boolean; text?: boolean; print?: boolean; dark?: boolean }): string {
	const query = new URLSearchParams({ images: options.images ? '1' : '0', text: options.text ? '1' : '0', theme: options.dark ? 'dark' : 'light', lang: document.documentElement.lang });
	if (options.print) query.set('print', '1');
	return `/jmap/view/${encodeURIComponent(client.accountId)}/${encodeURIComponent(id)}?${query}`;
}

/* least: pixels of height that it has at least. */
export function MailFrame({ id, title, images: shown, text, light, least = 0, onFound }: { id: string; title: string; images: boolean; text: boolean; light: boolean; least?: number; onFound: (f: Found) => void }) {
	const ref = useRef<HTMLIFrameElement>(null);
	const [height, setHeight] = useState(0);
	const src = viewUrl(id, { images: shown, text, dark: isDark() && !light });
	useEffect(() => {
		const hear = (e: MessageEvent) => {
			if (e.source !== ref.current?.contentWindow || e.data?.letterlock !== 'view') return;
			const number = (n: unknown) => Math.max(0, Number(n) || 0);
			setHeight(Math.min(HEIGHT_MAX, Math.ceil(number(e.data.height))));
			onFound({ remote: number(e.data.remote), missing: number(e.data.missing), deceiving: number(e.data.deceiving), cut: e.data.cut === true });
		};
		addEventListener('message', hear);
		return () => removeEventListener('message', hear);
	}, []);
	return (
		<iframe ref={ref} class="mail-frame" src={src} title={title || t('mail.body')} sandbox="allow-popups allow-popups-to-escape-sandbox allow-scripts" referrerpolicy="no-referrer"
			style={{ height: `${Math.max(least, height || 80)}px`, opacity: height ? 1 : 0 }} onLoad={() => setTimeout(() => setHeight(h => h || 400), 400)} />
	);
}
