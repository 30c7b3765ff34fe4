/*
 * Secret sharing of Shamir over GF(2^8) with the polynomial of AES (x^8 + x^4 + x^3 + x + 1): k of n shares give the secret, k - 1 say nothing
 * about it. Eight bytes of check (BLAKE2b of the secret) are shared together with the secret, so that a wrong or foreign share is noticed
 * without a check value that lies open beside the shares. No branch and no table look-up depends on secret bytes.
 */
#ifndef FACTOR_SHAMIR_H
#define FACTOR_SHAMIR_H

#include "base/buf.h"

#define SHAMIR_SECRET_MAX 64  /* bytes; keys, not documents */
#define SHAMIR_CHECK_SIZE 8
#define SHAMIR_SHARES_MAX 255
#define SHAMIR_SET_SIZE 8
#define SHAMIR_ENCODED_MAX (16 + SHAMIR_SECRET_MAX + SHAMIR_CHECK_SIZE)

struct shamir_share {
	uint8_t threshold;             /* k */
	uint8_t number;                /* x, 1 to 255 */
	uint8_t set[SHAMIR_SET_SIZE];  /* random; the same in all shares of one split */
	uint8_t size;                  /* of `value`: secret and check */
	uint8_t value[SHAMIR_SECRET_MAX + SHAMIR_CHECK_SIZE];
};

/* ERR_INVALID unless 1 <= k <= n <= 255 and the secret has 1 to SHAMIR_SECRET_MAX bytes. ret has room for n; wipe them after use. */
int shamir_split(struct slice secret, unsigned k, unsigned n, struct shamir_share *ret);
/* As shamir_split, with given coefficients, (k - 1) × (secret.n + SHAMIR_CHECK_SIZE) bytes, those of x first: for test vectors. */
int shamir_split_with(struct slice secret, unsigned k, unsigned n, const uint8_t set[SHAMIR_SET_SIZE], const uint8_t *coefficients,
	struct shamir_share *ret);
/*
 * The secret of `count` shares (those above k are checked as well). ERR_NOT_FOUND: fewer than k; ERR_INVALID: of different splits, a number
 * twice, malformed; ERR_DAMAGED: the check does not fit. ret_secret has room for SHAMIR_SECRET_MAX bytes.
 */
int shamir_combine(const struct shamir_share *shares, size_t count, uint8_t *ret_secret, size_t *ret_size);

/* u8 version | k | number | set (8) | u8 size | value | u32 checksum against typing errors. Decoding: ERR_INVALID. */
void shamir_encode(const struct shamir_share *share, struct buf *out);
int shamir_decode(struct slice data, struct shamir_share *ret);

#endif
