/*
 * The real parent with roles of the test: this program is executed again by the parent as each role. The client asks the queue, the
 * admin waits until the status tells so, has the queue killed once, and then stops the server.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/ensure.h"
#include "ipc/admin.h"
#include "role/parent.h"
#include "role/process.h"
#include "role/zone.h"
#include "sys/file.h"

/* ---- roles ---- */

struct probe {
	struct role_context *ctx;
	struct timer *timer;
	unsigned answers;
	bool crashed;
};

static int idle_start(struct role_context *ctx, struct error *err)
{
	return 0;
}

static void on_room(void *arg, struct ipc_call *call, const void *request)
{
	ipc_reply(call, &(struct ipc_queue_room_reply){.used = 1});
}
static int queue_start(struct role_context *ctx, struct error *err)
{
	ipc_handle(ctx->ipc, IPC_QUEUE_ROOM, on_room, ctx);
	return ctx->boot_secret != NULL && ctx->master_key == NULL ? 0 : error_set(err, ERR_INVALID, "wrong secrets");
}
static int key_start(struct role_context *ctx, struct error *err)
{
	return ctx->master_key != NULL && ctx->boot_secret == NULL ? 0 : error_set(err, ERR_INVALID, "wrong secrets");
}

static void on_answer(void *arg, enum ipc_outcome outcome, const void *reply)
{
	struct probe *p = arg;
	p->answers += outcome == IPC_OK;
	timer_start(p->timer, 10);
}
static void ask_queue(void *arg)
{
	struct probe *p = arg;
	ipc_request(p->ctx->ipc, IPC_QUEUE_ROOM, IPC_ANY, &(struct ipc_queue_room){0}, on_answer, p);
}
static int client_start(struct role_context *ctx, struct error *err)
{
	struct probe *p = calloc(1, sizeof *p);
	p->ctx = ctx;
	ctx->state = p;
	p->timer = timer_create_on(ctx->loop, ask_queue, p);
	timer_start(p->timer, 0);
	return 0;
}
static void client_status(struct role_context *ctx, struct buf *out)
{
	buf_printf(out, "\"answered\":%s", ((struct probe *)ctx->state)->answers > 0 ? "true" : "false");
}

static void admin_next(struct probe *p, const char *op);
static void on_status(void *arg, enum ipc_outcome outcome, const void *reply)
{
	struct probe *p = arg;
	const struct ipc_parent_admin_reply *r = reply;
	bool good = outcome == IPC_OK && r->status == ADMIN_OK && slice_search(r->result, SLICE("\"answered\":true")) >= 0 &&
		slice_search(r->result, SLICE("\"answered\":false")) < 0 && slice_search(r->result, SLICE("\"state\":\"down\"")) < 0 &&
		slice_search(r->result, SLICE("\"state\":\"starting\"")) < 0;
	if (good && p->crashed && slice_search(r->result, SLICE("\"restarts\":1")) >= 0) {
		admin_next(p, "stop");
		return;
	}
	timer_start(p->timer, 20);
}
static void admin_next(struct probe *p, const char *op)
{
	struct ipc_parent_admin request = {.subject = SLICE("test"), .op = slice_str(op), .args = SLICE("{}")};
	ipc_request(p->ctx->ipc, IPC_PARENT_ADMIN, 0, &request, on_status, p);
}
static void admin_ask(void *arg)
{
	admin_next(arg, "status");
}
static int admin_start(struct role_context *ctx, struct error *err)
{
	struct probe *p = calloc(1, sizeof *p);
	p->ctx = ctx;
	p->crashed = true;
	p->timer = timer_create_on(ctx->loop, admin_ask, p);
	timer_start(p->timer, 20);
	return ctx->listen_count == 1 ? 0 : error_set(err, ERR_INVALID, "no admin socket");
}

/* The first instance of relay dies once; the mark is its uptime: the second start sees the file of the first. */
static int relay_start(struct role_context *ctx, struct error *err)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s/mark", ctx->data_dir, ROLE_DIR_SPOOL);
	ctx->state = file_create(path, SLICE("x"), 0600, NULL) == 0 ? ctx : NULL;
	return 0;
}
static void relay_run(struct role_context *ctx)
{
	if (ctx->state != NULL)
		kill(getpid(), SIGKILL);
}

const struct role_ops role_key = {.start = key_start}, role_auth = {.start = idle_start}, role_mx = {.start = idle_start},
	role_client = {.start = client_start, .status = client_status}, role_resolver = {.start = idle_start}, role_filter = {.start = idle_start},
	role_queue = {.start = queue_start}, role_relay = {.start = relay_start, .run = relay_run}, role_mail = {.start = idle_start},
	role_admin = {.start = admin_start}, role_manage = {.start = idle_start}, role_web = {.start = idle_start}, role_fetch = {.start = idle_start}, role_audit = {.start = idle_start}, role_ship = {.start = idle_start},
	role_ldap = {.start = idle_start}, role_scan = {.start = idle_start}, role_extract = {.start = idle_start};

const struct role_ops *role_ops_of(enum role role)
{
	static const struct role_ops *const all[ROLE_COUNT] = {
		[ROLE_KEY] = &role_key, [ROLE_AUTH] = &role_auth, [ROLE_MX] = &role_mx, [ROLE_CLIENT] = &role_client, [ROLE_RESOLVER] = &role_resolver,
		[ROLE_FILTER] = &role_filter, [ROLE_QUEUE] = &role_queue, [ROLE_RELAY] = &role_relay, [ROLE_MAIL] = &role_mail, [ROLE_ADMIN] = &role_admin,
		[ROLE_AUDIT] = &role_audit, [ROLE_SHIP] = &role_ship, [ROLE_MANAGE] = &role_manage, [ROLE_WEB] = &role_web, [ROLE_FETCH] = &role_fetch,
		[ROLE_SCAN] = &role_scan, [ROLE_LDAP] = &role_ldap, [ROLE_EXTRACT] = &role_extract,
	};
	return all[role];
}

/* ---- tests ---- */

static void write_config(const char *dir)
{
	char path[256], text[1024];
	snprintf(path, sizeof path, "%s/c.yaml", dir);
	snprintf(text, sizeof text, "hostname: mx.example.test\ndata_dir: %s/data\nrun_dir: %s/run\nuser: nobody\nsandbox: best-effort\n"
		"workers: {mail: 1}\n", dir, dir);
	assert_int_equal(file_write_atomic(path, slice_str(text), 0600, NULL), 0);
}

static void the_parent_starts_joins_restarts_and_stops_roles(void **state)
{
	char dir[] = "/tmp/letterlock-role-XXXXXX", config[256], command[300];
	int ready[2], status;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0711), 0);
	write_config(dir);
	snprintf(config, sizeof config, "%s/c.yaml", dir);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		alarm(60);
		close(ready[0]);
		_exit(parent_main(&(struct parent_options){.config_path = config, .ready_fd = ready[1]}));
	}
	close(ready[1]);
	char word[8] = "";
	assert_int_equal(read(ready[0], word, sizeof word - 1), 6);
	assert_string_equal(word, "ready\n");
	close(ready[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	assert_int_equal(system(command), 0);
}

static int collect(void *arg, struct slice owner, struct slice line, struct error *err)
{
	buf_printf(arg, "%.*s|", SLICE_ARG(line));
	return 0;
}

static void zones_are_read_line_by_line(void **state)
{
	struct buf got = BUF_INIT(1000);
	const char text[] = "; comment\n$TTL 300\n$ORIGIN Example.test.\n@ MX 10 mx.example.test. ; best\nmx 60 IN A 192.0.2.1\r\n\tA 192.0.2.2\n"
		"t.test. TXT \"a;b\"\n";
	assert_int_equal(zone_parse(slice_str(text), collect, &got, NULL), 0);
	assert_true(slice_eq(buf_slice(&got), SLICE("example.test. MX 10 mx.example.test.|mx.example.test. 60 IN A 192.0.2.1|"
		"mx.example.test. A 192.0.2.2|t.test. TXT \"a;b\"|")));
	assert_int_equal(zone_parse(SLICE("  A 192.0.2.1\n"), collect, &got, NULL), ERR_INVALID);
	buf_free(&got);
}

static void the_rows_grant_no_more_than_the_design(void **state)
{
	for (enum role role = ROLE_KEY; role < ROLE_COUNT; role++) {
		const struct role_row *row = role_row(role);
		assert_int_equal(row->master_key, role == ROLE_KEY);
		assert_int_equal(row->boot_secret, role == ROLE_AUTH || role == ROLE_FILTER || role == ROLE_QUEUE);
		bool network = role == ROLE_RELAY || role == ROLE_RESOLVER || role == ROLE_FETCH || role == ROLE_SHIP || role == ROLE_LDAP || role == ROLE_SCAN;
		assert_int_equal((row->sets & SANDBOX_CONNECT) != 0, network);
		if (role == ROLE_FILTER || role == ROLE_MX || role == ROLE_CLIENT || role == ROLE_MANAGE || role == ROLE_WEB || role == ROLE_ADMIN || role == ROLE_RESOLVER)
			assert_null(row->paths[0].path);
	}
	assert_false(ipc_may_talk(ROLE_MX, ROLE_MAIL));
	assert_false(ipc_may_talk(ROLE_MX, ROLE_RELAY));
	assert_true(ipc_may_talk(ROLE_QUEUE, ROLE_RELAY));
}

/* "--role=X --index=N", as the parent calls it. */
static int run_as_role(int argc, char **argv)
{
	enum role role;
	uint32_t index = 0;
	if (argc < 3 || role_from_name(slice_from(slice_str(argv[1]), 7), &role) != 0)
		return 2;
	slice_to_u32(slice_from(slice_str(argv[2]), 8), &index);
	return role_main(role, index);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strncmp(argv[1], "--role=", 7) == 0)
		return run_as_role(argc, argv);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones_are_read_line_by_line),
		cmocka_unit_test(the_rows_grant_no_more_than_the_design),
		cmocka_unit_test(the_parent_starts_joins_restarts_and_stops_roles),
	};
	return cmocka_run_group_tests_name("role", tests, NULL, NULL);
}
