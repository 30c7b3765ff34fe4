/* What is asked of the ledger. */
#include <string.h>
#include "base/memory.h"
#include "queue/ledger_in.h"

#define ARRIVALS_MAX 1800 /* elements that fit in a reply of QUEUE_ARRIVALS */

int ledger_arrivals(struct ledger *l, struct ledger_op *op, struct error *err)
{
	uint32_t limit = op->arrivals.limit && op->arrivals.limit < ARRIVALS_MAX ? op->arrivals.limit : ARRIVALS_MAX, count = 0;
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_REF_AFTER, "sii", ledger_account(op->arrivals.account), (int64_t)op->arrivals.after,
	                              (int64_t)limit + 1);
	int rc;
	buf_init(&op->arrivals.list, ARRIVALS_MAX * QUEUE_ARRIVAL_SIZE);
	while ((rc = spool_step(&l->spool, st, err)) == 1 && count < limit) {
		uint64_t record = (uint64_t)sqlite3_column_int64(st, 2);
		queue_arrival_encode(&(struct queue_arrival){
			.seq = (uint64_t)sqlite3_column_int64(st, 0),
			.kind = (uint8_t)sqlite3_column_int(st, 1),
			.place = {.pack = record_pack(record), .ordinal = record_ordinal(record), .offset = (uint64_t)sqlite3_column_int64(st, 5)},
			.size = (uint64_t)sqlite3_column_int64(st, 3),
			.flags = (uint8_t)sqlite3_column_int(st, 4),
		}, &op->arrivals.list);
		count++;
	}
	op->arrivals.more = rc == 1;
	op->arrivals.next_seq = l->next_seq;
	if (rc == 1)
		spool_done(st);
	return rc < 0 ? rc : 0;
}

int ledger_room(struct ledger *l, struct ledger_op *op, struct error *err)
{
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_USE_GET, "s", ledger_account(op->room.account));
	int rc = spool_step(&l->spool, st, err);
	op->room.used = op->room.count = 0;
	if (rc == 1) {
		int64_t used = sqlite3_column_int64(st, 0), count = sqlite3_column_int64(st, 1);
		op->room.used = used > 0 ? (uint64_t)used : 0;
		op->room.count = count > 0 ? (uint64_t)count : 0;
		spool_done(st);
	}
	return rc < 0 ? rc : 0;
}

static struct slice column_text(sqlite3_stmt *st, int column, struct arena *arena)
{
	return arena_dup(arena, spool_blob(st, column));
}

static void read_recipient(sqlite3_stmt *st, struct arena *arena, struct ledger_recipient *r)
{
	*r = (struct ledger_recipient){
		.index = (uint16_t)sqlite3_column_int(st, 0),
		.state = (enum outbound_state)sqlite3_column_int(st, 1),
		.destination = column_text(st, 2, arena),
		.due_ms = sqlite3_column_int64(st, 3),
		.attempts = (uint32_t)sqlite3_column_int64(st, 4),
		.delay = (enum outbound_delay)sqlite3_column_int(st, 5),
		.tried_ms = sqlite3_column_int64(st, 6),
		.code = (uint16_t)sqlite3_column_int(st, 7),
		.enhanced = column_text(st, 8, arena),
		.text = column_text(st, 9, arena),
		.host = column_text(st, 10, arena),
	};
}

/* Rows whose index the job does not have are our bug; they are left out. */
static int read_recipients(struct ledger *l, struct arena *arena, struct ledger_message *m, struct error *err)
{
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_OUT_GET, "i", (int64_t)m->record);
	int rc;
	m->recipients = arena_alloc_array(arena, m->job.recipient_count ? m->job.recipient_count : 1, sizeof *m->recipients);
	m->recipient_count = 0;
	while ((rc = spool_step(&l->spool, st, err)) == 1) {
		struct ledger_recipient *r = &m->recipients[m->recipient_count];
		if (m->recipient_count == m->job.recipient_count)
			continue;
		read_recipient(st, arena, r);
		if (r->index < m->job.recipient_count && r->state <= OUTBOUND_DELIVERED)
			m->recipient_count++;
	}
	return rc;
}

int ledger_message_get(struct ledger *l, uint64_t record, struct arena *arena, struct ledger_message *ret, struct error *err)
{
	struct ledger_message m = {.record = record};
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_MESSAGE_GET, "i", (int64_t)record);
	int rc = spool_step(&l->spool, st, err);
	if (rc <= 0)
		return rc < 0 ? rc : error_set(err, ERR_NOT_FOUND, "no such message");
	m.job_data = arena_dup(arena, spool_blob(st, 0));
	m.size = (uint64_t)sqlite3_column_int64(st, 1);
	m.epoch = (uint32_t)sqlite3_column_int64(st, 2);
	m.created_ms = sqlite3_column_int64(st, 3);
	m.hold = (uint8_t)sqlite3_column_int(st, 4);
	spool_done(st);
	if (job_decode(m.job_data, arena, &m.job) < 0)
		return error_set(err, ERR_DAMAGED, "the job of a message cannot be read");
	if ((rc = read_recipients(l, arena, &m, err)) < 0)
		return rc;
	*ret = m;
	return 0;
}

int ledger_messages(struct ledger *l, uint64_t after, ledger_message_fn *fn, void *arg, struct error *err)
{
	struct arena arena = ARENA_INIT;
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_MESSAGE_AFTER, "i", (int64_t)after);
	int rc, stop = 0;
	while ((rc = spool_step(&l->spool, st, err)) == 1 && stop == 0) {
		struct ledger_message m;
		arena_reset(&arena);
		if (ledger_message_get(l, (uint64_t)sqlite3_column_int64(st, 0), &arena, &m, err) == 0)
			stop = fn(arg, &m);
	}
	if (rc == 1)
		spool_done(st);
	arena_free(&arena);
	return rc < 0 ? rc : 0;
}

int ledger_place(struct ledger *l, uint64_t record, struct place *ret, struct error *err)
{
	int64_t offset;
	int rc = spool_number(&l->spool, err, -1, &offset, SQL_RECORD_GET, "i", (int64_t)record);
	if (rc == 0 && offset < 0)
		rc = error_set(err, ERR_NOT_FOUND, "no such record");
	if (rc == 0)
		*ret = (struct place){.pack = record_pack(record), .ordinal = record_ordinal(record), .offset = (uint64_t)offset};
	return rc;
}

int ledger_epochs(struct ledger *l, uint32_t *ret, size_t max, size_t *ret_count, struct error *err)
{
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_MESSAGE_EPOCHS, "i", (int64_t)max);
	size_t count = 0;
	int rc;
	while ((rc = spool_step(&l->spool, st, err)) > 0 && count < max)
		ret[count++] = (uint32_t)sqlite3_column_int64(st, 0);
	spool_done(st);
	*ret_count = count;
	return rc < 0 ? rc : 0;
}

static int read_row(struct ledger *l, enum spool_sql sql, int64_t *const *columns, int count, struct error *err)
{
	sqlite3_stmt *st = spool_bind(&l->spool, sql, "");
	int rc = spool_step(&l->spool, st, err);
	if (rc <= 0)
		return rc;
	for (int i = 0; i < count; i++)
		*columns[i] = sqlite3_column_int64(st, i);
	spool_done(st);
	return 0;
}

int ledger_stats(struct ledger *l, struct ledger_stats *ret, struct error *err)
{
	struct ledger_stats s = {0};
	int rc = read_row(l, SQL_RECORD_STATS, (int64_t *[]){&s.records, &s.record_bytes}, 2, err);
	if (rc == 0)
		rc = read_row(l, SQL_REF_STATS, (int64_t *[]){&s.refs, &s.refs_dropped}, 2, err);
	if (rc == 0)
		rc = read_row(l, SQL_MESSAGE_STATS, (int64_t *[]){&s.messages, &s.message_bytes, &s.oldest_ms, &s.held}, 4, err);
	if (rc == 0)
		rc = read_row(l, SQL_OUT_STATS, (int64_t *[]){&s.waiting}, 1, err);
	if (rc == 0)
		rc = read_row(l, SQL_QUARANTINE_STATS, (int64_t *[]){&s.quarantined}, 1, err);
	if (rc == 0)
		*ret = s;
	return rc;
}

/* Every record of the ledger stands in its pack and verifies. */
static int check_records(struct ledger *l, struct error *err)
{
	struct pack_reader *reader = pack_reader_open(l->packs, 2, err);
	if (reader == NULL)
		return ERR_IO;
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_RECORD_OF_PACK, "ii", INT64_C(0), INT64_MAX);
	int rc;
	while ((rc = spool_step(&l->spool, st, err)) == 1) {
		uint64_t record = (uint64_t)sqlite3_column_int64(st, 0);
		struct place place;
		if ((rc = ledger_place(l, record, &place, err)) < 0 || (rc = pack_verify(reader, &place, err)) < 0) {
			spool_done(st);
			break;
		}
	}
	pack_reader_close(&reader);
	return rc == ERR_NOT_FOUND ? error_set(err, ERR_DAMAGED, "a record of the ledger is in no pack") : rc;
}

int ledger_check(struct ledger *l, bool contents, struct error *err)
{
	int64_t dangling = 0, miscounted = 0;
	int rc = spool_check(&l->spool, err);
	if (rc == 0)
		rc = spool_number(&l->spool, err, 0, &dangling, SQL_REF_DANGLING, "");
	if (rc == 0)
		rc = spool_number(&l->spool, err, 0, &miscounted, SQL_REF_MISCOUNT, "");
	if (rc == 0 && dangling > 0)
		rc = error_set(err, ERR_DAMAGED, "%d refs dangle", (int)dangling);
	if (rc == 0 && miscounted > 0)
		rc = error_set(err, ERR_DAMAGED, "%d records have a wrong number of refs", (int)miscounted);
	return rc == 0 && contents ? check_records(l, err) : rc;
}

int ledger_packs(struct ledger *l, struct ledger_packs *ret, struct error *err)
{
	struct ledger_packs p = {0};
	uint32_t ordinal;
	size_t capacity = 0;
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_PACK_LIST, "");
	int rc;
	while ((rc = spool_step(&l->spool, st, err)) == 1) {
		if (sqlite3_column_int64(st, 2) <= 0)
			continue;
		if (p.live_count == capacity)
			p.live = memory_grow(p.live, (capacity = capacity ? 2 * capacity : 64) * sizeof *p.live);
		p.live[p.live_count++] = (uint32_t)sqlite3_column_int64(st, 0);
	}
	pack_writer_position(l->writer, &p.pack, &p.end, &ordinal);
	if (rc < 0)
		memory_free(p.live);
	else
		*ret = p;
	return rc;
}

static int read_ordinals(struct ledger *l, uint32_t pack, uint32_t **ret, size_t *ret_count, struct error *err)
{
	uint32_t *list = NULL;
	size_t count = 0, capacity = 0;
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_RECORD_OF_PACK, "ii", (int64_t)record_id(pack, 0), (int64_t)record_id(pack + 1, 0));
	int rc;
	while ((rc = spool_step(&l->spool, st, err)) == 1) {
		if (count == capacity)
			list = memory_grow(list, (capacity = capacity ? 2 * capacity : 256) * sizeof *list);
		list[count++] = record_ordinal((uint64_t)sqlite3_column_int64(st, 0));
	}
	if (rc < 0)
		MEMORY_FREE(&list);
	*ret = list;
	*ret_count = count;
	return rc;
}

static int take_pack(struct ledger *l, int64_t pack, uint32_t *ret_pack, uint32_t **ret_ordinals, size_t *ret_count, struct error *err)
{
	*ret_pack = 0;
	*ret_ordinals = NULL;
	*ret_count = 0;
	if (pack == 0)
		return 0;
	int rc = read_ordinals(l, (uint32_t)pack, ret_ordinals, ret_count, err);
	if (rc == 0)
		*ret_pack = (uint32_t)pack;
	return rc;
}

int ledger_compact_pick(struct ledger *l, uint32_t *ret_pack, uint32_t **ret_ordinals, size_t *ret_count, struct error *err)
{
	int64_t pack = 0;
	int rc = spool_number(&l->spool, err, 0, &pack, SQL_PACK_WORST, "");
	return take_pack(l, rc < 0 ? 0 : pack, ret_pack, ret_ordinals, ret_count, err) < 0 ? ERR_IO : rc;
}

int ledger_compact_next(struct ledger *l, uint32_t after, uint32_t *ret_pack, uint32_t **ret_ordinals, size_t *ret_count, struct error *err)
{
	int64_t pack = 0;
	int rc = spool_number(&l->spool, err, 0, &pack, SQL_PACK_NEXT, "i", (int64_t)after);
	return take_pack(l, rc < 0 ? 0 : pack, ret_pack, ret_ordinals, ret_count, err) < 0 ? ERR_IO : rc;
}
