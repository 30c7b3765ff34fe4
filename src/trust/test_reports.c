#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "trust/dmarc_report.h"
#include "trust/report_part.h"
#include "trust/tlsrpt.h"
#include "trust/unpack.h"
#include "trust/xml.h"

static struct dmarc_report sample(struct arena *arena)
{
	struct dmarc_record record;
	struct dmarc_report r = {.org_name = SLICE("Org & <Sons>"), .email = SLICE("dmarc@mx.test"), .report_id = SLICE("1.a@mx.test"),
		.begin_s = 1700000000,
		.end_s = 1700086399, .generator = SLICE("Letterlock")};
	assert_true(dmarc_record_parse(SLICE("v=DMARC1; p=reject; sp=none; adkim=s; t=y; pct=50"), arena, &record));
	dmarc_report_set_policy(&r, SLICE("example.test"), &record, DMARC_TREE_WALK, arena);
	r.rows = arena_alloc_array(arena, 2, sizeof *r.rows);
	r.row_count = 2;
	r.rows[0] = (struct dmarc_report_row){.source_ip = SLICE("192.0.2.1"), .count = 7, .disposition = SLICE("quarantine"),
		.dkim = SLICE("fail"),
		.spf = SLICE("fail"), .reasons = {{SLICE("policy_test_mode"), SLICE("t=y]]>")}}, .reason_count = 1, .header_from = SLICE("example.test"),
		.envelope_from = SLICE("bounce.test"), .spf_check = {.domain = SLICE("bounce.test"), .scope = SLICE("mfrom"), .result = SLICE("pass")},
			.has_spf = true};
	r.rows[1] = (struct dmarc_report_row){.source_ip = SLICE("2001:db8::1"), .count = 3, .disposition = SLICE("pass"), .dkim = SLICE("pass"),
		.spf = SLICE("fail"), .header_from = SLICE("example.test"),
		.signatures = {{.domain = SLICE("example.test"), .selector = SLICE("s\x01\xff"), .result = SLICE("pass")}}, .signature_count = 1};
	return r;
}

static void a_report_reads_back_as_it_was_written(void **state)
{
	(void)state;
	for (int form = DMARC_REPORT_7489; form <= DMARC_REPORT_2; form++) {
		struct arena arena = ARENA_INIT;
		struct dmarc_report r = sample(&arena), back;
		struct dmarc_report_summary sum;
		struct buf xml = BUF_INIT(100000);
		dmarc_report_write(&r, (enum dmarc_report_form)form, &xml);
		assert_int_equal(dmarc_report_parse(buf_slice(&xml), &arena, &back), 0);
		assert_true(slice_eq(back.org_name, r.org_name));
		assert_int_equal(back.begin_s, r.begin_s);
		assert_int_equal(back.row_count, 2);
		assert_true(slice_eq(back.p, SLICE("reject")));
		assert_true(slice_eq(back.sp, SLICE("none")));
		assert_true(slice_eq(back.rows[0].reasons[0].comment, SLICE("t=y]]>")));
		assert_true(slice_eq(back.rows[0].reasons[0].type, form == DMARC_REPORT_2 ? SLICE("policy_test_mode") : SLICE("other")));
		assert_true(slice_eq(back.rows[1].disposition, form == DMARC_REPORT_2 ? SLICE("pass") : SLICE("none")));
		assert_true(slice_eq(back.rows[1].signatures[0].selector, SLICE("s")));
		assert_true(slice_eq(back.pct, form == DMARC_REPORT_2 ? SLICE("") : SLICE("50")));
		dmarc_report_summarise(&back, &sum);
		assert_int_equal(sum.messages, 10);
		assert_int_equal(sum.passed, 3);
		assert_int_equal(sum.quarantined, 7);
		assert_int_equal(sum.sources, 2);
		buf_free(&xml);
		arena_free(&arena);
	}
}

static void rows_are_made_of_checks(void **state)
{
	struct dmarc_check c = {.result = DMARC_PASS, .author = SLICE("example.test"), .policy = DMARC_POLICY_REJECT, .dkim_aligned = true};
	struct spf_check spf = {.result = SPF_FAIL, .domain = SLICE("bounce.test"), .sender = SLICE("a@bounce.test")};
	struct dkim_report dkim = {.count = 1};
	struct dmarc_report_row a, b;
	(void)state;
	dkim.signatures[0] = (struct dkim_signature){.result = DKIM_PASS, .domain = SLICE("example.test"), .selector = SLICE("s"), .reason = ""};
	dmarc_report_row_of(&c, &spf, &dkim, SLICE("192.0.2.1"), SLICE("mx.test"), &a);
	assert_true(slice_eq(a.disposition, SLICE("pass")) && slice_eq(a.dkim, SLICE("pass")) && slice_eq(a.spf, SLICE("fail")));
	assert_true(slice_eq(a.envelope_from, SLICE("bounce.test")) && slice_eq(a.spf_check.scope, SLICE("mfrom")));
	assert_true(slice_eq(a.signatures[0].result, SLICE("pass")));
	dmarc_report_row_of(&c, &spf, &dkim, SLICE("192.0.2.1"), SLICE("mx.test"), &b);
	b.count = 9;
	assert_true(dmarc_report_row_same(&a, &b));
	c.result = DMARC_FAIL;
	c.override = DMARC_TEST_MODE;
	c.disposition = DMARC_POLICY_QUARANTINE;
	dmarc_report_row_of(&c, NULL, &dkim, SLICE("192.0.2.1"), SLICE("mx.test"), &b);
	assert_true(slice_eq(b.disposition, SLICE("quarantine")) && slice_eq(b.reasons[0].type, SLICE("policy_test_mode")) && !b.has_spf);
	assert_false(dmarc_report_row_same(&a, &b));
}

static void a_report_travels_as_mail(void **state)
{
	struct arena arena = ARENA_INIT;
	struct dmarc_report r = sample(&arena), back;
	struct buf xml = BUF_INIT(100000), packed = BUF_INIT(100000), name = BUF_INIT(1000), subject = BUF_INIT(1000), mail = BUF_INIT(100000),
		found = BUF_INIT(100000);
	(void)state;
	dmarc_report_write(&r, DMARC_REPORT_7489, &xml);
	gzip_pack(buf_slice(&xml), &packed);
	dmarc_report_filename(&r, SLICE("mx.test"), SLICE("id1"), &name);
	assert_true(slice_eq(buf_slice(&name), SLICE("mx.test!example.test!1700000000!1700086399!id1.xml.gz")));
	dmarc_report_subject(&r, SLICE("mx.test"), &subject);
	assert_true(slice_eq(buf_slice(&subject), SLICE("Report Domain: example.test Submitter: mx.test Report-ID: <1.a@mx.test>")));
	report_mail_write(&(struct report_mail){.from = SLICE("dmarc@mx.test"), .to = SLICE("rua@example.test"),
		.message_id = SLICE("1.a@mx.test"),
		.subject = buf_slice(&subject), .text = SLICE("A report.\n"), .filename = buf_slice(&name), .content = buf_slice(&packed),
			.boundary = SLICE("=_b"),
		.kind = REPORT_DMARC}, &mail);
	assert_int_equal(report_find(buf_slice(&mail), &arena, &found), REPORT_DMARC);
	assert_true(slice_eq(buf_slice(&found), buf_slice(&xml)));
	assert_int_equal(dmarc_report_parse(buf_slice(&found), &arena, &back), 0);
	buf_free(&xml);
	buf_free(&packed);
	buf_free(&name);
	buf_free(&subject);
	buf_free(&mail);
	buf_free(&found);
	arena_free(&arena);
}

static void what_is_no_report_is_refused(void **state)
{
	static const char *const bad[] = {"", "<feedback>", "<feedback></feedback>", "<other/>", "text",
		"<!DOCTYPE x [<!ENTITY a \"b\">]><feedback/>",
		"<feedback><a></b></feedback>", "<feedback>&unknown;</feedback>", "<feedback></feedback><feedback></feedback>", "<feedback", "<a><a><a>"};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct arena arena = ARENA_INIT;
		struct dmarc_report r;
		struct tlsrpt_report t;
		assert_int_equal(dmarc_report_parse(slice_str(bad[i]), &arena, &r), ERR_INVALID);
		assert_int_equal(tlsrpt_parse(slice_str(bad[i]), &arena, &t), ERR_INVALID);
		arena_free(&arena);
	}
}

static void depth_has_a_limit(void **state)
{
	struct buf xml = BUF_INIT(100000);
	struct xml x;
	enum xml_event event = XML_START;
	unsigned count = 0;
	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		buf_append_str(&xml, "<a>");
	xml_init(&x, buf_slice(&xml));
	while (event == XML_START) {
		event = xml_next(&x);
		count += event == XML_START;
	}
	assert_int_equal(event, XML_BROKEN);
	assert_int_equal(count, XML_DEPTH_MAX);
	xml_free(&x);
	buf_free(&xml);
}

static void xml_text_is_decoded(void **state)
{
	struct xml x;
	(void)state;
	xml_init(&x, SLICE("<?xml version='1.0'?><!-- <x> --><n:a b='>'> x &lt;&#x41;&#66;<![CDATA[<&>]]> </n:a>"));
	assert_int_equal(xml_next(&x), XML_START);
	assert_true(slice_eq(x.names[0], SLICE("a")));
	assert_int_equal(xml_next(&x), XML_END);
	assert_true(slice_eq(xml_text(&x), SLICE("x <AB<&>")));
	assert_int_equal(xml_next(&x), XML_FINISHED);
	xml_free(&x);
}

static void bombs_are_refused(void **state)
{
	struct buf zeros = BUF_INIT(4u << 20), packed = BUF_INIT(1u << 20), out = BUF_INIT(1u << 20);
	(void)state;
	memset(buf_reserve(&zeros, 2u << 20), 0, 2u << 20);
	buf_commit(&zeros, 2u << 20);
	gzip_pack(buf_slice(&zeros), &packed);
	assert_int_equal(unpack(buf_slice(&packed), SLICE(".xml"), &out), ERR_LIMIT);
	buf_free(&out);
	out = BUF_INIT(4u << 20);
	assert_int_equal(unpack(buf_slice(&packed), SLICE(".xml"), &out), 0);
	assert_int_equal(buf_len(&out), 2u << 20);
	for (size_t cut = 2; cut < buf_len(&packed); cut += 97) {
		buf_clear(&out);
		assert_int_equal(unpack(slice_sub(buf_slice(&packed), 0, cut), SLICE(".xml"), &out), ERR_INVALID);
	}
	buf_free(&zeros);
	buf_free(&packed);
	buf_free(&out);
}

/* One stored file "a.xml" with "hello". */
static const uint8_t stored_zip[] = "PK\3\4\12\0\0\0\0\0\0\0\0\0\x86\xa6\x10\x36\5\0\0\0\5\0\0\0\5\0\0\0a.xmlhello"
	"PK\1\2\12\0\12\0\0\0\0\0\0\0\0\0\x86\xa6\x10\x36\5\0\0\0\5\0\0\0\5\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0a.xml"
	"PK\5\6\0\0\0\0\1\0\1\0\x33\0\0\0\x28\0\0\0\0\0";

static void zip_files_are_checked(void **state)
{
	uint8_t zip[sizeof stored_zip - 1];
	struct buf out = BUF_INIT(100);
	(void)state;
	memcpy(zip, stored_zip, sizeof zip);
	assert_int_equal(unpack(slice_make(zip, sizeof zip), SLICE(".xml"), &out), 0);
	assert_true(slice_eq(buf_slice(&out), SLICE("hello")));
	zip[35] ^= 1;
	buf_clear(&out);
	assert_int_equal(unpack(slice_make(zip, sizeof zip), SLICE(".xml"), &out), ERR_INVALID);
	zip[35] ^= 1;
	zip[40 + 8] |= 1;
	assert_int_equal(unpack(slice_make(zip, sizeof zip), SLICE(".xml"), &out), ERR_UNSUPPORTED);
	assert_int_equal(unpack(slice_make(zip, 60), SLICE(".xml"), &out), ERR_INVALID);
	buf_free(&out);
}

static void tls_reports_read_back_as_written(void **state)
{
	struct arena arena = ARENA_INIT;
	struct tlsrpt_failure failure = {.result_type = SLICE(TLSRPT_EXPIRED), .sending_mta_ip = SLICE("192.0.2.1"), .count = 4};
	struct tlsrpt_policy policy = {.type = SLICE("sts"), .domain = SLICE("example.test"), .strings = {SLICE("version: STSv1"),
		SLICE("mode: \xff\"x")},
		.string_count = 2, .succeeded = 10, .failed = 4, .failures = &failure, .failure_count = 1};
	struct tlsrpt_report r = {.organization = SLICE("Org"), .contact = SLICE("tls@mx.test"), .report_id = SLICE("id"), .start_s = 1700006400,
		.end_s = 1700092799, .policies = &policy, .policy_count = 1}, back;
	struct tlsrpt_summary sum;
	struct buf json = BUF_INIT(10000), name = BUF_INIT(1000);
	(void)state;
	tlsrpt_write(&r, &json);
	assert_int_equal(tlsrpt_parse(buf_slice(&json), &arena, &back), 0);
	assert_int_equal(back.start_s, r.start_s);
	assert_int_equal(back.end_s, r.end_s);
	assert_int_equal(back.policies[0].string_count, 2);
	assert_int_equal(back.policies[0].failures[0].count, 4);
	assert_true(slice_eq(back.policies[0].failures[0].result_type, failure.result_type));
	tlsrpt_summarise(&back, &sum);
	assert_int_equal(sum.succeeded, 10);
	assert_int_equal(sum.failed, 4);
	tlsrpt_filename(&r, SLICE("mx.test"), SLICE("example.test"), SLICE_NONE, &name);
	assert_true(slice_eq(buf_slice(&name), SLICE("mx.test!example.test!1700006400!1700092799.json.gz")));
	buf_free(&json);
	buf_free(&name);
	arena_free(&arena);
}

static void tls_records_are_read(void **state)
{
	struct tlsrpt_record r;
	(void)state;
	assert_true(tlsrpt_record_parse(SLICE("v=TLSRPTv1; rua=mailto:a@x.test, https://x.test/v1;"), &r));
	assert_int_equal(r.count, 2);
	assert_true(slice_eq(r.uris[1], SLICE("https://x.test/v1")));
	assert_false(tlsrpt_record_parse(SLICE("v=TLSRPTv1;"), &r));
	assert_false(tlsrpt_record_parse(SLICE("v=TLSRPTv2; rua=mailto:a@x.test"), &r));
	assert_false(tlsrpt_record_parse(SLICE("rua=mailto:a@x.test; v=TLSRPTv1"), &r));
	assert_false(tlsrpt_record_parse(SLICE("v=TLSRPTv1; rua=ftp://x"), &r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_reads_back_as_it_was_written), cmocka_unit_test(rows_are_made_of_checks),
		cmocka_unit_test(a_report_travels_as_mail),
		cmocka_unit_test(what_is_no_report_is_refused), cmocka_unit_test(depth_has_a_limit), cmocka_unit_test(xml_text_is_decoded),
		cmocka_unit_test(bombs_are_refused), cmocka_unit_test(zip_files_are_checked), cmocka_unit_test(tls_reports_read_back_as_written),
		cmocka_unit_test(tls_records_are_read),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
