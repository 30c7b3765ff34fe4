/* Letters of the system on their way through queue: auth and filter behind real channels, the ledger is told by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "crypt/crypt.h"
#include "ipc/test_pair.h"
#include "role/queue.h"
#include "sys/file.h"

static struct {
	struct loop *loop;
	struct config *config;
	struct ipc *auth, *queue, *filter;
	struct role_context ctx;
	struct queue_role q;
	bool answered, accepting;
	uint8_t status;              /* that auth was told */
	unsigned composed, accepted;
	uint8_t filter_status;
	queue_accepted_fn *fn;       /* the acceptance that waits */
	void *arg;
} t;

void queue_accept_own(struct queue_role *q, int record, const struct ledger_mark *marks, size_t mark_count, queue_accepted_fn *fn, void *arg)
{
	assert_true(record >= 0);
	assert_int_equal(mark_count, 0);
	close(record);
	t.accepted++;
	t.fn = fn;
	t.arg = arg;
	t.accepting = true;
}

static void compose(void *arg, struct ipc_call *call, const void *message)
{
	const struct ipc_filter_notice *request = message;
	struct ipc_filter_notice_reply reply = {.status = t.filter_status, .record = t.filter_status == 0 ? memfd_from_slice("record", SLICE("x"), NULL) : -1};
	assert_true(slice_eq(request->name, SLICE("password.changed")) && slice_eq(request->language, SLICE("en"))
		&& slice_eq(request->fact, SLICE("fact")) && slice_eq(request->domain, SLICE("example.org")) && slice_eq(request->args, SLICE("time=1\n")));
	assert_true(request->cid.n > 0 && request->now_ms > 0);
	t.composed++;
	ipc_reply(call, &reply);
	file_close(&reply.record);
}

static int setup(void **state)
{
	memset(&t, 0, sizeof t);
	t.loop = loop_create();
	t.auth = ipc_create(t.loop, ROLE_AUTH, 0);
	t.queue = ipc_create(t.loop, ROLE_QUEUE, 0);
	t.filter = ipc_create(t.loop, ROLE_FILTER, 0);
	t.config = config_default();
	t.ctx = (struct role_context){.role = ROLE_QUEUE, .loop = t.loop, .ipc = t.queue, .config = t.config};
	t.q.ctx = &t.ctx;
	queue_letter_setup(&t.q);
	ipc_handle(t.filter, IPC_FILTER_NOTICE, compose, NULL);
	ipc_test_join(t.auth, t.queue);
	ipc_test_join(t.queue, t.filter);
	return 0;
}

static int teardown(void **state)
{
	ipc_destroy(&t.auth);
	ipc_destroy(&t.queue);
	ipc_destroy(&t.filter);
	config_free(&t.config);
	loop_destroy(&t.loop);
	return 0;
}

static void on_answer(void *arg, enum ipc_outcome outcome, const void *message)
{
	const struct ipc_queue_notice_reply *reply = message;
	assert_int_equal(outcome, IPC_OK);
	t.status = reply->status;
	t.answered = true;
}

static void ask(void)
{
	struct ipc_queue_notice request = {.name = SLICE("password.changed"), .language = SLICE("en"), .fact = SLICE("fact"), .domain = SLICE("example.org"),
		.args = SLICE("time=1\n")};
	t.answered = t.accepting = false;
	ipc_request(t.auth, IPC_QUEUE_NOTICE, IPC_ANY, &request, on_answer, NULL);
}

static void the_answer_waits_until_the_letter_is_durable(void **state)
{
	ask();
	assert_true(ipc_test_run_until(t.loop, &t.accepting, 30000));
	assert_false(t.answered);
	t.fn(&t.q, t.arg, QUEUE_OK);
	assert_true(ipc_test_run_until(t.loop, &t.answered, 30000));
	assert_int_equal(t.status, 0);
	assert_int_equal(t.composed, 1);
}

static void a_letter_that_was_not_taken_is_said(void **state)
{
	static const enum queue_result results[] = {QUEUE_FULL, QUEUE_REFUSED, QUEUE_ERROR};
	for (size_t i = 0; i < 3; i++) {
		ask();
		assert_true(ipc_test_run_until(t.loop, &t.accepting, 30000));
		t.fn(&t.q, t.arg, results[i]);
		assert_true(ipc_test_run_until(t.loop, &t.answered, 30000));
		assert_true(t.status != 0);
	}
}

static void a_letter_that_was_not_written_is_not_accepted(void **state)
{
	t.filter_status = 1;
	ask();
	assert_true(ipc_test_run_until(t.loop, &t.answered, 30000));
	assert_true(t.status != 0);
	assert_int_equal(t.accepted, 0);
}

static void a_full_disk_and_a_stop_refuse_at_once(void **state)
{
	for (int i = 0; i < 2; i++) {
		t.q.full = i == 0;
		t.q.stopping = i == 1;
		ask();
		assert_true(ipc_test_run_until(t.loop, &t.answered, 30000));
		assert_true(t.status != 0);
	}
	assert_int_equal(t.composed, 0);
}

static void without_filter_nothing_is_promised(void **state)
{
	ipc_destroy(&t.filter);
	ask();
	assert_true(ipc_test_run_until(t.loop, &t.answered, 30000));
	assert_true(t.status != 0);
	assert_int_equal(t.accepted, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_answer_waits_until_the_letter_is_durable),
		TEST(a_letter_that_was_not_taken_is_said),
		TEST(a_letter_that_was_not_written_is_not_accepted),
		TEST(a_full_disk_and_a_stop_refuse_at_once),
		TEST(without_filter_nothing_is_promised),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	return cmocka_run_group_tests_name("role_letter", tests, NULL, NULL);
}
