/* TNEF (MS-OXTNEF), known as winmail.dat: its attachments. */
#include "inspect/bytes.h"
#include "inspect/walk.h"

#define ATTACH_TITLE 0x00018010u
#define ATTACH_DATA 0x0006800fu
#define ATTACH_BEGIN 0x00069002u

void inspect_tnef(struct walk *w, struct slice content)
{
	uint64_t at = 6;
	struct slice title = SLICE_NONE, data = SLICE_NONE;
	while (has_bytes(content, at, 9) && walk_steps(w, WALK_FOLLOW)) {
		uint32_t id = le32_at(content, at + 1), n = le32_at(content, at + 5);
		struct slice body = cut_bytes(content, at + 9, n);
		/* The title may stand on either side of the data: an attachment is given out when the next one begins. */
		if ((id == ATTACH_BEGIN || body.n < n) && data.n > 0 && walk_entry(w)) {
			walk_member(w, INSPECT_PIECE_EMBEDDED, title, data);
			title = data = SLICE_NONE;
		}
		if (id == ATTACH_TITLE) {
			ptrdiff_t end = slice_find(body, 0);
			title = slice_sub(body, 0, end >= 0 ? (size_t)end : body.n);
		}
		if (id == ATTACH_DATA)
			data = body;
		at += 9 + (uint64_t)n + 2;
	}
	if (data.n > 0 && walk_entry(w))
		walk_member(w, INSPECT_PIECE_EMBEDDED, title, data);
	if (at < content.n)
		walk_find_str(w, FOUND_archive_damaged, "TNEF");
}
