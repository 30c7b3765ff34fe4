/* How often a person is written to: counts in memory, which a restart forgets. */
#ifndef AUTH_NOTICE_LIMIT_H
#define AUTH_NOTICE_LIMIT_H

#include "base/slice.h"
#include "crypt/hash.h"

#define NOTICE_LIMIT_SLOTS 4096
#define NOTICE_LIMIT_WAYS 8 /* slots where a key may stand */

/* Zeroed, with a random key. Where all slots of a key are taken, the one that counted least is forgotten: then a letter too many is written,
 * never one too few. */
struct notice_limit {
	uint8_t key[HASH_KEY_SIZE];
	struct notice_limit_slot { uint64_t key; int64_t since; unsigned count; } slots[NOTICE_LIMIT_SLOTS];
};

/* May there be one more of this within `seconds` (0: no limit)? Then it is counted. now: seconds that never go back. */
bool notice_limit_take(struct notice_limit *l, struct slice what, unsigned max, int64_t seconds, int64_t now);

#endif
