/* A pattern, LF and a text: bounded work, and groups that lie inside of the text. */
#include "base/ensure.h"
#include "sieve/glob.h"
#include "sieve/script.h"

static void check(size_t (*groups)[2], size_t count, size_t n)
{
	ENSURE(count > 0 && count <= SIEVE_MATCHES_MAX);
	for (size_t i = 0; i < count; i++) {
		bool unset = groups[i][0] == (size_t)-1 || groups[i][1] == (size_t)-1;
		ENSURE(unset || (groups[i][0] <= groups[i][1] && groups[i][1] <= n));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_make(data, size), pattern;
	size_t groups[SIEVE_MATCHES_MAX][2], count;
	struct arena arena = ARENA_INIT;
	const char *why;
	uint64_t work = 2000000;
	slice_split(&text, '\n', &pattern);
	struct sieve_regex *r = sieve_regex_compile(pattern, size % 2, &arena, &why);
	ENSURE(r != NULL || why != NULL);
	if (r != NULL && sieve_regex_search(r, text, groups, &count, &work, &arena))
		check(groups, count, text.n);
	if (sieve_glob(pattern, text, size % 2, groups, &count, &work))
		check(groups, count, text.n);
	arena_free(&arena);
	return 0;
}
