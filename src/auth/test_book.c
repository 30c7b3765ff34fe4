#include "auth/test_host.h"

#include <stdio.h>
#include <string.h>

#include "auth/book.h"
#include "base/name_words.h"
#include "base/pinyin.h"
#include "ipc/admin.h"

static int setup(void **state)
{
	*state = test_auth_create(false);
	return 0;
}

static int teardown(void **state)
{
	test_auth_free((struct test_auth **)state);
	return 0;
}

static bool has_word(const char *name, const char *word)
{
	struct arena arena = ARENA_INIT;
	struct name_texts names = {.name = slice_str(name), .address = SLICE("x@example.org")};
	struct name_words_found words;
	size_t named;
	bool found = false;
	name_words_of(&names, &arena, &words, &named);
	for (size_t i = 0; i < named; i++)
		found |= slice_eq(words.list[i], slice_str(word));
	arena_free(&arena);
	return found;
}

static void test_names_are_found_by_pinyin_and_initials(void **state)
{
	static const struct { const char *name, *word; } cases[] = {
		{"张伟", "zw"}, {"华东2组", "huadong2zu"}, {"华东2组", "hd2z"}, {"张伟", "zhangwei"}, {"張偉", "zhangwei"}, {"张伟", "wei"}, {"张伟", "伟"}, {"张伟", "张伟"},
		{"单晓", "shanxiao"}, {"單曉", "shanxiao"}, {"曾华", "zenghua"}, {"查良镛", "zhaliangyong"}, {"欧阳锋", "ouyangfeng"}, {"欧阳锋", "oyf"},
		{"歐陽鋒", "feng"}, {"尉迟恭", "yuchigong"}, {"王乐", "wangle"}, {"王乐", "wangyue"}, {"吕布", "lvbu"}, {"吕布", "lubu"},
		{"Anna Schmidt", "anna"}, {"Anna Schmidt", "schmidt"}, {"Anna Schmidt", "as"}, {"Jürgen Groß", "jürgen"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (!has_word(cases[i].name, cases[i].word))
			fail_msg("%s is not found by %s", cases[i].name, cases[i].word);
	assert_false(has_word("张伟", "zx"));
}

static void test_a_surname_is_read_as_one(void **state)
{
	struct arena arena = ARENA_INIT;
	struct slice key = name_sort_key(SLICE("单伟"), SLICE_NONE, &arena);
	(void)state;
	assert_true(slice_eq(key, SLICE("shan wei")));
	key = name_sort_key(SLICE("任重"), SLICE("Ren Chong"), &arena);
	assert_true(slice_eq(key, SLICE("ren chong")));
	key = name_sort_key(SLICE("Émile"), SLICE_NONE, &arena);
	assert_true(slice_eq(key, SLICE("émile")));
	arena_free(&arena);
}

static void test_paths_have_eight_levels(void **state)
{
	struct arena arena = ARENA_INIT;
	(void)state;
	assert_true(slice_eq(book_path(SLICE(" a / b//c "), &arena), SLICE("a/b/c")));
	assert_true(slice_eq(book_path(SLICE("1/2/3/4/5/6/7/8/9"), &arena), SLICE("1/2/3/4/5/6/7/8")));
	assert_true(book_path_within(SLICE("a"), SLICE("a/b")));
	assert_false(book_path_within(SLICE("a"), SLICE("ab")));
	arena_free(&arena);
}

/* zhang and li in sales, wang in sales/east, chen in law, with who asks as a session. */
static void people(struct test_auth *t)
{
	static const struct { const char *local, *name, *department; } rows[] = {
		{"zhang", "张伟", "销售部"}, {"li", "李娜", "销售部"}, {"wang", "王芳", "销售部/华东"}, {"chen", "陈宇", "法务部"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		test_add(t, rows[i].local, "user");
		assert_int_equal(test_admin(t, "user.set", test_args("{\"address\":\"%s@example.org\",\"name\":\"%s\",\"department\":\"%s\"}", rows[i].local, rows[i].name,
			rows[i].department)), ADMIN_OK);
	}
}

static const char *as(struct test_auth *t, const char *local)
{
	return test_sign_in(t, local);
}

static unsigned times(const struct test_auth *t, const char *text)
{
	struct slice all = buf_slice(&t->result);
	size_t n = strlen(text);
	unsigned found = 0;
	for (size_t i = 0; i + n <= all.n; i++)
		found += memcmp(all.p + i, text, n) == 0;
	return found;
}

static bool shows(const struct test_auth *t, const char *text)
{
	return times(t, text) > 0;
}

static unsigned find(struct test_auth *t, const char *local, const char *text)
{
	return test_admin_as(t, as(t, local), "book.people", test_args("{\"text\":\"%s\"}", text));
}

static void test_people_are_found_by_what_begins_so(void **state)
{
	struct test_auth *t = *state;
	people(t);
	assert_int_equal(test_admin(t, "user.set", "{\"address\":\"zhang@example.org\",\"phone\":\"+86 21 5555-1234\",\"staff_number\":\"A0017\"}"), ADMIN_OK);
	static const char *const texts[] = {"zw", "zhangw", "张", "伟", "ZHANG", "1234", "a0017", "zw xiaoshou", "销售 zhang"};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		assert_int_equal(find(t, "chen", texts[i]), ADMIN_OK);
		/* Once, though several words fit. */
		if (times(t, "zhang@example.org") != 1)
			fail_msg("not found once by %s", texts[i]);
	}
	assert_int_equal(find(t, "chen", "zw fawu"), ADMIN_OK);
	assert_false(shows(t, "zhang@example.org"));
	/* A new name is found at once, the old one no more. */
	assert_int_equal(test_admin(t, "user.set", "{\"address\":\"zhang@example.org\",\"name\":\"赵敏\"}"), ADMIN_OK);
	assert_int_equal(find(t, "chen", "zw"), ADMIN_OK);
	assert_false(shows(t, "zhang@example.org"));
	assert_int_equal(find(t, "chen", "zm"), ADMIN_OK);
	assert_true(shows(t, "zhang@example.org"));
}

static bool finds_in_any_way(struct test_auth *t, const char *who, const char *whom, const char *text)
{
	struct arena arena = ARENA_INIT;
	struct account account = test_account(t, &arena, whom);
	char id[33] = "", address[64];
	bool found;
	for (size_t i = 0; i < sizeof account.id; i++)
		snprintf(id + 2 * i, 3, "%02x", account.id[i]);
	arena_free(&arena);
	snprintf(address, sizeof address, "%s@example.org", whom);
	assert_int_equal(find(t, who, text), ADMIN_OK);
	found = shows(t, address);
	assert_int_equal(test_admin_as(t, as(t, who), "book.person", test_args("{\"id\":\"%s\"}", id)), found ? ADMIN_OK : ADMIN_NOT_FOUND);
	assert_int_equal(test_admin_as(t, as(t, who), "book.person", test_args("{\"mail\":\"%s\"}", address)), found ? ADMIN_OK : ADMIN_NOT_FOUND);
	assert_int_equal(test_admin_as(t, as(t, who), "book.people", "{}"), ADMIN_OK);
	assert_int_equal(shows(t, address), found);
	return found;
}

static void test_who_is_not_seen_is_found_in_no_way(void **state)
{
	struct test_auth *t = *state;
	people(t);
	assert_true(finds_in_any_way(t, "chen", "wang", "wf"));
	assert_int_equal(test_admin(t, "department.set", "{\"department\":\"销售部\",\"sees\":\"own\"}"), ADMIN_OK);
	assert_false(finds_in_any_way(t, "chen", "wang", "wf"));
	assert_false(finds_in_any_way(t, "chen", "zhang", "zw"));
	assert_true(finds_in_any_way(t, "wang", "zhang", "zw"));
	assert_true(finds_in_any_way(t, "zhang", "wang", "wf"));
	assert_int_equal(test_admin_as(t, as(t, "chen"), "book.departments", "{}"), ADMIN_OK);
	assert_false(shows(t, "销售部"));
	assert_int_equal(test_admin_as(t, as(t, "chen"), "book.people", "{\"department\":\"销售部/华东\"}"), ADMIN_OK);
	assert_false(shows(t, "wang@example.org"));
	/* A second rule below it narrows further; viewers widen their own rule alone. */
	assert_int_equal(test_admin(t, "department.set", "{\"department\":\"销售部\",\"sees\":\"listed\",\"viewers\":[\"法务部\"]}"), ADMIN_OK);
	assert_true(finds_in_any_way(t, "chen", "wang", "wf"));
	assert_int_equal(test_admin(t, "department.set", "{\"department\":\"销售部/华东\",\"sees\":\"none\"}"), ADMIN_OK);
	assert_false(finds_in_any_way(t, "chen", "wang", "wf"));
	assert_false(finds_in_any_way(t, "zhang", "wang", "wf"));
	assert_true(finds_in_any_way(t, "wang", "wang", "wf"));
}

static void test_hidden_and_disabled_people_are_in_no_book(void **state)
{
	struct test_auth *t = *state;
	people(t);
	assert_int_equal(test_admin(t, "user.set", "{\"address\":\"li@example.org\",\"hidden\":\"yes\"}"), ADMIN_OK);
	assert_false(finds_in_any_way(t, "zhang", "li", "ln"));
	assert_true(finds_in_any_way(t, "li", "li", "ln"));
	assert_int_equal(test_admin(t, "user.set", "{\"address\":\"li@example.org\",\"hidden\":\"no\"}"), ADMIN_OK);
	assert_true(finds_in_any_way(t, "zhang", "li", "ln"));
	assert_int_equal(test_admin(t, "user.disable", "{\"address\":\"li@example.org\"}"), ADMIN_OK);
	assert_false(finds_in_any_way(t, "zhang", "li", "ln"));
	test_add(t, "boss", "administrator");
	assert_false(finds_in_any_way(t, "zhang", "boss", "boss"));
}

static void test_a_department_has_its_own_order_and_pages(void **state)
{
	struct test_auth *t = *state;
	char next[200];
	people(t);
	assert_int_equal(test_admin(t, "user.set", "{\"address\":\"zhang@example.org\",\"place\":1}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "user.set", "{\"address\":\"li@example.org\",\"place\":2}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, as(t, "chen"), "book.people", "{\"department\":\"销售部\",\"limit\":1}"), ADMIN_OK);
	assert_true(shows(t, "zhang@example.org"));
	assert_false(shows(t, "li@example.org"));
	snprintf(next, sizeof next, "%s", test_member(t, "next"));
	assert_int_equal(test_admin_as(t, as(t, "chen"), "book.people", test_args("{\"department\":\"销售部\",\"limit\":1,\"after\":\"%s\"}", next)), ADMIN_OK);
	assert_true(shows(t, "li@example.org"));
	assert_false(shows(t, "\"more\":true"));
	assert_int_equal(test_admin_as(t, as(t, "chen"), "book.people", "{\"after\":\"nonsense\"}"), ADMIN_INVALID);
	assert_int_equal(test_admin_as(t, as(t, "chen"), "book.people", "{\"limit\":0}"), ADMIN_INVALID);
}

static void test_a_department_moves_with_its_people_and_rules(void **state)
{
	struct test_auth *t = *state;
	people(t);
	assert_int_equal(test_admin(t, "department.set", "{\"department\":\"法务部\",\"sees\":\"listed\",\"viewers\":[\"销售部/华东\"]}"), ADMIN_OK);
	assert_true(finds_in_any_way(t, "wang", "chen", "cy"));
	assert_int_equal(test_admin(t, "department.rename", "{\"department\":\"销售部\",\"to\":\"销售部/旧\"}"), ADMIN_INVALID);
	assert_int_equal(test_admin(t, "department.rename", "{\"department\":\"nobody\",\"to\":\"x\"}"), ADMIN_NOT_FOUND);
	assert_int_equal(test_admin(t, "department.rename", "{\"department\":\"销售部\",\"to\":\"法务部\"}"), ADMIN_FAILED);
	assert_int_equal(test_admin(t, "department.rename", "{\"department\":\"销售部\",\"to\":\"总部/市场部\"}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "user.show", "{\"address\":\"wang@example.org\"}"), ADMIN_OK);
	assert_string_equal(test_member(t, "department"), "总部/市场部/华东");
	assert_true(finds_in_any_way(t, "wang", "chen", "cy"));
	assert_int_equal(find(t, "li", "wf shichang"), ADMIN_OK);
	assert_true(shows(t, "wang@example.org"));
	assert_int_equal(test_admin(t, "department.remove", "{\"department\":\"总部\"}"), ADMIN_FAILED);
	assert_int_equal(test_admin(t, "department.set", "{\"department\":\"空\",\"place\":3}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "department.remove", "{\"department\":\"空\"}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "department.set", "{\"department\":\"1/2/3/4/5/6/7/8/9\"}"), ADMIN_INVALID);
	assert_int_equal(test_admin(t, "department.set", "{\"department\":\"x\",\"sees\":\"some\"}"), ADMIN_INVALID);
}

static void test_words_are_made_for_a_directory_that_had_none(void **state)
{
	struct test_auth *t = *state;
	people(t);
	assert_int_equal(directory_begin(t->directory, NULL), 0);
	assert_int_equal(directory_setting_set_u32(t->directory, "book", 0, NULL), 0);
	assert_int_equal(directory_commit(t->directory, NULL), 0);
	assert_int_equal(directory_book_prepare(t->directory, NULL), 0);
	assert_true(finds_in_any_way(t, "chen", "zhang", "zw"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_found_by_pinyin_and_initials),
		cmocka_unit_test(test_a_surname_is_read_as_one),
		cmocka_unit_test(test_paths_have_eight_levels),
		cmocka_unit_test_setup_teardown(test_people_are_found_by_what_begins_so, setup, teardown),
		cmocka_unit_test_setup_teardown(test_who_is_not_seen_is_found_in_no_way, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hidden_and_disabled_people_are_in_no_book, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_department_has_its_own_order_and_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_department_moves_with_its_people_and_rules, setup, teardown),
		cmocka_unit_test_setup_teardown(test_words_are_made_for_a_directory_that_had_none, setup, teardown),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
