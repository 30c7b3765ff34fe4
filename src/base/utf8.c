#include "base/utf8.h"

#define REPLACEMENT 0xfffdu

/* Length of the well-formed sequence at the start of s (RFC 3629 4), or 0. */
static size_t sequence_length(struct slice s, uint32_t *ret)
{
	uint8_t a = s.p[0];
	size_t n;
	uint32_t c;

	if (a < 0x80) {
		*ret = a;
		return 1;
	}
	if (a >= 0xc2 && a <= 0xdf) {
		n = 2;
		c = a & 0x1fu;
	} else if ((a & 0xf0) == 0xe0) {
		n = 3;
		c = a & 0x0fu;
	} else if (a >= 0xf0 && a <= 0xf4) {
		n = 4;
		c = a & 0x07u;
	} else {
		return 0;
	}
	if (s.n < n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s.p[i] & 0x3fu);
	}
	if ((n == 3 && (c < 0x800 || (c >= 0xd800 && c <= 0xdfff))) || (n == 4 && (c < 0x10000 || c > 0x10ffff)))
		return 0;
	*ret = c;
	return n;
}

bool slice_is_ascii(struct slice s)
{
	uint8_t any = 0;

	for (size_t i = 0; i < s.n; i++)
		any |= s.p[i];
	return any < 0x80;
}

bool utf8_valid(struct slice s)
{
	while (s.n > 0) {
		uint32_t c;
		size_t n = sequence_length(s, &c);

		if (n == 0)
			return false;
		s = slice_make(s.p + n, s.n - n);
	}
	return true;
}

uint32_t utf8_next(struct slice *s)
{
	uint32_t c = REPLACEMENT;
	size_t n = sequence_length(*s, &c);

	if (n == 0)
		n = 1;
	*s = slice_make(s->p + n, s->n - n);
	return c;
}

void utf8_append(struct buf *b, uint32_t c)
{
	uint8_t out[4];
	size_t n;

	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		c = REPLACEMENT;
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		n = 1;
	} else if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		n = 2;
	} else if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		n = 3;
	} else {
		out[0] = (uint8_t)(0xf0 | c >> 18);
		n = 4;
	}
	for (size_t i = 1; i < n; i++)
		out[i] = (uint8_t)(0x80 | (c >> (6 * (n - 1 - i)) & 0x3f));
	buf_append_bytes(b, out, n);
}

void utf8_append_clean(struct buf *b, struct slice s)
{
	while (s.n > 0) {
		uint32_t c;
		size_t run = 0, n;

		while (run < s.n && (n = sequence_length(slice_from(s, run), &c)) > 0)
			run += n;
		buf_append_bytes(b, s.p, run);
		s = slice_from(s, run);
		if (s.n > 0) {
			utf8_append(b, REPLACEMENT);
			s = slice_from(s, 1);
		}
	}
}

struct slice utf8_prefix(struct slice s, size_t n)
{
	if (s.n <= n)
		return s;
	while (n > 0 && (s.p[n] & 0xc0) == 0x80)
		n--;
	return slice_make(s.p, n);
}
