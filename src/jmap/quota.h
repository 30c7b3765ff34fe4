/* The one quota of an account (RFC 9425): bytes of its letters. */
#ifndef JMAP_QUOTA_H
#define JMAP_QUOTA_H

#include "jmap/method.h"

#define JMAP_QUOTA_ID "Qoctets"

struct jmap_quota { uint64_t used, limit; }; /* limit 0: none, then there is no quota object */
int jmap_quota_read(struct account *mail, struct jmap_quota *ret);

#endif
