/* Letters that the system itself writes: auth asks, filter composes, and they come in through the same door as all mail. */
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "role/queue.h"

#define CID_BYTES 8

struct letter {
	struct queue_role *q;
	struct ipc_call *call;
};

static void letter_end(struct letter *l, enum queue_result result)
{
	struct ipc_queue_notice_reply reply = {.status = result != QUEUE_OK};
	ipc_reply(l->call, &reply);
	memory_free(l);
}

static void on_accepted(struct queue_role *q, void *arg, enum queue_result result)
{
	letter_end(arg, result);
}

static void on_composed(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct letter *l = arg;
	const struct ipc_filter_notice_reply *reply = message;
	if (outcome != IPC_OK) {
		letter_end(l, QUEUE_ERROR);
	} else if (reply->status != 0 || reply->record < 0 || l->q->stopping) {
		if (reply->record >= 0)
			close(reply->record);
		letter_end(l, l->q->stopping ? QUEUE_ERROR : QUEUE_REFUSED);
	} else {
		queue_accept_own(l->q, reply->record, &(struct ledger_mark){0}, 0, on_accepted, l);
	}
}

static void make_cid(struct buf *out)
{
	uint8_t random[CID_BYTES];
	random_bytes(random, sizeof random);
	hex_encode(slice_make(random, sizeof random), out);
}

static void on_notice(void *arg, struct ipc_call *call, const void *message)
{
	struct queue_role *q = arg;
	const struct ipc_queue_notice *request = message;
	struct letter *l = memory_alloc(sizeof *l);
	struct buf cid = BUF_INIT(2 * CID_BYTES);
	l->q = q;
	l->call = call;
	make_cid(&cid);
	struct ipc_filter_notice ask = {.cid = buf_slice(&cid), .now_ms = (uint64_t)queue_now(q).wall_ms, .name = request->name,
		.language = request->language, .fact = request->fact, .domain = request->domain, .signer = request->signer, .args = request->args};
	if (q->stopping || q->full)
		letter_end(l, QUEUE_FULL);
	else
		ipc_request(q->ctx->ipc, IPC_FILTER_NOTICE, IPC_ANY, &ask, on_composed, l);
	buf_free(&cid);
}

void queue_letter_setup(struct queue_role *q)
{
	ipc_handle(q->ctx->ipc, IPC_QUEUE_NOTICE, on_notice, q);
}
