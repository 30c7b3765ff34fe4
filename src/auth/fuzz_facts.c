/* What comes back to auth from other processes and from the database: DSN parameters, secrets, wraps, facts. */
#include <string.h>

#include "auth/auth.h"
#include "auth/wrap.h"
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "store/fact.h"

static void try_secrets(struct slice data)
{
	struct secrets s = SECRETS_NONE;
	struct buf again = BUF_INIT(SECRETS_ENCODED_MAX);
	if (secrets_decode(data, &s, NULL) == 0) {
		secrets_encode(&s, &again);
		ENSURE(slice_eq(data, buf_slice(&again)));
	}
	secrets_free(&s);
	buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t secret[FACT_SECRET_SIZE];
	struct slice all = slice_make(data, size), list = all, a, b;
	struct secrets s = SECRETS_NONE;
	struct wrap_owner owner = {.kind = WRAP_PASSWORD};
	struct recipient_fact recipient;
	struct sender_fact sender;
	struct arena arena = ARENA_INIT;
	crypt_init();
	(void)auth_dsn_decode(all, &a, &b);
	try_secrets(all);
	ENSURE(wrap_open(&owner, secret, all, &s, NULL) != 0);
	while (fact_read_recipient(&list, secret, &recipient) == 0)
		continue;
	list = all;
	while (fact_read_sender(&list, secret, &arena, &sender) == 0)
		continue;
	arena_free(&arena);
	return 0;
}
