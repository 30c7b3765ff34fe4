#include "queue/submission.h"

#include <string.h>

#include "base/memory.h"
#include "queue/ledger_in.h"
#include "queue/memory.h"
#include "queue/quarantine.h"
#include "smtp/xtext.h"

#define SWEEP_MAX 500
#define REPLY_BYTES 30000u /* of the recipients of one row in an answer */

static struct slice id_of(const uint8_t id[16])
{
	return slice_make(id, 16);
}

/* ---- forms ---- */

void submission_row_encode(const struct submission_row *row, struct buf *out)
{
	buf_append_bytes(out, row->id, sizeof row->id);
	buf_put_u8(out, (uint8_t)row->state);
	buf_put_u8(out, row->gone);
	buf_put_u64(out, (uint64_t)row->due_ms);
	buf_put_u64(out, (uint64_t)row->created_ms);
	buf_put_u64(out, row->born);
	buf_put_u64(out, row->change);
	buf_put_bytes(out, row->data);
	buf_put_bytes(out, row->path);
	buf_put_u64(out, (uint64_t)row->recall.asked_ms);
	buf_put_u32(out, row->recall.outside);
	buf_put_u32(out, row->recall.copies);
	buf_put_u32(out, row->recall.kept);
}

int submission_row_decode(struct slice *list, struct submission_row *ret)
{
	struct submission_row row = {0};
	uint8_t state, gone;
	uint64_t due, created, asked;
	if (!slice_get_fixed(list, row.id, sizeof row.id) || !slice_get_u8(list, &state) || state > SUBMISSION_CANCELED || !slice_get_u8(list, &gone) ||
	    !slice_get_u64(list, &due) || !slice_get_u64(list, &created) || !slice_get_u64(list, &row.born) || !slice_get_u64(list, &row.change) || !slice_get_bytes(list, &row.data) ||
	    !slice_get_bytes(list, &row.path) || !slice_get_u64(list, &asked) || !slice_get_u32(list, &row.recall.outside) ||
	    !slice_get_u32(list, &row.recall.copies) || !slice_get_u32(list, &row.recall.kept))
		return ERR_INVALID;
	row.recall.asked_ms = (int64_t)asked;
	row.state = (enum submission_state)state;
	row.gone = gone != 0;
	row.due_ms = (int64_t)due;
	row.created_ms = (int64_t)created;
	*ret = row;
	return 0;
}

void submission_recipient_encode(const struct submission_recipient *r, struct buf *out)
{
	buf_put_bytes(out, r->address);
	buf_put_u8(out, (uint8_t)r->fate);
	buf_put_u8(out, r->local);
	buf_put_u8(out, (uint8_t)r->recall);
	buf_put_u16(out, r->code);
	buf_put_bytes(out, r->enhanced);
	buf_put_bytes(out, r->text);
}

int submission_recipient_decode(struct slice *list, struct submission_recipient *ret)
{
	struct submission_recipient r = {0};
	uint8_t fate, local, recall;
	if (!slice_get_bytes(list, &r.address) || !slice_get_u8(list, &fate) || fate > SUBMISSION_LOST || !slice_get_u8(list, &local) ||
	    !slice_get_u8(list, &recall) || recall > RECALL_OUTSIDE ||
	    !slice_get_u16(list, &r.code) || !slice_get_bytes(list, &r.enhanced) || !slice_get_bytes(list, &r.text))
		return ERR_INVALID;
	r.fate = (enum submission_fate)fate;
	r.local = local != 0;
	r.recall = (enum recall_state)recall;
	*ret = r;
	return 0;
}

void submission_request_encode(const uint8_t account[16], const struct job_submission *s, struct buf *out)
{
	buf_append_bytes(out, account, 16);
	buf_append_bytes(out, s->id, sizeof s->id);
	buf_put_u64(out, (uint64_t)s->due_ms);
	buf_put_bytes(out, s->data);
}

int submission_request_decode(struct slice request, uint8_t ret_account[16], struct job_submission *ret)
{
	struct job_submission s = {.known = true};
	uint64_t due;
	if (!slice_get_fixed(&request, ret_account, 16) || !slice_get_fixed(&request, s.id, sizeof s.id) || !slice_get_u64(&request, &due) ||
	    due > INT64_MAX || !slice_get_bytes(&request, &s.data) || s.data.n > JOB_DATA_MAX || request.n > 0)
		return ERR_INVALID;
	s.due_ms = (int64_t)due;
	*ret = s;
	return 0;
}

/* ---- who is told ---- */

void submission_touch(struct ledger *l, struct slice account)
{
	struct slice known = buf_slice(&l->touched);
	while (known.n >= 16 && !slice_eq(slice_sub(known, 0, 16), account))
		known = slice_from(known, 16);
	if (known.n == 0 && account.n == 16)
		buf_append(&l->touched, account); /* a hint: when there is no room it is lost */
	l->touched.failed = false;
}

size_t ledger_touched(struct ledger *l, uint8_t (*ret)[16], size_t max)
{
	size_t n = buf_len(&l->touched) / 16;
	if (n > max)
		n = max;
	if (n > 0)
		memcpy(ret, buf_slice(&l->touched).p, n * 16);
	buf_consume(&l->touched, n * 16);
	return n;
}

/* ---- acceptance ---- */

int submission_lay(struct ledger_op *op)
{
	const struct ledger_op *lead = op->accept.lead != NULL ? op->accept.lead : op;
	struct job *job = &op->accept.message.job;
	struct buf out = BUF_INIT(4u << 20);
	if (lead->accept.submission == NULL)
		return 0;
	if (lead == op && memcmp(job->sender_account, lead->accept.submitter, sizeof job->sender_account) != 0)
		return ERR_DENIED;
	job->submission = *lead->accept.submission;
	job->submission.known = true;
	job->submission.follows = lead != op;
	if (lead != op)
		job->submission.data = SLICE_NONE;
	job_encode(job, &out);
	op->accept.message.job_data = arena_dup(&op->arena, buf_slice(&out));
	buf_free(&out);
	return 0;
}

/* As the writer gave it: before aliases. */
static struct slice given_address(const struct job_recipient *r, struct arena *arena)
{
	struct buf out = BUF_INIT(4096);
	struct slice ret = r->address;
	if (slice_starts_nocase(r->original, SLICE("rfc822;")) && xtext_decode(slice_from(r->original, 7), &out) == 0 && buf_len(&out) > 0)
		ret = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

static int put_recipients(struct ledger *l, const struct job *job, struct error *err)
{
	struct arena arena = ARENA_INIT;
	int rc = 0;
	for (size_t i = 0; i < job->recipient_count && rc == 0; i++)
		rc = spool_run(&l->spool, err, SQL_SUBMISSION_RCPT_PUT, "siti", id_of(job->submission.id), (int64_t)i,
		               given_address(&job->recipients[i], &arena), (int64_t)job->recipients[i].local);
	arena_free(&arena);
	return rc;
}

static int put(struct ledger *l, const uint8_t account[16], const struct job_submission *s, enum submission_state state, uint64_t record,
               struct slice path, int64_t now_ms, struct error *err)
{
	submission_touch(l, slice_make(account, 16));
	return spool_run(&l->spool, err, SQL_SUBMISSION_PUT, "ssiiiist", id_of(s->id), ledger_account(account), (int64_t)state, s->due_ms, now_ms,
	                 (int64_t)record, s->data, path);
}

int submission_insert(struct ledger *l, const struct ledger_entry *e, uint64_t record, struct error *err)
{
	const struct job *job = e->job;
	bool waits = job_waits(job) && job->held.n == 0;
	int rc = 0;
	if (waits)
		rc = spool_run(&l->spool, err, SQL_SCHEDULED_PUT, "isis", (int64_t)record, id_of(job->submission.id), job->submission.due_ms, e->once);
	if (rc == 0 && !waits && job->held.n == 0)
		rc = recall_remember(l, e, record, err);
	if (rc < 0 || job->submission.follows)
		return rc;
	rc = put(l, job->sender_account, &job->submission, waits ? SUBMISSION_PENDING : SUBMISSION_FINAL, record, job->reverse_path, e->entry->accepted_ms, err);
	if (rc == 0)
		rc = put_recipients(l, job, err);
	if (rc == 0 && !waits)
		rc = spool_run(&l->spool, err, SQL_SUBMISSION_RCPT_LOCAL, "s", id_of(job->submission.id));
	return rc;
}

int submission_without_record(struct ledger *l, const struct ledger_op *op, int64_t now_ms, struct error *err)
{
	return put(l, op->accept.submitter, op->accept.submission, SUBMISSION_FINAL, 0, SLICE_NONE, now_ms, err);
}

/* ---- delivery ---- */

static enum submission_fate fate_of(const struct ledger_mark *m)
{
	switch (m->kind) {
	case MARK_FAILED:
		return SUBMISSION_FAILED;
	case MARK_RELAYED:
		return SUBMISSION_DELIVERED;
	case MARK_DONE:
		return m->code == 0 ? SUBMISSION_LOST : m->code < 400 ? SUBMISSION_DELIVERED : SUBMISSION_FAILED;
	case MARK_DEFERRED:
	case MARK_DELAY_OWED:
	case MARK_DELAY_SENT:
		break;
	}
	return SUBMISSION_QUEUED;
}

int submission_mark(struct ledger *l, const struct ledger_mark *m, struct error *err)
{
	uint8_t id[16], account[16];
	if (m->kind == MARK_DELAY_OWED || m->kind == MARK_DELAY_SENT)
		return 0;
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_SUBMISSION_OF, "i", (int64_t)m->record);
	int rc = spool_step(&l->spool, st, err);
	if (rc <= 0)
		return rc;
	struct slice of = spool_blob(st, 0), who = spool_blob(st, 1);
	bool good = of.n == sizeof id && who.n == sizeof account;
	if (good) {
		memcpy(id, of.p, sizeof id);
		memcpy(account, who.p, sizeof account);
	}
	spool_done(st);
	if (!good)
		return 0;
	rc = spool_run(&l->spool, err, SQL_SUBMISSION_RCPT_MARK, "siiitt", id_of(id), (int64_t)m->recipient, (int64_t)fate_of(m), (int64_t)m->code, m->enhanced, m->text);
	if (rc < 0 || spool_changes(&l->spool) == 0)
		return rc;
	submission_touch(l, slice_make(account, sizeof account));
	return spool_run(&l->spool, err, SQL_SUBMISSION_TOUCH, "s", id_of(id));
}

/* ---- what is done to it ---- */

/* Every record of it goes, and what it claimed: the letter that is written anew claims it again. */
static int drop_records(struct ledger *l, const uint8_t id[16], struct error *err)
{
	int rc;
	for (;;) {
		sqlite3_stmt *st = spool_bind(&l->spool, SQL_SCHEDULED_OF, "s", id_of(id));
		struct arena arena = ARENA_INIT;
		if ((rc = spool_step(&l->spool, st, err)) <= 0)
			return rc;
		uint64_t record = (uint64_t)sqlite3_column_int64(st, 0);
		struct slice once = arena_dup(&arena, spool_blob(st, 1));
		spool_done(st);
		rc = quarantine_drop(l, record, err);
		if (rc == 0)
			rc = spool_run(&l->spool, err, SQL_SCHEDULED_DELETE, "i", (int64_t)record);
		if (rc == 0 && once.n > 0)
			rc = memory_apply_one(l, &(struct memory_note){.act = MEMORY_DROP, .key = once}, 0, err);
		arena_free(&arena);
		if (rc < 0)
			return rc;
	}
}

static int cancel(struct ledger *l, const uint8_t id[16], struct slice account, struct error *err)
{
	int rc = drop_records(l, id, err);
	submission_touch(l, account);
	return rc == 0 ? spool_run(&l->spool, err, SQL_SUBMISSION_STATE, "si", id_of(id), (int64_t)SUBMISSION_CANCELED) : rc;
}

static int run_cancel(struct ledger *l, struct ledger_op *op, struct error *err)
{
	struct slice account = slice_make(op->submission.account, 16);
	int64_t state;
	int rc = spool_number(&l->spool, err, -1, &state, SQL_SUBMISSION_FIND, "ss", id_of(op->submission.id), account);
	op->submission.outcome = state < 0 ? SUBMISSION_UNKNOWN : state == SUBMISSION_FINAL ? SUBMISSION_TOO_LATE : SUBMISSION_DONE;
	return rc == 0 && state == SUBMISSION_PENDING ? cancel(l, op->submission.id, account, err) : rc;
}

static int run_forget(struct ledger *l, struct ledger_op *op, struct error *err)
{
	struct slice account = slice_make(op->submission.account, 16);
	int64_t state;
	int rc = spool_number(&l->spool, err, -1, &state, SQL_SUBMISSION_FIND, "ss", id_of(op->submission.id), account);
	op->submission.outcome = state < 0 ? SUBMISSION_UNKNOWN : SUBMISSION_DONE;
	if (rc < 0 || op->submission.outcome != SUBMISSION_DONE)
		return rc;
	submission_touch(l, account);
	rc = spool_run(&l->spool, err, SQL_SUBMISSION_FORGET, "ss", id_of(op->submission.id), account);
	return rc == 0 ? spool_run(&l->spool, err, SQL_SUBMISSION_RCPT_DELETE, "s", id_of(op->submission.id)) : rc;
}

/* Those that wait, or of those only what is held. */
static int cancel_all(struct ledger *l, const uint8_t account[16], bool held_only, struct error *err)
{
	uint8_t id[16];
	int rc;
	for (;;) {
		sqlite3_stmt *st = spool_bind(&l->spool, SQL_SCHEDULED_HELD_OF, "si", ledger_account(account), (int64_t)held_only);
		if ((rc = spool_step(&l->spool, st, err)) <= 0)
			return rc;
		struct slice of = spool_blob(st, 0);
		bool good = of.n == sizeof id;
		if (good)
			memcpy(id, of.p, sizeof id);
		spool_done(st);
		if (!good)
			return error_set(err, ERR_DAMAGED, "a submission has no id");
		if ((rc = cancel(l, id, slice_make(account, 16), err)) < 0)
			return rc;
	}
}

/* What waits is only cancelled. */
static int run_recall(struct ledger *l, struct ledger_op *op, int64_t now_ms, struct error *err)
{
	int rc = run_cancel(l, op, err);
	return rc == 0 && op->submission.outcome == SUBMISSION_TOO_LATE ? recall_ask(l, op, now_ms, err) : rc;
}

int submission_run(struct ledger *l, struct ledger_op *op, int64_t now_ms, struct error *err)
{
	switch (op->submission.act) {
	case SUBMISSION_CANCEL:
		return run_cancel(l, op, err);
	case SUBMISSION_FORGET:
		return run_forget(l, op, err);
	case SUBMISSION_RECALL:
		return run_recall(l, op, now_ms, err);
	case SUBMISSION_HOLD:
	case SUBMISSION_RELEASE:
		return spool_run(&l->spool, err, SQL_SCHEDULED_HOLD, "si", ledger_account(op->submission.account),
		                 (int64_t)(op->submission.act == SUBMISSION_HOLD));
	case SUBMISSION_DROP:
		return cancel_all(l, op->submission.account, true, err);
	}
	return 0;
}

/* What waits is not sent: nobody is there any more who could answer for it. */
int submission_remove_account(struct ledger *l, const uint8_t account[16], struct error *err)
{
	int rc = cancel_all(l, account, false, err);
	if (rc == 0)
		rc = spool_run(&l->spool, err, SQL_SUBMISSION_REMOVE_RCPTS, "s", ledger_account(account));
	return rc == 0 ? spool_run(&l->spool, err, SQL_SUBMISSION_REMOVE, "s", ledger_account(account)) : rc;
}

int submission_sweep(struct ledger *l, int64_t now_ms, struct error *err)
{
	uint8_t (*ids)[16] = memory_alloc_array(SWEEP_MAX, sizeof *ids);
	int64_t floor = 0, newest = 0;
	size_t count = 0;
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_SUBMISSION_OLD, "ii", now_ms - SUBMISSION_KEEP_MS, (int64_t)SWEEP_MAX);
	int rc;
	while ((rc = spool_step(&l->spool, st, err)) == 1 && count < SWEEP_MAX) {
		struct slice id = spool_blob(st, 0);
		if (id.n == sizeof *ids)
			memcpy(ids[count++], id.p, id.n);
		newest = sqlite3_column_int64(st, 1) > newest ? sqlite3_column_int64(st, 1) : newest;
	}
	spool_done(st);
	for (size_t i = 0; i < count && rc >= 0; i++) {
		rc = spool_run(&l->spool, err, SQL_SUBMISSION_RCPT_DELETE, "s", id_of(ids[i]));
		if (rc == 0)
			rc = recall_forget(l, ids[i], err);
		if (rc == 0)
			rc = spool_run(&l->spool, err, SQL_SUBMISSION_DELETE, "s", id_of(ids[i]));
	}
	if (rc >= 0 && count > 0)
		rc = spool_meta_get(&l->spool, "submission_floor", 0, &floor, err);
	if (rc >= 0 && newest > floor)
		rc = spool_meta_put(&l->spool, "submission_floor", newest, err);
	memory_free(ids);
	return rc < 0 ? rc : 0;
}

/* ---- reads ---- */

int submission_due(struct ledger *l, int64_t now_ms, struct submission_due *ret, struct error *err)
{
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_SCHEDULED_DUE, "ii", now_ms, (int64_t)SUBMISSION_DUE_MAX);
	int rc;
	ret->count = 0;
	while ((rc = spool_step(&l->spool, st, err)) == 1 && ret->count < SUBMISSION_DUE_MAX) {
		ret->records[ret->count] = (uint64_t)sqlite3_column_int64(st, 0);
		ret->sizes[ret->count++] = (uint64_t)sqlite3_column_int64(st, 1);
	}
	spool_done(st);
	return rc < 0 ? rc : spool_number(&l->spool, err, INT64_MAX, &ret->next_ms, SQL_SCHEDULED_NEXT, "");
}

static struct submission_row row_of(sqlite3_stmt *st)
{
	struct submission_row row = {
		.state = (enum submission_state)sqlite3_column_int(st, 1), .gone = sqlite3_column_int(st, 2) != 0, .due_ms = sqlite3_column_int64(st, 3),
		.created_ms = sqlite3_column_int64(st, 4), .change = (uint64_t)sqlite3_column_int64(st, 5), .data = spool_blob(st, 6), .path = spool_blob(st, 7),
		.born = (uint64_t)sqlite3_column_int64(st, 8),
	};
	struct slice id = spool_blob(st, 0);
	if (id.n == sizeof row.id)
		memcpy(row.id, id.p, id.n);
	return row;
}

int submission_list(struct ledger *l, const uint8_t account[16], uint64_t after, struct buf *out, bool *ret_more, uint64_t *ret_state,
                    uint64_t *ret_floor, struct error *err)
{
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_SUBMISSION_LIST, "sii", ledger_account(account), (int64_t)after, (int64_t)SUBMISSION_LIST_MAX + 1);
	int64_t state = 0, floor = 0;
	size_t count = 0;
	int rc;
	while ((rc = spool_step(&l->spool, st, err)) == 1 && count++ < SUBMISSION_LIST_MAX) {
		struct submission_row row = row_of(st);
		submission_row_encode(&row, out);
	}
	*ret_more = rc == 1;
	spool_done(st);
	if (rc >= 0)
		rc = spool_number(&l->spool, err, 0, &state, SQL_SUBMISSION_NOW, "s", ledger_account(account));
	if (rc >= 0)
		rc = spool_meta_get(&l->spool, "submission_floor", 0, &floor, err);
	*ret_state = (uint64_t)state;
	*ret_floor = (uint64_t)floor;
	return rc < 0 ? rc : 0;
}

static int append_recipients(struct ledger *l, const uint8_t id[16], struct buf *out, struct error *err)
{
	struct buf list = BUF_INIT(REPLY_BYTES * 7);
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_SUBMISSION_RCPT_LIST, "s", id_of(id));
	uint16_t count = 0;
	int rc;
	while ((rc = spool_step(&l->spool, st, err)) == 1) {
		struct submission_recipient r = {
			.address = spool_blob(st, 0), .fate = (enum submission_fate)sqlite3_column_int(st, 1), .code = (uint16_t)sqlite3_column_int(st, 2),
			.enhanced = spool_blob(st, 3), .text = spool_blob(st, 4), .local = sqlite3_column_int(st, 5) != 0,
			.recall = (enum recall_state)sqlite3_column_int(st, 6),
		};
		if (buf_len(&list) + r.address.n + r.enhanced.n + r.text.n + 32 > list.max)
			break;
		submission_recipient_encode(&r, &list);
		count++;
	}
	spool_done(st);
	buf_put_u16(out, count);
	buf_append(out, buf_slice(&list));
	buf_free(&list);
	return rc < 0 ? rc : 0;
}

int submission_get(struct ledger *l, const uint8_t account[16], const uint8_t id[16], struct buf *out, struct error *err)
{
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_SUBMISSION_GET, "ss", id_of(id), ledger_account(account));
	int rc = spool_step(&l->spool, st, err);
	if (rc <= 0)
		return rc < 0 ? rc : error_set(err, ERR_NOT_FOUND, "no such submission");
	struct submission_row row = row_of(st);
	if ((rc = recall_summary(l, id, &row.recall, err)) == 0)
		submission_row_encode(&row, out);
	spool_done(st);
	return rc < 0 ? rc : append_recipients(l, id, out, err);
}
