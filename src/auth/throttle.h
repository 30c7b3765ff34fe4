/*
 * Limits on failed sign-ins (rows FAILURES_… of base/limits.h). An address that fails too often within a minute waits, each time twice as
 * long; so does the network it is in; an account under attack makes failures slower and slower. None of it locks the owner out: an
 * address from which the account was opened before is never refused for that account, and the right password is never delayed. All in
 * memory; bounded, and not to be flushed by who shows many names and addresses (net/limiter.h).
 */
#ifndef AUTH_THROTTLE_H
#define AUTH_THROTTLE_H

#include "base/clock.h"
#include "base/slice.h"
#include "net/limiter.h"

struct throttle;

#define THROTTLE_DELAY_MAX_MS 10000

/* per_minute: failures of one address, and of one network; 0: no limit. */
struct throttle *throttle_create(uint64_t per_address, uint64_t per_network);
void throttle_destroy(struct throttle **t);
void throttle_limit(struct throttle *t, uint64_t per_address, uint64_t per_network);
/* Failures of an account within the window of FAILURES_USER before they get slower. */
void throttle_free_failures(struct throttle *t, uint64_t count);
/* Failures of an address, and of an account, before the web asks for a proof of work (auth/work.h), and sign-ins that may wait instead. */
void throttle_work(struct throttle *t, uint64_t failures, uint64_t waits);
struct limiter *throttle_limiter(const struct throttle *t);

/* May this try be looked at? account: any stable name of it, the sign-in name for unknown ones. */
bool throttle_allowed(struct throttle *t, struct slice address, struct slice account, struct moment now);
/* How long throttle_allowed stays as it is, at most: milliseconds; 0: it allows. */
int64_t throttle_wait(struct throttle *t, struct slice address, struct moment now);
/* Have there been so many failures that work is asked for? account: as above, may be empty. */
bool throttle_wants_work(struct throttle *t, struct slice address, struct slice account, struct moment now);
/* Notes a failure; how long the answer is held back, at least base_ms. */
int64_t throttle_failed(struct throttle *t, struct slice address, struct slice account, int64_t base_ms, struct moment now);
void throttle_succeeded(struct throttle *t, struct slice address, struct slice account, struct moment now);

#endif
