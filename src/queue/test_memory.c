#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "crypt/crypt.h"
#include "queue/memory.h"
#include "queue/test_record.h"

#define NOW INT64_C(1800000000000)

static struct test_spool spool;
static struct ledger *ledger;
static struct arena arena;

static int setup(void **state)
{
	test_spool_create(&spool);
	ledger = test_spool_open(&spool, NOW, NULL);
	return ledger != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	ledger_close(&ledger);
	test_spool_remove(&spool);
	arena_free(&arena);
	return 0;
}

static void remember(const struct memory_note *note, int64_t now_ms)
{
	struct buf list = BUF_INIT(MEMORY_NOTES_BYTES);
	memory_note_encode(note, &list);
	struct ledger_op op = {.kind = LEDGER_REMEMBER, .remember = {.notes = buf_slice(&list)}};
	struct ledger_op *ops[] = {&op};
	assert_int_equal(ledger_run(ledger, ops, 1, now_ms, NULL), 0);
	assert_int_equal(op.result, QUEUE_OK);
	ledger_op_free(&op);
	buf_free(&list);
}

static struct slice recall(const char *key, int64_t now_ms)
{
	struct slice value = SLICE_NONE;
	struct error err = {0};
	int rc = memory_get(ledger, slice_str(key), now_ms, &arena, &value, &err);
	assert_true(rc == 0 || rc == ERR_NOT_FOUND);
	return value;
}

static void a_value_is_kept_over_a_restart_until_its_time_ends(void **state)
{
	remember(&(struct memory_note){.act = MEMORY_PUT, .key = SLICE("k"), .value = SLICE("first"), .keep_s = 10}, NOW);
	remember(&(struct memory_note){.act = MEMORY_PUT, .key = SLICE("k"), .value = SLICE("second"), .keep_s = 20}, NOW);
	assert_true(slice_eq(recall("k", NOW + 19999), SLICE("second")));
	ledger_close(&ledger);
	ledger = test_spool_open(&spool, NOW, NULL);
	assert_true(slice_eq(recall("k", NOW + 19999), SLICE("second")));
	assert_int_equal(recall("k", NOW + 20000).n, 0);
	assert_int_equal(recall("other", NOW).n, 0);
	remember(&(struct memory_note){.act = MEMORY_DROP, .key = SLICE("k")}, NOW);
	assert_int_equal(recall("k", NOW).n, 0);
}

static void a_count_knows_its_first_and_last_time(void **state)
{
	const struct memory_note note = {.act = MEMORY_COUNT, .key = SLICE("c"), .keep_s = 1000};
	struct memory_count count;
	remember(&note, NOW);
	remember(&note, NOW + 5000);
	assert_true(memory_count_decode(recall("c", NOW + 5000), &count));
	assert_int_equal(count.count, 2);
	assert_int_equal(count.first_s, NOW / 1000);
	assert_int_equal(count.last_s, NOW / 1000 + 5);
	/* What has ended begins anew. */
	remember(&note, NOW + 2000000);
	assert_true(memory_count_decode(recall("c", NOW + 2000000), &count));
	assert_int_equal(count.count, 1);
	assert_false(memory_count_decode(SLICE("short"), &count));
}

static void what_has_ended_is_swept(void **state)
{
	struct error err = {0};
	struct ledger_op op = {.kind = LEDGER_SWEEP}, *ops[] = {&op};
	for (unsigned i = 0; i < 5; i++)
		remember(&(struct memory_note){.act = MEMORY_PUT, .key = arena_printf(&arena, "k%u", i), .value = SLICE("v"), .keep_s = 10 + i}, NOW);
	assert_int_equal(ledger_run(ledger, ops, 1, NOW + 12000, NULL), 0);
	ledger_op_free(&op);
	/* Asked as of the beginning: what was swept is gone even so. */
	assert_int_equal(recall("k2", NOW).n, 0);
	assert_int_equal(recall("k3", NOW).n, 1);
	assert_int_equal(ledger_check(ledger, true, &err), 0);
}

static void notes_of_others_are_not_taken(void **state)
{
	static const uint8_t secret[32] = {1}, other[32] = {2};
	struct buf list = BUF_INIT(MEMORY_NOTES_BYTES);
	struct slice opened;
	struct memory_note note;
	memory_note_encode(&(struct memory_note){.act = MEMORY_COUNT, .key = SLICE("c"), .keep_s = 5}, &list);
	memory_notes_seal(&list, secret);
	assert_false(memory_notes_open(buf_slice(&list), other, &opened));
	assert_false(memory_notes_open(slice_from(buf_slice(&list), 1), secret, &opened));
	assert_true(memory_notes_open(buf_slice(&list), secret, &opened));
	assert_int_equal(memory_note_next(&opened, &note), 1);
	assert_true(slice_eq(note.key, SLICE("c")) && note.act == MEMORY_COUNT && note.keep_s == 5);
	assert_int_equal(memory_note_next(&opened, &note), 0);
	buf_free(&list);
}

static void malformed_notes_are_named(void **state)
{
	struct buf list = BUF_INIT(MEMORY_NOTES_BYTES);
	struct memory_note note;
	memory_note_encode(&(struct memory_note){.act = MEMORY_PUT, .key = SLICE("key"), .value = SLICE("value")}, &list);
	for (size_t cut = 1; cut < buf_len(&list); cut++) {
		struct slice s = slice_sub(buf_slice(&list), 0, cut);
		assert_int_equal(memory_note_next(&s, &note), ERR_INVALID);
	}
	for (int act = 0; act < 12; act++) {
		struct slice s;
		buf_clear(&list);
		memory_note_encode(&(struct memory_note){.act = (enum memory_act)act, .key = SLICE("key"), .value = SLICE("value")}, &list);
		s = buf_slice(&list);
		bool valued = act == MEMORY_PUT || (act >= MEMORY_REPORT && act <= MEMORY_REPORT_TLS_DONE);
		assert_int_equal(memory_note_next(&s, &note), valued ? 1 : ERR_INVALID);
	}
	buf_free(&list);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_value_is_kept_over_a_restart_until_its_time_ends),
		T(a_count_knows_its_first_and_last_time),
		T(what_has_ended_is_swept),
		T(notes_of_others_are_not_taken),
		T(malformed_notes_are_named),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
