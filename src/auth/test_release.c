/* What one person lets out of quarantine alone, and what needs two. */
#include "auth/test_host.h"

#include "auth/release.h"
#include "base/error.h"
#include "ipc/admin.h"

#define LETTER "{\"id\":\"00000001-1\"}"

static int setup(void **state)
{
	*state = test_auth_create(false);
	test_staff(*state);
	return 0;
}

static int teardown(void **state)
{
	test_auth_free((struct test_auth **)state);
	return 0;
}

static unsigned release(struct test_auth *t)
{
	return test_admin_as(t, test_sign_in_second(t, "rules"), "quarantine.release", LETTER);
}

static unsigned approve(struct test_auth *t)
{
	int64_t id = test_number(t, "approval");
	return test_admin_as(t, test_sign_in_second(t, "second"), "approval.give", test_args("{\"id\":%d}", (int)id));
}

static void asked(struct test_auth *t, unsigned status)
{
	assert_int_equal(status, ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "approval_needed");
}

static unsigned set_policy(struct test_auth *t, const char *alone)
{
	return test_admin_as(t, test_sign_in_second(t, "rules"), "policy.set",
		test_args("{\"name\":\"quarantine\",\"value\":{\"alone\":[%s]}}", alone));
}

static void test_malware_is_released_by_two(void **state)
{
	struct test_auth *t = *state;
	static const char *const reasons[] = {"virus", "opaque", "unscanned", "executable", "something new"};
	for (unsigned i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
		t->held = reasons[i];
		asked(t, release(t));
		assert_int_equal(t->released, i);
		assert_int_equal(approve(t), ADMIN_OK);
		assert_string_equal(test_member(t, "queue_id"), "00000001-2");
		assert_int_equal(t->released, i + 1);
	}
}

static void test_junk_is_released_by_one(void **state)
{
	struct test_auth *t = *state;
	static const char *const reasons[] = {"verdict", "partner", ""};
	for (unsigned i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
		t->held = reasons[i];
		assert_int_equal(release(t), ADMIN_OK);
		assert_int_equal(t->released, i + 1);
	}
}

static void test_who_approves_reads_what_it_is(void **state)
{
	struct test_auth *t = *state;
	t->held = "virus";
	asked(t, test_admin_as(t, test_sign_in_second(t, "rules"), "quarantine.release", "{\"id\":\"00000001-1\",\"reason\":\"ours\"}"));
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "second"), "approval.list", "{}"), ADMIN_OK);
	assert_true(slice_search_nocase(buf_slice(&t->result), SLICE("\"virus Eicar, from <x@outside.test>: ours\"")) >= 0);
}

static void test_nobody_releases_without_the_right_and_nobody_approves_himself(void **state)
{
	struct test_auth *t = *state;
	t->held = "virus";
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "boss"), "quarantine.release", LETTER), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "denied");
	asked(t, release(t));
	int64_t id = test_number(t, "approval");
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "rules"), "approval.give", test_args("{\"id\":%d}", (int)id)), ADMIN_DENIED);
	assert_int_equal(t->released, 0);
	/* The emergency access is no second person either. */
	t->reason = "test";
	assert_int_equal(test_admin(t, "quarantine.release", LETTER), ADMIN_DENIED);
	assert_int_equal(t->released, 0);
}

static void test_what_the_queue_says_is_said(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(release(t), ADMIN_NOT_FOUND);
	t->held = "virus";
	t->queue_away = true;
	assert_int_equal(release(t), ADMIN_UNAVAILABLE);
	t->queue_away = false;
	asked(t, release(t));
	t->held = NULL; /* somebody deleted it meanwhile */
	assert_int_equal(approve(t), ADMIN_NOT_FOUND);
	assert_int_equal(t->released, 0);
}

static void test_policy_says_who_is_alone_and_two_allow_more(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(set_policy(t, "\"verdict\""), ADMIN_OK);
	t->held = "partner";
	asked(t, release(t));
	asked(t, set_policy(t, "\"verdict\",\"unscanned\""));
	assert_int_equal(approve(t), ADMIN_OK);
	t->held = "unscanned";
	assert_int_equal(release(t), ADMIN_OK);
	assert_int_equal(set_policy(t, ""), ADMIN_OK);
	asked(t, release(t));
	assert_int_equal(t->released, 1);
}

static void test_policy_names_only_what_there_is(void **state)
{
	static const char *const bad[] = {"{}", "[]", "{\"alone\":1}", "{\"alone\":[1]}", "{\"alone\":[\"viruses\"]}", "{\"alone\":[],\"two\":[]}",
		"{\"alone\":[\"virus\",\"virus\",\"virus\",\"virus\",\"virus\",\"virus\",\"virus\",\"virus\",\"virus\",\"virus\",\"virus\",\"virus\"]}"};
	struct error err = {0};
	json_t *value = json_loads(RELEASE_FALLBACK, 0, NULL);
	assert_int_equal(release_policy_check(value, &err), 0);
	json_decref(value);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		value = json_loads(bad[i], 0, NULL);
		assert_int_equal(release_policy_check(value, &err), ERR_INVALID);
		json_decref(value);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(test_##f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(malware_is_released_by_two), T(junk_is_released_by_one), T(who_approves_reads_what_it_is),
		T(nobody_releases_without_the_right_and_nobody_approves_himself), T(what_the_queue_says_is_said),
		T(policy_says_who_is_alone_and_two_allow_more), cmocka_unit_test(test_policy_names_only_what_there_is),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
