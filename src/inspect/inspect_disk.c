/* Images of disks: FAT12, FAT16 and FAT32 (ECMA-107), bare, behind a table of partitions, or as a VHD of fixed size. */
#include "base/endian.h"
#include "base/utf8.h"
#include "inspect/bytes.h"
#include "inspect/text.h"
#include "inspect/walk.h"

#define SECTOR 512
#define ENTRY 32
#define FOLDERS_MAX 2000
#define FAT12_CLUSTERS 4085
#define FAT16_CLUSTERS 65525
#define ATTRIBUTE_LABEL 8
#define ATTRIBUTE_FOLDER 16
#define ATTRIBUTE_LONG 15
#define PARTITIONS_AT 446

struct fat {
	struct slice s;
	uint32_t sector, cluster;     /* bytes */
	uint64_t table, root, root_size, data;
	uint32_t clusters, root_cluster;
	unsigned bits;
	uint32_t *folders;            /* first clusters: a queue, and all that were seen */
	size_t count, done;
	struct buf long_name;
};

static bool read_header(struct slice s, struct fat *f)
{
	uint64_t reserved = le16_at(s, 14), tables = byte_at(s, 16), roots = le16_at(s, 17), sectors = le16_at(s, 19), table = le16_at(s, 22);
	*f = (struct fat){.s = s, .sector = le16_at(s, 11), .long_name = BUF_INIT(INSPECT_NAME_MAX)};
	f->cluster = f->sector * byte_at(s, 13);
	sectors = sectors != 0 ? sectors : le32_at(s, 32);
	f->root_cluster = table == 0 ? le32_at(s, 44) : 0;
	table = table != 0 ? table : le32_at(s, 36);
	if (f->sector < SECTOR || f->sector > 4096 || (f->sector & (f->sector - 1)) != 0 || f->cluster == 0 || tables == 0 || tables > 4 ||
		table == 0)
		return false;
	f->table = reserved * f->sector;
	f->root = f->table + tables * table * f->sector;
	f->root_size = roots * ENTRY;
	f->data = f->root + (f->root_size + f->sector - 1) / f->sector * f->sector;
	if (f->data >= s.n || sectors * f->sector <= f->data)
		return false;
	uint64_t clusters = (sectors * f->sector - f->data) / f->cluster;
	f->bits = clusters < FAT12_CLUSTERS ? 12 : clusters < FAT16_CLUSTERS ? 16 : 32;
	/* No more than the file has room for: what the header claims costs nothing. */
	uint64_t most = (s.n - f->data) / f->cluster + 1;
	f->clusters = (uint32_t)(clusters < most ? clusters : most);
	return true;
}

/* 0: the end, or damage. */
static uint32_t next_cluster(const struct fat *f, uint32_t n)
{
	uint32_t v, last = f->bits == 12 ? 0xff7 : f->bits == 16 ? 0xfff7 : 0x0ffffff7;
	if (f->bits == 12) {
		v = le16_at(f->s, f->table + n + n / 2);
		v = (n & 1) != 0 ? v >> 4 : v & 0xfff;
	} else
		v = f->bits == 16 ? le16_at(f->s, f->table + 2 * (uint64_t)n) : le32_at(f->s, f->table + 4 * (uint64_t)n) & 0x0fffffff;
	return v >= last || v < 2 ? 0 : v;
}

static struct slice cluster(const struct fat *f, uint32_t n)
{
	return n < 2 ? SLICE_NONE : cut_bytes(f->s, f->data + (uint64_t)(n - 2) * f->cluster, f->cluster);
}

/* At most `size` bytes of a chain; one that is longer than the disk runs in a circle. False: not all of it is there. */
static bool read_chain(struct walk *w, const struct fat *f, uint32_t n, uint64_t size, struct buf *out)
{
	for (uint64_t left = (uint64_t)f->clusters + 2; n != 0 && size > 0 && left > 0 && walk_steps(w, WALK_FOLLOW); left--) {
		struct slice s = cluster(f, n);
		s = slice_sub(s, 0, size < s.n ? (size_t)size : s.n);
		if (s.n == 0)
			break;
		if (s.n > out->max - buf_len(out)) {
			walk_find_str(w, FOUND_over_budget, "member");
			return true;
		}
		buf_append(out, s);
		size -= s.n;
		n = next_cluster(f, n);
	}
	return size == 0;
}

/* ---- names ---- */

/* Thirteen characters of a long name; they stand in front of their entry, the last part first. */
static void take_long(struct fat *f, struct slice e)
{
	static const uint8_t places[] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
	struct buf part = BUF_INIT(4 * 13 + 4), whole = BUF_INIT(INSPECT_NAME_MAX);
	if ((byte_at(e, 0) & 0x40) != 0)
		buf_clear(&f->long_name);
	for (size_t i = 0; i < sizeof places && le16_at(e, places[i]) != 0; i++)
		utf8_append(&part, le16_at(e, places[i]));
	buf_append(&whole, buf_slice(&part));
	buf_append(&whole, buf_slice(&f->long_name));
	buf_clear(&f->long_name);
	buf_append(&f->long_name, buf_slice(&whole));
	buf_free(&part);
	buf_free(&whole);
}

static void short_name(struct slice e, struct buf *out)
{
	struct slice stem = slice_trim(cut_bytes(e, 0, 8)), extension = slice_trim(cut_bytes(e, 8, 3));
	buf_append(out, stem);
	if (extension.n > 0)
		buf_append_byte(out, '.');
	buf_append(out, extension);
}

/* ---- the tree ---- */

static void push(struct fat *f, uint32_t n)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->folders[i] == n)
			return;
	if (f->count < FOLDERS_MAX && n >= 2)
		f->folders[f->count++] = n;
}

static void take_file(struct walk *w, struct fat *f, struct slice e, struct slice name)
{
	struct buf content;
	uint32_t start = (uint32_t)le16_at(e, 20) << 16 | le16_at(e, 26), size = le32_at(e, 28);
	walk_buf(w, &content);
	if (size > 0 && !read_chain(w, f, f->bits == 32 ? start : start & 0xffff, size, &content))
		walk_findf(w, FOUND_archive_damaged, "ends early: %.*s", SLICE_ARG(slice_sub(name, 0, 100)));
	if (walk_unpacked(w, buf_len(&content), buf_len(&content)))
		walk_member(w, INSPECT_PIECE_MEMBER, name, buf_slice(&content));
	buf_free(&content);
}

static void take_entry(struct walk *w, struct fat *f, struct slice e)
{
	uint8_t attributes = byte_at(e, 11), first = byte_at(e, 0);
	struct buf name = BUF_INIT(INSPECT_NAME_MAX);
	if (attributes == ATTRIBUTE_LONG) {
		take_long(f, e);
		return;
	}
	buf_append(&name, buf_slice(&f->long_name));
	buf_clear(&f->long_name);
	if (buf_len(&name) == 0)
		short_name(e, &name);
	/* What was deleted is not shown by anybody. */
	if (first != 0xe5 && first != '.' && (attributes & ATTRIBUTE_LABEL) == 0) {
		if ((attributes & ATTRIBUTE_FOLDER) != 0)
			push(f, (f->bits == 32 ? (uint32_t)le16_at(e, 20) << 16 : 0) | le16_at(e, 26));
		else if (walk_entry(w))
			take_file(w, f, e, buf_slice(&name));
	}
	buf_free(&name);
}

static void walk_folder(struct walk *w, struct fat *f, struct slice s)
{
	for (size_t at = 0; at + ENTRY <= s.n && s.p[at] != 0 && walk_steps(w, ENTRY); at += ENTRY)
		take_entry(w, f, cut_bytes(s, at, ENTRY));
	buf_clear(&f->long_name);
}

static bool inspect_fat(struct walk *w, struct slice s)
{
	struct fat f;
	struct arena arena = ARENA_INIT;
	if (!read_header(s, &f))
		return false;
	f.folders = arena_alloc_array(&arena, FOLDERS_MAX, sizeof *f.folders);
	if (f.root_cluster != 0)
		push(&f, f.root_cluster);
	else
		walk_folder(w, &f, cut_bytes(s, f.root, f.root_size));
	while (f.done < f.count) {
		struct buf folder;
		walk_buf(w, &folder);
		/* A folder has no size: its chain ends it. */
		read_chain(w, &f, f.folders[f.done++], 65536 * (uint64_t)ENTRY, &folder);
		walk_folder(w, &f, buf_slice(&folder));
		buf_free(&folder);
	}
	if (f.count == FOLDERS_MAX)
		walk_find_str(w, FOUND_over_budget, "entries");
	buf_free(&f.long_name);
	arena_free(&arena);
	return true;
}

void inspect_disk(struct walk *w, struct slice content)
{
	bool any = bytes_are(content, 510, SLICE("\x55\xaa")) && inspect_fat(w, content);
	/* A table of partitions: type, first sector. */
	for (unsigned i = 0; i < 4 && !any; i++) {
		uint64_t at = PARTITIONS_AT + 16 * (uint64_t)i, start = (uint64_t)le32_at(content, at + 8) * SECTOR;
		if (byte_at(content, at + 4) != 0 && start > 0 && start < content.n)
			any = inspect_fat(w, slice_from(content, (size_t)start)) || any;
	}
	if (!any)
		walk_find_str(w, FOUND_archive_unread, inspect_type_name(walk_level(w)->type));
}
