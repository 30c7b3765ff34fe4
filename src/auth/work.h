/*
 * Proof of work: what a browser computes before a password is looked at, where somebody has failed too often. The challenge carries
 * everything under a MAC of this start of auth; only what was used is remembered, until it would have ended anyway.
 *
 * The task: a number such that SHA-256 of the text challenge + ":" + number (decimal) begins with `bits` zero bits. A browser that cannot
 * compute it waits instead: WORK_WAIT_S behind its making the challenge counts without a number, for few sign-ins of one address
 * (WORK_WAITS in base/limits.h).
 */
#ifndef AUTH_WORK_H
#define AUTH_WORK_H

#include "base/buf.h"
#include "base/clock.h"
#include "net/limiter.h"

#define WORK_GOOD_S 300         /* a challenge is good for so long … */
#define WORK_WAIT_S 30          /* … and without a number from so long on */
#define WORK_BITS_MAX 24
#define WORK_CHALLENGE_MAX 128  /* characters */
#define WORK_NUMBER_MAX 16      /* digits */
#define WORK_SPENT_MAX 200000   /* used challenges that are remembered; behind that none is taken for a while */

struct work;

struct work *work_create(void);
void work_destroy(struct work **work);

/* Appends a challenge for the network of `address` (at most WORK_CHALLENGE_MAX). bits: 1 … WORK_BITS_MAX. */
void work_make(struct work *w, struct slice address, unsigned bits, struct moment now, struct buf *out);
/*
 * Is it ours, of that network, in time, not used before, and done? Then it is used. number empty: waited. limiter: where waiting is
 * counted (LIMIT_WORK_WAITS). False otherwise; a challenge that was not done may be tried again.
 */
bool work_check(struct work *w, struct slice challenge, struct slice number, struct slice address, struct limiter *limiter,
	struct moment now);
/* When the challenge ends: unix seconds. */
int64_t work_ends(struct moment now);

#endif
