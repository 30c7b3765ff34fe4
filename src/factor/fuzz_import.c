/* A file of accounts, line by line; then the whole as a password hash, a password and a list of breaches. */
#include <jansson.h>
#include <string.h>

#include "base/ensure.h"
#include "crypt/crypt.h"
#include "factor/foreign.h"
#include "factor/import.h"
#include "factor/policy.h"

static void try_file(struct slice all)
{
	struct arena arena = ARENA_INIT;
	struct import_columns columns;
	struct import_user user;
	struct slice line;
	if (slice_split(&all, '\n', &line) && import_heading(line, &arena, &columns, NULL) == 0)
		while (slice_split(&all, '\n', &line))
			if (import_line(line, &columns, &arena, &user, NULL) == 0)
				ENSURE(user.fields[IMPORT_ADDRESS].n > 0);
	arena_free(&arena);
}

static ptrdiff_t read_slice(void *arg, uint64_t offset, void *p, size_t n)
{
	const struct slice *s = arg;
	struct slice part = slice_sub(*s, (size_t)offset, (size_t)offset + n);
	if (part.n > 0)
		memcpy(p, part.p, part.n);
	return (ptrdiff_t)part.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_make(data, size);
	struct breached_list list = {.read = read_slice, .arg = &all, .size = size};
	struct password_policy policy;
	struct buf b = BUF_INIT(2000);
	crypt_init();
	json_object_seed(1);
	try_file(all);
	(void)foreign_check(all);
	(void)breached_find(&list, SLICE("password"));
	ENSURE(password_policy_preset(SLICE("mlps2"), &policy));
	unsigned faults = password_check(&policy, slice_sub(all, 0, 40), &all, 1, NULL, NULL);
	password_faults_text(&policy, faults, &b);
	ENSURE(!b.failed);
	buf_free(&b);
	return 0;
}
