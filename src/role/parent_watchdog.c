/*
 * The watchdog: every ready role is asked for a sign of life that its loop answers. Time is counted in our own ticks, of which a pause of
 * ours (or of the whole machine) is one, however long; and a tick in which the role could not run does not count.
 */
#include <signal.h>

#include "base/log.h"
#include "role/parent.h"

#define TICKS 5          /* without an answer */
#define REST_MS 1000     /* between looks at the configuration while it is off */
#define STARVED_PART 20  /* a runnable process that got less than this part of a processor is not looping, it is waiting */

void child_alive(struct child *child)
{
	child->silent = 0;
	child->pinged = false;
}

/* It waits for a disk, or for a processor that others have: killing it would make things worse. */
static bool was_kept(struct child *child, int64_t tick_ms)
{
	struct parent_process now;
	parent_process_look(child->pid, &now);
	uint64_t used = now.cpu_ms - child->cpu_ms;
	child->cpu_ms = now.cpu_ms;
	return now.state == 'D' || (now.state == 'R' && used < (uint64_t)tick_ms / STARVED_PART);
}

static void end_hung(struct child *child, int64_t ms)
{
	log_event(EV_ROLE_HUNG, LOG_STR("peer", role_name(child->role)), LOG_NUM("instance", child->index), LOG_NUM("pid", child->pid), LOG_NUM("ms", ms));
	child_explain(child, "it did not answer for %lld ms", (long long)ms);
	child->hung = true;
	child_signal(child, SIGKILL);
}

static void look_after(struct child *child, int64_t limit)
{
	if (child->state != CHILD_READY || child->hung)
		return;
	child_read(child); /* its answer may wait, if it was us who paused */
	if (child->pid == 0 || child->control < 0)
		return;
	if (!child->pinged) {
		child->silent = 0;
		child->pinged = true;
		child_send(child, CONTROL_PING);
		was_kept(child, limit / TICKS);
	} else if (!was_kept(child, limit / TICKS) && ++child->silent >= TICKS) {
		end_hung(child, limit);
	}
}

static void on_tick(void *arg)
{
	struct parent *parent = arg;
	int64_t limit = parent->config->watchdog;
	for (size_t i = 0; i < parent->child_count && limit > 0; i++)
		look_after(&parent->children[i], limit);
	timer_start(parent->watchdog, limit > 0 ? limit / TICKS : REST_MS);
}

void parent_watchdog_start(struct parent *parent)
{
	parent->watchdog = timer_create_on(parent->loop, on_tick, parent);
	timer_start(parent->watchdog, REST_MS);
}
