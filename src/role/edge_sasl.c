/*
 * One sign-in. PLAIN and LOGIN become one PLAIN request to auth; SCRAM is passed on step by step. The edge sees passwords of PLAIN on their
 * way, never account secrets.
 */
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "crypt/certificate.h"
#include "role/edge_limits.h"

#define LOGIN_USER_MAX 1024

static const struct mechanism {
	struct slice name;
	int first_step;
	bool binding;
} mechanisms[] = {
	{SLICE_INIT("PLAIN"), EDGE_SASL_PLAIN_FIRST, false},
	{SLICE_INIT("LOGIN"), EDGE_SASL_LOGIN_USER, false},
	{SLICE_INIT("SCRAM-SHA-256"), EDGE_SASL_FORWARD, false},
	{SLICE_INIT("SCRAM-SHA-256-PLUS"), EDGE_SASL_FORWARD, true},
	{SLICE_INIT("OAUTHBEARER"), EDGE_SASL_FORWARD, false},
	{SLICE_INIT("XOAUTH2"), EDGE_SASL_FORWARD, false},
	{SLICE_INIT("EXTERNAL"), EDGE_SASL_FORWARD, true},
};

/* A question or answer on its way. Given up exchanges leave some behind: `turn` tells them. */
struct answer {
	struct edge_client *client;
	unsigned turn;
	enum auth_status status;
};

static struct answer *answer_create(struct edge_client *c, enum auth_status status)
{
	struct answer *a = memory_alloc(sizeof *a);

	*a = (struct answer){c, c->sasl_turn, status};
	edge_client_hold(c);
	return a;
}

static bool answer_wanted(const struct answer *a)
{
	return !a->client->ended && a->client->sasl.running && a->turn == a->client->sasl_turn;
}

static void answer_free(struct answer *a)
{
	edge_client_drop(a->client);
	memory_free(a);
}

/* What the client is asked for next: LOGIN has prompts (draft-murchison-sasl-login 2), the others begin with an empty challenge. */
static struct slice prompt(const struct edge_sasl *s)
{
	if (s->step == EDGE_SASL_LOGIN_USER)
		return SLICE("Username:");
	return s->step == EDGE_SASL_LOGIN_PASS ? SLICE("Password:") : SLICE_NONE;
}

static void give_answer(void *arg)
{
	struct answer *a = arg;
	struct edge_client *c = a->client;
	struct slice data = a->status == AUTH_CONTINUE ? prompt(&c->sasl) : SLICE_NONE;

	if (answer_wanted(a)) {
		if (a->status != AUTH_CONTINUE)
			edge_sasl_free(c);
		c->protocol->sasl_result(c, a->status, data);
	}
	answer_free(a);
}

/* An answer of our own, soon: callers never get it from inside. */
static void answer_soon(struct edge_client *c, enum auth_status status)
{
	loop_defer(c->edge->ctx->loop, give_answer, answer_create(c, status));
}

void edge_sasl_free(struct edge_client *c)
{
	buf_free_secret(&c->sasl.user);
	buf_free(&c->sasl.binding);
	c->sasl = (struct edge_sasl){.user = BUF_INIT(LOGIN_USER_MAX), .binding = BUF_INIT(CERTIFICATE_MAX)};
}

static void take_identity(struct edge_client *c, const struct ipc_auth_sasl_reply *reply)
{
	c->identity.known = true;
	c->identity.account = reply->account;
	c->identity.ticket = reply->ticket;
	c->identity.shard = reply->shard;
	c->identity.credential = reply->credential;
	c->identity.delegate = reply->delegate;
	c->identity.proof = reply->proof;
	buf_clear(&c->identity.login);
	buf_append(&c->identity.login, reply->login);
	buf_clear(&c->identity.sender);
	buf_append(&c->identity.sender, reply->sender);
	buf_clear(&c->identity.actor);
	buf_append(&c->identity.actor, reply->actor);
}

static void log_outcome(struct edge_client *c, enum auth_status status, const struct ipc_auth_sasl_reply *reply)
{
	struct slice login = reply != NULL ? reply->login : SLICE_NONE;

	if (status == AUTH_CONTINUE)
		return;
	log_event(status == AUTH_OK ? EV_LOGIN_OK : EV_LOGIN_FAILED, LOG_TEXT("cid", edge_cid(c)), LOG_STR("service", c->service->name),
	          LOG_TEXT("ip", edge_address(c)), LOG_TEXT("user", login), LOG_TEXT("mechanism", c->sasl.mechanism), LOG_NUM("status", status));
}

static void on_auth(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct answer *a = arg;
	struct edge_client *c = a->client;
	const struct ipc_auth_sasl_reply *reply = message;
	enum auth_status status = outcome == IPC_OK && reply->status <= AUTH_REFUSED ? (enum auth_status)reply->status : AUTH_TEMPORARY;

	if (!answer_wanted(a))
		goto out;
	log_outcome(c, status, reply);
	if (status == AUTH_CONTINUE)
		c->sasl.session = reply->session;
	else
		edge_sasl_free(c);
	if (status == AUTH_OK)
		take_identity(c, reply);
	if (status == AUTH_OK)
		edge_limits_trust(c);
	c->protocol->sasl_result(c, status, outcome == IPC_OK ? reply->data : SLICE_NONE);
out:
	answer_free(a);
}

static void ask_auth(struct edge_client *c, struct slice mechanism, struct slice data)
{
	struct ipc_auth_sasl request = {
		.cid = edge_cid(c),
		.session = c->sasl.session,
		.protocol = (uint8_t)c->service->auth_protocol,
		.tls = conn_is_secure(c->conn) ? AUTH_TLS_BINDING : AUTH_TLS_NONE, /* -PLUS is offered wherever there is TLS */
		.address = edge_address(c),
		.mechanism = mechanism,
		.binding_type = c->sasl.binding_type,
		.binding = buf_slice(&c->sasl.binding),
		.data = data,
	};

	c->sasl.step = EDGE_SASL_FORWARD;
	ipc_request(c->edge->ctx->ipc, IPC_AUTH_SASL, IPC_ANY, &request, on_auth, answer_create(c, AUTH_TEMPORARY));
}

/* The binding itself is taken from our side of the connection. */
static int find_binding(struct edge_client *c, struct slice first)
{
	static const struct slice types[] = {SLICE_INIT("tls-exporter"), SLICE_INIT("tls-server-end-point")};
	struct slice wanted;

	if (conn_tls(c->conn) == NULL || !auth_binding_wanted(first, &wanted))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (slice_eq(wanted, types[i])) {
			c->sasl.binding_type = types[i];
			return tls_channel_binding(conn_tls(c->conn), types[i], &c->sasl.binding);
		}
	return -1;
}

bool edge_has_certificate(const struct edge_client *c)
{
	return edge_asks_certificates(c->edge) && conn_tls(c->conn) != NULL && tls_peer_verified(conn_tls(c->conn))
	       && tls_peer_still_holds(conn_tls(c->conn), c->edge->tls);
}

/* auth finds whose certificate it is (auth/mechanism_external.c). */
static int find_certificate(struct edge_client *c)
{
	c->sasl.binding_type = SLICE("certificate");
	return edge_has_certificate(c) ? tls_peer_certificate(conn_tls(c->conn), &c->sasl.binding) : -1;
}

static void forward(struct edge_client *c, struct slice data)
{
	bool plus = slice_ends(c->sasl.mechanism, SLICE("-PLUS")), external = slice_eq(c->sasl.mechanism, SLICE("EXTERNAL"));

	if (c->sasl.session == 0 && ((plus && find_binding(c, data) < 0) || (external && find_certificate(c) < 0)))
		answer_soon(c, AUTH_INVALID);
	else
		ask_auth(c, c->sasl.mechanism, data);
}

static void login_user(struct edge_client *c, struct slice user)
{
	buf_clear(&c->sasl.user);
	buf_append(&c->sasl.user, user);
	if (c->sasl.user.failed || slice_find(user, 0) >= 0) {
		answer_soon(c, AUTH_INVALID);
		return;
	}
	c->sasl.step = EDGE_SASL_LOGIN_PASS;
	answer_soon(c, AUTH_CONTINUE);
}

static void login_pass(struct edge_client *c, struct slice password)
{
	struct buf plain = BUF_INIT(LOGIN_USER_MAX + 8192);

	buf_append_byte(&plain, 0);
	buf_append(&plain, buf_slice(&c->sasl.user));
	buf_append_byte(&plain, 0);
	buf_append(&plain, password);
	if (plain.failed || slice_find(password, 0) >= 0)
		answer_soon(c, AUTH_INVALID);
	else
		ask_auth(c, SLICE("PLAIN"), buf_slice(&plain));
	buf_free_secret(&plain);
}

void edge_sasl_begin(struct edge_client *c, struct slice name, struct slice initial, bool has_initial)
{
	const struct mechanism *m = NULL;

	edge_sasl_cancel(c);
	c->sasl.running = true;
	for (size_t i = 0; i < ARRAY_LEN(mechanisms); i++)
		if (slice_eq_nocase(name, mechanisms[i].name))
			m = &mechanisms[i];
	if (m == NULL || (m->binding && !conn_is_secure(c->conn))) {
		answer_soon(c, AUTH_INVALID);
		return;
	}
	c->sasl.mechanism = m->name;
	c->sasl.step = m->first_step;
	if (has_initial)
		edge_sasl_continue(c, initial);
	else
		answer_soon(c, AUTH_CONTINUE);
}

void edge_sasl_continue(struct edge_client *c, struct slice response)
{
	switch (c->sasl.step) {
	case EDGE_SASL_LOGIN_USER: login_user(c, response); break;
	case EDGE_SASL_LOGIN_PASS: login_pass(c, response); break;
	case EDGE_SASL_PLAIN_FIRST:
	case EDGE_SASL_FORWARD: forward(c, response); break;
	}
}

void edge_sasl_cancel(struct edge_client *c)
{
	c->sasl_turn++;
	edge_sasl_free(c);
}
