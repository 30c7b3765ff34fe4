/* Ed25519 signatures (RFC 8032 5.1), for tree heads and their co-signatures. */
#ifndef CRYPT_ED25519_H
#define CRYPT_ED25519_H

#include "base/slice.h"

#define ED25519_SEED_SIZE 32
#define ED25519_PUBLIC_SIZE 32
#define ED25519_SIGNATURE_SIZE 64

void ed25519_public(const uint8_t seed[ED25519_SEED_SIZE], uint8_t ret[ED25519_PUBLIC_SIZE]);
void ed25519_sign(const uint8_t seed[ED25519_SEED_SIZE], struct slice message, uint8_t ret[ED25519_SIGNATURE_SIZE]);
/* Strict: no second encoding of a signature, no key of small order. */
bool ed25519_verify(const uint8_t public_key[ED25519_PUBLIC_SIZE], struct slice message, const uint8_t signature[ED25519_SIGNATURE_SIZE]);

#endif
