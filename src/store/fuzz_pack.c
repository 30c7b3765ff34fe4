/* A pack of any bytes: the scan ends, stays inside the file, and what it calls a record verifies when it is read again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/endian.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "store/pack.h"

struct seen {
	uint64_t at, size;
};

static int finding(void *arg, enum pack_finding f, const struct pack_record *r)
{
	struct seen *s = arg;
	ENSURE(r->offset >= s->at && r->offset < s->size);
	if (f == PACK_FINDING_RECORD)
		ENSURE(r->offset + pack_record_length(r) <= s->size);
	s->at = r->offset + 1;
	return 0;
}

/* Headers get their checksum mended, so that the fuzzer comes behind it. */
static void mend(uint8_t *p, size_t n)
{
	for (size_t at = PACK_FILE_HEADER; at + PACK_RECORD_HEADER <= n;) {
		uint64_t entry = get_u32(p + at + 24), record = get_u64(p + at + 32), next = at + PACK_RECORD_HEADER;
		if (get_u32(p + at) != 0x4c4c5243)
			return;
		if (entry <= n - next && record <= n - next - entry) {
			put_u32(p + at + 28, pack_checksum(slice_make(p + next, entry)));
			put_u32(p + at + 40, pack_checksum(slice_make(p + next + entry, record)));
			next += entry + record;
		}
		put_u32(p + at + 60, pack_checksum(slice_make(p + at, 60)));
		at = next;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct seen s = {.size = size};
	uint64_t end;
	if (size < 2 || size > 65536)
		return 0;
	uint8_t *copy = memory_alloc(size);
	memcpy(copy, data, size);
	if (copy[0] & 1)
		mend(copy, size);
	if (fd < 0)
		fd = memfd_create("pack", 0);
	ENSURE(ftruncate(fd, 0) == 0 && pwrite(fd, copy, size, 0) == (ssize_t)size);
	ENSURE(pack_scan(fd, 1, 0, true, finding, &s, &end, NULL) == 0);
	ENSURE(end <= size || end == PACK_FILE_HEADER);
	memory_free(copy);
	return 0;
}
