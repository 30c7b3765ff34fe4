/* At start: what stands in the packs behind the last commit is taken up; a lost spool.db is made anew from all of them. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/memory.h"
#include "queue/holds.h"

#define DAY_MS INT64_C(86400000)
#define EPOCH_2020_MS INT64_C(1577836800000)
#define COUNTER_BITS 48
#define INCARNATION_MAX 0x7fffu

struct recovery {
	struct ledger *l;
	struct ledger_opened *opened;
	struct error *err;
	int64_t now_ms;
	bool rebuild;
	int fd;                    /* of the pack in hand */
	uint32_t pack;
	uint32_t next_ordinal;     /* expected at least */
	uint64_t end;              /* behind the last record taken up */
	bool damaged;              /* the pack holds more than records */
	uint64_t seq_max;
};

/*
 * Readers keep the highest seq they have seen. After a loss of spool.db new seqs must be above all that were ever given: the high bits are
 * raised, and they are never below the number of days since 2020, so that they rise even when nothing is left to compare with.
 */
static uint64_t raised_seq(uint64_t highest, int64_t now_ms)
{
	uint64_t days = now_ms > EPOCH_2020_MS ? (uint64_t)((now_ms - EPOCH_2020_MS) / DAY_MS) : 1;
	uint64_t incarnation = (highest >> COUNTER_BITS) + 1;
	if (incarnation < days)
		incarnation = days;
	if (incarnation > INCARNATION_MAX)
		incarnation = INCARNATION_MAX;
	return incarnation << COUNTER_BITS | 1;
}

static int read_entry(struct recovery *v, const struct pack_record *r, struct arena *arena, struct entry *entry, struct job *job)
{
	struct place place = {.pack = r->pack, .ordinal = r->ordinal, .offset = r->offset};
	uint8_t *sealed = arena_alloc(arena, r->entry_size + 1u);
	ssize_t n = pread(v->fd, sealed, r->entry_size, (off_t)(r->offset + PACK_RECORD_HEADER));
	if (n != (ssize_t)r->entry_size)
		return error_errno(v->err, "read pack %u", r->pack);
	int rc = entry_open(slice_make(sealed, r->entry_size), &place, r->seq, v->l->config.jobs_key, arena, entry, v->err);
	return rc < 0 ? rc : job_decode(entry->job, arena, job);
}

/* Behind the last commit the seq of the header holds unless later groups went past it. */
static uint64_t choose_seq(struct recovery *v, uint64_t seq, size_t readers)
{
	if (v->rebuild)
		return seq;
	uint64_t chosen = seq >= v->l->next_seq ? seq : v->l->next_seq;
	v->l->next_seq = chosen + readers;
	return chosen;
}

static int take_up(struct recovery *v, const struct pack_record *r)
{
	struct arena arena = ARENA_INIT;
	struct entry entry;
	struct job job;
	int rc = read_entry(v, r, &arena, &entry, &job);
	if (rc == 0) {
		struct ledger_entry e = {
			.place = {.pack = r->pack, .ordinal = r->ordinal, .offset = r->offset}, .length = pack_record_length(r),
			.seq = choose_seq(v, r->seq, entry.reader_count), .flags = ARRIVAL_REQUEUED, .entry = &entry, .job = &job,
			.outbound = !v->rebuild || v->now_ms - entry.accepted_ms < v->l->config.expire_ms, .owed = !v->rebuild, .rebuilt = v->rebuild, .now_ms = v->now_ms,
		};
		rc = ledger_insert(v->l, &e, NULL, NULL, v->err);
		if (e.seq + entry.reader_count > v->seq_max)
			v->seq_max = e.seq + entry.reader_count;
		v->opened->records += rc == 0;
	}
	arena_free(&arena);
	return rc;
}

/* In a tail only what stands without a gap behind the last commit counts; in a rebuild everything that verifies. */
static int found(void *arg, enum pack_finding finding, const struct pack_record *r)
{
	struct recovery *v = arg;
	bool good = finding == PACK_FINDING_RECORD && r->ordinal >= v->next_ordinal;
	int rc = good ? take_up(v, r) : ERR_DAMAGED;
	if (rc == ERR_IO || rc == ERR_NO_SPACE)
		return rc;
	if (rc < 0) {
		v->opened->damaged++;
		v->damaged = true;
		return v->rebuild ? 0 : 1;
	}
	v->next_ordinal = r->ordinal + 1;
	v->end = r->offset + pack_record_length(r);
	return 0;
}

static int scan_one(struct recovery *v, uint32_t pack, uint64_t from)
{
	char path[4096], name[PACK_NAME_SIZE];
	struct buf b = BUF_INIT(sizeof path);
	pack_name(pack, name);
	buf_printf(&b, "%s/%s", v->l->packs, name);
	buf_append_byte(&b, 0);
	v->fd = b.failed ? -1 : open((const char *)b.data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	buf_free(&b);
	if (v->fd < 0)
		return error_errno(v->err, "open pack %u", pack);
	v->pack = pack;
	v->damaged = false;
	v->end = from ? from : PACK_FILE_HEADER;
	int rc = pack_scan(v->fd, pack, from, true, found, v, NULL, v->err);
	close(v->fd);
	/* A pack that was begun and holds nothing may lack even its file header: the next record begins another one. */
	if (from == 0 && v->next_ordinal == 1)
		v->next_ordinal = PACK_ORDINAL_MAX + 1;
	return rc < 0 ? rc : 0;
}

/* Does the pack exist? A committed pack that is missing is damage; ledger_check names its records. */
static bool has_pack(const uint32_t *list, size_t count, uint32_t pack)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i] == pack)
			return true;
	}
	return false;
}

static int scan_tail(struct recovery *v, const uint32_t *list, size_t count, uint32_t pack, uint64_t end, uint32_t ordinal)
{
	int rc = 0;
	v->pack = pack;
	v->end = end;
	v->next_ordinal = ordinal;
	if (pack != 0 && has_pack(list, count, pack))
		rc = scan_one(v, pack, end);
	else if (pack != 0)
		v->next_ordinal = PACK_ORDINAL_MAX + 1; /* gone: the next record begins a new pack */
	for (size_t i = 0; i < count && rc == 0; i++) {
		if (list[i] <= pack)
			continue;
		v->next_ordinal = 1;
		rc = scan_one(v, list[i], 0);
	}
	return rc;
}

static int scan_everything(struct recovery *v, const uint32_t *list, size_t count)
{
	int rc = 0;
	for (size_t i = 0; i < count && rc == 0; i++) {
		v->next_ordinal = 1;
		rc = scan_one(v, list[i], 0);
	}
	/* What could not be read may be salvaged one day: a new pack is begun behind it. */
	if (v->damaged)
		v->next_ordinal = PACK_ORDINAL_MAX + 1;
	return rc;
}

static int open_writer(struct recovery *v, const uint32_t *list, size_t count)
{
	struct ledger *l = v->l;
	bool fresh = v->next_ordinal > PACK_ORDINAL_MAX;
	uint64_t end = v->end;
	if (fresh && has_pack(list, count, v->pack)) {
		char path[4096], name[PACK_NAME_SIZE];
		struct stat st;
		struct buf b = BUF_INIT(sizeof path);
		pack_name(v->pack, name);
		buf_printf(&b, "%s/%s", l->packs, name);
		buf_append_byte(&b, 0);
		if (!b.failed && stat((const char *)b.data, &st) == 0)
			end = (uint64_t)st.st_size;
		buf_free(&b);
	}
	l->writer = pack_writer_open(l->packs, v->pack, end, v->next_ordinal, v->err);
	return l->writer != NULL ? 0 : ERR_IO;
}

static int run(struct recovery *v, bool created, const uint32_t *list, size_t count)
{
	struct ledger *l = v->l;
	int64_t pack = 0, end = 0, ordinal = 1, seq = 0;
	int rc = spool_begin(&l->spool, v->err);
	if (rc == 0 && !created) {
		if ((rc = spool_meta_get(&l->spool, "pack", 0, &pack, v->err)) == 0 && (rc = spool_meta_get(&l->spool, "end", 0, &end, v->err)) == 0 &&
		    (rc = spool_meta_get(&l->spool, "ordinal", 1, &ordinal, v->err)) == 0)
			rc = spool_meta_get(&l->spool, "seq", 0, &seq, v->err);
		l->next_seq = (uint64_t)seq;
		if (rc == 0)
			rc = scan_tail(v, list, count, (uint32_t)pack, (uint64_t)end, (uint32_t)ordinal);
	} else if (rc == 0) {
		rc = scan_everything(v, list, count);
		if (rc == 0)
			rc = holds_restore(l, v->err);
		l->next_seq = raised_seq(v->seq_max, v->now_ms);
	}
	if (rc == 0 && (rc = open_writer(v, list, count)) == 0 && (rc = ledger_put_position(l, v->err)) == 0)
		rc = spool_commit(&l->spool, v->err);
	if (rc < 0)
		spool_rollback(&l->spool);
	return rc;
}

int ledger_recover(struct ledger *l, int64_t now_ms, bool created, struct ledger_opened *opened, struct error *err)
{
	uint32_t *list = NULL;
	size_t count = 0;
	pack_sweep(l->packs);
	int rc = pack_list(l->packs, &list, &count, err);
	if (rc < 0)
		return rc;
	struct recovery v = {.l = l, .opened = opened, .err = err, .now_ms = now_ms, .rebuild = created, .next_ordinal = 1};
	opened->created = created && count == 0;
	opened->rebuilt = created && count > 0;
	rc = run(&v, created, list, count);
	memory_free(list);
	return rc;
}
