/* What was expunged and can be had back (docs/account-db.md, "The bin"). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/test_rig.h"
#include "sys/file.h"

#define OPS(r) ((r)->mailboxes->ops)
#define A(r) ((r)->mailboxes)
#define WEEK INT64_C(604800)
#define UNREFS_MAX 500

static const struct slice LETTER = SLICE_INIT("From: a@example.org\r\nSubject: Hello\r\nMessage-ID: <1@x>\r\n\r\nBody text here\r\n");

static int setup(void **state)
{
	struct rig *r = memory_alloc(sizeof *r);

	rig_start(r);
	r->bin_seconds = WEEK;
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	rig_stop(*state);
	memory_free(*state);
	return 0;
}

/* ---- helpers ---- */

/* A letter that has arrived in a mailbox; its seq. */
static uint64_t deliver(struct rig *r, const char *mailbox)
{
	uint64_t seq = rig_deliver(r, slice_str(mailbox), LETTER)->seq;

	rig_file(r);
	return seq;
}

static int take_uid(void *arg, const struct message_row *row)
{
	uid_set_add(arg, row->uid);
	return 0;
}

static void flag_all(struct rig *r, const char *mailbox, struct flag_set flags)
{
	struct mailbox_ref ref = rig_mailbox(r, mailbox);
	struct uid_set uids = {0};
	uint64_t modseq;

	assert_int_equal(OPS(r)->messages(A(r), &ref, 1, UINT32_MAX, 0, take_uid, &uids, NULL), 0);
	assert_int_equal(OPS(r)->store(A(r), &ref, &uids, FLAGS_ADD, flags, UINT64_MAX, NULL, &modseq, NULL), 0);
	uid_set_free(&uids);
}

static void expunge_all(struct rig *r, const char *mailbox)
{
	struct mailbox_ref ref = rig_mailbox(r, mailbox);

	assert_int_equal(OPS(r)->expunge(A(r), &ref, NULL, true, NULL, NULL), 0);
}

static void pass_all(struct rig *r, const char *from, const char *to, bool move)
{
	struct mailbox_ref source = rig_mailbox(r, from), target = rig_mailbox(r, to);
	struct uid_set uids = {0};
	struct copy_result result;
	struct arena arena = ARENA_INIT;

	assert_int_equal(OPS(r)->messages(A(r), &source, 1, UINT32_MAX, 0, take_uid, &uids, NULL), 0);
	assert_int_equal(OPS(r)->copy(A(r), &source, &uids, &target, move, &arena, &result, NULL), 0);
	uid_set_free(&uids);
	arena_free(&arena);
}

struct listing {
	struct binned last;
	size_t count, with_digest;
};

static int list_one(void *arg, const struct binned *b, struct slice digest)
{
	struct listing *l = arg;

	l->last = *b;
	l->count++;
	l->with_digest += digest.n > 0;
	return 0;
}

static struct listing bin(struct rig *r)
{
	struct listing l = {0};

	assert_int_equal(OPS(r)->bin(A(r), 0, list_one, &l, NULL), 0);
	return l;
}

struct answer {
	unsigned calls;
	int code;
	struct mailbox_ref mailbox;
};

static void on_restored(void *arg, int code, const struct mailbox_ref *mailbox)
{
	struct answer *a = arg;

	a->calls++;
	a->code = code;
	a->mailbox = *mailbox;
}

static struct answer restore(struct rig *r, uint64_t number, const struct mailbox_ref *to)
{
	struct answer a = {0};

	OPS(r)->restore(A(r), number, to, on_restored, &a);
	assert_int_equal(a.calls, 0);
	rig_run(r);
	assert_int_equal(a.calls, 1);
	return a;
}

static bool is_unref(struct rig *r, uint64_t seq, bool now)
{
	uint64_t seqs[UNREFS_MAX];
	size_t n = store_account_unrefs(r->account, now, seqs, UNREFS_MAX);

	for (size_t i = 0; i < n; i++)
		if (seqs[i] == seq)
			return true;
	return false;
}

static uint64_t used(struct rig *r)
{
	uint64_t ret = 0, limit, count;

	assert_int_equal(OPS(r)->quota(A(r), &ret, &limit, &count, NULL), 0);
	return ret;
}

static bool sweep(struct rig *r)
{
	bool more = false;

	assert_int_equal(store_account_bin_sweep(r->account, &more, NULL), 0);
	return more;
}

static void assert_mailbox(struct rig *r, const struct mailbox_ref *ref, const char *name)
{
	struct mailbox_ref expected = rig_mailbox(r, name);

	assert_memory_equal(ref, &expected, sizeof expected);
}

/* ---- what lies there ---- */

static void what_is_expunged_is_listed_until_its_time(void **state)
{
	struct rig *r = *state;
	uint64_t seq = deliver(r, "Archive");
	struct listing l;

	flag_all(r, "Archive", (struct flag_set){.system = FLAG_SEEN | FLAG_FLAGGED});
	r->now += 100;
	assert_int_equal(bin(r).count, 0);
	expunge_all(r, "Archive");
	l = bin(r);
	assert_int_equal(l.count, 1);
	assert_int_equal(l.with_digest, 1);
	assert_int_equal(l.last.gone, r->now);
	assert_int_equal(l.last.until, r->now + WEEK);
	assert_int_equal(l.last.flags.system & (FLAG_SEEN | FLAG_FLAGGED), FLAG_SEEN | FLAG_FLAGGED);
	assert_mailbox(r, &l.last.mailbox, "Archive");
	assert_int_equal(used(r), 0);
	assert_true(is_unref(r, seq, false));
	assert_int_equal(rig_check(r), 0);
	r->now += WEEK - 1;
	assert_int_equal(bin(r).count, 1);
	r->now++;
	assert_int_equal(bin(r).count, 0);
}

static void nothing_is_kept_when_there_is_no_time_for_it(void **state)
{
	struct rig *r = *state;
	uint64_t seq = deliver(r, "INBOX");

	r->bin_seconds = 0;
	expunge_all(r, "INBOX");
	r->bin_seconds = WEEK;
	assert_int_equal(bin(r).count, 0);
	assert_true(is_unref(r, seq, false) || is_unref(r, seq, true));
	assert_int_equal(rig_check(r), 0);
}

static void a_letter_with_another_copy_is_not_in_the_bin(void **state)
{
	struct rig *r = *state;
	uint64_t seq = deliver(r, "INBOX");

	pass_all(r, "INBOX", "Archive", false);
	expunge_all(r, "INBOX");
	assert_int_equal(bin(r).count, 0);
	assert_false(is_unref(r, seq, false));
	expunge_all(r, "Archive");
	assert_int_equal(bin(r).count, 1);
}

static void a_shorter_time_holds_at_once_and_a_longer_one_for_what_follows(void **state)
{
	struct rig *r = *state;

	deliver(r, "INBOX");
	expunge_all(r, "INBOX");
	r->bin_seconds = 10 * WEEK;
	assert_int_equal(bin(r).last.until, r->now + WEEK);
	r->bin_seconds = WEEK / 7;
	assert_int_equal(bin(r).last.until, r->now + WEEK / 7);
	r->now += WEEK / 7;
	assert_int_equal(bin(r).count, 0);
}

static void on_appended(void *arg, enum error_code code, uint32_t validity, uint32_t uid)
{
	assert_int_equal(code, 0);
	++*(unsigned *)arg;
}

static void drafts_that_are_written_over_are_not_kept(void **state)
{
	struct rig *r = *state;
	int fd = memfd_from_slice("m", LETTER, NULL);
	struct append_input in = {.mailbox = rig_mailbox(r, "Drafts"), .fd = fd, .size = LETTER.n, .flags = {FLAG_DRAFT, 0}, .internal_date = r->now};
	unsigned calls = 0;

	OPS(r)->append(A(r), &in, 1, on_appended, &calls);
	close(fd);
	rig_run(r);
	assert_int_equal(calls, 1);
	expunge_all(r, "Drafts");
	assert_int_equal(bin(r).count, 0);
	assert_int_equal(rig_check(r), 0);
}

/* ---- back again ---- */

static int take_row(void *arg, const struct message_row *row)
{
	*(struct message_row *)arg = *row;
	return 0;
}

static void a_letter_comes_back_to_where_it_was(void **state)
{
	struct rig *r = *state;
	uint64_t seq = deliver(r, "Archive");
	struct mailbox_ref archive = rig_mailbox(r, "Archive");
	struct message_row before, after;
	struct listing l;
	struct answer a;

	flag_all(r, "Archive", (struct flag_set){.system = FLAG_FLAGGED | FLAG_DELETED});
	assert_int_equal(OPS(r)->messages(A(r), &archive, 1, UINT32_MAX, 0, take_row, &before, NULL), 0);
	expunge_all(r, "Archive");
	l = bin(r);
	assert_memory_equal(l.last.email_id, before.email_id, sizeof before.email_id);
	a = restore(r, l.last.number, NULL);
	assert_int_equal(a.code, 0);
	assert_mailbox(r, &a.mailbox, "Archive");
	assert_int_equal(r->kept, seq);
	assert_int_equal(rig_status(r, "Archive").messages, 1);
	assert_int_equal(OPS(r)->messages(A(r), &archive, 1, UINT32_MAX, 0, take_row, &after, NULL), 0);
	assert_memory_equal(after.email_id, before.email_id, sizeof before.email_id);
	assert_memory_equal(after.thread_id, before.thread_id, sizeof before.thread_id);
	assert_int_equal(after.internal_date, before.internal_date);
	assert_int_equal(after.flags.system, before.flags.system & ~(uint32_t)FLAG_DELETED);
	assert_true(after.uid > before.uid);
	assert_int_equal(bin(r).count, 0);
	assert_false(is_unref(r, seq, false));
	assert_true(used(r) > 0);
	assert_int_equal(rig_check(r), 0);
	rig_reopen(r);
	assert_int_equal(rig_status(r, "Archive").messages, 1);
}

static void out_of_the_trash_and_out_of_nowhere_it_comes_into_inbox(void **state)
{
	struct rig *r = *state;
	struct mailbox_ref made;
	struct answer a;

	deliver(r, "INBOX");
	pass_all(r, "INBOX", "Trash", true);
	expunge_all(r, "Trash");
	a = restore(r, bin(r).last.number, NULL);
	assert_int_equal(a.code, 0);
	assert_mailbox(r, &a.mailbox, "INBOX");
	assert_int_equal(OPS(r)->create(A(r), SLICE("Projects"), 0, &made, NULL), 0);
	pass_all(r, "INBOX", "Projects", true);
	expunge_all(r, "Projects");
	assert_int_equal(OPS(r)->remove(A(r), SLICE("Projects"), NULL), 0);
	a = restore(r, bin(r).last.number, NULL);
	assert_int_equal(a.code, 0);
	assert_mailbox(r, &a.mailbox, "INBOX");
	assert_int_equal(rig_check(r), 0);
}

static void it_comes_into_the_mailbox_that_is_named(void **state)
{
	struct rig *r = *state;
	struct mailbox_ref archive = rig_mailbox(r, "Archive"), nowhere = {{7}};
	uint64_t number;

	deliver(r, "INBOX");
	expunge_all(r, "INBOX");
	number = bin(r).last.number;
	assert_int_equal(restore(r, number, &nowhere).code, ERR_INVALID);
	assert_int_equal(bin(r).count, 1);
	assert_int_equal(restore(r, number, &archive).code, 0);
	assert_int_equal(rig_status(r, "Archive").messages, 1);
	assert_int_equal(restore(r, number, &archive).code, ERR_NOT_FOUND);
	assert_int_equal(rig_check(r), 0);
}

static void what_the_ledger_does_not_want_stays_and_is_given_back_again(void **state)
{
	static const int codes[] = {ERR_TEMPORARY, ERR_NOT_FOUND};
	struct rig *r = *state;
	uint64_t seq = deliver(r, "INBOX");

	expunge_all(r, "INBOX");
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		r->keep_code = codes[i];
		assert_int_equal(restore(r, bin(r).last.number, NULL).code, codes[i]);
		assert_int_equal(rig_status(r, "INBOX").messages, 0);
		assert_int_equal(bin(r).count, 1);
		assert_true(is_unref(r, seq, false));
	}
	assert_int_equal(rig_check(r), 0);
}

static void quota_holds_for_what_comes_back(void **state)
{
	struct rig *r = *state;
	uint64_t size;

	deliver(r, "INBOX");
	size = used(r);
	expunge_all(r, "INBOX");
	deliver(r, "Archive");
	store_account_set_quota(r->account, size + size / 2);
	assert_int_equal(restore(r, bin(r).last.number, NULL).code, ERR_LIMIT);
	assert_int_equal(bin(r).count, 1);
	store_account_set_quota(r->account, 2 * size);
	assert_int_equal(restore(r, bin(r).last.number, NULL).code, 0);
	assert_int_equal(used(r), 2 * size);
}

static void a_crash_before_the_answer_leaves_it_in_the_bin(void **state)
{
	struct rig *r = *state;
	struct answer a = {0};

	deliver(r, "INBOX");
	expunge_all(r, "INBOX");
	OPS(r)->restore(A(r), bin(r).last.number, NULL, on_restored, &a);
	/* The ledger's answer is lost with the process. */
	assert_int_equal(r->keep_count, 1);
	memory_free(r->keeps[0].arg);
	r->keep_count = 0;
	rig_crash(r);
	assert_int_equal(a.calls, 0);
	assert_int_equal(bin(r).count, 1);
	assert_int_equal(rig_check(r), 0);
	assert_int_equal(restore(r, bin(r).last.number, NULL).code, 0);
	assert_int_equal(rig_status(r, "INBOX").messages, 1);
	assert_int_equal(rig_check(r), 0);
}

/* ---- for good ---- */

static void what_is_shredded_is_let_go_at_once(void **state)
{
	struct rig *r = *state;
	uint64_t seq = deliver(r, "INBOX"), number;

	expunge_all(r, "INBOX");
	number = bin(r).last.number;
	assert_int_equal(OPS(r)->shred(A(r), number, NULL), 0);
	assert_int_equal(bin(r).count, 0);
	assert_true(is_unref(r, seq, true));
	assert_int_equal(OPS(r)->shred(A(r), number, NULL), ERR_NOT_FOUND);
	assert_int_equal(restore(r, number, NULL).code, ERR_NOT_FOUND);
	assert_int_equal(rig_check(r), 0);
}

static void the_sweep_lets_go_of_what_was_there_for_its_time(void **state)
{
	struct rig *r = *state;
	uint64_t early, late;

	early = deliver(r, "INBOX");
	expunge_all(r, "INBOX");
	r->now += WEEK / 2;
	late = deliver(r, "INBOX");
	expunge_all(r, "INBOX");
	assert_false(sweep(r));
	assert_int_equal(bin(r).count, 2);
	r->now += WEEK / 2 + 1;
	assert_false(sweep(r));
	assert_int_equal(bin(r).count, 1);
	assert_true(is_unref(r, early, true));
	assert_false(is_unref(r, late, true));
	assert_int_equal(rig_check(r), 0);
}

static void a_sweep_takes_a_batch_at_a_time(void **state)
{
	struct rig *r = *state;
	uint64_t seqs[UNREFS_MAX];

	rig_deliver_many(r, STORE_BIN_BATCH + 5);
	rig_file(r);
	expunge_all(r, "INBOX");
	r->now += WEEK + 1;
	assert_true(sweep(r));
	assert_int_equal(store_account_unrefs(r->account, true, seqs, UNREFS_MAX), STORE_BIN_BATCH);
	assert_false(sweep(r));
	assert_int_equal(store_account_unrefs(r->account, true, seqs, UNREFS_MAX), STORE_BIN_BATCH + 5);
	assert_int_equal(rig_check(r), 0);
}

static void old_trash_goes_into_the_bin(void **state)
{
	struct rig *r = *state;
	struct listing l;
	bool more = true;

	deliver(r, "INBOX");
	pass_all(r, "INBOX", "Trash", true);
	r->now += 1000;
	deliver(r, "INBOX");
	pass_all(r, "INBOX", "Trash", true);
	assert_int_equal(store_account_trash_sweep(r->account, r->now - 500, &more, NULL), 0);
	assert_false(more);
	assert_int_equal(rig_status(r, "Trash").messages, 1);
	l = bin(r);
	assert_int_equal(l.count, 1);
	assert_mailbox(r, &l.last.mailbox, "Trash");
	assert_int_equal(rig_check(r), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_expunged_is_listed_until_its_time),
		TEST(nothing_is_kept_when_there_is_no_time_for_it),
		TEST(a_letter_with_another_copy_is_not_in_the_bin),
		TEST(a_shorter_time_holds_at_once_and_a_longer_one_for_what_follows),
		TEST(drafts_that_are_written_over_are_not_kept),
		TEST(a_letter_comes_back_to_where_it_was),
		TEST(out_of_the_trash_and_out_of_nowhere_it_comes_into_inbox),
		TEST(it_comes_into_the_mailbox_that_is_named),
		TEST(what_the_ledger_does_not_want_stays_and_is_given_back_again),
		TEST(quota_holds_for_what_comes_back),
		TEST(a_crash_before_the_answer_leaves_it_in_the_bin),
		TEST(what_is_shredded_is_let_go_at_once),
		TEST(the_sweep_lets_go_of_what_was_there_for_its_time),
		TEST(a_sweep_takes_a_batch_at_a_time),
		TEST(old_trash_goes_into_the_bin),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("store_bin", tests, NULL, NULL);
}
