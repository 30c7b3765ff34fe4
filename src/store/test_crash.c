/* The process dies at a failpoint; the account is opened again. Without -Dfaults=true there is nothing to test. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/memory.h"
#include "crypt/crypt.h"
#include "mime/text.h"
#include "store/test_rig.h"
#include "sys/fault.h"
#include "sys/file.h"

#ifdef LETTERLOCK_FAULTS

#define OPS(r) ((r)->mailboxes->ops)

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

typedef void act_fn(struct rig *r);

/* Runs `act` in a child that dies at the fault, then opens the account here. */
static void die_in(struct rig *r, const char *fault, act_fn *act)
{
	int status;
	pid_t child;

	store_account_close(&r->account);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		setenv("LETTERLOCK_FAULT", fault, 1);
		rig_open(r);
		fault_setup("mail");
		act(r);
		_exit(7);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	rig_open(r);
}

static void expect_whole(struct rig *r, const char *mailbox, uint32_t messages)
{
	assert_int_equal(rig_status(r, mailbox).messages, messages);
	assert_int_equal(rig_check(r), 0);
}

static int none_opaque(void *arg, const struct message_row *row, struct slice digest, uint32_t prefix)
{
	struct arena arena = ARENA_INIT;
	struct digest d;

	assert_int_equal(digest_decode(digest, &arena, &d), 0);
	assert_false(d.opaque);
	arena_free(&arena);
	return 0;
}

static void filing_that_died_is_done_again(void **state)
{
	static const char *const FAULTS[] = {"filed:1:kill", "account_committed:1:kill", "account_committed:2:kill"};

	for (size_t i = 0; i < 3; i++) {
		struct rig *r = *state;
		struct mailbox_ref inbox = rig_mailbox(r, "INBOX");
		uint32_t before = rig_status(r, "INBOX").messages, next = rig_status(r, "INBOX").uid_next;
		struct uid_set all = {0};

		rig_deliver_many(r, i == 2 ? 600 : 20); /* more than a batch */
		die_in(r, FAULTS[i], rig_file);
		assert_true(rig_status(r, "INBOX").uid_next >= next);
		rig_file(r);
		expect_whole(r, "INBOX", before + (i == 2 ? 600 : 20));
		uid_set_add_range(&all, 1, UINT32_MAX);
		assert_int_equal(OPS(r)->messages_with_digest(r->mailboxes, &inbox, &all, false, none_opaque, NULL, NULL), 0);
		uid_set_free(&all);
	}
}

static void expunge_some(struct rig *r)
{
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX");
	struct uid_set some = {0};

	uid_set_add_range(&some, 1, 3);
	OPS(r)->expunge(r->mailboxes, &inbox, &some, true, NULL, NULL);
}

static void an_expunge_that_was_committed_gives_back(void **state)
{
	struct rig *r = *state;
	uint64_t seqs[8];

	rig_deliver_many(r, 5);
	rig_file(r);
	die_in(r, "account_committed:1:kill", expunge_some);
	expect_whole(r, "INBOX", 2);
	assert_int_equal(store_account_unrefs(r->account, false, seqs, 8), 3);
	rig_file(r);
	expect_whole(r, "INBOX", 2);
}

static void on_append(void *arg, enum error_code code, uint32_t validity, uint32_t uid)
{
}

static void append_one(struct rig *r)
{
	int fd = memfd_from_slice("m", SLICE("Subject: x\r\n\r\ny\r\n"), NULL);
	struct append_input in = {.mailbox = rig_mailbox(r, "Sent"), .fd = fd, .size = 17};

	OPS(r)->append(r->mailboxes, &in, 1, on_append, NULL);
	rig_run(r);
}

static void an_append_that_was_committed_is_there(void **state)
{
	struct rig *r = *state;

	die_in(r, "account_committed:1:kill", append_one);
	expect_whole(r, "Sent", 1);
}

static void move_all(struct rig *r)
{
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX"), archive = rig_mailbox(r, "Archive");
	struct uid_set all = {0};
	struct copy_result copied;
	struct arena arena = ARENA_INIT;

	uid_set_add_range(&all, 1, UINT32_MAX);
	OPS(r)->copy(r->mailboxes, &inbox, &all, &archive, true, &arena, &copied, NULL);
}

static void a_move_is_whole(void **state)
{
	struct rig *r = *state;

	rig_deliver_many(r, 30);
	rig_file(r);
	die_in(r, "account_committed:1:kill", move_all);
	expect_whole(r, "INBOX", 0);
	expect_whole(r, "Archive", 30);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		T(filing_that_died_is_done_again), T(an_expunge_that_was_committed_gives_back), T(an_append_that_was_committed_is_there),
		T(a_move_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static int run(void)
{
	puts("1..0 # SKIP built without failpoints");
	return 0;
}

#endif

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	mime_warm();
	return run();
}
