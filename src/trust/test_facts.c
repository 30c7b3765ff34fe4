#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/error.h"
#include "trust/facts.h"

static const struct dns_answer found = {.status = DNS_FOUND, .secure = true, .ttl = 60, .records = SLICE_INIT("\0\0\0\4\3abc")};

static void a_question_is_noted_once_and_answered_in_the_next_run(void **state)
{
	struct arena arena = ARENA_INIT;
	struct facts f;
	(void)state;
	facts_init(&f, &arena, 0);
	assert_int_equal(facts_dns(&f, SLICE("Example.TEST."), DNS_TXT)->status, DNS_WANTED);
	assert_int_equal(facts_dns(&f, SLICE("example.test"), DNS_TXT)->status, DNS_WANTED);
	assert_int_equal(facts_dns(&f, SLICE("example.test"), DNS_A)->status, DNS_WANTED);
	assert_int_equal(facts_wanted(&f), 2);
	facts_answer(&f, SLICE("EXAMPLE.test"), DNS_TXT, &found);
	facts_rerun(&f);
	const struct dns_answer *a = facts_dns(&f, SLICE("example.test"), DNS_TXT);
	assert_int_equal(a->status, DNS_FOUND);
	assert_true(a->secure);
	assert_int_equal(facts_wanted(&f), 0);
	facts_dns(&f, SLICE("example.test"), DNS_A);
	facts_give_up(&f);
	assert_int_equal(facts_dns(&f, SLICE("example.test"), DNS_A)->status, DNS_FAILED);
	facts_free(&f);
	arena_free(&arena);
}

static void names_that_no_query_carries_do_not_exist(void **state)
{
	static const char *const bad[] = {"", ".", "a..b", ".a", "a..", "0123456789012345678901234567890123456789012345678901234567890123.test"};
	struct arena arena = ARENA_INIT;
	struct facts f;
	uint8_t longest[300] = {0};
	(void)state;
	facts_init(&f, &arena, 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(facts_dns(&f, slice_str(bad[i]), DNS_A)->status, DNS_NXDOMAIN);
	for (size_t i = 0; i < sizeof longest; i++)
		longest[i] = i % 2 == 0 ? 'a' : '.';
	assert_int_equal(facts_dns(&f, slice_make(longest, 255), DNS_A)->status, DNS_NXDOMAIN);
	assert_int_equal(facts_dns(&f, slice_make(longest, 253), DNS_A)->status, DNS_WANTED);
	assert_int_equal(facts_dns(&f, slice_make("a\0b", 3), DNS_A)->status, DNS_NXDOMAIN);
	facts_free(&f);
	arena_free(&arena);
}

static void questions_have_a_limit(void **state)
{
	struct arena arena = ARENA_INIT;
	struct facts f;
	(void)state;
	facts_init(&f, &arena, 0);
	for (unsigned i = 0; i < FACTS_QUESTIONS_MAX; i++)
		assert_int_equal(facts_dns(&f, arena_printf(&arena, "n%u.test", i), DNS_A)->status, DNS_WANTED);
	assert_int_equal(facts_dns(&f, SLICE("one-more.test"), DNS_A)->status, DNS_FAILED);
	assert_int_equal(facts_wanted(&f), FACTS_QUESTIONS_MAX);
	facts_free(&f);
	arena_free(&arena);
}

static void questions_and_answers_travel(void **state)
{
	struct arena arena = ARENA_INIT;
	struct facts f, g;
	struct buf questions = BUF_INIT(1000), answers = BUF_INIT(1000);
	struct dns_question q;
	(void)state;
	facts_init(&f, &arena, 0);
	facts_dns(&f, SLICE("a.test"), DNS_TXT);
	facts_dns(&f, SLICE("b.test"), DNS_MX);
	facts_encode_questions(&f, &questions);
	struct slice list = buf_slice(&questions);
	while (facts_question_next(&list, &q))
		facts_encode_answer(&q, &found, &answers);
	facts_init(&g, &arena, 0);
	assert_int_equal(facts_decode_answers(&g, buf_slice(&answers)), 0);
	assert_int_equal(facts_dns(&g, SLICE("a.test"), DNS_TXT)->status, DNS_FOUND);
	assert_int_equal(facts_dns(&g, SLICE("b.test"), DNS_MX)->ttl, 60);
	for (size_t cut = 1; cut < buf_len(&answers); cut++) {
		struct facts h;
		facts_init(&h, &arena, 0);
		/* A cut between two answers is a shorter list. */
		assert_int_equal(facts_decode_answers(&h, slice_sub(buf_slice(&answers), 0, cut)), cut * 2 == buf_len(&answers) ? 0 : ERR_INVALID);
		facts_free(&h);
	}
	buf_free(&questions);
	buf_free(&answers);
	facts_free(&f);
	facts_free(&g);
	arena_free(&arena);
}

static void txt_strings_are_joined_and_names_read(void **state)
{
	struct arena arena = ARENA_INIT;
	struct slice text, name, rdata = slice_make("\3abc\2de\0", 8), mx = slice_make("\4mail\3a.b\4test\0rest", 19);
	(void)state;
	assert_true(dns_txt_join(&arena, slice_make("\3abc", 4), &text));
	assert_true(slice_eq(text, SLICE("abc")));
	assert_true(dns_txt_join(&arena, rdata, &text));
	assert_true(slice_eq(text, SLICE("abcde")));
	assert_false(dns_txt_join(&arena, slice_make("\3ab", 3), &text));
	assert_true(dns_name_read(&arena, &mx, &name));
	assert_true(slice_eq(name, SLICE("mail.a\\046b.test")));
	assert_true(slice_eq(mx, SLICE("rest")));
	mx = slice_make("\4ma", 3);
	assert_false(dns_name_read(&arena, &mx, &name));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_noted_once_and_answered_in_the_next_run),
		cmocka_unit_test(names_that_no_query_carries_do_not_exist),
		cmocka_unit_test(questions_have_a_limit),
		cmocka_unit_test(questions_and_answers_travel),
		cmocka_unit_test(txt_strings_are_joined_and_names_read),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
