/* SMTP at the edge: the engine speaks, auth decides about senders and recipients, a letter goes its way. */
#include <stdio.h>

#include "base/log.h"
#include "base/memory.h"
#include "net/prefix.h"
#include "queue/queue.h"
#include "role/audit_out.h"
#include "role/edge_letter.h"
#include "role/edge_limits.h"
#include "smtp/server.h"
#include "store/fact.h"
#include "sys/fault.h"

#define ROOM_FRESH_MS 1000
#define AUTH_FACT_MAX 65536 /* bytes of a sender fact */

struct edge_smtp {
	struct edge_client *client;
	struct smtp_server *engine;
	struct edge_letter *letter;      /* of the running transaction */
	struct buf reverse_path, envid, ret;
	struct buf sender, sealer;       /* facts of auth about this letter (ipc/fields.h) */
	enum smtp_body body;
	bool smtputf8, requiretls;
	bool handshake, closing;
	bool sending;                    /* the letter is on its way to filter and queue */
	struct timer *late;              /* runs while the client has to wait for the next answer; NULL: it never had to */
	bool waits;
	int64_t since_ms;                /* of the connection, or of the last letter that was taken */
};

static struct edge_smtp *smtp_of(struct edge_client *c)
{
	return c->state;
}

/* However busy a client is, it signs in in time, and from one letter to the next it has only so long: a byte now and then holds no connection open. */
static int64_t patience(struct edge_client *c)
{
	const struct edge_smtp *s = smtp_of(c);
	const struct config *config = c->edge->ctx->config;
	bool signs_in = c->service->submission && !c->identity.known;
	int64_t patience = smtp_server_patience(s->engine);
	int64_t left = s->since_ms + (signs_in ? config->limits_login_time : config->limits_transaction_time) - loop_now(c->edge->ctx->loop).mono_ms;

	return patience == 0 || patience < left ? patience : left > 0 ? left : 1;
}

/* Lets the engine work and sends what it says. The caller holds the client. */
static void pump(struct edge_client *c)
{
	struct edge_smtp *s = smtp_of(c);

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

	smtp_of(c)->waits = false;
	edge_limits_in_time(c);
	edge_client_hold(c);
	pump(c);
	edge_client_drop(c);
}

/* Before the answer is given to the engine: it goes out late, or is the last. */
static void note_refusal(struct edge_client *c)
{
	struct edge_smtp *s = smtp_of(c);
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
static bool too_busy(struct edge_client *c)
{
	struct smtp_reply last = edge_limits_reply(LIMIT_COMMANDS_ADDRESS);

	if (!c->stranger || edge_limits_take(c, LIMIT_COMMANDS_ADDRESS, 1))
		return false;
	smtp_server_abort(smtp_of(c)->engine, &last);
	return true;
}

/* ---- questions to others ---- */

/* One question of the engine that another role answers. */
struct question {
	struct edge_client *client;
	struct edge_letter *letter; /* the transaction it belongs to; only compared */
	uint32_t token;
	uint64_t size;
	unsigned targets;
	struct buf facts;
};

static struct question *question_create(struct edge_client *c, uint32_t token)
{
	struct question *q = memory_alloc(sizeof *q);

	*q = (struct question){.client = c, .letter = smtp_of(c)->letter, .token = token, .facts = BUF_INIT(LETTER_FACTS_MAX)};
	edge_client_hold(c);
	return q;
}

static void question_free(struct question *q)
{
	struct edge_client *c = q->client;

	buf_free(&q->facts);
	memory_free(q);
	pump(c);
	edge_client_drop(c);
}

static void on_sender(void *arg, enum ipc_outcome outcome, const void *message)
{
	static const struct smtp_reply stopped = SMTP_REPLY_INIT(550, "5.7.1", "Sending from your account is suspended; you can still read mail. Ask your security officer");
	static const struct smtp_reply denied = SMTP_REPLY_INIT(553, "5.7.1", "You may not send with this address");
	static const struct smtp_reply later = SMTP_REPLY_INIT(451, "4.3.0", "Not possible now, try again later");
	struct question *q = arg;
	const struct ipc_auth_sender_reply *reply = message;
	struct edge_client *c = q->client;
	struct smtp_reply too_much;

	if (!c->ended) {
		bool suspended = outcome == IPC_OK && reply->status == AUTH_SUSPENDED;
		bool throttled = outcome == IPC_OK && reply->status == AUTH_THROTTLED && reply->limit < LIMIT_COUNT;
		bool temporary = outcome != IPC_OK || reply->status == AUTH_TEMPORARY;
		bool allowed = !temporary && reply->status == AUTH_OK;

		if (!allowed && !temporary && !throttled)
			log_event(EV_SMTP_REFUSED, LOG_TEXT("cid", edge_cid(c)), LOG_STR("at", "sender"),
			          LOG_TEXT("user", buf_slice(&c->identity.login)), LOG_TEXT("from", buf_slice(&smtp_of(c)->reverse_path)),
			          LOG_STR("why", suspended ? "sending is suspended" : "not an own address"));
		too_much = edge_limits_reply(throttled ? (enum limit)reply->limit : LIMIT_MESSAGES_USER);
		smtp_server_mail_reply(smtp_of(c)->engine, allowed ? NULL : throttled ? &too_much : temporary ? &later : suspended ? &stopped : &denied);
	}
	question_free(q);
}

static void rcpt_answer(struct question *q, const struct smtp_reply *reply)
{
	struct edge_smtp *s = smtp_of(q->client);

	if (!q->client->ended)
		smtp_server_rcpt_reply(s->engine, q->token, reply);
	if (reply != NULL && reply->code >= 500)
		note_refusal(q->client);
	question_free(q);
}

static void rcpt_take(struct question *q)
{
	static const struct smtp_reply too_many = SMTP_REPLY_INIT(452, "4.5.3", "Too many recipients, send the rest in another message");
	struct edge_smtp *s = smtp_of(q->client);
	bool current = !q->client->ended && s->letter != NULL && s->letter == q->letter;

	if (current && edge_letter_add_facts(s->letter, buf_slice(&q->facts), q->targets) < 0)
		rcpt_answer(q, &too_many);
	else
		rcpt_answer(q, NULL);
}

static void on_room(void *arg, enum ipc_outcome outcome, const void *message)
{
	static const struct smtp_reply disk_full = SMTP_REPLY_INIT(452, "4.3.1", "Insufficient system storage, try again later");
	static const struct smtp_reply over_quota = SMTP_REPLY_INIT(452, "4.2.2", "The mailbox is full");
	static const struct smtp_reply later = SMTP_REPLY_INIT(451, "4.3.0", "Not possible now, try again later");
	struct question *q = arg;
	const struct ipc_queue_room_reply *reply = message;
	struct edge *edge = q->client->edge;

	if (outcome != IPC_OK) {
		rcpt_answer(q, &later);
	} else if (reply->result == QUEUE_QUOTA) {
		rcpt_answer(q, &over_quota);
	} else if (reply->result != QUEUE_OK) {
		rcpt_answer(q, &disk_full);
	} else {
		edge->room_until_ms = loop_now(edge->ctx->loop).mono_ms + ROOM_FRESH_MS;
		rcpt_take(q);
	}
}

/* Disk space and, for a single mailbox with a quota, its room. */
static void ask_room(struct question *q)
{
	struct edge *edge = q->client->edge;
	struct slice facts = buf_slice(&q->facts), whole;
	struct recipient_fact first;
	struct ipc_queue_room request = {.size = q->size};

	while (facts.n > 0 && fact_peek_recipient(&facts, &first, &whole) == 0) {
		q->targets++;
		if (q->targets == 1 && first.kind == FACT_LOCAL && first.quota > 0) {
			__builtin_memcpy(request.account.b, first.account, sizeof request.account.b);
			request.limit = first.quota;
		}
	}
	if (q->targets > 1)
		request.limit = 0;
	if (request.limit == 0 && loop_now(edge->ctx->loop).mono_ms < edge->room_until_ms)
		rcpt_take(q);
	else
		ipc_request(edge->ctx->ipc, IPC_QUEUE_ROOM, IPC_ANY, &request, on_room, q);
}

static void log_refused(struct edge_client *c, const struct ipc_auth_recipient_reply *reply)
{
	log_event(EV_SMTP_REFUSED, LOG_TEXT("cid", edge_cid(c)), LOG_STR("at", "recipient"), LOG_NUM("code", reply->code),
	          LOG_TEXT("why", reply->text));
}

/* What holds for the whole letter is the same in every answer. */
static void take_facts(struct question *q, const struct ipc_auth_recipient_reply *reply)
{
	struct edge_smtp *s = smtp_of(q->client);

	buf_append(&q->facts, reply->facts);
	if (q->client->ended || s->letter != q->letter)
		return;
	if (buf_len(&s->sender) == 0)
		buf_append(&s->sender, reply->sender);
	if (buf_len(&s->sealer) == 0)
		buf_append(&s->sealer, reply->sealer);
}

static void on_recipient(void *arg, enum ipc_outcome outcome, const void *message)
{
	static const struct smtp_reply later = SMTP_REPLY_INIT(451, "4.3.0", "Not possible now, try again later");
	struct question *q = arg;
	const struct ipc_auth_recipient_reply *reply = message;
	struct smtp_reply refusal;

	if (outcome != IPC_OK || reply->status == AUTH_TEMPORARY) {
		rcpt_answer(q, &later);
	} else if (reply->status != AUTH_OK) {
		refusal = (struct smtp_reply){.code = reply->code, .enhanced = reply->enhanced, .text = reply->text};
		log_refused(q->client, reply);
		if (slice_eq(reply->enhanced, SLICE("5.1.1")))
			edge_harvest_count(q->client);
		rcpt_answer(q, refusal.code >= 400 ? &refusal : &later);
	} else {
		take_facts(q, reply);
		ask_room(q);
	}
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

static void on_mail(void *owner, const struct smtp_mail *mail)
{
	struct edge_smtp *s = owner;
	struct edge_client *c = s->client;
	struct ipc_auth_sender request;

	buf_clear(&s->reverse_path);
	buf_append(&s->reverse_path, mail->path.address);
	buf_clear(&s->envid);
	buf_append(&s->envid, mail->envid);
	buf_clear(&s->ret);
	buf_append(&s->ret, mail->ret);
	buf_clear(&s->sender);
	buf_clear(&s->sealer);
	s->body = mail->body;
	s->smtputf8 = mail->smtputf8;
	s->requiretls = mail->requiretls;
	s->letter = edge_letter_create(c->edge);
	if (too_busy(c))
		return;
	if (!c->service->submission) {
		smtp_server_mail_reply(s->engine, NULL);
		return;
	}
	request = (struct ipc_auth_sender){
		.cid = edge_cid(c), .account = c->identity.account, .reverse_path = buf_slice(&s->reverse_path), .credential = c->identity.credential,
		.delegate = c->identity.delegate, .proof = c->identity.proof,
	};
	ipc_request(c->edge->ctx->ipc, IPC_AUTH_SENDER, IPC_ANY, &request, on_sender, question_create(c, 0));
}

static void on_rcpt(void *owner, uint32_t token, const struct smtp_rcpt *rcpt)
{
	struct edge_smtp *s = owner;
	struct edge_client *c = s->client;
	struct smtp_reply over;
	struct buf dsn = BUF_INIT(4096);
	struct ipc_auth_recipient request = {
		.cid = edge_cid(c), .account = c->identity.account, .address = edge_address(c), .reverse_path = buf_slice(&s->reverse_path),
		.recipient = rcpt->path.address,
		.credential = c->identity.credential, .delegate = c->identity.delegate, .proof = c->identity.proof,
	};

	if (too_busy(c))
		return;
	if (edge_harvest_over(c)) {
		over = edge_limits_reply(LIMIT_UNKNOWN_ADDRESS);
		smtp_server_rcpt_reply(s->engine, token, &over);
		return;
	}
	if (!c->service->submission && !edge_limits_take(c, LIMIT_RECIPIENTS_ADDRESS, 1)) {
		over = edge_limits_reply(LIMIT_RECIPIENTS_ADDRESS);
		smtp_server_rcpt_reply(s->engine, token, &over);
		return;
	}
	auth_dsn_encode(rcpt->notify, rcpt->orcpt, &dsn);
	request.dsn = buf_slice(&dsn);
	ipc_request(c->edge->ctx->ipc, IPC_AUTH_RECIPIENT, IPC_ANY, &request, on_recipient, question_create(c, token));
	buf_free(&dsn);
}

/* What an address outside, or a server behind us, may bring. LIMIT_COUNT: this too. Of signed-in users auth keeps count. */
static enum limit over_limits(struct edge_client *c, uint64_t size)
{
	if (buf_len(&smtp_of(c)->sender) > 0 && !c->identity.known)
		return edge_limits_take(c, LIMIT_OUTGOING_ADDRESS, 1) ? LIMIT_COUNT : LIMIT_OUTGOING_ADDRESS;
	if (c->service->submission)
		return LIMIT_COUNT;
	if (!edge_limits_take(c, LIMIT_MESSAGES_ADDRESS, 1))
		return LIMIT_MESSAGES_ADDRESS;
	return edge_limits_take(c, LIMIT_BYTES_ADDRESS, size) ? LIMIT_COUNT : LIMIT_BYTES_ADDRESS; /* who hides the size brings message_size at most */
}

static void on_data_begin(void *owner, uint64_t size_hint)
{
	static const struct smtp_reply busy = SMTP_REPLY_INIT(452, "4.3.1", "Too much mail at once, try again later");
	static const struct smtp_reply unrecorded = SMTP_REPLY_INIT(451, "4.3.0", "Not possible now, try again later");
	struct edge_smtp *s = owner;
	struct edge *edge = s->client->edge;
	const struct smtp_reply *refusal = NULL;
	struct smtp_reply too_much;
	enum limit over = LIMIT_COUNT;

	if (edge->transit + size_hint > edge->ctx->config->limits_memory)
		refusal = &busy;
	else if (!audit_out_allows_mail(edge->ctx->audit, edge->ctx->config->audit_mail_without))
		refusal = &unrecorded;
	else if ((over = over_limits(s->client, size_hint)) != LIMIT_COUNT)
		refusal = &too_much;
	if (over != LIMIT_COUNT)
		too_much = edge_limits_reply(over);
	if (refusal != NULL)
		log_event(EV_SMTP_TEMPFAIL, LOG_TEXT("cid", edge_cid(s->client)), LOG_STR("at", "data"), LOG_TEXT("why", refusal->text));
	smtp_server_data_begin_reply(s->engine, refusal);
}

static void on_data(void *owner, struct slice bytes)
{
	static const struct smtp_reply later = SMTP_REPLY_INIT(452, "4.3.1", "Not possible now, try again later");
	struct edge_smtp *s = owner;

	if (s->letter != NULL && edge_letter_add(s->letter, bytes) < 0)
		smtp_server_data_refuse(s->engine, &later);
}

/* A letter was taken: the address is known, and auth keeps count of what its users send. */
static void note_accepted(struct edge_client *c, uint64_t size)
{
	smtp_of(c)->since_ms = loop_now(c->edge->ctx->loop).mono_ms;
	if (c->ended)
		return;
	edge_limits_trust(c);
	if (c->identity.known)
		ipc_request(c->edge->ctx->ipc, IPC_AUTH_SENT, IPC_ANY, &(struct ipc_auth_sent){.account = c->identity.account, .size = size}, NULL, NULL);
}

static void on_letter_done(void *arg, const struct smtp_reply *reply)
{
	struct edge_client *c = arg;
	struct edge_smtp *s = smtp_of(c);

	s->sending = false;
	if (smtp_reply_positive(reply))
		note_accepted(c, edge_letter_size(s->letter));
	edge_letter_free(&s->letter);
	if (!c->ended)
		smtp_server_data_reply(s->engine, reply, 1);
	pump(c);
	FAULT_POINT(reply_sent);
	edge_client_drop(c);
}

static void on_data_end(void *owner)
{
	struct edge_smtp *s = owner;
	struct edge_client *c = s->client;
	const struct tls_session *tls = conn_tls(c->conn);
	char cipher[128] = "";
	struct envelope e = {
		.source = c->service->submission ? ENVELOPE_SUBMISSION : buf_len(&s->sender) > 0 ? ENVELOPE_BEHIND : ENVELOPE_SMTP,
		.received_ms = loop_now(c->edge->ctx->loop).wall_ms,
		.cid = edge_cid(c),
		.client_address = edge_address(c),
		.helo = smtp_server_helo(s->engine),
		.protocol = smtp_server_protocol(s->engine),
		.hostname = c->edge->ctx->config->hostname,
		.reverse_path = buf_slice(&s->reverse_path),
		.ret = buf_slice(&s->ret),
		.envid = buf_slice(&s->envid),
		.smtputf8 = s->smtputf8, .requiretls = s->requiretls,
		.body_8bit = s->body == SMTP_BODY_8BITMIME,
		.body_binary = s->body == SMTP_BODY_BINARYMIME,
		.sender = c->service->submission ? buf_slice(&c->identity.sender) : buf_slice(&s->sender), .sealer = buf_slice(&s->sealer),
	};

	if (tls != NULL)
		snprintf(cipher, sizeof cipher, "%.*s %.*s", SLICE_ARG(tls_version(tls)), SLICE_ARG(tls_cipher(tls)));
	e.tls = slice_str(cipher);
	s->sending = true;
	edge_client_hold(c);
	if (c->identity.known)
		edge_letter_signed_in(s->letter, buf_slice(&c->identity.login), buf_slice(&c->identity.actor));
	edge_letter_send(s->letter, &e, on_letter_done, c);
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
	/* Every answer from outside is followed by pump() at its end. */
}

static const struct smtp_server_events engine_events = {
	.starttls = on_starttls,
	.sasl_start = on_sasl_start,
	.sasl_step = on_sasl_step,
	.sasl_cancel = on_sasl_cancel,
	.client = on_client, .not_believed = on_not_believed,
	.mail = on_mail,
	.rcpt = on_rcpt,
	.data_begin = on_data_begin,
	.data = on_data,
	.data_end = on_data_end,
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
	pump(c);
}

static void smtp_secured(struct edge_client *c)
{
	struct edge_smtp *s = smtp_of(c);

	s->handshake = false;
	smtp_server_mechanisms(s->engine, mechanisms(c));
	smtp_server_secured(s->engine);
	pump(c);
}

static void smtp_sasl_result(struct edge_client *c, enum auth_status status, struct slice data)
{
	static const enum smtp_sasl_result results[] = {
		[AUTH_OK] = SMTP_SASL_OK,        [AUTH_CONTINUE] = SMTP_SASL_CHALLENGE,  [AUTH_BAD_CREDENTIALS] = SMTP_SASL_FAIL,
		[AUTH_DENIED] = SMTP_SASL_FAIL,  [AUTH_TEMPORARY] = SMTP_SASL_TEMPORARY, [AUTH_EXPIRED] = SMTP_SASL_FAIL,
		[AUTH_INVALID] = SMTP_SASL_FAIL, [AUTH_THROTTLED] = SMTP_SASL_TEMPORARY, [AUTH_REFUSED] = SMTP_SASL_FAIL,
	};

	smtp_server_sasl_reply(smtp_of(c)->engine, results[status], data);
	pump(c);
}

static void smtp_timeout(struct edge_client *c)
{
	smtp_server_abort(smtp_of(c)->engine, NULL);
	pump(c);
}

static void smtp_stop(struct edge_client *c)
{
	smtp_server_close(smtp_of(c)->engine, NULL);
	pump(c);
}

/* At once, within a transaction too. Only a letter whose end has come already is still answered: it may be taken by now. */
static void smtp_revoke(struct edge_client *c)
{
	static const struct smtp_reply gone = SMTP_REPLY_INIT(421, "4.7.0", "Signed out by the administrator or from another device");

	if (smtp_of(c)->sending)
		smtp_server_close(smtp_of(c)->engine, &gone);
	else
		smtp_server_abort(smtp_of(c)->engine, &gone);
	pump(c);
}

static void smtp_free(struct edge_client *c)
{
	struct edge_smtp *s = smtp_of(c);

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
	.readable = pump,
	.drained = pump,
	.secured = smtp_secured,
	.sasl_result = smtp_sasl_result,
	.timeout = smtp_timeout,
	.stop = smtp_stop,
	.free = smtp_free,
	.revoke = smtp_revoke,
};
