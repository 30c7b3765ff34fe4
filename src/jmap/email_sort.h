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
/* The numbers of the emails in `set`, in order; in the corpus's arena. Without a sort: the newest first. */
uint32_t *jmap_email_sort(struct jmap_corpus *c, const struct jmap_bits *set, const struct jmap_query *q, size_t *ret_count);

#endif
