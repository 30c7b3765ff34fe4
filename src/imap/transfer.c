/* Content-Transfer-Encoding in pieces, for BINARY (RFC 3516): a body of any size in bounded memory. */
#include <string.h>
#include "base/codec.h"
#include "imap/fetch.h"

#define HELD_MAX 65536 /* of one quoted-printable line; a longer one is cut where it is, which only matters inside an escape */

enum transfer_encoding transfer_encoding_of(const struct mime_part *part)
{
	struct slice e = part->encoding;

	/* Composite parts have no encoding of their own (RFC 2045 6.4). */
	if (part->children != NULL || e.n == 0 || slice_eq(e, SLICE("7bit")) || slice_eq(e, SLICE("8bit")) || slice_eq(e, SLICE("binary")))
		return ENCODING_IDENTITY;
	if (slice_eq(e, SLICE("base64")))
		return ENCODING_BASE64;
	return slice_eq(e, SLICE("quoted-printable")) ? ENCODING_QUOTED_PRINTABLE : ENCODING_UNKNOWN;
}

void transfer_begin(struct transfer_decoder *t, enum transfer_encoding encoding)
{
	*t = (struct transfer_decoder){.encoding = encoding, .held = BUF_INIT(HELD_MAX + FETCH_CHUNK * 2)};
}

void transfer_free(struct transfer_decoder *t)
{
	buf_free(&t->held);
}

static int base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (ascii_is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Foreign characters are skipped, padding ends the data (RFC 2045 6.8). */
static void feed_base64(struct transfer_decoder *t, struct slice in, struct buf *out)
{
	uint8_t *to = buf_reserve(out, in.n);
	size_t n = 0;

	for (size_t i = 0; to != NULL && i < in.n && !t->ended; i++) {
		int value = base64_value(in.p[i]);
		if (in.p[i] == '=')
			t->ended = true;
		if (value < 0)
			continue;
		t->bits = t->bits << 6 | (uint32_t)value;
		t->bit_count += 6;
		if (t->bit_count >= 8) {
			t->bit_count -= 8;
			to[n++] = (uint8_t)(t->bits >> t->bit_count);
		}
	}
	if (to != NULL)
		buf_commit(out, n);
}

/* Whole lines are decoded; the rest waits for its end. */
static void feed_quoted(struct transfer_decoder *t, struct slice in, bool last, struct buf *out)
{
	buf_append(&t->held, in);
	struct slice have = buf_slice(&t->held);
	ptrdiff_t lf = slice_rfind(have, '\n');
	size_t n = last ? have.n : lf >= 0 ? (size_t)lf + 1 : have.n > HELD_MAX ? have.n - 3 : 0;

	quoted_printable_decode(slice_sub(have, 0, n), out);
	buf_consume(&t->held, n);
}

void transfer_feed(struct transfer_decoder *t, struct slice in, bool last, struct buf *out)
{
	if (t->encoding == ENCODING_BASE64)
		feed_base64(t, in, out);
	else if (t->encoding == ENCODING_QUOTED_PRINTABLE)
		feed_quoted(t, in, last, out);
	else
		buf_append(out, in);
}
