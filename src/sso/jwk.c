#include "sso/jwk.h"

#include <cjose/cjose.h>
#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "sso/json.h"

#define PARAMETER_MAX 2048 /* characters of n, x or y */

struct jwks {
	struct arena arena;
	struct jwk keys[JWKS_KEYS_MAX];
	size_t count;
};

static const struct {
	const char *name;
	unsigned bit;
} algorithms[] = {
	{"RS256", JWT_RS256}, {"RS384", JWT_RS384}, {"RS512", JWT_RS512}, {"PS256", JWT_PS256}, {"PS384", JWT_PS384}, {"PS512", JWT_PS512},
	{"ES256", JWT_ES256}, {"ES384", JWT_ES384}, {"ES512", JWT_ES512},
	{"EdDSA", JWT_EDDSA}, {"Ed25519", JWT_EDDSA},
};

/* What a kind of key can verify. RSA has no curve. The size of EC coordinates tells nothing new: the library checks the point. */
static const struct {
	const char *type, *curve;
	unsigned algorithms;
} kinds[] = {
	{"RSA", "", JWT_RS256 | JWT_RS384 | JWT_RS512 | JWT_PS256 | JWT_PS384 | JWT_PS512},
	{"EC", "P-256", JWT_ES256},
	{"EC", "P-384", JWT_ES384},
	{"EC", "P-521", JWT_ES512},
	{"OKP", "Ed25519", JWT_EDDSA},
};

unsigned jwt_algorithm(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
		if (slice_eq(name, slice_str(algorithms[i].name)))
			return algorithms[i].bit;
	return 0;
}

static unsigned usable_algorithms(const json_t *key)
{
	struct slice type = sso_json_peek(key, "kty"), use = sso_json_peek(key, "use"), only = sso_json_peek(key, "alg");
	unsigned bits = 0;
	struct slice curve = slice_eq(type, SLICE("RSA")) ? SLICE_NONE : sso_json_peek(key, "crv");
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (slice_eq(type, slice_str(kinds[i].type)) && slice_eq(curve, slice_str(kinds[i].curve)))
			bits = kinds[i].algorithms;
	if (use.n > 0 && !slice_eq(use, SLICE("sig")))
		return 0;
	if (json_object_get(key, "key_ops") != NULL && !sso_json_lists(key, "key_ops", SLICE("verify")))
		return 0;
	return json_object_get(key, "alg") != NULL ? bits & jwt_algorithm(only) : bits;
}

static bool modulus_fits(struct slice n)
{
	struct buf bytes = BUF_INIT(JWK_RSA_MAX + 1);
	bool decoded = base64url_decode_strict(n, &bytes) == 0 && !bytes.failed;
	struct slice value = buf_slice(&bytes);
	while (value.n > 0 && value.p[0] == 0)
		value = slice_from(value, 1);
	bool ok = decoded && value.n >= JWK_RSA_MIN && value.n <= JWK_RSA_MAX;
	buf_free(&bytes);
	return ok;
}

/* cjose asserts that what it decodes was base64url: numbers reach it only when they are. */
static bool is_number(struct slice text)
{
	struct buf bytes = BUF_INIT(PARAMETER_MAX);
	bool ok = base64url_decode_strict(text, &bytes) == 0 && !bytes.failed;
	buf_free(&bytes);
	return ok;
}

/* A key of its own with the public members only. */
static cjose_jwk_t *import(const json_t *key, bool rsa)
{
	static const char *const rsa_names[] = {"kty", "n", "e", NULL}, *const ec_names[] = {"kty", "crv", "x", "y", NULL};
	json_t *clean = json_object();
	cjose_jwk_t *made = NULL;
	bool ok = true;
	for (const char *const *name = rsa ? rsa_names : ec_names; *name != NULL; name++) {
		struct slice text = sso_json_peek(key, *name);
		ok = ok && text.n > 0 && text.n <= PARAMETER_MAX && (strlen(*name) > 1 || is_number(text)); /* numbers have names of one letter */
		json_object_set(clean, *name, json_object_get(key, *name));
	}
	if (ok && (!rsa || (modulus_fits(sso_json_peek(key, "n")) && sso_json_peek(key, "e").n <= 8)))
		made = cjose_jwk_import_json(clean, NULL);
	json_decref(clean);
	return made;
}

static bool read_ed25519(const json_t *key, uint8_t ret[ED25519_PUBLIC_SIZE])
{
	struct buf bytes = BUF_INIT(ED25519_PUBLIC_SIZE);
	bool ok = base64url_decode_strict(sso_json_peek(key, "x"), &bytes) == 0 && !bytes.failed && buf_len(&bytes) == ED25519_PUBLIC_SIZE;
	if (ok)
		memcpy(ret, buf_slice(&bytes).p, ED25519_PUBLIC_SIZE);
	buf_free(&bytes);
	return ok;
}

static void take_key(struct jwks *keys, const json_t *key)
{
	struct slice id = sso_json_peek(key, "kid");
	unsigned bits = usable_algorithms(key);
	if (bits == 0 || id.n > JWK_ID_MAX || keys->count == JWKS_KEYS_MAX)
		return;
	struct jwk k = {.algorithms = bits};
	bool curve25519 = bits == JWT_EDDSA;
	if (!curve25519)
		k.key = import(key, slice_eq(sso_json_peek(key, "kty"), SLICE("RSA")));
	if (!(curve25519 ? read_ed25519(key, k.ed25519) : k.key != NULL))
		return;
	k.id = id.n > 0 ? arena_dup(&keys->arena, id) : SLICE_NONE;
	keys->keys[keys->count++] = k;
}

int jwks_parse(struct slice json, struct jwks **ret, struct error *err)
{
	json_t *document = sso_json_object(json, JWKS_MAX), *key;
	struct jwks *keys = memory_alloc(sizeof *keys);
	size_t i;
	if (document != NULL)
		json_array_foreach(json_object_get(document, "keys"), i, key)
			if (json_is_object(key))
				take_key(keys, key);
	json_decref(document);
	if (keys->count == 0) {
		jwks_free(&keys);
		return error_set(err, ERR_INVALID, "the key set has no usable key");
	}
	*ret = keys;
	return 0;
}

void jwks_free(struct jwks **keys)
{
	if (*keys == NULL)
		return;
	for (size_t i = 0; i < (*keys)->count; i++)
		if ((*keys)->keys[i].key != NULL)
			cjose_jwk_release((*keys)->keys[i].key);
	arena_free(&(*keys)->arena);
	MEMORY_FREE(keys);
}

size_t jwks_count(const struct jwks *keys)
{
	return keys != NULL ? keys->count : 0;
}

const struct jwk *jwks_find(const struct jwks *keys, struct slice id, unsigned algorithm)
{
	const struct jwk *found = NULL;
	for (size_t i = 0; i < jwks_count(keys); i++) {
		const struct jwk *key = &keys->keys[i];
		if ((key->algorithms & algorithm) == 0 || (id.n > 0 && !slice_eq(key->id, id)))
			continue;
		if (found != NULL)
			return NULL;
		found = key;
	}
	return found;
}
