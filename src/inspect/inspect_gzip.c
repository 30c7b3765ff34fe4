/* gzip (RFC 1952): one member, which may have a name. */
#include "inspect/bytes.h"
#include "inspect/name.h"
#include "inspect/walk.h"

#define HEADER_SIZE 10
#define FLAG_EXTRA 4
#define FLAG_NAME 8

static struct slice stored_name(struct slice s)
{
	uint8_t flags = byte_at(s, 3);
	size_t at = HEADER_SIZE + ((flags & FLAG_EXTRA) != 0 ? 2 + (size_t)le16_at(s, HEADER_SIZE) : 0);
	struct slice name = cut_bytes(s, at, INSPECT_NAME_MAX);
	ptrdiff_t end = slice_find(name, 0);
	return (flags & FLAG_NAME) != 0 && end > 0 ? slice_sub(name, 0, (size_t)end) : SLICE_NONE;
}

/* "a.tgz" holds a.tar; "a.svg.gz" holds a.svg. */
static void inner_name(struct walk *w, struct slice content, struct buf *out)
{
	static const struct { struct slice end, instead; } rows[] =
		{{SLICE_INIT(".tgz"), SLICE_INIT(".tar")}, {SLICE_INIT(".svgz"), SLICE_INIT(".svg")},
		{SLICE_INIT(".emz"), SLICE_INIT(".emf")}, {SLICE_INIT(".wmz"), SLICE_INIT(".wmf")}, {SLICE_INIT(".gz"), SLICE_INIT("")}};
	struct slice name = stored_name(content), own = buf_slice(&w->path);
	ptrdiff_t slash = slice_rfind(own, '/');
	own = slice_from(own, (size_t)(slash + 1));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0] && name.n == 0; i++)
		if (slice_ends_nocase(own, rows[i].end)) {
			buf_append(out, slice_sub(own, 0, own.n - rows[i].end.n));
			buf_append(out, rows[i].instead);
			return;
		}
	buf_append(out, name);
}

void inspect_gzip(struct walk *w, struct slice content)
{
	struct buf out, name = BUF_INIT(2 * INSPECT_NAME_MAX);
	size_t used = 0;
	walk_buf(w, &out);
	inner_name(w, content, &name);
	if (walk_entry(w) && walk_inflate(w, content, UNPACK_GZIP, &out, &used) == UNPACK_CUT)
		walk_find_str(w, FOUND_archive_damaged, "gzip");
	else if (used < content.n && !walk_level(w)->stopped && !out.failed && buf_len(&out) < out.max)
		walk_findf(w, FOUND_archive_appended, "%zu bytes", content.n - used);
	if (buf_len(&out) > 0)
		walk_member(w, INSPECT_PIECE_MEMBER, buf_slice(&name), buf_slice(&out));
	buf_free(&out);
	buf_free(&name);
}
