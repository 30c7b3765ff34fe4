/*
 * Limits on failed sign-ins. A peer address that fails too often within a minute waits, each time twice as long; so does the range it is in
 * (IPv4 /24, IPv6 /48) at some times as many failures; an account under attack makes failures slower and slower. None of it locks the owner
 * out: an address from which the account was opened before is never refused for that account, and the right password is never delayed.
 * All in memory; bounded.
 */
#ifndef AUTH_THROTTLE_H
#define AUTH_THROTTLE_H

#include "base/clock.h"
#include "base/slice.h"

struct throttle;

#define THROTTLE_ENTRIES_MAX 100000
#define THROTTLE_DELAY_MAX_MS 10000
#define THROTTLE_RANGE_FACTOR 8     /* a range may fail so many times as often as one address */
#define THROTTLE_DOUBLINGS_MAX 4    /* one minute of waiting becomes 16 */

/* per_minute: failures of one address (IPv6: of one /64) in a minute; 0: no limit. IPv4 in IPv6 counts as IPv4. */
struct throttle *throttle_create(uint32_t per_minute);
void throttle_destroy(struct throttle **t);
void throttle_limit(struct throttle *t, uint32_t per_minute);

/* May this try be looked at? account: any stable name of it, the sign-in name for unknown ones. */
bool throttle_allowed(struct throttle *t, struct slice address, struct slice account, struct moment now);
/* Notes a failure; how long the answer is held back, at least base_ms. */
int64_t throttle_failed(struct throttle *t, struct slice address, struct slice account, int64_t base_ms, struct moment now);
void throttle_succeeded(struct throttle *t, struct slice address, struct slice account, struct moment now);

#endif
