/* How this person writes. */
import { isBoolean, kept } from '../ui/prefs';

export const UNDO_SECONDS = [0, 5, 15, 30, 60] as const;

/** How long a letter waits at the server before it leaves. */
export const undoSeconds = kept<number>('undo-seconds', 15, (value): value is number => (UNDO_SECONDS as readonly unknown[]).includes(value));
export const writePlain = kept<boolean>('write-plain', false, isBoolean);
export const replyToAll = kept<boolean>('reply-all', false, isBoolean);
/** Identities whose signature is left out of answers. */
export const bareReplies = kept<string[]>('bare-replies', [], (value): value is string[] => Array.isArray(value));

export interface ReplySignature { html: string; text: string }
const isSignatures = (value: unknown): value is Record<string, ReplySignature> =>
	typeof value === 'object' && value !== null && Object.values(value).every(one => typeof one?.html === 'string' && typeof one?.text === 'string');
/** Identities that sign answers otherwise than new letters. */
export const replySignatures = kept<Record<string, ReplySignature>>('reply-signatures', {}, isSignatures);
