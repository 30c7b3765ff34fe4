/* A key record; what it accepts must be a key again when it is written down. */
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "trust/dkim_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	struct dkim_key key;
	struct mail_public *public_key = NULL;
	unsigned bits = 0;
	crypt_init();
	if (dkim_key_parse(slice_make(data, size), &arena, &key).result == DKIM_NONE) {
		ENSURE(key.public_key.n > 0 && key.public_key.n <= MAIL_PUBLIC_MAX);
		if (mail_public_load(key.algorithm, key.public_key, &public_key, &bits, NULL) == 0)
			ENSURE(bits > 0 && bits <= MAIL_RSA_BITS_MAX);
	}
	mail_public_free(&public_key);
	arena_free(&arena);
	return 0;
}
