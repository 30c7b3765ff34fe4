#include <string.h>

#include "base/ascii.h"
#include "base/codec.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode_group(const uint8_t *in, size_t n, const char *letters, uint8_t out[4])
{
	uint32_t v = (uint32_t)in[0] << 16 | (uint32_t)(n > 1 ? in[1] : 0) << 8 | (n > 2 ? in[2] : 0);

	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)letters[v >> (18 - 6 * i) & 63];
}

static void encode(struct slice in, const char *letters, bool pad, struct buf *out)
{
	uint8_t *to = buf_reserve(out, (in.n + 2) / 3 * 4);
	size_t i = 0, length;

	if (to == NULL)
		return;
	for (; i + 3 <= in.n; i += 3, to += 4)
		encode_group(in.p + i, 3, letters, to);
	length = i / 3 * 4;
	if (i < in.n) {
		size_t rest = in.n - i;

		encode_group(in.p + i, rest, letters, to);
		if (pad)
			memset(to + rest + 1, '=', 3 - rest);
		length += pad ? 4 : rest + 1;
	}
	buf_commit(out, length);
}

void base64_encode(struct slice in, struct buf *out)
{
	encode(in, alphabet, true, out);
}

void base64url_encode(struct slice in, struct buf *out)
{
	encode(in, url_alphabet, false, out);
}

void base64_encode_lines(struct slice in, struct buf *out)
{
	while (in.n > 0) {
		struct slice line = slice_sub(in, 0, 57);

		base64_encode(line, out);
		buf_append(out, SLICE("\r\n"));
		in = slice_from(in, line.n);
	}
}

/* Value + 1 of every letter of both alphabets; 0: not a letter. Filled from the alphabets at compile time is not possible in C17. */
static const uint8_t *decode_table(void)
{
	static uint8_t table[256];

	if (table['B'] == 0) {
		uint8_t fresh[256] = {0};

		for (uint8_t i = 0; i < 64; i++) {
			fresh[(uint8_t)alphabet[i]] = (uint8_t)(i + 1);
			fresh[(uint8_t)url_alphabet[i]] = (uint8_t)(i + 1);
		}
		memcpy(table, fresh, sizeof table);
	}
	return table;
}

static int decode_strict(struct slice in, bool url, struct buf *out)
{
	const uint8_t *table = decode_table();
	size_t letters = in.n, before = buf_len(out);
	uint32_t bits = 0;
	unsigned have = 0;

	if (!url) {
		if (in.n % 4 != 0)
			return -1;
		while (letters > 0 && in.n - letters < 2 && in.p[letters - 1] == '=')
			letters--;
	}
	if (letters % 4 == 1)
		return -1;
	for (size_t i = 0; i < letters; i++) {
		uint8_t c = in.p[i], v = table[c];
		bool foreign = url ? c == '+' || c == '/' : c == '-' || c == '_';

		if (v == 0 || foreign)
			goto bad;
		bits = bits << 6 | (uint32_t)(v - 1);
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_append_byte(out, (uint8_t)(bits >> have));
		}
	}
	/* The bits left over are zero in the one right encoding. */
	if ((bits & ((1u << have) - 1)) != 0 || out->failed)
		goto bad;
	return 0;
bad:
	buf_truncate(out, before);
	return -1;
}

int base64_decode_strict(struct slice in, struct buf *out)
{
	return decode_strict(in, false, out);
}

int base64url_decode_strict(struct slice in, struct buf *out)
{
	return decode_strict(in, true, out);
}

/* Decodes whole groups of four letters without a line break in between; returns the letters used. */
static size_t decode_groups(struct slice in, uint8_t **to, const uint8_t *table)
{
	size_t i = 0;

	for (; i + 4 <= in.n; i += 4) {
		uint8_t a = table[in.p[i]], b = table[in.p[i + 1]], c = table[in.p[i + 2]], d = table[in.p[i + 3]];
		uint32_t v;

		if (a == 0 || b == 0 || c == 0 || d == 0)
			break;
		v = (uint32_t)(a - 1) << 18 | (uint32_t)(b - 1) << 12 | (uint32_t)(c - 1) << 6 | (uint32_t)(d - 1);
		*(*to)++ = (uint8_t)(v >> 16);
		*(*to)++ = (uint8_t)(v >> 8);
		*(*to)++ = (uint8_t)v;
	}
	return i;
}

bool base64_decode_lenient(struct slice in, struct buf *out)
{
	const uint8_t *table = decode_table();
	uint8_t *start = buf_reserve(out, in.n / 4 * 3 + 4), *to = start;
	uint32_t bits = 0;
	unsigned have = 0;
	bool clean = true;

	if (to == NULL)
		return false;
	for (size_t i = 0; i < in.n;) {
		uint8_t c, v;

		if (have == 0) {
			i += decode_groups(slice_from(in, i), &to, table);
			if (i >= in.n)
				break;
		}
		c = in.p[i++];
		v = table[c];
		if (c == '=') {
			/* Padding ends a unit; another unit may follow (concatenated encodings occur). */
			bits = have = 0;
			continue;
		}
		if (v == 0) {
			clean = clean && (c == '\r' || c == '\n' || c == ' ' || c == '\t');
			continue;
		}
		bits = bits << 6 | (uint32_t)(v - 1);
		have += 6;
		if (have >= 8) {
			have -= 8;
			*to++ = (uint8_t)(bits >> have);
		}
	}
	buf_commit(out, (size_t)(to - start));
	return clean && have != 6;
}

void hex_encode(struct slice in, struct buf *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < in.n; i++) {
		uint8_t pair[2] = {(uint8_t)digits[in.p[i] >> 4], (uint8_t)digits[in.p[i] & 15]};

		buf_append_bytes(out, pair, 2);
	}
}

int hex_decode(struct slice in, struct buf *out)
{
	size_t before = buf_len(out);

	if (in.n % 2 != 0)
		return -1;
	for (size_t i = 0; i < in.n; i += 2) {
		int high = ascii_hex_value(in.p[i]), low = ascii_hex_value(in.p[i + 1]);

		if (high < 0 || low < 0) {
			buf_truncate(out, before);
			return -1;
		}
		buf_append_byte(out, (uint8_t)(high << 4 | low));
	}
	return out->failed ? -1 : 0;
}

/* White space before a line break is added in transport and does not count (RFC 2045 6.7 rule 3). */
static struct slice without_trailing_blanks(struct slice line)
{
	while (line.n > 0 && ascii_is_wsp(line.p[line.n - 1]))
		line.n--;
	return line;
}

static bool decode_quoted_line(struct slice line, struct buf *out)
{
	bool clean = true;

	while (line.n > 0) {
		ptrdiff_t at = slice_find(line, '=');
		int high, low;

		if (at < 0) {
			buf_append(out, line);
			break;
		}
		buf_append(out, slice_sub(line, 0, (size_t)at));
		line = slice_from(line, (size_t)at);
		high = line.n > 2 ? ascii_hex_value(line.p[1]) : -1;
		low = line.n > 2 ? ascii_hex_value(line.p[2]) : -1;
		if (high >= 0 && low >= 0) {
			buf_append_byte(out, (uint8_t)(high << 4 | low));
			line = slice_from(line, 3);
		} else {
			buf_append_byte(out, '=');
			line = slice_from(line, 1);
			clean = false;
		}
	}
	return clean;
}

bool quoted_printable_decode(struct slice in, struct buf *out)
{
	bool clean = true;

	while (in.n > 0) {
		ptrdiff_t end = slice_find(in, '\n');
		struct slice line = end < 0 ? in : slice_sub(in, 0, (size_t)end);
		bool crlf = end > 0 && line.p[line.n - 1] == '\r';
		bool soft;

		in = end < 0 ? SLICE_NONE : slice_from(in, (size_t)end + 1);
		if (crlf)
			line.n--;
		if (end >= 0 || line.n == 0)
			line = without_trailing_blanks(line);
		soft = line.n > 0 && line.p[line.n - 1] == '=';
		if (soft)
			line.n--;
		clean = decode_quoted_line(line, out) && clean;
		if (end >= 0 && !soft)
			buf_append(out, crlf ? SLICE("\r\n") : SLICE("\n"));
	}
	return clean && !out->failed;
}

void quoted_printable_encode(struct slice in, struct buf *out)
{
	size_t column = 0;

	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = in.p[i];
		bool at_break = slice_starts(slice_from(in, i), SLICE("\r\n"));
		bool before_break = i + 1 == in.n || slice_starts(slice_from(in, i + 1), SLICE("\r\n"));
		bool plain = (c >= 33 && c <= 126 && c != '=') || (ascii_is_wsp(c) && !before_break);

		if (at_break) {
			buf_append(out, SLICE("\r\n"));
			column = 0;
			i++;
			continue;
		}
		if (column + (plain ? 1 : 3) > 75) {
			buf_append(out, SLICE("=\r\n"));
			column = 0;
		}
		if (plain)
			buf_append_byte(out, c);
		else
			buf_printf(out, "=%02X", c);
		column += plain ? 1 : 3;
	}
}
