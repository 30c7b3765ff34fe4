/*
 * Sets of single-use codes: the ten that are kept for the day on which the other factors are lost, and printed lists for computers that
 * nobody trusts, where one certain number is asked for. A code has 40 random bits as eight letters of base32 (RFC 4648 6). The state
 * holds keyed hashes; a code that was used is no longer in it.
 */
#ifndef FACTOR_CODES_H
#define FACTOR_CODES_H

#include "factor/factor.h"

#define CODES_RESERVE 10        /* codes of FACTOR_CODES */
#define CODES_LIST_DEFAULT 40
#define CODES_MAX 100
#define CODES_LETTERS 8
#define CODES_TEXT_SIZE 9       /* "k7qm-2xbf" */
#define CODES_STATE_MAX (40 + CODES_MAX * 18)

struct codes_text {
	char text[CODES_TEXT_SIZE + 1];
};

/* Makes codes number 1 to `count` (at most CODES_MAX); ret has room for them. Wipe the texts after they were shown. */
void codes_make(unsigned count, struct buf *ret_state, struct codes_text *ret);
/*
 * in_order: only the lowest number that is left is taken (codes_next). Right: ret_state gets the next state. Hyphens, spaces and
 * case do not matter; 0 1 8 stand for o l b. Constant time over all codes of the set. FACTOR_SPENT: none is left.
 */
enum factor_verdict codes_verify(struct slice state, bool in_order, struct slice text, struct buf *ret_state);
/* How many are left, and the lowest number of them (0: none). ERR_DAMAGED. */
int codes_left(struct slice state, unsigned *ret_left, unsigned *ret_next);

#endif
