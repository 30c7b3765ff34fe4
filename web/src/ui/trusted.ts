/* The addresses that scripts may be loaded from besides the page's own: the policy "worker" of role/web_assets.c. */
interface Policy { createScriptURL(text: string): string }
declare const trustedTypes: { createPolicy(name: string, rules: { createScriptURL(text: string): string }): Policy } | undefined;

const OURS = /^(\/a\/[\w-]+\.js|\/sw\.js\?lang=[\w-]+)$/;
let policy: Policy | null = null;

export function scriptUrl(url: string): string {
	if (typeof trustedTypes === 'undefined') return url;
	policy ??= trustedTypes.createPolicy('worker', { createScriptURL: (text) => { if (!OURS.test(text)) throw new TypeError(text); return text; } });
	return policy.createScriptURL(url);
}
