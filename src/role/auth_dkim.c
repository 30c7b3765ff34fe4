/* DKIM in the role auth: what auth/dkim.h needs of other processes, and when it does what is due. */
#include "auth/dkim.h"

#include <string.h>

#include "base/memory.h"
#include "role/auth.h"

#define STEP_MS MINUTES_MS(10)
#define RCODE_NXDOMAIN 3
#define FIRST_STEP_MS SECONDS_MS(20)

struct waiting {
	union {
		auth_dkim_made_fn *made;
		auth_dns_fn *dns;
	};
	void *arg;
};

static void make_replied(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct waiting *w = arg;
	const struct ipc_key_dkim_make_reply *reply = message;
	bool ok = outcome == IPC_OK && reply->status == 0;
	w->made(w->arg, ok ? reply->key.b : NULL, ok ? reply->public_key : SLICE_NONE);
	memory_free(w);
}

static void host_make(void *arg, uint8_t algorithm, auth_dkim_made_fn *fn, void *fn_arg)
{
	struct auth_process *a = arg;
	struct waiting *w = memory_alloc(sizeof *w);
	*w = (struct waiting){.made = fn, .arg = fn_arg};
	ipc_request(a->ctx->ipc, IPC_KEY_DKIM_MAKE, IPC_ANY, &(struct ipc_key_dkim_make){.algorithm = algorithm}, make_replied, w);
}

static void drop_replied(void *arg, enum ipc_outcome outcome, const void *message)
{
	const struct ipc_key_dkim_drop_reply *reply = message;
	if (outcome != IPC_OK || reply->status != 0)
		log_event(EV_INTERNAL, LOG_STR("what", "a key for DKIM was not destroyed"));
}

static void host_drop(void *arg, const uint8_t id[16])
{
	struct auth_process *a = arg;
	struct ipc_key_dkim_drop request = {0};
	memcpy(request.key.b, id, sizeof request.key.b);
	ipc_request(a->ctx->ipc, IPC_KEY_DKIM_DROP, IPC_ANY, &request, drop_replied, NULL);
}

static void resolved(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct waiting *w = arg;
	const struct ipc_resolve_reply *reply = message;
	struct slice records = outcome == IPC_OK ? reply->records : SLICE_NONE;
	uint16_t count = 0;
	bool ok = outcome == IPC_OK && reply->status == 0 && !reply->bogus && (reply->rcode == 0 || reply->rcode == RCODE_NXDOMAIN) &&
		slice_get_u16(&records, &count);
	w->dns(w->arg, ok, ok ? records : SLICE_NONE);
	memory_free(w);
}

static void host_look_up(void *arg, struct slice name, uint16_t type, auth_dns_fn *fn, void *fn_arg)
{
	struct auth_process *a = arg;
	struct waiting *w = memory_alloc(sizeof *w);
	*w = (struct waiting){.dns = fn, .arg = fn_arg};
	ipc_request(a->ctx->ipc, IPC_RESOLVE, IPC_ANY, &(struct ipc_resolve){.name = name, .type = type}, resolved, w);
}

static struct auth_dkim_settings settings_of(const struct auth_process *a)
{
	const struct config *c = a->ctx->config;
	return (struct auth_dkim_settings){.rotate_s = c->dkim_rotate / 1000, .activate_s = c->dkim_activate_after / 1000,
		.keep_s = c->dkim_keep / 1000};
}

static void step(void *arg)
{
	struct auth_process *a = arg;
	auth_dkim_step(a->dkim);
	timer_start(a->dkim_timer, STEP_MS);
}

void auth_dkim_host(struct auth_host *host)
{
	host->dkim_make = host_make;
	host->dkim_drop = host_drop;
	host->look_up = host_look_up;
}

void auth_dkim_start(struct auth_process *a)
{
	struct auth_dkim_settings settings = settings_of(a);
	a->dkim = auth_dkim_create(a->directory, &a->host, &settings);
	auth_admin_dkim(a->admin, a->dkim);
	a->dkim_timer = timer_create_on(a->ctx->loop, step, a);
	timer_start(a->dkim_timer, FIRST_STEP_MS);
}

void auth_dkim_reload(struct auth_process *a)
{
	struct auth_dkim_settings settings = settings_of(a);
	auth_dkim_configure(a->dkim, &settings);
}
