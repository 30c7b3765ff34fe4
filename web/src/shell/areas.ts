/*
 * The areas of the application: what the rail shows and what an address leads to. An area of its own adds a row; `load` makes it a file of its own that is
 * fetched when it is first opened.
 */
import type { FunctionComponent } from 'preact';
import { textsOf, type Key } from '../ui/i18n';
import MailScreen from '../mail/screen';
import type { IconName } from '../ui/icons';

export interface Area {
	/* The first part of its addresses. */
	name: string;
	label: Key;
	icon: IconName;
	/* Its screen, or how to fetch it. */
	screen?: FunctionComponent;
	load?: () => Promise<{ default: FunctionComponent }>;
	/* Not in the rail for who may not open it. */
	shown?: () => boolean;
}

export const areas: Area[] = [
	{ name: 'mail', label: 'ui.mail', icon: 'mail', screen: MailScreen },
	{ name: 'contacts', label: 'ui.contacts', icon: 'people', load: () => import('../contacts/screen') },
	{ name: 'settings', label: 'ui.settings', icon: 'settings', load: () => textsOf('settings', 'compose').then(() => import('../settings/screen')) },
];
