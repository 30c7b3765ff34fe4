#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "imap/fetch.h"
#include "imap/parser.h"
#include "imap/thread.h"

#define assert_slice(s, lit) do { struct slice got_ = (s); assert_int_equal(got_.n, strlen(lit)); assert_memory_equal(got_.p, lit, got_.n); } while (0)

static enum imap_frame_result frame(struct imap_framer *f, const char *text)
{
	return imap_frame(f, slice_str(text));
}

static void frame_line_is_complete_at_its_end(void **state)
{
	struct imap_framer f;

	imap_framer_init(&f);
	assert_int_equal(frame(&f, "a NOO"), IMAP_FRAME_MORE);
	assert_int_equal(frame(&f, "a NOOP\r"), IMAP_FRAME_MORE);
	assert_int_equal(frame(&f, "a NOOP\r\nb "), IMAP_FRAME_COMPLETE);
	assert_int_equal(f.length, 8);
	imap_frame_next(&f);
	assert_int_equal(frame(&f, "b\n"), IMAP_FRAME_COMPLETE);
	assert_int_equal(f.length, 2);
}

static void frame_synchronising_literal_wants_continuation(void **state)
{
	struct imap_framer f;

	imap_framer_init(&f);
	assert_int_equal(frame(&f, "a LOGIN {3}\r\n"), IMAP_FRAME_CONTINUE);
	assert_int_equal(frame(&f, "a LOGIN {3}\r\nab"), IMAP_FRAME_MORE);
	assert_int_equal(frame(&f, "a LOGIN {3}\r\nab\n {2}\r\n"), IMAP_FRAME_CONTINUE);
	assert_int_equal(frame(&f, "a LOGIN {3}\r\nab\n {2}\r\nxy\r\n"), IMAP_FRAME_COMPLETE);
	assert_int_equal(f.length, 26);
}

static void frame_non_synchronising_literal_goes_on(void **state)
{
	struct imap_framer f;

	imap_framer_init(&f);
	assert_int_equal(frame(&f, "a LOGIN {3+}\r\nabc {0+}\r\n\r\n"), IMAP_FRAME_COMPLETE);
	imap_frame_next(&f);
	f.literal_minus = true;
	assert_int_equal(frame(&f, "a X {4097+}\r\n"), IMAP_FRAME_TOO_BIG);
	assert_true(f.non_sync);
}

static void frame_message_literals_are_those_of_append_behind_the_mailbox(void **state)
{
	static const struct { const char *text; enum imap_frame_result result; } cases[] = {
		{"a APPEND INBOX {10}\r\n", IMAP_FRAME_MESSAGE},
		{"a append \"In\\\"box\" (\\Seen) {10+}\r\n", IMAP_FRAME_MESSAGE},
		{"a APPEND {10}\r\n", IMAP_FRAME_CONTINUE},
		{"a APPEND {2+}\r\nab {10}\r\n", IMAP_FRAME_MESSAGE},
		{"a APPEND INBOX UTF8 (~{10}\r\n", IMAP_FRAME_MESSAGE},
		{"a SELECT {10}\r\n", IMAP_FRAME_CONTINUE},
		{"APPEND INBOX {10}\r\n", IMAP_FRAME_CONTINUE},
		{"a APPEND INBOX {99999999999999999999999}\r\n", IMAP_FRAME_MESSAGE},
		{"a X {65537}\r\n", IMAP_FRAME_TOO_BIG},
		{"a X {+}\r\n", IMAP_FRAME_COMPLETE},
		{"a X {}\r\n", IMAP_FRAME_COMPLETE},
		{"a X 3}\r\n", IMAP_FRAME_COMPLETE},
		{"{3}\r\n", IMAP_FRAME_CONTINUE},
		{"\r\n", IMAP_FRAME_COMPLETE},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct imap_framer f;
		imap_framer_init(&f);
		assert_int_equal(frame(&f, cases[i].text), cases[i].result);
	}
}

static void frame_endless_line_is_too_long(void **state)
{
	static uint8_t line[IMAP_LINE_MAX + 2];
	struct imap_framer f;
	enum imap_frame_result result = IMAP_FRAME_MORE;

	memset(line, 'x', sizeof line);
	imap_framer_init(&f);
	for (size_t n = 0; n < sizeof line && result == IMAP_FRAME_MORE; n += 1000)
		result = imap_frame(&f, slice_make(line, n));
	assert_int_equal(imap_frame(&f, slice_make(line, sizeof line)), IMAP_FRAME_TOO_LONG);
}

static void frame_gives_the_same_at_every_split(void **state)
{
	const char *text = "a1 SEARCH {5+}\r\nab\r\nc {3}\r\nxyz TEXT \"q\"\r\n";

	for (size_t split = 0; split < strlen(text); split++) {
		struct imap_framer f;
		enum imap_frame_result result;
		imap_framer_init(&f);
		imap_frame(&f, slice_make(text, split));
		do {
			result = imap_frame(&f, slice_str(text));
		} while (result == IMAP_FRAME_CONTINUE);
		assert_int_equal(result, IMAP_FRAME_COMPLETE);
		assert_int_equal(f.length, strlen(text));
	}
}

static struct imap_parser parser(const char *text, struct arena *arena)
{
	return (struct imap_parser){.in = slice_str(text), .arena = arena};
}

static void parse_strings(void **state)
{
	struct arena arena = ARENA_INIT;
	struct imap_parser p = parser("\"a \\\"b\\\\\" {4}\r\n\"\r\n) atom] NIL nilly\r\n", &arena);
	struct slice s;
	bool nil;

	assert_true(imap_parse_string(&p, &s));
	assert_slice(s, "a \"b\\");
	assert_true(imap_parse_space(&p) && imap_parse_astring(&p, &s));
	assert_slice(s, "\"\r\n)");
	assert_true(imap_parse_space(&p) && imap_parse_astring(&p, &s));
	assert_slice(s, "atom]");
	assert_true(imap_parse_space(&p) && imap_parse_nstring(&p, &s, &nil) && nil);
	assert_true(imap_parse_space(&p) && !imap_parse_nstring(&p, &s, &nil) && !nil);
	assert_non_null(p.problem);
	arena_free(&arena);
}

static void parse_refuses(void **state)
{
	static const char *const bad[] = {"\"abc", "\"a\rb\"", "\"\\n\"", "\"\xff\"", "{5}\r\nabc", "{x}\r\n", "(", "", "{3}abc"};
	struct arena arena = ARENA_INIT;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct imap_parser p = parser(bad[i], &arena);
		struct slice s;
		assert_false(imap_parse_astring(&p, &s));
		assert_non_null(p.problem);
	}
	arena_free(&arena);
}

static void parse_sets(void **state)
{
	static const char *const bad[] = {"", "0", "1:", ":1", "1,,2", "4294967296", "1:2:3x", "a", "1,", "*:0"};
	struct arena arena = ARENA_INIT;
	struct imap_parser p = parser("1,5:*,*:7 $", &arena);
	struct imap_set set;

	assert_true(imap_parse_set(&p, &set));
	assert_int_equal(set.count, 3);
	assert_int_equal(set.ranges[1].first, 5);
	assert_int_equal(set.ranges[1].last, 0);
	assert_true(imap_parse_space(&p) && imap_parse_set(&p, &set) && set.saved && imap_at_end(&p));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		p = parser(bad[i], &arena);
		assert_false(imap_parse_set(&p, &set) && imap_parse_end(&p));
	}
	arena_free(&arena);
}

static void parse_dates(void **state)
{
	static const char *const bad[] = {"\"32-Jan-2020 00:00:00 +0000\"", "\"29-Feb-2023 00:00:00 +0000\"", "\"01-Foo-2020 00:00:00 +0000\"",
		"\"01-Jan-2020 24:00:00 +0000\"", "\"01-Jan-2020 00:00:00 +00\"", "\"01-Jan-2020 00:00:00 UTC\"", "\"01-Jan-2020\""};
	struct arena arena = ARENA_INIT;
	struct imap_parser p = parser("\"17-Jul-1996 02:44:25 -0700\" \" 1-Jan-1970 00:00:00 +0000\" 2-Jan-1970 \"31-Dec-1969\"", &arena);
	int64_t v;

	assert_true(imap_parse_date_time(&p, &v));
	assert_int_equal(v, 837596665);
	assert_true(imap_parse_space(&p) && imap_parse_date_time(&p, &v));
	assert_int_equal(v, 0);
	assert_true(imap_parse_space(&p) && imap_parse_date(&p, &v));
	assert_int_equal(v, 1);
	assert_true(imap_parse_space(&p) && imap_parse_date(&p, &v));
	assert_int_equal(v, -1);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		p = parser(bad[i], &arena);
		assert_false(imap_parse_date_time(&p, &v));
	}
	arena_free(&arena);
}

static void utf7_examples(void **state)
{
	static const struct { const char *wire, *text; } good[] = {
		{"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"},
		{"a&-b", "a&b"}, {"&2D3eAA-", "\xf0\x9f\x98\x80"}, {"INBOX", "INBOX"}, {"&AOk-t&AOk-", "\xc3\xa9t\xc3\xa9"},
	};
	static const char *const bad[] = {"&", "&Jjo", "&Jjo!", "&AGE-", "&2D0-", "&3gA-", "&U,BTFw-&ZeVnLIqe-", "a\xc3\xa9", "&AAA-", "&ZeVnLIq-",
		"&A-"};

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct buf out = BUF_INIT(1000);
		assert_int_equal(utf7_decode(slice_str(good[i].wire), &out), 0);
		assert_slice(buf_slice(&out), good[i].text);
		buf_clear(&out);
		utf7_encode(slice_str(good[i].text), &out);
		assert_slice(buf_slice(&out), good[i].wire);
		buf_free(&out);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct buf out = BUF_INIT(1000);
		assert_int_equal(utf7_decode(slice_str(bad[i]), &out), -1);
		buf_free(&out);
	}
}

static void uid_sets(void **state)
{
	struct uid_set a = {0}, b = {0};
	struct buf out = BUF_INIT(1000);

	uid_set_add(&a, 5);
	uid_set_add(&a, 6);
	uid_set_add(&a, 1);
	uid_set_add_range(&a, 8, 10);
	uid_set_add(&a, 7);
	uid_set_add(&a, UINT32_MAX);
	uid_set_print(&a, &out);
	assert_slice(buf_slice(&out), "1,5:10,4294967295");
	uid_set_remove(&a, 7);
	uid_set_remove(&a, 2);
	uid_set_add_range(&b, 6, 9);
	uid_set_add_range(&b, 4294967290u, UINT32_MAX);
	uid_set_intersect(&a, &b);
	buf_clear(&out);
	uid_set_print(&a, &out);
	assert_slice(buf_slice(&out), "6,8:9,4294967295");
	assert_int_equal(uid_set_size(&a), 4);
	assert_true(uid_set_has(&a, 8) && !uid_set_has(&a, 7));
	uid_set_add_range(&a, 0, UINT32_MAX);
	assert_int_equal(a.count, 1);
	uid_set_free(&a);
	uid_set_free(&b);
	buf_free(&out);
}

static void transfer_base64_in_any_pieces(void **state)
{
	const char *text = "aGVs\r\nbG8g d29y!bGQ=\r\nAAAA";

	for (size_t step = 1; step < strlen(text); step++) {
		struct transfer_decoder t;
		struct buf out = BUF_INIT(1000);
		transfer_begin(&t, ENCODING_BASE64);
		for (size_t at = 0; at < strlen(text); at += step)
			transfer_feed(&t, slice_sub(slice_str(text), at, at + step), at + step >= strlen(text), &out);
		assert_slice(buf_slice(&out), "hello world");
		transfer_free(&t);
		buf_free(&out);
	}
}

static void transfer_quoted_printable_in_any_pieces(void **state)
{
	const char *text = "a=3D=\r\nb=C3=BC \r\nend=";

	for (size_t step = 1; step < strlen(text); step++) {
		struct transfer_decoder t;
		struct buf out = BUF_INIT(1000), whole = BUF_INIT(1000);
		transfer_begin(&t, ENCODING_QUOTED_PRINTABLE);
		for (size_t at = 0; at < strlen(text); at += step)
			transfer_feed(&t, slice_sub(slice_str(text), at, at + step), at + step >= strlen(text), &out);
		transfer_free(&t);
		transfer_begin(&t, ENCODING_QUOTED_PRINTABLE);
		transfer_feed(&t, slice_str(text), true, &whole);
		assert_int_equal(buf_len(&out), buf_len(&whole));
		assert_memory_equal(buf_slice(&out).p, buf_slice(&whole).p, buf_len(&out));
		transfer_free(&t);
		buf_free(&out);
		buf_free(&whole);
	}
}

/* A chain as long as this must neither overflow the stack nor take quadratic time. */
static void thread_of_long_chain(void **state)
{
	enum { N = 50000 };
	struct arena arena = ARENA_INIT;
	struct thread_message *m = arena_alloc_array(&arena, N, sizeof *m);
	struct slice *ids = arena_alloc_array(&arena, N, sizeof *ids);
	struct buf out = BUF_INIT(1u << 24);

	for (uint32_t i = 0; i < N; i++) {
		ids[i] = arena_printf(&arena, "id%u", i);
		m[i] = (struct thread_message){.number = i + 1, .sent = i, .id = ids[i], .references = i > 0 ? &ids[i - 1] : NULL, .reference_count = i > 0};
	}
	thread_by_references(m, N, &arena, &out);
	assert_true(slice_starts(buf_slice(&out), SLICE("(1 2 3 ")));
	buf_free(&out);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frame_line_is_complete_at_its_end),
		cmocka_unit_test(frame_synchronising_literal_wants_continuation),
		cmocka_unit_test(frame_non_synchronising_literal_goes_on),
		cmocka_unit_test(frame_message_literals_are_those_of_append_behind_the_mailbox),
		cmocka_unit_test(frame_endless_line_is_too_long),
		cmocka_unit_test(frame_gives_the_same_at_every_split),
		cmocka_unit_test(parse_strings),
		cmocka_unit_test(parse_refuses),
		cmocka_unit_test(parse_sets),
		cmocka_unit_test(parse_dates),
		cmocka_unit_test(utf7_examples),
		cmocka_unit_test(uid_sets),
		cmocka_unit_test(transfer_base64_in_any_pieces),
		cmocka_unit_test(transfer_quoted_printable_in_any_pieces),
		cmocka_unit_test(thread_of_long_chain),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("imap", tests, NULL, NULL);
}
