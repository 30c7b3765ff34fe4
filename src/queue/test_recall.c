/* Letters that are taken back: who may, what each reader is told, and that answers are neither lost nor believed twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include "queue/submission.h"
#include "queue/test_record.h"

#define NOW INT64_C(1800000000000)
#define SENDER 9
#define MANY 200

static struct test_spool spool;
static struct ledger *ledger;
static uint8_t sender[16];

static bool any; /* it is asked for read or not */

static int setup(void **state)
{
	any = false;
	test_spool_create(&spool);
	test_account(SENDER, sender);
	ledger = test_spool_open(&spool, NOW, NULL);
	return ledger != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	ledger_close(&ledger);
	test_spool_remove(&spool);
	return 0;
}

static void reopen(void)
{
	ledger_close(&ledger);
	ledger = test_spool_open(&spool, NOW, NULL);
	assert_non_null(ledger);
}

static void run(struct ledger_op *op)
{
	struct ledger_op *ops[] = {op};
	(void)ledger_run(ledger, ops, 1, NOW, NULL);
}

/* A letter to locals 1 … n and one address outside; with `more`, a script of one of them sent it to local 2 and out of the house. */
static void submit(uint8_t n, size_t locals, bool more)
{
	struct ledger_op op = {.kind = LEDGER_ACCEPT}, follower = {.kind = LEDGER_ACCEPT}, *ops[] = {&op, &follower};
	struct job_submission s = {.known = true, .data = SLICE("data")};
	struct buf record, copy;
	memset(s.id, n, sizeof s.id);
	test_record_make(&spool, &(struct test_record){.locals = locals, .remotes = 1, .size = 500, .sender = SENDER, .reverse_path = "me@x.org"},
	                 &record);
	test_record_make(&spool, &(struct test_record){.locals = 2, .remotes = 1, .size = 300}, &copy);
	op.accept.record = buf_slice(&record);
	op.accept.submission = &s;
	op.accept.submitter = sender;
	follower.accept.record = buf_slice(&copy);
	follower.accept.lead = &op;
	(void)ledger_run(ledger, ops, more ? 2 : 1, NOW, NULL);
	assert_int_equal(op.result, QUEUE_OK);
	ledger_op_free(&op);
	ledger_op_free(&follower);
	buf_free(&record);
	buf_free(&copy);
}

static enum submission_outcome ask_as(const uint8_t account[16], uint8_t n, int64_t since)
{
	struct ledger_op op = {.kind = LEDGER_SUBMISSION, .submission = {.act = SUBMISSION_RECALL, .since_ms = since, .any = any}};
	memcpy(op.submission.account, account, 16);
	memset(op.submission.id, n, 16);
	run(&op);
	assert_int_equal(op.result, QUEUE_OK);
	return op.submission.outcome;
}

static enum submission_outcome ask(uint8_t n)
{
	return ask_as(sender, n, 0);
}

/* What the account finds behind `after`: the seq of the newest order and of its letter; 0: there is none. */
static size_t arrivals(unsigned account, uint64_t after, uint64_t *ret_order, uint64_t *ret_letter)
{
	struct ledger_op op = {.kind = LEDGER_ARRIVALS, .arrivals = {.after = after}};
	struct queue_arrival a;
	size_t n = 0;
	*ret_order = *ret_letter = 0;
	test_account(account, op.arrivals.account);
	run(&op);
	struct slice list = buf_slice(&op.arrivals.list);
	uint64_t last = 0;
	for (; queue_arrival_decode(&list, &a) == 0; n++) {
		assert_true(a.seq > last);
		last = a.seq;
		if (a.kind == RECALL_KIND + (any ? RECALL_ANY : RECALL_UNREAD)) {
			*ret_order = a.seq;
			*ret_letter = a.size;
		}
	}
	ledger_op_free(&op);
	return n;
}

static void give_back(unsigned account, uint64_t seq)
{
	struct ledger_op op = {.kind = LEDGER_UNREF};
	struct buf seqs = BUF_INIT(8);
	buf_put_u64(&seqs, seq);
	test_account(account, op.unref.account);
	op.unref.seqs = buf_slice(&seqs);
	run(&op);
	assert_int_equal(op.result, QUEUE_OK);
	buf_free(&seqs);
}

static void answer(unsigned account, enum recall_answer what)
{
	uint64_t order, letter;
	(void)arrivals(account, 0, &order, &letter);
	assert_int_not_equal(order, 0);
	give_back(account, order + what);
}

/* What is told about local `which` (the outside one comes behind the locals); and the summary. */
static enum recall_state told(uint8_t n, uint16_t which, struct recall_summary *ret)
{
	uint8_t id[16];
	struct buf out = BUF_INIT(100000);
	struct submission_row row;
	struct submission_recipient r = {0};
	uint16_t count;
	memset(id, n, sizeof id);
	assert_int_equal(submission_get(ledger, sender, id, &out, NULL), 0);
	struct slice list = buf_slice(&out);
	assert_int_equal(submission_row_decode(&list, &row), 0);
	assert_true(slice_get_u16(&list, &count));
	for (uint16_t i = 0; i <= which && i < count; i++)
		assert_int_equal(submission_recipient_decode(&list, &r), 0);
	if (ret != NULL)
		*ret = row.recall;
	enum recall_state state = r.recall;
	buf_free(&out);
	return state;
}

static void each_reader_gets_an_order_behind_the_letter(void **state)
{
	uint64_t order, letter, first;
	struct recall_summary sum;
	submit(1, 2, false);
	assert_int_equal(arrivals(1, 0, &order, &letter), 1);
	assert_int_equal(order, 0);
	assert_int_equal(ask(1), SUBMISSION_DONE);
	assert_int_equal(told(1, 0, &sum), RECALL_PENDING);
	assert_int_equal(sum.asked_ms, NOW);
	reopen();
	assert_int_equal(arrivals(1, 0, &order, &letter), 2);
	assert_true(order > letter && letter != 0);
	/* Who has filed the letter finds the order alone; asked again there is no second one. */
	first = order;
	assert_int_equal(ask(1), SUBMISSION_DONE);
	assert_int_equal(arrivals(1, letter, &order, &letter), 1);
	assert_int_equal(order, first);
	assert_int_equal(arrivals(1, order, &order, &letter), 0);
	submit(2, 1, false);
	assert_int_equal(arrivals(1, first, &order, &letter), 1);
	assert_int_equal(ledger_check(ledger, true, NULL), 0);
}

static void answers_reach_the_writer_once(void **state)
{
	uint8_t touched[8][16];
	uint64_t order, letter;
	submit(1, 3, false);
	(void)ask(1);
	(void)ledger_touched(ledger, touched, 8);
	answer(1, RECALL_ANSWER_DONE);
	answer(2, RECALL_ANSWER_READ);
	answer(3, RECALL_ANSWER_GONE);
	assert_int_equal(ledger_touched(ledger, touched, 8), 1);
	assert_memory_equal(touched[0], sender, 16);
	reopen();
	assert_int_equal(told(1, 0, NULL), RECALL_DONE);
	assert_int_equal(told(1, 1, NULL), RECALL_READ);
	assert_int_equal(told(1, 2, NULL), RECALL_DELETED);
	/* What was taken back is listed to nobody, and a mailbox that is set back meets the order again. */
	assert_int_equal(arrivals(1, 0, &order, &letter), 1);
	assert_int_not_equal(order, 0);
	answer(1, RECALL_ANSWER_DONE);
	answer(1, RECALL_ANSWER_GONE);
	assert_int_equal(told(1, 0, NULL), RECALL_DONE);
	/* One that is no answer changes nothing. */
	give_back(2, order + RECALL_SEQS - 1);
	give_back(2, order);
	assert_int_equal(told(1, 1, NULL), RECALL_READ);
	assert_int_equal(ledger_check(ledger, true, NULL), 0);
}

/* Once each: of those that were read, and of those that have not decided. */
static void what_was_read_goes_when_it_is_asked_for_read_or_not(void **state)
{
	uint64_t order, letter;
	submit(1, 3, false);
	(void)ask(1);
	answer(1, RECALL_ANSWER_READ);
	answer(3, RECALL_ANSWER_DONE);
	any = true;
	assert_int_equal(ask(1), SUBMISSION_DONE);
	assert_int_equal(told(1, 0, NULL), RECALL_PENDING);
	assert_int_equal(arrivals(1, 0, &order, &letter), 3);
	assert_int_equal(arrivals(2, 0, &order, &letter), 3);
	assert_int_equal(ask(1), SUBMISSION_DONE);
	assert_int_equal(arrivals(1, 0, &order, &letter), 3);
	assert_int_equal(arrivals(2, 0, &order, &letter), 3);
	assert_int_equal(arrivals(3, 0, &order, &letter), 1);
	assert_int_equal(order, 0);
	answer(1, RECALL_ANSWER_DONE);
	answer(2, RECALL_ANSWER_DONE);
	for (uint16_t i = 0; i < 3; i++)
		assert_int_equal(told(1, i, NULL), RECALL_DONE);
	assert_int_equal(ledger_check(ledger, true, NULL), 0);
}

static void open_orders_are_told_again_after_a_crash(void **state)
{
	uint8_t touched[8][16], reader[16];
	submit(1, 2, false);
	(void)ask(1);
	answer(2, RECALL_ANSWER_READ);
	reopen();
	test_account(1, reader);
	assert_int_equal(ledger_touched(ledger, touched, 8), 1);
	assert_memory_equal(touched[0], reader, 16);
	answer(1, RECALL_ANSWER_DONE);
	reopen();
	assert_int_equal(ledger_touched(ledger, touched, 8), 0);
}

static void nobody_takes_back_letters_of_others(void **state)
{
	uint64_t order, letter;
	uint8_t other[16];
	submit(1, 1, false);
	test_account(1, other);
	assert_int_equal(ask_as(other, 1, 0), SUBMISSION_UNKNOWN);
	assert_int_equal(ask(2), SUBMISSION_UNKNOWN);
	assert_int_equal(arrivals(1, 0, &order, &letter), 1);
	assert_int_equal(order, 0);
	/* Numbers of others are no answers. */
	(void)ask(1);
	(void)arrivals(1, 0, &order, &letter);
	give_back(2, order + RECALL_ANSWER_DONE);
	assert_int_equal(told(1, 0, NULL), RECALL_PENDING);
}

static void after_its_time_it_stays(void **state)
{
	uint64_t order, letter;
	submit(1, 1, false);
	assert_int_equal(ask_as(sender, 1, NOW + 1), SUBMISSION_TOO_LATE);
	assert_int_equal(arrivals(1, 0, &order, &letter), 1);
	assert_int_equal(order, 0);
	assert_int_equal(ask_as(sender, 1, NOW), SUBMISSION_DONE);
}

static void what_its_reader_deleted_is_told_at_once(void **state)
{
	uint64_t order, letter;
	struct ledger_op op = {.kind = LEDGER_ARRIVALS};
	struct queue_arrival a;
	submit(1, 1, false);
	test_account(1, op.arrivals.account);
	run(&op);
	struct slice list = buf_slice(&op.arrivals.list);
	assert_int_equal(queue_arrival_decode(&list, &a), 0);
	ledger_op_free(&op);
	give_back(1, a.seq);
	(void)ask(1);
	assert_int_equal(told(1, 0, NULL), RECALL_DELETED);
	assert_int_equal(arrivals(1, 0, &order, &letter), 0);
}

static void copies_of_scripts_belong_to_it(void **state)
{
	struct recall_summary sum;
	submit(1, 1, true);
	(void)ask(1);
	(void)told(1, 0, &sum);
	assert_int_equal(sum.outside, 1);
	assert_int_equal(sum.copies, 2);
	assert_int_equal(sum.kept, 2);
	answer(2, RECALL_ANSWER_DONE);
	(void)told(1, 0, &sum);
	assert_int_equal(sum.kept, 1);
}

static void two_hundred_recipients(void **state)
{
	struct recall_summary sum;
	submit(1, MANY, false);
	(void)ask(1);
	for (unsigned i = 1; i <= MANY; i++)
		answer(i, i % 2 == 0 ? RECALL_ANSWER_DONE : RECALL_ANSWER_READ);
	for (uint16_t i = 0; i < MANY; i++)
		assert_int_equal(told(1, i, &sum), i % 2 == 1 ? RECALL_DONE : RECALL_READ);
	assert_int_equal(told(1, MANY, &sum), RECALL_NONE); /* outside */
	assert_int_equal(ledger_check(ledger, false, NULL), 0);
}

static void a_mailbox_that_goes_answers_no_more(void **state)
{
	struct ledger_op op = {.kind = LEDGER_REMOVE};
	submit(1, 2, false);
	(void)ask(1);
	test_account(1, op.remove.account);
	run(&op);
	assert_int_equal(told(1, 0, NULL), RECALL_FAILED);
	assert_int_equal(told(1, 1, NULL), RECALL_PENDING);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(each_reader_gets_an_order_behind_the_letter), T(answers_reach_the_writer_once), T(what_was_read_goes_when_it_is_asked_for_read_or_not), T(open_orders_are_told_again_after_a_crash),
		T(nobody_takes_back_letters_of_others),
		T(after_its_time_it_stays), T(what_its_reader_deleted_is_told_at_once), T(copies_of_scripts_belong_to_it), T(two_hundred_recipients),
		T(a_mailbox_that_goes_answers_no_more),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
