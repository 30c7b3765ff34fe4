/* RAR 4 and 5: what the headers tell. Members that are only stored are opened; the packing method is not read here. */
#include "inspect/bytes.h"
#include "inspect/walk.h"

#define RAR4_FILE_FIXED 32
#define RAR4_MAIN 0x73
#define RAR4_FILE 0x74
#define RAR4_END 0x7b
#define RAR5_FILE 2
#define RAR5_ENCRYPTION 4
#define RAR5_END 5

struct rar {
	struct slice content;
	uint64_t at;
	bool unread;   /* a packed member was seen */
};

static void give_member(struct walk *w, struct rar *r, struct slice name, bool encrypted, bool stored, struct slice body)
{
	if (encrypted)
		walk_find_str(w, FOUND_archive_encrypted, "RAR");
	else if (stored) {
		walk_member(w, INSPECT_PIECE_MEMBER, name, body);
		return;
	} else
		r->unread = true;
	walk_sealed_member(w, name);
}

/* ---- RAR 4 ---- */

static void rar4_file(struct walk *w, struct rar *r, uint16_t flags, uint64_t header, uint64_t packed)
{
	struct slice c = r->content;
	uint64_t name_at = r->at + RAR4_FILE_FIXED + ((flags & 0x100) != 0 ? 8 : 0);
	struct slice name = cut_bytes(c, name_at, le16_at(c, r->at + 26));
	/* A Unicode name stands behind the plain one and a NUL. */
	ptrdiff_t nul = slice_find(name, 0);
	if (nul >= 0)
		name = slice_sub(name, 0, (size_t)nul);
	if ((flags & 3) != 0)
		walk_find_str(w, FOUND_archive_split, "RAR");
	bool folder = (flags & 0xe0) == 0xe0;
	if (!folder)
		give_member(w, r, name, (flags & 4) != 0, byte_at(c, r->at + 25) == 0x30 && (flags & 3) == 0, cut_bytes(c, r->at + header, packed));
}

static bool rar4_block(struct walk *w, struct rar *r)
{
	struct slice c = r->content;
	uint8_t type = byte_at(c, r->at + 2);
	uint16_t flags = le16_at(c, r->at + 3);
	uint64_t header = le16_at(c, r->at + 5), data = (flags & 0x8000) != 0 || type == RAR4_FILE ? le32_at(c, r->at + 7) : 0;
	if (type == RAR4_FILE && (flags & 0x100) != 0)
		data |= (uint64_t)le32_at(c, r->at + 32) << 32;
	if (header < 7 || !has_bytes(c, r->at, header)) {
		walk_find_str(w, FOUND_archive_damaged, "RAR");
		return false;
	}
	if (type == RAR4_MAIN && (flags & 1) != 0)
		walk_find_str(w, FOUND_archive_split, "RAR");
	if (type == RAR4_MAIN && (flags & 0x80) != 0) {
		walk_find_str(w, FOUND_archive_encrypted, "RAR headers");
		return false;
	}
	if (type == RAR4_FILE)
		rar4_file(w, r, flags, header, data);
	if (type == RAR4_END || data > c.n)
		return false;
	r->at += header + data;
	return r->at + 7 <= c.n;
}

/* ---- RAR 5 ---- */

static bool take_vint(struct slice c, uint64_t *at, uint64_t *ret)
{
	*ret = 0;
	for (unsigned i = 0; i < 10; i++) {
		if (*at >= c.n)
			return false;
		uint8_t b = c.p[(*at)++];
		*ret |= (uint64_t)(b & 0x7f) << (7 * i);
		if ((b & 0x80) == 0)
			return true;
	}
	return false;
}

static bool has_encryption(struct slice extra)
{
	uint64_t at = 0, size, type;
	while (take_vint(extra, &at, &size) && size > 0) {
		uint64_t next = at + size;
		if (take_vint(extra, &at, &type) && type == 1)
			return true;
		if (next <= at - 1 || next > extra.n)
			return false;
		at = next;
	}
	return false;
}

static void rar5_file(struct walk *w, struct rar *r, uint64_t at, uint64_t end, uint64_t extra, struct slice body, bool split)
{
	uint64_t flags, size, attributes, method, host, name_length;
	struct slice c = slice_sub(r->content, 0, end);
	if (!take_vint(c, &at, &flags) || !take_vint(c, &at, &size) || !take_vint(c, &at, &attributes))
		return;
	at += ((flags & 2) != 0 ? 4 : 0) + ((flags & 4) != 0 ? 4 : 0);
	if (!take_vint(c, &at, &method) || !take_vint(c, &at, &host) || !take_vint(c, &at, &name_length) || (flags & 1) != 0)
		return;
	struct slice extra_area = extra <= end ? cut_bytes(c, end - extra, extra) : SLICE_NONE;
	if (split)
		walk_find_str(w, FOUND_archive_split, "RAR");
	give_member(w, r, cut_bytes(c, at, name_length), has_encryption(extra_area), (method >> 7 & 7) == 0 && !split, body);
}

static bool rar5_block(struct walk *w, struct rar *r)
{
	struct slice c = r->content;
	uint64_t at = r->at + 4, size, type, flags, extra = 0, data = 0, end;
	if (!take_vint(c, &at, &size) || size == 0 || size > c.n || (end = at + size) > c.n || !take_vint(c, &at, &type) ||
	    !take_vint(c, &at, &flags) || ((flags & 1) != 0 && !take_vint(c, &at, &extra)) || ((flags & 2) != 0 && !take_vint(c, &at, &data))) {
		walk_find_str(w, FOUND_archive_damaged, "RAR");
		return false;
	}
	if (type == RAR5_ENCRYPTION) {
		walk_find_str(w, FOUND_archive_encrypted, "RAR headers");
		return false;
	}
	if (type == RAR5_FILE)
		rar5_file(w, r, at, end, extra, cut_bytes(c, end, data), (flags & 0x18) != 0);
	if (type == RAR5_END || data > c.n)
		return false;
	r->at = end + data;
	return r->at < c.n;
}

void inspect_rar(struct walk *w, struct slice content)
{
	bool fifth = bytes_are(content, 6, SLICE("\1\0"));
	struct rar r = {.content = content, .at = fifth ? 8 : 7};
	if (slice_starts(content, SLICE("RE~^"))) {
		walk_find_str(w, FOUND_archive_unread, "rar 1");
		return;
	}
	while (walk_entry(w) && (fifth ? rar5_block(w, &r) : rar4_block(w, &r)))
		continue;
	if (r.unread)
		walk_find_str(w, FOUND_archive_unread, "rar");
}
