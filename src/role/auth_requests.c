/* The requests that auth answers. */
#include <string.h>

#include "admin/operation.h"
#include "auth/access.h"
#include "auth/delegation.h"
#include "auth/signer.h"
#include "base/endian.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "ipc/admin.h"
#include "role/audit_out.h"
#include "role/auth.h"

/* ---- AUTH_SASL ---- */

struct sasl_call {
	struct auth_process *a;
	struct ipc_call *call;
	enum auth_protocol protocol;
	size_t cid_len, address_len;
	uint8_t address[64];
	uint8_t cid[64];
};

static void log_refusal(const struct sasl_call *s, const struct auth_step_result *r)
{
	log_event(EV_AUTH_REFUSED, LOG_TEXT("cid", slice_make(s->cid, s->cid_len)), LOG_TEXT("user", r->login), LOG_STR("mechanism", r->mechanism),
	          LOG_STR("why", r->reason));
}

static void step_done(void *arg, const struct auth_step_result *r)
{
	struct sasl_call *s = arg;
	struct ipc_auth_sasl_reply reply = {
		.status = (uint8_t)r->status, .session = r->session, .data = r->data, .login = r->login, .shard = r->shard, .sender = r->sender, .actor = r->actor,
		.credential = r->credential, .proof = r->proof,
	};
	memcpy(reply.delegate.b, r->delegate, sizeof reply.delegate.b);
	memcpy(reply.account.b, r->account, sizeof reply.account.b);
	memcpy(reply.ticket.b, r->ticket, sizeof reply.ticket.b);
	if (r->status == AUTH_OK && s->protocol == AUTH_PROTOCOL_SIEVE)
		auth_sieve_signed_in(s->a, r);
	if (r->status == AUTH_OK) {
		s->a->sign_ins++;
		auth_meter_signed_in(s->a, slice_make(s->address, s->address_len));
	} else if (r->status != AUTH_CONTINUE) {
		s->a->failures++;
		log_refusal(s, r);
	}
	ipc_reply(s->call, &reply);
	memory_free(s);
}

static uint32_t sender_of(const struct ipc_call *call)
{
	unsigned index = 0;
	enum role role = ipc_call_sender(call, &index);
	return (uint32_t)role << 16 | (index & 0xffff);
}

static void on_sasl(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_sasl *request = message;
	struct sasl_call *s = memory_alloc(sizeof *s);
	struct auth_step step = {
		.sender = sender_of(call), .session = request->session, .protocol = (enum auth_protocol)request->protocol,
		.tls = (enum auth_tls)request->tls, .address = slice_sub(request->address, 0, 64), .mechanism = request->mechanism,
		.binding_type = request->binding_type, .binding = request->binding, .data = request->data,
	};
	unsigned index = 0;
	/* Neither kind of edge speaks for the other. */
	if ((ipc_call_sender(call, &index) == ROLE_WEB) != (step.protocol == AUTH_PROTOCOL_JMAP))
		step.protocol = (enum auth_protocol)AUTH_PROTOCOL_COUNT;
	s->a = a;
	s->call = call;
	s->protocol = step.protocol;
	s->cid_len = request->cid.n < sizeof s->cid ? request->cid.n : sizeof s->cid;
	s->address_len = step.address.n;
	if (s->address_len > 0)
		memcpy(s->address, step.address.p, s->address_len);
	if (s->cid_len > 0)
		memcpy(s->cid, request->cid.p, s->cid_len);
	auth_login_step(a->login, &step, step_done, s);
}

/* ---- the others ---- */

static int store_profile(struct auth_process *a, const struct ipc_auth_profile *request)
{
	struct error err = {0};
	int rc = directory_begin(a->directory, &err);
	if (rc == 0)
		rc = directory_profile_set(a->directory, request->account.b, request->profile, &err);
	if (rc == 0)
		rc = directory_commit(a->directory, &err);
	directory_rollback(a->directory);
	if (rc != 0)
		log_event(EV_INTERNAL, LOG_STR("what", "delivery profile"), LOG_STR("why", err.private_text));
	return rc;
}

static void on_profile(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_profile *request = message;
	unsigned index = 0;
	struct arena arena = ARENA_INIT;
	struct slice before;
	(void)ipc_call_sender(call, &index);
	/* A shard speaks for the accounts of its buckets only. */
	bool ok = auth_profile_valid(request->profile) && auth_shard(request->account.b, a->settings.shards) == index;
	/* Most are pushed again unchanged: nothing is written then. */
	if (ok && !(directory_profile_get(a->directory, request->account.b, &arena, &before) == 0 && slice_eq(before, request->profile)))
		ok = store_profile(a, request) == 0;
	ipc_reply(call, &(struct ipc_auth_profile_reply){.status = ok ? AUTH_OK : AUTH_REFUSED});
	arena_free(&arena);
}

/* A delegate's session stands on the delegation, also when the owner has left; any other on its owner. */
static int may_go_on(struct auth_process *a, const struct account *account, uint32_t credential)
{
	auth_rights rights = 0;
	uint8_t delegate[16] = {0};
	int rc = delegation_rights_of(a->directory, account, credential, moment_unix(loop_now(a->ctx->loop)), &rights, delegate);
	bool delegated = memcmp(delegate, (const uint8_t[16]){0}, 16) != 0;
	if (rc != 0)
		return rc;
	return (delegated ? (rights & AUTH_BIT(AUTH_MAIL_VIEW)) != 0 : account_signs_in(account)) ? 0 : ERR_DENIED;
}

static enum auth_verdict verdict_on(struct auth_process *a, const uint8_t pair[AUTH_PAIR_SIZE], struct arena *arena)
{
	ipc_id id;
	struct account account;
	uint32_t credential = get_u32(pair + 16);
	memcpy(id.b, pair, sizeof id.b);
	int rc = directory_account_get(a->directory, id.b, arena, &account);
	if (rc == 0 && credential != 0)
		rc = directory_credential_exists(a->directory, id.b, credential);
	if (rc == 0 && credential != 0)
		rc = directory_credential_lives(a->directory, id.b, credential, moment_unix(loop_now(a->ctx->loop)));
	if (rc == 0)
		rc = may_go_on(a, &account, credential);
	return rc == 0 ? AUTH_VERDICT_GOES_ON : rc == ERR_DENIED || rc == ERR_NOT_FOUND ? AUTH_VERDICT_GONE : AUTH_VERDICT_UNKNOWN;
}

static void on_claims(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_claims *request = message;
	unsigned index = 0;
	(void)ipc_call_sender(call, &index);
	/* A shard speaks for the accounts of its buckets only. */
	if (auth_shard(request->account.b, a->settings.shards) == index) {
		json_t *claims = device_claims_parse(request->list);
		access_claims(auth_login_access(a->login), request->account.b, request->credential, claims);
		json_decref(claims);
	}
	ipc_reply(call, &(struct ipc_auth_claims_reply){0});
}

static void on_revalidate(void *arg, struct ipc_call *call, const void *message)
{
	const struct ipc_auth_revalidate *request = message;
	struct buf verdicts = BUF_INIT(SIZE_MAX);
	for (struct slice rest = request->pairs; rest.n >= AUTH_PAIR_SIZE; rest = slice_from(rest, AUTH_PAIR_SIZE)) {
		struct arena arena = ARENA_INIT;
		buf_append_byte(&verdicts, (uint8_t)verdict_on(arg, rest.p, &arena));
		arena_free(&arena);
	}
	ipc_reply(call, &(struct ipc_auth_revalidate_reply){.verdicts = buf_slice(&verdicts)});
	buf_free(&verdicts);
}

static void admin_done(void *arg, unsigned status, struct slice result)
{
	ipc_reply(arg, &(struct ipc_auth_admin_reply){.status = (uint8_t)status, .result = result});
}

/* What changes something waits until its record is durable. Who signs in only to look is let in while the audit log cannot be written. */
static bool waits_for_record(struct slice op)
{
	const struct admin_operation *operation = admin_operation_find(op);
	return operation != NULL && operation->kind == OPERATION_CHANGES && !slice_starts(op, SLICE("session."));
}

static const struct slice no_record = SLICE_INIT("{\"code\":\"audit\",\"error\":\"The audit log cannot be written now: nothing is changed until it can.\"}");

static void run(struct auth_process *a, const struct auth_evidence *evidence, struct slice op, struct slice args, struct ipc_call *call)
{
	auth_admin_run(a->admin, evidence, op, args, admin_done, call);
	/* What was found out of a relay domain may be of another server. */
	if (slice_starts(op, SLICE("domain.")) || slice_starts(op, SLICE("recipient.")))
		behind_forget(a->behind);
}

/* A request that waits for its record. */
struct held {
	struct auth_process *a;
	struct ipc_call *call;
	struct arena arena;
	struct auth_evidence evidence;
	struct slice op, args;
};

static void held_free(struct held *h)
{
	secret_wipe((void *)(uintptr_t)h->args.p, h->args.n);
	secret_wipe((void *)(uintptr_t)h->evidence.token.p, h->evidence.token.n);
	arena_free(&h->arena);
	memory_free(h);
}

static void on_begun(void *arg, bool durable)
{
	struct held *h = arg;
	if (durable)
		run(h->a, &h->evidence, h->op, h->args, h->call);
	else
		admin_done(h->call, ADMIN_UNAVAILABLE, no_record);
	held_free(h);
}

static void hold(struct auth_process *a, struct ipc_call *call, const struct ipc_auth_admin *r)
{
	struct held *h = memory_alloc(sizeof *h);
	h->a = a;
	h->call = call;
	h->op = arena_dup(&h->arena, r->op);
	h->args = arena_dup(&h->arena, r->args);
	h->evidence = (struct auth_evidence){r->uid, arena_dup(&h->arena, r->token), arena_dup(&h->arena, r->address), arena_dup(&h->arena, r->agent),
		arena_dup(&h->arena, r->reason), false};
	struct slice actor = r->token.n > 0 ? SLICE("session") : arena_printf(&h->arena, "unix:%u", (unsigned)r->uid);
	log_event(EV_ADMIN_BEGUN, LOG_TEXT("actor", actor), LOG_TEXT("op", h->op), LOG_TEXT("ip", h->evidence.address));
	audit_out_barrier(a->ctx->audit, on_begun, h);
}

static void on_admin(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_admin *request = message;
	struct auth_evidence evidence = {request->uid, request->token, request->address, request->agent, request->reason, false};
	if (waits_for_record(request->op))
		hold(a, call, request);
	else
		run(a, &evidence, request->op, request->args, call);
}

/* The other role acts when it has this answer; the record of who was allowed is durable by then. */
struct allowed {
	struct ipc_call *call;
	struct arena arena;
	struct ipc_auth_authorize_reply reply;
};

static void on_recorded(void *arg, bool durable)
{
	struct allowed *w = arg;
	if (!durable)
		w->reply = (struct ipc_auth_authorize_reply){.status = ADMIN_UNAVAILABLE, .result = no_record};
	ipc_reply(w->call, &w->reply);
	arena_free(&w->arena);
	memory_free(w);
}

static void on_authorize(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_authorize *request = message;
	struct auth_evidence evidence = {request->uid, request->token, request->address, request->agent, request->reason, false};
	struct allowed *w = memory_alloc(sizeof *w);
	w->call = call;
	w->reply.status = (uint8_t)auth_admin_authorize(a->admin, &evidence, request->op, request->args, &w->arena, &w->reply.subject, &w->reply.result);
	if (w->reply.status == ADMIN_OK && waits_for_record(request->op))
		audit_out_barrier(a->ctx->audit, on_recorded, w);
	else
		on_recorded(w, true);
}

static void on_signer(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_signer *request = message;
	struct arena arena = ARENA_INIT;
	struct buf signer = BUF_INIT(SIGNER_FACT_MAX);
	struct ipc_auth_signer_reply reply = {0};
	reply.status = signer_fact(a->directory, request->domain, a->ctx->config->hostname, a->settings.boot_secret, &arena, &signer, &reply.domain) != 0;
	reply.signer = buf_slice(&signer);
	ipc_reply(call, &reply);
	buf_free(&signer);
	arena_free(&arena);
}

/* Who is not here any more gets no letter in any language. */
static void on_language(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_language *request = message;
	struct ipc_auth_language_reply reply = {0};
	struct arena arena = ARENA_INIT;
	struct account account = {0};
	int rc = directory_account_get(a->directory, request->account.b, &arena, &account);
	reply.status = rc != 0 && rc != ERR_NOT_FOUND;
	reply.language = rc == 0 ? account.language : SLICE_NONE;
	ipc_reply(call, &reply);
	arena_free(&arena);
}

#define PEOPLE_ANSWERS_MAX 60000 /* bytes: the row of AUTH_PEOPLE */

static void on_people(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_people *request = message;
	struct buf answers = BUF_INIT(PEOPLE_ANSWERS_MAX);
	people_answer(a->people, request->questions, loop_now(a->ctx->loop).mono_ms, &answers);
	ipc_reply(call, &(struct ipc_auth_people_reply){.answers = answers.failed ? SLICE_NONE : buf_slice(&answers)});
	buf_free(&answers);
}

static void on_route(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_route *request = message;
	struct ipc_auth_route_reply reply = {0};
	struct directory_domain domain = {0};
	struct arena arena = {0};
	struct slice name;
	int rc = address_domain(request->domain, &arena, &name) == 0 ? directory_domain_get(a->directory, name, &arena, &domain) : ERR_NOT_FOUND;
	reply.status = rc != 0 && rc != ERR_NOT_FOUND;
	if (rc == 0) {
		reply.host = domain.relay.host;
		reply.port = domain.relay.port;
		reply.tls_verified = domain.relay.tls_verified;
		reply.client_info = (uint8_t)domain.relay.client_info;
	}
	ipc_reply(call, &reply);
	arena_free(&arena);
}

void auth_register(struct auth_process *a)
{
	struct ipc *ipc = a->ctx->ipc;
	auth_sieve_register(a);
	ipc_handle(ipc, IPC_AUTH_SASL, on_sasl, a);
	auth_recipient_register(a);
	ipc_handle(ipc, IPC_AUTH_PEOPLE, on_people, a);
	ipc_handle(ipc, IPC_AUTH_ROUTE, on_route, a);
	ipc_handle(ipc, IPC_AUTH_SIGNER, on_signer, a);
	ipc_handle(ipc, IPC_AUTH_LANGUAGE, on_language, a);
	ipc_handle(ipc, IPC_AUTH_PROFILE, on_profile, a);
	ipc_handle(ipc, IPC_AUTH_CLAIMS, on_claims, a);
	ipc_handle(ipc, IPC_AUTH_REVALIDATE, on_revalidate, a);
	ipc_handle(ipc, IPC_AUTH_ADMIN, on_admin, a);
	ipc_handle(ipc, IPC_AUTH_AUTHORIZE, on_authorize, a);
	auth_once_register(a);
	auth_other_register(a);
}
