/* Letters and keys that are accepted together with a letter, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/ensure.h"
#include "queue/bundle.h"
#include "queue/test_record.h"

#define NOW INT64_C(1750000000000)
#define LETTERS 3

static struct test_spool spool;
static struct ledger *ledger;

static int setup(void **state)
{
	struct ledger_opened opened;
	test_spool_create(&spool);
	ledger = test_spool_open(&spool, NOW, &opened);
	return ledger == NULL;
}

static int teardown(void **state)
{
	ledger_close(&ledger);
	test_spool_remove(&spool);
	return 0;
}

/* A set of letters as queue makes it of a bundle. */
struct set {
	struct buf records[LETTERS], claims;
	struct ledger_op ops[LETTERS];
	struct ledger_op *list[LETTERS];
};

static void set_make(struct set *s, const char *claim, const char *once)
{
	buf_init(&s->claims, 1000);
	if (claim != NULL)
		bundle_claim(&s->claims, &(struct bundle_claim){.key = slice_str(claim), .keep_s = 60, .fresh = true});
	for (size_t i = 0; i < LETTERS; i++) {
		test_record_make(&spool, &(struct test_record){.locals = 1, .size = 10}, &s->records[i]);
		s->ops[i] = (struct ledger_op){.kind = LEDGER_ACCEPT};
		s->ops[i].accept.record = buf_slice(&s->records[i]);
		s->ops[i].accept.lead = i > 0 ? &s->ops[0] : NULL;
		s->list[i] = &s->ops[i];
	}
	s->ops[0].accept.claims = buf_slice(&s->claims);
	s->ops[2].accept.once = slice_str(once);
	s->ops[2].accept.once_keep_s = 60;
}

static void set_free(struct set *s)
{
	for (size_t i = 0; i < LETTERS; i++) {
		ledger_op_free(&s->ops[i]);
		buf_free(&s->records[i]);
	}
	buf_free(&s->claims);
}

static int64_t records(void)
{
	struct ledger_stats stats;
	struct error err = {0};
	assert_int_equal(ledger_stats(ledger, &stats, &err), 0);
	if (ledger_check(ledger, true, &err) < 0)
		fail_msg("%s", err.private_text);
	return stats.records;
}

static void accept_set(const char *claim, const char *once, int64_t now, enum queue_result result, bool skipped, int64_t records_then)
{
	struct set s;
	set_make(&s, claim, once);
	assert_int_equal(ledger_run(ledger, s.list, LETTERS, now, NULL), 0);
	for (size_t i = 0; i < LETTERS; i++)
		assert_int_equal(s.ops[i].result, result);
	assert_int_equal(s.ops[2].accept.skipped, skipped);
	assert_int_equal(records(), records_then);
	set_free(&s);
}

static void test_a_claimed_key_is_accepted_once(void **state)
{
	accept_set("id", "", NOW, QUEUE_OK, false, 3);
	accept_set("id", "", NOW, QUEUE_CHANGED, false, 3);
	accept_set("other", "", NOW, QUEUE_OK, false, 6);
	accept_set("id", "", NOW + 61000, QUEUE_OK, false, 9);
}

static void test_a_letter_with_a_known_key_is_left_out(void **state)
{
	accept_set(NULL, "answered", NOW, QUEUE_OK, false, 3);
	accept_set(NULL, "answered", NOW, QUEUE_OK, true, 5);
	accept_set(NULL, "answered", NOW + 61000, QUEUE_OK, false, 8);
}

static void test_two_sets_of_one_group_do_not_both_claim(void **state)
{
	struct set a, b;
	struct ledger_op *list[2 * LETTERS];
	set_make(&a, "id", "answered");
	set_make(&b, "id", "answered");
	memcpy(list, a.list, sizeof a.list);
	memcpy(list + LETTERS, b.list, sizeof b.list);
	assert_int_equal(ledger_run(ledger, list, 2 * LETTERS, NOW, NULL), 0);
	assert_int_equal(a.ops[0].result, QUEUE_OK);
	assert_false(a.ops[2].accept.skipped);
	assert_int_equal(b.ops[0].result, QUEUE_CHANGED);
	assert_int_equal(b.ops[1].result, QUEUE_CHANGED);
	assert_int_equal(records(), 3);
	set_free(&a);
	set_free(&b);
}

static void test_one_bad_letter_refuses_its_set_alone(void **state)
{
	struct set a, b;
	struct ledger_op *list[2 * LETTERS];
	set_make(&a, "id", "answered");
	set_make(&b, NULL, "");
	a.records[1].data[40] ^= 1;
	memcpy(list, a.list, sizeof a.list);
	memcpy(list + LETTERS, b.list, sizeof b.list);
	assert_int_equal(ledger_run(ledger, list, 2 * LETTERS, NOW, NULL), 0);
	for (size_t i = 0; i < LETTERS; i++) {
		assert_int_equal(a.ops[i].result, QUEUE_REFUSED);
		assert_int_equal(b.ops[i].result, QUEUE_OK);
	}
	assert_int_equal(records(), 3);
	set_free(&a);
	set_free(&b);
	accept_set("id", "answered", NOW, QUEUE_OK, false, 6);
}

static void test_a_bad_letter_alone_leaves_nothing(void **state)
{
	struct set a;
	set_make(&a, "id", "");
	a.records[2].data[40] ^= 1;
	assert_int_equal(ledger_run(ledger, a.list, LETTERS, NOW, NULL), 0);
	assert_int_equal(a.ops[0].result, QUEUE_REFUSED);
	assert_int_equal(records(), 0);
	set_free(&a);
	accept_set("id", "", NOW, QUEUE_OK, false, 3);
}

static void test_without_a_letter_of_its_own(void **state)
{
	struct set a;
	set_make(&a, "id", "");
	a.ops[0].accept.empty = true;
	assert_int_equal(ledger_run(ledger, a.list, LETTERS, NOW, NULL), 0);
	assert_int_equal(a.ops[0].result, QUEUE_OK);
	assert_int_equal(records(), 2);
	set_free(&a);
	accept_set("id", "", NOW, QUEUE_CHANGED, false, 2);
}

static void test_the_form(void **state)
{
	struct buf out = BUF_INIT(10000);
	struct bundle bundle;
	struct bundle_claim claim;
	struct bundle_letter letter;
	bundle_begin(&out);
	bundle_claim(&out, &(struct bundle_claim){.key = SLICE("k"), .keep_s = 7, .fresh = true});
	bundle_letters(&out);
	bundle_letter(&out, &(struct bundle_letter){.record = SLICE("record"), .once = SLICE("o"), .once_keep_s = 9});
	bundle_letter(&out, &(struct bundle_letter){.record = SLICE("second")});
	bundle_seal(&out, spool.secret);
	assert_int_equal(bundle_open(buf_slice(&out), spool.secret, &bundle), 0);
	assert_int_equal(bundle.letter_count, 2);
	assert_true(bundle_next_claim(&bundle.claims, &claim) && claim.fresh && claim.keep_s == 7 && slice_eq(claim.key, SLICE("k")));
	assert_false(bundle_next_claim(&bundle.claims, &claim));
	assert_true(bundle_next_letter(&bundle.letters, &letter) && slice_eq(letter.record, SLICE("record")) && slice_eq(letter.once, SLICE("o")));
	out.data[out.start + 3] ^= 1;
	assert_int_equal(bundle_open(buf_slice(&out), spool.secret, &bundle), ERR_DENIED);
	assert_int_equal(bundle_open(SLICE("x"), spool.secret, &bundle), ERR_INVALID);
	buf_free(&out);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_claimed_key_is_accepted_once), T(test_a_letter_with_a_known_key_is_left_out), T(test_two_sets_of_one_group_do_not_both_claim),
		T(test_one_bad_letter_refuses_its_set_alone), T(test_a_bad_letter_alone_leaves_nothing), T(test_without_a_letter_of_its_own),
		T(test_the_form),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
