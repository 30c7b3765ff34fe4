/* Every text there is; a new area is a file of locales/*, and a line here. */
type Area<Name extends string, Texts> = `${Name}.${keyof Texts & string}`;

export type Key =
	| Area<'ui', typeof import('../../locales/en/ui.json')>
	| Area<'compose', typeof import('../../locales/en/compose.json')>
	| Area<'notify', typeof import('../../locales/en/notify.json')>
	| Area<'contacts', typeof import('../../locales/en/contacts.json')>
	| Area<'mail', typeof import('../../locales/en/mail.json')>
	| Area<'settings', typeof import('../../locales/en/settings.json')>
	| Area<'signin', typeof import('../../locales/en/signin.json')>;
