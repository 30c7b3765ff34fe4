/* Confidential letters (docs/confidential.md), as far as they concern JMAP. */
import type { Client } from './client';
import { LETTERS } from './types';

/** The field by which a writer asks for it. */
export const CONFIDENTIAL_FIELD = 'header:Letterlock-Confidential:asText' as const;
/** What stands in the place of the letter for everybody who cannot open it. */
export const CONFIDENTIAL_TYPE = 'application/vnd.letterlock.confidential';

/** The server knows of such letters: the property may be asked for, in every account. */
export function knowsConfidential(client: Client): boolean {
	return Object.values(client.session?.accounts ?? {}).some(one => one.accountCapabilities[LETTERS]?.confidential !== undefined);
}

export const mayConfide = (client: Client): boolean => client.session !== null && client.accountCapability<boolean>(LETTERS, 'confidential') === true;
/** Seconds that one can be read at most; 0: without end. */
export const longestConfidence = (client: Client): number => client.accountCapability<number>(LETTERS, 'confidentialLongest') ?? 0;
