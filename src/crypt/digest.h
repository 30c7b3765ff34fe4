/*
 * Hashes and HMACs that standards of others ask for: one-time passwords (RFC 6238), lists of breached passwords, imported {SSHA} hashes.
 * What we choose ourselves is in crypt/hash.h; nothing of ours rests on SHA-1.
 */
#ifndef CRYPT_DIGEST_H
#define CRYPT_DIGEST_H

#include "base/slice.h"

enum digest_algorithm { DIGEST_SHA1 = 1, DIGEST_SHA256 = 2, DIGEST_SHA512 = 3 }; /* stored; the values never change */
#define DIGEST_MAX 64

size_t digest_size(enum digest_algorithm algorithm); /* 20, 32, 64; 0 for an unknown one */
/* Both write digest_size bytes. */
void digest_compute(enum digest_algorithm algorithm, struct slice data, uint8_t ret[DIGEST_MAX]);
void digest_hmac(enum digest_algorithm algorithm, struct slice key, struct slice data, uint8_t ret[DIGEST_MAX]); /* RFC 2104 */

/* Piece by piece. Every run that was started has to be finished, which frees it. */
struct digest_run;
struct digest_run *digest_start(enum digest_algorithm algorithm);
void digest_update(struct digest_run *run, struct slice data);
void digest_finish(struct digest_run **run, uint8_t ret[DIGEST_MAX]);

#endif
