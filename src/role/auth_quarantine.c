/* The quarantine as auth sees it: whose mailbox reviews it, and whom to tell that something of theirs is held. */
#include "base/arena.h"
#include "base/log.h"
#include "base/memory.h"
#include "ipc/admin.h"
#include "role/auth.h"
#include "store/fact.h"

#define FACT_MAX 4096
#define LOOK_MS HOURS_MS(1)   /* it is looked for this often at least */

static int reviewer_fact(struct auth_process *a, struct arena *arena, struct buf *out)
{
	struct address address;
	struct directory_address found;
	struct account account;
	struct recipient_fact fact = {0};
	int rc = address_parse(a->ctx->config->quarantine_reviewer, arena, &address);
	if (rc == 0)
		rc = directory_address_get(a->directory, address.local, address.domain, arena, &found);
	if (rc == 0 && found.kind != ADDRESS_ACCOUNT)
		rc = ERR_NOT_FOUND;
	if (rc == 0)
		rc = directory_account_get(a->directory, found.account, arena, &account);
	if (rc != 0)
		return rc;
	auth_account_fact(&account, FACT_REVIEW, &a->settings, &fact);
	fact.address = account.address;
	fact_write_recipient(out, &fact, a->settings.boot_secret);
	return out->failed ? ERR_LIMIT : 0;
}

static void on_reviewer(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	struct arena arena = ARENA_INIT;
	struct buf fact = BUF_INIT(FACT_MAX);
	int rc = a->ctx->config->quarantine_reviewer.n > 0 ? reviewer_fact(a, &arena, &fact) : ERR_NOT_FOUND;
	if (rc != 0 && a->ctx->config->quarantine_reviewer.n > 0)
		log_event(EV_CONFIG_REFUSED, LOG_STR("problem", "quarantine.reviewer is not the address of an account"));
	ipc_reply(call, &(struct ipc_auth_reviewer_reply){.fact = rc == 0 ? buf_slice(&fact) : SLICE_NONE});
	buf_free(&fact);
	arena_free(&arena);
}

/* ---- what the queue does for auth ---- */

struct asked {
	auth_queue_fn *fn;
	void *arg;
};

static void on_done(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct asked *asked = arg;
	const struct ipc_queue_admin_reply *reply = message;
	if (outcome == IPC_OK)
		asked->fn(asked->arg, reply->status, reply->result);
	else
		asked->fn(asked->arg, ADMIN_UNAVAILABLE, SLICE("{\"code\":\"away\",\"error\":\"The queue does not answer; try again.\"}"));
	memory_free(asked);
}

static void host_queue(void *arg, struct slice subject, struct slice op, struct slice args, auth_queue_fn *fn, void *fn_arg)
{
	struct auth_process *a = arg;
	struct asked *asked = memory_alloc(sizeof *asked);
	struct ipc_queue_admin request = {.subject = subject, .op = op, .args = args};
	*asked = (struct asked){fn, fn_arg};
	ipc_request(a->ctx->ipc, IPC_QUEUE_ADMIN, IPC_ANY, &request, on_done, asked);
}

void auth_quarantine_host(struct auth_host *host)
{
	host->queue = host_queue;
}

/* ---- the digest ---- */

static void plan(struct auth_process *a)
{
	int64_t every = a->ctx->config->quarantine_digest;
	if (every > 0)
		timer_start(a->digest, every < LOOK_MS ? every : LOOK_MS);
	else
		timer_stop(a->digest);
}

static void on_list(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_queue_quarantined_reply *reply = message;
	struct slice list = outcome == IPC_OK ? reply->list : SLICE_NONE;
	uint8_t account[16];
	uint32_t count;
	while (list.n >= sizeof account + 4 && slice_get_fixed(&list, account, sizeof account) && slice_get_u32(&list, &count))
		notices_send(a->notices, account, NOTICE_QUARANTINE_HELD, (const struct log_field[]){LOG_NUM("count", count), LOG_END});
	plan(a);
}

static void ask(void *arg)
{
	struct auth_process *a = arg;
	struct ipc_queue_quarantined request = {.wait_s = (uint32_t)(a->ctx->config->quarantine_digest / 1000)};
	ipc_request(a->ctx->ipc, IPC_QUEUE_QUARANTINED, IPC_ANY, &request, on_list, a);
}

void auth_quarantine_start(struct auth_process *a)
{
	a->digest = timer_create_on(a->ctx->loop, ask, a);
	ipc_handle(a->ctx->ipc, IPC_AUTH_REVIEWER, on_reviewer, a);
	plan(a);
}

void auth_quarantine_reload(struct auth_process *a)
{
	plan(a);
}
