/* Sieve scripts: what edges ask for the recipients of a letter, and what owners do with their scripts (ManageSieve). */
#include <string.h>

#include "auth/auth.h"
#include "auth/directory_device.h"
#include "auth/forward.h"
#include "auth/recipient.h"
#include "auth/sieve_session.h"
#include "auth/signer.h"
#include "base/log.h"
#include "base/memory.h"
#include "role/auth.h"
#include "store/profile.h"

#define REPLY_MAX 261000     /* bytes: the rows of AUTH_SCRIPTS, AUTH_REDIRECT and AUTH_SIEVE */
#define WHY_MAX 400

static int64_t unix_now(const struct auth_process *a)
{
	return moment_unix(loop_now(a->ctx->loop));
}

/* ---- AUTH_SCRIPTS ---- */

static int add_profile(struct auth_process *a, const struct account *account, struct buf *out)
{
	struct arena arena = ARENA_INIT;
	int rc = scripts_profile(a->directory, account, a->ctx->config->hostname, a->settings.boot_secret, &arena, out);
	arena_free(&arena);
	return rc;
}

/* 0: added, or there is nothing to add; ERR_LIMIT: no room in this reply; else it cannot be read. */
static int add_account(struct auth_process *a, const uint8_t id[16], struct buf *out)
{
	struct arena arena = ARENA_INIT;
	struct buf one = BUF_INIT(PROFILE_BYTES_MAX + 64);
	struct account account;
	int rc = directory_account_get(a->directory, id, &arena, &account);
	if (rc == 0)
		rc = add_profile(a, &account, &one);
	if (rc == 0 && buf_len(&one) > out->max - buf_len(out))
		rc = ERR_LIMIT;
	if (rc == 0)
		buf_append(out, buf_slice(&one));
	buf_free(&one);
	arena_free(&arena);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static void on_scripts(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_scripts *request = message;
	struct ipc_auth_scripts_reply reply = {.status = AUTH_OK};
	struct buf profiles = BUF_INIT(REPLY_MAX);
	int rc = 0;
	for (struct slice rest = request->accounts; rest.n >= 16 && reply.count < AUTH_SCRIPTS_MAX; rest = slice_from(rest, 16)) {
		rc = add_account(a, rest.p, &profiles);
		if (rc != 0)
			break;
		reply.count++;
	}
	if (rc != 0 && (rc != ERR_LIMIT || reply.count == 0))
		reply.status = AUTH_TEMPORARY;
	reply.profiles = buf_slice(&profiles);
	ipc_reply(call, &reply);
	buf_free(&profiles);
}

/* ---- AUTH_REDIRECT ---- */

static int redirect_profiles(struct auth_process *a, const struct resolve_result *result, struct buf *out)
{
	int rc = 0;
	for (size_t i = 0; i < result->count && rc == 0; i++)
		if (result->targets[i].local && result->targets[i].script > 0)
			rc = add_account(a, result->targets[i].account.id, out);
	return rc;
}

static enum auth_status redirect(struct auth_process *a, const struct ipc_auth_redirect *request, struct arena *arena, struct buf *facts,
	struct buf *profiles, struct buf *sealer)
{
	struct account owner;
	struct resolve_result result;
	int rc = directory_account_get(a->directory, request->account.b, arena, &owner);
	if (rc == 0)
		rc = forward_allowed(a->directory, owner.address, request->target, unix_now(a));
	if (rc == ERR_INVALID || rc == ERR_NOT_FOUND)
		return AUTH_REFUSED;
	if (rc < 0)
		return AUTH_TEMPORARY;
	if (rc == 0) {
		log_event(EV_FORWARD_REFUSED, LOG_TEXT("cid", request->cid), LOG_TEXT("address", owner.address), LOG_NUM("count", 1));
		return AUTH_DENIED;
	}
	resolve_recipient(a->directory, request->target, true, a->ctx->config->hostname, unix_now(a), arena, &result);
	if (result.status != AUTH_OK)
		return result.code / 100 == 4 ? AUTH_TEMPORARY : AUTH_REFUSED;
	if (result.withheld > 0)
		log_event(EV_FORWARD_REFUSED, LOG_TEXT("cid", request->cid), LOG_TEXT("address", result.withheld_from), LOG_NUM("count",
			(int64_t)result.withheld));
	const struct recipient_forward forward = auth_forward(a, &result, owner.address, request->reverse_path, arena);
	rc = recipient_facts(&result, request->target, SLICE_NONE, &forward, &a->settings, facts);
	if (rc == 0)
		rc = redirect_profiles(a, &result, profiles);
	if (rc == 0)
		rc = auth_passing_sealer(a, &result, owner.address, arena, sealer);
	return rc != 0 ? AUTH_TEMPORARY : result.count == 0 ? AUTH_DENIED : AUTH_OK;
}

static void on_redirect(void *arg, struct ipc_call *call, const void *message)
{
	const struct ipc_auth_redirect *request = message;
	struct arena arena = ARENA_INIT;
	struct buf facts = BUF_INIT(RECIPIENT_FACTS_MAX), profiles = BUF_INIT(REPLY_MAX), sealer = BUF_INIT(SIGNER_FACT_MAX);
	struct ipc_auth_redirect_reply reply = {.status = (uint8_t)redirect(arg, request, &arena, &facts, &profiles, &sealer)};
	if (buf_len(&facts) + buf_len(&profiles) + buf_len(&sealer) > REPLY_MAX)
		reply.status = AUTH_TEMPORARY;
	if (reply.status == AUTH_OK) {
		reply.facts = buf_slice(&facts);
		reply.profiles = buf_slice(&profiles);
		reply.sealer = buf_slice(&sealer);
	}
	ipc_reply(call, &reply);
	buf_free(&facts);
	buf_free(&profiles);
	buf_free(&sealer);
	arena_free(&arena);
}

/* ---- AUTH_SIEVE ---- */

void auth_sieve_signed_in(struct auth_process *a, const struct auth_step_result *r)
{
	sieve_session_begin(a->sieve, r->ticket, r->account, r->credential, loop_now(a->ctx->loop).mono_ms);
}

/* What the session stands on is still there. */
static bool stands(struct auth_process *a, const struct sieve_session *s, struct arena *arena, struct account *ret)
{
	return directory_account_get(a->directory, s->account, arena, ret) == 0 && ret->state == ACCOUNT_ACTIVE &&
	       directory_credential_exists(a->directory, s->account, s->credential) == 0 &&
	       directory_credential_lives(a->directory, s->account, s->credential, unix_now(a)) == 0;
}

/* A shard speaks for the accounts of its buckets; it looks itself whether its sessions stand. */
static bool is_owner(struct auth_process *a, const uint8_t id[16], unsigned shard, struct arena *arena, struct account *ret)
{
	return auth_shard(id, a->settings.shards) == shard && directory_account_get(a->directory, id, arena, ret) == 0 && ret->state == ACCOUNT_ACTIVE;
}

static enum sieve_result list(struct auth_process *a, const uint8_t account[16], bool whole, struct arena *arena, struct buf *out)
{
	struct sieve_row *rows = arena_alloc_array(arena, SIEVE_SCRIPTS_MAX, sizeof *rows);
	int count = directory_sieve_list(a->directory, account, arena, rows, SIEVE_SCRIPTS_MAX);
	for (int i = 0; i < count; i++) {
		buf_put_u8(out, rows[i].active);
		if (whole) {
			buf_put_u32(out, rows[i].bytes);
			buf_put_u64(out, (uint64_t)rows[i].changed);
		}
		buf_put_bytes(out, rows[i].name);
	}
	return count < 0 ? SIEVE_LATER : SIEVE_OK;
}

static enum sieve_result get(struct auth_process *a, const uint8_t account[16], struct slice name, struct arena *arena, struct buf *out,
	struct buf *why)
{
	struct sieve_row row;
	int rc = directory_sieve_get(a->directory, account, name, arena, &row);
	if (rc == ERR_NOT_FOUND)
		buf_append_str(why, "There is no script of that name.");
	else if (rc == 0)
		buf_append(out, row.text);
	return rc == 0 ? SIEVE_OK : rc == ERR_NOT_FOUND ? SIEVE_NONEXISTENT : SIEVE_LATER;
}

static enum sieve_result act(struct auth_process *a, const struct account *account, const struct ipc_auth_sieve *r, struct arena *arena,
	struct buf *out,
	struct buf *why)
{
	const uint8_t *id = account->id;
	switch ((enum auth_sieve_op)r->op) {
	case AUTH_SIEVE_CHECK: return scripts_check(r->text, why);
	case AUTH_SIEVE_SPACE: return scripts_have_space(a->directory, id, r->name, r->size, why);
	case AUTH_SIEVE_PUT: return scripts_put(a->directory, id, r->name, r->text, unix_now(a), why);
	case AUTH_SIEVE_LIST: return list(a, id, false, arena, out);
	case AUTH_SIEVE_ROWS: return list(a, id, true, arena, out);
	case AUTH_SIEVE_ACTIVATE: return scripts_activate(a->directory, id, r->name, why);
	case AUTH_SIEVE_GET: return get(a, id, r->name, arena, out, why);
	case AUTH_SIEVE_DELETE: return scripts_remove(a->directory, id, r->name, why);
	case AUTH_SIEVE_RENAME: return scripts_rename(a->directory, id, r->name, r->text, why);
	case AUTH_SIEVE_END: break;
	}
	return SIEVE_REFUSED;
}

/* What changes how mail is delivered is recorded; names of scripts are the owner's own words and stay out. */
static void record(const struct ipc_auth_sieve *r, const struct account *account)
{
	static const char *const acts[] = {[AUTH_SIEVE_PUT] = "stored", [AUTH_SIEVE_ACTIVATE] = "activated", [AUTH_SIEVE_DELETE] = "deleted",
		[AUTH_SIEVE_RENAME] = "renamed", [AUTH_SIEVE_END] = NULL};
	const char *what = r->op < sizeof acts / sizeof acts[0] ? acts[r->op] : NULL;
	if (r->op == AUTH_SIEVE_ACTIVATE && r->name.n == 0)
		what = "deactivated";
	if (what != NULL)
		log_event(EV_SIEVE_CHANGED, LOG_TEXT("cid", r->cid), LOG_TEXT("user", account->address), LOG_STR("what", what));
}

static void on_sieve(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_sieve *request = message;
	unsigned index = 0;
	bool mail = ipc_call_sender(call, &index) == ROLE_MAIL;
	const struct sieve_session *s = mail ? NULL : sieve_session_find(a->sieve, request->session.b, loop_now(a->ctx->loop).mono_ms);
	struct ipc_auth_sieve_reply reply = {.status = AUTH_SIEVE_GONE};
	struct arena arena = ARENA_INIT;
	struct buf out = BUF_INIT(REPLY_MAX), why = BUF_INIT(WHY_MAX);
	struct account account;
	if (mail && (!is_owner(a, request->session.b, index, &arena, &account) || request->op == AUTH_SIEVE_END)) {
		reply.status = AUTH_SIEVE_GONE;
	} else if (!mail && (request->op == AUTH_SIEVE_END || (s != NULL && !stands(a, s, &arena, &account)))) {
		sieve_session_end(a->sieve, request->session.b);
	} else if (mail || s != NULL) {
		reply.status = (uint8_t)act(a, &account, request, &arena, &out, &why);
		if (reply.status == SIEVE_OK)
			record(request, &account);
		reply.text = buf_slice(&why);
		reply.result = buf_slice(&out);
	}
	ipc_reply(call, &reply);
	buf_free(&out);
	buf_free(&why);
	arena_free(&arena);
}

void auth_sieve_register(struct auth_process *a)
{
	a->sieve = sieve_sessions_create();
	ipc_handle(a->ctx->ipc, IPC_AUTH_SCRIPTS, on_scripts, a);
	ipc_handle(a->ctx->ipc, IPC_AUTH_REDIRECT, on_redirect, a);
	ipc_handle(a->ctx->ipc, IPC_AUTH_SIEVE, on_sieve, a);
}
