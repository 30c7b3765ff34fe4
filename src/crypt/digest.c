#include "crypt/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/ensure.h"

static const EVP_MD *algorithm_of(enum digest algorithm)
{
	switch (algorithm) {
	case DIGEST_SHA1:
		return EVP_sha1();
	case DIGEST_SHA256:
		return EVP_sha256();
	case DIGEST_SHA512:
		return EVP_sha512();
	}
	return NULL;
}

size_t digest_size(enum digest algorithm)
{
	const EVP_MD *md = algorithm_of(algorithm);
	return md != NULL ? (size_t)EVP_MD_get_size(md) : 0;
}

void digest_compute(enum digest algorithm, struct slice data, uint8_t ret[DIGEST_MAX])
{
	unsigned size = 0;
	ENSURE(EVP_Digest(data.p, data.n, ret, &size, algorithm_of(algorithm), NULL) == 1);
}

void digest_hmac(enum digest algorithm, struct slice key, struct slice data, uint8_t ret[DIGEST_MAX])
{
	static const uint8_t none[1];
	unsigned size = 0;
	ENSURE(key.n <= INT32_MAX);
	/* A NULL key would mean "the one from before". */
	ENSURE(HMAC(algorithm_of(algorithm), key.n > 0 ? key.p : none, (int)key.n, data.p, data.n, ret, &size) != NULL);
}
