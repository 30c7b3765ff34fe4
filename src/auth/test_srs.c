#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "auth/srs.h"

#define NOW 1800000000
#define DAY 86400

static const uint8_t KEY[SRS_KEY_SIZE] = {1}, OTHER[SRS_KEY_SIZE] = {2};
static const struct slice OURS = SLICE_INIT("ours.example");

struct world {
	struct arena arena;
	struct slice made, local, back;
};

static int setup(void **state)
{
	static struct world w;
	w = (struct world){.arena = ARENA_INIT};
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	arena_free(&w->arena);
	return 0;
}

static void forward(struct world *w, const char *path)
{
	assert_int_equal(srs_forward(KEY, slice_str(path), OURS, NOW, &w->arena, &w->made), 0);
	ptrdiff_t at = slice_rfind(w->made, '@');
	assert_true(slice_eq(slice_from(w->made, (size_t)at + 1), OURS));
	w->local = slice_sub(w->made, 0, (size_t)at);
	assert_true(srs_is(w->local));
}

static int reverse(struct world *w, int64_t now)
{
	return srs_reverse(KEY, w->local, OURS, now, &w->arena, &w->back);
}

static void bounces_find_the_way_back(void **state)
{
	struct world *w = *state;
	static const char *const paths[] = {"a@x.example", "First.Last+tag=x@mail.x.example", "用户@例子.example", "=@x.example"};
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		forward(w, paths[i]);
		assert_int_equal(reverse(w, NOW), 0);
		assert_true(slice_eq(w->back, slice_str(paths[i])));
	}
}

static void spelling_does_not_matter(void **state)
{
	struct world *w = *state;
	forward(w, "Ann@X.example");
	uint8_t *text = arena_alloc(&w->arena, w->local.n);
	for (size_t i = 0; i < w->local.n; i++)
		text[i] = w->local.p[i] >= 'a' && w->local.p[i] <= 'z' ? (uint8_t)(w->local.p[i] - 32) : w->local.p[i];
	w->local = slice_make(text, w->local.n);
	assert_int_equal(reverse(w, NOW), 0);
	assert_true(slice_eq_nocase(w->back, SLICE("ann@x.example")));
}

static void an_address_of_another_forwarder_leads_back_to_it(void **state)
{
	struct world *w = *state;
	forward(w, "SRS0=abcd=TT=x.example=ann@first.example");
	assert_true(slice_starts(w->made, SLICE("SRS1=")));
	assert_int_equal(reverse(w, NOW + 400 * DAY), 0); /* how old it may be is for the first one to say */
	assert_true(slice_eq(w->back, SLICE("SRS0=abcd=TT=x.example=ann@first.example")));
	/* The third one leads to the first as well. */
	forward(w, "SRS1=efgh=first.example==abcd=TT=x.example=ann@second.example");
	assert_int_equal(reverse(w, NOW), 0);
	assert_true(slice_eq(w->back, SLICE("SRS0=abcd=TT=x.example=ann@first.example")));
}

static void nobody_else_can_make_one(void **state)
{
	struct world *w = *state;
	forward(w, "ann@x.example");
	assert_int_equal(srs_reverse(OTHER, w->local, OURS, NOW, &w->arena, &w->back), ERR_DENIED);
	assert_int_equal(srs_reverse(KEY, w->local, SLICE("also-ours.example"), NOW, &w->arena, &w->back), ERR_DENIED);
	for (size_t i = 5; i < w->local.n; i++) {
		uint8_t *text = arena_alloc(&w->arena, w->local.n);
		memcpy(text, w->local.p, w->local.n);
		text[i] = text[i] == 'q' ? 'r' : 'q';
		assert_int_not_equal(srs_reverse(KEY, slice_make(text, w->local.n), OURS, NOW, &w->arena, &w->back), 0);
	}
	static const char *const bad[] = {"SRS0=", "SRS0=a", "SRS0=a=b", "SRS0=a=b=c", "SRS0=a=b=c=", "SRS0====", "SRS1=", "SRS1=a=b", "SRS1==", "SRS2=a=b=c=d", "srs0"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_not_equal(srs_reverse(KEY, slice_str(bad[i]), OURS, NOW, &w->arena, &w->back), 0);
}

static void they_end_after_some_days(void **state)
{
	struct world *w = *state;
	forward(w, "ann@x.example");
	assert_int_equal(reverse(w, NOW + SRS_DAYS * DAY), 0);
	assert_int_equal(reverse(w, NOW + (SRS_DAYS + 2) * DAY), ERR_CLOSED);
	assert_int_equal(reverse(w, NOW - 2 * DAY), ERR_CLOSED);
}

static void what_cannot_be_rewritten_is_told(void **state)
{
	struct world *w = *state;
	char longest[300];
	static const char *const bad[] = {"", "ann", "@x.example", "\"a b\"@x.example", "a@", "a@[192.0.2.1]", "SRS1=x@y.example"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(srs_forward(KEY, slice_str(bad[i]), OURS, NOW, &w->arena, &w->made), ERR_INVALID);
	snprintf(longest, sizeof longest, "%0*d@x.example", 230, 1);
	assert_int_equal(srs_forward(KEY, slice_str(longest), OURS, NOW, &w->arena, &w->made), ERR_LIMIT);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(bounces_find_the_way_back), T(spelling_does_not_matter), T(an_address_of_another_forwarder_leads_back_to_it), T(nobody_else_can_make_one),
		T(they_end_after_some_days), T(what_cannot_be_rewritten_is_told),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
