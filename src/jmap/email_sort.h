/* The order of emails (RFC 8621 4.4.2). */
#ifndef JMAP_EMAIL_SORT_H
#define JMAP_EMAIL_SORT_H

#include "jmap/email_filter.h"

/* The order of jmap_email_sorts. */
enum jmap_email_sort {
	JMAP_SORT_RECEIVED, JMAP_SORT_SIZE, JMAP_SORT_FROM, JMAP_SORT_TO, JMAP_SORT_SUBJECT, JMAP_SORT_SENT, JMAP_SORT_KEYWORD, JMAP_SORT_ALL_IN_THREAD,
	JMAP_SORT_SOME_IN_THREAD, JMAP_SORTS,
};

bool jmap_sort_needs_threads(const struct jmap_query *q);

/* The emails in `set`, without a sort the newest first. Corpus, set and query stay until it is closed. */
struct jmap_order;
struct jmap_order *jmap_order_open(struct jmap_corpus *c, const struct jmap_bits *set, const struct jmap_query *q);
void jmap_order_close(struct jmap_order **order);
/* One slice. False: it is not over; c->error may have been set when it is. */
bool jmap_order_run(struct jmap_order *o);
/* Their numbers; borrowed. */
const uint32_t *jmap_order_list(const struct jmap_order *o, size_t *ret_count);

#endif
