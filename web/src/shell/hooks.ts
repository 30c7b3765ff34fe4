/*
 * Where areas meet without knowing each other. Who writes letters sets `compose`, and puts its panels into `overlays`; the mail screen shows its buttons only
 * while somebody is there to press them for.
 */
import { signal } from '@preact/signals';
import type { ComponentChildren, FunctionComponent } from 'preact';
import type { EmailAddress, Id } from '../jmap';

export interface ComposeRequest {
	kind: 'new' | 'reply' | 'replyAll' | 'forward' | 'attach' | 'draft';
	/* What is answered, passed on, or gone on with. */
	emailId?: Id;
	/* What goes along whole. */
	emailIds?: readonly Id[];
	to?: EmailAddress[];
	subject?: string;
}

export const compose = signal<((request: ComposeRequest) => void) | null>(null);
/* Drawn over every screen, above the page and below dialogs. */
export const overlays = signal<readonly FunctionComponent[]>([]);
/* Drawn under a letter that was sent from here: what became of each recipient. */
export const deliveryStrip = signal<FunctionComponent<{ emailId: Id }> | null>(null);

/* What an area puts into the middle of the top bar: its search. */
export const topSlot = signal<ComponentChildren>(null);
/* On a narrow screen folders and the like are a drawer. */
export const drawerOpen = signal(false);
/* The thin bar below the top: connection. */
export const connection = signal<'good' | 'offline' | 'reconnecting'>('good');
