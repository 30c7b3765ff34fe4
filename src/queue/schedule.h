/*
 * When outgoing mail is tried: due times, back-off with jitter, expiry, warnings, limits per destination, fairness. Pure: time comes in
 * with every call, what is to be done goes out through schedule_next; nothing here knows of disks or of the network.
 *
 * A task is one message and one destination with the recipients that are still to be reached there (more than fit into one delivery are
 * several tasks). The schedule owns it.
 *   waiting (a heap by time) -> ready (in the lane of its sender at its destination) -> running -> done, or waiting again
 * Destinations take turns, and at each destination its senders do, so that a mass mailing delays nobody else. A failed connection
 * holds back the whole destination; after it one task at a time probes, each success allows one more.
 */
#ifndef QUEUE_SCHEDULE_H
#define QUEUE_SCHEDULE_H

#include "base/slice.h"
#include "queue/job.h"

#define SCHEDULE_RETRIES_MAX 32
#define SCHEDULE_NOTE_MAX 200

struct schedule_settings {
	int64_t retry_ms[SCHEDULE_RETRIES_MAX]; /* waiting time after the first, second, … attempt; the last one repeats */
	size_t retry_count;
	int64_t expire_ms;                      /* age at which a message that was tried is given up */
	int64_t warn_ms;                        /* age at which its sender is told, 0: never */
	unsigned per_destination;               /* running tasks at one destination */
	unsigned running_max;                   /* in all */
	uint32_t (*random)(uint32_t limit);     /* uniform in [0, limit); NULL: no jitter */
};

enum task_state { TASK_WAITING, TASK_READY, TASK_RUNNING, TASK_HELD };

struct schedule;
struct task; /* opaque; see the accessors */

struct schedule_item {
	uint64_t record;
	struct slice destination;  /* lower case */
	struct slice sender;       /* whose turn it is: an account or a reverse-path */
	const uint16_t *recipients; /* indices in the job */
	size_t recipient_count;
	uint32_t attempts;
	int64_t created_ms, due_ms;
	bool hold, warned;
};

enum schedule_action {
	SCHEDULE_NOTHING,
	SCHEDULE_DELIVER, /* the task runs now: answer with schedule_done or schedule_put_back */
	SCHEDULE_EXPIRED, /* the task is given up; it runs until schedule_remove */
	SCHEDULE_DELAYED, /* tell the sender; the task goes on by itself */
};

struct schedule *schedule_create(const struct schedule_settings *settings);
void schedule_destroy(struct schedule **schedule);
void schedule_configure(struct schedule *s, const struct schedule_settings *settings);

/* Copies the item (at least one recipient). A task for the same record, destination and first recipient is not added twice. A time that
 * no retry can have set (the clock was ahead when it was written down) is now. */
void schedule_add(struct schedule *s, const struct schedule_item *item, int64_t now_ms);
enum schedule_action schedule_next(struct schedule *s, int64_t now_ms, struct task **ret_task);
/* The wall clock was set by delta_ms (negative: back): everything that waits keeps its distance from now, and its age. */
void schedule_clock_set(struct schedule *s, int64_t delta_ms);
/* Milliseconds until schedule_next may have something, -1: not before something else happens. */
int64_t schedule_wait(const struct schedule *s, int64_t now_ms);

/*
 * The result of a delivery: one state for each recipient of the task, in its order. unreachable: no SMTP reply was had at all (name, connection,
 * TLS), which holds back the destination. note: the peer's or our words for it. Returns when the rest is tried again, 0 when nothing is left:
 * then the task is gone.
 */
int64_t schedule_done(struct schedule *s, struct task *task, const enum delivery_state *states, bool unreachable, struct slice note, int64_t now_ms);
/* It was not tried (no relay, no memory): again after delay_ms, without counting. */
void schedule_put_back(struct schedule *s, struct task *task, int64_t delay_ms, int64_t now_ms);
/* Ends a running task. */
void schedule_remove(struct schedule *s, struct task *task);

/* By the administrator, all tasks of a message. A running task finishes its attempt first. */
void schedule_hold(struct schedule *s, uint64_t record, bool hold, int64_t now_ms);
void schedule_retry(struct schedule *s, uint64_t record, int64_t now_ms);
void schedule_drop(struct schedule *s, uint64_t record);

uint64_t task_record(const struct task *task);
struct slice task_destination(const struct task *task);
const uint16_t *task_recipients(const struct task *task, size_t *ret_count);
uint32_t task_attempts(const struct task *task);
bool task_dropped(const struct task *task);
/* The last words about its destination; empty: none. */
struct slice task_note(const struct task *task);
/* The last words about any destination, and until when it is held back (0: it is not). */
struct slice schedule_note(const struct schedule *s, struct slice destination, int64_t *ret_until_ms);

struct schedule_counts {
	size_t waiting, ready, running, held, destinations;
};
struct schedule_counts schedule_counts(const struct schedule *s);

#endif
