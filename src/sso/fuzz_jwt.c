/* Line 1: a token; the rest: a key set. Nothing that an issuer's fixed key did not sign is ever taken. */
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "sso/jwt.h"

#define KEYS "{\"keys\":[{\"kty\":\"EC\",\"kid\":\"ec\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\"," \
	"\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}]}"

static void try_keys(struct slice token, struct slice text, bool fixed)
{
	struct jwks *keys = NULL;
	struct arena arena = ARENA_INIT;
	struct jwt_claims claims;
	struct jwt_policy policy = {
		.issuer = SLICE("https://i"), .audience = SLICE("a"), .algorithms = JWT_ALGORITHMS_ALL, .now = 1790000000, .skew = 60,
	};
	if (jwks_parse(text, &keys, NULL) == 0) {
		ENSURE(jwks_count(keys) > 0 && jwks_count(keys) <= JWKS_KEYS_MAX);
		policy.use = JWT_ID_TOKEN;
		int rc = jwt_verify(token, &policy, keys, &arena, &claims, NULL);
		policy.use = JWT_ACCESS_TOKEN;
		int rc2 = jwt_verify(token, &policy, keys, &arena, &claims, NULL);
		ENSURE(!fixed || (rc < 0 && rc2 < 0));
	}
	jwks_free(&keys);
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_make(data, size), token;
	crypt_init();
	(void)slice_split(&rest, '\n', &token);
	(void)jwt_looks_like(token);
	try_keys(token, SLICE(KEYS), true);
	try_keys(token, rest, false);
	return 0;
}
