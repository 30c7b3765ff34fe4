#include <string.h>

#include "base/charset.h"
#include "base/codec.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "mime/html.h"
#include "mime/limits.h"
#include "mime/param.h"
#include "mime/structure.h"
#include "mime/text.h"

#define LINE_MAX 4096    /* of quoted-printable; longer lines are cut between escapes */
#define HELD_MAX 4096    /* text that waits because characters may compose */
#define STEP 16384       /* body bytes that are decoded at once */

enum transfer { TRANSFER_IDENTITY, TRANSFER_BASE64, TRANSFER_QUOTED };

/* body -> raw (transfer encoding off) -> utf8 (charset) -> plain (markup and CR off) -> out (folded) */
struct mime_text {
	enum transfer transfer;
	bool is_html, fold;
	uint32_t bits;
	unsigned have;
	struct charset_stream charset;
	struct html html;
	struct buf line, raw, utf8, plain;
};

struct mime_text *mime_text_open(const struct mime_part *part, bool fold, struct arena *arena)
{
	struct mime_text *t = ARENA_NEW(arena, struct mime_text);
	const struct mime_param *charset = mime_param_find(part->params, SLICE("charset"));

	if (slice_eq(part->encoding, SLICE("base64")))
		t->transfer = TRANSFER_BASE64;
	else if (slice_eq(part->encoding, SLICE("quoted-printable")))
		t->transfer = TRANSFER_QUOTED;
	t->is_html = slice_eq(part->subtype, SLICE("html"));
	t->fold = fold;
	t->line = BUF_INIT(LINE_MAX + STEP);
	t->raw = t->utf8 = t->plain = BUF_INIT(SIZE_MAX / 4);
	charset_stream_open(&t->charset, charset != NULL ? charset->value : SLICE_NONE);
	return t;
}

void mime_text_close(struct mime_text **t)
{
	if (*t == NULL)
		return;
	buf_free(&(*t)->line);
	buf_free(&(*t)->raw);
	buf_free(&(*t)->utf8);
	buf_free(&(*t)->plain);
	*t = NULL;
}

static int base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

/* As base64_decode_lenient, but a unit may go on in the next piece. */
static void base64_feed(struct mime_text *t, struct slice in)
{
	uint8_t *to = buf_reserve(&t->raw, in.n + 3), *start = to;

	for (size_t i = 0; to != NULL && i < in.n; i++) {
		int v = base64_value(in.p[i]);

		if (in.p[i] == '=')
			t->bits = t->have = 0;
		if (v < 0)
			continue;
		t->bits = t->bits << 6 | (uint32_t)v;
		t->have += 6;
		if (t->have >= 8) {
			t->have -= 8;
			*to++ = (uint8_t)(t->bits >> t->have);
		}
	}
	buf_commit(&t->raw, (size_t)(to - start));
}

/* Whole lines only; a long line is cut where no escape is. */
static void quoted_feed(struct mime_text *t, struct slice in, bool last)
{
	struct slice all;
	ptrdiff_t end;
	size_t n;

	buf_append(&t->line, in);
	all = buf_slice(&t->line);
	end = slice_rfind(all, '\n');
	n = end < 0 ? 0 : (size_t)end + 1;
	if (last)
		n = all.n;
	else if (all.n - n > LINE_MAX) {
		struct slice tail = slice_from(all, all.n - 3);
		ptrdiff_t escape = slice_find(tail, '=');

		n = escape < 0 ? all.n : all.n - 3 + (size_t)escape;
	}
	quoted_printable_decode(slice_sub(all, 0, n), &t->raw);
	buf_consume(&t->line, n);
}

static void transfer_feed(struct mime_text *t, struct slice in, bool last)
{
	switch (t->transfer) {
	case TRANSFER_IDENTITY:
		buf_append(&t->raw, in);
		break;
	case TRANSFER_BASE64:
		base64_feed(t, in);
		break;
	case TRANSFER_QUOTED:
		quoted_feed(t, in, last);
		break;
	}
}

static void append_without_cr(struct slice s, struct buf *out)
{
	while (s.n > 0) {
		ptrdiff_t cr = slice_find(s, '\r');
		size_t n = cr < 0 ? s.n : (size_t)cr;

		buf_append(out, slice_sub(s, 0, n));
		s = slice_from(s, n + 1);
	}
}

/* The length up to the start of the last character that a following one cannot reach back over. */
static size_t settled(struct slice s)
{
	size_t i = s.n;

	if (s.n == 0)
		return 0;
	for (i = s.n - 1; i > 0; i--)
		if (s.p[i] < 0x80 || (s.p[i] >= 0xe4 && s.p[i] <= 0xe9))
			return i;
	/* Nothing but combining characters: no text has so many of them. */
	return s.n > HELD_MAX ? utf8_prefix(s, s.n - 1).n : 0;
}

static void feed_step(struct mime_text *t, struct slice body, bool last, struct buf *out)
{
	size_t n;

	transfer_feed(t, body, last);
	charset_stream_feed(&t->charset, buf_slice(&t->raw), last, &t->utf8);
	buf_clear(&t->raw);
	if (t->is_html)
		html_feed(&t->html, buf_slice(&t->utf8), last, &t->plain);
	else
		append_without_cr(buf_slice(&t->utf8), &t->plain);
	buf_clear(&t->utf8);
	if (last)
		buf_append_byte(&t->plain, '\n');
	n = last ? buf_len(&t->plain) : settled(buf_slice(&t->plain));
	if (t->fold)
		mime_fold(slice_sub(buf_slice(&t->plain), 0, n), out);
	else
		buf_append(out, slice_sub(buf_slice(&t->plain), 0, n));
	buf_consume(&t->plain, n);
}

void mime_text_feed(struct mime_text *t, struct slice body, bool last, struct buf *out)
{
	while (body.n > STEP) {
		feed_step(t, slice_sub(body, 0, STEP), false, out);
		body = slice_from(body, STEP);
	}
	feed_step(t, body, last, out);
}

bool mime_search_field(struct slice search_header, struct slice name, struct slice needle)
{
	struct slice line;

	while (slice_split(&search_header, '\n', &line)) {
		if (line.n <= name.n || line.p[name.n] != ':' || !slice_eq_nocase(slice_sub(line, 0, name.n), name))
			continue;
		if (needle.n == 0 || slice_search(slice_from(line, name.n + 2), needle) >= 0)
			return true;
	}
	return false;
}
