#include "managesieve/command.h"

struct reader {
	struct slice rest, in;
	struct arena *arena;
	struct managesieve_command *c;
	size_t literals;      /* bytes of literals so far */
};

static size_t taken(const struct reader *r)
{
	return r->in.n - r->rest.n;
}

/* Up to the end of the line; a command that cannot be read is dropped with it. */
static enum managesieve_parsed bad(struct reader *r)
{
	ptrdiff_t end = slice_find(r->rest, '\n');
	if (end < 0)
		return taken(r) + r->rest.n - r->literals > MANAGESIEVE_LINE_MAX ? MANAGESIEVE_TOO_LONG : MANAGESIEVE_NONE;
	r->c->length = taken(r) + (size_t)end + 1;
	return MANAGESIEVE_BAD;
}

static enum managesieve_parsed wait_for_more(const struct reader *r)
{
	return r->in.n - r->literals > MANAGESIEVE_LINE_MAX ? MANAGESIEVE_TOO_LONG : MANAGESIEVE_NONE;
}

static bool add(struct reader *r, bool is_string, struct slice text)
{
	if (r->c->count == MANAGESIEVE_ARGUMENTS_MAX)
		return false;
	r->c->arguments[r->c->count++] = (struct managesieve_argument){is_string, text};
	return true;
}

/* RFC 5804 4: a quote and a backslash are escaped, nothing else; no line breaks. */
static enum managesieve_parsed take_quoted(struct reader *r)
{
	uint8_t *text = arena_alloc(r->arena, r->rest.n < MANAGESIEVE_LINE_MAX ? r->rest.n : MANAGESIEVE_LINE_MAX);
	size_t n = 0, i = 1;
	for (; i < r->rest.n && i < MANAGESIEVE_LINE_MAX; i++) {
		uint8_t c = r->rest.p[i];
		if (c == '"')
			break;
		if (c == '\r' || c == '\n' || c == 0)
			return bad(r);
		if (c == '\\' && ++i == r->rest.n)
			return wait_for_more(r);
		text[n++] = r->rest.p[i];
	}
	if (i >= MANAGESIEVE_LINE_MAX)
		return MANAGESIEVE_TOO_LONG;
	if (i == r->rest.n)
		return wait_for_more(r);
	r->rest = slice_from(r->rest, i + 1);
	return add(r, true, slice_make(text, n)) ? MANAGESIEVE_READY : bad(r);
}

/* "{5+}" CRLF and five bytes: clients send no others (RFC 5804 4). */
static enum managesieve_parsed take_literal(struct reader *r)
{
	ptrdiff_t close = slice_find(slice_sub(r->rest, 0, 16), '}');
	struct slice digits, behind;
	uint32_t size;
	if (close < 0)
		return r->rest.n < 16 ? wait_for_more(r) : bad(r);
	digits = slice_sub(r->rest, 1, (size_t)close);
	if (!slice_ends(digits, SLICE("+")) || slice_to_u32(slice_sub(digits, 0, digits.n - 1), &size) < 0)
		return bad(r);
	if (size > MANAGESIEVE_LITERAL_MAX || r->literals + size > 2 * MANAGESIEVE_LITERAL_MAX)
		return MANAGESIEVE_TOO_LONG;
	behind = slice_from(r->rest, (size_t)close + 1);
	if (behind.n < 2)
		return wait_for_more(r);
	if (!slice_starts(behind, SLICE("\r\n")))
		return bad(r);
	r->literals += size;
	if (behind.n - 2 < size)
		return MANAGESIEVE_NONE;
	r->rest = slice_from(behind, 2 + (size_t)size);
	return add(r, true, slice_sub(behind, 2, 2 + (size_t)size)) ? MANAGESIEVE_READY : bad(r);
}

static enum managesieve_parsed take_atom(struct reader *r, bool first)
{
	size_t n = 0;
	while (n < r->rest.n && (ascii_is_alnum(r->rest.p[n]) || r->rest.p[n] == '-' || r->rest.p[n] == '_'))
		n++;
	if (n == r->rest.n)
		return wait_for_more(r);
	struct slice atom = slice_sub(r->rest, 0, n);
	if (n == 0)
		return bad(r);
	r->rest = slice_from(r->rest, n);
	if (first)
		r->c->verb = atom;
	return first || add(r, false, atom) ? MANAGESIEVE_READY : bad(r);
}

static enum managesieve_parsed take_token(struct reader *r, bool first)
{
	if (r->rest.p[0] == '"')
		return take_quoted(r);
	return r->rest.p[0] == '{' ? take_literal(r) : take_atom(r, first);
}

enum managesieve_parsed managesieve_parse(struct slice in, struct arena *arena, struct managesieve_command *ret)
{
	struct reader r = {.rest = in, .in = in, .arena = arena, .c = ret};
	*ret = (struct managesieve_command){0};
	for (bool first = true;; first = false) {
		while (r.rest.n > 0 && ascii_is_wsp(r.rest.p[0]))
			r.rest = slice_from(r.rest, 1);
		if (r.rest.n == 0 || slice_eq(r.rest, SLICE("\r")))
			return wait_for_more(&r);
		if (slice_starts(r.rest, SLICE("\r\n")) || r.rest.p[0] == '\n') {
			r.rest = slice_from(r.rest, r.rest.p[0] == '\r' ? 2 : 1);
			ret->length = taken(&r);
			return first ? MANAGESIEVE_BAD : MANAGESIEVE_READY;
		}
		enum managesieve_parsed parsed = take_token(&r, first);
		if (parsed != MANAGESIEVE_READY)
			return parsed;
	}
}

void managesieve_string(struct slice text, struct buf *out)
{
	bool quotable = text.n <= 1000;
	for (size_t i = 0; i < text.n && quotable; i++)
		quotable = text.p[i] >= ' ' && text.p[i] != 0x7f;
	if (!quotable) {
		buf_printf(out, "{%zu}\r\n", text.n);
		buf_append(out, text);
		return;
	}
	buf_append_byte(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			buf_append_byte(out, '\\');
		buf_append_byte(out, text.p[i]);
	}
	buf_append_byte(out, '"');
}
