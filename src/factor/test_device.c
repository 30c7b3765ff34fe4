#include "factor/test_device.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "base/codec.h"
#include "crypt/crypt.h"
#include "crypt/digest.h"

EVP_PKEY *device_key(enum webauthn_algorithm algorithm)
{
	if (algorithm == WEBAUTHN_ES256)
		return EVP_EC_gen("P-256");
	return algorithm == WEBAUTHN_RS256 ? EVP_RSA_gen(2048) : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

struct device device_make(enum webauthn_algorithm algorithm, const char *rp_id)
{
	struct device d = {.algorithm = algorithm, .key = device_key(algorithm), .flags = DEVICE_UP | DEVICE_UV, .counter = 7, .rp_id = rp_id};
	random_bytes(d.id, sizeof d.id);
	return d;
}

static void put_cbor_bytes(struct buf *out, const uint8_t *p, size_t n)
{
	buf_put_u8(out, 0x59);
	buf_put_u16(out, (uint16_t)n);
	buf_append_bytes(out, p, n);
}

static void put_cose_key(const struct device *d, struct buf *out)
{
	uint8_t raw[300];
	size_t n = 0;
	if (d->algorithm == WEBAUTHN_ES256) {
		assert_int_equal(EVP_PKEY_get_octet_string_param(d->key, OSSL_PKEY_PARAM_PUB_KEY, raw, sizeof raw, &n), 1);
		buf_append_bytes(out, "\xa5\x01\x02\x03\x26\x20\x01\x21", 8);
		put_cbor_bytes(out, raw + 1, 32);
		buf_put_u8(out, 0x22);
		put_cbor_bytes(out, raw + 33, 32);
	} else if (d->algorithm == WEBAUTHN_EDDSA) {
		n = sizeof raw;
		assert_int_equal(EVP_PKEY_get_raw_public_key(d->key, raw, &n), 1);
		buf_append_bytes(out, "\xa4\x01\x01\x03\x27\x20\x06\x21", 8);
		put_cbor_bytes(out, raw, 32);
	} else {
		BIGNUM *modulus = NULL;
		assert_int_equal(EVP_PKEY_get_bn_param(d->key, OSSL_PKEY_PARAM_RSA_N, &modulus), 1);
		assert_int_equal(BN_bn2binpad(modulus, raw, 256), 256);
		BN_free(modulus);
		buf_append_bytes(out, "\xa4\x01\x03\x03\x39\x01\x00\x20", 8);
		put_cbor_bytes(out, raw, 256);
		buf_append_bytes(out, "\x21\x43\x01\x00\x01", 5);
	}
}

void device_authenticator_data(const struct device *d, uint8_t flags, struct buf *out)
{
	uint8_t hash[DIGEST_MAX];
	static const uint8_t aaguid[16] = "letterlock-test";
	digest_compute(DIGEST_SHA256, slice_str(d->rp_id), hash);
	buf_append_bytes(out, hash, 32);
	buf_put_u8(out, flags);
	buf_put_u32(out, d->counter);
	if ((flags & DEVICE_AT) != 0) {
		buf_append_bytes(out, aaguid, 16);
		buf_put_u16(out, sizeof d->id);
		buf_append_bytes(out, d->id, sizeof d->id);
		put_cose_key(d, out);
	}
	if ((flags & DEVICE_ED) != 0)
		buf_append(out, d->extensions);
}

void device_client_data(const char *type, struct slice of, const char *origin, const char *more, struct buf *out)
{
	buf_printf(out, "{\"type\":\"%s\",\"challenge\":\"", type);
	base64url_encode(of, out);
	buf_printf(out, "\",\"origin\":\"%s\"%s}", origin, more);
}

void device_sign(EVP_PKEY *key, struct slice data, struct slice client, struct buf *out)
{
	uint8_t text[2048], hash[DIGEST_MAX];
	bool plain = EVP_PKEY_is_a(key, "ED25519") == 1;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = 600;
	assert_true(data.n + 32 <= sizeof text);
	digest_compute(DIGEST_SHA256, client, hash);
	memcpy(text, data.p, data.n);
	memcpy(text + data.n, hash, 32);
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, plain ? NULL : EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(ctx, buf_reserve(out, n), &n, text, data.n + 32), 1);
	buf_commit(out, n);
	EVP_MD_CTX_free(ctx);
}

void ceremony_start(struct ceremony *c)
{
	*c = (struct ceremony){BUF_INIT(4000), BUF_INIT(4000), BUF_INIT(4000), BUF_INIT(20000)};
}

void ceremony_free(struct ceremony *c)
{
	buf_free(&c->client), buf_free(&c->data), buf_free(&c->signature), buf_free(&c->object);
}

static void put_text(struct buf *out, const char *text)
{
	buf_put_u8(out, (uint8_t)(0x60 + strlen(text)));
	buf_append_str(out, text);
}

/* alg as CBOR: -7 is 0x26, -8 0x27, -257 0x39 0x01 0x00. */
static void put_algorithm(struct buf *out, enum webauthn_algorithm algorithm)
{
	if (algorithm == WEBAUTHN_RS256)
		buf_append_bytes(out, "\x39\x01\x00", 3);
	else
		buf_put_u8(out, (uint8_t)(0x20 - 1 - (int)algorithm));
}

void device_attest(struct ceremony *c, const struct device *d, const char *format, EVP_PKEY *signer, struct slice certificate)
{
	bool packed = strcmp(format, "packed") == 0;
	buf_put_u8(&c->object, 0xa3);
	put_text(&c->object, "fmt");
	put_text(&c->object, format);
	put_text(&c->object, "attStmt");
	buf_put_u8(&c->object, (uint8_t)(0xa0 + (packed ? 2 : 0) + (certificate.n > 0 ? 1 : 0)));
	if (packed) {
		put_text(&c->object, "alg");
		put_algorithm(&c->object, d->algorithm);
		put_text(&c->object, "sig");
		device_sign(signer, buf_slice(&c->data), buf_slice(&c->client), &c->signature);
		put_cbor_bytes(&c->object, buf_slice(&c->signature).p, buf_len(&c->signature));
	}
	if (certificate.n > 0) {
		put_text(&c->object, "x5c");
		buf_put_u8(&c->object, 0x81);
		put_cbor_bytes(&c->object, certificate.p, certificate.n);
	}
	put_text(&c->object, "authData");
	put_cbor_bytes(&c->object, buf_slice(&c->data).p, buf_len(&c->data));
}


void device_register(struct ceremony *c, const struct device *d, const char *format, struct slice challenge, const char *origin)
{
	ceremony_start(c);
	device_client_data("webauthn.create", challenge, origin, "", &c->client);
	device_authenticator_data(d, d->flags | DEVICE_AT, &c->data);
	device_attest(c, d, format, d->key, SLICE_NONE);
}

void device_assert(struct ceremony *c, struct device *d, struct slice challenge, const char *origin)
{
	ceremony_start(c);
	d->counter++;
	device_client_data("webauthn.get", challenge, origin, "", &c->client);
	device_authenticator_data(d, d->flags, &c->data);
	device_sign(d->key, buf_slice(&c->data), buf_slice(&c->client), &c->signature);
}
