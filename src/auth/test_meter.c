/* The meter: people at work stay below, what a bot does adds up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "auth/meter.h"
#include "crypt/crypt.h"

static const uint8_t ann[16] = {1}, bob[16] = {2};

static struct moment at(int64_t day, int hour, int64_t ms)
{
	int64_t unix_ms = (day * 24 + hour) * HOURS_MS(1) + ms;
	return (struct moment){.wall_ms = unix_ms, .mono_ms = unix_ms};
}

static int setup(void **state)
{
	struct meter *m = meter_create();
	static const char *const values[] = {
#define METER(id, option, member, seconds, threshold, points, word, help) threshold,
#include "base/meter.h"
	};
	for (unsigned i = 0; i < METER_COUNT; i++) {
		uint64_t value = 0;
		for (const char *p = values[i]; *p != '\0'; p++)
			value = value * 10 + (uint64_t)(*p - '0');
		meter_set(m, (enum meter_sign)i, value);
	}
	meter_load(m, ann, SLICE_NONE, at(20000, 9, 0));
	meter_load(m, bob, SLICE_NONE, at(20000, 9, 0));
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	struct meter *m = *state;
	meter_destroy(&m);
	return 0;
}

static void letter_to(struct meter *m, const char *format, int number, bool outside, struct moment now)
{
	char to[64];
	(void)snprintf(to, sizeof to, format, number);
	meter_recipient(m, ann, slice_str(to), outside, now);
	meter_message(m, ann, now);
}

/* Twelve days at work, five letters each day at ten, to the same people. */
static void work(struct meter *m)
{
	for (int day = 0; day < 12; day++)
		for (int i = 0; i < 5; i++)
			letter_to(m, "colleague%d@example.org", i, false, at(20000 + day, 10, MINUTES_MS(i)));
}

static void test_a_person_at_work_has_no_points(void **state)
{
	struct meter *m = *state;
	work(m);
	for (int i = 0; i < 15; i++)
		letter_to(m, "customer%d@elsewhere.net", i, true, at(20012, 10, MINUTES_MS(i)));
	assert_int_equal(meter_points(m, ann, at(20012, 10, MINUTES_MS(15)), NULL), 0);
}

static void test_one_letter_to_very_many_is_no_bot(void **state)
{
	struct meter *m = *state;
	char to[64];
	for (int i = 0; i < 500; i++) {
		(void)snprintf(to, sizeof to, "guest%d@elsewhere.net", i);
		meter_recipient(m, ann, slice_str(to), true, at(20000, 10, 0));
	}
	meter_message(m, ann, at(20000, 10, 0));
	assert_true(meter_points(m, ann, at(20000, 10, 0), NULL) < METER_POINTS);
}

static void test_a_newsletter_to_known_people_is_no_bot(void **state)
{
	struct meter *m = *state;
	for (int day = 0; day < 3; day++)
		for (int i = 0; i < 90; i++)
			letter_to(m, "member%d@example.org", i, false, at(20000 + day, 10, SECONDS_MS(i)));
	assert_true(meter_points(m, ann, at(20002, 10, SECONDS_MS(90)), NULL) < METER_POINTS);
}

static void test_a_hijacked_account_sends_like_a_bot(void **state)
{
	struct meter *m = *state;
	struct buf why = BUF_INIT(1000);
	int i = 0;
	work(m);
	while (i < 200 && meter_points(m, ann, at(20012, 3, SECONDS_MS(i)), NULL) < METER_POINTS) {
		letter_to(m, "victim%d@elsewhere.net", i, true, at(20012, 3, SECONDS_MS(i)));
		i++;
	}
	assert_in_range(i, 21, 60);
	assert_true(meter_points(m, ann, at(20012, 3, SECONDS_MS(i)), &why) >= METER_POINTS);
	assert_true(slice_search(buf_slice(&why), SLICE("many recipients it never wrote to, ")) >= 0);
	assert_int_equal(meter_points(m, bob, at(20012, 3, SECONDS_MS(i)), NULL), 0);
	buf_free(&why);
}

static void test_guessing_and_bounces_add_up(void **state)
{
	struct meter *m = *state;
	for (int i = 0; i < 21; i++)
		meter_refused(m, ann, at(20000, 10, i));
	assert_int_equal(meter_points(m, ann, at(20000, 10, 100), NULL), 40);
	meter_bounced(m, ann, 21, at(20000, 10, 100));
	assert_int_equal(meter_points(m, ann, at(20000, 10, 100), NULL), METER_POINTS);
	assert_int_equal(meter_points(m, ann, at(20000, 14, 0), NULL), 0);
}

static void test_a_flood_is_enough(void **state)
{
	struct meter *m = *state;
	for (int i = 0; i < 1001; i++)
		letter_to(m, "colleague%d@example.org", i % 5, false, at(20000, 10, i / 3));
	assert_true(meter_points(m, ann, at(20000, 10, 400), NULL) >= METER_POINTS);
	meter_forget(m, ann);
	assert_false(meter_knows(m, ann));
	assert_int_equal(meter_points(m, ann, at(20000, 10, 400), NULL), 0);
}

static void test_the_habit_survives(void **state)
{
	struct meter *m = *state;
	uint8_t account[16], blob[METER_HABIT_SIZE], copy[METER_HABIT_SIZE];
	work(m);
	assert_true(meter_has_changes(m));
	assert_true(meter_changed(m, account, blob));
	assert_memory_equal(account, ann, sizeof account);
	assert_false(meter_changed(m, account, copy));
	meter_forget(m, ann);
	meter_load(m, ann, slice_make(blob, sizeof blob), at(20012, 3, 0));
	for (int i = 0; i < 21; i++)
		letter_to(m, "colleague%d@example.org", i % 5, false, at(20012, 3, SECONDS_MS(i)));
	assert_int_equal(meter_points(m, ann, at(20012, 3, SECONDS_MS(30)), NULL), 20); /* the hour */
	for (int i = 0; i < 40; i++)
		letter_to(m, "colleague%d@example.org", i % 5, false, at(20012, 3, SECONDS_MS(30 + i)));
	assert_int_equal(meter_points(m, ann, at(20012, 3, SECONDS_MS(70)), NULL), 40); /* and the habit of five */
}

static void test_blobs_that_are_none_are_no_habit(void **state)
{
	struct meter *m = *state;
	uint8_t junk[METER_HABIT_SIZE];
	memset(junk, 0xff, sizeof junk);
	for (size_t n = 0; n <= sizeof junk; n += 87) {
		meter_forget(m, ann);
		meter_load(m, ann, slice_make(junk, n), at(20000, 9, 0));
		letter_to(m, "x%d@example.org", 1, true, at(20000, 9, 0));
		assert_true(meter_points(m, ann, at(20000, 9, 1), NULL) < METER_POINTS);
	}
}

static void test_memory_is_bounded(void **state)
{
	struct meter *m = *state;
	uint8_t id[16] = {3};
	for (unsigned i = 0; i < METER_ACCOUNTS_MAX + 10; i++) {
		id[1] = (uint8_t)i;
		id[2] = (uint8_t)(i >> 8);
		id[3] = (uint8_t)(i >> 16);
		meter_load(m, id, SLICE_NONE, at(20000, 10, i));
	}
	assert_true(meter_knows(m, id));
	assert_false(meter_knows(m, ann));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_person_at_work_has_no_points),
		TEST(test_one_letter_to_very_many_is_no_bot),
		TEST(test_a_newsletter_to_known_people_is_no_bot),
		TEST(test_a_hijacked_account_sends_like_a_bot),
		TEST(test_guessing_and_bounces_add_up),
		TEST(test_a_flood_is_enough),
		TEST(test_the_habit_survives),
		TEST(test_blobs_that_are_none_are_no_habit),
		TEST(test_memory_is_bounded),
	};
	crypt_init();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
