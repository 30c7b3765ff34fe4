#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/ensure.h"
#include "policy/host.h"
#include "policy/links.h"
#include "policy/warm.h"

static struct arena arena = ARENA_INIT;

#define assert_text(got, wanted) assert_slice(got, slice_str(wanted), __LINE__)
static void assert_slice(struct slice got, struct slice wanted, int line)
{
	if (!slice_eq(got, wanted))
		fail_msg("line %d: \"%.*s\" is not \"%.*s\"", line, SLICE_ARG(got), SLICE_ARG(wanted));
}

static struct policy_url parsed(const char *text)
{
	struct policy_url url;
	assert_true(policy_url_parse(slice_str(text), &arena, &url));
	return url;
}

static void a_link_is_read_as_a_browser_reads_it(void **state)
{
	static const struct { const char *text, *host; } rows[] = {
		{"http://a.example/x", "a.example"}, {"HTTPS://A.Example:8080?q", "a.example"}, {"http:\\\\a.example\\x", "a.example"},
		{"https:a.example", "a.example"}, {"https:////a.example", "a.example"}, {" \thttps://a.exa\r\nmple/ ", "a.example"},
		{"//a.example/x", "a.example"}, {"http://bank.example@evil.example/", "evil.example"},
		{"http://bank.example%40x@evil.example", "evil.example"}, {"http://ex%61mple.test", "example.test"},
		{"http://ＥＸＡＭＰＬＥ。test", "example.test"}, {"http://例え.test", "xn--r8jz45g.test"}, {"http://a.example\\@b.example", "a.example"},
		{"http://a.example#@b.example", "a.example"}, {"http://a.example.", "a.example"}, {"ftp://files.example/x", "files.example"},
		{"http://[2001:db8::1]:80/", "2001:db8::1"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_text(parsed(rows[i].text).host, rows[i].host);
}

static void an_address_in_any_form_is_an_address(void **state)
{
	static const struct { const char *text; bool odd; } rows[] = {
		{"http://192.0.2.10/", false}, {"http://3221225994", true}, {"http://0xc000020a/", true}, {"http://0300.0.2.10/", true},
		{"http://192.0.522/", true}, {"http://192.0.2.0x0a/", true}, {"http://１９２.0.2.10/", true},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct policy_url url = parsed(rows[i].text);
		assert_true(url.is_ip);
		assert_text(url.host, "192.0.2.10");
		assert_int_equal(url.odd_ip, rows[i].odd);
	}
	assert_false(parsed("http://1.2.3.4.example/").is_ip);
	assert_false(parsed("http://1.2.3.256.5").is_ip);
}

static void what_has_no_scheme_is_no_link(void **state)
{
	struct policy_url url;
	(void)state;
	assert_false(policy_url_parse(SLICE("page.html"), &arena, &url));
	assert_false(policy_url_parse(SLICE("/page"), &arena, &url));
	assert_false(policy_url_parse(SLICE(""), &arena, &url));
	assert_text(parsed("javascript:alert(1)").scheme, "javascript");
	assert_text(parsed("java\nscript:x").scheme, "javascript");
	assert_int_equal(parsed("mailto:a@b.example").host.n, 0);
}

static void links_in_text_end_where_text_goes_on(void **state)
{
	static const struct { const char *text, *host, *rest; } rows[] = {
		{"see http://a.example/x, or", "a.example", "/x"}, {"(www.a.example)", "a.example", ""}, {"请访问http://a.example/x。谢谢", "a.example", "/x"},
		{"https://a.example/p请尽快", "a.example", "/p"}, {"<https://a.example/?a=1>", "a.example", "/?a=1"},
		{"http://例え.test、です", "xn--r8jz45g.test", ""},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice rest = slice_str(rows[i].text);
		struct policy_url url;
		assert_true(policy_url_next(&rest, &arena, &url));
		assert_true(slice_eq(url.host, slice_str(rows[i].host)) || slice_ends(url.host, slice_str(rows[i].host)));
		assert_text(url.rest, rows[i].rest);
		assert_false(policy_url_next(&rest, &arena, &url));
	}
}

static void only_what_looks_like_a_host_is_shown_as_one(void **state)
{
	(void)state;
	assert_text(policy_url_shown_host(SLICE("www.bank.example/login"), &arena), "www.bank.example");
	assert_text(policy_url_shown_host(SLICE(" https://Bank.example "), &arena), "bank.example");
	assert_text(policy_url_shown_host(SLICE("BANK.COM.CN"), &arena), "bank.com.cn");
	assert_text(policy_url_shown_host(SLICE("icbc.com.cn 登录"), &arena), "icbc.com.cn");
	static const char *const none[] = {"Click here", "report.pdf", "v1.0", "e.g.", "support@bank.example", "1.5", "", "Dr.Smith", "main.py"};
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_int_equal(policy_url_shown_host(slice_str(none[i]), &arena).n, 0);
}

static size_t scanned(const char *html, struct policy_url *urls, size_t max)
{
	size_t count = 0;
	links_scan(slice_str(html), &arena, urls, &count, max);
	return count;
}

static void anchors_keep_their_text(void **state)
{
	struct policy_url urls[8];
	(void)state;
	assert_int_equal(scanned("<p><A class=x HREF='http://evil.example/'><b>www.bank</b>.example</A> and <a href=https://b.example/q>two</a>",
		urls, 8), 2);
	assert_text(urls[0].host, "evil.example");
	assert_text(urls[0].text, "www.bank.example");
	assert_text(urls[1].text, "two");
	assert_int_equal(urls[0].kind, URL_ANCHOR);
}

static void hidden_targets_are_found(void **state)
{
	static const char *const rows[] = {
		"<a\nhref\n=\n\"http://evil.example\">x", "<a href=\"&#104;ttp&colon;&sol;&#x2f;evil.example\">x</a>",
		"<a/href=http://evil.example>x</a>", "<a title='>' href=http://evil.example>x</a>",
		"<!-- <a href=http://a.example> --><a href=http://evil.example>x</a>",
		"<script>'<a href=http://a.example>'</script><a href=http://evil.example>x</a>", "<a href=' \n http://evil.example '>x",
		"<base href=http://evil.example/><a href=login.html>x</a>", "<form action=http://evil.example><input></form>",
		"<area href=http://evil.example>", "<a href=http://evil.example href=http://a.example>", "<a x=\"1\"href=\"http://evil.example\">",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct policy_url urls[4];
		if (scanned(rows[i], urls, 4) != 1)
			fail_msg("row %zu", i);
		assert_text(urls[0].host, "evil.example");
	}
}

static void links_are_counted_up_to_their_limit(void **state)
{
	struct policy_url urls[2];
	(void)state;
	assert_int_equal(scanned("<a href=http://a.example>1<a href=http://b.example>2<a href=http://c.example>3", urls, 2), 2);
	assert_text(urls[0].text, "1");
	assert_text(urls[1].text, "2");
}

static void hosts_have_registered_domains(void **state)
{
	(void)state;
	assert_text(host_registered(SLICE("mail.a.co.uk")), "a.co.uk");
	assert_text(host_registered(SLICE("a.com.cn")), "a.com.cn");
	assert_text(host_registered(SLICE("x.y.example")), "y.example");
	assert_text(host_registered(SLICE("localhost")), "localhost");
	assert_text(host_registered(SLICE("evil.github.io")), "evil.github.io");
	assert_text(host_label(SLICE("mail.a.co.uk")), "a");
	assert_text(host_ending(SLICE("mail.a.co.uk")), "co.uk");
	assert_true(host_within(SLICE("a.b.example"), SLICE("b.example")));
	assert_false(host_within(SLICE("ab.example"), SLICE("b.example")));
	assert_text(host_unicode(SLICE("xn--r8jz45g.test"), &arena), "例え.test");
	assert_int_equal(host_ascii(SLICE("a b"), &arena).n, 0);
}

static int clean_up(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_is_read_as_a_browser_reads_it), cmocka_unit_test(an_address_in_any_form_is_an_address),
		cmocka_unit_test(what_has_no_scheme_is_no_link), cmocka_unit_test(links_in_text_end_where_text_goes_on),
		cmocka_unit_test(only_what_looks_like_a_host_is_shown_as_one), cmocka_unit_test(anchors_keep_their_text),
		cmocka_unit_test(hidden_targets_are_found), cmocka_unit_test(links_are_counted_up_to_their_limit),
			cmocka_unit_test(hosts_have_registered_domains),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	policy_warm();
	return cmocka_run_group_tests(tests, NULL, clean_up);
}
