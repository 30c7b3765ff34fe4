/* The letter itself: may it come, its bytes, and its way to filter and queue. */
#include "role/edge_smtp.h"

#include <stdio.h>

#include "base/log.h"
#include "role/audit_out.h"
#include "role/edge_limits.h"
#include "sys/fault.h"

/* What an address outside, or a server behind us, may bring. LIMIT_COUNT: this too. Of signed-in users auth keeps count. */
static enum limit over_limits(struct edge_client *c, uint64_t size)
{
	if (buf_len(&edge_smtp_of(c)->sender) > 0 && !c->identity.known)
		return edge_limits_take(c, LIMIT_OUTGOING_ADDRESS, 1) ? LIMIT_COUNT : LIMIT_OUTGOING_ADDRESS;
	if (c->service->submission)
		return LIMIT_COUNT;
	if (!edge_limits_take(c, LIMIT_MESSAGES_ADDRESS, 1))
		return LIMIT_MESSAGES_ADDRESS;
	return edge_limits_take(c, LIMIT_BYTES_ADDRESS, size) ? LIMIT_COUNT : LIMIT_BYTES_ADDRESS; /* who hides the size brings message_size at most */
}

void edge_smtp_data_begin(void *owner, uint64_t size_hint)
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

void edge_smtp_data(void *owner, struct slice bytes)
{
	static const struct smtp_reply later = SMTP_REPLY_INIT(452, "4.3.1", "Not possible now, try again later");
	struct edge_smtp *s = owner;

	if (s->letter != NULL && edge_letter_add(s->letter, bytes) < 0)
		smtp_server_data_refuse(s->engine, &later);
}

/* A letter was taken: the address is known, and auth keeps count of what its users send. */
static void note_accepted(struct edge_client *c, uint64_t size)
{
	edge_smtp_of(c)->since_ms = loop_now(c->edge->ctx->loop).mono_ms;
	if (c->ended)
		return;
	edge_limits_trust(c);
	if (c->identity.known)
		ipc_request(c->edge->ctx->ipc, IPC_AUTH_SENT, IPC_ANY, &(struct ipc_auth_sent){.account = c->identity.account, .size = size}, NULL, NULL);
}

static void on_letter_done(void *arg, const struct smtp_reply *reply)
{
	struct edge_client *c = arg;
	struct edge_smtp *s = edge_smtp_of(c);

	s->sending = false;
	if (smtp_reply_positive(reply))
		note_accepted(c, edge_letter_size(s->letter));
	edge_letter_free(&s->letter);
	if (!c->ended)
		smtp_server_data_reply(s->engine, reply, 1);
	edge_smtp_pump(c);
	FAULT_POINT(reply_sent);
	edge_client_drop(c);
}

void edge_smtp_data_end(void *owner)
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
