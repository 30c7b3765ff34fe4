/*
 * Addresses that are known: somebody signed in from there, or it brought mail that was taken. Fixed memory; an address can only be pushed out by others
 * that became known later.
 */
#ifndef NET_FAMILIAR_H
#define NET_FAMILIAR_H

#include "base/slice.h"

#define FAMILIAR_SLOTS 65536 /* a power of two */
#define FAMILIAR_WAYS 8
#define FAMILIAR_MS (INT64_C(30) * 24 * 3600 * 1000) /* known for so long after the last time */

struct familiar;
struct familiar *familiar_create(void);
void familiar_destroy(struct familiar **familiar);
/* key: of an address (limiter_address), or of an address and an account. now_ms: monotonic. True: it was not noted within the last hour. */
bool familiar_note(struct familiar *f, struct slice key, int64_t now_ms);
bool familiar_known(const struct familiar *f, struct slice key, int64_t now_ms);

#endif
