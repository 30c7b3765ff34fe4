/* What auth says of a domain: asked once in a while, however often the network asks us. */
#include <string.h>

#include "base/memory.h"
#include "role/web.h"
#include "smtp/path.h"
#include "trust/client_setup.h"

struct asking {
	struct web_exchange *x;
	struct web_shared *shared;
	web_domain_fn *fn;
	size_t name_n;
	uint8_t name[SMTP_DOMAIN_MAX];
};

static void domain_free(struct web_domain *d)
{
	arena_free(&d->arena);
	memory_free(d);
}

/* Whoever asks for many names costs others only a question more. */
static void make_room(struct web_shared *shared)
{
	if (shared->domains.count < WEB_DOMAINS_MAX)
		return;
	MAP_FOREACH(entry, &shared->domains) {
		domain_free(entry->value);
		map_remove(&shared->domains, map_entry_key(entry));
	}
}

static struct web_domain *keep(struct web_shared *shared, struct slice name, const struct ipc_auth_web_domain_reply *reply)
{
	struct web_domain *d = memory_alloc(sizeof *d), *old;
	struct slice ports = reply->ports;

	make_room(shared);
	d->until_ms = loop_now(shared->edge->ctx->loop).mono_ms + WEB_DOMAIN_KEEP_MS;
	d->ours = reply->ours != 0;
	d->name = arena_dup(&d->arena, name);
	d->host = arena_dup(&d->arena, reply->host);
	d->policy = arena_dup(&d->arena, reply->policy);
	d->oauth = reply->oauth != 0;
	for (size_t i = 0; i < CLIENT_SERVICES; i++)
		slice_get_u16(&ports, &d->ports[i]);
	old = map_put(&shared->domains, name, d);
	if (old != NULL)
		domain_free(old);
	return d;
}

static void on_domain(void *arg, enum ipc_outcome outcome, const void *message)
{
	const struct ipc_auth_web_domain_reply *reply = message;
	struct asking *q = arg;
	struct web_exchange *x = q->x;
	const struct web_domain *d = NULL;

	if (outcome == IPC_OK && reply->status == 0)
		d = keep(q->shared, slice_make(q->name, q->name_n), reply);
	if (!web_is_gone(x))
		q->fn(x, d);
	web_drop(x);
	memory_free(q);
}

void web_domain_ask(struct web_exchange *x, struct slice name, web_domain_fn *fn)
{
	struct web_shared *shared = x->web->shared;
	const struct web_domain *known = map_get(&shared->domains, name);
	static const struct web_domain nobody;
	struct asking *q;

	if (known != NULL && loop_now(shared->edge->ctx->loop).mono_ms < known->until_ms) {
		fn(x, known);
		return;
	}
	if (name.n == 0 || name.n > SMTP_DOMAIN_MAX || !smtp_domain_valid(name, false)) {
		fn(x, &nobody);
		return;
	}
	q = memory_alloc(sizeof *q);
	*q = (struct asking){.x = x, .shared = shared, .fn = fn, .name_n = name.n};
	memcpy(q->name, name.p, name.n);
	web_hold(x);
	ipc_request(shared->edge->ctx->ipc, IPC_AUTH_WEB_DOMAIN, IPC_ANY, &(struct ipc_auth_web_domain){.domain = name}, on_domain, q);
}
