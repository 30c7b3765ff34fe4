/* The relay role: jobs of queue go out by SMTP. */
#include "role/relay.h"

#include "base/log.h"
#include "base/memory.h"

static void on_deliver(void *arg, struct ipc_call *call, const void *request)
{
	relay_delivery_begin(arg, call, request);
}

static int contexts_load(struct relay *r, struct error *err)
{
	struct tls_context *opportunistic = tls_context_client(false, r->ctx->tls_ca, err);
	struct tls_context *verified = tls_context_client(true, r->ctx->tls_ca, err);

	if (opportunistic == NULL || verified == NULL) {
		tls_context_free(&opportunistic);
		tls_context_free(&verified);
		return ERR_INVALID;
	}
	tls_context_free(&r->opportunistic);
	tls_context_free(&r->verified);
	tls_context_free(&r->dane);
	r->dane = tls_context_client_dane();
	r->opportunistic = opportunistic;
	r->verified = verified;
	return 0;
}

static int start(struct role_context *ctx, struct error *err)
{
	struct relay *r = memory_alloc(sizeof *r);
	r->ctx = ctx;
	r->peers = MAP_INIT;
	r->sts_failed = MAP_INIT;
	r->probes = MAP_INIT;
	list_init(&r->deliveries);
	list_init(&r->links);
	ctx->state = r;
	int rc = contexts_load(r, err);
	ipc_handle(ctx->ipc, IPC_RELAY_DELIVER, on_deliver, r);
	relay_probe_register(r);
	return rc;
}

void relay_free(struct relay **relay)
{
	struct relay *r = *relay;
	relay_links_free(r);
	relay_sts_free(r);
	relay_probes_free(r);
	tls_context_free(&r->opportunistic);
	tls_context_free(&r->verified);
	tls_context_free(&r->dane);
	MEMORY_FREE(relay);
}

static void reload(struct role_context *ctx)
{
	struct error err = {0};

	if (contexts_load(ctx->state, &err) < 0)
		log_event(EV_CONFIG_REFUSED, LOG_STR("problem", err.private_text));
	relay_links_close_idle(ctx->state);
}

static void stop(struct role_context *ctx)
{
	static const struct smtp_reply closing = SMTP_REPLY_INIT(421, "4.3.2", "Service shutting down");
	struct relay *r = ctx->state;
	r->stopping = true;
	relay_links_close_idle(r);
	if (r->running == 0) {
		role_stopped(ctx);
		return;
	}
	/* Who has not begun to send goes back to queue; a message on its way is finished. */
	LIST_FOREACH(node, &r->deliveries) {
		struct relay_delivery *d = LIST_ITEM(node, struct relay_delivery, node);
		if (d->link == NULL)
			relay_delivery_give_up(d, &closing);
	}
}

static void status(struct role_context *ctx, struct buf *out)
{
	const struct relay *r = ctx->state;
	buf_printf(out, "\"running\":%u,\"delivered\":%llu,\"deferred\":%llu,\"bounced\":%llu", r->running, (unsigned long long)r->delivered,
	           (unsigned long long)r->deferred, (unsigned long long)r->bounced);
}

const struct role_ops role_relay = {.start = start, .reload = reload, .stop = stop, .status = status};
