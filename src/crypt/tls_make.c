#include "crypt/tls_make.h"

#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/codec.h"
#include "base/memory.h"
#include "crypt/hash.h"
#include "crypt/tls_private.h"

#define COORDINATE 32
#define COMMON_NAME_MAX 64
#define NAME_MAX_BYTES 253
#define ALPN_DAYS 7
#define PROFILE_START "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist "

struct tls_key *tls_key_generate(struct error *err)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	struct tls_key *key;

	if (pkey == NULL) {
		tls_error(err, "a new key");
		return NULL;
	}
	key = memory_alloc(sizeof *key);
	key->pkey = pkey;
	return key;
}

static int append_bio(BIO *bio, struct buf *out)
{
	char *data;
	long n = BIO_get_mem_data(bio, &data);

	buf_append_bytes(out, data, n > 0 ? (size_t)n : 0);
	return out->failed ? ERR_LIMIT : 0;
}

int tls_key_encode(const struct tls_key *key, struct buf *out, struct error *err)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	int rc = bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1 ? append_bio(bio, out)
	                                                                                                      : tls_error(err, "private key");

	BIO_free(bio);
	return rc;
}

int tls_key_hash(const struct tls_key *key, uint8_t ret[32])
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key->pkey, &der);

	if (n > 0)
		hash_sha256(slice_make(der, (size_t)n), ret);
	OPENSSL_free(der);
	return n > 0 ? 0 : ERR_INVALID;
}

/* ---- requests ---- */

static bool name_is_plain(struct slice name)
{
	if (name.n == 0 || name.n > NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!ascii_is_alnum(name.p[i]) && name.p[i] != '.' && name.p[i] != '-' && !(name.p[i] == '*' && i == 0))
			return false;
	return true;
}

static bool names_push(GENERAL_NAMES *list, struct slice name)
{
	GENERAL_NAME *entry = GENERAL_NAME_new();
	ASN1_IA5STRING *dns = ASN1_IA5STRING_new();

	if (entry != NULL && dns != NULL && name_is_plain(name) && ASN1_STRING_set(dns, name.p, (int)name.n) == 1) {
		GENERAL_NAME_set0_value(entry, GEN_DNS, dns);
		if (sk_GENERAL_NAME_push(list, entry) > 0)
			return true;
		dns = NULL;
	}
	ASN1_IA5STRING_free(dns);
	GENERAL_NAME_free(entry);
	return false;
}

static GENERAL_NAMES *names_of(const struct slice *names, size_t count)
{
	GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
	bool ok = list != NULL;

	for (size_t i = 0; ok && i < count; i++)
		ok = names_push(list, names[i]);
	if (!ok) {
		sk_GENERAL_NAME_pop_free(list, GENERAL_NAME_free);
		return NULL;
	}
	return list;
}

static bool put_extensions(X509_REQ *request, const struct slice *names, size_t count, bool must_staple)
{
	STACK_OF(X509_EXTENSION) *list = NULL;
	GENERAL_NAMES *all = names_of(names, count);
	X509_EXTENSION *staple = must_staple ? X509V3_EXT_conf_nid(NULL, NULL, NID_tlsfeature, "status_request") : NULL;
	bool ok = all != NULL && X509V3_add1_i2d(&list, NID_subject_alt_name, all, 0, 0) == 1;

	if (ok && must_staple)
		ok = staple != NULL && X509v3_add_ext(&list, staple, -1) != NULL;
	ok = ok && X509_REQ_add_extensions(request, list) == 1;
	X509_EXTENSION_free(staple);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	sk_GENERAL_NAME_pop_free(all, GENERAL_NAME_free);
	return ok;
}

static bool put_subject(X509_NAME *subject, struct slice name)
{
	return name.n > COMMON_NAME_MAX || X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, name.p, (int)name.n, -1, 0) == 1;
}

int tls_key_request(const struct tls_key *key, const struct slice *names, size_t count, bool must_staple, struct buf *out, struct error *err)
{
	X509_REQ *request = X509_REQ_new();
	unsigned char *der = NULL;
	int n = -1;

	if (count == 0 || count > TLS_CSR_NAMES_MAX) {
		X509_REQ_free(request);
		return error_set(err, ERR_LIMIT, "a certificate takes 1 to %d names", TLS_CSR_NAMES_MAX);
	}
	if (request != NULL && put_subject(X509_REQ_get_subject_name(request), names[0]) && X509_REQ_set_pubkey(request, key->pkey) == 1
	    && put_extensions(request, names, count, must_staple) && X509_REQ_sign(request, key->pkey, EVP_sha256()) > 0)
		n = i2d_X509_REQ(request, &der);
	if (n > 0)
		buf_append_bytes(out, der, (size_t)n);
	OPENSSL_free(der);
	X509_REQ_free(request);
	return n > 0 && !out->failed ? 0 : tls_error(err, "request for a certificate");
}

/* ---- ACME ---- */

static bool coordinate(const EVP_PKEY *pkey, const char *name, uint8_t ret[COORDINATE])
{
	BIGNUM *number = NULL;
	bool ok = EVP_PKEY_get_bn_param(pkey, name, &number) == 1 && BN_bn2binpad(number, ret, COORDINATE) == COORDINATE;

	BN_free(number);
	return ok;
}

/* The members in the order that RFC 7638 3.2 asks for. */
static int put_jwk(const struct tls_key *key, struct buf *out, struct error *err)
{
	uint8_t x[COORDINATE], y[COORDINATE];

	if (!EVP_PKEY_is_a(key->pkey, "EC") || EVP_PKEY_get_bits(key->pkey) != 256 || !coordinate(key->pkey, OSSL_PKEY_PARAM_EC_PUB_X, x)
	    || !coordinate(key->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, y))
		return error_set(err, ERR_UNSUPPORTED, "ACME is signed with ECDSA on P-256");
	buf_append_str(out, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
	base64url_encode(slice_make(x, sizeof x), out);
	buf_append_str(out, "\",\"y\":\"");
	base64url_encode(slice_make(y, sizeof y), out);
	buf_append_str(out, "\"}");
	return 0;
}

int tls_key_thumbprint(const struct tls_key *key, struct buf *out, struct error *err)
{
	struct buf jwk = BUF_INIT(500);
	uint8_t hash[HASH_SIZE];
	int rc = put_jwk(key, &jwk, err);

	hash_sha256(buf_slice(&jwk), hash);
	if (rc == 0)
		base64url_encode(slice_make(hash, sizeof hash), out);
	buf_free(&jwk);
	return rc;
}

/* RFC 7518 3.4: the two numbers one behind the other. */
static int sign_es256(const struct tls_key *key, struct slice text, uint8_t ret[2 * COORDINATE])
{
	uint8_t hash[HASH_SIZE];
	struct buf der = BUF_INIT(200);
	ECDSA_SIG *signature = NULL;
	int rc;

	hash_sha256(text, hash);
	rc = tls_key_sign((struct tls_key *)key, 0x0403, slice_make(hash, sizeof hash), &der);
	if (rc == 0) {
		const unsigned char *p = buf_slice(&der).p;
		signature = d2i_ECDSA_SIG(NULL, &p, (long)buf_len(&der));
		rc = signature != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret, COORDINATE) == COORDINATE
		     && BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret + COORDINATE, COORDINATE) == COORDINATE ? 0 : ERR_INVALID;
	}
	ECDSA_SIG_free(signature);
	buf_free(&der);
	return rc;
}

/* What stands in JSON between quotation marks needs no escapes here. */
static bool is_plain(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] >= 0x7f || text.p[i] == '"' || text.p[i] == '\\')
			return false;
	return true;
}

int tls_key_acme(const struct tls_key *key, struct slice nonce, struct slice url, struct slice kid, struct slice payload, struct buf *out,
	struct error *err)
{
	struct buf head = BUF_INIT(4096), both = BUF_INIT(out->max);
	uint8_t signature[2 * COORDINATE];
	size_t dot;
	int rc = is_plain(nonce) && is_plain(url) && is_plain(kid) ? 0 : error_set(err, ERR_INVALID, "nonce or address is malformed");

	buf_append_str(&head, "{\"alg\":\"ES256\",");
	if (kid.n > 0)
		buf_printf(&head, "\"kid\":\"%.*s\",", SLICE_ARG(kid));
	else
		buf_append_str(&head, "\"jwk\":");
	if (rc == 0 && kid.n == 0) {
		rc = put_jwk(key, &head, err);
		buf_append_byte(&head, ',');
	}
	buf_printf(&head, "\"nonce\":\"%.*s\",\"url\":\"%.*s\"}", SLICE_ARG(nonce), SLICE_ARG(url));
	base64url_encode(buf_slice(&head), &both);
	dot = buf_len(&both);
	buf_append_byte(&both, '.');
	base64url_encode(payload, &both);
	if (rc == 0 && (head.failed || both.failed || (rc = sign_es256(key, buf_slice(&both), signature)) != 0))
		rc = error_set(err, ERR_INVALID, "the request cannot be signed");
	if (rc == 0) {
		buf_printf(out, "{\"protected\":\"%.*s\",\"payload\":\"", SLICE_ARG(slice_sub(buf_slice(&both), 0, dot)));
		buf_append(out, slice_from(buf_slice(&both), dot + 1));
		buf_append_str(out, "\",\"signature\":\"");
		base64url_encode(slice_make(signature, sizeof signature), out);
		buf_append_str(out, "\"}");
	}
	buf_free(&head);
	buf_free(&both);
	return rc != 0 ? rc : out->failed ? ERR_LIMIT : 0;
}

/* ---- TLS-ALPN-01 ---- */

static bool put_acme_identifier(X509 *certificate, const uint8_t digest[32])
{
	ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
	uint8_t der[34] = {0x04, 0x20};
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;
	bool ok;

	for (size_t i = 0; i < 32; i++)
		der[2 + i] = digest[i];
	ok = oid != NULL && value != NULL && ASN1_OCTET_STRING_set(value, der, sizeof der) == 1
	     && (extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value)) != NULL && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(oid);
	return ok;
}

static X509 *alpn_certificate(const struct tls_key *key, struct slice name, const uint8_t digest[32])
{
	X509 *c = X509_new();
	GENERAL_NAMES *names = names_of(&name, 1);
	uint8_t serial[8];
	bool ok = c != NULL && names != NULL && RAND_bytes(serial, sizeof serial) == 1 && X509_set_version(c, X509_VERSION_3) == 1;
	BIGNUM *number;

	serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40);
	number = BN_bin2bn(serial, sizeof serial, NULL);
	ok = ok && number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(c)) != NULL
	     && X509_NAME_add_entry_by_NID(X509_get_subject_name(c), NID_commonName, MBSTRING_UTF8, (const unsigned char *)"acme", 4, -1, 0) == 1
	     && X509_set_issuer_name(c, X509_get_subject_name(c)) == 1 && X509_gmtime_adj(X509_getm_notBefore(c), -3600) != NULL
	     && X509_time_adj_ex(X509_getm_notAfter(c), ALPN_DAYS, 0, NULL) != NULL && X509_set_pubkey(c, key->pkey) == 1
	     && X509_add1_ext_i2d(c, NID_subject_alt_name, names, 0, 0) == 1 && put_acme_identifier(c, digest) && X509_sign(c, key->pkey, EVP_sha256()) > 0;
	BN_free(number);
	sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
	if (!ok) {
		X509_free(c);
		return NULL;
	}
	return c;
}

int tls_key_alpn(const struct tls_key *key, struct slice name, const uint8_t digest[32], struct buf *out, struct error *err)
{
	X509 *c = alpn_certificate(key, name, digest);
	BIO *bio = BIO_new(BIO_s_mem());
	int rc = c != NULL && bio != NULL && PEM_write_bio_X509(bio, c) == 1 ? append_bio(bio, out) : tls_error(err, "certificate of a challenge");

	BIO_free(bio);
	X509_free(c);
	return rc;
}

/* ---- profiles ---- */

int tls_key_profile(const struct tls_key *key, struct slice chain_pem, struct slice content, struct buf *out, struct error *err)
{
	STACK_OF(X509) *chain;
	CMS_ContentInfo *cms = NULL;
	BIO *in = NULL;
	unsigned char *der = NULL;
	int n = -1;

	if (!slice_starts(content, SLICE(PROFILE_START)))
		return error_set(err, ERR_DENIED, "not a configuration profile");
	chain = tls_chain_parse(chain_pem, err);
	if (chain == NULL)
		return ERR_INVALID;
	X509 *leaf = sk_X509_shift(chain);
	in = BIO_new_mem_buf(content.p, (int)content.n);
	if (in != NULL)
		cms = CMS_sign(leaf, key->pkey, chain, in, CMS_BINARY);
	if (cms != NULL)
		n = i2d_CMS_ContentInfo(cms, &der);
	if (n > 0)
		buf_append_bytes(out, der, (size_t)n);
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	X509_free(leaf);
	sk_X509_pop_free(chain, X509_free);
	return n > 0 && !out->failed ? 0 : tls_error(err, "signature of a profile");
}
