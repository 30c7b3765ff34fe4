/* The rows of the ledger: every change, each inside the group's transaction. */
#include <string.h>
#include "base/ensure.h"
#include "base/memory.h"
#include "queue/holds.h"
#include "queue/memory.h"
#include "queue/report.h"
#include "queue/notify.h"
#include "queue/quarantine.h"
#include "queue/recall.h"
#include "queue/submission.h"

static bool counts_as_use(enum reader_kind kind)
{
	return kind == READER_ARRIVAL || kind == READER_OWN;
}

static int insert_refs(struct ledger *l, const struct ledger_entry *e, uint64_t record, int64_t *refs, struct error *err)
{
	int64_t size = (int64_t)e->entry->message_size;
	int rc = 0;
	for (size_t i = 0; i < e->entry->reader_count && rc == 0; i++) {
		const struct seal_face_reader *r = &e->entry->readers[i];
		struct slice account = ledger_account(r->account);
		if (r->kind == READER_OUTBOUND)
			continue;
		rc = spool_run(&l->spool, err, SQL_REF_PUT, "siiiii", account, (int64_t)(e->seq + i), (int64_t)record, (int64_t)r->kind, size,
		               (int64_t)e->flags);
		if (rc == 0 && counts_as_use(r->kind))
			rc = spool_run(&l->spool, err, SQL_USE_ADD, "sii", account, size, INT64_C(1));
		++*refs;
	}
	return rc;
}

/* The row of one recipient when something is left to do for it. */
static int insert_recipient(struct ledger *l, const struct ledger_entry *e, uint64_t record, size_t i, struct arena *arena, size_t *count,
                            struct error *err)
{
	const struct job_recipient *r = &e->job->recipients[i];
	bool send = !r->local && e->outbound;
	bool tell = r->local && e->owed && notify_wanted(e->job, r, OUTCOME_DELIVERED);
	if (!send && !tell)
		return 0;
	++*count;
	return spool_run(&l->spool, err, SQL_OUT_PUT, "iiiti", (int64_t)record, (int64_t)i, (int64_t)(send ? OUTBOUND_WAIT : OUTBOUND_DELIVERED),
	                 ledger_destination(arena, r->address), e->now_ms);
}

static uint32_t epoch_of(const struct entry *e)
{
	for (size_t i = 0; i < e->reader_count; i++) {
		if (e->readers[i].kind == READER_OUTBOUND)
			return e->readers[i].generation;
	}
	return 0;
}

static int insert_message(struct ledger *l, const struct ledger_entry *e, uint64_t record, int64_t *refs, struct error *err)
{
	struct arena arena = ARENA_INIT;
	size_t count = 0;
	int rc = 0;
	for (size_t i = 0; i < e->job->recipient_count && rc == 0; i++)
		rc = insert_recipient(l, e, record, i, &arena, &count, err);
	if (rc == 0 && count > 0) {
		rc = spool_run(&l->spool, err, SQL_MESSAGE_PUT, "isiii", (int64_t)record, e->entry->job, (int64_t)e->entry->message_size,
		               (int64_t)epoch_of(e->entry), e->entry->accepted_ms);
		++*refs;
	}
	arena_free(&arena);
	return rc;
}

int ledger_insert(struct ledger *l, const struct ledger_entry *e, bool *ret_message, int64_t *ret_refs, struct error *err)
{
	uint64_t record = record_id(e->place.pack, e->place.ordinal);
	int64_t refs = 0, end = (int64_t)(e->place.offset + e->length);
	bool held = e->job->held.n > 0 || job_waits(e->job);
	int rc = held ? quarantine_insert(l, e, record, &refs, err) : insert_refs(l, e, record, &refs, err);
	int64_t before = refs;
	if (rc == 0 && !held)
		rc = insert_message(l, e, record, &refs, err);
	if (rc == 0 && e->job->submission.known && !e->rebuilt)
		rc = submission_insert(l, e, record, err);
	if (rc == 0 && refs > 0)
		rc = spool_run(&l->spool, err, SQL_RECORD_PUT, "iiiiii", (int64_t)record, (int64_t)e->place.offset, (int64_t)e->length,
		               (int64_t)e->entry->message_size, refs, e->entry->accepted_ms);
	if (rc == 0)
		rc = spool_run(&l->spool, err, SQL_PACK_LIVE, "iii", (int64_t)e->place.pack, refs > 0 ? (int64_t)e->length : INT64_C(0), end);
	if (ret_message != NULL)
		*ret_message = refs > before;
	if (ret_refs != NULL)
		*ret_refs = refs;
	return rc;
}

int ledger_release(struct ledger *l, uint64_t record, struct error *err)
{
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_RECORD_UNREF, "i", (int64_t)record);
	int rc = spool_step(&l->spool, st, err);
	if (rc <= 0)
		return rc;
	int64_t refs = sqlite3_column_int64(st, 0), length = sqlite3_column_int64(st, 1);
	spool_done(st);
	if (refs > 0)
		return 0;
	rc = spool_run(&l->spool, err, SQL_RECORD_DELETE, "i", (int64_t)record);
	return rc < 0 ? rc : spool_run(&l->spool, err, SQL_PACK_LIVE, "iii", (int64_t)record_pack(record), -length, INT64_C(0));
}

/* The last recipient is done: the message's own ref goes. */
static int finish_message(struct ledger *l, uint64_t record, struct error *err)
{
	int rc = spool_run(&l->spool, err, SQL_MESSAGE_DELETE, "i", (int64_t)record);
	return rc == 0 && spool_changes(&l->spool) > 0 ? ledger_release(l, record, err) : rc;
}

static const enum outbound_state states[] = {
	[MARK_DEFERRED] = OUTBOUND_WAIT, [MARK_FAILED] = OUTBOUND_FAILED, [MARK_RELAYED] = OUTBOUND_RELAYED,
};

int ledger_mark(struct ledger *l, const struct ledger_mark *m, struct error *err)
{
	int64_t record = (int64_t)m->record, index = m->recipient;
	int rc = submission_mark(l, m, err);
	if (rc < 0)
		return rc;
	switch (m->kind) {
	case MARK_DEFERRED:
	case MARK_FAILED:
	case MARK_RELAYED:
		return spool_run(&l->spool, err, SQL_OUT_SET, "iiiiiiittt", record, index, (int64_t)states[m->kind], m->due_ms, (int64_t)m->attempts,
		                 m->tried_ms, (int64_t)m->code, m->enhanced, m->text, m->host);
	case MARK_DELAY_OWED:
		return spool_run(&l->spool, err, SQL_OUT_DELAY, "iii", record, index, (int64_t)DELAY_OWED);
	case MARK_DELAY_SENT:
		return spool_run(&l->spool, err, SQL_OUT_DELAY, "iii", record, index, (int64_t)DELAY_SENT);
	case MARK_DONE:
		rc = spool_run(&l->spool, err, SQL_OUT_DELETE, "ii", record, index);
		return rc == 0 && spool_changes(&l->spool) > 0 ? finish_message(l, m->record, err) : rc;
	}
	return 0;
}

int ledger_hold(struct ledger *l, const struct ledger_op *op, struct error *err)
{
	int64_t record = (int64_t)op->hold.record;
	int rc = spool_run(&l->spool, err, SQL_MESSAGE_HOLD, "iii", record, (int64_t)op->hold.reason, op->hold.hold ? (int64_t)op->hold.reason : INT64_C(0));
	if (rc == 0 && op->hold.due)
		rc = spool_run(&l->spool, err, SQL_OUT_DUE, "ii", record, op->hold.due_ms);
	return rc == 0 ? holds_save(l, err) : rc;
}

static int drop_now(struct ledger *l, struct slice account, struct slice seqs, int64_t now_ms, struct error *err)
{
	uint64_t seq;
	int rc = 0;
	while (rc == 0 && seqs.n > 0 && slice_get_u64(&seqs, &seq))
		rc = spool_run(&l->spool, err, SQL_REF_DROP_NOW, "sii", account, (int64_t)seq, now_ms);
	return rc;
}

/* 1: it is there and nobody dropped it; 0: not so. */
static int is_wanted(struct ledger *l, struct slice account, uint64_t seq, struct error *err)
{
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_REF_GET, "si", account, (int64_t)seq);
	int rc = spool_step(&l->spool, st, err);
	if (rc != 1)
		return rc;
	rc = sqlite3_column_type(st, 2) == SQLITE_NULL;
	spool_done(st);
	return rc;
}

/* They are wanted again, and count in the quota. */
static int keep(struct ledger *l, struct ledger_op *op, int64_t now_ms, struct error *err)
{
	struct slice account = ledger_account(op->unref.account), seqs = op->unref.seqs;
	int64_t used = 0, again = 0;
	uint64_t seq;
	op->unref.kept = 0;
	while (seqs.n > 0 && slice_get_u64(&seqs, &seq)) {
		sqlite3_stmt *st = spool_bind(&l->spool, SQL_REF_KEEP, "sii", account, (int64_t)seq, now_ms);
		int rc = spool_step(&l->spool, st, err);
		if (rc == 1) {
			used += sqlite3_column_int64(st, 0);
			again++;
			spool_done(st);
		} else if (rc == 0) {
			rc = is_wanted(l, account, seq, err); /* its drop never came here */
		}
		if (rc < 0)
			return rc;
		op->unref.kept += rc == 1;
	}
	return again > 0 ? spool_run(&l->spool, err, SQL_USE_ADD, "sii", account, used, again) : 0;
}

static int drop_later(struct ledger *l, const struct ledger_op *op, int64_t now_ms, struct error *err)
{
	struct slice account = ledger_account(op->unref.account), seqs = op->unref.seqs;
	int64_t drop_after = now_ms + l->config.undelete_ms, freed = 0, count = 0;
	uint64_t seq;
	int rc = 0;
	while (seqs.n > 0 && slice_get_u64(&seqs, &seq)) {
		sqlite3_stmt *st = spool_bind(&l->spool, SQL_REF_DROP, "sii", account, (int64_t)seq, drop_after);
		if ((rc = spool_step(&l->spool, st, err)) < 0)
			return rc;
		if (rc == 0) { /* dropped before: the answer was lost and mail asks again; or no reference, but an answer of its own */
			if ((rc = recall_answer(l, op->unref.account, seq, now_ms, err)) < 0)
				return rc;
			continue;
		}
		freed += sqlite3_column_int64(st, 0);
		count++;
		spool_done(st);
	}
	return count ? spool_run(&l->spool, err, SQL_USE_ADD, "sii", account, -freed, -count) : 0;
}

int ledger_unref(struct ledger *l, struct ledger_op *op, int64_t now_ms, struct error *err)
{
	struct slice account = ledger_account(op->unref.account);
	int rc;
	if (op->unref.how == QUEUE_UNREF_KEEP)
		return keep(l, op, now_ms, err);
	rc = drop_later(l, op, now_ms, err);
	return rc == 0 && op->unref.how == QUEUE_UNREF_NOW ? drop_now(l, account, op->unref.seqs, now_ms, err) : rc;
}

int ledger_remove_account(struct ledger *l, const uint8_t account[16], int64_t now_ms, struct error *err)
{
	int rc = spool_run(&l->spool, err, SQL_REF_DROP_ALL, "si", ledger_account(account), now_ms);
	if (rc == 0)
		rc = recall_remove_account(l, account, err);
	if (rc == 0)
		rc = submission_remove_account(l, account, err);
	return rc == 0 ? spool_run(&l->spool, err, SQL_USE_DELETE, "s", ledger_account(account)) : rc;
}

struct due {
	uint8_t account[16];
	uint64_t seq, record;
};

static int due_refs(struct ledger *l, int64_t now_ms, struct due *due, size_t *ret_count, struct error *err)
{
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_REF_DUE, "ii", now_ms, (int64_t)LEDGER_SWEEP_MAX);
	size_t count = 0;
	int rc;
	while ((rc = spool_step(&l->spool, st, err)) == 1) {
		struct slice account = spool_blob(st, 0);
		if (account.n == sizeof due->account)
			memcpy(due[count].account, account.p, account.n);
		due[count].seq = (uint64_t)sqlite3_column_int64(st, 1);
		due[count++].record = (uint64_t)sqlite3_column_int64(st, 2);
	}
	*ret_count = count;
	return rc;
}

static int drop_refs(struct ledger *l, int64_t now_ms, bool *ret_more, struct error *err)
{
	struct due *due = memory_alloc_array(LEDGER_SWEEP_MAX, sizeof *due);
	size_t count = 0;
	int rc = due_refs(l, now_ms, due, &count, err);
	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = spool_run(&l->spool, err, SQL_REF_DELETE, "si", ledger_account(due[i].account), (int64_t)due[i].seq);
		if (rc == 0)
			rc = ledger_release(l, due[i].record, err);
	}
	*ret_more = count == LEDGER_SWEEP_MAX;
	memory_free(due);
	return rc;
}

/* Packs whose death was committed before lose their file, then their row. The other way round a crash would leave a file that recovery takes
 * for new mail. */
static int bury_packs(struct ledger *l, struct error *err)
{
	uint32_t dead[64];
	size_t count = 0;
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_PACK_DEAD_LIST, "");
	int rc;
	while ((rc = spool_step(&l->spool, st, err)) == 1 && count < ARRAY_LEN(dead))
		dead[count++] = (uint32_t)sqlite3_column_int64(st, 0);
	for (size_t i = 0; i < count && rc == 0; i++) {
		if ((rc = pack_unlink(l->packs, dead[i], err)) == 0)
			rc = spool_run(&l->spool, err, SQL_PACK_DELETE, "i", (int64_t)dead[i]);
	}
	return rc;
}

int ledger_sweep(struct ledger *l, int64_t now_ms, bool *ret_more, struct error *err)
{
	bool more_refs = false, more_memory = false;
	int rc = bury_packs(l, err);
	if (rc == 0)
		rc = drop_refs(l, now_ms, &more_refs, err);
	if (rc == 0)
		rc = memory_sweep(l, now_ms, &more_memory, err);
	if (rc == 0)
		rc = report_sweep(l, now_ms, err);
	if (rc == 0)
		rc = submission_sweep(l, now_ms, err);
	if (rc == 0)
		rc = recall_sweep(l, now_ms, err);
	if (rc == 0)
		rc = spool_run(&l->spool, err, SQL_PACK_DEAD, "");
	if (rc == 0)
		*ret_more = more_refs || more_memory || spool_changes(&l->spool) > 0;
	return rc;
}

int ledger_moved(struct ledger *l, const struct ledger_op *op, struct error *err)
{
	int rc = pack_compact_finish(l->packs, op->moved.pack, err);
	for (size_t i = 0; i < op->moved.count && rc == 0; i++)
		rc = spool_run(&l->spool, err, SQL_RECORD_MOVE, "ii", (int64_t)record_id(op->moved.pack, op->moved.ordinals[i]), (int64_t)op->moved.offsets[i]);
	return rc == 0 ? spool_run(&l->spool, err, SQL_PACK_SIZE, "ii", (int64_t)op->moved.pack, (int64_t)op->moved.end) : rc;
}
