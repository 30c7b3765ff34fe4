/* A script, a NUL byte and a letter: any bytes. No crash, bounded work, and the outcome keeps its promises. */
#include "base/ensure.h"
#include "sieve/outcome.h"

static bool source(void *arg, struct slice name, bool global, struct slice *ret)
{
	*ret = *(const struct slice *)arg;
	return !global && name.n > 0;
}

static enum sieve_known seen(void *arg, struct slice key)
{
	(void)arg;
	return (enum sieve_known)(key.p[0] % 3);
}

static void check(const struct sieve_outcome *o)
{
	unsigned actions = 0, redirects = 0;
	for (const struct sieve_action *a = o->actions; a != NULL; a = a->next) {
		actions++;
		redirects += a->kind == SIEVE_DO_REDIRECT;
		ENSURE(a->kind != SIEVE_DO_FILE || a->mailbox.n > 0);
		ENSURE(a->kind != SIEVE_DO_VACATION || a->handle.n > 0);
	}
	ENSURE(actions <= SIEVE_ACTIONS_MAX && redirects <= SIEVE_REDIRECTS_MAX);
	ENSURE(!o->failed || (actions == 1 && o->actions->kind == SIEVE_DO_FILE && o->error.text[0] != 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sieve_mailbox mailboxes[] = {{SLICE_INIT("a"), SLICE_INIT("\\Junk")}};
	struct slice all = slice_make(data, size);
	ptrdiff_t cut = slice_find(all, 0);
	struct slice script = cut < 0 ? all : slice_sub(all, 0, (size_t)cut), message = cut < 0 ? SLICE_NONE : slice_from(all, (size_t)cut + 1);
	struct arena arena = ARENA_INIT;
	struct sieve_program *program = NULL;
	struct sieve_error err;
	struct sieve_outcome outcome;
	uint64_t work = SIEVE_WORK_MAX / 10;
	struct sieve_letter letter = {
		.message = message, .from = SLICE("a@b.org"), .to = SLICE("me+x@c.org"), .address = SLICE("me@c.org"), .mailboxes = mailboxes,
		.mailbox_count = 1, .source = source, .seen = seen, .arg = &script, .now_s = 1751371200, .work = &work,
	};
	if (sieve_compile(script, &arena, &program, &err) == 0) {
		struct buf out = BUF_INIT(16 << 20);
		sieve_run(program, &letter, &arena, &outcome);
		check(&outcome);
		sieve_outcome_print(&outcome, &out);
		ENSURE(!out.failed);
		buf_free(&out);
	} else {
		ENSURE(err.text[0] != 0 && err.place.line > 0);
	}
	arena_free(&arena);
	return 0;
}
