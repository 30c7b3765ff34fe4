#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "trust/dns_zone.h"

static const char text[] =
	"; a comment\n"
	"$TTL 2h\n"
	"$ORIGIN Example.test.\n"
	"@ 300 IN SOA ns root (\n\t1 ; serial\n\t2 3 4 5 )\n"
	"  TXT (\"one \" ; inside\n \"t\\\"w\\111\") unquoted\\ word\n"
	"\tIN 60 A 192.0.2.1\n"
	"www CNAME @\n"
	"ring1 CNAME ring2\nring2 CNAME ring1\n"
	"deep.empty.below MX 10 mail\n"
	"*.wild TXT \"star\"\n"
	"there.wild A 192.0.2.2\n"
	"late TIMEOUT\nlate A 192.0.2.3\n"
	"raw TYPE16 \\# 4 03616263\n"
	"a\\.b A 192.0.2.4\n"
	"six AAAA 2001:db8::1\n"
	"$ORIGIN .\n"
	"other.test TXT x\n";

static struct dns_answer ask(struct dns_zone *z, const char *name, uint16_t type)
{
	return dns_zone_answer(z, slice_str(name), type);
}

static bool holds(struct dns_answer a, struct slice rdata)
{
	struct slice got;
	return a.status == DNS_FOUND && dns_record_next(&a.records, &got) && slice_eq(got, rdata);
}

static void a_master_file_answers(void **state)
{
	struct arena arena = ARENA_INIT;
	struct dns_zone z;
	struct error err = {0};
	(void)state;
	dns_zone_init(&z, &arena);
	if (dns_zone_parse(&z, slice_str(text), &err) != 0)
		fail_msg("%s", err.private_text);
	assert_true(holds(ask(&z, "example.TEST", DNS_TXT), SLICE("\4one \4t\"wo\15unquoted word")));
	assert_int_equal(ask(&z, "example.test", DNS_TXT).ttl, 7200);
	assert_int_equal(ask(&z, "example.test", DNS_A).ttl, 60);
	assert_true(holds(ask(&z, "www.example.test", DNS_A), SLICE("\300\0\2\1")));
	assert_int_equal(ask(&z, "ring1.example.test", DNS_A).status, DNS_FAILED);
	assert_int_equal(ask(&z, "empty.below.example.test", DNS_A).status, DNS_NODATA);
	assert_true(holds(ask(&z, "deep.empty.below.example.test", DNS_MX), SLICE("\0\12\4mail\7example\4test\0")));
	assert_true(holds(ask(&z, "x.y.wild.example.test", DNS_TXT), SLICE("\4star")));
	assert_int_equal(ask(&z, "x.there.wild.example.test", DNS_TXT).status, DNS_NXDOMAIN);
	assert_int_equal(ask(&z, "there.wild.example.test", DNS_TXT).status, DNS_NODATA);
	assert_int_equal(ask(&z, "late.example.test", DNS_TXT).status, DNS_FAILED);
	assert_int_equal(ask(&z, "late.example.test", DNS_A).status, DNS_FOUND);
	assert_true(holds(ask(&z, "raw.example.test", DNS_TXT), SLICE("\3abc")));
	assert_true(holds(ask(&z, "a\\046b.example.test", DNS_A), SLICE("\300\0\2\4")));
	assert_int_equal(ask(&z, "b.example.test", DNS_A).status, DNS_NXDOMAIN);
	assert_int_equal(ask(&z, "six.example.test", DNS_AAAA).status, DNS_FOUND);
	assert_true(holds(ask(&z, "other.test.", DNS_TXT), SLICE("\1x")));
	assert_int_equal(ask(&z, "a..b", DNS_TXT).status, DNS_NXDOMAIN);
	dns_zone_free(&z);
	arena_free(&arena);
}

static void long_texts_become_several_strings(void **state)
{
	struct arena arena = ARENA_INIT;
	struct dns_zone z;
	struct error err = {0};
	char line[700];
	struct slice joined, rdata;
	(void)state;
	dns_zone_init(&z, &arena);
	snprintf(line, sizeof line, "a.test. TXT \"%0510d\"\n", 1);
	assert_int_equal(dns_zone_parse(&z, slice_str(line), &err), 0);
	struct dns_answer a = ask(&z, "a.test", DNS_TXT);
	assert_true(dns_record_next(&a.records, &rdata) && dns_txt_join(&arena, rdata, &joined));
	assert_int_equal(rdata.n, 512);
	assert_int_equal(joined.n, 510);
	dns_zone_free(&z);
	arena_free(&arena);
}

static void mistakes_have_a_line(void **state)
{
	static const struct { const char *text, *line; } rows[] = {
		{"a A 192.0.2.1\nb A nonsense\n", "line 2"}, {"a TXT \"open\n", "line 1"}, {"\n\na TXT (\n\"x\"\n", "line 3"}, {"a TXT x )\n", "line 1"},
		{" A 192.0.2.1\n", "line 1"}, {"a\n", "line 1"}, {"a NONSENSE x\n", "line 1"}, {"$INCLUDE file\n", "line 1"}, {"$TTL x\n", "line 1"},
		{"a..b A 192.0.2.1\n", "line 1"}, {"a MX x mail\n", "line 1"}, {"a TYPE16 \\# 3 0361\n", "line 1"}, {"a A 2001:db8::1\n", "line 1"},
		{"a TXT \\999\n", "line 1"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct arena arena = ARENA_INIT;
		struct dns_zone z;
		struct error err = {0};
		dns_zone_init(&z, &arena);
		if (dns_zone_parse(&z, slice_str(rows[i].text), &err) == 0 || !slice_starts(slice_str(err.private_text), slice_str(rows[i].line)))
			fail_msg("%s: \"%s\"", rows[i].text, err.private_text);
		dns_zone_free(&z);
		arena_free(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_master_file_answers), cmocka_unit_test(long_texts_become_several_strings),
		cmocka_unit_test(mistakes_have_a_line)};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
