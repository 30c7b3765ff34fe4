/* QUEUE_SUBMISSION: letters that their writers follow; and those of them that wait for their time go when it comes. */
#include <string.h>

#include "auth/auth.h"
#include "base/log.h"
#include "base/memory.h"
#include "queue/submission.h"
#include "role/queue.h"

#define RETRY_MS SECONDS_MS(15)
#define LIST_BYTES 250000u /* of an answer; the row of QUEUE_SUBMISSION holds it */

/* ---- those whose time has come ---- */

struct later {
	struct queue_job job;
	struct submission_due due;
	int64_t now_ms;
	size_t left;
	bool failed;
};

static void ask_waiting(struct queue_role *q);

/* While letters go nothing is taken back, and the other way round: so none is both. */
static void round_end(struct queue_role *q, struct later *r)
{
	int64_t now = queue_now(q).wall_ms;
	if (r->failed)
		q->later_ms = now + RETRY_MS;
	else if (r->due.next_ms < q->later_ms)
		q->later_ms = r->due.next_ms;
	q->later_busy = false;
	memory_free(r);
	ask_waiting(q);
	queue_try_stop(q);
}

static void on_let_go(struct queue_role *q, void *arg, enum queue_result result, struct slice queue_id)
{
	struct later *r = arg;
	if (result == QUEUE_OK)
		log_event(EV_QUEUE_DUE, LOG_TEXT("mid", queue_id));
	r->failed |= result != QUEUE_OK;
	if (--r->left == 0)
		round_end(q, r);
}

static int find_due(struct ledger *ledger, void *arg, struct error *err)
{
	struct later *r = arg;
	return submission_due(ledger, r->now_ms, &r->due, err);
}

static void on_found(struct queue_role *q, struct queue_job *job)
{
	struct later *r = CONTAINER_OF(job, struct later, job);
	r->failed = job->op.result != QUEUE_OK;
	ledger_op_free(&job->op);
	/* What stays behind goes with the next round, as its time is over already. */
	r->left = r->failed ? 0 : r->due.count;
	if (r->left == 0) {
		round_end(q, r);
		return;
	}
	for (size_t i = 0, n = r->left; i < n; i++)
		queue_accept_held(q, r->due.records[i], r->due.sizes[i], false, on_let_go, r);
}

void queue_later_tick(struct queue_role *q)
{
	int64_t now = queue_now(q).wall_ms;
	if (q->later_busy || q->later_acts > 0 || q->stopping || now < q->later_ms)
		return;
	struct later *r = memory_alloc(sizeof *r);
	q->later_busy = true;
	q->later_ms = INT64_MAX;
	r->now_ms = now;
	r->job = (struct queue_job){.done = on_found, .op = {.kind = LEDGER_CALL, .call = {.fn = find_due, .arg = r}}};
	queue_submit(q, &r->job);
}

void queue_later_note(struct queue_role *q, const struct job *job)
{
	if (job_waits(job) && job->submission.due_ms < q->later_ms)
		q->later_ms = job->submission.due_ms;
}

/* ---- who follows ---- */

struct ask {
	struct queue_job job;
	struct list_node node;       /* in later_waiting */
	struct ipc_call *call;
	enum submission_op op;
	uint8_t account[16], id[16];
	uint64_t after, state, floor;
	bool more, missing;
	struct buf list;
};

static void ask_end(struct ask *a, enum queue_result result, enum submission_outcome outcome)
{
	struct ipc_queue_submission_reply reply = {.result = (uint8_t)result, .outcome = (uint8_t)outcome, .state = a->state, .floor = a->floor,
		.more = a->more, .list = buf_slice(&a->list)};
	ipc_reply(a->call, &reply);
	ledger_op_free(&a->job.op);
	buf_free(&a->list);
	memory_free(a);
}

static void tell_act(const struct ask *a)
{
	char id[33];
	for (size_t i = 0; i < sizeof a->id; i++) {
		id[2 * i] = "0123456789abcdef"[a->id[i] >> 4];
		id[2 * i + 1] = "0123456789abcdef"[a->id[i] & 15];
	}
	id[32] = 0;
	log_event(EV_QUEUE_TAKEN_BACK, LOG_STR("id", id));
}

static void on_acted(struct queue_role *q, struct queue_job *job)
{
	struct ask *a = CONTAINER_OF(job, struct ask, job);
	q->later_acts--;
	if (job->op.result == QUEUE_OK && job->op.submission.outcome == SUBMISSION_DONE && a->op == SUBMISSION_OP_CANCEL)
		tell_act(a);
	ask_end(a, job->op.result, job->op.submission.outcome);
}

static void act(struct queue_role *q, struct ask *a)
{
	static const enum submission_act acts[] = {[SUBMISSION_OP_CANCEL] = SUBMISSION_CANCEL, [SUBMISSION_OP_FORGET] = SUBMISSION_FORGET,
		[SUBMISSION_OP_RECALL] = SUBMISSION_RECALL, [SUBMISSION_OP_RECALL_ANY] = SUBMISSION_RECALL};
	a->job = (struct queue_job){.done = on_acted, .op = {.kind = LEDGER_SUBMISSION, .submission = {
		.act = acts[a->op], .any = a->op == SUBMISSION_OP_RECALL_ANY, .since_ms = queue_now(q).wall_ms - q->ctx->config->recall_within}}};
	memcpy(a->job.op.submission.account, a->account, sizeof a->account);
	memcpy(a->job.op.submission.id, a->id, sizeof a->id);
	q->later_acts++;
	queue_submit(q, &a->job);
}

static void ask_waiting(struct queue_role *q)
{
	while (!list_empty(&q->later_waiting)) {
		struct ask *a = LIST_ITEM(q->later_waiting.next, struct ask, node);
		list_remove(&a->node);
		act(q, a);
	}
}

static int read_rows(struct ledger *ledger, void *arg, struct error *err)
{
	struct ask *a = arg;
	if (a->op == SUBMISSION_OP_LIST)
		return submission_list(ledger, a->account, a->after, &a->list, &a->more, &a->state, &a->floor, err);
	int rc = submission_get(ledger, a->account, a->id, &a->list, err);
	a->missing = rc == ERR_NOT_FOUND;
	return a->missing ? 0 : rc;
}

static void on_read(struct queue_role *q, struct queue_job *job)
{
	struct ask *a = CONTAINER_OF(job, struct ask, job);
	ask_end(a, a->list.failed ? QUEUE_ERROR : job->op.result, a->missing ? SUBMISSION_UNKNOWN : SUBMISSION_DONE);
}

static void on_submission(void *arg, struct ipc_call *call, const void *message)
{
	struct queue_role *q = arg;
	const struct ipc_queue_submission *request = message;
	unsigned index = 0;
	(void)ipc_call_sender(call, &index);
	if (q->stopping || request->op > SUBMISSION_OP_LAST || auth_shard(request->account.b, ipc_instances(q->ctx->ipc, ROLE_MAIL)) != index) {
		ipc_reply(call, &(struct ipc_queue_submission_reply){.result = q->stopping ? QUEUE_ERROR : QUEUE_REFUSED});
		return;
	}
	struct ask *a = memory_alloc(sizeof *a);
	a->call = call;
	a->op = (enum submission_op)request->op;
	a->after = request->after;
	memcpy(a->account, request->account.b, sizeof a->account);
	memcpy(a->id, request->submission.b, sizeof a->id);
	buf_init(&a->list, LIST_BYTES);
	if (a->op >= SUBMISSION_OP_CANCEL) {
		if (q->later_busy)
			list_append(&q->later_waiting, &a->node);
		else
			act(q, a);
		return;
	}
	a->job = (struct queue_job){.done = on_read, .op = {.kind = LEDGER_CALL, .call = {.fn = read_rows, .arg = a}}};
	queue_submit(q, &a->job);
}

/* ---- who is told ---- */

void queue_later_tell(struct queue_role *q)
{
	unsigned shards = ipc_instances(q->ctx->ipc, ROLE_MAIL);
	for (size_t i = 0; i < q->group.touched_count && shards > 0; i++) {
		struct ipc_mail_hint request = {.seq = 0};
		memcpy(request.account.b, q->group.touched[i], sizeof request.account.b);
		ipc_request(q->ctx->ipc, IPC_MAIL_HINT, auth_shard(request.account.b, shards), &request, NULL, NULL);
	}
}

void queue_later_setup(struct queue_role *q)
{
	list_init(&q->later_waiting);
	ipc_handle(q->ctx->ipc, IPC_QUEUE_SUBMISSION, on_submission, q);
}
