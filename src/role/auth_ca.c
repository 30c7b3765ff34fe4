/* The own authority in the role auth: what auth/authority.h needs of `key`, when it does what is due, and what the edges learn of it. */
#include "auth/authority.h"

#include <string.h>

#include "base/memory.h"
#include "role/auth.h"
#include "sys/file.h"

#define STEP_MS MINUTES_MS(1)
#define FIRST_STEP_MS SECONDS_MS(10)
#define REPLY_MAX 8192

struct waiting {
	union {
		auth_ca_made_fn *made;
		auth_ca_crl_fn *crl;
	};
	void *arg;
};

static void make_replied(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct waiting *w = arg;
	const struct ipc_key_ca_make_reply *reply = message;
	bool ok = outcome == IPC_OK && reply->status == 0;
	w->made(w->arg, ok ? reply->key.b : NULL, ok ? reply->certificate : SLICE_NONE);
	memory_free(w);
}

static void host_make(void *arg, const struct auth_ca_make *make, auth_ca_made_fn *fn, void *fn_arg)
{
	struct auth_process *a = arg;
	struct waiting *w = memory_alloc(sizeof *w);
	struct ipc_key_ca_make request = {.algorithm = (uint8_t)make->algorithm, .issuing = make->issuing, .organisation = make->what.organisation,
		.name = make->what.common_name, .domains = make->what.domains, .not_before = (uint64_t)make->what.not_before,
		.not_after = (uint64_t)make->what.not_after};
	memcpy(request.root.b, make->root, sizeof request.root.b);
	*w = (struct waiting){.made = fn, .arg = fn_arg};
	ipc_request(a->ctx->ipc, IPC_KEY_CA_MAKE, IPC_ANY, &request, make_replied, w);
}

static bool host_issue(void *arg, const uint8_t key[16], const struct mail_ca_device *device, struct buf *out)
{
	struct auth_process *a = arg;
	struct ipc_key_ca_issue_reply reply = {0};
	uint8_t storage[REPLY_MAX];
	struct ipc_key_ca_issue request = {.spki = device->spki, .address = device->address, .device = device->device,
		.not_before = (uint64_t)device->not_before, .not_after = (uint64_t)device->not_after, .crl_url = device->crl_url};
	memcpy(request.key.b, key, sizeof request.key.b);
	memcpy(request.serial.b, device->serial, sizeof request.serial.b);
	memcpy(request.account.b, device->account, sizeof request.account.b);
	enum ipc_outcome outcome = ipc_request_sync(a->ctx->ipc, IPC_KEY_CA_ISSUE, &request, &reply, storage, sizeof storage);
	if (outcome != IPC_OK || reply.status != 0 || reply.certificate.n == 0)
		return false;
	buf_append(out, reply.certificate);
	return !out->failed;
}

static void crl_replied(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct waiting *w = arg;
	const struct ipc_key_ca_crl_reply *reply = message;
	struct file_map map = FILE_MAP_NONE;
	int fd = outcome == IPC_OK ? reply->crl : -1;
	bool ok = fd >= 0 && reply->status == 0 && memfd_map(fd, MAIL_CA_CRL_MAX, &map, NULL) == 0;
	w->crl(w->arg, ok ? map.content : SLICE_NONE);
	file_unmap(&map);
	file_close(&fd);
	memory_free(w);
}

static void crl_failed(void *arg)
{
	crl_replied(arg, IPC_GONE, NULL);
}

static void host_crl(void *arg, const uint8_t key[16], const struct mail_ca_crl *crl, auth_ca_crl_fn *fn, void *fn_arg)
{
	struct auth_process *a = arg;
	struct waiting *w = memory_alloc(sizeof *w);
	int fd = memfd_from_slice("revoked", crl->revoked, NULL);
	struct ipc_key_ca_crl request = {.number = crl->number, .this_update = (uint64_t)crl->this_update, .next_update = (uint64_t)crl->next_update,
		.revoked = fd};
	memcpy(request.key.b, key, sizeof request.key.b);
	*w = (struct waiting){.crl = fn, .arg = fn_arg};
	if (fd >= 0)
		ipc_request(a->ctx->ipc, IPC_KEY_CA_CRL, IPC_ANY, &request, crl_replied, w);
	else
		loop_defer(a->ctx->loop, crl_failed, w);
	file_close(&fd);
}

static void drop_replied(void *arg, enum ipc_outcome outcome, const void *message)
{
	const struct ipc_key_ca_drop_reply *reply = message;
	if (outcome != IPC_OK || reply->status != 0)
		log_event(EV_INTERNAL, LOG_STR("what", "a key of an authority was not destroyed"));
}

static void host_drop(void *arg, const uint8_t key[16])
{
	struct auth_process *a = arg;
	struct ipc_key_ca_drop request = {0};
	memcpy(request.key.b, key, sizeof request.key.b);
	ipc_request(a->ctx->ipc, IPC_KEY_CA_DROP, IPC_ANY, &request, drop_replied, NULL);
}

static void host_changed(void *arg)
{
	struct auth_process *a = arg;
	for (unsigned i = 0, n = ipc_instances(a->ctx->ipc, ROLE_CLIENT); i < n; i++)
		ipc_request(a->ctx->ipc, IPC_EDGE_TRUST, i, &(struct ipc_edge_trust){0}, NULL, NULL);
}

static void on_trust(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	struct buf text = BUF_INIT(AUTHORITY_TRUST_MAX);
	int rc = authority_trust(a->authority, &text);
	ipc_reply(call, &(struct ipc_auth_trust_reply){.status = rc != 0, .authorities = rc == 0 ? buf_slice(&text) : SLICE_NONE});
	buf_free(&text);
}

/* ---- life ---- */

static struct authority_settings settings_of(const struct auth_process *a)
{
	const struct config *c = a->ctx->config;
	uint64_t days = c->ca_days < 1 ? 1 : c->ca_days > MAIL_CA_DEVICE_DAYS_MAX ? MAIL_CA_DEVICE_DAYS_MAX : c->ca_days;
	int64_t crl_s = c->ca_crl_time / 1000;
	return (struct authority_settings){.days = (unsigned)days, .crl_s = crl_s < 60 ? 60 : crl_s, .crl_url = c->ca_crl_url};
}

static void step(void *arg)
{
	struct auth_process *a = arg;
	authority_step(a->authority);
	timer_start(a->authority_timer, STEP_MS);
}

void auth_ca_host(struct auth_host *host)
{
	host->ca_make = host_make;
	host->ca_issue = host_issue;
	host->ca_crl = host_crl;
	host->ca_drop = host_drop;
	host->ca_changed = host_changed;
}

void auth_ca_start(struct auth_process *a)
{
	struct authority_settings settings = settings_of(a);
	a->authority = authority_create(a->directory, &a->host, &settings);
	auth_admin_authority(a->admin, a->authority);
	a->authority_timer = timer_create_on(a->ctx->loop, step, a);
	timer_start(a->authority_timer, FIRST_STEP_MS);
	ipc_handle(a->ctx->ipc, IPC_AUTH_TRUST, on_trust, a);
}

void auth_ca_reload(struct auth_process *a)
{
	struct authority_settings settings = settings_of(a);
	authority_configure(a->authority, &settings);
}
