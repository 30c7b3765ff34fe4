/* Idempotency keys: done once, answered again, forgotten after a day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "auth/once.h"

#define NOW 1764000000

struct rig {
	struct directory *directory;
	struct arena arena;
	struct once once;
};

static int setup(void **state)
{
	static struct rig rig;

	rig = (struct rig){0};
	*state = &rig;
	return directory_open(NULL, (const uint8_t[32]){0}, &rig.directory, NULL);
}

static int teardown(void **state)
{
	struct rig *r = *state;

	directory_close(&r->directory);
	arena_free(&r->arena);
	return 0;
}

static enum admin_once begin(struct rig *r, const char *subject, const char *key, uint8_t hash, int64_t now)
{
	uint8_t whole[ONCE_HASH_SIZE] = {hash};

	return once_begin(r->directory, slice_str(subject), slice_str(key), whole, now, &r->arena, &r->once);
}

static void a_repeated_call_gets_the_first_answer(void **state)
{
	struct rig *r = *state;

	assert_int_equal(begin(r, "ann", "k", 1, NOW), ADMIN_ONCE_FRESH);
	assert_int_equal(once_end(r->directory, r->once.row, ADMIN_OK, SLICE("{\"a\":1}"), NULL), 0);
	assert_int_equal(begin(r, "ann", "k", 1, NOW + 5), ADMIN_ONCE_DONE);
	assert_int_equal(r->once.status, ADMIN_OK);
	assert_true(slice_eq(r->once.result, SLICE("{\"a\":1}")));
}

static void what_was_begun_is_not_done_again(void **state)
{
	struct rig *r = *state;

	assert_int_equal(begin(r, "ann", "k", 1, NOW), ADMIN_ONCE_FRESH);
	assert_int_equal(begin(r, "ann", "k", 1, NOW), ADMIN_ONCE_BEGUN);
}

static void a_key_that_came_to_nothing_is_new(void **state)
{
	struct rig *r = *state;

	assert_int_equal(begin(r, "ann", "k", 1, NOW), ADMIN_ONCE_FRESH);
	assert_int_equal(once_forget(r->directory, r->once.row, NULL), 0);
	assert_int_equal(begin(r, "ann", "k", 2, NOW), ADMIN_ONCE_FRESH);
}

static void a_key_belongs_to_one_request_of_one_subject(void **state)
{
	struct rig *r = *state;

	assert_int_equal(begin(r, "ann", "k", 1, NOW), ADMIN_ONCE_FRESH);
	assert_int_equal(begin(r, "ann", "k", 2, NOW), ADMIN_ONCE_OTHER);
	assert_int_equal(begin(r, "bob", "k", 2, NOW), ADMIN_ONCE_FRESH);
	assert_int_equal(begin(r, "ann", "l", 2, NOW), ADMIN_ONCE_FRESH);
}

static void keys_are_kept_for_a_day(void **state)
{
	struct rig *r = *state;

	assert_int_equal(begin(r, "ann", "k", 1, NOW), ADMIN_ONCE_FRESH);
	assert_int_equal(begin(r, "ann", "k", 2, NOW + ONCE_KEPT_S), ADMIN_ONCE_OTHER);
	assert_int_equal(begin(r, "ann", "k", 2, NOW + ONCE_KEPT_S + 1), ADMIN_ONCE_FRESH);
}

static void nobody_fills_the_directory(void **state)
{
	struct rig *r = *state;
	char key[16];

	for (unsigned i = 0; i < ONCE_KEYS_MAX; i++) {
		snprintf(key, sizeof key, "%u", i);
		assert_int_equal(begin(r, "ann", key, 1, NOW), ADMIN_ONCE_FRESH);
	}
	assert_int_equal(begin(r, "ann", "more", 1, NOW), ADMIN_ONCE_REFUSED);
	assert_int_equal(begin(r, "bob", "more", 1, NOW), ADMIN_ONCE_FRESH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_repeated_call_gets_the_first_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_begun_is_not_done_again, setup, teardown),
		cmocka_unit_test_setup_teardown(a_key_that_came_to_nothing_is_new, setup, teardown),
		cmocka_unit_test_setup_teardown(a_key_belongs_to_one_request_of_one_subject, setup, teardown),
		cmocka_unit_test_setup_teardown(keys_are_kept_for_a_day, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_fills_the_directory, setup, teardown),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
