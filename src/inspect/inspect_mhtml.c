/*
 * Web archives (RFC 2557) as Word and Excel open them: pages as text, and files in base64, of which one may be an ActiveMime container
 * with macros. The parts are found by their fields alone: Word cares little for boundaries.
 */
#include "base/codec.h"
#include "inspect/bytes.h"
#include "inspect/page.h"

#define ACTIVEMIME_DATA 50 /* bytes in front of the packed OLE file */
#define HEADER_LOOK 2000   /* bytes of the header around a field */

/* "name" of Content-Location or of a parameter, near the field that was found. */
static struct slice name_of(struct slice header)
{
	static const struct slice fields[] = {SLICE_INIT("Content-Location:"), SLICE_INIT("filename="), SLICE_INIT("name=")};
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		ptrdiff_t at = slice_search_nocase(header, fields[i]);
		struct slice value = at >= 0 ? slice_from(header, (size_t)at + fields[i].n) : SLICE_NONE;
		ptrdiff_t end = slice_find(value, '\n');
		value = slice_trim(slice_sub(value, 0, end >= 0 ? (size_t)end : value.n));
		while (value.n > 0 && (value.p[0] == '"' || value.p[0] == ' '))
			value = slice_from(value, 1);
		while (value.n > 0 && (value.p[value.n - 1] == '"' || value.p[value.n - 1] == ';'))
			value.n--;
		ptrdiff_t slash = slice_rfind(value, '/');
		if (value.n > 0)
			return slice_from(value, (size_t)(slash + 1));
	}
	return SLICE("part");
}

static void give_active_mime(struct walk *w, struct slice name, struct slice data)
{
	struct buf out;
	walk_buf(w, &out);
	walk_inflate(w, slice_from(data, ACTIVEMIME_DATA), UNPACK_ZLIB, &out, NULL);
	if (buf_len(&out) > 0)
		walk_member(w, INSPECT_PIECE_EMBEDDED, name, buf_slice(&out));
	else
		walk_find_str(w, FOUND_document_damaged, "ActiveMime");
	buf_free(&out);
}

/* Behind the blank line that ends this header, up to the next line that begins with "--". */
static struct slice body_behind(struct slice s)
{
	struct slice header = slice_sub(s, 0, HEADER_LOOK);
	ptrdiff_t blank = slice_search(header, SLICE("\n\r\n")), bare = slice_search(header, SLICE("\n\n"));
	if (blank < 0 || (bare >= 0 && bare < blank))
		blank = bare;
	struct slice body = blank >= 0 ? slice_from(s, (size_t)blank + 1) : SLICE_NONE;
	ptrdiff_t end = slice_search(body, SLICE("\n--"));
	return end >= 0 ? slice_sub(body, 0, (size_t)end) : body;
}

static size_t inspect_part(struct walk *w, struct slice content, size_t field)
{
	struct slice body = body_behind(slice_from(content, field));
	size_t body_at = body.n > 0 ? (size_t)(body.p - content.p) : field + 1, from = field > HEADER_LOOK ? field - HEADER_LOOK : 0;
	struct slice header = slice_sub(content, from, body_at < field + HEADER_LOOK ? body_at : field + HEADER_LOOK);
	struct buf out;
	/* Of the part alone: behind the last boundary in front of it. */
	for (ptrdiff_t at; (at = slice_search(slice_sub(header, 0, field - from), SLICE("\n--"))) >= 0;) {
		header = slice_from(header, (size_t)at + 1);
		from += (size_t)at + 1;
	}
	walk_buf(w, &out);
	base64_decode_lenient(body, &out);
	out.failed = false;
	if (walk_unpacked(w, body.n, buf_len(&out)) && walk_entry(w)) {
		if (slice_starts(buf_slice(&out), SLICE("ActiveMime")))
			give_active_mime(w, name_of(header), buf_slice(&out));
		else if (buf_len(&out) > 0)
			walk_member(w, INSPECT_PIECE_EMBEDDED, name_of(header), buf_slice(&out));
	}
	buf_free(&out);
	return body_at + body.n;
}

void inspect_mhtml(struct walk *w, struct slice content)
{
	size_t at = 0;
	ptrdiff_t next;
	page_inspect(w, content, false);
	while ((next = slice_search_nocase(slice_from(content, at), SLICE("Content-Transfer-Encoding: base64"))) >= 0 &&
	       walk_steps(w, 4 * HEADER_LOOK + (uint64_t)next))
		at = inspect_part(w, content, at + (size_t)next);
}
