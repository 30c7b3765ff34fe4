/* The text of what is no PDF and no picture. */
#include "base/charset.h"
#include "base/ensure.h"
#include "base/utf8.h"
#include "extract/extract_in.h"
#include "html/text.h"
#include "inspect/text.h"
#include "inspect/zip.h"

#define RAW_MAX (4u << 20) /* bytes that are looked at for text */
#define REFERENCE_MAX 10

enum how { HOW_NOT, HOW_TEXT, HOW_HTML, HOW_RTF, HOW_OFFICE, HOW_SHEET };

static const struct {
	enum inspect_type type;
	enum how how;
} rows[] = {
	{FILE_html, HOW_HTML}, {FILE_rtf, HOW_RTF}, {FILE_docx, HOW_OFFICE}, {FILE_docm, HOW_OFFICE},
	{FILE_pptx, HOW_OFFICE}, {FILE_pptm, HOW_OFFICE}, {FILE_odt, HOW_OFFICE}, {FILE_ods, HOW_OFFICE}, {FILE_odp, HOW_OFFICE},
	{FILE_xlsx, HOW_SHEET}, {FILE_xlsm, HOW_SHEET}, {FILE_pem, HOW_TEXT},
};

static enum how how_of(enum inspect_type type)
{
	enum inspect_family family = inspect_type_family(type);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].type == type)
			return rows[i].how;
	return family == INSPECT_FAMILY_TEXT || family == INSPECT_FAMILY_SCRIPT ? HOW_TEXT : HOW_NOT;
}

/* ---- for the readers ---- */

bool text_member(struct slice content, const char *name, size_t max, struct buf *out)
{
	struct zip z;
	const struct zip_entry *e;
	bool good = zip_open(content, 10000, &z);

	buf_init(out, max);
	e = good ? zip_find(&z, slice_str(name), true) : NULL;
	good = e != NULL && !zip_is_encrypted(e) && (zip_peek(&z, e, out) || buf_len(out) > 0);
	zip_close(&z);
	return good;
}

static uint32_t number_of(struct slice digits, unsigned base)
{
	uint32_t value = 0;

	for (size_t i = 0; i < digits.n; i++) {
		uint8_t c = ascii_lower(digits.p[i]);
		unsigned d = ascii_is_digit(c) ? c - (unsigned)'0' : c >= 'a' && c <= 'f' ? c - 'a' + 10u : 99;
		if (d >= base || value > 0x110000)
			return 0xfffd;
		value = value * base + d;
	}
	return value;
}

static void put_reference(struct slice name, struct buf *out)
{
	static const struct {
		struct slice name;
		char c;
	} known[] = {
		{SLICE_INIT("amp"), '&'}, {SLICE_INIT("lt"), '<'}, {SLICE_INIT("gt"), '>'}, {SLICE_INIT("quot"), '"'}, {SLICE_INIT("apos"), '\''},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (slice_eq(name, known[i].name))
			buf_append_byte(out, (uint8_t)known[i].c);
	if (slice_starts(name, SLICE("#x")))
		utf8_append(out, number_of(slice_from(name, 2), 16));
	else if (slice_starts(name, SLICE("#")))
		utf8_append(out, number_of(slice_from(name, 1), 10));
}

void text_xml(struct slice raw, struct buf *out)
{
	while (raw.n > 0) {
		ptrdiff_t at = slice_find(raw, '&'), end;

		buf_append(out, at < 0 ? raw : slice_sub(raw, 0, (size_t)at));
		if (at < 0)
			return;
		raw = slice_from(raw, (size_t)at + 1);
		end = slice_find(slice_sub(raw, 0, REFERENCE_MAX), ';');
		if (end < 0)
			continue;
		put_reference(slice_sub(raw, 0, (size_t)end), out);
		raw = slice_from(raw, (size_t)end + 1);
	}
}

/* ---- text of any charset ---- */

/* Texts of people here that are not UTF-8 and do not say what they are: GB 18030 where that reads well. */
static void guess(struct slice in, struct buf *out)
{
	charset_decode(SLICE("gb18030"), in, out);
	if (slice_search(buf_slice(out), SLICE("\xef\xbf\xbd")) < 0)
		return;
	buf_clear(out);
	charset_decode(SLICE("windows-1252"), in, out);
}

static void decode(struct slice in, struct slice charset, struct buf *out)
{
	struct buf room = BUF_INIT(4 * RAW_MAX);
	enum text_form form = text_form_of(in);

	if (form == TEXT_UTF16LE || form == TEXT_UTF16BE)
		utf8_append_clean(out, text_plain(in, &room));
	else if (charset.n > 0 && charset_known(charset))
		charset_decode(charset, in, out);
	else if (utf8_valid(slice_sub(in, 0, in.n > 4 ? in.n - 4 : in.n)))
		utf8_append_clean(out, in);
	else
		guess(in, out);
	buf_free(&room);
}

static bool read_html(struct slice in, struct slice charset, struct buf *out)
{
	struct buf utf8 = BUF_INIT(4 * RAW_MAX);
	struct arena arena = ARENA_INIT;

	decode(in, charset, &utf8);
	html_to_text(buf_slice(&utf8), &arena, out);
	buf_free(&utf8);
	arena_free(&arena);
	return true;
}

static bool read_as(enum how how, struct slice content, enum inspect_type type, struct slice charset, struct buf *out)
{
	struct slice front = slice_sub(content, 0, RAW_MAX);

	switch (how) {
	case HOW_TEXT:
		decode(front, charset, out);
		return true;
	case HOW_HTML:
		return read_html(front, charset, out);
	case HOW_RTF:
		return text_rtf(content, out);
	case HOW_OFFICE:
		return text_office(content, type, out);
	case HOW_SHEET:
		return text_sheet(content, out);
	case HOW_NOT:
		break;
	}
	return false;
}

/* Without controls; lines end with LF. What is too long for `out` is cut, and then it has failed. */
static void put_clean(struct slice in, struct buf *out)
{
	bool cut = false;

	for (uint32_t c; in.n > 0 && !cut;) {
		c = utf8_next(&in);
		cut = buf_len(out) + 4 > out->max;
		if (!cut && (c >= 0x20 || c == '\n' || c == '\t' || c == '\f') && c != 0x7f && c != 0xfeff)
			utf8_append(out, c);
	}
	out->failed = cut;
}

enum extract_status text_read(struct slice content, enum inspect_type type, struct slice charset, struct buf *out)
{
	struct buf raw = BUF_INIT(8 * RAW_MAX);
	enum how how = how_of(type);
	enum extract_status status = EXTRACT_OK;

	if (how == HOW_NOT)
		return EXTRACT_NO_READER;
	if (!read_as(how, content, type, charset, &raw))
		status = EXTRACT_DAMAGED;
	else
		put_clean(buf_slice(&raw), out);
	buf_free(&raw);
	return status;
}
