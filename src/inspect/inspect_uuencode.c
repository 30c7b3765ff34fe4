/* uuencode (POSIX): "begin 644 name", lines, "end". */
#include "inspect/walk.h"

static void decode_line(struct slice line, struct buf *out)
{
	size_t wanted = line.n > 0 ? (line.p[0] - ' ') & 63u : 0;
	for (size_t i = 1; i + 3 < line.n && wanted > 0; i += 4) {
		uint32_t v = 0;
		for (size_t k = 0; k < 4; k++)
			v = v << 6 | ((line.p[i + k] - ' ') & 63u);
		uint8_t bytes[3] = {(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
		size_t n = wanted < 3 ? wanted : 3;
		buf_append_bytes(out, bytes, n);
		wanted -= n;
	}
}

void inspect_uuencode(struct walk *w, struct slice content)
{
	struct buf out;
	struct slice rest = content, line;
	walk_buf(w, &out);
	slice_split(&rest, '\n', &line);
	line = slice_trim(line);
	ptrdiff_t space = slice_find(slice_from(line, 6), ' ');
	struct slice name = space >= 0 ? slice_from(line, 7 + (size_t)space) : SLICE_NONE;
	while (!out.failed && slice_split(&rest, '\n', &line) && !slice_eq(slice_trim(line), SLICE("end")))
		decode_line(line, &out);
	if (out.failed)
		walk_find_str(w, FOUND_over_budget, "member");
	if (walk_unpacked(w, content.n, buf_len(&out)) && walk_entry(w))
		walk_member(w, INSPECT_PIECE_MEMBER, name, buf_slice(&out));
	buf_free(&out);
}
