/* The one quota of an account (RFC 9425): bytes of its letters. */
#ifndef JMAP_QUOTA_H
#define JMAP_QUOTA_H

#include "jmap/method.h"

#define JMAP_QUOTA_ID "Qoctets"

struct jmap_quota { uint64_t used, limit; }; /* limit 0: none, then there is no quota object */
int jmap_quota_read(struct account *mail, struct jmap_quota *ret);
/* Of Quota/query and /queryChanges. */
jmap_condition_check_fn jmap_quota_condition_check;
extern const char *const jmap_quota_sorts[]; /* ends with NULL */
/* Does the filter (NULL: any) hold for it? */
bool jmap_quota_holds(const json_t *filter);

#endif
