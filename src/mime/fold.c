#include <string.h>
#include <unicode/unorm2.h>

#include "base/ascii.h"
#include "base/charset.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "mime/text.h"

#define PIECE_MAX 1024 /* UTF-16 units that pass through ICU at once */
#define PIECE_SOFT 900 /* from here on a piece ends where characters do not interact */

static const UNormalizer2 *folder(void)
{
	UErrorCode status = U_ZERO_ERROR;
	const UNormalizer2 *n = unorm2_getNFKCCasefoldInstance(&status);

	ENSURE(U_SUCCESS(status));
	return n;
}

void mime_warm(void)
{
	charset_warm();
	folder();
}

/* U+4000 … U+9FFF, nearly all of it Han: folding changes none of them and nothing composes with what stands before. */
static bool is_han(struct slice s)
{
	return s.n >= 3 && s.p[0] >= 0xe4 && s.p[0] <= 0xe9 && (s.p[1] & 0xc0) == 0x80 && (s.p[2] & 0xc0) == 0x80;
}

/* Characters at the front that only need ASCII folding. ret_last: length of the last of them. */
static size_t fast_run(struct slice s, size_t *ret_last)
{
	size_t i = 0, run;

	*ret_last = 0;
	for (;;) {
		run = ascii_run(slice_from(s, i));
		if (run > 0)
			*ret_last = 1;
		i += run;
		if (!is_han(slice_from(s, i)))
			return i;
		while (is_han(slice_from(s, i)))
			i += 3;
		*ret_last = 3;
	}
}

static void append_lower(struct slice s, struct buf *out)
{
	uint8_t *to = s.n > 0 ? buf_reserve(out, s.n) : NULL;

	if (to == NULL)
		return;
	for (size_t i = 0; i < s.n; i++)
		to[i] = (uint8_t)(s.p[i] + ((uint8_t)(s.p[i] - 'A') < 26 ? 32 : 0));
	buf_commit(out, s.n);
}

static void append_utf16(const UChar *text, int32_t n, struct buf *out)
{
	for (int32_t i = 0; i < n;) {
		UChar32 c;

		U16_NEXT(text, i, n, c);
		utf8_append(out, (uint32_t)c);
	}
}

static void fold_units(const UChar *units, int32_t n, struct buf *out)
{
	UChar folded[2 * PIECE_MAX], *more = NULL;
	UErrorCode status = U_ZERO_ERROR;
	int32_t length = unorm2_normalize(folder(), units, n, folded, (int32_t)ARRAY_LEN(folded), &status);

	if (status != U_BUFFER_OVERFLOW_ERROR) {
		append_utf16(folded, U_SUCCESS(status) ? length : 0, out);
		return;
	}
	status = U_ZERO_ERROR;
	more = memory_alloc_array((size_t)length, sizeof *more);
	length = unorm2_normalize(folder(), units, n, more, length, &status);
	append_utf16(more, U_FAILURE(status) ? 0 : length, out);
	memory_free(more);
}

static void fold_icu(struct slice s, struct buf *out)
{
	UChar units[PIECE_MAX + 2];
	int32_t n = 0;

	while (s.n > 0) {
		UChar32 c = (UChar32)utf8_next(&s);

		if (n >= PIECE_MAX || (n >= PIECE_SOFT && unorm2_hasBoundaryBefore(folder(), c))) {
			fold_units(units, n, out);
			n = 0;
		}
		U16_APPEND_UNSAFE(units, n, c);
	}
	fold_units(units, n, out);
}

/* Characters at the front that are neither ASCII nor Han. */
static size_t slow_run(struct slice s)
{
	size_t i = 0;

	while (i < s.n && s.p[i] >= 0x80 && !is_han(slice_from(s, i)))
		i++;
	return i;
}

void mime_fold(struct slice s, struct buf *out)
{
	while (s.n > 0) {
		size_t last, run = fast_run(s, &last), piece;

		if (run == s.n) {
			append_lower(s, out);
			return;
		}
		/* What follows may compose with the last fast character ("e" and an accent). */
		append_lower(slice_sub(s, 0, run - last), out);
		s = slice_from(s, run - last);
		piece = last + slow_run(slice_from(s, last));
		fold_icu(slice_sub(s, 0, piece), out);
		s = slice_from(s, piece);
	}
}

struct slice mime_fold_arena(struct slice utf8, struct arena *arena)
{
	struct buf out = BUF_INIT(64 * utf8.n + 64);
	struct slice copy;

	mime_fold(utf8, &out);
	copy = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return copy;
}
