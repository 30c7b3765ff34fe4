/* Of which domains the reports of others say that mail fails: asked by auth, which writes to who answers for them. What was told is remembered. */
#include "base/memory.h"
#include "queue/memory.h"
#include "queue/report.h"
#include "role/queue.h"

#define FAILING_MAX 100      /* domains and kinds of one answer: the row of QUEUE_FAILING; the others the next time */
#define FAILING_PERCENT 2
#define SHOWN_MAX 3          /* sources that are named */
#define SOURCES_MAX 300      /* bytes of them */

struct failing {
	struct queue_job job;
	struct ipc_call *call;
	struct queue_role *q;
	int64_t now_ms;
	uint32_t wait_s;
	struct ledger *ledger;   /* while the worker has it */
	struct arena arena;
	struct slice domains;    /* that are asked about */
	struct slice at;         /* the one that is looked at */
	struct failing_row {
		struct slice domain;
		unsigned kind;
		uint64_t failed;
	} rows[FAILING_MAX];
	struct buf sources[FAILING_MAX];
	size_t count;
};

static struct slice key_of(struct failing *f, const struct failing_row *row)
{
	return arena_printf(&f->arena, "reports-told:%u:%.*s", row->kind, SLICE_ARG(slice_sub(row->domain, 0, 200)));
}

static void take(void *arg, const struct report_failing *row)
{
	struct failing *f = arg;
	if (f->count == FAILING_MAX)
		return;
	f->rows[f->count++] = (struct failing_row){.domain = f->at, .kind = row->kind, .failed = row->failed};
}

struct naming {
	unsigned kind, named;
	struct buf *out;
};

static void name_source(void *arg, const struct report_line *line)
{
	struct naming *n = arg;
	if (line->kind != n->kind || line->failed == 0 || n->named == SHOWN_MAX)
		return;
	buf_printf(n->out, "%s%.*s (%llu)", n->named++ > 0 ? ", " : "", SLICE_ARG(slice_sub(line->source, 0, 64)), (unsigned long long)line->failed);
}

static int name_sources(struct failing *f, size_t at, int64_t since, struct error *err)
{
	struct naming n = {.kind = f->rows[at].kind, .out = &f->sources[at]};
	return report_list(f->ledger, f->rows[at].domain, since, 100, name_source, &n, err);
}

/* Those that were told of not long ago are left out. */
static int work(struct ledger *ledger, void *arg, struct error *err)
{
	struct failing *f = arg;
	int64_t since = f->now_ms / 1000 / REPORT_DAY_S - (f->wait_s + REPORT_DAY_S - 1) / REPORT_DAY_S;
	size_t kept = 0;
	f->ledger = ledger;
	int rc = 0;
	for (struct slice list = f->domains; rc >= 0 && slice_get_bytes(&list, &f->at);)
		rc = report_failing(ledger, f->at, since, FAILING_PERCENT, take, f, err);
	for (size_t i = 0; i < f->count && rc >= 0; i++) {
		struct slice value;
		int told = memory_get(ledger, key_of(f, &f->rows[i]), f->now_ms, &f->arena, &value, err);
		if (told == ERR_NOT_FOUND)
			f->rows[kept++] = f->rows[i];
		else if (told < 0)
			rc = told;
	}
	f->count = kept;
	for (size_t i = 0; i < f->count && rc >= 0; i++)
		rc = name_sources(f, i, since, err);
	return rc;
}

static void on_found(struct queue_role *q, struct queue_job *job)
{
	struct failing *f = CONTAINER_OF(job, struct failing, job);
	struct buf list = BUF_INIT(60000);
	for (size_t i = 0; i < f->count && job->op.result == QUEUE_OK; i++) {
		buf_put_bytes(&list, slice_sub(f->rows[i].domain, 0, MEMORY_KEY_MAX));
		buf_put_u8(&list, (uint8_t)f->rows[i].kind);
		buf_put_u64(&list, f->rows[i].failed);
		buf_put_bytes(&list, buf_slice(&f->sources[i]));
		queue_memory_put(q, key_of(f, &f->rows[i]), SLICE("1"), f->wait_s);
	}
	ipc_reply(f->call, &(struct ipc_queue_failing_reply){.list = buf_slice(&list)});
	buf_free(&list);
	for (size_t i = 0; i < FAILING_MAX; i++)
		buf_free(&f->sources[i]);
	ledger_op_free(&job->op);
	arena_free(&f->arena);
	memory_free(f);
}

static void on_failing(void *arg, struct ipc_call *call, const void *message)
{
	struct queue_role *q = arg;
	const struct ipc_queue_failing *request = message;
	if (q->stopping || request->wait_s == 0) {
		ipc_reply(call, &(struct ipc_queue_failing_reply){0});
		return;
	}
	struct failing *f = memory_alloc(sizeof *f);
	f->call = call;
	f->q = q;
	f->now_ms = queue_now(q).wall_ms;
	f->wait_s = request->wait_s;
	f->domains = arena_dup(&f->arena, request->domains);
	for (size_t i = 0; i < FAILING_MAX; i++)
		buf_init(&f->sources[i], SOURCES_MAX);
	f->job = (struct queue_job){.done = on_found, .op = {.kind = LEDGER_CALL, .call = {.fn = work, .arg = f}}};
	queue_remember(q);
	queue_submit(q, &f->job);
}

void queue_failing_setup(struct queue_role *q)
{
	ipc_handle(q->ctx->ipc, IPC_QUEUE_FAILING, on_failing, q);
}
