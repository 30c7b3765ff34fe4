#include "smtp/reply.h"

static uint8_t printable(uint8_t c)
{
	return c == '\t' || (c >= ' ' && c != 0x7f) ? c : '?';
}

static void line_write(struct buf *out, const struct smtp_reply *reply, struct slice text, bool last)
{
	buf_append_u64(out, reply->code);
	buf_append_byte(out, last ? ' ' : '-');
	if (reply->enhanced.n > 0) {
		buf_append(out, reply->enhanced);
		buf_append_byte(out, ' ');
	}
	text = slice_sub(text, 0, SMTP_REPLY_TEXT_MAX);
	for (size_t i = 0; i < text.n; i++)
		buf_append_byte(out, printable(text.p[i]));
	buf_append(out, SLICE("\r\n"));
}

void smtp_reply_write(struct buf *out, const struct smtp_reply *reply)
{
	struct slice rest = reply->text, line = SLICE_NONE;
	unsigned lines = 0;
	do {
		slice_split(&rest, '\n', &line);
		line_write(out, reply, line, rest.n == 0 || ++lines == SMTP_REPLY_LINES_MAX);
	} while (rest.n > 0 && lines < SMTP_REPLY_LINES_MAX);
}
