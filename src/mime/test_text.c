#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/charset.h"
#include "base/ensure.h"
#include "mime/html.h"
#include "mime/make.h"
#include "mime/text.h"

static struct arena arena;

static int teardown(void **state)
{
	arena_free(&arena);
	return 0;
}

static void check_slice(struct slice got, const char *want)
{
	assert_string_equal(arena_dup_str(&arena, got), want);
}

static void charsets_become_utf8(void **state)
{
	static const struct {
		const char *name, *in, *want;
	} cases[] = {
		{"utf-8", "\xc3\xa9\xff", "\xc3\xa9\xef\xbf\xbd"},
		{"us-ascii", "\xc3\xa9\xe9", "\xc3\xa9\xc3\xa9"},
		{"nonsense", "\x80", "\xe2\x82\xac"},
		{"ISO-8859-1", "\x93x\x94", "\xe2\x80\x9cx\xe2\x80\x9d"},
		{"windows-1251", "\xcf\xf0\xe8", "\xd0\x9f\xd1\x80\xd0\xb8"},
		{"koi8-r", "\xf0\xd2\xc9", "\xd0\x9f\xd1\x80\xd0\xb8"},
		{"gb18030", "\x81\x30\x81\x30", "\xc2\x80"},
		{"GBK", "\xb0\xa1", "\xe5\x95\x8a"},
		{"big5_tw", "\xa4\xa4", "\xe4\xb8\xad"},
		{"Shift_JIS", "\x93\xfa", "\xe6\x97\xa5"},
		{"euc-jp", "\xc6\xfc", "\xe6\x97\xa5"},
		{"utf-7", "Hi Mom +Jjo-!", "Hi Mom \xe2\x98\xba!"},
		{"iso-8859-15", "\xa4", "\xe2\x82\xac"},
		{"\"utf-8\"", "x", "x"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = BUF_INIT(1000);

		charset_decode(slice_str(cases[i].name), slice_str(cases[i].in), &out);
		check_slice(buf_slice(&out), cases[i].want);
		buf_free(&out);
	}
	assert_true(charset_known(SLICE("GB18030")));
	assert_false(charset_known(SLICE("x-nonsense")));
	assert_false(charset_known(SLICE("../../etc/passwd")));
}

static void a_stream_equals_the_whole(void **state)
{
	static const char *const names[] = {"utf-8", "", "gb18030", "iso-2022-jp", "windows-1252", "utf-7"};
	static const char text[] = "a\xe4\xb8\xad\xf0\x9f\x98\x80 \xe9 \x1b$BF|K\\\x1b(B +Jjo- \xff\xc3";
	struct slice in = slice_make(text, sizeof text - 1);

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		for (size_t step = 1; step < 7; step++) {
			struct buf whole = BUF_INIT(1000), pieces = BUF_INIT(1000);
			struct charset_stream s;

			charset_decode(slice_str(names[i]), in, &whole);
			charset_stream_open(&s, slice_str(names[i]));
			for (size_t at = 0; at < in.n; at += step)
				charset_stream_feed(&s, slice_sub(in, at, at + step), at + step >= in.n, &pieces);
			assert_true(slice_eq(buf_slice(&whole), buf_slice(&pieces)));
			buf_free(&whole);
			buf_free(&pieces);
		}
	}
}

static void folding_is_nfkc_casefold(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{"Hello World", "hello world"},
		{"STRASSE Straße", "strasse strasse"},
		{"ÀÉ", "àé"},
		{"e\xcc\x81", "é"},
		{"\xef\xbd\x81\xef\xbc\xa2\xef\xbc\x8c", "ab,"},
		{"\xe4\xb8\xad\xe6\x96\x87 ABC", "\xe4\xb8\xad\xe6\x96\x87 abc"},
		{"so\xc2\xad" "ft", "soft"},
		{"\xef\xac\x81n", "fin"},
		{"\xe3\x81\x8b\xe3\x82\x99", "\xe3\x81\x8c"},
		{"x\xff", "x\xef\xbf\xbd"},
		{"ПРИВЕТ", "привет"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_slice(mime_fold_arena(slice_str(cases[i].in), &arena), cases[i].want);
}

static void folding_is_idempotent_and_piecewise_the_same(void **state)
{
	struct buf text = BUF_INIT(1 << 20);
	struct slice once;

	for (int i = 0; i < 2000; i++) {
		buf_append_str(&text, i % 7 == 0 ? "Ä" : i % 5 == 0 ? "中" : i % 3 == 0 ? "e\xcc\x81\xcc\xa3" : "ｶﾞ");
		if (i % 50 == 0)
			buf_append_str(&text, "Word ");
	}
	once = mime_fold_arena(buf_slice(&text), &arena);
	assert_true(slice_eq(mime_fold_arena(once, &arena), once));
	buf_free(&text);
}

static void html_becomes_visible_text(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{"<p>Hello <b>wor</b>ld</p>", "Hello world"},
		{"<html><head><title>no</title><style>p{}</style></head><body>a<br>b</body>", "a\nb"},
		{"a &amp; b &lt;c&gt; &nbsp; &#65;&#x42; &unknown; &eacute", "a & b <c> AB &unknown; é"},
		{"<script>if (a<b) x('</p>')</script>y", "y"},
		{"<!-- no > here --><!doctype html>x<!---->z", "xz"},
		{"<a href=\"x>y\">link</a>", "link"},
		{"1 < 2 & 3", "1 < 2 & 3"},
		{"<td>a</td><td>b</td>", "a b"},
		{"  many \r\n\t blanks  ", "many blanks"},
		{"<scr<script>hidden</script>shown", "hiddenshown"},
		{"a<", "a<"},
		{"a&", "a&"},
		{"a&am", "a&am"},
		{"<unclosed", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct slice in = slice_str(cases[i].in);

		for (size_t step = 1; step <= in.n; step++) {
			struct buf out = BUF_INIT(1000);
			struct html h = HTML_INIT;

			for (size_t at = 0; at < in.n; at += step)
				html_feed(&h, slice_sub(in, at, at + step), at + step >= in.n, &out);
			check_slice(buf_slice(&out), cases[i].want);
			buf_free(&out);
		}
	}
}

static void base_subjects(void **state)
{
	static const struct {
		const char *in, *want;
		bool reply;
	} cases[] = {
		{"Hello", "hello", false},
		{"Re: Hello", "hello", true},
		{"RE: re: FWD: Hello (fwd)", "hello", true},
		{"Re [2]: Hello", "hello", true},
		{"[list] Re: [list] Hello", "hello", true},
		{"[list] Hello", "hello", false},
		{"[only]", "[only]", false},
		{"[fwd: Hello]", "hello", true},
		{"[fwd: Re: Hello (fwd)]", "hello", true},
		{"Re: ", "", true},
		{"  a\t b   c ", "a b c", false},
		{"Regarding: x", "regarding: x", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		bool reply;

		check_slice(mime_base_subject(slice_str(cases[i].in), &arena, &reply), cases[i].want);
		assert_int_equal(reply, cases[i].reply);
	}
}

static struct digest digest_of(const char *message)
{
	static const uint8_t id[16] = {1};
	struct digest d;

	mime_digest_make(slice_str(message), id, &arena, &d);
	return d;
}

static void the_preview_is_what_a_person_reads(void **state)
{
	check_slice(digest_of("Subject: x\r\n\r\n  Hello\r\n\r\n  there \r\n").preview, "Hello there");
	check_slice(digest_of("Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n--b\r\n\r\nplain\r\n"
	                      "--b--\r\n").preview, "plain");
	check_slice(digest_of("Content-Type: text/html\r\n\r\n<style>x</style><p>Hi<p>you").preview, "Hi you");
	check_slice(digest_of("Content-Type: image/png\r\n\r\nxxx").preview, "");
}

/* RFC 9051 6.4.4: FROM, TO, CC and BCC look in the envelope, where comments and quotes are gone; the text of the field is found as before. */
static void addresses_are_found_through_comments_quotes_and_spaces(void **state)
{
	struct digest d = digest_of("From: Ann (at work) <ann(x)@(y)example.org(z)>\r\nTo: \"bob\"@example.org, Team: eve @ Example.ORG;\r\n"
		"Cc: ann(x)\r\n @example.org\r\nBcc: plain@example.org (comment)\r\nX-Other: a(b)@c.d\r\n\r\n");

	assert_true(mime_search_field(d.search_header, SLICE("from"), SLICE("ann@example.org")));
	assert_true(mime_search_field(d.search_header, SLICE("from"), SLICE("at work")));
	assert_true(mime_search_field(d.search_header, SLICE("from"), SLICE("ann(x)@(y)")));
	assert_true(mime_search_field(d.search_header, SLICE("to"), SLICE("bob@example.org")));
	assert_true(mime_search_field(d.search_header, SLICE("to"), SLICE("\"bob\"@")));
	assert_true(mime_search_field(d.search_header, SLICE("to"), SLICE("eve@example.org")));
	assert_true(mime_search_field(d.search_header, SLICE("cc"), SLICE("ann@example.org")));
	assert_false(mime_search_field(d.search_header, SLICE("to"), SLICE("ann@example.org")));
	assert_false(mime_search_field(d.search_header, SLICE("x-other"), SLICE("a@c.d")));
	assert_true(mime_search_field(d.search_header, SLICE("bcc"), SLICE("plain@example.org (comment)")));
}

static void searchable_text_is_decoded_and_folded(void **state)
{
	struct digest d = digest_of("Subject: =?utf-8?Q?=C3=84pfel?=\r\nX-Folded: a\r\n b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
		"--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=\r\n=DFe\r\n"
		"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+5LitPC9iPkE=\r\n"
		"--b\r\nContent-Type: application/pdf\r\n\r\nHidden\r\n--b--\r\n");

	check_slice(d.search_text, "grüsse\n中a\n");
	assert_true(mime_search_field(d.search_header, SLICE("subject"), SLICE("äpfel")));
	assert_true(mime_search_field(d.search_header, SLICE("X-FOLDED"), SLICE("a b")));
	assert_true(mime_search_field(d.search_header, SLICE("subject"), SLICE_NONE));
	assert_false(mime_search_field(d.search_header, SLICE("sub"), SLICE_NONE));
	assert_false(mime_search_field(d.search_header, SLICE("subject"), SLICE("a b")));
	assert_true(d.has_attachment);
	assert_false(d.search_text_cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(charsets_become_utf8, teardown),
		cmocka_unit_test_teardown(a_stream_equals_the_whole, teardown),
		cmocka_unit_test_teardown(folding_is_nfkc_casefold, teardown),
		cmocka_unit_test_teardown(folding_is_idempotent_and_piecewise_the_same, teardown),
		cmocka_unit_test_teardown(html_becomes_visible_text, teardown),
		cmocka_unit_test_teardown(base_subjects, teardown),
		cmocka_unit_test_teardown(the_preview_is_what_a_person_reads, teardown),
		cmocka_unit_test_teardown(searchable_text_is_decoded_and_folded, teardown),
		cmocka_unit_test_teardown(addresses_are_found_through_comments_quotes_and_spaces, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	mime_warm();
	return cmocka_run_group_tests_name("mime_text", tests, NULL, NULL);
}
