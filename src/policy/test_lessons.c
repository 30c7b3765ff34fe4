/* The organisation's table: who teaches it what, how much one person can do, and what is taken back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy/lessons.h"

#define NOW INT64_C(1790000000)

static const uint8_t key[TOKEN_KEY] = {3};
static struct lessons lessons;

static int setup(void **state)
{
	lessons_init(&lessons, key, 77, NOW);
	return 0;
}

static int teardown(void **state)
{
	lessons_free(&lessons);
	return 0;
}

static bool teach(uint8_t person, uint16_t letter, enum lesson_want want)
{
	uint64_t hashes[] = {want == LESSON_GOOD ? 1000 : 2000, 10000u + letter};
	const struct tokens tokens = {.hashes = hashes, .count = 2};
	return lessons_teach(&lessons, (uint8_t[16]){person}, (uint8_t[16]){(uint8_t)letter, (uint8_t)(letter >> 8)}, want, &tokens);
}

/* What is taken back has the tokens it was learnt with. */
static bool take_back(uint8_t person, uint16_t letter, enum lesson_want was, enum lesson_want want)
{
	uint64_t hashes[] = {was == LESSON_GOOD ? 1000 : 2000, 10000u + letter};
	const struct tokens tokens = {.hashes = hashes, .count = 2};
	return lessons_teach(&lessons, (uint8_t[16]){person}, (uint8_t[16]){(uint8_t)letter, (uint8_t)(letter >> 8)}, want, &tokens);
}

static void one_person_turns_nothing(void **state)
{
	for (uint16_t i = 0; i < 500; i++) {
		teach(1, i, LESSON_JUNK);
		teach(1, (uint16_t)(1000 + i), LESSON_GOOD);
	}
	assert_int_equal(lessons_count(&lessons, BAYES_JUNK), LESSONS_PERSON_MAX);
	assert_int_equal(lessons_count(&lessons, BAYES_HAM), LESSONS_PERSON_MAX);
	assert_false(bayes_learnt(&lessons.table));
	for (uint16_t i = 0; i < 500; i++) {
		teach(2, i, LESSON_JUNK);
		teach(2, (uint16_t)(1000 + i), LESSON_GOOD);
	}
	assert_false(bayes_learnt(&lessons.table));
	for (uint16_t i = 0; i < LESSONS_PERSON_MAX; i++) {
		assert_true(teach(3, i, LESSON_JUNK));
		assert_true(teach(3, (uint16_t)(1000 + i), LESSON_GOOD));
	}
	assert_true(bayes_learnt(&lessons.table));
}

static void a_letter_counts_once_for_each_person_and_is_taken_back(void **state)
{
	assert_true(teach(1, 1, LESSON_JUNK));
	assert_false(teach(1, 1, LESSON_JUNK));
	assert_true(teach(2, 1, LESSON_JUNK));
	assert_int_equal(bayes_find(&lessons.table, 2000)->counts[0][BAYES_JUNK], 2);
	assert_true(take_back(1, 1, LESSON_JUNK, LESSON_NOTHING));
	assert_false(take_back(1, 1, LESSON_JUNK, LESSON_NOTHING));
	assert_int_equal(bayes_find(&lessons.table, 2000)->counts[0][BAYES_JUNK], 1);
	assert_true(take_back(2, 1, LESSON_JUNK, LESSON_GOOD));
	assert_int_equal(lessons_count(&lessons, BAYES_JUNK), 0);
	assert_int_equal(lessons_count(&lessons, BAYES_HAM), 1);
	/* Who took something back may teach as much again. */
	for (uint16_t i = 0; i < LESSONS_PERSON_MAX; i++)
		assert_true(teach(1, (uint16_t)(100 + i), LESSON_JUNK));
	assert_false(teach(1, 300, LESSON_JUNK));
}

static void an_epoch_ends_by_time_and_old_lessons_go(void **state)
{
	uint64_t version = lessons.version;
	for (uint16_t i = 0; i < LESSONS_PERSON_MAX; i++)
		teach(1, i, LESSON_JUNK);
	assert_false(lessons_age(&lessons, NOW + LESSONS_AGE_S - 1));
	assert_true(lessons_age(&lessons, NOW + LESSONS_AGE_S));
	assert_true(lessons.version > version);
	assert_true(teach(1, 500, LESSON_JUNK));
	assert_int_equal(lessons.said.count, LESSONS_PERSON_MAX + 1);
	assert_true(lessons_age(&lessons, NOW + 2 * LESSONS_AGE_S));
	assert_int_equal(lessons.said.count, 1);
	assert_int_equal(lessons_count(&lessons, BAYES_JUNK), 1);
}

static void what_is_stored_comes_back_and_counts_go_on(void **state)
{
	struct buf out = BUF_INIT(LESSONS_ENCODED_MAX);
	struct lessons got;
	for (uint16_t i = 0; i < LESSONS_PERSON_MAX - 1; i++)
		teach(1, i, LESSON_JUNK);
	teach(2, 1, LESSON_GOOD);
	lessons_encode(&lessons, &out);
	for (size_t n = 0; n < buf_len(&out); n++) {
		int rc = lessons_decode(slice_sub(buf_slice(&out), 0, n), &got);
		if (rc == 0)
			lessons_free(&got); /* cut behind a whole lesson */
	}
	assert_int_equal(lessons_decode(buf_slice(&out), &got), 0);
	buf_free(&out);
	lessons_free(&lessons);
	lessons = got;
	assert_true(lessons.series == 77 && lessons.begun_s == NOW);
	assert_int_equal(lessons.said.count, LESSONS_PERSON_MAX);
	assert_false(teach(1, 1, LESSON_JUNK));
	assert_true(teach(1, 90, LESSON_JUNK));
	assert_false(teach(1, 91, LESSON_JUNK));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_person_turns_nothing),
		TEST(a_letter_counts_once_for_each_person_and_is_taken_back),
		TEST(an_epoch_ends_by_time_and_old_lessons_go),
		TEST(what_is_stored_comes_back_and_counts_go_on),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("policy_lessons", tests, NULL, NULL);
}
