/*
 * Letters that are taken back from the mailboxes that got them: orders in the ledger, in sequence with the arrivals of each reader.
 *
 *   asked ──► an order for every reference of the letter ──► the reader's process applies it where it files ──► its answer
 *
 * Only the reader's own process sees whether a letter was read, and it may come to the order after years. An order has RECALL_SEQS
 * numbers of the seq of its account: the first is its place among the arrivals, and the reader gives back the one behind it that is the
 * answer, in the same transaction and by the same road as references (QUEUE_UNREF): so an answer is never lost, and said twice it
 * changes nothing. Orders stay for as long as a mailbox may be set back to the time before them.
 *
 * Whose letter it is stands in the ledger: references of the records that entered with a submission (queue/submission.h) of the one who
 * asks. What scripts of recipients made of it belongs to it: copies in mailboxes here get the order too, those that left are counted.
 */
#ifndef QUEUE_RECALL_H
#define QUEUE_RECALL_H

#include "queue/ledger.h"

struct ledger_entry;

#define RECALL_SEQS 8u
#define RECALL_KEEP_MS (INT64_C(400) * 86400000) /* orders that were answered */

/* What an order takes: QUEUE_ARRIVALS tells it as kind RECALL_KIND + this, with the seq of the letter in place of its size. */
enum recall_what { RECALL_UNREAD = 0, RECALL_ANY = 1 };
#define RECALL_KIND 16u

/* What the reader answers: order + this. */
enum recall_answer { RECALL_ANSWER_GONE = 1 /* there was no such letter any more */, RECALL_ANSWER_DONE = 2, RECALL_ANSWER_READ = 3 };

/* What became of it at one recipient. */
enum recall_state {
	RECALL_NONE = 0,     /* not asked for */
	RECALL_PENDING = 1,  /* the mailbox is closed: decided when it opens, before anything is shown */
	RECALL_DONE = 2,     /* it is gone */
	RECALL_READ = 3,     /* it was read before: it stays */
	RECALL_DELETED = 4,  /* its reader had deleted it */
	RECALL_FAILED = 5,   /* nothing to take back was found */
	RECALL_OUTSIDE = 6,  /* it left the house */
};

/* After opening: readers with orders that are not answered are told of them once more, as the hint may have gone with the process. */
int recall_resume(struct ledger *l, struct error *err);

/* ---- inside a group ---- */

/* The references of a record that belongs to a submission. */
int recall_remember(struct ledger *l, const struct ledger_entry *e, uint64_t record, struct error *err);
/* LEDGER_SUBMISSION with SUBMISSION_RECALL, of a letter that was sent. */
int recall_ask(struct ledger *l, struct ledger_op *op, int64_t now_ms, struct error *err);
/* A number that a reader gave back and that no reference has: an answer, or nothing. */
int recall_answer(struct ledger *l, const uint8_t account[16], uint64_t seq, int64_t now_ms, struct error *err);
int recall_remove_account(struct ledger *l, const uint8_t account[16], struct error *err);
int recall_forget(struct ledger *l, const uint8_t submission[16], struct error *err);
int recall_sweep(struct ledger *l, int64_t now_ms, struct error *err);

/* ---- reads ---- */

struct recall_summary {
	int64_t asked_ms;        /* 0: never */
	uint32_t outside;        /* copies that scripts of recipients sent out of the house */
	uint32_t copies, kept;   /* copies that they put into other mailboxes here; of those, what was not taken back */
};
int recall_summary(struct ledger *l, const uint8_t submission[16], struct recall_summary *ret, struct error *err);

#endif
