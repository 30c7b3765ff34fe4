#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "filter/view.h"
#include "policy/warm.h"

static struct arena arena = ARENA_INIT;
static struct html_report report;

static const char *made(struct slice bundle, unsigned flags)
{
	struct buf out = BUF_INIT(HTML_DOCUMENT_MAX);
	struct error err = {0};

	assert_int_equal(filter_view(bundle, flags, SLICE("/leave"), SLICE("en"), &arena, &out, &report, &err), 0);
	char *text = arena_dup_str(&arena, buf_slice(&out));
	buf_free(&out);
	return text;
}

static void test_bundle(void **state)
{
	struct buf bundle = BUF_INIT(FILTER_VIEW_BUNDLE_MAX);
	struct error err = {0};

	filter_view_add(&(struct filter_view_item){.kind = FILTER_PART_HTML, .charset = SLICE("gb2312"),
		.content = SLICE("<p>\xc4\xe3\xba\xc3<img src=cid:x>")}, &bundle);
	filter_view_add(&(struct filter_view_item){.kind = FILTER_PART_FLOWED, .content = SLICE("one \ntwo")}, &bundle);
	filter_view_add(&(struct filter_view_item){.kind = FILTER_PART_IMAGE, .id = SLICE("x"), .type = SLICE("image/png"),
		.content = SLICE("abc")}, &bundle);
	assert_non_null(strstr(made(buf_slice(&bundle), 0), "<p>\xe4\xbd\xa0\xe5\xa5\xbd<img src=\"data:image/png;base64,YWJj\"></p></div>\n<hr>\n"
		"<div class=\"m-body\"><div class=\"m-t\">one two</div></div>"));
	assert_string_equal(made(buf_slice(&bundle), FILTER_VIEW_QUOTE | FILTER_VIEW_TEXT),
		"<div><div>\xe4\xbd\xa0\xe5\xa5\xbd</div></div>\n<hr>\n"
		"<div><div>one two</div></div>");
	buf_truncate(&bundle, buf_len(&bundle) - 1);
	struct buf out = BUF_INIT(100);
	assert_int_equal(filter_view(buf_slice(&bundle), 0, SLICE_NONE, SLICE_NONE, &arena, &out, &report, &err), ERR_INVALID);
	buf_free(&out);
	buf_free(&bundle);
}

/* A character set that hides markup from who reads bytes: it is decoded before it is judged. */
static void test_charsets(void **state)
{
	static const char *const tricks[] = {"utf-7", "utf-16", "iso-2022-jp", "hz-gb-2312", "ibm037"};
	static const struct slice texts[] = {SLICE_INIT("+ADw-script+AD4-alert(1)+ADw-/script+AD4-"), SLICE_INIT("\0<\0s\0c\0r\0i\0p\0t\0>\0x"),
		SLICE_INIT("\x1b$B<script>\x1b(B<script>x"), SLICE_INIT("~{<script>~}<script>x"), SLICE_INIT("\x4c\xa2\x83\x99\x89\x97\xa3\x6e")};

	for (size_t i = 0; i < 5; i++) {
		struct buf bundle = BUF_INIT(10000);

		filter_view_add(&(struct filter_view_item){.kind = FILTER_PART_HTML, .charset = slice_str(tricks[i]), .content = texts[i]}, &bundle);
		assert_null(strstr(made(buf_slice(&bundle), 0), "<script"));
		buf_free(&bundle);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_bundle), cmocka_unit_test(test_charsets)};
	int failed;

	policy_warm();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(&arena);
	return failed;
}
