#include <string.h>

#include "mime/header.h"
#include "mime/limits.h"

/* The line at the front with its line break. */
static struct slice line_take(struct slice *rest)
{
	ptrdiff_t end = slice_find(*rest, '\n');
	struct slice line = slice_sub(*rest, 0, end < 0 ? rest->n : (size_t)end + 1);

	*rest = slice_from(*rest, line.n);
	return line;
}

static bool line_is_empty(struct slice line)
{
	return (line.n == 1 && line.p[0] == '\n') || (line.n == 2 && line.p[0] == '\r' && line.p[1] == '\n');
}

static struct slice without_break(struct slice s)
{
	if (s.n > 0 && s.p[s.n - 1] == '\n')
		s.n--;
	if (s.n > 0 && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}

/* Field names are printable ASCII without colon (RFC 5322 2.2); blanks before the colon are obsolete syntax. 8-bit is let through. */
static bool name_of_line(struct slice line, struct slice *ret_name, size_t *ret_colon)
{
	ptrdiff_t colon = slice_find(line, ':');
	struct slice name;

	if (colon <= 0)
		return false;
	name = slice_sub(line, 0, (size_t)colon);
	while (name.n > 0 && ascii_is_wsp(name.p[name.n - 1]))
		name.n--;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] == 0x7f)
			return false;
	*ret_name = name;
	*ret_colon = (size_t)colon;
	return name.n > 0;
}

bool mime_field_next(struct slice *rest, struct mime_field *ret)
{
	while (rest->n > 0) {
		struct slice before = *rest, line = line_take(rest);
		size_t colon;

		if (line_is_empty(line))
			return false;
		while (rest->n > 0 && ascii_is_wsp(rest->p[0]))
			line_take(rest);
		ret->whole = slice_sub(before, 0, before.n - rest->n);
		if (!name_of_line(line, &ret->name, &colon))
			continue;
		ret->value = without_break(slice_from(ret->whole, colon + 1));
		return true;
	}
	return false;
}

size_t mime_header_length(struct slice message)
{
	struct slice rest = message;

	while (rest.n > 0) {
		struct slice line = line_take(&rest);

		if (line_is_empty(line))
			return message.n - rest.n;
	}
	return message.n;
}

bool mime_header_find(struct slice header, struct slice name, struct mime_field *ret)
{
	struct mime_field field;
	unsigned seen = 0;

	while (seen++ < MIME_FIELDS_MAX && mime_field_next(&header, &field)) {
		if (slice_eq_nocase(field.name, name)) {
			*ret = field;
			return true;
		}
	}
	return false;
}

unsigned mime_header_count(struct slice header, struct slice name)
{
	struct mime_field field;
	unsigned count = 0;

	while (mime_field_next(&header, &field))
		count += slice_eq_nocase(field.name, name);
	return count;
}

struct slice mime_unfold(struct arena *arena, struct slice value)
{
	uint8_t *to;
	size_t n = 0;

	value = slice_trim(value);
	value = slice_sub(value, 0, MIME_VALUE_MAX);
	if (slice_find(value, '\n') < 0 && slice_find(value, '\r') < 0)
		return value;
	to = arena_alloc(arena, value.n);
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] != '\r' && value.p[i] != '\n')
			to[n++] = value.p[i];
	return slice_make(to, n);
}

/* One comment at the front, which starts with its parenthesis. */
static void skip_comment(struct slice *s)
{
	unsigned depth = 0;
	size_t i = 0;

	for (; i < s->n; i++) {
		if (s->p[i] == '\\') {
			i++;
		} else if (s->p[i] == '(') {
			if (++depth > MIME_COMMENT_DEPTH_MAX) {
				*s = SLICE_NONE;
				return;
			}
		} else if (s->p[i] == ')' && --depth == 0) {
			i++;
			break;
		}
	}
	*s = slice_from(*s, i);
}

void mime_skip_cfws(struct slice *s)
{
	while (s->n > 0) {
		uint8_t c = s->p[0];

		if (ascii_is_wsp(c) || c == '\r' || c == '\n')
			*s = slice_from(*s, 1);
		else if (c == '(')
			skip_comment(s);
		else
			return;
	}
}

struct slice mime_take_quoted(struct slice *s, struct arena *arena)
{
	size_t i = 1, n = 0, end;
	uint8_t *to;

	for (end = 1; end < s->n && s->p[end] != '"'; end++)
		if (s->p[end] == '\\')
			end++;
	if (end > s->n)
		end = s->n;
	to = arena_alloc(arena, end);
	for (; i < end; i++) {
		if (s->p[i] == '\\' && i + 1 < end)
			i++;
		else if (s->p[i] == '\r' || s->p[i] == '\n')
			continue;
		to[n++] = s->p[i];
	}
	*s = slice_from(*s, end + 1);
	return slice_make(to, n);
}
