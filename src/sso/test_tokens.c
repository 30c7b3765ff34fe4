#include "sso/test_tokens.h"

#include <cjose/cjose.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"

static cjose_jwk_t *keys[TEST_KEY_COUNT];
static const char *const names[] = {"rsa", "rsa-new", "ec"};

static cjose_jwk_t *key_of(enum test_key key)
{
	if (keys[key] == NULL) {
		keys[key] = key == TEST_EC ? cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, NULL)
		                           : cjose_jwk_create_RSA_random(2048, (const uint8_t *)"\x01\x00\x01", 3, NULL);
		assert_non_null(keys[key]);
		assert_true(cjose_jwk_set_kid(keys[key], names[key], strlen(names[key]), NULL));
	}
	return keys[key];
}

void test_keys_free(void)
{
	for (size_t i = 0; i < TEST_KEY_COUNT; i++)
		if (keys[i] != NULL) {
			cjose_jwk_release(keys[i]);
			keys[i] = NULL;
		}
}

struct slice test_key_set(unsigned wanted)
{
	static char text[8192];
	size_t n = (size_t)snprintf(text, sizeof text, "{\"keys\":[");
	const char *comma = "";
	for (size_t i = 0; i < TEST_KEY_COUNT; i++)
		if ((wanted & 1u << i) != 0) {
			char *json = cjose_jwk_to_json(key_of((enum test_key)i), false, NULL);
			n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", comma, json);
			comma = ",";
			free(json);
		}
	n += (size_t)snprintf(text + n, sizeof text - n, "]}");
	return slice_make(text, n);
}

static struct slice keep(const char *text, size_t n)
{
	static char kept[8][JWT_MAX * 2];
	static unsigned next;
	char *to = kept[next++ % 8];
	assert_true(n < sizeof kept[0]);
	memcpy(to, text, n);
	return slice_make(to, n);
}

static struct slice sign(const cjose_jwk_t *key, const char *head, const char *claims)
{
	const char *text;
	json_t *header = json_loads(head, 0, NULL);
	assert_non_null(header);
	cjose_jws_t *jws = cjose_jws_sign(key, (cjose_header_t *)header, (const uint8_t *)claims, strlen(claims), NULL);
	assert_non_null(jws);
	assert_true(cjose_jws_export(jws, &text, NULL));
	struct slice token = keep(text, strlen(text));
	cjose_jws_release(jws);
	json_decref(header);
	return token;
}

struct slice test_sign(enum test_key key, const char *head, const char *claims)
{
	return sign(key_of(key), head, claims);
}

struct slice test_sign_secret(struct slice secret, const char *head, const char *claims)
{
	cjose_jwk_t *key = cjose_jwk_create_oct_spec(secret.p, secret.n, NULL);
	assert_non_null(key);
	struct slice token = sign(key, head, claims);
	cjose_jwk_release(key);
	return token;
}

struct slice test_unsigned(const char *head, const char *claims)
{
	struct buf b = BUF_INIT(JWT_MAX);
	base64url_encode(slice_str(head), &b);
	buf_append_byte(&b, '.');
	base64url_encode(slice_str(claims), &b);
	buf_append_str(&b, ".AA");
	struct slice token = keep((const char *)buf_slice(&b).p, buf_len(&b));
	buf_free(&b);
	return token;
}

/* ---- Ed25519 ---- */

static const uint8_t ed_seed[ED25519_SEED_SIZE] = {7, 7, 7};

struct slice test_ed_set(void)
{
	static char text[300];
	uint8_t public[ED25519_PUBLIC_SIZE];
	struct buf x = BUF_INIT(64);
	ed25519_public(ed_seed, public);
	base64url_encode(slice_make(public, sizeof public), &x);
	int n = snprintf(text, sizeof text, "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"ed\",\"use\":\"sig\",\"alg\":\"EdDSA\",\"x\":\"%.*s\"}]}",
		SLICE_ARG(buf_slice(&x)));
	buf_free(&x);
	return slice_make(text, (size_t)n);
}

struct slice test_sign_ed(const char *head, const char *claims)
{
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	struct buf b = BUF_INIT(JWT_MAX);
	base64url_encode(slice_str(head), &b);
	buf_append_byte(&b, '.');
	base64url_encode(slice_str(claims), &b);
	ed25519_sign(ed_seed, buf_slice(&b), signature);
	buf_append_byte(&b, '.');
	base64url_encode(slice_make(signature, sizeof signature), &b);
	struct slice token = keep((const char *)buf_slice(&b).p, buf_len(&b));
	buf_free(&b);
	return token;
}
