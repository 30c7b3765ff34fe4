#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/ensure.h"
#include "base/error.h"
#include "mime/address.h"
#include "mime/date.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/param.h"

static struct arena arena;

static int teardown(void **state)
{
	arena_free(&arena);
	return 0;
}

static void check_slice(struct slice got, const char *want)
{
	char *text = arena_dup_str(&arena, got);

	assert_string_equal(text, want);
}

static void fields_are_taken_with_folding_and_odd_lines(void **state)
{
	struct slice rest = SLICE("From x Mon\r\nSubject: a\r\n b\r\nno colon here\r\nX-Old : y\nEmpty:\r\n\r\nbody: no\r\n");
	struct mime_field f;

	assert_true(mime_field_next(&rest, &f));
	check_slice(f.name, "Subject");
	check_slice(mime_unfold(&arena, f.value), "a b");
	check_slice(f.whole, "Subject: a\r\n b\r\n");
	assert_true(mime_field_next(&rest, &f));
	check_slice(f.name, "X-Old");
	check_slice(mime_unfold(&arena, f.value), "y");
	assert_true(mime_field_next(&rest, &f));
	check_slice(f.name, "Empty");
	assert_int_equal(f.value.n, 0);
	assert_false(mime_field_next(&rest, &f));
	check_slice(rest, "body: no\r\n");
}

static void header_length_includes_the_empty_line(void **state)
{
	assert_int_equal(mime_header_length(SLICE("A: b\r\n\r\nx")), 8);
	assert_int_equal(mime_header_length(SLICE("A: b\n\nx")), 6);
	assert_int_equal(mime_header_length(SLICE("\r\nx")), 2);
	assert_int_equal(mime_header_length(SLICE("A: b")), 4);
	assert_int_equal(mime_header_length(SLICE_NONE), 0);
}

/* "name|mailbox|host" of each address, groups as "(mailbox" and ")". */
static void check_addresses(const char *value, const char *want)
{
	struct buf out = BUF_INIT(100000);

	for (struct mime_address *a = mime_address_parse(slice_str(value), &arena); a != NULL; a = a->next) {
		if (!a->has_mailbox)
			buf_append_str(&out, ")");
		else if (!a->has_host)
			buf_printf(&out, "(%.*s", SLICE_ARG(a->mailbox));
		else
			buf_printf(&out, "%.*s|%.*s|%.*s", SLICE_ARG(a->name), SLICE_ARG(a->mailbox), SLICE_ARG(a->host));
		buf_append_str(&out, ";");
	}
	check_slice(buf_slice(&out), want);
	buf_free(&out);
}

static void addresses_in_every_form(void **state)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
		{"a@b.c", "|a|b.c;"},
		{"Ann Lee <ann@example.org>, bob@x", "Ann Lee|ann|example.org;|bob|x;"},
		{"\"Lee, Ann\" <ann@example.org>", "Lee, Ann|ann|example.org;"},
		{"ann@example.org (Ann Lee)", "Ann Lee|ann|example.org;"},
		{"Friends: a@b, C <c@d>; e@f", "(Friends;|a|b;C|c|d;);|e|f;"},
		{"undisclosed-recipients:;", "(undisclosed-recipients;);"},
		{"A: B: c@d;", "(A;);(B;|c|d;);"},
		{"<@r1,@r2:x@y>", "|x|y;"},
		{"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", "Pete|pete|silly.test;"},
		{"\"a b\"@c", "|a b|c;"},
		{"\"q\\\"uote\" <q@x>", "q\"uote|q|x;"},
		{"x@[IPv6:2001:db8::1]", "|x|[IPv6:2001:db8::1];"},
		{"x@[192.0.2.1], y@z", "|x|[192.0.2.1];|y|z;"},
		{"john . doe @ example . org", "|john.doe|example.org;"},
		{"ann@example.org <ann@example.org>", "ann@example.org|ann|example.org;"},
		{"broken", "|broken|;"},
		{"", ""},
		{",,,", ""},
		{"<>", "||;"},
		{"=?utf-8?B?5byg5LiJ?= <zhang@x>", "=?utf-8?B?5byg5LiJ?=|zhang|x;"},
		{"\xe5\xbc\xa0 <z@\xe4\xbe\x8b>", "\xe5\xbc\xa0|z|\xe4\xbe\x8b;"},
		{"a@b <c@d", "a@b|c|d;"},
		{"\"unterminated <a@b>", "|unterminated <a@b>|;"},
		{"A <a@b>\r\n ,B <c@d>", "A|a|b;B|c|d;"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_addresses(cases[i].value, cases[i].want);
}

static void one_address_is_normalised(void **state)
{
	struct slice local, domain;

	assert_int_equal(mime_addrspec_split(SLICE("Ann@Example.ORG"), &arena, &local, &domain), 0);
	check_slice(local, "Ann");
	check_slice(domain, "example.org");
	assert_int_equal(mime_addrspec_split(SLICE("\"a b\"@x"), &arena, &local, &domain), 0);
	check_slice(local, "a b");
	static const char *const bad[] = {"", "a", "@b", "a@", "a..b@c", ".a@b", "a.@b", "a@b..c", "a b@c", "a@b c", "\"a@b", "a@-b", "a@b.", "\"\"@b"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(mime_addrspec_split(slice_str(bad[i]), &arena, &local, &domain), ERR_INVALID);
	/* A NUL byte hides nothing that follows. */
	assert_int_equal(mime_address_spec(mime_address_parse(SLICE("\"a\0b\"@x"), &arena), &arena).n, 7);
	check_slice(mime_address_spec(mime_address_parse(SLICE("\"a b\"@X.Y"), &arena), &arena), "\"a b\"@x.y");
}

static void dates_in_every_form(void **state)
{
	static const struct {
		const char *text;
		int64_t unix_time;
	} cases[] = {
		{"Fri, 21 Nov 1997 09:55:06 -0600", 880127706},
		{"21 Nov 97 09:55:06 GMT", 880106106},
		{"Tue, 1 Jul 2003 10:52:37 +0200", 1057049557},
		{"Thu,\r\n 13\r\n Feb\r\n 1969\r\n 23:32\r\n -0330 (Newfoundland Time)", -27723480},
		{"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", 880127706},
		{"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
		{"6 Nov 94 08:49 EST", 784129740},
		{"6 Nov 049 08:49:37 Z", -635958623},
		{"Thu, 29 Feb 2024 23:59:60 +0000", 1709251200},
		{"1 Jan 2000", 946684800},
		{"Sat, 1-Jan-2000 00:00:00 +0000", 946684800},
	};
	static const char *const bad[] = {"", "yesterday", "32 Jan 2000 00:00", "1 Foo 2000", "1 Jan", "1 Jan 2000 25:00", "1 Jan 2000 1:60"};
	int64_t got;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(mime_date_parse(slice_str(cases[i].text), &got), 0);
		assert_int_equal(got, cases[i].unix_time);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(mime_date_parse(slice_str(bad[i]), &got), ERR_INVALID);
}

static void a_formatted_date_parses_to_itself(void **state)
{
	for (int64_t t = 0; t < INT64_C(5000000000); t += 123456789) {
		struct buf out = BUF_INIT(100);
		int64_t got = -1;

		mime_date_format(t, &out);
		assert_int_equal(mime_date_parse(buf_slice(&out), &got), 0);
		assert_int_equal(got, t);
		buf_free(&out);
	}
}

static void encoded_words_are_decoded(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{"plain", "plain"},
		{"=?iso-8859-1?q?this=20is=20some=20text?=", "this is some text"},
		{"=?ISO-8859-1?Q?Andr=E9?= Pirard", "Andr\xc3\xa9 Pirard"},
		{"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"},
		{"=?ISO-8859-1?Q?a?=\r\n\t=?ISO-8859-2?Q?_b?= c", "a b c"},
		{"=?utf-8?B?5Lit5Zu9?=", "\xe4\xb8\xad\xe5\x9b\xbd"},
		{"=?utf-8?B?5Lg=?= =?utf-8?B?reWbvQ==?=", "\xe4\xb8\xad\xe5\x9b\xbd"},
		{"=?gb2312?B?1tC5+g==?=", "\xe4\xb8\xad\xe5\x9b\xbd"},
		{"=?gbk?Q?=D6=D0?=", "\xe4\xb8\xad"},
		{"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "\xe6\x97\xa5\xe6\x9c\xac"},
		{"=?big5?B?pKSk5Q==?=", "\xe4\xb8\xad\xe6\x96\x87"},
		{"=?euc-kr?B?x9GxuQ==?=", "\xed\x95\x9c\xea\xb5\xad"},
		{"=?utf-8*en?Q?x?=", "x"},
		{"=?unknown-thing?Q?=e9?=", "\xc3\xa9"},
		{"=?utf-8?Q?a", "=?utf-8?Q?a"},
		{"=?utf-8?X?a?=", "=?utf-8?X?a?="},
		{"=?", "=?"},
		{"a =?utf-8?Q?=0D=0AX:_y?= b", "a X: y b"},
		{"caf\xe9", "caf\xc3\xa9"},
		{"caf\xc3\xa9", "caf\xc3\xa9"},
		{"=?utf-8?Q?with space?=", "with space"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_slice(mime_words_decode_arena(slice_str(cases[i].in), &arena), cases[i].want);
}

static void encoding_words_round_trips(void **state)
{
	static const char *const texts[] = {
		"plain", "a \"quoted\" one",
		/* long enough for several words */
		"中文邮件中文邮件中文邮件中文邮件中文邮件中文邮件",
		"not =?an?Q?encoded?= word",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct buf out = BUF_INIT(10000);
		struct slice rest, word;

		mime_words_encode(slice_str(texts[i]), false, &out);
		rest = buf_slice(&out);
		while (slice_starts(rest, SLICE("=?")) && slice_split(&rest, ' ', &word))
			assert_true(word.n <= 75);
		check_slice(mime_words_decode_arena(buf_slice(&out), &arena), texts[i]);
		buf_free(&out);
	}
}

static void check_params(const char *value, const char *want_value, const char *want_params)
{
	struct buf out = BUF_INIT(100000);
	struct slice got;
	struct mime_param *params;

	mime_param_parse(slice_str(value), &arena, &got, &params);
	for (; params != NULL; params = params->next)
		buf_printf(&out, "%.*s=%.*s;", SLICE_ARG(params->name), SLICE_ARG(params->value));
	check_slice(got, want_value);
	check_slice(buf_slice(&out), want_params);
	buf_free(&out);
}

static void parameters_in_every_form(void **state)
{
	check_params("Text/Plain; Charset=\"UTF-8\"; x=y", "text/plain", "charset=UTF-8;x=y;");
	check_params("a/b", "a/b", "");
	check_params("", "", "");
	check_params("a/b; name*=utf-8''%e4%b8%ad.txt", "a/b", "name=\xe4\xb8\xad.txt;");
	check_params("a/b; n*0*=us-ascii'en'This%20is; n*1*=%20even; n*2=\" more\"", "a/b", "n=This is even more;");
	check_params("a/b; n*1=two; n*0=one", "a/b", "n=onetwo;");
	check_params("a/b; n*0=one; n*2=three", "a/b", "n=one;");
	check_params("a/b; filename=old.txt; filename*=utf-8''new.txt", "a/b", "filename=new.txt;");
	check_params("a/b; name=with blanks.txt ; y", "a/b", "name=with blanks.txt;");
	check_params("a/b (comment); c=d (another)", "a/b", "c=d;");
	check_params("a/b; c=\"e\\\"s;c\"; d=1", "a/b", "c=e\"s;c;d=1;");
	check_params("a/b; =x; ;; c=d", "a/b", "c=d;");
	check_params("a/b; c=1; C=2", "a/b", "c=1;");
	check_params("a/b; name*=gb2312'zh'%d6%d0", "a/b", "name=\xe4\xb8\xad;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(fields_are_taken_with_folding_and_odd_lines, teardown),
		cmocka_unit_test_teardown(header_length_includes_the_empty_line, teardown),
		cmocka_unit_test_teardown(addresses_in_every_form, teardown),
		cmocka_unit_test_teardown(one_address_is_normalised, teardown),
		cmocka_unit_test_teardown(dates_in_every_form, teardown),
		cmocka_unit_test_teardown(a_formatted_date_parses_to_itself, teardown),
		cmocka_unit_test_teardown(encoded_words_are_decoded, teardown),
		cmocka_unit_test_teardown(encoding_words_round_trips, teardown),
		cmocka_unit_test_teardown(parameters_in_every_form, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("mime_fields", tests, NULL, NULL);
}
