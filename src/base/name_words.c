#include "base/name_words.h"

#include <string.h>

#include <unicode/uchar.h>
#include <unicode/unorm2.h>

#include "base/pinyin.h"
#include "base/utf8.h"

#define CHARACTERS_MAX 12  /* of a name that is read as Chinese */
#define VARIANTS_MAX 4     /* readings of one name */
#define UNITS_MAX 400

struct slice name_fold(struct slice text, struct arena *arena)
{
	UErrorCode status = U_ZERO_ERROR;
	const UNormalizer2 *fold = unorm2_getNFKCCasefoldInstance(&status);
	UChar units[UNITS_MAX], folded[UNITS_MAX];
	struct buf out = BUF_INIT(UNITS_MAX * 4);
	int32_t n = 0;

	while (text.n > 0 && n < UNITS_MAX / 2) {
		UChar32 c = (UChar32)utf8_next(&text);
		U16_APPEND_UNSAFE(units, n, c);
	}
	n = U_SUCCESS(status) ? unorm2_normalize(fold, units, n, folded, UNITS_MAX, &status) : 0;
	for (int32_t i = 0; U_SUCCESS(status) && i < n;) {
		UChar32 c;

		U16_NEXT(folded, i, n, c);
		utf8_append(&out, (uint32_t)c);
	}
	struct slice ret = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

static void add(struct name_words_found *w, struct slice word)
{
	word = utf8_prefix(word, NAME_WORD_BYTES_MAX);
	for (size_t i = 0; i < w->count; i++)
		if (slice_eq(w->list[i], word))
			return;
	if (word.n > 0 && w->count < NAME_WORDS_MAX)
		w->list[w->count++] = word;
}

/* ---- Han ---- */

/* The characters of a name, each with its readings. */
struct han {
	struct slice readings[CHARACTERS_MAX][PINYIN_READINGS_MAX];
	size_t counts[CHARACTERS_MAX], count, family;
};

/* Letters and digits among them stand for themselves (the second group of a department: 华东2组). */
static bool read_han(struct slice name, struct han *h)
{
	const char *const *doubled = pinyin_double_family(name);
	bool any = false;

	*h = (struct han){.family = doubled != NULL ? 2 : 1};
	for (; name.n > 0; h->count++) {
		struct slice at = name;
		uint32_t c = utf8_next(&name);

		if (h->count == CHARACTERS_MAX)
			return false;
		if (doubled != NULL && h->count < 2) {
			h->readings[h->count][0] = slice_str(doubled[h->count]);
			h->counts[h->count] = 1;
			any = true;
		} else if (c < 0x80 && ascii_is_alnum((uint8_t)c)) {
			h->readings[h->count][0] = slice_sub(at, 0, 1);
			h->counts[h->count] = 1;
		} else {
			any = true;
			h->counts[h->count] = pinyin_readings(c, h->count == 0, h->readings[h->count]);
		}
		if (h->counts[h->count] == 0)
			return false;
	}
	return any;
}

/* Variant `v` of the readings from character `from` on: the digits of v, least first, choose for the characters that have a choice. */
static struct slice join(const struct han *h, size_t from, size_t v, bool initials, struct slice between, struct arena *arena)
{
	struct buf out = BUF_INIT(CHARACTERS_MAX * 10);

	for (size_t i = 0; i < h->count; i++) {
		struct slice one = h->readings[i][v % h->counts[i]];

		v /= h->counts[i];
		if (i < from)
			continue;
		if (buf_len(&out) > 0)
			buf_append(&out, between);
		buf_append(&out, initials ? slice_sub(one, 0, 1) : one);
	}
	struct slice ret = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

static size_t variants(const struct han *h)
{
	size_t n = 1;

	for (size_t i = 0; i < h->count && n < VARIANTS_MAX * 4; i++)
		n *= h->counts[i];
	return n < VARIANTS_MAX * 4 ? n : VARIANTS_MAX * 4;
}

static void add_han(struct name_words_found *w, struct slice name, const struct han *h, struct arena *arena)
{
	size_t count = variants(h), kept = count < VARIANTS_MAX ? count : VARIANTS_MAX;

	for (struct slice rest = name; rest.n > 0; utf8_next(&rest))
		add(w, rest);
	for (size_t v = 0; v < kept; v++) {
		add(w, join(h, 0, v, false, SLICE_NONE, arena));
		add(w, join(h, 0, v, true, SLICE_NONE, arena));
		if (h->count > h->family) {
			add(w, join(h, h->family, v, false, SLICE_NONE, arena));
			add(w, join(h, h->family, v, true, SLICE_NONE, arena));
		}
	}
}

/* ---- other names ---- */

static bool is_letter(uint32_t c)
{
	return u_isalnum((UChar32)c);
}

/* Each run of letters and digits, and the beginnings of all. */
static void add_latin(struct name_words_found *w, struct slice text, struct arena *arena)
{
	struct buf initials = BUF_INIT(NAME_WORD_BYTES_MAX);
	struct slice rest = text, at;

	while (rest.n > 0) {
		at = rest;
		if (!is_letter(utf8_next(&rest)))
			continue;
		buf_append(&initials, slice_sub(at, 0, at.n - rest.n));
		while (rest.n > 0) {
			struct slice behind = rest;

			if (!is_letter(utf8_next(&behind)))
				break;
			rest = behind;
		}
		add(w, slice_sub(at, 0, at.n - rest.n));
	}
	add(w, arena_dup(arena, buf_slice(&initials)));
	buf_free(&initials);
}

/* "zhang wei": together, the given name, initials. */
static void add_reading(struct name_words_found *w, struct slice reading, struct arena *arena)
{
	struct buf all = BUF_INIT(200), given = BUF_INIT(200), initials = BUF_INIT(40);
	struct slice rest = name_fold(reading, arena), word;
	bool first = true;

	while (rest.n > 0 && slice_split(&rest, ' ', &word)) {
		if (word.n == 0)
			continue;
		buf_append(&all, word);
		buf_append(&initials, slice_sub(word, 0, 1));
		if (!first)
			buf_append(&given, word);
		first = false;
	}
	add(w, arena_dup(arena, buf_slice(&all)));
	add(w, arena_dup(arena, buf_slice(&initials)));
	add(w, arena_dup(arena, buf_slice(&given)));
	buf_free(&all);
	buf_free(&given);
	buf_free(&initials);
}

static void add_text(struct name_words_found *w, struct slice text, struct arena *arena)
{
	struct slice folded = name_fold(text, arena);
	struct han h;

	if (folded.n == 0)
		return;
	add(w, folded);
	if (read_han(folded, &h))
		add_han(w, folded, &h, arena);
	else
		add_latin(w, folded, arena);
}

static void add_digits(struct name_words_found *w, struct slice text, struct arena *arena)
{
	struct buf out = BUF_INIT(40);

	for (size_t i = 0; i < text.n && buf_len(&out) < 32; i++)
		if (ascii_is_digit(text.p[i]))
			buf_append(&out, slice_sub(text, i, i + 1));
	struct slice digits = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	add(w, digits);
	/* The extension, and the number without its prefix, as people say them. */
	for (size_t tail = 4; tail <= 8 && tail < digits.n; tail += 4)
		add(w, slice_from(digits, digits.n - tail));
}

void name_words_of(const struct name_texts *names, struct arena *arena, struct name_words_found *ret, size_t *ret_named)
{
	struct slice rest = names->department, level;
	ptrdiff_t at = slice_rfind(names->address, '@');

	ret->count = 0;
	if (names->reading.n > 0)
		add_reading(ret, names->reading, arena);
	add_text(ret, names->name, arena);
	*ret_named = ret->count;
	add_text(ret, slice_sub(names->address, 0, at >= 0 ? (size_t)at : names->address.n), arena);
	add(ret, name_fold(names->staff_number, arena));
	add_digits(ret, names->phone, arena);
	add_digits(ret, names->mobile, arena);
	while (rest.n > 0 && slice_split(&rest, '/', &level))
		add_text(ret, slice_trim(level), arena);
}

struct slice name_sort_key(struct slice name, struct slice reading, struct arena *arena)
{
	struct slice folded = name_fold(name, arena);
	struct han h;

	if (reading.n > 0)
		return name_fold(reading, arena);
	return read_han(folded, &h) ? join(&h, 0, 0, false, SLICE(" "), arena) : folded;
}
