/*
 * Authenticated encryption with associated data. The ciphertext is AEAD_TAG_SIZE bytes longer than the plain text.
 * XChaCha20-Poly1305 takes random nonces; ChaCha20-Poly1305-IETF (RFC 8439 2.8) only counted ones, never twice under one key.
 */
#ifndef CRYPT_AEAD_H
#define CRYPT_AEAD_H

#include "base/slice.h"

enum aead { /* the algorithm id of every stored format */
	AEAD_XCHACHA20 = 1,
	AEAD_CHACHA20 = 2,
};
#define AEAD_KEY_SIZE 32
#define AEAD_TAG_SIZE 16
#define AEAD_XCHACHA20_NONCE_SIZE 24
#define AEAD_CHACHA20_NONCE_SIZE 12
#define AEAD_NONCE_MAX 24

size_t aead_nonce_size(enum aead algorithm); /* 0 for an unknown id */

/* Writes plain.n + AEAD_TAG_SIZE bytes to out, which may be plain.p itself. */
void aead_seal(enum aead algorithm, const uint8_t key[AEAD_KEY_SIZE], const uint8_t *nonce, struct slice ad, struct slice plain,
	uint8_t *out);
/* Writes sealed.n - AEAD_TAG_SIZE bytes to out, which may be sealed.p itself. False (out is then undefined) when it does not verify. */
bool aead_open(enum aead algorithm, const uint8_t key[AEAD_KEY_SIZE], const uint8_t *nonce, struct slice ad, struct slice sealed,
	uint8_t *out);

#endif
