/* Certificates of an edge: that of the configuration, and those by name that auth gives; their keys are in `key`. */
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "role/edge.h"
#include "sys/file.h"

#define KEY_REST_MS 6000
#define ASK_AGAIN_MS 1000
#define TABLE_MAX (4u << 20)

/* A key role that hangs holds this loop up for the deadline of its row; then handshakes fail at once for a while, and the rest goes on. */
static int tls_sign(void *arg, uint32_t key, uint16_t scheme, struct slice digest, struct buf *out)
{
	struct role_context *ctx = arg;
	struct ipc_key_tls_sign request = {.key = key, .scheme = scheme, .digest = digest};
	struct ipc_key_tls_sign_reply reply;
	struct edge *edge = ctx->state;
	uint8_t storage[4096];
	int64_t now = loop_now(ctx->loop).mono_ms;
	enum ipc_outcome outcome = now < edge->key_rest_until_ms
	                                   ? IPC_BUSY
	                                   : ipc_request_sync(ctx->ipc, IPC_KEY_TLS_SIGN, &request, &reply, storage, sizeof storage);

	if (outcome == IPC_TIMEOUT)
		edge->key_rest_until_ms = now + KEY_REST_MS;
	if (outcome != IPC_OK || reply.status != 0)
		return ERR_TEMPORARY;
	buf_append(out, reply.signature);
	return out->failed ? ERR_LIMIT : 0;
}

void edge_tls_tickets(struct role_context *ctx)
{
	struct edge *edge = ctx->state;

	if (edge->tls != NULL && ctx->tls_tickets != NULL)
		tls_context_tickets(edge->tls, ctx->tls_tickets->newer, ctx->tls_tickets->older);
}

/* ---- certificates by name ---- */

static void add_named(struct edge *edge, struct tls_context *context)
{
	struct slice rest = buf_slice(&edge->certificates), chain, ocsp;
	struct error err = {0};
	uint32_t key;
	uint8_t flags;

	while (slice_get_u32(&rest, &key) && slice_get_u8(&rest, &flags) && slice_get_bytes(&rest, &chain) && slice_get_bytes(&rest, &ocsp))
		if (tls_context_add(context, chain, key, ocsp, (flags & 1) != 0, &err) != 0)
			log_event(EV_TLS_FAILED, LOG_STR("why", err.private_text));
}

void edge_tls_load(struct edge *edge)
{
	struct error err = {0};
	struct tls_context *fresh;

	if (edge->ctx->tls_chain.n == 0 && buf_len(&edge->certificates) == 0)
		return;
	fresh = tls_context_server(edge->ctx->tls_chain, 0, tls_sign, edge->ctx, &err);
	if (fresh == NULL) {
		log_event(EV_TLS_FAILED, LOG_STR("why", err.private_text));
		return;
	}
	add_named(edge, fresh);
	tls_context_default_name(fresh, edge->ctx->config->hostname);
	if (edge->ctx->role == ROLE_CLIENT && edge->ctx->client_ca.n > 0 && tls_context_client_ca(fresh, edge->ctx->client_ca, &err) != 0)
		log_event(EV_TLS_FAILED, LOG_STR("why", err.private_text)); /* nobody signs in by certificate; the rest works */
	if (buf_len(&edge->own_ca) > 0 && tls_context_own_ca(fresh, buf_slice(&edge->own_ca), &err) != 0)
		log_event(EV_TLS_FAILED, LOG_STR("why", err.private_text));
	if (edge->ctx->role == ROLE_MANAGE)
		tls_context_alpn(fresh, &SLICE("http/1.1"), 1);
	if (edge->ctx->role == ROLE_WEB)
		tls_context_alpn(fresh, (const struct slice[]){SLICE_INIT("h2"), SLICE_INIT("http/1.1")}, 2);
	tls_context_free(&edge->tls);
	edge->tls = fresh;
	edge_tls_tickets(edge->ctx);
	log_event(EV_TLS_RELOADED);
}

/* ---- the table of auth: asked for all the time, answered when there is another one ---- */

static void ask(void *arg);

static void take_table(struct edge *edge, const struct ipc_auth_certificates_reply *reply)
{
	struct file_map map = FILE_MAP_NONE;
	struct error err = {0};

	if (memfd_map(reply->list, TABLE_MAX, &map, &err) != 0) {
		log_event(EV_TLS_FAILED, LOG_STR("why", err.private_text));
		return;
	}
	buf_free(&edge->certificates);
	buf_init(&edge->certificates, TABLE_MAX);
	buf_append(&edge->certificates, map.content);
	file_unmap(&map);
	edge->certificates_generation = reply->generation;
	edge_tls_load(edge);
}

static void on_table(void *arg, enum ipc_outcome outcome, const void *message)
{
	const struct ipc_auth_certificates_reply *reply = message;
	struct edge *edge = arg;
	bool there = outcome == IPC_OK && reply->list >= 0;
	int fd = there ? reply->list : -1;

	if (there)
		take_table(edge, reply);
	file_close(&fd);
	/* Without a table: a minute is over, or auth is away. */
	timer_start(edge->certificates_timer, there ? 1 : ASK_AGAIN_MS);
}

static void ask(void *arg)
{
	struct edge *edge = arg;
	struct ipc_auth_certificates request = {.generation = edge->certificates_generation};

	if (!edge->stopping)
		ipc_request(edge->ctx->ipc, IPC_AUTH_CERTIFICATES, IPC_ANY, &request, on_table, edge);
}

void edge_tls_run(struct edge *edge)
{
	edge->certificates_timer = timer_create_on(edge->ctx->loop, ask, edge);
	ask(edge);
}
