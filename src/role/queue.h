/* The queue role in parts: groups for the worker, acceptance, sending, notices, housekeeping, administration. Only role/queue*.c include it. */
#ifndef ROLE_QUEUE_H
#define ROLE_QUEUE_H

#include "base/list.h"
#include "base/map.h"
#include "queue/ledger.h"
#include "queue/schedule.h"
#include "role/role.h"
#include "sys/file.h"

#define QUEUE_RUNNING_MAX 200          /* deliveries at a time; the row of RELAY_DELIVER allows more */
#define QUEUE_HINTS_MAX 64             /* readers that are gathered before their shards are told */
#define QUEUE_PART_RECIPIENTS 100      /* of one delivery or notification */
#define QUEUE_PART_BYTES 60000u        /* of their addresses, so that the IPC row holds them */
#define QUEUE_TOUCHED_MAX 64           /* writers who are told of one group that their letters changed */
#define QUEUE_PUT_BACK_MS SECONDS_MS(30)

struct queue_role;
struct queue_job;
typedef void queue_job_fn(struct queue_role *q, struct queue_job *job);

/* One operation for the ledger and what follows it. Embedded in whatever asks; `done` runs on the loop and frees it. */
struct queue_job {
	struct list_node node;
	struct ledger_op op;
	queue_job_fn *done;
	size_t bytes;              /* of records, for the limit of a group */
	size_t followers;          /* the jobs behind this one that have to be in the same group */
};

struct queue_group {
	struct queue_role *q;
	struct queue_job *jobs[LEDGER_GROUP_MAX];
	struct ledger_op *ops[LEDGER_GROUP_MAX];
	size_t count;
	int64_t now_ms;
	int rc;
	struct error err;
	uint64_t prepared;
	uint8_t touched[QUEUE_TOUCHED_MAX][16]; /* accounts whose submissions the last group changed */
	size_t touched_count;
};

struct queue_role {
	struct role_context *ctx;
	char *spool, *packs;
	uint8_t *database_key, *jobs_key;
	struct ledger *ledger;     /* the worker's while `working` */
	bool working, start_deferred, gathering, stopping;
	size_t pending_count;      /* jobs that wait for the next group */
	size_t company;            /* jobs that a group may expect, by those before it */
	struct timer *gather;
	int64_t stop_ms;           /* deliveries in hand may finish until then */
	struct list_node pending;  /* struct queue_job */
	struct queue_group group;
	struct ledger_hint hints[QUEUE_HINTS_MAX]; /* of the group that is being answered */
	size_t hint_count;
	uint64_t prepared;         /* bytes that the packs have ready */

	struct schedule *schedule;
	struct timer *send_timer, *tick;
	bool loaded;               /* the schedule holds what the ledger holds */
	struct list_node lost_marks; /* results that could not be written yet */
	struct map notices;        /* record -> struct notice: notifications in work or waiting */
	struct list_node notice_turns;
	unsigned notices_working;

	struct queue_reports *reports; /* queue_report.c */
	struct queue_lessons *lessons; /* queue_lessons.c */
	struct list_node quarantine_acts; /* changes of letters in quarantine that are under way */
	int64_t quarantine_ms;     /* when it is looked for what has become too old */

	struct list_node later_waiting; /* queue_later.c */
	int64_t later_ms;          /* wall clock: when the first letter that waits has its time, 0: look */
	bool later_busy;           /* letters are let go now */
	unsigned later_acts;       /* letters are taken back now */

	struct buf notes;          /* what is to be remembered with the next tick */
	bool full, io_failed;
	bool making_spare, making_ballast, compacting;
	int64_t spare_retry_ms, sweep_ms, epoch_ms, drop_ms, compact_ms, clear_ms;
	bool clearing;             /* what is dead leaves the disk, whatever it gains (queue_keep_clear) */
	uint32_t clear_after;      /* packs up to this one are done */
	unsigned clear_sweeps;
	uint32_t newest_epoch;
	int64_t clock_offset_ms; /* of the wall clock to the one that does not jump, as the schedule knows it */
	uint64_t accepted, delivered, deferred, bounced, groups;
};

static inline struct moment queue_now(const struct queue_role *q)
{
	return loop_now(q->ctx->loop);
}

/* Hands the job to the next group. */
void queue_submit(struct queue_role *q, struct queue_job *job);
/* Statements to be followed by role_stopped when nothing is in hand. */
void queue_try_stop(struct queue_role *q);

void queue_accept_setup(struct queue_role *q);   /* QUEUE_ACCEPT, ROOM, ARRIVALS, UNREF */
/* Tells the shards of what was accepted since the last time: each reader once. */
void queue_accept_tell(struct queue_role *q);
/* Accepts a record (a memfd, taken over) from inside; marks become true with it (copied). */
typedef void queue_accepted_fn(struct queue_role *q, void *arg, enum queue_result result);
void queue_accept_own(struct queue_role *q, int record, const struct ledger_mark *marks, size_t mark_count, queue_accepted_fn *fn, void *arg);

/* Lets a record of the quarantine go (queue/quarantine.h): to its recipients, or with look to the reviewer alone. */
typedef void queue_held_fn(struct queue_role *q, void *arg, enum queue_result result, struct slice queue_id);
void queue_accept_held(struct queue_role *q, uint64_t record, uint64_t size, bool look, queue_held_fn *fn, void *arg);

/* what is remembered: QUEUE_RECALL, REMEMBER */
void queue_memory_setup(struct queue_role *q);
void queue_remember(struct queue_role *q); /* writes what was gathered */
/* Gathers a value of our own; one that is too long is not remembered (queue/memory.h). */
void queue_memory_put(struct queue_role *q, struct slice key, struct slice value, uint32_t keep_s);

/* sending */
void queue_send_setup(struct queue_role *q);
void queue_send_configure(struct queue_role *q);
void queue_send_message(struct queue_role *q, const struct ledger_message *m); /* a new or loaded message */
/* The time for every call of the schedule; tells it when the wall clock was set. */
int64_t queue_schedule_now(struct queue_role *q);
void queue_send_pump(struct queue_role *q);
void queue_send_retry_marks(struct queue_role *q);
/* Copies `count` marks into op.arena and writes them; then notifications that they owe are made. */
void queue_mark(struct queue_role *q, const struct ledger_mark *marks, size_t count);
/* The recipient's fate when a delivery is given up: MARK_FAILED, or MARK_DONE when nobody wants to know. */
enum mark_kind queue_failure_kind(struct queue_role *q, const struct job *job, size_t recipient, struct slice queue_id);

/* Copies a record's disk form into a sealed memfd; runs on a worker. Negative on failure. */
int queue_copy_record(const char *packs, struct place *place, struct error *err);

/* notifications */
void queue_notice(struct queue_role *q, uint64_t record);
void queue_notice_tick(struct queue_role *q);
void queue_notice_free(struct queue_role *q);
bool queue_message_owes(const struct ledger_message *m);

/* The domain that a letter of the system is from, and the fact that it is signed with (AUTH_SIGNER). fn is called once; known false: not now. */
typedef void queue_signer_fn(void *arg, bool known, struct slice domain, struct slice signer);
void queue_signer(struct queue_role *q, struct slice domain, queue_signer_fn *fn, void *arg);

void queue_letter_setup(struct queue_role *q);   /* QUEUE_NOTICE: letters of the system */

/* housekeeping */
/* Everything dead leaves the disk now: packs are closed and written anew without it, in the background. */
void queue_keep_clear(struct queue_role *q);
void queue_keep_tick(struct queue_role *q);
void queue_keep_result(struct queue_role *q, int rc, const struct error *err); /* of a group that wrote */

void queue_contain_setup(struct queue_role *q);  /* QUEUE_CONTAIN: what a contained account sent */
/* reports of DMARC and TLS: sent by the clock, and what is asked of them */
void queue_report_setup(struct queue_role *q);
void queue_report_tick(struct queue_role *q);
void queue_report_tls(struct queue_role *q, struct slice results); /* what relay says of TLS, to be gathered */
void queue_report_list(struct queue_role *q, struct ipc_call *call, int64_t days, const char *domain); /* days 0: as usual; domain may be NULL */
void queue_report_admin(struct queue_role *q, struct ipc_call *call, const struct ipc_queue_admin *request);

/* quarantine: what is asked of it, and what goes by its age */
void queue_quarantine_admin(struct queue_role *q, struct ipc_call *call, const struct ipc_queue_admin *request);
void queue_quarantine_tick(struct queue_role *q);
/* what people teach about junk: QUEUE_TEACH, LEARNT */
void queue_lessons_setup(struct queue_role *q);
void queue_lessons_tick(struct queue_role *q);
void queue_lessons_stop(struct queue_role *q); /* stores what is new */
void queue_lessons_free(struct queue_role *q);
void queue_lessons_admin(struct queue_role *q, struct ipc_call *call, const struct ipc_queue_admin *request);
void queue_failing_setup(struct queue_role *q);  /* QUEUE_FAILING */
void queue_digest_setup(struct queue_role *q);   /* QUEUE_QUARANTINED */

/* letters that wait for their time, and those who follow theirs: QUEUE_SUBMISSION */
void queue_later_setup(struct queue_role *q);
void queue_later_tick(struct queue_role *q);
void queue_later_note(struct queue_role *q, const struct job *job); /* it was accepted */
void queue_later_tell(struct queue_role *q); /* the shards of those whose letters the last group changed */

void queue_admin_setup(struct queue_role *q);

#endif
