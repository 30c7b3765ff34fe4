#include "crypt/mail_key.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/memory.h"
#include "crypt/ed25519.h"

#define ED25519_BITS 256
#define EXPONENT_BITS_MAX 64
#define PEM_MAX 65536

struct mail_public {
	EVP_PKEY *pkey;                            /* NULL: Ed25519 */
	uint8_t ed25519[ED25519_PUBLIC_SIZE];
};

struct mail_key {
	EVP_PKEY *pkey;
	enum mail_algorithm algorithm;
};

static const struct {
	enum mail_algorithm algorithm;
	const char *name, *key_type;
} algorithms[] = {{MAIL_RSA_SHA256, "rsa-sha256", "RSA"}, {MAIL_ED25519_SHA256, "ed25519-sha256", "ED25519"}};

#define ALGORITHM_COUNT (sizeof algorithms / sizeof algorithms[0])

const char *mail_algorithm_name(enum mail_algorithm algorithm)
{
	for (size_t i = 0; i < ALGORITHM_COUNT; i++)
		if (algorithms[i].algorithm == algorithm)
			return algorithms[i].name;
	return NULL;
}

bool mail_algorithm_find(struct slice name, enum mail_algorithm *ret)
{
	for (size_t i = 0; i < ALGORITHM_COUNT; i++)
		if (slice_eq_nocase(name, slice_str(algorithms[i].name))) {
			*ret = algorithms[i].algorithm;
			return true;
		}
	return false;
}

static bool algorithm_of(const EVP_PKEY *pkey, enum mail_algorithm *ret)
{
	for (size_t i = 0; i < ALGORITHM_COUNT; i++)
		if (EVP_PKEY_is_a(pkey, algorithms[i].key_type)) {
			*ret = algorithms[i].algorithm;
			return true;
		}
	return false;
}

static unsigned bits_of(const EVP_PKEY *pkey, enum mail_algorithm algorithm)
{
	return algorithm == MAIL_ED25519_SHA256 ? ED25519_BITS : (unsigned)EVP_PKEY_get_bits(pkey);
}

/* ---- verify ---- */

static bool exponent_allowed(const BIGNUM *e)
{
	return BN_is_odd(e) && !BN_is_one(e) && BN_num_bits(e) <= EXPONENT_BITS_MAX;
}

/* One element of DER off the front of `at`: tag, then a length in its shortest form. */
static bool der_take(struct slice *at, uint8_t tag, struct slice *ret)
{
	size_t head = 2, length;
	if (at->n < 2 || at->p[0] != tag)
		return false;
	length = at->p[1];
	if (length == 0x81 && at->n > 2 && at->p[2] >= 0x80) {
		length = at->p[2];
		head = 3;
	} else if (length == 0x82 && at->n > 3 && at->p[2] != 0) {
		length = (size_t)at->p[2] << 8 | at->p[3];
		head = 4;
	} else if (length >= 0x80) {
		return false;
	}
	if (length > at->n - head)
		return false;
	*ret = slice_sub(*at, head, head + length);
	*at = slice_sub(*at, head + length, at->n);
	return true;
}

/* RSAPublicKey (RFC 8017 A.1.1), to its end. Signs are not looked at: keys without the leading zero are in use. */
static bool rsa_numbers(struct slice der, struct slice *ret_n, struct slice *ret_e)
{
	struct slice key;
	return der_take(&der, 0x30, &key) && der.n == 0 && der_take(&key, 0x02, ret_n) && der_take(&key, 0x02, ret_e) && key.n == 0;
}

/* The RSAPublicKey inside of a SubjectPublicKeyInfo (RFC 5280 4.1, RFC 3279 2.3.1), to its end. */
static bool rsa_inside(struct slice der, struct slice *ret)
{
	static const uint8_t algorithm[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
	struct slice info, id, bits;
	if (!der_take(&der, 0x30, &info) || der.n != 0 || !der_take(&info, 0x30, &id) || !der_take(&info, 0x03, &bits) || info.n != 0)
		return false;
	/* The NULL behind the name of the algorithm is missing now and then. */
	if (!slice_eq(id, slice_make(algorithm, sizeof algorithm)) && !slice_eq(id, slice_make(algorithm, sizeof algorithm - 2)))
		return false;
	*ret = slice_sub(bits, 1, bits.n);
	return bits.n > 0 && bits.p[0] == 0;
}

static EVP_PKEY *rsa_make(const BIGNUM *n, const BIGNUM *e)
{
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (build != NULL && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		params = OSSL_PARAM_BLD_to_param(build);
	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 || EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	return pkey;
}

/*
 * RFC 6376 3.6.1 says SubjectPublicKeyInfo in its text and RSAPublicKey in its reference; both are in use. Read here and not by d2i_PUBKEY,
 * which asks every decoder of OpenSSL for its opinion: ten times the cost of the verification.
 */
static EVP_PKEY *rsa_read(struct slice der)
{
	struct slice inner = der, modulus, exponent;
	EVP_PKEY *pkey = NULL;
	if (rsa_inside(der, &inner) ? !rsa_numbers(inner, &modulus, &exponent) : !rsa_numbers(der, &modulus, &exponent))
		return NULL;
	if (modulus.n > MAIL_RSA_BITS_MAX / 8 + 1 || exponent.n > EXPONENT_BITS_MAX / 8 + 1)
		return NULL;
	BIGNUM *n = BN_bin2bn(modulus.p, (int)modulus.n, NULL), *e = BN_bin2bn(exponent.p, (int)exponent.n, NULL);
	if (n != NULL && e != NULL && BN_num_bits(n) > 0 && BN_num_bits(n) <= MAIL_RSA_BITS_MAX && exponent_allowed(e))
		pkey = rsa_make(n, e);
	BN_free(n);
	BN_free(e);
	return pkey;
}

int mail_public_load(enum mail_algorithm algorithm, struct slice key, struct mail_public **ret, unsigned *ret_bits, struct error *err)
{
	struct mail_public made = {0};
	if (algorithm == MAIL_RSA_SHA256 && key.n > 0 && key.n <= MAIL_PUBLIC_MAX)
		made.pkey = rsa_read(key);
	if (algorithm == MAIL_ED25519_SHA256 && key.n == ED25519_PUBLIC_SIZE)
		memcpy(made.ed25519, key.p, ED25519_PUBLIC_SIZE);
	else if (made.pkey == NULL)
		return error_set(err, ERR_INVALID, "not a public key of this algorithm");
	*ret_bits = made.pkey != NULL ? (unsigned)EVP_PKEY_get_bits(made.pkey) : ED25519_BITS;
	*ret = memory_alloc(sizeof made);
	**ret = made;
	return 0;
}

void mail_public_free(struct mail_public **key)
{
	if (*key == NULL)
		return;
	EVP_PKEY_free((*key)->pkey);
	MEMORY_FREE(key);
}

static bool verify_rsa(EVP_PKEY *pkey, struct slice digest, struct slice signature)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	bool ok = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	          EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
	          EVP_PKEY_verify(ctx, signature.p, signature.n, digest.p, digest.n) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

bool mail_public_verify(const struct mail_public *key, const uint8_t digest[MAIL_DIGEST_SIZE], struct slice signature)
{
	struct slice d = slice_make(digest, MAIL_DIGEST_SIZE);
	if (key->pkey == NULL)
		return signature.n == ED25519_SIGNATURE_SIZE && ed25519_verify(key->ed25519, d, signature.p);
	return signature.n > 0 && verify_rsa(key->pkey, d, signature);
}

/* ---- sign ---- */

/* Takes over pkey, also when it is refused. */
static int adopt(EVP_PKEY *pkey, struct mail_key **ret, struct error *err)
{
	enum mail_algorithm algorithm;
	if (pkey == NULL)
		return error_set(err, ERR_INVALID, "not a private key without passphrase");
	bool ok = algorithm_of(pkey, &algorithm);
	unsigned bits = ok ? bits_of(pkey, algorithm) : 0;
	if (!ok || (algorithm == MAIL_RSA_SHA256 && (bits < MAIL_RSA_BITS_MIN || bits > MAIL_RSA_BITS_MAX))) {
		EVP_PKEY_free(pkey);
		return error_set(err, ERR_UNSUPPORTED, "private key is neither RSA of %d to %d bits nor Ed25519", MAIL_RSA_BITS_MIN, MAIL_RSA_BITS_MAX);
	}
	struct mail_key *key = memory_alloc(sizeof *key);
	*key = (struct mail_key){.pkey = pkey, .algorithm = algorithm};
	*ret = key;
	return 0;
}

int mail_key_generate(enum mail_algorithm algorithm, struct mail_key **ret, struct error *err)
{
	EVP_PKEY *pkey = algorithm == MAIL_RSA_SHA256 ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)MAIL_RSA_BITS)
	                                              : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return adopt(pkey, ret, err);
}

/* A key file that wants a passphrase is refused instead of asking on the terminal. */
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	return -1;
}

int mail_key_load(struct slice pem, struct mail_key **ret, struct error *err)
{
	BIO *bio = pem.n > 0 && pem.n <= PEM_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	EVP_PKEY *pkey = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	BIO_free(bio);
	return adopt(pkey, ret, err);
}

int mail_key_encode(const struct mail_key *key, struct buf *out, struct error *err)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key->pkey);
	uint8_t *der = NULL;
	int n = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
	int rc = 0;
	if (n <= 0 || n > MAIL_SECRET_MAX)
		rc = error_set(err, ERR_INVALID, "the private key cannot be written");
	else
		buf_append_bytes(out, der, (size_t)n);
	if (rc == 0 && out->failed)
		rc = error_set(err, ERR_LIMIT, "no room for the private key");
	OPENSSL_clear_free(der, n > 0 ? (size_t)n : 0);
	PKCS8_PRIV_KEY_INFO_free(info);
	return rc;
}

int mail_key_decode(struct slice der, struct mail_key **ret, struct error *err)
{
	const uint8_t *at = der.p;
	PKCS8_PRIV_KEY_INFO *info = der.n > 0 && der.n <= MAIL_SECRET_MAX ? d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.n) : NULL;
	EVP_PKEY *pkey = info != NULL && at == der.p + der.n ? EVP_PKCS82PKEY(info) : NULL;
	PKCS8_PRIV_KEY_INFO_free(info);
	return adopt(pkey, ret, err);
}

void mail_key_free(struct mail_key **key)
{
	if (*key == NULL)
		return;
	EVP_PKEY_free((*key)->pkey);
	MEMORY_FREE(key);
}

enum mail_algorithm mail_key_algorithm(const struct mail_key *key)
{
	return key->algorithm;
}

int mail_key_public(const struct mail_key *key, struct buf *out, struct error *err)
{
	uint8_t *der = NULL, raw[ED25519_PUBLIC_SIZE];
	size_t size = sizeof raw;
	if (key->algorithm == MAIL_ED25519_SHA256) {
		if (EVP_PKEY_get_raw_public_key(key->pkey, raw, &size) != 1)
			return error_set(err, ERR_INVALID, "the public key cannot be written");
		buf_append_bytes(out, raw, size);
	} else {
		int n = i2d_PUBKEY(key->pkey, &der);
		if (n <= 0)
			return error_set(err, ERR_INVALID, "the public key cannot be written");
		buf_append_bytes(out, der, (size_t)n);
		OPENSSL_free(der);
	}
	return out->failed ? error_set(err, ERR_LIMIT, "no room for the public key") : 0;
}

static bool sign_rsa(EVP_PKEY *pkey, const uint8_t *digest, uint8_t *signature, size_t *size)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	bool ok = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	          EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 && EVP_PKEY_sign(ctx, signature, size, digest, MAIL_DIGEST_SIZE) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static bool sign_ed25519(EVP_PKEY *pkey, const uint8_t *digest, uint8_t *signature, size_t *size)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
	          EVP_DigestSign(ctx, signature, size, digest, MAIL_DIGEST_SIZE) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

int mail_key_sign(const struct mail_key *key, const uint8_t digest[MAIL_DIGEST_SIZE], struct buf *out, struct error *err)
{
	uint8_t signature[MAIL_SIGNATURE_MAX];
	size_t size = sizeof signature;
	bool ok = key->algorithm == MAIL_RSA_SHA256 ? sign_rsa(key->pkey, digest, signature, &size)
	                                            : sign_ed25519(key->pkey, digest, signature, &size);
	if (!ok)
		return error_set(err, ERR_INVALID, "signing failed");
	buf_append_bytes(out, signature, size);
	return out->failed ? error_set(err, ERR_LIMIT, "no room for the signature") : 0;
}
