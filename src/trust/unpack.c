#include "trust/unpack.h"

#include <string.h>
#include <zlib.h>

#include "base/ensure.h"
#include "base/error.h"

#define PIECE 65536
#define GZIP_BITS (15 + 16)
#define RAW_BITS (-15)
#define ZIP_END_SIZE 22
#define ZIP_COMMENT_MAX 65535
#define ZIP_ENTRY_SIZE 46
#define ZIP_LOCAL_SIZE 30
#define ZIP_ENCRYPTED 1

static uint16_t le16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static uint32_t le32(const uint8_t *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24; }

static int inflate_all(struct slice in, int bits, struct buf *out)
{
	z_stream z = {.next_in = (Bytef *)in.p, .avail_in = (uInt)in.n};
	int rc = Z_OK;
	if (in.n > UINT32_MAX / 2)
		return ERR_LIMIT;
	ENSURE(inflateInit2(&z, bits) == Z_OK);
	while (rc == Z_OK) {
		uint8_t piece[PIECE];
		z.next_out = piece;
		z.avail_out = sizeof piece;
		rc = inflate(&z, Z_NO_FLUSH);
		buf_append_bytes(out, piece, sizeof piece - z.avail_out);
		if (out->failed)
			break;
		/* gzip files may follow each other (RFC 1952 2.2). */
		if (rc == Z_STREAM_END && bits == GZIP_BITS && z.avail_in > 18 && z.next_in[0] == 0x1f && z.next_in[1] == 0x8b)
			rc = inflateReset(&z);
	}
	inflateEnd(&z);
	return out->failed ? ERR_LIMIT : rc == Z_STREAM_END ? 0 : ERR_INVALID;
}

/* ---- ZIP ---- */

struct entry {
	struct slice name;
	uint16_t flags, method;
	uint32_t crc, packed, size, offset;
};

/* The end record; its comment may follow. */
static bool find_end(struct slice in, size_t *ret)
{
	size_t lowest = in.n > ZIP_END_SIZE + ZIP_COMMENT_MAX ? in.n - ZIP_END_SIZE - ZIP_COMMENT_MAX : 0;
	if (in.n < ZIP_END_SIZE)
		return false;
	for (size_t i = in.n - ZIP_END_SIZE + 1; i-- > lowest;)
		if (memcmp(in.p + i, "PK\5\6", 4) == 0) {
			*ret = i;
			return true;
		}
	return false;
}

static bool take_entry(struct slice *directory, struct entry *e)
{
	const uint8_t *p = directory->p;
	if (directory->n < ZIP_ENTRY_SIZE || memcmp(p, "PK\1\2", 4) != 0)
		return false;
	size_t name = le16(p + 28), whole = ZIP_ENTRY_SIZE + name + le16(p + 30) + le16(p + 32);
	if (whole > directory->n)
		return false;
	*e = (struct entry){.flags = le16(p + 8), .method = le16(p + 10), .crc = le32(p + 16), .packed = le32(p + 20), .size = le32(p + 24),
		.offset = le32(p + 42), .name = slice_sub(*directory, ZIP_ENTRY_SIZE, ZIP_ENTRY_SIZE + name)};
	*directory = slice_from(*directory, whole);
	return true;
}

static int unpack_entry(struct slice in, const struct entry *e, struct buf *out)
{
	if ((e->flags & ZIP_ENCRYPTED) != 0 || (e->method != 0 && e->method != 8))
		return ERR_UNSUPPORTED;
	if (e->offset > in.n || in.n - e->offset < ZIP_LOCAL_SIZE || memcmp(in.p + e->offset, "PK\3\4", 4) != 0)
		return ERR_INVALID;
	size_t start = e->offset + (size_t)ZIP_LOCAL_SIZE + le16(in.p + e->offset + 26) + le16(in.p + e->offset + 28), before = buf_len(out);
	if (start > in.n || in.n - start < e->packed)
		return ERR_INVALID;
	struct slice packed = slice_sub(in, start, start + e->packed);
	int rc = 0;
	if (e->method == 8)
		rc = inflate_all(packed, RAW_BITS, out);
	else
		buf_append(out, packed);
	if (out->failed)
		return ERR_LIMIT;
	struct slice got = slice_from(buf_slice(out), before);
	return rc == 0 && crc32(0, got.p, (uInt)got.n) != e->crc ? ERR_INVALID : rc;
}

static int unpack_zip(struct slice in, struct slice suffix, struct buf *out)
{
	struct entry e, chosen = {0};
	size_t end, files = 0;
	if (!find_end(in, &end))
		return ERR_INVALID;
	struct slice directory = slice_sub(in, le32(in.p + end + 16), end);
	while (files < UNPACK_FILES_MAX && take_entry(&directory, &e)) {
		/* A folder ends with a slash. */
		if (slice_ends(e.name, SLICE("/")))
			continue;
		if (files++ == 0 || slice_ends_nocase(e.name, suffix))
			chosen = e;
		if (slice_ends_nocase(e.name, suffix))
			break;
	}
	return files > 0 ? unpack_entry(in, &chosen, out) : ERR_INVALID;
}

int unpack(struct slice in, struct slice suffix, struct buf *out)
{
	if (slice_starts(in, SLICE("\x1f\x8b")))
		return inflate_all(in, GZIP_BITS, out);
	if (slice_starts(in, SLICE("PK\3\4")))
		return unpack_zip(in, suffix, out);
	buf_append(out, in);
	return out->failed ? ERR_LIMIT : 0;
}

void gzip_pack(struct slice in, struct buf *out)
{
	z_stream z = {.next_in = (Bytef *)in.p, .avail_in = (uInt)in.n};
	int rc = Z_OK;
	ENSURE(in.n < UINT32_MAX / 2 && deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_BITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	while (rc == Z_OK) {
		uint8_t piece[PIECE];
		z.next_out = piece;
		z.avail_out = sizeof piece;
		rc = deflate(&z, Z_FINISH);
		buf_append_bytes(out, piece, sizeof piece - z.avail_out);
	}
	deflateEnd(&z);
}
