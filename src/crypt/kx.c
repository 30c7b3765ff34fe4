#include "crypt/kx.h"

#include <sodium.h>

#include "base/ensure.h"

void kx_keypair(uint8_t ret_public[KX_KEY_SIZE], uint8_t ret_secret[KX_KEY_SIZE])
{
	randombytes_buf(ret_secret, KX_KEY_SIZE);
	kx_public(ret_secret, ret_public);
}

void kx_public(const uint8_t secret[KX_KEY_SIZE], uint8_t ret_public[KX_KEY_SIZE])
{
	ENSURE(crypto_scalarmult_base(ret_public, secret) == 0);
}

bool kx_shared(const uint8_t secret[KX_KEY_SIZE], const uint8_t peer_public[KX_KEY_SIZE], uint8_t ret_shared[KX_KEY_SIZE])
{
	/* libsodium itself refuses points of small order; the check of the result stays as the documented rule. */
	if (crypto_scalarmult(ret_shared, secret, peer_public) != 0)
		return false;
	return !sodium_is_zero(ret_shared, KX_KEY_SIZE);
}
