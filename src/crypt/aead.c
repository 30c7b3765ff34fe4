#include "crypt/aead.h"

#include <sodium.h>

#include "base/ensure.h"

struct aead_row {
	size_t nonce_size;
	int (*seal)(unsigned char *c, unsigned long long *clen, const unsigned char *m, unsigned long long mlen, const unsigned char *ad,
	            unsigned long long adlen, const unsigned char *nsec, const unsigned char *npub, const unsigned char *k);
	int (*open)(unsigned char *m, unsigned long long *mlen, unsigned char *nsec, const unsigned char *c, unsigned long long clen,
	            const unsigned char *ad, unsigned long long adlen, const unsigned char *npub, const unsigned char *k);
};

static const struct aead_row aead_rows[] = {
	[AEAD_XCHACHA20] = {AEAD_XCHACHA20_NONCE_SIZE, crypto_aead_xchacha20poly1305_ietf_encrypt, crypto_aead_xchacha20poly1305_ietf_decrypt},
	[AEAD_CHACHA20] = {AEAD_CHACHA20_NONCE_SIZE, crypto_aead_chacha20poly1305_ietf_encrypt, crypto_aead_chacha20poly1305_ietf_decrypt},
};

static const struct aead_row *row_of(enum aead algorithm)
{
	size_t i = (size_t)algorithm;
	return i < ARRAY_LEN(aead_rows) && aead_rows[i].nonce_size != 0 ? &aead_rows[i] : NULL;
}

size_t aead_nonce_size(enum aead algorithm)
{
	const struct aead_row *row = row_of(algorithm);
	return row != NULL ? row->nonce_size : 0;
}

void aead_seal(enum aead algorithm, const uint8_t key[AEAD_KEY_SIZE], const uint8_t *nonce, struct slice ad, struct slice plain,
	uint8_t *out)
{
	const struct aead_row *row = row_of(algorithm);
	ENSURE(row != NULL);
	ENSURE(row->seal(out, NULL, plain.p, plain.n, ad.p, ad.n, NULL, nonce, key) == 0);
}

bool aead_open(enum aead algorithm, const uint8_t key[AEAD_KEY_SIZE], const uint8_t *nonce, struct slice ad, struct slice sealed,
	uint8_t *out)
{
	const struct aead_row *row = row_of(algorithm);
	if (row == NULL || sealed.n < AEAD_TAG_SIZE)
		return false;
	return row->open(out, NULL, NULL, sealed.p, sealed.n, ad.p, ad.n, nonce, key) == 0;
}
