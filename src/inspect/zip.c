/* Reading the directory of a ZIP, and its members. */
#include "inspect/zip.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/ensure.h"
#include "inspect/bytes.h"

#define END_SIZE 22
#define COMMENT_MAX 65535
#define ENTRY_SIZE 46
#define LOCAL_SIZE 30
#define END64_SIZE 56
#define LOCATOR_SIZE 20
#define EXTRA_ZIP64 1
#define EXTRA_UNICODE_NAME 0x7075
#define FLAG_DESCRIPTOR 8
#define FLAG_MASKED 0x2000
#define METHOD_STORED 0
#define METHOD_DEFLATED 8
#define MADE_BY_UNIX 3
#define FIELD32_MAX 0xffffffffu

/* ---- fields ---- */

static struct slice extra_field(struct slice extra, uint16_t id)
{
	while (extra.n >= 4) {
		uint16_t n = le16_at(extra, 2);
		if (le16_at(extra, 0) == id)
			return cut_bytes(extra, 4, n);
		extra = slice_from(extra, 4 + (size_t)n);
	}
	return SLICE_NONE;
}

/* The next of the numbers in the ZIP64 field, for a 32 bit number that has no room. */
static void take64(struct slice *field, uint64_t *value, bool *lies)
{
	if (*value != FIELD32_MAX)
		return;
	if (field->n >= 8)
		*value = le64_at(*field, 0);
	*lies = *lies || field->n < 8;
	*field = slice_from(*field, 8);
}

/* ---- local headers ---- */

static void read_local(struct zip *z, struct zip_entry *e)
{
	struct slice c = z->content;
	if (!bytes_are(c, e->start, SLICE("PK\3\4")) || !has_bytes(c, e->start, LOCAL_SIZE)) {
		e->damaged = true;
		e->data = e->end = e->start < c.n ? e->start : c.n;
		return;
	}
	uint16_t flags = le16_at(c, e->start + 6), name_length = le16_at(c, e->start + 26);
	struct slice name = cut_bytes(c, e->start + LOCAL_SIZE, name_length);
	uint64_t packed = le32_at(c, e->start + 18), size = le32_at(c, e->start + 22);
	struct slice extra = cut_bytes(c, e->start + LOCAL_SIZE + name_length, le16_at(c, e->start + 28)), field = extra_field(extra, EXTRA_ZIP64);
	take64(&field, &size, &z->zip64_lies);
	take64(&field, &packed, &z->zip64_lies);
	e->data = e->start + LOCAL_SIZE + name_length + le16_at(c, e->start + 28);
	e->data = e->data < c.n ? e->data : c.n;
	e->end = e->packed <= c.n - e->data ? e->data + e->packed : c.n;
	e->damaged = e->packed > c.n - e->data;
	/* With a descriptor the sizes stand behind the data, and are 0 here. */
	bool later = (flags & FLAG_DESCRIPTOR) != 0 && packed == 0 && size == 0;
	e->disagrees = le16_at(c, e->start + 8) != e->method || ((flags ^ e->flags) & 1) != 0 ||
		(!later && (packed != e->packed || size != e->size));
	if ((e->flags & FLAG_MASKED) == 0 && !slice_eq(name, e->name))
		e->other_name = name;
}

/* An entry made of its local header alone; without sizes it reaches to the next header. */
static bool local_entry(const struct zip *z, uint64_t at, struct zip_entry *e)
{
	struct slice c = z->content;
	if (!has_bytes(c, at, LOCAL_SIZE))
		return false;
	uint16_t name_length = le16_at(c, at + 26);
	*e = (struct zip_entry){.flags = le16_at(c, at + 6), .method = le16_at(c, at + 8), .crc = le32_at(c, at + 14),
		.packed = le32_at(c, at + 18), .size = le32_at(c, at + 22), .start = at, .name = cut_bytes(c, at + LOCAL_SIZE, name_length)};
	uint64_t data = at + LOCAL_SIZE + name_length + le16_at(c, at + 28);
	if (data > c.n || e->name.n == 0)
		return false;
	bool unsized = (e->flags & FLAG_DESCRIPTOR) != 0 && e->packed == 0;
	ptrdiff_t next = unsized ? slice_search(slice_from(c, data), SLICE("PK")) : 0;
	while (unsized && next >= 0 && !bytes_are(c, data + (uint64_t)next, SLICE("PK\3\4")) &&
		!bytes_are(c, data + (uint64_t)next, SLICE("PK\1\2")) &&
	       !bytes_are(c, data + (uint64_t)next, SLICE("PK\7\10"))) {
		ptrdiff_t more = slice_search(slice_from(c, data + (uint64_t)next + 2), SLICE("PK"));
		next = more < 0 ? -1 : next + 2 + more;
	}
	if (unsized)
		e->packed = next < 0 ? c.n - data : (uint64_t)next;
	e->data = data;
	e->end = e->packed <= c.n - data ? data + e->packed : c.n;
	e->damaged = e->packed > c.n - data;
	return true;
}

/* ---- the directory ---- */

static bool take_entry(struct zip *z, uint64_t *at, struct zip_entry *e)
{
	struct slice c = z->content;
	if (*at >= z->directory_end || !bytes_are(c, *at, SLICE("PK\1\2")) || !has_bytes(c, *at, ENTRY_SIZE))
		return false;
	uint16_t name_length = le16_at(c, *at + 28), extra_length = le16_at(c, *at + 30), comment = le16_at(c, *at + 32);
	uint64_t whole = (uint64_t)ENTRY_SIZE + name_length + extra_length + comment;
	*e = (struct zip_entry){.flags = le16_at(c, *at + 8), .method = le16_at(c, *at + 10), .crc = le32_at(c, *at + 16),
		.packed = le32_at(c, *at + 20), .size = le32_at(c, *at + 24), .start = le32_at(c, *at + 42), .attributes = le32_at(c, *at + 38), .name =
			cut_bytes(c, *at + ENTRY_SIZE, name_length),
		.unix_made = byte_at(c, *at + 5) == MADE_BY_UNIX};
	struct slice extra = cut_bytes(c, *at + ENTRY_SIZE + name_length, extra_length), field = extra_field(extra, EXTRA_ZIP64);
	take64(&field, &e->size, &z->zip64_lies);
	take64(&field, &e->packed, &z->zip64_lies);
	take64(&field, &e->start, &z->zip64_lies);
	z->zip64_lies = z->zip64_lies || e->start > c.n || e->packed > c.n;
	e->start = e->start > c.n - z->prefix ? c.n : e->start + z->prefix;
	struct slice unicode = slice_from(extra_field(extra, EXTRA_UNICODE_NAME), 5);
	*at += whole;
	read_local(z, e);
	if (unicode.n > 0 && !slice_eq(unicode, e->name) && crc32(0, e->name.p, (uInt)e->name.n) ==
		le32_at(extra_field(extra, EXTRA_UNICODE_NAME), 1) &&
	    e->other_name.n == 0)
		e->other_name = unicode;
	return *at <= c.n;
}

/* The last end record whose comment fits; else the last at all. */
static bool find_end(struct slice c, uint64_t *ret)
{
	uint64_t lowest = c.n > END_SIZE + COMMENT_MAX ? c.n - END_SIZE - COMMENT_MAX : 0;
	bool found = false;
	for (uint64_t i = c.n >= END_SIZE ? c.n - END_SIZE + 1 : 0; i-- > lowest;) {
		if (c.p[i] != 'P' || !bytes_are(c, i, SLICE("PK\5\6")))
			continue;
		if (i + END_SIZE + le16_at(c, i + 20) == c.n || !found)
			*ret = i;
		if (i + END_SIZE + le16_at(c, i + 20) == c.n)
			return true;
		found = true;
	}
	return found;
}

static void read_end64(struct zip *z, uint64_t at, uint64_t *offset, uint64_t *size)
{
	struct slice c = z->content;
	bool full = z->claimed == 0xffff || *offset == FIELD32_MAX || *size == FIELD32_MAX;
	uint64_t locator = at - LOCATOR_SIZE, record;
	if (at < LOCATOR_SIZE || !bytes_are(c, locator, SLICE("PK\6\7"))) {
		z->zip64_lies = full && (*offset == FIELD32_MAX || *size == FIELD32_MAX);
		return;
	}
	record = le64_at(c, locator + 8);
	/* A prefix moves the record as well; then it stands right in front of its locator. */
	if (!bytes_are(c, record, SLICE("PK\6\6")) && locator >= END64_SIZE)
		record = locator - END64_SIZE;
	if (!bytes_are(c, record, SLICE("PK\6\6")) || !has_bytes(c, record, END64_SIZE)) {
		z->zip64_lies = true;
		return;
	}
	uint64_t count64 = le64_at(c, record + 32), size64 = le64_at(c, record + 40), offset64 = le64_at(c, record + 48);
	z->zip64_lies = (*offset != FIELD32_MAX && *offset != offset64) || (*size != FIELD32_MAX && *size != size64) ||
		(z->claimed != 0xffff && z->claimed != count64) || offset64 > c.n || size64 > c.n;
	z->claimed = count64;
	*offset = offset64;
	*size = size64;
	z->directory_end = record;
}

static bool find_directory(struct zip *z)
{
	struct slice c = z->content;
	uint64_t at = 0, offset, size;
	if (!find_end(c, &at))
		return false;
	z->end = at + END_SIZE + le16_at(c, at + 20);
	z->end = z->end < c.n ? z->end : c.n;
	z->claimed = le16_at(c, at + 10);
	z->directory_end = at;
	size = le32_at(c, at + 12);
	offset = le32_at(c, at + 16);
	read_end64(z, at, &offset, &size);
	if (size > z->directory_end)
		return false;
	z->directory = z->directory_end - size;
	/* Where programs look differs: some believe the offset, some count back from the end. Both must meet, or bytes stand in front. */
	if (offset <= z->directory)
		z->prefix = z->directory - offset;
	if (!bytes_are(c, z->directory, SLICE("PK\1\2")) && bytes_are(c, offset, SLICE("PK\1\2"))) {
		z->directory = offset;
		z->prefix = 0;
		z->bad_directory = true;
	}
	return true;
}

static struct zip_entry *add_entry(struct zip *z, size_t *room, const struct zip_entry *e)
{
	if (z->count == *room) {
		size_t grown = *room == 0 ? 64 : *room * 2;
		struct zip_entry *moved = arena_alloc_array(&z->arena, grown, sizeof *moved);
		if (z->count > 0)
			memcpy(moved, z->entries, z->count * sizeof *moved);
		z->entries = moved;
		*room = grown;
	}
	z->entries[z->count] = *e;
	return &z->entries[z->count++];
}

static void list_directory(struct zip *z, size_t max, size_t *room)
{
	struct zip_entry e;
	uint64_t at = z->directory;
	while (z->count < max && take_entry(z, &at, &e)) {
		z->encrypted_directory = z->encrypted_directory || (e.flags & FLAG_MASKED) != 0;
		add_entry(z, room, &e);
	}
	z->more = z->count == max && at < z->directory_end && bytes_are(z->content, at, SLICE("PK\1\2"));
	z->bad_directory = z->bad_directory || (!z->more && (at != z->directory_end || z->claimed != z->count));
}

/* Members in [from, to) that no directory names. */
static void list_locals(struct zip *z, uint64_t from, uint64_t to, size_t max, size_t *room)
{
	struct zip_entry e;
	while (from < to && z->count < max) {
		ptrdiff_t next = slice_search(cut_bytes(z->content, from, to - from), SLICE("PK\3\4"));
		if (next < 0)
			return;
		from += (uint64_t)next;
		if (local_entry(z, from, &e)) {
			add_entry(z, room, &e);
			from = e.end > from ? e.end : from + 4;
		} else
			from += 4;
	}
}

static int by_start(const void *a, const void *b)
{
	const struct zip_entry *const *x = a, *const *y = b;
	return ((*x)->start > (*y)->start) - ((*x)->start < (*y)->start);
}

static const struct zip_entry **sorted(struct zip *z, size_t count)
{
	const struct zip_entry **list = arena_alloc_array(&z->arena, count + 1, sizeof(struct zip_entry *));
	for (size_t i = 0; i < count; i++)
		list[i] = &z->entries[i];
	qsort(list, count, sizeof(struct zip_entry *), by_start);
	return list;
}

/* What lies between the members, in front of them and up to the directory. */
static void list_hidden(struct zip *z, size_t max, size_t *room)
{
	size_t count = z->count;
	const struct zip_entry **list = sorted(z, count);
	uint64_t at = 0;
	struct { uint64_t from, to; } *gaps = arena_alloc_array(&z->arena, count + 1, sizeof *gaps);
	size_t gap_count = 0;
	for (size_t i = 0; i <= count; i++) {
		uint64_t start = i < count ? list[i]->start : z->directory;
		if (start > at + LOCAL_SIZE) {
			gaps[gap_count].from = at;
			gaps[gap_count++].to = start;
		}
		if (i < count && list[i]->end > at)
			at = list[i]->end;
	}
	for (size_t i = 0; i < gap_count; i++)
		list_locals(z, gaps[i].from, gaps[i].to, max, room);
}

bool zip_open(struct slice content, size_t max, struct zip *ret)
{
	size_t room = 0;
	*ret = (struct zip){.content = content, .arena = ARENA_INIT};
	if (find_directory(ret)) {
		list_directory(ret, max, &room);
		ret->hidden_from = ret->count;
		if (!ret->more)
			list_hidden(ret, max, &room);
	} else {
		ret->no_directory = true;
		list_locals(ret, 0, content.n, max, &room);
		ret->hidden_from = ret->count;
	}
	return ret->count > 0;
}

void zip_close(struct zip *z)
{
	arena_free(&z->arena);
}

const struct zip_entry *zip_find(const struct zip *z, struct slice name, bool nocase)
{
	for (size_t i = 0; i < z->count; i++)
		if (nocase ? slice_eq_nocase(z->entries[i].name, name) : slice_eq(z->entries[i].name, name))
			return &z->entries[i];
	return NULL;
}

/* ---- what is odd about it ---- */

static int by_name(const void *a, const void *b)
{
	const struct zip_entry *const *x = a, *const *y = b;
	return slice_cmp((*x)->name, (*y)->name);
}

static void tell_overlap(struct walk *w, const struct zip_entry **list, size_t count, uint64_t directory)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t next = i + 1 < count ? list[i + 1]->start : directory;
		if (!list[i]->damaged && list[i]->end > next && next >= list[i]->start && list[i]->packed > 0)
			walk_find(w, FOUND_archive_overlap, list[i]->name);
	}
}

static void tell_doubles(struct walk *w, const struct zip_entry **list, size_t count)
{
	qsort(list, count, sizeof(struct zip_entry *), by_name);
	for (size_t i = 0; i + 1 < count; i++)
		if (slice_eq(list[i]->name, list[i + 1]->name))
			walk_findf(w, FOUND_archive_disagrees, "two of one name: %.*s", SLICE_ARG(slice_sub(list[i]->name, 0, 100)));
}

void zip_tell(struct walk *w, struct zip *z)
{
	if (z->no_directory)
		walk_find_str(w, FOUND_archive_damaged, "no directory");
	else if (z->bad_directory)
		walk_find_str(w, FOUND_archive_damaged, "directory");
	if (z->zip64_lies)
		walk_find_str(w, FOUND_archive_disagrees, "ZIP64");
	if (z->encrypted_directory)
		walk_find_str(w, FOUND_archive_encrypted, "directory");
	if (z->prefix > 0)
		walk_findf(w, FOUND_archive_prefixed, "%llu bytes", (unsigned long long)z->prefix);
	if (z->end < z->content.n && !z->no_directory)
		walk_findf(w, FOUND_archive_appended, "%llu bytes", (unsigned long long)(z->content.n - z->end));
	if (z->no_directory || z->count == 0)
		return;
	const struct zip_entry **list = sorted(z, z->hidden_from);
	tell_overlap(w, list, z->hidden_from, z->directory);
	tell_doubles(w, list, z->hidden_from);
	for (size_t i = z->hidden_from; i < z->count; i++)
		walk_find(w, FOUND_archive_hidden, z->entries[i].name);
}

/* ---- members ---- */

static const char *method_name(uint16_t method)
{
	static const struct { uint16_t method; const char *name; } rows[] = {
		{1, "shrink"}, {2, "reduce"}, {3, "reduce"}, {4, "reduce"}, {5, "reduce"}, {6, "implode"}, {9, "deflate64"}, {12, "bzip2"}, {14, "lzma"},
		{93, "zstd"}, {95, "xz"}, {96, "jpeg"}, {97, "wavpack"}, {98, "ppmd"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].method == method)
			return rows[i].name;
	return "unknown method";
}

static bool unpack_stored(struct walk *w, const struct zip_entry *e, struct slice packed, struct buf *out)
{
	if (packed.n > out->max) {
		walk_find_str(w, FOUND_over_budget, "member");
		packed = slice_sub(packed, 0, out->max);
	}
	if (!walk_unpacked(w, packed.n, packed.n))
		return false;
	buf_append(out, packed);
	return packed.n == e->packed;
}

static void tell_member(struct walk *w, const struct zip_entry *e, struct slice got, bool whole)
{
	if (whole && e->size != got.n)
		walk_findf(w, FOUND_archive_disagrees, "size: %.*s", SLICE_ARG(slice_sub(e->name, 0, 100)));
	else if (whole && crc32(0, got.p, (uInt)got.n) != e->crc)
		walk_findf(w, FOUND_archive_damaged, "checksum: %.*s", SLICE_ARG(slice_sub(e->name, 0, 100)));
}

bool zip_unpack(struct walk *w, const struct zip *z, const struct zip_entry *e, struct buf *out)
{
	struct slice packed = cut_bytes(z->content, e->data, e->end - e->data);
	bool whole = false;
	if (e->damaged)
		walk_findf(w, FOUND_archive_damaged, "%.*s", SLICE_ARG(slice_sub(e->name, 0, 100)));
	if (e->disagrees)
		walk_findf(w, FOUND_archive_disagrees, "headers: %.*s", SLICE_ARG(slice_sub(e->name, 0, 100)));
	if (zip_is_encrypted(e) || e->method == 99) {
		walk_find_str(w, FOUND_archive_encrypted, e->method == 99 ? "AES" : (e->flags & 0x40) != 0 ? "strong encryption" : "ZipCrypto");
		return false;
	}
	if (e->method == METHOD_STORED)
		whole = unpack_stored(w, e, packed, out);
	else if (e->method == METHOD_DEFLATED) {
		size_t used;
		enum unpack_result r = walk_inflate(w, packed, UNPACK_RAW, out, &used);
		whole = r == UNPACK_DONE;
		if (r == UNPACK_CUT)
			walk_findf(w, FOUND_archive_damaged, "%.*s", SLICE_ARG(slice_sub(e->name, 0, 100)));
		if (whole && used < packed.n)
			walk_findf(w, FOUND_archive_disagrees, "bytes behind: %.*s", SLICE_ARG(slice_sub(e->name, 0, 100)));
	} else {
		walk_find_str(w, FOUND_archive_method, method_name(e->method));
		return false;
	}
	tell_member(w, e, buf_slice(out), whole && e < z->entries + z->hidden_from && !z->no_directory);
	return true;
}

bool zip_peek(const struct zip *z, const struct zip_entry *e, struct buf *out)
{
	struct slice packed = cut_bytes(z->content, e->data, e->end - e->data);
	uint8_t *to = buf_reserve(out, out->max - buf_len(out));
	size_t room = out->max - buf_len(out);
	if (zip_is_encrypted(e) || to == NULL)
		return false;
	if (e->method == METHOD_STORED) {
		buf_append(out, slice_sub(packed, 0, room));
		return packed.n <= room;
	}
	z_stream s = {.next_in = (Bytef *)(uintptr_t)packed.p, .avail_in = packed.n < UINT32_MAX / 2 ? (uInt)packed.n : UINT32_MAX / 2,
		.next_out = to,
		.avail_out = (uInt)room};
	if (e->method != METHOD_DEFLATED)
		return false;
	ENSURE(inflateInit2(&s, UNPACK_RAW) == Z_OK);
	int rc = inflate(&s, Z_FINISH);
	inflateEnd(&s);
	buf_commit(out, room - s.avail_out);
	return rc == Z_STREAM_END;
}
