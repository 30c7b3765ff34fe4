/*
 * Reports of DMARC and of TLS: what was gathered about a day and a domain is sent when the day is over, one report after the other. Those of DMARC go
 * to addresses of the domain's own organisation or those that agree (RFC 7489 7.1), those of TLS to what the domain names then (RFC 8460 3).
 */
#include <jansson.h>
#include <string.h>

#include "base/codec.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "ipc/admin.h"
#include "queue/report.h"
#include "role/fetch.h"
#include "role/queue.h"
#include "role/resolved.h"
#include "sys/file.h"

#define LOOK_EVERY_MS MINUTES_MS(10)
#define SETTLE_S 900                /* after midnight, for letters that are under way */
#define SPREAD_S 10800              /* hosts send at different times */
#define POST_MAX 200000             /* bytes of a report that goes over HTTPS: the row of FETCH */
#define ROUNDS_MAX 6                /* of questions about one report */

/* Where one report goes: an address, or with TLS reports an https: URL. */
struct target {
	struct slice to;
	uint64_t max_bytes;             /* that it takes; 0: any */
	bool web, allowed;
};
#define TARGETS_MAX (DMARC_URIS_MAX > TLSRPT_URIS_MAX ? DMARC_URIS_MAX : TLSRPT_URIS_MAX)

struct queue_reports {
	struct queue_role *q;
	bool working;
	enum report_out kind;
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
	struct target targets[TARGETS_MAX];
	size_t target_count, target;
	bool reached, missed;           /* some target has it; some could not be asked */
	struct slice from, signer;
	int rc;
};

static void work_next(struct queue_reports *r);

static void note_add(struct queue_role *q, const struct buf *note)
{
	if (!note->failed && buf_len(note) <= q->notes.max - buf_len(&q->notes))
		buf_append(&q->notes, buf_slice(note));
}

/* ---- one report ---- */

static void report_end(struct queue_reports *r, bool done)
{
	struct buf note = BUF_INIT(MEMORY_KEY_MAX + 100);
	if (done)
		report_done_encode(r->kind, r->due.day, r->due.domain, &note);
	note_add(r->q, &note);
	r->after_day = r->due.day;
	buf_clear(&r->after_domain);
	buf_append(&r->after_domain, r->due.domain);
	buf_free(&note);
	facts_free(&r->facts);
	arena_reset(&r->arena);
	work_next(r);
}

static void send_next(struct queue_reports *r);

static void target_end(struct queue_reports *r, bool reached)
{
	const struct target *t = &r->targets[r->target++];
	if (reached) {
		log_event(EV_REPORT_SENT, LOG_TEXT("domain", r->due.domain), LOG_TEXT("target", t->to), LOG_NUM("count", r->due.row_count));
		r->sent++;
	}
	r->reached |= reached;
	send_next(r);
}

static void on_accepted(struct queue_role *q, void *arg, enum queue_result result)
{
	struct queue_reports *r = arg;
	(void)q;
	if (result != QUEUE_OK)
		report_end(r, false); /* no room: later */
	else
		target_end(r, true);
}

/* RFC 8460 5.4: any 2xx; what is not taken is tried again with the next look, as long as nobody has it. */
static void on_posted(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct queue_reports *r = arg;
	const struct ipc_fetch_reply *reply = message;
	bool taken = outcome == IPC_OK && reply->error.n == 0 && reply->code / 100 == 2;
	r->missed |= !taken;
	target_end(r, taken);
}

static void post(struct queue_reports *r, int packed)
{
	struct file_map map = FILE_MAP_NONE;
	if (memfd_map(packed, POST_MAX, &map, NULL) < 0) {
		target_end(r, false); /* too large for a request */
		return;
	}
	struct ipc_fetch request = {.method = SLICE("POST"), .url = r->targets[r->target].to, .fields = SLICE(FETCH_REPORT_FIELDS), .body = map.content};
	ipc_request(r->q->ctx->ipc, IPC_FETCH, IPC_ANY, &request, on_posted, r);
	file_unmap(&map);
}

static void on_composed(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct queue_reports *r = arg;
	const struct ipc_filter_report_reply *reply = message;
	int fd = outcome == IPC_OK ? reply->record : -1;
	if (outcome != IPC_OK) {
		report_end(r, false);
	} else if (reply->status != 0 || fd < 0) {
		target_end(r, false); /* too large for this address, or rows that nobody can read */
	} else if (r->targets[r->target].web) {
		post(r, fd);
		file_close(&fd);
	} else {
		queue_accept_own(r->q, fd, &(struct ledger_mark){0}, 0, on_accepted, r);
	}
}

static void ask_filter(struct queue_reports *r)
{
	const struct target *t = &r->targets[r->target];
	struct error err;
	struct slice cid = arena_printf(&r->arena, "report-%lld", (long long)r->due.day);
	struct ipc_filter_report request = {
		.cid = cid, .now_ms = (uint64_t)queue_now(r->q).wall_ms, .kind = (uint8_t)r->kind, .day = (uint64_t)r->due.day, .domain = r->due.domain,
		.policy = r->due.policy, .rows = memfd_from_slice("rows", r->due.rows, &err), .to = t->web ? SLICE_NONE : t->to, .max = t->max_bytes,
		.from = r->from, .signer = r->signer};
	if (request.rows < 0) {
		report_end(r, false);
		return;
	}
	ipc_request(r->q->ctx->ipc, IPC_FILTER_REPORT, IPC_ANY, &request, on_composed, r);
	file_close(&request.rows);
}

static void send_next(struct queue_reports *r)
{
	while (r->target < r->target_count && !r->targets[r->target].allowed)
		r->target++;
	if (r->target == r->target_count)
		report_end(r, r->reached || !r->missed);
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
	r->target = 0;
	r->reached = r->missed = false;
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

/* Only who agrees gets reports of DMARC about others (RFC 7489 7.1). True: an answer is missing. */
static bool find_dmarc(struct queue_reports *r)
{
	bool waits = false;
	r->target_count = r->record.rua_count;
	for (size_t i = 0; i < r->record.rua_count; i++) {
		enum dmarc_found found = dmarc_report_allowed(&r->facts, DMARC_TREE_WALK, r->due.domain, &r->record.rua[i]);
		r->targets[i] = (struct target){.to = r->record.rua[i].address, .max_bytes = r->record.rua[i].max_bytes, .allowed = found == DMARC_FOUND};
		waits |= found == DMARC_LATER;
	}
	return waits;
}

/* Most domains do not ask for reports of TLS: then there is no target, and what was gathered goes. */
static bool find_tls(struct queue_reports *r)
{
	struct tlsrpt_record record = {0};
	enum dns_status status = tlsrpt_find(&r->facts, r->due.domain, &record);
	r->target_count = 0;
	for (size_t i = 0; i < record.count && status == DNS_FOUND; i++) {
		struct dmarc_uri uri;
		bool web = slice_starts_nocase(record.uris[i], SLICE("https:"));
		if (web || dmarc_uri_read(record.uris[i], &r->arena, &uri))
			r->targets[r->target_count++] = (struct target){.to = web ? record.uris[i] : uri.address, .web = web, .allowed = true};
	}
	return status == DNS_WANTED;
}

static void check_addresses(struct queue_reports *r)
{
	facts_rerun(&r->facts);
	bool waits = r->kind == REPORT_OUT_TLS ? find_tls(r) : find_dmarc(r);
	if (waits && r->rounds++ < ROUNDS_MAX && facts_wanted(&r->facts) > 0)
		ask_world(r);
	else if (r->target_count == 0)
		report_end(r, true);
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
	r->rc = report_next(ledger, r->kind, r->before_day, r->after_day, buf_slice(&r->after_domain), &r->arena, &r->due, err);
	return r->rc == ERR_NOT_FOUND ? 0 : r->rc;
}

static void kind_begin(struct queue_reports *r, enum report_out kind)
{
	r->kind = kind;
	r->after_day = -1;
	buf_clear(&r->after_domain);
	work_next(r);
}

static void on_next(struct queue_role *q, struct queue_job *job)
{
	struct queue_reports *r = CONTAINER_OF(job, struct queue_reports, job);
	ledger_op_free(&job->op);
	if (r->rc == ERR_NOT_FOUND && r->kind == REPORT_OUT_DMARC && !q->stopping) {
		kind_begin(r, REPORT_OUT_TLS);
		return;
	}
	if (r->rc != 0 || q->stopping) {
		work_end(r);
		return;
	}
	facts_init(&r->facts, &r->arena, queue_now(q).wall_ms / 1000);
	r->rounds = 0;
	bool wanted = r->kind == REPORT_OUT_TLS ? q->ctx->config->report_tls
		: q->ctx->config->report_dmarc && report_policy_decode(r->due.policy, &r->arena, &r->record);
	if (wanted && r->due.row_count > 0)
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
	queue_remember(r->q); /* what is gathered belongs to it */
	kind_begin(r, REPORT_OUT_DMARC);
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
	if (r->working || q->full || !(q->ctx->config->report_dmarc || q->ctx->config->report_tls) || queue_now(q).mono_ms < r->look_ms)
		return;
	r->look_ms = queue_now(q).mono_ms + LOOK_EVERY_MS;
	if (now_s % REPORT_DAY_S >= begins_s(q))
		work_begin(r, now_s / REPORT_DAY_S, NULL);
}

void queue_report_tls(struct queue_role *q, struct slice results)
{
	struct slice one;
	struct report_session r;
	while (q->ctx->config->report_tls && results.n > 0 && slice_get_bytes(&results, &one) && report_session_decode(one, &r, NULL)) {
		struct buf note = BUF_INIT(MEMORY_KEY_MAX + MEMORY_VALUE_MAX + 100);
		memory_note_encode(&(struct memory_note){.act = MEMORY_REPORT_TLS, .key = r.policy.domain, .value = one}, &note);
		note_add(q, &note);
		buf_free(&note);
	}
}

void queue_report_setup(struct queue_role *q)
{
	struct queue_reports *r = memory_alloc(sizeof *r);
	r->q = q;
	buf_init(&r->after_domain, MEMORY_KEY_MAX);
	q->reports = r;
}

/* ---- what is asked ---- */

void queue_report_admin(struct queue_role *q, struct ipc_call *call, const struct ipc_queue_admin *request)
{
	json_t *args = json_loadb((const char *)request->args.p, request->args.n, JSON_REJECT_DUPLICATES, NULL);
	if (slice_eq(request->op, SLICE("report.list")) && !q->stopping)
		queue_report_list(q, call, json_integer_value(json_object_get(args, "days")), json_string_value(json_object_get(args, "domain")));
	else if (slice_eq(request->op, SLICE("report.send")) && !q->stopping && !q->reports->working)
		work_begin(q->reports, queue_now(q).wall_ms / 1000 / REPORT_DAY_S + 1, call);
	else
		ipc_reply(call, &(struct ipc_queue_admin_reply){.status = ADMIN_UNAVAILABLE, .result = SLICE("{\"error\":\"Not now; try again.\"}")});
	json_decref(args);
}
