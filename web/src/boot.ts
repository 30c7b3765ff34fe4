/* Runs before anything is painted: what the person chose for looks and language. */
const root = document.documentElement;

function kept(name: string): string | null {
	try {
		return localStorage.getItem(`letterlock.${name}`);
	} catch {
		return null;
	}
}

const theme = kept('theme');
const density = kept('density');
const locale = kept('locale');
if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
root.dataset.density = density === 'compact' || density === 'relaxed' ? density : 'cosy';
if (locale) root.lang = locale;

export {};
