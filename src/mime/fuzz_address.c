/* Address lists: groups are balanced, a printed address parses to itself. */
#include "base/ensure.h"
#include "mime/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct mime_address *a, struct arena *arena)
{
	struct slice spec = mime_address_spec(a, arena), local, domain;
	struct mime_address *again;

	if (spec.n == 0 || mime_addrspec_split(spec, arena, &local, &domain) < 0)
		return;
	ENSURE(slice_eq(local, a->mailbox));
	again = mime_address_parse(spec, arena);
	ENSURE(again != NULL && again->next == NULL && slice_eq(again->mailbox, a->mailbox) && slice_eq_nocase(again->host, a->host));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	int depth = 0;

	for (struct mime_address *a = mime_address_parse(slice_make(data, size), &arena); a != NULL; a = a->next) {
		ENSURE(a->has_mailbox || !a->has_host);
		if (!a->has_host)
			depth += a->has_mailbox ? 1 : -1;
		ENSURE(depth == 0 || depth == 1);
		check_again(a, &arena);
		mime_address_display(a, &arena);
	}
	ENSURE(depth == 0);
	arena_free(&arena);
	return 0;
}
