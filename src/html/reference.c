#include "html/reference.h"

#include <string.h>

#include "base/ensure.h"
#include "base/utf8.h"

#define NAME_MAX_BYTES 32 /* the longest name has 31 */

static const struct reference {
	const char *name;
	uint32_t first, second;
	bool legacy;
} references[] = {
#define R(name, first, second, legacy) {#name, first, second, legacy},
#include "html/references.h"
#undef R
};

/* What browsers read C1 controls as (HTML 13.2.5.80). */
static const uint16_t windows_1252[32] = {
	0x20ac, 0, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0, 0x17d, 0,
	0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0, 0x17e, 0x178,
};

static int compare(struct slice name, const char *row)
{
	return slice_cmp(name, slice_str(row));
}

static const struct reference *lookup(struct slice name)
{
	size_t low = 0, high = ARRAY_LEN(references);

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = compare(name, references[middle].name);
		if (order == 0)
			return &references[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static int digit_of(uint8_t c, bool hex)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return hex && c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static uint32_t mended(uint32_t code)
{
	if (code >= 0x80 && code < 0xa0 && windows_1252[code - 0x80] != 0)
		return windows_1252[code - 0x80];
	return code == 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? 0xfffd : code;
}

/* "#..." at the front of s: bytes used, 0: none. */
static size_t numeric(struct slice s, struct buf *out)
{
	bool hex = s.n > 1 && ascii_lower(s.p[1]) == 'x';
	size_t i = hex ? 2 : 1, from = i;
	uint32_t code = 0;

	while (i < s.n && digit_of(s.p[i], hex) >= 0) {
		if (code <= 0x10ffff)
			code = code * (hex ? 16 : 10) + (uint32_t)digit_of(s.p[i], hex);
		i++;
	}
	if (i == from)
		return 0;
	utf8_append(out, mended(code));
	return i < s.n && s.p[i] == ';' ? i + 1 : i;
}

static size_t put(const struct reference *r, size_t used, struct buf *out)
{
	utf8_append(out, r->first);
	if (r->second != 0)
		utf8_append(out, r->second);
	return used;
}

static size_t named(struct slice s, bool attribute, struct buf *out)
{
	size_t n = 0;

	while (n < s.n && n < NAME_MAX_BYTES && ascii_is_alnum(s.p[n]))
		n++;
	const struct reference *r = n < s.n && s.p[n] == ';' ? lookup(slice_sub(s, 0, n)) : NULL;
	if (r != NULL)
		return put(r, n + 1, out);
	/* The longest legacy name has six letters. */
	for (size_t i = n < 6 ? n : 6; i >= 2; i--) {
		r = lookup(slice_sub(s, 0, i));
		if (r == NULL || !r->legacy)
			continue;
		bool goes_on = i < s.n && (s.p[i] == '=' || ascii_is_alnum(s.p[i]));
		return attribute && goes_on ? 0 : put(r, i, out);
	}
	return 0;
}

/* `s` begins behind the ampersand. */
static size_t reference(struct slice s, bool attribute, struct buf *out)
{
	if (s.n == 0)
		return 0;
	return s.p[0] == '#' ? numeric(s, out) : named(s, attribute, out);
}

static bool is_plain(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '&' || s.p[i] == '\r' || s.p[i] == 0)
			return false;
	return true;
}

struct slice html_decoded(struct slice raw, bool attribute, struct arena *arena)
{
	struct buf out = BUF_INIT(SIZE_MAX / 2);
	struct slice result;

	if (is_plain(raw))
		return raw;
	for (size_t i = 0; i < raw.n;) {
		uint8_t c = raw.p[i++];
		size_t used = c == '&' ? reference(slice_from(raw, i), attribute, &out) : 0;

		i += used;
		if (c == 0)
			utf8_append(&out, 0xfffd);
		else if (c == '\r' && i < raw.n && raw.p[i] == '\n')
			continue;
		else if (used == 0)
			buf_append_byte(&out, c == '\r' ? '\n' : c);
	}
	result = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return result;
}
