#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/error.h"
#include "trust/mta_sts.h"

#define NOW 1800000000
#define DAY 86400
#define POLICY(mode) "version: STSv1\nmode: " mode "\nmx: mx.example.org\nmx: *.back.example.org\nmax_age: 604800\n"

static struct slice id_of(const char *text)
{
	struct slice one = slice_str(text), id = SLICE_NONE;
	return sts_record_id(&one, 1, &id) == 0 ? id : SLICE_NONE;
}

static void the_id_of_a_record(void **state)
{
	assert_true(slice_eq(id_of("v=STSv1; id=20260101T000000;"), SLICE("20260101T000000")));
	assert_true(slice_eq(id_of("v=STSv1;id=a1"), SLICE("a1")));
	assert_true(slice_eq(id_of("v=STSv1 ; ext=x ; id=a1 ; id=b2"), SLICE("a1")));
	static const char *const wrong[] = {"", "v=STSv1", "v=STSv1;",
		"v=STSv1; id=", "v=STSv2; id=a1", "id=a1; v=STSv1", " v=STSv1; id=a1", "v=stsv1; id=a1",
		"v=STSv1; id=a-1", "v=STSv1; id=123456789012345678901234567890123", "v=STSv1; ID=a1", "v=STSv1; id=; id=b2"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(id_of(wrong[i]).n, 0);
}

static void several_records_are_no_policy(void **state)
{
	const struct slice two[] = {SLICE_INIT("v=STSv1; id=a1"), SLICE_INIT("v=STSv1; id=a1")};
	const struct slice others[] = {SLICE_INIT("v=spf1 -all"), SLICE_INIT("v=STSv1; id=a1"), SLICE_INIT("v=STSv10; id=b2")};
	struct slice id;
	assert_int_equal(sts_record_id(two, 2, &id), ERR_NOT_FOUND);
	assert_int_equal(sts_record_id(others, 3, &id), 0);
	assert_true(slice_eq(id, SLICE("a1")));
	assert_int_equal(sts_record_id(NULL, 0, &id), ERR_NOT_FOUND);
}

static void a_policy_file(void **state)
{
	struct sts_policy p;
	assert_int_equal(sts_policy_parse(SLICE(POLICY("enforce")), &p), 0);
	assert_int_equal(p.mode, STS_ENFORCE);
	assert_int_equal(p.max_age_s, 604800);
	assert_int_equal(p.mx_count, 2);
	assert_int_equal(sts_policy_parse(SLICE("version: STSv1\r\nmode: testing\r\nmx: a.example\r\nmax_age: 9999999999\r\n\r\n"), &p), 0);
	assert_int_equal(p.mode, STS_TESTING);
	assert_int_equal(p.max_age_s, STS_AGE_MAX);
	assert_int_equal(sts_policy_parse(SLICE("mode:none\nmax_age:  0\nversion:STSv1"), &p), 0);
	assert_int_equal(p.mode, STS_NONE);
}

static void the_first_of_a_field_counts_and_unknown_ones_do_not(void **state)
{
	struct sts_policy p;
	assert_int_equal(sts_policy_parse(SLICE("version: STSv1\nmode: testing\nmode: enforce\nfuture: x: y\nmx: a.example\n"
		"max_age: 5\nmax_age: x\nversion: 2\n"), &p), 0);
	assert_int_equal(p.mode, STS_TESTING);
	assert_int_equal(p.max_age_s, 5);
	assert_int_equal(p.mx_count, 1);
}

static void files_that_are_no_policy(void **state)
{
	static const char *const wrong[] = {
		"", "<html>no such page</html>\n", "version: STSv1\n", "mode: enforce\nmx: a.example\nmax_age: 5\n", "version: STSv1\nmode: enforce\nmax_age: 5\n",
		"version: STSv1\nmode: testing\nmax_age: 5\n", "version: STSv1\nmode: force\nmx: a.example\nmax_age: 5\n", "version: STSv1\nmode: none\n",
		"version: STSv2\nmode: none\nmax_age: 5\n", "version: STSv1\nmode: none\nmax_age: -5\n", "version: STSv1\nmode: none\nmax_age: 99999999999\n",
		"version: STSv1\nmode: Enforce\nmx: a.example\nmax_age: 5\n", "version: STSv1\nmode: enforce\nmx: *\nmax_age: 5\n",
		"version: STSv1\nmode: enforce\nmx: *.\nmax_age: 5\n", "version: STSv1\nmode: enforce\nmx: a.*.example\nmax_age: 5\n",
		"version: STSv1\nmode: enforce\nmx: a..example\nmax_age: 5\n", "version: STSv1\nmode: enforce\nmx: *.*.example\nmax_age: 5\n",
		"version: STSv1\nmode: enforce\nmx: -a.example\nmax_age: 5\n", "version: STSv1\nmode: none\nmax_age: 5\nno colon\n",
	};
	struct sts_policy p;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (sts_policy_parse(slice_str(wrong[i]), &p) != ERR_INVALID)
			fail_msg("%s", wrong[i]);
}

static void a_policy_has_limits(void **state)
{
	struct buf file = BUF_INIT(STS_FILE_MAX + 10);
	struct sts_policy p;
	buf_append_str(&file, "version: STSv1\nmode: enforce\nmax_age: 5\n");
	for (unsigned i = 0; i < STS_MX_MAX; i++)
		buf_printf(&file, "mx: m%u.example\n", i);
	assert_int_equal(sts_policy_parse(buf_slice(&file), &p), 0);
	struct sts_state s = {0}, back;
	struct buf encoded = BUF_INIT(STS_STATE_MAX);
	sts_fetched(&s, SLICE("a1"), &p, NOW);
	sts_state_encode(&s, &encoded);
	assert_false(encoded.failed);
	assert_true(sts_state_decode(buf_slice(&encoded), &back));
	assert_int_equal(back.policy.mx_count, STS_MX_MAX);
	buf_append_str(&file, "mx: one-more.example\n");
	assert_int_equal(sts_policy_parse(buf_slice(&file), &p), ERR_LIMIT);
	buf_clear(&file);
	buf_append_str(&file, "version: STSv1\nmode: none\nmax_age: 5\nx: ");
	while (buf_len(&file) < STS_FILE_MAX)
		buf_append_byte(&file, 'x');
	assert_int_equal(sts_policy_parse(buf_slice(&file), &p), 0);
	buf_append_byte(&file, 'x');
	assert_int_equal(sts_policy_parse(buf_slice(&file), &p), ERR_LIMIT);
	buf_free(&file);
	buf_free(&encoded);
}

static void a_wildcard_is_the_leftmost_label_only(void **state)
{
	const struct slice mx[] = {SLICE_INIT("MX.example.org"), SLICE_INIT("*.back.example.org")};
	static const char *const good[] = {"mx.example.org", "mx.EXAMPLE.org.", "a.back.example.org", "B.Back.example.org"};
	static const char *const wrong[] = {"", ".", "example.org", "a.mx.example.org", "back.example.org", "a.b.back.example.org", ".back.example.org",
		"aback.example.org", "mx.example.org.evil.example", "127.0.0.1"};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(sts_mx_matches(mx, 2, slice_str(good[i])));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(sts_mx_matches(mx, 2, slice_str(wrong[i])));
}

static void a_policy_is_plain_text(void **state)
{
	assert_true(sts_media_type_fits(SLICE("text/plain")));
	assert_true(sts_media_type_fits(SLICE("Text/Plain ; charset=utf-8")));
	assert_false(sts_media_type_fits(SLICE("text/html")));
	assert_false(sts_media_type_fits(SLICE("text/plainer")));
	assert_false(sts_media_type_fits(SLICE_NONE));
}

static struct sts_state state_with(struct slice file)
{
	struct sts_policy p;
	struct sts_state s = {0};
	assert_int_equal(sts_policy_parse(file, &p), 0);
	sts_fetched(&s, SLICE("a1"), &p, NOW);
	return s;
}

static void testing_is_never_taken_for_enforce(void **state)
{
	struct sts_state s = state_with(SLICE(POLICY("testing"))), back;
	struct buf encoded = BUF_INIT(STS_STATE_MAX);
	assert_int_equal(sts_mode_now(&s, NOW), STS_TESTING);
	sts_state_encode(&s, &encoded);
	assert_true(sts_state_decode(buf_slice(&encoded), &back));
	assert_int_equal(sts_mode_now(&back, NOW + 10), STS_TESTING);
	buf_free(&encoded);
	s = state_with(SLICE(POLICY("none")));
	assert_int_equal(sts_mode_now(&s, NOW), STS_NONE);
}

static void a_policy_is_fetched_when_it_is_new_or_old(void **state)
{
	struct sts_state nothing = {0}, s = state_with(SLICE(POLICY("enforce")));
	assert_true(sts_wants_fetch(&nothing, SLICE("a1"), 0, NOW));
	assert_false(sts_wants_fetch(&nothing, SLICE_NONE, 0, NOW));
	assert_false(sts_wants_fetch(&s, SLICE("a1"), 0, NOW + 10));
	assert_true(sts_wants_fetch(&s, SLICE("a2"), 0, NOW + 10));
	assert_true(sts_wants_fetch(&s, SLICE("a1"), 0, NOW + DAY + 1));
	assert_true(sts_wants_fetch(&s, SLICE("a1"), 0, NOW - 10));
	assert_true(sts_wants_fetch(&s, SLICE("a1"), 0, NOW + 8 * DAY));
}

static void no_answer_ends_a_policy_before_its_time(void **state)
{
	const struct sts_state s = state_with(SLICE(POLICY("enforce")));
	/* The record has gone or cannot be looked up. */
	assert_false(sts_wants_fetch(&s, SLICE_NONE, 0, NOW + 2 * DAY));
	assert_int_equal(sts_mode_now(&s, NOW + 2 * DAY), STS_ENFORCE);
	/* It has a new id, but HTTPS was silent: asked again after a while, with the old one in force. */
	assert_false(sts_wants_fetch(&s, SLICE("a2"), NOW + 2 * DAY, NOW + 2 * DAY + STS_RETRY_S - 1));
	assert_true(sts_wants_fetch(&s, SLICE("a2"), NOW + 2 * DAY, NOW + 2 * DAY + STS_RETRY_S));
	assert_true(sts_wants_fetch(&s, SLICE("a2"), NOW + 2 * DAY, NOW + DAY));
	assert_int_equal(sts_keep_s(&s, NOW + 2 * DAY), 5 * DAY);
	assert_int_equal(sts_mode_now(&s, NOW + 7 * DAY - 1), STS_ENFORCE);
	assert_int_equal(sts_mode_now(&s, NOW + 7 * DAY), STS_NONE);
	assert_int_equal(sts_keep_s(&s, NOW + 7 * DAY), 0);
}

static void mode_none_ends_a_policy(void **state)
{
	struct sts_state s = state_with(SLICE(POLICY("enforce")));
	struct sts_policy none;
	assert_int_equal(sts_policy_parse(SLICE("version: STSv1\nmode: none\nmax_age: 86400\n"), &none), 0);
	sts_fetched(&s, SLICE("a2"), &none, NOW + 10);
	assert_int_equal(sts_mode_now(&s, NOW + 11), STS_NONE);
	assert_false(sts_wants_fetch(&s, SLICE("a2"), 0, NOW + 11));
}

static void what_is_no_state_is_nothing(void **state)
{
	struct sts_state s = state_with(SLICE(POLICY("enforce"))), back;
	struct buf encoded = BUF_INIT(STS_STATE_MAX);
	sts_state_encode(&s, &encoded);
	for (size_t n = 0; n < buf_len(&encoded); n++)
		assert_false(sts_state_decode(slice_sub(buf_slice(&encoded), 0, n), &back));
	buf_append_byte(&encoded, 0);
	assert_false(sts_state_decode(buf_slice(&encoded), &back));
	assert_int_equal(sts_mode_now(&back, NOW), STS_NONE);
	buf_free(&encoded);
}

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_id_of_a_record), cmocka_unit_test(several_records_are_no_policy), cmocka_unit_test(a_policy_file),
		cmocka_unit_test(the_first_of_a_field_counts_and_unknown_ones_do_not), cmocka_unit_test(files_that_are_no_policy),
		cmocka_unit_test(a_policy_has_limits), cmocka_unit_test(a_wildcard_is_the_leftmost_label_only), cmocka_unit_test(a_policy_is_plain_text),
		cmocka_unit_test(testing_is_never_taken_for_enforce), cmocka_unit_test(a_policy_is_fetched_when_it_is_new_or_old),
		cmocka_unit_test(no_answer_ends_a_policy_before_its_time), cmocka_unit_test(mode_none_ends_a_policy),
		cmocka_unit_test(what_is_no_state_is_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
