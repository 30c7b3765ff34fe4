/* Filters over records, and the trace of messages. */
#ifndef AUDIT_QUERY_H
#define AUDIT_QUERY_H

#include "audit/record.h"
#include "base/map.h"

/* Empty and zero members match everything. Texts are borrowed. */
struct audit_query {
	int64_t since_ms, until_ms; /* [since, until) */
	struct slice event, class;
	struct slice actor;         /* equal to a WHO field, without case */
	struct slice object;        /* equal to a WHAT field, or one of its words (lists of recipients) */
	struct slice cid;
};
bool audit_query_matches(const struct audit_query *q, const struct audit_record *r);

/*
 * The steps of messages: those whose id, sender or recipient is asked for, and everything that happened to them later. Records are given in their
 * order; a message is known from the first step that matches.
 */
struct audit_trace {
	struct slice id;            /* queue id or connection id */
	struct slice address;       /* sender or recipient */
	struct slice from, to;
	struct map ids;             /* queue ids that belong to it */
};
void audit_trace_init(struct audit_trace *t);
void audit_trace_free(struct audit_trace *t);
bool audit_trace_takes(struct audit_trace *t, const struct audit_record *r);
/* The queue id of the message that a record is about; empty: none. */
struct slice audit_trace_id(const struct audit_record *r);
/* The text of a field; empty when it is missing or a number. */
struct slice audit_record_text(const struct audit_record *r, const char *name);

#endif
