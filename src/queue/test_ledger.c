#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/memory.h"
#include "crypt/crypt.h"
#include "queue/test_record.h"
#include "sys/fault.h"

static struct test_spool spool;
static struct ledger *ledger;
#define NOW INT64_C(1800000000000)

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

static struct ledger_opened reopen(int64_t now)
{
	struct ledger_opened opened = {0};
	ledger_close(&ledger);
	ledger = test_spool_open(&spool, now, &opened);
	assert_non_null(ledger);
	return opened;
}

static int run(struct ledger_op *op, int64_t now)
{
	struct ledger_op *ops[] = {op};
	return ledger_run(ledger, ops, 1, now, NULL);
}

static enum queue_result accept_record(const struct test_record *r, struct ledger_op *op)
{
	struct buf record;
	*op = (struct ledger_op){.kind = LEDGER_ACCEPT};
	test_record_make(&spool, r, &record);
	op->accept.record = buf_slice(&record);
	run(op, NOW);
	buf_free(&record);
	return op->result;
}

static struct place accept_local(unsigned locals)
{
	struct ledger_op op;
	assert_int_equal(accept_record(&(struct test_record){.locals = locals, .size = 100}, &op), QUEUE_OK);
	struct place place = op.accept.place;
	ledger_op_free(&op);
	return place;
}

static size_t arrivals(unsigned account, uint64_t after, struct queue_arrival *ret, size_t max)
{
	struct ledger_op op = {.kind = LEDGER_ARRIVALS, .arrivals = {.after = after}};
	size_t n = 0;
	test_account(account, op.arrivals.account);
	run(&op, NOW);
	assert_int_equal(op.result, QUEUE_OK);
	struct slice list = buf_slice(&op.arrivals.list);
	while (list.n > 0 && n < max)
		assert_int_equal(queue_arrival_decode(&list, &ret[n++]), 0);
	ledger_op_free(&op);
	return n;
}

static uint32_t unref_how(unsigned account, uint64_t seq, enum queue_unref how, int64_t now)
{
	struct buf seqs = BUF_INIT(8);
	struct ledger_op op = {.kind = LEDGER_UNREF};
	buf_put_u64(&seqs, seq);
	test_account(account, op.unref.account);
	op.unref.how = how;
	op.unref.seqs = buf_slice(&seqs);
	run(&op, now);
	assert_int_equal(op.result, QUEUE_OK);
	buf_free(&seqs);
	return op.unref.kept;
}

static void unref(unsigned account, uint64_t seq, int64_t now)
{
	(void)unref_how(account, seq, QUEUE_UNREF_DROP, now);
}

static void sweep(int64_t now)
{
	struct ledger_op op = {.kind = LEDGER_SWEEP};
	do {
		op.sweep.more = false;
		run(&op, now);
		assert_int_equal(op.result, QUEUE_OK);
	} while (op.sweep.more);
}

static void assert_consistent(void)
{
	struct error err = {0};
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

static void test_an_accepted_message_is_an_arrival_of_each_reader(void **state)
{
	struct queue_arrival a[4];
	accept_local(2);
	struct place second = accept_local(1);
	assert_int_equal(arrivals(1, 0, a, 4), 2);
	assert_true(a[0].seq < a[1].seq);
	assert_int_equal(a[1].place.ordinal, second.ordinal);
	assert_int_equal(arrivals(1, a[0].seq, a, 4), 1);
	assert_int_equal(arrivals(2, 0, a, 4), 1);
	assert_int_equal(arrivals(3, 0, a, 4), 0);
	assert_consistent();
}

static void test_a_record_with_a_wrong_mac_is_refused(void **state)
{
	struct buf record;
	struct ledger_op op = {.kind = LEDGER_ACCEPT};
	test_record_make(&spool, &(struct test_record){.locals = 1, .size = 10}, &record);
	record.data[40] ^= 1;
	op.accept.record = buf_slice(&record);
	run(&op, NOW);
	assert_int_equal(op.result, QUEUE_REFUSED);
	assert_int_equal(stats().records, 0);
	ledger_op_free(&op);
	buf_free(&record);
}

static void test_one_bad_record_does_not_spoil_its_group(void **state)
{
	struct buf records[3];
	struct ledger_op ops[3], *list[3];
	for (size_t i = 0; i < 3; i++) {
		test_record_make(&spool, &(struct test_record){.locals = 1, .size = 10}, &records[i]);
		ops[i] = (struct ledger_op){.kind = LEDGER_ACCEPT};
		ops[i].accept.record = i == 1 ? slice_sub(buf_slice(&records[i]), 0, 50) : buf_slice(&records[i]);
		list[i] = &ops[i];
	}
	assert_int_equal(ledger_run(ledger, list, 3, NOW, NULL), 0);
	assert_int_equal(ops[0].result, QUEUE_OK);
	assert_int_equal(ops[1].result, QUEUE_REFUSED);
	assert_int_equal(ops[2].result, QUEUE_OK);
	assert_int_equal(stats().records, 2);
	for (size_t i = 0; i < 3; i++) {
		ledger_op_free(&ops[i]);
		buf_free(&records[i]);
	}
	assert_consistent();
}

static void test_unref_frees_quota_at_once_and_the_record_after_the_grace(void **state)
{
	struct queue_arrival a[2];
	struct ledger_op room = {.kind = LEDGER_ROOM};
	accept_local(1);
	assert_int_equal(arrivals(1, 0, a, 2), 1);
	test_account(1, room.room.account);
	run(&room, NOW);
	assert_int_equal(room.room.used, a[0].size);
	assert_int_equal(room.room.count, 1);
	unref(1, a[0].seq, NOW);
	unref(1, a[0].seq, NOW); /* again: the answer was lost */
	run(&room, NOW);
	assert_int_equal(room.room.used, 0);
	sweep(NOW + 999);
	assert_int_equal(stats().records, 1);
	sweep(NOW + 1001);
	assert_int_equal(stats().records, 0);
	assert_int_equal(stats().refs, 0);
	assert_consistent();
}

static uint64_t used_by(unsigned account)
{
	struct ledger_op room = {.kind = LEDGER_ROOM};
	test_account(account, room.room.account);
	run(&room, NOW);
	return room.room.used;
}

static void test_a_dropped_ref_is_wanted_again_within_its_time_only(void **state)
{
	struct queue_arrival a[2];
	accept_local(1);
	assert_int_equal(arrivals(1, 0, a, 2), 1);
	assert_int_equal(unref_how(1, a[0].seq, QUEUE_UNREF_KEEP, NOW), 1); /* it never was dropped */
	assert_int_equal(used_by(1), a[0].size);
	unref(1, a[0].seq, NOW);
	assert_int_equal(unref_how(1, a[0].seq, QUEUE_UNREF_KEEP, NOW + 500), 1);
	assert_int_equal(used_by(1), a[0].size);
	sweep(NOW + 5000);
	assert_int_equal(stats().records, 1);
	unref(1, a[0].seq, NOW);
	assert_int_equal(unref_how(1, a[0].seq, QUEUE_UNREF_KEEP, NOW + 1001), 0);
	assert_int_equal(used_by(1), 0);
	sweep(NOW + 1001);
	assert_int_equal(unref_how(1, a[0].seq, QUEUE_UNREF_KEEP, NOW + 1001), 0);
	assert_int_equal(stats().records, 0);
	assert_consistent();
}

static void test_what_is_dropped_for_good_goes_with_the_next_sweep(void **state)
{
	struct queue_arrival a[2];
	accept_local(1);
	accept_local(1);
	assert_int_equal(arrivals(1, 0, a, 2), 2);
	unref(1, a[0].seq, NOW);
	(void)unref_how(1, a[0].seq, QUEUE_UNREF_NOW, NOW + 1);
	(void)unref_how(1, a[1].seq, QUEUE_UNREF_NOW, NOW + 1);
	assert_int_equal(used_by(1), 0);
	sweep(NOW + 1);
	assert_int_equal(stats().records, 0);
	assert_consistent();
}

static void test_own_ref_has_its_seq_in_the_answer(void **state)
{
	struct ledger_op op;
	struct queue_arrival a[2];
	assert_int_equal(accept_record(&(struct test_record){.locals = 1, .size = 10, .own = true}, &op), QUEUE_OK);
	assert_int_equal(arrivals(1, 0, a, 2), 1);
	assert_int_equal(a[0].seq, op.accept.own_seq);
	assert_int_equal(a[0].kind, READER_OWN);
	ledger_op_free(&op);
}

/* The epoch that messages wait for; 0: none. */
static uint32_t needed_epoch(void)
{
	uint32_t epochs[2];
	size_t count;
	assert_int_equal(ledger_epochs(ledger, epochs, 2, &count, NULL), 0);
	assert_true(count <= 1);
	return count == 1 ? epochs[0] : 0;
}

static void test_remote_recipients_wait_until_they_are_done(void **state)
{
	struct ledger_op op;
	assert_int_equal(accept_record(&(struct test_record){.locals = 1, .remotes = 2, .size = 10}, &op), QUEUE_OK);
	assert_true(op.accept.has_message);
	assert_int_equal(op.accept.message.recipient_count, 2);
	assert_true(slice_eq(op.accept.message.recipients[0].destination, SLICE("example.com")));
	assert_int_equal(op.accept.message.epoch, 7);
	uint64_t record = op.accept.message.record;
	ledger_op_free(&op);
	struct ledger_mark marks[] = {
		{.record = record, .recipient = 1, .kind = MARK_DONE},
		{.record = record, .recipient = 2, .kind = MARK_DEFERRED, .due_ms = NOW + 5, .attempts = 1, .code = 451, .text = SLICE("later")},
	};
	struct ledger_op mark = {.kind = LEDGER_MARK, .mark = {.marks = marks, .count = 2}};
	run(&mark, NOW);
	assert_int_equal(mark.result, QUEUE_OK);
	reopen(NOW);
	struct arena arena = ARENA_INIT;
	struct ledger_message m;
	struct error err;
	assert_int_equal(ledger_message_get(ledger, record, &arena, &m, &err), 0);
	assert_int_equal(m.recipient_count, 1);
	assert_int_equal(m.recipients[0].code, 451);
	assert_int_equal(m.recipients[0].due_ms, NOW + 5);
	assert_int_equal(needed_epoch(), 7);
	arena_free(&arena);
	marks[1].kind = MARK_DONE;
	run(&mark, NOW);
	assert_int_equal(needed_epoch(), 0);
	run(&mark, NOW); /* once more: nothing happens twice */
	assert_int_equal(stats().messages, 0);
	assert_int_equal(stats().records, 1); /* the local reader still has it */
	assert_consistent();
}

static void test_an_owed_notification_keeps_its_record_until_it_is_accepted(void **state)
{
	struct ledger_op op;
	assert_int_equal(accept_record(&(struct test_record){.remotes = 1, .size = 10}, &op), QUEUE_OK);
	struct ledger_mark mark = {.record = op.accept.message.record, .recipient = 0, .kind = MARK_FAILED, .code = 550};
	ledger_op_free(&op);
	struct ledger_op failed = {.kind = LEDGER_MARK, .mark = {.marks = &mark, .count = 1}};
	run(&failed, NOW);
	assert_int_equal(stats().records, 1);
	struct buf record;
	struct ledger_op dsn = {.kind = LEDGER_ACCEPT};
	mark.kind = MARK_DONE;
	test_record_make(&spool, &(struct test_record){.locals = 1, .size = 10}, &record);
	dsn.accept.record = buf_slice(&record);
	dsn.accept.marks = &mark;
	dsn.accept.mark_count = 1;
	run(&dsn, NOW);
	assert_int_equal(dsn.result, QUEUE_OK);
	assert_int_equal(stats().messages, 0);
	assert_int_equal(stats().records, 1);
	ledger_op_free(&dsn);
	buf_free(&record);
	assert_consistent();
}

static void test_a_wanted_success_notification_is_owed_for_a_local_reader(void **state)
{
	struct ledger_op op;
	assert_int_equal(accept_record(&(struct test_record){.locals = 1, .size = 10, .notify = 2}, &op), QUEUE_OK);
	assert_true(op.accept.has_message);
	assert_int_equal(op.accept.message.recipients[0].state, OUTBOUND_DELIVERED);
	ledger_op_free(&op);
	assert_int_equal(accept_record(&(struct test_record){.locals = 1, .size = 10, .notify = 2, .reverse_path = ""}, &op), QUEUE_OK);
	assert_false(op.accept.has_message);
	ledger_op_free(&op);
}

static void test_removing_an_account_frees_its_records(void **state)
{
	struct queue_arrival a[2];
	accept_local(2);
	struct ledger_op op = {.kind = LEDGER_REMOVE};
	test_account(1, op.remove.account);
	run(&op, NOW);
	sweep(NOW + 1);
	assert_int_equal(arrivals(1, 0, a, 2), 0);
	assert_int_equal(arrivals(2, 0, a, 2), 1);
	assert_int_equal(stats().records, 1);
	assert_consistent();
}

static void test_lost_database_is_rebuilt_with_the_same_seqs_and_a_higher_incarnation(void **state)
{
	struct queue_arrival before[3], after[3];
	char path[128];
	accept_local(2);
	accept_local(1);
	assert_int_equal(arrivals(1, 0, before, 3), 2);
	ledger_close(&ledger);
	snprintf(path, sizeof path, "rm %s/spool.db*", spool.spool);
	assert_int_equal(system(path), 0);
	struct ledger_opened opened = {0};
	ledger = test_spool_open(&spool, NOW, &opened);
	assert_non_null(ledger);
	assert_true(opened.rebuilt);
	assert_int_equal(opened.records, 2);
	assert_int_equal(arrivals(1, 0, after, 3), 2);
	assert_int_equal(after[0].seq, before[0].seq);
	accept_local(1);
	assert_int_equal(arrivals(1, before[1].seq, after, 3), 1);
	assert_true(after[0].seq >> 48 > before[0].seq >> 48);
	assert_consistent();
}

static void test_damaged_database_is_set_aside_and_rebuilt(void **state)
{
	struct queue_arrival a[3];
	char path[128];
	accept_local(1);
	ledger_close(&ledger);
	snprintf(path, sizeof path, "%s/spool.db", spool.spool);
	int fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, "nonsense nonsense nonsense nonsense", 35, 0), 35);
	close(fd);
	struct ledger_opened opened = {0};
	ledger = test_spool_open(&spool, NOW, &opened);
	assert_non_null(ledger);
	assert_true(opened.set_aside && opened.rebuilt);
	assert_int_equal(arrivals(1, 0, a, 3), 1);
}

static void test_rebuild_sends_no_mail_again_that_is_older_than_the_retry_time(void **state)
{
	struct ledger_op op;
	char path[128];
	assert_int_equal(accept_record(&(struct test_record){.remotes = 1, .size = 10}, &op), QUEUE_OK);
	ledger_op_free(&op);
	snprintf(path, sizeof path, "rm %s/spool.db*", spool.spool);
	for (int late = 0; late < 2; late++) {
		ledger_close(&ledger);
		assert_int_equal(system(path), 0);
		ledger = test_spool_open(&spool, NOW + (late ? 1000001 : 5), NULL);
		assert_int_equal(stats().messages, late ? 0 : 1);
	}
	assert_consistent();
}

static uint64_t hold(const struct test_record *record, bool on)
{
	struct ledger_op op, held = {.kind = LEDGER_HOLD};
	assert_int_equal(accept_record(record, &op), QUEUE_OK);
	held.hold.record = record_id(op.accept.place.pack, op.accept.place.ordinal);
	held.hold.reason = HOLD_BY_HAND;
	held.hold.hold = true;
	run(&held, NOW);
	assert_int_equal(held.result, QUEUE_OK);
	if (!on) {
		held.hold.hold = false;
		run(&held, NOW);
	}
	ledger_op_free(&op);
	return held.hold.record;
}

/* Each reason to hold it is taken away by who gave it, and survives with the file. */
static void test_reasons_to_hold_are_apart(void **state)
{
	const struct test_record outbound = {.remotes = 1, .size = 10};
	uint64_t record = hold(&outbound, true);
	struct ledger_op contain = {.kind = LEDGER_HOLD, .hold = {.record = record, .reason = HOLD_CONTAINED, .hold = true}};
	struct ledger_message m;
	struct arena arena = ARENA_INIT;
	char path[128];
	run(&contain, NOW);
	ledger_close(&ledger);
	snprintf(path, sizeof path, "rm %s/spool.db*", spool.spool);
	assert_int_equal(system(path), 0);
	ledger = test_spool_open(&spool, NOW, NULL);
	assert_int_equal(ledger_message_get(ledger, record, &arena, &m, NULL), 0);
	assert_int_equal(m.hold, HOLD_BY_HAND | HOLD_CONTAINED);
	contain.hold.hold = false;
	run(&contain, NOW);
	assert_int_equal(ledger_message_get(ledger, record, &arena, &m, NULL), 0);
	assert_int_equal(m.hold, HOLD_BY_HAND);
	assert_int_equal(stats().held, 1);
	arena_free(&arena);
}

/* Mail that an administrator held back is not sent because a file was lost. */
static void test_rebuild_keeps_what_is_on_hold(void **state)
{
	const struct test_record outbound = {.remotes = 1, .size = 10};
	struct ledger_message m;
	struct arena arena = ARENA_INIT;
	char path[128];
	uint64_t held = hold(&outbound, true), released = hold(&outbound, false);
	snprintf(path, sizeof path, "rm %s/spool.db*", spool.spool);
	for (int damaged = 0; damaged < 2; damaged++) {
		ledger_close(&ledger);
		assert_int_equal(system(path), 0);
		if (damaged) { /* no file that opens: none is held, and nothing else is wrong */
			char holds[128];
			snprintf(holds, sizeof holds, "head -c 100 /dev/zero > %s/holds", spool.spool);
			assert_int_equal(system(holds), 0);
		}
		ledger = test_spool_open(&spool, NOW, NULL);
		assert_non_null(ledger);
		assert_int_equal(ledger_message_get(ledger, held, &arena, &m, NULL), 0);
		assert_int_equal(m.hold, damaged ? 0 : HOLD_BY_HAND);
		assert_int_equal(ledger_message_get(ledger, released, &arena, &m, NULL), 0);
		assert_int_equal(m.hold, 0);
	}
	arena_free(&arena);
	assert_consistent();
}

static void test_compaction_keeps_every_live_record(void **state)
{
	struct queue_arrival a[200];
	struct error err = {0};
	char path[128];
	struct stat before, after;
	struct ledger_op op;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(accept_record(&(struct test_record){.locals = 1, .size = 2000}, &op), QUEUE_OK);
		ledger_op_free(&op);
	}
	/* A record above the size of a pack closes the first one. */
	assert_int_equal(accept_record(&(struct test_record){.locals = 1, .size = PACK_SIZE}, &op), QUEUE_OK);
	ledger_op_free(&op);
	assert_int_equal(arrivals(1, 0, a, 200), 101);
	for (int i = 0; i < 100; i++) {
		if (i % 10 != 0)
			unref(1, a[i].seq, NOW);
	}
	sweep(NOW + 2000);
	uint32_t pack, *ordinals;
	uint64_t *offsets, end;
	size_t count;
	assert_int_equal(ledger_compact_pick(ledger, &pack, &ordinals, &count, &err), 0);
	assert_int_equal(pack, 1);
	assert_int_equal(count, 10);
	snprintf(path, sizeof path, "%s/00000001.pack", spool.packs);
	stat(path, &before);
	assert_int_equal(pack_compact(spool.packs, pack, ordinals, count, &offsets, &end, &err), 0);
	op = (struct ledger_op){.kind = LEDGER_MOVED, .moved = {.pack = pack, .ordinals = ordinals, .offsets = offsets, .count = count, .end = end}};
	run(&op, NOW);
	assert_int_equal(op.result, QUEUE_OK);
	stat(path, &after);
	assert_true(after.st_size < before.st_size / 5);
	assert_consistent();
	memory_free(ordinals);
	assert_int_equal(ledger_compact_pick(ledger, &pack, &ordinals, &count, &err), 0);
	assert_int_equal(pack, 0);
	reopen(NOW);
	assert_consistent();
	memory_free(offsets);
}

static void test_a_pack_without_live_records_is_removed_and_stays_so(void **state)
{
	struct queue_arrival a[4];
	struct ledger_op op;
	char path[128];
	struct stat st;
	accept_local(1);
	assert_int_equal(accept_record(&(struct test_record){.locals = 1, .size = PACK_SIZE}, &op), QUEUE_OK);
	ledger_op_free(&op);
	assert_int_equal(arrivals(1, 0, a, 4), 2);
	unref(1, a[0].seq, NOW);
	sweep(NOW + 2000);
	sweep(NOW + 2000);
	snprintf(path, sizeof path, "%s/00000001.pack", spool.packs);
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(reopen(NOW + 2000).records, 0);
	assert_int_equal(arrivals(1, 0, a, 4), 1);
	assert_consistent();
}

/* ---- crashes and failing calls ---- */

#ifdef LETTERLOCK_FAULTS

#define GROUP 5

/* Accepts groups until it is killed; tells through the pipe how many it acknowledged. */
static void child(const char *fault, int out)
{
	setenv("LETTERLOCK_FAULT", fault, 1);
	fault_setup("queue");
	for (int round = 0; round < 20; round++) {
		struct buf records[GROUP];
		struct ledger_op ops[GROUP], *list[GROUP];
		for (int i = 0; i < GROUP; i++) {
			test_record_make(&spool, &(struct test_record){.locals = 1, .remotes = 1, .size = 300}, &records[i]);
			ops[i] = (struct ledger_op){.kind = LEDGER_ACCEPT};
			ops[i].accept.record = buf_slice(&records[i]);
			list[i] = &ops[i];
		}
		ledger_run(ledger, list, GROUP, NOW, NULL);
		for (int i = 0; i < GROUP; i++) {
			struct place place = ops[i].accept.place;
			if (ops[i].result == QUEUE_OK && write(out, &place, sizeof place) != sizeof place)
				_exit(2);
		}
		FAULT_POINT(reply_sent);
	}
	_exit(0);
}

static size_t run_child(const char *fault, struct place *places, size_t max)
{
	int pipes[2];
	size_t n = 0;
	ledger_close(&ledger);
	assert_int_equal(pipe(pipes), 0);
	pid_t pid = fork();
	if (pid == 0) {
		ledger = test_spool_open(&spool, NOW, NULL);
		child(fault, pipes[1]);
	}
	close(pipes[1]);
	while (n < max && read(pipes[0], &places[n], sizeof *places) == sizeof *places)
		n++;
	close(pipes[0]);
	waitpid(pid, NULL, 0);
	return n;
}

/* Every acknowledged record is there exactly once, and nothing else is half there. */
static void assert_kept(const struct place *places, size_t count, size_t at_most)
{
	struct queue_arrival a[400];
	size_t n = arrivals(1, 0, a, 400);
	assert_true(n >= count && n <= at_most);
	for (size_t i = 0; i < count; i++) {
		size_t seen = 0;
		for (size_t k = 0; k < n; k++)
			seen += a[k].place.pack == places[i].pack && a[k].place.ordinal == places[i].ordinal;
		assert_int_equal(seen, 1);
	}
	for (size_t k = 1; k < n; k++)
		assert_true(a[k].seq > a[k - 1].seq);
	assert_int_equal(stats().messages, n);
	assert_consistent();
}

static void test_a_kill_at_any_point_loses_nothing_acknowledged(void **state)
{
	static const char *const points[] = {"pack_write", "pack_written", "pack_synced", "row_committed", "reply_sent"};
	for (size_t p = 0; p < sizeof points / sizeof *points; p++) {
		for (int count = 1; count <= 3; count += 2) {
			struct place places[200];
			char fault[64];
			snprintf(fault, sizeof fault, "%s:%d:kill", points[p], count);
			size_t n = run_child(fault, places, 200);
			assert_true(n <= 3 * GROUP);
			ledger = test_spool_open(&spool, NOW, NULL);
			assert_non_null(ledger);
			assert_kept(places, n, n + GROUP);
			struct place next = accept_local(1); /* and it goes on */
			for (size_t i = 0; i < n; i++)
				assert_true(places[i].pack != next.pack || places[i].ordinal < next.ordinal);
			assert_consistent();
			teardown(state);
			setup(state);
		}
	}
}

static void test_a_failing_write_refuses_its_group_and_recovers(void **state)
{
	static const char *const points[] = {"pack_write", "pack_sync", "ledger_commit", "pack_create"};
	static const char *const kinds[] = {"enospc", "eio"};
	for (size_t p = 0; p < 4; p++) {
		for (size_t k = 0; k < 2; k++) {
			struct place places[200];
			char fault[64];
			snprintf(fault, sizeof fault, "%s:%d:%s", points[p], p == 3 ? 1 : 2, kinds[k]);
			size_t n = run_child(fault, places, 200);
			assert_int_equal(n, 19 * GROUP);
			ledger = test_spool_open(&spool, NOW, NULL);
			assert_kept(places, n, n);
			teardown(state);
			setup(state);
		}
	}
}

#endif

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_an_accepted_message_is_an_arrival_of_each_reader),
		T(test_a_record_with_a_wrong_mac_is_refused),
		T(test_one_bad_record_does_not_spoil_its_group),
		T(test_unref_frees_quota_at_once_and_the_record_after_the_grace),
		T(test_a_dropped_ref_is_wanted_again_within_its_time_only),
		T(test_what_is_dropped_for_good_goes_with_the_next_sweep),
		T(test_own_ref_has_its_seq_in_the_answer),
		T(test_remote_recipients_wait_until_they_are_done),
		T(test_an_owed_notification_keeps_its_record_until_it_is_accepted),
		T(test_a_wanted_success_notification_is_owed_for_a_local_reader),
		T(test_removing_an_account_frees_its_records),
		T(test_lost_database_is_rebuilt_with_the_same_seqs_and_a_higher_incarnation),
		T(test_damaged_database_is_set_aside_and_rebuilt),
		T(test_rebuild_sends_no_mail_again_that_is_older_than_the_retry_time),
		T(test_reasons_to_hold_are_apart),
		T(test_rebuild_keeps_what_is_on_hold),
		T(test_compaction_keeps_every_live_record),
		T(test_a_pack_without_live_records_is_removed_and_stays_so),
#ifdef LETTERLOCK_FAULTS
		T(test_a_kill_at_any_point_loses_nothing_acknowledged),
		T(test_a_failing_write_refuses_its_group_and_recovers),
#endif
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
