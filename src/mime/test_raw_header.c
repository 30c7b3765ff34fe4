/* Headers in charsets of China, Taiwan and Japan that nothing names, or that only the body's Content-Type does. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mime/make.h"
#include "mime/raw_header.h"
#include "mime/text.h"

static struct arena arena;

static int teardown(void **state)
{
	arena_free(&arena);
	return 0;
}

#define GB_NOTICE "\xb9\xd8\xd3\xda\xbb\xe1\xd2\xe9\xb0\xb2\xc5\xc5\xb5\xc4\xcd\xa8\xd6\xaa"
#define GB_NOTICE_UTF8 "\xe5\x85\xb3\xe4\xba\x8e\xe4\xbc\x9a\xe8\xae\xae\xe5\xae\x89\xe6\x8e\x92\xe7\x9a\x84\xe9\x80\x9a\xe7\x9f\xa5"
#define BIG5_NOTICE "\xc3\xf6\xa9\xf3\xb7\x7c\xc4\xb3\xa6\x77\xb1\xc6\xaa\xba\xb3\x71\xaa\xbe"
#define BIG5_NOTICE_UTF8 "\xe9\x97\x9c\xe6\x96\xbc\xe6\x9c\x83\xe8\xad\xb0\xe5\xae\x89\xe6\x8e\x92\xe7\x9a\x84\xe9\x80\x9a\xe7\x9f\xa5"
#define SJIS_MEETING "\x89\xef\x8b\x63\x82\xcc\x97\x5c\x92\xe8\x82\xc9\x82\xc2\x82\xa2\x82\xc4"
#define EUC_MEETING "\xb2\xf1\xb5\xc4\xa4\xce\xcd\xbd\xc4\xea\xa4\xcb\xa4\xc4\xa4\xa4\xa4\xc6"
#define MEETING_UTF8 "\xe4\xbc\x9a\xe8\xad\xb0\xe3\x81\xae\xe4\xba\x88\xe5\xae\x9a\xe3\x81\xab\xe3\x81\xa4\xe3\x81\x84\xe3\x81\xa6"

static void lines_are_read_as_they_were_meant(void **state)
{
	static const struct { const char *line, *charset, *language, *want; } rows[] = {
		{"Subject: plain", "gb2312", "zh-CN", "Subject: plain"},
		{"Subject: " GB_NOTICE_UTF8, "big5", "zh-TW", "Subject: " GB_NOTICE_UTF8},
		/* what the body says */
		{"Subject: " GB_NOTICE, "GB2312", "en", "Subject: " GB_NOTICE_UTF8},
		{"Subject: " BIG5_NOTICE, "Big5", "zh-CN", "Subject: " BIG5_NOTICE_UTF8},
		{"Subject: " SJIS_MEETING, "Shift_JIS", "en", "Subject: " MEETING_UTF8},
		{"Subject: " EUC_MEETING, "euc-jp", "zh-CN", "Subject: " MEETING_UTF8},
		{"Subject: M\xfcller", "iso-8859-2", "en", "Subject: M\xc3\xbcller"},
		{"Subject: =?iso-8859-1?Q?Fr\xf6sche?=", "iso-8859-1", "en", "Subject: =?iso-8859-1?Q?Fr\xf6sche?="},
		/* what the bytes look like */
		{"Subject: " GB_NOTICE, "", "en", "Subject: " GB_NOTICE_UTF8},
		{"Subject: " GB_NOTICE, "utf-8", "zh-TW", "Subject: " GB_NOTICE_UTF8},
		{"Subject: " GB_NOTICE, "iso-2022-jp", "zh-TW", "Subject: " GB_NOTICE_UTF8},
		{"Subject: " BIG5_NOTICE, "", "en", "Subject: " BIG5_NOTICE_UTF8},
		{"Subject: " BIG5_NOTICE, "us-ascii", "zh-CN", "Subject: " BIG5_NOTICE_UTF8},
		/* the organisation's language where both are possible */
		{"Subject: \xb0\xb2\xb0\xb2", "", "zh-TW", "Subject: \xe5\x81\x87\xe5\x81\x87"},
		{"Subject: \xb0\xb2\xb0\xb2", "", "en", "Subject: \xe5\xae\x89\xe5\xae\x89"},
		/* neither */
		{"Subject: M\xfcller und Stra\xdf" "e", "", "zh-CN", "Subject: M\xc3\xbcller und Stra\xc3\x9f" "e"},
		{"Subject: caf\xe9", "", "zh-TW", "Subject: caf\xc3\xa9"},
		{"Subject: " GB_NOTICE_UTF8 "\xe4\xb8", "", "zh-CN", "Subject: " GB_NOTICE_UTF8 "\xc3\xa4\xc2\xb8"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct slice got = mime_header_utf8(slice_str(rows[i].line), slice_str(rows[i].charset), slice_str(rows[i].language), &arena);
		if (!slice_eq(got, slice_str(rows[i].want)))
			fail_msg("row %zu: %.*s", i, (int)got.n, (const char *)got.p);
	}
}

static void lines_stay_lines_and_the_others_stay_as_they_are(void **state)
{
	struct slice got = mime_header_utf8(SLICE("From: a@b.example\r\nSubject: " GB_NOTICE "\xb9\r\n\t" GB_NOTICE "\r\nX: " GB_NOTICE_UTF8 "\r\n\r\n"), SLICE("gbk"),
	                                    SLICE("en"), &arena);
	assert_true(slice_starts(got, SLICE("From: a@b.example\r\nSubject: " GB_NOTICE_UTF8)));
	assert_true(slice_search(got, SLICE("\r\n\t" GB_NOTICE_UTF8 "\r\nX: " GB_NOTICE_UTF8 "\r\n\r\n")) > 0);
}

static void a_digest_says_what_was_meant(void **state)
{
	static const char message[] = "From: =?utf-8?Q?A?= " GB_NOTICE " <a@b.example>\r\nSubject: " GB_NOTICE "\r\nMIME-Version: 1.0\r\n"
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=gb2312\r\n\r\n" GB_NOTICE "\r\n"
		"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"" GB_NOTICE ".pdf\"\r\n\r\nx\r\n--b--\r\n";
	static const uint8_t id[16];
	struct digest d;
	mime_digest_make_brief(slice_str(message), id, SLICE("en"), &arena, &d);
	assert_true(slice_eq(d.envelope.subject, SLICE(GB_NOTICE_UTF8)));
	assert_true(slice_search(d.display_from, SLICE(GB_NOTICE_UTF8)) >= 0);
	assert_true(slice_search(d.search_header, SLICE("subject: " GB_NOTICE_UTF8)) >= 0);
	const struct mime_part *file = d.root->children->next;
	assert_true(slice_eq(file->disposition_params->value, SLICE(GB_NOTICE_UTF8 ".pdf")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(lines_are_read_as_they_were_meant, teardown),
		cmocka_unit_test_teardown(lines_stay_lines_and_the_others_stay_as_they_are, teardown),
		cmocka_unit_test_teardown(a_digest_says_what_was_meant, teardown),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	mime_warm();
	return cmocka_run_group_tests_name("mime_raw_header", tests, NULL, NULL);
}
