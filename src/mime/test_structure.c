#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "base/ensure.h"
#include "base/error.h"
#include "mime/limits.h"
#include "mime/make.h"
#include "mime/scan.h"
#include "mime/structure.h"
#include "mime/text.h"

static const uint8_t email_id[16] = {1, 2, 3};
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

/* "multipart/mixed(text/plain image/png)" */
static void print_tree(const struct mime_part *part, struct buf *out)
{
	buf_printf(out, "%.*s/%.*s", SLICE_ARG(part->type), SLICE_ARG(part->subtype));
	if (part->children == NULL)
		return;
	buf_append_byte(out, '(');
	for (const struct mime_part *child = part->children; child != NULL; child = child->next) {
		print_tree(child, out);
		if (child->next != NULL)
			buf_append_byte(out, ' ');
	}
	buf_append_byte(out, ')');
}

static struct slice body_of(const char *message, const struct mime_part *part)
{
	return slice_sub(slice_str(message), part->body_start, part->body_end);
}

static void check_tree(const char *message, const char *want)
{
	struct buf out = BUF_INIT(100000);

	print_tree(mime_structure_parse(slice_str(message), &arena), &out);
	check_slice(buf_slice(&out), want);
	buf_free(&out);
}

static void trees(void **state)
{
	check_tree("", "text/plain");
	check_tree("\r\nbody", "text/plain");
	check_tree("Content-Type: nonsense\r\n\r\nx", "text/plain");
	check_tree("Content-Type: multipart/mixed; boundary=b\r\n\r\npre\r\n--b\r\n\r\n1\r\n--b\r\nContent-Type: image/png\r\n\r\n2\r\n--b--\r\nepi",
	           "multipart/mixed(text/plain image/png)");
	check_tree("Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: x\r\n\r\ny\r\n--b--", "multipart/digest(message/rfc822(text/plain))");
	check_tree("Content-Type: multipart/mixed; boundary=b\r\n\r\nno parts", "multipart/mixed(text/plain)");
	check_tree("Content-Type: multipart/mixed\r\n\r\n--b\r\n", "multipart/mixed(text/plain)");
	check_tree("Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nx\r\n--o\r\n\r\ny\r\n--o--",
	           "multipart/mixed(multipart/mixed(text/plain) text/plain)");
	check_tree("Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=i\r\n"
	           "\r\n--i\r\n\r\nx\r\n--o\r\n\r\ny\r\n", "multipart/mixed(message/rfc822(multipart/mixed(text/plain)) text/plain)");
	check_tree("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: image/png\r\n--b--\r\n", "multipart/mixed(image/png)");
	check_tree("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA==", "application/octet-stream");
	check_tree("Content-Type: multipart/mixed; boundary=\"a\"\n\n--a\n\nx\n--ab\n--a--\n", "multipart/mixed(text/plain)");
}

static void bodies_end_before_the_delimiters_line_break(void **state)
{
	static const char message[] = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b \t\r\nA: x\r\n\r\none\r\ntwo\r\n\r\n--b\r\n\r\n--b--\r\nend";
	struct mime_part *root = mime_structure_parse(slice_str(message), &arena);

	check_slice(body_of(message, root->children), "one\r\ntwo\r\n");
	assert_int_equal(root->children->lines, 2);
	check_slice(body_of(message, root->children->next), "");
	assert_int_equal(root->body_end, sizeof message - 1);
}

static void a_part_has_its_fields(void **state)
{
	struct mime_part *p = mime_structure_parse(SLICE("Content-Type: TEXT/HTML; charset=x\r\nContent-Transfer-Encoding: Base64 (c)\r\nContent-ID: <a@b>\r\n"
		"Content-Description: d\r\nContent-Disposition: Attachment; filename=f\r\nContent-MD5: m\r\nContent-Language: de\r\n"
		"Content-Location: l\r\nContent-Type: image/png\r\n\r\nx"), &arena);

	assert_true(mime_part_is(p, SLICE("text"), SLICE("html")));
	check_slice(p->encoding, "base64");
	check_slice(p->id, "<a@b>");
	check_slice(p->description, "d");
	check_slice(p->disposition, "attachment");
	check_slice(p->disposition_params->value, "f");
	check_slice(p->md5, "m");
	check_slice(p->language, "de");
	check_slice(p->location, "l");
	assert_true(mime_part_is_attachment(p));
}

static void an_envelope_has_defaults(void **state)
{
	struct mime_envelope e;

	mime_envelope_parse(SLICE("From: A <a@b>\r\nSubject: s\r\n t\r\nTo: x@y\r\nTo: z@w\r\nMessage-Id: <1@2>\r\n\r\n"), &arena, &e);
	assert_ptr_equal(e.sender, e.from);
	assert_ptr_equal(e.reply_to, e.from);
	check_slice(e.subject, "s t");
	check_slice(e.to->next->mailbox, "z");
	assert_false(e.has_date);
	assert_null(e.cc);
}

static void check_ranges(const struct mime_part *part, uint64_t floor, uint64_t ceiling)
{
	uint64_t at = part->body_start;

	assert_true(part->header_start >= floor && part->body_start >= part->header_start && part->body_end >= part->body_start);
	assert_true(part->body_end <= ceiling);
	for (const struct mime_part *child = part->children; child != NULL; child = child->next) {
		assert_true(child->header_start >= at);
		check_ranges(child, part->body_start, part->body_end);
		at = child->body_end;
	}
}

/* Whether the search text was left out; in any case it is there again. */
static bool check_brief(struct slice message, const struct digest *whole)
{
	struct buf encoded = BUF_INIT(4 * MIME_DIGEST_MAX), text = BUF_INIT(4 * MIME_DIGEST_MAX);
	struct digest brief, decoded;

	mime_digest_make_brief(message, email_id, SLICE_NONE, &arena, &brief);
	digest_encode(&brief, &encoded);
	if (brief.search_text_of_body) {
		mime_body_text(slice_from(message, brief.header_size), &text);
		assert_int_equal(digest_decode(buf_slice(&encoded), &arena, &decoded), ERR_DAMAGED);
		buf_put_bytes(&encoded, buf_slice(&text));
	}
	assert_int_equal(digest_decode(buf_slice(&encoded), &arena, &decoded), 0);
	assert_true(slice_eq(decoded.search_text, whole->search_text));
	assert_true(decoded.search_text_cut == whole->search_text_cut);
	buf_free(&encoded);
	buf_free(&text);
	return brief.search_text_of_body;
}

/* Makes the digest, checks its invariants, and that it survives encoding; returns the CPU milliseconds of the making. */
static double make_and_check(struct slice message, struct digest *ret)
{
	struct timespec before, after;
	struct buf encoded = BUF_INIT(4 * MIME_DIGEST_MAX), again = BUF_INIT(4 * MIME_DIGEST_MAX);
	struct digest decoded, listing;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	mime_digest_make(message, email_id, &arena, ret);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	check_ranges(ret->root, 0, message.n);
	assert_true(ret->search_text.n <= MIME_SEARCH_TEXT_MAX);
	digest_encode(ret, &encoded);
	assert_false(encoded.failed);
	assert_int_equal(digest_decode(buf_slice(&encoded), &arena, &decoded), 0);
	digest_encode(&decoded, &again);
	assert_true(slice_eq(buf_slice(&encoded), buf_slice(&again)));
	assert_int_equal(digest_decode_structure(digest_listing(buf_slice(&encoded)), &arena, &listing), 0);
	assert_int_equal(digest_decode_envelope(digest_listing(buf_slice(&encoded)), &arena, &listing), 0);
	buf_free(&encoded);
	buf_free(&again);
	check_brief(message, ret);
	return (double)(after.tv_sec - before.tv_sec) * 1e3 + (double)(after.tv_nsec - before.tv_nsec) / 1e6;
}

static void repeat(struct buf *out, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		buf_append_str(out, text);
}

static void bombs_cost_little(void **state)
{
	static const struct {
		const char *head, *unit;
		size_t times;
		const char *tail;
	} bombs[] = {
		{"X: ", "aaaaaaaaa ", 1000000, "\r\n\r\nbody"},
		{"", "X: y\r\n", 1600000, "\r\nbody"},
		{"", "From: a@b\r\n", 500000, "\r\nbody"},
		{"Content-Type: multipart/mixed; boundary=b\r\n\r\n", "--b\r\n\r\n", 1000000, ""},
		{"Content-Type: multipart/mixed; boundary=b\r\n\r\n", "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n", 200000, ""},
		{"", "Content-Type: message/rfc822\r\n\r\n", 300000, ""},
		{"Content-Type: multipart/digest; boundary=b\r\n\r\n", "--b\r\n\r\n", 1000000, ""},
		{"Subject: ", "(", 1000000, "\r\n\r\n"},
		{"From: ", "(", 1000000, "\r\n\r\n"},
		{"From: ", "a@b,", 1000000, "\r\n\r\n"},
		{"From: ", "\"", 1000000, "\r\n\r\n"},
		{"From: ", "\"a\" (c) ", 1000000, "\r\n\r\n"},
		{"From: ", "<", 1000000, "\r\n\r\n"},
		{"From: ", "a:", 1000000, "\r\n\r\n"},
		{"Date: ", "(", 1000000, "\r\n\r\n"},
		{"Content-Type: a/b", "; x*0=y", 1000000, "\r\n\r\n"},
		{"Subject: ", "=?utf-8?Q?", 1000000, "\r\n\r\n"},
		{"Subject: ", "=?utf-8?Q?=C3?= ", 600000, "\r\n\r\n"},
		{"Subject: ", "[a]", 1000000, "\r\n\r\n"},
		{"Subject: ", "re:", 1000000, "\r\n\r\n"},
		{"References: ", "<a@b>", 1000000, "\r\n\r\n"},
		{"\r\n", "\xef\xb7\xba", 3000000, ""},
		{"\r\n", "\xcc\x81", 5000000, ""},
		{"Content-Type: text/html\r\n\r\n", "<", 10000000, ""},
		{"Content-Type: text/html\r\n\r\n", "<!--", 2500000, ""},
		{"Content-Type: text/html\r\n\r\n", "<script>", 1200000, ""},
		{"Content-Type: text/html\r\n\r\n", "&", 10000000, ""},
		{"Content-Transfer-Encoding: quoted-printable\r\n\r\n", "=", 10000000, ""},
		{"Content-Transfer-Encoding: base64\r\n\r\n", "=A", 5000000, ""},
		{"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n", "\x1b$B\x1b(B", 2000000, ""},
		{"Content-Type: text/plain; charset=utf-7\r\n\r\n", "+", 5000000, ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(bombs); i++) {
		struct buf message = BUF_INIT(64u << 20);
		struct digest d;
		double ms;

		buf_append_str(&message, bombs[i].head);
		repeat(&message, bombs[i].unit, bombs[i].times);
		buf_append_str(&message, bombs[i].tail);
		ms = make_and_check(buf_slice(&message), &d);
		if (ms > 1500)
			print_message("# bomb %zu (%s): %.0f ms, arena %zu MiB\n", i, bombs[i].unit, ms, arena.total >> 20);
		/* Generous for sanitizers and loaded machines; anything quadratic takes hours here. */
		assert_true(ms < 20000);
		assert_true(arena.total < 512u << 20);
		buf_free(&message);
		arena_free(&arena);
	}
}

static void depth_and_parts_are_bounded(void **state)
{
	struct buf message = BUF_INIT(1 << 24);
	unsigned parts = 0, depth = 0;
	struct digest d;

	repeat(&message, "Content-Type: message/rfc822\r\n\r\n", 100);
	make_and_check(buf_slice(&message), &d);
	for (struct mime_part *p = d.root; p != NULL; p = p->children)
		depth++;
	assert_int_equal(depth, MIME_DEPTH_MAX);
	buf_clear(&message);
	buf_append_str(&message, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
	repeat(&message, "--b\r\n\r\nx\r\n", 5000);
	make_and_check(buf_slice(&message), &d);
	for (struct mime_part *p = d.root; p != NULL; p = mime_part_next(p))
		parts++;
	assert_int_equal(parts, MIME_PARTS_MAX);
	buf_free(&message);
}

static void thread_fields_are_normalised(void **state)
{
	struct digest d;

	make_and_check(SLICE("Message-ID: < a@b >\r\nReferences: <1@x> junk <2@x>\r\n\t<3@x>\r\nIn-Reply-To: <9@x>\r\nDate: 1 Jan 2000 00:00 Z\r\n"
	                     "From: =?utf-8?Q?J=C3=B6rg?= <j@x>\r\nTo: grp: y@z;\r\n\r\n"), &d);
	check_slice(d.message_id, "a@b");
	assert_int_equal(d.reference_count, 3);
	check_slice(d.references[2], "3@x");
	check_slice(d.display_from, "Jörg");
	check_slice(d.display_to, "grp");
	assert_true(d.has_sent);
	assert_int_equal(d.sent_unix, 946684800);
	make_and_check(SLICE("In-Reply-To: <9@x>\r\n\r\n"), &d);
	check_slice(d.references[0], "9@x");
}

struct blob {
	struct slice data;
};

static int read_blob(void *arg, uint64_t offset, void *p, size_t n)
{
	const struct blob *blob = arg;

	assert_true(offset + n <= blob->data.n);
	for (size_t i = 0; i < n; i++)
		((uint8_t *)p)[i] = blob->data.p[offset + i];
	return 0;
}

/* The scan finds what the digest holds, and what is beyond it. */
static void a_scan_finds_what_the_digest_cut_off(void **state)
{
	struct buf message = BUF_INIT(16u << 20);
	struct digest d;
	struct blob blob;
	bool found;

	buf_append_str(&message, "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=gbk\r\n\r\n<p>");
	repeat(&message, "\xd6\xd0\xce\xc4 Wort &amp; <b>mehr</b>\r\n", 100000);
	buf_append_str(&message, "NeedLE\r\n--b\r\n\r\nlast part\r\n--b--");
	make_and_check(buf_slice(&message), &d);
	assert_true(d.search_text_cut);
	blob.data = buf_slice(&message);
	static const char *const there[] = {"needle", "last part", "中文 wort & mehr 中文", ""};
	for (size_t i = 0; i < ARRAY_LEN(there); i++) {
		found = false;
		assert_int_equal(mime_scan_text(&d, read_blob, &blob, slice_str(there[i]), &found), 0);
		assert_true(found);
	}
	assert_int_equal(mime_scan_text(&d, read_blob, &blob, SLICE("<b>"), &found), 0);
	assert_false(found);
	assert_true(slice_starts(d.search_text, SLICE("中文 wort & mehr 中文 wort")));
	buf_free(&message);
}

static void damaged_digests_are_refused(void **state)
{
	struct buf encoded = BUF_INIT(1 << 20);
	struct digest d;
	struct slice all;

	make_and_check(SLICE("From: a@b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--"), &d);
	digest_encode(&d, &encoded);
	all = buf_slice(&encoded);
	for (size_t n = 0; n < all.n; n++) {
		int code = digest_decode(slice_sub(all, 0, n), &arena, &d);

		assert_int_equal(code, n == digest_listing(all).n ? 0 : ERR_DAMAGED);
	}
	encoded.data[encoded.start] = DIGEST_VERSION + 1;
	assert_int_equal(digest_decode(all, &arena, &d), ERR_UNSUPPORTED);
	buf_free(&encoded);
}

static void a_confidential_letter_has_its_key_in_version_2(void **state)
{
	struct buf plain = BUF_INIT(1 << 20), encoded = BUF_INIT(1 << 20);
	struct digest_secret secret = {.ends = true, .expires_unix = 1800000000};
	struct digest d, again;

	for (size_t i = 0; i < sizeof secret.key; i++)
		secret.key[i] = (uint8_t)(i * 7 + 1);
	make_and_check(SLICE("From: a@b\r\nSubject: s\r\n\r\ntext\r\n"), &d);
	digest_encode(&d, &plain);
	assert_int_equal(plain.data[plain.start], DIGEST_VERSION_PLAIN);
	d.secret = &secret;
	digest_encode(&d, &encoded);
	assert_int_equal(encoded.data[encoded.start], DIGEST_VERSION);
	assert_int_equal(digest_decode(buf_slice(&encoded), &arena, &again), 0);
	assert_true(again.secret->ends && again.secret->expires_unix == 1800000000);
	assert_memory_equal(again.secret->key, secret.key, sizeof secret.key);
	assert_true(slice_eq(again.search_text, d.search_text));
	assert_int_equal(digest_decode_envelope(buf_slice(&encoded), &arena, &again), 0);
	assert_int_equal(again.version, DIGEST_VERSION);
	assert_int_equal(digest_decode_structure(digest_listing(buf_slice(&encoded)), &arena, &again), 0);
	assert_non_null(again.secret);
	/* Neither is the one taken for the other. */
	encoded.data[encoded.start] = DIGEST_VERSION_PLAIN;
	assert_int_equal(digest_decode(buf_slice(&encoded), &arena, &again), ERR_DAMAGED);
	plain.data[plain.start] = DIGEST_VERSION;
	assert_int_equal(digest_decode(buf_slice(&plain), &arena, &again), ERR_DAMAGED);
	plain.data[plain.start] = DIGEST_VERSION_PLAIN;
	assert_int_equal(digest_decode(buf_slice(&plain), &arena, &again), 0);
	assert_null(again.secret);
	buf_free(&plain);
	buf_free(&encoded);
}

/* RFC 6532 3.7; for message/rfc822 against RFC 2046 5.2.1. */
static void the_text_of_an_encoded_enclosed_message_is_found(void **state)
{
	static const char *const letters[] = {
		"Content-Type: message/global\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA0KDQpEcmluZ2VuZCBIaWRkZW4gd29yZHM=\r\n",
		"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSubject: x=0D=0A=0D=0ADringend hid=\r\nden words\r\n",
		("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/global\r\nContent-Transfer-Encoding: base64\r\n\r\n"
		 "Q29udGVudC1UeXBlOiBtdWx0aXBhcnQvbWl4ZWQ7IGJvdW5kYXJ5PWMNCg0KLS1jDQoNCmRyaW5nZW5kIGhpZGRlbiB3b3Jkcw0KLS1jLS0NCg==\r\n--b--\r\n"),
	};

	for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
		struct slice message = slice_str(letters[i]);
		struct digest d;

		make_and_check(message, &d);
		assert_true(slice_search(d.search_text, SLICE("dringend hidden words")) >= 0);
		assert_int_equal(d.preview.n > 0, i < 2);
	}
}

static void a_plain_ascii_letter_leaves_its_search_text_out(void **state)
{
	static const struct {
		const char *message;
		bool left_out;
	} letters[] = {
		{"Subject: a\r\n\r\nSome Text\r\nof TWO lines", true},
		{"Content-Type: text/plain; charset=utf-8\r\n\r\nZ\r\r\n", true},
		{"Content-Type: text/plain; charset=iso-8859-1\r\n\r\nplain", true},
		{"Content-Type: text/enriched\r\nContent-Transfer-Encoding: 8bit\r\n\r\n", true},
		{"Content-Type: text/plain; charset=utf-8\r\n\r\n\xc3\x84", false},
		{"Content-Type: text/plain; charset=utf-7\r\n\r\nHi +AOQ-", false},
		{"Content-Type: text/plain; charset=hz-gb-2312\r\n\r\n~{<:Ky~}", false},
		{"Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=41", false},
		{"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nQUI=", false},
		{"Content-Type: text/html\r\n\r\n<b>a</b>", false},
		{"Content-Type: application/pdf\r\n\r\nA", false},
		{"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nA\r\n--b--\r\n", false},
		{"Content-Type: message/rfc822\r\n\r\nSubject: b\r\n\r\nA", false},
	};

	for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
		struct slice message = slice_str(letters[i].message);
		struct digest d;

		mime_digest_make(message, email_id, &arena, &d);
		assert_int_equal(check_brief(message, &d), letters[i].left_out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_confidential_letter_has_its_key_in_version_2),
		cmocka_unit_test_teardown(trees, teardown),
		cmocka_unit_test_teardown(bodies_end_before_the_delimiters_line_break, teardown),
		cmocka_unit_test_teardown(a_part_has_its_fields, teardown),
		cmocka_unit_test_teardown(an_envelope_has_defaults, teardown),
		cmocka_unit_test_teardown(thread_fields_are_normalised, teardown),
		cmocka_unit_test_teardown(depth_and_parts_are_bounded, teardown),
		cmocka_unit_test_teardown(a_scan_finds_what_the_digest_cut_off, teardown),
		cmocka_unit_test_teardown(damaged_digests_are_refused, teardown),
		cmocka_unit_test_teardown(bombs_cost_little, teardown),
		cmocka_unit_test_teardown(the_text_of_an_encoded_enclosed_message_is_found, teardown),
		cmocka_unit_test_teardown(a_plain_ascii_letter_leaves_its_search_text_out, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	mime_warm();
	return cmocka_run_group_tests_name("mime_structure", tests, NULL, NULL);
}
