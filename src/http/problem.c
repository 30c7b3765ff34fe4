#include "http/problem.h"

#include "base/utf8.h"
#include "http/message.h"

void http_json_text(struct buf *out, struct slice text)
{
	buf_append_byte(out, '"');
	while (text.n > 0) {
		uint32_t c = utf8_next(&text);

		if (c == '"' || c == '\\')
			buf_append_byte(out, '\\');
		if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\u%04x", c);
		else
			utf8_append(out, c);
	}
	buf_append_byte(out, '"');
}

static void member(struct buf *out, const char *name, struct slice value)
{
	if (value.n == 0)
		return;
	buf_printf(out, ",\"%s\":", name);
	http_json_text(out, value);
}

void http_problem(struct buf *out, const struct http_problem *problem)
{
	buf_printf(out, "{\"title\":\"%.*s\",\"status\":%u", SLICE_ARG(http_status_text(problem->status)), problem->status);
	member(out, "code", problem->code);
	member(out, "detail", problem->detail);
	member(out, "cid", problem->cid);
	buf_append_byte(out, '}');
}
