#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "auth/condition.h"

#define MONDAY_NOON 1700481600 /* 2023-11-20 12:00 UTC, a Monday */
#define HOUR 3600

static bool has_role(void *arg, struct slice role) { return slice_eq(role, SLICE("user")); }
static bool in_group(void *arg, struct slice group) { return slice_eq(group, SLICE("sales@example.org")); }

static struct condition_facts facts(void)
{
	return (struct condition_facts){.address = SLICE("192.0.2.7"), .protocol = 2, .device = DEVICE_APPROVED, .now = MONDAY_NOON,
		.has_role = has_role, .in_group = in_group};
}

/* One rule that denies under the condition; does it fit? */
static bool fits(const char *condition, const struct condition_facts *f)
{
	char text[1000];
	struct slice name;
	struct error err = {0};
	(void)snprintf(text, sizeof text, "{\"rules\":[{\"name\":\"one\",\"if\":{%s},\"then\":\"deny\"}]}", condition);
	json_t *policy = json_loads(text, 0, NULL);
	assert_non_null(policy);
	if (condition_check(policy, &err) != 0)
		fail_msg("%s", err.private_text);
	bool denied = condition_evaluate(policy, f, &name) == CONDITION_DENY;
	assert_true(slice_eq(name, denied ? SLICE("one") : SLICE_NONE));
	json_decref(policy);
	return denied;
}

static void test_each_fact_counts(void **state)
{
	struct condition_facts f = facts();
	assert_true(fits("", &f));
	assert_true(fits("\"roles\":[\"officer\",\"user\"]", &f));
	assert_false(fits("\"roles\":[\"officer\"]", &f));
	assert_true(fits("\"groups\":[\"sales@example.org\"]", &f));
	assert_false(fits("\"groups\":[\"board@example.org\"]", &f));
	assert_true(fits("\"protocols\":[\"imap\",\"pop3\"]", &f));
	assert_false(fits("\"protocols\":[\"web\"]", &f));
	assert_true(fits("\"networks\":[\"192.0.2.0/24\"]", &f));
	assert_false(fits("\"networks\":[\"198.51.100.0/24\",\"2001:db8::/32\"]", &f));
	assert_false(fits("\"outside\":[\"192.0.2.0/24\"]", &f));
	assert_true(fits("\"outside\":[\"198.51.100.0/24\"]", &f));
	assert_true(fits("\"devices\":[\"approved\"]", &f));
	assert_false(fits("\"devices\":[\"none\",\"pending\"]", &f));
	assert_false(fits("\"risk\":[\"new_address\"]", &f));
	f.risk = RISK_NEW_ADDRESS | RISK_SPRAYING;
	assert_true(fits("\"risk\":[\"new_address\"]", &f));
	assert_true(fits("\"second_factor\":false", &f));
	assert_false(fits("\"second_factor\":true", &f));
	/* All members must fit. */
	assert_false(fits("\"roles\":[\"user\"],\"protocols\":[\"web\"]", &f));
}

static void test_what_has_no_address_is_in_no_network(void **state)
{
	struct condition_facts f = facts();
	f.address = SLICE("");
	assert_false(fits("\"networks\":[\"0.0.0.0/0\",\"::/0\"]", &f));
	assert_true(fits("\"outside\":[\"0.0.0.0/0\",\"::/0\"]", &f));
}

static void test_days_and_hours_are_those_of_the_zone(void **state)
{
	struct condition_facts f = facts();
	assert_true(fits("\"days\":[\"mon\"]", &f));
	assert_false(fits("\"days\":[\"tue\",\"sun\"]", &f));
	assert_true(fits("\"from\":\"12:00\",\"to\":\"12:01\"", &f));
	assert_false(fits("\"from\":\"08:00\",\"to\":\"12:00\"", &f));
	assert_true(fits("\"from\":\"20:00\",\"to\":\"20:01\",\"zone\":\"Asia/Shanghai\"", &f));
	assert_true(fits("\"from\":\"13:00\",\"to\":\"13:30\",\"zone\":\"Europe/Berlin\"", &f));
	f.now = MONDAY_NOON + 13 * HOUR; /* 01:00 on Tuesday */
	assert_true(fits("\"from\":\"22:00\",\"to\":\"06:00\"", &f));
	assert_true(fits("\"from\":\"22:00\",\"to\":\"06:00\",\"days\":[\"mon\"]", &f));
	assert_false(fits("\"from\":\"22:00\",\"to\":\"06:00\",\"days\":[\"tue\"]", &f));
	f.now = 1689940800; /* 2023-07-21 12:00 UTC: summer time */
	assert_true(fits("\"from\":\"14:00\",\"to\":\"14:01\",\"zone\":\"Europe/Berlin\"", &f));
}

static void test_the_first_rule_that_fits_decides(void **state)
{
	struct condition_facts f = facts();
	struct slice name;
	json_t *policy = json_loads("{\"rules\":[{\"name\":\"a\",\"if\":{\"protocols\":[\"web\"]},\"then\":\"deny\"},"
		"{\"name\":\"b\",\"if\":{\"protocols\":[\"imap\"]},\"then\":\"read_only\"},{\"name\":\"c\",\"if\":{},\"then\":\"deny\"}]}", 0, NULL);
	assert_int_equal(condition_check(policy, NULL), 0);
	assert_int_equal(condition_evaluate(policy, &f, &name), CONDITION_READ_ONLY);
	assert_true(slice_eq(name, SLICE("b")));
	f.protocol = 3;
	assert_int_equal(condition_evaluate(policy, &f, &name), CONDITION_DENY);
	assert_int_equal(condition_evaluate(NULL, &f, &name), CONDITION_ALLOW);
	json_decref(policy);
}

static void test_hours_make_a_risk(void **state)
{
	json_t *policy = json_loads("{\"rules\":[],\"hours\":{\"days\":[\"mon\"],\"from\":\"08:00\",\"to\":\"18:00\"}}", 0, NULL);
	assert_int_equal(condition_check(policy, NULL), 0);
	assert_false(condition_off_hours(policy, MONDAY_NOON));
	assert_true(condition_off_hours(policy, MONDAY_NOON + 7 * HOUR));
	assert_true(condition_off_hours(policy, MONDAY_NOON + 24 * HOUR));
	assert_false(condition_off_hours(NULL, MONDAY_NOON));
	json_decref(policy);
}

static void test_rules_that_are_not_right_are_refused(void **state)
{
	static const char *const bad[] = {
		"{}", "{\"rules\":{}}", "{\"rules\":[],\"more\":1}", "{\"rules\":[{\"if\":{},\"then\":\"deny\"}]}",
		"{\"rules\":[{\"name\":\"a\",\"then\":\"deny\"}]}", "{\"rules\":[{\"name\":\"a\",\"if\":{},\"then\":\"no\"}]}",
		"{\"rules\":[{\"name\":\"a\",\"if\":{\"colour\":[\"red\"]},\"then\":\"deny\"}]}",
		"{\"rules\":[{\"name\":\"a\",\"if\":{\"networks\":[\"192.0.2.0/33\"]},\"then\":\"deny\"}]}",
		"{\"rules\":[{\"name\":\"a\",\"if\":{\"networks\":[]},\"then\":\"deny\"}]}",
		"{\"rules\":[{\"name\":\"a\",\"if\":{\"days\":[\"Montag\"]},\"then\":\"deny\"}]}",
		"{\"rules\":[{\"name\":\"a\",\"if\":{\"from\":\"8:00\"},\"then\":\"deny\"}]}",
		"{\"rules\":[{\"name\":\"a\",\"if\":{\"from\":\"24:01\"},\"then\":\"deny\"}]}",
		"{\"rules\":[{\"name\":\"a\",\"if\":{\"zone\":\"Mars/Base\"},\"then\":\"deny\"}]}",
		"{\"rules\":[{\"name\":\"a\",\"if\":{\"second_factor\":\"yes\"},\"then\":\"deny\"}]}",
		"{\"rules\":[{\"name\":\"a\",\"if\":{},\"then\":\"deny\",\"else\":\"allow\"}]}",
		"{\"rules\":[],\"hours\":{\"roles\":[\"user\"]}}", "[]",
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct error err = {0};
		json_t *policy = json_loads(bad[i], 0, NULL);
		assert_non_null(policy);
		if (condition_check(policy, &err) != ERR_INVALID)
			fail_msg("taken: %s", bad[i]);
		json_decref(policy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_fact_counts),
		cmocka_unit_test(test_what_has_no_address_is_in_no_network),
		cmocka_unit_test(test_days_and_hours_are_those_of_the_zone),
		cmocka_unit_test(test_the_first_rule_that_fits_decides),
		cmocka_unit_test(test_hours_make_a_risk),
		cmocka_unit_test(test_rules_that_are_not_right_are_refused),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
