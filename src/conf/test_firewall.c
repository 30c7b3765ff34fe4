#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "conf/firewall.h"

static struct config *config_of(const char *listen, const char *allow)
{
	struct config *c = config_default();
	struct error err = {0};
	assert_int_equal(config_set(c, SLICE("listen"), slice_str(listen), &err), 0);
	if (allow[0] != '\0')
		assert_int_equal(config_set(c, SLICE("management.allow"), slice_str(allow), &err), 0);
	return c;
}

static bool has(struct buf *out, const char *text)
{
	return slice_search(buf_slice(out), slice_str(text)) >= 0;
}

static void test_the_file_has_what_listens_and_nothing_else(void **state)
{
	struct config *c = config_of("smtp 0.0.0.0:25, imaps [::]:993, submissions 192.0.2.1:465, pop3s 127.0.0.1:995, management [2001:db8::1]:444",
		"198.51.100.0/24 2001:db8:7::/48");
	struct buf out = BUF_INIT(65536);
	firewall_print(c, &out);
	assert_true(has(&out, "policy drop"));
	assert_true(has(&out, "meta nfproto ipv4 tcp dport 25 accept comment \"smtp\""));
	assert_false(has(&out, "meta nfproto ipv6 tcp dport 25 "));
	assert_true(has(&out, "meta nfproto ipv4 tcp dport 993 accept"));
	assert_true(has(&out, "meta nfproto ipv6 tcp dport 993 accept"));
	assert_true(has(&out, "ip daddr 192.0.2.1 tcp dport 465 accept"));
	assert_false(has(&out, "dport 995"));
	assert_true(has(&out, "ip6 daddr 2001:db8::1 ip6 saddr @management6 tcp dport 444 accept"));
	assert_true(has(&out, "elements = { 198.51.100.0/24 }"));
	assert_true(has(&out, "elements = { 2001:db8:7::/48 }"));
	buf_free(&out);
	config_free(&c);
}

static void test_without_a_list_management_is_open(void **state)
{
	struct config *c = config_of("management 192.0.2.1:444", "");
	struct buf out = BUF_INIT(65536);
	firewall_print(c, &out);
	assert_true(has(&out, "ip daddr 192.0.2.1 tcp dport 444 accept"));
	assert_false(has(&out, "elements"));
	buf_free(&out);
	config_free(&c);
}

struct seen { unsigned silent, foreign; char last[100]; };

static void see(void *arg, enum firewall_finding finding, struct slice where)
{
	struct seen *s = arg;
	s->silent += finding == FIREWALL_SILENT;
	s->foreign += finding == FIREWALL_FOREIGN;
	assert_true(where.n < sizeof s->last);
	memcpy(s->last, where.p, where.n);
	s->last[where.n] = '\0';
}

static const char head[] = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
/* 127.0.0.1:3306, 0.0.0.0:25, 192.0.2.1:8080 listening; 192.0.2.1:993 connected */
static const char tcp4[] = "   0: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1\n"
	"   1: 00000000:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1\n"
	"   2: 010200C0:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1\n"
	"   3: 010200C0:03E1 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 1 1\n";
/* [::]:993 */
static const char tcp6[] = "   0: 00000000000000000000000000000000:03E1 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0\n";

static void test_what_listens_is_compared_with_the_table(void **state)
{
	struct config *c = config_of("smtp 0.0.0.0:25, imaps 192.0.2.1:993, pop3s 192.0.2.1:995", "");
	struct seen s = {0};
	struct buf both = BUF_INIT(4096);
	buf_append_str(&both, head);
	buf_append_str(&both, tcp4);
	firewall_compare(c, buf_slice(&both), slice_str(tcp6), see, &s);
	assert_int_equal(s.silent, 1);  /* 995 */
	assert_int_equal(s.foreign, 1); /* 8080; loopback is nobody's business */
	assert_string_equal(s.last, "192.0.2.1:8080");
	buf_free(&both);
	config_free(&c);
}

static void test_lines_that_are_none_are_passed_over(void **state)
{
	struct config *c = config_of("smtp 0.0.0.0:25", "");
	struct seen s = {0};
	firewall_compare(c, SLICE("x\n 0: zz:19 0:0 0A\n 1: 00000000:0019\n 2: 0000:0019 0:0 0A\n\n"), SLICE_NONE, see, &s);
	assert_int_equal(s.silent, 1);
	assert_int_equal(s.foreign, 0);
	config_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_file_has_what_listens_and_nothing_else),
		cmocka_unit_test(test_without_a_list_management_is_open),
		cmocka_unit_test(test_what_listens_is_compared_with_the_table),
		cmocka_unit_test(test_lines_that_are_none_are_passed_over),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
