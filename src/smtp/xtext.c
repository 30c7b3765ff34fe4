#include "smtp/xtext.h"

#include "base/error.h"
#include "base/utf8.h"

static int hex_upper(uint8_t c)
{
	if (ascii_is_digit(c))
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool xchar(uint8_t c)
{
	return c > ' ' && c < 0x7f && c != '+' && c != '=';
}

/* Takes one character of xtext off *s: its value, or -1. */
static int xtext_next(struct slice *s)
{
	uint8_t c = s->p[0];
	if (c != '+') {
		*s = slice_from(*s, 1);
		return xchar(c) ? c : -1;
	}
	if (s->n < 3)
		return -1;
	int high = hex_upper(s->p[1]), low = hex_upper(s->p[2]);
	*s = slice_from(*s, 3);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bool xtext_valid(struct slice s)
{
	while (s.n > 0) {
		if (xtext_next(&s) < 0)
			return false;
	}
	return true;
}

void xtext_encode(struct slice in, struct buf *out)
{
	for (size_t i = 0; i < in.n; i++) {
		if (xchar(in.p[i]))
			buf_append_byte(out, in.p[i]);
		else
			buf_printf(out, "+%02X", in.p[i]);
	}
}

int xtext_decode(struct slice in, struct buf *out)
{
	size_t before = buf_len(out);
	while (in.n > 0) {
		int c = xtext_next(&in);
		if (c < 0) {
			buf_truncate(out, before);
			return ERR_INVALID;
		}
		buf_append_byte(out, (uint8_t)c);
	}
	return 0;
}

/* RFC 6533 3: utf-8-addr-xtext and -unitext: "\x{HEX}" stands for a character; '+' and '=' are not used bare. */
static bool utf8_address_valid(struct slice s, bool utf8)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		if (c <= ' ' || c == 0x7f || c == '+' || c == '=' || (c >= 0x80 && !utf8))
			return false;
	}
	return utf8_valid(s);
}

static bool atom_valid(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '-')
			return false;
	}
	return s.n > 0;
}

bool orcpt_valid(struct slice s, bool utf8)
{
	ptrdiff_t semicolon = slice_find(s, ';');
	if (semicolon < 0)
		return false;
	struct slice type = slice_sub(s, 0, (size_t)semicolon), address = slice_from(s, (size_t)semicolon + 1);
	if (!atom_valid(type) || address.n == 0)
		return false;
	if (slice_eq_nocase(type, SLICE("utf-8")))
		return xtext_valid(address) || utf8_address_valid(address, utf8);
	return xtext_valid(address);
}
