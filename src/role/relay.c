/* The relay role: jobs of queue go out by SMTP. */
#include "role/relay.h"

#include "base/log.h"
#include "base/memory.h"

#define PASSWORD_MAX 1024
#define CA_MAX (4u << 20)

static void on_deliver(void *arg, struct ipc_call *call, const void *request)
{
	relay_delivery_begin(arg, call, request);
}

static int contexts_load(struct relay *r, struct error *err)
{
	const struct config *c = r->ctx->config;
	struct buf ca = BUF_INIT(CA_MAX);
	int rc = c->tls_ca.n > 0 ? file_read((const char *)c->tls_ca.p, &ca, err) : 0;
	if (rc == 0) {
		struct tls_context *opportunistic = tls_context_client(false, SLICE_NONE, err);
		struct tls_context *verified = tls_context_client(true, buf_slice(&ca), err);
		if (opportunistic == NULL || verified == NULL) {
			tls_context_free(&opportunistic);
			tls_context_free(&verified);
			rc = ERR_INVALID;
		} else {
			tls_context_free(&r->opportunistic);
			tls_context_free(&r->verified);
			r->opportunistic = opportunistic;
			r->verified = verified;
		}
	}
	buf_free(&ca);
	return rc;
}

static int password_load(struct relay *r, struct error *err)
{
	const struct config *c = r->ctx->config;
	buf_free_secret(&r->password);
	if (c->relay_password_file.n == 0)
		return 0;
	int rc = file_read((const char *)c->relay_password_file.p, &r->password, err);
	while (rc == 0 && buf_len(&r->password) > 0 && slice_ends(buf_slice(&r->password), SLICE("\n")))
		buf_truncate(&r->password, buf_len(&r->password) - 1);
	return rc;
}

static int start(struct role_context *ctx, struct error *err)
{
	struct relay *r = memory_alloc(sizeof *r);
	r->ctx = ctx;
	r->password = BUF_INIT(PASSWORD_MAX);
	r->peers = MAP_INIT;
	list_init(&r->deliveries);
	list_init(&r->links);
	ctx->state = r;
	int rc = contexts_load(r, err);
	if (rc == 0)
		rc = password_load(r, err);
	ipc_handle(ctx->ipc, IPC_RELAY_DELIVER, on_deliver, r);
	return rc;
}

void relay_free(struct relay **relay)
{
	struct relay *r = *relay;
	relay_links_free(r);
	tls_context_free(&r->opportunistic);
	tls_context_free(&r->verified);
	buf_free_secret(&r->password);
	MEMORY_FREE(relay);
}

/* Files lie outside of the jail: a changed CA or password needs a restart of the role, everything else is read from
 * the new configuration. */
static void reload(struct role_context *ctx)
{
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
