#include "inspect/text.h"

#include <string.h>

#include "base/ensure.h"
#include "base/utf8.h"

#define LOOK 8192

/* NUL and most controls stand in no text; escape stands in Japanese and in terminal output. */
static bool is_foreign(uint8_t c)
{
	return c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b && c != 0x1a && c != '\v' && c != '\b';
}

/* ASCII in UTF-16 without a mark: every second byte is NUL. */
static enum text_form unmarked(struct slice s)
{
	size_t even = 0, odd = 0, n = s.n / 2;
	for (size_t i = 0; i < n; i++) {
		even += s.p[2 * i] == 0;
		odd += s.p[2 * i + 1] == 0;
	}
	if (n < 4)
		return TEXT_NOT;
	if (even == 0 && odd > n / 2)
		return TEXT_UTF16LE;
	return odd == 0 && even > n / 2 ? TEXT_UTF16BE : TEXT_NOT;
}

enum text_form text_form_of(struct slice content)
{
	struct slice s = slice_sub(content, 0, LOOK);
	if (slice_starts(s, SLICE("\xff\xfe")))
		return TEXT_UTF16LE;
	if (slice_starts(s, SLICE("\xfe\xff")))
		return TEXT_UTF16BE;
	size_t foreign = 0;
	for (size_t i = 0; i < s.n; i++)
		foreign += is_foreign(s.p[i]);
	return foreign == 0 ? TEXT_BYTES : unmarked(s);
}

void text_from_utf16(struct slice in, bool big_endian, struct buf *out)
{
	for (size_t i = 0; i + 1 < in.n && buf_len(out) + 4 <= out->max; i += 2) {
		uint32_t c = big_endian ? (uint32_t)in.p[i] << 8 | in.p[i + 1] : (uint32_t)in.p[i + 1] << 8 | in.p[i];
		if ((c & 0xfc00) == 0xd800 && i + 3 < in.n) {
			uint32_t low = big_endian ? (uint32_t)in.p[i + 2] << 8 | in.p[i + 3] : (uint32_t)in.p[i + 3] << 8 | in.p[i + 2];
			if ((low & 0xfc00) == 0xdc00) {
				c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
				i += 2;
			}
		}
		if (c == 0)
			break;
		utf8_append(out, c);
	}
}

struct slice text_plain(struct slice content, struct buf *room)
{
	enum text_form form = text_form_of(content);
	if (form == TEXT_UTF16LE || form == TEXT_UTF16BE) {
		bool marked = slice_starts(content, SLICE("\xff\xfe")) || slice_starts(content, SLICE("\xfe\xff"));
		text_from_utf16(slice_from(content, marked ? 2 : 0), form == TEXT_UTF16BE, room);
		return buf_slice(room);
	}
	return slice_starts(content, SLICE("\xef\xbb\xbf")) ? slice_from(content, 3) : content;
}

/* ---- words ---- */

static bool is_word_byte(uint8_t c)
{
	return ascii_is_alnum(c) || c == '_';
}

static bool stands_at(struct slice text, size_t at, const struct text_word *row)
{
	size_t n = strlen(row->word);
	if (n > text.n - at)
		return false;
	for (size_t i = 0; i < n; i++)
		if (ascii_lower(text.p[at + i]) != (uint8_t)row->word[i])
			return false;
	return !row->whole || ((at == 0 || !is_word_byte(text.p[at - 1])) && (at + n == text.n || !is_word_byte(text.p[at + n])));
}

uint64_t text_words(struct slice text, const struct text_word *rows, size_t n)
{
	uint64_t first[256] = {0}, second[256] = {0}, seen = 0;
	ENSURE(n <= TEXT_WORDS_MAX);
	for (size_t i = 0; i < n; i++) {
		uint8_t a = (uint8_t)rows[i].word[0], b = (uint8_t)rows[i].word[1];
		first[a] |= 1ull << i;
		first[ascii_upper(a)] |= 1ull << i;
		second[b] |= 1ull << i;
		second[ascii_upper(b)] |= 1ull << i;
	}
	for (size_t at = 0; at + 1 < text.n; at++) {
		uint64_t candidates = first[text.p[at]] & second[text.p[at + 1]] & ~seen;
		for (; candidates != 0; candidates &= candidates - 1) {
			unsigned i = (unsigned)__builtin_ctzll(candidates);
			if (stands_at(text, at, &rows[i]))
				seen |= 1ull << i;
		}
	}
	return seen;
}

unsigned text_groups(uint64_t mask, const struct text_word *rows, size_t n)
{
	unsigned groups = 0;
	for (size_t i = 0; i < n; i++)
		if ((mask >> i & 1) != 0)
			groups |= rows[i].groups;
	return groups;
}

void text_words_list(uint64_t mask, const struct text_word *rows, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		if ((mask >> i & 1) != 0) {
			if (buf_len(out) > 0)
				buf_append_str(out, ", ");
			buf_append_str(out, rows[i].word);
		}
}
