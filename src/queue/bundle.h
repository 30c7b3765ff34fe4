/*
 * What filter wants done together with the acceptance of a letter, or instead of it: letters that its recipients' scripts made of it (redirects,
 * answers, refusals), and what has to be remembered in the same transaction. The bundle carries filter's MAC, as the records in it do.
 */
#ifndef QUEUE_BUNDLE_H
#define QUEUE_BUNDLE_H

#include "base/buf.h"
#include "queue/memory.h"

#define BUNDLE_CLAIMS_MAX 600          /* keys that have to be remembered */
#define BUNDLE_LETTERS_MAX 400

/* A key of queue/memory.h with an empty value. */
struct bundle_claim {
	struct slice key;
	uint32_t keep_s;
	bool fresh;                    /* filter believed that it was not known: else nothing is accepted at all (QUEUE_CHANGED) */
};
struct bundle_letter {
	struct slice record;           /* of filter (store/seal.h) */
	struct slice once;             /* a key: the letter is dropped when it is known, else it is remembered with it; empty: always accepted */
	uint32_t once_keep_s;
};

/* A bundle being read. */
struct bundle {
	struct slice claims, letters;
	size_t letter_count;
};

/* Made in this order: begin, claims, letters, seal. */
void bundle_begin(struct buf *out);
void bundle_claim(struct buf *out, const struct bundle_claim *claim);
void bundle_letters(struct buf *out);  /* from here on letters */
void bundle_letter(struct buf *out, const struct bundle_letter *letter);
void bundle_seal(struct buf *out, const uint8_t secret[32]);

/* Checks the MAC and the form. 0, ERR_DENIED, ERR_INVALID. Slices point into `sealed`. */
int bundle_open(struct slice sealed, const uint8_t secret[32], struct bundle *ret);
/* Takes one off the list; false at its end. */
bool bundle_next_claim(struct slice *claims, struct bundle_claim *ret);
bool bundle_next_letter(struct slice *letters, struct bundle_letter *ret);

#endif
