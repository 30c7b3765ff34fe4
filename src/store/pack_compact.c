/* A pack is written anew under its own number, so that addresses stay; the old file lives until the rename. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/memory.h"
#include "store/pack.h"
#include "store/pack_io.h"
#include "sys/fault.h"

#define COPY_WINDOW (1024 * 1024)

static void new_name(uint32_t pack, char out[PACK_NAME_SIZE])
{
	snprintf(out, PACK_NAME_SIZE, "%08u.new", (unsigned)pack);
}

struct selection {
	const uint32_t *ordinals;
	size_t count, found;
	struct pack_record *records; /* of the ordinals, in their order */
	struct error *err;
};

static int select_record(void *arg, enum pack_finding finding, const struct pack_record *r)
{
	struct selection *s = arg;
	if (finding == PACK_FINDING_GAP || finding == PACK_FINDING_CUT)
		return error_set(s->err, ERR_DAMAGED, "pack %u is damaged at %llu: it is left as it is", r->pack, (unsigned long long)r->offset);
	if (s->found < s->count && s->ordinals[s->found] == r->ordinal)
		s->records[s->found++] = *r;
	return 0;
}

static int copy_record(int from, int to, const struct pack_record *r, uint64_t at, uint8_t *window, struct error *err)
{
	uint64_t left = pack_record_length(r), source = r->offset;
	while (left > 0) {
		size_t n = left < COPY_WINDOW ? (size_t)left : COPY_WINDOW, got, done = 0;
		if (pack_pread(from, window, n, source, &got) < 0 || got < n)
			return error_errno(err, "read pack %u", r->pack);
		while (done < n) {
			ssize_t w = pwrite(to, window + done, n - done, (off_t)(at + done));
			if (w < 0 && errno == EINTR)
				continue;
			if (w <= 0)
				return error_errno(err, "compact pack %u", r->pack);
			done += (size_t)w;
		}
		source += n;
		at += n;
		left -= n;
	}
	return 0;
}

static int copy_all(int from, int to, uint32_t pack, const struct selection *s, uint64_t *offsets, uint64_t *ret_end, struct error *err)
{
	uint8_t header[PACK_FILE_HEADER];
	uint64_t at = PACK_FILE_HEADER;
	int rc = 0, injected = fault_errno(compact_write);
	pack_file_header_encode(pack, header);
	if (injected != 0)
		errno = injected;
	if (injected != 0 || pwrite(to, header, sizeof header, 0) != (ssize_t)sizeof header)
		return error_errno(err, "compact pack %u", pack);
	uint8_t *window = memory_alloc(COPY_WINDOW);
	for (size_t i = 0; i < s->count && rc == 0; i++) {
		offsets[i] = at;
		rc = copy_record(from, to, &s->records[i], at, window, err);
		at += pack_record_length(&s->records[i]);
	}
	memory_free(window);
	if (rc == 0 && fsync(to) < 0)
		rc = error_errno(err, "sync pack %u", pack);
	*ret_end = at;
	return rc;
}

int pack_compact(const char *directory, uint32_t pack, const uint32_t *ordinals, size_t count, uint64_t **ret_offsets, uint64_t *ret_end,
                 struct error *err)
{
	char name[PACK_NAME_SIZE], fresh[PACK_NAME_SIZE];
	struct selection s = {.ordinals = ordinals, .count = count, .err = err};
	uint64_t *offsets = memory_alloc_array(count + 1, sizeof *offsets);
	int rc, from = -1, to = -1, dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s.records = memory_alloc_array(count + 1, sizeof *s.records);
	pack_name(pack, name);
	new_name(pack, fresh);
	if (dir < 0 || (from = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) < 0) {
		rc = error_errno(err, "open pack %u", pack);
		goto out;
	}
	if ((rc = pack_scan(from, pack, 0, false, select_record, &s, NULL, err)) != 0)
		goto out;
	if (s.found < count) {
		rc = error_set(err, ERR_DAMAGED, "pack %u lacks record %u: it is left as it is", pack, ordinals[s.found]);
		goto out;
	}
	if ((to = openat(dir, fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)) < 0) {
		rc = error_errno(err, "compact pack %u", pack);
		goto out;
	}
	if ((rc = copy_all(from, to, pack, &s, offsets, ret_end, err)) < 0)
		unlinkat(dir, fresh, 0);
out:
	if (to >= 0)
		close(to);
	if (from >= 0)
		close(from);
	if (dir >= 0)
		close(dir);
	memory_free(s.records);
	if (rc != 0)
		MEMORY_FREE(&offsets);
	*ret_offsets = offsets;
	return rc;
}

int pack_compact_finish(const char *directory, uint32_t pack, struct error *err)
{
	char name[PACK_NAME_SIZE], fresh[PACK_NAME_SIZE];
	int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_errno(err, "open %s", directory);
	pack_name(pack, name);
	new_name(pack, fresh);
	int rc = renameat(dir, fresh, dir, name) < 0 || fsync(dir) < 0 ? error_errno(err, "rename pack %u", pack) : 0;
	close(dir);
	FAULT_POINT(compact_renamed);
	return rc;
}

int pack_unlink(const char *directory, uint32_t pack, struct error *err)
{
	char name[PACK_NAME_SIZE];
	int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_errno(err, "open %s", directory);
	pack_name(pack, name);
	int rc = 0;
	if ((unlinkat(dir, name, 0) < 0 && errno != ENOENT) || fsync(dir) < 0)
		rc = error_errno(err, "remove pack %u", pack);
	close(dir);
	return rc;
}

void pack_sweep(const char *directory)
{
	DIR *d = opendir(directory);
	if (d == NULL)
		return;
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		if (slice_ends(slice_str(e->d_name), SLICE(".new")))
			unlinkat(dirfd(d), e->d_name, 0);
	}
	closedir(d);
}
