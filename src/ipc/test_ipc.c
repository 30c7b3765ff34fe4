#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/ensure.h"
#include "base/error.h"
#include "base/memory.h"
#include "ipc/codec.h"
#include "ipc/test_pair.h"

struct bench {
	struct loop *loop;
	struct ipc_test_pair pair;
	bool done;
	unsigned replies, handled, gone, absent, busy, timeouts, violations, shortages;
	uint8_t reply_data[64];
	size_t reply_len;
	struct ipc_call **kept;
	unsigned kept_count;
	unsigned target;
	int received_fd;
};

static struct bench bench_new(enum role a, enum role b)
{
	struct bench t = {.received_fd = -1};
	t.loop = loop_create();
	t.pair = ipc_test_pair_create(t.loop, a, b);
	return t;
}

/* Behind the end of their channels, replies only free the calls. */
static void kept_free(struct bench *t)
{
	while (t->kept_count > 0)
		ipc_reply(t->kept[--t->kept_count], NULL);
	memory_free(t->kept);
	t->kept = NULL;
}

static void bench_free(struct bench *t)
{
	ipc_test_pair_free(&t->pair);
	kept_free(t);
	loop_destroy(&t->loop);
}

static void count_reply(void *arg, enum ipc_outcome outcome, const void *reply)
{
	struct bench *t = arg;
	t->replies += outcome == IPC_OK;
	t->gone += outcome == IPC_GONE;
	t->busy += outcome == IPC_BUSY;
	t->timeouts += outcome == IPC_TIMEOUT;
	t->absent += outcome == IPC_ABSENT;
	assert_true((outcome == IPC_OK) == (reply != NULL));
	if (t->replies + t->gone + t->absent + t->busy + t->timeouts >= t->target)
		t->done = true;
}

static void answer_room(void *arg, struct ipc_call *call, const void *request)
{
	struct bench *t = arg;
	const struct ipc_queue_room *r = request;
	unsigned index = 99;
	assert_int_equal(ipc_call_sender(call, &index), ROLE_CLIENT);
	assert_int_equal(index, 0);
	t->handled++;
	ipc_reply(call, &(struct ipc_queue_room_reply){.result = 0, .used = r->size + 1, .count = 7});
}

static void room_reply(void *arg, enum ipc_outcome outcome, const void *reply)
{
	const struct ipc_queue_room_reply *r = reply;
	if (outcome == IPC_OK) {
		assert_int_equal(r->used, 43);
		assert_int_equal(r->count, 7);
	}
	count_reply(arg, outcome, reply);
}

static void request_and_reply_travel(void **state)
{
	struct bench t = bench_new(ROLE_CLIENT, ROLE_QUEUE);
	t.target = 1;
	ipc_handle(t.pair.b, IPC_QUEUE_ROOM, answer_room, &t);
	ipc_test_join(t.pair.a, t.pair.b);
	ipc_request(t.pair.a, IPC_QUEUE_ROOM, IPC_ANY, &(struct ipc_queue_room){.size = 42}, room_reply, &t);
	assert_int_equal(t.replies, 0);
	assert_true(ipc_test_run_until(t.loop, &t.done, 30000));
	assert_int_equal(t.replies, 1);
	assert_int_equal(ipc_outstanding(t.pair.a), 0);
	assert_int_equal(ipc_open_calls(t.pair.b), 0);
	bench_free(&t);
}

static void take_fd(void *arg, struct ipc_call *call, const void *request)
{
	struct bench *t = arg;
	const struct ipc_queue_accept *r = request;
	assert_true(slice_eq(r->cid, SLICE("c1")));
	t->received_fd = r->record;
	ipc_reply(call, &(struct ipc_queue_accept_reply){.queue_id = SLICE("q"), .seq = 9});
}

static void a_descriptor_travels(void **state)
{
	struct bench t = bench_new(ROLE_MX, ROLE_QUEUE);
	int p[2];
	t.target = 1;
	ipc_handle(t.pair.b, IPC_QUEUE_ACCEPT, take_fd, &t);
	ipc_test_join(t.pair.a, t.pair.b);
	assert_int_equal(pipe(p), 0);
	ipc_request(t.pair.a, IPC_QUEUE_ACCEPT, 0, &(struct ipc_queue_accept){.cid = SLICE("c1"), .record = p[1], .more = -1}, count_reply, &t);
	close(p[1]);
	assert_true(ipc_test_run_until(t.loop, &t.done, 30000));
	assert_int_equal(t.replies, 1);
	char c = 0;
	assert_int_equal(write(t.received_fd, "x", 1), 1);
	assert_int_equal(read(p[0], &c, 1), 1);
	assert_true(fcntl(t.received_fd, F_GETFD) & FD_CLOEXEC);
	close(t.received_fd);
	close(p[0]);
	bench_free(&t);
}

static void note_violation(void *arg, enum role peer, unsigned index, const char *what)
{
	struct bench *t = arg;
	t->violations++;
	t->done = true;
}

static void keep_call(void *arg, struct ipc_call *call, const void *request)
{
	struct bench *t = arg;
	t->kept = memory_grow(t->kept, (t->kept_count + 1) * sizeof *t->kept);
	t->kept[t->kept_count++] = call;
	t->handled++;
	t->done = true;
}

static void a_late_reply_is_dropped_after_the_deadline(void **state)
{
	struct bench t = bench_new(ROLE_CLIENT, ROLE_QUEUE);
	t.target = 1;
	ipc_handle(t.pair.b, IPC_QUEUE_ROOM, keep_call, &t);
	ipc_test_join(t.pair.a, t.pair.b);
	ipc_set_deadline(t.pair.a, 20);
	ipc_request(t.pair.a, IPC_QUEUE_ROOM, 0, &(struct ipc_queue_room){0}, count_reply, &t);
	assert_true(ipc_test_run_until(t.loop, &t.done, 30000));
	t.done = false;
	assert_true(ipc_test_run_until(t.loop, &t.done, 30000));
	assert_int_equal(t.timeouts, 1);
	ipc_reply(t.kept[--t.kept_count], &(struct ipc_queue_room_reply){0});
	bool never = false;
	ipc_test_run_until(t.loop, &never, 20);
	assert_int_equal(t.replies, 0);
	assert_int_equal(t.gone, 0);
	bench_free(&t);
}

static void requests(struct bench *t, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		ipc_request(t->pair.a, IPC_MAIL_TICKET, 0, &(struct ipc_mail_ticket){.credential = i}, count_reply, t);
}

static void keep_ticket(void *arg, struct ipc_call *call, const void *request)
{
	struct bench *t = arg;
	t->kept = memory_grow(t->kept, (t->kept_count + 1) * sizeof *t->kept);
	t->kept[t->kept_count++] = call;
	t->handled++;
}

/* A peer that is slow for long: its requester reaches the limit of the row, and neither is guilty of anything. */
static void late_requests_count_until_they_are_answered(void **state)
{
	struct bench t = bench_new(ROLE_AUTH, ROLE_MAIL);
	unsigned limit = ipc_row(IPC_MAIL_TICKET)->outstanding;
	ipc_handle(t.pair.b, IPC_MAIL_TICKET, keep_ticket, &t);
	ipc_on_violation(t.pair.b, note_violation, &t);
	ipc_test_join(t.pair.a, t.pair.b);
	ipc_set_deadline(t.pair.a, 1);
	t.target = 6 * limit;
	bool never = false;
	for (unsigned round = 0; round < 6; round++) {
		requests(&t, limit);
		ipc_test_run_until(t.loop, &never, 5);
	}
	while (!t.done || t.handled < limit)
		ipc_test_run_until(t.loop, &never, 5);
	assert_int_equal(t.violations, 0);
	assert_int_equal(t.handled, limit);
	assert_int_equal(t.timeouts, limit);
	assert_int_equal(t.busy, 5 * limit);
	assert_int_equal(ipc_outstanding(t.pair.a), 0);
	/* The answers come at last: there is room again. */
	while (t.kept_count > 0)
		ipc_reply(t.kept[--t.kept_count], &(struct ipc_mail_ticket_reply){0});
	ipc_set_deadline(t.pair.a, 0);
	while (t.handled == limit) {
		requests(&t, 1);
		ipc_test_run_until(t.loop, &never, 5);
	}
	assert_int_equal(t.replies, 0);
	bench_free(&t);
}

static void note_shortage(void *arg, enum role peer, unsigned index)
{
	struct bench *t = arg;
	assert_int_equal(peer, ROLE_MX);
	t->shortages++;
}

static void ask_with_descriptor(struct bench *t)
{
	ipc_request(t->pair.a, IPC_QUEUE_ACCEPT, 0, &(struct ipc_queue_accept){.cid = SLICE("c1"), .record = STDERR_FILENO, .more = -1}, count_reply, t);
}

static void without_descriptors_a_request_fails_and_its_sender_lives(void **state)
{
	struct bench t = bench_new(ROLE_MX, ROLE_QUEUE);
	struct rlimit before, none;
	ipc_handle(t.pair.b, IPC_QUEUE_ACCEPT, take_fd, &t);
	ipc_on_violation(t.pair.b, note_violation, &t);
	ipc_on_shortage(t.pair.b, note_shortage, &t);
	ipc_test_join(t.pair.a, t.pair.b);
	t.target = 1;
	ask_with_descriptor(&t);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_true(ipc_test_run_until(t.loop, &t.done, 30000));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(t.gone, 1);
	assert_int_equal(t.shortages, 1);
	assert_int_equal(t.violations, 0);
	t.done = false;
	t.target = 2;
	ask_with_descriptor(&t);
	assert_true(ipc_test_run_until(t.loop, &t.done, 30000));
	assert_int_equal(t.replies, 1);
	close(t.received_fd);
	bench_free(&t);
}

/* The socket is full, so the message would wait with descriptors of its own. */
static void without_descriptors_here_a_request_is_busy_at_once(void **state)
{
	struct bench t = bench_new(ROLE_MX, ROLE_QUEUE);
	struct rlimit before, none;
	ipc_test_join(t.pair.a, t.pair.b);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	t.target = 4000;
	for (unsigned i = 0; i < t.target; i++)
		ask_with_descriptor(&t);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(ipc_test_run_until(t.loop, &t.done, 30000));
	assert_true(t.busy > 0);
	assert_int_equal(t.busy + t.gone, t.target);
	assert_int_equal(ipc_outstanding(t.pair.a), 0);
	bench_free(&t);
}

static void a_dead_peer_ends_what_is_in_flight(void **state)
{
	struct bench t = bench_new(ROLE_CLIENT, ROLE_QUEUE);
	t.target = 2;
	ipc_handle(t.pair.b, IPC_QUEUE_ROOM, keep_call, &t);
	ipc_test_join(t.pair.a, t.pair.b);
	for (int i = 0; i < 2; i++)
		ipc_request(t.pair.a, IPC_QUEUE_ROOM, 0, &(struct ipc_queue_room){0}, count_reply, &t);
	assert_true(ipc_test_run_until(t.loop, &t.done, 30000));
	t.done = false;
	ipc_destroy(&t.pair.b);
	assert_true(ipc_test_run_until(t.loop, &t.done, 30000));
	assert_int_equal(t.gone, 2);
	/* A new instance takes over. */
	t.done = false;
	t.target = 3;
	t.pair.b = ipc_create(t.loop, ROLE_QUEUE, 0);
	ipc_handle(t.pair.b, IPC_QUEUE_ROOM, answer_room, &t);
	ipc_test_join(t.pair.a, t.pair.b);
	ipc_request(t.pair.a, IPC_QUEUE_ROOM, 0, &(struct ipc_queue_room){.size = 42}, room_reply, &t);
	assert_true(ipc_test_run_until(t.loop, &t.done, 30000));
	assert_int_equal(t.replies, 1);
	bench_free(&t);
}

static void without_a_peer_the_outcome_is_absent_and_comes_later(void **state)
{
	struct bench t = bench_new(ROLE_CLIENT, ROLE_QUEUE);
	t.target = 1;
	ipc_request(t.pair.a, IPC_QUEUE_ROOM, IPC_ANY, &(struct ipc_queue_room){0}, count_reply, &t);
	assert_int_equal(t.absent, 0);
	assert_true(ipc_test_run_until(t.loop, &t.done, 30000));
	assert_int_equal(t.absent, 1);
	bench_free(&t);
}

static void a_request_that_lies_unread_or_unanswered_keeps_its_receiver(void **state)
{
	struct bench t = bench_new(ROLE_CLIENT, ROLE_QUEUE);
	t.target = 1;
	ipc_handle(t.pair.b, IPC_QUEUE_ROOM, keep_call, &t);
	ipc_test_join(t.pair.a, t.pair.b);
	assert_true(ipc_idle(t.pair.b));
	ipc_request(t.pair.a, IPC_QUEUE_ROOM, 0, &(struct ipc_queue_room){0}, count_reply, &t);
	assert_false(ipc_idle(t.pair.b));
	assert_true(ipc_test_run_until(t.loop, &t.done, 30000));
	assert_int_equal(t.handled, 1);
	assert_false(ipc_idle(t.pair.b));
	t.done = false;
	ipc_reply(t.kept[--t.kept_count], &(struct ipc_queue_room_reply){0});
	assert_true(ipc_test_run_until(t.loop, &t.done, 30000));
	assert_int_equal(t.replies, 1);
	assert_true(ipc_idle(t.pair.b));
	bench_free(&t);
}

/* Who means to end answers what lies before it; what comes later was never sent. */
static void behind_a_shut_door_requests_are_absent(void **state)
{
	struct bench t = bench_new(ROLE_CLIENT, ROLE_QUEUE);
	t.target = 2;
	ipc_handle(t.pair.b, IPC_QUEUE_ROOM, keep_call, &t);
	ipc_test_join(t.pair.a, t.pair.b);
	ipc_request(t.pair.a, IPC_QUEUE_ROOM, 0, &(struct ipc_queue_room){0}, count_reply, &t);
	ipc_shut(t.pair.b);
	ipc_request(t.pair.a, IPC_QUEUE_ROOM, 0, &(struct ipc_queue_room){0}, count_reply, &t);
	assert_false(ipc_idle(t.pair.b));
	while (t.absent == 0) {
		t.done = false;
		(void)ipc_test_run_until(t.loop, &t.done, 30000);
	}
	assert_int_equal(t.handled, 1);
	assert_int_equal(t.absent, 1);
	assert_int_equal(t.gone, 1); /* taken, and not answered before the end of the channel */
	ipc_request(t.pair.a, IPC_QUEUE_ROOM, 0, &(struct ipc_queue_room){0}, count_reply, &t);
	t.done = false;
	assert_true(ipc_test_run_until(t.loop, &t.done, 30000));
	assert_int_equal(t.absent, 2);
	assert_int_equal(t.handled, 1);
	bench_free(&t);
}

static void the_outstanding_limit_gives_busy(void **state)
{
	struct bench t = bench_new(ROLE_QUEUE, ROLE_FILTER);
	unsigned limit = ipc_row(IPC_FILTER_DSN)->outstanding;
	ipc_handle(t.pair.b, IPC_FILTER_DSN, keep_call, &t);
	ipc_test_join(t.pair.a, t.pair.b);
	t.target = 1;
	for (unsigned i = 0; i <= limit; i++)
		ipc_request(t.pair.a, IPC_FILTER_DSN, 0, &(struct ipc_filter_dsn){.original = -1}, count_reply, &t);
	while (t.busy == 0) {
		t.done = false;
		assert_true(ipc_test_run_until(t.loop, &t.done, 30000));
	}
	assert_int_equal(t.busy, 1);
	bench_free(&t);
}

static void an_oversized_request_is_refused_here(void **state)
{
	struct bench t = bench_new(ROLE_AUTH, ROLE_KEY);
	uint8_t *large = memory_alloc(5000);
	t.target = 1;
	ipc_test_join(t.pair.a, t.pair.b);
	ipc_request(t.pair.a, IPC_KEY_HMAC, 0, &(struct ipc_key_hmac){.data = slice_make(large, 5000)}, count_reply, &t);
	assert_true(ipc_test_run_until(t.loop, &t.done, 30000));
	assert_int_equal(t.busy, 1);
	memory_free(large);
	bench_free(&t);
}

static void a_request_without_handler_is_gone(void **state)
{
	struct bench t = bench_new(ROLE_CLIENT, ROLE_QUEUE);
	t.target = 1;
	ipc_test_join(t.pair.a, t.pair.b);
	ipc_request(t.pair.a, IPC_QUEUE_ROOM, 0, &(struct ipc_queue_room){0}, count_reply, &t);
	assert_true(ipc_test_run_until(t.loop, &t.done, 30000));
	assert_int_equal(t.gone, 1);
	bench_free(&t);
}

/* Sends raw bytes as `peer` to an end of role queue; true when that was a violation. */
static bool violates(enum role peer, struct slice bytes)
{
	struct bench t = bench_new(ROLE_QUEUE, ROLE_KEY);
	int fd[2];
	ipc_on_violation(t.pair.a, note_violation, &t);
	ipc_handle(t.pair.a, IPC_QUEUE_ROOM, keep_call, &t);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fd), 0);
	ipc_channel_add(t.pair.a, peer, 0, fd[0]);
	assert_int_equal(send(fd[1], bytes.p, bytes.n, 0), (ssize_t)bytes.n);
	ipc_test_run_until(t.loop, &t.done, 100);
	bool violated = t.violations == 1;
	close(fd[1]);
	bench_free(&t);
	return violated;
}

static void what_the_table_does_not_allow_ends_the_sender(void **state)
{
	struct buf good = BUF_INIT(1000), other = BUF_INIT(1000);
	struct ipc_fds fds;
	ipc_header_put(&good, &(struct ipc_header){IPC_KIND_REQUEST, IPC_QUEUE_ROOM, 1});
	ipc_encode(IPC_QUEUE_ROOM, IPC_KIND_REQUEST, &(struct ipc_queue_room){0}, &good, &fds);
	ipc_header_put(&other, &(struct ipc_header){IPC_KIND_REQUEST, IPC_KEY_HMAC, 1});
	assert_false(violates(ROLE_MX, buf_slice(&good)));
	assert_true(violates(ROLE_RELAY, buf_slice(&good)));
	assert_true(violates(ROLE_MX, buf_slice(&other)));
	assert_true(violates(ROLE_MX, SLICE("\x07\0\0\0\0\0\0\0")));
	assert_true(violates(ROLE_MX, SLICE("abc")));
	buf_append_byte(&good, 0);
	assert_true(violates(ROLE_MX, buf_slice(&good)));
	buf_truncate(&good, buf_len(&good) - 2);
	assert_true(violates(ROLE_MX, buf_slice(&good)));
	buf_free(&good);
	buf_free(&other);
}

static void a_full_socket_queues_and_loses_nothing(void **state)
{
	struct bench t = bench_new(ROLE_MAIL, ROLE_AUTH);
	uint8_t *large = memory_alloc(60000);
	(void)answer_room;
	ipc_test_join(t.pair.a, t.pair.b);
	t.target = 200;
	for (int i = 0; i < 200; i++)
		ipc_request(t.pair.a, IPC_AUTH_PROFILE, 0, &(struct ipc_auth_profile){.profile = slice_make(large, 60000)}, count_reply, &t);
	assert_true(ipc_test_run_until(t.loop, &t.done, 30000));
	assert_int_equal(t.gone, 200); /* no handler: each was answered */
	memory_free(large);
	bench_free(&t);
}

static void any_takes_the_idle_instance(void **state)
{
	struct loop *loop = loop_create();
	struct bench t = {.loop = loop};
	struct ipc *queue = ipc_create(loop, ROLE_QUEUE, 0);
	struct ipc *filters[3];
	for (unsigned i = 0; i < 3; i++) {
		filters[i] = ipc_create(loop, ROLE_FILTER, i);
		ipc_handle(filters[i], IPC_FILTER_DSN, keep_call, &t);
		ipc_test_join(queue, filters[i]);
	}
	for (unsigned i = 0; i < 6; i++)
		ipc_request(queue, IPC_FILTER_DSN, IPC_ANY, &(struct ipc_filter_dsn){.original = -1}, count_reply, &t);
	while (t.handled < 6) {
		t.done = false;
		assert_true(ipc_test_run_until(loop, &t.done, 30000));
	}
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(ipc_open_calls(filters[i]), 2);
	assert_int_equal(ipc_instances(queue, ROLE_FILTER), 3);
	ipc_shut(filters[1]);
	for (unsigned i = 0; i < 4; i++)
		ipc_request(queue, IPC_FILTER_DSN, IPC_ANY, &(struct ipc_filter_dsn){.original = -1}, count_reply, &t);
	while (t.handled < 10) {
		t.done = false;
		assert_true(ipc_test_run_until(loop, &t.done, 30000));
	}
	assert_int_equal(ipc_open_calls(filters[0]) + ipc_open_calls(filters[2]), 8);
	assert_int_equal(t.absent, 0);
	ipc_destroy(&queue);
	for (unsigned i = 0; i < 3; i++)
		ipc_destroy(&filters[i]);
	kept_free(&t);
	loop_destroy(&loop);
}

/* The first is in work when the peer ends; the second lies behind it. */
static void end_in_work(void *arg, struct ipc_call *call, const void *request)
{
	struct bench *t = arg;

	keep_call(arg, call, request);
	ipc_destroy(&t->pair.b);
}

static void who_ends_at_work_had_begun_one_request_only(void **state)
{
	struct bench t = bench_new(ROLE_QUEUE, ROLE_FILTER);
	t.target = 3;
	ipc_handle(t.pair.b, IPC_FILTER_DSN, end_in_work, &t);
	ipc_test_join(t.pair.a, t.pair.b);
	for (unsigned i = 0; i < 3; i++)
		ipc_request(t.pair.a, IPC_FILTER_DSN, 0, &(struct ipc_filter_dsn){.original = -1}, count_reply, &t);
	while (t.gone + t.absent < 3) {
		t.done = false;
		assert_true(ipc_test_run_until(t.loop, &t.done, 30000));
	}
	assert_int_equal(t.handled, 1);
	assert_int_equal(t.gone, 1);
	assert_int_equal(t.absent, 2);
	bench_free(&t);
}

/* ---- the blocking request: its peer lives on a thread ---- */

struct key_thread {
	int fd;
	bool silent;
};

static void *serve_key(void *arg)
{
	struct key_thread *k = arg;
	uint8_t room[8192];
	ssize_t n;
	while ((n = recv(k->fd, room, sizeof room, 0)) > 0) {
		struct slice in = slice_make(room, (size_t)n);
		struct ipc_header header;
		struct ipc_fds fds = {.count = 0};
		union ipc_any any;
		assert_int_equal(ipc_header_get(&in, &header), 0);
		assert_int_equal(ipc_decode(header.type, IPC_KIND_REQUEST, in, &fds, &any), 0);
		if (k->silent)
			continue;
		struct buf out = BUF_INIT(8192);
		header.kind = IPC_KIND_REPLY;
		ipc_header_put(&out, &header);
		ipc_encode(header.type, IPC_KIND_REPLY, &(struct ipc_key_tls_sign_reply){.signature = any.key_tls_sign.digest}, &out, &fds);
		send(k->fd, buf_slice(&out).p, buf_len(&out), 0);
		buf_free(&out);
	}
	return NULL;
}

static void the_blocking_request_answers_and_keeps_what_else_arrives(void **state)
{
	struct bench t = bench_new(ROLE_CLIENT, ROLE_QUEUE);
	struct key_thread k = {0};
	pthread_t thread;
	int fd[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	k.fd = fd[1];
	ipc_channel_add(t.pair.a, ROLE_KEY, 0, fd[0]);
	assert_int_equal(pthread_create(&thread, NULL, serve_key, &k), 0);
	t.target = 1;
	struct ipc_key_tls_sign request = {.scheme = 0x0403, .digest = SLICE("digest")};
	struct ipc_key_tls_sign_reply reply;
	uint8_t storage[4096];
	ipc_request(t.pair.a, IPC_KEY_TLS_SIGN, 0, &request, count_reply, &t);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ipc_request_sync(t.pair.a, IPC_KEY_TLS_SIGN, &request, &reply, storage, sizeof storage), IPC_OK);
		assert_true(slice_eq(reply.signature, SLICE("digest")));
	}
	assert_int_equal(t.replies, 0);
	assert_true(ipc_test_run_until(t.loop, &t.done, 30000));
	assert_int_equal(t.replies, 1);
	k.silent = true;
	ipc_set_deadline(t.pair.a, 30);
	assert_int_equal(ipc_request_sync(t.pair.a, IPC_KEY_TLS_SIGN, &request, &reply, storage, sizeof storage), IPC_TIMEOUT);
	shutdown(fd[1], SHUT_RDWR);
	assert_int_equal(ipc_request_sync(t.pair.a, IPC_KEY_TLS_SIGN, &request, &reply, storage, sizeof storage), IPC_GONE);
	pthread_join(thread, NULL);
	close(fd[1]);
	bench_free(&t);
}

struct throughput {
	struct bench *t;
	unsigned left;
};

static void next_request(void *arg, enum ipc_outcome outcome, const void *reply)
{
	struct throughput *p = arg;
	assert_int_equal(outcome, IPC_OK);
	if (p->left-- > 0)
		ipc_request(p->t->pair.a, IPC_QUEUE_ROOM, 0, &(struct ipc_queue_room){.size = 42}, next_request, p);
	else
		p->t->done = true;
}

/* Not a promise but a guard against a gross mistake: both ends together, in one process. */
static void a_message_costs_little(void **state)
{
	struct bench t = bench_new(ROLE_CLIENT, ROLE_QUEUE);
	struct throughput p = {.t = &t, .left = 100000};
	ipc_handle(t.pair.b, IPC_QUEUE_ROOM, answer_room, &t);
	ipc_test_join(t.pair.a, t.pair.b);
	struct timespec a, b;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (int i = 0; i < 32; i++)
		ipc_request(t.pair.a, IPC_QUEUE_ROOM, 0, &(struct ipc_queue_room){.size = 42}, next_request, &p);
	assert_true(ipc_test_run_until(t.loop, &t.done, 60000));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	double us = ((double)(b.tv_sec - a.tv_sec) * 1e6 + (double)(b.tv_nsec - a.tv_nsec) / 1e3) / 100000;
	print_message("# %.2f us CPU for a request and its reply, both ends\n", us);
	assert_true(us < 100);
	bench_free(&t);
}

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_and_reply_travel),
		cmocka_unit_test(a_descriptor_travels),
		cmocka_unit_test(a_late_reply_is_dropped_after_the_deadline),
		cmocka_unit_test(late_requests_count_until_they_are_answered),
		cmocka_unit_test(without_descriptors_a_request_fails_and_its_sender_lives),
		cmocka_unit_test(without_descriptors_here_a_request_is_busy_at_once),
		cmocka_unit_test(a_dead_peer_ends_what_is_in_flight),
		cmocka_unit_test(a_request_that_lies_unread_or_unanswered_keeps_its_receiver),
		cmocka_unit_test(behind_a_shut_door_requests_are_absent),
		cmocka_unit_test(without_a_peer_the_outcome_is_absent_and_comes_later),
		cmocka_unit_test(the_outstanding_limit_gives_busy),
		cmocka_unit_test(an_oversized_request_is_refused_here),
		cmocka_unit_test(a_request_without_handler_is_gone),
		cmocka_unit_test(what_the_table_does_not_allow_ends_the_sender),
		cmocka_unit_test(a_full_socket_queues_and_loses_nothing),
		cmocka_unit_test(any_takes_the_idle_instance),
		cmocka_unit_test(who_ends_at_work_had_begun_one_request_only),
		cmocka_unit_test(the_blocking_request_answers_and_keeps_what_else_arrives),
		cmocka_unit_test(a_message_costs_little),
	};
	return cmocka_run_group_tests_name("ipc", tests, NULL, NULL);
}
