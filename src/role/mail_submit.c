#include "role/mail_submit.h"

#include <string.h>

#include "base/memory.h"
#include "filter/confidential.h"
#include "queue/queue.h"
#include "queue/submission.h"
#include "role/audit_out.h"
#include "role/edge_letter.h"
#include "role/edge_limits.h"
#include "store/fact.h"

#define ASKING_MAX 16       /* recipients that auth is asked about at a time */
#define FACT_MAX 65536      /* bytes of a sender fact */

enum standing { ASKED, TAKEN, REFUSED };

struct recipient {
	struct mail_submit *submit;
	struct mail_submit_recipient r;
	enum standing stands;
	struct buf facts;
	unsigned targets;
	uint16_t code;
	struct slice text;
};

struct mail_submit {
	struct mail_account *account;
	struct arena arena;
	struct mail_submit_input in;
	struct recipient *recipients;
	size_t next, asking, refused; /* next: the first that was not asked about */
	struct edge_letter *letter;
	struct buf sender, actor, followed;
	bool failed, too_many;
	mail_submit_fn *fn;
	void *arg;
};

static struct role_context *context(const struct mail_submit *s)
{
	return s->account->role->ctx;
}

static void submit_destroy(struct mail_submit *s)
{
	struct mail_account *a = s->account;

	for (size_t i = 0; i < s->in.recipient_count; i++)
		buf_free(&s->recipients[i].facts);
	edge_letter_free(&s->letter);
	buf_free(&s->sender);
	buf_free(&s->actor);
	buf_free(&s->followed);
	arena_free(&s->arena);
	memory_free(s);
	mail_account_drop(a);
}

void mail_submit_free(struct mail_submit **s)
{
	if (*s != NULL)
		submit_destroy(*s);
	*s = NULL;
}

static void finish(struct mail_submit *s, const struct mail_submit_outcome *outcome)
{
	s->fn(s->arg, outcome);
	submit_destroy(s);
}

static void finish_with(struct mail_submit *s, enum mail_submit_result result, uint16_t code, const char *text)
{
	struct mail_submit_outcome outcome = {.result = result, .code = code, .text = slice_str(text)};

	finish(s, &outcome);
}

static void finish_later(struct mail_submit *s)
{
	finish_with(s, MAIL_SUBMIT_TEMPORARY, 451, "Not possible now, try again later");
}

/* ---- the letter ---- */

static void tell_sent(struct mail_submit *s)
{
	struct ipc_auth_sent hint = {.size = edge_letter_size(s->letter)};

	memcpy(hint.account.b, s->account->id, sizeof hint.account.b);
	ipc_request(context(s)->ipc, IPC_AUTH_SENT, IPC_ANY, &hint, NULL, NULL);
}

static void on_letter(void *arg, const struct smtp_reply *reply)
{
	struct mail_submit *s = arg;
	struct mail_submit_outcome outcome = {.code = reply->code, .text = reply->text};

	if (smtp_reply_positive(reply)) {
		tell_sent(s);
		outcome.result = MAIL_SUBMIT_DONE;
	} else {
		outcome.result = reply->code == 552 ? MAIL_SUBMIT_TOO_LARGE : reply->code >= 500 ? MAIL_SUBMIT_REFUSED : MAIL_SUBMIT_TEMPORARY;
	}
	finish(s, &outcome);
}

static void send_letter(struct mail_submit *s)
{
	struct role_context *ctx = context(s);
	struct envelope e = {
		.source = ENVELOPE_SUBMISSION, .received_ms = loop_now(ctx->loop).wall_ms, .due_ms = s->in.submission.due_ms, .cid = s->in.cid, .client_address = s->in.client_address,
		.protocol = s->in.protocol, .tls = s->in.tls, .hostname = ctx->config->hostname, .reverse_path = s->in.reverse_path, .ret = s->in.ret,
		.envid = s->in.envid, .smtputf8 = s->in.smtputf8, .requiretls = s->in.requiretls, .body_8bit = s->in.body_8bit, .sender = buf_slice(&s->sender),
	};

	for (size_t i = 0; i < s->in.recipient_count && !s->too_many; i++)
		s->too_many = edge_letter_add_facts(s->letter, buf_slice(&s->recipients[i].facts), s->recipients[i].targets) < 0;
	if (s->too_many) {
		finish_with(s, MAIL_SUBMIT_TOO_MANY, 452, "Too many recipients, send the rest in another message");
		return;
	}
	if (s->in.submission.known)
		submission_request_encode(s->account->id, &s->in.submission, &s->followed);
	edge_letter_followed(s->letter, buf_slice(&s->followed));
	edge_letter_signed_in(s->letter, s->account->login, buf_slice(&s->actor));
	edge_letter_send(s->letter, &e, on_letter, s);
}

/* ---- recipients ---- */

static void finish_refused(struct mail_submit *s)
{
	struct mail_submit_refusal *list = arena_alloc_array(&s->arena, s->refused + 1, sizeof *list);
	struct mail_submit_outcome outcome = {.result = MAIL_SUBMIT_RECIPIENTS, .refused = list};

	for (size_t i = 0; i < s->in.recipient_count; i++) {
		const struct recipient *r = &s->recipients[i];

		if (r->stands != REFUSED)
			continue;
		if (outcome.code == 0) {
			outcome.code = r->code;
			outcome.text = r->text;
		}
		list[outcome.refused_count++] = (struct mail_submit_refusal){.recipient = i, .code = r->code, .text = r->text};
	}
	finish(s, &outcome);
}

static void ask_more(struct mail_submit *s);

static void refuse(struct recipient *r, uint16_t code, struct slice text)
{
	r->stands = REFUSED;
	r->code = code;
	r->text = arena_dup(&r->submit->arena, text);
	r->submit->refused++;
}

static void recipient_done(struct recipient *r)
{
	r->submit->asking--;
	ask_more(r->submit);
}

static void on_room(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct recipient *r = arg;
	const struct ipc_queue_room_reply *reply = message;

	if (outcome != IPC_OK)
		r->submit->failed = true;
	else if (reply->result == QUEUE_QUOTA)
		refuse(r, 452, SLICE("The mailbox is full"));
	else if (reply->result != QUEUE_OK)
		r->submit->failed = true;
	recipient_done(r);
}

/* Disk space and, for a single mailbox with a quota, its room: as at RCPT. */
static void ask_room(struct recipient *r)
{
	struct slice facts = buf_slice(&r->facts), whole;
	struct recipient_fact first;
	struct ipc_queue_room request = {.size = edge_letter_size(r->submit->letter)};

	while (facts.n > 0 && fact_peek_recipient(&facts, &first, &whole) == 0) {
		if (++r->targets == 1 && first.kind == FACT_LOCAL && first.quota > 0) {
			memcpy(request.account.b, first.account, sizeof request.account.b);
			request.limit = first.quota;
		}
	}
	if (r->targets > 1)
		request.limit = 0;
	ipc_request(context(r->submit)->ipc, IPC_QUEUE_ROOM, IPC_ANY, &request, on_room, r);
}

static bool leads_outside(const struct recipient *r)
{
	struct slice facts = buf_slice(&r->facts), whole;
	struct recipient_fact fact;

	while (facts.n > 0 && fact_peek_recipient(&facts, &fact, &whole) == 0)
		if (filter_fact_is_outside(&fact))
			return true;
	return false;
}

static void on_recipient(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct recipient *r = arg;
	const struct ipc_auth_recipient_reply *reply = message;

	if (outcome == IPC_OK && reply->status == AUTH_OK) {
		r->stands = TAKEN;
		buf_append(&r->facts, reply->facts);
		if (!r->submit->in.confidential || !leads_outside(r)) {
			ask_room(r);
			return;
		}
		refuse(r, 550, SLICE("Confidential letters do not leave the system"));
	} else if (outcome != IPC_OK || reply->status == AUTH_TEMPORARY)
		r->submit->failed = true;
	else
		refuse(r, reply->code, reply->text);
	recipient_done(r);
}

static void ask_recipient(struct mail_submit *s, struct recipient *r)
{
	struct buf dsn = BUF_INIT(4096);
	struct ipc_auth_recipient request = {
		.cid = s->in.cid, .address = s->in.client_address, .reverse_path = s->in.reverse_path, .recipient = r->r.address,
		.credential = s->in.stands.credential, .proof = s->in.stands.proof,
	};

	memcpy(request.account.b, s->account->id, sizeof request.account.b);
	memcpy(request.delegate.b, s->in.stands.delegate, sizeof request.delegate.b);
	auth_dsn_encode(r->r.notify, r->r.orcpt, &dsn);
	request.dsn = buf_slice(&dsn);
	s->asking++;
	ipc_request(context(s)->ipc, IPC_AUTH_RECIPIENT, IPC_ANY, &request, on_recipient, r);
	buf_free(&dsn);
}

static void ask_more(struct mail_submit *s)
{
	while (s->next < s->in.recipient_count && s->asking < ASKING_MAX && !s->failed) {
		s->next++;
		ask_recipient(s, &s->recipients[s->next - 1]);
	}
	if (s->asking > 0)
		return;
	if (s->failed)
		finish_later(s);
	else if (s->refused > 0)
		finish_refused(s);
	else
		send_letter(s);
}

/* ---- the sender ---- */

static void on_sender(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct mail_submit *s = arg;
	const struct ipc_auth_sender_reply *reply = message;
	enum auth_status status = outcome == IPC_OK ? (enum auth_status)reply->status : AUTH_TEMPORARY;

	if (status == AUTH_OK) {
		ask_more(s);
	} else if (status == AUTH_SUSPENDED) {
		finish_with(s, MAIL_SUBMIT_FORBIDDEN, 550, "Sending from your account is suspended; you can still read mail. Ask your security officer");
	} else if (status == AUTH_THROTTLED) {
		struct smtp_reply over = edge_limits_reply(reply->limit < LIMIT_COUNT ? (enum limit)reply->limit : LIMIT_MESSAGES_USER);
		struct mail_submit_outcome limited = {.result = MAIL_SUBMIT_LIMITED, .code = over.code, .text = over.text};

		finish(s, &limited);
	} else if (status == AUTH_DENIED) {
		finish_with(s, MAIL_SUBMIT_FORBIDDEN_FROM, 553, "You may not send with this address");
	} else {
		finish_later(s);
	}
}

static void ask_sender(struct mail_submit *s)
{
	struct ipc_auth_sender request = {.cid = s->in.cid, .reverse_path = s->in.reverse_path, .credential = s->in.stands.credential,
		.proof = s->in.stands.proof};

	memcpy(request.account.b, s->account->id, sizeof request.account.b);
	memcpy(request.delegate.b, s->in.stands.delegate, sizeof request.delegate.b);
	ipc_request(context(s)->ipc, IPC_AUTH_SENDER, IPC_ANY, &request, on_sender, s);
}

static void on_identity(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct mail_submit *s = arg;
	const struct ipc_auth_identity_reply *reply = message;

	if (outcome != IPC_OK || reply->status == AUTH_TEMPORARY) {
		finish_later(s);
	} else if (reply->status == AUTH_DENIED) {
		finish_with(s, MAIL_SUBMIT_FORBIDDEN, 550, "You may not send from this mailbox");
	} else {
		buf_append(&s->sender, reply->sender);
		buf_append(&s->actor, reply->actor);
		ask_sender(s);
	}
}

static void begin(void *arg)
{
	struct mail_submit *s = arg;
	struct role_context *ctx = context(s);
	struct ipc_auth_identity request = {.cid = s->in.cid, .credential = s->in.stands.credential, .proof = s->in.stands.proof};

	if (!audit_out_allows_mail(ctx->audit, ctx->config->audit_mail_without)) {
		finish_later(s);
		return;
	}
	memcpy(request.account.b, s->account->id, sizeof request.account.b);
	memcpy(request.delegate.b, s->in.stands.delegate, sizeof request.delegate.b);
	ipc_request(ctx->ipc, IPC_AUTH_IDENTITY, IPC_ANY, &request, on_identity, s);
}

void mail_submit_send(struct mail_submit *s, mail_submit_fn *fn, void *arg)
{
	s->fn = fn;
	s->arg = arg;
	loop_defer(context(s)->loop, begin, s);
}

/* ---- making one ---- */

static void keep_input(struct mail_submit *s, const struct mail_submit_input *input)
{
	struct slice *texts[] = {&s->in.cid, &s->in.client_address, &s->in.protocol, &s->in.tls, &s->in.reverse_path, &s->in.ret, &s->in.envid,
		&s->in.submission.data};

	s->in = *input;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		*texts[i] = arena_dup(&s->arena, *texts[i]);
	s->recipients = arena_alloc_array(&s->arena, input->recipient_count + 1, sizeof *s->recipients);
	for (size_t i = 0; i < input->recipient_count; i++) {
		const struct mail_submit_recipient *from = &input->recipients[i];
		struct recipient *to = &s->recipients[i];

		to->submit = s;
		to->r = (struct mail_submit_recipient){.address = arena_dup(&s->arena, from->address), .notify = arena_dup(&s->arena, from->notify),
			.orcpt = arena_dup(&s->arena, from->orcpt)};
		buf_init(&to->facts, LETTER_FACTS_MAX);
	}
	s->in.recipients = NULL;
}

struct mail_submit *mail_submit_create(struct mail_account *a, const struct mail_submit_input *input)
{
	struct mail_submit *s = memory_alloc(sizeof *s);

	s->account = a;
	buf_init(&s->sender, FACT_MAX);
	buf_init(&s->actor, AUTH_LOGIN_MAX);
	buf_init(&s->followed, SUBMISSION_REQUEST_MAX);
	keep_input(s, input);
	s->letter = edge_letter_create(a->role->letters);
	mail_account_hold(a);
	return s;
}

int mail_submit_add(struct mail_submit *s, struct slice bytes)
{
	uint64_t max = context(s)->config->message_size;

	return edge_letter_size(s->letter) + bytes.n > max ? ERR_LIMIT : edge_letter_add(s->letter, bytes);
}

void mail_submit_setup(struct mail_role *m)
{
	m->letters = memory_alloc(sizeof *m->letters);
	m->letters->ctx = m->ctx;
	list_init(&m->letters->askers);
}
