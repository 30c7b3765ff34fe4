/* Containment leaves auth for queue by QUEUE_CONTAIN. */
#include <string.h>

#include "base/memory.h"
#include "role/auth.h"

struct asked {
	auth_contain_fn *fn;
	void *arg;
};

static void answered(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct asked *asked = arg;
	const struct ipc_queue_contain_reply *reply = message;
	bool ok = outcome == IPC_OK && reply->status == 0;
	asked->fn(asked->arg, ok, outcome == IPC_OK ? reply->count : 0);
	memory_free(asked);
}

static void host_contain(void *arg, const uint8_t account[16], unsigned held, auth_contain_fn *fn, void *fn_arg)
{
	struct auth_process *a = arg;
	struct asked *asked = memory_alloc(sizeof *asked);
	struct ipc_queue_contain request = {.held = (uint8_t)held};
	memcpy(request.account.b, account, sizeof request.account.b);
	asked->fn = fn;
	asked->arg = fn_arg;
	ipc_request(a->ctx->ipc, IPC_QUEUE_CONTAIN, IPC_ANY, &request, answered, asked);
}

void auth_contain_host(struct auth_host *host)
{
	host->contain = host_contain;
}
