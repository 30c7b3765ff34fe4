#include <string.h>

#include "base/slice.h"

struct slice slice_str(const char *s)
{
	return slice_make(s, s != NULL ? strlen(s) : 0);
}

bool slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static bool eq_nocase(const uint8_t *a, const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ascii_lower(a[i]) != ascii_lower(b[i]))
			return false;
	return true;
}

bool slice_eq_nocase(struct slice a, struct slice b)
{
	return a.n == b.n && eq_nocase(a.p, b.p, a.n);
}

static int cmp_length(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

int slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return order != 0 ? order : cmp_length(a.n, b.n);
}

int slice_cmp_nocase(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;

	for (size_t i = 0; i < n; i++) {
		int order = (int)ascii_lower(a.p[i]) - (int)ascii_lower(b.p[i]);

		if (order != 0)
			return order;
	}
	return cmp_length(a.n, b.n);
}

bool slice_starts(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && slice_eq(slice_make(s.p, prefix.n), prefix);
}

bool slice_starts_nocase(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && eq_nocase(s.p, prefix.p, prefix.n);
}

bool slice_ends(struct slice s, struct slice suffix)
{
	return s.n >= suffix.n && slice_eq(slice_from(s, s.n - suffix.n), suffix);
}

bool slice_ends_nocase(struct slice s, struct slice suffix)
{
	return s.n >= suffix.n && slice_eq_nocase(slice_from(s, s.n - suffix.n), suffix);
}

ptrdiff_t slice_find(struct slice s, uint8_t c)
{
	const uint8_t *at = s.n > 0 ? memchr(s.p, c, s.n) : NULL;

	return at != NULL ? at - s.p : -1;
}

ptrdiff_t slice_rfind(struct slice s, uint8_t c)
{
	const uint8_t *at = s.n > 0 ? memrchr(s.p, c, s.n) : NULL;

	return at != NULL ? at - s.p : -1;
}

ptrdiff_t slice_search(struct slice s, struct slice needle)
{
	const uint8_t *at;

	if (needle.n == 0)
		return 0;
	at = s.n > 0 ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
	return at != NULL ? at - s.p : -1;
}

ptrdiff_t slice_search_nocase(struct slice s, struct slice needle)
{
	if (needle.n == 0)
		return 0;
	for (size_t i = 0; i + needle.n <= s.n; i++)
		if (eq_nocase(s.p + i, needle.p, needle.n))
			return (ptrdiff_t)i;
	return -1;
}

struct slice slice_sub(struct slice s, size_t from, size_t to)
{
	if (to > s.n)
		to = s.n;
	if (from >= to)
		return SLICE_NONE;
	return slice_make(s.p + from, to - from);
}

struct slice slice_from(struct slice s, size_t from)
{
	return slice_sub(s, from, s.n);
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
	while (s.n > 0 && is_space(s.p[0]))
		s = slice_make(s.p + 1, s.n - 1);
	while (s.n > 0 && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool slice_split(struct slice *s, uint8_t sep, struct slice *token)
{
	ptrdiff_t at = slice_find(*s, sep);

	if (s->n == 0) {
		*token = SLICE_NONE;
		return false;
	}
	if (at < 0) {
		*token = *s;
		*s = SLICE_NONE;
		return true;
	}
	*token = slice_make(s->p, (size_t)at);
	*s = slice_make(s->p + at + 1, s->n - (size_t)at - 1);
	return true;
}

int slice_to_u64(struct slice s, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (s.n == 0)
		return -1;
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_digit(s.p[i]) || __builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(s.p[i] - '0'), &value))
			return -1;
	*ret_value = value;
	return 0;
}

int slice_to_u32(struct slice s, uint32_t *ret_value)
{
	uint64_t value;

	if (slice_to_u64(s, &value) < 0 || value > UINT32_MAX)
		return -1;
	*ret_value = (uint32_t)value;
	return 0;
}
