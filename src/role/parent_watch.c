#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "role/parent.h"

void child_explain(struct child *child, const char *format, ...)
{
	char text[PARENT_ERROR_MAX + 1];
	va_list args;
	if (child->explained)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	for (char *p = text; *p != 0; p++) /* it may come from a role */
		if (*p < 0x20 || *p > 0x7e)
			*p = '?';
	buf_clear(&child->error);
	buf_append_str(&child->error, text);
	child->explained = true;
}

static void on_ready(struct child *child, struct slice in)
{
	uint8_t abi, landlock, filter;
	if (child->state != CHILD_STARTING || !slice_get_u8(&in, &abi) || !slice_get_u8(&in, &landlock) || !slice_get_u8(&in, &filter))
		return;
	child->jail = (struct sandbox_state){.landlock_abi = abi, .landlock = landlock != 0, .seccomp = filter != 0};
	child->state = CHILD_READY;
	child->was_ready = true;
	child->failures = 0;
	timer_stop(child->timer);
	if (child->restarts > 0)
		log_event(EV_ROLE_RESTART, LOG_STR("peer", role_name(child->role)), LOG_NUM("instance", child->index), LOG_NUM("restarts", child->restarts));
	parent_child_ready(child);
}

/* Roles that speak with the network are the first to be taken over. */
static bool is_exposed(enum role role)
{
	return (role_row(role)->sets & (SANDBOX_ACCEPT | SANDBOX_CONNECT)) != 0;
}

/*
 * The accuser may lie, but it can only end processes that are started again. An exposed one ends nobody whom all the others need: there
 * it is started again itself, which gives both a new channel as well.
 */
static void on_violation(struct child *child, struct slice in)
{
	uint8_t role;
	uint16_t index;
	if (!slice_get_u8(&in, &role) || !slice_get_u16(&in, &index) || role >= ROLE_COUNT || !ipc_may_talk(child->role, (enum role)role))
		return;
	struct child *accused = parent_child(child->parent, (enum role)role, index);
	if (accused != NULL && is_exposed(child->role) && !is_exposed(accused->role) && accused->role != ROLE_FILTER)
		accused = child;
	if (accused == NULL)
		return;
	child_explain(accused, "%s %u says that it broke the message table", role_name(child->role), child->index);
	child_signal(accused, SIGKILL);
}

static void on_state(struct child *child, struct slice in)
{
	struct slice members;
	if (!child->asked || !slice_get_bytes(&in, &members))
		return;
	child->asked = false;
	buf_clear(&child->status);
	buf_append(&child->status, members);
	parent_admin_answered(child->parent);
}

static void on_message(struct child *child, enum control_kind kind, struct slice in)
{
	struct slice text;
	switch (kind) {
	case CONTROL_READY:
		on_ready(child, in);
		return;
	case CONTROL_FAILED:
		if (!slice_get_bytes(&in, &text))
			return;
		log_event(EV_ROLE_FAILED, LOG_STR("peer", role_name(child->role)), LOG_NUM("instance", child->index), LOG_TEXT("error", text));
		child_explain(child, "%.*s", SLICE_ARG(text));
		return;
	case CONTROL_STATE:
		on_state(child, in);
		return;
	case CONTROL_VIOLATION:
		on_violation(child, in);
		return;
	case CONTROL_PONG:
		child_alive(child);
		return;
	case CONTROL_STOPPED:
		child->clean = true;
		return;
	case CONTROL_IMAGE:
	case CONTROL_SECRETS:
	case CONTROL_LISTEN:
	case CONTROL_INSTANCES:
	case CONTROL_CHANNEL:
	case CONTROL_GO:
	case CONTROL_RELOAD:
	case CONTROL_TICKETS:
	case CONTROL_STATUS:
	case CONTROL_PING:
	case CONTROL_STOP:
		break;
	}
	child_signal(child, SIGKILL);
}

#define MESSAGES_A_TURN 64 /* of one role: the others come first again, whatever it sends */

void child_read(struct child *child)
{
	for (unsigned i = 0; i < MESSAGES_A_TURN; i++) {
		enum control_kind kind;
		struct slice in;
		int fd;
		int r = child->control < 0 ? ERR_CLOSED : control_receive(child->control, child->parent->room, &kind, &in, &fd);
		if (r == ERR_TEMPORARY)
			return;
		if (r != 0) {
			/* Its end is told by SIGCHLD; a role without control is of no use. */
			watcher_destroy(&child->watcher);
			child_signal(child, SIGKILL);
			return;
		}
		if (fd >= 0) {
			close(fd);
			child_signal(child, SIGKILL);
			return;
		}
		on_message(child, kind, in);
	}
}

static void on_control(void *arg, int events)
{
	child_read(arg);
}

void child_listen(struct child *child)
{
	child->watcher = watcher_create(child->parent->loop, child->control, on_control, child);
	watcher_set(child->watcher, WATCH_READ);
}

static void on_restart(void *arg)
{
	struct child *child = arg;
	if (!child->parent->stopping)
		child_spawn(child);
}

void child_restart_later(struct child *child)
{
	struct parent *parent = child->parent;
	int64_t wait = child->backoff_ms;
	child->state = CHILD_DOWN;
	child->backoff_ms = wait == 0 ? PARENT_BACKOFF_MS : wait * 2 > PARENT_BACKOFF_MAX_MS ? PARENT_BACKOFF_MAX_MS : wait * 2;
	timer_destroy(&child->timer);
	child->timer = timer_create_on(parent->loop, on_restart, child);
	timer_start(child->timer, wait);
}

static void tell_crash(struct child *child, pid_t pid, int status)
{
	child_explain(child, WIFSIGNALED(status) ? "it was ended by signal %d" : "it ended with status %d",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	if (child->hung)
		return;
	if (WIFSIGNALED(status))
		log_event(EV_ROLE_CRASH, LOG_STR("peer", role_name(child->role)), LOG_NUM("instance", child->index), LOG_NUM("pid", pid),
			LOG_NUM("signal", WTERMSIG(status)));
	else
		log_event(EV_ROLE_CRASH, LOG_STR("peer", role_name(child->role)), LOG_NUM("instance", child->index), LOG_NUM("pid", pid),
			LOG_NUM("status", WEXITSTATUS(status)));
}

/*
 * A server that was never complete and cannot start a role: without key, which starts first, there is nothing; without another one the rest
 * is worth something, and the administrator can look at it.
 */
static void give_up_first_start(struct child *child)
{
	struct parent *parent = child->parent;
	if (child->role == ROLE_KEY) {
		parent->hopeless = true;
		parent_begin_stop(parent);
		child->state = CHILD_GONE;
		parent_child_ended(child);
		return;
	}
	log_event(EV_ROLE_MISSING, LOG_STR("peer", role_name(child->role)), LOG_NUM("instance", child->index), LOG_TEXT("error", buf_slice(&child->error)));
	parent_serve_incomplete(parent);
	child_restart_later(child);
}

static void ended(struct child *child, int status)
{
	struct parent *parent = child->parent;
	bool started = child->state != CHILD_STARTING;
	pid_t pid = child->pid;
	child->pid = 0; /* from here on the number may belong to somebody else */
	child_read(child); /* what it said last: why it failed, or that it stopped by itself */
	bool clean = child->clean && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	child_drop_control(child);
	timer_stop(child->timer);
	if (!clean && !(parent->stopping && child->state == CHILD_GONE))
		tell_crash(child, pid, status);
	if (parent->stopping) {
		child->state = CHILD_GONE;
		parent_child_ended(child);
		return;
	}
	if (clean || (started && loop_now(parent->loop).mono_ms - child->started_at > PARENT_STABLE_MS))
		child->backoff_ms = 0;
	child->failures += !started;
	child->restarts += !clean;
	if (!parent->ready && child->failures == PARENT_FIRST_TRIES)
		give_up_first_start(child);
	else
		child_restart_later(child);
}

void parent_reap(struct parent *parent)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < parent->child_count; i++)
			if (parent->children[i].pid == pid)
				ended(&parent->children[i], status);
}
