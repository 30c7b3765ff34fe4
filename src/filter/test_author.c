/* From in every disguise: one author for every reader, or a refusal. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "filter/filter_internal.h"
#include "mime/limits.h"

static bool clear(const char *value)
{
	struct buf header = BUF_INIT(1 << 20);
	bool ok;
	buf_printf(&header, "Subject: x\r\nFrom: %s\r\n\r\n", value);
	ok = filter_author_clear(buf_slice(&header));
	buf_free(&header);
	return ok;
}

static void what_people_write_is_clear(void **state)
{
	static const char *const values[] = {
		"ann@example.org", "Ann <ann@example.org>", "\"Ann, of Sales\" <ann@example.org>", "ann@example.org (Ann)", "(Ann) ann@example.org",
		"Ann (the \\) first) <ann@example.org> (Sales)", "ann@example.org, \"Bob\" <bob@example.net>", "ann@example.org <ann@example.org>",
		"\"ceo@bank.example\" <ann@example.org>", "=?utf-8?b?5Lya6K6u?= <ann@example.org>", "=?utf-8?q?a=40b?= <ann@example.org>",
		"\"a b\"@example.org", "<\"a@b\"@example.org>", "team: ann@example.org, bob@example.org;", "team:;", "Ann\r\n <ann@example.org>",
		"root", "root@localhost", "ann@[192.0.2.1]", "Ann <ann@[IPv6:2001:db8::1]>", "<>", "", "\xe6\x9e\x97 <lin@\xe4\xbe\x8b.example>",
		"Mail Delivery System <MAILER-DAEMON>", "Foo, Inc. <ann@example.org>", "ann@ex_ample.org", "ann@example.org.", "a.b@example.org ",
		"ann=x?y@example.org", "Ann <ann@example.org>,",
	};
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		if (!clear(values[i]))
			fail_msg("refused: %s", values[i]);
}

static void what_readers_would_read_differently_is_not(void **state)
{
	static const char *const values[] = {
		"<ceo@bank.example@evil.example>", "<me@evil.example> <ceo@bank.example>", "me@evil.example ceo@bank.example",
		"ceo@bank.example x", "ceo@bank(x).example", "ceo@bank .example", "<@bank.example:me@evil.example>", "<me@evil.example",
		"me@evil.example>", "<<me@evil.example>>", "<me@evil.example> ceo", "<me@evil.example> \"ceo@bank.example\"",
		"\"me\" <me@evil.example", "\"ceo <me@evil.example>", "(ceo <me@evil.example>", "<me@evil.example, ceo@bank.example>",
		"ceo@bank.example\x01 <me@evil.example>", "<ceo@bank.example\x7f>", "<me@=?utf-8?q?bank.example?=>",
		"<=?utf-8?q?ceo=40bank.example=00?=@evil.example>", "=?utf-8?q?ceo=40bank.example?=", "\"ceo@bank.example\"", "ceo@bank.example..",
		"ceo@bank..example", "ceo@b\xe4nk.example",
		"<me@evil.example \"ceo\">", "<ceo@\"bank.example\">", "ceo@bank.example=?utf-8?q?=00?=", "a@b.example, c@d.example, e@f.example, g@h.example, i@j.example",
	};
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		if (clear(values[i]))
			fail_msg("let through: %s", values[i]);
}

static void an_author_behind_the_limits_is_not_clear(void **state)
{
	struct buf header = BUF_INIT(4 << 20);
	for (unsigned i = 0; i < MIME_FIELDS_MAX; i++)
		buf_append_str(&header, "X: y\r\n");
	assert_true(filter_author_clear(buf_slice(&header)));
	buf_append_str(&header, "From: ceo@bank.example\r\n\r\n");
	assert_false(filter_author_clear(buf_slice(&header)));
	buf_clear(&header);
	buf_append_str(&header, "From: (");
	for (unsigned i = 0; i < MIME_VALUE_MAX; i++)
		buf_append_byte(&header, i % 70 == 69 ? ' ' : 'x');
	buf_append_str(&header, ") ceo@bank.example\r\n\r\n");
	assert_false(filter_author_clear(buf_slice(&header)));
	buf_free(&header);
}

static void lines_that_are_none_are_refused(void **state)
{
	static const char *const headers[] = {
		" From: ceo@bank.example\r\nFrom: me@evil.example\r\n\r\n", "\t; dmarc=pass\r\nFrom: me@evil.example\r\n\r\n",
		"From: me@evil.example\r\nSubject: x\rFrom: ceo@bank.example\r\n\r\n", "From: me@evil.example\nSubject: x\r\n\r\n",
		"From: me@evil.example\r\n\n", "From: me@evil.example\r\nX: y\r\r\n\r\n",
	};
	struct filter_result ret = {0};
	for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
		if (filter_check_message(slice_str(headers[i]), &ret) || ret.code != 550)
			fail_msg("let through: %s", headers[i]);
	assert_true(filter_check_message(SLICE("From: me@evil.example\r\nSubject: x\r\n y\r\n\r\n"), &ret));
	assert_true(filter_check_message(SLICE("\r\n"), &ret));
	assert_true(filter_check_message(SLICE_NONE, &ret));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_people_write_is_clear),
		cmocka_unit_test(what_readers_would_read_differently_is_not),
		cmocka_unit_test(an_author_behind_the_limits_is_not_clear),
		cmocka_unit_test(lines_that_are_none_are_refused),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("author", tests, NULL, NULL);
}
