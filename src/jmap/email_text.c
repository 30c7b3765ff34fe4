/* Bytes of a part: its text, and how long it is without its transfer encoding. */
#include "base/charset.h"
#include "base/codec.h"
#include "base/utf8.h"
#include "jmap/email_body.h"

#define SIZE_READ (64u << 10)      /* an encoded part up to here is decoded to learn its size */
#define SIZE_READ_QUOTED (1u << 20)
#define EDGE 4096                  /* bytes at both ends of a longer one that are looked at */

enum transfer { AS_IT_IS, BASE64, QUOTED, UNKNOWN };

static enum transfer transfer_of(const struct mime_part *part)
{
	if (slice_eq(part->encoding, SLICE("base64")))
		return BASE64;
	if (slice_eq(part->encoding, SLICE("quoted-printable")))
		return QUOTED;
	return slice_eq(part->encoding, SLICE("7bit")) || slice_eq(part->encoding, SLICE("8bit")) || slice_eq(part->encoding, SLICE("binary"))
		? AS_IT_IS : UNKNOWN;
}

static int read_part(struct jmap_shown *s, const struct mime_part *part, uint64_t offset, uint64_t n, struct buf *out)
{
	uint64_t room = part->body_end - part->body_start;

	offset = offset < room ? offset : room;
	return jmap_shown_read(s, s->prefix + part->body_start + offset, n < room - offset ? n : room - offset, out);
}

/* ---- the size ---- */

static uint64_t decoded_size(struct jmap_shown *s, const struct mime_part *part, enum transfer transfer)
{
	uint64_t n = part->body_end - part->body_start, size = n;
	struct buf raw = BUF_INIT(n), plain = BUF_INIT(n + 1024); /* decoders ask for more room than they need */

	if (read_part(s, part, 0, n, &raw) == 0) {
		(void)(transfer == BASE64 ? base64_decode_lenient : quoted_printable_decode)(buf_slice(&raw), &plain);
		size = buf_len(&plain);
	}
	buf_free(&raw);
	buf_free(&plain);
	return size;
}

static size_t trailing(struct slice text, struct slice which)
{
	size_t n = 0;

	while (n < text.n && slice_find(which, text.p[text.n - 1 - n]) >= 0)
		n++;
	return n;
}

/* Of a long one, from the length of its first line and from its end: all lines of base64 are alike. */
static uint64_t base64_size(struct jmap_shown *s, const struct mime_part *part)
{
	uint64_t n = part->body_end - part->body_start, line;
	struct buf front = BUF_INIT(EDGE), back = BUF_INIT(EDGE);
	uint64_t size = n / 4 * 3;
	ptrdiff_t lf;

	if (read_part(s, part, 0, EDGE, &front) == 0 && read_part(s, part, n - EDGE, EDGE, &back) == 0
	    && (lf = slice_find(buf_slice(&front), '\n')) > 0) {
		bool cr = buf_slice(&front).p[lf - 1] == '\r';
		size_t blank = trailing(buf_slice(&back), SLICE("\r\n \t"));
		size_t pad = trailing(slice_sub(buf_slice(&back), 0, EDGE - blank), SLICE("="));

		line = (uint64_t)lf + 1;
		n -= blank;
		n -= (n - 1) / line * (cr ? 2 : 1);
		size = n / 4 * 3 - (pad > 2 ? 0 : pad);
	}
	buf_free(&front);
	buf_free(&back);
	return size;
}

uint64_t jmap_part_size(struct jmap_shown *s, const struct mime_part *part)
{
	uint64_t n = part->body_end - part->body_start;
	enum transfer transfer = slice_eq(part->type, SLICE("multipart")) ? AS_IT_IS : transfer_of(part);

	if (transfer == BASE64)
		return n <= SIZE_READ ? decoded_size(s, part, transfer) : base64_size(s, part);
	return transfer == QUOTED && n <= SIZE_READ_QUOTED ? decoded_size(s, part, transfer) : n;
}

/* ---- the text ---- */

static struct slice charset_of(const struct mime_part *part)
{
	for (const struct mime_param *p = part->params; p != NULL; p = p->next) {
		if (slice_eq(p->name, SLICE("charset")))
			return p->value;
	}
	return SLICE_NONE;
}

static bool is_utf8_like(struct slice charset)
{
	return charset.n == 0 || slice_eq_nocase(charset, SLICE("utf-8")) || slice_eq_nocase(charset, SLICE("us-ascii"));
}

/* Cut anywhere: a character that is not whole there is left out. */
static void decode_charset(struct slice charset, struct slice bytes, bool whole, struct buf *out)
{
	struct charset_stream stream;

	charset_stream_open(&stream, charset);
	charset_stream_feed(&stream, bytes, whole, out);
	if (!whole) /* ends the stream; what it held back is not wanted */
		charset_stream_feed(&stream, SLICE_NONE, true, &BUF_INIT(64));
}

static void without_cr(struct slice text, struct buf *out)
{
	for (ptrdiff_t at; (at = slice_search(text, SLICE("\r\n"))) >= 0; text = slice_from(text, (size_t)at + 1))
		buf_append(out, slice_sub(text, 0, (size_t)at));
	buf_append(out, text);
}

static bool undo_transfer(enum transfer transfer, struct slice raw, struct buf *out)
{
	switch (transfer) {
	case BASE64:
		return base64_decode_lenient(raw, out);
	case QUOTED:
		return quoted_printable_decode(raw, out);
	case AS_IT_IS:
	case UNKNOWN:
		break;
	}
	buf_append(out, raw);
	return transfer == AS_IT_IS;
}

static bool has_replacement(struct slice text)
{
	return slice_search(text, SLICE("\xef\xbf\xbd")) >= 0;
}

int jmap_part_text(struct jmap_shown *s, const struct mime_part *part, uint64_t max, struct buf *out, bool *ret_cut, bool *ret_odd)
{
	uint64_t size = part->body_end - part->body_start, n = size < max ? size : max;
	struct slice charset = charset_of(part);
	struct buf raw = BUF_INIT(n), bytes = BUF_INIT(n + 1024), text = BUF_INIT(SIZE_MAX / 4);
	int rc = jmap_shown_give(s, s->prefix + part->body_start, n);

	if (rc == 0)
		rc = read_part(s, part, 0, n, &raw);
	if (rc == 0) {
		*ret_cut = n < size;
		*ret_odd = !undo_transfer(transfer_of(part), buf_slice(&raw), &bytes) && (!*ret_cut || transfer_of(part) == UNKNOWN);
		decode_charset(charset, buf_slice(&bytes), !*ret_cut, &text);
		if (is_utf8_like(charset))
			*ret_odd |= has_replacement(buf_slice(&text)) && !has_replacement(buf_slice(&bytes));
		else
			*ret_odd |= !charset_known(charset) || has_replacement(buf_slice(&text));
		without_cr(buf_slice(&text), out);
	}
	buf_free_secret(&raw);
	buf_free_secret(&bytes);
	buf_free_secret(&text);
	return rc;
}

/* Not within a character; of HTML not within a tag. */
static struct slice cut_to(struct slice text, uint64_t max, bool html)
{
	ptrdiff_t open;

	text = utf8_prefix(text, (size_t)max);
	open = html ? slice_rfind(text, '<') : -1;
	return open >= 0 && slice_rfind(text, '>') < open ? slice_sub(text, 0, (size_t)open) : text;
}

/* Encoded bytes that surely hold so many of text, if there are so many. */
static uint64_t bytes_for(uint64_t max)
{
	return max == 0 || max >= JMAP_VALUE_MAX / 4 ? JMAP_VALUE_MAX : max * 4 + 1024;
}

void jmap_value_print(struct jmap_shown *s, const struct mime_part *part, uint64_t max)
{
	struct emit *e = jmap_out(s->call);
	struct buf out = BUF_INIT(SIZE_MAX / 4), key = BUF_INIT(16);
	bool cut = false, odd = false;
	struct slice text;

	if (jmap_part_text(s, part, bytes_for(max), &out, &cut, &odd) < 0)
		odd = true;
	text = buf_slice(&out);
	if (max > 0 && text.n > max) {
		text = cut_to(text, max, slice_eq(part->subtype, SLICE("html")));
		cut = true;
	}
	buf_append_u64(&key, jmap_part_number(part));
	emit_key_text(e, buf_slice(&key));
	emit_object(e);
	emit_member_text(e, "value", text);
	emit_member_bool(e, "isEncodingProblem", odd);
	emit_member_bool(e, "isTruncated", cut);
	emit_object_end(e);
	buf_free(&key);
	buf_free_secret(&out);
}
