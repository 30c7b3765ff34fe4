#include "queue/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/ascii.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "queue/ledger_in.h"
#include "queue/memory.h"
#include "queue/quarantine.h"
#include "queue/recall.h"
#include "queue/submission.h"
#include "sys/fault.h"

struct slice ledger_account(const uint8_t account[16])
{
	return slice_make(account, 16);
}

struct slice ledger_destination(struct arena *arena, struct slice address)
{
	ptrdiff_t at = slice_rfind(address, '@');

	return ascii_dup_lower(arena, at < 0 ? SLICE_NONE : slice_from(address, (size_t)at + 1));
}

/* ---- life ---- */

static void spool_path(const struct ledger *l, const char *suffix, char *out, size_t size)
{
	snprintf(out, size, "%s/spool.db%s", l->directory, suffix);
}

/* Kept beside, for whoever wants to look at it; the packs hold everything. */
static void set_aside(const struct ledger *l)
{
	char from[4096], to[4096];
	spool_path(l, "", from, sizeof from);
	spool_path(l, ".damaged", to, sizeof to);
	(void)rename(from, to);
	spool_path(l, "-wal", from, sizeof from);
	spool_path(l, ".damaged-wal", to, sizeof to);
	(void)rename(from, to);
}

static int open_spool(struct ledger *l, struct ledger_opened *opened, bool *ret_created, struct error *err)
{
	char path[4096];
	spool_path(l, "", path, sizeof path);
	int rc = spool_open(path, l->config.database_key, &l->spool, ret_created, err);
	if (rc == ERR_DAMAGED) {
		set_aside(l);
		opened->set_aside = true;
		rc = spool_open(path, l->config.database_key, &l->spool, ret_created, err);
	}
	return rc;
}

int ledger_open(const struct ledger_config *config, int64_t now_ms, struct ledger **ret, struct ledger_opened *ret_opened, struct error *err)
{
	struct ledger *l = memory_alloc(sizeof *l);
	bool created = false;
	l->magic = LEDGER_MAGIC;
	buf_init(&l->touched, SUBMISSION_TOUCHED_BYTES);
	l->config = *config;
	l->directory = memory_dup_str(slice_str(config->directory));
	l->packs = memory_dup_str(slice_str(config->packs));
	*ret_opened = (struct ledger_opened){0};
	int rc = open_spool(l, ret_opened, &created, err);
	if (rc == 0)
		rc = ledger_recover(l, now_ms, created, ret_opened, err);
	if (rc == 0)
		rc = recall_resume(l, err);
	if (rc < 0)
		ledger_close(&l);
	else
		*ret = l;
	return rc;
}

void ledger_close(struct ledger **lp)
{
	struct ledger *l = *lp;
	if (l == NULL)
		return;
	ENSURE_MAGIC(l, LEDGER_MAGIC);
	pack_writer_close(&l->writer);
	buf_free(&l->touched);
	spool_close(&l->spool);
	memory_free(l->directory);
	memory_free(l->packs);
	memory_free(l);
	*lp = NULL;
}

void ledger_op_free(struct ledger_op *op)
{
	if (op->kind == LEDGER_ACCEPT)
		buf_free(&op->accept.scratch);
	if (op->kind == LEDGER_ARRIVALS)
		buf_free(&op->arrivals.list);
	arena_free(&op->arena);
}

/* ---- the group, step 1: look at what comes in, lay it out ---- */

static int refuse(struct ledger_op *op, const char *why)
{
	op->result = QUEUE_REFUSED;
	return error_set(&op->err, ERR_INVALID, "%s", why);
}

static int read_face(struct ledger *l, struct ledger_op *op, struct seal_face *face)
{
	if (!seal_verify(op->accept.record, l->config.boot_secret))
		return refuse(op, "the record is not of filter");
	if (seal_face(op->accept.record, &op->arena, face, &op->err) < 0 || face->reader_count == 0 || face->reader_count > SEAL_READERS_MAX)
		return refuse(op, "the record has no readable face");
	op->accept.message.job_data = arena_dup(&op->arena, face->job);
	if (job_decode(op->accept.message.job_data, &op->arena, &op->accept.message.job) < 0)
		return refuse(op, "the record has no readable job");
	return 0;
}

static uint32_t outbound_epoch(const struct seal_face_reader *readers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (readers[i].kind == READER_OUTBOUND)
			return readers[i].generation;
	}
	return 0;
}

static void seal_entry(struct ledger *l, struct ledger_op *op, const struct entry *e)
{
	struct buf out = BUF_INIT(PACK_ENTRY_MAX);
	entry_seal(e, &op->accept.place, op->accept.seq, l->config.jobs_key, &out);
	ENSURE(!out.failed && buf_len(&out) == entry_sealed_size(e));
	op->accept.entry = arena_dup(&op->arena, buf_slice(&out));
	buf_free(&out);
}

/* A new letter: what its face says. */
static int read_record(struct ledger *l, struct ledger_op *op)
{
	struct seal_face face;
	if (read_face(l, op, &face) < 0)
		return ERR_INVALID;
	if (submission_lay(op) < 0)
		return refuse(op, "the submission is not of the sender");
	buf_init(&op->accept.scratch, op->accept.record.n + 4096);
	op->accept.disk = seal_disk_form(op->accept.record, &op->accept.scratch);
	op->accept.readers = face.readers;
	op->accept.reader_count = face.reader_count;
	op->accept.message_size = face.message_size;
	return 0;
}

static int prepare_accept(struct ledger *l, struct ledger_op *op, int64_t now_ms)
{
	if ((op->accept.held != 0 ? quarantine_take(l, op) : read_record(l, op)) < 0)
		return 0; /* op->result says it */
	struct entry e = {
		.message_size = op->accept.message_size, .accepted_ms = now_ms, .readers = op->accept.readers, .reader_count = op->accept.reader_count,
		.job = op->accept.message.job_data,
	};
	op->accept.epoch = outbound_epoch(e.readers, e.reader_count);
	size_t size = entry_sealed_size(&e);
	if (size > PACK_ENTRY_MAX || op->accept.disk.n == 0 || op->accept.disk.n > PACK_RECORD_MAX) {
		refuse(op, "the record is too large");
		return 0;
	}
	int rc = pack_writer_place(l->writer, size, op->accept.disk.n, &op->accept.place, &op->err);
	if (rc < 0)
		return rc;
	op->accept.seq = l->next_seq;
	l->next_seq += e.reader_count;
	seal_entry(l, op, &e);
	op->accept.length = PACK_RECORD_HEADER + op->accept.entry.n + op->accept.disk.n;
	pack_writer_add(l->writer, &(struct pack_append){
		.seq = op->accept.seq, .entry = op->accept.entry, .record = op->accept.disk, .place = op->accept.place});
	return 0;
}

static bool wants_write(const struct ledger_op *op)
{
	return op->kind < LEDGER_ARRIVALS;
}

static enum queue_result result_of(int rc)
{
	return rc == ERR_NO_SPACE || rc == ERR_IO ? QUEUE_FULL : QUEUE_ERROR;
}

static void fail_kind(struct ledger_op **ops, size_t count, bool accepts, const struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		if (!wants_write(ops[i]) || (ops[i]->kind == LEDGER_ACCEPT) != accepts || ops[i]->result != QUEUE_OK)
			continue;
		ops[i]->result = result_of(err->code);
		ops[i]->err = *err;
	}
}

/* Has it a record that is to be written? */
static bool has_record(const struct ledger_op *op)
{
	return op->kind == LEDGER_ACCEPT && op->result == QUEUE_OK && !op->accept.empty && !op->accept.skipped;
}

static int write_packs(struct ledger *l, struct ledger_op **ops, size_t count, int64_t now_ms, struct error *err)
{
	int rc = 0;
	for (size_t i = 0; i < count && rc == 0; i++) {
		if (has_record(ops[i]) && (rc = prepare_accept(l, ops[i], now_ms)) < 0)
			*err = ops[i]->err;
	}
	claims_join(ops, count);
	return rc == 0 ? pack_writer_flush(l->writer, err) : rc;
}

/* ---- step 2: the rows ---- */

static void fill_hints(struct ledger_op *op)
{
	op->accept.hints = arena_alloc_array(&op->arena, op->accept.reader_count, sizeof *op->accept.hints);
	if (op->accept.message.job.held.n > 0 || job_waits(&op->accept.message.job))
		return; /* nobody has got it */
	for (size_t i = 0; i < op->accept.reader_count; i++) {
		const struct seal_face_reader *r = &op->accept.readers[i];
		uint64_t seq = op->accept.seq + i;
		if (r->kind == READER_OWN)
			op->accept.own_seq = seq;
		if (r->kind != READER_ARRIVAL && r->kind != READER_OWN)
			continue;
		struct ledger_hint *hint = &op->accept.hints[op->accept.hint_count++];
		memcpy(hint->account, r->account, sizeof hint->account);
		hint->seq = seq;
		hint->arrival = r->kind == READER_ARRIVAL;
	}
}

static int apply_accept(struct ledger *l, struct ledger_op *op, int64_t now_ms, struct error *err)
{
	struct entry e = {
		.message_size = op->accept.message_size, .accepted_ms = now_ms, .readers = op->accept.readers,
		.reader_count = op->accept.reader_count, .job = op->accept.message.job_data,
	};
	struct ledger_entry entry = {
		.place = op->accept.place, .length = op->accept.length, .seq = op->accept.seq, .entry = &e, .job = &op->accept.message.job,
		.outbound = true, .owed = true, .now_ms = now_ms, .once = op->accept.once,
	};
	int rc = claims_apply(l, op, now_ms, err);
	if (rc == 0 && !op->accept.empty)
		rc = ledger_insert(l, &entry, &op->accept.has_message, NULL, err);
	if (rc == 0 && op->accept.empty && op->accept.submission != NULL)
		rc = submission_without_record(l, op, now_ms, err);
	for (size_t i = 0; i < op->accept.mark_count && rc == 0; i++)
		rc = ledger_mark(l, &op->accept.marks[i], err);
	return rc == 0 && op->accept.held != 0 ? quarantine_taken(l, op, err) : rc;
}

static int apply_marks(struct ledger *l, const struct ledger_op *op, struct error *err)
{
	int rc = 0;
	for (size_t i = 0; i < op->mark.count && rc == 0; i++)
		rc = ledger_mark(l, &op->mark.marks[i], err);
	return rc;
}

static int apply(struct ledger *l, struct ledger_op *op, int64_t now_ms, struct error *err)
{
	switch (op->kind) {
	case LEDGER_ACCEPT:
		return apply_accept(l, op, now_ms, err);
	case LEDGER_UNREF:
		return ledger_unref(l, op, now_ms, err);
	case LEDGER_REMOVE:
		return ledger_remove_account(l, op->remove.account, now_ms, err);
	case LEDGER_MARK:
		return apply_marks(l, op, err);
	case LEDGER_HOLD:
		return ledger_hold(l, op, err);
	case LEDGER_SWEEP:
		return ledger_sweep(l, now_ms, &op->sweep.more, err);
	case LEDGER_MOVED:
		return ledger_moved(l, op, err);
	case LEDGER_QUARANTINE:
		return quarantine_end(l, op, now_ms, err);
	case LEDGER_SUBMISSION:
		return submission_run(l, op, now_ms, err);
	case LEDGER_REMEMBER:
		return memory_apply(l, op->remember.notes, now_ms, err);
	case LEDGER_ARRIVALS:
	case LEDGER_ROOM:
	case LEDGER_CALL:
		break;
	}
	return 0;
}

int ledger_put_position(struct ledger *l, struct error *err)
{
	uint32_t pack, ordinal;
	uint64_t end;
	pack_writer_position(l->writer, &pack, &end, &ordinal);
	int rc = spool_meta_put(&l->spool, "pack", (int64_t)pack, err);
	if (rc == 0)
		rc = spool_meta_put(&l->spool, "end", (int64_t)end, err);
	if (rc == 0)
		rc = spool_meta_put(&l->spool, "ordinal", (int64_t)ordinal, err);
	if (rc == 0)
		rc = spool_meta_put(&l->spool, "seq", (int64_t)l->next_seq, err);
	if (rc == 0 && pack != 0)
		rc = spool_run(&l->spool, err, SQL_PACK_PUT, "ii", (int64_t)pack, (int64_t)end);
	if (rc == 0)
		rc = spool_run(&l->spool, err, SQL_PACK_CLOSE, "i", (int64_t)pack);
	return rc;
}

int ledger_turn(struct ledger *l, struct error *err)
{
	int64_t idle = 0;
	int rc = spool_number(&l->spool, err, 0, &idle, SQL_PACK_IDLE, "");
	if (rc < 0 || idle == 0 || (rc = pack_writer_turn(l->writer, err)) <= 0)
		return rc;
	rc = pack_writer_flush(l->writer, err);
	if (rc == 0)
		rc = spool_begin(&l->spool, err);
	if (rc == 0 && (rc = ledger_put_position(l, err)) == 0)
		rc = spool_commit(&l->spool, err);
	if (rc == 0) {
		pack_writer_commit(l->writer);
		return 0;
	}
	spool_rollback(&l->spool);
	pack_writer_rollback(l->writer);
	return rc;
}

static bool takes_part(const struct ledger_op *op)
{
	return wants_write(op) && op->result == QUEUE_OK && !(op->kind == LEDGER_ACCEPT && op->accept.skipped);
}

/* One transaction for the whole group. */
static int write_rows(struct ledger *l, struct ledger_op **ops, size_t count, bool moved, int64_t now_ms, struct error *err)
{
	int rc = spool_begin(&l->spool, err);
	for (size_t i = 0; i < count && rc == 0; i++) {
		if (takes_part(ops[i]))
			rc = apply(l, ops[i], now_ms, err);
	}
	if (rc == 0 && moved)
		rc = ledger_put_position(l, err);
	if (rc == 0)
		rc = spool_commit(&l->spool, err);
	if (rc < 0)
		spool_rollback(&l->spool);
	return rc;
}

/* ---- step 3: reads see what the group wrote ---- */

static void read_one(struct ledger *l, struct ledger_op *op)
{
	int rc = 0;
	if (op->kind == LEDGER_ARRIVALS)
		rc = ledger_arrivals(l, op, &op->err);
	else if (op->kind == LEDGER_ROOM)
		rc = ledger_room(l, op, &op->err);
	else
		rc = op->call.fn(l, op->call.arg, &op->err);
	op->result = rc < 0 ? QUEUE_ERROR : QUEUE_OK;
}

static size_t count_kind(struct ledger_op **ops, size_t count, bool accepts)
{
	size_t n = 0;
	for (size_t i = 0; i < count; i++)
		n += takes_part(ops[i]) && (ops[i]->kind == LEDGER_ACCEPT) == accepts;
	return n;
}

static void finish_accepts(struct ledger *l, struct ledger_op **ops, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct ledger_op *op = ops[i];
		if (!has_record(op))
			continue;
		fill_hints(op);
		uint64_t record = record_id(op->accept.place.pack, op->accept.place.ordinal);
		if (op->accept.has_message)
			op->accept.has_message = ledger_message_get(l, record, &op->arena, &op->accept.message, &op->err) == 0;
	}
}

/* Writes acceptances to packs, then the rows of everything. When acceptances cannot be written, the other operations still are: unref and
 * compaction must run on a full disk. */
static int write_group(struct ledger *l, struct ledger_op **ops, size_t count, int64_t now_ms, struct error *err)
{
	struct error accept_err = {0};
	int rc = claims_check(l, ops, count, now_ms);
	claims_join(ops, count);
	size_t accepts = rc == 0 ? count_kind(ops, count, true) : 0;
	if (rc < 0)
		error_set(&accept_err, (enum error_code)rc, "what is remembered cannot be read");
	else
		rc = accepts ? write_packs(l, ops, count, now_ms, &accept_err) : 0;
	accepts = count_kind(ops, count, true);
	if (rc == 0 && accepts == 0)
		pack_writer_rollback(l->writer); /* of letters that were refused together with another one */
	if (rc == 0 && accepts > 0) {
		if ((rc = write_rows(l, ops, count, true, now_ms, &accept_err)) == 0) {
			pack_writer_commit(l->writer);
			return 0;
		}
	}
	if (rc < 0) {
		pack_writer_rollback(l->writer);
		fail_kind(ops, count, true, &accept_err);
		*err = accept_err;
	}
	if (count_kind(ops, count, false) == 0)
		return rc;
	int rest = write_rows(l, ops, count, false, now_ms, err);
	if (rest < 0)
		fail_kind(ops, count, false, err);
	return rc < 0 ? rc : rest;
}

int ledger_run(struct ledger *l, struct ledger_op **ops, size_t count, int64_t now_ms, struct error *err)
{
	ENSURE_MAGIC(l, LEDGER_MAGIC);
	struct error failure = {0};
	int rc = 0;
	for (size_t i = 0; i < count; i++)
		ops[i]->result = QUEUE_OK;
	if (count_kind(ops, count, true) + count_kind(ops, count, false) > 0) {
		rc = write_group(l, ops, count, now_ms, &failure);
		if (rc == 0)
			FAULT_POINT(row_committed);
		finish_accepts(l, ops, count);
	}
	for (size_t i = 0; i < count; i++) {
		if (!wants_write(ops[i]))
			read_one(l, ops[i]);
	}
	if (rc < 0 && err != NULL)
		*err = failure;
	return rc;
}

void ledger_configure(struct ledger *l, int64_t undelete_ms, int64_t expire_ms)
{
	ENSURE_MAGIC(l, LEDGER_MAGIC);
	l->config.undelete_ms = undelete_ms;
	l->config.expire_ms = expire_ms;
}

uint64_t ledger_prepared(const struct ledger *l)
{
	return pack_writer_prepared(l->writer);
}
