#include "crypt/csr.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "crypt/hash.h"
#include "crypt/mail_ca_private.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096
#define EXPONENT_MIN 65537
#define PKCS12_ROUNDS 300000
#define CHAIN_MAX 8

static int refuse(struct error *err, enum error_code code, const char *what)
{
	ERR_clear_error();
	return error_set(err, code, "%s", what);
}

/* ---- keys ---- */

static bool exponent_allowed(const EVP_PKEY *key)
{
	BIGNUM *e = NULL;
	bool ok = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_is_odd(e) && BN_num_bits(e) <= 64 && BN_get_word(e) >= EXPONENT_MIN;
	BN_free(e);
	return ok;
}

static bool curve_allowed(const EVP_PKEY *key)
{
	char name[40];
	size_t n = 0;
	return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof name, &n) == 1
	    && (strcmp(name, SN_X9_62_prime256v1) == 0 || strcmp(name, SN_secp384r1) == 0);
}

bool csr_key_allowed(const EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);
	if (EVP_PKEY_is_a(key, "RSA"))
		return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX && exponent_allowed(key);
	return EVP_PKEY_is_a(key, "EC") && curve_allowed(key);
}

static const char *key_name(const EVP_PKEY *key, struct arena *arena)
{
	if (EVP_PKEY_is_a(key, "RSA"))
		return (const char *)arena_printf(arena, "RSA %d", EVP_PKEY_get_bits(key)).p;
	return EVP_PKEY_get_bits(key) == 256 ? "EC P-256" : "EC P-384";
}

/* ---- reading ---- */

/* Two requests in one text would be a question which of them counts. */
static bool has_one(struct slice pem)
{
	const struct slice begin = SLICE("-----BEGIN");
	ptrdiff_t first = slice_search(pem, begin);
	return first >= 0 && slice_search(slice_from(pem, (size_t)first + 1), begin) < 0;
}

static X509_REQ *parse_request(const char *name, const char *header, const unsigned char *der, long n)
{
	const unsigned char *at = der;
	if ((strcmp(name, PEM_STRING_X509_REQ) != 0 && strcmp(name, PEM_STRING_X509_REQ_OLD) != 0) || header[0] != '\0')
		return NULL;
	X509_REQ *request = d2i_X509_REQ(NULL, &at, n);
	if (request != NULL && at != der + n) {
		X509_REQ_free(request);
		request = NULL;
	}
	return request;
}

static X509_REQ *read_pem(struct slice pem)
{
	BIO *bio = pem.n > 0 && pem.n <= CSR_MAX && has_one(pem) ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long n = 0;
	X509_REQ *request = bio != NULL && PEM_read_bio(bio, &name, &header, &der, &n) == 1 ? parse_request(name, header, der, n) : NULL;
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	BIO_free(bio);
	return request;
}

static bool signature_allowed(const X509_REQ *request)
{
	int digest = NID_undef, algorithm = NID_undef;
	return OBJ_find_sigid_algs(X509_REQ_get_signature_nid(request), &digest, &algorithm) == 1
	    && (digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512);
}

static int take_key(const EVP_PKEY *key, struct arena *arena, struct csr *ret, struct error *err)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);
	if (n <= 0 || n > MAIL_CA_SPKI_MAX) {
		OPENSSL_free(der);
		return refuse(err, ERR_UNSUPPORTED, "the key is too large");
	}
	ret->spki = arena_dup(arena, slice_make(der, (size_t)n));
	OPENSSL_free(der);
	hash_sha256(ret->spki, ret->key_hash);
	ret->key_name = key_name(key, arena);
	return 0;
}

int csr_read(struct slice pem, struct arena *arena, struct csr *ret, struct error *err)
{
	X509_REQ *request = read_pem(pem);
	EVP_PKEY *key = request != NULL ? X509_REQ_get0_pubkey(request) : NULL;
	int rc;
	*ret = (struct csr){.key_name = ""};
	if (request == NULL || X509_REQ_get_version(request) != X509_REQ_VERSION_1)
		rc = refuse(err, ERR_INVALID, "this is not one request (PKCS#10) in PEM form");
	else if (key == NULL || !csr_key_allowed(key))
		rc = refuse(err, ERR_UNSUPPORTED, "the key must be RSA of 2048 to 4096 bits, or EC on P-256 or P-384");
	else if (!signature_allowed(request))
		rc = refuse(err, ERR_UNSUPPORTED, "the request must be signed under SHA-256, SHA-384 or SHA-512");
	else if (X509_REQ_verify(request, key) != 1)
		rc = refuse(err, ERR_DENIED, "the request is not signed by the key in it");
	else
		rc = take_key(key, arena, ret, err);
	X509_REQ_free(request);
	ERR_clear_error();
	return rc;
}

/* ---- making ---- */

static bool take_bio(BIO *bio, struct buf *out)
{
	char *text;
	long n = BIO_get_mem_data(bio, &text);
	buf_append_bytes(out, text, (size_t)n);
	return n > 0 && !out->failed;
}

static bool write_key(EVP_PKEY *key, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	bool ok = bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1 && take_bio(bio, out);
	BIO_free(bio);
	return ok;
}

static bool write_request(EVP_PKEY *key, struct buf *out)
{
	X509_REQ *request = X509_REQ_new();
	BIO *bio = BIO_new(BIO_s_mem());
	bool ok = request != NULL && bio != NULL && X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1
	       && X509_REQ_set_pubkey(request, key) == 1 && X509_REQ_sign(request, key, EVP_sha256()) != 0
	       && PEM_write_bio_X509_REQ(bio, request) == 1 && take_bio(bio, out);
	BIO_free(bio);
	X509_REQ_free(request);
	return ok;
}

int csr_make(struct buf *ret_key_pem, struct buf *ret_csr_pem, struct error *err)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	bool ok = key != NULL && write_key(key, ret_key_pem) && write_request(key, ret_csr_pem);
	EVP_PKEY_free(key);
	return ok ? 0 : refuse(err, ERR_INVALID, "a key could not be made");
}

static STACK_OF(X509) *read_chain(struct slice pem, X509 **ret_leaf)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	STACK_OF(X509) *chain = sk_X509_new_null();
	X509 *one;
	*ret_leaf = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	while (*ret_leaf != NULL && chain != NULL && sk_X509_num(chain) < CHAIN_MAX && (one = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(chain, one) <= 0)
			X509_free(one);
	BIO_free(bio);
	return chain;
}

int csr_pkcs12(struct slice key_pem, struct slice chain_pem, const char *password, const char *name, struct buf *out, struct error *err)
{
	BIO *bio = BIO_new_mem_buf(key_pem.p, (int)key_pem.n);
	EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	X509 *leaf = NULL;
	STACK_OF(X509) *chain = read_chain(chain_pem, &leaf);
	bool fit = key != NULL && leaf != NULL && chain != NULL && X509_check_private_key(leaf, key) == 1;
	PKCS12 *p12 = fit ? PKCS12_create(password, name, key, leaf, chain, NID_aes_256_cbc, NID_aes_256_cbc, PKCS12_ROUNDS, PKCS12_ROUNDS, 0) : NULL;
	unsigned char *der = NULL;
	int n = p12 != NULL ? i2d_PKCS12(p12, &der) : -1;
	bool ok = mail_ca_append(der, n, out);
	PKCS12_free(p12);
	sk_X509_pop_free(chain, X509_free);
	X509_free(leaf);
	EVP_PKEY_free(key);
	BIO_free(bio);
	return ok ? 0 : refuse(err, ERR_INVALID, "key and certificate do not belong together");
}
