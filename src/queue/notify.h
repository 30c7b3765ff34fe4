/*
 * When a sender is told what became of a message: the decisions of RFC 3461 and RFC 3464, without composing anything.
 */
#ifndef QUEUE_NOTIFY_H
#define QUEUE_NOTIFY_H

#include "queue/dsn.h"
#include "queue/job.h"

enum notify_outcome {
	OUTCOME_FAILED,    /* permanent failure, or the retry time is over */
	OUTCOME_DELAYED,
	OUTCOME_RELAYED,   /* delivered to a host that does not know DSN: nobody else will tell (RFC 3461 5.2.2) */
	OUTCOME_DELIVERED, /* into a mailbox here */
	OUTCOME_PASSED_ON, /* delivered to a host that knows DSN: it tells */
};

/* Is a notification owed to the sender? Never for the null reverse-path, for a notification, or with NOTIFY=NEVER (RFC 3461 4.1, RFC 5321 6.1). */
bool notify_wanted(const struct job *job, const struct job_recipient *recipient, enum notify_outcome outcome);
/* A failure of a message that cannot be answered: it is dropped, and the log says so. */
bool notify_double_bounce(const struct job *job);
enum dsn_action notify_action(enum notify_outcome outcome);
enum dsn_kind notify_kind(enum notify_outcome outcome);

#endif
