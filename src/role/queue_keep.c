/* Housekeeping: room on the disk, the spare pack, sweeps, compaction, the epochs of outgoing mail. */
#include <string.h>
#include "base/log.h"
#include "base/memory.h"
#include "queue/disk.h"
#include "role/queue.h"

#define SPARE_RETRY_MS MINUTES_MS(1)
#define SWEEP_EVERY_MS MINUTES_MS(5)
#define COMPACT_EVERY_MS MINUTES_MS(1)
#define CLEAR_EVERY_MS HOURS_MS(1)    /* on a gateway, where what was passed on is not to lie about */
#define CLEAR_SWEEPS 2                /* a dead pack goes in a later commit than the one that finds it so */
#define EPOCH_EVERY_MS MINUTES_MS(10) /* key makes a new one when the newest is old enough */
#define DROP_EVERY_MS MINUTES_MS(10)  /* filter uses an epoch for a minute after a new one is made */
#define EPOCHS_MAX 400                /* that messages wait for; key has no more either */

/* ---- the disk ---- */

static void disk_full(struct queue_role *q, const char *why)
{
	if (q->full)
		return;
	q->full = true;
	log_event(EV_QUEUE_DISK_FULL, LOG_STR("error", why));
	disk_ballast_drop(q->spool);
	pack_spare_drop(q->packs);
}

static void check_disk(struct queue_role *q)
{
	uint64_t available = disk_available(q->spool);
	if (!q->full && !disk_has_room(available, 0, 0)) {
		disk_full(q, "less than the reserve is free");
	} else if (q->full && disk_recovered(available)) {
		q->full = false;
		q->spare_retry_ms = 0;
		log_event(EV_QUEUE_DISK_OK, LOG_NUM("available", available));
	}
}

void queue_keep_result(struct queue_role *q, int rc, const struct error *err)
{
	if (rc == 0) {
		q->io_failed = false;
		return;
	}
	if (rc == ERR_NO_SPACE) {
		disk_full(q, err->private_text);
		return;
	}
	if (!q->io_failed)
		log_event(EV_QUEUE_IO, LOG_STR("error", err->private_text));
	q->io_failed = true;
}

struct file_task {
	struct queue_role *q;
	bool spare;
	int rc;
	struct error err;
};

static void make_file(void *arg)
{
	struct file_task *t = arg;
	t->rc = t->spare ? pack_spare_make(t->q->packs, &t->err) : disk_ballast_make(t->q->spool, &t->err);
}

static void made_file(void *arg)
{
	struct file_task *t = arg;
	struct queue_role *q = t->q;
	if (t->spare)
		q->making_spare = false;
	else
		q->making_ballast = false;
	q->spare_retry_ms = queue_now(q).mono_ms + (t->rc == 0 ? SECONDS_MS(1) : SPARE_RETRY_MS);
	memory_free(t);
	queue_try_stop(q);
}

static void start_file(struct queue_role *q, bool spare)
{
	struct file_task *t = memory_alloc(sizeof *t);
	t->q = q;
	t->spare = spare;
	if (spare)
		q->making_spare = true;
	else
		q->making_ballast = true;
	loop_work(q->ctx->loop, make_file, made_file, t);
}

/* Both are luxuries: only while there is room for everything else too. */
static void keep_files(struct queue_role *q)
{
	uint64_t available = disk_available(q->spool);
	if (q->full || q->making_spare || q->making_ballast || queue_now(q).mono_ms < q->spare_retry_ms)
		return;
	if (disk_recovered(available))
		start_file(q, false);
	if (available > DISK_RESERVE + 2ull * PACK_SIZE)
		start_file(q, true);
}

/* ---- sweeps ---- */

static void on_swept(struct queue_role *q, struct queue_job *job)
{
	bool again = q->clear_sweeps > 0 || (job->op.result == QUEUE_OK && job->op.sweep.more);
	q->clear_sweeps -= q->clear_sweeps > 0;
	q->sweep_ms = queue_now(q).mono_ms + (again ? 0 : SWEEP_EVERY_MS);
	ledger_op_free(&job->op);
	memory_free(job);
}

static void sweep(struct queue_role *q)
{
	struct queue_job *job = memory_alloc(sizeof *job);
	q->sweep_ms = INT64_MAX;
	job->done = on_swept;
	job->op.kind = LEDGER_SWEEP;
	queue_submit(q, job);
}

/* ---- compaction: chosen by the worker, copied beside it, put in place by it ---- */

struct compaction {
	struct queue_job job;
	struct queue_role *q;
	bool all;                    /* of q->clearing */
	uint32_t pack, after;
	uint32_t *ordinals;
	uint64_t *offsets, end;
	size_t count;
	int rc;
	struct error err;
};

/* One pack after the other, each once; then what has no live record at all. */
static void cleared_one(struct queue_role *q, const struct compaction *c)
{
	if (c->pack != 0) {
		q->clear_after = c->pack;
		q->compact_ms = 0;
		return;
	}
	q->clearing = false;
	q->clear_sweeps = CLEAR_SWEEPS;
	q->sweep_ms = q->sweep_ms == INT64_MAX ? INT64_MAX : 0;
}

void queue_keep_clear(struct queue_role *q)
{
	q->clearing = true;
	q->clear_after = 0;
	q->clear_ms = queue_now(q).mono_ms + CLEAR_EVERY_MS;
	q->compact_ms = 0;
}

static void compaction_end(struct compaction *c)
{
	struct queue_role *q = c->q;
	if (c->rc < 0)
		log_event(c->rc == ERR_DAMAGED ? EV_STORE_DAMAGED : EV_QUEUE_IO, LOG_NUM("pack", c->pack), LOG_STR("error", c->err.private_text));
	else if (c->pack != 0)
		log_event(EV_QUEUE_COMPACTED, LOG_NUM("pack", c->pack), LOG_NUM("records", c->count));
	q->compact_ms = queue_now(q).mono_ms + (c->pack != 0 && c->rc == 0 ? SECONDS_MS(1) : c->rc < 0 ? HOURS_MS(1) : COMPACT_EVERY_MS);
	q->compacting = false;
	if (c->all)
		cleared_one(q, c);
	else if (q->clearing)
		q->compact_ms = 0; /* asked for meanwhile */
	memory_free(c->ordinals);
	memory_free(c->offsets);
	memory_free(c);
	queue_try_stop(q);
}

static void on_moved(struct queue_role *q, struct queue_job *job)
{
	struct compaction *c = CONTAINER_OF(job, struct compaction, job);
	c->rc = job->op.result == QUEUE_OK ? 0 : ERR_IO;
	c->err = job->op.err;
	compaction_end(c);
}

static void compact_work(void *arg)
{
	struct compaction *c = arg;
	c->rc = pack_compact(c->q->packs, c->pack, c->ordinals, c->count, &c->offsets, &c->end, &c->err);
}

static void compact_done(void *arg)
{
	struct compaction *c = arg;
	if (c->rc < 0) {
		compaction_end(c);
		return;
	}
	c->job = (struct queue_job){.done = on_moved, .op = {.kind = LEDGER_MOVED, .moved = {
		.pack = c->pack, .ordinals = c->ordinals, .offsets = c->offsets, .count = c->count, .end = c->end}}};
	queue_submit(c->q, &c->job);
}

static int pick_work(struct ledger *ledger, void *arg, struct error *err)
{
	struct compaction *c = arg;
	int rc = c->all && c->after == 0 ? ledger_turn(ledger, err) : 0;
	if (rc < 0)
		return rc;
	if (c->all)
		return ledger_compact_next(ledger, c->after, &c->pack, &c->ordinals, &c->count, err);
	return ledger_compact_pick(ledger, &c->pack, &c->ordinals, &c->count, err);
}

static void on_picked(struct queue_role *q, struct queue_job *job)
{
	struct compaction *c = CONTAINER_OF(job, struct compaction, job);
	if (job->op.result != QUEUE_OK || c->pack == 0) {
		c->rc = job->op.result != QUEUE_OK ? ERR_IO : 0;
		c->err = job->op.err;
		compaction_end(c);
		return;
	}
	loop_work(q->ctx->loop, compact_work, compact_done, c);
}

static void compact(struct queue_role *q)
{
	struct compaction *c = memory_alloc(sizeof *c);
	q->compacting = true;
	c->q = q;
	c->all = q->clearing;
	c->after = q->clear_after;
	c->job.done = on_picked;
	c->job.op.kind = LEDGER_CALL;
	c->job.op.call.fn = pick_work;
	c->job.op.call.arg = c;
	queue_submit(q, &c->job);
}

/* ---- epochs ---- */

static void on_epoch(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct queue_role *q = arg;
	const struct ipc_key_epoch_reply *reply = message;
	int64_t now = queue_now(q).mono_ms;
	if (outcome != IPC_OK || reply->status != 0) {
		q->epoch_ms = now + MINUTES_MS(1);
		return;
	}
	q->newest_epoch = reply->epoch;
	q->drop_ms = now + DROP_EVERY_MS;
}

static void rotate_epoch(struct queue_role *q)
{
	struct ipc_key_epoch request = {.rotate = 1};
	q->epoch_ms = queue_now(q).mono_ms + EPOCH_EVERY_MS;
	ipc_request(q->ctx->ipc, IPC_KEY_EPOCH, 0, &request, on_epoch, q);
}

struct epochs {
	struct queue_job job;
	uint32_t newest; /* when it was asked: filter may still use it */
	uint32_t needed[EPOCHS_MAX];
	size_t count;
};

static int epochs_work(struct ledger *ledger, void *arg, struct error *err)
{
	struct epochs *e = arg;
	return ledger_epochs(ledger, e->needed, EPOCHS_MAX, &e->count, err);
}

static void drop_between(struct queue_role *q, uint32_t from, uint32_t before)
{
	struct ipc_key_epoch_drop request = {.from = from, .before = before};
	if (from < before)
		ipc_request(q->ctx->ipc, IPC_KEY_EPOCH_DROP, 0, &request, NULL, NULL);
}

/* All that nothing waits for: a message on hold keeps its own epoch, not those that came after it. */
static void on_epochs(struct queue_role *q, struct queue_job *job)
{
	struct epochs *e = CONTAINER_OF(job, struct epochs, job);
	uint32_t from = 0;
	bool known = job->op.result == QUEUE_OK;
	for (size_t i = 0; known && i < e->count && e->needed[i] < e->newest; i++) {
		drop_between(q, from, e->needed[i]);
		from = e->needed[i] + 1;
	}
	if (known && e->count < EPOCHS_MAX)
		drop_between(q, from, e->newest);
	memory_free(e);
}

static void drop_epochs(struct queue_role *q)
{
	struct epochs *e = memory_alloc(sizeof *e);
	q->drop_ms = queue_now(q).mono_ms + DROP_EVERY_MS;
	e->newest = q->newest_epoch;
	e->job.done = on_epochs;
	e->job.op.kind = LEDGER_CALL;
	e->job.op.call.fn = epochs_work;
	e->job.op.call.arg = e;
	queue_submit(q, &e->job);
}

void queue_keep_tick(struct queue_role *q)
{
	int64_t now = queue_now(q).mono_ms;
	check_disk(q);
	keep_files(q);
	if (now >= q->epoch_ms)
		rotate_epoch(q);
	if (q->newest_epoch != 0 && now >= q->drop_ms)
		drop_epochs(q);
	if (now >= q->sweep_ms)
		sweep(q);
	if (q->ctx->config->gateway_only && now >= q->clear_ms)
		queue_keep_clear(q);
	if (now >= q->compact_ms && !q->compacting)
		compact(q);
}
