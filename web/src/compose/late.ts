import { signal } from '@preact/signals';

/** A letter that could not be called back, to be told in so many words. */
export const tooLate = signal(false);
