/* OneNote sections (MS-ONESTORE): files inside stand in FileDataStoreObjects, each behind its GUID (2.6.13). */
#include "inspect/bytes.h"
#include "inspect/text.h"
#include "inspect/walk.h"

#define HEADER_SIZE 36 /* GUID, u64 length, 12 bytes unused and reserved */
#define NAME_LOOK 300

/* The names stand elsewhere, as UTF-16 texts that end like the names of files; any that runs is worth telling. */
static void find_names(struct walk *w, struct slice content)
{
	static const struct slice ends[] = {
		SLICE_INIT(".\0h\0t\0a\0"), SLICE_INIT(".\0j\0s\0"), SLICE_INIT(".\0v\0b\0s\0"), SLICE_INIT(".\0w\0s\0f\0"),
		SLICE_INIT(".\0b\0a\0t\0"), SLICE_INIT(".\0c\0m\0d\0"), SLICE_INIT(".\0p\0s\0""1\0"), SLICE_INIT(".\0e\0x\0e\0"),
		SLICE_INIT(".\0l\0n\0k\0"), SLICE_INIT(".\0c\0h\0m\0"), SLICE_INIT(".\0d\0l\0l\0")
	};
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		ptrdiff_t at = walk_steps(w, content.n / 8) ? slice_search(content, ends[i]) : -1;
		if (at < 0)
			continue;
		size_t start = (size_t)at;
		while (start >= 2 && (size_t)at - start < NAME_LOOK && content.p[start - 1] == 0 && content.p[start - 2] >= ' ')
			start -= 2;
		struct buf name = BUF_INIT(NAME_LOOK * 2);
		text_from_utf16(slice_sub(content, start, (size_t)at + ends[i].n), false, &name);
		walk_sealed_member(w, buf_slice(&name));
		buf_free(&name);
	}
}

void inspect_onenote(struct walk *w, struct slice content)
{
	static const struct slice guid = SLICE_INIT("\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac");
	struct slice rest = content;
	ptrdiff_t at;
	if (!walk_steps(w, content.n))
		return;
	while ((at = slice_search(rest, guid)) >= 0 && walk_entry(w)) {
		struct slice object = slice_from(rest, (size_t)at);
		uint64_t n = le64_at(object, 16);
		struct slice body = cut_bytes(object, HEADER_SIZE, n);
		enum inspect_family f = inspect_type_family(inspect_type_of(body, SLICE_NONE));
		/* Pictures of the page are kept in the same way. */
		if (f != INSPECT_FAMILY_IMAGE && body.n > 0) {
			walk_findf(w, FOUND_embedded_file, "%zu bytes", body.n);
			walk_member(w, INSPECT_PIECE_EMBEDDED, SLICE("file"), body);
		}
		rest = slice_from(object, HEADER_SIZE + body.n);
	}
	find_names(w, content);
}
