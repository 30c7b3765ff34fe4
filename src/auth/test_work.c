#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "auth/work.h"
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

#define BITS 8

struct rig {
	struct work *work;
	struct limiter *limiter;
	struct buf challenge;
	char number[WORK_NUMBER_MAX + 1];
	struct moment now;
};

static void begin(struct rig *r)
{
	*r = (struct rig){.work = work_create(), .limiter = limiter_create(), .now = {.mono_ms = 1000}};
	buf_init(&r->challenge, WORK_CHALLENGE_MAX);
	limiter_set(r->limiter, LIMIT_WORK_WAITS, 1);
	work_make(r->work, SLICE("192.0.2.1"), BITS, r->now, &r->challenge);
	assert_false(r->challenge.failed);
}

static void end(struct rig *r)
{
	work_destroy(&r->work);
	limiter_destroy(&r->limiter);
	buf_free(&r->challenge);
}

static bool is_solution(const struct rig *r, const char *number)
{
	char text[WORK_CHALLENGE_MAX + 1 + WORK_NUMBER_MAX + 1];
	uint8_t hash[HASH_SIZE];
	struct slice c = buf_slice(&r->challenge);
	int n = snprintf(text, sizeof text, "%.*s:%s", SLICE_ARG(c), number);
	hash_sha256(slice_make(text, (size_t)n), hash);
	return hash[0] == 0;
}

/* The first number that solves, or the first that does not. */
static void search(struct rig *r, bool solves)
{
	unsigned i = 0;
	do
		(void)snprintf(r->number, sizeof r->number, "%u", i++);
	while (is_solution(r, r->number) != solves);
}

static bool check(struct rig *r, const char *address)
{
	return work_check(r->work, buf_slice(&r->challenge), slice_str(r->number), slice_str(address), r->limiter, r->now);
}

static void test_what_was_computed_counts_once(void **state)
{
	struct rig r;
	begin(&r);
	search(&r, true);
	assert_true(check(&r, "192.0.2.1"));
	assert_false(check(&r, "192.0.2.1"));
	end(&r);
}

static void test_a_wrong_number_costs_nothing(void **state)
{
	struct rig r;
	begin(&r);
	search(&r, false);
	assert_false(check(&r, "192.0.2.1"));
	search(&r, true);
	assert_true(check(&r, "192.0.2.1"));
	end(&r);
}

static void test_it_is_for_one_network(void **state)
{
	struct rig r;
	begin(&r);
	search(&r, true);
	assert_false(check(&r, "198.51.100.1"));
	assert_true(check(&r, "192.0.2.77"));
	end(&r);
}

static void test_it_ends(void **state)
{
	struct rig r;
	begin(&r);
	search(&r, true);
	r.now.mono_ms += SECONDS_MS(WORK_GOOD_S);
	assert_false(check(&r, "192.0.2.1"));
	end(&r);
}

static void test_what_was_used_stays_used_until_it_ends(void **state)
{
	struct rig r;
	begin(&r);
	search(&r, true);
	assert_true(check(&r, "192.0.2.1"));
	for (unsigned i = 0; i < 4; i++) {
		r.now.mono_ms += SECONDS_MS(WORK_GOOD_S) / 3;
		assert_false(check(&r, "192.0.2.1"));
	}
	end(&r);
}

static void test_a_challenge_of_another_start_is_nothing(void **state)
{
	struct rig r;
	begin(&r);
	search(&r, true);
	work_destroy(&r.work);
	r.work = work_create();
	assert_false(check(&r, "192.0.2.1"));
	end(&r);
}

static void test_who_waited_needs_no_number_but_not_often(void **state)
{
	struct rig r;
	begin(&r);
	assert_false(check(&r, "192.0.2.1"));
	r.now.mono_ms += SECONDS_MS(WORK_WAIT_S);
	assert_true(check(&r, "192.0.2.1"));
	assert_false(check(&r, "192.0.2.1"));
	buf_clear(&r.challenge);
	work_make(r.work, SLICE("192.0.2.1"), BITS, r.now, &r.challenge);
	r.now.mono_ms += SECONDS_MS(WORK_WAIT_S) - 1000;
	assert_false(check(&r, "192.0.2.1"));
	end(&r);
}

static void test_rubbish_is_refused(void **state)
{
	static const char *const texts[] = {"", "AAAA", "====", "not base64 at all", "ll1-"};
	struct rig r;
	begin(&r);
	search(&r, true);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_false(work_check(r.work, slice_str(texts[i]), SLICE("1"), SLICE("192.0.2.1"), r.limiter, r.now));
	(void)snprintf(r.number, sizeof r.number, "1x");
	assert_false(check(&r, "192.0.2.1"));
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_computed_counts_once), cmocka_unit_test(test_a_wrong_number_costs_nothing),
		cmocka_unit_test(test_it_is_for_one_network), cmocka_unit_test(test_it_ends),
		cmocka_unit_test(test_what_was_used_stays_used_until_it_ends), cmocka_unit_test(test_a_challenge_of_another_start_is_nothing),
		cmocka_unit_test(test_who_waited_needs_no_number_but_not_often), cmocka_unit_test(test_rubbish_is_refused),
	};
	crypt_init();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
