#include "mime/raw_header.h"

#include "base/charset.h"
#include "base/utf8.h"
#include "mime/limits.h"

#define SAMPLE_MAX 8192   /* bytes that are looked at */
#define PLAUSIBLE 2       /* points of a character, on the average */

/* What two bytes are worth as a character: 3 a common one, 1 a rare one or a mark, -1 one that mail has hardly ever; 0: they are none. */
typedef int points_fn(uint8_t lead, uint8_t trail);

/* GB 2312 has its common characters in rows 16 to 55, the others up to 87; GBK and GB18030 filled the rest. */
static int gb_points(uint8_t lead, uint8_t trail)
{
	if (lead < 0x81 || lead > 0xfe || trail < 0x40 || trail == 0x7f || trail == 0xff)
		return 0;
	if (trail < 0xa1)
		return -1;
	return lead >= 0xb0 && lead <= 0xd7 ? 3 : (lead >= 0xd8 && lead <= 0xf7) || (lead >= 0xa1 && lead <= 0xa3) ? 1 : -1;
}

/* Big5: marks in A1 to A3, common characters in A4 to C6, the others in C9 to F9. */
static int big5_points(uint8_t lead, uint8_t trail)
{
	if (lead < 0xa1 || lead > 0xf9 || trail < 0x40 || (trail > 0x7e && trail < 0xa1) || trail == 0xff)
		return 0;
	return lead >= 0xa4 && lead <= 0xc6 ? 3 : lead >= 0xc9 || lead <= 0xa3 ? 1 : -1;
}

/* In tenths of a point, of all characters; below PLAUSIBLE * 10: they are none. */
static int average(struct slice s, points_fn *points)
{
	int sum = 0, count = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < 0x80)
			continue;
		if (i + 1 == s.n || s.p[i + 1] < ' ')
			continue; /* the line was cut there */
		int p = points(s.p[i], s.p[i + 1]);
		if (p == 0)
			return 0;
		sum += p;
		count++;
		i++;
	}
	return count > 0 ? sum * 10 / count : 0;
}

/* None: bytes that are no UTF-8 are windows-1252 (base/charset.h). */
static struct slice guess(struct slice sample, struct slice language)
{
	int gb = average(sample, gb_points), big5 = average(sample, big5_points);
	bool taiwan = slice_eq_nocase(language, SLICE("zh-TW"));
	if (gb < PLAUSIBLE * 10 && big5 < PLAUSIBLE * 10)
		return SLICE_NONE;
	return big5 > gb || (big5 == gb && taiwan) ? SLICE("big5") : SLICE("gb18030");
}

static bool keeps_lines(struct slice charset)
{
	static const struct slice shifting[] = {SLICE_INIT("iso-2022"), SLICE_INIT("utf-7"), SLICE_INIT("utf-16"), SLICE_INIT("utf-32"), SLICE_INIT("hz"),
		SLICE_INIT("csiso2022"), SLICE_INIT("unicode"), SLICE_INIT("x-unicode")};
	for (size_t i = 0; i < sizeof shifting / sizeof shifting[0]; i++)
		if (slice_starts_nocase(charset, shifting[i]))
			return false;
	return true;
}

/* The name that mail gives to no charset, and UTF-8, which the bytes are not. */
static bool says_nothing(struct slice charset)
{
	return charset.n == 0 || !charset_known(charset) || slice_starts_nocase(charset, SLICE("utf")) || slice_eq_nocase(charset, SLICE("us-ascii"))
		|| slice_eq_nocase(charset, SLICE("ascii"));
}

static size_t count_of(struct slice text, struct slice what)
{
	size_t n = 0;
	for (ptrdiff_t at; (at = slice_search(text, what)) >= 0; n++)
		text = slice_from(text, (size_t)at + what.n);
	return n;
}

/* The last character of each line may be cut. */
static bool reads(struct slice charset, struct slice sample)
{
	struct buf out = BUF_INIT(4 * SAMPLE_MAX + 16), again = BUF_INIT(16);
	charset_decode(charset, SLICE("az"), &again);
	charset_decode(charset, sample, &out);
	bool good = !out.failed && count_of(buf_slice(&out), SLICE("\xef\xbf\xbd")) <= count_of(sample, SLICE("\n")) && slice_eq(buf_slice(&again), SLICE("az"));
	buf_free(&out);
	buf_free(&again);
	return good;
}

static struct slice choose(struct slice sample, struct slice charset, struct slice language)
{
	charset = slice_trim(charset);
	if (!says_nothing(charset) && keeps_lines(charset) && reads(charset, sample))
		return charset;
	return guess(sample, language);
}

/* With its line break; without one at the end. */
static struct slice line_next(struct slice *rest)
{
	ptrdiff_t at = slice_find(*rest, '\n');
	struct slice line = at < 0 ? *rest : slice_sub(*rest, 0, (size_t)at + 1);
	*rest = slice_from(*rest, line.n);
	return line;
}

/*
 * What stands in front of the next encoded word, and the word, whose bytes are of the charset that it names (RFC 2047 2); both may be empty. False: *rest
 * was empty.
 */
static bool word_split(struct slice *rest, struct slice *ret_plain, struct slice *ret_word)
{
	ptrdiff_t at = slice_search(*rest, SLICE("=?")), end = -1;
	struct slice body = at < 0 ? SLICE_NONE : slice_from(*rest, (size_t)at + 2), part;

	if (rest->n == 0)
		return false;
	if (slice_split(&body, '?', &part) && body.n > 0) {
		(void)slice_split(&body, '?', &part);
		end = slice_search(body, SLICE("?="));
	}
	*ret_plain = end < 0 ? *rest : slice_sub(*rest, 0, (size_t)at);
	*ret_word = end < 0 ? SLICE_NONE : slice_make(rest->p + at, (size_t)(body.p - rest->p - at + end + 2));
	*rest = slice_from(*rest, ret_plain->n + ret_word->n);
	return true;
}

static void sample_make(struct slice header, struct buf *out)
{
	while (header.n > 0 && buf_len(out) < SAMPLE_MAX) {
		struct slice line = line_next(&header), plain, word;
		bool whole = utf8_valid(line) || line.n > out->max - buf_len(out);
		while (!whole && word_split(&line, &plain, &word))
			buf_append(out, plain);
	}
}

/* The line break stays whatever the bytes in front of it are. */
static void line_decode(struct slice line, struct slice charset, struct buf *out)
{
	struct slice text, plain, word;
	size_t end = line.n;
	while (end > 0 && (line.p[end - 1] == '\n' || line.p[end - 1] == '\r'))
		end--;
	text = slice_sub(line, 0, end);
	while (word_split(&text, &plain, &word)) {
		charset_decode(charset, plain, out);
		buf_append(out, word);
	}
	buf_append(out, slice_from(line, end));
}

struct slice mime_header_utf8(struct slice header, struct slice charset, struct slice language, struct arena *arena)
{
	struct buf sample = BUF_INIT(2 * SAMPLE_MAX), out = BUF_INIT(4 * header.n + 16);
	struct slice rest = header, ret;
	if (utf8_valid(header))
		return header;
	sample_make(header, &sample);
	charset = choose(buf_slice(&sample), charset, language);
	while (rest.n > 0) {
		struct slice line = line_next(&rest);
		if (utf8_valid(line))
			buf_append(&out, line);
		else
			line_decode(line, charset, &out);
	}
	ret = out.failed ? header : arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	buf_free(&sample);
	return ret;
}
