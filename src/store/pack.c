#include "store/pack.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/endian.h"
#include "base/memory.h"
#include "crypt/checksum.h"
#include "store/pack_io.h"

static const uint8_t file_magic[8] = {'L', 'L', 'p', 'a', 'c', 'k', 0, PACK_VERSION};

enum { /* offsets in the record header */
	H_MAGIC = 0, H_VERSION = 4, H_FLAGS = 6, H_PACK = 8, H_ORDINAL = 12, H_SEQ = 16, H_ENTRY_SIZE = 24, H_ENTRY_SUM = 28, H_RECORD_SIZE = 32,
	H_RECORD_SUM = 40, H_RESERVED = 44, H_SUM = 60,
};
_Static_assert(H_SUM + 4 == PACK_RECORD_HEADER, "the header's checksum is its last field");

uint32_t pack_checksum(struct slice s)
{
	return checksum_crc32c(0, s);
}

void pack_header_encode(const struct pack_record *r, uint8_t out[PACK_RECORD_HEADER])
{
	memset(out, 0, PACK_RECORD_HEADER);
	put_u32(out + H_MAGIC, PACK_RECORD_MAGIC);
	put_u16(out + H_VERSION, PACK_VERSION);
	put_u32(out + H_PACK, r->pack);
	put_u32(out + H_ORDINAL, r->ordinal);
	put_u64(out + H_SEQ, r->seq);
	put_u32(out + H_ENTRY_SIZE, r->entry_size);
	put_u64(out + H_RECORD_SIZE, r->record_size);
	put_u32(out + H_ENTRY_SUM, r->entry_sum);
	put_u32(out + H_RECORD_SUM, r->record_sum);
	put_u32(out + H_SUM, pack_checksum(slice_make(out, H_SUM)));
}

static bool all_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] != 0)
			return false;
	}
	return true;
}

int pack_header_decode(const uint8_t in[PACK_RECORD_HEADER], struct pack_record *ret)
{
	if (all_zero(in, PACK_RECORD_HEADER))
		return ERR_NOT_FOUND;
	if (get_u32(in + H_MAGIC) != PACK_RECORD_MAGIC || get_u32(in + H_SUM) != pack_checksum(slice_make(in, H_SUM)))
		return ERR_DAMAGED;
	if (get_u16(in + H_VERSION) != PACK_VERSION || get_u16(in + H_FLAGS) != 0)
		return ERR_UNSUPPORTED;
	struct pack_record r = {
		.pack = get_u32(in + H_PACK),
		.ordinal = get_u32(in + H_ORDINAL),
		.seq = get_u64(in + H_SEQ),
		.entry_size = get_u32(in + H_ENTRY_SIZE),
		.record_size = get_u64(in + H_RECORD_SIZE),
		.entry_sum = get_u32(in + H_ENTRY_SUM),
		.record_sum = get_u32(in + H_RECORD_SUM),
		.offset = ret->offset,
	};
	if (r.pack == 0 || r.pack > PACK_NUMBER_MAX || r.ordinal == 0 || r.ordinal > PACK_ORDINAL_MAX || r.entry_size > PACK_ENTRY_MAX ||
	    r.record_size > PACK_RECORD_MAX || !all_zero(in + H_RESERVED, H_SUM - H_RESERVED))
		return ERR_DAMAGED;
	*ret = r;
	return 0;
}

/* magic 8, pack 4, zeros, checksum 4 */
void pack_file_header_encode(uint32_t pack, uint8_t out[PACK_FILE_HEADER])
{
	memset(out, 0, PACK_FILE_HEADER);
	memcpy(out, file_magic, sizeof file_magic);
	put_u32(out + 8, pack);
	put_u32(out + PACK_FILE_HEADER - 4, pack_checksum(slice_make(out, PACK_FILE_HEADER - 4)));
}

int pack_file_header_decode(const uint8_t in[PACK_FILE_HEADER], uint32_t *ret_pack)
{
	if (all_zero(in, PACK_FILE_HEADER))
		return ERR_NOT_FOUND;
	if (get_u32(in + PACK_FILE_HEADER - 4) != pack_checksum(slice_make(in, PACK_FILE_HEADER - 4)))
		return ERR_DAMAGED;
	if (memcmp(in, file_magic, sizeof file_magic) != 0)
		return memcmp(in, file_magic, sizeof file_magic - 2) == 0 ? ERR_UNSUPPORTED : ERR_DAMAGED;
	*ret_pack = get_u32(in + 8);
	return 0;
}

void pack_name(uint32_t pack, char out[PACK_NAME_SIZE])
{
	snprintf(out, PACK_NAME_SIZE, "%08u.pack", (unsigned)pack);
}

uint32_t pack_number(const char *name)
{
	struct slice s = slice_str(name);
	uint32_t number;
	if (!slice_ends(s, SLICE(".pack")) || s.n < 13 || slice_to_u32(slice_sub(s, 0, s.n - 5), &number) < 0 || number > PACK_NUMBER_MAX)
		return 0;
	return number;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

int pack_list(const char *directory, uint32_t **ret, size_t *ret_count, struct error *err)
{
	DIR *d = opendir(directory);
	if (d == NULL)
		return error_errno(err, "open %s", directory);
	uint32_t *list = NULL;
	size_t count = 0, capacity = 0;
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		uint32_t number = pack_number(e->d_name);
		if (number == 0)
			continue;
		if (count == capacity)
			list = memory_grow(list, (capacity = capacity ? 2 * capacity : 16) * sizeof *list);
		list[count++] = number;
	}
	closedir(d);
	if (count > 1)
		qsort(list, count, sizeof *list, compare_numbers);
	*ret = list;
	*ret_count = count;
	return 0;
}

int pack_pread(int fd, void *p, size_t n, uint64_t offset, size_t *ret_got)
{
	size_t got = 0;
	while (got < n) {
		ssize_t r = pread(fd, (uint8_t *)p + got, n - got, (off_t)(offset + got));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return ERR_IO;
		if (r == 0)
			break;
		got += (size_t)r;
	}
	*ret_got = got;
	return 0;
}

int pack_write_zeros(int fd, uint64_t from, uint64_t to)
{
	static const uint8_t zeros[256 * 1024];
	while (from < to) {
		size_t n = to - from < sizeof zeros ? (size_t)(to - from) : sizeof zeros;
		ssize_t w = pwrite(fd, zeros, n, (off_t)from);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return -1;
		from += (uint64_t)w;
	}
	return 0;
}
