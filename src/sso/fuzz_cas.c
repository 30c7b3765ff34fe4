/* Answers of a CAS server: who comes out has a name, and all texts fit. */
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "sso/cas.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	struct cas_person p;

	crypt_init();
	if (cas_answer_parse(slice_make(data, size), &arena, &p, NULL) == 0)
		ENSURE(p.user.n > 0 && p.user.n <= CAS_USER_MAX && p.email.n <= CAS_USER_MAX && p.name.n <= CAS_USER_MAX);
	arena_free(&arena);
	return 0;
}
