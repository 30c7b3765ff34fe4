/* What JMAP asks of the role about letters that people write and send: bytes into memory files, into mailboxes, on their way. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "jmap/method.h"
#include "mime/limits.h"
#include "queue/queue.h"
#include "queue/submission.h"
#include "role/mail_http.h"
#include "role/mail_scheduled.h"
#include "role/mail_submit.h"
#include "sys/file.h"

_Static_assert(JMAP_SEND_DATA_MAX == JOB_DATA_MAX, "what the engine keeps with a submission goes into the job");

#define HEAD_MAX 65536u /* gathered, then written */

static uint64_t writing; /* bytes of all letters of the process (limits.memory) */

struct jmap_letter {
	struct buf head;
	int fd;
	uint64_t size;
};

static struct role_context *context(const struct mail_http *p)
{
	return p->account->role->ctx;
}

/* ---- its bytes ---- */

static struct jmap_letter *letter_new(void *arg)
{
	struct jmap_letter *l = memory_alloc(sizeof *l);

	buf_init(&l->head, HEAD_MAX);
	l->fd = memfd_new("letter", NULL);
	if (l->fd < 0)
		MEMORY_FREE(&l);
	return l;
}

static void letter_free(void *arg, struct jmap_letter **letter)
{
	struct jmap_letter *l = *letter;

	*letter = NULL;
	if (l == NULL)
		return;
	writing -= l->size;
	file_close(&l->fd);
	buf_free_secret(&l->head);
	memory_free(l);
}

static int flush(struct jmap_letter *l)
{
	int rc = buf_len(&l->head) > 0 ? file_write_all(l->fd, buf_slice(&l->head), NULL) : 0;

	buf_clear(&l->head);
	return rc < 0 ? ERR_IO : 0;
}

static int letter_add(void *arg, struct jmap_letter *l, struct slice bytes)
{
	const struct config *config = context(arg)->config;

	if (l->size + bytes.n > config->message_size)
		return ERR_LIMIT;
	if (writing + bytes.n > config->limits_memory)
		return ERR_TEMPORARY;
	writing += bytes.n;
	l->size += bytes.n;
	while (bytes.n > 0) {
		struct slice piece = slice_sub(bytes, 0, HEAD_MAX - buf_len(&l->head));

		buf_append(&l->head, piece);
		bytes = slice_from(bytes, piece.n);
		if (buf_len(&l->head) == HEAD_MAX && flush(l) < 0)
			return ERR_IO;
	}
	return 0;
}

static int letter_read(void *arg, struct jmap_letter *l, uint64_t offset, uint64_t n, struct buf *out)
{
	while (n > 0) {
		size_t step = n < HEAD_MAX ? (size_t)n : HEAD_MAX;
		uint8_t *to = buf_reserve(out, step);
		ssize_t got = to != NULL ? pread(l->fd, to, step, (off_t)offset) : -1;

		if (got <= 0)
			return ERR_IO;
		buf_commit(out, (size_t)got);
		offset += (uint64_t)got;
		n -= (uint64_t)got;
	}
	return 0;
}

/* ---- what is in it ---- */

struct parsing {
	struct mail_http *person;
	struct jmap_call *call;
	struct arena *arena;
	struct jmap_parsing *ret;
};

static void parsed(struct parsing *w)
{
	struct mail_http *p = w->person;
	struct jmap_call *call = w->call;

	memory_free(w);
	jmap_call_resume(call);
	mail_http_let(p);
}

static void on_parsed(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct parsing *w = arg;
	const struct ipc_filter_parse_reply *reply = message;
	struct file_map map = FILE_MAP_NONE;
	int digest = outcome == IPC_OK ? reply->digest : -1;

	w->ret->code = outcome == IPC_OK && reply->status == 0 ? 0 : ERR_TEMPORARY;
	if (w->ret->code == 0 && digest >= 0 && memfd_map(digest, MIME_DIGEST_MAX, &map, NULL) < 0)
		w->ret->code = ERR_TEMPORARY;
	if (w->ret->code == 0)
		w->ret->digest = arena_dup(w->arena, digest >= 0 ? map.content : reply->small);
	file_unmap(&map);
	file_close(&digest);
	parsed(w);
}

static void on_unparsed(void *arg)
{
	struct parsing *w = arg;

	w->ret->code = ERR_TEMPORARY;
	parsed(w);
}

static void letter_parse(void *arg, struct jmap_letter *letter, struct jmap_call *call, struct arena *arena, struct jmap_parsing *ret)
{
	struct mail_http *p = arg;
	struct parsing *w = memory_alloc(sizeof *w);
	struct ipc_filter_parse request = {.cid = slice_str(p->cid), .letter = letter->fd};

	*w = (struct parsing){.person = p, .call = call, .arena = arena, .ret = ret};
	mail_http_keep(p);
	if (flush(letter) < 0 || memfd_seal(letter->fd, NULL) < 0)
		loop_defer(context(p)->loop, on_unparsed, w);
	else
		ipc_request(context(p)->ipc, IPC_FILTER_PARSE, IPC_ANY, &request, on_parsed, w);
}

/* ---- into a mailbox ---- */

struct storing {
	struct mail_http *person;
	struct jmap_call *call;
	struct jmap_letter *letter;
	struct jmap_appended *ret;
};

static void stored(struct storing *s, int code, uint32_t uid)
{
	struct mail_http *p = s->person;
	struct jmap_call *call = s->call;

	*s->ret = (struct jmap_appended){.code = code, .uid = uid};
	letter_free(p, &s->letter);
	memory_free(s);
	jmap_call_resume(call);
	mail_http_let(p);
}

static void on_appended(void *arg, enum error_code code, uint32_t uid_validity, uint32_t uid)
{
	stored(arg, code, uid);
}

static void on_failed(void *arg)
{
	stored(arg, ERR_TEMPORARY, 0);
}

static void letter_append(void *arg, struct jmap_letter **letter, struct jmap_call *call, const struct append_input *input, struct jmap_appended *ret)
{
	struct mail_http *p = arg;
	struct storing *s = memory_alloc(sizeof *s);
	struct append_input in = *input;

	*s = (struct storing){.person = p, .call = call, .letter = *letter, .ret = ret};
	*letter = NULL;
	mail_http_keep(p);
	in.fd = s->letter->fd;
	in.size = s->letter->size;
	if (flush(s->letter) < 0 || memfd_seal(s->letter->fd, NULL) < 0)
		loop_defer(context(p)->loop, on_failed, s);
	else
		p->seen->ops->append(p->seen, &in, 1, on_appended, s);
}

/* ---- letters that went, or wait ---- */

struct asking {
	struct mail_http *person;
	struct jmap_call *call;
	enum jmap_sent_ask what;
	struct jmap_sent_answer *ret;
	uint8_t id[16];
};

static void take_recipients(struct arena *arena, struct slice *list, struct jmap_sent *s)
{
	static const int fates[] = {[SUBMISSION_QUEUED] = JMAP_SENT_QUEUED, [SUBMISSION_DELIVERED] = JMAP_SENT_DELIVERED,
		[SUBMISSION_FAILED] = JMAP_SENT_FAILED, [SUBMISSION_LOST] = JMAP_SENT_UNKNOWN};
	static const int recalls[] = {[RECALL_NONE] = JMAP_RECALL_NONE, [RECALL_PENDING] = JMAP_RECALL_PENDING, [RECALL_DONE] = JMAP_RECALL_DONE,
		[RECALL_READ] = JMAP_RECALL_READ, [RECALL_DELETED] = JMAP_RECALL_DELETED, [RECALL_FAILED] = JMAP_RECALL_FAILED,
		[RECALL_OUTSIDE] = JMAP_RECALL_OUTSIDE};
	struct submission_recipient r;
	uint16_t count = 0;

	if (!slice_get_u16(list, &count))
		return;
	s->recipients = arena_alloc_array(arena, count + 1u, sizeof *s->recipients);
	while (s->recipient_count < count && submission_recipient_decode(list, &r) == 0) {
		struct jmap_sent_recipient *to = &s->recipients[s->recipient_count++];

		*to = (struct jmap_sent_recipient){.address = arena_dup(arena, r.address), .text = arena_dup(arena, r.text),
			.enhanced = arena_dup(arena, r.enhanced), .code = r.code, .local = r.local};
		to->recall = recalls[r.recall];
		to->fate = fates[r.fate];
	}
}

static void take_rows(struct asking *a, struct slice list)
{
	static const int states[] = {[SUBMISSION_PENDING] = JMAP_SENT_PENDING, [SUBMISSION_FINAL] = JMAP_SENT_FINAL, [SUBMISSION_CANCELED] = JMAP_SENT_CANCELED};
	struct arena *arena = &a->call->arena;
	struct submission_row row;

	a->ret->list = arena_alloc_array(arena, SUBMISSION_LIST_MAX + 1, sizeof *a->ret->list);
	while (list.n > 0 && a->ret->count < SUBMISSION_LIST_MAX && submission_row_decode(&list, &row) == 0) {
		struct jmap_sent *s = &a->ret->list[a->ret->count++];

		*s = (struct jmap_sent){.gone = row.gone, .due = row.due_ms / 1000, .created = row.created_ms / 1000, .change = row.change, .born = row.born,
			.data = arena_dup(arena, row.data), .mail_from = arena_dup(arena, row.path),
			.recall = {row.recall.asked_ms / 1000, row.recall.outside, row.recall.copies, row.recall.kept}};
		s->state = states[row.state];
		memcpy(s->id, row.id, sizeof s->id);
		if (a->what == JMAP_SENT_GET)
			take_recipients(arena, &list, s);
	}
}

static int code_of(enum ipc_outcome outcome, const struct ipc_queue_submission_reply *reply)
{
	if (outcome != IPC_OK || reply->result != QUEUE_OK)
		return ERR_TEMPORARY;
	return reply->outcome == SUBMISSION_UNKNOWN ? ERR_NOT_FOUND : reply->outcome == SUBMISSION_TOO_LATE ? ERR_CONFLICT : 0;
}

static void ask_queue(struct mail_http *p, enum submission_op op, const uint8_t id[16], uint64_t after, ipc_reply_fn *fn, void *arg)
{
	struct ipc_queue_submission request = {.op = (uint8_t)op, .after = after};

	memcpy(request.account.b, p->account->id, sizeof request.account.b);
	if (id != NULL)
		memcpy(request.submission.b, id, sizeof request.submission.b);
	ipc_request(context(p)->ipc, IPC_QUEUE_SUBMISSION, IPC_ANY, &request, fn, arg);
}

static void answered(struct asking *a)
{
	struct mail_http *p = a->person;
	struct jmap_call *call = a->call;

	memory_free(a);
	jmap_call_resume(call);
	mail_http_let(p);
}

/* The state behind what was done. */
static void on_state(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct asking *a = arg;
	const struct ipc_queue_submission_reply *reply = message;

	if (code_of(outcome, reply) == 0 && reply->state > a->person->account->sent_state)
		a->person->account->sent_state = reply->state;
	answered(a);
}

static void tell_asked(const struct asking *a)
{
	char id[33];

	for (size_t i = 0; i < sizeof a->id; i++)
		snprintf(id + 2 * i, 3, "%02x", a->id[i]);
	log_event(EV_MAIL_RECALL_ASKED, LOG_STR("cid", a->person->cid), LOG_TEXT("user", a->person->account->login),
	          LOG_STR("actor", a->person->use.actor), LOG_STR("id", id));
}

static void on_sent(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct asking *a = arg;
	const struct ipc_queue_submission_reply *reply = message;

	a->ret->code = code_of(outcome, reply);
	if (a->what >= JMAP_SENT_RECALL && a->ret->code == 0)
		tell_asked(a);
	if (a->ret->code == 0) {
		take_rows(a, reply->list);
		a->ret->more = reply->more;
		a->ret->state = reply->state;
		a->ret->floor = reply->floor;
		if (a->what == JMAP_SENT_LIST)
			a->person->account->sent_state = reply->state;
	}
	if (a->what >= JMAP_SENT_CANCEL)
		ask_queue(a->person, SUBMISSION_OP_LIST, NULL, INT64_MAX, on_state, a);
	else
		answered(a);
}

static void sent(void *arg, struct jmap_call *call, enum jmap_sent_ask what, const uint8_t id[16], uint64_t after, struct jmap_sent_answer *ret)
{
	static const enum submission_op ops[] = {[JMAP_SENT_LIST] = SUBMISSION_OP_LIST, [JMAP_SENT_GET] = SUBMISSION_OP_GET,
		[JMAP_SENT_CANCEL] = SUBMISSION_OP_CANCEL, [JMAP_SENT_FORGET] = SUBMISSION_OP_FORGET,
		[JMAP_SENT_RECALL] = SUBMISSION_OP_RECALL, [JMAP_SENT_RECALL_ANY] = SUBMISSION_OP_RECALL_ANY};
	struct mail_http *p = arg;
	struct asking *a = memory_alloc(sizeof *a);

	*ret = (struct jmap_sent_answer){.code = 0};
	*a = (struct asking){.person = p, .call = call, .what = what, .ret = ret};
	if (id != NULL)
		memcpy(a->id, id, sizeof a->id);
	mail_http_keep(p);
	ask_queue(p, ops[what], id, after, on_sent, a);
}

static int64_t recall_within(void *arg)
{
	return context(arg)->config->recall_within / 1000;
}

static int64_t confidential_longest(void *arg)
{
	const struct config *config = context(arg)->config;

	return config->confidential_allow ? config->confidential_longest / 1000 : -1;
}

static uint64_t sent_state(void *arg)
{
	return ((const struct mail_http *)arg)->account->sent_state;
}

/* ---- what became of them meanwhile ---- */

static void on_refreshed(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct mail_account *a = arg;
	const struct ipc_queue_submission_reply *reply = message;

	if (code_of(outcome, reply) == 0) {
		a->sent_state = reply->state;
		if (a->store != NULL) /* also when the state was known: who listens was not told by what asked for it */
			store_account_changed(a->store);
		mail_scheduled_look(a);
	}
	mail_account_drop(a);
}

void mail_letter_refresh(struct mail_account *a)
{
	struct ipc_queue_submission request = {.op = SUBMISSION_OP_LIST, .after = INT64_MAX};

	memcpy(request.account.b, a->id, sizeof request.account.b);
	mail_account_hold(a);
	ipc_request(a->role->ctx->ipc, IPC_QUEUE_SUBMISSION, IPC_ANY, &request, on_refreshed, a);
}

/* ---- sending ---- */

struct sending {
	struct mail_http *person;
	struct jmap_call *call;
	struct jmap_send *what;
	struct asking *then;
};

static enum jmap_send_result result_of(enum mail_submit_result result)
{
	static const enum jmap_send_result results[] = {
		[MAIL_SUBMIT_DONE] = JMAP_SEND_DONE, [MAIL_SUBMIT_FORBIDDEN_FROM] = JMAP_SEND_FORBIDDEN_FROM, [MAIL_SUBMIT_FORBIDDEN] = JMAP_SEND_FORBIDDEN,
		[MAIL_SUBMIT_LIMITED] = JMAP_SEND_LIMITED, [MAIL_SUBMIT_RECIPIENTS] = JMAP_SEND_RECIPIENTS, [MAIL_SUBMIT_TOO_MANY] = JMAP_SEND_TOO_MANY,
		[MAIL_SUBMIT_TOO_LARGE] = JMAP_SEND_TOO_LARGE, [MAIL_SUBMIT_REFUSED] = JMAP_SEND_REFUSED, [MAIL_SUBMIT_TEMPORARY] = JMAP_SEND_TEMPORARY,
	};

	return results[result];
}

static void on_submitted(void *arg, const struct mail_submit_outcome *outcome)
{
	struct sending *s = arg;
	struct jmap_send *what = s->what;
	struct asking *a = memory_alloc(sizeof *a);

	what->result = result_of(outcome->result);
	what->text = arena_printf(&s->call->arena, "%u %.*s", outcome->code, SLICE_ARG(outcome->text));
	for (size_t i = 0; i < outcome->refused_count; i++)
		what->recipients[outcome->refused[i].recipient].refused = true;
	*a = (struct asking){.person = s->person, .call = s->call};
	memory_free(s);
	ask_queue(a->person, SUBMISSION_OP_LIST, NULL, INT64_MAX, on_state, a);
}

static void on_unsent(void *arg)
{
	static const struct mail_submit_outcome later = {.result = MAIL_SUBMIT_TEMPORARY, .code = 451, .text = SLICE_INIT("Not possible now, try again later")};

	on_submitted(arg, &later);
}

static int fill(struct mail_submit *submit, struct jmap_letter *l)
{
	struct buf piece = BUF_INIT(HEAD_MAX);
	uint64_t at = 0;
	int rc = flush(l);

	while (rc == 0 && at < l->size) {
		size_t n = l->size - at < HEAD_MAX ? (size_t)(l->size - at) : HEAD_MAX;
		uint8_t *to = buf_reserve(&piece, n);
		ssize_t got = to != NULL ? pread(l->fd, to, n, (off_t)at) : -1;

		if (got <= 0) {
			rc = ERR_IO;
			break;
		}
		rc = mail_submit_add(submit, slice_make(to, (size_t)got));
		at += (uint64_t)got;
	}
	buf_free_secret(&piece);
	return rc;
}

static struct mail_submit *submit_create(struct mail_http *p, const struct jmap_send *what, struct arena *arena)
{
	struct mail_submit_recipient *to = arena_alloc_array(arena, what->recipient_count + 1, sizeof *to);
	struct mail_submit_input in = {
		.cid = slice_str(p->cid), .client_address = slice_str(p->address), .protocol = SLICE("HTTPS"), .stands = p->stands, .reverse_path = what->mail_from,
		.recipients = to, .recipient_count = what->recipient_count, .ret = what->ret, .envid = what->envid, .smtputf8 = what->smtputf8,
		.body_8bit = what->body_8bit, .requiretls = what->requiretls, .confidential = what->confidential,
		.submission = {.known = !what->unlisted, .due_ms = what->due * 1000, .data = what->data},
	};

	for (size_t i = 0; i < what->recipient_count; i++)
		to[i] = (struct mail_submit_recipient){.address = what->recipients[i].address, .notify = what->recipients[i].notify, .orcpt = what->recipients[i].orcpt};
	memcpy(in.submission.id, what->id, sizeof in.submission.id);
	return mail_submit_create(p->account, &in);
}

static void letter_send(void *arg, struct jmap_letter **letter, struct jmap_call *call, struct jmap_send *what)
{
	struct mail_http *p = arg;
	struct sending *s = memory_alloc(sizeof *s);
	struct mail_submit *submit = submit_create(p, what, &call->arena);

	*s = (struct sending){.person = p, .call = call, .what = what};
	mail_http_keep(p);
	if (fill(submit, *letter) < 0) {
		mail_submit_free(&submit);
		loop_defer(context(p)->loop, on_unsent, s);
	} else {
		mail_submit_send(submit, on_submitted, s);
	}
	letter_free(p, letter);
}

/* ---- who one may send as ---- */

struct introducing {
	struct mail_http *person;
	struct jmap_call *call;
	struct jmap_sender *ret;
};

static void take_addresses(struct arena *arena, struct slice list, struct jmap_sender *ret)
{
	struct slice one, counted = list;
	size_t count = 0;

	while (counted.n > 0 && slice_get_bytes(&counted, &one))
		count++;
	ret->addresses = arena_alloc_array(arena, count + 1, sizeof *ret->addresses);
	while (list.n > 0 && slice_get_bytes(&list, &one))
		ret->addresses[ret->address_count++] = arena_dup(arena, one);
}

static void on_identity(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct introducing *i = arg;
	const struct ipc_auth_identity_reply *reply = message;
	struct arena *arena = &i->call->arena;
	struct mail_http *p = i->person;
	struct jmap_call *call = i->call;

	*i->ret = (struct jmap_sender){.code = 0};
	if (outcome != IPC_OK || reply->status == AUTH_TEMPORARY) {
		i->ret->code = ERR_TEMPORARY;
	} else if (reply->status == AUTH_DENIED) {
		i->ret->code = ERR_DENIED;
	} else {
		i->ret->suspended = reply->status == AUTH_SUSPENDED;
		i->ret->name = arena_dup(arena, reply->name);
		i->ret->actor = arena_dup(arena, reply->actor);
		take_addresses(arena, reply->addresses, i->ret);
	}
	memory_free(i);
	jmap_call_resume(call);
	mail_http_let(p);
}

static void sender(void *arg, struct jmap_call *call, struct jmap_sender *ret)
{
	struct mail_http *p = arg;
	struct introducing *i = memory_alloc(sizeof *i);
	struct ipc_auth_identity request = {.cid = slice_str(p->cid), .credential = p->stands.credential, .proof = p->stands.proof};

	*i = (struct introducing){.person = p, .call = call, .ret = ret};
	mail_http_keep(p);
	memcpy(request.account.b, p->account->id, sizeof request.account.b);
	memcpy(request.delegate.b, p->stands.delegate, sizeof request.delegate.b);
	ipc_request(context(p)->ipc, IPC_AUTH_IDENTITY, IPC_ANY, &request, on_identity, i);
}

static size_t recipients_max(void *arg)
{
	return (size_t)context(arg)->config->limits_recipients;
}

void mail_letter_host(struct jmap_host *host)
{
	host->letter_new = letter_new;
	host->letter_add = letter_add;
	host->letter_free = letter_free;
	host->letter_append = letter_append;
	host->letter_parse = letter_parse;
	host->letter_read = letter_read;
	host->letter_send = letter_send;
	host->sender = sender;
	host->sent = sent;
	host->sent_state = sent_state;
	host->recipients_max = recipients_max;
	host->recall_within = recall_within;
	host->confidential_longest = confidential_longest;
}
