#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/ensure.h"
#include "conf/config.h"

static struct config *parse(const char *yaml, struct config_problems *problems)
{
	return config_parse(slice_str(yaml), SLICE("t.yaml"), problems);
}

static void assert_problem(const char *yaml, const char *expected)
{
	struct config_problems problems = {0};
	assert_null(parse(yaml, &problems));
	bool found = false;
	for (size_t i = 0; i < problems.count; i++)
		found |= slice_search(problems.items[i].text, slice_str(expected)) >= 0;
	if (!found)
		print_error("expected \"%s\", got \"%.*s\"\n", expected, SLICE_ARG(problems.items[0].text));
	assert_true(found);
	config_problems_free(&problems);
}

static const char full[] =
	"# comment\n"
	"hostname: mx.example.test\n"
	"data_dir: /srv/mail\n"
	"message_size: 30MiB\n"
	"listen:\n  - smtp 0.0.0.0:25\n  - imap [::1]:143\n"
	"limits:\n  idle: 45m\n  recipients: 500\n"
	"relay:\n  retry: [20s, 1m]\n  routes: [\"example.org [192.0.2.1]:2525\"]\n"
	"dns: {zone: /tmp/zone, offline: yes}\n";

static void values_of_every_type_are_read(void **state)
{
	struct config_problems problems = {0};
	struct config *c = parse(full, &problems);
	assert_non_null(c);
	assert_true(slice_eq(c->hostname, SLICE("mx.example.test")));
	assert_string_equal((const char *)c->data_dir.p, "/srv/mail");
	assert_int_equal(c->message_size, 30 << 20);
	assert_int_equal(c->listen.count, 2);
	assert_true(slice_eq(c->listen.items[1].service, SLICE("imap")));
	assert_true(slice_eq(c->listen.items[1].address, SLICE("::1")));
	assert_int_equal(c->listen.items[1].port, 143);
	assert_int_equal(c->limits_idle, 45 * 60000);
	assert_int_equal(c->relay_retry.count, 2);
	assert_true(slice_eq(c->relay_routes.items[0].host, SLICE("192.0.2.1")));
	assert_int_equal(c->relay_routes.items[0].port, 2525);
	assert_true(c->dns_offline);
	assert_int_equal(c->limits_smtp_idle, 5 * 60000);
	config_free(&c);
	config_problems_free(&problems);
}

static void every_bad_entry_of_a_list_is_named_at_its_line(void **state)
{
	static const char yaml[] = "hostname: a\nlisten:\n  - ftp 0.0.0.0:21\n  - smtp 0.0.0.0:25\n  - imap\n  - pop 1.2.3.4:5\n";
	assert_problem(yaml, "t.yaml:3:5: listen: \"ftp\" is none of");
	assert_problem(yaml, "t.yaml:5:5: listen: \"imap\" is not like");
	assert_problem(yaml, "t.yaml:6:5: listen: \"pop\" is none of");
	assert_problem("relay: {retry: [1m, x, 5m, 1ms]}\n", "\"x\" is not a duration");
	assert_problem("relay: {retry: [1m, x, 5m, 1ms]}\n", "\"1ms\" is not a duration");
}

static void every_mistake_has_its_place_and_a_suggestion(void **state)
{
	assert_problem("hostname: a\nmesage_size: 1MiB\n", "t.yaml:2:1: mesage_size: no such option; did you mean message_size?");
	assert_problem("limits:\n  idle: soon\n", "t.yaml:2:9: limits.idle: \"soon\" is not a duration");
	assert_problem("limits:\n  idel: 30m\n", "did you mean limits.idle?");
	assert_problem("data_dir: relative\n", "not an absolute path");
	assert_problem("workers: {mx: 0}\n", "the least is 1");
	assert_problem("workers: {mx: 1000}\n", "the most is 64");
	assert_problem("sandbox: off\n", "none of: enforce best-effort");
	assert_problem("hostname: a\nhostname: b\n", "t.yaml:2:1: hostname: given twice");
	assert_problem("hostname: [a, b]\n", "not a list");
	assert_problem("hostname: {a: b}\n", "not a mapping");
	assert_problem("limits: 5\n", "options are expected below it");
	assert_problem("listen: [imap]\n", "is not like");
	assert_problem("listen: [ftp 0.0.0.0:21]\n", "\"ftp\" is none of");
	assert_problem("listen: [\"imap ::1:143\"]\n", "is not like");
	assert_problem("dns: {offline: maybe}\n", "neither yes nor no");
	assert_problem("a: &x 1\nb: *x\n", "anchors are not supported");
	assert_problem("hostname: \"unclosed\n", "t.yaml:");
	assert_problem("- a\n", "is expected");
}

static void all_mistakes_come_at_once(void **state)
{
	struct config_problems problems = {0};
	assert_null(parse("mesage_size: 1\nlimits:\n  idle: soon\nsandbox: no\nquota: big\n", &problems));
	assert_int_equal(problems.count, 4);
	config_problems_free(&problems);
}

static void what_belongs_together_is_checked(void **state)
{
	assert_problem("listen: [smtp 0.0.0.0:25]\n", "hostname: is needed");
	assert_problem("hostname: a\nlisten: [imaps 0.0.0.0:993]\n", "imaps needs tls.certificate");
	assert_problem("tls: {key: /k}\n", "needed together");
	assert_problem("dns: {offline: yes}\n", "needs dns.zone");
}

static void the_image_carries_everything(void **state)
{
	struct config_problems problems = {0};
	struct buf image = BUF_INIT(1 << 20), again = BUF_INIT(1 << 20), differences = BUF_INIT(4096);
	struct config *c = parse(full, &problems), *copy;
	config_encode(c, &image);
	copy = config_decode(buf_slice(&image), NULL);
	assert_non_null(copy);
	config_encode(copy, &again);
	assert_true(slice_eq(buf_slice(&image), buf_slice(&again)));
	config_needs_restart(c, copy, &differences);
	assert_int_equal(buf_len(&differences), 0);
	assert_null(config_decode(slice_sub(buf_slice(&image), 0, buf_len(&image) - 1), NULL));
	config_free(&c);
	config_free(&copy);
	buf_free(&image);
	buf_free(&again);
	buf_free(&differences);
	config_problems_free(&problems);
}

static void differences_that_need_a_restart_are_named(void **state)
{
	struct buf names = BUF_INIT(4096);
	struct config *a = config_default(), *b = config_default();
	assert_int_equal(config_set(b, SLICE("workers.mx"), SLICE("3"), NULL), 0);
	assert_int_equal(config_set(b, SLICE("user"), SLICE("mail"), NULL), 0);
	assert_int_equal(config_set(b, SLICE("quota"), SLICE("1GiB"), NULL), 0);
	config_needs_restart(a, b, &names);
	assert_true(slice_eq(buf_slice(&names), SLICE("user, workers.mx")));
	buf_free(&names);
	config_free(&a);
	config_free(&b);
}

static void the_description_parses_to_the_defaults(void **state)
{
	struct buf text = BUF_INIT(1 << 20), names = BUF_INIT(4096), one = BUF_INIT(1 << 20), two = BUF_INIT(1 << 20);
	struct config_problems problems = {0};
	config_describe(&text);
	struct config *c = config_parse(buf_slice(&text), SLICE_NONE, &problems), *d = config_default();
	if (c == NULL)
		print_error("%.*s\n", SLICE_ARG(problems.items[0].text));
	assert_non_null(c);
	config_encode(c, &one);
	config_encode(d, &two);
	assert_true(slice_eq(buf_slice(&one), buf_slice(&two)));
	buf_free(&text);
	buf_free(&names);
	buf_free(&one);
	buf_free(&two);
	config_free(&c);
	config_free(&d);
	config_problems_free(&problems);
}

static void sizes_and_durations(void **state)
{
	uint64_t n;
	int64_t ms;
	assert_int_equal(config_parse_size(SLICE("25MiB"), &n), 0);
	assert_int_equal(n, 25 << 20);
	assert_int_equal(config_parse_size(SLICE("1GB"), &n), 0);
	assert_int_equal(n, 1000000000);
	assert_int_equal(config_parse_size(SLICE("9999999999TiB"), &n), -1);
	assert_int_equal(config_parse_size(SLICE("MiB"), &n), -1);
	assert_int_equal(config_parse_size(SLICE("-1"), &n), -1);
	assert_int_equal(config_parse_duration(SLICE("10m"), &ms), 0);
	assert_int_equal(ms, 600000);
	assert_int_equal(config_parse_duration(SLICE("10"), &ms), -1);
	assert_int_equal(config_parse_duration(SLICE("0"), &ms), 0);
}

static void hosts_and_ports(void **state)
{
	struct slice host;
	uint16_t port;
	assert_int_equal(config_parse_host_port(SLICE("[2001:db8::1]:25"), &host, &port), 0);
	assert_true(slice_eq(host, SLICE("2001:db8::1")));
	assert_int_equal(port, 25);
	assert_int_equal(config_parse_host_port(SLICE("mx.example.org:2525"), &host, &port), 0);
	assert_int_equal(config_parse_host_port(SLICE("mx.example.org"), &host, &port), -1);
	assert_int_equal(config_parse_host_port(SLICE("mx:0"), &host, &port), -1);
	assert_int_equal(config_parse_host_port(SLICE("mx:65536"), &host, &port), -1);
	assert_int_equal(config_parse_host_port(SLICE("[]:25"), &host, &port), -1);
}

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_every_type_are_read),
		cmocka_unit_test(every_bad_entry_of_a_list_is_named_at_its_line), cmocka_unit_test(every_mistake_has_its_place_and_a_suggestion),
		cmocka_unit_test(all_mistakes_come_at_once),
		cmocka_unit_test(what_belongs_together_is_checked),
		cmocka_unit_test(the_image_carries_everything),
		cmocka_unit_test(differences_that_need_a_restart_are_named),
		cmocka_unit_test(the_description_parses_to_the_defaults),
		cmocka_unit_test(sizes_and_durations),
		cmocka_unit_test(hosts_and_ports),
	};
	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
