#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/ensure.h"
#include "inspect/inspect.h"

static struct arena arena = ARENA_INIT;
static struct inspect_report report;

static const struct inspect_finding *found(enum inspect_what what)
{
	for (size_t i = 0; i < report.finding_count; i++)
		if (report.findings[i].what == what)
			return &report.findings[i];
	return NULL;
}

static void look_with(struct slice content, const char *name, struct inspect_budget *budget, inspect_piece_fn *piece, void *context)
{
	struct inspect_input in = {.content = content, .name = slice_str(name)};
	inspect_content(&in, budget, piece, context, &arena, &report);
}

static void look(struct slice content, const char *name)
{
	struct inspect_budget budget;
	inspect_budget_init(&budget, &INSPECT_LIMITS_DEFAULT);
	look_with(content, name, &budget, NULL, NULL);
}

/* ---- a stored ZIP ---- */

static void put(struct buf *b, uint32_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		buf_append_byte(b, i < 4 ? (uint8_t)(v >> (8 * i)) : 0);
}

static void put_header(struct buf *b, bool central, const char *name, struct slice data, size_t at)
{
	buf_append(b, central ? SLICE("PK\1\2\24\0\24\0") : SLICE("PK\3\4\24\0"));
	/* Flags, method, time; a checksum that is wrong, which is told as damage. */
	put(b, 0, 8);
	put(b, 0x12345678, 4);
	put(b, (uint32_t)data.n, 4);
	put(b, (uint32_t)data.n, 4);
	put(b, (uint32_t)strlen(name), 2);
	put(b, 0, 2);
	if (central) {
		put(b, 0, 10);
		put(b, (uint32_t)at, 4);
	}
	buf_append_str(b, name);
}

static void zip_of(struct buf *out, size_t count, const char *const *names, struct slice data)
{
	struct buf directory = BUF_INIT(1 << 20);
	for (size_t i = 0; i < count; i++) {
		put_header(&directory, true, names[i], data, buf_len(out));
		put_header(out, false, names[i], data, 0);
		buf_append(out, data);
	}
	size_t at = buf_len(out);
	buf_append(out, buf_slice(&directory));
	buf_append(out, SLICE("PK\5\6\0\0\0\0"));
	put(out, (uint32_t)count, 2);
	put(out, (uint32_t)count, 2);
	put(out, (uint32_t)buf_len(&directory), 4);
	put(out, (uint32_t)at, 4);
	put(out, 0, 2);
	buf_free(&directory);
}

/* ---- tests ---- */

static void every_row_has_a_name_that_is_found_again(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FOUND_COUNT; i++) {
		enum inspect_what what;
		assert_true(inspect_what_find(slice_str(inspect_what_name((enum inspect_what)i)), &what));
		assert_int_equal(what, i);
		assert_int_equal(inspect_what_gap(what) != INSPECT_GAP_NONE, inspect_what_class(what) == INSPECT_CLASS_OPAQUE ||
			what == FOUND_archive_bomb || what == FOUND_archive_nested);
	}
	for (unsigned i = 0; i < FILE_TYPE_COUNT; i++) {
		enum inspect_type type;
		assert_true(inspect_type_find(slice_str(inspect_type_name((enum inspect_type)i)), &type));
		assert_int_equal(type, i);
		assert_true(inspect_type_label(type)[0] != 0);
		assert_true(inspect_type_media(type).n > 0);
	}
	for (unsigned i = 0; i < INSPECT_CLASS_COUNT; i++) {
		enum inspect_class c;
		assert_true(inspect_class_find(slice_str(inspect_class_name((enum inspect_class)i)), &c));
		assert_int_equal(c, i);
	}
	enum inspect_what none;
	assert_false(inspect_what_find(SLICE("nothing"), &none));
}

static void extensions_and_media_types_are_whole_words(void **state)
{
	(void)state;
	assert_true(inspect_type_has_extension(FILE_jpeg, SLICE("JPG")));
	assert_false(inspect_type_has_extension(FILE_jpeg, SLICE("jp")));
	assert_false(inspect_type_has_extension(FILE_jpeg, SLICE("")));
	assert_false(inspect_type_has_extension(FILE_jpeg, SLICE("jpg jpeg")));
	assert_true(inspect_type_has_media(FILE_pdf, SLICE("Application/PDF")));
	assert_false(inspect_type_has_media(FILE_pdf, SLICE("application/pd")));
	assert_true(inspect_extension_known(SLICE("docx")));
	assert_false(inspect_extension_known(SLICE("zzz")));
}

static void types_are_told_without_a_name(void **state)
{
	static const struct { struct slice content; enum inspect_type type; } rows[] = {
		{SLICE_INIT(""), FILE_empty}, {SLICE_INIT("hello\n"), FILE_text}, {SLICE_INIT("%PDF-1.4\n"), FILE_pdf},
		{SLICE_INIT("\n\n%PDF-1.4\n"), FILE_pdf}, {SLICE_INIT("\x89PNG\r\n\x1a\n"), FILE_png}, {SLICE_INIT("{\\rtf1}"), FILE_rtf},
		{SLICE_INIT("<!DOCTYPE html>"), FILE_html}, {SLICE_INIT("<?xml version=\"1.0\"?><!-- a --><svg/>"), FILE_svg},
		{SLICE_INIT("\xef\xbb\xbf<html>"), FILE_html}, {SLICE_INIT("BEGIN:VCALENDAR\r\n"), FILE_calendar},
		{SLICE_INIT("#!/usr/bin/env python3\n"), FILE_python}, {SLICE_INIT("\x7f""ELF\2\1\1"), FILE_elf},
		{SLICE_INIT("\xca\xfe\xba\xbe\0\0\0\2"), FILE_macho}, {SLICE_INIT("\xca\xfe\xba\xbe\0\0\0\x34"), FILE_java_class},
		{SLICE_INIT("7z\xbc\xaf\x27\x1c"), FILE_sevenzip}, {SLICE_INIT("\1\2\3\4\5\6\7"), FILE_unknown},
		{SLICE_INIT("MZ is how a text may begin"), FILE_text},
		{SLICE_INIT("From: a@b.example\r\nMessage-ID: <x>\r\n\r\nhi"), FILE_message}, {SLICE_INIT("RIFF\0\0\0\0WEBP"), FILE_webp},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(inspect_type_of(rows[i].content, SLICE_NONE), rows[i].type);
}

static void the_name_breaks_ties_between_texts(void **state)
{
	(void)state;
	assert_int_equal(inspect_type_of(SLICE("a,b\n"), SLICE("a.csv")), FILE_csv);
	assert_int_equal(inspect_type_of(SLICE("alert(1)"), SLICE("A.JS")), FILE_javascript);
	assert_int_equal(inspect_type_of(SLICE("alert(1)"), SLICE("a.js. ")), FILE_javascript);
	assert_int_equal(inspect_type_of(SLICE("<html>"), SLICE("notes.txt")), FILE_text);
	assert_int_equal(inspect_type_of(SLICE("hello"), SLICE("a.html")), FILE_html);
	assert_int_equal(inspect_type_of(SLICE("hello"), SLICE("a.exe")), FILE_text);
}

static void an_empty_part_has_no_findings(void **state)
{
	(void)state;
	look(SLICE(""), "a.txt");
	assert_int_equal(report.type, FILE_empty);
	assert_int_equal(report.finding_count, 0);
	assert_int_equal(report.gaps, 0);
}

static void details_and_paths_can_be_shown(void **state)
{
	(void)state;
	look(SLICE("[InternetShortcut]\r\nURL=file://x/\x1b[31m\xff\n"), "a\x1b\xe2\x80\xae\xffz.url");
	const struct inspect_finding *f = found(FOUND_shortcut_remote);
	assert_non_null(f);
	assert_true(slice_eq(f->detail, SLICE("file://x/?[31m?")));
	assert_true(slice_eq(f->path, SLICE("a\?\?\?z.url")));
	assert_non_null(found(FOUND_name_turned));
}

static void the_same_finding_counts_up(void **state)
{
	static const char *const names[] = {"a.txt", "b.txt", "c.txt"};
	struct buf zip = BUF_INIT(1 << 20);
	(void)state;
	zip_of(&zip, 3, names, SLICE("hello"));
	look(buf_slice(&zip), "a.zip");
	/* The checksums are wrong. */
	const struct inspect_finding *f = found(FOUND_archive_damaged);
	assert_non_null(f);
	assert_int_equal(f->count, 3);
	assert_int_equal(report.counts[FOUND_archive_damaged], 3);
	assert_int_equal(report.gaps, INSPECT_GAP_DAMAGED);
	buf_free(&zip);
}

static void dangerous_findings_find_room(void **state)
{
	static char texts[400][16];
	const char *names[400];
	struct buf zip = BUF_INIT(1 << 20);
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(texts[i], sizeof texts[i], i < 390 ? "%zu.py" : "%zu.js", i);
		names[i] = texts[i];
	}
	zip_of(&zip, ARRAY_LEN(names), names, SLICE("hello"));
	look(buf_slice(&zip), "a.zip");
	assert_true(report.truncated);
	assert_int_equal(report.finding_count, INSPECT_FINDINGS_MAX);
	assert_int_equal(report.counts[FOUND_source_code], 390);
	assert_int_equal(report.counts[FOUND_script_in_archive], 10);
	size_t scripts = 0;
	for (size_t i = 0; i < report.finding_count; i++)
		scripts += report.findings[i].what == FOUND_script_in_archive;
	assert_int_equal(scripts, 10);
	buf_free(&zip);
}

static bool take_one(void *context, const struct inspect_piece *piece)
{
	unsigned *count = context;
	(*count)++;
	assert_true(slice_eq(piece->content, SLICE("hello")));
	assert_int_equal(piece->depth, 1);
	return false;
}

static void pieces_stop_when_no_more_are_wanted(void **state)
{
	static const char *const names[] = {"a.js", "b.js"};
	struct buf zip = BUF_INIT(1 << 20);
	struct inspect_budget budget;
	unsigned count = 0;
	(void)state;
	zip_of(&zip, 2, names, SLICE("hello"));
	inspect_budget_init(&budget, &INSPECT_LIMITS_DEFAULT);
	look_with(buf_slice(&zip), "a.zip", &budget, take_one, &count);
	assert_int_equal(count, 1);
	assert_int_equal(report.counts[FOUND_script_in_archive], 2);
	buf_free(&zip);
}

static void one_budget_holds_for_many_parts(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	struct inspect_limits limits = INSPECT_LIMITS_DEFAULT;
	struct inspect_budget budget;
	struct buf zip = BUF_INIT(1 << 20);
	(void)state;
	zip_of(&zip, 4, names, SLICE("hello"));
	limits.entries_max = 6;
	inspect_budget_init(&budget, &limits);
	look_with(buf_slice(&zip), "a.zip", &budget, NULL, NULL);
	assert_null(found(FOUND_over_budget));
	look_with(buf_slice(&zip), "b.zip", &budget, NULL, NULL);
	assert_non_null(found(FOUND_over_budget));
	assert_true((report.gaps & INSPECT_GAP_BUDGET) != 0);
	assert_int_equal(budget.entries, 6);
	buf_free(&zip);
}

static void each_limit_is_kept(void **state)
{
	static const char *const names[] = {"a"};
	static uint8_t bytes[100000];
	struct inspect_budget budget;
	struct buf zip = BUF_INIT(1 << 20);
	(void)state;
	zip_of(&zip, 1, names, slice_make(bytes, sizeof bytes));
	for (unsigned i = 0; i < 4; i++) {
		struct inspect_limits limits = INSPECT_LIMITS_DEFAULT;
		limits.unpacked_max = i == 0 ? 1000 : limits.unpacked_max;
		limits.member_max = i == 1 ? 1000 : limits.member_max;
		limits.steps_max = i == 2 ? 1000 : limits.steps_max;
		limits.depth_max = i == 3 ? 0 : limits.depth_max;
		inspect_budget_init(&budget, &limits);
		look_with(buf_slice(&zip), "a.zip", &budget, NULL, NULL);
		assert_true((report.gaps & INSPECT_GAP_BUDGET) != 0);
		assert_true(budget.unpacked <= limits.unpacked_max && budget.steps <= limits.steps_max);
	}
	buf_free(&zip);
}

static void what_is_around_stands_in_path_and_depth(void **state)
{
	struct inspect_budget budget;
	struct inspect_input in = {.content = SLICE("x"), .name = SLICE("b.js"), .path = SLICE("a.zip/m.eml"), .depth = 2};
	(void)state;
	inspect_budget_init(&budget, &INSPECT_LIMITS_DEFAULT);
	inspect_content(&in, &budget, NULL, NULL, &arena, &report);
	const struct inspect_finding *f = found(FOUND_script_in_archive);
	assert_non_null(f);
	assert_true(slice_eq(f->path, SLICE("a.zip/m.eml/b.js")));
	assert_int_equal(f->depth, 2);
}

static int clean(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_has_a_name_that_is_found_again), cmocka_unit_test(extensions_and_media_types_are_whole_words),
		cmocka_unit_test(types_are_told_without_a_name), cmocka_unit_test(the_name_breaks_ties_between_texts),
		cmocka_unit_test(an_empty_part_has_no_findings), cmocka_unit_test(details_and_paths_can_be_shown),
		cmocka_unit_test(the_same_finding_counts_up),
		cmocka_unit_test(dangerous_findings_find_room), cmocka_unit_test(pieces_stop_when_no_more_are_wanted),
		cmocka_unit_test(one_budget_holds_for_many_parts), cmocka_unit_test(each_limit_is_kept),
		cmocka_unit_test(what_is_around_stands_in_path_and_depth),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, clean);
}
