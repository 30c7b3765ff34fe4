/* Runs of ASCII, eight bytes at a time: most mail is ASCII, and it needs no conversion. */
#ifndef BASE_ASCII_H
#define BASE_ASCII_H

#include <string.h>

#include "base/slice.h"

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

#endif
