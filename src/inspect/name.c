#include "inspect/name.h"

#include "base/charset.h"
#include "base/ensure.h"
#include "base/utf8.h"
#include "inspect/thing.h"

#define FILE_NAME_LONG 255
#define PADDING_MIN 8
#define EXTENSION_MAX 20 /* longer ones are no extensions */

/* ---- characters ---- */

struct range {
	uint32_t first, last;
};

static bool in_ranges(uint32_t c, const struct range *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c >= r[i].first && c <= r[i].last)
			return true;
	return false;
}

/* LRE to RLO; the isolates are used by honest Arabic and Hebrew names, but the file type behind them is turned just the same. */
static bool is_turning(uint32_t c)
{
	static const struct range rows[] = {{0x202a, 0x202e}, {0x2066, 0x2069}};
	return in_ranges(c, rows, ARRAY_LEN(rows));
}

static bool is_invisible(uint32_t c)
{
	static const struct range rows[] = {{0, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x115f, 0x1160}, {0x180e, 0x180e}, {0x200b, 0x200b},
		{0x2028, 0x2029},
		{0x2060, 0x2065}, {0x206a, 0x206f}, {0x3164, 0x3164}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xe0000, 0xe007f}};
	return in_ranges(c, rows, ARRAY_LEN(rows));
}

/* Joiners and marks of direction: many scripts need them; they are only not shown by us. */
static bool is_silent(uint32_t c)
{
	static const struct range rows[] = {{0x200c, 0x200f}, {0x61c, 0x61c}, {0xfffd, 0xfffd}, {0xfff9, 0xfffb}};
	return in_ranges(c, rows, ARRAY_LEN(rows));
}

/* One dot leader, full width and small stops, Lisu and Arabic ones; slashes. The ideographic full stop is ordinary in Chinese names. */
static bool is_lookalike(uint32_t c)
{
	static const struct range rows[] = {{0x2024, 0x2024}, {0xff0e, 0xff0e}, {0xfe52, 0xfe52}, {0xa4f8, 0xa4f8}, {0x6d4, 0x6d4}, {0x701, 0x702},
		{0x2044, 0x2044}, {0x2215, 0x2215}, {0x29f8, 0x29f8}, {0x29f5, 0x29f5}, {0xfe68, 0xfe68}, {0xff0f, 0xff0f}, {0xff3c, 0xff3c}};
	return in_ranges(c, rows, ARRAY_LEN(rows));
}

void name_append_clean(struct buf *b, struct slice name)
{
	struct slice rest = utf8_prefix(name, INSPECT_NAME_MAX);
	while (rest.n > 0) {
		uint32_t c = utf8_next(&rest);
		if (is_turning(c) || is_invisible(c) || is_silent(c))
			buf_append_byte(b, '?');
		else
			utf8_append(b, c);
	}
}

struct slice name_utf8(struct slice name, struct buf *room)
{
	struct slice cut = slice_sub(name, 0, INSPECT_NAME_MAX);
	if (utf8_valid(utf8_prefix(name, INSPECT_NAME_MAX)))
		return name;
	charset_decode(SLICE("gb18030"), cut, room);
	return buf_slice(room);
}

/* ---- parts of a name ---- */

static size_t base_start(struct slice name)
{
	size_t at = 0;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '/' || name.p[i] == '\\')
			at = i + 1;
	return at;
}

static bool is_blank(uint8_t c)
{
	return c <= ' ';
}

static struct slice without_end(struct slice name)
{
	ptrdiff_t colon = slice_find(name, ':');
	/* "a.exe::$DATA" is a.exe; "C:a" has its colon in front. */
	if (colon > 1)
		name = slice_sub(name, 0, (size_t)colon);
	while (name.n > 0 && (is_blank(name.p[name.n - 1]) || name.p[name.n - 1] == '.'))
		name.n--;
	return name;
}

struct slice name_base(struct slice name)
{
	name = slice_sub(name, 0, INSPECT_NAME_MAX);
	while (name.n > 0 && (name.p[name.n - 1] == '/' || name.p[name.n - 1] == '\\'))
		name.n--;
	return without_end(slice_from(name, base_start(name)));
}

static bool is_extension(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
			return false;
	return s.n > 0 && s.n <= EXTENSION_MAX;
}

struct slice name_extension(struct slice name)
{
	struct slice base = name_base(name);
	ptrdiff_t dot = slice_rfind(base, '.');
	struct slice extension = dot >= 0 ? slice_trim(slice_from(base, (size_t)dot + 1)) : SLICE_NONE;
	return is_extension(extension) ? extension : SLICE_NONE;
}

/* ---- what deceives ---- */

static bool is_active(struct slice extension)
{
	unsigned families = extension_families(extension);
	return families_run(families) || (families & (FAMILY_BIT(PAGE) | FAMILY_BIT(DISK))) != 0;
}

/* What people trust at the end of a name. */
static bool is_harmless(struct slice extension)
{
	static const struct slice rows[] = {SLICE_INIT("pdf"), SLICE_INIT("doc"), SLICE_INIT("docx"), SLICE_INIT("xls"), SLICE_INIT("xlsx"),
		SLICE_INIT("ppt"),
		SLICE_INIT("pptx"), SLICE_INIT("txt"), SLICE_INIT("rtf"), SLICE_INIT("csv"), SLICE_INIT("jpg"), SLICE_INIT("jpeg"), SLICE_INIT("png"),
		SLICE_INIT("gif"), SLICE_INIT("bmp"), SLICE_INIT("tif"), SLICE_INIT("mp3"), SLICE_INIT("mp4"), SLICE_INIT("wav"), SLICE_INIT("zip"),
		SLICE_INIT("odt"), SLICE_INIT("ods"), SLICE_INIT("ofd"), SLICE_INIT("wps"), SLICE_INIT("eml"), SLICE_INIT("msg"), SLICE_INIT("ics")};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eq_nocase(extension, rows[i]))
			return true;
	return false;
}

static void check_characters(struct walk *w, struct slice name)
{
	struct slice rest = slice_sub(name, 0, INSPECT_NAME_MAX);
	while (rest.n > 0) {
		uint32_t c = utf8_next(&rest);
		if (is_turning(c))
			walk_findf(w, FOUND_name_turned, "U+%04X", (unsigned)c);
		else if (is_invisible(c))
			walk_findf(w, FOUND_name_invisible, "U+%04X", (unsigned)c);
		else if (is_lookalike(c))
			walk_findf(w, FOUND_name_lookalike, "U+%04X", (unsigned)c);
	}
}

/* A second extension in front of the active one; blanks around it do not matter. */
static void check_double(struct walk *w, struct slice base, struct slice extension)
{
	ptrdiff_t dot = slice_rfind(base, '.');
	struct slice front = dot > 0 ? slice_trim(slice_sub(base, 0, (size_t)dot)) : SLICE_NONE;
	ptrdiff_t inner = slice_rfind(front, '.');
	if (inner < 0 || !is_active(extension))
		return;
	struct slice shown = slice_trim(slice_from(front, (size_t)inner + 1));
	if (is_harmless(shown))
		walk_findf(w, FOUND_name_double_extension, "%.*s, %.*s", SLICE_ARG(shown), SLICE_ARG(extension));
}

/* Blanks of all kinds that push the extension out of sight. */
static void check_padding(struct walk *w, struct slice base)
{
	size_t run = 0, longest = 0;
	while (base.n > 0) {
		uint32_t c = utf8_next(&base);
		run = c == ' ' || c == 0xa0 || c == 0x3000 || (c >= 0x2000 && c <= 0x200a) || c == 0x2800 ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	if (longest >= PADDING_MIN)
		walk_findf(w, FOUND_name_padded, "%zu blanks", longest);
}

static void check_end(struct walk *w, struct slice whole, struct slice base, struct slice extension)
{
	struct slice last = slice_from(whole, base_start(whole));
	if (base.n < last.n && is_active(extension))
		walk_find(w, FOUND_name_trailing, extension);
}

static bool goes_up(struct slice name)
{
	struct slice part;
	while (name.n > 0) {
		size_t i = 0;
		while (i < name.n && name.p[i] != '/' && name.p[i] != '\\')
			i++;
		part = slice_sub(name, 0, i);
		name = slice_from(name, i + 1);
		if (slice_eq(part, SLICE("..")))
			return true;
	}
	return false;
}

static void check_path(struct walk *w, struct slice name)
{
	bool absolute = slice_starts(name, SLICE("/")) || slice_starts(name, SLICE("\\")), drive = name.n > 1 && ascii_is_alpha(name.p[0]) &&
		name.p[1] == ':';
	if (absolute || drive || goes_up(name))
		walk_find(w, FOUND_name_path, name);
}

static void check_device(struct walk *w, struct slice base)
{
	static const struct slice rows[] = {SLICE_INIT("con"), SLICE_INIT("prn"), SLICE_INIT("aux"), SLICE_INIT("nul"), SLICE_INIT("conin$"),
		SLICE_INIT("conout$")};
	ptrdiff_t dot = slice_find(base, '.');
	struct slice stem = dot >= 0 ? slice_sub(base, 0, (size_t)dot) : base;
	bool numbered = stem.n == 4 && (slice_starts_nocase(stem, SLICE("com")) || slice_starts_nocase(stem, SLICE("lpt"))) &&
		ascii_is_digit(stem.p[3]);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		numbered = numbered || slice_eq_nocase(stem, rows[i]);
	if (numbered)
		walk_find(w, FOUND_name_device, base);
}

void name_inspect(struct walk *w, struct slice name)
{
	struct slice cut = slice_sub(name, 0, INSPECT_NAME_MAX), base = name_base(cut), extension = name_extension(cut);
	if (!walk_steps(w, WALK_FOLLOW + cut.n))
		return;
	if (name.n - base_start(cut) > FILE_NAME_LONG)
		walk_findf(w, FOUND_name_long, "%zu bytes", name.n);
	check_characters(w, cut);
	check_double(w, base, extension);
	check_padding(w, base);
	check_end(w, cut, base, extension);
	check_path(w, cut);
	check_device(w, base);
}
