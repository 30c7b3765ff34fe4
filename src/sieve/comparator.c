/* Comparators (RFC 4790): octet, ASCII without case, numbers, and Unicode without case (RFC 5051). */
#include <unicode/uchar.h>
#include <unicode/unorm2.h>

#include "base/ascii.h"
#include "base/ensure.h"
#include "base/utf8.h"
#include "sieve/script.h"

#define DECOMPOSED_MAX 32 /* UTF-16 units of one decomposed character; the longest has 18 */

static const UNormalizer2 *decomposer(void)
{
	UErrorCode status = U_ZERO_ERROR;
	const UNormalizer2 *n = unorm2_getNFKDInstance(&status);
	ENSURE(U_SUCCESS(status));
	return n;
}

void sieve_warm(void)
{
	uint32_t *origin = NULL;
	struct arena arena = ARENA_INIT;
	sieve_unicode_fold(SLICE("\xc3\xa9"), &arena, &origin);
	arena_free(&arena);
}

static struct slice fold_none(struct slice text, struct arena *arena, uint32_t **ret_origin)
{
	(void)arena;
	*ret_origin = NULL;
	return text;
}

static struct slice fold_ascii(struct slice text, struct arena *arena, uint32_t **ret_origin)
{
	*ret_origin = NULL;
	return ascii_dup_lower(arena, text);
}

/* RFC 5051 2: title case, then what the character decomposes to, down to the bottom. */
static void fold_character(uint32_t c, struct buf *out)
{
	UChar units[DECOMPOSED_MAX];
	UErrorCode status = U_ZERO_ERROR;
	UChar32 title = u_totitle((UChar32)c);
	int32_t n = unorm2_getDecomposition(decomposer(), title, units, DECOMPOSED_MAX, &status), i = 0;
	if (U_FAILURE(status) || n < 0) {
		utf8_append(out, (uint32_t)title);
		return;
	}
	while (i < n) {
		UChar32 next;
		U16_NEXT(units, i, n, next);
		utf8_append(out, (uint32_t)next);
	}
}

struct slice sieve_unicode_fold(struct slice text, struct arena *arena, uint32_t **ret_origin)
{
	struct buf out = BUF_INIT(text.n * DECOMPOSED_MAX * 3 + 4), origin = BUF_INIT(SIZE_MAX);
	const uint8_t *start = text.p;
	uint32_t at = 0;
	while (text.n > 0) {
		size_t before = buf_len(&out);
		at = (uint32_t)(text.p - start);
		uint32_t c = utf8_next(&text);
		if (c < 0x80)
			buf_append_byte(&out, ascii_upper((uint8_t)c));
		else
			fold_character(c, &out);
		for (; before < buf_len(&out); before++)
			buf_append_bytes(&origin, &at, sizeof at);
	}
	at = (uint32_t)(text.p - start);
	buf_append_bytes(&origin, &at, sizeof at);
	uint32_t *map = arena_alloc(arena, buf_len(&origin));
	__builtin_memcpy(map, buf_slice(&origin).p, buf_len(&origin));
	struct slice ret = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	buf_free(&origin);
	*ret_origin = map;
	return ret;
}

static int order_octet(struct slice a, struct slice b, struct arena *arena)
{
	(void)arena;
	return slice_cmp(a, b);
}

static int order_ascii(struct slice a, struct slice b, struct arena *arena)
{
	(void)arena;
	return slice_cmp_nocase(a, b);
}

static int order_unicode(struct slice a, struct slice b, struct arena *arena)
{
	uint32_t *ignored;
	struct slice x = sieve_unicode_fold(a, arena, &ignored);
	return slice_cmp(x, sieve_unicode_fold(b, arena, &ignored));
}

/* RFC 4790 9.1: the digits at the front, of any length; without one: infinity. */
static struct slice digits(struct slice s)
{
	size_t n = 0;
	while (n < s.n && ascii_is_digit(s.p[n]))
		n++;
	s = slice_sub(s, 0, n);
	while (s.n > 1 && s.p[0] == '0')
		s = slice_from(s, 1);
	return s;
}

static struct slice fold_numeric(struct slice text, struct arena *arena, uint32_t **ret_origin)
{
	(void)arena;
	*ret_origin = NULL;
	return digits(text);
}

static int order_numeric(struct slice a, struct slice b, struct arena *arena)
{
	struct slice x = digits(a), y = digits(b);
	(void)arena;
	if (x.n == 0 || y.n == 0)
		return (x.n == 0) - (y.n == 0);
	return x.n != y.n ? (x.n < y.n ? -1 : 1) : slice_cmp(x, y);
}

static const struct sieve_comparator comparators[] = {
	{"i;octet", SIEVE_CORE, true, fold_none, order_octet},
	{"i;ascii-casemap", SIEVE_CORE, true, fold_ascii, order_ascii},
	{"i;ascii-numeric", SIEVE_COMPARATOR_NUMERIC, false, fold_numeric, order_numeric},
	{"i;unicode-casemap", SIEVE_COMPARATOR_UNICODE, true, sieve_unicode_fold, order_unicode},
};

const struct sieve_comparator *sieve_comparator_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(comparators); i++)
		if (slice_eq(name, slice_str(comparators[i].name)))
			return &comparators[i];
	return NULL;
}
