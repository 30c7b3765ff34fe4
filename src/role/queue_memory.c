/* What is remembered from letter to letter (queue/memory.h): asked by the edge for filter, written in one go. */
#include "base/log.h"
#include "base/memory.h"
#include "queue/memory.h"
#include "role/queue.h"
#include "trust/facts.h"

#define RECALL_MAX 60000           /* bytes of answers: the row of QUEUE_RECALL */
#define GATHERED_MAX (1024 * 1024) /* bytes that wait for the next tick; what comes beyond is forgotten */

struct recall {
	struct queue_job job;
	struct ipc_call *call;
	struct slice questions;    /* owned copy */
	struct buf answers;
	int64_t now_ms;
};

static int recall_work(struct ledger *ledger, void *arg, struct error *err)
{
	struct recall *r = arg;
	struct arena arena = ARENA_INIT;
	struct slice list = r->questions, value;
	struct dns_question q;
	int rc = 0;
	while (rc >= 0 && facts_question_next(&list, &q)) {
		struct buf record = BUF_INIT(MEMORY_VALUE_MAX + 4);
		rc = memory_get(ledger, q.name, r->now_ms, &arena, &value, err);
		if (rc == 0)
			buf_put_bytes(&record, value);
		if (rc == ERR_NOT_FOUND)
			rc = 0;
		facts_encode_answer(&q, &(struct dns_answer){.status = buf_len(&record) > 0 ? DNS_FOUND : DNS_NODATA, .records = buf_slice(&record)}, &r->answers);
		buf_free(&record);
	}
	arena_free(&arena);
	return rc;
}

static void on_recalled(struct queue_role *q, struct queue_job *job)
{
	struct recall *r = CONTAINER_OF(job, struct recall, job);
	(void)q;
	ipc_reply(r->call, &(struct ipc_queue_recall_reply){.answers = r->answers.failed ? SLICE_NONE : buf_slice(&r->answers)});
	ledger_op_free(&job->op);
	buf_free(&r->answers);
	memory_free((void *)(uintptr_t)r->questions.p);
	memory_free(r);
}

static void handle_recall(void *arg, struct ipc_call *call, const void *message)
{
	struct queue_role *q = arg;
	const struct ipc_queue_recall *request = message;
	struct recall *r = memory_alloc(sizeof *r);
	r->call = call;
	r->now_ms = queue_now(q).wall_ms;
	r->questions = slice_make(memory_dup_str(request->questions), request->questions.n);
	buf_init(&r->answers, RECALL_MAX);
	r->job = (struct queue_job){.done = on_recalled, .op = {.kind = LEDGER_CALL, .call = {.fn = recall_work, .arg = r}}};
	queue_submit(q, &r->job);
}

struct remember {
	struct queue_job job;
	struct buf notes;
};

static void on_remembered(struct queue_role *q, struct queue_job *job)
{
	struct remember *r = CONTAINER_OF(job, struct remember, job);
	(void)q;
	ledger_op_free(&job->op);
	buf_free(&r->notes);
	memory_free(r);
}

void queue_remember(struct queue_role *q)
{
	if (buf_len(&q->notes) == 0)
		return;
	struct remember *r = memory_alloc(sizeof *r);
	buf_init(&r->notes, q->notes.max);
	buf_move(&r->notes, &q->notes);
	r->job = (struct queue_job){.done = on_remembered, .op = {.kind = LEDGER_REMEMBER, .remember = {.notes = buf_slice(&r->notes)}}};
	queue_submit(q, &r->job);
}

void queue_memory_put(struct queue_role *q, struct slice key, struct slice value, uint32_t keep_s)
{
	struct buf note = BUF_INIT(MEMORY_KEY_MAX + MEMORY_VALUE_MAX + 100);
	if (key.n > MEMORY_KEY_MAX || value.n > MEMORY_VALUE_MAX)
		return;
	memory_note_encode(&(struct memory_note){.act = MEMORY_PUT, .key = key, .value = value, .keep_s = keep_s}, &note);
	if (buf_len(&note) <= q->notes.max - buf_len(&q->notes))
		buf_append(&q->notes, buf_slice(&note));
	buf_free(&note);
}

/* Gathered, so that what is remembered costs a commit a second at most. */
static void handle_remember(void *arg, struct ipc_call *call, const void *message)
{
	struct queue_role *q = arg;
	const struct ipc_queue_remember *request = message;
	struct slice list;
	(void)call;
	if (!memory_notes_open(request->notes, q->ctx->boot_secret, &list))
		log_event(EV_INTERNAL, LOG_STR("error", "what is to be remembered is not of filter"));
	else if (list.n <= q->notes.max - buf_len(&q->notes))
		buf_append(&q->notes, list);
}

void queue_memory_setup(struct queue_role *q)
{
	buf_init(&q->notes, GATHERED_MAX);
	ipc_handle(q->ctx->ipc, IPC_QUEUE_RECALL, handle_recall, q);
	ipc_handle(q->ctx->ipc, IPC_QUEUE_REMEMBER, handle_remember, q);
}
