#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "auth/throttle.h"
#include "crypt/crypt.h"

#define LIMIT 3
#define RANGE 8 /* times as many failures of a network */

static void fail_times(struct throttle *t, const char *address, const char *account, unsigned times, struct moment now)
{
	for (unsigned i = 0; i < times; i++)
		(void)throttle_failed(t, slice_str(address), slice_str(account), 2000, now);
}

static bool allowed(struct throttle *t, const char *address, const char *account, struct moment now)
{
	return throttle_allowed(t, slice_str(address), slice_str(account), now);
}

static void test_an_address_waits_longer_each_time(void **state)
{
	struct throttle *t = throttle_create(LIMIT, LIMIT * RANGE);
	struct moment now = {.mono_ms = 1000};
	for (unsigned round = 0; round < 7; round++) {
		int64_t wait = MINUTES_MS(1) << (round < LIMITER_DOUBLINGS_MAX ? round : LIMITER_DOUBLINGS_MAX);
		fail_times(t, "192.0.2.7", "ann", LIMIT - 1, now);
		assert_true(allowed(t, "192.0.2.7", "ann", now));
		fail_times(t, "192.0.2.7", "ann", 1, now);
		assert_false(allowed(t, "192.0.2.7", "ann", now));
		now.mono_ms += wait - 1;
		assert_false(allowed(t, "192.0.2.7", "ann", now));
		now.mono_ms += 1;
		assert_true(allowed(t, "192.0.2.7", "ann", now));
	}
	/* A quiet hour forgets it. */
	now.mono_ms += HOURS_MS(1);
	fail_times(t, "192.0.2.7", "ann", LIMIT, now);
	now.mono_ms += MINUTES_MS(1);
	assert_true(allowed(t, "192.0.2.7", "ann", now));
	throttle_destroy(&t);
}

static void check_range(const char *format, const char *inside, const char *outside)
{
	struct throttle *t = throttle_create(LIMIT, LIMIT * RANGE);
	struct moment now = {.mono_ms = 1000};
	for (unsigned i = 0; i < LIMIT * RANGE; i++) {
		char address[60];
		(void)snprintf(address, sizeof address, format, i + 1);
		assert_true(allowed(t, inside, "ann", now));
		fail_times(t, address, "ann", 1, now);
	}
	assert_false(allowed(t, inside, "ann", now));
	assert_true(allowed(t, outside, "ann", now));
	throttle_destroy(&t);
}

static void test_ranges_are_limited_as_a_whole(void **state)
{
	check_range("192.0.2.%u", "192.0.2.250", "192.0.3.1");
	check_range("::ffff:192.0.2.%u", "192.0.2.250", "192.0.3.1");
	check_range("2001:db8:7:%x::1", "2001:db8:7:ffff::9", "2001:db8:8::1");
}

static void test_one_subscriber_has_64_bits(void **state)
{
	struct throttle *t = throttle_create(LIMIT, LIMIT * RANGE);
	struct moment now = {.mono_ms = 1000};
	fail_times(t, "2001:db8::1", "ann", 1, now);
	fail_times(t, "2001:db8::2", "ann", 1, now);
	fail_times(t, "2001:db8::3:4", "ann", 1, now);
	assert_false(allowed(t, "2001:db8::5", "ann", now));
	assert_true(allowed(t, "2001:db8:0:1::5", "ann", now));
	throttle_destroy(&t);
}

static void test_nobody_is_locked_out_where_they_were_before(void **state)
{
	struct throttle *t = throttle_create(LIMIT, LIMIT * RANGE);
	struct moment now = {.mono_ms = 1000};
	throttle_succeeded(t, SLICE("192.0.2.9"), SLICE("ann"), now);
	fail_times(t, "192.0.2.9", "ann", 10 * LIMIT * RANGE, now);
	assert_true(allowed(t, "192.0.2.9", "ann", now));
	assert_false(allowed(t, "192.0.2.9", "bob", now));
	assert_false(allowed(t, "192.0.2.10", "ann", now));
	/* The account itself is open from elsewhere. */
	assert_true(allowed(t, "198.51.100.1", "ann", now));
	throttle_destroy(&t);
}

static void test_texts_that_are_no_address_count_as_they_are(void **state)
{
	struct throttle *t = throttle_create(LIMIT, LIMIT * RANGE);
	struct moment now = {.mono_ms = 1000};
	fail_times(t, "", "ann", LIMIT, now);
	fail_times(t, "unix", "ann", LIMIT, now);
	assert_false(allowed(t, "", "ann", now));
	assert_false(allowed(t, "unix", "ann", now));
	assert_true(allowed(t, "192.0.2.1", "ann", now));
	throttle_destroy(&t);
}

static void test_many_names_and_addresses_flush_nothing(void **state)
{
	struct throttle *t = throttle_create(LIMIT, 0);
	struct moment now = {.mono_ms = 1000};
	char address[40], account[40];
	throttle_succeeded(t, SLICE("192.0.2.9"), SLICE("owner"), now);
	fail_times(t, "192.0.2.7", "ann", LIMIT, now);
	for (unsigned i = 0; i < 300000; i++) {
		(void)snprintf(address, sizeof address, "2001:db8:%x:%x::1", i >> 16, i & 0xffff);
		(void)snprintf(account, sizeof account, "name%u", i);
		fail_times(t, address, account, 1, now);
	}
	assert_false(allowed(t, "192.0.2.7", "ann", now));
	fail_times(t, "192.0.2.9", "other", LIMIT, now);
	assert_true(allowed(t, "192.0.2.9", "owner", now));
	throttle_destroy(&t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_address_waits_longer_each_time),
		cmocka_unit_test(test_ranges_are_limited_as_a_whole),
		cmocka_unit_test(test_one_subscriber_has_64_bits),
		cmocka_unit_test(test_nobody_is_locked_out_where_they_were_before),
		cmocka_unit_test(test_many_names_and_addresses_flush_nothing),
		cmocka_unit_test(test_texts_that_are_no_address_count_as_they_are),
	};
	crypt_init();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
