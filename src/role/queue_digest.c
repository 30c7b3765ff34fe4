/* Who has letters in quarantine and was not told of it: asked by auth, which writes to them. What was told is remembered (queue/memory.h). */
#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "queue/memory.h"
#include "queue/quarantine.h"
#include "role/queue.h"

#define PERSONS_MAX 2000   /* of one answer: the row of QUEUE_QUARANTINED */
#define KEY_MAX 80
#define VALUE_SIZE 16u     /* highest record that was told, and when */

struct person {
	uint8_t account[16];
	uint32_t count;
	uint64_t told, newest; /* records */
	bool waits;            /* was told not long ago */
};

struct digest {
	struct queue_job job;
	struct ipc_call *call;
	struct queue_role *q;
	int64_t now_ms, wait_ms;
	struct ledger *ledger;  /* while the worker has it */
	struct person *persons;
	size_t count;
};

static struct slice key_of(const uint8_t account[16], struct buf *out)
{
	buf_clear(out);
	buf_append_str(out, "quarantine-told:");
	hex_encode(slice_make(account, 16), out);
	return buf_slice(out);
}

static void recall(struct digest *d, struct person *p)
{
	struct arena arena = ARENA_INIT;
	struct buf key = BUF_INIT(KEY_MAX);
	struct slice value;
	struct error err = {0};
	uint64_t when = 0;
	if (memory_get(d->ledger, key_of(p->account, &key), d->now_ms, &arena, &value, &err) == 0 && slice_get_u64(&value, &p->told)
	    && slice_get_u64(&value, &when))
		p->waits = d->now_ms - (int64_t)when < d->wait_ms;
	buf_free(&key);
	arena_free(&arena);
}

static struct person *person_of(struct digest *d, const uint8_t account[16])
{
	for (size_t i = 0; i < d->count; i++)
		if (memcmp(d->persons[i].account, account, 16) == 0)
			return &d->persons[i];
	if (d->count == PERSONS_MAX)
		return NULL; /* the next day */
	struct person *p = &d->persons[d->count++];
	memcpy(p->account, account, sizeof p->account);
	recall(d, p);
	return p;
}

static int count_item(void *arg, const struct quarantine_item *item)
{
	struct digest *d = arg;
	for (size_t i = 0; i < item->job.recipient_count; i++) {
		const struct job_recipient *r = &item->job.recipients[i];
		struct person *p = r->local ? person_of(d, r->account) : NULL;
		if (p == NULL || p->waits || item->record <= p->told)
			continue;
		p->count++;
		p->newest = item->record > p->newest ? item->record : p->newest;
	}
	return 0;
}

static int work(struct ledger *ledger, void *arg, struct error *err)
{
	struct digest *d = arg;
	d->ledger = ledger;
	return quarantine_list(ledger, 0, count_item, d, err);
}

static void remember(struct digest *d, const struct person *p)
{
	struct buf key = BUF_INIT(KEY_MAX), value = BUF_INIT(VALUE_SIZE);
	buf_put_u64(&value, p->newest);
	buf_put_u64(&value, (uint64_t)d->now_ms);
	queue_memory_put(d->q, key_of(p->account, &key), buf_slice(&value), (uint32_t)((d->q->ctx->config->quarantine_keep + d->wait_ms) / 1000));
	buf_free(&key);
	buf_free(&value);
}

static void on_counted(struct queue_role *q, struct queue_job *job)
{
	struct digest *d = CONTAINER_OF(job, struct digest, job);
	struct buf list = BUF_INIT(PERSONS_MAX * 20);
	for (size_t i = 0; i < d->count && job->op.result == QUEUE_OK; i++) {
		const struct person *p = &d->persons[i];
		if (p->count == 0)
			continue;
		buf_append_bytes(&list, p->account, sizeof p->account);
		buf_put_u32(&list, p->count);
		remember(d, p);
	}
	ipc_reply(d->call, &(struct ipc_queue_quarantined_reply){.list = buf_slice(&list)});
	buf_free(&list);
	ledger_op_free(&job->op);
	memory_free(d->persons);
	memory_free(d);
}

static void on_quarantined(void *arg, struct ipc_call *call, const void *message)
{
	struct queue_role *q = arg;
	const struct ipc_queue_quarantined *request = message;
	struct digest *d;
	if (q->stopping) {
		ipc_reply(call, &(struct ipc_queue_quarantined_reply){0});
		return;
	}
	d = memory_alloc(sizeof *d);
	d->call = call;
	d->q = q;
	d->now_ms = queue_now(q).wall_ms;
	d->wait_ms = (int64_t)request->wait_s * 1000;
	d->persons = memory_alloc_array(PERSONS_MAX, sizeof *d->persons);
	d->job = (struct queue_job){.done = on_counted, .op = {.kind = LEDGER_CALL, .call = {.fn = work, .arg = d}}};
	queue_submit(q, &d->job);
}

void queue_digest_setup(struct queue_role *q)
{
	ipc_handle(q->ctx->ipc, IPC_QUEUE_QUARANTINED, on_quarantined, q);
}
