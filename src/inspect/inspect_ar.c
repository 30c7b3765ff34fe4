/* ar and cpio: plain lists of files. */
#include "inspect/bytes.h"
#include "inspect/walk.h"

#define AR_HEADER 60
#define CPIO_NEW_HEADER 110
#define CPIO_OLD_HEADER 76

static uint64_t number(struct slice s, unsigned bits)
{
	uint64_t value = 0;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = ascii_lower(s.p[i]);
		unsigned digit = ascii_is_digit(c) ? c - (unsigned)'0' : c >= 'a' && c <= 'f' ? c - (unsigned)'a' + 10 : 16;
		if (digit >= 1u << bits)
			break;
		value = value << bits | digit;
	}
	return value;
}

void inspect_ar(struct walk *w, struct slice content)
{
	uint64_t at = 8, size;
	while (has_bytes(content, at, AR_HEADER) && bytes_are(content, at + 58, SLICE("`\n")) && walk_entry(w)) {
		struct slice name = slice_trim(cut_bytes(content, at, 16));
		if (slice_ends(name, SLICE("/")) && name.n > 1)
			name.n--;
		if (slice_to_u64(slice_trim(cut_bytes(content, at + 48, 10)), &size) != 0 || !has_bytes(content, at + AR_HEADER, size)) {
			walk_find_str(w, FOUND_archive_damaged, "ar");
			return;
		}
		walk_member(w, INSPECT_PIECE_MEMBER, name, cut_bytes(content, at + AR_HEADER, size));
		at += AR_HEADER + size + (size & 1);
	}
}

struct cpio {
	uint64_t mode, size, name_length, header, align;
};

static bool take_cpio(struct slice content, uint64_t at, struct cpio *c)
{
	bool fresh = bytes_are(content, at, SLICE("070701")) || bytes_are(content, at, SLICE("070702"));
	if (fresh && has_bytes(content, at, CPIO_NEW_HEADER))
		*c = (struct cpio){.mode = number(cut_bytes(content, at + 14, 8), 4), .size = number(cut_bytes(content, at + 54, 8), 4),
			.name_length = number(cut_bytes(content, at + 94, 8), 4), .header = CPIO_NEW_HEADER, .align = 4};
	else if (bytes_are(content, at, SLICE("070707")) && has_bytes(content, at, CPIO_OLD_HEADER))
		*c = (struct cpio){.mode = number(cut_bytes(content, at + 18, 6), 3), .size = number(cut_bytes(content, at + 65, 11), 3),
			.name_length = number(cut_bytes(content, at + 59, 6), 3), .header = CPIO_OLD_HEADER, .align = 1};
	else
		return false;
	return true;
}

static void cpio_member(struct walk *w, const struct cpio *c, struct slice name, struct slice body)
{
	uint64_t type = c->mode & 0170000;
	if (type == 0120000)
		walk_find(w, FOUND_archive_link, body);
	else if (type == 0020000 || type == 0060000 || type == 0010000)
		walk_find(w, FOUND_archive_special, name);
	else if (type != 0040000)
		walk_member(w, INSPECT_PIECE_MEMBER, name, body);
}

void inspect_cpio(struct walk *w, struct slice content)
{
	struct cpio c;
	uint64_t at = 0;
	if (byte_at(content, 0) != '0') {
		walk_find_str(w, FOUND_archive_unread, "binary cpio");
		return;
	}
	while (take_cpio(content, at, &c) && walk_entry(w)) {
		struct slice name = cut_bytes(content, at + c.header, c.name_length > 0 ? c.name_length - 1 : 0);
		uint64_t body = (at + c.header + c.name_length + c.align - 1) / c.align * c.align;
		if (slice_eq(name, SLICE("TRAILER!!!")))
			return;
		if (!has_bytes(content, body, c.size))
			break;
		cpio_member(w, &c, name, cut_bytes(content, body, c.size));
		at = (body + c.size + c.align - 1) / c.align * c.align;
	}
	walk_find_str(w, FOUND_archive_damaged, "cpio");
}
