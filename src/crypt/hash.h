/* Hashes, MACs and key derivation. A slice may be empty; keys are secret, comparisons go through secret_equal (crypt.h). */
#ifndef CRYPT_HASH_H
#define CRYPT_HASH_H

#include "base/slice.h"

#define HASH_SIZE 32         /* of everything here unless said otherwise */
#define HASH_KEY_SIZE 32

/* BLAKE2b of 1 to 64 bytes (RFC 7693); key is 32 bytes or NULL. */
void hash_blake2b(struct slice data, const uint8_t *key, uint8_t *ret, size_t size);
/* BLAKE2b-256, keyed. */
void hash_keyed(struct slice data, const uint8_t key[HASH_KEY_SIZE], uint8_t ret[HASH_SIZE]);
bool hash_keyed_verify(struct slice data, const uint8_t key[HASH_KEY_SIZE], const uint8_t mac[HASH_SIZE]);
/* First 8 bytes of BLAKE2b: a checksum against accidents, not against people. */
uint64_t hash_checksum(struct slice data);

/* Incremental BLAKE2b-256; lives on the stack, need not be freed. key may be NULL. */
struct hash_state {
	_Alignas(64) uint8_t opaque[384];
};
void hash_start(struct hash_state *state, const uint8_t *key);
void hash_update(struct hash_state *state, struct slice data);
/* Adds a u32 length before the bytes, so that neighbouring fields cannot run into each other. */
void hash_update_field(struct hash_state *state, struct slice data);
void hash_finish(struct hash_state *state, uint8_t ret[HASH_SIZE]);

void hash_sha256(struct slice data, uint8_t ret[HASH_SIZE]);
void hash_hmac_sha256(struct slice key, struct slice data, uint8_t ret[HASH_SIZE]);

/*
 * HKDF-SHA-256 (RFC 5869), extract and expand, in one step: salt may be empty; the info is "letterlock " + label + NUL + context.
 * size at most 8160.
 */
void hash_hkdf(struct slice secret, struct slice salt, const char *label, struct slice context, void *ret, size_t size);
/* RFC 5869 itself, with a free info. */
void hash_hkdf_raw(struct slice secret, struct slice salt, struct slice info, void *ret, size_t size);

/* PBKDF2-HMAC-SHA-256 (RFC 8018 5.2), the Hi() of SCRAM (RFC 5802 2.2). */
void hash_pbkdf2_sha256(struct slice password, struct slice salt, uint32_t iterations, uint8_t ret[HASH_SIZE]);

#endif
