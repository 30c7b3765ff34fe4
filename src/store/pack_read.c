#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/ensure.h"
#include "base/memory.h"
#include "store/pack.h"
#include "store/pack_io.h"

#define OPEN_DEFAULT 16
#define READER_MAGIC 0x7061726eu

struct open_pack {
	uint32_t pack; /* 0: free */
	int fd;
	uint64_t used; /* tick of the last use */
	struct known {
		uint32_t ordinal;
		uint64_t offset;
	} *known;      /* by ordinal; made when a hint was wrong, NULL before */
	size_t count, capacity;
};

struct pack_reader {
	unsigned magic;
	int directory;
	unsigned open_max;
	uint64_t tick;
	struct open_pack *open;
	struct pack_record last; /* the record found last: reads of one message come together; pack 0: none */
	int last_fd;
};

struct pack_reader *pack_reader_open(const char *directory, unsigned open_max, struct error *err)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		error_errno(err, "open %s", directory);
		return NULL;
	}
	struct pack_reader *reader = memory_alloc(sizeof *reader);
	reader->magic = READER_MAGIC;
	reader->directory = fd;
	reader->open_max = open_max ? open_max : OPEN_DEFAULT;
	reader->open = memory_alloc_array(reader->open_max, sizeof *reader->open);
	return reader;
}

static void forget(struct pack_reader *reader, struct open_pack *o)
{
	if (reader->last.pack == o->pack)
		reader->last.pack = 0;
	close(o->fd);
	memory_free(o->known);
	*o = (struct open_pack){0};
}

void pack_reader_close(struct pack_reader **readerp)
{
	struct pack_reader *reader = *readerp;
	if (reader == NULL)
		return;
	ENSURE_MAGIC(reader, READER_MAGIC);
	for (unsigned i = 0; i < reader->open_max; i++) {
		if (reader->open[i].pack != 0)
			forget(reader, &reader->open[i]);
	}
	close(reader->directory);
	memory_free(reader->open);
	memory_free(reader);
	*readerp = NULL;
}

/* A pack that was compacted meanwhile has no name any more: its bytes still hold, but its space is kept as long as we have it open. */
static bool replaced(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && st.st_nlink == 0;
}

static struct open_pack *opened(struct pack_reader *reader, uint32_t pack, struct open_pack **ret_oldest)
{
	struct open_pack *oldest = &reader->open[0];
	for (unsigned i = 0; i < reader->open_max; i++) {
		struct open_pack *o = &reader->open[i];
		if (o->pack == pack && !replaced(o->fd))
			return o;
		if (o->pack == pack)
			forget(reader, o);
		if (o->pack == 0 || (oldest->pack != 0 && o->used < oldest->used))
			oldest = o;
	}
	*ret_oldest = oldest;
	return NULL;
}

static int pack_open(struct pack_reader *reader, uint32_t pack, struct open_pack **ret, struct error *err)
{
	struct open_pack *slot;
	struct open_pack *o = pack ? opened(reader, pack, &slot) : NULL;
	if (pack == 0)
		return error_set(err, ERR_NOT_FOUND, "pack 0");
	if (o == NULL) {
		char name[PACK_NAME_SIZE];
		pack_name(pack, name);
		int fd = openat(reader->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0 && errno == ENOENT)
			return error_set(err, ERR_NOT_FOUND, "pack %u is missing", pack);
		if (fd < 0)
			return error_errno(err, "open pack %u", pack);
		if (slot->pack != 0)
			forget(reader, slot);
		*slot = (struct open_pack){.pack = pack, .fd = fd};
		o = slot;
	}
	o->used = ++reader->tick;
	*ret = o;
	return 0;
}

static int known_add(void *arg, enum pack_finding finding, const struct pack_record *r)
{
	struct open_pack *o = arg;
	if (finding == PACK_FINDING_GAP)
		return 0;
	if (o->count == o->capacity) {
		o->capacity = o->capacity ? 2 * o->capacity : 256;
		o->known = memory_grow(o->known, o->capacity * sizeof *o->known);
	}
	o->known[o->count++] = (struct known){r->ordinal, r->offset};
	return 0;
}

static int by_ordinal(const void *pa, const void *pb)
{
	const struct known *a = pa, *b = pb;
	return (a->ordinal > b->ordinal) - (a->ordinal < b->ordinal);
}

/* After a compaction every hint into the pack is wrong, for ever: one walk over its headers serves them all. */
static bool look_up(struct open_pack *o, const struct place *place, struct pack_record *ret)
{
	struct known wanted = {.ordinal = place->ordinal}, *found;
	if (o->known == NULL && pack_scan(o->fd, o->pack, 0, false, known_add, o, NULL, NULL) == 0 && o->known != NULL)
		qsort(o->known, o->count, sizeof *o->known, by_ordinal);
	if (o->known == NULL)
		return false;
	found = bsearch(&wanted, o->known, o->count, sizeof *o->known, by_ordinal);
	return found != NULL && pack_header_read(o->fd, o->pack, found->offset, ret) == 0 && ret->ordinal == place->ordinal;
}

struct search {
	uint32_t ordinal;
	struct pack_record found;
};

static int search_finding(void *arg, enum pack_finding finding, const struct pack_record *r)
{
	struct search *s = arg;
	if (finding == PACK_FINDING_GAP || r->ordinal != s->ordinal)
		return 0;
	s->found = *r;
	return 1;
}

/* The hint was wrong: the pack was compacted, or its header is damaged. */
static int find_by_scan(int fd, struct place *place, struct pack_record *ret, struct error *err)
{
	struct search s = {.ordinal = place->ordinal};
	int rc = pack_scan(fd, place->pack, 0, false, search_finding, &s, NULL, err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return error_set(err, ERR_NOT_FOUND, "pack %u has no record %u", place->pack, place->ordinal);
	*ret = s.found;
	return 0;
}

static int find(struct pack_reader *reader, struct place *place, int *ret_fd, struct pack_record *ret, struct error *err)
{
	ENSURE_MAGIC(reader, READER_MAGIC);
	if (reader->last.pack != 0 && reader->last.pack == place->pack && reader->last.ordinal == place->ordinal) {
		*ret = reader->last;
		*ret_fd = reader->last_fd;
		place->offset = ret->offset;
		return 0;
	}
	struct pack_record r;
	struct open_pack *o;
	int rc = pack_open(reader, place->pack, &o, err);
	if (rc < 0)
		return rc;
	*ret_fd = o->fd;
	rc = place->offset >= PACK_FILE_HEADER ? pack_header_read(*ret_fd, place->pack, place->offset, &r) : ERR_NOT_FOUND;
	if (rc == ERR_IO)
		return error_errno(err, "read pack %u", place->pack);
	bool damaged = rc == ERR_DAMAGED;
	if (rc < 0 || r.ordinal != place->ordinal)
		rc = look_up(o, place, &r) ? 0 : find_by_scan(*ret_fd, place, &r, err);
	if (rc == ERR_NOT_FOUND && damaged)
		return error_set(err, ERR_DAMAGED, "pack %u, record %u: its header does not verify", place->pack, place->ordinal);
	if (rc < 0)
		return rc;
	place->offset = r.offset;
	*ret = reader->last = r;
	reader->last_fd = *ret_fd;
	return 0;
}

int pack_find(struct pack_reader *reader, struct place *place, struct pack_record *ret, struct error *err)
{
	struct pack_record r;
	int fd;
	int rc = find(reader, place, &fd, &r, err);
	if (rc == 0 && ret != NULL)
		*ret = r;
	return rc;
}

int pack_record_size(struct pack_reader *reader, struct place *place, uint64_t *ret_size, struct error *err)
{
	struct pack_record r;
	int rc = pack_find(reader, place, &r, err);
	if (rc == 0)
		*ret_size = r.record_size;
	return rc;
}

static int read_part(int fd, const struct place *place, uint64_t offset, void *p, size_t n, struct error *err)
{
	size_t got;
	if (pack_pread(fd, p, n, offset, &got) < 0)
		return error_errno(err, "read pack %u", place->pack);
	if (got < n)
		return error_set(err, ERR_DAMAGED, "pack %u, record %u: it is cut", place->pack, place->ordinal);
	return 0;
}

int pack_read(struct pack_reader *reader, struct place *place, uint64_t offset, void *p, size_t n, struct error *err)
{
	struct pack_record r;
	int fd;
	int rc = find(reader, place, &fd, &r, err);
	if (rc < 0)
		return rc;
	if (offset > r.record_size || n > r.record_size - offset)
		return error_set(err, ERR_DAMAGED, "pack %u, record %u: it ends at %llu", place->pack, place->ordinal, (unsigned long long)r.record_size);
	return read_part(fd, place, r.offset + PACK_RECORD_HEADER + r.entry_size + offset, p, n, err);
}

int pack_read_entry(struct pack_reader *reader, struct place *place, struct buf *out, struct error *err)
{
	struct pack_record r;
	int fd;
	int rc = find(reader, place, &fd, &r, err);
	if (rc < 0)
		return rc;
	uint8_t *p = buf_reserve(out, r.entry_size);
	if (p == NULL)
		return error_set(err, ERR_LIMIT, "pack %u, record %u: its entry is too large", place->pack, place->ordinal);
	if ((rc = read_part(fd, place, r.offset + PACK_RECORD_HEADER, p, r.entry_size, err)) == 0)
		buf_commit(out, r.entry_size);
	return rc;
}

int pack_verify(struct pack_reader *reader, struct place *place, struct error *err)
{
	struct pack_record r;
	int fd;
	bool cut;
	int rc = find(reader, place, &fd, &r, err);
	if (rc < 0)
		return rc;
	rc = pack_contents_verify(fd, &r, &cut);
	if (rc == ERR_DAMAGED)
		return error_set(err, ERR_DAMAGED, "pack %u, record %u: %s", place->pack, place->ordinal, cut ? "it is cut" : "it does not verify");
	return rc < 0 ? error_errno(err, "read pack %u", place->pack) : 0;
}
