#include "crypt/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/ensure.h"
#include "base/memory.h"

static const EVP_MD *algorithm_of(enum digest_algorithm algorithm)
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

size_t digest_size(enum digest_algorithm algorithm)
{
	const EVP_MD *md = algorithm_of(algorithm);
	return md != NULL ? (size_t)EVP_MD_get_size(md) : 0;
}

void digest_compute(enum digest_algorithm algorithm, struct slice data, uint8_t ret[DIGEST_MAX])
{
	unsigned size = 0;
	ENSURE(EVP_Digest(data.p, data.n, ret, &size, algorithm_of(algorithm), NULL) == 1);
}

void digest_hmac(enum digest_algorithm algorithm, struct slice key, struct slice data, uint8_t ret[DIGEST_MAX])
{
	static const uint8_t none[1];
	unsigned size = 0;
	ENSURE(key.n <= INT32_MAX);
	/* A NULL key would mean "the one from before". */
	ENSURE(HMAC(algorithm_of(algorithm), key.n > 0 ? key.p : none, (int)key.n, data.p, data.n, ret, &size) != NULL);
}

struct digest_run {
	EVP_MD_CTX *ctx;
};

struct digest_run *digest_start(enum digest_algorithm algorithm)
{
	struct digest_run *run = memory_alloc(sizeof *run);
	run->ctx = EVP_MD_CTX_new();
	ENSURE(run->ctx != NULL && EVP_DigestInit_ex(run->ctx, algorithm_of(algorithm), NULL) == 1);
	return run;
}

void digest_update(struct digest_run *run, struct slice data)
{
	if (data.n > 0)
		ENSURE(EVP_DigestUpdate(run->ctx, data.p, data.n) == 1);
}

void digest_finish(struct digest_run **run, uint8_t ret[DIGEST_MAX])
{
	unsigned size = 0;
	ENSURE(EVP_DigestFinal_ex((*run)->ctx, ret, &size) == 1);
	EVP_MD_CTX_free((*run)->ctx);
	MEMORY_FREE(run);
}
