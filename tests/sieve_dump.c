/* sieve_dump SCRIPT LETTER: what the script wants done with the letter, for comparisons. From ann@example.org to bob@example.com. */
#include <stdio.h>

#include "sieve/outcome.h"
#include "sys/file.h"

int main(int argc, char **argv)
{
	struct buf script = BUF_INIT(1 << 20), letter_bytes = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
	struct arena arena = ARENA_INIT;
	struct sieve_program *program;
	struct sieve_outcome outcome;
	struct sieve_error why;
	struct error err;

	if (argc != 3 || file_read(argv[1], &script, &err) < 0 || file_read(argv[2], &letter_bytes, &err) < 0)
		return 2;
	struct sieve_letter letter = {.message = buf_slice(&letter_bytes), .from = SLICE("ann@example.org"), .to = SLICE("bob@example.com"),
		.address = SLICE("bob@example.com"), .now_s = 1751371200};
	if (sieve_compile(buf_slice(&script), &arena, &program, &why) < 0) {
		printf("refused %u:%u %s\n", why.place.line, why.place.column, why.text);
	} else {
		sieve_run(program, &letter, &arena, &outcome);
		sieve_outcome_print(&outcome, &out);
		fwrite(buf_slice(&out).p, 1, buf_len(&out), stdout);
	}
	buf_free(&script);
	buf_free(&letter_bytes);
	buf_free(&out);
	arena_free(&arena);
	return 0;
}
