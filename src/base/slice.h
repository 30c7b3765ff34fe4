/*
 * A borrowed run of bytes: pointer and length, passed by value, never owning.
 *
 * A slice is valid as long as what it points into. It may hold any byte, NUL included; `p` may be NULL when `n` is 0.
 * `char *` exists only for literals and at the border to the operating system.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
	const uint8_t *p;
	size_t n;
};

/* A slice over a string literal; for constant initialisers SLICE_INIT. */
#define SLICE(lit) ((struct slice){(const uint8_t *)("" lit), sizeof(lit) - 1})
#define SLICE_INIT(lit) {(const uint8_t *)("" lit), sizeof(lit) - 1}
#define SLICE_NONE ((struct slice){NULL, 0})
/* For printf: "%.*s". */
#define SLICE_ARG(s) (int)(s).n, (const char *)(s).p

static inline struct slice slice_make(const void *p, size_t n)
{
	return (struct slice){p, n};
}

/* Over a NUL-terminated string; NULL gives the empty slice. */
struct slice slice_str(const char *s);

bool slice_eq(struct slice a, struct slice b);
/* ASCII letters compare without case; other bytes exactly. */
bool slice_eq_nocase(struct slice a, struct slice b);
/* <0, 0, >0 by bytes; the shorter sorts first. */
int slice_cmp(struct slice a, struct slice b);
int slice_cmp_nocase(struct slice a, struct slice b);
bool slice_starts(struct slice s, struct slice prefix);
bool slice_starts_nocase(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
bool slice_ends_nocase(struct slice s, struct slice suffix);
/* Index of the first / last byte c, or -1. */
ptrdiff_t slice_find(struct slice s, uint8_t c);
ptrdiff_t slice_rfind(struct slice s, uint8_t c);
/* Index of the first occurrence of needle, or -1; an empty needle is found at 0. */
ptrdiff_t slice_search(struct slice s, struct slice needle);
ptrdiff_t slice_search_nocase(struct slice s, struct slice needle);
/* The bytes [from, to); both are clamped to the length. */
struct slice slice_sub(struct slice s, size_t from, size_t to);
/* Everything from index `from` on (clamped). */
struct slice slice_from(struct slice s, size_t from);
/* Without space, tab, CR and LF at both ends. */
struct slice slice_trim(struct slice s);

/*
 * Takes the text before the next `sep` off the front of *s into *token and moves *s behind the separator.
 * Returns false (and leaves *token empty) only when *s is empty.
 */
bool slice_split(struct slice *s, uint8_t sep, struct slice *token);

/* Strict decimal, no sign, no spaces, at least one digit, overflow refused: 0 or -1. */
int slice_to_u64(struct slice s, uint64_t *ret_value);
int slice_to_u32(struct slice s, uint32_t *ret_value);

/* Depends on neither locale nor process state. */
static inline uint8_t ascii_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}
static inline uint8_t ascii_upper(uint8_t c)
{
	return c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c;
}
static inline bool ascii_is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}
static inline bool ascii_is_alpha(uint8_t c)
{
	c = ascii_lower(c);
	return c >= 'a' && c <= 'z';
}
static inline bool ascii_is_alnum(uint8_t c)
{
	return ascii_is_digit(c) || ascii_is_alpha(c);
}
/* Space or tab: RFC 5234 WSP. */
static inline bool ascii_is_wsp(uint8_t c)
{
	return c == ' ' || c == '\t';
}

#endif
