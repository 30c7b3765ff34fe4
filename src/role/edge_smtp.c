#include "role/edge_smtp.h"

#include "base/log.h"
#include "base/memory.h"
#include "net/prefix.h"
#include "role/edge_limits.h"

#define AUTH_FACT_MAX 65536 /* bytes of a sender fact */

_Static_assert(EDGE_INPUT_MAX >= SMTP_SERVER_INPUT_MIN, "the engine needs whole lines");

/* However busy a client is, it signs in in time, and from one letter to the next it has only so long: a byte now and then holds no
 * connection open. */
static int64_t patience(struct edge_client *c)
{
	const struct edge_smtp *s = edge_smtp_of(c);
	const struct config *config = c->edge->ctx->config;
	bool signs_in = c->service->submission && !c->identity.known;
	int64_t patience = smtp_server_patience(s->engine);
	int64_t limit = signs_in ? config->limits_login_time : config->limits_transaction_time;
	int64_t left = s->since_ms + limit - loop_now(c->edge->ctx->loop).mono_ms;

	return patience == 0 || patience < left ? patience : left > 0 ? left : 1;
}

void edge_smtp_pump(struct edge_client *c)
{
	struct edge_smtp *s = edge_smtp_of(c);

	if (c->ended || s->handshake || s->waits)
		return;
	smtp_server_pump(s->engine, conn_input(c->conn), conn_output(c->conn));
	conn_flush(c->conn);
	if (c->ended)
		return;
	if (s->handshake) {
		conn_secure_server(c->conn, c->edge->tls);
		return;
	}
	if (s->closing) {
		conn_finish(c->conn);
		return;
	}
	edge_client_deadline(c, patience(c));
}

/* ---- who is refused again and again ---- */

static void on_late(void *arg)
{
	struct edge_client *c = arg;

	edge_smtp_of(c)->waits = false;
	edge_limits_in_time(c);
	edge_client_hold(c);
	edge_smtp_pump(c);
	edge_client_drop(c);
}

void edge_smtp_note_refusal(struct edge_client *c)
{
	struct edge_smtp *s = edge_smtp_of(c);
	struct smtp_reply last;
	bool late = false;
	enum limit over = c->ended ? LIMIT_COUNT : edge_limits_refused(c, &late);

	if (over != LIMIT_COUNT) {
		last = edge_limits_reply(over);
		smtp_server_abort(s->engine, &last);
	} else if (late && !s->waits) {
		if (s->late == NULL)
			s->late = timer_create_on(c->edge->ctx->loop, on_late, c);
		s->waits = true;
		timer_start(s->late, EDGE_LATE_MS);
	}
}

/* Strangers who begin more than their address may: the connection ends. */
bool edge_smtp_too_busy(struct edge_client *c)
{
	struct smtp_reply last = edge_limits_reply(LIMIT_COMMANDS_ADDRESS);

	if (!c->stranger || edge_limits_take(c, LIMIT_COMMANDS_ADDRESS, 1))
		return false;
	smtp_server_abort(edge_smtp_of(c)->engine, &last);
	return true;
}

/* ---- the engine's events ---- */

static void on_starttls(void *owner)
{
	((struct edge_smtp *)owner)->handshake = true;
}

static void on_sasl_start(void *owner, struct slice mechanism, struct slice data)
{
	struct edge_smtp *s = owner;

	/* LOGIN without an initial response is prompted for here; the others always bring their first message. */
	edge_sasl_begin(s->client, mechanism, data, data.n > 0 || !slice_eq(mechanism, SLICE("LOGIN")));
}

static void on_sasl_step(void *owner, struct slice data)
{
	edge_sasl_continue(((struct edge_smtp *)owner)->client, data);
}

static void on_sasl_cancel(void *owner)
{
	edge_sasl_cancel(((struct edge_smtp *)owner)->client);
}

static bool on_client(void *owner, struct slice address)
{
	return edge_client_readdress(((struct edge_smtp *)owner)->client, address);
}

static void on_not_believed(void *owner, struct slice how)
{
	const struct edge_client *c = ((struct edge_smtp *)owner)->client;

	log_event(EV_SMTP_REFUSED, LOG_TEXT("cid", edge_cid(c)), LOG_STR("service", c->service->name), LOG_TEXT("ip", edge_address(c)),
	          LOG_TEXT("at", how), LOG_STR("why", "not a trusted proxy"));
}

static void on_reset(void *owner)
{
	edge_letter_free(&((struct edge_smtp *)owner)->letter);
}

static void on_engine_ended(void *owner, enum smtp_server_end why)
{
	((struct edge_smtp *)owner)->closing = true;
}

static void on_ready(void *owner)
{
	/* Every answer from outside is followed by edge_smtp_pump() at its end. */
}

static const struct smtp_server_events engine_events = {
	.starttls = on_starttls,
	.sasl_start = on_sasl_start,
	.sasl_step = on_sasl_step,
	.sasl_cancel = on_sasl_cancel,
	.client = on_client, .not_believed = on_not_believed,
	.mail = edge_smtp_mail,
	.rcpt = edge_smtp_rcpt,
	.data_begin = edge_smtp_data_begin,
	.data = edge_smtp_data,
	.data_end = edge_smtp_data_end,
	.reset = on_reset,
	.ended = on_engine_ended,
	.ready = on_ready,
};

/* ---- the protocol ---- */

static unsigned mechanisms(const struct edge_client *c)
{
	unsigned set = SMTP_AUTH_PLAIN | SMTP_AUTH_LOGIN | SMTP_AUTH_SCRAM_SHA_256 | SMTP_AUTH_SCRAM_SHA_256_PLUS;

	if (!c->service->submission)
		return 0;
	if (c->edge->ctx->config->auth_oauth)
		set |= SMTP_AUTH_OAUTHBEARER | SMTP_AUTH_XOAUTH2;
	return edge_has_certificate(c) ? set | SMTP_AUTH_EXTERNAL : set;
}

static void smtp_start(struct edge_client *c)
{
	const struct config *config = c->edge->ctx->config;
	struct edge_smtp *s = memory_alloc(sizeof *s);
	struct smtp_server_settings settings = {
		.hostname = config->hostname,
		.starttls = c->edge->tls != NULL && !conn_is_secure(c->conn),
		.tls_required = c->service->submission,
		.auth_required = c->service->submission,
		.trusted = net_prefixes_hold(config->xclient_from.items, config->xclient_from.count, edge_address(c)),
		.mechanisms = mechanisms(c),
		.size_max = config->message_size,
		.recipients_max = (unsigned)config->limits_recipients,
		.command_ms = config->limits_smtp_idle,
	};

	s->client = c;
	s->since_ms = c->opened_ms;
	buf_init(&s->reverse_path, 4096);
	buf_init(&s->envid, 1024);
	buf_init(&s->ret, 16);
	buf_init(&s->sender, AUTH_FACT_MAX);
	buf_init(&s->sealer, AUTH_FACT_MAX);
	s->engine = smtp_server_create(&settings, &engine_events, s);
	c->state = s;
	if (conn_is_secure(c->conn))
		smtp_server_secured(s->engine);
	edge_smtp_pump(c);
}

static void smtp_secured(struct edge_client *c)
{
	struct edge_smtp *s = edge_smtp_of(c);

	s->handshake = false;
	smtp_server_mechanisms(s->engine, mechanisms(c));
	smtp_server_secured(s->engine);
	edge_smtp_pump(c);
}

static void smtp_sasl_result(struct edge_client *c, enum auth_status status, struct slice data)
{
	static const enum smtp_sasl_result results[] = {
		[AUTH_OK] = SMTP_SASL_OK,        [AUTH_CONTINUE] = SMTP_SASL_CHALLENGE,  [AUTH_BAD_CREDENTIALS] = SMTP_SASL_FAIL,
		[AUTH_DENIED] = SMTP_SASL_FAIL,  [AUTH_TEMPORARY] = SMTP_SASL_TEMPORARY, [AUTH_EXPIRED] = SMTP_SASL_FAIL,
		[AUTH_INVALID] = SMTP_SASL_FAIL, [AUTH_THROTTLED] = SMTP_SASL_TEMPORARY, [AUTH_REFUSED] = SMTP_SASL_FAIL,
	};

	smtp_server_sasl_reply(edge_smtp_of(c)->engine, results[status], data);
	edge_smtp_pump(c);
}

static void smtp_timeout(struct edge_client *c)
{
	smtp_server_abort(edge_smtp_of(c)->engine, NULL);
	edge_smtp_pump(c);
}

static void smtp_stop(struct edge_client *c)
{
	smtp_server_close(edge_smtp_of(c)->engine, NULL);
	edge_smtp_pump(c);
}

/* At once, within a transaction too. Only a letter whose end has come already is still answered: it may be taken by now. */
static void smtp_revoke(struct edge_client *c)
{
	static const struct smtp_reply gone = SMTP_REPLY_INIT(421, "4.7.0", "Signed out by the administrator or from another device");

	if (edge_smtp_of(c)->sending)
		smtp_server_close(edge_smtp_of(c)->engine, &gone);
	else
		smtp_server_abort(edge_smtp_of(c)->engine, &gone);
	edge_smtp_pump(c);
}

static void smtp_free(struct edge_client *c)
{
	struct edge_smtp *s = edge_smtp_of(c);

	timer_destroy(&s->late);
	smtp_server_destroy(&s->engine);
	edge_letter_free(&s->letter);
	buf_free(&s->reverse_path);
	buf_free(&s->envid);
	buf_free(&s->ret);
	buf_free(&s->sender);
	buf_free(&s->sealer);
	memory_free(s);
}

const struct edge_protocol edge_smtp = {
	.start = smtp_start,
	.readable = edge_smtp_pump,
	.drained = edge_smtp_pump,
	.secured = smtp_secured,
	.sasl_result = smtp_sasl_result,
	.timeout = smtp_timeout,
	.stop = smtp_stop,
	.free = smtp_free,
	.revoke = smtp_revoke,
};
