#include "smtp/client_reply.h"

#include <string.h>
#include "base/error.h"

void reply_reader_init(struct reply_reader *r)
{
	*r = (struct reply_reader){.text = BUF_INIT(REPLY_KEPT_MAX + REPLY_LINE_MAX)};
}

void reply_reader_free(struct reply_reader *r)
{
	buf_free(&r->text);
}

static size_t digits(struct slice s)
{
	size_t n = 0;
	while (n < s.n && ascii_is_digit(s.p[n]))
		n++;
	return n;
}

struct slice reply_enhanced_take(struct slice *text, uint16_t code)
{
	struct slice rest = *text;
	for (unsigned part = 0; part < 3; part++) {
		size_t n = digits(rest);
		if (n == 0 || n > 3 || (part == 0 && (n != 1 || rest.p[0] - '0' != code / 100)))
			return SLICE_NONE;
		rest = slice_from(rest, n);
		if (part < 2) {
			if (rest.n == 0 || rest.p[0] != '.')
				return SLICE_NONE;
			rest = slice_from(rest, 1);
		}
	}
	if (rest.n > 0 && rest.p[0] != ' ')
		return SLICE_NONE;
	struct slice enhanced = slice_sub(*text, 0, text->n - rest.n);
	*text = slice_trim(rest);
	return enhanced;
}

/* Code and separator; *ret_last: a line without '-'. */
static int line_parse(struct slice line, uint16_t *ret_code, bool *ret_last, struct slice *ret_text)
{
	uint32_t code;
	if (line.n < 3 || digits(line) != 3 || slice_to_u32(slice_sub(line, 0, 3), &code) < 0 || code < 200 || code > 599)
		return ERR_INVALID;
	if (line.n > 3 && line.p[3] != ' ' && line.p[3] != '-')
		return ERR_INVALID;
	*ret_code = (uint16_t)code;
	*ret_last = line.n == 3 || line.p[3] == ' ';
	*ret_text = slice_from(line, 4);
	return 0;
}

static void keep(struct reply_reader *r, struct slice text, bool first)
{
	if (buf_len(&r->text) + text.n + 1 > REPLY_KEPT_MAX && !first)
		return;
	if (!first)
		buf_append_byte(&r->text, '\n');
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		buf_append_byte(&r->text, c < ' ' || c == 0x7f ? ' ' : c);
	}
}

static int line_take(struct reply_reader *r, struct slice line, bool *ret_last)
{
	uint16_t code;
	struct slice text;
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	int rc = line_parse(line, &code, ret_last, &text);
	if (rc < 0)
		return rc;
	bool first = r->lines == 0;
	if ((!first && code != r->code) || ++r->lines > REPLY_LINES_MAX)
		return ERR_INVALID;
	r->code = code;
	keep(r, text, first);
	return 0;
}

int reply_reader_read(struct reply_reader *r, struct buf *in, struct smtp_reply *ret)
{
	if (r->lines == 0)
		buf_clear(&r->text);
	for (bool last = false; !last;) {
		struct slice have = buf_slice(in);
		const uint8_t *lf = have.n > 0 ? memchr(have.p, '\n', have.n) : NULL;
		size_t n = lf != NULL ? (size_t)(lf - have.p) : have.n;
		if (n >= REPLY_LINE_MAX)
			return ERR_LIMIT;
		if (lf == NULL)
			return 0;
		int rc = line_take(r, slice_sub(have, 0, n), &last);
		buf_consume(in, n + 1);
		if (rc < 0)
			return rc;
	}
	r->lines = 0;
	*ret = (struct smtp_reply){.code = r->code, .text = buf_slice(&r->text)};
	ret->enhanced = reply_enhanced_take(&ret->text, r->code);
	return 1;
}
