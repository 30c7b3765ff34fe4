/* What stands behind the colon of a field. */
#include "base/ascii.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/utf8.h"
#include "mime/build.h"
#include "mime/encoded_word.h"

#define WORD_LIMIT 900   /* a longer word does not fit into a line */
#define PARAM_PIECE 60   /* bytes of one section of RFC 2231, as written about three times as much */

bool build_name_ok(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] >= 0x7f || name.p[i] == ':')
			return false;
	return name.n > 0 && name.n <= BUILD_NAME_MAX;
}

bool build_email_ok(struct slice email)
{
	for (size_t i = 0; i < email.n; i++)
		if (email.p[i] <= ' ' || email.p[i] == 0x7f || email.p[i] == '<' || email.p[i] == '>')
			return false;
	return email.n > 0 && email.n <= WORD_LIMIT && utf8_valid(email);
}

static void append_clean(struct slice text, struct buf *out)
{
	struct slice t = slice_trim(text);

	for (size_t i = 0; i < t.n; i++)
		buf_append_byte(out, t.p[i] < ' ' || t.p[i] == 0x7f ? ' ' : t.p[i]);
}

static bool has_long_word(struct slice s)
{
	struct slice word;

	while (slice_split(&s, ' ', &word))
		if (word.n > WORD_LIMIT)
			return true;
	return false;
}

/* ASCII that would be a line of its own, and longer than a line may be. */
static void encode_all(struct slice s, struct buf *out)
{
	for (bool first = true; s.n > 0; first = false) {
		struct slice piece = slice_sub(s, 0, 42);

		buf_append(out, first ? SLICE("=?utf-8?B?") : SLICE(" =?utf-8?B?"));
		base64_encode(piece, out);
		buf_append(out, SLICE("?="));
		s = slice_from(s, piece.n);
	}
}

static void words(struct slice utf8, bool phrase, struct buf *out)
{
	struct buf clean = BUF_INIT(BUILD_VALUE_MAX);
	struct slice text;

	append_clean(utf8, &clean);
	text = buf_slice(&clean);
	if (slice_is_ascii(text) && has_long_word(text))
		encode_all(text, out);
	else
		mime_words_encode(text, phrase, out);
	if (clean.failed)
		out->failed = true;
	buf_free(&clean);
}

void build_text_value(struct slice utf8, struct buf *out)
{
	words(utf8, false, out);
}

static void append_address(const struct build_address *a, struct buf *out)
{
	if (slice_trim(a->name).n > 0) {
		words(a->name, true, out);
		buf_append_byte(out, ' ');
	}
	buf_append_byte(out, '<');
	buf_append(out, a->email);
	buf_append_byte(out, '>');
}

void build_address_value(const struct build_group *groups, size_t count, struct buf *out)
{
	for (size_t g = 0; g < count; g++) {
		if (g > 0)
			buf_append(out, SLICE(", "));
		if (groups[g].name.n > 0) {
			words(groups[g].name, true, out);
			buf_append(out, groups[g].count > 0 ? SLICE(": ") : SLICE(":"));
		}
		for (size_t i = 0; i < groups[g].count; i++) {
			if (i > 0)
				buf_append(out, SLICE(", "));
			append_address(&groups[g].addresses[i], out);
		}
		if (groups[g].name.n > 0)
			buf_append_byte(out, ';');
	}
}

/* Neither blanks nor what would end it. */
static bool is_enclosable(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] == 0x7f || s.p[i] == '<' || s.p[i] == '>' || s.p[i] == '\\' || s.p[i] == '(' || s.p[i] == ')' || s.p[i] == '"')
			return false;
	return s.n > 0 && s.n <= BUILD_ID_MAX && utf8_valid(s);
}

static int enclosed(const struct slice *items, size_t count, const char *between, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_enclosable(items[i]))
			return ERR_INVALID;
		if (i > 0)
			buf_append_str(out, between);
		buf_append_byte(out, '<');
		buf_append(out, items[i]);
		buf_append_byte(out, '>');
	}
	return 0;
}

int build_ids_value(const struct slice *ids, size_t count, struct buf *out)
{
	return enclosed(ids, count, " ", out);
}

int build_urls_value(const struct slice *urls, size_t count, struct buf *out)
{
	return enclosed(urls, count, ", ", out);
}

void build_date_value(int64_t unix_seconds, int zone_s, struct buf *out)
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct calendar c = calendar_from_unix(unix_seconds + zone_s);
	int minutes = (zone_s < 0 ? -zone_s : zone_s) / 60;

	buf_printf(out, "%.3s, %02d %.3s %04d %02d:%02d:%02d %c%02d%02d", days + 3 * c.weekday, c.day, months + 3 * (c.month - 1), c.year, c.hour, c.minute,
	           c.second, zone_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

int build_raw_check(struct slice value)
{
	size_t column = BUILD_NAME_MAX + 1;

	for (size_t i = 0; i < value.n; i++) {
		uint8_t c = value.p[i];

		if (c == '\r') {
			/* A line that goes on begins with a blank and has more than blanks. */
			if (i + 2 >= value.n || value.p[i + 1] != '\n' || !ascii_is_wsp(value.p[i + 2]))
				return ERR_INVALID;
			struct slice line = slice_from(value, i + 2);
			ptrdiff_t end = slice_find(line, '\r');

			if (slice_trim(end < 0 ? line : slice_sub(line, 0, (size_t)end)).n == 0)
				return ERR_INVALID;
			column = 0;
			i++;
		} else if (c == '\n' || c == 0 || (c < ' ' && c != '\t') || c == 0x7f || ++column > BUILD_LINE_MAX) {
			return ERR_INVALID;
		}
	}
	return value.n <= BUILD_VALUE_MAX && utf8_valid(value) ? 0 : ERR_INVALID;
}

/* ---- RFC 2231 ---- */

static bool is_attribute_char(uint8_t c)
{
	return ascii_is_alnum(c) || slice_find(SLICE("!#$&+-.^_`{|}~"), c) >= 0;
}

static bool is_plain(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] >= 0x7f)
			return false;
	return s.n <= PARAM_PIECE && slice_search(s, SLICE("=?")) < 0;
}

static void append_percent(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		if (is_attribute_char(s.p[i]))
			buf_append_byte(out, s.p[i]);
		else
			buf_printf(out, "%%%02X", s.p[i]);
	}
}

void build_param(struct slice name, struct slice utf8, struct buf *out)
{
	struct slice rest = slice_sub(utf8, 0, BUILD_PARAM_MAX);
	bool one = rest.n <= PARAM_PIECE;

	buf_append(out, SLICE("; "));
	if (is_plain(rest)) {
		buf_append(out, name);
		buf_append_byte(out, '=');
		ascii_append_quoted(out, rest);
		return;
	}
	for (unsigned i = 0; rest.n > 0; i++) {
		struct slice piece = slice_sub(rest, 0, PARAM_PIECE);

		if (i > 0)
			buf_append(out, SLICE("; "));
		buf_append(out, name);
		if (!one)
			buf_printf(out, "*%u", i);
		buf_append(out, i == 0 ? SLICE("*=utf-8''") : SLICE("*="));
		append_percent(piece, out);
		rest = slice_from(rest, piece.n);
	}
}
