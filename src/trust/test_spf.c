#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "trust/dns_zone.h"
#include "trust/spf.h"

#define ROUNDS_MAX 40
#define NOW 1700000000

static const char zone_text[] =
	"$ORIGIN test.\n"
	"plain TXT \"v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all\"\n"
	"upper TXT \"V=SPF1 IP4:192.0.2.0/24 -ALL\"\n"
	"split TXT \"v=spf1 ip4:192.0\" \".2.1 -all\"\n"
	"two TXT \"v=spf1 -all\"\ntwo TXT \"v=spf1 +all\"\n"
	"other TXT \"v=spf10 -all\"\nother TXT \"google-site\"\n"
	"empty TXT \"v=spf1\"\n"
	"space TXT \"v=spf1   a:x.plain.test  -all  \"\nx.plain A 192.0.2.9\n"
	"tab TXT \"v=spf1\\009-all\"\n"
	"bytes TXT \"v=spf1 a:\\255.test -all\"\n"
	"modifier TXT \"v=spf1 foo=%{d}bar moo=%%% -all\"\n"
	"modifier2 TXT \"v=spf1 default=pass moo=cow -all\"\n"
	"redirect TXT \"v=spf1 redirect=plain.test\"\n"
	"redirect2 TXT \"v=spf1 redirect=nothing.test\"\n"
	"redirects TXT \"v=spf1 redirect=plain.test redirect=plain.test\"\n"
	"include TXT \"v=spf1 include:plain.test ?all\"\n"
	"include2 TXT \"v=spf1 include:nothing.test -all\"\n"
	"slow TIMEOUT\n"
	"include3 TXT \"v=spf1 include:slow.test -all\"\n"
	"loop TXT \"v=spf1 include:loop.test -all\"\n"
	"bomb TXT \"v=spf1 include:bomb1.test include:bomb1.test -all\"\n"
	"bomb1 TXT \"v=spf1 include:bomb2.test include:bomb2.test ~all\"\n"
	"bomb2 TXT \"v=spf1 include:bomb3.test include:bomb3.test ~all\"\n"
	"bomb3 TXT \"v=spf1 a a a ~all\"\n"
	"void2 TXT \"v=spf1 a:n1.no.test a:n2.no.test ?all\"\n"
	"void3 TXT \"v=spf1 a:n1.no.test a:n2.no.test a:n3.no.test ?all\"\n"
	"ten TXT \"v=spf1 a a a a a a a a a a -all\"\nten A 192.0.2.200\n"
	"eleven TXT \"v=spf1 a a a a a a a a a a a -all\"\neleven A 192.0.2.200\n"
	"dual TXT \"v=spf1 a/24//64 -all\"\ndual A 198.51.100.7\ndual AAAA 2001:db8:1:2::7\n"
	"dual6 TXT \"v=spf1 a//64 -all\"\ndual6 A 198.51.100.7\ndual6 AAAA 2001:db8:1:2::7\n"
	"mx TXT \"v=spf1 mx -all\"\nmx MX 10 h1.mx\nmx MX 20 slow\nh1.mx A 198.51.100.1\n"
	"nullmx TXT \"v=spf1 mx -all\"\nnullmx MX 0 .\n"
	"many TXT \"v=spf1 mx -all\"\n"
	"many MX 1 a.many\nmany MX 1 b.many\nmany MX 1 c.many\nmany MX 1 d.many\nmany MX 1 e.many\nmany MX 1 f.many\n"
	"many MX 1 g.many\nmany MX 1 h.many\nmany MX 1 i.many\nmany MX 1 j.many\nmany MX 1 k.many\na.many A 198.51.100.1\n"
	"ptr TXT \"v=spf1 ptr -all\"\n"
	"5.100.51.198.in-addr.arpa. PTR mail.ptr.test.\n5.100.51.198.in-addr.arpa. PTR forged.ptr.test.\nmail.ptr A 198.51.100.5\n"
	"macro TXT \"v=spf1 exists:%{ir}.%{v}._%{l1r-}.%{o2}.%{h} -all\"\n"
	"1.100.51.198.in-addr._joe.macro.test.mail.macro A 127.0.0.2\n"
	"p TXT \"v=spf1 exists:%{p}.seen.test -all\"\nmail.ptr.test.seen A 127.0.0.2\nunknown.seen A 127.0.0.2\n"
	"why TXT \"v=spf1 -all exp=text.%{d}\"\ntext.why TXT \"%{i} is not %{o}%_by %{r} at %{t}: %{L}\"\n"
	"why2 TXT \"v=spf1 include:why.test redirect=why3.test\"\nwhy3 TXT \"v=spf1 -all exp=own.test\"\nown TXT \"of the target\"\n"
	"why4 TXT \"v=spf1 -all exp=missing.test\"\nwhy5 TXT \"v=spf1 -all exp=broken.test\"\nbroken TXT \"%{x}\"\n"
	"why6 TXT \"v=spf1 -all exp=\"\nwhy7 TXT \"v=spf1 -all exp=several.test\"\nseveral TXT \"a\"\nseveral TXT \"b\"\n"
	"why8 TXT \"v=spf1 -all exp=bytes2.test\"\nbytes2 TXT \"\\200\"\n"
	"eai TXT \"v=spf1 exists:%{l}.no.test ?exists:%{d}.yes.test -all\"\n"
	"xn--bcher-kva TXT \"v=spf1 exists:%{d}.idn.test -all\"\nxn--bcher-kva.test.idn A 127.0.0.2\n"
	"top TXT \"v=spf1 a:localhost -all\"\ndigits TXT \"v=spf1 a:example.123 -all\"\nlong TXT \"v=spf1 exists:%{d99999999999}.x.test -all\"\n"
	"zero TXT \"v=spf1 exists:%{d0}.x.test -all\"\nlead TXT \"v=spf1 ip4:192.0.2.0/024 -all\"\nbits TXT \"v=spf1 ip4:192.0.2.0/33 -all\"\n"
	"mapped TXT \"v=spf1 ip6:::ffff:192.0.2.1 -all\"\nbad4 TXT \"v=spf1 ip4:192.0.2 -all\"\nrt TXT \"v=spf1 exists:%{r}.x.test -all\"\n"
	"bogus BOGUS\n";

struct outcome {
	enum spf_result result;
	enum spf_scope scope;
	char explanation[200], term[100];
	unsigned rounds, terms;
	size_t questions, lookups;
};

static struct outcome check(const char *ip, const char *helo, const char *from)
{
	struct arena arena = ARENA_INIT;
	struct dns_zone z;
	struct facts f;
	struct spf_check c;
	struct error err = {0};
	struct outcome o = {0};
	struct spf_request q = {.helo = slice_str(helo), .mail_from = slice_str(from), .host = SLICE("mx.receiver.test")};
	assert_true(trust_ip_parse(slice_str(ip), &q.client));
	dns_zone_init(&z, &arena);
	if (dns_zone_parse(&z, slice_str(zone_text), &err) != 0)
		fail_msg("%s", err.private_text);
	facts_init(&f, &arena, NOW);
	for (spf_check_mail_from(&f, &q, &c); c.waits && o.rounds < ROUNDS_MAX; o.rounds++) {
		assert_true(facts_wanted(&f) > 0);
		dns_zone_answer_wanted(&z, &f);
		spf_check_mail_from(&f, &q, &c);
	}
	assert_false(c.waits);
	o.result = c.result;
	o.scope = c.scope;
	o.terms = c.terms;
	o.questions = f.answers.count;
	o.lookups = c.lookup_count;
	snprintf(o.explanation, sizeof o.explanation, "%.*s", SLICE_ARG(c.explanation));
	snprintf(o.term, sizeof o.term, "%.*s", SLICE_ARG(c.term));
	facts_free(&f);
	dns_zone_free(&z);
	arena_free(&arena);
	return o;
}

struct row {
	const char *ip, *from, *result, *explanation;
};

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct outcome o = check(rows[i].ip, "mail.macro.test", rows[i].from);
		if (slice_cmp(slice_str(spf_result_name(o.result)), slice_str(rows[i].result)) != 0)
			fail_msg("%s from %s: %s, not %s", rows[i].ip, rows[i].from, spf_result_name(o.result), rows[i].result);
		if (rows[i].explanation != NULL)
			assert_string_equal(o.explanation, rows[i].explanation);
	}
}
#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void records_are_found_and_read(void **state)
{
	static const struct row rows[] = {
		{"192.0.2.1", "a@plain.test", "pass", NULL}, {"198.51.100.1", "a@plain.test", "fail", ""}, {"2001:db8::9", "a@plain.test", "pass", NULL},
		{"::ffff:192.0.2.1", "a@plain.test", "pass", NULL}, {"192.0.2.1", "a@PLAIN.Test.", "pass", NULL},
		{"192.0.2.1", "a@upper.test", "pass", NULL},
		{"192.0.2.1", "a@split.test", "pass", NULL}, {"192.0.2.1", "a@two.test", "permerror", NULL}, {"192.0.2.1", "a@other.test", "none", NULL},
		{"192.0.2.1", "a@empty.test", "neutral", NULL}, {"192.0.2.9", "a@space.test", "pass", NULL}, {"192.0.2.1", "a@tab.test", "none", NULL},
		{"192.0.2.1", "a@bytes.test", "permerror", NULL}, {"192.0.2.1", "a@modifier.test", "permerror", NULL},
		{"192.0.2.1", "a@modifier2.test", "fail", NULL}, {"192.0.2.1", "a@nothing.test", "none", NULL},
		{"192.0.2.1", "a@slow.test", "temperror", NULL},
		{"192.0.2.1", "a@bogus.test", "temperror", NULL}, {"192.0.2.1", "a@[192.0.2.1]", "none", NULL},
		{"192.0.2.1", "a@localhost", "none", NULL},
		{"192.0.2.1", "a@x..test", "none", NULL}, {"192.0.2.1", "plain.test", "pass", NULL}, {"192.0.2.1", "@plain.test", "pass", NULL},
		{"192.0.2.1", "\"a@b\"@plain.test", "pass", NULL},
	};
	(void)state;
	CHECK(rows);
}

static void mistakes_are_permanent(void **state)
{
	static const struct row rows[] = {
		{"192.0.2.1", "a@top.test", "permerror", NULL}, {"192.0.2.1", "a@digits.test", "permerror", NULL},
		{"192.0.2.1", "a@zero.test", "permerror", NULL},
		{"192.0.2.1", "a@lead.test", "permerror", NULL}, {"192.0.2.1", "a@bits.test", "permerror", NULL},
		{"192.0.2.1", "a@bad4.test", "permerror", NULL},
		{"192.0.2.1", "a@rt.test", "permerror", NULL}, {"192.0.2.1", "a@long.test", "fail", NULL}, {"192.0.2.1", "a@mapped.test", "fail", NULL},
		{"192.0.2.1", "a@redirects.test", "permerror", NULL}, {"192.0.2.1", "a@why6.test", "permerror", NULL},
	};
	(void)state;
	CHECK(rows);
}

static void mechanisms_match(void **state)
{
	static const struct row rows[] = {
		{"198.51.100.200", "a@dual.test", "pass", NULL}, {"198.51.101.7", "a@dual.test", "fail", NULL},
		{"2001:db8:1:2::ffff", "a@dual.test", "pass", NULL},
		{"2001:db8:1:3::7", "a@dual.test", "fail", NULL}, {"198.51.100.8", "a@dual6.test", "fail", NULL},
		{"2001:db8:1:2::8", "a@dual6.test", "pass", NULL},
		{"198.51.100.1", "a@mx.test", "pass", NULL}, {"198.51.100.2", "a@mx.test", "temperror", NULL},
		{"198.51.100.1", "a@nullmx.test", "fail", NULL},
		{"198.51.100.1", "a@many.test", "permerror", NULL}, {"198.51.100.5", "a@ptr.test", "pass", NULL},
		{"198.51.100.6", "a@ptr.test", "fail", NULL},
		{"198.51.100.1", "ann-joe@macro.test", "fail", NULL}, {"198.51.100.1", "joe-ann@macro.test", "pass", NULL},
		{"198.51.100.5", "a@p.test", "pass", NULL}, {"198.51.100.6", "a@p.test", "pass", NULL},
		{"192.0.2.1", "a@redirect.test", "pass", NULL}, {"192.0.2.1", "a@redirect2.test", "permerror", NULL},
		{"192.0.2.1", "a@include.test", "pass", NULL},
		{"198.51.100.1", "a@include.test", "neutral", NULL}, {"192.0.2.1", "a@include2.test", "permerror", NULL},
		{"192.0.2.1", "a@include3.test", "temperror", NULL},
	};
	(void)state;
	CHECK(rows);
}

static void limits_hold(void **state)
{
	static const struct row rows[] = {
		{"192.0.2.1", "a@loop.test", "permerror", NULL}, {"192.0.2.1", "a@bomb.test", "permerror", NULL},
		{"192.0.2.1", "a@void2.test", "neutral", NULL},
		{"192.0.2.1", "a@void3.test", "permerror", NULL}, {"192.0.2.1", "a@ten.test", "fail", NULL},
		{"192.0.2.1", "a@eleven.test", "permerror", NULL},
	};
	(void)state;
	CHECK(rows);
	struct outcome o = check("192.0.2.1", "h.test", "a@bomb.test");
	assert_true(o.terms <= SPF_TERMS_MAX);
	assert_true(o.questions <= 6);
}

static void explanations_are_expanded_or_left_out(void **state)
{
	static const struct row rows[] = {
		{"192.0.2.1", "a b@why.test", "fail", "192.0.2.1 is not why.test by mx.receiver.test at 1700000000: a%20b"},
		{"192.0.2.1", "a@why2.test", "fail", "of the target"}, {"192.0.2.1", "a@why4.test", "fail", ""}, {"192.0.2.1", "a@why5.test", "fail", ""},
		{"192.0.2.1", "a@why7.test", "fail", ""}, {"192.0.2.1", "a@why8.test", "fail", ""},
	};
	(void)state;
	CHECK(rows);
}

static void internationalised_addresses_are_checked(void **state)
{
	static const struct row rows[] = {
		{"192.0.2.1", "a@b\xc3\xbc" "cher.test", "pass", NULL}, {"192.0.2.1", "\xc3\xa9@eai.test", "fail", NULL},
		{"192.0.2.1", "e@eai.test", "fail", NULL},
		{"192.0.2.1", "a@\xff.test", "none", NULL},
	};
	(void)state;
	CHECK(rows);
}

static void the_null_reverse_path_is_checked_by_helo(void **state)
{
	(void)state;
	struct outcome o = check("192.0.2.1", "plain.test", "");
	assert_int_equal(o.result, SPF_PASS);
	assert_int_equal(o.scope, SPF_HELO);
	assert_int_equal(check("192.0.2.1", "[192.0.2.1]", "").result, SPF_NONE);
	assert_int_equal(check("192.0.2.1", "host", "").result, SPF_NONE);
	assert_int_equal(check("192.0.2.1", "", "").result, SPF_NONE);
}

static void one_round_asks_for_all_that_may_be_needed(void **state)
{
	(void)state;
	/* The record, then ten times its own address; the explanation is asked for only where one stands. */
	assert_int_equal(check("192.0.2.1", "h.test", "a@ten.test").rounds, 2);
	assert_int_equal(check("192.0.2.1", "h.test", "a@void3.test").rounds, 2);
	assert_string_equal(check("192.0.2.1", "h.test", "a@include.test").term, "include:plain.test");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_found_and_read), cmocka_unit_test(mistakes_are_permanent), cmocka_unit_test(mechanisms_match),
		cmocka_unit_test(limits_hold), cmocka_unit_test(explanations_are_expanded_or_left_out),
		cmocka_unit_test(internationalised_addresses_are_checked), cmocka_unit_test(the_null_reverse_path_is_checked_by_helo),
		cmocka_unit_test(one_round_asks_for_all_that_may_be_needed),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
