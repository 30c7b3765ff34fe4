/* Attachments as pictures: which is being looked at. The viewer itself comes when it is first needed. */
import { signal } from '@preact/signals';
import { client } from '../jmap/here';
import type { Id } from '../jmap';
import { overlays } from '../shell/hooks';
import { Lazy } from '../shell/lazy';

const PREVIEW = 'urn:letterlock:jmap:preview';

/** sealed: never to be had but as pictures. */
export interface Viewable { blobId: Id; name: string; type: string; sealed?: boolean }
export const viewing = signal<{ all: Viewable[]; at: number } | null>(null);

/* The organisation lets attachments be looked at, and nothing else. */
export const viewOnly = () => client.accountCapability<boolean>(PREVIEW, 'viewOnly') === true;
export const mayPreview = () => client.accountCapability<string>(PREVIEW, 'infoUrl') !== undefined;

const ask = (one: Viewable, words: string) => `/jmap/preview/${client.accountId}/${encodeURIComponent(one.blobId)}?${words}&name=${encodeURIComponent(one.name)}`;
export const infoUrl = (one: Viewable) => ask(one, 'info=1');
export const pageUrl = (one: Viewable, page: number, width: number) => ask(one, `page=${page}&width=${width}`);

const load = () => import('./viewer');
overlays.value = [...overlays.peek(), () => viewing.value && <Lazy load={load} />];
