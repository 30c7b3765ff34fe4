/* Client messages of PLAIN and SCRAM: one line each; then codes, profiles and addresses from the same bytes. */
#include <stdlib.h>

#include "auth/address.h"
#include "auth/auth.h"
#include "auth/code.h"
#include "auth/plain.h"
#include "auth/scram.h"
#include "base/ensure.h"
#include "crypt/crypt.h"

static void try_scram(struct slice first, struct slice final, bool plus)
{
	struct arena arena = ARENA_INIT;
	struct scram s;
	uint8_t key[32] = {1}, opened[32];
	struct scram_channel channel = {plus, plus, SLICE("tls-exporter"), SLICE("data")};
	if (scram_client_first(&s, &arena, first, &channel) == 0) {
		scram_server_first(&s, SLICE("salt"), 4096, SLICE("nonce"));
		if (scram_client_final(&s, final) == 0)
			ENSURE(!scram_try(&s, key, opened));
	}
	arena_free(&arena);
}

static void try_address(struct slice text)
{
	struct arena arena = ARENA_INIT;
	struct address a, b;
	if (address_parse(text, &arena, &a) == 0 && address_local_usable(a.local)) {
		/* The normal form of a normal form is itself. */
		struct slice normal = address_text(&a, &arena);
		ENSURE(address_parse(normal, &arena, &b) == 0);
		ENSURE(slice_eq(a.local, b.local) && slice_eq(a.domain, b.domain));
	}
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_make(data, size), rest = all, first, type;
	struct plain plain;
	uint8_t code[CODE_SIZE];
	crypt_init();
	(void)plain_parse(all, &plain);
	(void)auth_binding_wanted(all, &type);
	(void)slice_split(&rest, '\n', &first);
	try_scram(first, rest, false);
	try_scram(first, rest, true);
	if (code_parse(all, CODE_APP_PASSWORD, code)) {
		char text[CODE_TEXT_SIZE + 1];
		uint8_t again[CODE_SIZE];
		code_text(code, CODE_APP_PASSWORD, text);
		ENSURE(code_parse(slice_str(text), CODE_APP_PASSWORD, again) && secret_equal(code, again, CODE_SIZE));
	}
	(void)code_parse(all, CODE_RECOVERY, code);
	if (auth_profile_valid(all))
		(void)auth_profile_find(all, SLICE("x"));
	try_address(all);
	return 0;
}
