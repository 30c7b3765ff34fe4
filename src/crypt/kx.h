/* X25519 key agreement (RFC 7748). */
#ifndef CRYPT_KX_H
#define CRYPT_KX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KX_KEY_SIZE 32

void kx_keypair(uint8_t ret_public[KX_KEY_SIZE], uint8_t ret_secret[KX_KEY_SIZE]);
void kx_public(const uint8_t secret[KX_KEY_SIZE], uint8_t ret_public[KX_KEY_SIZE]);
/* The raw shared value: feed it to a KDF together with both public keys. False for an all-zero result (RFC 7748 6.1). */
bool kx_shared(const uint8_t secret[KX_KEY_SIZE], const uint8_t peer_public[KX_KEY_SIZE], uint8_t ret_shared[KX_KEY_SIZE]);

/*
 * Remembers the latest results of kx_shared, because an exchange costs more than all else that is done with a small letter. A fixed number
 * of places; a later pair takes the place of an earlier one. The values lie in guarded memory (crypt/slab.h); without room there they are
 * not kept. Who can read them can read the secret keys beside them.
 */
struct kx_cache;
struct kx_cache *kx_cache_new(size_t places);
/* As kx_shared; own_public belongs to `secret`. cache may be NULL. */
bool kx_cache_shared(struct kx_cache *cache, const uint8_t own_public[KX_KEY_SIZE], const uint8_t secret[KX_KEY_SIZE],
	const uint8_t peer_public[KX_KEY_SIZE], uint8_t ret_shared[KX_KEY_SIZE]);
void kx_cache_clear(struct kx_cache *cache); /* wipes all; NULL is allowed */
void kx_cache_free(struct kx_cache **cache);

#endif
