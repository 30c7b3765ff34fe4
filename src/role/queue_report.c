/*
 * Reports of DMARC: what was gathered about a day and a domain is sent when the day is over, one report after the other, to addresses of the
 * domain's own organisation or those that agree (RFC 7489 7.1). What others report of our domains is listed.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "ipc/admin.h"
#include "queue/report.h"
#include "role/queue.h"
#include "role/resolved.h"
#include "sys/file.h"

#define LOOK_EVERY_MS MINUTES_MS(10)
#define SETTLE_S 900                /* after midnight, for letters that are under way */
#define SPREAD_S 10800              /* hosts send at different times */
#define ROUNDS_MAX 6                /* of questions about one report */
#define LIST_DAYS 30
#define LIST_MAX 100
#define ENOUGH_DAYS 7               /* before a stricter policy is advised */
#define FAILING_PERCENT 2

struct queue_reports {
	struct queue_role *q;
	bool working;
	int64_t look_ms;
	int64_t before_day, after_day;  /* those of days before; behind this one and its domain */
	struct buf after_domain;
	unsigned sent;
	struct ipc_call *call;          /* who asked for it; NULL: the clock */
	struct queue_job job;
	struct arena arena;
	struct report_due due;
	struct dmarc_record record;
	struct facts facts;
	unsigned pending, rounds;
	bool allowed[DMARC_URIS_MAX];
	size_t uri;
	struct slice from, signer;
	int rc;
};

static void work_next(struct queue_reports *r);

/* ---- one report ---- */

static void report_end(struct queue_reports *r, bool done)
{
	struct buf note = BUF_INIT(MEMORY_KEY_MAX + 100);
	struct queue_role *q = r->q;
	if (done)
		report_done_encode(r->due.day, r->due.domain, &note);
	if (!note.failed && buf_len(&note) <= q->notes.max - buf_len(&q->notes))
		buf_append(&q->notes, buf_slice(&note));
	r->after_day = r->due.day;
	buf_clear(&r->after_domain);
	buf_append(&r->after_domain, r->due.domain);
	buf_free(&note);
	facts_free(&r->facts);
	arena_reset(&r->arena);
	work_next(r);
}

static void send_next(struct queue_reports *r);

static void on_accepted(struct queue_role *q, void *arg, enum queue_result result)
{
	struct queue_reports *r = arg;
	(void)q;
	if (result != QUEUE_OK) {
		report_end(r, false); /* no room: later */
		return;
	}
	log_event(EV_REPORT_SENT, LOG_TEXT("domain", r->due.domain), LOG_TEXT("target", r->record.rua[r->uri].address),
	          LOG_NUM("count", r->due.row_count));
	r->sent++;
	r->uri++;
	send_next(r);
}

static void on_composed(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct queue_reports *r = arg;
	const struct ipc_filter_report_reply *reply = message;
	if (outcome != IPC_OK) {
		report_end(r, false);
	} else if (reply->status != 0 || reply->record < 0) {
		r->uri++; /* too large for this address, or rows that nobody can read */
		send_next(r);
	} else {
		queue_accept_own(r->q, reply->record, &(struct ledger_mark){0}, 0, on_accepted, r);
	}
}

static void ask_filter(struct queue_reports *r)
{
	const struct dmarc_uri *uri = &r->record.rua[r->uri];
	struct error err;
	struct slice cid = arena_printf(&r->arena, "report-%lld", (long long)r->due.day);
	struct ipc_filter_report request = {
		.cid = cid, .now_ms = (uint64_t)queue_now(r->q).wall_ms, .day = (uint64_t)r->due.day, .domain = r->due.domain, .policy = r->due.policy,
		.rows = memfd_from_slice("rows", r->due.rows, &err), .to = uri->address, .max = uri->max_bytes, .from = r->from, .signer = r->signer};
	if (request.rows < 0) {
		report_end(r, false);
		return;
	}
	ipc_request(r->q->ctx->ipc, IPC_FILTER_REPORT, IPC_ANY, &request, on_composed, r);
	file_close(&request.rows);
}

static void send_next(struct queue_reports *r)
{
	while (r->uri < r->record.rua_count && !r->allowed[r->uri])
		r->uri++;
	if (r->uri == r->record.rua_count)
		report_end(r, true);
	else if (r->q->stopping || r->q->full)
		report_end(r, false);
	else
		ask_filter(r);
}

static void on_signer(void *arg, bool known, struct slice domain, struct slice signer)
{
	struct queue_reports *r = arg;
	r->from = arena_dup(&r->arena, domain);
	r->signer = arena_dup(&r->arena, signer);
	r->uri = 0;
	if (known)
		send_next(r);
	else
		report_end(r, false);
}

/* ---- may it be sent there? ---- */

struct question {
	struct queue_reports *r;
	struct dns_question q;
};

static void check_addresses(struct queue_reports *r);

static void on_resolved(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct question *q = arg;
	struct queue_reports *r = q->r;
	struct dns_answer answer = role_resolved(outcome, message);
	facts_answer(&r->facts, q->q.name, q->q.type, &answer);
	if (--r->pending == 0)
		check_addresses(r);
}

/* Counted before the first is asked: an answer may come from inside. */
static void ask_world(struct queue_reports *r)
{
	size_t count = facts_wanted(&r->facts);
	struct question *list = arena_alloc_array(&r->arena, count, sizeof *list);
	for (size_t i = 0; i < count; i++)
		list[i] = (struct question){r, {arena_dup(&r->arena, r->facts.wanted[i].name), r->facts.wanted[i].type}};
	r->pending = (unsigned)count;
	for (size_t i = 0; i < count; i++) {
		struct ipc_resolve request = {.name = list[i].q.name, .type = list[i].q.type};
		ipc_request(r->q->ctx->ipc, IPC_RESOLVE, IPC_ANY, &request, on_resolved, &list[i]);
	}
}

static void check_addresses(struct queue_reports *r)
{
	bool waits = false;
	facts_rerun(&r->facts);
	for (size_t i = 0; i < r->record.rua_count; i++) {
		enum dmarc_found found = dmarc_report_allowed(&r->facts, DMARC_TREE_WALK, r->due.domain, &r->record.rua[i]);
		r->allowed[i] = found == DMARC_FOUND;
		waits |= found == DMARC_LATER;
	}
	if (waits && r->rounds++ < ROUNDS_MAX && facts_wanted(&r->facts) > 0)
		ask_world(r);
	else
		queue_signer(r->q, SLICE_NONE, on_signer, r);
}

/* ---- one after the other ---- */

static void work_end(struct queue_reports *r)
{
	char text[64];
	arena_free(&r->arena);
	r->working = false;
	r->look_ms = queue_now(r->q).mono_ms + LOOK_EVERY_MS;
	if (r->call == NULL)
		return;
	snprintf(text, sizeof text, "{\"sent\":%u}", r->sent);
	ipc_reply(r->call, &(struct ipc_queue_admin_reply){.status = ADMIN_OK, .result = slice_str(text)});
	r->call = NULL;
}

static int next_work(struct ledger *ledger, void *arg, struct error *err)
{
	struct queue_reports *r = arg;
	r->rc = report_next(ledger, r->before_day, r->after_day, buf_slice(&r->after_domain), &r->arena, &r->due, err);
	return r->rc == ERR_NOT_FOUND ? 0 : r->rc;
}

static void on_next(struct queue_role *q, struct queue_job *job)
{
	struct queue_reports *r = CONTAINER_OF(job, struct queue_reports, job);
	ledger_op_free(&job->op);
	if (r->rc != 0 || q->stopping) {
		work_end(r);
		return;
	}
	facts_init(&r->facts, &r->arena, queue_now(q).wall_ms / 1000);
	r->rounds = 0;
	if (report_policy_decode(r->due.policy, &r->arena, &r->record) && r->due.row_count > 0)
		check_addresses(r);
	else
		report_end(r, true);
}

static void work_next(struct queue_reports *r)
{
	r->job = (struct queue_job){.done = on_next, .op = {.kind = LEDGER_CALL, .call = {.fn = next_work, .arg = r}}};
	queue_submit(r->q, &r->job);
}

static void work_begin(struct queue_reports *r, int64_t before_day, struct ipc_call *call)
{
	r->working = true;
	r->call = call;
	r->sent = 0;
	r->before_day = before_day;
	r->after_day = -1;
	buf_clear(&r->after_domain);
	queue_remember(r->q); /* what is gathered belongs to it */
	work_next(r);
}

/* Seconds after midnight from which this host sends. */
static int64_t begins_s(const struct queue_role *q)
{
	return SETTLE_S + (int64_t)(hash_checksum(q->ctx->config->hostname) % SPREAD_S);
}

void queue_report_tick(struct queue_role *q)
{
	struct queue_reports *r = q->reports;
	int64_t now_s = queue_now(q).wall_ms / 1000;
	if (r->working || q->full || !q->ctx->config->report_dmarc || queue_now(q).mono_ms < r->look_ms)
		return;
	r->look_ms = queue_now(q).mono_ms + LOOK_EVERY_MS;
	if (now_s % REPORT_DAY_S >= begins_s(q))
		work_begin(r, now_s / REPORT_DAY_S, NULL);
}

void queue_report_setup(struct queue_role *q)
{
	struct queue_reports *r = memory_alloc(sizeof *r);
	r->q = q;
	buf_init(&r->after_domain, MEMORY_KEY_MAX);
	q->reports = r;
}

/* ---- what is asked ---- */

struct listing {
	struct queue_job job;
	struct ipc_call *call;
	char domain[MEMORY_KEY_MAX + 1];
	int64_t since_day, first_day, last_day;
	uint64_t passed, failed;
	json_t *sources, *tls;
	char policy[24];
};

static json_t *text(struct slice s)
{
	struct buf clean = BUF_INIT(s.n * 3 + 16);
	utf8_append_clean(&clean, s);
	json_t *j = json_stringn_nocheck((const char *)buf_slice(&clean).p, buf_len(&clean));
	buf_free(&clean);
	return j != NULL ? j : json_string("");
}

static void add_dmarc(struct listing *l, const struct report_line *line)
{
	l->passed += line->passed;
	l->failed += line->failed;
	l->first_day = l->first_day == 0 || line->first_day < l->first_day ? line->first_day : l->first_day;
	l->last_day = line->last_day > l->last_day ? line->last_day : l->last_day;
	snprintf(l->policy, sizeof l->policy, "%.*s", SLICE_ARG(slice_sub(line->policy, 0, sizeof l->policy - 1)));
}

static void add_line(void *arg, const struct report_line *line)
{
	struct listing *l = arg;
	json_t *o = json_pack("{s:o, s:I, s:I, s:I, s:I, s:o, s:I}", "source", text(line->source), "passed", (json_int_t)line->passed, "failed",
	                      (json_int_t)line->failed, "first", (json_int_t)line->first_day * REPORT_DAY_S, "last", (json_int_t)line->last_day * REPORT_DAY_S,
	                      "reporter", text(line->reporter), "reports", (json_int_t)line->reports);
	if (line->kind == REPORT_IN_DMARC)
		add_dmarc(l, line);
	json_array_append_new(line->kind == REPORT_IN_DMARC ? l->sources : l->tls, o);
}

static int list_work(struct ledger *ledger, void *arg, struct error *err)
{
	struct listing *l = arg;
	return report_list(ledger, slice_str(l->domain), l->since_day, LIST_MAX, add_line, l, err);
}

/* The next step of a domain on its way to p=reject. */
static const char *advice(const struct listing *l)
{
	uint64_t all = l->passed + l->failed;
	if (all == 0)
		return "no_reports";
	if (l->failed * 100 > all * FAILING_PERCENT)
		return "sources_fail";
	if (strcmp(l->policy, "reject") == 0)
		return "done";
	if (l->last_day - l->first_day + 1 < ENOUGH_DAYS)
		return "wait";
	return strcmp(l->policy, "quarantine") == 0 ? "reject" : "quarantine";
}

static void on_listed(struct queue_role *q, struct queue_job *job)
{
	struct listing *l = CONTAINER_OF(job, struct listing, job);
	json_t *result = json_pack("{s:s, s:s, s:I, s:I, s:s, s:O, s:O}", "domain", l->domain, "policy", l->policy, "passed",
	                           (json_int_t)l->passed, "failed", (json_int_t)l->failed, "advice", advice(l), "sources", l->sources, "tls", l->tls);
	char *dumped = json_dumps(result, JSON_COMPACT);
	bool ok = job->op.result == QUEUE_OK && dumped != NULL && strlen(dumped) <= ADMIN_JSON_MAX;
	(void)q;
	ipc_reply(l->call, &(struct ipc_queue_admin_reply){.status = ok ? ADMIN_OK : ADMIN_FAILED,
		.result = ok ? slice_str(dumped) : SLICE("{\"error\":\"The reports could not be read.\"}")});
	free(dumped);
	json_decref(result);
	json_decref(l->sources);
	json_decref(l->tls);
	ledger_op_free(&job->op);
	memory_free(l);
}

static void list_reports(struct queue_role *q, struct ipc_call *call, const json_t *args)
{
	struct listing *l = memory_alloc(sizeof *l);
	json_int_t days = json_integer_value(json_object_get(args, "days"));
	const char *domain = json_string_value(json_object_get(args, "domain"));
	l->call = call;
	l->since_day = queue_now(q).wall_ms / 1000 / REPORT_DAY_S - (days >= 1 && days <= REPORT_IN_DAYS ? days : LIST_DAYS);
	l->sources = json_array();
	l->tls = json_array();
	for (size_t i = 0; domain != NULL && domain[i] != '\0' && i < MEMORY_KEY_MAX; i++)
		l->domain[i] = (char)ascii_lower((uint8_t)domain[i]);
	l->job = (struct queue_job){.done = on_listed, .op = {.kind = LEDGER_CALL, .call = {.fn = list_work, .arg = l}}};
	queue_remember(q);
	queue_submit(q, &l->job);
}

void queue_report_admin(struct queue_role *q, struct ipc_call *call, const struct ipc_queue_admin *request)
{
	json_t *args = json_loadb((const char *)request->args.p, request->args.n, JSON_REJECT_DUPLICATES, NULL);
	if (slice_eq(request->op, SLICE("report.list")) && !q->stopping)
		list_reports(q, call, args);
	else if (slice_eq(request->op, SLICE("report.send")) && !q->stopping && !q->reports->working)
		work_begin(q->reports, queue_now(q).wall_ms / 1000 / REPORT_DAY_S + 1, call);
	else
		ipc_reply(call, &(struct ipc_queue_admin_reply){.status = ADMIN_UNAVAILABLE, .result = SLICE("{\"error\":\"Not now; try again.\"}")});
	json_decref(args);
}
