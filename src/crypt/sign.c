#include "crypt/sign.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/memory.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define SIGNATURE_MAX (RSA_BITS_MAX / 8)

struct sign_key {
	EVP_PKEY *pkey;
};

struct scheme_row {
	uint16_t scheme;
	const char *key_type;
	int padding; /* RSA only */
	const EVP_MD *(*digest)(void);
};

static const struct scheme_row schemes[] = {
	{0x0403, "EC", 0, EVP_sha256},
	{0x0503, "EC", 0, EVP_sha384},
	{0x0603, "EC", 0, EVP_sha512},
	{0x0401, "RSA", RSA_PKCS1_PADDING, EVP_sha256},
	{0x0501, "RSA", RSA_PKCS1_PADDING, EVP_sha384},
	{0x0601, "RSA", RSA_PKCS1_PADDING, EVP_sha512},
	{0x0804, "RSA", RSA_PKCS1_PSS_PADDING, EVP_sha256},
	{0x0805, "RSA", RSA_PKCS1_PSS_PADDING, EVP_sha384},
	{0x0806, "RSA", RSA_PKCS1_PSS_PADDING, EVP_sha512},
};

static const struct scheme_row *scheme_find(uint16_t scheme)
{
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (schemes[i].scheme == scheme)
			return &schemes[i];
	return NULL;
}

static bool key_allowed(const EVP_PKEY *pkey)
{
	int bits = EVP_PKEY_get_bits(pkey);
	if (EVP_PKEY_is_a(pkey, "RSA"))
		return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
	char group[32] = "";
	if (!EVP_PKEY_is_a(pkey, "EC") || EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) != 1)
		return false;
	return slice_eq(slice_str(group), SLICE("prime256v1")) || slice_eq(slice_str(group), SLICE("secp384r1"));
}

/* A key file that wants a passphrase is refused instead of asking on the terminal. */
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	return -1;
}

int sign_key_load(struct slice pem, struct sign_key **ret, struct error *err)
{
	int rc = -1;
	EVP_PKEY *pkey = NULL;
	BIO *bio = pem.n <= 65536 ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	if (bio != NULL)
		pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	if (pkey == NULL) {
		rc = error_set(err, ERR_INVALID, "not a PEM private key without passphrase");
		goto out;
	}
	if (!key_allowed(pkey)) {
		rc = error_set(err, ERR_UNSUPPORTED, "private key is neither RSA of 2048 to 8192 bits nor ECDSA on P-256 or P-384");
		goto out;
	}
	struct sign_key *key = memory_alloc(sizeof *key);
	key->pkey = pkey;
	pkey = NULL;
	*ret = key;
	rc = 0;
out:
	EVP_PKEY_free(pkey);
	BIO_free(bio);
	return rc;
}

void sign_key_free(struct sign_key **key)
{
	if (*key == NULL)
		return;
	EVP_PKEY_free((*key)->pkey);
	MEMORY_FREE(key);
}

static bool context_prepare(EVP_PKEY_CTX *ctx, const struct scheme_row *row)
{
	if (EVP_PKEY_sign_init(ctx) != 1)
		return false;
	if (row->padding != 0 && EVP_PKEY_CTX_set_rsa_padding(ctx, row->padding) != 1)
		return false;
	if (EVP_PKEY_CTX_set_signature_md(ctx, row->digest()) != 1)
		return false;
	return row->padding != RSA_PKCS1_PSS_PADDING || EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

int sign_digest(const struct sign_key *key, uint16_t scheme, struct slice digest, struct buf *out, struct error *err)
{
	const struct scheme_row *row = scheme_find(scheme);
	if (row == NULL || !EVP_PKEY_is_a(key->pkey, row->key_type))
		return error_set(err, ERR_UNSUPPORTED, "signature scheme 0x%04x does not fit the key", scheme);
	if (digest.n != (size_t)EVP_MD_get_size(row->digest()))
		return error_set(err, ERR_INVALID, "digest of %zu bytes", digest.n);
	uint8_t signature[SIGNATURE_MAX];
	size_t size = sizeof signature;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
	bool ok = ctx != NULL && context_prepare(ctx, row) && EVP_PKEY_sign(ctx, signature, &size, digest.p, digest.n) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (!ok)
		return error_set(err, ERR_INVALID, "signing failed");
	buf_append_bytes(out, signature, size);
	return out->failed ? error_set(err, ERR_LIMIT, "no room for the signature") : 0;
}

bool sign_key_matches(const struct sign_key *key, struct slice certificate_pem)
{
	BIO *bio = BIO_new_mem_buf(certificate_pem.p, (int)certificate_pem.n);
	X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
	bool same = cert != NULL && X509_check_private_key(cert, key->pkey) == 1;
	X509_free(cert);
	BIO_free(bio);
	return same;
}
