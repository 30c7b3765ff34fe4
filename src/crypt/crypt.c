#include "crypt/crypt.h"

#include <sodium.h>

#include "base/ensure.h"

void crypt_init(void)
{
	ENSURE(sodium_init() >= 0);
}

void random_bytes(void *p, size_t n)
{
	randombytes_buf(p, n);
}

uint32_t random_below(uint32_t limit)
{
	return limit == 0 ? 0 : randombytes_uniform(limit);
}

void secret_wipe(void *p, size_t n)
{
	if (n > 0)
		sodium_memzero(p, n);
}

bool secret_equal(const void *a, const void *b, size_t n)
{
	return n == 0 || sodium_memcmp(a, b, n) == 0;
}
