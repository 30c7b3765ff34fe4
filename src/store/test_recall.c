/* Orders to take letters back, as the mailbox of a reader meets them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "store/test_rig.h"

#define OPS(r) ((r)->mailboxes->ops)
#define A(r) ((r)->mailboxes)

static const struct slice LETTER = SLICE_INIT("From: a@example.org\r\nSubject: Hello\r\nMessage-ID: <1@x>\r\n\r\nBody text here\r\n");

static int setup(void **state)
{
	struct rig *r = memory_alloc(sizeof *r);

	rig_start(r);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	rig_stop(*state);
	memory_free(*state);
	return 0;
}

static uint64_t deliver(struct rig *r)
{
	return rig_deliver(r, SLICE_NONE, LETTER)->seq;
}

static void flag(struct rig *r, const char *mailbox, uint32_t uid, uint32_t flags, const char *keyword)
{
	struct mailbox_ref ref = rig_mailbox(r, mailbox);
	struct flag_set set = {.system = flags};
	struct uid_set uids = {0};
	uint64_t modseq;
	unsigned index;

	if (keyword != NULL) {
		assert_int_equal(OPS(r)->keyword(A(r), slice_str(keyword), true, &index, NULL), 0);
		set.keywords = UINT64_C(1) << index;
	}
	uid_set_add(&uids, uid);
	assert_int_equal(OPS(r)->store(A(r), &ref, &uids, FLAGS_ADD, set, UINT64_MAX, NULL, &modseq, NULL), 0);
	uid_set_free(&uids);
}

static bool given_back(struct rig *r, uint64_t seq)
{
	uint64_t seqs[100];
	size_t n = store_account_unrefs(r->account, false, seqs, 100);

	for (size_t i = 0; i < n; i++)
		if (seqs[i] == seq)
			return true;
	return false;
}

static void an_unread_letter_goes_and_is_told_to_have_gone(void **state)
{
	struct rig *r = *state;
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX");
	struct uid_set gone = {0};
	uint64_t letter = deliver(r), order, before;

	rig_file(r);
	before = rig_status(r, "INBOX").highest_modseq;
	order = rig_recall(r, letter, false);
	rig_file(r);
	assert_int_equal(rig_status(r, "INBOX").messages, 0);
	assert_int_equal(rig_answer(r, order), STORE_RECALL_DONE);
	assert_true(given_back(r, letter));
	assert_int_equal(OPS(r)->vanished(A(r), &inbox, before, &gone, NULL), 0);
	assert_int_equal(gone.count, 1);
	assert_true(r->soon);
	rig_run(r);
	uid_set_free(&gone);
	assert_int_equal(rig_check(r), 0);
}

static void one_that_was_not_filed_yet_is_never_seen(void **state)
{
	struct rig *r = *state;
	uint64_t first = deliver(r), second = deliver(r), order = rig_recall(r, first, false);

	(void)second;
	rig_file(r);
	assert_int_equal(rig_status(r, "INBOX").messages, 1);
	assert_int_equal(rig_status(r, "INBOX").uid_next, 2);
	assert_int_equal(rig_answer(r, order), STORE_RECALL_DONE);
	assert_true(given_back(r, first));
	assert_int_equal(rig_check(r), 0);
}

static void one_that_was_read_stays(void **state)
{
	static const struct { uint32_t flags; const char *keyword; } reads[] = {{FLAG_SEEN, NULL}, {FLAG_ANSWERED, NULL}, {0, "$Forwarded"}};
	struct rig *r = *state;

	for (uint32_t i = 0; i < 3; i++) {
		uint64_t letter = deliver(r), order;

		rig_file(r);
		flag(r, "INBOX", i + 1, reads[i].flags, reads[i].keyword);
		order = rig_recall(r, letter, false);
		rig_file(r);
		assert_int_equal(rig_answer(r, order), STORE_RECALL_READ);
		assert_false(given_back(r, letter));
	}
	assert_int_equal(rig_status(r, "INBOX").messages, 3);
	/* But for an order that does not ask. */
	rig_recall(r, r->ledger[0].seq, true);
	rig_file(r);
	assert_int_equal(rig_status(r, "INBOX").messages, 2);
	assert_int_equal(rig_check(r), 0);
}

static void all_its_copies_count(void **state)
{
	struct rig *r = *state;
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX"), archive = rig_mailbox(r, "Archive");
	struct copy_result copied = {0};
	struct arena arena = ARENA_INIT;
	struct uid_set uids = {0};
	uint64_t letter = deliver(r), order;

	rig_file(r);
	uid_set_add(&uids, 1);
	assert_int_equal(OPS(r)->copy(A(r), &inbox, &uids, &archive, false, &arena, &copied, NULL), 0);
	flag(r, "Archive", 1, FLAG_SEEN, NULL);
	order = rig_recall(r, letter, false);
	rig_file(r);
	assert_int_equal(rig_answer(r, order), STORE_RECALL_READ);
	assert_int_equal(rig_status(r, "INBOX").messages, 1);
	rig_recall(r, letter, true);
	rig_file(r);
	assert_int_equal(rig_status(r, "INBOX").messages + rig_status(r, "Archive").messages, 0);
	uid_set_free(&uids);
	arena_free(&arena);
	assert_int_equal(rig_check(r), 0);
}

static void one_that_was_deleted_is_said_to_be_gone(void **state)
{
	struct rig *r = *state;
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX");
	struct uid_set uids = {0};
	uint64_t letter = deliver(r), order;

	rig_file(r);
	uid_set_add(&uids, 1);
	assert_int_equal(OPS(r)->expunge(A(r), &inbox, &uids, true, NULL, NULL), 0);
	order = rig_recall(r, letter, false);
	rig_file(r);
	assert_int_equal(rig_answer(r, order), STORE_RECALL_GONE);
	order = rig_recall(r, 4711, false);
	rig_file(r);
	assert_int_equal(rig_answer(r, order), STORE_RECALL_GONE);
	uid_set_free(&uids);
}

/* The answer is durable with what it says; met again, an order changes nothing. */
static void a_crash_loses_no_answer(void **state)
{
	struct rig *r = *state;
	uint64_t letter = deliver(r), order;

	rig_file(r);
	order = rig_recall(r, letter, false);
	rig_file(r);
	rig_crash(r);
	assert_true(store_account_cursor(r->account) >= order);
	assert_int_equal(rig_answer(r, order), STORE_RECALL_DONE);
	assert_int_equal(rig_status(r, "INBOX").messages, 0);
	rig_file(r);
	assert_int_equal(rig_status(r, "INBOX").messages, 0);
	assert_int_equal(rig_check(r), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(an_unread_letter_goes_and_is_told_to_have_gone), T(one_that_was_not_filed_yet_is_never_seen), T(one_that_was_read_stays),
		T(all_its_copies_count), T(one_that_was_deleted_is_said_to_be_gone), T(a_crash_loses_no_answer),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
