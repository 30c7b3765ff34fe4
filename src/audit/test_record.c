#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "audit/record.h"
#include "crypt/crypt.h"

static const struct audit_origin origin = {"client", 1, 0x00c3a1};
static const uint8_t salt[AUDIT_SALT_SIZE] = "0123456789abcde";

#define PRINT(out, n, event, ...) print_event((out), (n), (event), (const struct log_field[]){__VA_ARGS__ __VA_OPT__(,) LOG_END})

static void print_event(struct buf *out, uint64_t n, enum log_event event, const struct log_field *fields)
{
	struct buf wire = BUF_INIT(AUDIT_WIRE_MAX);
	struct audit_event e;
	audit_event_encode(42, 1763772736123, event, fields, &wire);
	struct slice in = buf_slice(&wire);
	assert_int_equal(audit_event_decode(&in, &e), 0);
	assert_int_equal(in.n, 0);
	audit_record_print(n, &origin, salt, &e, out);
	assert_false(out->failed);
	buf_free(&wire);
}

static void a_record_has_one_form(void **state)
{
	struct buf out = BUF_INIT(AUDIT_TEXT_MAX);
	(void)state;
	PRINT(&out, 17, EV_LOGIN_OK, LOG_STR("user", "amy@example.org"), LOG_NUM("status", -3), LOG_STR("cid", "a\"\\\n\x7f\xff\xe4\xb8\xad"));
	assert_true(slice_eq(buf_slice(&out), SLICE(
		"{\"n\":17,\"t\":1763772736123,\"e\":\"login.ok\",\"c\":\"sign_in\",\"l\":\"info\",\"r\":\"client/1\",\"s\":\"000000000000c3a1-42\","
		"\"k\":\"MDEyMzQ1Njc4OWFiY2RlAA\",\"f\":{\"cid\":\"a\\\"\\\\\\u000a\\u007f\xef\xbf\xbd\xe4\xb8\xad\",\"user\":\"amy@example.org\","
		"\"status\":-3}}")));
	buf_free(&out);
}

static void what_was_printed_is_read(void **state)
{
	struct buf out = BUF_INIT(AUDIT_TEXT_MAX);
	struct arena arena = ARENA_INIT;
	struct audit_record r;
	uint64_t n;
	(void)state;
	PRINT(&out, 5, EV_SMTP_ACCEPTED, LOG_STR("from", "\t\"x\"@example.org"), LOG_NUM("size", 12), LOG_STR("to", ""));
	assert_int_equal(audit_record_parse(buf_slice(&out), &arena, &r), 0);
	assert_int_equal(audit_record_index(buf_slice(&out), &n), 0);
	assert_int_equal(n, 5);
	assert_int_equal(r.n, 5);
	assert_int_equal(r.number, 42);
	assert_int_equal(r.start, 0xc3a1);
	assert_true(slice_eq(r.event, SLICE("smtp.accepted")) && slice_eq(r.class, SLICE("mail")) && slice_eq(r.role, SLICE("client/1")));
	assert_int_equal(r.count, 3);
	assert_true(slice_eq(r.fields[0].text, SLICE("\t\"x\"@example.org")));
	assert_true(slice_eq(r.fields[2].name, SLICE("size")) && r.fields[2].is_number && r.fields[2].number == 12);
	arena_free(&arena);
	buf_free(&out);
}

/* A compromised process cannot write what the table does not foresee. */
static void fields_outside_of_the_row_are_left_out(void **state)
{
	struct buf out = BUF_INIT(AUDIT_TEXT_MAX);
	(void)state;
	PRINT(&out, 0, EV_LOGOUT, LOG_STR("subject", "secret plan"), LOG_STR("pack", "x"), LOG_STR("user", "u"), LOG_STR("user", "twice"));
	assert_true(slice_search(buf_slice(&out), SLICE("\"f\":{\"user\":\"u\"}}")) > 0);
	buf_free(&out);
}

static void events_that_are_no_records_are_refused(void **state)
{
	struct buf wire = BUF_INIT(AUDIT_WIRE_MAX);
	struct audit_event e;
	(void)state;
	audit_event_encode(1, 1, EV_CONN_OPEN, (const struct log_field[]){LOG_END}, &wire);
	struct slice in = buf_slice(&wire);
	assert_int_equal(audit_event_decode(&in, &e), ERR_INVALID);
	buf_free(&wire);
}

static void every_cut_of_the_wire_form_is_refused(void **state)
{
	struct buf wire = BUF_INIT(AUDIT_WIRE_MAX);
	struct audit_event e;
	(void)state;
	audit_event_encode(1, 1, EV_LOGIN_OK, (const struct log_field[]){LOG_STR("user", "u"), LOG_NUM("status", 1), LOG_END}, &wire);
	for (size_t n = 0; n < buf_len(&wire); n++) {
		struct slice in = slice_sub(buf_slice(&wire), 0, n);
		assert_int_equal(audit_event_decode(&in, &e), ERR_INVALID);
	}
	buf_free(&wire);
}

/* What is read must be what would be printed: no byte of a record may change without being seen by who reads it. */
static void a_flipped_bit_is_malformed_or_another_record(void **state)
{
	struct buf out = BUF_INIT(AUDIT_TEXT_MAX);
	(void)state;
	PRINT(&out, 3, EV_LOGIN_OK, LOG_STR("user", "a\"b"), LOG_NUM("status", 10));
	for (size_t bit = 0; bit < buf_len(&out) * 8; bit++) {
		struct arena arena = ARENA_INIT;
		struct audit_record r;
		out.data[out.start + bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (audit_record_parse(buf_slice(&out), &arena, &r) == 0)
			assert_true(r.count <= AUDIT_FIELDS_MAX);
		out.data[out.start + bit / 8] ^= (uint8_t)(1u << bit % 8);
		arena_free(&arena);
	}
	buf_free(&out);
}

static void values_are_cut_at_their_limit(void **state)
{
	struct buf out = BUF_INIT(AUDIT_TEXT_MAX), value = BUF_INIT(4000);
	struct arena arena = ARENA_INIT;
	struct audit_record r;
	(void)state;
	for (int i = 0; i < 3000; i++)
		buf_append_byte(&value, 1);
	PRINT(&out, 0, EV_LOGOUT, LOG_TEXT("user", buf_slice(&value)));
	assert_int_equal(audit_record_parse(buf_slice(&out), &arena, &r), 0);
	assert_int_equal(r.fields[0].text.n, AUDIT_VALUE_MAX);
	arena_free(&arena);
	buf_free(&out);
	buf_free(&value);
}

static void every_event_prints_and_reads(void **state)
{
	(void)state;
	for (enum log_event event = 0; event < EV_COUNT; event++) {
		struct log_field fields[AUDIT_FIELDS_MAX + 1];
		struct slice rest = slice_str(log_row(event)->fields), name;
		struct buf out = BUF_INIT(AUDIT_TEXT_MAX);
		struct arena arena = ARENA_INIT;
		struct audit_record r;
		size_t count = 0;
		if (log_row(event)->class == LOG_CLASS_NONE)
			continue;
		while (slice_split(&rest, ' ', &name)) {
			const struct log_field_row *row = log_field_find(name);
			assert_non_null(row);
			assert_true(row->privacy != LOG_PRIVACY_NEVER);
			assert_true(count < AUDIT_FIELDS_MAX);
			fields[count++] = LOG_STR(row->name, "v");
		}
		fields[count] = LOG_END;
		print_event(&out, event, event, fields);
		assert_int_equal(audit_record_parse(buf_slice(&out), &arena, &r), 0);
		assert_int_equal(r.count, count);
		assert_int_equal(log_event_find(r.event), event);
		arena_free(&arena);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_has_one_form),
		cmocka_unit_test(what_was_printed_is_read),
		cmocka_unit_test(fields_outside_of_the_row_are_left_out),
		cmocka_unit_test(events_that_are_no_records_are_refused),
		cmocka_unit_test(every_cut_of_the_wire_form_is_refused),
		cmocka_unit_test(a_flipped_bit_is_malformed_or_another_record),
		cmocka_unit_test(values_are_cut_at_their_limit),
		cmocka_unit_test(every_event_prints_and_reads),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("audit record", tests, NULL, NULL);
}
