/* What is built parses to what was given. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "mime/address.h"
#include "mime/build.h"
#include "mime/date.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/param.h"
#include "mime/structure.h"

static struct arena arena;
static struct buf out;

static int setup(void **state)
{
	buf_init(&out, 8u << 20);
	return 0;
}

static int teardown(void **state)
{
	buf_free(&out);
	arena_free(&arena);
	return 0;
}

static int sink(void *arg, struct slice bytes, struct error *err)
{
	buf_append(arg, bytes);
	return 0;
}

static int read_slice(void *arg, uint64_t offset, size_t n, struct buf *to, struct error *err)
{
	const struct slice *s = arg;

	buf_append(to, slice_sub(*s, (size_t)offset, (size_t)offset + n));
	return 0;
}

static void assert_slice(struct slice got, struct slice want)
{
	assert_int_equal(got.n, want.n);
	if (want.n > 0)
		assert_memory_equal(got.p, want.p, want.n);
}

static void assert_lines(void)
{
	struct slice s = buf_slice(&out), line;

	while (slice_split(&s, '\n', &line)) {
		assert_true(line.n <= BUILD_LINE_MAX + 1);
		assert_true(line.n > 0 && line.p[line.n - 1] == '\r');
	}
}

static struct slice body_of(const struct mime_part *part)
{
	struct slice raw = slice_sub(buf_slice(&out), (size_t)part->body_start, (size_t)part->body_end), ret;
	struct buf decoded = BUF_INIT(4u << 20);

	if (slice_eq(part->encoding, SLICE("base64")))
		base64_decode_lenient(raw, &decoded);
	else if (slice_eq(part->encoding, SLICE("quoted-printable")))
		quoted_printable_decode(raw, &decoded);
	else
		buf_append(&decoded, raw);
	ret = arena_dup(&arena, buf_slice(&decoded));
	buf_free(&decoded);
	return ret;
}

static struct slice field_of(const char *name)
{
	struct mime_field f;

	assert_true(mime_header_find(buf_slice(&out), slice_str(name), &f));
	return mime_unfold(&arena, f.value);
}

static void subject_comes_back(const char *text)
{
	struct buf value = BUF_INIT(BUILD_VALUE_MAX);
	struct build_field subject = {.name = SLICE("Subject")};
	struct build_message m = {.fields = &subject};

	buf_clear(&out);
	build_text_value(slice_str(text), &value);
	subject.value = buf_slice(&value);
	assert_int_equal(build_message(&m, sink, &out, NULL), 0);
	assert_lines();
	assert_slice(mime_words_decode_arena(field_of("Subject"), &arena), slice_str(text));
	buf_free(&value);
}

static void text_of_fields_comes_back(void **state)
{
	char longest[5000];

	for (size_t i = 0; i < sizeof longest - 1; i++)
		longest[i] = 'x';
	longest[sizeof longest - 1] = 0;
	subject_comes_back("Hello");
	subject_comes_back("Two  blanks   and more words than one line of seventy-six characters has room for,  really");
	subject_comes_back("\xe4\xbd\xa0\xe5\xa5\xbd, \xe4\xb8\x96\xe7\x95\x8c \xe2\x82\xac \xf0\x9f\x98\x80 \xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd");
	subject_comes_back("looks =?utf-8?B?like?= one");
	subject_comes_back(longest);
}

static void nothing_starts_a_field_of_its_own(void **state)
{
	struct buf value = BUF_INIT(BUILD_VALUE_MAX);
	struct build_field subject = {.name = SLICE("Subject")};
	struct build_message m = {.fields = &subject};

	build_text_value(SLICE("a\r\nBcc: b@example.org\r\n\r\nbody"), &value);
	subject.value = buf_slice(&value);
	assert_int_equal(build_message(&m, sink, &out, NULL), 0);
	assert_int_equal(mime_header_count(buf_slice(&out), SLICE("Bcc")), 0);
	assert_int_equal(build_raw_check(SLICE(" a\r\nBcc: b")), ERR_INVALID);
	assert_int_equal(build_raw_check(SLICE(" a\r\n \r\n b")), ERR_INVALID);
	assert_int_equal(build_raw_check(SLICE(" a\nb")), ERR_INVALID);
	assert_int_equal(build_raw_check(SLICE(" a\r\n b")), 0);
	assert_false(build_name_ok(SLICE("A:B")));
	assert_false(build_name_ok(SLICE("A B")));
	assert_false(build_email_ok(SLICE("a@b>, <c@d")));
	buf_free(&value);
}

static void addresses_come_back(void **state)
{
	static const struct build_address people[] = {
		{SLICE_INIT("Ann \"the\" Lee, Dr."), SLICE_INIT("ann@example.org")}, {SLICE_INIT(""), SLICE_INIT("b@example.org")},
		{SLICE_INIT("\xe5\xbc\xa0\xe4\xb8\x89"), SLICE_INIT("zhang@example.org")},
	};
	static const struct build_group groups[] = {{.addresses = people, .count = 3}, {SLICE_INIT("Team: A"), people, 2}, {SLICE_INIT("Nobody"), NULL, 0}};
	const struct mime_address *a;

	build_address_value(groups, 3, &out);
	a = mime_address_parse(buf_slice(&out), &arena);
	for (size_t i = 0; i < 3; i++, a = a->next) {
		assert_slice(mime_address_spec(a, &arena), people[i].email);
		if (people[i].name.n > 0)
			assert_slice(mime_words_decode_arena(a->name, &arena), people[i].name);
	}
	assert_true(!a->has_host && a->has_mailbox);
	assert_slice(a->mailbox, SLICE("Team: A"));
	a = a->next->next->next;
	assert_true(!a->has_host && !a->has_mailbox);
	assert_slice(a->next->mailbox, SLICE("Nobody"));
}

static void dates_keep_their_zone(void **state)
{
	int64_t when;
	int zone;

	build_date_value(1414650600, 8 * 3600 + 1800, &out);
	assert_int_equal(mime_date_parse_zone(buf_slice(&out), &when, &zone), 0);
	assert_int_equal(when, 1414650600);
	assert_int_equal(zone, 8 * 3600 + 1800);
	buf_clear(&out);
	build_date_value(1414650600, -5 * 3600, &out);
	assert_int_equal(mime_date_parse_zone(buf_slice(&out), &when, &zone), 0);
	assert_int_equal(when, 1414650600);
	assert_int_equal(zone, -5 * 3600);
}

static void ids_are_checked(void **state)
{
	struct slice good[] = {SLICE("a@b"), SLICE("c@d")}, bad[] = {SLICE("a b")}, open[] = {SLICE("a>b")};

	assert_int_equal(build_ids_value(good, 2, &out), 0);
	assert_slice(buf_slice(&out), SLICE("<a@b> <c@d>"));
	assert_int_equal(build_ids_value(bad, 1, &out), ERR_INVALID);
	assert_int_equal(build_ids_value(open, 1, &out), ERR_INVALID);
}

static void parts_come_back(void **state)
{
	static uint8_t bytes[200000];
	struct slice blob = slice_make(bytes, sizeof bytes), inner = SLICE("Subject: in\r\n\r\nh\xc3\xa9\r\n");
	struct build_part file = {.type = SLICE("application/pdf"), .name = SLICE("\xe5\xb9\xb4\xe5\xba\xa6\xe6\x8a\xa5\xe5\x91\x8a\xe2\x80\x94 a \"long\" name that goes on and on and on, over more than one line.pdf"),
	                          .disposition = SLICE("attachment"), .read = read_slice, .read_arg = &blob, .size = sizeof bytes};
	struct build_part enclosed = {.type = SLICE("message/rfc822"), .read = read_slice, .read_arg = &inner, .size = inner.n, .next = &file};
	struct build_part image = {.type = SLICE("image/png"), .cid = SLICE("pic@x"), .disposition = SLICE("inline"), .name = SLICE("a.png"),
	                           .read = read_slice, .read_arg = &blob, .size = 1000};
	struct build_part html = {.type = SLICE("text/html"), .is_text = true, .text = SLICE("<p>\xe4\xbd\xa0\xe5\xa5\xbd</p>"), .next = &image};
	struct build_part related = {.type = SLICE("multipart/related"), .children = &html};
	struct build_part plain = {.type = SLICE("text/plain"), .is_text = true, .text = SLICE("one\ntwo\r\nthree\rfour \n.\nFrom x"), .next = &related};
	struct build_part both = {.type = SLICE("multipart/alternative"), .children = &plain, .next = &enclosed};
	struct build_part root = {.type = SLICE("multipart/mixed"), .children = &both};
	struct build_message m = {.root = &root};
	const struct mime_part *p;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	assert_int_equal(build_message(&m, sink, &out, NULL), 0);
	assert_lines();
	p = mime_structure_parse(buf_slice(&out), &arena);
	assert_slice(p->subtype, SLICE("mixed"));
	p = p->children;
	assert_slice(p->subtype, SLICE("alternative"));
	assert_slice(body_of(p->children), SLICE("one\r\ntwo\r\nthree\r\nfour \r\n.\r\nFrom x"));
	assert_slice(body_of(p->children->next->children), html.text);
	assert_slice(p->children->next->children->next->id, SLICE("<pic@x>"));
	assert_slice(body_of(p->children->next->children->next), slice_sub(blob, 0, 1000));
	assert_non_null(p->next->envelope);
	assert_slice(p->next->envelope->subject, SLICE("in"));
	assert_slice(mime_part_filename(p->next->next, &arena), file.name);
	assert_slice(body_of(p->next->next), blob);
}

static void text_takes_the_shorter_encoding(void **state)
{
	struct build_part text = {.type = SLICE("text/plain"), .is_text = true, .text = SLICE("caf\xc3\xa9 in a long line of mostly plain words")};
	struct build_message m = {.root = &text};

	assert_int_equal(build_message(&m, sink, &out, NULL), 0);
	assert_true(slice_search(buf_slice(&out), SLICE("quoted-printable")) > 0);
	buf_clear(&out);
	text.text = SLICE("\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd");
	assert_int_equal(build_message(&m, sink, &out, NULL), 0);
	assert_true(slice_search(buf_slice(&out), SLICE("base64")) > 0);
}

static void what_cannot_be_written_is_refused(void **state)
{
	struct build_part part = {.type = SLICE("text/plain\r\nX: y"), .is_text = true};
	struct build_message m = {.root = &part};

	assert_int_equal(build_message(&m, sink, &out, NULL), ERR_INVALID);
	part = (struct build_part){.type = SLICE("multipart/mixed")};
	assert_int_equal(build_message(&m, sink, &out, NULL), ERR_INVALID);
	part = (struct build_part){.type = SLICE("image/png"), .cid = SLICE("a> b")};
	assert_int_equal(build_message(&m, sink, &out, NULL), ERR_INVALID);
	part = (struct build_part){.type = SLICE("image/png"), .disposition = SLICE("inline; x=y")};
	assert_int_equal(build_message(&m, sink, &out, NULL), ERR_INVALID);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(text_of_fields_comes_back), T(nothing_starts_a_field_of_its_own), T(addresses_come_back), T(dates_keep_their_zone), T(ids_are_checked),
		T(parts_come_back), T(text_takes_the_shorter_encoding), T(what_cannot_be_written_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
