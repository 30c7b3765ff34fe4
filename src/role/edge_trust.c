/* Which authorities of our own clients may show certificates of: auth says, at the start and whenever that changes. */
#include "base/log.h"
#include "role/edge.h"

#define AGAIN_MS SECONDS_MS(1)

static void ask(void *arg);

static void answered(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct edge *edge = arg;
	const struct ipc_auth_trust_reply *reply = message;

	if (outcome != IPC_OK || reply->status != 0) {
		timer_start(edge->trust_timer, AGAIN_MS);
		return;
	}
	if (slice_eq(buf_slice(&edge->own_ca), reply->authorities))
		return;
	buf_clear(&edge->own_ca);
	buf_append(&edge->own_ca, reply->authorities);
	edge_trust_changed(edge);
}

static void ask(void *arg)
{
	struct edge *edge = arg;

	ipc_request(edge->ctx->ipc, IPC_AUTH_TRUST, IPC_ANY, &(struct ipc_auth_trust){0}, answered, edge);
}

static void on_trust(void *arg, struct ipc_call *call, const void *message)
{
	ask(arg);
}

void edge_trust_prepare(struct edge *edge)
{
	buf_init(&edge->own_ca, EDGE_OWN_CA_MAX);
	edge->trust_timer = timer_create_on(edge->ctx->loop, ask, edge);
	ipc_handle(edge->ctx->ipc, IPC_EDGE_TRUST, on_trust, edge);
}

void edge_trust_start(struct edge *edge)
{
	ask(edge);
}

bool edge_asks_certificates(const struct edge *edge)
{
	return edge->ctx->client_ca.n > 0 || buf_len(&edge->own_ca) > 0;
}
