/* Senders and recipients: auth decides about them, queue knows whether there is room. */
#include "role/edge_smtp.h"

#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "queue/queue.h"
#include "role/edge_limits.h"
#include "store/fact.h"

#define ROOM_FRESH_MS 1000

static const struct smtp_reply later = SMTP_REPLY_INIT(451, "4.3.0", "Not possible now, try again later");

/* One question of the engine that another role answers. */
struct question {
	struct edge_client *client;
	struct edge_letter *letter; /* the transaction it belongs to; only compared */
	uint32_t token;
	uint64_t announced;
	unsigned targets;
	struct buf facts;
};

static struct question *question_create(struct edge_client *c, uint32_t token)
{
	const struct edge_smtp *s = edge_smtp_of(c);
	struct question *q = memory_alloc(sizeof *q);

	*q = (struct question){.client = c, .letter = s->letter, .token = token, .announced = s->announced, .facts = BUF_INIT(LETTER_FACTS_MAX)};
	edge_client_hold(c);
	return q;
}

static void question_free(struct question *q)
{
	struct edge_client *c = q->client;

	buf_free(&q->facts);
	memory_free(q);
	edge_smtp_pump(c);
	edge_client_drop(c);
}

static void on_sender(void *arg, enum ipc_outcome outcome, const void *message)
{
	static const struct smtp_reply stopped = SMTP_REPLY_INIT(550, "5.7.1",
		"Sending from your account is suspended; you can still read mail. Ask your security officer");
	static const struct smtp_reply denied = SMTP_REPLY_INIT(553, "5.7.1", "You may not send with this address");
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
			          LOG_TEXT("user", buf_slice(&c->identity.login)), LOG_TEXT("from", buf_slice(&edge_smtp_of(c)->reverse_path)),
			          LOG_STR("why", suspended ? "sending is suspended" : "not an own address"));
		too_much = edge_limits_reply(throttled ? (enum limit)reply->limit : LIMIT_MESSAGES_USER);
		smtp_server_mail_reply(edge_smtp_of(c)->engine, allowed ? NULL : throttled ? &too_much : temporary ? &later : suspended ? &stopped : &denied);
	}
	question_free(q);
}

static void rcpt_answer(struct question *q, const struct smtp_reply *reply)
{
	struct edge_smtp *s = edge_smtp_of(q->client);

	if (!q->client->ended)
		smtp_server_rcpt_reply(s->engine, q->token, reply);
	if (reply != NULL && reply->code >= 500)
		edge_smtp_note_refusal(q->client);
	question_free(q);
}

static void rcpt_take(struct question *q)
{
	static const struct smtp_reply too_many = SMTP_REPLY_INIT(452, "4.5.3", "Too many recipients, send the rest in another message");
	struct edge_smtp *s = edge_smtp_of(q->client);
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
	struct ipc_queue_room request = {.size = q->announced};

	while (facts.n > 0 && fact_peek_recipient(&facts, &first, &whole) == 0) {
		q->targets++;
		if (q->targets == 1 && first.kind == FACT_LOCAL && first.quota > 0) {
			memcpy(request.account.b, first.account, sizeof request.account.b);
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
	struct edge_smtp *s = edge_smtp_of(q->client);

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

/* ---- events of the engine ---- */

void edge_smtp_mail(void *owner, const struct smtp_mail *mail)
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
	s->announced = mail->size;
	s->body = mail->body;
	s->smtputf8 = mail->smtputf8;
	s->requiretls = mail->requiretls;
	s->letter = edge_letter_create(c->edge);
	if (edge_smtp_too_busy(c))
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

void edge_smtp_rcpt(void *owner, uint32_t token, const struct smtp_rcpt *rcpt)
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

	if (edge_smtp_too_busy(c))
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
