/* ISO 9660 (ECMA-119) with Joliet: the tree of files. UDF alone is not read. */
#include "inspect/bytes.h"
#include "inspect/text.h"
#include "inspect/walk.h"

#define SECTOR 2048
#define FIRST_DESCRIPTOR 16
#define DESCRIPTORS_MAX 64
#define RECORD_MIN 34
#define FOLDERS_MAX 2000
#define FLAG_FOLDER 2
#define FLAG_MORE 0x80

struct folder {
	uint32_t sector, size;
};
struct iso {
	struct slice content;
	bool joliet;
	struct folder *folders;  /* a queue, and all that were seen: nothing is walked twice */
	size_t count, done;
};

static void push(struct iso *iso, uint32_t sector, uint32_t size)
{
	for (size_t i = 0; i < iso->count; i++)
		if (iso->folders[i].sector == sector)
			return;
	if (iso->count < FOLDERS_MAX && (uint64_t)sector * SECTOR < iso->content.n)
		iso->folders[iso->count++] = (struct folder){sector, size};
}

/* Without ";1" and, for an empty extension, without its dot. */
static struct slice plain_name(struct slice name)
{
	ptrdiff_t semicolon = slice_rfind(name, ';');
	if (semicolon > 0)
		name = slice_sub(name, 0, (size_t)semicolon);
	return slice_ends(name, SLICE(".")) ? slice_sub(name, 0, name.n - 1) : name;
}

static void take_file(struct walk *w, const struct iso *iso, struct slice record, struct slice name)
{
	struct slice body = cut_bytes(iso->content, (uint64_t)le32_at(record, 2) * SECTOR, le32_at(record, 10));
	if (body.n < le32_at(record, 10))
		walk_findf(w, FOUND_archive_damaged, "ends early: %.*s", SLICE_ARG(slice_sub(name, 0, 100)));
	if ((byte_at(record, 25) & FLAG_MORE) != 0)
		walk_find_str(w, FOUND_archive_method, "file in pieces");
	walk_member(w, INSPECT_PIECE_MEMBER, name, body);
}

static void take_record(struct walk *w, struct iso *iso, struct slice record)
{
	struct buf wide = BUF_INIT(4 * 256);
	struct slice name = cut_bytes(record, 33, byte_at(record, 32));
	/* 0 and 1: the folder itself and the one above. */
	if (name.n != 1 || name.p[0] > 1) {
		if (iso->joliet) {
			text_from_utf16(name, true, &wide);
			name = buf_slice(&wide);
		}
		if ((byte_at(record, 25) & FLAG_FOLDER) != 0)
			push(iso, le32_at(record, 2), le32_at(record, 10));
		else if (walk_entry(w))
			take_file(w, iso, record, plain_name(name));
	}
	buf_free(&wide);
}

static void walk_folder(struct walk *w, struct iso *iso, struct folder f)
{
	struct slice s = cut_bytes(iso->content, (uint64_t)f.sector * SECTOR, f.size);
	uint64_t at = 0;
	while (at < s.n && walk_steps(w, WALK_FOLLOW)) {
		uint8_t length = s.p[at];
		/* A record passes no border of sectors: 0 says "go on in the next one". */
		if (length < RECORD_MIN) {
			at = (at / SECTOR + 1) * SECTOR;
			continue;
		}
		take_record(w, iso, cut_bytes(s, at, length));
		at += length;
	}
}

/* The root record of Joliet when there is one, else of the primary volume. */
static bool find_root(struct slice s, struct iso *iso, struct slice *ret)
{
	bool found = false;
	for (uint64_t i = FIRST_DESCRIPTOR; i < FIRST_DESCRIPTOR + DESCRIPTORS_MAX && bytes_are(s, i * SECTOR + 1, SLICE("CD001")); i++) {
		uint8_t type = byte_at(s, i * SECTOR);
		bool joliet = type == 2 && bytes_are(s, i * SECTOR + 88, SLICE("%/"));
		if (type == 1 || joliet) {
			*ret = cut_bytes(s, i * SECTOR + 156, RECORD_MIN);
			iso->joliet = joliet;
			found = true;
		}
		if (type == 255 || joliet)
			break;
	}
	return found;
}

void inspect_iso(struct walk *w, struct slice content)
{
	struct arena arena = ARENA_INIT;
	struct iso iso = {.content = content, .folders = arena_alloc_array(&arena, FOLDERS_MAX, sizeof *iso.folders)};
	struct slice root;
	if (find_root(content, &iso, &root)) {
		push(&iso, le32_at(root, 2), le32_at(root, 10));
		while (iso.done < iso.count)
			walk_folder(w, &iso, iso.folders[iso.done++]);
		if (iso.count == FOLDERS_MAX)
			walk_find_str(w, FOUND_over_budget, "entries");
	}
	if (iso.count == 0)
		walk_find_str(w, FOUND_archive_unread, "udf");
	arena_free(&arena);
}
