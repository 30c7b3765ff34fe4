#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/ascii.h"
#include "base/csv.h"

static void assert_slice(struct slice s, const char *expected)
{
	if (!slice_eq(s, slice_str(expected)))
		fail_msg("got \"%.*s\", expected \"%s\"", SLICE_ARG(s), expected);
}

/* ---- ASCII ---- */

static void runs_end_at_the_first_byte_that_is_not_ascii(void **state)
{
	assert_int_equal(ascii_run(SLICE_NONE), 0);
	assert_int_equal(ascii_run(SLICE("sixteen bytes ok")), 16);
	assert_int_equal(ascii_run(SLICE("caf\xc3\xa9")), 3);
	assert_int_equal(ascii_run(SLICE("twelve bytes\x80 and more")), 12);
}

static void hexadecimal_digits_have_no_case(void **state)
{
	assert_int_equal(ascii_hex_value('0'), 0);
	assert_int_equal(ascii_hex_value('9'), 9);
	assert_int_equal(ascii_hex_value('a'), 10);
	assert_int_equal(ascii_hex_value('F'), 15);
	for (int c = 0; c < 256; c++)
		assert_int_equal(ascii_hex_value((uint8_t)c) >= 0, (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'));
}

static void control_characters_are_those_of_ascii(void **state)
{
	assert_false(ascii_has_control(SLICE_NONE));
	assert_false(ascii_has_control(SLICE("a b~\x80\xff")));
	assert_true(ascii_has_control(SLICE("a\tb")));
	assert_true(ascii_has_control(SLICE("a\x7f")));
	assert_true(ascii_has_control(slice_make("a\0b", 3)));
}

static void lower_case_leaves_other_bytes(void **state)
{
	struct arena arena = ARENA_INIT;

	assert_slice(ascii_dup_lower(&arena, SLICE("A.Z@[`{-\xc3\x84")), "a.z@[`{-\xc3\x84");
	assert_int_equal(ascii_dup_lower(&arena, SLICE_NONE).n, 0);
	arena_free(&arena);
}

static void quotes_are_escaped_inside_of_quotes(void **state)
{
	struct buf out = BUF_INIT(100);

	ascii_append_quoted(&out, SLICE("a\"b\\c"));
	assert_slice(buf_slice(&out), "\"a\\\"b\\\\c\"");
	buf_free(&out);
}

static void bad_percent_escapes_stay(void **state)
{
	static const char *const cases[][2] = {{"%41%62c", "Abc"}, {"%", "%"}, {"%4", "%4"}, {"a%zz", "a%zz"}, {"%2525", "%25"}, {"100%", "100%"}, {"", ""}};
	struct arena arena = ARENA_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf out = BUF_INIT(100);

		assert_slice(ascii_percent_decoded(&arena, slice_str(cases[i][0])), cases[i][1]);
		ascii_percent_decode(slice_str(cases[i][0]), &out);
		assert_slice(buf_slice(&out), cases[i][1]);
		buf_free(&out);
	}
	arena_free(&arena);
}

/* ---- CSV ---- */

#define FIELDS_MAX 4

static int split(struct arena *arena, const char *line, struct slice ret[FIELDS_MAX], size_t *ret_count)
{
	struct error err = {0};

	return csv_fields(slice_str(line), arena, ret, FIELDS_MAX, ret_count, &err);
}

static void fields_are_without_quotes_and_surrounding_blanks(void **state)
{
	struct arena arena = ARENA_INIT;
	struct slice fields[FIELDS_MAX];
	size_t count;

	assert_int_equal(split(&arena, " a ,\" b, \"\"c\"\"\",,d", fields, &count), 0);
	assert_int_equal(count, 4);
	assert_slice(fields[0], "a");
	assert_slice(fields[1], " b, \"c\"");
	assert_slice(fields[2], "");
	assert_slice(fields[3], "d");
	assert_int_equal(split(&arena, "", fields, &count), 0);
	assert_int_equal(count, 1);
	assert_slice(fields[0], "");
	assert_int_equal(split(&arena, "a,", fields, &count), 0);
	assert_int_equal(count, 2);
	arena_free(&arena);
}

static void lines_that_are_not_right_are_refused(void **state)
{
	static const char *const bad[] = {"\"a", "a\"b", "\"a\"b,c", "x,\"", "\""};
	static char line[CSV_LINE_MAX + 2];
	struct arena arena = ARENA_INIT;
	struct slice fields[FIELDS_MAX];
	size_t count;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(split(&arena, bad[i], fields, &count), ERR_INVALID);
	assert_int_equal(split(&arena, "1,2,3,4,5", fields, &count), ERR_LIMIT);
	memset(line, 'x', CSV_LINE_MAX + 1);
	assert_int_equal(split(&arena, line, fields, &count), ERR_LIMIT);
	line[CSV_LINE_MAX] = 0;
	assert_int_equal(split(&arena, line, fields, &count), 0);
	assert_int_equal(fields[0].n, CSV_LINE_MAX);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_end_at_the_first_byte_that_is_not_ascii),
		cmocka_unit_test(hexadecimal_digits_have_no_case),
		cmocka_unit_test(control_characters_are_those_of_ascii),
		cmocka_unit_test(lower_case_leaves_other_bytes),
		cmocka_unit_test(quotes_are_escaped_inside_of_quotes),
		cmocka_unit_test(bad_percent_escapes_stay),
		cmocka_unit_test(fields_are_without_quotes_and_surrounding_blanks),
		cmocka_unit_test(lines_that_are_not_right_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ascii", tests, NULL, NULL);
}
