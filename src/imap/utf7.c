/* Modified UTF-7, RFC 3501 5.1.3: base64 of UTF-16 between & and -, with "," for "/", and "&-" for "&". */
#include "base/utf8.h"
#include "imap/parser.h"

static int base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (ascii_is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == ',' ? 63 : -1;
}

struct utf16 {
	uint32_t high; /* first half of a pair, or 0 */
	bool any;
};

static int utf16_push(struct utf16 *u, uint32_t unit, struct buf *out)
{
	if (unit >= 0xdc00 && unit < 0xe000) {
		if (u->high == 0)
			return -1;
		utf8_append(out, 0x10000 + ((u->high - 0xd800) << 10) + (unit - 0xdc00));
		u->high = 0;
		return 0;
	}
	if (u->high != 0)
		return -1;
	if (unit >= 0xd800 && unit < 0xdc00)
		u->high = unit;
	else if (unit >= 0x20 && unit < 0x7f) /* printable ASCII stands for itself */
		return -1;
	else if (unit == 0)
		return -1;
	else
		utf8_append(out, unit);
	return 0;
}

/* The text between & and -. */
static int decode_shifted(struct slice in, struct buf *out)
{
	struct utf16 u = {0};
	uint32_t bits = 0;
	unsigned count = 0;

	for (size_t i = 0; i < in.n; i++) {
		int value = base64_value(in.p[i]);
		if (value < 0)
			return -1;
		bits = bits << 6 | (uint32_t)value;
		count += 6;
		if (count >= 16) {
			count -= 16;
			if (utf16_push(&u, bits >> count & 0xffff, out) < 0)
				return -1;
		}
	}
	/* What is left is padding: less than a sextet, zero. */
	return u.high != 0 || count >= 6 || (bits & ((1u << count) - 1)) != 0 ? -1 : 0;
}

int utf7_decode(struct slice in, struct buf *out)
{
	bool after_shift = false;

	while (in.n > 0) {
		uint8_t c = in.p[0];
		if (c < 0x20 || c >= 0x7f)
			return -1;
		if (c != '&') {
			buf_append_byte(out, c);
			in = slice_from(in, 1);
			after_shift = false;
			continue;
		}
		ptrdiff_t end = slice_find(in, '-');
		if (end < 0 || (after_shift && end > 1))
			return -1;
		if (end == 1)
			buf_append_byte(out, '&');
		else if (decode_shifted(slice_sub(in, 1, (size_t)end), out) < 0)
			return -1;
		after_shift = end > 1;
		in = slice_from(in, (size_t)end + 1);
	}
	return out->failed ? -1 : 0;
}

struct shift {
	uint32_t bits;
	unsigned count;
	bool on;
};

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static void shift_put(struct shift *s, uint32_t unit, struct buf *out)
{
	s->bits = s->bits << 16 | unit;
	s->count += 16;
	while (s->count >= 6) {
		s->count -= 6;
		buf_append_byte(out, (uint8_t)alphabet[s->bits >> s->count & 63]);
	}
	s->bits &= (1u << s->count) - 1;
}

static void shift_end(struct shift *s, struct buf *out)
{
	if (s->on && s->count > 0)
		buf_append_byte(out, (uint8_t)alphabet[s->bits << (6 - s->count) & 63]);
	if (s->on)
		buf_append_byte(out, '-');
	*s = (struct shift){0};
}

void utf7_encode(struct slice utf8, struct buf *out)
{
	struct shift s = {0};

	while (utf8.n > 0) {
		uint32_t c = utf8_next(&utf8);
		if (c >= 0x20 && c < 0x7f) {
			shift_end(&s, out);
			buf_append_byte(out, (uint8_t)c);
			if (c == '&')
				buf_append_byte(out, '-');
			continue;
		}
		if (!s.on)
			buf_append_byte(out, '&');
		s.on = true;
		if (c >= 0x10000) {
			shift_put(&s, 0xd800 + ((c - 0x10000) >> 10), out);
			c = 0xdc00 + ((c - 0x10000) & 0x3ff);
		}
		shift_put(&s, c, out);
	}
	shift_end(&s, out);
}
