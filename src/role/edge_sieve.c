/* ManageSieve at the edge: the engine speaks, auth keeps the scripts. The session is a ticket of auth, which looks at every request whether it stands. */
#include "auth/sieve.h"
#include "base/log.h"
#include "base/memory.h"
#include "managesieve/server.h"
#include "role/edge.h"

#define EXTENSIONS_MAX 1000

struct edge_sieve {
	struct managesieve *engine;
	struct buf extensions;
	unsigned turn;          /* counts sign-ins: answers for a former one are not told */
};

static struct edge_sieve *sieve_of(struct edge_client *c)
{
	return c->state;
}

static void run(struct edge_client *c)
{
	struct edge_sieve *s = sieve_of(c);
	bool before = managesieve_signed_in(s->engine);

	if (c->ended)
		return;
	managesieve_input(s->engine, conn_input(c->conn), conn_output(c->conn));
	conn_flush(c->conn);
	if (c->ended)
		return;
	if (managesieve_closing(s->engine))
		conn_finish(c->conn);
	else if (before)
		edge_client_deadline(c, c->edge->ctx->config->limits_idle);
}

/* ---- what the engine asks ---- */

static void start_tls(void *owner)
{
	struct edge_client *c = owner;

	conn_flush(c->conn);
	conn_secure_server(c->conn, c->edge->tls);
}

static void auth_begin(void *owner, struct slice mechanism, struct slice initial, bool has_initial)
{
	edge_sasl_begin(owner, mechanism, initial, has_initial);
}

static void auth_continue(void *owner, struct slice response)
{
	edge_sasl_continue(owner, response);
}

static void auth_cancel(void *owner)
{
	edge_sasl_cancel(owner);
}

struct question {
	struct edge_client *client;
	unsigned turn;
};

static enum managesieve_result result_of(uint8_t status)
{
	static const enum managesieve_result results[] = {
		[SIEVE_OK] = MANAGESIEVE_OK, [SIEVE_REFUSED] = MANAGESIEVE_REFUSED, [SIEVE_NONEXISTENT] = MANAGESIEVE_NONEXISTENT,
		[SIEVE_ALREADYEXISTS] = MANAGESIEVE_ALREADYEXISTS, [SIEVE_ACTIVE_STAYS] = MANAGESIEVE_ACTIVE, [SIEVE_TOO_MANY] = MANAGESIEVE_MAXSCRIPTS,
		[SIEVE_TOO_LONG] = MANAGESIEVE_MAXSIZE, [SIEVE_LATER] = MANAGESIEVE_TRYLATER,
	};

	return status < sizeof results / sizeof results[0] ? results[status] : MANAGESIEVE_TRYLATER;
}

static void on_answer(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct question *q = arg;
	struct edge_client *c = q->client;
	struct edge_sieve *s = sieve_of(c);
	const struct ipc_auth_sieve_reply *reply = message;

	if (!c->ended && q->turn == s->turn && !managesieve_closing(s->engine)) {
		struct buf *out = conn_output(c->conn);
		if (outcome == IPC_OK && reply->status == AUTH_SIEVE_GONE)
			managesieve_bye(s->engine, "The session is over, sign in again", out);
		else if (outcome != IPC_OK)
			managesieve_answer(s->engine, MANAGESIEVE_TRYLATER, SLICE_NONE, SLICE_NONE, out);
		else
			managesieve_answer(s->engine, result_of(reply->status), reply->text, reply->result, out);
		run(c);
	}
	memory_free(q);
	edge_client_drop(c);
}

static void on_request(void *owner, const struct managesieve_request *r)
{
	static const enum auth_sieve_op ops[] = {
		[MANAGESIEVE_CHECK] = AUTH_SIEVE_CHECK, [MANAGESIEVE_HAVESPACE] = AUTH_SIEVE_SPACE, [MANAGESIEVE_PUT] = AUTH_SIEVE_PUT,
		[MANAGESIEVE_LIST] = AUTH_SIEVE_LIST, [MANAGESIEVE_SETACTIVE] = AUTH_SIEVE_ACTIVATE, [MANAGESIEVE_GET] = AUTH_SIEVE_GET,
		[MANAGESIEVE_DELETE] = AUTH_SIEVE_DELETE, [MANAGESIEVE_RENAME] = AUTH_SIEVE_RENAME,
	};
	struct edge_client *c = owner;
	struct question *q = memory_alloc(sizeof *q);
	/* What is too long for a request is too long for a script. */
	struct ipc_auth_sieve request = {.cid = edge_cid(c), .session = c->identity.ticket, .op = (uint8_t)ops[r->op], .size = r->size,
		.name = slice_sub(r->name, 0, 2 * SIEVE_NAME_MAX), .text = slice_sub(r->text, 0, SIEVE_SCRIPT_MAX + 1)};

	*q = (struct question){c, sieve_of(c)->turn};
	edge_client_hold(c);
	ipc_request(c->edge->ctx->ipc, IPC_AUTH_SIEVE, IPC_ANY, &request, on_answer, q);
}

static void end_session(struct edge_client *c)
{
	struct ipc_auth_sieve request = {.cid = edge_cid(c), .session = c->identity.ticket, .op = AUTH_SIEVE_END};

	if (c->identity.known)
		ipc_request(c->edge->ctx->ipc, IPC_AUTH_SIEVE, IPC_ANY, &request, NULL, NULL);
}

static void sign_out(void *owner)
{
	struct edge_client *c = owner;

	end_session(c);
	sieve_of(c)->turn++;
	edge_sasl_free(c);
	buf_free(&c->identity.login);
	buf_free(&c->identity.sender);
	buf_free(&c->identity.actor);
	c->identity = (struct edge_identity){0};
	edge_client_deadline(c, c->edge->ctx->config->limits_login_time);
}

static const struct managesieve_callbacks callbacks = {
	.start_tls = start_tls, .auth_begin = auth_begin, .auth_continue = auth_continue, .auth_cancel = auth_cancel, .request = on_request,
	.sign_out = sign_out,
};

/* ---- the protocol ---- */

static void sieve_start(struct edge_client *c)
{
	struct edge_sieve *s = memory_alloc(sizeof *s);

	buf_init(&s->extensions, EXTENSIONS_MAX);
	sieve_extensions_print(&s->extensions);
	struct managesieve_settings settings = {
		.server_name = c->edge->ctx->config->hostname, .extensions = buf_slice(&s->extensions), .redirects = SIEVE_REDIRECTS_MAX,
		.starttls = c->edge->tls != NULL && !conn_is_secure(c->conn), .secure = conn_is_secure(c->conn),
			.channel_binding = conn_is_secure(c->conn),
		.tokens = c->edge->ctx->config->auth_oauth, .certificate = edge_has_certificate(c),
	};

	s->engine = managesieve_create(&settings, &callbacks, c);
	c->state = s;
	edge_client_deadline(c, c->edge->ctx->config->limits_login_time);
	managesieve_greet(s->engine, conn_output(c->conn));
	run(c);
}

static void sieve_secured(struct edge_client *c)
{
	managesieve_secured(sieve_of(c)->engine, true, edge_has_certificate(c), conn_output(c->conn));
	run(c);
}

static void sieve_sasl_result(struct edge_client *c, enum auth_status status, struct slice data)
{
	static const enum managesieve_failure failures[] = {
		[AUTH_BAD_CREDENTIALS] = MANAGESIEVE_BAD_CREDENTIALS, [AUTH_TEMPORARY] = MANAGESIEVE_UNAVAILABLE, [AUTH_DENIED] = MANAGESIEVE_DENIED,
		[AUTH_EXPIRED] = MANAGESIEVE_DENIED, [AUTH_THROTTLED] = MANAGESIEVE_THROTTLED, [AUTH_INVALID] = MANAGESIEVE_INVALID,
		[AUTH_REFUSED] = MANAGESIEVE_DENIED,
	};
	struct managesieve *engine = sieve_of(c)->engine;
	struct buf *out = conn_output(c->conn);

	if (status == AUTH_CONTINUE)
		managesieve_challenge(engine, data, out);
	else if (status == AUTH_OK)
		managesieve_succeeded(engine, data, buf_slice(&c->identity.login), out);
	else
		managesieve_failed(engine, failures[status], out);
	run(c);
}

static void bye(struct edge_client *c, const char *text)
{
	if (!managesieve_closing(sieve_of(c)->engine))
		managesieve_bye(sieve_of(c)->engine, text, conn_output(c->conn));
	conn_finish(c->conn);
}

static void sieve_timeout(struct edge_client *c)
{
	bye(c, managesieve_signed_in(sieve_of(c)->engine) ? "Idle for too long" : "Time to sign in is over");
}

static void sieve_stop(struct edge_client *c)
{
	bye(c, "Server shutting down");
}

static void sieve_revoke(struct edge_client *c)
{
	bye(c, "The session is over, sign in again");
}

static void sieve_free(struct edge_client *c)
{
	struct edge_sieve *s = sieve_of(c);

	end_session(c);
	managesieve_destroy(&s->engine);
	buf_free(&s->extensions);
	memory_free(s);
}

const struct edge_protocol edge_sieve = {
	.start = sieve_start, .readable = run, .secured = sieve_secured, .sasl_result = sieve_sasl_result, .timeout = sieve_timeout,
		.stop = sieve_stop,
	.free = sieve_free, .revoke = sieve_revoke,
};
