/* What a letter of the system that leaves the house is signed with: asked of auth for each. */
#include "base/memory.h"
#include "role/queue.h"

struct asked {
	queue_signer_fn *fn;
	void *arg;
};

static void on_signer(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct asked *a = arg;
	const struct ipc_auth_signer_reply *reply = message;
	bool known = outcome == IPC_OK && reply->status == 0;
	a->fn(a->arg, known, known ? reply->domain : SLICE_NONE, known ? reply->signer : SLICE_NONE);
	memory_free(a);
}

void queue_signer(struct queue_role *q, struct slice domain, queue_signer_fn *fn, void *arg)
{
	struct asked *a = memory_alloc(sizeof *a);
	*a = (struct asked){fn, arg};
	ipc_request(q->ctx->ipc, IPC_AUTH_SIGNER, IPC_ANY, &(struct ipc_auth_signer){.domain = domain}, on_signer, a);
}
