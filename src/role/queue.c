/* The queue role: one ledger, one worker. Everything that arrived while a group was written is the next group (law 4). */
#include "role/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include "base/log.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/slab.h"

#define STOP_WAIT_MS SECONDS_MS(3)
#define GATHER_MS 2       /* that a small group waits under load */
#define GATHER_ENOUGH 16  /* jobs that are worth a sync of their own */

/* ---- groups ---- */

static void group_start(struct queue_role *q);

static void group_work(void *arg)
{
	struct queue_group *g = arg;
	g->rc = ledger_run(g->q->ledger, g->ops, g->count, g->now_ms, &g->err);
	g->prepared = ledger_prepared(g->q->ledger);
}

static bool group_wrote(const struct queue_group *g)
{
	for (size_t i = 0; i < g->count; i++) {
		if (g->ops[i]->kind < LEDGER_ARRIVALS)
			return true;
	}
	return false;
}

/* The largest of late, forgotten slowly: groups that start small stay small otherwise, because their senders wait for the replies. */
static size_t expect(size_t before, size_t last)
{
	size_t now = before - (before + 7) / 8;
	if (now < last)
		now = last;
	return now < GATHER_ENOUGH ? now : GATHER_ENOUGH;
}

/* Where groups are of several, a smaller one waits a moment for company: a sync costs the same for all. */
static void group_next(struct queue_role *q)
{
	q->company = expect(q->company, q->group.count);
	if (q->company > 1 && q->pending_count < q->company && !q->stopping) {
		q->gathering = true;
		timer_start(q->gather, GATHER_MS);
	} else {
		group_start(q);
	}
}

static void on_gather(void *arg)
{
	struct queue_role *q = arg;
	q->gathering = false;
	group_start(q);
}

static void gather_end(struct queue_role *q)
{
	q->gathering = false;
	timer_stop(q->gather);
}

static void group_done(void *arg)
{
	struct queue_group *g = arg;
	struct queue_role *q = g->q;
	q->working = false;
	q->prepared = g->prepared;
	q->groups++;
	if (group_wrote(g))
		queue_keep_result(q, g->rc, &g->err);
	g->touched_count = ledger_touched(q->ledger, g->touched, QUEUE_TOUCHED_MAX);
	/* The next group is handed over first: it is synced while these are answered. */
	size_t count = g->count;
	struct queue_job *jobs[LEDGER_GROUP_MAX];
	memcpy(jobs, g->jobs, count * sizeof *jobs);
	group_next(q);
	for (size_t i = 0; i < count; i++)
		jobs[i]->done(q, jobs[i]);
	queue_accept_tell(q);
	queue_later_tell(q);
	queue_try_stop(q);
}

static void group_start(struct queue_role *q)
{
	struct queue_group *g = &q->group;
	size_t bytes = 0, together = 0;
	if (q->working || list_empty(&q->pending))
		return;
	g->count = 0;
	while (!list_empty(&q->pending) && g->count < LEDGER_GROUP_MAX) {
		struct queue_job *job = LIST_ITEM(q->pending.next, struct queue_job, node);
		bool full = bytes + job->bytes > LEDGER_GROUP_BYTES || g->count + 1 + job->followers > LEDGER_GROUP_MAX;
		if (together == 0 && g->count > 0 && full)
			break;
		together = together > 0 ? together - 1 : job->followers;
		list_remove(&job->node);
		q->pending_count--;
		bytes += job->bytes;
		g->ops[g->count] = &job->op;
		g->jobs[g->count++] = job;
	}
	g->q = q;
	g->err = (struct error){0};
	g->now_ms = queue_now(q).wall_ms;
	q->working = true;
	loop_work(q->ctx->loop, group_work, group_done, g);
}

static void start_deferred(void *arg)
{
	struct queue_role *q = arg;
	q->start_deferred = false;
	group_start(q);
}

void queue_submit(struct queue_role *q, struct queue_job *job)
{
	list_append(&q->pending, &job->node);
	q->pending_count++;
	if (q->gathering && q->pending_count >= q->company)
		gather_end(q);
	if (q->working || q->start_deferred || q->gathering)
		return;
	q->start_deferred = true;
	loop_defer(q->ctx->loop, start_deferred, q);
}

/* ---- life ---- */

static int fetch_key(struct role_context *ctx, const char *name, uint8_t **ret_key, struct error *err)
{
	struct ipc_key_database request = {.name = slice_str(name)};
	struct ipc_key_database_reply reply = {0};
	uint8_t storage[1024];
	if (ipc_request_sync(ctx->ipc, IPC_KEY_DATABASE, &request, &reply, storage, sizeof storage) != IPC_OK || reply.status != 0)
		return error_set(err, ERR_TEMPORARY, "key does not give the key %s", name);
	*ret_key = slab_alloc(sizeof reply.key.b);
	if (*ret_key != NULL)
		memcpy(*ret_key, reply.key.b, sizeof reply.key.b);
	secret_wipe(&reply, sizeof reply);
	secret_wipe(storage, sizeof storage);
	return *ret_key != NULL ? 0 : error_set(err, ERR_LIMIT, "the guarded memory is full");
}

static char *join(const char *a, const char *b)
{
	struct buf path = BUF_INIT(4096);
	buf_printf(&path, "%s/%s", a, b);
	char *s = memory_dup_str(buf_slice(&path));
	buf_free(&path);
	return s;
}

static void log_opened(const struct ledger_opened *o)
{
	if (o->set_aside)
		log_event(EV_STORE_DAMAGED, LOG_STR("file", "spool.db"), LOG_STR("kept", "spool.db.damaged"));
	if (o->records > 0 || o->rebuilt)
		log_event(EV_QUEUE_RECOVERED, LOG_NUM("records", o->records), LOG_STR("rebuilt", o->rebuilt ? "yes" : "no"));
	if (o->damaged > 0)
		log_event(EV_STORE_DAMAGED, LOG_STR("file", "packs"), LOG_NUM("places", o->damaged));
}

static int open_ledger(struct queue_role *q, struct error *err)
{
	const struct config *c = q->ctx->config;
	struct ledger_config config = {
		.directory = q->spool, .packs = q->packs, .database_key = q->database_key, .jobs_key = q->jobs_key,
		.boot_secret = q->ctx->boot_secret, .undelete_ms = c->queue_undelete, .expire_ms = c->relay_expire,
	};
	struct ledger_opened opened;
	int rc = file_make_dir(q->spool, 0700, err);
	if (rc == 0)
		rc = file_make_dir(q->packs, 0700, err);
	if (rc == 0)
		rc = ledger_open(&config, queue_now(q).wall_ms, &q->ledger, &opened, err);
	if (rc == 0)
		log_opened(&opened);
	return rc;
}

static void on_tick(void *arg)
{
	struct queue_role *q = arg;
	if (q->stopping) {
		timer_start(q->tick, 100);
		queue_try_stop(q);
		return;
	}
	queue_keep_tick(q);
	queue_quarantine_tick(q);
	queue_later_tick(q);
	queue_report_tick(q);
	queue_lessons_tick(q);
	queue_notice_tick(q);
	queue_send_retry_marks(q);
	queue_remember(q);
	timer_start(q->tick, 1000);
}

static int queue_start(struct role_context *ctx, struct error *err)
{
	struct queue_role *q = memory_alloc(sizeof *q);
	ctx->state = q;
	q->ctx = ctx;
	list_init(&q->pending);
	list_init(&q->lost_marks);
	list_init(&q->notice_turns);
	list_init(&q->quarantine_acts);
	q->spool = join(ctx->data_dir, ROLE_DIR_SPOOL);
	q->packs = join(ctx->data_dir, ROLE_DIR_PACKS);
	json_object_seed(0); /* before the jail closes: it reads the system's random source */
	int rc = fetch_key(ctx, "spool", &q->database_key, err);
	if (rc == 0)
		rc = fetch_key(ctx, "jobs", &q->jobs_key, err);
	if (rc == 0)
		rc = open_ledger(q, err);
	if (rc < 0)
		return rc;
	q->prepared = ledger_prepared(q->ledger);
	queue_accept_setup(q);
	queue_memory_setup(q);
	queue_digest_setup(q);
	queue_failing_setup(q);
	queue_lessons_setup(q);
	queue_letter_setup(q);
	queue_report_setup(q);
	queue_contain_setup(q);
	queue_later_setup(q);
	queue_send_setup(q);
	queue_admin_setup(q);
	q->tick = timer_create_on(ctx->loop, on_tick, q);
	q->gather = timer_create_on(ctx->loop, on_gather, q);
	return 0;
}

static void take_message(struct queue_role *q, const struct ledger_message *m)
{
	queue_send_message(q, m);
	if (queue_message_owes(m))
		queue_notice(q, m->record);
}

static int load_one(void *arg, const struct ledger_message *m)
{
	take_message(arg, m);
	return 0;
}

static void queue_run(struct role_context *ctx)
{
	struct queue_role *q = ctx->state;
	struct error err = {0};
	/* Before the first group: the ledger is still ours. */
	if (ledger_messages(q->ledger, 0, load_one, q, &err) < 0)
		log_event(EV_QUEUE_IO, LOG_STR("error", err.private_text));
	q->loaded = true;
	timer_start(q->tick, 10);
	queue_send_pump(q);
}

struct change {
	struct queue_job job;
	int64_t undelete_ms, expire_ms;
};

static int change_work(struct ledger *ledger, void *arg, struct error *err)
{
	const struct change *c = arg;
	ledger_configure(ledger, c->undelete_ms, c->expire_ms);
	return 0;
}

static void on_changed(struct queue_role *q, struct queue_job *job)
{
	memory_free(CONTAINER_OF(job, struct change, job));
}

static void queue_reload(struct role_context *ctx)
{
	struct change *c = memory_alloc(sizeof *c);
	c->undelete_ms = ctx->config->queue_undelete;
	c->expire_ms = ctx->config->relay_expire;
	c->job.done = on_changed;
	c->job.op.kind = LEDGER_CALL;
	c->job.op.call.fn = change_work;
	c->job.op.call.arg = c;
	queue_submit(ctx->state, &c->job);
	queue_send_configure(ctx->state);
	queue_send_pump(ctx->state);
}

void queue_try_stop(struct queue_role *q)
{
	if (!q->stopping || q->working || !list_empty(&q->pending) || q->making_spare || q->making_ballast || q->compacting)
		return;
	/* What relay has in hand may end well: its result belongs on the disk. */
	if (schedule_counts(q->schedule).running > 0 && queue_now(q).mono_ms < q->stop_ms)
		return;
	queue_remember(q); /* what relay learnt on its last ways */
	queue_lessons_stop(q);
	if (q->working || !list_empty(&q->pending))
		return;
	struct role_context *ctx = q->ctx;
	timer_destroy(&q->tick);
	timer_destroy(&q->gather);
	timer_destroy(&q->send_timer);
	ledger_close(&q->ledger);
	schedule_destroy(&q->schedule);
	queue_notice_free(q);
	buf_free(&q->notes);
	queue_lessons_free(q);
	slab_free(&q->database_key);
	slab_free(&q->jobs_key);
	q->stopping = false;
	role_stopped(ctx);
}

static void queue_stop(struct role_context *ctx)
{
	struct queue_role *q = ctx->state;
	queue_remember(q);
	q->stopping = true;
	q->stop_ms = queue_now(q).mono_ms + STOP_WAIT_MS;
	timer_start(q->tick, 100);
	queue_try_stop(q);
}

static void queue_status(struct role_context *ctx, struct buf *out)
{
	const struct queue_role *q = ctx->state;
	if (q->schedule == NULL)
		return;
	struct schedule_counts c = schedule_counts(q->schedule);
	buf_printf(out, "\"accepted\":%llu,\"groups\":%llu,\"waiting\":%zu,\"running\":%zu,\"held\":%zu,\"delivered\":%llu,\"deferred\":%llu,"
	           "\"bounced\":%llu,\"full\":%s",
	           (unsigned long long)q->accepted, (unsigned long long)q->groups, c.waiting + c.ready, c.running, c.held,
	           (unsigned long long)q->delivered, (unsigned long long)q->deferred, (unsigned long long)q->bounced, q->full ? "true" : "false");
}

const struct role_ops role_queue = {.start = queue_start, .run = queue_run, .reload = queue_reload, .stop = queue_stop, .status = queue_status};
