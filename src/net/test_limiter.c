/* The engine of limits: what it counts, what it forgets, and that nobody frees himself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "crypt/crypt.h"
#include "net/limiter.h"

#define MINUTE 60000
#define OTHERS 1000000

static int setup(void **state)
{
	crypt_init();
	*state = limiter_create();
	return 0;
}

static int teardown(void **state)
{
	struct limiter *l = *state;
	limiter_destroy(&l);
	return 0;
}

static void test_the_table_says_what_each_limit_is(void **state)
{
	for (unsigned i = 0; i < LIMIT_COUNT; i++) {
		assert_true(slice_find(limit_rows[i].option, '.') > 0 && limit_name((enum limit)i).n > 0);
		assert_true(limit_rows[i].value.n > 0 && limit_rows[i].help.n > 0);
		assert_true(limit_rows[i].action != LIMIT_ACTION_WAIT || limit_rows[i].window_ms > 0);
		for (unsigned k = 0; k < i; k++)
			assert_false(slice_eq(limit_rows[i].option, limit_rows[k].option));
	}
}

static void test_zero_is_no_limit(void **state)
{
	struct limiter *l = *state;
	for (int i = 0; i < 1000; i++)
		assert_true(limiter_take(l, LIMIT_MESSAGES_USER, SLICE("ann"), 1, 0));
	assert_true(limiter_hold(l, LIMIT_SESSIONS_USER, SLICE("ann")));
	limiter_release(l, LIMIT_SESSIONS_USER, SLICE("ann"));
}

static void test_a_limit_holds_for_each_key_by_itself(void **state)
{
	struct limiter *l = *state;
	limiter_set(l, LIMIT_MESSAGES_USER, 3);
	for (int i = 0; i < 3; i++)
		assert_true(limiter_take(l, LIMIT_MESSAGES_USER, SLICE("ann"), 1, i));
	assert_false(limiter_take(l, LIMIT_MESSAGES_USER, SLICE("ann"), 1, 4));
	assert_true(limiter_take(l, LIMIT_MESSAGES_USER, SLICE("bob"), 1, 4));
	assert_true(limiter_reached(l, LIMIT_MESSAGES_USER, SLICE("ann"), 4));
}

static void test_the_window_slides(void **state)
{
	struct limiter *l = *state;
	limiter_set(l, LIMIT_MESSAGES_USER, 10);
	for (int i = 0; i < 10; i++)
		assert_true(limiter_take(l, LIMIT_MESSAGES_USER, SLICE("ann"), 1, MINUTE - 1));
	/* At the turn of the window nobody gets twice as much. */
	assert_false(limiter_take(l, LIMIT_MESSAGES_USER, SLICE("ann"), 9, MINUTE + 1));
	assert_true(limiter_take(l, LIMIT_MESSAGES_USER, SLICE("ann"), 5, 2 * MINUTE + MINUTE / 2));
	assert_true(limiter_take(l, LIMIT_MESSAGES_USER, SLICE("ann"), 5, 10 * MINUTE));
}

static void test_what_is_refused_is_not_counted(void **state)
{
	struct limiter *l = *state;
	limiter_set(l, LIMIT_BYTES_USER, 100);
	assert_true(limiter_take(l, LIMIT_BYTES_USER, SLICE("ann"), 90, 0));
	assert_false(limiter_take(l, LIMIT_BYTES_USER, SLICE("ann"), UINT64_MAX, 0));
	assert_true(limiter_take(l, LIMIT_BYTES_USER, SLICE("ann"), 10, 0));
	assert_int_equal(limiter_used(l, LIMIT_BYTES_USER, SLICE("ann"), 0), 100);
}

static void test_waiting_doubles_and_is_forgiven(void **state)
{
	struct limiter *l = *state;
	int64_t now = 0;
	limiter_set(l, LIMIT_FAILURES_ADDRESS, 3);
	for (int round = 0; round < 7; round++) {
		int64_t wait = MINUTE << (round < LIMITER_DOUBLINGS_MAX ? round : LIMITER_DOUBLINGS_MAX);
		assert_false(limiter_note(l, LIMIT_FAILURES_ADDRESS, SLICE("a"), 2, now));
		assert_true(limiter_note(l, LIMIT_FAILURES_ADDRESS, SLICE("a"), 1, now));
		assert_true(limiter_reached(l, LIMIT_FAILURES_ADDRESS, SLICE("a"), now + wait - 1));
		assert_false(limiter_reached(l, LIMIT_FAILURES_ADDRESS, SLICE("a"), now + wait));
		now += wait;
	}
	now += LIMITER_STRIKES_MS;
	assert_true(limiter_note(l, LIMIT_FAILURES_ADDRESS, SLICE("a"), 3, now));
	assert_false(limiter_reached(l, LIMIT_FAILURES_ADDRESS, SLICE("a"), now + MINUTE));
}

static void test_nobody_frees_himself_by_showing_other_keys(void **state)
{
	struct limiter *l = *state;
	char text[32];
	limiter_set(l, LIMIT_FAILURES_ADDRESS, 30);
	limiter_set(l, LIMIT_MESSAGES_USER, 10);
	assert_true(limiter_note(l, LIMIT_FAILURES_ADDRESS, SLICE("attacker"), 30, 0));
	assert_true(limiter_take(l, LIMIT_MESSAGES_USER, SLICE("bot"), 9, 0));
	for (int i = 0; i < OTHERS; i++) {
		(void)snprintf(text, sizeof text, "%d", i);
		(void)limiter_note(l, LIMIT_FAILURES_ADDRESS, slice_str(text), 1, 1);
	}
	assert_true(limiter_reached(l, LIMIT_FAILURES_ADDRESS, SLICE("attacker"), 2));
	assert_false(limiter_take(l, LIMIT_MESSAGES_USER, SLICE("bot"), 2, 2));
}

static void test_slots_are_exact(void **state)
{
	struct limiter *l = *state;
	limiter_set(l, LIMIT_CONNECTIONS_ADDRESS, 2);
	assert_true(limiter_hold(l, LIMIT_CONNECTIONS_ADDRESS, SLICE("a")));
	assert_true(limiter_hold(l, LIMIT_CONNECTIONS_ADDRESS, SLICE("a")));
	assert_false(limiter_hold(l, LIMIT_CONNECTIONS_ADDRESS, SLICE("a")));
	assert_true(limiter_hold(l, LIMIT_CONNECTIONS_ADDRESS, SLICE("b")));
	limiter_release(l, LIMIT_CONNECTIONS_ADDRESS, SLICE("a"));
	assert_int_equal(limiter_held(l, LIMIT_CONNECTIONS_ADDRESS, SLICE("a")), 1);
	assert_true(limiter_hold(l, LIMIT_CONNECTIONS_ADDRESS, SLICE("a")));
	/* A limit that is lowered meanwhile takes nothing away and is not taken back twice. */
	limiter_set(l, LIMIT_CONNECTIONS_ADDRESS, 1);
	limiter_release(l, LIMIT_CONNECTIONS_ADDRESS, SLICE("a"));
	assert_false(limiter_hold(l, LIMIT_CONNECTIONS_ADDRESS, SLICE("a")));
	limiter_release(l, LIMIT_CONNECTIONS_ADDRESS, SLICE("a"));
	assert_true(limiter_hold(l, LIMIT_CONNECTIONS_ADDRESS, SLICE("a")));
	assert_int_equal(limiter_held(l, LIMIT_CONNECTIONS_ADDRESS, SLICE("b")), 1);
}

static bool same(enum limit_scope scope, const char *a, const char *b)
{
	uint8_t one[64], two[64];
	return slice_eq(limiter_address(scope, slice_str(a), one), limiter_address(scope, slice_str(b), two));
}

static void test_addresses_of_one_subscriber_are_one(void **state)
{
	assert_false(same(LIMIT_SCOPE_ADDRESS, "192.0.2.1", "192.0.2.2"));
	assert_true(same(LIMIT_SCOPE_ADDRESS, "192.0.2.1", "::ffff:192.0.2.1"));
	assert_true(same(LIMIT_SCOPE_ADDRESS, "2001:db8::1", "2001:db8::ffff:2"));
	assert_false(same(LIMIT_SCOPE_ADDRESS, "2001:db8::1", "2001:db8:0:1::1"));
	assert_true(same(LIMIT_SCOPE_NETWORK, "192.0.2.1", "192.0.2.200"));
	assert_false(same(LIMIT_SCOPE_NETWORK, "192.0.2.1", "192.0.3.1"));
	assert_true(same(LIMIT_SCOPE_NETWORK, "2001:db8::1", "2001:db8:0:1::1"));
	assert_false(same(LIMIT_SCOPE_NETWORK, "2001:db8::1", "2001:db8:1::1"));
	assert_true(same(LIMIT_SCOPE_ADDRESS, "", ""));
	assert_true(same(LIMIT_SCOPE_ADDRESS, "unix", "unix"));
}

static void test_status_names_what_was_reached(void **state)
{
	struct limiter *l = *state;
	struct buf out = BUF_INIT(1000);
	limiter_status(l, &out);
	assert_int_equal(buf_len(&out), 0);
	limiter_set(l, LIMIT_MESSAGES_USER, 1);
	(void)limiter_take(l, LIMIT_MESSAGES_USER, SLICE("ann"), 2, 0);
	(void)limiter_take(l, LIMIT_MESSAGES_USER, SLICE("ann"), 2, 0);
	limiter_set(l, LIMIT_FAILURES_ADDRESS, 1);
	(void)limiter_note(l, LIMIT_FAILURES_ADDRESS, SLICE("a"), 1, 0);
	limiter_status(l, &out);
	assert_true(slice_eq(buf_slice(&out), SLICE("\"messages_per_minute\":2,\"logins_per_minute\":1")));
	buf_free(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_table_says_what_each_limit_is),
		TEST(test_zero_is_no_limit),
		TEST(test_a_limit_holds_for_each_key_by_itself),
		TEST(test_the_window_slides),
		TEST(test_what_is_refused_is_not_counted),
		TEST(test_waiting_doubles_and_is_forgiven),
		TEST(test_nobody_frees_himself_by_showing_other_keys),
		TEST(test_slots_are_exact),
		TEST(test_addresses_of_one_subscriber_are_one),
		TEST(test_status_names_what_was_reached),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
