#include "crypt/hash.h"

#include <sodium.h>
#include <string.h>

#include "base/endian.h"
#include "base/ensure.h"

#define HKDF_BLOCKS_MAX 255
#define INFO_MAX 512

_Static_assert(sizeof(crypto_generichash_state) <= sizeof(struct hash_state), "the opaque state is large enough");

void hash_blake2b(struct slice data, const uint8_t *key, uint8_t *ret, size_t size)
{
	ENSURE(size >= 1 && size <= 64);
	/* libsodium asks for 16 bytes at least; shorter ones are cut, not parametrised. */
	uint8_t full[64];
	size_t made = size < crypto_generichash_BYTES_MIN ? crypto_generichash_BYTES_MIN : size;
	ENSURE(crypto_generichash(full, made, data.p, data.n, key, key != NULL ? HASH_KEY_SIZE : 0) == 0);
	memcpy(ret, full, size);
}

void hash_keyed(struct slice data, const uint8_t key[HASH_KEY_SIZE], uint8_t ret[HASH_SIZE])
{
	hash_blake2b(data, key, ret, HASH_SIZE);
}

bool hash_keyed_verify(struct slice data, const uint8_t key[HASH_KEY_SIZE], const uint8_t mac[HASH_SIZE])
{
	uint8_t wanted[HASH_SIZE];
	hash_keyed(data, key, wanted);
	return sodium_memcmp(wanted, mac, HASH_SIZE) == 0;
}

uint64_t hash_checksum(struct slice data)
{
	uint8_t sum[8];
	hash_blake2b(data, NULL, sum, sizeof sum);
	return get_u64(sum);
}

static crypto_generichash_state *state_of(struct hash_state *state)
{
	return (crypto_generichash_state *)(void *)state->opaque;
}

void hash_start(struct hash_state *state, const uint8_t *key)
{
	ENSURE(crypto_generichash_init(state_of(state), key, key != NULL ? HASH_KEY_SIZE : 0, HASH_SIZE) == 0);
}

void hash_update(struct hash_state *state, struct slice data)
{
	if (data.n > 0)
		crypto_generichash_update(state_of(state), data.p, data.n);
}

void hash_update_field(struct hash_state *state, struct slice data)
{
	uint8_t length[4];
	ENSURE(data.n <= UINT32_MAX);
	put_u32(length, (uint32_t)data.n);
	hash_update(state, slice_make(length, sizeof length));
	hash_update(state, data);
}

void hash_finish(struct hash_state *state, uint8_t ret[HASH_SIZE])
{
	crypto_generichash_final(state_of(state), ret, HASH_SIZE);
	sodium_memzero(state, sizeof *state);
}

void hash_sha256(struct slice data, uint8_t ret[HASH_SIZE])
{
	crypto_hash_sha256(ret, data.p, data.n);
}

static void hmac_start(crypto_auth_hmacsha256_state *state, struct slice key)
{
	crypto_auth_hmacsha256_init(state, key.p != NULL ? key.p : (const uint8_t *)"", key.n);
}

static void hmac_add(crypto_auth_hmacsha256_state *state, struct slice data)
{
	if (data.n > 0)
		crypto_auth_hmacsha256_update(state, data.p, data.n);
}

void hash_hmac_sha256(struct slice key, struct slice data, uint8_t ret[HASH_SIZE])
{
	crypto_auth_hmacsha256_state state;
	hmac_start(&state, key);
	hmac_add(&state, data);
	crypto_auth_hmacsha256_final(&state, ret);
	sodium_memzero(&state, sizeof state);
}

static void hkdf_expand(const uint8_t prk[HASH_SIZE], struct slice info, uint8_t *ret, size_t size)
{
	uint8_t block[HASH_SIZE];
	size_t have = 0;
	for (uint8_t i = 1; size > 0; i++) {
		crypto_auth_hmacsha256_state state;
		hmac_start(&state, slice_make(prk, HASH_SIZE));
		hmac_add(&state, slice_make(block, have));
		hmac_add(&state, info);
		hmac_add(&state, slice_make(&i, 1));
		crypto_auth_hmacsha256_final(&state, block);
		sodium_memzero(&state, sizeof state);
		have = HASH_SIZE;
		size_t n = size < HASH_SIZE ? size : HASH_SIZE;
		memcpy(ret, block, n);
		ret += n;
		size -= n;
	}
	sodium_memzero(block, sizeof block);
}

void hash_hkdf_raw(struct slice secret, struct slice salt, struct slice info, void *ret, size_t size)
{
	ENSURE(size <= (size_t)HKDF_BLOCKS_MAX * HASH_SIZE);
	uint8_t prk[HASH_SIZE];
	hash_hmac_sha256(salt, secret, prk);
	hkdf_expand(prk, info, ret, size);
	sodium_memzero(prk, sizeof prk);
}

void hash_hkdf(struct slice secret, struct slice salt, const char *label, struct slice context, void *ret, size_t size)
{
	static const struct slice prefix = SLICE_INIT("letterlock ");
	uint8_t info[INFO_MAX];
	size_t label_len = strlen(label) + 1;
	ENSURE(prefix.n + label_len + context.n <= sizeof info);
	memcpy(info, prefix.p, prefix.n);
	memcpy(info + prefix.n, label, label_len);
	if (context.n > 0)
		memcpy(info + prefix.n + label_len, context.p, context.n);
	hash_hkdf_raw(secret, salt, slice_make(info, prefix.n + label_len + context.n), ret, size);
}

void hash_pbkdf2_sha256(struct slice password, struct slice salt, uint32_t iterations, uint8_t ret[HASH_SIZE])
{
	ENSURE(iterations >= 1);
	static const uint8_t first_block[4] = {0, 0, 0, 1};
	crypto_auth_hmacsha256_state keyed, state;
	uint8_t u[HASH_SIZE];
	hmac_start(&keyed, password);
	state = keyed;
	hmac_add(&state, salt);
	hmac_add(&state, slice_make(first_block, sizeof first_block));
	crypto_auth_hmacsha256_final(&state, u);
	memcpy(ret, u, HASH_SIZE);
	for (uint32_t i = 1; i < iterations; i++) {
		state = keyed;
		hmac_add(&state, slice_make(u, sizeof u));
		crypto_auth_hmacsha256_final(&state, u);
		for (size_t k = 0; k < HASH_SIZE; k++)
			ret[k] ^= u[k];
	}
	sodium_memzero(&keyed, sizeof keyed);
	sodium_memzero(&state, sizeof state);
	sodium_memzero(u, sizeof u);
}
