/* Windows cabinets (MS-CAB): folders that are stored or in MSZIP are unpacked, LZX and Quantum are not. */
#include <zlib.h>

#include "base/ensure.h"
#include "inspect/bytes.h"
#include "inspect/walk.h"

#define FILE_SIZE 16
#define FOLDER_SIZE 8
#define FLAG_PREVIOUS 1
#define FLAG_NEXT 2
#define FLAG_RESERVE 4
#define METHOD_STORED 0
#define METHOD_MSZIP 1
#define BLOCK_MAX 32768
#define FOLDERS_MAX 64

struct cab {
	struct slice content;
	uint64_t folders, files;
	uint16_t folder_count, file_count;
	uint16_t folder_reserve, data_reserve;
};

static uint64_t behind_text(struct slice s, uint64_t at)
{
	while (at < s.n && s.p[at] != 0)
		at++;
	return at + 1;
}

static void take_header(struct walk *w, struct slice s, struct cab *c)
{
	uint16_t flags = le16_at(s, 30);
	*c = (struct cab){.content = s, .files = le32_at(s, 16), .folder_count = le16_at(s, 26), .file_count = le16_at(s, 28), .folders = 36};
	if ((flags & FLAG_RESERVE) != 0) {
		c->folders = 40 + (uint64_t)le16_at(s, 36);
		c->folder_reserve = byte_at(s, 38);
		c->data_reserve = byte_at(s, 39);
	}
	for (unsigned i = 0; i < ((flags & FLAG_PREVIOUS) != 0) * 2u + ((flags & FLAG_NEXT) != 0) * 2u; i++)
		c->folders = behind_text(s, c->folders);
	if ((flags & (FLAG_PREVIOUS | FLAG_NEXT)) != 0)
		walk_find_str(w, FOUND_archive_split, "cab");
}

/* MS-MCI 2: "CK", then deflate whose window goes on from block to block. */
static bool unzip_block(struct walk *w, struct slice block, struct buf *out)
{
	uint8_t piece[BLOCK_MAX];
	struct slice before = slice_from(buf_slice(out), buf_len(out) > BLOCK_MAX ? buf_len(out) - BLOCK_MAX : 0);
	struct slice packed = slice_from(block, 2);
	z_stream z = {.next_in = (Bytef *)(uintptr_t)packed.p, .avail_in = (uInt)packed.n, .next_out = piece, .avail_out = sizeof piece};
	if (!slice_starts(block, SLICE("CK")) || packed.n == 0)
		return false;
	ENSURE(inflateInit2(&z, UNPACK_RAW) == Z_OK);
	if (before.n > 0)
		inflateSetDictionary(&z, before.p, (uInt)before.n);
	int rc = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	if (rc != Z_STREAM_END || !walk_unpacked(w, block.n, sizeof piece - z.avail_out))
		return false;
	buf_append_bytes(out, piece, sizeof piece - z.avail_out);
	return !out->failed;
}

static bool unpack_folder(struct walk *w, const struct cab *c, uint64_t folder, struct buf *out)
{
	struct slice s = c->content;
	uint64_t at = le32_at(s, folder);
	uint16_t blocks = le16_at(s, folder + 4), method = le16_at(s, folder + 6) & 0xf;
	if (method != METHOD_STORED && method != METHOD_MSZIP) {
		walk_find_str(w, FOUND_archive_method, method == 3 ? "LZX" : "Quantum");
		return false;
	}
	for (unsigned i = 0; i < blocks && walk_steps(w, WALK_FOLLOW); i++) {
		struct slice block = cut_bytes(s, at + 8 + c->data_reserve, le16_at(s, at + 4));
		bool done = method == METHOD_MSZIP ? unzip_block(w, block, out) : walk_unpacked(w, block.n, block.n);
		if (done && method == METHOD_STORED)
			buf_append(out, block);
		if (!done || block.n == 0 || out->failed) {
			walk_find_str(w, FOUND_archive_damaged, "cab");
			break;
		}
		at += 8 + (uint64_t)c->data_reserve + le16_at(s, at + 4);
	}
	return true;
}

/* The files of one folder. */
static void give_files(struct walk *w, const struct cab *c, unsigned folder, bool unpacked, struct slice data)
{
	struct slice s = c->content;
	uint64_t at = c->files;
	for (unsigned i = 0; i < c->file_count && has_bytes(s, at, FILE_SIZE) && walk_steps(w, WALK_FOLLOW); i++) {
		uint64_t end = behind_text(s, at + FILE_SIZE);
		struct slice name = cut_bytes(s, at + FILE_SIZE, end - at - FILE_SIZE - 1);
		if (le16_at(s, at + 8) == folder && walk_entry(w)) {
			if (unpacked)
				walk_member(w, INSPECT_PIECE_MEMBER, name, cut_bytes(data, le32_at(s, at + 4), le32_at(s, at)));
			else
				walk_sealed_member(w, name);
		}
		at = end;
	}
}

void inspect_cab(struct walk *w, struct slice content)
{
	struct cab c;
	if (!slice_starts(content, SLICE("MSCF"))) {
		walk_find_str(w, FOUND_archive_unread, "InstallShield cab");
		return;
	}
	take_header(w, content, &c);
	for (unsigned i = 0; i < c.folder_count && i < FOLDERS_MAX; i++) {
		struct buf out;
		walk_buf(w, &out);
		uint64_t folder = c.folders + (uint64_t)i * (FOLDER_SIZE + c.folder_reserve);
		bool unpacked = has_bytes(content, folder, FOLDER_SIZE) && unpack_folder(w, &c, folder, &out);
		give_files(w, &c, i, unpacked, buf_slice(&out));
		buf_free(&out);
	}
	if (c.folder_count > FOLDERS_MAX)
		walk_find_str(w, FOUND_over_budget, "entries");
	if (c.folder_count == 0 || c.file_count == 0)
		walk_find_str(w, FOUND_archive_damaged, "cab");
}
