#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/ensure.h"
#include "crypt/crypt.h"
#include "policy/bayes.h"
#include "policy/learn.h"
#include "policy/lookalike.h"
#include "policy/names.h"
#include "policy/verdict.h"
#include "policy/warm.h"

#define NOW 1795000000 /* Fri, 19 Nov 2026 */
#define DAY 86400
#define DATE "Date: Fri, 19 Nov 2026 03:00:00 +0000\r\nMessage-ID: <1@x.example>\r\n"

/* One letter and the world around it; every test changes what it is about. */
struct rig {
	struct arena arena;
	struct facts facts;
	struct policy_letter l;
	struct policy_known known;
	struct targets targets;
	struct names names;
	struct check_result r;
};

static int set_up(void **state)
{
	static const struct person people[] = {
		{SLICE_INIT("张伟"), SLICE_INIT("zhangwei@huaxing.example"), true},
		{SLICE_INIT("Alice Johnson"), SLICE_INIT("alice@huaxing.example"), false},
	};
	struct rig *g = test_calloc(1, sizeof *g);
	facts_init(&g->facts, &g->arena, NOW);
	targets_init(&g->targets, &g->arena);
	targets_add(&g->targets, SLICE("huaxing.example"), true);
	targets_add(&g->targets, SLICE("midori.co.jp"), false);
	names_init(&g->names, &g->arena);
	for (size_t i = 0; i < ARRAY_LEN(people); i++)
		names_add(&g->names, &people[i]);
	g->known.domains = &g->targets;
	g->known.names = &g->names;
	g->known.sender.given = true;
	g->l.trust.given = true;
	g->l.helo = SLICE("mx.sender.example");
	g->l.reverse_path = SLICE("a@sender.example");
	policy_ip_parse(SLICE("192.0.2.1"), &g->l.client);
	*state = g;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *g = *state;
	facts_free(&g->facts);
	targets_free(&g->targets);
	names_free(&g->names);
	arena_free(&g->arena);
	test_free(g);
	return 0;
}

/* The fields that make a letter ordinary stand before `text`. */
static void letter(struct rig *g, const char *text)
{
	policy_letter_read(&g->l, arena_printf(&g->arena, DATE "%s", text), NULL, NULL, &g->arena);
}

static enum check_reason run(struct rig *g, enum check_id id)
{
	policy_run_one(id, &g->l, &g->known, &g->facts, NULL, &g->r);
	assert_true((g->r.state == CHECK_HIT) == (g->r.reason != REASON_none));
	return g->r.reason;
}

#define assert_reason(id, name) assert_string_equal(check_reason_name(run(g, CHECK_ID_##id)), #name)

/* A row: the letter and what a check says of it. */
struct row {
	const char *text;
	enum check_reason reason;
};

static void run_rows(struct rig *g, enum check_id id, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		letter(g, rows[i].text);
		if (run(g, id) != rows[i].reason)
			fail_msg("row %zu: %s, not %s", i, check_reason_name(g->r.reason), check_reason_name(rows[i].reason));
	}
}
#define assert_rows(id, ...) do { \
		static const struct row rows[] = {__VA_ARGS__}; \
		run_rows(*state, CHECK_ID_##id, rows, ARRAY_LEN(rows)); \
	} while (0)
#define FROM "From: Ann <ann@sender.example>\r\n"
#define HTML FROM "Content-Type: text/html; charset=utf-8\r\n\r\n"

static void client_unnamed(void **state)
{
	struct rig *g = *state;
	letter(g, FROM "\r\n");
	assert_reason(client_unnamed, no_reverse_name);
	g->l.ptr = SLICE("mx.sender.example");
	assert_reason(client_unnamed, none);
	g->l.authenticated = true;
	assert_reason(client_unnamed, none);
	assert_int_equal(g->r.state, CHECK_SKIPPED);
}

static void helo_odd(void **state)
{
	static const struct { const char *helo, *reason; } rows[] = {
		{"mx.sender.example", "none"}, {"[192.0.2.1]", "none"}, {"[192.0.2.2]", "helo_literal"}, {"192.0.2.2", "helo_literal"},
		{"WIN-1234", "helo_bare"}, {"[IPv6:2001:db8::1]", "helo_literal"}, {"mail.HUAXING.example", "helo_ours"},
		{"huaxing.example", "helo_ours"}, {"", "none"},
	};
	struct rig *g = *state;
	letter(g, FROM "\r\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		g->l.helo = slice_str(rows[i].helo);
		assert_string_equal(check_reason_name(run(g, CHECK_ID_helo_odd)), rows[i].reason);
	}
	g->l.helo = SLICE("out.huaxing.example");
	g->l.ptr = SLICE("out.huaxing.example");
	assert_reason(helo_odd, none);
}

static const struct list_zone zones[] = {
	{.name = SLICE_INIT("bad.example"), .kinds = LIST_ADDRESSES | LIST_DOMAINS, .points = 35},
	{.name = SLICE_INIT("good.example"), .kinds = LIST_ADDRESSES, .points = -20},
};

static void answer(struct rig *g, const char *name, enum dns_status status, uint32_t address)
{
	struct buf records = BUF_INIT(100);
	buf_put_u32(&records, 4);
	buf_put_u32(&records, address);
	struct dns_answer a = {.status = status, .records = status == DNS_FOUND ? buf_slice(&records) : SLICE_NONE};
	facts_answer(&g->facts, slice_str(name), DNS_A, &a);
	buf_free(&records);
}

static void client_listed(void **state)
{
	struct rig *g = *state;
	letter(g, FROM "\r\n");
	assert_reason(client_listed, none);
	assert_int_equal(g->r.state, CHECK_SKIPPED);
	g->known.zones = zones;
	g->known.zone_count = 2;
	run(g, CHECK_ID_client_listed);
	assert_int_equal(g->r.state, CHECK_WAITS);
	assert_int_equal(facts_wanted(&g->facts), 2);
	facts_rerun(&g->facts);
	answer(g, "1.2.0.192.bad.example", DNS_FOUND, 0x7f000002);
	answer(g, "1.2.0.192.good.example", DNS_NXDOMAIN, 0);
	assert_reason(client_listed, listed);
	assert_int_equal(g->r.score, 35);
	policy_ip_parse(SLICE("192.0.2.2"), &g->l.client);
	answer(g, "2.2.0.192.bad.example", DNS_FOUND, 0x7f000002);
	answer(g, "2.2.0.192.good.example", DNS_FOUND, 0x7f000002);
	assert_reason(client_listed, listed);
	assert_int_equal(g->r.score, 15);
	policy_ip_parse(SLICE("192.0.2.3"), &g->l.client);
	answer(g, "3.2.0.192.bad.example", DNS_FOUND, 0x7fffff01);
	answer(g, "3.2.0.192.good.example", DNS_FAILED, 0);
	run(g, CHECK_ID_client_listed);
	assert_int_equal(g->r.state, CHECK_FAILED);
	assert_int_equal(g->r.score, 0);
}

static void link_listed(void **state)
{
	struct rig *g = *state;
	g->known.zones = zones;
	g->known.zone_count = 2;
	letter(g, FROM "\r\nhttp://www.evil.test/a http://x.evil.test/ http://192.0.2.7/\r\n");
	run(g, CHECK_ID_link_listed);
	assert_int_equal(g->r.state, CHECK_WAITS);
	assert_int_equal(facts_wanted(&g->facts), 1);
	answer(g, "evil.test.bad.example", DNS_FOUND, 0x7f000004);
	assert_reason(link_listed, listed);
	assert_int_equal(g->r.score, 35);
	letter(g, FROM "\r\nhttp://fine.test/\r\n");
	answer(g, "fine.test.bad.example", DNS_NXDOMAIN, 0);
	assert_reason(link_listed, none);
}

static void spf_failed(void **state)
{
	struct rig *g = *state;
	letter(g, FROM "\r\n");
	g->l.trust.spf = LETTER_PASS;
	assert_reason(spf_failed, none);
	g->l.trust.spf = LETTER_FAIL;
	assert_reason(spf_failed, fail);
	int full = g->r.score;
	g->l.trust.spf = LETTER_SOFT_FAIL;
	assert_reason(spf_failed, soft_fail);
	assert_true(g->r.score < full);
	g->l.trust.dmarc = LETTER_PASS;
	assert_reason(spf_failed, none);
	g->l.trust.dmarc = LETTER_FAIL;
	assert_reason(spf_failed, none);
	g->l.trust.given = false;
	assert_reason(spf_failed, none);
	assert_int_equal(g->r.state, CHECK_SKIPPED);
}

static void dmarc_failed(void **state)
{
	struct rig *g = *state;
	letter(g, FROM "\r\n");
	assert_reason(dmarc_failed, none);
	g->l.trust.dmarc = LETTER_FAIL;
	assert_reason(dmarc_failed, policy_none);
	int mild = g->r.score;
	g->l.trust.dmarc_policy = LETTER_DMARC_REJECT;
	assert_reason(dmarc_failed, policy_reject);
	assert_true(g->r.score > mild);
	g->l.trust.arc = LETTER_PASS;
	assert_reason(dmarc_failed, none);
}

static void own_domain_forged(void **state)
{
	struct rig *g = *state;
	letter(g, "From: boss@huaxing.example\r\n\r\n");
	assert_reason(own_domain_forged, unproven);
	letter(g, "From: boss@mail.HUAXING.example\r\n\r\n");
	assert_reason(own_domain_forged, unproven);
	g->l.this_host = true;
	assert_reason(own_domain_forged, none);
	g->l.this_host = false;
	g->l.trust.spf = LETTER_PASS;
	assert_reason(own_domain_forged, unproven);
	g->l.trust.dmarc = LETTER_PASS;
	assert_reason(own_domain_forged, none);
	g->l.trust.dmarc = LETTER_NONE;
	letter(g, "From: boss@midori.co.jp\r\n\r\n");
	assert_reason(own_domain_forged, none);
}

static void sender_trusted(void **state)
{
	struct rig *g = *state;
	letter(g, FROM "\r\n");
	g->known.sender.signed_partner = true;
	assert_reason(sender_trusted, none);
	g->l.trust.dmarc = LETTER_PASS;
	assert_reason(sender_trusted, signed_partner);
	assert_true(g->r.score < 0);
	g->known.sender.signed_partner = false;
	assert_reason(sender_trusted, none);
	g->known.sender.letters_out = g->known.sender.letters_in = 2;
	assert_reason(sender_trusted, correspondent);
	g->known.sender.reply = true;
	assert_reason(sender_trusted, answer_to_us);
	g->l.trust.dmarc = LETTER_FAIL;
	assert_reason(sender_trusted, none);
}

static void reputation(void **state)
{
	struct rig *g = *state;
	letter(g, FROM "\r\n");
	assert_reason(reputation, none);
	g->known.sender.domain = (struct reputation){.good = 100, .updated_s = NOW};
	assert_reason(reputation, none);
	g->l.trust.dmarc = LETTER_PASS;
	assert_reason(reputation, good);
	assert_true(g->r.score < 0);
	g->l.trust.dmarc = LETTER_NONE;
	g->known.sender.network = (struct reputation){.bad = 100, .updated_s = NOW};
	assert_reason(reputation, bad);
	assert_true(g->r.score > 20);
	g->known.sender.network = (struct reputation){.good = 100, .updated_s = NOW};
	assert_reason(reputation, none);
}

static void first_contact_and_new_domains(void **state)
{
	struct rig *g = *state;
	letter(g, FROM "\r\n");
	assert_reason(first_contact, never_seen);
	assert_reason(domain_new, never_seen);
	int full = g->r.score;
	g->known.sender.domain_first_s = NOW - 7 * DAY;
	assert_reason(domain_new, seen_since);
	assert_true(g->r.score < full && g->r.score > 0);
	g->known.sender.domain_first_s = NOW - 20 * DAY;
	assert_reason(domain_new, none);
	g->known.sender.letters_in = 1;
	assert_reason(first_contact, none);
	letter(g, "From: a@gmail.com\r\n\r\n");
	g->known.sender.domain_first_s = 0;
	assert_reason(domain_new, none);
	g->known.sender.given = false;
	assert_reason(first_contact, none);
}

static void habits(void **state)
{
	struct rig *g = *state;
	letter(g, FROM "\r\n");
	uint64_t place = habit_place(&g->l);
	for (unsigned i = 0; i < 20; i++)
		habit_note(&g->known.sender.habit, place, true);
	assert_reason(habit_origin, none);
	assert_reason(habit_signs, always_signs);
	g->l.trust.smime = LETTER_PASS;
	assert_reason(habit_signs, none);
	policy_ip_parse(SLICE("198.51.100.7"), &g->l.client);
	assert_reason(habit_origin, none);
	g->l.trust.smime = LETTER_FAIL;
	assert_reason(habit_signs, always_signs);
	assert_reason(habit_origin, other_origin);
	int full = g->r.score;
	g->l.trust.dmarc = LETTER_PASS;
	assert_reason(habit_origin, other_origin);
	assert_true(g->r.score < full);
	policy_ip_parse(SLICE("192.0.2.77"), &g->l.client);
	assert_reason(habit_origin, none);
}

static void header_odd(void **state)
{
	struct rig *g = *state;
	assert_rows(header_odd, {FROM "\r\n", REASON_none}, {"Subject: x\r\n\r\n", REASON_from_missing},
		{FROM "From: b@evil.example\r\n\r\n", REASON_from_doubled}, {"From: a@x.example, b@y.example\r\n\r\n", REASON_from_many},
		{"From: a@x.example, b@y.example\r\nSender: a@x.example\r\n\r\n", REASON_none}, {"From: no address\r\n\r\n", REASON_from_missing});
	static const struct { const char *date; enum check_reason reason; } dates[] = {
		{"Fri, 19 Nov 2026 03:00:00 +0000", REASON_none}, {"Wed, 25 Nov 2026 03:00:00 +0000", REASON_date_future}, {"soon", REASON_date_missing},
		{"Mon, 01 Jan 2024 00:00:00 +0000", REASON_date_old},
	};
	for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
		policy_letter_read(&g->l, arena_printf(&g->arena, "Date: %s\r\nMessage-ID: <1@x>\r\n" FROM "\r\n", dates[i].date), NULL, NULL, &g->arena);
		assert_int_equal(run(g, CHECK_ID_header_odd), dates[i].reason);
	}
	policy_letter_read(&g->l, SLICE("Date: Fri, 19 Nov 2026 03:00:00 +0000\r\n" FROM "\r\n"), NULL, NULL, &g->arena);
	assert_reason(header_odd, id_missing);
}

static void bulk(void **state)
{
	struct rig *g = *state;
	assert_rows(bulk, {FROM "\r\n", REASON_none}, {FROM "List-Id: <l.example>\r\n\r\n", REASON_list_no_exit},
		{FROM "List-Id: <l.example>\r\nList-Unsubscribe: <mailto:x@l.example>\r\n\r\n", REASON_list},
		{FROM "Precedence: Bulk\r\n\r\n", REASON_list_no_exit});
	letter(g, FROM "List-Unsubscribe: <mailto:x@l.example>\r\n\r\n");
	run(g, CHECK_ID_bulk);
	assert_int_equal(g->r.score, 0);
	letter(g, FROM "\r\n");
	g->l.recipient_count = 100;
	assert_reason(bulk, many_recipients);
}

static void name_person(void **state)
{
	struct rig *g = *state;
	assert_rows(name_person, {"From: =?utf-8?B?5byg5Lyf?= <boss@evil.example>\r\n\r\n", REASON_same_name},
		{"From: =?utf-8?B?5by15YGJ?= <boss@evil.example>\r\n\r\n", REASON_same_name}, {"From: \"Wei Zhang (CEO)\" <x@gmail.com>\r\n\r\n",
		REASON_romanised_name}, {"From: Alice Johnson <alice@gmail.com>\r\n\r\n", REASON_same_name},
		{"From: A1ice Johnson <alice@gmail.com>\r\n\r\n", REASON_similar_name}, {"From: Alice Johnson <alice@huaxing.example>\r\n\r\n",
		REASON_none}, {"From: Alice Johnson <service@huaxing.example>\r\n\r\n", REASON_none},
			{"From: Alice Miller <alice@gmail.com>\r\n\r\n", REASON_none}, {"From: x@evil.example\r\nSender: Alice Johnson <y@evil.example>\r\n\r\n",
			REASON_same_name});
	letter(g, "From: Alice Johnson <alice@gmail.com>\r\n\r\n");
	assert_reason(name_person, same_name);
	int full = g->r.score;
	assert_string_equal((const char *)arena_dup(&g->arena, g->r.arguments[0].text).p, "alice@huaxing.example");
	g->known.sender.letters_out = 5;
	g->l.trust.dmarc = LETTER_PASS;
	assert_reason(name_person, same_name);
	assert_true(g->r.score < full / 4);
	g->known.sender.letters_out = 0;
	assert_reason(name_person, same_name);
	assert_int_equal(g->r.score, full);
	letter(g, "From: Alice Johnson <a@firm.example>\r\n\r\n");
	assert_reason(name_person, same_name);
	assert_true(g->r.score < full);
	letter(g, "From: Zhang Wei <z@firm.example>\r\n\r\n");
	assert_reason(name_person, romanised_name);
	assert_int_equal(g->r.score, full);
	letter(g, "From: Zhang Wei <z@midori.co.jp>\r\n\r\n");
	assert_reason(name_person, romanised_name);
	assert_true(g->r.score <= full / 4);
	g->known.names = NULL;
	assert_reason(name_person, none);
}

static void name_address(void **state)
{
	assert_rows(name_address, {"From: \"boss@huaxing.example\" <x@evil.example>\r\n\r\n", REASON_other_address},
		{"From: =?utf-8?Q?boss=EF=BC=A0huaxing.example?= <x@evil.example>\r\n\r\n", REASON_other_address},
		{"From: \"a@sender.example\" <a@mail.sender.example>\r\n\r\n", REASON_none}, {"From: Ann @ Home <a@x.example>\r\n\r\n", REASON_none},
		{"From: \"Boss <boss@huaxing.example>\" <x@evil.example>\r\n\r\n", REASON_other_address}, {FROM "\r\n", REASON_none});
}

static void name_scripts(void **state)
{
	assert_rows(name_scripts, {"From: =?utf-8?Q?P=D0=B0yPal?= <x@evil.example>\r\n\r\n", REASON_mixed_scripts},
		{"From: =?utf-8?Q?Pay=E2=80=8BPal?= <x@evil.example>\r\n\r\n", REASON_invisible},
		{"From: =?utf-8?B?5byg5LyfIFpoYW5n?= <x@evil.example>\r\n\r\n", REASON_none}, {FROM "\r\n", REASON_none});
}

static void from_lookalike(void **state)
{
	struct rig *g = *state;
	assert_rows(from_lookalike, {"From: a@huaxlng.example\r\n\r\n", REASON_homoglyph}, {"From: a@hu\xd0\xb0xing.example\r\n\r\n",
		REASON_homoglyph}, {"From: a@xn--huxing-4nf.example\r\n\r\n", REASON_homoglyph}, {"From: a@huaxing.com\r\n\r\n", REASON_other_ending},
		{"From: a@huaxing-group.net\r\n\r\n", REASON_added_word}, {"From: a@hauxing.example\r\n\r\n", REASON_typing_error},
		{"From: a@huaxing.example.evil.test\r\n\r\n", REASON_embedded}, {FROM "Reply-To: a@midori-jp.com\r\n\r\n", REASON_added_word},
		{"From: a@mail.huaxing.example\r\n\r\n", REASON_none}, {"From: a@midori.co.jp\r\n\r\n", REASON_none}, {FROM "\r\n", REASON_none});
	letter(g, "From: a@huaxing.com\r\n\r\n");
	assert_reason(from_lookalike, other_ending);
	int full = g->r.score;
	g->known.sender.letters_out = 10;
	g->l.trust.dmarc = LETTER_PASS;
	assert_reason(from_lookalike, other_ending);
	assert_true(g->r.score < full / 2);
}

static void reply_to_other(void **state)
{
	struct rig *g = *state;
	assert_rows(reply_to_other, {FROM "Reply-To: boss@gmail.com\r\n\r\n", REASON_free_mail},
		{FROM "Reply-To: boss@other.example\r\n\r\n", REASON_other_domain}, {FROM "Reply-To: b@mail.sender.example\r\n\r\n", REASON_none},
		{FROM "Reply-To: b@sender.example, boss@gmail.com\r\n\r\n", REASON_free_mail},
		{FROM "Reply-To: b@huaxing.example\r\n\r\n", REASON_none}, {FROM "Reply-To: l@list.example\r\nList-Id: <l.example>\r\n\r\n", REASON_none},
		{FROM "Reply-To: l@qq.com\r\nList-Id: <l.example>\r\n\r\n", REASON_free_mail}, {FROM "\r\n", REASON_none});
	letter(g, FROM "Reply-To: boss@gmail.com\r\n\r\n");
	run(g, CHECK_ID_reply_to_other);
	int full = g->r.score;
	letter(g, "From: a@163.com\r\nReply-To: boss@gmail.com\r\n\r\n");
	run(g, CHECK_ID_reply_to_other);
	assert_true(g->r.score < full);
}

static void link_mismatch(void **state)
{
	struct rig *g = *state;
	assert_rows(link_mismatch, {HTML "<a href='http://evil.test/'>www.bank.example</a>", REASON_shows_other_host},
		{HTML "<a href='http://evil.test/'><b>https://</b>bank.example/login</a>", REASON_shows_other_host},
		{HTML "<a href='http://evil.test/'>w&#119;w.bank.ex<i>ample</i></a>", REASON_shows_other_host},
		{HTML "<a href='http://evil.test/'>ｂａｎｋ。example</a>", REASON_shows_other_host},
		{HTML "<a href='http://login.bank.example/'>www.bank.example</a>", REASON_none}, {HTML "<a href='http://evil.test/'>click here</a>",
		REASON_none}, {HTML "<a href='http://evil.test/'>report.pdf</a>", REASON_none}, {HTML "<a href='mailto:a@bank.example'>bank.example</a>",
		REASON_none}, {HTML "<img src='http://evil.test/'>", REASON_none});
	letter(g, HTML "<a href='http://click.mailer.test/'>www.sender.example</a>");
	run(g, CHECK_ID_link_mismatch);
	int full = g->r.score;
	g->l.trust.dmarc = LETTER_PASS;
	run(g, CHECK_ID_link_mismatch);
	assert_true(g->r.score < full / 4);
	letter(g, HTML "<a href='http://click.mailer.test/'>www.sender.example</a><a href='http://evil.test'>www.bank.example</a>");
	run(g, CHECK_ID_link_mismatch);
	assert_int_equal(g->r.score, full);
}

#define WITH_PART(disposition) FROM "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\nContent-Disposition: " \
	disposition "\r\n\r\n<a href='http://evil.test/'>www.bank.example</a>\r\n--b--\r\n"

static void links_are_found_in_whatever_is_shown_or_opened(void **state)
{
	assert_rows(link_mismatch, {WITH_PART("inline"), REASON_shows_other_host}, {WITH_PART("inline; filename=a.html"), REASON_shows_other_host},
		{WITH_PART("attachment; filename=a.html"), REASON_shows_other_host},
		{FROM "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nwww.bank.example\r\n--b--\r\n", REASON_none});
}

static void links_with_tricks(void **state)
{
	assert_rows(link_userinfo, {HTML "<a href='http://bank.example@evil.test/'>x</a>", REASON_user_in_link},
		{FROM "\r\nsee https://bank.example:pw@evil.test/\r\n", REASON_user_in_link}, {HTML "<a href='http://a.test/@user'>x</a>", REASON_none},
		{HTML "<a href='ftp://user@files.test/'>x</a>", REASON_none}, {HTML "<a href='mailto:a@b.test'>x</a>", REASON_none});
	assert_rows(link_address, {HTML "<a href='http://198.51.100.1/'>x</a>", REASON_number_as_host},
		{HTML "<a href='http://0xc6336401/'>x</a>", REASON_disguised_number}, {HTML "<a href='http://192.168.1.1/'>x</a>", REASON_none},
		{HTML "<a href='http://3232235777/'>x</a>", REASON_disguised_number}, {HTML "<a href='http://a.test/198.51.100.1'>x</a>", REASON_none});
	assert_rows(link_scheme, {HTML "<a href='javascript:x()'>x</a>", REASON_dangerous_scheme},
		{HTML "<a href='java&#10;script:x'>x</a>", REASON_dangerous_scheme}, {HTML "<a href='DATA:text/html,x'>x</a>", REASON_dangerous_scheme},
		{HTML "<img src='data:image/png;base64,AA'>", REASON_none}, {HTML "<a href='https://a.test/data:'>x</a>", REASON_none});
	assert_rows(link_scripts, {HTML "<a href='http://p\xd0\xb0ypal.test/'>x</a>", REASON_mixed_scripts},
		{HTML "<a href='http://xn--pypal-4ve.test/'>x</a>", REASON_mixed_scripts}, {HTML "<a href='http://例え.test/'>x</a>", REASON_punycode},
		{HTML "<a href='http://paypal.test/'>x</a>", REASON_none}, {HTML "<a href='http://сосоа.test/'>x</a>", REASON_all_lookalike});
	assert_rows(link_redirect, {HTML "<a href='https://bit.ly/abc'>x</a>", REASON_shortener},
		{HTML "<a href='https://g.test/url?q=https://evil.test/x'>x</a>", REASON_nested_target},
		{HTML "<a href='https://g.test/r?u=https%3A%2F%2Fevil.test%2Fx'>x</a>", REASON_nested_target},
		{HTML "<a href='https://g.test/r?u=https://g.test/x'>x</a>", REASON_none},
		{HTML "<a href='https://c.test/r?u=https://sender.example/x'>x</a>", REASON_none}, {HTML "<a href='https://g.test/'>x</a>", REASON_none});
	assert_rows(link_lookalike, {HTML "<a href='https://huaxlng.example/'>x</a>", REASON_homoglyph},
		{FROM "\r\nhttps://huaxing.example.evil.test/login\r\n", REASON_embedded}, {HTML "<a href='https://portal.huaxing.example/'>x</a>",
		REASON_none}, {HTML "<a href='https://other.test/huaxing.example'>x</a>", REASON_none});
}

static void link_checks_hold_for_our_own_people_too(void **state)
{
	struct rig *g = *state;
	g->l.authenticated = true;
	letter(g, HTML "<a href='http://evil.test/'>www.bank.example</a>");
	assert_reason(link_mismatch, shows_other_host);
}

static void text_disguised(void **state)
{
	assert_rows(text_disguised, {FROM "Content-Type: text/plain; charset=utf-8\r\n\r\nyour p\xd0\xb0ssword\r\n", REASON_mixed_scripts},
		{FROM "Content-Type: text/plain; charset=utf-8\r\n\r\np\xe2\x80\x8b" "a\xe2\x80\x8bs\xe2\x80\x8bs\xe2\x80\x8bw\xe2\x80\x8bord\r\n",
		REASON_split_words}, {FROM "Content-Type: text/plain; charset=utf-8\r\n\r\none\xe2\x80\x8bword\r\n", REASON_none},
		{FROM "Subject: =?utf-8?B?5a+G4oCL56CB?=\r\n\r\n", REASON_split_words}, {FROM "\r\nplain\r\n", REASON_none});
}

static void text_pressure(void **state)
{
	struct rig *g = *state;
	assert_rows(text_pressure, {FROM "\r\nVerify your account immediately or it will be suspended\r\n", REASON_asks_secret},
		{FROM "Content-Type: text/plain; charset=utf-8\r\n\r\n请立即验证您的邮箱密码,否则将被停用\r\n", REASON_asks_secret},
		{FROM "Content-Type: text/plain; charset=utf-8\r\n\r\n我在开会,尽快安排转账\r\n", REASON_asks_money},
		{FROM "Content-Type: text/plain; charset=utf-8\r\n\r\n至急、振込先の変更をお願いします\r\n", REASON_asks_money},
		{FROM "Content-Type: text/plain; charset=utf-8\r\n\r\n请 立 即\r\n", REASON_none}, {FROM "\r\nYour password was changed by you.\r\n",
		REASON_none}, {FROM "\r\nURGENT: the build is broken\r\n", REASON_none});
	letter(g, FROM "\r\nＵＲＧＥＮＴ: verify your account\r\n");
	assert_reason(text_pressure, asks_secret);
}

#define FILE_PART(name) FROM "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"" name "\"\r\n\r\nx\r\n"

static void attachment_lure(void **state)
{
	assert_rows(attachment_lure, {FILE_PART("invoice.html"), REASON_page_as_file}, {FILE_PART("Invoice.PDF.HTM"), REASON_doubled_extension},
		{FILE_PART("contract.docx .exe"), REASON_doubled_extension}, {FILE_PART("\xe5\x8f\x91\xe7\xa5\xa8\xe2\x80\xae" "fdp.exe"),
		REASON_turned_extension}, {FILE_PART("report.pdf"), REASON_none}, {FILE_PART("data.tar.gz"), REASON_none},
			{FROM "\r\ntext\r\n", REASON_none});
}

static void bayes_counts_by_its_confidence(void **state)
{
	static const uint8_t key[TOKEN_KEY] = "key of the table";
	struct rig *g = *state;
	struct bayes b;
	assert_reason(bayes, none);
	assert_int_equal(g->r.state, CHECK_SKIPPED);
	bayes_init(&b, key, TOKENS_MAX, 10);
	for (unsigned i = 0; i < 40; i++) {
		struct tokens t;
		letter(g, i % 2 ? FROM "\r\nagenda minutes contract schedule project attached regards team\r\n"
			: FROM "\r\ncasino jackpot bonus winner prize lottery free spins\r\n");
		tokens_make(&g->l, key, &g->arena, &t);
		bayes_train(&b, &t, i % 2 ? BAYES_HAM : BAYES_JUNK);
	}
	g->known.organisation = &b;
	letter(g, FROM "\r\nwinner of the casino jackpot, free bonus prize\r\n");
	assert_reason(bayes, learnt_junk);
	assert_true(g->r.score > 10);
	letter(g, FROM "\r\nagenda and minutes of the project team, contract attached\r\n");
	assert_reason(bayes, learnt_good);
	assert_true(g->r.score < -5);
	bayes_free(&b);
}

/* ---- the table and the verdict ---- */

static void the_table_sums_up_and_explains(void **state)
{
	struct rig *g = *state;
	struct policy_verdict v;
	struct buf out = BUF_INIT(4096);
	g->l.ptr = SLICE("mx.sender.example");
	g->known.sender.letters_in = 1;
	g->known.sender.domain_first_s = NOW - 100 * DAY;
	letter(g, "From: Alice Johnson <a@evil.test>\r\nReply-To: x@gmail.com\r\n\r\nhello\r\n");
	policy_run(&g->l, &g->known, &g->facts, NULL, NULL, NULL, &v);
	assert_int_equal(v.score, 90);
	assert_int_equal(v.verdict, VERDICT_QUARANTINE);
	verdict_header(&v, &out);
	assert_true(slice_eq(buf_slice(&out),
		SLICE("X-Letterlock-Verdict: v1; verdict=quarantine; score=90; phishing=90; junk=50; quarantine=90; reject=0;\r\n"
		"\tname_person=60/same_name person=alice@huaxing.example;\r\n\treply_to_other=30/free_mail domain=gmail.com\r\n")));
	buf_free(&out);
}

static void options_change_points_and_thresholds(void **state)
{
	struct rig *g = *state;
	struct check_options o = {.thresholds = {.junk = 20, .quarantine = 0, .reject = 60}};
	struct policy_verdict v;
	g->l.ptr = SLICE("mx.sender.example");
	g->known.sender.given = false;
	letter(g, "From: Alice Johnson <a@evil.test>\r\n\r\nhello\r\n");
	policy_run(&g->l, &g->known, &g->facts, &o, NULL, NULL, &v);
	assert_int_equal(v.verdict, VERDICT_REJECT);
	o.has_score[CHECK_ID_name_person] = true;
	o.score[CHECK_ID_name_person] = 25;
	policy_run(&g->l, &g->known, &g->facts, &o, NULL, NULL, &v);
	assert_int_equal(v.verdict, VERDICT_JUNK);
	assert_int_equal(v.score, 25);
	o.off[CHECK_ID_name_person] = true;
	policy_run(&g->l, &g->known, &g->facts, &o, NULL, NULL, &v);
	assert_int_equal(v.verdict, VERDICT_PASS);
	assert_int_equal(v.results[CHECK_ID_name_person].state, CHECK_SKIPPED);
}

/* A clock that goes on by `step` with every look at it. */
struct ticks { int64_t now, step; };
static int64_t tick(void *arg)
{
	struct ticks *t = arg;
	return t->now += t->step;
}

static void what_the_time_does_not_allow_fails_as_its_row_says(void **state)
{
	struct rig *g = *state;
	struct ticks slow = {.step = 10000000}, quick = {.step = 1};
	struct check_options o = {.total_ms = 1000};
	struct policy_verdict v;
	letter(g, "From: boss@huaxing.example\r\n\r\nhello\r\n");
	g->l.trust.dmarc = LETTER_PASS;
	policy_run(&g->l, &g->known, &g->facts, &o, tick, &quick, &v);
	assert_int_equal(v.results[CHECK_ID_own_domain_forged].state, CHECK_CLEAR);
	assert_false(v.held);
	policy_run(&g->l, &g->known, &g->facts, &o, tick, &slow, &v);
	assert_int_equal(v.results[CHECK_ID_own_domain_forged].state, CHECK_FAILED);
	assert_int_equal(v.results[CHECK_ID_name_person].state, CHECK_FAILED);
	assert_int_equal(v.results[CHECK_ID_name_person].score, 0);
	assert_true(v.held);
	assert_int_equal(v.verdict, VERDICT_QUARANTINE);
	o.total_ms = 0;
	policy_run(&g->l, &g->known, &g->facts, &o, tick, &slow, &v);
	assert_true(v.results[CHECK_ID_client_unnamed].late);
	assert_int_equal(v.results[CHECK_ID_client_unnamed].state, CHECK_HIT);
	assert_int_equal(v.results[CHECK_ID_text_pressure].state, CHECK_FAILED);
}

static void a_verdict_waits_for_facts_and_ends_without_them(void **state)
{
	struct rig *g = *state;
	struct policy_verdict v;
	g->known.zones = zones;
	g->known.zone_count = 2;
	letter(g, FROM "\r\nhttp://www.evil.test/\r\n");
	policy_run(&g->l, &g->known, &g->facts, NULL, NULL, NULL, &v);
	assert_true(v.waits);
	assert_int_equal(facts_wanted(&g->facts), 3);
	facts_give_up(&g->facts);
	policy_run(&g->l, &g->known, &g->facts, NULL, NULL, NULL, &v);
	assert_false(v.waits);
	assert_int_equal(v.results[CHECK_ID_client_listed].state, CHECK_FAILED);
}

static void only_clear_letters_teach(void **state)
{
	static const struct { int others, bayes; bool learnt; enum bayes_class class; } rows[] = {
		{120, 0, true, BAYES_JUNK}, {120, 40, true, BAYES_JUNK}, {120, -20, false, 0}, {60, 60, false, 0}, {-30, 0, true, BAYES_HAM},
		{-30, 30, false, 0}, {0, -30, false, 0},
	};
	struct rig *g = *state;
	struct learn_thresholds t = LEARN_THRESHOLDS_DEFAULT, never = {0};
	enum bayes_class class;
	g->l.trust.dmarc = LETTER_PASS;
	g->known.sender.letters_out = 1;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct policy_verdict v = {.score = rows[i].others + rows[i].bayes};
		v.results[CHECK_ID_bayes].score = rows[i].bayes;
		assert_int_equal(policy_learn(&t, &g->l, &g->known.sender, &v, &class), rows[i].learnt);
		assert_true(!rows[i].learnt || class == rows[i].class);
		assert_false(policy_learn(&never, &g->l, &g->known.sender, &v, &class));
		v.held = true;
		assert_false(policy_learn(&t, &g->l, &g->known.sender, &v, &class));
	}
	struct policy_verdict good = {.score = -30};
	g->known.sender.letters_out = 0;
	assert_false(policy_learn(&t, &g->l, &g->known.sender, &good, &class));
}

static void nothing_can_break_out_of_the_header(void **state)
{
	struct policy_verdict v = {.verdict = VERDICT_JUNK};
	struct buf out = BUF_INIT(4096);
	(void)state;
	v.results[CHECK_ID_link_mismatch] = (struct check_result){.state = CHECK_HIT, .score = -5, .reason = REASON_shows_other_host};
	check_say(&v.results[CHECK_ID_link_mismatch], "shown", SLICE("a\r\nX: y; z=1 \"(\xe5\xbc\xa0"));
	check_say_number(&v.results[CHECK_ID_link_mismatch], "n", -7);
	check_say(&v.results[CHECK_ID_link_mismatch], "empty", SLICE_NONE);
	verdict_header(&v, &out);
	assert_true(slice_ends(buf_slice(&out), SLICE("\tlink_mismatch=-5/shows_other_host shown=a??X:?y??z?1?????? n=-7 empty=?\r\n")));
	buf_free(&out);
}

static void every_check_has_a_name(void **state)
{
	(void)state;
	for (enum check_id id = 0; id < CHECK_ID_COUNT; id++) {
		enum check_id found;
		assert_true(check_find(slice_str(check_name(id)), &found));
		assert_int_equal(found, id);
	}
	enum check_id found;
	assert_false(check_find(SLICE("nonesuch"), &found));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(client_unnamed), TEST(helo_odd), TEST(client_listed), TEST(link_listed), TEST(spf_failed), TEST(dmarc_failed),
		TEST(own_domain_forged), TEST(sender_trusted), TEST(reputation), TEST(first_contact_and_new_domains), TEST(habits), TEST(header_odd),
		TEST(bulk), TEST(name_person), TEST(name_address), TEST(name_scripts), TEST(from_lookalike), TEST(reply_to_other), TEST(link_mismatch),
		TEST(links_are_found_in_whatever_is_shown_or_opened), TEST(links_with_tricks), TEST(link_checks_hold_for_our_own_people_too),
		TEST(text_disguised), TEST(text_pressure), TEST(attachment_lure), TEST(bayes_counts_by_its_confidence),
		TEST(the_table_sums_up_and_explains), TEST(options_change_points_and_thresholds),
			TEST(what_the_time_does_not_allow_fails_as_its_row_says), TEST(a_verdict_waits_for_facts_and_ends_without_them),
			TEST(only_clear_letters_teach), TEST(nothing_can_break_out_of_the_header), TEST(every_check_has_a_name),
	};
#undef TEST
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	policy_warm();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
