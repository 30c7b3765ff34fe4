#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "trust/authres.h"

static void results_are_written_folded(void **state)
{
	struct authres a = {.id = SLICE("mx.example.org")};
	struct buf out = BUF_INIT(10000);
	(void)state;
	struct authres_result *r = authres_add(&a, "spf", "pass");
	r->comment = SLICE("sender IP is 192.0.2.1");
	authres_property(r, "smtp", "mailfrom", SLICE("ann@example.net"));
	r = authres_add(&a, "dmarc", "fail");
	r->reason = SLICE("not \"aligned\"");
	authres_property(r, "header", "from", SLICE("example.net"));
	authres_property(r, "policy", "empty", SLICE_NONE);
	authres_write(&a, false, &out);
	assert_true(slice_eq(buf_slice(&out),
		SLICE("Authentication-Results: mx.example.org;\r\n\tspf=pass (sender IP is 192.0.2.1) smtp.mailfrom=ann@example.net;\r\n"
		"\tdmarc=fail reason=\"not \\\"aligned\\\"\" header.from=example.net\r\n")));
	buf_clear(&out);
	a.count = 0;
	authres_write(&a, false, &out);
	assert_true(slice_eq(buf_slice(&out), SLICE("Authentication-Results: mx.example.org; none\r\n")));
	buf_free(&out);
}

/* Whatever a stranger puts into a value, what is written reads back as one result with one property. */
static void values_cannot_break_out(void **state)
{
	static const char *const values[] = {"a@b;dkim=pass", "x\r\nBcc: evil@example.org", "\"; spf=pass", "a\\", "(((", "a b@c", "\xff\xfe",
		"x=y", "", "a@b@c", ")",
		"\r\n\r\nbody", "=?utf-8?q?x?=", "\t", "\x7f"};
	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		struct arena arena = ARENA_INIT;
		struct authres a = {.id = SLICE("mx.example.org")}, back;
		struct buf out = BUF_INIT(10000);
		struct authres_result *r = authres_add(&a, "spf", "fail");
		r->comment = r->reason = slice_str(values[i]);
		authres_property(r, "smtp", "mailfrom", slice_str(values[i]));
		authres_write(&a, true, &out);
		struct slice text = buf_slice(&out);
		for (size_t k = 0; k + 1 < text.n; k++)
			if (text.p[k] == '\r')
				assert_true(text.p[k + 1] == '\n' && (k + 2 == text.n || text.p[k + 2] == '\t'));
		if (!authres_parse(slice_from(text, 23), &arena, &back))
			fail_msg("%s gives %.*s", values[i], SLICE_ARG(text));
		assert_int_equal(back.count, 1);
		assert_true(slice_eq(back.results[0].result, SLICE("fail")));
		assert_true(back.results[0].property_count <= 1);
		buf_free(&out);
		arena_free(&arena);
	}
}

static void internationalised_values_stay_or_are_replaced(void **state)
{
	struct authres a = {.id = SLICE("mx.example.org")};
	struct buf out = BUF_INIT(10000);
	(void)state;
	authres_property(authres_add(&a, "spf", "pass"), "smtp", "mailfrom", SLICE("j\xc3\xb6rg@b\xc3\xbc" "cher.example"));
	authres_write(&a, true, &out);
	assert_true(slice_search(buf_slice(&out), SLICE("=j\xc3\xb6rg@b\xc3\xbc" "cher.example\r\n")) > 0);
	buf_clear(&out);
	authres_write(&a, false, &out);
	assert_true(slice_search(buf_slice(&out), SLICE("=\"j?rg@b?cher.example\"\r\n")) > 0);
	buf_free(&out);
}

static void fields_of_others_are_read(void **state)
{
	struct arena arena = ARENA_INIT;
	struct authres a;
	(void)state;
	assert_true(authres_parse(SLICE(" foo.example.net 1 (foobar);\r\n dkim/1 (x) = fail (bad) policy.expired=1362471462 ; SPF=Pass reason=\"ok; fine\" smtp.mailfrom=\"a b\"@c.test"
		" smtp . helo = h.test;"), &arena, &a));
	assert_true(slice_eq(a.id, SLICE("foo.example.net")));
	assert_int_equal(a.count, 2);
	const struct authres_result *r = authres_find(&a, "spf");
	assert_non_null(r);
	assert_true(slice_eq(r->result, SLICE("pass")));
	assert_true(slice_eq(r->reason, SLICE("ok; fine")));
	assert_true(slice_eq(authres_value(r, "smtp", "helo"), SLICE("h.test")));
	assert_true(slice_eq(authres_value(r, "smtp", "mailfrom"), SLICE("a b@c.test")));
	assert_int_equal(authres_value(r, "smtp", "auth").n, 0);
	assert_true(authres_parse(SLICE("x.test; none"), &arena, &a));
	assert_int_equal(a.count, 0);
	assert_false(authres_parse(SLICE(""), &arena, &a));
	assert_false(authres_parse(SLICE("x; spf"), &arena, &a));
	assert_false(authres_parse(SLICE("x; =pass"), &arena, &a));
	assert_false(authres_parse(SLICE("x; spf=pass smtp="), &arena, &a));
	arena_free(&arena);
}

static void forged_fields_are_found(void **state)
{
	static const struct slice ids[] = {SLICE_INIT("mx.example.org"), SLICE_INIT("b\xc3\xbc" "cher.example")};
	static const struct { const char *field; bool forged; } rows[] = {
		{"Authentication-Results: mx.example.org; spf=pass", true}, {"authentication-results : MX.Example.ORG 1; none", true},
		{"Authentication-Results: other.example.org; spf=pass", false}, {"Authentication-Results: (c) mx.example.org; x=y", true},
		{"Authentication-Results: \"mx.example.org\"; x=y", true}, {"Authentication-Results:\r\n\tmx.example.org\r\n\t; x=y", true},
		{"Authentication-Results: mx.(x)example.org; x=y", true}, {"Authentication-Results: ; x=y", true}, {"Authentication-Results:", true},
		{"Authentication-Results: xn--bcher-kva.example; x=y", true}, {"Authentication-Results: mx.example.org.evil.test; x=y", false},
		{"X-Authentication-Results: mx.example.org; x=y", false}, {"Authentication-Results: mx.example.org.; x=y", true},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct arena arena = ARENA_INIT;
		struct slice header = arena_printf(&arena, "Subject: a\r\n%s\r\nTo: b\r\n\r\n", rows[i].field), field;
		bool found = authres_forged_next(&header, ids, 2, &field);
		if (found != rows[i].forged)
			fail_msg("%s", rows[i].field);
		assert_true(!found || slice_ends(field, SLICE("\r\n")));
		assert_false(authres_forged_next(&header, ids, 2, &field));
		arena_free(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_are_written_folded), cmocka_unit_test(values_cannot_break_out),
		cmocka_unit_test(internationalised_values_stay_or_are_replaced), cmocka_unit_test(fields_of_others_are_read),
		cmocka_unit_test(forged_fields_are_found),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
