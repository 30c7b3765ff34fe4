/* Text of RTF 1.9: control words that mean characters or lines; destinations that are no text are passed over. */
#include <stdio.h>

#include "base/ascii.h"
#include "base/charset.h"
#include "base/ensure.h"
#include "base/utf8.h"
#include "extract/extract_in.h"

#define DEPTH_MAX 200
#define WORD_MAX 32

struct group {
	bool skips;
	unsigned after_unicode; /* \ucN: bytes that stand for those who cannot read \u */
};

struct rtf {
	struct slice rest;
	struct buf *out;
	struct group groups[DEPTH_MAX];
	size_t depth;
	unsigned leave_out;     /* of such bytes */
	uint32_t high;          /* the first half of a pair */
	struct buf bytes;       /* \'xx in a row: of the document's charset */
	char charset[24];
};

static const struct {
	struct slice word;
	uint32_t character;
} characters[] = {
	{SLICE_INIT("par"), '\n'}, {SLICE_INIT("line"), '\n'}, {SLICE_INIT("row"), '\n'}, {SLICE_INIT("sect"), '\n'}, {SLICE_INIT("page"), '\f'},
	{SLICE_INIT("tab"), '\t'}, {SLICE_INIT("cell"), '\t'}, {SLICE_INIT("emdash"), 0x2014}, {SLICE_INIT("endash"), 0x2013},
	{SLICE_INIT("bullet"), 0x2022}, {SLICE_INIT("lquote"), 0x2018}, {SLICE_INIT("rquote"), 0x2019}, {SLICE_INIT("ldblquote"), 0x201c},
	{SLICE_INIT("rdblquote"), 0x201d},
};
static const struct slice no_text[] = {
	SLICE_INIT("fonttbl"), SLICE_INIT("colortbl"), SLICE_INIT("stylesheet"), SLICE_INIT("info"), SLICE_INIT("pict"), SLICE_INIT("object"),
	SLICE_INIT("header"), SLICE_INIT("footer"), SLICE_INIT("themedata"), SLICE_INIT("datastore"), SLICE_INIT("listtable"),
};

static struct group *top(struct rtf *r)
{
	return &r->groups[r->depth];
}

static void flush(struct rtf *r)
{
	if (buf_len(&r->bytes) > 0)
		charset_decode(slice_str(r->charset), buf_slice(&r->bytes), r->out);
	buf_clear(&r->bytes);
}

static void put(struct rtf *r, uint32_t c)
{
	if (top(r)->skips)
		return;
	flush(r);
	utf8_append(r->out, c);
}

static void put_byte(struct rtf *r, uint8_t c)
{
	if (r->leave_out > 0)
		r->leave_out--;
	else if (!top(r)->skips)
		buf_append_byte(&r->bytes, c);
}

static void put_unicode(struct rtf *r, int64_t value)
{
	uint32_t c = (uint32_t)(value < 0 ? value + 65536 : value) & 0xffff;

	if (c >= 0xdc00 && c <= 0xdfff && r->high != 0)
		put(r, 0x10000 + ((r->high - 0xd800) << 10) + (c - 0xdc00));
	else if (c < 0xd800 || c > 0xdfff)
		put(r, c);
	r->high = c >= 0xd800 && c <= 0xdbff ? c : 0;
	r->leave_out = top(r)->after_unicode;
}

static void word(struct rtf *r, struct slice name, bool has_value, int64_t value)
{
	for (size_t i = 0; i < ARRAY_LEN(characters); i++)
		if (slice_eq(name, characters[i].word))
			put(r, characters[i].character);
	for (size_t i = 0; i < ARRAY_LEN(no_text); i++)
		if (slice_eq(name, no_text[i]))
			top(r)->skips = true;
	if (slice_eq(name, SLICE("u")) && has_value)
		put_unicode(r, value);
	else if (slice_eq(name, SLICE("uc")) && has_value)
		top(r)->after_unicode = value >= 0 && value < 16 ? (unsigned)value : 1;
	else if (slice_eq(name, SLICE("ansicpg")) && value > 0 && value < 100000)
		(void)snprintf(r->charset, sizeof r->charset, value == 936 ? "gb18030" : "windows-%d", (int)value);
	else if (slice_eq(name, SLICE("bin")) && value > 0)
		r->rest = slice_from(r->rest, (size_t)value);
}

static void read_word(struct rtf *r)
{
	size_t n = 0, digits;
	int64_t value = 0;
	struct slice name;
	bool minus;

	while (n < r->rest.n && n < WORD_MAX && ascii_is_alpha(r->rest.p[n]))
		n++;
	name = slice_sub(r->rest, 0, n);
	r->rest = slice_from(r->rest, n);
	minus = r->rest.n > 0 && r->rest.p[0] == '-';
	for (digits = minus; digits < r->rest.n && digits < 11 && ascii_is_digit(r->rest.p[digits]); digits++)
		value = value * 10 + (r->rest.p[digits] - '0');
	bool has_value = digits > (size_t)minus;
	if (has_value)
		r->rest = slice_from(r->rest, digits);
	if (r->rest.n > 0 && r->rest.p[0] == ' ')
		r->rest = slice_from(r->rest, 1);
	word(r, name, has_value, minus ? -value : value);
}

/* Behind a backslash. */
static void control(struct rtf *r)
{
	uint8_t c = r->rest.n > 0 ? r->rest.p[0] : 0;

	if (ascii_is_alpha(c)) {
		read_word(r);
		return;
	}
	r->rest = slice_from(r->rest, 1);
	if (c == '\'' && r->rest.n >= 2 && ascii_hex_value(r->rest.p[0]) >= 0 && ascii_hex_value(r->rest.p[1]) >= 0) {
		put_byte(r, (uint8_t)(ascii_hex_value(r->rest.p[0]) * 16 + ascii_hex_value(r->rest.p[1])));
		r->rest = slice_from(r->rest, 2);
	} else if (c == '*') {
		top(r)->skips = true;
	} else if (c == '~') {
		put(r, 0xa0);
	} else if (c == '\n' || c == '\r') {
		put(r, '\n');
	} else if (c == '\\' || c == '{' || c == '}') {
		put_byte(r, c);
	}
}

bool text_rtf(struct slice content, struct buf *out)
{
	struct rtf *r = &(struct rtf){.rest = content, .out = out, .bytes = BUF_INIT(65536), .charset = "windows-1252"};

	r->groups[0].after_unicode = 1;
	if (!slice_starts(content, SLICE("{\\rtf")))
		return false;
	while (r->rest.n > 0 && !out->failed) {
		uint8_t c = r->rest.p[0];
		r->rest = slice_from(r->rest, 1);
		if (c == '\\') {
			control(r);
		} else if (c == '{') {
			flush(r);
			if (r->depth + 1 == DEPTH_MAX)
				break;
			r->groups[r->depth + 1] = r->groups[r->depth];
			r->depth++;
		} else if (c == '}') {
			flush(r);
			r->depth -= r->depth > 0;
		} else if (c != '\r' && c != '\n') {
			put_byte(r, c);
		}
		if (buf_len(&r->bytes) > 60000)
			flush(r);
	}
	flush(r);
	buf_free(&r->bytes);
	return true;
}
