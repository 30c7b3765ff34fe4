/* Canonicalisation: what is canonical already stays as it is, and the hash of many ways at once is that of each alone. */
#include <string.h>

#include "base/ensure.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "trust/message.h"

static void check_fields(const struct trust_message *m, struct arena *arena)
{
	for (size_t i = 0; i < m->field_count && i < 50; i++) {
		struct buf once = BUF_INIT(2 * m->whole.n + 16), twice = BUF_INIT(2 * m->whole.n + 16);
		struct mime_field again;
		message_canonical_field(&m->fields[i], true, &once);
		struct slice rest = buf_slice(&once);
		if (mime_field_next(&rest, &again)) {
			message_canonical_field(&again, true, &twice);
			ENSURE(slice_eq(buf_slice(&once), buf_slice(&twice)));
		}
		buf_free(&once);
		buf_free(&twice);
	}
}

static void check_limits(const struct trust_message *m, struct arena *arena, uint64_t limit)
{
	struct trust_message alone;
	for (int relaxed = 0; relaxed < 2; relaxed++) {
		struct trust_message many = *m;
		struct body_variant *all = message_want_body(&many, relaxed, MESSAGE_NO_LIMIT), *cut = message_want_body(&many, relaxed, limit);
		message_hash_bodies(&many);
		message_init(&alone, m->whole, arena);
		struct body_variant *one = message_want_body(&alone, relaxed, limit);
		message_hash_bodies(&alone);
		ENSURE(memcmp(one->digest, cut->digest, 32) == 0 && one->length == cut->length && all->length == cut->length);
		if (limit >= all->length)
			ENSURE(memcmp(all->digest, cut->digest, 32) == 0);
		ENSURE(all->length <= m->body.n + 2);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	struct trust_message m;
	crypt_init();
	message_init(&m, slice_make(data, size), &arena);
	check_fields(&m, &arena);
	check_limits(&m, &arena, size > 0 ? data[0] : 0);
	arena_free(&arena);
	return 0;
}
