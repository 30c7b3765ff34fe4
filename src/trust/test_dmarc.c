#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "trust/dmarc.h"
#include "trust/dns_zone.h"

#define ROUNDS_MAX 20

static const char zone_text[] =
	"_dmarc.reject.test. TXT \"v=DMARC1; p=reject; sp=quarantine; np=reject\"\n"
	"there.reject.test. A 192.0.2.1\n"
	"_dmarc.strict.test. TXT \"v=DMARC1;p=reject;adkim=s;aspf=S;\"\n"
	"_dmarc.none.test. TXT \"v=DMARC1; p=none; rua=mailto:a@none.test\"\n"
	"_dmarc.testing.test. TXT \"v=DMARC1; p=reject; t=y\"\n"
	"_dmarc.half.test. TXT \"v=DMARC1; p=quarantine; pct=50\"\n"
	"_dmarc.two.test. TXT \"v=DMARC1; p=reject\"\n_dmarc.two.test. TXT \"v=DMARC1; p=none\"\n"
	"_dmarc.mixed.test. TXT \"v=spf1 -all\"\n_dmarc.mixed.test. TXT \"v=DMARC1; p=reject\"\n"
	"_dmarc.nop.test. TXT \"v=DMARC1; sp=reject\"\n_dmarc.nopr.test. TXT \"v=DMARC1; rua=mailto:x@nopr.test\"\n"
	"_dmarc.slow.test. TIMEOUT\n"
	"_dmarc.dept.org.test. TXT \"v=DMARC1; p=reject; psd=n\"\n_dmarc.org.test. TXT \"v=DMARC1; p=quarantine\"\n"
	"_dmarc.suffix. TXT \"v=DMARC1; p=reject; psd=y\"\n_dmarc.has.suffix. TXT \"v=DMARC1; p=quarantine\"\n"
	"_dmarc.g.deep.example. TXT \"v=DMARC1; p=reject\"\n"
	"_dmarc.xn--bcher-kva.test. TXT \"v=DMARC1; p=reject\"\n"
	"_dmarc.company.co.uk. TXT \"v=DMARC1; p=reject\"\n"
	"reject.test._report._dmarc.reports.example. TXT \"v=DMARC1\"\n"
	"none.test._report._dmarc.reports.example. TXT \"v=DMARC1; rua=mailto:other@reports.example\"\n"
	"two.test._report._dmarc.reports.example. TXT \"v=DMARC1; rua=mailto:other@elsewhere.example\"\n";

struct world {
	struct arena arena;
	struct dns_zone zone;
	struct facts facts;
	unsigned rounds;
};

static int set_up(void **state)
{
	static struct world w;
	struct error err = {0};
	w = (struct world){.rounds = 0};
	dns_zone_init(&w.zone, &w.arena);
	if (dns_zone_parse(&w.zone, slice_str(zone_text), &err) != 0)
		fail_msg("%s", err.private_text);
	facts_init(&w.facts, &w.arena, 0);
	*state = &w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	facts_free(&w->facts);
	dns_zone_free(&w->zone);
	arena_free(&w->arena);
	return 0;
}

static struct dmarc_check run(struct world *w, const struct dmarc_request *q)
{
	struct dmarc_check c;
	w->rounds = 0;
	for (dmarc_check(&w->facts, q, &c); c.waits && w->rounds < ROUNDS_MAX; w->rounds++) {
		assert_true(facts_wanted(&w->facts) > 0);
		dns_zone_answer_wanted(&w->zone, &w->facts);
		dmarc_check(&w->facts, q, &c);
	}
	assert_false(c.waits);
	return c;
}

/* spf: the domain that SPF passed; dkim: one that signed. */
static struct dmarc_check check(struct world *w, const char *from, const char *spf, const char *dkim)
{
	struct dmarc_request q = {.header = arena_printf(&w->arena, "Subject: x\r\nFrom: %s\r\n\r\n", from), .spf_domain = slice_str(spf),
		.spf_passed = spf[0] != 0};
	if (dkim[0] != 0)
		q.dkim_domains[q.dkim_count++] = slice_str(dkim);
	return run(w, &q);
}

static void identifiers_align(void **state)
{
	static const struct { const char *from, *spf, *dkim; enum dmarc_result result; } rows[] = {
		{"a@reject.test", "reject.test", "", DMARC_PASS}, {"a@reject.test", "mail.reject.test", "", DMARC_PASS},
		{"a@reject.test", "", "x.y.reject.test", DMARC_PASS},
		{"a@sub.reject.test", "", "reject.test", DMARC_PASS}, {"a@reject.test", "other.test", "evil.test", DMARC_FAIL},
		{"a@reject.test", "notreject.test", "", DMARC_FAIL}, {"a@strict.test", "mail.strict.test", "mail.strict.test", DMARC_FAIL},
		{"a@strict.test", "STRICT.test", "", DMARC_PASS}, {"a@strict.test", "", "strict.test", DMARC_PASS},
		{"a@nothing.test", "nothing.test", "", DMARC_NONE},
		{"a@dept.org.test", "", "org.test", DMARC_FAIL}, {"a@x.dept.org.test", "", "y.dept.org.test", DMARC_PASS},
		{"a@org.test", "", "www.org.test", DMARC_PASS},
		{"a@one.suffix", "", "mail.one.suffix", DMARC_PASS}, {"a@one.suffix", "", "two.suffix", DMARC_FAIL},
		{"a@slow.test", "slow.test", "", DMARC_TEMPERROR},
		{"a@x.slow.test", "x.slow.test", "", DMARC_TEMPERROR},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct dmarc_check c = check(*state, rows[i].from, rows[i].spf, rows[i].dkim);
		if (c.result != rows[i].result)
			fail_msg("%s, SPF %s, DKIM %s: %s", rows[i].from, rows[i].spf, rows[i].dkim, dmarc_result_name(c.result));
	}
}

static void the_policy_is_that_of_the_nearest_authority(void **state)
{
	static const struct { const char *from, *domain, *tag; enum dmarc_policy policy; } rows[] = {
		{"a@reject.test", "reject.test", "p", DMARC_POLICY_REJECT}, {"a@there.reject.test", "reject.test", "sp", DMARC_POLICY_QUARANTINE},
		{"a@gone.reject.test", "reject.test", "np", DMARC_POLICY_REJECT}, {"a@x.dept.org.test", "dept.org.test", "p", DMARC_POLICY_REJECT},
		{"a@x.org.test", "org.test", "p", DMARC_POLICY_QUARANTINE}, {"a@one.suffix", "suffix", "p", DMARC_POLICY_REJECT},
		{"a@has.suffix", "has.suffix", "p", DMARC_POLICY_QUARANTINE}, {"a@mixed.test", "mixed.test", "p", DMARC_POLICY_REJECT},
		{"a@a.b.c.d.e.f.g.deep.example", "g.deep.example", "p", DMARC_POLICY_REJECT}, {"a@nopr.test", "nopr.test", "p", DMARC_POLICY_NONE},
		{"a@b\xc3\xbc" "cher.test", "xn--bcher-kva.test", "p", DMARC_POLICY_REJECT},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct dmarc_check c = check(*state, rows[i].from, "", "");
		assert_int_equal(c.result, DMARC_FAIL);
		if (!slice_eq(c.policy_domain, slice_str(rows[i].domain)) || c.policy != rows[i].policy ||
			!slice_eq(slice_str(c.policy_tag), slice_str(rows[i].tag)))
			fail_msg("%s: %s=%s of %.*s", rows[i].from, c.policy_tag, dmarc_policy_name(c.policy), SLICE_ARG(c.policy_domain));
	}
	assert_int_equal(check(*state, "a@two.test", "", "").result, DMARC_NONE);
	assert_int_equal(check(*state, "a@nop.test", "", "").result, DMARC_NONE);
}

static void the_disposition_tells_why_it_is_milder(void **state)
{
	struct dmarc_check c = check(*state, "a@testing.test", "", "");
	assert_int_equal(c.disposition, DMARC_POLICY_QUARANTINE);
	assert_int_equal(c.override, DMARC_TEST_MODE);
	struct dmarc_request q = {.header = SLICE("From: a@half.test\r\n\r\n"), .sample = 49};
	assert_int_equal(run(*state, &q).disposition, DMARC_POLICY_QUARANTINE);
	q.sample = 50;
	c = run(*state, &q);
	assert_int_equal(c.disposition, DMARC_POLICY_NONE);
	assert_int_equal(c.override, DMARC_SAMPLED_OUT);
	q = (struct dmarc_request){.header = SLICE("From: a@reject.test\r\n\r\n"), .exempt = DMARC_TRUSTED_FORWARDER};
	c = run(*state, &q);
	assert_int_equal(c.result, DMARC_FAIL);
	assert_int_equal(c.disposition, DMARC_POLICY_NONE);
	assert_int_equal(c.override, DMARC_TRUSTED_FORWARDER);
	assert_int_equal(check(*state, "a@reject.test", "reject.test", "").disposition, DMARC_POLICY_NONE);
}

static void what_might_have_passed_is_no_failure(void **state)
{
	struct dmarc_request q = {.header = SLICE("From: a@reject.test\r\n\r\n"), .spf_domain = SLICE("mail.reject.test"), .spf_failed_now = true};
	assert_int_equal(run(*state, &q).result, DMARC_TEMPERROR);
	q.spf_domain = SLICE("other.example");
	assert_int_equal(run(*state, &q).result, DMARC_FAIL);
	q.dkim_failed_now = true;
	assert_int_equal(run(*state, &q).result, DMARC_TEMPERROR);
}

static void from_may_be_odd(void **state)
{
	static const struct { const char *from; enum dmarc_result result; } rows[] = {
		{"a@reject.test, b@reject.test", DMARC_PASS}, {"a@reject.test, b@none.test", DMARC_FAIL}, {"Team: a@reject.test;", DMARC_PASS},
		{"Nobody:;", DMARC_PERMERROR}, {"", DMARC_PERMERROR}, {"=?utf-8?q?a=40reject.test?=", DMARC_PERMERROR},
		{"a@[192.0.2.1]", DMARC_PERMERROR},
		{"\"x@none.test\" <a@reject.test>", DMARC_PASS}, {"a@reject.test\r\nFrom: b@strict.test", DMARC_FAIL},
		{"a(comment)@reject.test", DMARC_PASS},
		{"a@reject.test, b@=?utf-8?q?x?=", DMARC_PERMERROR}, {"A@REJECT.TEST.", DMARC_PASS},
		{"a@1.test,a@2.test,a@3.test,a@4.test,a@reject.test", DMARC_PERMERROR},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct dmarc_check c = check(*state, rows[i].from, "reject.test", "");
		if (c.result != rows[i].result)
			fail_msg("From: %s: %s", rows[i].from, dmarc_result_name(c.result));
	}
	struct dmarc_request none = {.header = SLICE("Subject: x\r\n\r\n")};
	assert_int_equal(run(*state, &none).result, DMARC_PERMERROR);
}

static void public_suffixes_are_the_other_way(void **state)
{
	struct dmarc_request q = {.header = SLICE("From: a@mail.company.co.uk\r\n\r\n"), .method = DMARC_PUBLIC_SUFFIXES,
		.dkim_domains = {SLICE("x.company.co.uk")},
		.dkim_count = 1};
	struct dmarc_check c = run(*state, &q);
	assert_int_equal(c.result, DMARC_PASS);
	assert_true(slice_eq(c.org_domain, SLICE("company.co.uk")));
	assert_true(slice_eq(c.policy_domain, SLICE("company.co.uk")));
	q.dkim_domains[0] = SLICE("other.co.uk");
	assert_int_equal(run(*state, &q).result, DMARC_FAIL);
}

static void one_round_asks_for_the_tree(void **state)
{
	struct world *w = *state;
	check(w, "a@x.y.reject.test", "mail.reject.test", "reject.test");
	assert_true(w->rounds <= 2);
	facts_free(&w->facts);
	facts_init(&w->facts, &w->arena, 0);
	check(w, "a@a.b.c.d.e.f.g.h.i.j.k.example", "", "");
	assert_int_equal(w->facts.answers.count, DMARC_WALK_MAX);
}

static void records_are_read_leniently(void **state)
{
	struct world *w = *state;
	struct dmarc_record r;
	assert_true(dmarc_record_parse(SLICE("v=DMARC1; p=Reject; rua=mailto:a%2Bb@x.test!10m , https://x , mailto:c@y.test ! 1 K;pct=200; adkim=x; fo=1:d; zz"), &w->arena, &r));
	assert_int_equal(r.p, DMARC_POLICY_REJECT);
	assert_int_equal(r.rua_count, 2);
	assert_true(slice_eq(r.rua[0].address, SLICE("a+b@x.test")));
	assert_int_equal(r.rua[0].max_bytes, 10 << 20);
	assert_int_equal(r.rua[1].max_bytes, 1024);
	assert_true(dmarc_uri_takes(&r.rua[1], 1024) && !dmarc_uri_takes(&r.rua[1], 1025));
	assert_true(dmarc_uri_takes(&(struct dmarc_uri){.max_bytes = 0}, UINT64_MAX));
	assert_int_equal(r.pct, 100);
	assert_false(r.strict_dkim);
	assert_true(slice_eq(r.fo, SLICE("1:d")));
	assert_true(dmarc_record_parse(SLICE("v = DMARC1 ; p = none"), &w->arena, &r));
	assert_false(r.broken);
	assert_false(dmarc_record_parse(SLICE("v=dmarc1; p=none"), &w->arena, &r));
	assert_false(dmarc_record_parse(SLICE("p=none; v=DMARC1"), &w->arena, &r));
	assert_false(dmarc_record_parse(SLICE("v=DMARC12; p=none"), &w->arena, &r));
	assert_false(dmarc_record_parse(SLICE(""), &w->arena, &r));
	assert_true(dmarc_record_parse(SLICE("v=DMARC1; p=none; rua=mailto:a@b@c.test,mailto:x\r\n@y.test,mailto:,mailto:%0d%0a@c.test"),
		&w->arena, &r));
	assert_int_equal(r.rua_count, 0);
}

static enum dmarc_found allowed(struct world *w, const char *domain, struct dmarc_uri *uri)
{
	enum dmarc_found found = dmarc_report_allowed(&w->facts, DMARC_TREE_WALK, slice_str(domain), uri);
	for (unsigned i = 0; found == DMARC_LATER && i < ROUNDS_MAX; i++) {
		dns_zone_answer_wanted(&w->zone, &w->facts);
		found = dmarc_report_allowed(&w->facts, DMARC_TREE_WALK, slice_str(domain), uri);
	}
	return found;
}

static void reports_go_only_where_they_are_wanted(void **state)
{
	const struct dmarc_uri elsewhere = {.address = SLICE_INIT("a@reports.example"), .domain = SLICE_INIT("reports.example")};
	struct dmarc_uri uri = elsewhere;
	assert_int_equal(allowed(*state, "reject.test", &uri), DMARC_FOUND);
	assert_true(slice_eq(uri.address, elsewhere.address));
	assert_int_equal(allowed(*state, "none.test", &uri), DMARC_FOUND);
	assert_true(slice_eq(uri.address, SLICE("other@reports.example")));
	uri = elsewhere;
	assert_int_equal(allowed(*state, "two.test", &uri), DMARC_NOT_FOUND);
	assert_int_equal(allowed(*state, "strict.test", &uri), DMARC_NOT_FOUND);
	uri = (struct dmarc_uri){.address = SLICE("a@mail.reject.test"), .domain = SLICE("mail.reject.test")};
	assert_int_equal(allowed(*state, "reject.test", &uri), DMARC_FOUND);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(identifiers_align), TEST(the_policy_is_that_of_the_nearest_authority), TEST(the_disposition_tells_why_it_is_milder),
		TEST(what_might_have_passed_is_no_failure), TEST(from_may_be_odd), TEST(public_suffixes_are_the_other_way),
			TEST(one_round_asks_for_the_tree),
		TEST(records_are_read_leniently), TEST(reports_go_only_where_they_are_wanted),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
