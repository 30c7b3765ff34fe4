#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "store/pack.h"
#include "store/pack_io.h"
#include "sys/fault.h"

#define WRITER_MAGIC 0x7061776fu
#define RUNS_MAX 4096 /* packs that one group may touch; records above PACK_SIZE have one each */

/* The part of a group that lies in one pack: adjacent bytes, written by one pwritev (or a few). */
struct run {
	uint32_t pack;
	int fd;
	bool fresh;          /* the pack was begun by this group */
	uint64_t start, end;
	struct iovec *pieces;
	size_t piece_count, piece_capacity;
};

struct position {
	uint32_t pack;
	uint64_t end;
	uint32_t next_ordinal;
};

struct pack_writer {
	unsigned magic;
	int directory;
	int fd;              /* of the committed pack, -1: none */
	struct position committed, next;
	struct run *runs;
	size_t run_count;
	struct arena group;  /* headers of the group */
	bool poisoned;       /* a sync of the committed pack failed: what it holds behind `committed` is unknown */
};

static int open_committed(struct pack_writer *w, struct error *err)
{
	char name[PACK_NAME_SIZE];
	struct stat st;
	bool zeros;
	pack_name(w->committed.pack, name);
	w->fd = openat(w->directory, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (w->fd < 0 || fstat(w->fd, &st) < 0)
		return error_errno(err, "open pack %u", w->committed.pack);
	if ((uint64_t)st.st_size < w->committed.end)
		return error_set(err, ERR_DAMAGED, "pack %u ends before its last committed record", w->committed.pack);
	if (pack_zeros_from(w->fd, w->committed.end, &zeros) < 0)
		return error_errno(err, "read pack %u", w->committed.pack);
	if (!zeros && (ftruncate(w->fd, (off_t)w->committed.end) < 0 || fdatasync(w->fd) < 0))
		return error_errno(err, "cut pack %u", w->committed.pack);
	return 0;
}

struct pack_writer *pack_writer_open(const char *directory, uint32_t pack, uint64_t end, uint32_t next_ordinal, struct error *err)
{
	struct pack_writer *w = memory_alloc(sizeof *w);
	w->magic = WRITER_MAGIC;
	w->fd = -1;
	w->committed = w->next = (struct position){.pack = pack, .end = end, .next_ordinal = next_ordinal};
	w->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->directory < 0)
		error_errno(err, "open %s", directory);
	if (w->directory < 0 || (pack != 0 && open_committed(w, err) < 0))
		pack_writer_close(&w);
	return w;
}

static void drop_runs(struct pack_writer *w)
{
	for (size_t i = 0; i < w->run_count; i++) {
		if (w->runs[i].fd >= 0 && w->runs[i].fd != w->fd)
			close(w->runs[i].fd);
		memory_free(w->runs[i].pieces);
	}
	MEMORY_FREE(&w->runs);
	w->run_count = 0;
	arena_reset(&w->group);
}

void pack_writer_close(struct pack_writer **wp)
{
	struct pack_writer *w = *wp;
	if (w == NULL)
		return;
	ENSURE_MAGIC(w, WRITER_MAGIC);
	drop_runs(w);
	arena_free(&w->group);
	if (w->fd >= 0)
		close(w->fd);
	if (w->directory >= 0)
		close(w->directory);
	memory_free(w);
	*wp = NULL;
}

static struct run *add_run(struct pack_writer *w, uint32_t pack, int fd, bool fresh, uint64_t start)
{
	w->runs = memory_grow(w->runs, (w->run_count + 1) * sizeof *w->runs);
	struct run *run = &w->runs[w->run_count++];
	*run = (struct run){.pack = pack, .fd = fd, .fresh = fresh, .start = start, .end = start};
	return run;
}

static void add_piece(struct run *run, struct slice s)
{
	if (s.n == 0)
		return;
	if (run->piece_count == run->piece_capacity) {
		run->piece_capacity = run->piece_capacity ? 2 * run->piece_capacity : 64;
		run->pieces = memory_grow(run->pieces, run->piece_capacity * sizeof *run->pieces);
	}
	run->pieces[run->piece_count++] = (struct iovec){.iov_base = (void *)(uintptr_t)s.p, .iov_len = s.n};
	run->end += s.n;
}

/* The spare under the new name, else an empty file. The name must be free: what a crash left there is looked at first, at start. */
static int create_pack(const struct pack_writer *w, uint32_t *pack, struct error *err)
{
	char name[PACK_NAME_SIZE];
	int injected = fault_errno(pack_create);
	do {
		if (*pack >= PACK_NUMBER_MAX)
			return error_set(err, ERR_LIMIT, "no pack number is left");
		pack_name(++*pack, name);
	} while (faccessat(w->directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
	if (injected != 0) {
		errno = injected;
		return error_errno(err, "create pack %u", *pack);
	}
	bool spare = renameat(w->directory, PACK_SPARE_NAME, w->directory, name) == 0;
	if (!spare && errno != ENOENT)
		return error_errno(err, "create pack %u", *pack);
	int fd = openat(w->directory, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_errno(err, "create pack %u", *pack);
	if (spare)
		(void)!ftruncate(fd, PACK_SIZE); /* a little longer, in blocks that are not there yet: no harm when it fails */
	return fd;
}

static int next_pack(struct pack_writer *w, struct error *err)
{
	uint32_t pack = w->next.pack;
	if (w->run_count >= RUNS_MAX)
		return error_set(err, ERR_LIMIT, "the group touches too many packs");
	int fd = create_pack(w, &pack, err);
	if (fd < 0)
		return fd;
	struct run *run = add_run(w, pack, fd, true, 0);
	uint8_t *header = arena_alloc(&w->group, PACK_FILE_HEADER);
	pack_file_header_encode(pack, header);
	add_piece(run, slice_make(header, PACK_FILE_HEADER));
	w->next = (struct position){.pack = pack, .end = PACK_FILE_HEADER, .next_ordinal = 1};
	return 0;
}

int pack_writer_place(struct pack_writer *w, size_t entry_size, uint64_t record_size, struct place *ret, struct error *err)
{
	ENSURE_MAGIC(w, WRITER_MAGIC);
	if (entry_size > PACK_ENTRY_MAX || record_size > PACK_RECORD_MAX)
		return error_set(err, ERR_LIMIT, "the record is too large for a pack");
	uint64_t length = PACK_RECORD_HEADER + entry_size + record_size;
	bool full = w->next.end > PACK_FILE_HEADER && w->next.end + length > PACK_SIZE;
	if (w->next.pack == 0 || full || w->poisoned || w->next.next_ordinal > PACK_ORDINAL_MAX) {
		int rc = next_pack(w, err);
		if (rc < 0)
			return rc;
		w->poisoned = false;
	} else if (w->run_count == 0) {
		add_run(w, w->next.pack, w->fd, false, w->next.end);
	}
	*ret = (struct place){.pack = w->next.pack, .ordinal = w->next.next_ordinal, .offset = w->next.end};
	return 0;
}

int pack_writer_turn(struct pack_writer *w, struct error *err)
{
	ENSURE_MAGIC(w, WRITER_MAGIC);
	ENSURE(w->run_count == 0);
	if (w->next.pack == 0 || w->next.end <= PACK_FILE_HEADER)
		return 0;
	int rc = next_pack(w, err);
	if (rc < 0)
		return rc;
	w->poisoned = false;
	return 1;
}

void pack_writer_add(struct pack_writer *w, const struct pack_append *a)
{
	ENSURE_MAGIC(w, WRITER_MAGIC);
	ENSURE(w->run_count > 0 && a->place.pack == w->next.pack && a->place.ordinal == w->next.next_ordinal);
	struct run *run = &w->runs[w->run_count - 1];
	struct pack_record r = {
		.pack = a->place.pack, .ordinal = a->place.ordinal, .seq = a->seq,
		.entry_size = (uint32_t)a->entry.n, .record_size = a->record.n,
		.entry_sum = pack_checksum(a->entry), .record_sum = pack_checksum(a->record),
	};
	uint8_t *header = arena_alloc(&w->group, PACK_RECORD_HEADER);
	pack_header_encode(&r, header);
	add_piece(run, slice_make(header, PACK_RECORD_HEADER));
	add_piece(run, a->entry);
	add_piece(run, a->record);
	w->next.end += pack_record_length(&r);
	w->next.next_ordinal++;
	ENSURE(run->end == w->next.end);
}

/* Moves over n written bytes. */
static void advance(struct iovec **pieces, size_t *count, size_t n)
{
	while (*count > 0 && n >= (*pieces)->iov_len) {
		n -= (*pieces)->iov_len;
		++*pieces;
		--*count;
	}
	if (*count > 0) {
		(*pieces)->iov_base = (uint8_t *)(*pieces)->iov_base + n;
		(*pieces)->iov_len -= n;
	}
}

static int write_run(struct run *run, struct error *err)
{
	struct iovec *pieces = run->pieces;
	size_t count = run->piece_count;
	uint64_t at = run->start;
	int injected = fault_errno(pack_write);
	if (injected != 0) {
		errno = injected;
		return error_errno(err, "write pack %u", run->pack);
	}
	while (count > 0) {
		ssize_t n = pwritev(run->fd, pieces, (int)(count < IOV_MAX ? count : IOV_MAX), (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_errno(err, "write pack %u", run->pack);
		at += (uint64_t)n;
		advance(&pieces, &count, (size_t)n);
	}
	return 0;
}

static int sync_run(struct pack_writer *w, const struct run *run, struct error *err)
{
	int injected = fault_errno(pack_sync);
	if (injected != 0)
		errno = injected;
	if (injected != 0 || fdatasync(run->fd) < 0 || (run->fresh && fsync(w->directory) < 0)) {
		if (!run->fresh)
			w->poisoned = true;
		return error_errno(err, "sync pack %u", run->pack);
	}
	return 0;
}

int pack_writer_flush(struct pack_writer *w, struct error *err)
{
	ENSURE_MAGIC(w, WRITER_MAGIC);
	int rc = 0;
	for (size_t i = 0; i < w->run_count && rc == 0; i++)
		rc = write_run(&w->runs[i], err);
	FAULT_POINT(pack_written);
	for (size_t i = 0; i < w->run_count && rc == 0; i++)
		rc = sync_run(w, &w->runs[i], err);
	FAULT_POINT(pack_synced);
	return rc;
}

void pack_writer_commit(struct pack_writer *w)
{
	ENSURE_MAGIC(w, WRITER_MAGIC);
	if (w->run_count > 0) {
		int newest = w->runs[w->run_count - 1].fd;
		if (newest != w->fd) {
			if (w->fd >= 0)
				close(w->fd);
			/* The first run may have shared the descriptor that was just closed. */
			for (size_t i = 0; i < w->run_count; i++) {
				if (w->runs[i].fd == w->fd)
					w->runs[i].fd = -1;
			}
			w->fd = newest;
		}
	}
	w->committed = w->next;
	drop_runs(w);
}

/* Nothing of the failed group may be found by a later scan. */
static void clear_tail(struct pack_writer *w, uint64_t end)
{
	uint64_t from = w->committed.end;
	if (end > from && (pack_write_zeros(w->fd, from, end) < 0 || fdatasync(w->fd) < 0) &&
	    (ftruncate(w->fd, (off_t)from) < 0 || fdatasync(w->fd) < 0))
		w->poisoned = true;
}

void pack_writer_rollback(struct pack_writer *w)
{
	ENSURE_MAGIC(w, WRITER_MAGIC);
	for (size_t i = 0; i < w->run_count; i++) {
		const struct run *run = &w->runs[i];
		char name[PACK_NAME_SIZE];
		pack_name(run->pack, name);
		if (run->fresh)
			unlinkat(w->directory, name, 0);
		else
			clear_tail(w, run->end);
	}
	w->next = w->committed;
	drop_runs(w);
}

void pack_writer_position(const struct pack_writer *w, uint32_t *ret_pack, uint64_t *ret_end, uint32_t *ret_next_ordinal)
{
	ENSURE_MAGIC(w, WRITER_MAGIC);
	*ret_pack = w->next.pack;
	*ret_end = w->next.end;
	*ret_next_ordinal = w->next.next_ordinal;
}

uint64_t pack_writer_prepared(const struct pack_writer *w)
{
	struct stat st;
	uint64_t prepared = 0;
	if (fstatat(w->directory, PACK_SPARE_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0)
		prepared += (uint64_t)st.st_size;
	if (w->fd >= 0 && fstat(w->fd, &st) == 0 && (uint64_t)st.st_size > w->next.end)
		prepared += (uint64_t)st.st_size - w->next.end;
	return prepared;
}
