/* The mailboxes of others that somebody may open: which there are, and a door into one of them (auth/mechanism_other.c). */
#include <string.h>

#include "auth/delegation.h"
#include "auth/directory_role.h"
#include "base/log.h"
#include "base/memory.h"
#include "role/auth.h"

#define REPLY_MAX 60000

static int64_t unix_now(const struct auth_process *a)
{
	return moment_unix(loop_now(a->ctx->loop));
}

/* A shard speaks for the accounts of its buckets. */
static bool speaks_for(const struct auth_process *a, const struct ipc_call *call, const ipc_id *account)
{
	unsigned index = 0;
	(void)ipc_call_sender(call, &index);
	return auth_shard(account->b, a->settings.shards) == index;
}

/* ---- which there are ---- */

static int64_t end_of(struct auth_process *a, const struct delegation *g, struct arena *arena)
{
	struct directory_grant *grants = arena_alloc_array(arena, AUTH_GRANTS_MAX, sizeof *grants);
	char owner[DELEGATE_ID_SIZE + 1];
	int count = directory_grants_of(a->directory, g->delegate, GRANT_ACTIVE, arena, grants, AUTH_GRANTS_MAX);
	delegation_id_text(g->owner, owner);
	for (int i = 0; i < count; i++)
		if (grants[i].scope == AUTH_SCOPE_MAILBOX && slice_eq(grants[i].value, slice_str(owner)))
			return grants[i].ends;
	return 0;
}

static int put_other(struct auth_process *a, const struct account *delegate, const struct delegation *g, struct arena *arena, struct buf *out)
{
	struct account owner;
	auth_rights rights = 0;
	int rc = directory_account_get(a->directory, g->owner, arena, &owner);
	if (rc == 0)
		rc = delegation_rights(a->directory, &owner, delegate, unix_now(a), &rights);
	if (rc != 0 || (rights & AUTH_BIT(AUTH_MAIL_VIEW)) == 0 || owner.address.n + owner.name.n + 64 > out->max - buf_len(out))
		return rc == ERR_NOT_FOUND ? 0 : rc;
	buf_append_bytes(out, owner.id, sizeof owner.id);
	buf_put_u64(out, rights);
	buf_put_u64(out, (uint64_t)end_of(a, g, arena));
	buf_put_bytes(out, owner.address);
	buf_put_bytes(out, owner.name);
	return 0;
}

static int list(struct auth_process *a, const uint8_t id[16], struct buf *out)
{
	struct arena arena = ARENA_INIT;
	struct delegation *all = arena_alloc_array(&arena, DELEGATIONS_MAX, sizeof *all);
	struct account delegate;
	int rc = directory_account_get(a->directory, id, &arena, &delegate);
	int count = rc == 0 ? delegation_list(a->directory, id, false, &arena, all) : 0;
	for (int i = 0; i < count && rc == 0; i++)
		rc = put_other(a, &delegate, &all[i], &arena, out);
	arena_free(&arena);
	return count < 0 ? count : rc;
}

static void on_others(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_others *request = message;
	struct buf out = BUF_INIT(REPLY_MAX);
	struct ipc_auth_others_reply reply = {.status = AUTH_DENIED};
	if (speaks_for(a, call, &request->account))
		reply.status = list(a, request->account.b, &out) == 0 ? AUTH_OK : AUTH_TEMPORARY;
	if (reply.status == AUTH_OK)
		reply.accounts = buf_slice(&out);
	ipc_reply(call, &reply);
	buf_free(&out);
}

/* ---- a door ---- */

struct door {
	struct auth_process *a;
	struct ipc_call *call;
};

static void on_opened(void *arg, const struct auth_step_result *r)
{
	struct door *door = arg;
	struct ipc_auth_other_reply reply = {.status = (uint8_t)r->status, .shard = r->shard};
	memcpy(reply.ticket.b, r->ticket, sizeof reply.ticket.b);
	if (r->status != AUTH_OK)
		log_event(EV_AUTH_REFUSED, LOG_TEXT("user", r->login), LOG_STR("mechanism", r->mechanism), LOG_STR("why", r->reason));
	ipc_reply(door->call, &reply);
	memory_free(door);
}

static void on_other(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_other *request = message;
	struct auth_other other = {.credential = request->credential};
	struct auth_step step = {.protocol = AUTH_PROTOCOL_JMAP, .tls = AUTH_TLS_ON, .address = slice_sub(request->address, 0, 64),
		.mechanism = SLICE(AUTH_MECHANISM_OTHER), .data = request->secrets, .other = &other};
	struct door *door;
	if (!speaks_for(a, call, &request->account)) {
		ipc_reply(call, &(struct ipc_auth_other_reply){.status = AUTH_DENIED});
		return;
	}
	memcpy(other.account, request->account.b, sizeof other.account);
	memcpy(other.owner, request->owner.b, sizeof other.owner);
	door = memory_alloc(sizeof *door);
	*door = (struct door){a, call};
	auth_login_step(a->login, &step, on_opened, door);
}

void auth_other_register(struct auth_process *a)
{
	ipc_handle(a->ctx->ipc, IPC_AUTH_OTHERS, on_others, a);
	ipc_handle(a->ctx->ipc, IPC_AUTH_OTHER, on_other, a);
}
