/* Letters that are held: nobody gets them, nothing loses them, and what is let go is a letter like all others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>
#include "crypt/crypt.h"
#include "queue/quarantine.h"
#include "queue/test_record.h"

#define NOW INT64_C(1800000000000)
#define REVIEWER 3

static struct test_spool spool;
static struct ledger *ledger;

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
	return 0;
}

static void run(struct ledger_op *op)
{
	struct ledger_op *ops[] = {op};
	(void)ledger_run(ledger, ops, 1, NOW, NULL);
}

static uint64_t hold(size_t remotes, const char *reverse_path)
{
	struct ledger_op op = {.kind = LEDGER_ACCEPT};
	struct buf record;
	test_record_make(&spool, &(struct test_record){.locals = REVIEWER, .remotes = remotes, .size = 1000, .held = "virus clamd Eicar",
		.reverse_path = reverse_path}, &record);
	op.accept.record = buf_slice(&record);
	run(&op);
	assert_int_equal(op.result, QUEUE_OK);
	assert_int_equal(op.accept.hint_count, 0);
	assert_false(op.accept.has_message);
	uint64_t id = record_id(op.accept.place.pack, op.accept.place.ordinal);
	ledger_op_free(&op);
	buf_free(&record);
	return id;
}

static size_t arrivals(unsigned account, struct queue_arrival *ret)
{
	struct ledger_op op = {.kind = LEDGER_ARRIVALS};
	size_t n = 0;
	test_account(account, op.arrivals.account);
	run(&op);
	struct slice list = buf_slice(&op.arrivals.list);
	while (list.n > 0) {
		assert_int_equal(queue_arrival_decode(&list, ret), 0);
		n++;
	}
	ledger_op_free(&op);
	return n;
}

static void assert_arrivals(size_t one, size_t two, size_t reviewer)
{
	struct queue_arrival a;
	struct error err = {0};
	assert_int_equal(arrivals(1, &a), one);
	assert_int_equal(arrivals(2, &a), two);
	assert_int_equal(arrivals(REVIEWER, &a), reviewer);
	if (ledger_check(ledger, true, &err) < 0)
		fail_msg("%s", err.private_text);
}

static struct ledger_stats stats(void)
{
	struct ledger_stats s;
	struct error err = {0};
	assert_int_equal(ledger_stats(ledger, &s, &err), 0);
	return s;
}

static enum queue_result let_go(uint64_t record, bool look, struct ledger_op *op)
{
	*op = (struct ledger_op){.kind = LEDGER_ACCEPT, .accept = {.held = record, .look = look}};
	run(op);
	return op->result;
}

static void end(uint64_t record, bool tell)
{
	struct ledger_op op = {.kind = LEDGER_QUARANTINE, .quarantine = {.record = record, .tell = tell}};
	run(&op);
	assert_int_equal(op.result, QUEUE_OK);
	ledger_op_free(&op);
}

static void reopen(bool lose_database)
{
	char path[128];
	struct ledger_opened opened;
	ledger_close(&ledger);
	if (lose_database) {
		snprintf(path, sizeof path, "%s/spool.db", spool.spool);
		assert_int_equal(unlink(path), 0);
	}
	ledger = test_spool_open(&spool, NOW, &opened);
	assert_non_null(ledger);
	assert_int_equal(opened.rebuilt, lose_database);
}

static void nobody_gets_what_is_held(void **state)
{
	uint64_t record = hold(0, NULL);
	struct arena arena = ARENA_INIT;
	struct quarantine_item item;
	struct error err = {0};
	assert_arrivals(0, 0, 0);
	assert_int_equal(stats().quarantined, 1);
	assert_int_equal(quarantine_get(ledger, record, &arena, &item, &err), 0);
	assert_true(slice_eq(item.job.held, SLICE("virus clamd Eicar")));
	assert_int_equal(item.job.recipient_count, 2);
	assert_int_equal(item.reader_count, 3);
	arena_free(&arena);
}

static void it_stays_held_over_a_restart_and_a_lost_database(void **state)
{
	hold(0, NULL);
	reopen(false);
	assert_int_equal(stats().quarantined, 1);
	reopen(true);
	assert_int_equal(stats().quarantined, 1);
	assert_arrivals(0, 0, 0);
}

static void what_is_released_arrives_once(void **state)
{
	uint64_t record = hold(0, NULL);
	struct queue_arrival a;
	struct ledger_op op;
	assert_int_equal(let_go(record, false, &op), QUEUE_OK);
	assert_int_equal(op.accept.hint_count, 2);
	ledger_op_free(&op);
	assert_arrivals(1, 1, 0);
	assert_int_equal(stats().quarantined, 0);
	assert_int_equal(arrivals(1, &a), 1);
	assert_int_equal(a.size, 1000 + 17);
	assert_int_equal(let_go(record, false, &op), QUEUE_REFUSED);
	ledger_op_free(&op);
	assert_arrivals(1, 1, 0);
}

static void a_rebuild_keeps_what_was_released(void **state)
{
	struct ledger_op op;
	uint64_t record = hold(0, NULL);
	assert_int_equal(let_go(record, false, &op), QUEUE_OK);
	ledger_op_free(&op);
	reopen(true);
	assert_arrivals(1, 1, 0); /* and what was held is held again: its bytes are still in the pack */
	assert_int_equal(stats().quarantined, 1);
}

static void who_reviews_it_gets_it_alone(void **state)
{
	struct ledger_op op;
	uint64_t record = hold(1, NULL);
	assert_int_equal(let_go(record, true, &op), QUEUE_OK);
	assert_false(op.accept.has_message);
	ledger_op_free(&op);
	assert_arrivals(0, 0, 1);
	assert_int_equal(stats().quarantined, 1);
	assert_int_equal(let_go(record, false, &op), QUEUE_OK);
	assert_true(op.accept.has_message);
	assert_int_equal(op.accept.message.recipient_count, 1);
	ledger_op_free(&op);
	assert_arrivals(1, 1, 1);
}

static void what_is_deleted_is_gone(void **state)
{
	uint64_t record = hold(1, NULL);
	end(record, false);
	assert_arrivals(0, 0, 0);
	assert_int_equal(stats().quarantined, 0);
	assert_int_equal(stats().records, 0);
	end(record, false); /* the answer was lost */
}

static void what_is_returned_owes_its_sender_a_word(void **state)
{
	struct arena arena = ARENA_INIT;
	struct ledger_message message;
	struct error err = {0};
	uint64_t record = hold(1, NULL);
	end(record, true);
	assert_int_equal(stats().quarantined, 0);
	assert_int_equal(ledger_message_get(ledger, record, &arena, &message, &err), 0);
	assert_int_equal(message.recipient_count, 3);
	assert_int_equal(message.recipients[0].state, OUTBOUND_FAILED);
	assert_int_equal(message.recipients[0].code, 550);
	assert_arrivals(0, 0, 0);
	arena_free(&arena);
}

static void who_cannot_be_told_is_not(void **state)
{
	uint64_t record = hold(0, "");
	end(record, true);
	assert_int_equal(stats().records, 0);
}

static void the_epoch_of_what_is_held_is_kept(void **state)
{
	uint32_t epochs[4];
	size_t count;
	struct error err = {0};
	hold(1, NULL);
	hold(1, NULL);
	assert_int_equal(ledger_epochs(ledger, epochs, 4, &count, &err), 0);
	assert_int_equal(count, 1);
	assert_int_equal(epochs[0], 7);
}

static int count_one(void *arg, const struct quarantine_item *item)
{
	++*(size_t *)arg;
	return item->record == 0;
}

static void the_old_are_found(void **state)
{
	uint64_t found[4], record = hold(0, NULL), second = hold(0, NULL);
	size_t count, listed = 0;
	struct error err = {0};
	assert_int_equal(quarantine_before(ledger, NOW, found, 4, &count, &err), 0);
	assert_int_equal(count, 0);
	assert_int_equal(quarantine_before(ledger, NOW + 1, found, 1, &count, &err), 0);
	assert_int_equal(count, 1);
	assert_int_equal(quarantine_list(ledger, 0, count_one, &listed, &err), 0);
	assert_int_equal(listed, 2);
	assert_int_equal(quarantine_list(ledger, record, count_one, &listed, &err), 0);
	assert_int_equal(listed, 3);
	assert_int_equal(quarantine_list(ledger, second, count_one, &listed, &err), 0);
	assert_int_equal(listed, 3);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(nobody_gets_what_is_held),
		T(it_stays_held_over_a_restart_and_a_lost_database),
		T(what_is_released_arrives_once),
		T(a_rebuild_keeps_what_was_released),
		T(who_reviews_it_gets_it_alone),
		T(what_is_deleted_is_gone),
		T(what_is_returned_owes_its_sender_a_word),
		T(who_cannot_be_told_is_not),
		T(the_epoch_of_what_is_held_is_kept),
		T(the_old_are_found),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
