/* URLs, queries, cookies, problems, dates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/ensure.h"
#include "http/cookie.h"
#include "http/problem.h"
#include "http/url.h"

static void same(struct buf *have, const char *want)
{
	if (!slice_eq(buf_slice(have), slice_str(want)))
		fail_msg("\n%.*s\ninstead of\n%s", SLICE_ARG(buf_slice(have)), want);
	buf_clear(have);
}

static void test_urls(void **state)
{
	static const struct {
		const char *text, *host, *path;
		unsigned port;
	} good[] = {
		{"https://idp.example/.well-known/openid-configuration", "idp.example", "/.well-known/openid-configuration", 443},
		{"http://h", "h", "", 80}, {"HTTPS://h:8443?q=1", "h", "?q=1", 8443}, {"https://[2001:db8::1]:9/x", "2001:db8::1", "/x", 9},
		{"https://h:/", "h", "/", 443},
	};
	static const char *const bad[] = {
		"", "h", "//h/", "ftp://h/", "https://", "https:///x", "https://u:p@h/",
		"https://h:0/", "https://h:65536/", "https://h/ x", "https://h/#f",
		"https://h\\@g/", "https://[::1/", "https://[g]/", "https://[::1]x/", "https://h:80:80/", "https://\xc3\xa4/", "https://h/\r\n",
	};
	struct http_url url;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(http_url_parse(slice_str(good[i].text), &url), 0);
		assert_true(slice_eq(url.host, slice_str(good[i].host)));
		assert_true(slice_eq(url.path, slice_str(good[i].path)));
		assert_int_equal(url.port, good[i].port);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (http_url_parse(slice_str(bad[i]), &url) == 0)
			fail_msg("%s was taken", bad[i]);
}

static void test_paths(void **state)
{
	static const char *const bad[] = {
		"/a%2fb", "/%2F", "/..", "/a/../b", "/%2e%2e/x", "/.", "/%", "/%4", "/%zz", "/%00", "/%0d%0a", "/%ff", "/%7f",
	};
	struct buf out = BUF_INIT(100);

	assert_int_equal(http_path_decode(SLICE("/a%20b/%E4%B8%AD.."), &out), 0);
	same(&out, "/a b/中..");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (http_path_decode(slice_str(bad[i]), &out) == 0)
			fail_msg("%s was taken", bad[i]);
		buf_clear(&out);
	}
	buf_free(&out);
}

static void test_queries(void **state)
{
	struct slice query = SLICE("a=b+c&&x%3D=%26&only&=v");
	struct buf name = BUF_INIT(20), value = BUF_INIT(20), all = BUF_INIT(200);

	while (http_query_next(&query, &name, &value) == 1)
		buf_printf(&all, "[%.*s][%.*s]", SLICE_ARG(buf_slice(&name)), SLICE_ARG(buf_slice(&value)));
	same(&all, "[a][b c][x=][&][only][][][v]");
	query = SLICE("a=%f");
	assert_true(http_query_next(&query, &name, &value) < 0);
	query = SLICE("a=0123456789012345678901234567890");
	assert_true(http_query_next(&query, &name, &value) < 0);
	http_percent_encode(SLICE("a b/ä~"), &all);
	same(&all, "a%20b%2F%C3%A4~");
	buf_free(&name);
	buf_free(&value);
	buf_free(&all);
}

static void test_cookies(void **state)
{
	static const struct http_field fields[] = {HTTP_FIELD("Cookie", "a=1; b=2"), HTTP_FIELD("X", "c=9"), HTTP_FIELD("cookie", "c = 3 ;a=4")};
	struct buf out = BUF_INIT(200);

	assert_true(slice_eq(http_cookie_get(fields, 3, SLICE("a")), SLICE("1")));
	assert_true(slice_eq(http_cookie_get(fields, 3, SLICE("c")), SLICE("3")));
	assert_int_equal(http_cookie_get(fields, 3, SLICE("d")).n, 0);
	assert_int_equal(http_cookie_set(&out, SLICE("__Host-s"), SLICE("v"), 60), 0);
	same(&out, "__Host-s=v; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=60");
	assert_true(http_cookie_set(&out, SLICE("a"), SLICE("v;Domain=x"), 60) < 0);
	assert_true(http_cookie_set(&out, SLICE("a b"), SLICE("v"), 60) < 0);
	buf_free(&out);
}

static void test_problems(void **state)
{
	struct buf out = BUF_INIT(500);

	http_problem(&out, &(struct http_problem){.status = 404, .code = SLICE("not_found"), .detail = SLICE("a \"b\"\n\xff"),
		.cid = SLICE("g1")});
	same(&out, "{\"title\":\"Not Found\",\"status\":404,\"code\":\"not_found\",\"detail\":\"a \\\"b\\\"\\u000a\xef\xbf\xbd\",\"cid\":\"g1\"}");
	buf_free(&out);
}

static void test_fields(void **state)
{
	static const struct http_field fields[] = {HTTP_FIELD("Accept", "a/b, Gzip"), HTTP_FIELD("ACCEPT", "c")};
	struct buf out = BUF_INIT(100);

	assert_true(http_field_lists(fields, 2, SLICE("accept"), SLICE("gzip")));
	assert_true(http_field_lists(fields, 2, SLICE("accept"), SLICE("c")));
	assert_false(http_field_lists(fields, 2, SLICE("accept"), SLICE("a")));
	assert_int_equal(http_field_count(fields, 2, SLICE("accept")), 2);
	http_date_put(&out, 784111777);
	same(&out, "Sun, 06 Nov 1994 08:49:37 GMT");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls), cmocka_unit_test(test_paths), cmocka_unit_test(test_queries), cmocka_unit_test(test_cookies),
		cmocka_unit_test(test_problems), cmocka_unit_test(test_fields),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
