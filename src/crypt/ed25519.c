#include "crypt/ed25519.h"

#include <sodium.h>

#include "base/ensure.h"
#include "crypt/crypt.h"

void ed25519_public(const uint8_t seed[ED25519_SEED_SIZE], uint8_t ret[ED25519_PUBLIC_SIZE])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	ENSURE(crypto_sign_seed_keypair(ret, secret, seed) == 0);
	secret_wipe(secret, sizeof secret);
}

void ed25519_sign(const uint8_t seed[ED25519_SEED_SIZE], struct slice message, uint8_t ret[ED25519_SIGNATURE_SIZE])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES], public_key[ED25519_PUBLIC_SIZE];
	ENSURE(crypto_sign_seed_keypair(public_key, secret, seed) == 0);
	ENSURE(crypto_sign_detached(ret, NULL, message.p, message.n, secret) == 0);
	secret_wipe(secret, sizeof secret);
}

bool ed25519_verify(const uint8_t public_key[ED25519_PUBLIC_SIZE], struct slice message, const uint8_t signature[ED25519_SIGNATURE_SIZE])
{
	return crypto_sign_verify_detached(signature, message.p, message.n, public_key) == 0;
}
