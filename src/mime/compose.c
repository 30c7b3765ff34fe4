#include "base/codec.h"
#include "base/utf8.h"
#include "mime/compose.h"
#include "mime/date.h"
#include "mime/encoded_word.h"

#define LINE_GOAL 76  /* RFC 5322 2.1.1 recommends 78 with CRLF */
#define LINE_LIMIT 990

/* Copies `value`, breaking lines at spaces; `column` is where the line stands. */
static void append_folded(struct buf *out, struct slice value, size_t column)
{
	struct slice word;
	bool first = true;

	while (slice_split(&value, ' ', &word)) {
		if (!first && column + 1 + word.n > LINE_GOAL && word.n > 0) {
			buf_append(out, SLICE("\r\n "));
			column = 1;
		} else if (!first || column > 0) {
			buf_append_byte(out, ' ');
			column++;
		}
		buf_append(out, slice_sub(word, 0, LINE_LIMIT));
		column += word.n;
		first = false;
	}
	buf_append(out, SLICE("\r\n"));
}

static struct slice without_controls(struct slice s, struct buf *scratch)
{
	for (size_t i = 0; i < s.n; i++)
		buf_append_byte(scratch, s.p[i] < ' ' || s.p[i] == 0x7f ? ' ' : s.p[i]);
	return slice_trim(buf_slice(scratch));
}

void compose_field_raw(struct buf *out, const char *name, struct slice value)
{
	struct buf clean = BUF_INIT(65536);
	size_t before = buf_len(out);

	buf_printf(out, "%s:", name);
	append_folded(out, without_controls(value, &clean), buf_len(out) - before);
	buf_free(&clean);
}

void compose_field(struct buf *out, const char *name, struct slice text)
{
	struct buf clean = BUF_INIT(65536), encoded = BUF_INIT(4 * 65536);

	mime_words_encode(without_controls(text, &clean), false, &encoded);
	compose_field_raw(out, name, buf_slice(&encoded));
	buf_free(&clean);
	buf_free(&encoded);
}

void compose_address(struct buf *out, const char *name, struct slice display, struct slice spec)
{
	struct buf clean = BUF_INIT(65536), value = BUF_INIT(4 * 65536);

	if (display.n > 0) {
		mime_words_encode(without_controls(display, &clean), true, &value);
		buf_append_byte(&value, ' ');
	}
	buf_append_byte(&value, '<');
	buf_append(&value, spec);
	buf_append_byte(&value, '>');
	compose_field_raw(out, name, buf_slice(&value));
	buf_free(&clean);
	buf_free(&value);
}

void compose_date(struct buf *out, const char *name, int64_t unix_seconds)
{
	buf_printf(out, "%s: ", name);
	mime_date_format(unix_seconds, out);
	buf_append(out, SLICE("\r\n"));
}

void compose_boundary(struct buf *out, struct slice boundary, bool close)
{
	buf_append(out, SLICE("--"));
	buf_append(out, boundary);
	buf_append(out, close ? SLICE("--\r\n") : SLICE("\r\n"));
}

static void append_crlf_lines(struct slice text, struct buf *out)
{
	struct slice line;

	while (slice_split(&text, '\n', &line)) {
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		buf_append(out, line);
		buf_append(out, SLICE("\r\n"));
	}
}

void compose_text_part(struct buf *out, struct slice utf8)
{
	struct buf lines = BUF_INIT(4u << 20);
	bool ascii = slice_is_ascii(utf8);

	append_crlf_lines(utf8, &lines);
	buf_append_str(out, "Content-Type: text/plain; charset=utf-8\r\n");
	buf_append_str(out, ascii ? "Content-Transfer-Encoding: 7bit\r\n\r\n" : "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	if (ascii)
		buf_append(out, buf_slice(&lines));
	else
		quoted_printable_encode(buf_slice(&lines), out);
	buf_free(&lines);
}
