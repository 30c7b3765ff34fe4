/* The process that holds a private key: what tls_remote.c asks for. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/tls_private.h"

/* Without a callback OpenSSL would ask for a pass phrase on the terminal. */
static int no_passphrase(char *text, int size, int writing, void *arg)
{
	return -1;
}

static bool is_supported(EVP_PKEY *pkey)
{
	int bits = EVP_PKEY_get_bits(pkey);
	switch (EVP_PKEY_get_base_id(pkey)) {
	case EVP_PKEY_RSA:
		return bits >= 2048 && bits <= 8192;
	case EVP_PKEY_EC:
		return bits == 256 || bits == 384;
	default:
		return false;
	}
}

struct tls_key *tls_key_load(struct slice key_pem, struct error *err)
{
	struct tls_key *key = NULL;
	EVP_PKEY *pkey = NULL;
	BIO *bio = BIO_new_mem_buf(key_pem.p, (int)key_pem.n);
	if (bio != NULL)
		pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	if (pkey == NULL) {
		tls_error(err, "private key");
		goto out;
	}
	if (!is_supported(pkey)) {
		error_set(err, ERR_UNSUPPORTED, "private key: neither RSA of 2048 to 8192 bits nor EC P-256 or P-384");
		goto out;
	}
	key = memory_alloc(sizeof *key);
	key->pkey = pkey;
	pkey = NULL;
out:
	EVP_PKEY_free(pkey);
	BIO_free(bio);
	return key;
}

void tls_key_free(struct tls_key **key)
{
	if (*key != NULL)
		EVP_PKEY_free((*key)->pkey);
	MEMORY_FREE(key);
}

static size_t digest_size(uint16_t scheme)
{
	switch (scheme) {
	case 0x0403:
		return 32;
	case 0x0503:
		return 48;
	case 0x0603:
		return 64;
	default:
		return 0;
	}
}

static bool is_allowed(const struct tls_key *key, uint16_t scheme, size_t digest_len)
{
	if (EVP_PKEY_get_base_id(key->pkey) == EVP_PKEY_RSA)
		return scheme == TLS_SCHEME_RSA_RAW && digest_len == (size_t)EVP_PKEY_get_size(key->pkey);
	return digest_len != 0 && digest_size(scheme) == digest_len;
}

int tls_key_sign(struct tls_key *key, uint16_t scheme, struct slice digest, struct buf *out)
{
	if (!is_allowed(key, scheme, digest.n))
		return ERR_INVALID;
	int r = ERR_INVALID;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
	if (ctx == NULL || EVP_PKEY_sign_init(ctx) != 1)
		goto out;
	if (scheme == TLS_SCHEME_RSA_RAW && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) != 1)
		goto out;
	size_t n = (size_t)EVP_PKEY_get_size(key->pkey);
	uint8_t *room = buf_reserve(out, n);
	if (room == NULL || EVP_PKEY_sign(ctx, room, &n, digest.p, digest.n) != 1)
		goto out;
	buf_commit(out, n);
	r = 0;
out:
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return r;
}

int tls_key_matches(const struct tls_key *key, struct slice chain_pem, struct error *err)
{
	STACK_OF(X509) *chain = tls_chain_parse(chain_pem, err);
	if (chain == NULL)
		return ERR_INVALID;
	EVP_PKEY *leaf = X509_get0_pubkey(sk_X509_value(chain, 0));
	int r = leaf != NULL && EVP_PKEY_eq(leaf, key->pkey) == 1 ? 0 : ERR_INVALID;
	sk_X509_pop_free(chain, X509_free);
	ERR_clear_error();
	return r == 0 ? 0 : error_set(err, r, "the private key does not belong to the certificate");
}
