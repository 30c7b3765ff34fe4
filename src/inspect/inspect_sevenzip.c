/* 7z: names when they stand in clear, and whether it is encrypted; nothing is unpacked. */
#include "inspect/bytes.h"
#include "inspect/walk.h"

#define START_SIZE 32
#define ENCODED_HEADER 0x17
#define PROPERTY_NAMES 0x11
#define NAMES_MAX 1000

/* 7zFormat.txt: the first byte says by its ones how many bytes follow. */
static bool take_number(struct slice s, uint64_t *at, uint64_t *ret)
{
	uint8_t first = byte_at(s, *at), mask = 0x80;
	uint64_t value = 0;
	unsigned i = 0;
	if (*at >= s.n)
		return false;
	(*at)++;
	for (; i < 8 && (first & mask) != 0; i++, mask >>= 1)
		value |= (uint64_t)byte_at(s, (*at)++) << (8 * i);
	*ret = i == 8 ? value : value | (uint64_t)(first & (mask - 1u)) << (8 * i);
	return *at <= s.n;
}

static void give_names(struct walk *w, struct slice names)
{
	for (unsigned i = 0; i < NAMES_MAX && names.n >= 2 && walk_entry(w); i++) {
		struct buf name = BUF_INIT(INSPECT_NAME_MAX);
		size_t n = 0;
		while (n + 1 < names.n && (names.p[n] != 0 || names.p[n + 1] != 0)) {
			uint32_t c = names.p[n] | (uint32_t)names.p[n + 1] << 8;
			buf_append_byte(&name, c < 0x80 ? (uint8_t)c : '?');
			n += 2;
		}
		walk_sealed_member(w, buf_slice(&name));
		buf_free(&name);
		names = slice_from(names, n + 2);
	}
}

/* The header is a tree of properties; the one with the names is told by its length, which ends it at another property or the end. */
static void find_names(struct walk *w, struct slice header)
{
	for (uint64_t i = 0; i < header.n; i++) {
		uint64_t at = i + 1, size;
		if (header.p[i] != PROPERTY_NAMES || !take_number(header, &at, &size) || size < 5 || (size & 1) == 0 || !has_bytes(header, at, size))
			continue;
		struct slice names = cut_bytes(header, at + 1, size - 1);
		if (byte_at(header, at) == 0 && byte_at(header, at + size) < 0x1a && le16_at(names, names.n - 2) == 0 && le16_at(names, 0) != 0) {
			give_names(w, names);
			return;
		}
	}
}

void inspect_sevenzip(struct walk *w, struct slice content)
{
	static const struct slice aes = SLICE_INIT("\6\xf1\7\1");
	uint64_t offset = le64_at(content, 12), size = le64_at(content, 20);
	struct slice header = offset < content.n ? cut_bytes(content, START_SIZE + offset, size) : SLICE_NONE;
	if (offset > content.n || size > content.n || header.n < size)
		walk_find_str(w, FOUND_archive_damaged, "7z ends early");
	if (slice_search(header, aes) >= 0)
		walk_find_str(w, FOUND_archive_encrypted, byte_at(header, 0) == ENCODED_HEADER ? "7z headers" : "7z");
	else
		walk_find_str(w, FOUND_archive_unread, "sevenzip");
	if (byte_at(header, 0) != ENCODED_HEADER && walk_steps(w, header.n))
		find_names(w, slice_sub(header, 0, 1024 * 1024));
}
