/* The admin socket with a real Unix socket on one side and a scripted role on the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "admin/call.h"
#include "admin/server.h"
#include "base/buf.h"
#include "base/ensure.h"
#include "ipc/admin.h"
#include "ipc/test_pair.h"

struct rig {
	struct loop *loop;
	struct ipc_test_pair pair;
	struct admin_server *server;
	int client;
	char subject[32], op[64], args[200];
	bool never;
};

static void on_auth(void *arg, struct ipc_call *call, const void *data)
{
	const struct ipc_auth_admin *request = data;
	struct ipc_auth_admin_reply reply = {.result = SLICE("{\"domains\":[]}")};
	struct rig *rig = arg;

	snprintf(rig->subject, sizeof rig->subject, "unix:%u", request->uid);
	snprintf(rig->op, sizeof rig->op, "%.*s", SLICE_ARG(request->op));
	snprintf(rig->args, sizeof rig->args, "%.*s", SLICE_ARG(request->args));
	ipc_reply(call, &reply);
}

static void on_authorize(void *arg, struct ipc_call *call, const void *data)
{
	const struct ipc_auth_authorize *request = data;
	bool denied = slice_eq(request->op, SLICE("stop"));
	struct ipc_auth_authorize_reply reply = {.status = denied ? ADMIN_DENIED : ADMIN_OK, .subject = SLICE("ann@example.org"),
		.result = SLICE("{\"code\":\"denied\",\"error\":\"No.\"}")};

	ipc_reply(call, &reply);
}

#define SHARDS 64
#define SHARD_BYTES 59000

/* As much as a shard can say. */
static void on_mail(void *arg, struct ipc_call *call, const void *data)
{
	struct buf result = BUF_INIT(ADMIN_JSON_MAX);

	buf_append_str(&result, "{\"sessions\":[\"");
	while (buf_len(&result) < SHARD_BYTES)
		buf_append_byte(&result, 's');
	buf_append_str(&result, "\"]}");
	ipc_reply(call, &(struct ipc_mail_admin_reply){.result = buf_slice(&result)});
	buf_free(&result);
}

static struct sockaddr_un address_of(int unique)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	/* The abstract namespace: no file is left behind. */
	snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "letterlock-test-%d-%d", (int)getpid(), unique);
	return address;
}

static void rig_open(struct rig *rig, unsigned owner)
{
	static int unique;
	struct sockaddr_un address = address_of(++unique);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, 8), 0);
	rig->loop = loop_create();
	rig->pair = ipc_test_pair_create(rig->loop, ROLE_ADMIN, ROLE_AUTH);
	ipc_handle(rig->pair.b, IPC_AUTH_ADMIN, on_auth, rig);
	ipc_handle(rig->pair.b, IPC_AUTH_AUTHORIZE, on_authorize, rig);
	ipc_test_join(rig->pair.a, rig->pair.b);
	rig->server = admin_server_create(rig->loop, rig->pair.a, fd, owner);
	rig->client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(rig->client, (struct sockaddr *)&address, sizeof address), 0);
}

static void rig_close(struct rig *rig)
{
	close(rig->client);
	ipc_test_run_until(rig->loop, &rig->never, 20);
	assert_int_equal(admin_server_sessions(rig->server), 0);
	admin_server_destroy(&rig->server);
	ipc_test_pair_free(&rig->pair);
	loop_destroy(&rig->loop);
}

static void ask(struct rig *rig, const char *line, char *answer, size_t room)
{
	ssize_t n = -1;

	assert_int_equal(write(rig->client, line, strlen(line)), (ssize_t)strlen(line));
	for (int i = 0; i < 200 && n < 0; i++) {
		ipc_test_run_until(rig->loop, &rig->never, 5);
		n = recv(rig->client, answer, room - 1, MSG_DONTWAIT);
	}
	answer[n > 0 ? n : 0] = 0;
}

static void passes_a_request_to_its_role_with_the_callers_identity(void **state)
{
	struct rig rig = {0};
	char answer[500], subject[32];

	rig_open(&rig, (unsigned)geteuid());
	ask(&rig, "{\"op\":\"domain.list\",\"args\":{}}\n", answer, sizeof answer);
	assert_string_equal(answer, "{\"status\":0,\"result\":{\"domains\":[]}}\n");
	snprintf(subject, sizeof subject, "unix:%u", (unsigned)geteuid());
	assert_string_equal(rig.subject, subject);
	assert_string_equal(rig.op, "domain.list");
	assert_string_equal(rig.args, "{}");
	rig_close(&rig);
}

static void answers_nonsense_and_goes_on(void **state)
{
	struct rig rig = {0};
	char answer[500];

	rig_open(&rig, (unsigned)geteuid());
	ask(&rig, "hello\n", answer, sizeof answer);
	assert_non_null(strstr(answer, "\"status\":2"));
	ask(&rig, "{\"op\":\"format.disk\"}\n", answer, sizeof answer);
	assert_non_null(strstr(answer, "\"status\":6"));
	assert_string_equal(rig.op, "");
	ask(&rig, "{\"op\":\"domain.list\"}\n", answer, sizeof answer);
	assert_non_null(strstr(answer, "\"status\":0"));
	rig_close(&rig);
}

/* Until a whole line is there; more may come with it. The length of the line, 0: none came. */
static size_t read_answer(struct rig *rig, struct buf *answer)
{
	ptrdiff_t end = -1;

	for (int i = 0; i < 30000 && (end = slice_find(buf_slice(answer), '\n')) < 0; i++) {
		uint8_t *p = buf_reserve(answer, 65536);
		ssize_t n = recv(rig->client, p, 65536, MSG_DONTWAIT);

		if (n > 0)
			buf_commit(answer, (size_t)n);
		else
			ipc_test_run_until(rig->loop, &rig->never, 1);
	}
	return (size_t)(end + 1);
}

static void the_answers_of_many_shards_arrive_whole(void **state)
{
	struct rig rig = {0};
	struct ipc *shards[SHARDS];
	struct buf answer = BUF_INIT(ADMIN_ANSWER_MAX);
	static const char line[] = "{\"op\":\"mail.sessions\"}\n{\"op\":\"domain.list\"}\n";

	rig_open(&rig, (unsigned)geteuid());
	for (unsigned i = 0; i < SHARDS; i++) {
		shards[i] = ipc_create(rig.loop, ROLE_MAIL, i);
		ipc_handle(shards[i], IPC_MAIL_ADMIN, on_mail, &rig);
		ipc_test_join(rig.pair.a, shards[i]);
	}
	assert_int_equal(write(rig.client, line, sizeof line - 1), (ssize_t)sizeof line - 1);
	size_t size = read_answer(&rig, &answer);
	assert_true(slice_starts(buf_slice(&answer), SLICE("{\"status\":0,\"result\":{\"shards\":[{")));
	assert_true(size > (size_t)SHARDS * SHARD_BYTES);
	/* What was asked meanwhile is answered after it. */
	buf_consume(&answer, size);
	assert_true(read_answer(&rig, &answer) > 0);
	assert_true(slice_eq(buf_slice(&answer), SLICE("{\"status\":0,\"result\":{\"domains\":[]}}\n")));
	buf_free(&answer);
	for (unsigned i = 0; i < SHARDS; i++)
		ipc_destroy(&shards[i]);
	rig_close(&rig);
}

static void says_when_the_role_is_not_there(void **state)
{
	struct rig rig = {0};
	char answer[500];

	rig_open(&rig, (unsigned)geteuid());
	ask(&rig, "{\"op\":\"queue.list\"}\n", answer, sizeof answer);
	assert_non_null(strstr(answer, "\"status\":4"));
	rig_close(&rig);
}

static void asks_auth_before_another_role(void **state)
{
	struct rig rig = {0};
	char answer[500];

	rig_open(&rig, (unsigned)geteuid());
	ask(&rig, "{\"op\":\"stop\"}\n", answer, sizeof answer);
	assert_non_null(strstr(answer, "\"status\":5"));
	assert_non_null(strstr(answer, "\"error\":\"No.\""));
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_a_request_to_its_role_with_the_callers_identity),
		cmocka_unit_test(answers_nonsense_and_goes_on),
		cmocka_unit_test(the_answers_of_many_shards_arrive_whole),
		cmocka_unit_test(asks_auth_before_another_role),
		cmocka_unit_test(says_when_the_role_is_not_there),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
