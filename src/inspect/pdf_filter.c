#include "inspect/pdf_filter.h"

#include <stdlib.h>

#include "base/ensure.h"

#define PREDICTOR_PNG 10

void pdf_filters_add(struct pdf_filters *f, struct slice name)
{
	static const struct { struct slice name; enum pdf_filter filter; } rows[] =
		{{SLICE_INIT("FlateDecode"), PDF_FILTER_FLATE}, {SLICE_INIT("Fl"), PDF_FILTER_FLATE},
		{SLICE_INIT("ASCIIHexDecode"), PDF_FILTER_HEX}, {SLICE_INIT("AHx"), PDF_FILTER_HEX}, {SLICE_INIT("ASCII85Decode"), PDF_FILTER_85},
		{SLICE_INIT("A85"), PDF_FILTER_85}};
	enum pdf_filter filter = PDF_FILTER_OTHER;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eq(name, rows[i].name))
			filter = rows[i].filter;
	if (f->count < PDF_FILTERS_MAX)
		f->list[f->count] = filter;
	f->count += f->count <= PDF_FILTERS_MAX;
}

void pdf_filters_join(struct pdf_filters *f, const struct pdf_filters *inner)
{
	for (unsigned i = 0; i < inner->count && i < PDF_FILTERS_MAX; i++) {
		if (f->count < PDF_FILTERS_MAX)
			f->list[f->count] = inner->list[i];
		f->count += f->count <= PDF_FILTERS_MAX;
	}
	if (inner->predictor > 0) {
		f->predictor = inner->predictor;
		f->columns = inner->columns;
	}
}

static void decode_hex(struct slice s, struct buf *out)
{
	int half = -1;
	for (size_t i = 0; i < s.n && s.p[i] != '>' && buf_len(out) < out->max; i++) {
		uint8_t c = ascii_lower(s.p[i]);
		int digit = ascii_is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
		if (digit >= 0 && half >= 0) {
			buf_append_byte(out, (uint8_t)(half << 4 | digit));
			half = -1;
		} else if (digit >= 0)
			half = digit;
	}
	if (half >= 0)
		buf_append_byte(out, (uint8_t)(half << 4));
}

static void append_base85(const uint32_t digits[5], size_t count, struct buf *out)
{
	uint32_t value = 0;
	for (size_t i = 0; i < 5; i++)
		value = value * 85 + (i < count ? digits[i] : 84);
	for (size_t i = 0; i + 1 < count; i++)
		buf_append_byte(out, (uint8_t)(value >> (24 - 8 * i)));
}

static void decode_base85(struct slice s, struct buf *out)
{
	uint32_t digits[5];
	size_t n = 0;
	for (size_t i = 0; i < s.n && s.p[i] != '~' && buf_len(out) + 4 <= out->max; i++) {
		uint8_t c = s.p[i];
		if (c == 'z' && n == 0)
			buf_append_bytes(out, "\0\0\0\0", 4);
		else if (c >= '!' && c <= 'u')
			digits[n++] = c - (uint32_t)'!';
		if (n == 5) {
			append_base85(digits, 5, out);
			n = 0;
		}
	}
	if (n > 1)
		append_base85(digits, n, out);
}

static uint8_t paeth(int a, int b, int c)
{
	int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
	return (uint8_t)(pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
}

/* Rows of PNG (RFC 2083 6) with one byte for each pixel, as cross references and object streams have them. */
static void undo_png(struct slice s, size_t columns, struct buf *out)
{
	while (s.n > columns && buf_len(out) + columns <= out->max) {
		struct slice row = slice_sub(s, 1, columns + 1);
		size_t before = buf_len(out);
		for (size_t i = 0; i < columns; i++) {
			const uint8_t *done = out->data != NULL ? out->data + out->start : NULL;
			int left = i > 0 ? done[before + i - 1] : 0, up = before > 0 ? done[before + i - columns] : 0;
			int corner = i > 0 && before > 0 ? done[before + i - columns - 1] : 0;
			int add = s.p[0] == 1 ? left : s.p[0] == 2 ? up : s.p[0] == 3 ? (left + up) / 2 : s.p[0] == 4 ? paeth(left, up, corner) : 0;
			buf_append_byte(out, (uint8_t)(row.p[i] + add));
		}
		s = slice_from(s, columns + 1);
	}
}

static enum pdf_decode run_filter(struct walk *w, enum pdf_filter filter, const struct pdf_filters *f, struct slice in, struct buf *out)
{
	if (filter == PDF_FILTER_OTHER)
		return PDF_DECODE_UNSUPPORTED;
	if (filter == PDF_FILTER_FLATE && f->predictor >= PREDICTOR_PNG) {
		struct buf rows;
		walk_buf(w, &rows);
		enum unpack_result r = walk_inflate(w, in, UNPACK_ZLIB, &rows, NULL);
		undo_png(buf_slice(&rows), f->columns > 0 ? f->columns : 1, out);
		buf_free(&rows);
		return r == UNPACK_DONE ? PDF_DECODE_DONE : PDF_DECODE_DAMAGED;
	}
	if (filter == PDF_FILTER_FLATE && f->predictor > 1)
		return PDF_DECODE_UNSUPPORTED;
	if (filter == PDF_FILTER_FLATE)
		return walk_inflate(w, in, UNPACK_ZLIB, out, NULL) == UNPACK_DONE ? PDF_DECODE_DONE : PDF_DECODE_DAMAGED;
	if (filter == PDF_FILTER_HEX)
		decode_hex(in, out);
	else
		decode_base85(in, out);
	return walk_unpacked(w, in.n, buf_len(out)) ? PDF_DECODE_DONE : PDF_DECODE_DAMAGED;
}

enum pdf_decode pdf_decode(struct walk *w, struct slice data, const struct pdf_filters *f, struct buf *out)
{
	enum pdf_decode r = PDF_DECODE_DONE;
	struct buf now, next;
	if (f->count > PDF_FILTERS_MAX)
		return PDF_DECODE_UNSUPPORTED;
	walk_buf(w, &now);
	walk_buf(w, &next);
	for (unsigned i = 0; i < f->count && r != PDF_DECODE_UNSUPPORTED; i++) {
		r = run_filter(w, f->list[i], f, i == 0 ? data : buf_slice(&now), &next);
		buf_clear(&now);
		struct buf spare = now;
		now = next;
		next = spare;
	}
	if (r != PDF_DECODE_UNSUPPORTED)
		buf_append(out, slice_sub(f->count == 0 ? data : buf_slice(&now), 0, out->max - buf_len(out)));
	buf_free(&now);
	buf_free(&next);
	return r;
}
