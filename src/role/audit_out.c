#include "role/audit_out.h"

#include <pthread.h>

#include "audit/record.h"
#include "base/ensure.h"
#include "base/list.h"
#include "base/memory.h"
#include "crypt/crypt.h"

#define CHUNK_BYTES 200000   /* of one request */
#define CHUNKS_SENT_MAX 16   /* without an answer */

enum { APPEND_OK = 0 }; /* status of AUDIT_APPEND; anything else: try again */

/* Records of one request. */
struct chunk {
	struct list_node node;
	uint64_t first;
	uint32_t count;
	int64_t made_ms;
	struct buf bytes;
	bool sent;
};

struct barrier {
	struct list_node node;
	struct audit_out *out;
	uint64_t number;          /* durable when everything below it is */
	uint64_t lost;            /* as it was when the act began */
	struct timer *limit;
	audit_out_fn *fn;
	void *arg;
};

struct audit_out {
	struct loop *loop;
	struct ipc *ipc;
	enum role role;
	pthread_t thread;
	uint64_t start, next;     /* next: number of the next record */
	struct list_node chunks;  /* oldest first */
	struct list_node barriers;
	struct timer *retry;
	size_t bytes, records, sent;
	uint64_t lost, lost_told;
	bool flush_soon, resting, ended;
};

static void flush(struct audit_out *o);

static int64_t now_ms(const struct audit_out *o)
{
	return loop_now(o->loop).mono_ms;
}

/* ---- barriers ---- */

static void barrier_end(struct barrier *b, bool durable)
{
	audit_out_fn *fn = b->fn;
	void *arg = b->arg;
	list_remove(&b->node);
	timer_destroy(&b->limit);
	memory_free(b);
	fn(arg, durable);
}

static uint64_t durable_below(const struct audit_out *o)
{
	return list_empty(&o->chunks) ? o->next : LIST_ITEM(o->chunks.next, struct chunk, node)->first;
}

static void tell_barriers(struct audit_out *o)
{
	while (!list_empty(&o->barriers)) {
		struct barrier *b = LIST_ITEM(o->barriers.next, struct barrier, node);
		if (b->number > durable_below(o))
			break;
		barrier_end(b, b->lost == o->lost);
	}
}

static void on_limit(void *arg)
{
	barrier_end(arg, false);
}

static void tell_soon(void *arg)
{
	tell_barriers(arg);
}

void audit_out_barrier(struct audit_out *o, audit_out_fn *fn, void *arg)
{
	struct barrier *b = memory_alloc(sizeof *b);
	*b = (struct barrier){.out = o, .number = o->next, .lost = o->lost, .fn = fn, .arg = arg};
	b->limit = timer_create_on(o->loop, on_limit, b);
	timer_start(b->limit, AUDIT_ACT_MS);
	list_append(&o->barriers, &b->node);
	if (durable_below(o) >= b->number)
		loop_defer(o->loop, tell_soon, o);
	else
		flush(o);
}

/* ---- sending ---- */

static void chunk_free(struct chunk *c)
{
	list_remove(&c->node);
	buf_free(&c->bytes);
	memory_free(c);
}

/* Numbers have to arrive in order: after a failure everything goes again. */
static void send_again(struct audit_out *o)
{
	LIST_FOREACH(it, &o->chunks)
		LIST_ITEM(it, struct chunk, node)->sent = false;
	o->resting = true;
	timer_start(o->retry, AUDIT_RETRY_MS);
}

static void tell_lost(struct audit_out *o)
{
	uint64_t count = o->lost - o->lost_told;
	if (count == 0 || o->records > AUDIT_OUT_RECORDS / 2)
		return;
	o->lost_told = o->lost;
	log_event(EV_AUDIT_LOST, LOG_STR("peer", role_name(o->role)), LOG_NUM("count", count));
}

/* A chunk may have been sent again meanwhile, and grown: what is durable counts, not what was answered. */
static void on_appended(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct audit_out *o = arg;
	const struct ipc_audit_append_reply *reply = message;
	o->sent--;
	if (outcome != IPC_OK || reply->status != APPEND_OK) {
		send_again(o);
		return;
	}
	LIST_FOREACH(it, &o->chunks) {
		struct chunk *c = LIST_ITEM(it, struct chunk, node);
		if (c->first + c->count > reply->below)
			break;
		o->bytes -= buf_len(&c->bytes);
		o->records -= c->count;
		chunk_free(c);
	}
	tell_barriers(o);
	tell_lost(o);
	flush(o);
}

static void send_chunk(struct audit_out *o, struct chunk *c)
{
	struct ipc_audit_append request = {.start = o->start, .first = c->first, .count = c->count, .urgent = !list_empty(&o->barriers),
		.records = buf_slice(&c->bytes)};
	c->sent = true;
	o->sent++;
	ipc_request(o->ipc, IPC_AUDIT_APPEND, 0, &request, on_appended, o);
}

static void flush(struct audit_out *o)
{
	if (o->resting)
		return;
	LIST_FOREACH(it, &o->chunks) {
		struct chunk *c = LIST_ITEM(it, struct chunk, node);
		if (o->sent >= CHUNKS_SENT_MAX)
			break;
		if (!c->sent)
			send_chunk(o, c);
	}
}

static void flush_now(void *arg)
{
	struct audit_out *o = arg;
	o->flush_soon = false;
	flush(o);
}

static void on_retry(void *arg)
{
	struct audit_out *o = arg;
	o->resting = false;
	flush(o);
}

/* ---- the hook ---- */

static struct chunk *chunk_for(struct audit_out *o, size_t n)
{
	struct chunk *last = list_empty(&o->chunks) ? NULL : LIST_ITEM(o->chunks.prev, struct chunk, node);
	if (last != NULL && !last->sent && buf_len(&last->bytes) + n <= CHUNK_BYTES)
		return last;
	struct chunk *c = memory_alloc(sizeof *c);
	*c = (struct chunk){.first = o->next, .made_ms = now_ms(o), .bytes = BUF_INIT(CHUNK_BYTES + AUDIT_WIRE_MAX)};
	list_append(&o->chunks, &c->node);
	return c;
}

static void on_event(void *arg, enum log_event event, const struct log_field *fields)
{
	struct audit_out *o = arg;
	struct buf wire = BUF_INIT(AUDIT_WIRE_MAX);
	ENSURE(pthread_equal(pthread_self(), o->thread));
	audit_event_encode(o->next, loop_now(o->loop).wall_ms, event, fields, &wire);
	if (wire.failed || o->records >= AUDIT_OUT_RECORDS || o->bytes + buf_len(&wire) > AUDIT_OUT_BYTES) {
		o->lost++; /* the oldest are kept: they tell how it began */
		buf_free(&wire);
		return;
	}
	struct chunk *c = chunk_for(o, buf_len(&wire));
	buf_append(&c->bytes, buf_slice(&wire));
	c->count++;
	o->next++;
	o->records++;
	o->bytes += buf_len(&wire);
	buf_free(&wire);
	if (o->flush_soon || o->ended)
		return;
	o->flush_soon = true;
	loop_defer(o->loop, flush_now, o);
}

/* ---- life ---- */

struct audit_out *audit_out_create(struct loop *loop, struct ipc *ipc, enum role role)
{
	struct audit_out *o = memory_alloc(sizeof *o);
	o->loop = loop;
	o->ipc = ipc;
	o->role = role;
	o->thread = pthread_self();
	random_bytes(&o->start, sizeof o->start);
	list_init(&o->chunks);
	list_init(&o->barriers);
	o->retry = timer_create_on(loop, on_retry, o);
	log_set_audit(on_event, o);
	return o;
}

void audit_out_end(struct audit_out *o)
{
	log_set_audit(NULL, NULL);
	o->ended = true;
	flush(o);
}

int64_t audit_out_waiting_ms(const struct audit_out *o)
{
	return list_empty(&o->chunks) ? 0 : now_ms(o) - LIST_ITEM(o->chunks.next, struct chunk, node)->made_ms;
}

bool audit_out_allows_mail(const struct audit_out *o, int64_t patience_ms)
{
	bool room = o->records < AUDIT_OUT_RECORDS / 10 * 9 && o->bytes < AUDIT_OUT_BYTES / 10 * 9; /* what is on its way still has to fit */
	return room && audit_out_waiting_ms(o) <= patience_ms;
}

void audit_out_status(const struct audit_out *o, struct buf *to)
{
	buf_printf(to, "%s\"audit\":{\"waiting\":%zu,\"waiting_ms\":%lld,\"lost\":%llu}", buf_len(to) > 0 ? "," : "", o->records, (long long)audit_out_waiting_ms(o),
		(unsigned long long)o->lost);
}
