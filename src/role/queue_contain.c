/* What a contained account sent and waits to leave: held, and released or dropped when the account has the right to send again. */
#include <string.h>

#include "auth/contain.h"
#include "base/memory.h"
#include "queue/submission.h"
#include "role/queue.h"

#define RECORDS_MAX 100000   /* messages of one request */
#define WRITES_AT_ONCE 200

struct found {
	uint64_t record;
	uint16_t recipient; /* CONTAIN_DROP: one entry for each */
	bool by_hand;       /* an administrator holds it too */
};

struct contain {
	struct queue_job job;
	struct queue_role *q;
	struct ipc_call *call;
	uint8_t account[16];
	unsigned held;
	struct buf found;      /* struct found */
	size_t next;           /* the first that was not written yet */
	unsigned writing, messages;
	bool failed;
};

/* One row of the ledger being written. */
struct write {
	struct queue_job job;
	struct contain *of;
};

static void end(struct contain *c)
{
	struct ipc_queue_contain_reply reply = {.status = c->failed, .count = c->messages};
	ipc_reply(c->call, &reply);
	buf_free(&c->found);
	queue_send_pump(c->q);
	memory_free(c);
}

static struct found at(const struct contain *c, size_t index)
{
	struct found f;
	memcpy(&f, buf_slice(&c->found).p + index * sizeof f, sizeof f);
	return f;
}

static size_t count(const struct contain *c)
{
	return buf_len(&c->found) / sizeof(struct found);
}

/* ---- hold and release ---- */

static void write_more(struct contain *c);

static void on_written(struct queue_role *q, struct queue_job *job)
{
	struct write *w = CONTAINER_OF(job, struct write, job);
	struct contain *c = w->of;
	c->failed |= job->op.result != QUEUE_OK;
	c->writing--;
	ledger_op_free(&job->op);
	memory_free(w);
	write_more(c);
}

static void write_one(struct contain *c, struct found f)
{
	struct write *w = memory_alloc(sizeof *w);
	bool hold = c->held == CONTAIN_HOLD;
	w->of = c;
	w->job = (struct queue_job){.done = on_written, .op = {.kind = LEDGER_HOLD, .hold = {.record = f.record, .reason = HOLD_CONTAINED, .hold = hold}}};
	schedule_hold(c->q->schedule, f.record, hold || f.by_hand, queue_schedule_now(c->q));
	c->writing++;
	queue_submit(c->q, &w->job);
}

static void write_more(struct contain *c)
{
	while (c->next < count(c) && c->writing < WRITES_AT_ONCE)
		write_one(c, at(c, c->next++));
	if (c->writing == 0)
		end(c);
}

/* ---- drop ---- */

static void drop_all(struct contain *c)
{
	struct ledger_mark marks[QUEUE_PART_RECIPIENTS];
	size_t n = 0;
	for (size_t i = 0; i < count(c); i++) {
		struct found f = at(c, i);
		schedule_drop(c->q->schedule, f.record);
		marks[n++] = (struct ledger_mark){.record = f.record, .recipient = f.recipient, .kind = MARK_DONE};
		if (n == QUEUE_PART_RECIPIENTS || i + 1 == count(c)) {
			queue_mark(c->q, marks, n);
			n = 0;
		}
	}
	end(c); /* the marks are repeated until they are written */
}

/* ---- finding; on the worker ---- */

static void add(struct contain *c, const struct ledger_message *m, uint16_t recipient)
{
	struct found f = {.record = m->record, .recipient = recipient, .by_hand = (m->hold & HOLD_BY_HAND) != 0};
	buf_append(&c->found, slice_make(&f, sizeof f));
}

/* One that is held, or free, as wanted is left alone. Only what is held for this reason is dropped: what an administrator holds stays. */
static bool concerns(const struct contain *c, const struct ledger_message *m)
{
	bool contained = (m->hold & HOLD_CONTAINED) != 0;
	return memcmp(m->job.sender_account, c->account, sizeof c->account) == 0 && contained == (c->held != CONTAIN_HOLD)
		&& (c->held != CONTAIN_DROP || (m->hold & HOLD_BY_HAND) == 0);
}

static int find_one(void *arg, const struct ledger_message *m)
{
	struct contain *c = arg;
	if (!concerns(c, m))
		return 0;
	if (c->messages == RECORDS_MAX) {
		c->failed = true; /* what is left is done when the request comes again */
		return 1;
	}
	c->messages++;
	for (size_t i = 0; c->held == CONTAIN_DROP && i < m->recipient_count; i++)
		add(c, m, m->recipients[i].index);
	if (c->held != CONTAIN_DROP)
		add(c, m, 0);
	return 0;
}

static int find(struct ledger *ledger, void *arg, struct error *err)
{
	return ledger_messages(ledger, 0, find_one, arg, err);
}

static void on_found(struct queue_role *q, struct queue_job *job)
{
	struct contain *c = CONTAINER_OF(job, struct contain, job);
	c->failed |= job->op.result != QUEUE_OK || c->found.failed;
	ledger_op_free(&job->op);
	if (c->found.failed || job->op.result != QUEUE_OK)
		end(c);
	else if (c->held == CONTAIN_DROP)
		drop_all(c);
	else
		write_more(c);
}

/* Those that wait for their time first; then those that are on their way. */
static void on_waiting_done(struct queue_role *q, struct queue_job *job)
{
	struct contain *c = CONTAINER_OF(job, struct contain, job);
	c->failed = job->op.result != QUEUE_OK;
	ledger_op_free(&job->op);
	c->job = (struct queue_job){.done = on_found, .op = {.kind = LEDGER_CALL, .call = {.fn = find, .arg = c}}};
	q->later_ms = 0;
	queue_submit(q, &c->job);
}

static enum submission_act act_of(unsigned held)
{
	return held == CONTAIN_HOLD ? SUBMISSION_HOLD : held == CONTAIN_DROP ? SUBMISSION_DROP : SUBMISSION_RELEASE;
}

static void on_contain(void *arg, struct ipc_call *call, const void *message)
{
	struct queue_role *q = arg;
	const struct ipc_queue_contain *request = message;
	if (q->stopping || request->held < CONTAIN_HOLD || request->held > CONTAIN_DROP) {
		ipc_reply(call, &(struct ipc_queue_contain_reply){.status = 1});
		return;
	}
	struct contain *c = memory_alloc(sizeof *c);
	c->q = q;
	c->call = call;
	c->held = request->held;
	memcpy(c->account, request->account.b, sizeof c->account);
	buf_init(&c->found, SIZE_MAX);
	c->job = (struct queue_job){.done = on_waiting_done, .op = {.kind = LEDGER_SUBMISSION, .submission = {.act = act_of(c->held)}}};
	memcpy(c->job.op.submission.account, c->account, sizeof c->account);
	queue_submit(q, &c->job);
}

void queue_contain_setup(struct queue_role *q)
{
	ipc_handle(q->ctx->ipc, IPC_QUEUE_CONTAIN, on_contain, q);
}
