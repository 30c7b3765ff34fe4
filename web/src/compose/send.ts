/* Leaving, and calling back within the first seconds. */
import { t, longDate } from '../ui/i18n';
import { toast } from '../ui/toast';
import { callBack, type Composer, type Leaving } from './composer';
import { tooLate } from './late';
import { longestWait } from './later';
import { openDraft } from './open';
import { undoSeconds } from './prefs';
import { remember } from './suggest';

async function undo(left: Leaving): Promise<void> {
	try {
		await callBack(left);
		await openDraft(left.emailId, left.desk);
	} catch {
		tooLate.value = true;
	}
}

/** False: it stayed, and the panel says why; or it is on its way already. */
export async function sendNow(composer: Composer, at: Date | null): Promise<boolean> {
	const { to, cc, bcc } = composer.draft.peek();
	const wait = longestWait(composer), hold = at || wait === 0 ? 0 : Math.min(undoSeconds.value, wait);
	try {
		const left = await composer.leave(at, hold);
		if (!left) return false;
		remember([...to, ...cc, ...bcc]);
		if (at) toast(t('compose.scheduled', { date: longDate(at) }), { undo: () => undo(left), ms: 12_000 });
		else if (hold > 0) toast(t('compose.sent'), { undo: () => undo(left), ms: hold * 1000 });
		else toast(t('compose.sent'));
		return true;
	} catch {
		return false;
	}
}
