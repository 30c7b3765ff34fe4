#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "auth/behind.h"

#define KNOWN_MS 1000
#define UNKNOWN_MS 100

static struct behind *fresh(void)
{
	struct behind *b = behind_new();
	behind_configure(b, KNOWN_MS, UNKNOWN_MS);
	return b;
}

static void answers_hold_for_their_time(void **state)
{
	(void)state;
	struct behind *b = fresh();
	assert_int_equal(behind_recall(b, SLICE("a@x.example"), 0), BEHIND_NOTHING);
	behind_learn(b, SLICE("a@x.example"), true, 0);
	behind_learn(b, SLICE("b@x.example"), false, 0);
	assert_int_equal(behind_recall(b, SLICE("A@X.example"), KNOWN_MS - 1), BEHIND_KNOWN);
	assert_int_equal(behind_recall(b, SLICE("b@x.example"), UNKNOWN_MS - 1), BEHIND_UNKNOWN);
	assert_int_equal(behind_recall(b, SLICE("a@x.example"), KNOWN_MS), BEHIND_NOTHING);
	assert_int_equal(behind_recall(b, SLICE("b@x.example"), UNKNOWN_MS), BEHIND_NOTHING);
	behind_free(&b);
}

static void only_what_was_known_is_believed_longer(void **state)
{
	(void)state;
	struct behind *b = fresh();
	behind_learn(b, SLICE("a@x.example"), true, 0);
	behind_learn(b, SLICE("b@x.example"), false, 0);
	assert_true(behind_recall_stale(b, SLICE("a@x.example"), BEHIND_STALE * KNOWN_MS - 1));
	assert_false(behind_recall_stale(b, SLICE("a@x.example"), BEHIND_STALE * KNOWN_MS));
	assert_false(behind_recall_stale(b, SLICE("b@x.example"), 1));
	behind_free(&b);
}

static void a_later_answer_replaces_the_former_one(void **state)
{
	(void)state;
	struct behind *b = fresh();
	behind_learn(b, SLICE("a@x.example"), true, 0);
	behind_learn(b, SLICE("a@x.example"), false, 1);
	assert_int_equal(behind_recall(b, SLICE("a@x.example"), 2), BEHIND_UNKNOWN);
	assert_false(behind_recall_stale(b, SLICE("a@x.example"), 2));
	behind_learn(b, SLICE("a@x.example"), true, 3);
	assert_int_equal(behind_recall(b, SLICE("a@x.example"), 4), BEHIND_KNOWN);
	behind_forget(b);
	assert_int_equal(behind_recall(b, SLICE("a@x.example"), 4), BEHIND_NOTHING);
	behind_free(&b);
}

static void guesses_do_not_push_out_those_that_exist(void **state)
{
	(void)state;
	struct behind *b = fresh();
	char name[40];
	behind_learn(b, SLICE("a@x.example"), true, 0);
	for (unsigned i = 0; i < 2 * BEHIND_UNKNOWN_MAX + 1; i++) {
		snprintf(name, sizeof name, "guess%u@x.example", i);
		behind_learn(b, slice_str(name), false, 0);
	}
	assert_int_equal(behind_recall(b, SLICE("a@x.example"), 1), BEHIND_KNOWN);
	assert_int_equal(behind_recall(b, slice_str(name), 1), BEHIND_UNKNOWN);
	assert_int_equal(behind_recall(b, SLICE("guess0@x.example"), 1), BEHIND_NOTHING);
	behind_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_hold_for_their_time), cmocka_unit_test(only_what_was_known_is_believed_longer),
		cmocka_unit_test(a_later_answer_replaces_the_former_one), cmocka_unit_test(guesses_do_not_push_out_those_that_exist),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
