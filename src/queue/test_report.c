#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "crypt/crypt.h"
#include "queue/report.h"
#include "queue/test_record.h"

#define DAY_MS (INT64_C(1000) * REPORT_DAY_S)
#define TODAY INT64_C(20000)

static struct test_spool spool;
static struct ledger *ledger;
static struct arena arena;

static int setup(void **state)
{
	test_spool_create(&spool);
	ledger = test_spool_open(&spool, TODAY * DAY_MS, NULL);
	return ledger != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	ledger_close(&ledger);
	test_spool_remove(&spool);
	arena_free(&arena);
	return 0;
}

static const struct dmarc_report_row row = {
	.source_ip = SLICE_INIT("192.0.2.1"), .count = 1, .disposition = SLICE_INIT("none"), .dkim = SLICE_INIT("pass"), .spf = SLICE_INIT("fail"),
	.header_from = SLICE_INIT("a.example"), .envelope_from = SLICE_INIT("b.example"), .reasons = {{.type = SLICE_INIT("local_policy")}}, .reason_count = 1,
	.signatures = {{.domain = SLICE_INIT("a.example"), .selector = SLICE_INIT("s"), .result = SLICE_INIT("pass")}}, .signature_count = 1, .has_spf = true,
	.spf_check = {.domain = SLICE_INIT("b.example"), .scope = SLICE_INIT("mfrom"), .result = SLICE_INIT("softfail")},
};
static const struct dmarc_record record = {
	.p = DMARC_POLICY_QUARANTINE, .has_p = true, .strict_spf = true, .pct = 50, .fo = SLICE_INIT("1"),
	.rua = {{.address = SLICE_INIT("r@a.example"), .domain = SLICE_INIT("a.example"), .max_bytes = 1000}}, .rua_count = 1,
};

static void remember(struct buf *list, int64_t now_ms)
{
	struct ledger_op op = {.kind = LEDGER_REMEMBER, .remember = {.notes = buf_slice(list)}};
	struct ledger_op *ops[] = {&op};
	assert_int_equal(ledger_run(ledger, ops, 1, now_ms, NULL), 0);
	assert_int_equal(op.result, QUEUE_OK);
	ledger_op_free(&op);
	buf_free(list);
}

static void note(enum memory_act act, const char *domain, const struct buf *value, int64_t day)
{
	struct buf list = BUF_INIT(MEMORY_NOTES_BYTES);
	memory_note_encode(&(struct memory_note){.act = act, .key = slice_str(domain), .value = buf_slice(value)}, &list);
	remember(&list, day * DAY_MS);
}

static void letter(const char *domain, const char *ip, int64_t day)
{
	struct buf value = BUF_INIT(MEMORY_VALUE_MAX), policy = BUF_INIT(MEMORY_VALUE_MAX);
	struct dmarc_report_row r = row;
	r.source_ip = slice_str(ip);
	report_row_encode(&r, &value);
	report_policy_encode(&record, &policy);
	note(MEMORY_REPORT_POLICY, domain, &policy, day);
	note(MEMORY_REPORT, domain, &value, day);
	buf_free(&value);
	buf_free(&policy);
}

static void what_travels_comes_out_as_it_went_in(void **state)
{
	struct buf out = BUF_INIT(4096);
	struct dmarc_report_row got;
	struct dmarc_record policy;
	report_row_encode(&row, &out);
	assert_true(report_row_decode(buf_slice(&out), &got));
	assert_true(dmarc_report_row_same(&row, &got));
	for (size_t n = 0; n < buf_len(&out); n++)
		assert_false(report_row_decode(slice_sub(buf_slice(&out), 0, n), &got));
	buf_clear(&out);
	report_policy_encode(&record, &out);
	assert_true(report_policy_decode(buf_slice(&out), &arena, &policy));
	assert_true(policy.p == DMARC_POLICY_QUARANTINE && policy.has_p && !policy.has_sp && policy.strict_spf && !policy.strict_dkim && policy.pct == 50);
	assert_true(policy.rua_count == 1 && slice_eq(policy.rua[0].address, SLICE("r@a.example")) && policy.rua[0].max_bytes == 1000);
	for (size_t n = 0; n < buf_len(&out); n++)
		assert_false(report_policy_decode(slice_sub(buf_slice(&out), 0, n), &arena, &policy));
	buf_free(&out);
}

static void letters_of_one_kind_are_one_row_of_their_day_and_domain(void **state)
{
	struct report_due due = {0};
	struct slice rest, bytes;
	uint64_t count;
	letter("a.example", "192.0.2.1", TODAY);
	letter("a.example", "192.0.2.1", TODAY);
	letter("a.example", "192.0.2.2", TODAY);
	letter("b.example", "192.0.2.1", TODAY);
	letter("a.example", "192.0.2.1", TODAY + 1);
	assert_int_equal(report_next(ledger, REPORT_OUT_DMARC, TODAY, -1, SLICE_NONE, &arena, &due, NULL), ERR_NOT_FOUND);
	assert_int_equal(report_next(ledger, REPORT_OUT_DMARC, TODAY + 1, -1, SLICE_NONE, &arena, &due, NULL), 0);
	assert_true(due.day == TODAY && slice_eq(due.domain, SLICE("a.example")) && due.row_count == 2);
	rest = due.rows;
	assert_true(slice_get_u64(&rest, &count) && count == 2 && slice_get_bytes(&rest, &bytes) && slice_get_u64(&rest, &count) && count == 1);
	assert_int_equal(report_next(ledger, REPORT_OUT_DMARC, TODAY + 1, due.day, due.domain, &arena, &due, NULL), 0);
	assert_true(slice_eq(due.domain, SLICE("b.example")) && due.row_count == 1);
	assert_int_equal(report_next(ledger, REPORT_OUT_DMARC, TODAY + 1, due.day, due.domain, &arena, &due, NULL), ERR_NOT_FOUND);
}

static void what_was_sent_is_gone_and_what_cannot_be_sent_goes_in_the_end(void **state)
{
	struct report_due due = {0};
	struct buf list = BUF_INIT(1000);
	letter("a.example", "192.0.2.1", TODAY);
	letter("b.example", "192.0.2.1", TODAY);
	report_done_encode(REPORT_OUT_DMARC, TODAY, SLICE("a.example"), &list);
	remember(&list, TODAY * DAY_MS);
	assert_int_equal(report_next(ledger, REPORT_OUT_DMARC, TODAY + 1, -1, SLICE_NONE, &arena, &due, NULL), 0);
	assert_true(slice_eq(due.domain, SLICE("b.example")));
	struct ledger_op op = {.kind = LEDGER_SWEEP};
	struct ledger_op *ops[] = {&op};
	assert_int_equal(ledger_run(ledger, ops, 1, (TODAY + REPORT_OUT_DAYS + 1) * DAY_MS, NULL), 0);
	assert_int_equal(report_next(ledger, REPORT_OUT_DMARC, TODAY + 1, -1, SLICE_NONE, &arena, &due, NULL), ERR_NOT_FOUND);
}

static struct report_session session(const char *failure)
{
	return (struct report_session){.policy = {.type = SLICE("sts"), .domain = SLICE("a.example"), .strings = {SLICE("version: STSv1"), SLICE("mode: enforce")},
		.string_count = 2, .mx_hosts = {SLICE("mx.a.example")}, .mx_host_count = 1}, .failure = {.result_type = slice_str(failure)}};
}

static void sessions_are_gathered_beside_letters_and_go_on_their_own(void **state)
{
	struct report_due due = {0};
	struct buf list = BUF_INIT(1000), value = BUF_INIT(MEMORY_VALUE_MAX);
	struct report_session good = session(""), bad = session(TLSRPT_EXPIRED), got;
	struct slice rest, bytes, policies[2];
	uint64_t count;
	report_session_encode(&good, &value);
	for (size_t n = 0; n < buf_len(&value); n++)
		assert_false(report_session_decode(slice_sub(buf_slice(&value), 0, n), &got, NULL));
	for (int i = 0; i < 3; i++)
		note(MEMORY_REPORT_TLS, "a.example", &value, TODAY);
	buf_clear(&value);
	report_session_encode(&bad, &value);
	note(MEMORY_REPORT_TLS, "a.example", &value, TODAY);
	letter("a.example", "192.0.2.1", TODAY);
	report_done_encode(REPORT_OUT_DMARC, TODAY, SLICE("a.example"), &list);
	remember(&list, TODAY * DAY_MS);
	assert_int_equal(report_next(ledger, REPORT_OUT_DMARC, TODAY + 1, -1, SLICE_NONE, &arena, &due, NULL), ERR_NOT_FOUND);
	assert_int_equal(report_next(ledger, REPORT_OUT_TLS, TODAY + 1, -1, SLICE_NONE, &arena, &due, NULL), 0);
	assert_int_equal(due.row_count, 2);
	rest = due.rows;
	assert_true(slice_get_u64(&rest, &count) && count == 3 && slice_get_bytes(&rest, &bytes) && report_session_decode(bytes, &got, &policies[0]));
	assert_true(got.failure.result_type.n == 0 && got.policy.string_count == 2 && slice_eq(got.policy.mx_hosts[0], SLICE("mx.a.example")));
	assert_true(slice_get_u64(&rest, &count) && count == 1 && slice_get_bytes(&rest, &bytes) && report_session_decode(bytes, &got, &policies[1]));
	assert_true(slice_eq(got.failure.result_type, SLICE(TLSRPT_EXPIRED)) && slice_eq(policies[0], policies[1]));
	letter("a.example", "192.0.2.1", TODAY);
	report_done_encode(REPORT_OUT_TLS, TODAY, SLICE("a.example"), &list);
	remember(&list, TODAY * DAY_MS);
	assert_int_equal(report_next(ledger, REPORT_OUT_TLS, TODAY + 1, -1, SLICE_NONE, &arena, &due, NULL), ERR_NOT_FOUND);
	assert_int_equal(report_next(ledger, REPORT_OUT_DMARC, TODAY + 1, -1, SLICE_NONE, &arena, &due, NULL), 0);
	buf_free(&value);
}

static void long_policies_are_cut_so_that_they_can_be_kept(void **state)
{
	struct buf value = BUF_INIT(MEMORY_VALUE_MAX), host = BUF_INIT(300);
	struct report_session many = session(TLSRPT_STARTTLS), got;
	for (int i = 0; i < 200; i++)
		buf_append_byte(&host, 'a');
	for (many.policy.mx_host_count = 0; many.policy.mx_host_count < TLSRPT_STRINGS_MAX; many.policy.mx_host_count++)
		many.policy.mx_hosts[many.policy.mx_host_count] = buf_slice(&host);
	report_session_encode(&many, &value);
	assert_true(!value.failed && report_session_decode(buf_slice(&value), &got, NULL));
	assert_true(got.policy.mx_host_count > 0 && got.policy.mx_host_count < TLSRPT_STRINGS_MAX);
	buf_free(&value);
	buf_free(&host);
}

static void bring(const char *domain, int64_t day, uint8_t id, const char *source, uint64_t passed, uint64_t failed)
{
	struct buf value = BUF_INIT(MEMORY_VALUE_MAX);
	struct report_in in = {.kind = REPORT_IN_DMARC, .day = day, .id = {id}, .reporter = SLICE("r.example"), .policy = SLICE("none"),
		.sources = {{.source = slice_str(source), .passed = passed, .failed = failed}}, .source_count = 1}, got;
	report_in_encode(&in, &value);
	assert_true(report_in_decode(buf_slice(&value), &got));
	for (size_t n = 0; n < buf_len(&value); n++)
		assert_false(report_in_decode(slice_sub(buf_slice(&value), 0, n), &got));
	note(MEMORY_REPORT_IN, domain, &value, TODAY);
	buf_free(&value);
}

static unsigned lines;
static uint64_t failed_first;

static void count_line(void *arg, const struct report_line *line)
{
	if (lines++ == 0)
		failed_first = line->failed;
	*(uint64_t *)arg += line->passed;
}

static void reports_of_others_are_summed_up_and_each_counts_once(void **state)
{
	uint64_t passed = 0;
	lines = 0;
	bring("a.example", TODAY - 1, 1, "192.0.2.1", 10, 0);
	bring("a.example", TODAY - 1, 1, "192.0.2.1", 10, 0);
	bring("a.example", TODAY - 1, 2, "192.0.2.1", 5, 1);
	bring("a.example", TODAY - 1, 2, "192.0.2.9", 0, 7);
	bring("a.example", TODAY - 50, 3, "192.0.2.1", 1000, 0);
	bring("b.example", TODAY - 1, 4, "192.0.2.1", 1000, 0);
	assert_int_equal(report_list(ledger, SLICE("a.example"), TODAY - 30, 100, count_line, &passed, NULL), 0);
	assert_int_equal(lines, 2);
	assert_int_equal(passed, 15);
	assert_int_equal(failed_first, 7);
}

static unsigned failing_rows;

static void count_failing(void *arg, const struct report_failing *found)
{
	failing_rows++;
	assert_true(found->kind == REPORT_IN_DMARC && found->failed == 9 && found->passed == 91);
}

static void only_domains_of_which_much_fails_are_named(void **state)
{
	failing_rows = 0;
	bring("good.example", TODAY, 1, "192.0.2.1", 990, 10);
	bring("bad.example", TODAY, 2, "192.0.2.1", 91, 9);
	bring("past.example", TODAY - 20, 3, "192.0.2.1", 0, 9);
	static const char *const domains[] = {"good.example", "bad.example", "past.example", "none.example"};
	for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++)
		assert_int_equal(report_failing(ledger, slice_str(domains[i]), TODAY - 7, 2, count_failing, NULL, NULL), 0);
	assert_int_equal(failing_rows, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_travels_comes_out_as_it_went_in),
		TEST(letters_of_one_kind_are_one_row_of_their_day_and_domain),
		TEST(what_was_sent_is_gone_and_what_cannot_be_sent_goes_in_the_end),
		TEST(sessions_are_gathered_beside_letters_and_go_on_their_own),
		TEST(long_policies_are_cut_so_that_they_can_be_kept),
		TEST(only_domains_of_which_much_fails_are_named),
		TEST(reports_of_others_are_summed_up_and_each_counts_once),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	return cmocka_run_group_tests_name("queue_report", tests, NULL, NULL);
}
