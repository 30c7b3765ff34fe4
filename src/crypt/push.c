#include "crypt/push.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>

#include "base/codec.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

#define SCALAR 32
#define SALT 16
#define RECORD_SIZE 4096u
#define HEADER (SALT + 4 + 1 + PUSH_PUBLIC_SIZE)
#define TAG 16
#define INFO "WebPush: info"

static int failed(struct error *err, const char *what)
{
	return error_set(err, ERR_INVALID, "%s of a push message", what);
}

/* ---- keys ---- */

static bool point_of(const uint8_t scalar[SCALAR], uint8_t ret[PUSH_PUBLIC_SIZE])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;
	BIGNUM *number = BN_secure_new();
	bool good = point != NULL && number != NULL && BN_bin2bn(scalar, SCALAR, number) != NULL && !BN_is_zero(number)
		&& BN_cmp(number, EC_GROUP_get0_order(group)) < 0 && EC_POINT_mul(group, point, number, NULL, NULL, NULL) == 1
		&& EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, ret, PUSH_PUBLIC_SIZE, NULL) == PUSH_PUBLIC_SIZE;

	BN_clear_free(number);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return good;
}

static EVP_PKEY *key_of(const uint8_t *scalar, const uint8_t point[PUSH_PUBLIC_SIZE])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *number = scalar != NULL ? BN_secure_new() : NULL;
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;
	bool good = ctx != NULL && build != NULL && OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1
		&& OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, PUSH_PUBLIC_SIZE) == 1;

	if (good && scalar != NULL)
		good = number != NULL && BN_bin2bn(scalar, SCALAR, number) != NULL && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number) == 1;
	if (good)
		params = OSSL_PARAM_BLD_to_param(build);
	if (params == NULL || EVP_PKEY_fromdata_init(ctx) != 1
	    || EVP_PKEY_fromdata(ctx, &key, scalar != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_clear_free(number);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* A number below the order of the curve: all but some in 2^32 are at once. */
static bool scalar_of(const uint8_t seed[PUSH_SEED_SIZE], uint8_t ret[SCALAR], uint8_t ret_public[PUSH_PUBLIC_SIZE])
{
	for (uint8_t i = 0; i < 8; i++) {
		hash_hkdf(slice_make(seed, PUSH_SEED_SIZE), SLICE_NONE, "push", slice_make(&i, 1), ret, SCALAR);
		if (point_of(ret, ret_public))
			return true;
	}
	return false;
}

int push_public(const uint8_t seed[PUSH_SEED_SIZE], uint8_t ret[PUSH_PUBLIC_SIZE], struct error *err)
{
	uint8_t scalar[SCALAR];
	bool good = scalar_of(seed, scalar, ret);

	secret_wipe(scalar, sizeof scalar);
	return good ? 0 : failed(err, "the key");
}

bool push_key_valid(struct slice public_key)
{
	EVP_PKEY *key = public_key.n == PUSH_PUBLIC_SIZE && public_key.p[0] == 4 ? key_of(NULL, public_key.p) : NULL;
	EVP_PKEY_CTX *ctx = key != NULL ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	bool good = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good;
}

/* ---- who sends ---- */

static bool plain_text(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] >= 127 || text.p[i] == '"' || text.p[i] == '\\')
			return false;
	return text.n > 0;
}

/* ES256 (RFC 7518 3.4): both numbers, one behind the other. */
static bool sign(const uint8_t seed[PUSH_SEED_SIZE], struct slice text, uint8_t ret[2 * SCALAR])
{
	uint8_t scalar[SCALAR], point[PUSH_PUBLIC_SIZE], der[200];
	const unsigned char *at = der;
	size_t n = sizeof der;
	EVP_PKEY *key = scalar_of(seed, scalar, point) ? key_of(scalar, point) : NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	ECDSA_SIG *signature = NULL;
	bool good = key != NULL && ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1
		&& EVP_DigestSign(ctx, der, &n, text.p, text.n) == 1 && (signature = d2i_ECDSA_SIG(NULL, &at, (long)n)) != NULL
		&& BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret, SCALAR) == SCALAR
		&& BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret + SCALAR, SCALAR) == SCALAR;

	ECDSA_SIG_free(signature);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	secret_wipe(scalar, sizeof scalar);
	return good;
}

int push_token(const uint8_t seed[PUSH_SEED_SIZE], struct slice audience, struct slice subject, int64_t expires, struct buf *out, struct error *err)
{
	struct buf claims = BUF_INIT(PUSH_TOKEN_MAX), text = BUF_INIT(PUSH_TOKEN_MAX);
	uint8_t signature[2 * SCALAR];
	bool good = slice_starts(audience, SLICE("https://")) && plain_text(audience) && plain_text(subject);

	buf_printf(&claims, "{\"aud\":\"%.*s\",\"exp\":%lld,\"sub\":\"%.*s\"}", SLICE_ARG(audience), (long long)expires, SLICE_ARG(subject));
	base64url_encode(SLICE("{\"typ\":\"JWT\",\"alg\":\"ES256\"}"), &text);
	buf_append_byte(&text, '.');
	base64url_encode(buf_slice(&claims), &text);
	good = good && !claims.failed && !text.failed && sign(seed, buf_slice(&text), signature);
	if (good) {
		buf_append(out, buf_slice(&text));
		buf_append_byte(out, '.');
		base64url_encode(slice_make(signature, sizeof signature), out);
	}
	buf_free(&claims);
	buf_free(&text);
	return good && !out->failed ? 0 : failed(err, "the token");
}

/* ---- what only the subscriber reads ---- */

static bool agree(const uint8_t scalar[SCALAR], const uint8_t own[PUSH_PUBLIC_SIZE], const uint8_t theirs[PUSH_PUBLIC_SIZE], uint8_t ret[SCALAR])
{
	EVP_PKEY *mine = key_of(scalar, own), *peer = key_of(NULL, theirs);
	EVP_PKEY_CTX *ctx = mine != NULL && peer != NULL ? EVP_PKEY_CTX_new(mine, NULL) : NULL;
	size_t n = SCALAR;
	bool good = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1 && EVP_PKEY_derive(ctx, ret, &n) == 1
		&& n == SCALAR;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(mine);
	EVP_PKEY_free(peer);
	return good;
}

/* RFC 8291 3.4: key (16 bytes) and nonce (12) of the one record. */
static void derive(const uint8_t shared[SCALAR], const uint8_t secret[PUSH_AUTH_SIZE], const uint8_t theirs[PUSH_PUBLIC_SIZE],
                   const uint8_t own[PUSH_PUBLIC_SIZE], const uint8_t salt[SALT], uint8_t ret_key[16], uint8_t ret_nonce[12])
{
	uint8_t ikm[32];
	struct buf info = BUF_INIT(sizeof INFO + 2 * PUSH_PUBLIC_SIZE);

	buf_append_bytes(&info, INFO, sizeof INFO); /* with its NUL */
	buf_append_bytes(&info, theirs, PUSH_PUBLIC_SIZE);
	buf_append_bytes(&info, own, PUSH_PUBLIC_SIZE);
	hash_hkdf_raw(slice_make(shared, SCALAR), slice_make(secret, PUSH_AUTH_SIZE), buf_slice(&info), ikm, sizeof ikm);
	hash_hkdf_raw(slice_make(ikm, sizeof ikm), slice_make(salt, SALT), slice_make("Content-Encoding: aes128gcm", 28), ret_key, 16);
	hash_hkdf_raw(slice_make(ikm, sizeof ikm), slice_make(salt, SALT), slice_make("Content-Encoding: nonce", 24), ret_nonce, 12);
	secret_wipe(ikm, sizeof ikm);
	buf_free(&info);
}

/* The text, the mark of the last record (RFC 8188 2), the tag. */
static bool seal(const uint8_t key[16], const uint8_t nonce[12], struct slice plain, struct buf *out)
{
	static const uint8_t last = 2;
	uint8_t *to = buf_reserve(out, plain.n + 1 + TAG);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, more = 0;
	bool good = to != NULL && ctx != NULL && EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key, nonce) == 1
		&& EVP_EncryptUpdate(ctx, to, &n, plain.p, (int)plain.n) == 1 && EVP_EncryptUpdate(ctx, to + n, &more, &last, 1) == 1
		&& EVP_EncryptFinal_ex(ctx, to + n + more, &more) == 1 && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG, to + plain.n + 1) == 1;

	EVP_CIPHER_CTX_free(ctx);
	if (good)
		buf_commit(out, plain.n + 1 + TAG);
	return good;
}

int push_encrypt_with(const uint8_t own_private[32], const uint8_t salt[16], const uint8_t public_key[PUSH_PUBLIC_SIZE],
	const uint8_t secret[PUSH_AUTH_SIZE], struct slice plain, struct buf *out, struct error *err)
{
	uint8_t own[PUSH_PUBLIC_SIZE], shared[SCALAR], key[16], nonce[12];
	bool good = push_key_valid(slice_make(public_key, PUSH_PUBLIC_SIZE)) && point_of(own_private, own) && agree(own_private, own, public_key, shared);

	if (plain.n > PUSH_PLAIN_MAX)
		return error_set(err, ERR_LIMIT, "a push message is too long");
	if (!good)
		return failed(err, "the key");
	derive(shared, secret, public_key, own, salt, key, nonce);
	buf_append_bytes(out, salt, SALT);
	buf_put_u32(out, RECORD_SIZE);
	buf_append_byte(out, PUSH_PUBLIC_SIZE);
	buf_append_bytes(out, own, sizeof own);
	good = seal(key, nonce, plain, out) && !out->failed;
	secret_wipe(shared, sizeof shared);
	secret_wipe(key, sizeof key);
	return good ? 0 : failed(err, "the encryption");
}

int push_encrypt(const uint8_t public_key[PUSH_PUBLIC_SIZE], const uint8_t secret[PUSH_AUTH_SIZE], struct slice plain, struct buf *out,
	struct error *err)
{
	uint8_t seed[PUSH_SEED_SIZE], scalar[SCALAR], point[PUSH_PUBLIC_SIZE], salt[SALT];
	int rc;

	random_bytes(seed, sizeof seed);
	random_bytes(salt, sizeof salt);
	rc = scalar_of(seed, scalar, point) ? push_encrypt_with(scalar, salt, public_key, secret, plain, out, err) : failed(err, "a fresh key");
	secret_wipe(seed, sizeof seed);
	secret_wipe(scalar, sizeof scalar);
	return rc;
}
