/* Walking a pack: at start behind the committed position, for rebuild, scrub and salvage. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/endian.h"
#include "base/memory.h"
#include "store/pack.h"
#include "store/pack_io.h"

int pack_header_read(int fd, uint32_t pack, uint64_t offset, struct pack_record *ret)
{
	uint8_t header[PACK_RECORD_HEADER];
	size_t got;
	if (pack_pread(fd, header, sizeof header, offset, &got) < 0)
		return ERR_IO;
	if (got < sizeof header) {
		for (size_t i = 0; i < got; i++) {
			if (header[i] != 0)
				return ERR_DAMAGED;
		}
		return ERR_NOT_FOUND;
	}
	struct pack_record r = {.offset = offset};
	int rc = pack_header_decode(header, &r);
	if (rc == 0 && r.pack != pack)
		rc = ERR_DAMAGED;
	if (rc == 0)
		*ret = r;
	return rc;
}

/* Reads into fresh memory, so that a file that is cut meanwhile gives an error and not a signal. */
static int part_verify(int fd, uint64_t offset, uint64_t size, uint32_t sum, bool *ret_cut)
{
	size_t got = 0;
	uint8_t *p = mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return ERR_IO;
	int rc = pack_pread(fd, p, size, offset, &got);
	if (rc == 0 && got < size) {
		*ret_cut = true;
		rc = ERR_DAMAGED;
	} else if (rc == 0 && pack_checksum(slice_make(p, size)) != sum) {
		rc = ERR_DAMAGED;
	}
	munmap(p, size ? size : 1);
	return rc;
}

int pack_contents_verify(int fd, const struct pack_record *r, bool *ret_cut)
{
	struct stat st;
	*ret_cut = false;
	if (fstat(fd, &st) < 0)
		return ERR_IO;
	if (r->offset + pack_record_length(r) > (uint64_t)st.st_size) {
		*ret_cut = true;
		return ERR_DAMAGED;
	}
	uint64_t entry = r->offset + PACK_RECORD_HEADER;
	int rc = part_verify(fd, entry, r->entry_size, r->entry_sum, ret_cut);
	return rc < 0 ? rc : part_verify(fd, entry + r->entry_size, r->record_size, r->record_sum, ret_cut);
}

/* The offset of the next header that verifies at or behind `from`; the file's size when there is none. */
static int next_header(int fd, uint32_t pack, uint64_t from, uint64_t *ret_offset)
{
	enum { WINDOW = 64 * 1024 };
	uint8_t *window = memory_alloc(WINDOW);
	uint8_t magic[4];
	int rc = 0;
	put_u32(magic, PACK_RECORD_MAGIC);
	for (uint64_t at = from;;) {
		size_t got;
		if ((rc = pack_pread(fd, window, WINDOW, at, &got)) < 0)
			break;
		*ret_offset = at + got;
		ptrdiff_t found = slice_search(slice_make(window, got), slice_make(magic, sizeof magic));
		if (found < 0 && got < WINDOW)
			break;
		if (found < 0) {
			at += got - (sizeof magic - 1);
			continue;
		}
		struct pack_record r;
		*ret_offset = at + (size_t)found;
		if ((rc = pack_header_read(fd, pack, *ret_offset, &r)) == 0 || rc == ERR_IO)
			break;
		at = *ret_offset + 1;
	}
	memory_free(window);
	return rc == ERR_IO ? ERR_IO : 0;
}

int pack_zeros_from(int fd, uint64_t from, bool *ret_zeros)
{
	enum { WINDOW = 64 * 1024 };
	uint8_t *window = memory_alloc(WINDOW);
	size_t got = 0;
	int rc = 0;
	*ret_zeros = true;
	for (uint64_t at = from; *ret_zeros; at += got) {
		if ((rc = pack_pread(fd, window, WINDOW, at, &got)) < 0 || got == 0)
			break;
		if (window[0] != 0 || memcmp(window, window + 1, got - 1) != 0)
			*ret_zeros = false;
	}
	memory_free(window);
	return rc;
}

struct walk {
	int fd;
	uint32_t pack;
	bool verify;
	pack_scan_fn *fn;
	void *arg;
};

static int report(const struct walk *w, enum pack_finding finding, const struct pack_record *r)
{
	return w->fn != NULL ? w->fn(w->arg, finding, r) : 0;
}

static enum pack_finding judge(const struct walk *w, const struct pack_record *r, uint64_t file_size, int *ret_rc)
{
	bool cut = r->offset + pack_record_length(r) > file_size;
	*ret_rc = 0;
	if (!cut && w->verify)
		*ret_rc = pack_contents_verify(w->fd, r, &cut);
	if (cut)
		return PACK_FINDING_CUT;
	return *ret_rc == ERR_DAMAGED ? PACK_FINDING_DAMAGED : PACK_FINDING_RECORD;
}

/* Bytes at `at` are no record: jumps to the next one. *at is the file's size when there is none. */
static int step_over(const struct walk *w, uint64_t *at, uint64_t file_size)
{
	struct pack_record gap = {.pack = w->pack, .offset = *at};
	uint64_t next = file_size;
	bool zeros;
	int rc = pack_zeros_from(w->fd, *at, &zeros);
	if (rc < 0)
		return rc;
	if (zeros) {
		*at = file_size;
		return 0;
	}
	if ((rc = next_header(w->fd, w->pack, *at + 1, &next)) < 0)
		return rc;
	gap.record_size = next - *at;
	*at = next;
	return report(w, PACK_FINDING_GAP, &gap);
}

int pack_scan(int fd, uint32_t pack, uint64_t from, bool verify, pack_scan_fn *fn, void *arg, uint64_t *ret_end, struct error *err)
{
	struct walk w = {.fd = fd, .pack = pack, .verify = verify, .fn = fn, .arg = arg};
	struct stat st;
	if (fstat(fd, &st) < 0)
		return error_errno(err, "pack %u", pack);
	uint64_t size = (uint64_t)st.st_size, at = from ? from : PACK_FILE_HEADER, end = at;
	int rc = 0;
	while (at < size) {
		struct pack_record r = {0};
		rc = pack_header_read(fd, pack, at, &r);
		if (rc == 0) {
			int verified;
			enum pack_finding finding = judge(&w, &r, size, &verified);
			if (verified == ERR_IO) {
				rc = error_set(err, ERR_IO, "pack %u cannot be read at %llu", pack, (unsigned long long)at);
				break;
			}
			at += pack_record_length(&r);
			if (finding != PACK_FINDING_CUT)
				end = at;
			rc = report(&w, finding, &r);
		} else if (rc == ERR_IO) {
			rc = error_errno(err, "pack %u", pack);
		} else {
			rc = step_over(&w, &at, size);
		}
		if (rc != 0)
			break;
	}
	if (ret_end != NULL)
		*ret_end = end;
	return rc;
}

static int open_pack(int directory_fd, uint32_t pack, struct error *err)
{
	char name[PACK_NAME_SIZE];
	pack_name(pack, name);
	int fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return error_set(err, ERR_NOT_FOUND, "pack %u is missing", pack);
	return fd < 0 ? error_errno(err, "open pack %u", pack) : fd;
}

struct scrub {
	struct pack_scrub_result *result;
	pack_scan_fn *fn;
	void *arg;
};

static int scrub_finding(void *arg, enum pack_finding finding, const struct pack_record *r)
{
	struct scrub *s = arg;
	switch (finding) {
	case PACK_FINDING_RECORD:
		s->result->records++;
		s->result->bytes += pack_record_length(r);
		break;
	case PACK_FINDING_DAMAGED:
	case PACK_FINDING_CUT:
		s->result->damaged++;
		break;
	case PACK_FINDING_GAP:
		s->result->gaps++;
		break;
	}
	return s->fn != NULL ? s->fn(s->arg, finding, r) : 0;
}

int pack_scrub(int directory_fd, uint32_t pack, pack_scan_fn *fn, void *arg, struct pack_scrub_result *ret, struct error *err)
{
	struct scrub s = {.result = ret, .fn = fn, .arg = arg};
	*ret = (struct pack_scrub_result){0};
	int fd = open_pack(directory_fd, pack, err);
	if (fd < 0)
		return fd;
	int rc = pack_scan(fd, pack, 0, true, scrub_finding, &s, NULL, err);
	close(fd);
	return rc;
}

struct check {
	uint32_t pack, last_ordinal;
	struct error *err;
};

static int check_finding(void *arg, enum pack_finding finding, const struct pack_record *r)
{
	struct check *c = arg;
	unsigned long long at = r->offset;
	if (finding == PACK_FINDING_GAP)
		return error_set(c->err, ERR_DAMAGED, "pack %u: no record at %llu", c->pack, at);
	if (finding == PACK_FINDING_CUT)
		return error_set(c->err, ERR_DAMAGED, "pack %u: record %u at %llu is cut", c->pack, r->ordinal, at);
	if (finding == PACK_FINDING_DAMAGED)
		return error_set(c->err, ERR_DAMAGED, "pack %u: record %u at %llu does not verify", c->pack, r->ordinal, at);
	if (r->ordinal <= c->last_ordinal)
		return error_set(c->err, ERR_DAMAGED, "pack %u: record %u follows %u", c->pack, r->ordinal, c->last_ordinal);
	c->last_ordinal = r->ordinal;
	return 0;
}

int pack_check(int directory_fd, uint32_t pack, struct error *err)
{
	struct check c = {.pack = pack, .err = err};
	uint8_t header[PACK_FILE_HEADER];
	uint32_t number = 0;
	size_t got;
	int fd = open_pack(directory_fd, pack, err);
	if (fd < 0)
		return fd;
	int rc = pack_pread(fd, header, sizeof header, 0, &got);
	if (rc < 0)
		rc = error_errno(err, "pack %u", pack);
	else if (got < sizeof header || pack_file_header_decode(header, &number) < 0 || number != pack)
		rc = error_set(err, ERR_DAMAGED, "pack %u: its file header does not verify", pack);
	else
		rc = pack_scan(fd, pack, 0, true, check_finding, &c, NULL, err);
	close(fd);
	return rc;
}
