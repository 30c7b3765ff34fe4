/*
 * Password hashes of other systems: "$6$" and "$5$" (SHA-crypt), "$y$" (yescrypt), "$2a$" "$2b$" "$2y$" (bcrypt) through libxcrypt, and {SSHA},
 * {SSHA256}, {SSHA512} (RFC 2307 style, salted). Prefixes {CRYPT}, {SHA256-CRYPT}, {SHA512-CRYPT} and {BLF-CRYPT} before a crypt hash are
 * passed over. They serve until the owner signs in once; then an own wrap takes their place.
 */
#ifndef FACTOR_FOREIGN_H
#define FACTOR_FOREIGN_H

#include "base/buf.h"
#include "base/error.h"

#define FOREIGN_HASH_MAX 384
#define FOREIGN_ROUNDS_MAX 1000000 /* of SHA-crypt */
#define FOREIGN_BCRYPT_MAX 14      /* log2 of the rounds */
#define FOREIGN_MEMORY_MAX (256u << 20) /* of yescrypt */

/* 0 when it is one that can be verified; ERR_UNSUPPORTED: another kind; ERR_INVALID: malformed; ERR_LIMIT: too expensive. */
int foreign_check(struct slice hash);
/* Slow: on the pool. 0, ERR_DENIED (does not fit), else as foreign_check; ERR_TEMPORARY: no memory. */
int foreign_verify(struct slice hash, struct slice password);

#endif
