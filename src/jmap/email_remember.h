/*
 * The result of the last long Email/query of a sign-in, for its next pages. At most 20,000 ids of it are kept; of a longer one the first ones. It
 * holds as long as the state of Email is the same.
 */
#ifndef JMAP_EMAIL_REMEMBER_H
#define JMAP_EMAIL_REMEMBER_H

#include "jmap/email_result.h"

#define JMAP_REMEMBERED_KEY_MAX 65536 /* bytes of a filter; what is asked for with a longer one is not kept */

struct jmap_remembered;

/* A copy of it, when it is of this query (whatever its window) in this state, and the window lies in what is kept. */
bool jmap_remembered_find(const struct jmap_call *call, const struct jmap_query *q, bool collapse, struct slice state, struct jmap_result *ret);
/* In place of what was kept before. result: the whole. */
void jmap_remembered_put(struct jmap_call *call, const struct jmap_query *q, bool collapse, struct slice state, const struct jmap_result *result);
void jmap_remembered_free(struct jmap_remembered **remembered);

#endif
