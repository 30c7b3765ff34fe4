/*
 * Letters in quarantine: records that stand in the ledger without a reference of any reader. A job with `held` makes one at acceptance, recovery
 * and rebuild. Letting it go writes the record once more, with a job that holds nothing, so that it is a letter like all others from then on;
 * the held one goes with the same commit.
 */
#ifndef QUEUE_QUARANTINE_H
#define QUEUE_QUARANTINE_H

#include "queue/ledger.h"

struct ledger_entry;

struct quarantine_item {
	uint64_t record;
	uint64_t size;             /* of the message in the clear */
	uint32_t epoch;            /* of its outbound copy, 0: none */
	int64_t created_ms;
	bool waits;                /* it is no danger, but a submission whose time has not come */
	struct slice job_data;
	struct job job;
	struct seal_face_reader *readers;
	size_t reader_count;
};

/* ---- inside a group ---- */

/* The row of a record that is held. *refs counts up. */
int quarantine_insert(struct ledger *l, const struct ledger_entry *e, uint64_t record, int64_t *refs, struct error *err);
/* Fills a LEDGER_ACCEPT with accept.held from its row and its pack. Refused (op->result): there is none, or nobody would get it. */
int quarantine_take(struct ledger *l, struct ledger_op *op);
/* After the insertion: the held record goes, unless it is only looked at. */
int quarantine_taken(struct ledger *l, const struct ledger_op *op, struct error *err);
/* The held record goes, with all that is in it. */
int quarantine_drop(struct ledger *l, uint64_t record, struct error *err);
/* LEDGER_QUARANTINE: deletes it, or owes its sender a failure notification. */
int quarantine_end(struct ledger *l, const struct ledger_op *op, int64_t now_ms, struct error *err);

/* ---- reads; on the worker, inside LEDGER_CALL ---- */

/* ERR_NOT_FOUND. Strings live in the arena. */
int quarantine_get(struct ledger *l, uint64_t record, struct arena *arena, struct quarantine_item *ret, struct error *err);
typedef int quarantine_fn(void *arg, const struct quarantine_item *item); /* non-zero stops */
/* All with record > after, ascending; without those that only wait for their time (queue/submission.h). */
int quarantine_list(struct ledger *l, uint64_t after, quarantine_fn *fn, void *arg, struct error *err);
/* Those that came before a time: at most max. */
int quarantine_before(struct ledger *l, int64_t created_ms, uint64_t *ret, size_t max, size_t *ret_count, struct error *err);

#endif
