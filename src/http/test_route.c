/* Which row takes a request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/ensure.h"
#include "http/route.h"

struct row {
	struct http_route match;
	int number;
};

static const struct row rows[] = {
	{{.host = "mta-sts.", .path = "/policy", .methods = HTTP_METHODS(GET)}, 0},
	{{.host = "", .path = "/policy", .methods = HTTP_METHODS(POST)}, 1},
	{{.host = "", .path = "/Case", .methods = HTTP_METHODS(GET), .any_case = true}, 2},
	{{.host = "mail.example.org", .path = "/own", .methods = HTTP_METHODS(GET) | HTTP_METHODS(DELETE)}, 3},
	{{.host = "", .path = "/below/*", .methods = HTTP_METHODS(GET)}, 4},
};

static void expect(const char *host, const char *path, enum http_method method, enum http_route_result want, int number, const char *allow)
{
	char allowed[HTTP_ALLOW_MAX] = "";
	size_t at = 99;

	assert_int_equal(http_route_find(rows, ARRAY_LEN(rows), sizeof rows[0], slice_str(host), slice_str(path), method, &at, allowed), want);
	if (want == HTTP_ROUTE_FOUND)
		assert_int_equal(rows[at].number, number);
	else
		assert_string_equal(allowed, allow);
}

static void host_path_and_method_choose(void **state)
{
	expect("mta-sts.example.org", "/policy", HTTP_METHOD_GET, HTTP_ROUTE_FOUND, 0, "");
	expect("mta-sts.example.org", "/policy", HTTP_METHOD_HEAD, HTTP_ROUTE_FOUND, 0, "");
	expect("mta-sts.example.org", "/policy", HTTP_METHOD_POST, HTTP_ROUTE_FOUND, 1, "");
	expect("example.org", "/policy", HTTP_METHOD_GET, HTTP_ROUTE_METHOD, 0, "POST, OPTIONS");
	expect("mta-sts.", "/policy", HTTP_METHOD_GET, HTTP_ROUTE_METHOD, 0, "POST, OPTIONS");
	expect("MAIL.example.org", "/own", HTTP_METHOD_DELETE, HTTP_ROUTE_FOUND, 3, "");
	expect("mail.example.org", "/own", HTTP_METHOD_OPTIONS, HTTP_ROUTE_OPTIONS, 0, "GET, HEAD, DELETE, OPTIONS");
	expect("mail.example.org.evil", "/own", HTTP_METHOD_GET, HTTP_ROUTE_NOTHING, 0, "");
}

static void paths_are_exact_unless_said(void **state)
{
	expect("a", "/cASE", HTTP_METHOD_GET, HTTP_ROUTE_FOUND, 2, "");
	expect("a", "/POLICY", HTTP_METHOD_POST, HTTP_ROUTE_NOTHING, 0, "");
	expect("a", "/policy/", HTTP_METHOD_POST, HTTP_ROUTE_NOTHING, 0, "");
	expect("a", "/below/", HTTP_METHOD_GET, HTTP_ROUTE_FOUND, 4, "");
	expect("a", "/below/any/where", HTTP_METHOD_GET, HTTP_ROUTE_FOUND, 4, "");
	expect("a", "/below", HTTP_METHOD_GET, HTTP_ROUTE_NOTHING, 0, "");
	expect("a", "/belowother", HTTP_METHOD_GET, HTTP_ROUTE_NOTHING, 0, "");
	expect("a", "", HTTP_METHOD_GET, HTTP_ROUTE_NOTHING, 0, "");
}

static void ports_are_no_part_of_a_name(void **state)
{
	assert_true(slice_eq(http_host_name(SLICE("a.example:8443")), SLICE("a.example")));
	assert_true(slice_eq(http_host_name(SLICE("[::1]:443")), SLICE("[::1]")));
	assert_true(slice_eq(http_host_name(SLICE("[::1]")), SLICE("[::1]")));
	assert_true(slice_eq(http_host_name(SLICE("")), SLICE("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_path_and_method_choose), cmocka_unit_test(paths_are_exact_unless_said), cmocka_unit_test(ports_are_no_part_of_a_name),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
