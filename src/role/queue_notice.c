/*
 * Notifications to senders: filter composes them, they come in through the same door. What is owed stands in the ledger until the
 * notification is durable: both become true in one commit.
 */
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/memory.h"
#include "queue/dsn.h"
#include "queue/notify.h"
#include "role/queue.h"
#include "store/fact.h"

#define NOTICE_TRIES_MAX 20
#define NOTICE_WAIT_MS MINUTES_MS(1)
#define NOTICE_WORKING_MAX 16 /* at a time; the others wait */

struct notice {
	struct queue_job job;
	struct list_node turn;     /* in queue_role.notice_turns while it waits for its turn */
	struct queue_role *q;
	uint64_t record;
	bool working, again;       /* again: more became owed meanwhile */
	int64_t not_before_ms;
	unsigned tries;
	struct arena arena;
	struct ledger_message message;
	struct place place;
	struct ledger_mark *marks;
	size_t mark_count;
	char id[QUEUE_ID_SIZE];
	int rc, fd;
	struct error err;
};

static bool recipient_owes(const struct ledger_recipient *r)
{
	return r->state != OUTBOUND_WAIT || r->delay == DELAY_OWED;
}

bool queue_message_owes(const struct ledger_message *m)
{
	for (size_t i = 0; i < m->recipient_count; i++) {
		if (recipient_owes(&m->recipients[i]))
			return true;
	}
	return false;
}

static void notice_work(struct notice *n);

static void notice_free(struct notice *n)
{
	list_remove(&n->turn);
	file_close(&n->fd);
	arena_free(&n->arena);
	memory_free(n);
}

static void notice_rest(struct notice *n)
{
	struct queue_role *q = n->q;
	n->working = false;
	q->notices_working--;
	if (!list_empty(&q->notice_turns))
		notice_work(LIST_ITEM(q->notice_turns.next, struct notice, turn));
}

static void notice_end(struct notice *n)
{
	notice_rest(n);
	if (n->again) {
		notice_work(n);
		return;
	}
	map_remove(&n->q->notices, map_key_u64(&n->record));
	notice_free(n);
}

static void notice_later(struct notice *n)
{
	n->not_before_ms = queue_now(n->q).mono_ms + NOTICE_WAIT_MS;
	notice_rest(n);
}

/* ---- what is owed ---- */

static enum notify_outcome outcome_of(const struct ledger_recipient *r)
{
	switch (r->state) {
	case OUTBOUND_FAILED:
		return OUTCOME_FAILED;
	case OUTBOUND_RELAYED:
		return OUTCOME_RELAYED;
	case OUTBOUND_DELIVERED:
		return OUTCOME_DELIVERED;
	case OUTBOUND_WAIT:
		break;
	}
	return OUTCOME_DELAYED;
}

/* Failures first, then delays, then good news: one notification has one kind. */
static enum dsn_kind kind_owed(const struct ledger_message *m)
{
	enum dsn_kind kind = DSN_SUCCESS;
	for (size_t i = 0; i < m->recipient_count; i++) {
		enum dsn_kind k = notify_kind(outcome_of(&m->recipients[i]));
		if (recipient_owes(&m->recipients[i]) && k < kind)
			kind = k;
	}
	return kind;
}

static struct dsn_recipient describe(const struct notice *n, const struct ledger_recipient *r)
{
	const struct job_recipient *to = &n->message.job.recipients[r->index];
	enum notify_outcome outcome = outcome_of(r);
	return (struct dsn_recipient){
		.action = notify_action(outcome), .final = to->address, .original = to->original, .status = r->enhanced, .code = r->code,
		.diagnostic = r->text, .remote = r->host, .last_attempt_ms = r->tried_ms,
		.retry_until_ms = outcome == OUTCOME_DELAYED ? n->message.created_ms + n->q->ctx->config->relay_expire : 0,
	};
}

/* Takes the recipients of this kind, as many as fit; the marks say what is no longer owed afterwards. */
static void collect(struct notice *n, struct dsn_report *report)
{
	const struct ledger_message *m = &n->message;
	size_t bytes = 0;
	report->recipients = arena_alloc_array(&n->arena, QUEUE_PART_RECIPIENTS, sizeof *report->recipients);
	n->marks = arena_alloc_array(&n->arena, QUEUE_PART_RECIPIENTS, sizeof *n->marks);
	for (size_t i = 0; i < m->recipient_count && report->recipient_count < QUEUE_PART_RECIPIENTS; i++) {
		const struct ledger_recipient *r = &m->recipients[i];
		if (!recipient_owes(r) || notify_kind(outcome_of(r)) != report->kind)
			continue;
		struct dsn_recipient d = describe(n, r);
		bytes += d.final.n + d.original.n + d.diagnostic.n + d.remote.n + 64;
		if (report->recipient_count > 0 && bytes > QUEUE_PART_BYTES) {
			n->again = true;
			break;
		}
		n->marks[report->recipient_count] = (struct ledger_mark){
			.record = n->record, .recipient = r->index, .kind = report->kind == DSN_DELAY ? MARK_DELAY_SENT : MARK_DONE};
		report->recipients[report->recipient_count++] = d;
	}
	n->mark_count = report->recipient_count;
}

/* The fact was checked when filter made the record; its MAC may be of an earlier boot, so it gets a new one. */
static struct slice sign_fact(struct notice *n)
{
	struct slice list = n->message.job.dsn_fact, whole;
	struct recipient_fact fact;
	struct buf out = BUF_INIT(16384);
	if (fact_peek_recipient(&list, &fact, &whole) < 0)
		return SLICE_NONE;
	fact_write_recipient(&out, &fact, n->q->ctx->boot_secret);
	struct slice s = arena_dup(&n->arena, buf_slice(&out));
	buf_free(&out);
	return s;
}

static void build_report(struct notice *n, struct slice domain, struct slice signer, struct slice language, struct buf *out)
{
	const struct job *job = &n->message.job;
	struct dsn_report report = {
		.kind = kind_owed(&n->message), .fact = sign_fact(n), .domain = domain, .signer = signer, .language = language, .envid = job->envid, .ret = job->requiretls ? 2 : job->ret, .smtputf8 = job->smtputf8,
		.requiretls = job->requiretls,
		.cid = job->cid, .queue_id = slice_str(n->id), .arrival_ms = job->received_ms, .now_ms = queue_now(n->q).wall_ms,
	};
	collect(n, &report);
	dsn_report_encode(&report, out);
}

/* ---- the steps ---- */

/* It cannot be told: after many tries what is owed is written off. */
static void give_up(struct notice *n)
{
	log_event(EV_INTERNAL, LOG_STR("error", "a notification could not be made"), LOG_STR("id", n->id));
	if (n->mark_count > 0)
		queue_mark(n->q, n->marks, n->mark_count);
	notice_end(n);
}

static void failed(struct notice *n)
{
	if (++n->tries >= NOTICE_TRIES_MAX)
		give_up(n);
	else
		notice_later(n);
}

static void on_accepted(struct queue_role *q, void *arg, enum queue_result result)
{
	struct notice *n = arg;
	if (result == QUEUE_REFUSED) {
		failed(n);
	} else if (result != QUEUE_OK) {
		notice_later(n); /* no room: it stays owed */
	} else {
		n->tries = 0;
		n->again = true; /* another kind, or more recipients */
		notice_end(n);
	}
	(void)q;
}

static void on_composed(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct notice *n = arg;
	const struct ipc_filter_dsn_reply *reply = message;
	file_close(&n->fd);
	if (outcome != IPC_OK) {
		notice_later(n);
	} else if (reply->status != 0 || reply->record < 0) {
		if (reply->record >= 0)
			close(reply->record);
		failed(n);
	} else {
		queue_accept_own(n->q, reply->record, n->marks, n->mark_count, on_accepted, n);
	}
}

static void compose(struct notice *n, struct slice domain, struct slice signer, struct slice language)
{
	struct buf report = BUF_INIT(130000);
	build_report(n, domain, signer, language, &report);
	struct ipc_filter_dsn request = {.report = buf_slice(&report), .original = n->fd};
	if (report.failed)
		give_up(n);
	else
		ipc_request(n->q->ctx->ipc, IPC_FILTER_DSN, IPC_ANY, &request, on_composed, n);
	buf_free(&report);
}

static void on_signer(void *arg, bool known, struct slice domain, struct slice signer)
{
	struct notice *n = arg;
	if (known)
		compose(n, domain, signer, SLICE_NONE);
	else
		notice_later(n);
}

static void on_language(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct notice *n = arg;
	const struct ipc_auth_language_reply *reply = message;
	if (outcome == IPC_OK && reply->status == 0)
		compose(n, SLICE_NONE, SLICE_NONE, reply->language);
	else
		notice_later(n);
}

/* Who reads it elsewhere can check that it is ours (DKIM); who reads it here reads it in the own language. */
static void sign_and_compose(struct notice *n)
{
	struct slice list = n->message.job.dsn_fact, whole;
	struct recipient_fact fact;
	struct ipc_auth_language request = {0};
	if (fact_peek_recipient(&list, &fact, &whole) != 0) {
		compose(n, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	} else if (fact.kind == FACT_REMOTE) {
		queue_signer(n->q, SLICE_NONE, on_signer, n);
	} else {
		memcpy(request.account.b, fact.account, sizeof request.account.b);
		ipc_request(n->q->ctx->ipc, IPC_AUTH_LANGUAGE, IPC_ANY, &request, on_language, n);
	}
}

static void copy_work(void *arg)
{
	struct notice *n = arg;
	n->fd = queue_copy_record(n->q->packs, &n->place, &n->err);
}

static void copy_done(void *arg)
{
	struct notice *n = arg;
	if (n->fd < 0)
		log_event(EV_STORE_DAMAGED, LOG_STR("id", n->id), LOG_STR("error", n->err.private_text));
	sign_and_compose(n); /* without the original when it cannot be read */
}

static int load_work(struct ledger *ledger, void *arg, struct error *err)
{
	struct notice *n = arg;
	n->rc = ledger_message_get(ledger, n->record, &n->arena, &n->message, err);
	if (n->rc == 0)
		n->rc = ledger_place(ledger, n->record, &n->place, err);
	return n->rc;
}

static void on_loaded(struct queue_role *q, struct queue_job *job)
{
	struct notice *n = CONTAINER_OF(job, struct notice, job);
	if (n->rc == ERR_NOT_FOUND || (n->rc == 0 && !queue_message_owes(&n->message)))
		notice_end(n);
	else if (n->rc < 0)
		notice_later(n);
	else if (n->message.epoch == 0)
		sign_and_compose(n); /* sealed to its readers only: nobody here can open it */
	else
		loop_work(q->ctx->loop, copy_work, copy_done, n);
}

static void notice_work(struct notice *n)
{
	list_remove(&n->turn);
	if (n->q->notices_working >= NOTICE_WORKING_MAX) {
		list_append(&n->q->notice_turns, &n->turn);
		return;
	}
	n->q->notices_working++;
	file_close(&n->fd);
	arena_reset(&n->arena);
	n->working = true;
	n->again = false;
	n->mark_count = 0;
	n->message = (struct ledger_message){0};
	n->job = (struct queue_job){.done = on_loaded, .op = {.kind = LEDGER_CALL, .call = {.fn = load_work, .arg = n}}};
	queue_submit(n->q, &n->job);
}

void queue_notice(struct queue_role *q, uint64_t record)
{
	struct notice *n = map_get(&q->notices, map_key_u64(&record));
	if (n != NULL) {
		n->again = true;
		return;
	}
	n = memory_alloc(sizeof *n);
	n->q = q;
	n->fd = -1;
	n->record = record;
	queue_id_format(record_pack(record), record_ordinal(record), n->id);
	map_put(&q->notices, map_key_u64(&record), n);
	notice_work(n);
}

void queue_notice_tick(struct queue_role *q)
{
	int64_t now = queue_now(q).mono_ms;
	MAP_FOREACH(entry, &q->notices) {
		struct notice *n = entry->value;
		if (!n->working && !list_linked(&n->turn) && now >= n->not_before_ms)
			notice_work(n);
	}
}

void queue_notice_free(struct queue_role *q)
{
	MAP_FOREACH(entry, &q->notices)
		notice_free(entry->value);
	map_free(&q->notices);
}
