/* IMAP and POP3 before login: the engines ask, edge_sasl answers, edge_pass takes over. */
#include "base/log.h"
#include "base/memory.h"
#include "imap/login.h"
#include "pop3/login.h"
#include "role/edge.h"

static bool binding_possible(const struct edge_client *c)
{
	return conn_is_secure(c->conn);
}

static void start_handshake(struct edge_client *c)
{
	conn_flush(c->conn);
	conn_secure_server(c->conn, c->edge->tls);
}

/* ---- IMAP ---- */

static void imap_run(struct edge_client *c)
{
	struct imap_login *login = c->state;
	struct slice tag;

	if (c->ended)
		return;
	imap_login_input(login, conn_input(c->conn), conn_output(c->conn), loop_now(c->edge->ctx->loop));
	if (imap_login_done(login, &tag) && c->identity.known) {
		edge_pass_begin(c, tag);
		return;
	}
	conn_flush(c->conn);
	if (!c->ended && imap_login_closing(login))
		conn_finish(c->conn);
}

static void imap_start_tls(void *owner)
{
	start_handshake(owner);
}

static void imap_auth_begin(void *owner, struct slice mechanism, struct slice initial, bool has_initial)
{
	edge_sasl_begin(owner, mechanism, initial, has_initial);
}

static void imap_auth_continue(void *owner, struct slice response)
{
	edge_sasl_continue(owner, response);
}

static void imap_auth_cancel(void *owner)
{
	edge_sasl_cancel(owner);
}

static const struct imap_login_callbacks imap_callbacks = {
	.start_tls = imap_start_tls,
	.auth_begin = imap_auth_begin,
	.auth_continue = imap_auth_continue,
	.auth_cancel = imap_auth_cancel,
};

static void imap_start(struct edge_client *c)
{
	struct imap_login_settings settings = {
		.server_name = c->edge->ctx->config->hostname,
		.starttls = c->edge->tls != NULL && !conn_is_secure(c->conn),
		.secure = conn_is_secure(c->conn),
		.channel_binding = binding_possible(c),
		.tokens = c->edge->ctx->config->auth_oauth,
		.certificate = edge_has_certificate(c),
	};

	c->state = imap_login_create(&settings, &imap_callbacks, c);
	edge_client_deadline(c, c->edge->ctx->config->limits_login_time);
	imap_login_greet(c->state, conn_output(c->conn));
	imap_run(c);
}

static void imap_secured(struct edge_client *c)
{
	if (edge_has_certificate(c))
		imap_login_certificate(c->state);
	imap_login_secured(c->state, binding_possible(c));
	imap_run(c);
}

static void imap_sasl_result(struct edge_client *c, enum auth_status status, struct slice data)
{
	static const enum imap_login_failure failures[] = {
		[AUTH_BAD_CREDENTIALS] = IMAP_LOGIN_BAD_CREDENTIALS, [AUTH_TEMPORARY] = IMAP_LOGIN_UNAVAILABLE, [AUTH_DENIED] = IMAP_LOGIN_DENIED,
		[AUTH_EXPIRED] = IMAP_LOGIN_EXPIRED, [AUTH_THROTTLED] = IMAP_LOGIN_THROTTLED, [AUTH_INVALID] = IMAP_LOGIN_INVALID,
		[AUTH_REFUSED] = IMAP_LOGIN_DENIED,
	};
	struct buf *out = conn_output(c->conn);

	if (status == AUTH_CONTINUE)
		imap_login_challenge(c->state, data, out);
	else if (status == AUTH_OK)
		imap_login_succeeded(c->state, data, out);
	else
		imap_login_failed(c->state, failures[status], out);
	imap_run(c);
}

static void imap_bye(struct edge_client *c, const char *text)
{
	imap_login_bye(c->state, text, conn_output(c->conn));
	conn_finish(c->conn);
}

static void imap_timeout(struct edge_client *c)
{
	imap_bye(c, "Time to sign in is over");
}

static void imap_stop(struct edge_client *c)
{
	imap_bye(c, "Server shutting down");
}

static void imap_free(struct edge_client *c)
{
	struct imap_login *login = c->state;

	imap_login_destroy(&login);
}

const struct edge_protocol edge_imap = {imap_start, imap_run, NULL, imap_secured, imap_sasl_result, imap_timeout, imap_stop, imap_free, NULL, NULL};

/* ---- POP3 ---- */

static void pop3_run(struct edge_client *c)
{
	struct pop3_login *login = c->state;
	bool utf8;

	if (c->ended)
		return;
	pop3_login_input(login, conn_input(c->conn), conn_output(c->conn));
	if (pop3_login_done(login, &utf8) && c->identity.known) {
		edge_pass_begin(c, utf8 ? SLICE("UTF8") : SLICE_NONE);
		return;
	}
	conn_flush(c->conn);
	if (!c->ended && pop3_login_closing(login))
		conn_finish(c->conn);
}

static void pop3_start_tls(void *owner)
{
	start_handshake(owner);
}

static const struct pop3_login_callbacks pop3_callbacks = {
	.start_tls = pop3_start_tls,
	.auth_begin = imap_auth_begin,
	.auth_continue = imap_auth_continue,
	.auth_cancel = imap_auth_cancel,
};

static void pop3_start(struct edge_client *c)
{
	struct pop3_login_settings settings = {
		.server_name = c->edge->ctx->config->hostname,
		.starttls = c->edge->tls != NULL && !conn_is_secure(c->conn),
		.secure = conn_is_secure(c->conn),
		.channel_binding = binding_possible(c),
		.tokens = c->edge->ctx->config->auth_oauth,
		.certificate = edge_has_certificate(c),
	};

	c->state = pop3_login_create(&settings, &pop3_callbacks, c);
	edge_client_deadline(c, c->edge->ctx->config->limits_login_time);
	pop3_login_greet(c->state, conn_output(c->conn));
	pop3_run(c);
}

static void pop3_secured(struct edge_client *c)
{
	if (edge_has_certificate(c))
		pop3_login_certificate(c->state);
	pop3_login_secured(c->state, binding_possible(c));
	pop3_run(c);
}

static void pop3_sasl_result(struct edge_client *c, enum auth_status status, struct slice data)
{
	static const enum pop3_login_failure failures[] = {
		[AUTH_BAD_CREDENTIALS] = POP3_LOGIN_BAD_CREDENTIALS, [AUTH_TEMPORARY] = POP3_LOGIN_UNAVAILABLE, [AUTH_DENIED] = POP3_LOGIN_DENIED,
		[AUTH_EXPIRED] = POP3_LOGIN_DENIED, [AUTH_THROTTLED] = POP3_LOGIN_THROTTLED, [AUTH_INVALID] = POP3_LOGIN_INVALID,
		[AUTH_REFUSED] = POP3_LOGIN_DENIED,
	};
	struct buf *out = conn_output(c->conn);

	if (status == AUTH_CONTINUE)
		pop3_login_challenge(c->state, data, out);
	else if (status == AUTH_OK)
		pop3_login_succeeded(c->state, data, out);
	else
		pop3_login_failed(c->state, failures[status], out);
	pop3_run(c);
}

static void pop3_bye(struct edge_client *c, const char *text)
{
	pop3_login_bye(c->state, text, conn_output(c->conn));
	conn_finish(c->conn);
}

static void pop3_timeout(struct edge_client *c)
{
	pop3_bye(c, "Time to sign in is over");
}

static void pop3_stop(struct edge_client *c)
{
	pop3_bye(c, "Server shutting down");
}

static void pop3_free(struct edge_client *c)
{
	struct pop3_login *login = c->state;

	pop3_login_destroy(&login);
}

const struct edge_protocol edge_pop3 = {pop3_start, pop3_run, NULL, pop3_secured, pop3_sasl_result, pop3_timeout, pop3_stop, pop3_free, NULL, NULL};
