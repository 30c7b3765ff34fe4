/* Paths, domains, literals, xtext, the PROXY header, replies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "base/ensure.h"
#include "base/error.h"
#include "smtp/path.h"
#include "smtp/proxy.h"
#include "smtp/reply.h"
#include "smtp/xtext.h"

#define A10 "aaaaaaaaaa"
#define A63 A10 A10 A10 A10 A10 A10 "aaa"

static void paths(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned flags;
		int rc;
		const char *address, *local;
	} cases[] = {
		{"<a@b>", 0, 0, "a@b", "a"}, {"<>", SMTP_PATH_NULL, 0, "", ""}, {"<>", 0, ERR_INVALID, "", ""},
		{"<postMaster>", SMTP_PATH_POSTMASTER, 0, "postMaster", "postMaster"}, {"<postmaster>", 0, ERR_INVALID, "", ""},
		{"<root>", SMTP_PATH_POSTMASTER, ERR_INVALID, "", ""}, {"<\"a\\\"b\"@c>", 0, 0, "\"a\\\"b\"@c", "a\"b"},
		{"<\"\"@c>", 0, 0, "\"\"@c", ""}, {"<\"a@c>", 0, ERR_INVALID, "", ""}, {"<\"a\\\"@c>", 0, ERR_INVALID, "", ""},
		{"<\"a\nb\"@c>", 0, ERR_INVALID, "", ""}, {"<a.b.c@d.e>", 0, 0, "a.b.c@d.e", "a.b.c"}, {"<a.@b>", 0, ERR_INVALID, "", ""},
		{"<a b@c>", 0, ERR_INVALID, "", ""}, {"<a@b@c>", 0, ERR_INVALID, "", ""}, {"<a@b c>", 0, ERR_INVALID, "", ""},
		{"<@x,@y.z:a@b>", 0, 0, "a@b", "a"}, {"<@x:@y:a@b>", 0, ERR_INVALID, "", ""}, {"<@x,:a@b>", 0, ERR_INVALID, "", ""}, {"<@x a@b>", 0,
		 ERR_INVALID, "", ""},
		{"<a@[192.0.2.1]>", 0, 0, "a@[192.0.2.1]", "a"}, {"<a@[192.0.2]>", 0, ERR_INVALID, "", ""}, {"<a@[IPv6:::1]>", 0, 0, "a@[IPv6:::1]", "a"},
		{"<a@[2001:db8::1]>", 0, ERR_INVALID, "", ""}, {"<a@[1.2.3.4>", 0, ERR_INVALID, "", ""},
		{"<" A63 "a@b>", 0, 0, A63 "a@b", A63 "a"}, {"<" A63 "aa@b>", 0, ERR_LIMIT, "", ""},
		{"<a@" A63 ">", 0, 0, "a@" A63, "a"}, {"<a@a" A63 ">", 0, ERR_INVALID, "", ""},
		{"<a@" A63 "." A63 "." A63 "." A63 ".a>", 0, ERR_LIMIT, "", ""},
		{"<\xc3\xa4@b>", 0, ERR_UNSUPPORTED, "", ""}, {"<\xc3\xa4@\xc3\xa4>", SMTP_PATH_UTF8, 0, "\xc3\xa4@\xc3\xa4", "\xc3\xa4"}, {"<\xc3@b>",
		 SMTP_PATH_UTF8, ERR_INVALID, "", ""},
		{"a@b", 0, ERR_INVALID, "", ""}, {"<a@b", 0, ERR_INVALID, "", ""}, {"<", 0, ERR_INVALID, "", ""}, {"", 0, ERR_INVALID, "", ""},
		 {"<a@b..c>", 0, ERR_INVALID, "", ""},
		{"<a@b->", 0, ERR_INVALID, "", ""}, {"<a@_x.b>", 0, 0, "a@_x.b", "a"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct slice text = slice_str(cases[i].text);
		struct smtp_path path;
		struct buf local = BUF_INIT(1024);
		int rc = smtp_path_take(&text, cases[i].flags, &path);
		if (rc != cases[i].rc)
			fail_msg("%s: %d", cases[i].text, rc);
		if (rc == 0) {
			smtp_path_local(&path, &local);
			assert_int_equal(text.n, 0);
			assert_true(slice_eq(path.address, slice_str(cases[i].address)));
			assert_true(slice_eq(buf_slice(&local), slice_str(cases[i].local)));
		}
		buf_free(&local);
	}
}

static void xtext(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(100);
	xtext_encode(SLICE("a+b=c d\x01"), &b);
	assert_true(slice_eq(buf_slice(&b), SLICE("a+2Bb+3Dc+20d+01")));
	struct buf back = BUF_INIT(100);
	assert_int_equal(xtext_decode(buf_slice(&b), &back), 0);
	assert_true(slice_eq(buf_slice(&back), SLICE("a+b=c d\x01")));
	static const char *const bad[] = {"+", "+2", "+2b", "a=b", "a b", "+GG"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(xtext_valid(slice_str(bad[i])));
	assert_true(orcpt_valid(SLICE("rfc822;a@b"), false));
	assert_true(orcpt_valid(SLICE("utf-8;\xc3\xa4@b"), true));
	assert_false(orcpt_valid(SLICE("utf-8;\xc3\xa4@b"), false));
	assert_false(orcpt_valid(SLICE("rfc822;"), false));
	assert_false(orcpt_valid(SLICE("rfc822"), false));
	assert_false(orcpt_valid(SLICE(";a"), false));
	buf_free(&b);
	buf_free(&back);
}

static const uint8_t v2[] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21, 0x11, 0, 15,
                             192,  0,    2,    1,    10,   0,    0,    1,    0x30, 0x39, 0,    25,   4,    0,    0};

static void proxy_headers_that_we_write(void **state)
{
	(void)state;
	static const struct { const char *source, *destination; enum proxy_status status; const char *shown; size_t length; } cases[] = {
		{"192.0.2.1", "127.0.0.1", PROXY_CLIENT, "192.0.2.1", 28},
		{"2001:db8::1", "2001:db8::2", PROXY_CLIENT, "2001:db8::1", 52},
		{"2001:db8::1", "127.0.0.1", PROXY_CLIENT, "2001:db8::1", 52},
		{"192.0.2.1", "::1", PROXY_CLIENT, "::ffff:192.0.2.1", 52},
		{"", "127.0.0.1", PROXY_LOCAL, "", 16}, {"nonsense", "127.0.0.1", PROXY_LOCAL, "", 16},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf out = BUF_INIT(256);
		struct proxy_header h;
		proxy_header_write(slice_str(cases[i].source), slice_str(cases[i].destination), 2525, &out);
		assert_int_equal(proxy_header_parse(buf_slice(&out), &h), cases[i].status);
		assert_string_equal(h.source, cases[i].shown);
		assert_int_equal(h.length, cases[i].length);
		assert_int_equal(h.length, buf_len(&out));
		assert_int_equal(h.local_port, cases[i].status == PROXY_CLIENT ? 2525 : 0);
		buf_free(&out);
	}
}

static void proxy_headers(void **state)
{
	(void)state;
	static const struct { const char *text; enum proxy_status status; const char *source; unsigned port; } cases[] = {
		{"PROXY TCP4 192.0.2.1 10.0.0.1 12345 25\r\nEHLO", PROXY_CLIENT, "192.0.2.1", 12345},
		{"PROXY TCP6 2001:db8::1 ::1 1 2\r\n", PROXY_CLIENT, "2001:db8::1", 1},
		{"PROXY UNKNOWN\r\n", PROXY_LOCAL, "", 0}, {"PROXY UNKNOWN x y z\r\n", PROXY_LOCAL, "", 0},
		{"PROXY TCP4 2001:db8::1 ::1 1 2\r\n", PROXY_INVALID, "", 0}, {"PROXY TCP4 192.0.2.1 10.0.0.1 1\r\n", PROXY_INVALID, "", 0},
		{"PROXY TCP4 192.0.2.1 10.0.0.1 1 65536\r\n", PROXY_INVALID, "", 0}, {"PROXY TCP4 192.0.2.1 10.0.0.1 1 2 3\r\n", PROXY_INVALID, "", 0},
		{"EHLO x\r\n", PROXY_INVALID, "", 0}, {"PROX", PROXY_MORE, "", 0}, {"PROXY TCP4 1", PROXY_MORE, "", 0}, {"", PROXY_MORE, "", 0},
		{"PROXY UNKNOWN                                                                                                              \r\n",
		 PROXY_INVALID, "", 0},
	};
	struct proxy_header h;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(proxy_header_parse(slice_str(cases[i].text), &h), cases[i].status);
		if (cases[i].status != PROXY_CLIENT)
			continue;
		assert_string_equal(h.source, cases[i].source);
		assert_int_equal(h.source_port, cases[i].port);
		assert_memory_equal(cases[i].text + h.length - 2, "\r\n", 2);
	}
	for (size_t n = 0; n < sizeof v2; n++)
		assert_int_equal(proxy_header_parse(slice_make(v2, n), &h), PROXY_MORE);
	assert_int_equal(proxy_header_parse(slice_make(v2, sizeof v2), &h), PROXY_CLIENT);
	assert_string_equal(h.source, "192.0.2.1");
	assert_int_equal(h.source_port, 12345);
	assert_int_equal(h.local_port, 25);
	assert_int_equal(h.length, sizeof v2);
	uint8_t other[sizeof v2];
	memcpy(other, v2, sizeof v2);
	other[12] = 0x20;
	assert_int_equal(proxy_header_parse(slice_make(other, sizeof v2), &h), PROXY_LOCAL);
	other[12] = 0x31;
	assert_int_equal(proxy_header_parse(slice_make(other, sizeof v2), &h), PROXY_INVALID);
	memcpy(other, v2, sizeof v2);
	other[13] = 0x21; /* IPv6 needs more bytes */
	assert_int_equal(proxy_header_parse(slice_make(other, sizeof v2), &h), PROXY_INVALID);
}

static void replies_cannot_be_split_from_outside(void **state)
{
	(void)state;
	struct buf out = BUF_INIT(65536);
	smtp_reply_write(&out, &SMTP_REPLY(550, "5.1.1", "one\ntwo\r250 x"));
	assert_true(slice_eq(buf_slice(&out), SLICE("550-5.1.1 one\r\n550 5.1.1 two?250 x\r\n")));
	buf_clear(&out);
	smtp_reply_write(&out, &SMTP_REPLY(220, "", ""));
	assert_true(slice_eq(buf_slice(&out), SLICE("220 \r\n")));
	buf_free(&out);
}

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths), cmocka_unit_test(xtext), cmocka_unit_test(proxy_headers), cmocka_unit_test(proxy_headers_that_we_write), cmocka_unit_test(replies_cannot_be_split_from_outside),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
