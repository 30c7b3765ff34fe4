#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/ensure.h"
#include "policy/confusable.h"
#include "policy/host.h"
#include "policy/lookalike.h"
#include "policy/names.h"
#include "policy/warm.h"

static struct arena arena = ARENA_INIT;

static bool alike(const char *a, const char *b)
{
	return slice_eq(confusable_skeleton(slice_str(a), &arena), confusable_skeleton(slice_str(b), &arena));
}

static void texts_that_look_alike_have_one_skeleton(void **state)
{
	(void)state;
	assert_true(alike("paypal", "раураl")); /* Cyrillic */
	assert_true(alike("Apple", "Αpple"));   /* Greek capital alpha */
	assert_true(alike("example", "ｅｘａｍｐｌｅ"));
	assert_true(alike("modern", "rnodern"));
	assert_true(alike("g00gle", "gOOgle"));
	assert_true(alike("工业", "エ业"));      /* Katakana e for a Han character */
	assert_true(alike("exam\xe2\x80\x8bple", "example"));
	assert_false(alike("paypal", "paypol"));
	assert_false(alike("张伟", "张玮"));
}

static void scripts_are_told_apart_by_word(void **state)
{
	(void)state;
	assert_int_equal(confusable_scripts(SLICE("pаypal")), SCRIPTS_MIXED);
	assert_int_equal(confusable_scripts(SLICE("Miсrоsоft support")), SCRIPTS_MIXED);
	assert_int_equal(confusable_scripts(SLICE("сосоа.com")), SCRIPTS_LOOKALIKE);
	assert_int_equal(confusable_scripts(SLICE("Привет, мир")), SCRIPTS_PLAIN);
	assert_int_equal(confusable_scripts(SLICE("会議のZoom招待 ABC社")), SCRIPTS_PLAIN);
	assert_int_equal(confusable_scripts(SLICE("中文English混排")), SCRIPTS_PLAIN);
	assert_int_equal(confusable_scripts(SLICE("5 μm, Δx")), SCRIPTS_PLAIN);
	assert_int_equal(confusable_scripts(SLICE("Ελληνικά")), SCRIPTS_PLAIN);
}

static void what_is_not_seen_is_counted_inside_of_words_only(void **state)
{
	(void)state;
	assert_int_equal(confusable_invisible(SLICE("pass\xe2\x80\x8bword")), 1);
	assert_int_equal(confusable_invisible(SLICE("密\xe2\x80\x8b码")), 1);
	assert_int_equal(confusable_invisible(SLICE("v\xc2\xad" "erify")), 1);
	assert_int_equal(confusable_invisible(SLICE(" \xe2\x80\x8c \xcd\x8f \xe2\x80\x8c")), 0);
	assert_int_equal(confusable_invisible(SLICE("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb")), 0);
	assert_int_equal(confusable_invisible(SLICE("می\xe2\x80\x8cخواهم")), 0);
}

static void distance_counts_edits_up_to_its_limit(void **state)
{
	(void)state;
	assert_int_equal(lookalike_distance(SLICE("letterlock"), SLICE("letterlock"), 2), 0);
	assert_int_equal(lookalike_distance(SLICE("letterlock"), SLICE("lettrelock"), 2), 1);
	assert_int_equal(lookalike_distance(SLICE("letterlock"), SLICE("leterlok"), 2), 2);
	assert_int_equal(lookalike_distance(SLICE("letterlock"), SLICE("ltrlok"), 2), 3);
	assert_int_equal(lookalike_distance(SLICE(""), SLICE("ab"), 2), 2);
}

static void look_alike_domains_are_named_by_their_trick(void **state)
{
	static const struct { const char *host; enum likeness like; } rows[] = {
		{"huaxing.example", LIKE_SAME}, {"mail.huaxing.example", LIKE_SAME}, {"huаxing.example", LIKE_HOMOGLYPH},
		{"huaxlng.example", LIKE_HOMOGLYPH}, {"huaxing.com", LIKE_ENDING}, {"huaxin.example", LIKE_TYPING}, {"hauxing.example", LIKE_TYPING},
		{"huaxing-mail.com", LIKE_WORD}, {"loginhuaxing.com", LIKE_WORD}, {"huaxing.example.evil.net", LIKE_EMBEDDED},
		{"huaxing-example.evil.net", LIKE_EMBEDDED}, {"rnidori.co.jp", LIKE_HOMOGLYPH}, {"midori.jp", LIKE_ENDING},
		{"unrelated.example", LIKE_NOTHING}, {"xing.example", LIKE_NOTHING}, {"huaxing-anything.com", LIKE_WORD}, {"midori-mail.jp", LIKE_WORD},
		{"midori-sushi.example", LIKE_NOTHING}, {"huaxingtai.example", LIKE_NOTHING}, {"abcde.com", LIKE_NOTHING},
	};
	struct targets targets;
	(void)state;
	targets_init(&targets, &arena);
	targets_add(&targets, SLICE("HuaXing.example"), true);
	targets_add(&targets, SLICE("midori.co.jp"), false);
	targets_add(&targets, SLICE("abcd.com"), false);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct target *target;
		enum likeness like = lookalike_find(&targets, host_ascii(slice_str(rows[i].host), &arena), &arena, &target);
		if (like != rows[i].like)
			fail_msg("%s: %d", rows[i].host, like);
		assert_int_equal(target == NULL, like == LIKE_NOTHING);
	}
	assert_true(targets_own(&targets, SLICE("a.huaxing.example")));
	assert_false(targets_own(&targets, SLICE("midori.co.jp")));
	targets_free(&targets);
}

static void names_of_our_people_are_found_in_every_writing(void **state)
{
	static const struct { const char *display; enum name_match match; } rows[] = {
		{"张伟", NAME_SAME}, {"張偉", NAME_SAME}, {"张伟（财务部）", NAME_SAME}, {"总经理 张伟", NAME_SAME}, {"张伟总经理", NAME_SAME}, {"张总", NAME_SAME},
		{"Zhang Wei", NAME_ROMANISED}, {"wei zhang", NAME_ROMANISED}, {"ZHANGWEI", NAME_ROMANISED}, {"Zhang, Wei (CEO)", NAME_ROMANISED},
		{"Zhаng Wei", NAME_SIMILAR}, {"张玮", NAME_NONE}, {"李娜", NAME_NONE}, {"张", NAME_NONE}, {"王总", NAME_NONE},
		{"Ouyang Xiaoming", NAME_ROMANISED}, {"xiao-ming ouyang", NAME_ROMANISED}, {"欧阳小明", NAME_SAME}, {"歐陽小明", NAME_SAME},
		{"Lü Fang", NAME_ROMANISED}, {"Lv Fang", NAME_ROMANISED}, {"Lyu Fang", NAME_ROMANISED},
		{"Alice Johnson", NAME_SAME}, {"johnson alice", NAME_SAME}, {"Johnson, Alice", NAME_SAME}, {"Alice Johnson via DocuSign", NAME_SAME},
		{"AIice Johnson", NAME_SIMILAR}, {"A1ice Johns0n", NAME_SIMILAR}, {"Аlice Jоhnson", NAME_SIMILAR}, {"Alice", NAME_NONE},
		{"Alice Johnsen", NAME_NONE}, {"佐藤 健", NAME_SAME}, {"佐藤健", NAME_SAME}, {"佐藤健様", NAME_SAME}, {"", NAME_NONE}, {"()", NAME_NONE},
	};
	static const struct person people[] = {
		{SLICE_INIT("张伟"), SLICE_INIT("zhangwei@huaxing.example"), true}, {SLICE_INIT("欧阳小明"), SLICE_INIT("oy@huaxing.example"), false},
		{SLICE_INIT("吕芳"), SLICE_INIT("lf@huaxing.example"), false}, {SLICE_INIT("Alice Johnson"), SLICE_INIT("alice@huaxing.example"), false},
		{SLICE_INIT("佐藤 健"), SLICE_INIT("sato@huaxing.example"), false}, {SLICE_INIT("Wong"), SLICE_INIT("wong@huaxing.example"), false},
	};
	struct names names;
	(void)state;
	names_init(&names, &arena);
	for (size_t i = 0; i < ARRAY_LEN(people); i++)
		names_add(&names, &people[i]);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct name_found person;
		enum name_match match = names_find(&names, slice_str(rows[i].display), SLICE("x@evil.example"), &arena, &person);
		if (match != rows[i].match)
			fail_msg("%s: %d", rows[i].display, match);
		assert_int_equal(names_find(&names, slice_str(rows[i].display), SLICE("Alice@huaxing.example"), &arena, &person), NAME_NONE);
	}
	names_free(&names);
}

static int clean_up(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_that_look_alike_have_one_skeleton), cmocka_unit_test(scripts_are_told_apart_by_word),
		cmocka_unit_test(what_is_not_seen_is_counted_inside_of_words_only), cmocka_unit_test(distance_counts_edits_up_to_its_limit),
		cmocka_unit_test(look_alike_domains_are_named_by_their_trick), cmocka_unit_test(names_of_our_people_are_found_in_every_writing),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	policy_warm();
	return cmocka_run_group_tests(tests, NULL, clean_up);
}
