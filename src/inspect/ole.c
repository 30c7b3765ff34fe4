#include "inspect/ole.h"

#include "base/endian.h"
#include "base/utf8.h"
#include "inspect/bytes.h"
#include "inspect/text.h"

#define HEADER_SIZE 512
#define HEADER_DIFAT 109
#define ENTRY_SIZE 128
#define SECTOR_LAST 0xfffffffau /* larger ones are marks */
#define MINI_MAX (64 * 1024 * 1024)

/* ---- sectors ---- */

static struct slice sector(const struct ole *o, uint32_t n)
{
	return cut_bytes(o->content, ((uint64_t)n + 1) << o->shift, 1ull << o->shift);
}

static uint32_t next_sector(const struct ole *o, uint32_t n)
{
	uint32_t each = 1u << (o->shift - 2);
	if (n / each >= o->fat_count)
		return OLE_NONE;
	struct slice table = sector(o, o->fat_sectors[n / each]);
	return has_bytes(table, (uint64_t)(n % each) * 4, 4) ? le32_at(table, (uint64_t)(n % each) * 4) : OLE_NONE;
}

/* The list of the table's own sectors: in the header, then in a chain of its own. */
static void find_fat(struct ole *o)
{
	struct slice c = o->content;
	size_t sectors = (c.n >> o->shift) + 1, each = (1u << (o->shift - 2)) - 1, most = sectors / (each + 1) + HEADER_DIFAT + 1;
	uint32_t difat = le32_at(c, 68);
	o->fat_sectors = arena_alloc_array(&o->arena, most, sizeof(uint32_t));
	for (size_t i = 0; i < HEADER_DIFAT && o->fat_count < most; i++)
		if (le32_at(c, 76 + 4 * i) < SECTOR_LAST)
			o->fat_sectors[o->fat_count++] = le32_at(c, 76 + 4 * i);
	for (size_t left = sectors; difat < SECTOR_LAST && left > 0; left--) {
		struct slice s = sector(o, difat);
		for (size_t i = 0; i < each && o->fat_count < most; i++)
			if (le32_at(s, 4 * i) < SECTOR_LAST && s.n > 4 * i + 3)
				o->fat_sectors[o->fat_count++] = le32_at(s, 4 * i);
		difat = s.n >> o->shift == 1 ? le32_at(s, s.n - 4) : OLE_NONE;
		o->damaged = o->damaged || left == 1 || s.n == 0;
	}
}

/* At most `size` bytes of a chain. A chain that is longer than the file runs in a circle. */
static bool read_chain(struct ole *o, uint32_t start, uint64_t size, struct buf *out)
{
	uint64_t left = (o->content.n >> o->shift) + 1;
	while (start < SECTOR_LAST && size > 0 && left-- > 0 && !out->failed) {
		struct slice s = sector(o, start);
		s = slice_sub(s, 0, size < s.n ? (size_t)size : s.n);
		if (s.n == 0)
			break;
		if (s.n > out->max - buf_len(out)) {
			buf_append(out, slice_sub(s, 0, out->max - buf_len(out)));
			out->failed = false;
			return false;
		}
		buf_append(out, s);
		size -= s.n;
		start = next_sector(o, start);
	}
	return size == 0;
}

static bool read_mini(struct ole *o, uint32_t start, uint64_t size, struct buf *out)
{
	struct slice stream = buf_slice(&o->mini_stream), table = buf_slice(&o->mini_fat);
	uint64_t left = (stream.n >> o->mini_shift) + 1;
	while (start < SECTOR_LAST && size > 0 && left-- > 0) {
		uint64_t n = 1ull << o->mini_shift;
		struct slice s = cut_bytes(stream, (uint64_t)start << o->mini_shift, size < n ? size : n);
		if (s.n == 0)
			break;
		buf_append(out, s);
		size -= s.n;
		start = has_bytes(table, (uint64_t)start * 4, 4) ? le32_at(table, (uint64_t)start * 4) : OLE_NONE;
	}
	return size == 0;
}

/* ---- the directory ---- */

static void take_entry(struct ole *o, struct slice raw)
{
	struct ole_entry *e = &o->entries[o->count++];
	struct buf name = BUF_INIT(4 * 64);
	uint16_t length = le16_at(raw, 64);
	text_from_utf16(cut_bytes(raw, 0, length >= 2 && length <= 64 ? length - 2u : 0), false, &name);
	*e = (struct ole_entry){.name = arena_dup(&o->arena, buf_slice(&name)), .kind = (enum ole_kind)byte_at(raw, 66), .parent = OLE_NONE,
		.start = le32_at(raw, 116), .size = o->shift == 9 ? le32_at(raw, 120) : le64_at(raw, 120),
		.clsid = arena_dup(&o->arena, cut_bytes(raw, 80, 16))};
	buf_free(&name);
	if (e->kind != OLE_STORAGE && e->kind != OLE_STREAM && e->kind != OLE_ROOT)
		e->kind = OLE_FREE;
}

struct step {
	uint32_t entry, parent;
};

/* Down the trees of siblings from the root; each entry once, whatever the links say. */
static void find_parents(struct ole *o, struct slice directory)
{
	struct step *steps = arena_alloc_array(&o->arena, o->count * 3 + 1, sizeof *steps);
	bool *seen = arena_alloc_array(&o->arena, o->count, sizeof *seen);
	size_t n = 0;
	steps[n++] = (struct step){0, OLE_NONE};
	while (n > 0) {
		struct step s = steps[--n];
		if (s.entry >= o->count || seen[s.entry]) {
			o->damaged = o->damaged || s.entry < o->count;
			continue;
		}
		struct slice raw = cut_bytes(directory, (uint64_t)s.entry * ENTRY_SIZE, ENTRY_SIZE);
		uint32_t left = le32_at(raw, 68), right = le32_at(raw, 72), child = le32_at(raw, 76);
		seen[s.entry] = true;
		o->entries[s.entry].parent = s.parent;
		if (left != OLE_NONE)
			steps[n++] = (struct step){left, s.parent};
		if (right != OLE_NONE)
			steps[n++] = (struct step){right, s.parent};
		if (child != OLE_NONE && o->entries[s.entry].kind != OLE_STREAM)
			steps[n++] = (struct step){child, s.entry};
	}
}

static void read_directory(struct ole *o, struct slice directory)
{
	size_t count = directory.n / ENTRY_SIZE;
	o->more = count > OLE_ENTRIES_MAX;
	count = o->more ? OLE_ENTRIES_MAX : count;
	o->entries = arena_alloc_array(&o->arena, count + 1, sizeof *o->entries);
	for (size_t i = 0; i < count; i++)
		take_entry(o, cut_bytes(directory, i * ENTRY_SIZE, ENTRY_SIZE));
	if (o->count > 0)
		find_parents(o, directory);
}

static bool read_header(struct ole *o)
{
	struct slice c = o->content;
	o->shift = le16_at(c, 30);
	o->mini_shift = le16_at(c, 32);
	o->mini_cutoff = le32_at(c, 56);
	if (c.n < HEADER_SIZE || (o->shift != 9 && o->shift != 12) || o->mini_shift < 4 || o->mini_shift >= o->shift)
		return false;
	return true;
}

bool ole_open(struct slice content, struct ole *ret)
{
	struct buf directory = BUF_INIT(OLE_ENTRIES_MAX * ENTRY_SIZE + ENTRY_SIZE);
	*ret = (struct ole){.content = content, .arena = ARENA_INIT, .mini_fat = BUF_INIT(MINI_MAX / 16), .mini_stream = BUF_INIT(MINI_MAX)};
	if (read_header(ret)) {
		find_fat(ret);
		/* The directory has no size in old files: its chain ends it, or the file does. */
		read_chain(ret, le32_at(content, 48), content.n, &directory);
		read_directory(ret, buf_slice(&directory));
		read_chain(ret, le32_at(content, 60), (uint64_t)le32_at(content, 64) << ret->shift, &ret->mini_fat);
	}
	if (ret->count > 0)
		ret->damaged = !read_chain(ret, ret->entries[0].start, ret->entries[0].size, &ret->mini_stream) || ret->damaged;
	buf_free(&directory);
	return ret->count > 0;
}

void ole_close(struct ole *o)
{
	buf_free(&o->mini_fat);
	buf_free(&o->mini_stream);
	arena_free(&o->arena);
}

const struct ole_entry *ole_find(const struct ole *o, uint32_t parent, struct slice name)
{
	for (size_t i = 0; i < o->count; i++)
		if (o->entries[i].kind != OLE_FREE && (parent == OLE_NONE || o->entries[i].parent == parent) && slice_eq_nocase(o->entries[i].name, name))
			return &o->entries[i];
	return NULL;
}

bool ole_read(struct walk *w, struct ole *o, const struct ole_entry *e, struct buf *out)
{
	bool whole;
	if (!walk_steps(w, WALK_FOLLOW))
		return false;
	if (e->size < o->mini_cutoff && e->kind != OLE_ROOT)
		whole = read_mini(o, e->start, e->size, out);
	else
		whole = read_chain(o, e->start, e->size, out);
	if (!whole && buf_len(out) == out->max)
		walk_find_str(w, FOUND_over_budget, "member");
	o->damaged = o->damaged || (!whole && buf_len(out) < out->max);
	return walk_unpacked(w, buf_len(out), buf_len(out)) && whole;
}
