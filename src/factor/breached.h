/*
 * A list of breached passwords on disk: text lines in order of SHA-1 in hexadecimal digits, "HASH" or "HASH:COUNT", as Have I Been Pwned gives
 * it; hashes may be cut to 16 digits or more, all to the same length. Found by bisection: a bounded number of small reads, nothing is loaded.
 */
#ifndef FACTOR_BREACHED_H
#define FACTOR_BREACHED_H

#include "base/slice.h"

#define BREACHED_LINE_MAX 80
#define BREACHED_READS_MAX 64
#define BREACHED_DIGITS_MIN 16

struct breached_list {
	/* Reads up to n bytes at the offset: the number, 0 at the end, negative on failure. */
	ptrdiff_t (*read)(void *arg, uint64_t offset, void *p, size_t n);
	void *arg;
	uint64_t size;
};

/* Is the password in it? 1, 0, ERR_IO, ERR_DAMAGED (no such list). */
int breached_find(const struct breached_list *list, struct slice password);

#endif
