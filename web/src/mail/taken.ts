/* Before bytes of an attachment are taken the server looks at it again; what it refuses, and why, is said here and not by the browser. */
import { maybe } from '../ui/i18n';
import { toast } from '../ui/toast';

const sure = new WeakSet<HTMLAnchorElement>();

/** What is said of a refusal, when there are words for it. */
export async function refusal(answer: Response): Promise<string | undefined> {
	const problem = (await answer.json().catch(() => null)) as { code?: string } | null;
	return problem?.code ? maybe(`mail.preview-${problem.code}`) : undefined;
}

/** For clicks on links that download: they go on when the bytes are given. */
export async function take(event: MouseEvent): Promise<void> {
	const link = event.currentTarget as HTMLAnchorElement;
	if (sure.delete(link)) return;
	event.preventDefault();
	const answer = await fetch(`${link.href}${link.href.includes('?') ? '&' : '?'}check=1`, { credentials: 'same-origin', cache: 'no-store' }).catch(() => null);
	const words = answer && !answer.ok ? await refusal(answer) : undefined;
	if (words) {
		toast(words, { kind: 'bad' });
		return;
	}
	sure.add(link);
	link.click();
}
