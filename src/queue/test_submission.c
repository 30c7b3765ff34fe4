/* Letters that their writers follow: they wait for their time, are taken back or sent, never both, and what became of each recipient is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "queue/quarantine.h"
#include "queue/submission.h"
#include "queue/test_record.h"

#define NOW INT64_C(1800000000000)
#define LATER (NOW + 15000)
#define SENDER 9

static struct test_spool spool;
static struct ledger *ledger;
static uint8_t sender[16];

static int setup(void **state)
{
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

static void lose_the_database(void)
{
	char path[120];
	ledger_close(&ledger);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/spool.db%s", spool.spool, i == 0 ? "" : "-wal");
		(void)unlink(path);
	}
	ledger = test_spool_open(&spool, NOW, NULL);
	assert_non_null(ledger);
}

static void run_at(struct ledger_op *op, int64_t now)
{
	struct ledger_op *ops[] = {op};
	(void)ledger_run(ledger, ops, 1, now, NULL);
}

static struct job_submission submission(uint8_t n, int64_t due)
{
	struct job_submission s = {.known = true, .due_ms = due, .data = SLICE("data of mail")};
	memset(s.id, n, sizeof s.id);
	return s;
}

/* A letter to local 1 and one address outside, and, with `more`, what a script made of it for local 2. */
static void submit(uint8_t n, int64_t due, bool more)
{
	struct ledger_op op = {.kind = LEDGER_ACCEPT}, follower = {.kind = LEDGER_ACCEPT}, *ops[] = {&op, &follower};
	struct job_submission s = submission(n, due);
	struct buf record, answer;
	test_record_make(&spool, &(struct test_record){.locals = 1, .remotes = 1, .size = 500, .sender = SENDER, .reverse_path = "me@example.org"}, &record);
	test_record_make(&spool, &(struct test_record){.locals = 2, .size = 300}, &answer);
	op.accept.record = buf_slice(&record);
	op.accept.submission = &s;
	op.accept.submitter = sender;
	follower.accept.record = buf_slice(&answer);
	follower.accept.lead = &op;
	follower.accept.once = SLICE("vacation:1");
	follower.accept.once_keep_s = 86400;
	(void)ledger_run(ledger, ops, more ? 2 : 1, NOW, NULL);
	assert_int_equal(op.result, QUEUE_OK);
	assert_int_equal(op.accept.hint_count, due > 0 ? 0 : 1);
	assert_int_equal(op.accept.has_message, due == 0);
	ledger_op_free(&op);
	ledger_op_free(&follower);
	buf_free(&record);
	buf_free(&answer);
}

static size_t arrivals(unsigned account)
{
	struct ledger_op op = {.kind = LEDGER_ARRIVALS};
	size_t n;
	test_account(account, op.arrivals.account);
	run_at(&op, NOW);
	n = buf_len(&op.arrivals.list) / QUEUE_ARRIVAL_SIZE;
	ledger_op_free(&op);
	return n;
}

/* Lets everything go whose time has come; the records of letters that are on their way to somebody outside. */
static size_t let_go(int64_t now, uint64_t *ret_record)
{
	struct submission_due due;
	assert_int_equal(submission_due(ledger, now, &due, NULL), 0);
	for (size_t i = 0; i < due.count; i++) {
		struct ledger_op op = {.kind = LEDGER_ACCEPT, .accept = {.held = due.records[i]}};
		run_at(&op, now);
		assert_int_equal(op.result, QUEUE_OK);
		if (op.accept.has_message)
			*ret_record = op.accept.message.record;
		ledger_op_free(&op);
	}
	return due.count;
}

static enum submission_outcome act(enum submission_act what, uint8_t n)
{
	struct ledger_op op = {.kind = LEDGER_SUBMISSION, .submission = {.act = what}};
	memcpy(op.submission.account, sender, 16);
	memset(op.submission.id, n, 16);
	run_at(&op, NOW);
	assert_int_equal(op.result, QUEUE_OK);
	return op.submission.outcome;
}

/* Its state, the fate of its recipients by name; -1: there is none. */
static int look(uint8_t n, enum submission_fate *ret_local, enum submission_fate *ret_outside, uint16_t *ret_code)
{
	uint8_t id[16];
	struct buf out = BUF_INIT(100000);
	struct submission_row row;
	int state = -1;
	memset(id, n, sizeof id);
	if (submission_get(ledger, sender, id, &out, NULL) == 0) {
		struct slice list = buf_slice(&out);
		uint16_t count;
		assert_int_equal(submission_row_decode(&list, &row), 0);
		assert_true(slice_eq(row.data, SLICE("data of mail")));
		state = (int)row.state;
		assert_true(slice_get_u16(&list, &count));
		for (uint16_t i = 0; i < count; i++) {
			struct submission_recipient r;
			assert_int_equal(submission_recipient_decode(&list, &r), 0);
			if (r.local && ret_local != NULL)
				*ret_local = r.fate;
			if (!r.local && ret_outside != NULL) {
				*ret_outside = r.fate;
				*ret_code = r.code;
			}
		}
	}
	buf_free(&out);
	return state;
}

static void what_does_not_wait_is_sent_and_followed(void **state)
{
	enum submission_fate local, outside;
	uint16_t code;
	uint8_t touched[4][16];
	struct ledger_message m;
	struct arena arena = ARENA_INIT;
	submit(1, 0, false);
	assert_int_equal(look(1, &local, &outside, &code), SUBMISSION_FINAL);
	assert_int_equal(local, SUBMISSION_DELIVERED);
	assert_int_equal(outside, SUBMISSION_QUEUED);
	assert_int_equal(ledger_touched(ledger, touched, 4), 1);
	assert_memory_equal(touched[0], sender, 16);
	struct ledger_stats stats;
	assert_int_equal(ledger_stats(ledger, &stats, NULL), 0);
	assert_int_equal(stats.messages, 1);
	uint64_t record = record_id(1, 1);
	assert_int_equal(ledger_message_get(ledger, record, &arena, &m, NULL), 0);
	struct ledger_mark later = {.record = record, .recipient = m.recipients[0].index, .kind = MARK_DEFERRED, .code = 451, .text = SLICE("later")};
	struct ledger_mark done = {.record = record, .recipient = m.recipients[0].index, .kind = MARK_DONE, .code = 250, .text = SLICE("ok")};
	struct ledger_op op = {.kind = LEDGER_MARK, .mark = {.marks = &later, .count = 1}};
	run_at(&op, NOW);
	assert_int_equal(look(1, NULL, &outside, &code), SUBMISSION_FINAL);
	assert_int_equal(outside, SUBMISSION_QUEUED);
	assert_int_equal(code, 451);
	op = (struct ledger_op){.kind = LEDGER_MARK, .mark = {.marks = &done, .count = 1}};
	run_at(&op, NOW);
	look(1, NULL, &outside, &code);
	assert_int_equal(outside, SUBMISSION_DELIVERED);
	assert_int_equal(code, 250);
	assert_int_equal(ledger_touched(ledger, touched, 4), 1);
	arena_free(&arena);
}

static void it_waits_for_its_time_over_a_restart(void **state)
{
	enum submission_fate local = SUBMISSION_LOST;
	uint64_t record = 0;
	submit(1, LATER, true);
	reopen();
	assert_int_equal(look(1, &local, NULL, NULL), SUBMISSION_PENDING);
	assert_int_equal(local, SUBMISSION_QUEUED);
	assert_int_equal(let_go(LATER - 1, &record), 0);
	assert_int_equal(arrivals(1) + arrivals(2), 0);
	assert_int_equal(let_go(LATER, &record), 2);
	assert_int_not_equal(record, 0);
	assert_int_equal(arrivals(1), 2);
	assert_int_equal(arrivals(2), 1);
	assert_int_equal(look(1, &local, NULL, NULL), SUBMISSION_FINAL);
	assert_int_equal(local, SUBMISSION_DELIVERED);
	assert_int_equal(let_go(LATER + 100000, &record), 0);
	assert_int_equal(act(SUBMISSION_CANCEL, 1), SUBMISSION_TOO_LATE);
	assert_int_equal(ledger_check(ledger, true, NULL), 0);
}

static void what_is_taken_back_nobody_gets(void **state)
{
	uint64_t record = 0;
	submit(1, LATER, true);
	assert_int_equal(act(SUBMISSION_CANCEL, 2), SUBMISSION_UNKNOWN);
	assert_int_equal(act(SUBMISSION_CANCEL, 1), SUBMISSION_DONE);
	assert_int_equal(look(1, NULL, NULL, NULL), SUBMISSION_CANCELED);
	assert_int_equal(let_go(LATER + 1, &record), 0);
	reopen();
	assert_int_equal(let_go(LATER + 1, &record), 0);
	assert_int_equal(arrivals(1) + arrivals(2), 0);
	assert_int_equal(act(SUBMISSION_CANCEL, 1), SUBMISSION_DONE);
	/* Written anew, it claims again what it claimed: somebody who is away answers. */
	submit(2, LATER, true);
	assert_int_equal(let_go(LATER, &record), 2);
	assert_int_equal(arrivals(2), 1);
	assert_int_equal(ledger_check(ledger, true, NULL), 0);
}

static void what_waits_is_not_shown_as_dangerous(void **state)
{
	struct ledger_stats stats;
	uint64_t records[4];
	size_t count;
	submit(1, LATER, false);
	assert_int_equal(ledger_stats(ledger, &stats, NULL), 0);
	assert_int_equal(stats.quarantined, 0);
	assert_int_equal(quarantine_before(ledger, INT64_MAX, records, 4, &count, NULL), 0);
	assert_int_equal(count, 0);
}

static int count_one(void *arg, const struct quarantine_item *item)
{
	++*(size_t *)arg;
	return 0;
}

static void after_a_lost_database_a_person_decides(void **state)
{
	uint64_t record = 0;
	size_t held = 0;
	submit(1, LATER, false);
	lose_the_database();
	assert_int_equal(let_go(LATER, &record), 0);
	assert_int_equal(arrivals(1), 0);
	assert_int_equal(quarantine_list(ledger, 0, count_one, &held, NULL), 0);
	assert_int_equal(held, 1);
}

static void only_its_sender_follows_it(void **state)
{
	struct ledger_op op = {.kind = LEDGER_ACCEPT};
	struct job_submission s = submission(1, 0);
	uint8_t other[16], id[16];
	struct buf record, out = BUF_INIT(1000);
	test_account(1, other);
	test_record_make(&spool, &(struct test_record){.locals = 1, .size = 100, .sender = SENDER}, &record);
	op.accept.record = buf_slice(&record);
	op.accept.submission = &s;
	op.accept.submitter = other;
	run_at(&op, NOW);
	assert_int_equal(op.result, QUEUE_REFUSED);
	ledger_op_free(&op);
	buf_free(&record);
	submit(1, LATER, false);
	memset(id, 1, sizeof id);
	assert_int_equal(submission_get(ledger, other, id, &out, NULL), ERR_NOT_FOUND);
	memcpy(sender, other, 16);
	assert_int_equal(act(SUBMISSION_CANCEL, 1), SUBMISSION_UNKNOWN);
	test_account(SENDER, sender);
	buf_free(&out);
}

static void a_contained_sender_sends_nothing(void **state)
{
	uint64_t record = 0;
	submit(1, LATER, false);
	act(SUBMISSION_HOLD, 0);
	assert_int_equal(let_go(LATER, &record), 0);
	submit(2, LATER, false);
	act(SUBMISSION_DROP, 0);
	assert_int_equal(look(1, NULL, NULL, NULL), SUBMISSION_CANCELED);
	assert_int_equal(look(2, NULL, NULL, NULL), SUBMISSION_PENDING);
	act(SUBMISSION_HOLD, 0);
	act(SUBMISSION_RELEASE, 0);
	assert_int_equal(let_go(LATER, &record), 1);
}

static void an_account_that_goes_sends_nothing(void **state)
{
	struct ledger_op op = {.kind = LEDGER_REMOVE};
	uint64_t record = 0;
	submit(1, LATER, true);
	memcpy(op.remove.account, sender, 16);
	run_at(&op, NOW);
	assert_int_equal(op.result, QUEUE_OK);
	assert_int_equal(let_go(LATER, &record), 0);
	assert_int_equal(look(1, NULL, NULL, NULL), -1);
	assert_int_equal(ledger_check(ledger, true, NULL), 0);
}

static uint64_t state_of(uint64_t after, size_t *ret_rows, uint64_t *ret_floor, int64_t now)
{
	struct buf out = BUF_INIT(100000);
	uint64_t newest = 0;
	bool more;
	assert_int_equal(submission_list(ledger, sender, after, &out, &more, &newest, ret_floor, NULL), 0);
	struct slice list = buf_slice(&out);
	struct submission_row row;
	for (*ret_rows = 0; submission_row_decode(&list, &row) == 0;)
		++*ret_rows;
	buf_free(&out);
	return newest;
}

static void changes_are_told_once_and_forgotten_in_the_end(void **state)
{
	struct ledger_op sweep = {.kind = LEDGER_SWEEP};
	uint64_t floor, first, second;
	size_t rows;
	submit(1, 0, false);
	first = state_of(0, &rows, &floor, NOW);
	assert_int_equal(rows, 1);
	submit(2, LATER, false);
	second = state_of(first, &rows, &floor, NOW);
	assert_int_equal(rows, 1);
	assert_true(second > first);
	assert_int_equal(act(SUBMISSION_FORGET, 1), SUBMISSION_DONE);
	assert_int_equal(act(SUBMISSION_FORGET, 1), SUBMISSION_UNKNOWN);
	assert_int_equal(look(1, NULL, NULL, NULL), -1);
	assert_true(state_of(second, &rows, &floor, NOW) > second);
	assert_int_equal(rows, 1);
	submit(3, 0, false);
	run_at(&sweep, NOW + SUBMISSION_KEEP_MS + 1);
	(void)state_of(0, &rows, &floor, NOW);
	assert_true(floor > second);
	assert_int_equal(look(2, NULL, NULL, NULL), SUBMISSION_PENDING);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(what_does_not_wait_is_sent_and_followed), T(it_waits_for_its_time_over_a_restart), T(what_is_taken_back_nobody_gets),
		T(what_waits_is_not_shown_as_dangerous), T(after_a_lost_database_a_person_decides), T(only_its_sender_follows_it),
		T(a_contained_sender_sends_nothing), T(an_account_that_goes_sends_nothing), T(changes_are_told_once_and_forgotten_in_the_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
