#include "base/csv.h"

#include "base/buf.h"

/* The next field; *s moves behind its comma. *ret_more: there was one. */
static int take_field(struct slice *s, struct arena *arena, struct slice *ret, bool *ret_more)
{
	struct buf b = BUF_INIT(CSV_LINE_MAX);
	size_t at = 0;
	bool quoted = s->n > 0 && s->p[0] == '"';
	int rc = 0;

	for (at = quoted ? 1 : 0; at < s->n; at++) {
		uint8_t c = s->p[at];

		if (quoted && c == '"' && at + 1 < s->n && s->p[at + 1] == '"')
			at++;
		else if (quoted ? c == '"' : c == ',')
			break;
		else if (!quoted && c == '"')
			rc = ERR_INVALID;
		buf_append_byte(&b, c);
	}
	if (quoted && at == s->n)
		rc = ERR_INVALID;
	at += quoted && at < s->n;
	*ret_more = at < s->n && s->p[at] == ',';
	if (at < s->n && s->p[at] != ',')
		rc = ERR_INVALID;
	*s = slice_from(*s, at + *ret_more);
	*ret = arena_dup(arena, quoted ? buf_slice(&b) : slice_trim(buf_slice(&b)));
	buf_free(&b);
	return rc;
}

int csv_fields(struct slice line, struct arena *arena, struct slice *ret, size_t max, size_t *ret_count, struct error *err)
{
	bool more = true;

	if (line.n > CSV_LINE_MAX)
		return error_set(err, ERR_LIMIT, "the line is longer than %d bytes", CSV_LINE_MAX);
	for (*ret_count = 0; more; (*ret_count)++) {
		if (*ret_count == max)
			return error_set(err, ERR_LIMIT, "more than %zu columns", max);
		if (take_field(&line, arena, &ret[*ret_count], &more) != 0)
			return error_set(err, ERR_INVALID, "the quotes of field %zu are not right", *ret_count + 1);
	}
	return 0;
}
