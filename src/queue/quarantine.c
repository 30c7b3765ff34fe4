#include "queue/quarantine.h"

#include <string.h>

#include "base/memory.h"
#include "queue/ledger_in.h"
#include "queue/notify.h"

#define READER_SIZE 21u /* kind, account, generation */

static void readers_encode(const struct seal_face_reader *readers, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		buf_put_u8(out, (uint8_t)readers[i].kind);
		buf_append_bytes(out, readers[i].account, sizeof readers[i].account);
		buf_put_u32(out, readers[i].generation);
	}
}

static struct seal_face_reader *readers_decode(struct slice s, struct arena *arena, size_t *ret_count)
{
	struct seal_face_reader *readers = arena_alloc_array(arena, s.n / READER_SIZE + 1, sizeof *readers);
	size_t count = 0;
	uint8_t kind;
	while (s.n >= READER_SIZE && slice_get_u8(&s, &kind)) {
		readers[count].kind = (enum reader_kind)kind;
		slice_get_fixed(&s, readers[count].account, sizeof readers[count].account);
		slice_get_u32(&s, &readers[count++].generation);
	}
	*ret_count = count;
	return readers;
}

static uint32_t epoch_of(const struct seal_face_reader *readers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (readers[i].kind == READER_OUTBOUND)
			return readers[i].generation;
	return 0;
}

int quarantine_insert(struct ledger *l, const struct ledger_entry *e, uint64_t record, int64_t *refs, struct error *err)
{
	struct buf readers = BUF_INIT(SEAL_READERS_MAX * READER_SIZE);
	readers_encode(e->entry->readers, e->entry->reader_count, &readers);
	int rc = spool_run(&l->spool, err, SQL_QUARANTINE_PUT, "issiii", (int64_t)record, e->entry->job, buf_slice(&readers),
	                   (int64_t)e->entry->message_size, (int64_t)epoch_of(e->entry->readers, e->entry->reader_count), e->entry->accepted_ms);
	buf_free(&readers);
	++*refs;
	return rc;
}

/* ---- reads ---- */

int quarantine_get(struct ledger *l, uint64_t record, struct arena *arena, struct quarantine_item *ret, struct error *err)
{
	struct quarantine_item q = {.record = record};
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_QUARANTINE_GET, "i", (int64_t)record);
	int rc = spool_step(&l->spool, st, err);
	if (rc <= 0)
		return rc < 0 ? rc : error_set(err, ERR_NOT_FOUND, "no such message in quarantine");
	q.job_data = arena_dup(arena, spool_blob(st, 0));
	q.readers = readers_decode(spool_blob(st, 1), arena, &q.reader_count);
	q.size = (uint64_t)sqlite3_column_int64(st, 2);
	q.epoch = (uint32_t)sqlite3_column_int64(st, 3);
	q.created_ms = sqlite3_column_int64(st, 4);
	q.waits = sqlite3_column_int(st, 5) != 0;
	spool_done(st);
	if (job_decode(q.job_data, arena, &q.job) < 0)
		return error_set(err, ERR_DAMAGED, "the job of a message in quarantine cannot be read");
	*ret = q;
	return 0;
}

int quarantine_list(struct ledger *l, uint64_t after, quarantine_fn *fn, void *arg, struct error *err)
{
	struct arena arena = ARENA_INIT;
	int64_t record = (int64_t)after;
	int rc = 0, stop = 0;
	while (stop == 0 && (rc = spool_number(&l->spool, err, -1, &record, SQL_QUARANTINE_AFTER, "i", record)) == 0 && record >= 0) {
		struct quarantine_item item;
		arena_reset(&arena);
		if (quarantine_get(l, (uint64_t)record, &arena, &item, err) == 0)
			stop = fn(arg, &item);
	}
	arena_free(&arena);
	return rc;
}

int quarantine_before(struct ledger *l, int64_t created_ms, uint64_t *ret, size_t max, size_t *ret_count, struct error *err)
{
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_QUARANTINE_BEFORE, "ii", created_ms, (int64_t)max);
	size_t count = 0;
	int rc;
	while ((rc = spool_step(&l->spool, st, err)) > 0 && count < max)
		ret[count++] = (uint64_t)sqlite3_column_int64(st, 0);
	spool_done(st);
	*ret_count = count;
	return rc < 0 ? rc : 0;
}

/* ---- letting it go ---- */

static bool is_reviewer(const struct job *job, const struct seal_face_reader *r)
{
	return r->kind == READER_ARRIVAL && job->has_reviewer && memcmp(r->account, job->reviewer, sizeof job->reviewer) == 0;
}

/* Those who get it: the reviewer who looks at it, or everybody else. */
static void choose_readers(struct ledger_op *op, const struct quarantine_item *q)
{
	struct seal_face_reader *kept = arena_alloc_array(&op->arena, q->reader_count + 1, sizeof *kept);
	size_t count = 0;
	for (size_t i = 0; i < q->reader_count; i++)
		if (is_reviewer(&q->job, &q->readers[i]) == op->accept.look)
			kept[count++] = q->readers[i];
	op->accept.readers = kept;
	op->accept.reader_count = count;
}

/* A letter that only the reviewer gets has nobody to be sent to. */
static void choose_job(struct ledger_op *op, const struct quarantine_item *q)
{
	struct buf out = BUF_INIT(4u << 20);
	struct job job = q->job;
	job.held = SLICE_NONE;
	job.has_reviewer = false;
	job.submission.due_ms = 0;
	if (op->accept.look) {
		job.recipient_count = 0;
		job.submission = (struct job_submission){0};
	}
	job_encode(&job, &out);
	op->accept.message.job_data = arena_dup(&op->arena, buf_slice(&out));
	op->accept.message.job = job;
	buf_free(&out);
}

static int read_record(struct ledger *l, struct ledger_op *op)
{
	struct place place;
	uint64_t size = 0;
	struct pack_reader *reader = pack_reader_open(l->packs, 1, &op->err);
	int rc = reader == NULL ? ERR_IO : ledger_place(l, op->accept.held, &place, &op->err);
	if (rc == 0)
		rc = pack_verify(reader, &place, &op->err);
	if (rc == 0)
		rc = pack_record_size(reader, &place, &size, &op->err);
	buf_init(&op->accept.scratch, size + 1);
	if (rc == 0) {
		rc = pack_read(reader, &place, 0, buf_reserve(&op->accept.scratch, size), size, &op->err);
		buf_commit(&op->accept.scratch, rc == 0 ? size : 0);
	}
	pack_reader_close(&reader);
	op->accept.disk = buf_slice(&op->accept.scratch);
	return rc;
}

int quarantine_take(struct ledger *l, struct ledger_op *op)
{
	struct quarantine_item q;
	int rc = quarantine_get(l, op->accept.held, &op->arena, &q, &op->err);
	if (rc == 0)
		choose_readers(op, &q);
	if (rc == 0 && op->accept.reader_count == 0)
		rc = error_set(&op->err, ERR_NOT_FOUND, "nobody is there to get it");
	if (rc == 0)
		rc = read_record(l, op);
	if (rc < 0) {
		op->result = QUEUE_REFUSED;
		return rc;
	}
	choose_job(op, &q);
	op->accept.message_size = q.size;
	return 0;
}

int quarantine_drop(struct ledger *l, uint64_t record, struct error *err)
{
	int rc = spool_run(&l->spool, err, SQL_QUARANTINE_DELETE, "i", (int64_t)record);
	return rc == 0 && spool_changes(&l->spool) > 0 ? ledger_release(l, record, err) : rc;
}

int quarantine_taken(struct ledger *l, const struct ledger_op *op, struct error *err)
{
	int rc = op->accept.look ? 0 : quarantine_drop(l, op->accept.held, err);
	return rc == 0 ? spool_run(&l->spool, err, SQL_SCHEDULED_DELETE, "i", (int64_t)op->accept.held) : rc;
}

/* ---- its end ---- */

static int owe_one(struct ledger *l, const struct quarantine_item *q, size_t i, int64_t now_ms, struct arena *arena, size_t *count, struct error *err)
{
	const struct job_recipient *r = &q->job.recipients[i];
	if (!notify_wanted(&q->job, r, OUTCOME_FAILED))
		return 0;
	++*count;
	int rc = spool_run(&l->spool, err, SQL_OUT_PUT, "iiiti", (int64_t)q->record, (int64_t)i, (int64_t)OUTBOUND_FAILED,
	                   ledger_destination(arena, r->address), now_ms);
	if (rc < 0)
		return rc;
	return ledger_mark(l, &(struct ledger_mark){.record = q->record, .recipient = (uint16_t)i, .kind = MARK_FAILED, .tried_ms = now_ms, .due_ms = now_ms,
		.code = 550, .enhanced = SLICE("5.7.1"), .text = SLICE("The message was not let through")}, err);
}

/* The held record becomes a message that owes notifications: its one reference goes over. */
static int owe(struct ledger *l, const struct quarantine_item *q, int64_t now_ms, struct arena *arena, struct error *err)
{
	struct buf job_data = BUF_INIT(4u << 20);
	struct job job = q->job;
	size_t count = 0;
	int rc = 0;
	for (size_t i = 0; i < q->job.recipient_count && rc == 0; i++)
		rc = owe_one(l, q, i, now_ms, arena, &count, err);
	if (rc < 0 || count == 0)
		return rc < 0 ? rc : quarantine_drop(l, q->record, err);
	job.held = SLICE_NONE;
	job.has_reviewer = false;
	job_encode(&job, &job_data);
	rc = spool_run(&l->spool, err, SQL_MESSAGE_PUT, "isiii", (int64_t)q->record, buf_slice(&job_data), (int64_t)q->size, (int64_t)q->epoch, q->created_ms);
	buf_free(&job_data);
	return rc == 0 ? spool_run(&l->spool, err, SQL_QUARANTINE_DELETE, "i", (int64_t)q->record) : rc;
}

int quarantine_end(struct ledger *l, const struct ledger_op *op, int64_t now_ms, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct quarantine_item q;
	int rc = quarantine_get(l, op->quarantine.record, &arena, &q, err);
	if (rc == 0)
		rc = op->quarantine.tell ? owe(l, &q, now_ms, &arena, err) : quarantine_drop(l, op->quarantine.record, err);
	arena_free(&arena);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}
