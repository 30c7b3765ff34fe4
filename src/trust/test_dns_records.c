#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/ensure.h"
#include "trust/dns_records.h"
#include "trust/dns_zone.h"

#define RSA_RECORD \
	"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA" \
	"tTm6fzjUDTAh+EVVq6OFmCAhPXEFJLuQ2Rkgna/7S+IAOpeKCTZxbC8EX94D4cn2kmJdkpDjJ" \
	"I3B5Y2qg7X8Sg9O6XKQsWJ4NhS4a4mtJdWZs2tI3DwhXoB4yQO+9yM7wHK2IpHgbqTFFsPxrVzP3WRPqbE5uG7YlTQ0wq6Rv0zI1P5vS6sJ2n3yDqvV2nWqk1Jd9m" \
	"Z8yG5pQ0rX7tB4cF6hL3kN9sT2uV1wXyZaBcDeFgHiJkLmNoPqRsTuVwIDAQAB"
#define ED_RECORD "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define HEX32 "0101010101010101010101010101010101010101010101010101010101010101"

struct rig {
	struct arena arena;
	struct dns_facts facts;
	struct dns_record records[DNS_RECORDS_MAX];
	size_t count;
};

static void make(struct rig *r)
{
	static const struct dns_facts_service services[] = {{SLICE_INIT("smtp"), 25}, {SLICE_INIT("imaps"), 993}, {SLICE_INIT("pop3s"), 995},
		{SLICE_INIT("submissions"), 465}, {SLICE_INIT("submission"), 10587}, {SLICE_INIT("management"), 8443}};
	*r = (struct rig){.facts = {.domain = SLICE("example.org"), .host = SLICE("mail.example.org"), .service_count = ARRAY_LEN(services),
		.keys = {{SLICE("r20261122"), SLICE(RSA_RECORD), false}, {SLICE("e20261122"), SLICE(ED_RECORD), true}}, .key_count = 2,
		.tlsa_count = 1, .ca = SLICE("letsencrypt.org")}};
	memcpy(r->facts.services, services, sizeof services);
	memset(r->facts.tlsa[0], 1, 32);
	r->count = dns_records_make(&r->facts, &r->arena, r->records);
}

static void assert_text(struct slice got, const char *wanted)
{
	if (!slice_eq(got, slice_str(wanted)))
		fail_msg("got:\n%.*s\nwanted:\n%s", SLICE_ARG(got), wanted);
}

static void a_zone_file_has_every_record(void **state)
{
	struct rig r;
	struct buf out = BUF_INIT(20000);
	make(&r);
	dns_records_bind(r.records, r.count, SLICE("example.org"), &out);
	assert_text(buf_slice(&out),
		"example.org.\t3600\tIN\tMX\t10 mail.example.org.\n"
		"example.org.\t3600\tIN\tTXT\t\"v=spf1 mx -all\"\n"
		"r20261122._domainkey.example.org.\t3600\tIN\tTXT\t"
		"\"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtTm6fzjUDTAh+EVVq6OFmCAhPXEFJLuQ2Rkgna/7S+IAOpeKCTZxbC8EX9"
		"4D4cn2kmJdkpDjJI3B5Y2qg7X8Sg9O6XKQsWJ4NhS4a4mtJdWZs2tI3DwhXoB4yQO"
		"+9yM7wHK2IpHgbqTFFsPxrVzP3WRPqbE5uG7YlTQ0wq6Rv0zI1P5vS6sJ2n3yDqvV2nWqk\""
		" \"1Jd9mZ8yG5pQ0rX7tB4cF6hL3kN9sT2uV1wXyZaBcDeFgHiJkLmNoPqRsTuVwIDAQAB\"\n"
		"e20261122._domainkey.example.org.\t3600\tIN\tTXT\t\"" ED_RECORD "\"\n"
		"_dmarc.example.org.\t3600\tIN\tTXT\t\"v=DMARC1; p=none; rua=mailto:postmaster@example.org\"\n"
		"_smtp._tls.example.org.\t3600\tIN\tTXT\t\"v=TLSRPTv1; rua=mailto:postmaster@example.org\"\n"
		"_25._tcp.mail.example.org.\t3600\tIN\tTLSA\t3 1 1 " HEX32 "\n"
		"mail.example.org.\t3600\tIN\tCAA\t0 issue \"letsencrypt.org\"\n"
		"_imaps._tcp.example.org.\t3600\tIN\tSRV\t0 1 993 mail.example.org.\n"
		"_pop3s._tcp.example.org.\t3600\tIN\tSRV\t10 1 995 mail.example.org.\n"
		"_submissions._tcp.example.org.\t3600\tIN\tSRV\t0 1 465 mail.example.org.\n"
		"_submission._tcp.example.org.\t3600\tIN\tSRV\t10 1 10587 mail.example.org.\n");
	buf_free(&out);
	arena_free(&r.arena);
}

static void what_is_not_served_is_not_announced(void **state)
{
	struct rig r;
	make(&r);
	for (size_t i = 0; i < r.count; i++)
		assert_false(slice_starts(r.records[i].name, SLICE("auto")) || slice_starts(r.records[i].name, SLICE("mta-sts")) ||
			slice_starts(r.records[i].name, SLICE("_imap.")) || slice_starts(r.records[i].name, SLICE("_mta-sts")));
	size_t before = r.count;
	r.facts.autoconfig = r.facts.autodiscover = true;
	r.facts.sts_id = SLICE("20261122");
	assert_int_equal(dns_records_make(&r.facts, &r.arena, r.records), before + 5);
	r.facts.tlsa_count = 0;
	r.facts.ca = SLICE_NONE;
	assert_int_equal(dns_records_make(&r.facts, &r.arena, r.records), before + 3);
	arena_free(&r.arena);
}

static void records_of_another_zone_are_comments(void **state)
{
	struct rig r;
	struct buf out = BUF_INIT(20000);
	make(&r);
	r.facts.host = SLICE("mx.provider.test");
	r.facts.key_count = 0;
	r.facts.service_count = 0;
	r.facts.smart_host = true;
	r.count = dns_records_make(&r.facts, &r.arena, r.records);
	dns_records_bind(r.records, r.count, SLICE("example.org"), &out);
	assert_text(buf_slice(&out),
		"example.org.\t3600\tIN\tMX\t10 mx.provider.test.\n"
		"example.org.\t3600\tIN\tTXT\t\"v=spf1 mx ~all\"\n"
		"_dmarc.example.org.\t3600\tIN\tTXT\t\"v=DMARC1; p=none; rua=mailto:postmaster@example.org\"\n"
		"_smtp._tls.example.org.\t3600\tIN\tTXT\t\"v=TLSRPTv1; rua=mailto:postmaster@example.org\"\n"
		"; in another zone:\n"
		"; _25._tcp.mx.provider.test.\t3600\tIN\tTLSA\t3 1 1 " HEX32 "\n"
		"; mx.provider.test.\t3600\tIN\tCAA\t0 issue \"letsencrypt.org\"\n");
	buf_free(&out);
	arena_free(&r.arena);
}

static void texts_are_escaped(void **state)
{
	struct buf out = BUF_INIT(4000);
	struct dns_record record = {.name = SLICE("a.test"), .type = DNS_TXT, .value = SLICE("a\"b\\c\xe4\xb8\xad"), .purpose = DNS_FOR_SPF};
	dns_records_bind(&record, 1, SLICE("test"), &out);
	assert_text(buf_slice(&out), "a.test.\t3600\tIN\tTXT\t\"a\\\"b\\\\c\\228\\184\\173\"\n");
	buf_clear(&out);
	record.value = SLICE_NONE;
	dns_records_bind(&record, 1, SLICE("test"), &out);
	assert_text(buf_slice(&out), "a.test.\t3600\tIN\tTXT\t\"\"\n");
	buf_free(&out);
}

/* What is printed as a zone file, read as one, is right: that is the check of both. */
static void what_was_printed_checks_as_right(void **state)
{
	struct rig r;
	struct arena arena = ARENA_INIT;
	struct dns_zone zone;
	struct error err = {0};
	struct buf out = BUF_INIT(20000);
	make(&r);
	r.facts.autoconfig = r.facts.autodiscover = true;
	r.facts.sts_id = SLICE("20261122");
	/* The key of the golden test is none. */
	r.facts.keys[0].text = SLICE(ED_RECORD);
	r.count = dns_records_make(&r.facts, &r.arena, r.records);
	dns_records_bind(r.records, r.count, SLICE("example.org"), &out);
	dns_zone_init(&zone, &arena);
	if (dns_zone_parse(&zone, buf_slice(&out), &err) != 0)
		fail_msg("%s", err.private_text);
	for (size_t i = 0; i < r.count; i++) {
		struct slice current;
		struct dns_answer a = dns_zone_answer(&zone, r.records[i].name, r.records[i].type);
		if (dns_record_check(&r.records[i], a.records, &r.arena, &current) != DNS_STATE_OK)
			fail_msg("%.*s: %.*s", SLICE_ARG(r.records[i].name), SLICE_ARG(current));
		assert_true(current.n > 0);
	}
	dns_zone_free(&zone);
	buf_free(&out);
	arena_free(&arena);
	arena_free(&r.arena);
}

/* One record of the domain against one zone file. */
static enum dns_state check(enum dns_purpose purpose, const char *text, char *ret_current, size_t size)
{
	struct rig r;
	struct arena arena = ARENA_INIT;
	struct dns_zone zone;
	struct error err = {0};
	struct slice current = SLICE_NONE;
	enum dns_state state = DNS_STATE_UNKNOWN;
	make(&r);
	dns_zone_init(&zone, &arena);
	if (dns_zone_parse(&zone, slice_str(text), &err) != 0)
		fail_msg("%s", err.private_text);
	for (size_t i = r.count; i-- > 0;)
		if (r.records[i].purpose == purpose)
			state = dns_record_check(&r.records[i], dns_zone_answer(&zone, r.records[i].name, r.records[i].type).records, &r.arena, &current);
	snprintf(ret_current, size, "%.*s", SLICE_ARG(current));
	dns_zone_free(&zone);
	arena_free(&arena);
	arena_free(&r.arena);
	return state;
}

static void what_differs_is_told_from_what_may_be_chosen(void **state)
{
	static const struct { enum dns_purpose purpose; const char *zone; enum dns_state state; const char *current; } rows[] = {
		{DNS_FOR_MAIL, "other.test. TXT x\n", DNS_STATE_MISSING, ""},
		{DNS_FOR_MAIL, "example.org. MX 5 MAIL.example.org.\nexample.org. MX 20 backup.test.\n", DNS_STATE_OK,
			"5 mail.example.org. | 20 backup.test."},
		{DNS_FOR_MAIL, "example.org. MX 5 old.test.\n", DNS_STATE_DIFFERENT, "5 old.test."},
		{DNS_FOR_SPF, "example.org. TXT \"site-verification=1\"\n", DNS_STATE_MISSING, ""},
		{DNS_FOR_SPF, "example.org. TXT \"v=spf1 mx include:news.test ~all\"\nexample.org. TXT x\n", DNS_STATE_OK,
			"v=spf1 mx include:news.test ~all"},
		{DNS_FOR_SPF, "example.org. TXT \"v=spf1 mx +all\"\n", DNS_STATE_DIFFERENT, "v=spf1 mx +all"},
		{DNS_FOR_SPF, "example.org. TXT \"v=spf1 ip4:192.0.2.9 -all\"\n", DNS_STATE_DIFFERENT, "v=spf1 ip4:192.0.2.9 -all"},
		{DNS_FOR_SPF, "example.org. TXT \"v=spf1 mx -all\"\nexample.org. TXT \"v=spf1 mx -all \"\n", DNS_STATE_DIFFERENT,
			"v=spf1 mx -all | v=spf1 mx -all "},
		{DNS_FOR_DKIM_OLD, "e20261122._domainkey.example.org. "
			"TXT \"k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7h\" \"cvPapiMlrwIaaPcHURo=\"\n", DNS_STATE_OK,
			"k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="},
		{DNS_FOR_DKIM_OLD, "e20261122._domainkey.example.org. TXT \"v=DKIM1; k=ed25519; p=\"\n", DNS_STATE_DIFFERENT, "v=DKIM1; k=ed25519; p="},
		{DNS_FOR_DMARC, "_dmarc.example.org. TXT \"v=DMARC1; p=reject\"\n", DNS_STATE_OK, "v=DMARC1; p=reject"},
		{DNS_FOR_DMARC, "_dmarc.example.org. TXT \"v=DMARC1; p=mild\"\n", DNS_STATE_DIFFERENT, "v=DMARC1; p=mild"},
		{DNS_FOR_DMARC, "_dmarc.example.org. TXT \"v=DMARC1; p=none\"\n_dmarc.example.org. TXT \"v=DMARC1; p=reject\"\n", DNS_STATE_DIFFERENT,
			"v=DMARC1; p=none | v=DMARC1; p=reject"},
		{DNS_FOR_TLSRPT, "_smtp._tls.example.org. TXT \"v=TLSRPTv1; rua=mailto:tls@example.org\"\n", DNS_STATE_OK,
			"v=TLSRPTv1; rua=mailto:tls@example.org"},
		{DNS_FOR_DANE, "_25._tcp.mail.example.org. TLSA 3 1 1 " HEX32 "\n_25._tcp.mail.example.org. TLSA 2 0 1 ff\n", DNS_STATE_OK,
			"3 1 1 " HEX32 " | 2 0 1 ff"},
		{DNS_FOR_DANE, "_25._tcp.mail.example.org. TLSA 3 1 1 ff\n", DNS_STATE_DIFFERENT, "3 1 1 ff"},
		{DNS_FOR_CERTIFICATES, "mail.example.org. CAA 0 issue \"other.test\"\n", DNS_STATE_DIFFERENT, "0 issue \"other.test\""},
		{DNS_FOR_CLIENTS, "_imaps._tcp.example.org. SRV 5 7 993 mail.example.org.\n", DNS_STATE_OK, "5 7 993 mail.example.org."},
		{DNS_FOR_CLIENTS, "_imaps._tcp.example.org. SRV 0 1 143 mail.example.org.\n", DNS_STATE_DIFFERENT, "0 1 143 mail.example.org."},
	};
	char current[DNS_RECORDS_CURRENT_MAX + 1];
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(check(rows[i].purpose, rows[i].zone, current, sizeof current), rows[i].state);
		assert_string_equal(current, rows[i].current);
	}
}

static void broken_records_count_for_nothing(void **state)
{
	struct arena arena = ARENA_INIT;
	struct rig r;
	struct slice current;
	make(&r);
	for (size_t i = 0; i < r.count; i++) {
		assert_int_equal(dns_record_check(&r.records[i], SLICE("\0\0\0\1\377"), &arena, &current), DNS_STATE_MISSING);
		assert_int_equal(dns_record_check(&r.records[i], SLICE("\0\0\0\5\1"), &arena, &current), DNS_STATE_MISSING);
	}
	arena_free(&arena);
	arena_free(&r.arena);
}

static void put_forms(const struct rig *r, const char *provider, struct slice zone, struct buf *out)
{
	struct arena arena = ARENA_INIT;
	for (size_t i = 0; i < r->count; i++) {
		struct dns_form form;
		const struct dns_record *record = &r->records[i];
		if (record->purpose == DNS_FOR_DKIM)
			continue;
		switch (dns_provider_form(dns_provider_find(slice_str(provider)), record, zone, &arena, &form)) {
		case DNS_FORM_OK:
			buf_printf(out, "%.*s %s ", SLICE_ARG(form.host), form.type);
			if (form.has_priority)
				buf_printf(out, "[%u] ", form.priority);
			buf_printf(out, "%.*s %s\n", SLICE_ARG(form.value), form.ttl);
			break;
		case DNS_FORM_OTHER_ZONE: buf_append_str(out, "other zone\n"); break;
		case DNS_FORM_NO_TYPE: buf_append_str(out, "no type\n"); break;
		}
	}
	arena_free(&arena);
}

static void consoles_of_providers_get_their_form(void **state)
{
	static const struct { const char *name, *text; } rows[] = {
		{"aliyun", "@ MX [10] mail.example.org 600\n@ TXT v=spf1 mx -all 600\ne20261122._domainkey TXT " ED_RECORD " 600\n"
			"_dmarc TXT v=DMARC1; p=none; rua=mailto:postmaster@example.org 600\n"
			"_smtp._tls TXT v=TLSRPTv1; rua=mailto:postmaster@example.org 600\nno type\nmail CAA 0 issue \"letsencrypt.org\" 600\n"
			"_imaps._tcp SRV 0 1 993 mail.example.org 600\n"},
		{"tencent", "@ MX [10] mail.example.org. 600\n@ TXT v=spf1 mx -all 600\ne20261122._domainkey TXT " ED_RECORD " 600\n"
			"_dmarc TXT v=DMARC1; p=none; rua=mailto:postmaster@example.org 600\n"
			"_smtp._tls TXT v=TLSRPTv1; rua=mailto:postmaster@example.org 600\nno type\nmail CAA 0 issue \"letsencrypt.org\" 600\n"
			"_imaps._tcp SRV 0 1 993 mail.example.org. 600\n"},
		{"huawei", " MX 10 mail.example.org. 300\n TXT \"v=spf1 mx -all\" 300\ne20261122._domainkey TXT \"" ED_RECORD "\" 300\n"
			"_dmarc TXT \"v=DMARC1; p=none; rua=mailto:postmaster@example.org\" 300\n"
			"_smtp._tls TXT \"v=TLSRPTv1; rua=mailto:postmaster@example.org\" 300\nno type\nmail CAA 0 issue \"letsencrypt.org\" 300\n"
			"_imaps._tcp SRV 0 1 993 mail.example.org. 300\n"},
		{"cloudflare", "@ MX [10] mail.example.org Auto\n@ TXT v=spf1 mx -all Auto\ne20261122._domainkey TXT " ED_RECORD " Auto\n"
			"_dmarc TXT v=DMARC1; p=none; rua=mailto:postmaster@example.org Auto\n"
			"_smtp._tls TXT v=TLSRPTv1; rua=mailto:postmaster@example.org Auto\n_25._tcp.mail TLSA 3 1 1 " HEX32 " Auto\n"
			"mail CAA 0 issue \"letsencrypt.org\" Auto\n_imaps._tcp SRV [0] 1 993 mail.example.org Auto\n"},
	};
	struct rig r;
	make(&r);
	r.facts.service_count = 2;
	r.count = dns_records_make(&r.facts, &r.arena, r.records);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = BUF_INIT(20000);
		put_forms(&r, rows[i].name, SLICE("example.org"), &out);
		assert_text(buf_slice(&out), rows[i].text);
		buf_free(&out);
	}
	assert_null(dns_provider_find(SLICE("nobody")));
	arena_free(&r.arena);
}

static void hosts_are_relative_to_the_zone_of_the_provider(void **state)
{
	struct rig r;
	struct buf out = BUF_INIT(4000);
	struct arena arena = ARENA_INIT;
	make(&r);
	r.facts = (struct dns_facts){.domain = SLICE("staff.example.com.cn"), .host = SLICE("mail.example.org"), .tlsa_count = 1};
	r.count = dns_records_make(&r.facts, &r.arena, r.records);
	assert_text(dns_zone_of(r.facts.domain, &arena), "example.com.cn");
	assert_text(dns_zone_of(SLICE("com.cn"), &arena), "com.cn");
	put_forms(&r, "aliyun", SLICE("example.com.cn"), &out);
	assert_text(buf_slice(&out), "staff MX [10] mail.example.org 600\nstaff TXT v=spf1 mx -all 600\n"
		"_dmarc.staff TXT v=DMARC1; p=none; rua=mailto:postmaster@staff.example.com.cn 600\n"
		"_smtp._tls.staff TXT v=TLSRPTv1; rua=mailto:postmaster@staff.example.com.cn 600\nother zone\n");
	buf_free(&out);
	arena_free(&arena);
	arena_free(&r.arena);
}

static void types_have_names(void **state)
{
	assert_text(dns_ca_find(SLICE("Let's Encrypt")), "letsencrypt.org");
	assert_int_equal(dns_ca_find(SLICE("Letterlock")).n, 0);
	uint16_t type;
	assert_true(dns_type_find(SLICE("tlsa"), &type) && type == DNS_TLSA);
	assert_false(dns_type_find(SLICE("other"), &type));
	assert_string_equal(dns_type_name(DNS_CAA), "CAA");
	assert_string_equal(dns_type_name(99), "other");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_zone_file_has_every_record), cmocka_unit_test(what_is_not_served_is_not_announced),
		cmocka_unit_test(records_of_another_zone_are_comments), cmocka_unit_test(texts_are_escaped),
		cmocka_unit_test(what_was_printed_checks_as_right), cmocka_unit_test(what_differs_is_told_from_what_may_be_chosen),
		cmocka_unit_test(broken_records_count_for_nothing), cmocka_unit_test(consoles_of_providers_get_their_form),
		cmocka_unit_test(hosts_are_relative_to_the_zone_of_the_provider), cmocka_unit_test(types_have_names),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
