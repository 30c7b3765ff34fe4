/* :matches (RFC 5228 2.7.1): "*" and "?", a backslash takes their meaning away. */
#ifndef SIEVE_GLOB_H
#define SIEVE_GLOB_H

#include "base/slice.h"
#include "sieve/limits.h"

/*
 * Start and end of what each wildcard stands for, as few characters as possible from the left (RFC 5229 3.2); [0] is the whole text. `characters`: "?"
 * stands for a character of UTF-8, else for a byte. *work is charged; false when it is used up.
 */
bool sieve_glob(struct slice pattern, struct slice text, bool characters, size_t (*groups)[2], size_t *ret_count, uint64_t *work);

#endif
