#include "base/ascii.h"

bool ascii_has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return true;
	return false;
}

struct slice ascii_dup_lower(struct arena *arena, struct slice s)
{
	uint8_t *copy = arena_alloc(arena, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		copy[i] = ascii_lower(s.p[i]);
	return slice_make(copy, s.n);
}

void ascii_append_quoted(struct buf *out, struct slice s)
{
	buf_append_byte(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_append_byte(out, '\\');
		buf_append_byte(out, s.p[i]);
	}
	buf_append_byte(out, '"');
}

/* `to` takes as many bytes as `in` has. */
static size_t percent_decode(struct slice in, uint8_t *to)
{
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		bool escape = in.p[i] == '%' && i + 2 < in.n && ascii_hex_value(in.p[i + 1]) >= 0 && ascii_hex_value(in.p[i + 2]) >= 0;

		to[n++] = escape ? (uint8_t)(ascii_hex_value(in.p[i + 1]) << 4 | ascii_hex_value(in.p[i + 2])) : in.p[i];
		i += escape ? 2 : 0;
	}
	return n;
}

void ascii_percent_decode(struct slice in, struct buf *out)
{
	uint8_t *to = buf_reserve(out, in.n);

	if (to != NULL)
		buf_commit(out, percent_decode(in, to));
}

struct slice ascii_percent_decoded(struct arena *arena, struct slice in)
{
	uint8_t *to = arena_alloc(arena, in.n + 1);

	return slice_make(to, percent_decode(in, to));
}
