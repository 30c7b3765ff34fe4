#include "queue/recall.h"

#include <string.h>

#include "base/memory.h"
#include "queue/ledger_in.h"
#include "queue/submission.h"

#define COPY (-1) /* in place of the recipient: what a script made of the letter */

static const uint8_t nobody[16];

static struct slice id_of(const uint8_t id[16])
{
	return slice_make(id, 16);
}

/* ---- what there is to take back ---- */

static int put(struct ledger *l, const struct job *job, int64_t rcpt, const uint8_t account[16], uint64_t seq, uint64_t record,
               enum recall_state state, struct error *err)
{
	return spool_run(&l->spool, err, SQL_RECALL_REF_PUT, "sisiii", id_of(job->submission.id), rcpt, ledger_account(account), (int64_t)seq,
	                 (int64_t)record, (int64_t)state);
}

/* The recipients who read it with this reference. An answer of a script to the writer is no copy of the letter. */
static int remember_reader(struct ledger *l, const struct ledger_entry *e, uint64_t record, const uint8_t account[16], uint64_t seq,
                           struct error *err)
{
	const struct job *job = e->job;
	bool follows = job->submission.follows, found = false;
	int rc = 0;
	for (size_t i = 0; i < job->recipient_count && rc == 0; i++) {
		if (!job->recipients[i].local || memcmp(job->recipients[i].account, account, 16) != 0)
			continue;
		if (!follows || !found)
			rc = put(l, job, follows ? COPY : (int64_t)i, account, seq, record, RECALL_NONE, err);
		found = true;
	}
	return rc;
}

static int remember_outside(struct ledger *l, const struct ledger_entry *e, uint64_t record, struct error *err)
{
	int rc = 0;
	for (size_t i = 0; e->job->submission.follows && i < e->job->recipient_count && rc == 0; i++)
		if (!e->job->recipients[i].local)
			rc = put(l, e->job, COPY, nobody, i, record, RECALL_OUTSIDE, err);
	return rc;
}

int recall_remember(struct ledger *l, const struct ledger_entry *e, uint64_t record, struct error *err)
{
	int rc = remember_outside(l, e, record, err);
	for (size_t i = 0; i < e->entry->reader_count && rc == 0; i++) {
		const struct seal_face_reader *r = &e->entry->readers[i];
		if (r->kind == READER_ARRIVAL)
			rc = remember_reader(l, e, record, r->account, e->seq + i, err);
	}
	return rc;
}

/* ---- asking ---- */

struct target {
	uint8_t account[16];
	uint64_t seq, record;
};

/*
 * References that are not asked for yet, or were not found; one that several recipients share comes once. any: those too that were read, or whose mailbox
 * has not decided yet, unless an order of that kind waits for it.
 */
static int targets_load(struct ledger *l, const uint8_t submission[16], bool any, struct target **ret, size_t *ret_count, struct error *err)
{
	struct target *list = NULL;
	size_t count = 0, room = 0;
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_RECALL_TARGETS, "si", id_of(submission), (int64_t)any);
	int rc;
	while ((rc = spool_step(&l->spool, st, err)) == 1) {
		struct slice account = spool_blob(st, 0);
		if (account.n != sizeof list->account)
			continue;
		if (count == room)
			list = memory_grow(list, (room = room ? 2 * room : 64) * sizeof *list);
		memcpy(list[count].account, account.p, account.n);
		list[count].seq = (uint64_t)sqlite3_column_int64(st, 1);
		list[count++].record = (uint64_t)sqlite3_column_int64(st, 2);
	}
	*ret = list;
	*ret_count = count;
	return rc;
}

static int set_state(struct ledger *l, const uint8_t submission[16], const struct target *t, enum recall_state state, struct error *err)
{
	return spool_run(&l->spool, err, SQL_RECALL_STATE, "ssii", id_of(submission), ledger_account(t->account), (int64_t)t->seq, (int64_t)state);
}

/* The order, or the answer when its reader gave the letter back already. */
static int order(struct ledger *l, const uint8_t submission[16], const struct target *t, enum recall_what what, int64_t now_ms,
                 struct error *err)
{
	int64_t wanted;
	int rc = spool_number(&l->spool, err, 0, &wanted, SQL_REF_WANTED, "si", ledger_account(t->account), (int64_t)t->seq);
	if (rc < 0)
		return rc;
	if (wanted == 0)
		return set_state(l, submission, t, RECALL_DELETED, err);
	uint64_t seq = l->next_seq;
	l->next_seq += RECALL_SEQS;
	rc = spool_run(&l->spool, err, SQL_RECALL_PUT, "siiiisi", ledger_account(t->account), (int64_t)seq, (int64_t)t->seq, (int64_t)t->record,
	               (int64_t)what, id_of(submission), now_ms);
	submission_touch(l, slice_make(t->account, 16));
	return rc == 0 ? set_state(l, submission, t, RECALL_PENDING, err) : rc;
}

static int ask_all(struct ledger *l, struct ledger_op *op, int64_t now_ms, struct error *err)
{
	const uint8_t *id = op->submission.id;
	struct target *list = NULL;
	size_t count = 0;
	int rc = targets_load(l, id, op->submission.any, &list, &count, err);
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = order(l, id, &list[i], op->submission.any ? RECALL_ANY : RECALL_UNREAD, now_ms, err);
	memory_free(list);
	if (rc == 0)
		rc = spool_meta_put(&l->spool, "seq", (int64_t)l->next_seq, err);
	if (rc == 0)
		rc = spool_run(&l->spool, err, SQL_RECALL_ASKED_PUT, "si", id_of(id), now_ms);
	submission_touch(l, slice_make(op->submission.account, 16));
	return rc == 0 ? spool_run(&l->spool, err, SQL_SUBMISSION_TOUCH, "s", id_of(id)) : rc;
}

int recall_ask(struct ledger *l, struct ledger_op *op, int64_t now_ms, struct error *err)
{
	int64_t sent_ms;
	int rc = spool_number(&l->spool, err, -1, &sent_ms, SQL_SUBMISSION_SENT, "ss", id_of(op->submission.id),
	                       ledger_account(op->submission.account));
	if (rc < 0)
		return rc;
	if (sent_ms < 0 || sent_ms < op->submission.since_ms) {
		op->submission.outcome = sent_ms < 0 ? SUBMISSION_UNKNOWN : SUBMISSION_TOO_LATE;
		return 0;
	}
	op->submission.outcome = SUBMISSION_DONE;
	return ask_all(l, op, now_ms, err);
}

/* ---- answers ---- */

static const enum recall_state states[RECALL_SEQS] = {
	[RECALL_ANSWER_GONE] = RECALL_DELETED, [RECALL_ANSWER_DONE] = RECALL_DONE, [RECALL_ANSWER_READ] = RECALL_READ,
};

/* Its reader cannot have it back (queue.undelete): the reference goes with the next sweep. */
static int drop(struct ledger *l, const struct target *t, int64_t now_ms, struct error *err)
{
	struct slice account = ledger_account(t->account);
	int64_t size;
	int rc = spool_number(&l->spool, err, -1, &size, SQL_REF_DROP, "sii", account, (int64_t)t->seq, now_ms);
	if (rc == 0 && size >= 0)
		rc = spool_run(&l->spool, err, SQL_USE_ADD, "sii", account, -size, INT64_C(-1));
	return rc == 0 ? spool_run(&l->spool, err, SQL_REF_DROP_NOW, "sii", account, (int64_t)t->seq, now_ms) : rc;
}

/* A mailbox that was set back meets the order again, and may have nothing: what it did before stands. */
static int take_answer(struct ledger *l, const uint8_t submission[16], const struct target *t, unsigned answer, int64_t now_ms,
                       struct error *err)
{
	int rc = answer == RECALL_ANSWER_GONE
		? spool_run(&l->spool, err, SQL_RECALL_GONE, "ssi", id_of(submission), ledger_account(t->account), (int64_t)t->seq)
		: set_state(l, submission, t, states[answer], err);
	return rc == 0 && answer == RECALL_ANSWER_DONE ? drop(l, t, now_ms, err) : rc;
}

static int tell_writer(struct ledger *l, const uint8_t submission[16], struct error *err)
{
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_SUBMISSION_WHOSE, "s", id_of(submission));
	int rc = spool_step(&l->spool, st, err);
	if (rc <= 0)
		return rc;
	submission_touch(l, spool_blob(st, 0));
	spool_done(st);
	return spool_run(&l->spool, err, SQL_SUBMISSION_TOUCH, "s", id_of(submission));
}

int recall_answer(struct ledger *l, const uint8_t account[16], uint64_t seq, int64_t now_ms, struct error *err)
{
	struct target t = {.seq = 0};
	uint8_t submission[16];
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_RECALL_FIND, "sii", ledger_account(account), (int64_t)seq, (int64_t)RECALL_SEQS);
	int rc = spool_step(&l->spool, st, err);
	if (rc <= 0)
		return rc;
	uint64_t at = (uint64_t)sqlite3_column_int64(st, 0), answer = seq - at;
	struct slice id = spool_blob(st, 2);
	memcpy(t.account, account, sizeof t.account);
	t.seq = (uint64_t)sqlite3_column_int64(st, 1);
	bool good = id.n == sizeof submission && answer < RECALL_SEQS && states[answer] != RECALL_NONE;
	if (good)
		memcpy(submission, id.p, sizeof submission);
	spool_done(st);
	if (!good)
		return 0;
	rc = spool_run(&l->spool, err, SQL_RECALL_ANSWERED, "sii", ledger_account(account), (int64_t)at, (int64_t)answer);
	if (rc == 0)
		rc = take_answer(l, submission, &t, (unsigned)answer, now_ms, err);
	return rc == 0 ? tell_writer(l, submission, err) : rc;
}

int recall_resume(struct ledger *l, struct error *err)
{
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_RECALL_OPEN, "i", (int64_t)(SUBMISSION_TOUCHED_BYTES / 16));
	int rc;
	while ((rc = spool_step(&l->spool, st, err)) == 1)
		submission_touch(l, spool_blob(st, 0));
	return rc;
}

/* ---- when somebody goes, or time passes ---- */

int recall_remove_account(struct ledger *l, const uint8_t account[16], struct error *err)
{
	int rc = spool_run(&l->spool, err, SQL_RECALL_LEFT, "s", ledger_account(account));
	if (rc == 0)
		rc = spool_run(&l->spool, err, SQL_RECALL_REMOVE, "s", ledger_account(account));
	if (rc == 0)
		rc = spool_run(&l->spool, err, SQL_RECALL_REMOVE_REFS, "s", ledger_account(account));
	return rc == 0 ? spool_run(&l->spool, err, SQL_RECALL_REMOVE_ASKED, "s", ledger_account(account)) : rc;
}

int recall_forget(struct ledger *l, const uint8_t submission[16], struct error *err)
{
	int rc = spool_run(&l->spool, err, SQL_RECALL_REF_DELETE, "s", id_of(submission));
	return rc == 0 ? spool_run(&l->spool, err, SQL_RECALL_ASKED_DELETE, "s", id_of(submission)) : rc;
}

int recall_sweep(struct ledger *l, int64_t now_ms, struct error *err)
{
	return spool_run(&l->spool, err, SQL_RECALL_OLD, "i", now_ms - RECALL_KEEP_MS);
}

/* ---- reads ---- */

int recall_summary(struct ledger *l, const uint8_t submission[16], struct recall_summary *ret, struct error *err)
{
	int rc = spool_number(&l->spool, err, 0, &ret->asked_ms, SQL_RECALL_ASKED_GET, "s", id_of(submission));
	if (rc < 0)
		return rc;
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_RECALL_COPIES, "s", id_of(submission));
	if ((rc = spool_step(&l->spool, st, err)) <= 0)
		return rc;
	ret->outside = (uint32_t)sqlite3_column_int64(st, 0);
	ret->copies = (uint32_t)sqlite3_column_int64(st, 1);
	ret->kept = (uint32_t)sqlite3_column_int64(st, 2);
	spool_done(st);
	return 0;
}
