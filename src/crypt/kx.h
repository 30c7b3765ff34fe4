/* X25519 key agreement (RFC 7748). */
#ifndef CRYPT_KX_H
#define CRYPT_KX_H

#include <stdbool.h>
#include <stdint.h>

#define KX_KEY_SIZE 32

void kx_keypair(uint8_t ret_public[KX_KEY_SIZE], uint8_t ret_secret[KX_KEY_SIZE]);
void kx_public(const uint8_t secret[KX_KEY_SIZE], uint8_t ret_public[KX_KEY_SIZE]);
/* The raw shared value: feed it to a KDF together with both public keys. False for an all-zero result (RFC 7748 6.1). */
bool kx_shared(const uint8_t secret[KX_KEY_SIZE], const uint8_t peer_public[KX_KEY_SIZE], uint8_t ret_shared[KX_KEY_SIZE]);

#endif
