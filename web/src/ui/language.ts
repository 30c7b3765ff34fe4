export type Locale = 'en' | 'zh-CN' | 'zh-TW' | 'en-XA';

/* The first language of the browser that there is. */
export function browserLocale(): Locale {
	for (const tag of navigator.languages ?? []) {
		if (/^zh\b/i.test(tag)) return /hant|tw|hk|mo/i.test(tag) ? 'zh-TW' : 'zh-CN';
		if (/^en\b/i.test(tag)) return 'en';
	}
	return 'en';
}
