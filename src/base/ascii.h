/* Text that is ASCII, or whose ASCII matters. Runs of it are found eight bytes at a time: most mail is ASCII, and it needs no conversion. */
#ifndef BASE_ASCII_H
#define BASE_ASCII_H

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

/* Length of the ASCII bytes at the front of s. */
static inline size_t ascii_run(struct slice s)
{
	size_t i = 0;

	for (; i + 8 <= s.n; i += 8) {
		uint64_t word;

		memcpy(&word, s.p + i, 8);
		if ((word & 0x8080808080808080u) != 0)
			break;
	}
	while (i < s.n && s.p[i] < 0x80)
		i++;
	return i;
}

/* Of a hexadecimal digit in either case; -1 for anything else. */
static inline int ascii_hex_value(uint8_t c)
{
	c = ascii_lower(c);
	return ascii_is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Has it a byte below 0x20, or 0x7f? */
bool ascii_has_control(struct slice s);
/* A copy with ASCII letters in lower case. */
struct slice ascii_dup_lower(struct arena *arena, struct slice s);
/* Appends it in quotation marks, with a backslash before each quotation mark and backslash (RFC 5322 3.2.4). */
void ascii_append_quoted(struct buf *out, struct slice s);

/* Percent-encoding (RFC 3986 2.1), lenient: a bad escape is copied as it is. */
void ascii_percent_decode(struct slice in, struct buf *out);
struct slice ascii_percent_decoded(struct arena *arena, struct slice in);

#endif
