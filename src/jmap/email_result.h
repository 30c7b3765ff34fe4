/* Results of an Email/query: emails that a filter holds for, in their order, one of each thread when they are collapsed (RFC 8621 4.4). */
#ifndef JMAP_EMAIL_RESULT_H
#define JMAP_EMAIL_RESULT_H

#include "jmap/email_filter.h"

#define JMAP_QUERY_MAX 10000          /* ids in one answer */

struct jmap_found { uint8_t id[16]; };
struct jmap_result {
	struct jmap_found *list;      /* from the heap */
	size_t count, room;
	uint64_t total;               /* of all there are */
	bool total_known;
};

extern const char *const jmap_email_sorts[]; /* ends with NULL */
/* What jmap_query_args does not know of: "collapseThreads"; the keywords of the sort. False: the error is given. */
bool jmap_email_query_check(struct jmap_call *call, const struct jmap_query *q, bool *ret_collapse);
/* A query under way; zeroed at first. */
struct jmap_running {
	struct jmap_result result;
	int code;                     /* when it is done: 0 or negative */
	bool at_once;                 /* not in slices */
	bool sliced;                  /* it was a long one */
	struct jmap_gathering *gathering; /* of email_result.c */
};
/*
 * At least as much of the result as the window of `q` shows; all of it with `whole`. JMAP_AGAIN: some milliseconds of work were done, more are to be; then
 * JMAP_DONE. Behind it, at any time, jmap_email_query_end.
 */
enum jmap_step jmap_email_query_run(struct jmap_call *call, const struct jmap_query *q, bool collapse, bool whole, struct jmap_running *r);
void jmap_email_query_end(struct jmap_running *r);
/* The index of an email, SIZE_MAX: it is not there. */
size_t jmap_result_find(const struct jmap_result *r, struct slice id);

#endif
