#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/log.h"
#include "role/parent.h"
#include "sys/file.h"

#define ENVIRONMENT_MAX 16
#define SECRETS_ROOM 4096
#define PATH_SIZE 4096
/* What is freed is overwritten, in our code and in all libraries (GNU C library manual, "Memory Allocation Tunables"). Its cache of small
 * pieces would keep some from that. */
#define WIPE_FREED "GLIBC_TUNABLES=glibc.malloc.perturb=255:glibc.malloc.tcache_count=0"

/* What roles may see of our environment: the switches of tests and sanitizers. */
static void make_environment(const struct role_row *row, char **out)
{
	static const char *const prefixes[] = {"LETTERLOCK_FAULT", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LLVM_PROFILE_FILE=", "GCOV_PREFIX"};
	size_t count = 0;
	if (row->wipes_freed)
		out[count++] = (char *)WIPE_FREED;
	for (char **e = environ; *e != NULL && count < ENVIRONMENT_MAX; e++)
		for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
			if (strncmp(*e, prefixes[i], strlen(prefixes[i])) == 0 && count < ENVIRONMENT_MAX)
				out[count++] = *e;
	out[count] = NULL;
}

/* In the child between fork and exec. */
_Noreturn static void become_role(const struct parent *parent, int program, int control, char *const *argv, char *const *envp)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	int exe = fcntl(program, F_DUPFD_CLOEXEC, CONTROL_FD + 1);
	/* dup2 onto itself would leave close-on-exec set. */
	if (control == CONTROL_FD)
		control = fcntl(control, F_DUPFD_CLOEXEC, CONTROL_FD + 1);
	if (exe < 0 || control < 0 || dup2(control, CONTROL_FD) < 0 || parent_become_user(parent) != 0)
		_exit(126);
	syscall(SYS_execveat, exe, "", argv, envp, 0x1000 /* AT_EMPTY_PATH */);
	_exit(127);
}

static void on_start_limit(void *arg)
{
	struct child *child = arg;
	if (child->state != CHILD_STARTING)
		return;
	child_explain(child, "it was not ready in %d ms", PARENT_START_MS);
	child_signal(child, SIGKILL);
}

/* Ours, or what stands beside it; that is opened at each start, so that a new version is found as ours is at a restart of the server. */
static int program_of(const struct child *child)
{
	const char *name = role_row(child->role)->program;
	char path[PATH_SIZE];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	char *slash;
	if (name == NULL || n <= 0)
		return child->parent->exe_fd;
	path[n] = 0;
	slash = strrchr(path, '/');
	if (slash == NULL || (size_t)(slash + 1 - path) + strlen(name) >= sizeof path)
		return -1;
	memcpy(slash + 1, name, strlen(name) + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	/* A program that has all roles in it, as tests are. */
	return fd >= 0 || role_ops_of(child->role) == NULL ? fd : child->parent->exe_fd;
}

static bool fork_role(struct child *child, int control)
{
	char role[64], index[32];
	char *environment[ENVIRONMENT_MAX + 1];
	snprintf(role, sizeof role, "--role=%s", role_name(child->role));
	snprintf(index, sizeof index, "--index=%u", child->index);
	char *argv[] = {(char *)"letterlockd", role, index, NULL};
	make_environment(role_row(child->role), environment);
	int program = program_of(child);
	pid_t pid = fork();
	if (pid == 0)
		become_role(child->parent, program, control, argv, environment);
	if (program >= 0 && program != child->parent->exe_fd)
		close(program);
	if (program < 0)
		child_explain(child, "its program %s is not there", role_row(child->role)->program);
	child->pid = pid > 0 ? pid : 0;
	return pid > 0;
}

void child_signal(struct child *child, int signo)
{
	if (child->pid > 0)
		kill(child->pid, signo);
}

void child_drop_control(struct child *child)
{
	watcher_destroy(&child->watcher);
	file_close(&child->control);
}

void child_send(struct child *child, enum control_kind kind)
{
	struct buf b = BUF_INIT(CONTROL_MAX);
	control_begin(&b, kind);
	if (child->control >= 0)
		control_send(child->control, &b, -1);
	buf_free(&b);
}

static void put_secret(struct buf *b, bool granted, const uint8_t *secret)
{
	buf_put_bytes(b, granted ? slice_make(secret, CONTROL_SECRET_SIZE) : SLICE_NONE);
}

static struct slice password_of(const struct parent *parent, enum role_password which)
{
	struct slice rest = buf_slice(&parent->passwords), one = SLICE_NONE;
	for (unsigned i = 0; i < (unsigned)which; i++)
		if (!slice_get_bytes(&rest, &one))
			return SLICE_NONE;
	return one;
}

static void send_secrets(struct child *child)
{
	const struct role_row *row = role_row(child->role);
	struct parent *parent = child->parent;
	struct buf b = BUF_INIT(CONTROL_MAX);
	control_begin(&b, CONTROL_SECRETS);
	(void)buf_reserve(&b, SECRETS_ROOM); /* growing would leave a copy behind */
	put_secret(&b, row->boot_secret, parent->boot_secret);
	put_secret(&b, row->master_key, parent->master_key);
	buf_put_bytes(&b, password_of(parent, row->password));
	control_send(child->control, &b, row->master_key ? parent->tls_key_fd : -1);
}

void child_send_tickets(struct child *child)
{
	const struct role_tickets *t = &child->parent->tickets[child->role];
	struct buf b = BUF_INIT(CONTROL_MAX);
	if (child->control < 0 || !role_row(child->role)->tls_tickets)
		return;
	control_begin(&b, CONTROL_TICKETS);
	buf_put_bytes(&b, slice_make(t->newer, sizeof t->newer));
	buf_put_bytes(&b, slice_make(t->older, sizeof t->older));
	control_send(child->control, &b, -1);
}

static void send_instances(struct child *child)
{
	struct buf b = BUF_INIT(CONTROL_MAX);
	control_begin(&b, CONTROL_INSTANCES);
	for (enum role role = 0; role < ROLE_COUNT; role++)
		buf_put_u16(&b, (uint16_t)(role == ROLE_PARENT ? 1 : role_instances(role, child->parent->config)));
	control_send(child->control, &b, -1);
}

static void send_listens(struct child *child)
{
	struct parent *parent = child->parent;
	for (size_t i = 0; i < parent->listen_count; i++) {
		if (!role_serves(child->role, parent->listens[i].service))
			continue;
		struct buf b = BUF_INIT(CONTROL_MAX);
		control_begin(&b, CONTROL_LISTEN);
		buf_put_bytes(&b, parent->listens[i].service);
		control_send(child->control, &b, parent->listens[i].fd);
	}
}

void child_send_all(struct child *child, enum control_kind last)
{
	struct buf b = BUF_INIT(CONTROL_MAX);
	if (child->control < 0)
		return;
	control_begin(&b, CONTROL_IMAGE);
	control_send(child->control, &b, child->parent->image_fd);
	send_secrets(child);
	child_send_tickets(child);
	if (last == CONTROL_GO) {
		send_instances(child);
		send_listens(child);
		parent_connect(child);
	}
	child_send(child, last);
}

void child_spawn(struct child *child)
{
	int fd[2];
	child->clean = child->hung = child->pinged = child->asked = child->explained = false;
	child->jail = (struct sandbox_state){0};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) != 0) {
		child_explain(child, "no socket pair: %s", strerror(errno));
		child_restart_later(child);
		return;
	}
	bool started = fork_role(child, fd[1]);
	file_close(&fd[1]);
	if (!started) {
		child_explain(child, "fork failed");
		file_close(&fd[0]);
		child_restart_later(child);
		return;
	}
	child->control = fd[0];
	child->state = CHILD_STARTING;
	child->started_at = loop_now(child->parent->loop).mono_ms;
	timer_destroy(&child->timer);
	child->timer = timer_create_on(child->parent->loop, on_start_limit, child);
	timer_start(child->timer, PARENT_START_MS);
	child_listen(child);
	child_send_all(child, CONTROL_GO);
}
