#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "queue/memory.h"
#include "queue/queue.h"
#include "queue/submission.h"
#include "role/edge_facts.h"
#include "role/edge_letter.h"
#include "role/edge_scripts.h"
#include "store/fact.h"
#include "sys/fault.h"
#include "sys/file.h"

/* Messages are gathered here and written once; a small one stays. */
#define HEAD_MAX 65536
/* Of a small message and its envelope: the row of FILTER_SEAL without the other fields. */
#define SMALL_REQUEST_MAX (262144u - 1024)
/* A filter that ends on a message is tried once more; then the message is sealed unparsed. */
#define FILTER_TRIES 2
/* What was new to a script may have come meanwhile by another letter: it is sorted again so often. */
#define CHANGED_TRIES 3
/* While no filter is there, one that starts anew is waited for: that is no fault of the message. */
#define ABSENT_MS 100
#define ABSENT_TRIES 100
#define LOGGED_RECIPIENTS 900 /* bytes of one value of the log */

struct edge_letter {
	struct edge *edge;
	struct buf head;    /* bytes not yet in fd */
	int fd;             /* memfd, -1 while everything is in head */
	uint64_t size;
	struct buf facts;
	uint64_t script_bytes; /* of the profiles of its recipients, about */
	unsigned targets;
	struct buf envelope;
	struct buf submission;   /* its writer follows it; empty: nobody does */
	struct buf owner, actor; /* of who is signed in */
	bool opaque, sending, abandoned;
	unsigned tries, changed, absent;
	struct timer *again;     /* NULL: was not needed */
	struct edge_scripts *scripts;   /* of its recipients; NULL: nobody has one */
	struct buf notes;   /* of filter, for queue: to be remembered when the outcome is known */
	struct edge_facts *facts_asked; /* what filter asked of the world; NULL while it asked nothing */
	char cid[24];
	edge_letter_fn *fn;
	void *arg;
};

struct edge_letter *edge_letter_create(struct edge *edge)
{
	struct edge_letter *l = memory_alloc(sizeof *l);

	l->edge = edge;
	l->fd = -1;
	buf_init(&l->head, HEAD_MAX);
	buf_init(&l->facts, LETTER_FACTS_MAX);
	buf_init(&l->envelope, LETTER_FACTS_MAX + 80000);
	buf_init(&l->notes, MEMORY_NOTES_BYTES);
	buf_init(&l->submission, SUBMISSION_REQUEST_MAX);
	buf_init(&l->owner, AUTH_LOGIN_MAX);
	buf_init(&l->actor, AUTH_LOGIN_MAX);
	return l;
}

static void letter_destroy(struct edge_letter *l)
{
	l->edge->transit -= l->size;
	file_close(&l->fd);
	timer_destroy(&l->again);
	edge_facts_free(&l->facts_asked);
	edge_scripts_free(&l->scripts);
	buf_free(&l->notes);
	buf_free(&l->head);
	buf_free(&l->facts);
	buf_free(&l->envelope);
	buf_free(&l->submission);
	buf_free(&l->owner);
	buf_free(&l->actor);
	memory_free(l);
}

void edge_letter_free(struct edge_letter **letter)
{
	struct edge_letter *l = *letter;

	if (l == NULL)
		return;
	*letter = NULL;
	if (l->sending)
		l->abandoned = true; /* what was accepted stays accepted: the client retries, as after a lost 250 */
	else
		letter_destroy(l);
}

void edge_letter_signed_in(struct edge_letter *l, struct slice owner, struct slice actor)
{
	buf_append(&l->owner, owner);
	buf_append(&l->actor, actor);
}

void edge_letter_followed(struct edge_letter *l, struct slice submission)
{
	buf_append(&l->submission, submission);
}

int edge_letter_add_facts(struct edge_letter *l, struct slice facts, unsigned count)
{
	uint64_t scripts = edge_scripts_size(facts);

	if (facts.n > LETTER_FACTS_MAX - buf_len(&l->facts) || scripts > EDGE_SCRIPTS_BYTES - l->script_bytes)
		return ERR_LIMIT;
	l->script_bytes += scripts;
	buf_append(&l->facts, facts);
	l->targets += count;
	return 0;
}

uint64_t edge_letter_size(const struct edge_letter *l)
{
	return l->size;
}

static int spill(struct edge_letter *l)
{
	struct error err = {0};

	if (l->fd < 0 && (l->fd = memfd_new("letter", &err)) < 0)
		return ERR_IO;
	if (file_write_all(l->fd, buf_slice(&l->head), &err) < 0)
		return ERR_IO;
	buf_clear(&l->head);
	return 0;
}

int edge_letter_add(struct edge_letter *l, struct slice bytes)
{
	if (l->edge->transit + bytes.n > l->edge->ctx->config->limits_memory)
		return ERR_TEMPORARY;
	l->edge->transit += bytes.n;
	l->size += bytes.n;
	while (bytes.n > 0) {
		struct slice piece = slice_sub(bytes, 0, HEAD_MAX - buf_len(&l->head));

		buf_append(&l->head, piece);
		bytes = slice_from(bytes, piece.n);
		if (buf_len(&l->head) == HEAD_MAX && spill(l) < 0)
			return ERR_IO;
	}
	return 0;
}

/* ---- filter, then queue ---- */

/* Not when the client will come again with the same letter only because of us. */
static void remember(struct edge_letter *l)
{
	struct ipc_queue_remember request = {.notes = buf_slice(&l->notes)};

	if (request.notes.n > 0)
		ipc_request(l->edge->ctx->ipc, IPC_QUEUE_REMEMBER, IPC_ANY, &request, NULL, NULL);
}

static void finish(struct edge_letter *l, const struct smtp_reply *reply)
{
	l->sending = false;
	if (l->abandoned)
		letter_destroy(l);
	else
		l->fn(l->arg, reply);
}

static const struct smtp_reply try_later = SMTP_REPLY_INIT(451, "4.3.0", "Not possible now, try again later");

/* Recipients are told in as many events as they need. */
static void log_recipients(const struct edge_letter *l, const struct envelope *e, struct slice queue_id, struct slice to, bool first)
{
	if (first)
		log_event(EV_SMTP_ACCEPTED, LOG_STR("cid", l->cid), LOG_TEXT("mid", queue_id),
		          LOG_STR("service", buf_len(&l->submission) > 0 ? "jmap" : e->source == ENVELOPE_SUBMISSION ? "submission" : "smtp"), LOG_TEXT("ip", e->client_address),
		          LOG_TEXT("from", e->reverse_path), LOG_TEXT("to", to), LOG_NUM("size", l->size), LOG_NUM("targets", l->targets),
		          buf_len(&l->owner) > 0 ? LOG_TEXT("user", buf_slice(&l->owner)) : LOG_END);
	else if (to.n > 0)
		log_event(EV_SMTP_ACCEPTED_MORE, LOG_STR("cid", l->cid), LOG_TEXT("mid", queue_id), LOG_TEXT("to", to));
}

static void log_accepted(const struct edge_letter *l, struct slice queue_id)
{
	struct buf to = BUF_INIT(LOGGED_RECIPIENTS);
	struct envelope e;
	struct recipient_fact fact;
	struct slice whole;
	bool first = true;

	if (envelope_decode(buf_slice(&l->envelope), &e) < 0)
		e = (struct envelope){0};
	while (e.recipients.n > 0 && fact_peek_recipient(&e.recipients, &fact, &whole) == 0) {
		if (buf_len(&to) > 0 && buf_len(&to) + fact.address.n + 1 > LOGGED_RECIPIENTS) {
			log_recipients(l, &e, queue_id, buf_slice(&to), first);
			first = false;
			buf_clear(&to);
		}
		if (buf_len(&to) > 0)
			buf_append_byte(&to, ' ');
		buf_append(&to, slice_sub(fact.address, 0, LOGGED_RECIPIENTS - 1));
	}
	log_recipients(l, &e, queue_id, buf_slice(&to), first);
	if (buf_len(&l->actor) > 0)
		log_event(EV_ACCESS_SENT, LOG_STR("cid", l->cid), LOG_TEXT("actor", buf_slice(&l->actor)), LOG_TEXT("owner", buf_slice(&l->owner)),
		          LOG_TEXT("mid", queue_id));
	buf_free(&to);
}

static void ask_filter(struct edge_letter *l);

/* Sorted anew, with what is known now. */
static bool sort_again(struct edge_letter *l)
{
	if (l->changed++ >= CHANGED_TRIES)
		return false;
	edge_facts_free(&l->facts_asked);
	l->tries = 0;
	ask_filter(l);
	return true;
}

static void on_accepted(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct edge_letter *l = arg;
	const struct ipc_queue_accept_reply *reply = message;
	struct smtp_reply answer = try_later;
	struct buf text = BUF_INIT(200);

	if (outcome == IPC_OK && reply->result == QUEUE_CHANGED && sort_again(l))
		return;

	if (outcome == IPC_OK && reply->result == QUEUE_OK) {
		answer = SMTP_REPLY(250, "2.0.0", "");
		if (reply->queue_id.n > 0)
			buf_printf(&text, "Ok, queued as %.*s", SLICE_ARG(reply->queue_id));
		else
			buf_append_str(&text, "Ok");
		answer.text = buf_slice(&text);
		l->edge->messages++;
		remember(l);
		log_accepted(l, reply->queue_id);
	} else if (outcome == IPC_OK && reply->result == QUEUE_FULL) {
		answer = SMTP_REPLY(452, "4.3.1", "Insufficient system storage, try again later");
	}
	if (answer.code != 250)
		log_event(EV_SMTP_TEMPFAIL, LOG_STR("cid", l->cid), LOG_STR("at", "queue"), LOG_NUM("outcome", outcome),
		          LOG_NUM("result", outcome == IPC_OK ? reply->result : -1));
	finish(l, &answer);
	buf_free(&text);
}

static void ask_queue(struct edge_letter *l, const struct ipc_filter_seal_reply *sealed)
{
	struct ipc_queue_accept request = {.cid = slice_str(l->cid), .record = sealed->record, .small = sealed->small, .more = sealed->more,
		.submission = buf_slice(&l->submission)};
	int record = sealed->record, more = sealed->more;

	ipc_request(l->edge->ctx->ipc, IPC_QUEUE_ACCEPT, IPC_ANY, &request, on_accepted, l);
	file_close(&record);
	file_close(&more);
}

/* The scripts of all recipients want it nowhere: it was taken, and there is nothing to keep. */
static void discarded(struct edge_letter *l)
{
	static const struct smtp_reply ok = SMTP_REPLY_INIT(250, "2.0.0", "Ok");

	l->edge->messages++;
	remember(l);
	log_accepted(l, SLICE_NONE);
	finish(l, &ok);
}

static void refused_by_filter(struct edge_letter *l, const struct ipc_filter_seal_reply *reply)
{
	struct smtp_reply answer = {.code = reply->code, .enhanced = reply->enhanced, .text = reply->text};

	log_event(answer.code >= 500 ? EV_SMTP_REFUSED : EV_SMTP_TEMPFAIL, LOG_STR("cid", l->cid), LOG_STR("at", "filter"),
	          LOG_NUM("code", answer.code), LOG_TEXT("why", answer.text));
	if (answer.code < 400 || answer.code > 599)
		answer = try_later;
	remember(l);
	if (reply->record >= 0)
		close(reply->record);
	if (reply->more >= 0)
		close(reply->more);
	finish(l, &answer);
}

static void on_facts(void *arg)
{
	ask_filter(arg);
}

static void ask_facts(struct edge_letter *l, struct slice questions)
{
	struct envelope e;
	struct edge_content content = {.cid = slice_str(l->cid), .small = buf_slice(&l->head), .message = l->fd,
		.envelope = buf_slice(&l->envelope)};
	if (l->facts_asked == NULL && envelope_decode(buf_slice(&l->envelope), &e) == 0)
		content.address = e.client_address;
	if (l->facts_asked == NULL)
		l->facts_asked = edge_facts_new(l->edge, &content, on_facts, l);
	l->tries = 0;
	edge_facts_ask(l->facts_asked, questions);
}

static void on_again(void *arg)
{
	ask_filter(arg);
}

static void ask_again(struct edge_letter *l)
{
	if (++l->absent > ABSENT_TRIES) {
		log_event(EV_SMTP_TEMPFAIL, LOG_STR("cid", l->cid), LOG_STR("at", "filter"), LOG_STR("why", "no filter is there"));
		finish(l, &try_later);
		return;
	}
	l->tries--;
	if (l->again == NULL)
		l->again = timer_create_on(l->edge->ctx->loop, on_again, l);
	timer_start(l->again, ABSENT_MS);
}

static void on_sealed(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct edge_letter *l = arg;
	const struct ipc_filter_seal_reply *reply = message;

	if (outcome == IPC_OK && reply->questions.n > 0 && (l->facts_asked == NULL || !edge_facts_over(l->facts_asked))) {
		ask_facts(l, reply->questions);
		return;
	}
	buf_clear(&l->notes);
	if (outcome == IPC_OK)
		buf_append(&l->notes, reply->notes);
	if (outcome == IPC_OK && reply->code == 250) {
		if (reply->record >= 0 || reply->small.n > 0 || reply->more >= 0 || buf_len(&l->submission) > 0)
			ask_queue(l, reply);
		else
			discarded(l);
		return;
	}
	if (outcome == IPC_OK) {
		refused_by_filter(l, reply);
		return;
	}
	if (outcome == IPC_ABSENT) {
		ask_again(l);
		return;
	}
	/* The filter ended or hung on this message. The third try does not parse it. */
	log_event(EV_FILTER_CRASHED, LOG_STR("cid", l->cid), LOG_NUM("outcome", outcome), LOG_NUM("try", l->tries));
	if (outcome != IPC_BUSY && l->tries < FILTER_TRIES + 1) {
		ask_filter(l);
		return;
	}
	finish(l, &try_later);
}

/* Answers, then the profiles of recipients. */
static int known_put(const struct edge_letter *l, struct error *err)
{
	struct buf known = BUF_INIT(SIZE_MAX / 2);
	int fd;

	buf_put_bytes(&known, l->facts_asked != NULL ? edge_facts_answers(l->facts_asked) : SLICE_NONE);
	if (l->scripts != NULL)
		buf_append(&known, edge_scripts_profiles(l->scripts));
	fd = memfd_from_slice("facts", buf_slice(&known), err);
	buf_free(&known);
	return fd;
}

static void ask_filter(struct edge_letter *l)
{
	struct ipc_filter_seal request = {
		.cid = slice_str(l->cid), .message = l->fd, .envelope = buf_slice(&l->envelope), .small = buf_slice(&l->head), .facts = -1,
	};
	struct envelope e;
	struct error err = {0};
	int facts = -1;

	if (l->tries++ >= FILTER_TRIES && !l->opaque && envelope_decode(request.envelope, &e) == 0) {
		struct buf again = BUF_INIT(l->envelope.max);

		l->opaque = e.opaque = true;
		envelope_encode(&e, &again);
		buf_free(&l->envelope);
		l->envelope = again;
		request.envelope = buf_slice(&l->envelope);
		log_event(EV_FILTER_OPAQUE, LOG_STR("cid", l->cid));
	}
	if (l->facts_asked != NULL || l->scripts != NULL) {
		request.facts = facts = known_put(l, &err);
		request.last = facts < 0 || (l->facts_asked != NULL && edge_facts_over(l->facts_asked));
	}
	ipc_request(l->edge->ctx->ipc, IPC_FILTER_SEAL, IPC_ANY, &request, on_sealed, l);
	file_close(&facts);
}

static void on_scripts(void *arg, bool ok)
{
	struct edge_letter *l = arg;

	if (ok) {
		ask_filter(l);
		return;
	}
	log_event(EV_SMTP_TEMPFAIL, LOG_STR("cid", l->cid), LOG_STR("at", "scripts"));
	finish(l, &try_later);
}

static void failed_soon(void *arg)
{
	finish(arg, &try_later);
}

static bool is_small(const struct edge_letter *l)
{
	size_t n = buf_len(&l->head);

	return l->fd < 0 && n > 0 && n <= IPC_SMALL_MAX && buf_len(&l->envelope) <= SMALL_REQUEST_MAX - n;
}

void edge_letter_send(struct edge_letter *l, const struct envelope *envelope, edge_letter_fn *fn, void *arg)
{
	struct envelope e = *envelope;
	struct error err = {0};

	FAULT_POINT(message_received);
	e.recipients = buf_slice(&l->facts);
	e.recipient_count = l->targets;
	envelope_encode(&e, &l->envelope);
	for (size_t i = 0; i < envelope->cid.n && i < sizeof l->cid - 1; i++)
		l->cid[i] = (char)envelope->cid.p[i];
	l->fn = fn;
	l->arg = arg;
	l->sending = true;
	if (l->envelope.failed || (!is_small(l) && (spill(l) < 0 || memfd_seal(l->fd, &err) < 0))) {
		log_event(EV_SMTP_TEMPFAIL, LOG_STR("cid", l->cid), LOG_STR("at", "memory"), LOG_STR("why", err.private_text));
		loop_defer(l->edge->ctx->loop, failed_soon, l);
		return;
	}
	if (l->script_bytes > 0)
		l->scripts = edge_scripts_ask(l->edge, buf_slice(&l->facts), on_scripts, l);
	else
		ask_filter(l);
}
