/* AUTH_SENDER and AUTH_RECIPIENT: who may send as whom, and whom a recipient leads to. */
#include <string.h>

#include "auth/delegation.h"
#include "auth/outgoing.h"
#include "auth/recipient.h"
#include "auth/sending.h"
#include "auth/signer.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypt/hash.h"
#include "role/auth.h"

static bool is_somebody(const ipc_id *id)
{
	static const uint8_t nobody[16];
	return memcmp(id->b, nobody, sizeof nobody) != 0;
}

/* The account that a request speaks for: it exists and is active. 0, ERR_DENIED or an error of the directory. */
static int load_active(struct auth_process *a, const ipc_id *id, struct arena *arena, struct account *ret)
{
	int rc = directory_account_get(a->directory, id->b, arena, ret);
	if (rc == ERR_NOT_FOUND || (rc == 0 && ret->state != ACCOUNT_ACTIVE))
		return ERR_DENIED;
	return rc;
}

/* Does the delegate still stand: active, with the credential and with the right to send? */
static int delegate_stands(struct auth_process *a, const struct account *owner, uint32_t delegation, const ipc_id *delegate, uint32_t proof)
{
	auth_rights rights = 0;
	uint8_t of[16] = {0};
	int rc = directory_credential_exists(a->directory, delegate->b, proof);
	if (rc == 0)
		rc = delegation_rights_of(a->directory, owner, delegation, moment_unix(loop_now(a->ctx->loop)), &rights, of);
	if (rc == 0 && ((rights & AUTH_BIT(AUTH_MAIL_SEND)) == 0 || memcmp(of, delegate->b, sizeof of) != 0))
		rc = ERR_DENIED;
	return rc;
}

/* Who sends for somebody else goes no further than either of them may. */
static int add_restriction_of(struct auth_process *a, const ipc_id *delegate, struct arena *arena, struct account *account)
{
	struct account other;
	int rc = load_active(a, delegate, arena, &other);
	if (rc == 0 && other.restriction > account->restriction)
		account->restriction = other.restriction;
	return rc;
}

/* The account for which a session sends, if all that the session stands on is still there. 0, ERR_DENIED or an error of the directory. */
static int load_sender(struct auth_process *a, const ipc_id *id, uint32_t credential, const ipc_id *delegate, uint32_t proof, struct arena *arena,
	struct account *ret)
{
	int rc = load_active(a, id, arena, ret);
	if (rc == 0)
		rc = directory_credential_exists(a->directory, id->b, credential);
	if (rc == 0 && is_somebody(delegate))
		rc = delegate_stands(a, ret, credential, delegate, proof);
	if (rc == 0 && is_somebody(delegate))
		rc = add_restriction_of(a, delegate, arena, ret);
	return rc == ERR_NOT_FOUND ? ERR_DENIED : rc;
}

static bool may_send(const struct account *account)
{
	return auth_restricted(account->restriction, AUTH_BIT(AUTH_MAIL_SEND)) != 0;
}

/* Who speaks for the account: an edge, or the shard that has it. */
static bool speaks_for(const struct auth_process *a, const struct ipc_call *call, const ipc_id *account)
{
	unsigned index = 0;
	enum role role = ipc_call_sender(call, &index);
	return role == ROLE_CLIENT || (role == ROLE_MAIL && auth_shard(account->b, a->settings.shards) == index);
}

/* The delegate who is named in Sender; empty: nobody is. */
static int named_delegate(struct auth_process *a, const struct account *owner, const struct ipc_auth_identity *request, struct arena *arena, struct slice *ret)
{
	struct account delegate;
	auth_rights rights = 0;
	uint8_t of[16];
	int rc = 0;
	*ret = SLICE_NONE;
	if (!is_somebody(&request->delegate))
		return 0;
	rc = delegation_rights_of(a->directory, owner, request->credential, moment_unix(loop_now(a->ctx->loop)), &rights, of);
	if (rc == 0)
		rc = directory_account_get(a->directory, request->delegate.b, arena, &delegate);
	if (rc == 0 && (rights & AUTH_BIT(AUTH_MAIL_SEND_AS)) == 0)
		*ret = delegate.address;
	return rc;
}

static void on_identity(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_identity *request = message;
	struct ipc_auth_identity_reply reply = {.status = AUTH_OK};
	struct buf facts = BUF_INIT(SENDING_FACTS_MAX), list = BUF_INIT(SENDING_FACTS_MAX);
	struct arena arena = ARENA_INIT;
	struct account account;
	struct slice actor, *own = NULL;
	size_t count = 0;
	int rc = speaks_for(a, call, &request->account) ? 0 : ERR_DENIED;
	if (rc == 0)
		rc = load_sender(a, &request->account, request->credential, &request->delegate, request->proof, &arena, &account);
	if (rc == 0)
		rc = named_delegate(a, &account, request, &arena, &actor);
	if (rc == 0)
		rc = sending_facts(a->directory, &account, actor, &a->settings, &arena, &facts, &own, &count);
	for (size_t i = 0; rc == 0 && i < count; i++)
		buf_put_bytes(&list, own[i]);
	if (rc != 0)
		reply.status = rc == ERR_DENIED || rc == ERR_NOT_FOUND ? AUTH_DENIED : AUTH_TEMPORARY;
	else
		reply = (struct ipc_auth_identity_reply){.status = may_send(&account) ? AUTH_OK : AUTH_SUSPENDED, .login = account.address, .name = account.name,
			.actor = actor, .sender = buf_slice(&facts), .addresses = buf_slice(&list)};
	ipc_reply(call, &reply);
	buf_free(&facts);
	buf_free(&list);
	arena_free(&arena);
}

static void on_sender(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_sender *request = message;
	struct arena arena = ARENA_INIT;
	struct account account;
	int rc = speaks_for(a, call, &request->account) ? 0 : ERR_DENIED;
	if (rc == 0)
		rc = load_sender(a, &request->account, request->credential, &request->delegate, request->proof, &arena, &account);
	if (rc == 0)
		rc = resolve_sender_allowed(a->directory, &account, request->reverse_path, &arena);
	enum auth_status status = rc == 1 ? AUTH_OK : rc == 0 || rc == ERR_DENIED ? AUTH_DENIED : AUTH_TEMPORARY;
	enum limit over = LIMIT_COUNT;
	if (rc == 1 && !may_send(&account))
		status = AUTH_SUSPENDED;
	else if (rc == 1 && (over = auth_meter_sender(a, &account)) != LIMIT_COUNT)
		status = AUTH_THROTTLED;
	ipc_reply(call, &(struct ipc_auth_sender_reply){.status = (uint8_t)status, .limit = (uint8_t)over});
	arena_free(&arena);
}

/* ---- AUTH_RECIPIENT ---- */

static void refuse(struct ipc_auth_recipient_reply *reply, uint16_t code, const char *enhanced, const char *text)
{
	*reply = (struct ipc_auth_recipient_reply){.status = AUTH_REFUSED, .code = code, .enhanced = slice_str(enhanced), .text = slice_str(text)};
}

/* One recipient, while others are asked about it. */
struct recipient_call {
	struct auth_process *a;
	struct ipc_call *call;
	struct arena arena;
	struct slice cid, recipient, dsn, asked, reverse_path;
	struct slice returned; /* the recipient is an address of our making (auth/srs.h): what it leads to */
	bool signed_in;        /* or the server behind a relay domain, sending its own mail */
	bool stranger, inside_only, metered;
	uint8_t account[16];   /* metered: who sends */
	struct buf sender;     /* fact of auth/outgoing.h */
};

static struct slice kept(struct recipient_call *r, struct slice text)
{
	return text.n > 0 ? arena_dup(&r->arena, text) : SLICE_NONE;
}

static void recipient_end(struct recipient_call *r, const struct ipc_auth_recipient_reply *reply)
{
	ipc_reply(r->call, reply);
	buf_free(&r->sender);
	arena_free(&r->arena);
	memory_free(r);
}

static int64_t now_s(const struct recipient_call *r)
{
	return moment_unix(loop_now(r->a->ctx->loop));
}

static void recipient_answer(struct recipient_call *r, const struct resolve_result *result)
{
	struct ipc_auth_recipient_reply reply;
	struct buf facts = BUF_INIT(RECIPIENT_FACTS_MAX), sealer = BUF_INIT(SIGNER_FACT_MAX);
	if (result->withheld > 0)
		log_event(EV_FORWARD_REFUSED, LOG_TEXT("cid", r->cid), LOG_TEXT("address", result->withheld_from), LOG_NUM("count", (int64_t)result->withheld));
	if (r->metered)
		auth_meter_recipient(r->a, r->account, result);
	struct recipient_forward forward = {0};
	if (r->stranger)
		forward = auth_forward(r->a, result, r->recipient, r->reverse_path, &r->arena);
	int rc = result->status == AUTH_OK ? recipient_facts(result, r->recipient, r->dsn, &forward, &r->a->settings, &facts) : 0;
	if (result->status != AUTH_OK)
		refuse(&reply, result->code, result->enhanced, result->text);
	else if (r->inside_only && auth_leads_outside(result))
		refuse(&reply, 550, "5.7.1", "Your account may not send to other organisations at the moment; ask your security officer");
	else if (rc == ERR_INVALID)
		refuse(&reply, 501, "5.5.4", "Bad parameters");
	else if (rc != 0)
		refuse(&reply, 451, "4.2.4", "The list is too long");
	else if (r->stranger && auth_passing_sealer(r->a, result, r->recipient, &r->arena, &sealer) != 0)
		refuse(&reply, 451, "4.3.0", "Temporary local problem");
	else
		reply = (struct ipc_auth_recipient_reply){.status = AUTH_OK, .facts = buf_slice(&facts), .sender = buf_slice(&r->sender),
			.sealer = buf_slice(&sealer)};
	recipient_end(r, &reply);
	buf_free(&facts);
	buf_free(&sealer);
}

static void resolve(struct recipient_call *r, enum resolve_behind behind, struct resolve_result *result)
{
	/* An address of our making may lead out, and was decided about when the letter went on. */
	bool leads_out = r->signed_in || r->returned.n > 0;
	resolve_recipient_asking(r->a->directory, r->returned.n > 0 ? r->returned : r->recipient, leads_out, r->a->ctx->config->hostname, now_s(r), behind,
		&r->arena, result);
}

/* ---- what exists behind a relay domain ---- */

static void found_out(struct recipient_call *r, enum resolve_behind behind)
{
	struct resolve_result result;
	resolve(r, behind, &result);
	recipient_answer(r, &result);
}

/* Nobody can be asked now: who was known is still taken, and what our own people write waits in the queue. */
static void not_found_out(struct recipient_call *r, struct slice why)
{
	int64_t now = loop_now(r->a->ctx->loop).mono_ms;
	struct ipc_auth_recipient_reply reply;
	if (r->signed_in || behind_recall_stale(r->a->behind, r->asked, now)) {
		found_out(r, RESOLVE_KNOWN);
		return;
	}
	log_event(EV_SMTP_TEMPFAIL, LOG_TEXT("cid", r->cid), LOG_STR("at", "verify"), LOG_TEXT("why", why));
	refuse(&reply, 451, "4.4.1", "It cannot be found out now whether the recipient exists, try again later");
	recipient_end(r, &reply);
}

static void said(struct recipient_call *r, uint8_t status, struct slice why)
{
	if (status > 1) {
		not_found_out(r, why);
		return;
	}
	behind_learn(r->a->behind, r->asked, status == 0, loop_now(r->a->ctx->loop).mono_ms);
	found_out(r, status == 0 ? RESOLVE_KNOWN : RESOLVE_UNKNOWN);
}

static void on_called(void *arg, enum ipc_outcome outcome, const void *message)
{
	const struct ipc_relay_verify_reply *reply = message;
	said(arg, outcome == IPC_OK ? reply->status : 2, outcome == IPC_OK ? reply->text : SLICE("relay does not answer"));
}

static void on_looked_up(void *arg, enum ipc_outcome outcome, const void *message)
{
	const struct ipc_ldap_recipient_reply *reply = message;
	said(arg, outcome == IPC_OK ? reply->status : 2, outcome == IPC_OK ? reply->error : SLICE("ldap does not answer"));
}

static void call_forward(struct recipient_call *r, const struct resolve_result *result)
{
	const struct directory_relay *relay = &result->relay;
	struct ipc *ipc = r->a->ctx->ipc;
	unsigned relays = ipc_instances(ipc, ROLE_RELAY);
	struct ipc_relay_verify request = {
		.domain = result->asked_domain, .host = relay->host, .port = relay->port, .tls_verified = relay->tls_verified,
		.client_info = (uint8_t)relay->client_info, .address = result->asked, .within_ms = (uint32_t)r->a->ctx->config->gateway_verify_time,
	};
	/* All questions for a server go to one process, which keeps one connection. */
	ipc_request(ipc, IPC_RELAY_VERIFY, relays > 1 ? (unsigned)(hash_checksum(relay->host) % relays) : IPC_ANY, &request, on_called, r);
}

static void ask(struct recipient_call *r, const struct resolve_result *result)
{
	enum behind_said known = behind_recall(r->a->behind, result->asked, loop_now(r->a->ctx->loop).mono_ms);
	r->asked = result->asked;
	if (known != BEHIND_NOTHING)
		found_out(r, known == BEHIND_KNOWN ? RESOLVE_KNOWN : RESOLVE_UNKNOWN);
	else if (result->relay.verify == RELAY_VERIFY_CALL)
		call_forward(r, result);
	else
		ipc_request(r->a->ctx->ipc, IPC_LDAP_RECIPIENT, IPC_ANY, &(struct ipc_ldap_recipient){.address = result->asked}, on_looked_up, r);
}

/*
 * A bounce to an address that we made for a letter that was passed on. Only bounces come back this way: with any other reverse-path somebody would
 * use it to write through us. False: refused.
 */
static bool take_returned(struct recipient_call *r, struct ipc_auth_recipient_reply *reply)
{
	int rc = auth_returned(r->a, r->recipient, r->reverse_path, &r->arena, &r->returned);
	if (rc == ERR_NOT_FOUND)
		return true;
	if (rc == ERR_CLOSED)
		refuse(reply, 550, "5.1.6", "The address was made for one letter and is too old now");
	else if (rc != 0)
		refuse(reply, 550, "5.1.1", "No such user here");
	return rc == 0;
}

/* sender: NULL for port 25. */
static void recipient_begin(struct auth_process *a, struct ipc_call *call, const struct ipc_auth_recipient *request, const struct account *sender)
{
	struct recipient_call *r = memory_alloc(sizeof *r);
	struct ipc_auth_recipient_reply reply;
	struct resolve_result result;
	buf_init(&r->sender, OUTGOING_FACT_MAX);
	r->a = a;
	r->call = call;
	r->metered = sender != NULL;
	if (sender != NULL)
		memcpy(r->account, sender->id, sizeof r->account);
	r->inside_only = sender != NULL && sender->restriction >= AUTH_NO_EXTERNAL;
	r->cid = kept(r, request->cid);
	r->recipient = kept(r, request->recipient);
	r->dsn = kept(r, request->dsn);
	r->reverse_path = kept(r, request->reverse_path);
	int outgoing = ipc_call_sender(call, NULL) == ROLE_MX
		? outgoing_fact(a->directory, request->address, r->reverse_path, a->settings.boot_secret, &r->arena, &r->sender) : 0;
	r->signed_in = sender != NULL || outgoing > 0;
	r->stranger = !r->signed_in;
	if (outgoing < 0) {
		refuse(&reply, 451, "4.3.0", "Temporary local problem");
		recipient_end(r, &reply);
		return;
	}
	if (r->stranger && !take_returned(r, &reply)) {
		recipient_end(r, &reply);
		return;
	}
	resolve(r, RESOLVE_ASK, &result);
	if (result.ask)
		ask(r, &result);
	else
		recipient_answer(r, &result);
}

static void on_recipient(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_recipient *request = message;
	struct ipc_auth_recipient_reply reply = {0};
	struct arena arena = ARENA_INIT;
	struct account account;
	/* Port 25 knows nobody: what it says of an account does not count. */
	bool signed_in = speaks_for(a, call, &request->account) && is_somebody(&request->account);
	int rc = signed_in ? load_sender(a, &request->account, request->credential, &request->delegate, request->proof, &arena, &account) : 0;
	if (rc == 0 && signed_in && !may_send(&account))
		rc = ERR_DENIED;
	if (!signed_in && ipc_call_sender(call, NULL) == ROLE_MAIL)
		rc = ERR_DENIED;
	if (rc == ERR_DENIED)
		refuse(&reply, 550, "5.7.1", "Sending is not allowed");
	else if (rc != 0)
		refuse(&reply, 451, "4.3.0", "Temporary local problem");
	else if (signed_in && auth_meter_recipients(a, &account) != LIMIT_COUNT)
		refuse(&reply, 451, "4.7.1", "Too many recipients in an hour, wait a while");
	else
		recipient_begin(a, call, request, signed_in ? &account : NULL);
	if (reply.code != 0)
		ipc_reply(call, &reply);
	arena_free(&arena);
}

/* ---- life ---- */

void auth_recipient_configure(struct auth_process *a)
{
	behind_configure(a->behind, a->ctx->config->gateway_verify_known, a->ctx->config->gateway_verify_unknown);
}

void auth_recipient_register(struct auth_process *a)
{
	a->behind = behind_new();
	auth_recipient_configure(a);
	ipc_handle(a->ctx->ipc, IPC_AUTH_IDENTITY, on_identity, a);
	ipc_handle(a->ctx->ipc, IPC_AUTH_SENDER, on_sender, a);
	ipc_handle(a->ctx->ipc, IPC_AUTH_RECIPIENT, on_recipient, a);
}
