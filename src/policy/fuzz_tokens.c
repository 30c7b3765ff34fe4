/* Tokens of a letter: none twice, bounded, the same under two keys. */
#include "base/ensure.h"
#include "policy/tokens.h"
#include "policy/warm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool count_one(void *arg, struct slice prefix, struct slice token)
{
	ENSURE(token.n > 0 && prefix.n == 0);
	++*(size_t *)arg;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t keys[TOKEN_TABLES][TOKEN_KEY] = {"one key", "another key"};
	const uint8_t *const both[TOKEN_TABLES] = {keys[0], keys[1]};
	struct arena arena = ARENA_INIT;
	struct policy_letter l = {0};
	struct tokens t[TOKEN_TABLES];
	size_t count = 0;
	policy_warm();
	tokens_walk(slice_make(data, size), SLICE_NONE, count_one, &count);
	ENSURE(count <= size);
	policy_letter_read(&l, slice_make(data, size), NULL, NULL, &arena);
	tokens_make_pair(&l, both, &arena, t);
	ENSURE(t[0].count == t[1].count && t[0].count <= TOKENS_MAX);
	arena_free(&arena);
	return 0;
}
