#include <unicode/ucnv.h>
#include <unicode/udata.h>

#include "base/ascii.h"
#include "base/charset.h"
#include "base/ensure.h"
#include "base/utf8.h"

enum stream_kind { KIND_MIXED, KIND_UTF8, KIND_WESTERN, KIND_ICU };

/* Names as mail uses them, and the ICU converter (or built-in) that reads what is meant. */
static const struct alias {
	const char *name, *meaning;
} aliases[] = {
	{"ansi_x3.4-1968", ""}, {"ascii", ""}, {"us-ascii", ""}, {"unknown-8bit", ""}, {"x-unknown", ""}, {"default", ""}, {"binary", ""},
	{"utf8", "utf-8"}, {"utf-8-mac", "utf-8"}, {"x-utf-8", "utf-8"}, {"unicode-1-1-utf-8", "utf-8"},
	{"unicode-1-1-utf-7", "utf-7"}, {"x-unicode-2-0-utf-7", "utf-7"},
	{"iso-8859-1", "windows-1252"}, {"iso8859-1", "windows-1252"}, {"iso_8859-1", "windows-1252"}, {"latin1", "windows-1252"},
	{"l1", "windows-1252"}, {"cp1252", "windows-1252"}, {"x-ansi", "windows-1252"}, {"ansi", "windows-1252"}, {"cp-1252", "windows-1252"},
	{"iso-8859-9", "windows-1254"}, {"latin5", "windows-1254"}, {"tis-620", "windows-874"}, {"iso-8859-11", "windows-874"},
	{"iso-8859-8-i", "windows-1255"}, {"iso-8859-8-e", "windows-1255"}, {"iso-8859-6-i", "iso-8859-6"}, {"koi8-ru", "koi8-u"},
	{"gb2312", "gb18030"}, {"gb_2312-80", "gb18030"}, {"gbk", "gb18030"}, {"x-gbk", "gb18030"}, {"cp936", "gb18030"},
	{"windows-936", "gb18030"}, {"ms936", "gb18030"}, {"euc-cn", "gb18030"}, {"csgb2312", "gb18030"}, {"gb18030-2022", "gb18030"},
	{"chinese", "gb18030"}, {"iso-ir-58", "gb18030"}, {"hz-gb-2312", "hz"}, {"big5-hkscs", "big5-hkscs"}, {"x-x-big5", "big5"},
	{"big-5", "big5"}, {"cn-big5", "big5"}, {"big5-eten", "big5"}, {"big5_tw", "big5"}, {"big5-tw", "big5"}, {"big5_hkscs", "big5-hkscs"},
	{"gb2312_80", "gb18030"}, {"gb18030_2000", "gb18030"},
	{"ks_c_5601-1987", "windows-949"}, {"ks_c_5601", "windows-949"}, {"euc-kr", "windows-949"}, {"ksc5601", "windows-949"},
	{"korean", "windows-949"}, {"cp949", "windows-949"}, {"uhc", "windows-949"},
	{"shift_jis", "windows-31j"}, {"shift-jis", "windows-31j"}, {"sjis", "windows-31j"}, {"x-sjis", "windows-31j"}, {"ms_kanji", "windows-31j"},
	{"cp932", "windows-31j"}, {"x-euc-jp", "euc-jp"}, {"iso-2022-jp-ms", "iso-2022-jp"}, {"cp50220", "iso-2022-jp"},
};

/* Converters that are loaded before the jail closes. */
static const char *const common[] = {
	"gb18030", "big5", "big5-hkscs", "windows-31j", "euc-jp", "iso-2022-jp", "windows-949", "iso-2022-kr", "hz", "utf-7", "utf-16",
	"windows-1250", "windows-1251", "windows-1253", "windows-1254", "windows-1255", "windows-1256", "windows-1257", "windows-1258",
	"windows-874", "iso-8859-2", "iso-8859-5", "iso-8859-6", "iso-8859-7", "iso-8859-15", "koi8-r", "koi8-u", "macintosh",
};

/* 0x80 … 0x9f of windows-1252; the five undefined ones are the C1 controls. */
static const uint16_t western[32] = {
	0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d, 0x8f,
	0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
};

/* Open converters of this process: opening one costs more than most conversions. The oldest makes room. */
#define CACHE_SIZE 64
static struct cached {
	char name[CHARSET_NAME_MAX + 1];
	UConverter *converter;
} cache[CACHE_SIZE];
static size_t cache_next;

/* Lower case, trimmed, without quotes; false when that cannot be a name. */
static bool name_normalize(struct slice name, char out[CHARSET_NAME_MAX + 1])
{
	size_t n = 0;

	name = slice_trim(name);
	if (name.n == 0 || name.n > CHARSET_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = ascii_lower(name.p[i]);

		if (c <= ' ' || c > '~' || c == ',' || c == '/' || c == '\\')
			return false;
		if (c != '"' && c != '\'')
			out[n++] = (char)c;
	}
	out[n] = '\0';
	return n > 0;
}

static const char *name_meaning(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (strcmp(aliases[i].name, name) == 0)
			return aliases[i].meaning;
	return name;
}

static UConverter *converter_get(const char *name)
{
	UErrorCode status = U_ZERO_ERROR;
	struct cached *slot;
	UConverter *converter;

	for (size_t i = 0; i < CACHE_SIZE; i++) {
		if (cache[i].converter != NULL && strcmp(cache[i].name, name) == 0) {
			ucnv_reset(cache[i].converter);
			return cache[i].converter;
		}
	}
	converter = ucnv_open(name, &status);
	if (U_FAILURE(status) || converter == NULL)
		return NULL;
	slot = &cache[cache_next++ % CACHE_SIZE];
	if (slot->converter != NULL)
		ucnv_close(slot->converter);
	memcpy(slot->name, name, strlen(name) + 1);
	slot->converter = converter;
	return converter;
}

static enum stream_kind kind_of(struct slice name, void **ret_converter)
{
	char normal[CHARSET_NAME_MAX + 1];
	const char *meaning;

	*ret_converter = NULL;
	if (!name_normalize(name, normal))
		return KIND_MIXED;
	meaning = name_meaning(normal);
	if (meaning[0] == '\0')
		return KIND_MIXED;
	if (strcmp(meaning, "utf-8") == 0)
		return KIND_UTF8;
	if (strcmp(meaning, "windows-1252") == 0)
		return KIND_WESTERN;
	*ret_converter = converter_get(meaning);
	return *ret_converter != NULL ? KIND_ICU : KIND_MIXED;
}

void charset_warm(void)
{
	UErrorCode status = U_ZERO_ERROR;

	udata_setFileAccess(UDATA_NO_FILES, &status);
	for (size_t i = 0; i < ARRAY_LEN(common); i++)
		converter_get(common[i]);
}

bool charset_known(struct slice name)
{
	void *converter;
	char normal[CHARSET_NAME_MAX + 1];

	if (kind_of(name, &converter) != KIND_MIXED)
		return true;
	return name_normalize(name, normal) && name_meaning(normal)[0] == '\0';
}

bool charset_keeps_ascii(struct slice name)
{
	void *converter;

	return kind_of(name, &converter) != KIND_ICU;
}

static void append_western(struct buf *out, uint8_t c)
{
	utf8_append(out, c >= 0x80 && c < 0xa0 ? western[c - 0x80] : c);
}

static void decode_western(struct slice in, struct buf *out)
{
	while (in.n > 0) {
		size_t run = ascii_run(in);

		buf_append_bytes(out, in.p, run);
		in = slice_from(in, run);
		if (in.n > 0) {
			append_western(out, in.p[0]);
			in = slice_from(in, 1);
		}
	}
}

static void decode_utf8(struct slice in, bool mixed, struct buf *out)
{
	while (in.n > 0) {
		size_t run = ascii_run(in);
		struct slice before;
		uint32_t c;

		buf_append_bytes(out, in.p, run);
		in = slice_from(in, run);
		if (in.n == 0)
			break;
		before = in;
		c = utf8_next(&in);
		if (before.n - in.n > 1)
			buf_append_bytes(out, before.p, before.n - in.n);
		else if (mixed)
			append_western(out, before.p[0]);
		else
			utf8_append(out, c);
	}
}

/* How many bytes at the end may be the start of a character that goes on in the next piece. */
static size_t cut_tail(struct slice in)
{
	for (size_t back = 1; back <= 3 && back <= in.n; back++) {
		uint8_t c = in.p[in.n - back];

		if ((c & 0xc0) == 0x80)
			continue;
		if ((c >= 0xf0 && back < 4) || (c >= 0xe0 && c < 0xf0 && back < 3) || (c >= 0xc2 && c < 0xe0 && back < 2))
			return back;
		return 0;
	}
	return 0;
}

static void feed_utf8(struct charset_stream *s, struct slice in, bool last, struct buf *out)
{
	bool mixed = s->kind == KIND_MIXED;
	size_t tail;

	/* Characters that were cut are completed byte by byte, so that the rest needs no copy. */
	while (s->held_count > 0 && in.n > 0) {
		s->held[s->held_count++] = in.p[0];
		in = slice_from(in, 1);
		if (cut_tail(slice_make(s->held, s->held_count)) == s->held_count && s->held_count < sizeof s->held)
			continue;
		decode_utf8(slice_make(s->held, s->held_count), mixed, out);
		s->held_count = 0;
	}
	tail = last ? 0 : cut_tail(in);
	if (s->held_count > 0 && last) {
		decode_utf8(slice_make(s->held, s->held_count), mixed, out);
		s->held_count = 0;
	}
	decode_utf8(slice_sub(in, 0, in.n - tail), mixed, out);
	if (tail > 0) {
		memcpy(s->held, in.p + in.n - tail, tail);
		s->held_count = tail;
	}
}

static void append_utf16(const UChar *text, size_t n, struct buf *out)
{
	size_t i = 0;

	while (i < n) {
		UChar32 c;

		U16_NEXT(text, i, n, c);
		utf8_append(out, (uint32_t)c);
	}
}

static void feed_icu(UConverter *converter, struct slice in, bool last, struct buf *out)
{
	const char *from = (const char *)in.p, *end = from != NULL ? from + in.n : from;
	UChar piece[512];
	UErrorCode status;

	do {
		UChar *to = piece;

		status = U_ZERO_ERROR;
		ucnv_toUnicode(converter, &to, piece + ARRAY_LEN(piece), &from, end, NULL, last, &status);
		append_utf16(piece, (size_t)(to - piece), out);
	} while (status == U_BUFFER_OVERFLOW_ERROR);
}

void charset_stream_open(struct charset_stream *s, struct slice name)
{
	*s = (struct charset_stream){0};
	s->kind = (uint8_t)kind_of(name, &s->converter);
}

void charset_stream_feed(struct charset_stream *s, struct slice in, bool last, struct buf *out)
{
	switch ((enum stream_kind)s->kind) {
	case KIND_MIXED:
	case KIND_UTF8:
		feed_utf8(s, in, last, out);
		break;
	case KIND_WESTERN:
		decode_western(in, out);
		break;
	case KIND_ICU:
		feed_icu(s->converter, in, last, out);
		break;
	}
}

void charset_decode(struct slice name, struct slice in, struct buf *out)
{
	struct charset_stream s;

	charset_stream_open(&s, name);
	charset_stream_feed(&s, in, true, out);
}
