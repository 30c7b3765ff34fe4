#include "base/ascii.h"
#include "base/charset.h"
#include "base/codec.h"
#include "base/utf8.h"
#include "mime/encoded_word.h"
#include "mime/limits.h"

#define WORD_MAX 2000 /* RFC 2047 2 says 75; senders exceed it */

struct word {
	struct slice charset;
	bool base64;
	struct slice text;
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static ptrdiff_t find_before(struct slice s, size_t from, uint8_t c)
{
	for (size_t i = from; i < s.n && i < WORD_MAX; i++) {
		if (s.p[i] == c)
			return (ptrdiff_t)i;
		/* Blanks do not belong into a word, but senders put them into Q text; never into charset or encoding. */
		if (is_blank(s.p[i]) && c == '?' && from < 4)
			return -1;
	}
	return -1;
}

/* "=?charset?e?text?=" at the front of s: its length, or 0. */
static size_t word_parse(struct slice s, struct word *ret)
{
	ptrdiff_t charset_end, star;
	size_t text, end;
	uint8_t encoding;

	if (s.n < 8 || s.p[0] != '=' || s.p[1] != '?')
		return 0;
	charset_end = find_before(s, 2, '?');
	if (charset_end < 3 || (size_t)charset_end + 3 > s.n || s.p[charset_end + 2] != '?')
		return 0;
	encoding = ascii_lower(s.p[charset_end + 1]);
	if (encoding != 'b' && encoding != 'q')
		return 0;
	text = (size_t)charset_end + 3;
	for (end = text; end + 1 < s.n && end < WORD_MAX; end++) {
		if (s.p[end] == '?' && s.p[end + 1] == '=') {
			ret->charset = slice_sub(s, 2, (size_t)charset_end);
			star = slice_find(ret->charset, '*');
			if (star >= 0)
				ret->charset.n = (size_t)star;
			ret->base64 = encoding == 'b';
			ret->text = slice_sub(s, text, end);
			return end + 2;
		}
		/* Another start inside: this one has no end. It also keeps the search linear. */
		if (s.p[end] == '=' && s.p[end + 1] == '?' && (end + 2 >= s.n || s.p[end + 2] != '='))
			return 0;
	}
	return 0;
}

/* RFC 2047 4.2 */
static void q_decode(struct slice in, struct buf *out)
{
	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = in.p[i];

		if (c == '_') {
			c = ' ';
		} else if (c == '=' && i + 2 < in.n && ascii_hex_value(in.p[i + 1]) >= 0 && ascii_hex_value(in.p[i + 2]) >= 0) {
			c = (uint8_t)(ascii_hex_value(in.p[i + 1]) * 16 + ascii_hex_value(in.p[i + 2]));
			i += 2;
		}
		buf_append_byte(out, c);
	}
}

/* Appends decoded words; line breaks and NUL in them must not reach a header that is shown or searched. */
static void append_clean(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n;) {
		size_t run = i;

		while (run < s.n && s.p[run] != '\r' && s.p[run] != '\n' && s.p[run] != 0)
			run++;
		buf_append(out, slice_sub(s, i, run));
		i = run + 1;
	}
}

/* A run of encoded words that only blanks separate. Those of one charset are joined before they are decoded. */
static size_t run_decode(struct slice s, struct buf *out)
{
	struct buf raw = BUF_INIT(MIME_VALUE_MAX), text = BUF_INIT(4 * MIME_VALUE_MAX);
	struct word word, first = {0};
	size_t used = 0, n, at = 0;

	while ((n = word_parse(slice_from(s, at), &word)) > 0) {
		if (used > 0 && !slice_eq_nocase(word.charset, first.charset)) {
			charset_decode(first.charset, buf_slice(&raw), &text);
			buf_clear(&raw);
		}
		first = word;
		if (word.base64)
			base64_decode_lenient(word.text, &raw);
		else
			q_decode(word.text, &raw);
		at += n;
		used = at;
		while (at < s.n && is_blank(s.p[at]))
			at++;
	}
	if (used > 0) {
		charset_decode(first.charset, buf_slice(&raw), &text);
		append_clean(out, buf_slice(&text));
	}
	buf_free(&raw);
	buf_free(&text);
	return used;
}

/* Text that is no word: line breaks go, 8-bit bytes are UTF-8 or windows-1252. */
static void plain_decode(struct slice s, struct buf *out)
{
	while (s.n > 0) {
		size_t run = 0;

		while (run < s.n && s.p[run] != '\r' && s.p[run] != '\n' && s.p[run] != 0)
			run++;
		charset_decode(SLICE_NONE, slice_sub(s, 0, run), out);
		s = slice_from(s, run + 1);
	}
}

void mime_words_decode(struct slice value, struct buf *out)
{
	while (value.n > 0) {
		ptrdiff_t at = slice_search(value, SLICE("=?"));
		size_t used;

		if (at < 0) {
			plain_decode(value, out);
			return;
		}
		plain_decode(slice_sub(value, 0, (size_t)at), out);
		value = slice_from(value, (size_t)at);
		used = run_decode(value, out);
		if (used == 0) {
			buf_append(out, slice_sub(value, 0, 2));
			used = 2;
		}
		value = slice_from(value, used);
	}
}

struct slice mime_words_decode_arena(struct slice value, struct arena *arena)
{
	struct buf out = BUF_INIT(8 * MIME_VALUE_MAX);
	struct slice copy;

	value = slice_sub(value, 0, MIME_VALUE_MAX);
	if (slice_is_ascii(value) && slice_search(value, SLICE("=?")) < 0 && slice_find(value, '\n') < 0 && slice_find(value, '\r') < 0
	    && slice_find(value, 0) < 0)
		return value;
	mime_words_decode(value, &out);
	copy = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return copy;
}

/* RFC 5322 3.2.3 atext and blanks: may stand in a phrase as it is. */
static bool phrase_safe(uint8_t c)
{
	return ascii_is_alnum(c) || c == ' ' || slice_find(SLICE("!#$%&'*+-/?^_`{|}~"), c) >= 0;
}

static bool needs_encoding(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] >= 0x7f)
			return true;
	return slice_search(s, SLICE("=?")) >= 0;
}

void mime_words_encode(struct slice utf8, bool phrase, struct buf *out)
{
	bool safe = true;

	for (size_t i = 0; i < utf8.n; i++)
		safe = safe && phrase_safe(utf8.p[i]);
	if (!needs_encoding(utf8)) {
		if (phrase && !safe)
			ascii_append_quoted(out, utf8);
		else
			buf_append(out, utf8);
		return;
	}
	/* 42 bytes are 56 letters of base64: with "=?utf-8?B?" and "?=" 68 of the 75 allowed. */
	for (bool first = true; utf8.n > 0; first = false) {
		struct slice piece = utf8_prefix(utf8, 42);

		if (piece.n == 0)
			piece = slice_sub(utf8, 0, 42);
		buf_append(out, first ? SLICE("=?utf-8?B?") : SLICE(" =?utf-8?B?"));
		base64_encode(piece, out);
		buf_append(out, SLICE("?="));
		utf8 = slice_from(utf8, piece.n);
	}
}
