/* The operations of the administrator on the queue (ipc/operations.h): JSON in, JSON out. */
#include <string.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/codec.h"
#include "base/log.h"
#include "base/memory.h"
#include "queue/notify.h"
#include "role/queue.h"
#include "role/queue_answer.h"

#define LIST_MAX 200           /* messages of one answer */
#define SHOWN_RECIPIENTS_MAX 50
#define PROBLEMS_MAX 100

struct request {
	struct queue_job job;
	struct queue_role *q;
	struct ipc_call *call;
	const struct operation *operation;
	json_t *args, *result;
	uint64_t record;
	enum admin_status status;
	struct arena arena;
	struct ledger_message message;
	size_t listed;
	size_t bytes;
	bool found;
	struct ledger_packs packs; /* check */
};

struct operation {
	const char *name;
	bool needs_id;
	ledger_call_fn *work;                  /* on the worker; NULL: none */
	void (*finish)(struct request *r);     /* on the loop, before the answer; NULL: none */
};

/* ---- answers ---- */

static void fail(struct request *r, enum admin_status status, const char *why)
{
	r->status = status;
	json_object_set_new(r->result, "error", json_string(why));
}

static void request_free(struct request *r)
{
	json_decref(r->args);
	json_decref(r->result);
	arena_free(&r->arena);
	memory_free(r);
}

static void answer(struct request *r)
{
	queue_answer_send(r->call, r->status, r->result);
	request_free(r);
}

/* ---- list and show ---- */

static const char *state_name(const struct ledger_message *m)
{
	bool waiting = false, tried = false;
	for (size_t i = 0; i < m->recipient_count; i++) {
		waiting |= m->recipients[i].state == OUTBOUND_WAIT;
		tried |= m->recipients[i].attempts > 0;
	}
	if (m->hold)
		return "held";
	return !waiting ? "notifying" : tried ? "deferred" : "queued";
}

/* A name that state_name gives, or empty for all. */
static bool is_state(struct slice s)
{
	return s.n == 0 || slice_eq(s, SLICE("queued")) || slice_eq(s, SLICE("deferred")) || slice_eq(s, SLICE("held")) ||
		slice_eq(s, SLICE("notifying"));
}

static const char *recipient_state(const struct ledger_message *m, const struct ledger_recipient *r)
{
	switch (r->state) {
	case OUTBOUND_FAILED:
		return "failed";
	case OUTBOUND_RELAYED:
	case OUTBOUND_DELIVERED:
		return "delivered";
	case OUTBOUND_WAIT:
		break;
	}
	return m->hold ? "held" : r->attempts > 0 ? "deferred" : "queued";
}

/* Its own last words, else those about its destination. The schedule belongs to the loop: on the worker q is NULL. */
static struct slice reply_of(const struct queue_role *q, const struct ledger_recipient *r)
{
	int64_t until;
	return r->text.n > 0 || q == NULL ? r->text : schedule_note(q->schedule, r->destination, &until);
}

static json_t *recipient_json(const struct queue_role *q, const struct ledger_message *m, const struct ledger_recipient *r, bool all)
{
	json_t *j = json_object();
	json_object_set_new(j, "address", queue_answer_text(m->job.recipients[r->index].address));
	json_object_set_new(j, "state", json_string(recipient_state(m, r)));
	json_object_set_new(j, "reply", queue_answer_text(all ? reply_of(q, r) : slice_sub(reply_of(q, r), 0, 120)));
	if (!all)
		return j;
	json_object_set_new(j, "code", json_integer(r->code));
	json_object_set_new(j, "host", queue_answer_text(r->host));
	json_object_set_new(j, "attempts", json_integer(r->attempts));
	json_object_set_new(j, "tried", json_integer(r->tried_ms / 1000));
	json_object_set_new(j, "next", json_integer(r->due_ms / 1000));
	return j;
}

static json_t *message_json(const struct queue_role *q, const struct ledger_message *m, bool all)
{
	json_t *j = json_object(), *to = json_array();
	char id[QUEUE_ID_SIZE];
	int64_t next = 0;
	uint32_t attempts = 0;
	queue_id_format(record_pack(m->record), record_ordinal(m->record), id);
	for (size_t i = 0; i < m->recipient_count; i++) {
		const struct ledger_recipient *r = &m->recipients[i];
		if (r->state == OUTBOUND_WAIT && (next == 0 || r->due_ms < next))
			next = r->due_ms;
		attempts = r->attempts > attempts ? r->attempts : attempts;
		if (all || i < SHOWN_RECIPIENTS_MAX)
			json_array_append_new(to, recipient_json(q, m, r, all));
	}
	json_object_set_new(j, "id", json_string(id));
	json_object_set_new(j, "state", json_string(state_name(m)));
	json_object_set_new(j, "from", queue_answer_text(m->job.reverse_path));
	json_object_set_new(j, "size", json_integer((json_int_t)m->size));
	json_object_set_new(j, "created", json_integer(m->created_ms / 1000));
	json_object_set_new(j, "next", m->hold || next == 0 ? json_null() : json_integer(next / 1000));
	json_object_set_new(j, "attempts", json_integer(attempts));
	json_object_set_new(j, "recipient_count", json_integer((json_int_t)m->recipient_count));
	json_object_set_new(j, "recipients", to);
	if (all)
		json_object_set_new(j, "cid", queue_answer_text(m->job.cid));
	return j;
}

/* An address, or a domain with or without "@"; empty matches everything. */
static bool message_matches(const struct request *r, const struct ledger_message *m)
{
	struct slice state = queue_answer_argument(r->args, "state"), to = queue_answer_argument(r->args, "to");
	bool hit = to.n == 0;
	if (state.n > 0 && !slice_eq(state, slice_str(state_name(m))))
		return false;
	if (!queue_answer_matches(m->job.reverse_path, queue_answer_argument(r->args, "from")))
		return false;
	for (size_t i = 0; i < m->recipient_count && !hit; i++)
		hit = queue_answer_matches(m->job.recipients[m->recipients[i].index].address, to);
	return hit;
}

static int list_one(void *arg, const struct ledger_message *m)
{
	struct request *r = arg;
	if (!message_matches(r, m))
		return 0;
	json_t *j = message_json(NULL, m, false);
	char *s = json_dumps(j, JSON_COMPACT);
	size_t n = s != NULL ? strlen(s) + 1 : 0;
	free(s);
	if (r->listed == LIST_MAX || (r->listed > 0 && r->bytes + n > ADMIN_JSON_MAX - 1000)) {
		json_decref(j);
		json_object_set_new(r->result, "more", json_true());
		return 1;
	}
	r->listed++;
	r->bytes += n;
	json_array_append_new(json_object_get(r->result, "jobs"), j);
	json_object_set(r->result, "next", json_object_get(j, "id"));
	return 0;
}

static int work_list(struct ledger *ledger, void *arg, struct error *err)
{
	struct request *r = arg;
	struct slice after = queue_answer_argument(r->args, "after");
	uint32_t pack = 0, ordinal = 0;
	json_object_set_new(r->result, "jobs", json_array());
	json_object_set_new(r->result, "more", json_false());
	if (after.n > 0 && queue_id_parse(after, &pack, &ordinal) < 0) {
		fail(r, ADMIN_INVALID, "\"after\" is not a queue id.");
		return 0;
	}
	if (!is_state(queue_answer_argument(r->args, "state"))) {
		fail(r, ADMIN_INVALID, "States are queued, deferred, held and notifying.");
		return 0;
	}
	return ledger_messages(ledger, record_id(pack, ordinal), list_one, r, err);
}

static int work_show(struct ledger *ledger, void *arg, struct error *err)
{
	struct request *r = arg;
	int rc = ledger_message_get(ledger, r->record, &r->arena, &r->message, err);
	r->found = rc == 0;
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static void finish_show(struct request *r)
{
	json_t *j = message_json(r->q, &r->message, true);
	json_object_update(r->result, j);
	json_decref(j);
	answer(r);
}

/* ---- changes ---- */

static void on_written(struct queue_role *q, struct queue_job *job)
{
	struct request *r = CONTAINER_OF(job, struct request, job);
	if (job->op.result != QUEUE_OK)
		fail(r, ADMIN_FAILED, "The ledger could not be written.");
	ledger_op_free(&job->op);
	answer(r);
	queue_send_pump(q);
}

static void write_hold(struct request *r, bool hold, bool due)
{
	int64_t now = queue_now(r->q).wall_ms;
	r->job = (struct queue_job){.done = on_written, .op = {.kind = LEDGER_HOLD, .hold = {
		.record = r->record, .reason = HOLD_BY_HAND, .hold = hold, .due = due, .due_ms = now}}};
	queue_submit(r->q, &r->job);
}

static void finish_hold(struct request *r)
{
	schedule_hold(r->q->schedule, r->record, true, queue_schedule_now(r->q));
	write_hold(r, true, false);
}

/* Mail of a contained sender goes when he may send again (user.sending), not letter by letter. */
static bool is_contained(const struct request *r)
{
	return (r->message.hold & HOLD_CONTAINED) != 0;
}

static void finish_release(struct request *r)
{
	schedule_hold(r->q->schedule, r->record, is_contained(r), queue_schedule_now(r->q));
	write_hold(r, false, false);
}

static void finish_retry(struct request *r)
{
	schedule_retry(r->q->schedule, r->record, queue_schedule_now(r->q));
	if (is_contained(r))
		schedule_hold(r->q->schedule, r->record, true, queue_schedule_now(r->q));
	write_hold(r, false, true);
}

/* Ends every waiting recipient; bounce tells the sender, drop tells nobody. */
static void end_all(struct request *r, bool tell)
{
	struct ledger_mark marks[QUEUE_PART_RECIPIENTS];
	size_t count = 0;
	char id[QUEUE_ID_SIZE];
	queue_id_format(record_pack(r->record), record_ordinal(r->record), id);
	schedule_drop(r->q->schedule, r->record);
	for (size_t i = 0; i < r->message.recipient_count; i++) {
		const struct ledger_recipient *to = &r->message.recipients[i];
		if (tell && to->state != OUTBOUND_WAIT)
			continue;
		marks[count++] = (struct ledger_mark){
			.record = r->record, .recipient = to->index, .attempts = to->attempts, .tried_ms = to->tried_ms, .code = to->code,
			.enhanced = to->enhanced, .text = to->text, .host = to->host,
			.kind = tell ? queue_failure_kind(r->q, &r->message.job, to->index, slice_str(id)) : MARK_DONE};
		if (count == QUEUE_PART_RECIPIENTS) {
			queue_mark(r->q, marks, count);
			count = 0;
		}
	}
	if (count > 0)
		queue_mark(r->q, marks, count);
	answer(r); /* the marks are repeated until they are written */
}

static void finish_drop(struct request *r)
{
	end_all(r, false);
}

static void finish_bounce(struct request *r)
{
	end_all(r, true);
}

/* ---- stats and check ---- */

static int work_stats(struct ledger *ledger, void *arg, struct error *err)
{
	struct request *r = arg;
	struct ledger_stats s;
	int rc = ledger_stats(ledger, &s, err);
	if (rc < 0)
		return rc;
	json_t *j = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "records", (json_int_t)s.records, "record_bytes", (json_int_t)s.record_bytes,
	                      "refs", (json_int_t)s.refs, "refs_dropped", (json_int_t)s.refs_dropped, "messages", (json_int_t)s.messages,
	                      "message_bytes", (json_int_t)s.message_bytes, "oldest", (json_int_t)(s.oldest_ms / 1000),
	                      "held", (json_int_t)s.held, "waiting", (json_int_t)s.waiting);
	json_object_update(r->result, j);
	json_decref(j);
	return 0;
}

static void finish_stats(struct request *r)
{
	const struct queue_role *q = r->q;
	struct schedule_counts c = schedule_counts(q->schedule);
	json_object_set_new(r->result, "running", json_integer((json_int_t)c.running));
	json_object_set_new(r->result, "destinations", json_integer((json_int_t)c.destinations));
	json_object_set_new(r->result, "accepted", json_integer((json_int_t)q->accepted));
	json_object_set_new(r->result, "groups", json_integer((json_int_t)q->groups));
	json_object_set_new(r->result, "delivered", json_integer((json_int_t)q->delivered));
	json_object_set_new(r->result, "deferred", json_integer((json_int_t)q->deferred));
	json_object_set_new(r->result, "bounced", json_integer((json_int_t)q->bounced));
	json_object_set_new(r->result, "disk_full", json_boolean(q->full));
	answer(r);
}

static void problem(struct request *r, const char *what, const char *where, const char *safe)
{
	json_t *list = json_object_get(r->result, "problems");
	r->status = ADMIN_PARTIAL;
	if (json_array_size(list) < PROBLEMS_MAX)
		json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "what", what, "where", where, "safe", safe));
}

static int scrub_finding(void *arg, enum pack_finding finding, const struct pack_record *p)
{
	static const char *const what[] = {
		[PACK_FINDING_DAMAGED] = "a record does not verify", [PACK_FINDING_CUT] = "a record is cut", [PACK_FINDING_GAP] = "bytes between records are damaged"};
	struct request *r = arg;
	char where[80];
	if (finding == PACK_FINDING_RECORD || p->pack > r->packs.pack || (p->pack == r->packs.pack && p->offset >= r->packs.end))
		return 0; /* or it is just being written */
	if (finding == PACK_FINDING_GAP)
		snprintf(where, sizeof where, "pack %u, offset %llu", p->pack, (unsigned long long)p->offset);
	else
		snprintf(where, sizeof where, "pack %u, record %u", p->pack, p->ordinal);
	problem(r, what[finding], where, "every other record is safe");
	return 0;
}

static bool has_pack(const uint32_t *list, size_t count, uint32_t pack)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i] == pack)
			return true;
	}
	return false;
}

static void find_missing(struct request *r, const uint32_t *list, size_t count)
{
	char where[80];
	for (size_t i = 0; i < r->packs.live_count; i++) {
		snprintf(where, sizeof where, "pack %u", r->packs.live[i]);
		if (!has_pack(list, count, r->packs.live[i]))
			problem(r, "a pack is missing", where, "every other pack is safe");
	}
}

/* Runs beside the worker, which goes on with mail. */
static void check_work(void *arg)
{
	struct request *r = arg;
	uint32_t *list = NULL;
	size_t count = 0;
	struct error err = {0};
	uint64_t records = 0, bytes = 0;
	int dir = open(r->q->packs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || pack_list(r->q->packs, &list, &count, &err) < 0)
		problem(r, "the packs cannot be read", "packs", "unknown");
	find_missing(r, list, count);
	for (size_t i = 0; i < count && dir >= 0; i++) {
		struct pack_scrub_result result;
		if (pack_scrub(dir, list[i], scrub_finding, r, &result, &err) < 0)
			problem(r, "a pack cannot be read", err.private_text, "every other pack is safe");
		records += result.records;
		bytes += result.bytes;
	}
	json_object_set_new(r->result, "checked", json_pack("{s:I,s:I,s:I}", "packs", (json_int_t)count, "records", (json_int_t)records, "bytes", (json_int_t)bytes));
	if (dir >= 0)
		close(dir);
	memory_free(list);
	memory_free(r->packs.live);
}

static void check_done(void *arg)
{
	answer(arg);
}

static int work_check(struct ledger *ledger, void *arg, struct error *err)
{
	struct request *r = arg;
	json_object_set_new(r->result, "problems", json_array());
	if (ledger_check(ledger, false, err) < 0)
		problem(r, "the ledger is not consistent", err->private_text, "the packs hold every message");
	return ledger_packs(ledger, &r->packs, err);
}

static void finish_check(struct request *r)
{
	loop_work(r->q->ctx->loop, check_work, check_done, r);
}

/* ---- accounts ---- */

static void finish_account_remove(struct request *r)
{
	struct buf id = BUF_INIT(16);
	struct slice account = queue_answer_argument(r->args, "account");
	r->job = (struct queue_job){.done = on_written, .op = {.kind = LEDGER_REMOVE}};
	if (hex_decode(account, &id) < 0 || buf_len(&id) != 16) {
		fail(r, ADMIN_INVALID, "\"account\" must be 32 hexadecimal digits.");
		answer(r);
	} else {
		memcpy(r->job.op.remove.account, buf_slice(&id).p, 16);
		queue_submit(r->q, &r->job);
	}
	buf_free(&id);
}

/* ---- what is dead leaves the disk ---- */

static void finish_compact(struct request *r)
{
	queue_keep_clear(r->q);
	answer(r);
}

/* ---- the table ---- */

static const struct operation operations[] = {
	{"queue.list", false, work_list, answer},
	{"queue.show", true, work_show, finish_show},
	{"queue.hold", true, work_show, finish_hold},
	{"queue.release", true, work_show, finish_release},
	{"queue.retry", true, work_show, finish_retry},
	{"queue.drop", true, work_show, finish_drop},
	{"queue.bounce", true, work_show, finish_bounce},
	{"queue.stats", false, work_stats, finish_stats},
	{"queue.compact", false, NULL, finish_compact},
	{"queue.check", false, work_check, finish_check},
	{"queue.account_remove", false, NULL, finish_account_remove},
};

static void on_worked(struct queue_role *q, struct queue_job *job)
{
	struct request *r = CONTAINER_OF(job, struct request, job);
	if (job->op.result != QUEUE_OK)
		fail(r, ADMIN_FAILED, "The ledger could not be read.");
	else if (r->operation->needs_id && !r->found)
		fail(r, ADMIN_NOT_FOUND, "There is no such message in the queue.");
	if (r->status != ADMIN_OK && r->status != ADMIN_PARTIAL)
		answer(r);
	else
		r->operation->finish(r);
	(void)q;
}

static const struct operation *find_operation(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
		if (slice_eq(name, slice_str(operations[i].name)))
			return &operations[i];
	}
	return NULL;
}

static bool read_args(struct request *r, struct slice args)
{
	uint32_t pack, ordinal;
	r->args = json_loadb(args.n ? (const char *)args.p : "{}", args.n ? args.n : 2, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(r->args)) {
		fail(r, ADMIN_INVALID, "The arguments are not a JSON object.");
		return false;
	}
	if (r->operation == NULL) {
		fail(r, ADMIN_INVALID, "There is no such operation.");
		return false;
	}
	if (!r->operation->needs_id)
		return true;
	if (queue_id_parse(queue_answer_argument(r->args, "id"), &pack, &ordinal) < 0) {
		fail(r, ADMIN_NOT_FOUND, "There is no such message in the queue.");
		return false;
	}
	r->record = record_id(pack, ordinal);
	return true;
}

static void handle_admin(void *arg, struct ipc_call *call, const void *message)
{
	const struct ipc_queue_admin *m = message;
	struct request *r;
	if (slice_starts(m->op, SLICE("quarantine."))) {
		queue_quarantine_admin(arg, call, m);
		return;
	}
	if (slice_starts(m->op, SLICE("junk."))) {
		queue_lessons_admin(arg, call, m);
		return;
	}
	if (slice_starts(m->op, SLICE("report."))) {
		queue_report_admin(arg, call, m);
		return;
	}
	r = memory_alloc(sizeof *r);
	r->q = arg;
	r->call = call;
	r->result = json_object();
	r->operation = find_operation(m->op);
	if (!read_args(r, m->args) || r->q->stopping) {
		if (r->q->stopping)
			fail(r, ADMIN_UNAVAILABLE, "The queue is stopping.");
		answer(r);
		return;
	}
	if (r->operation->work == NULL) {
		r->operation->finish(r);
		return;
	}
	r->job.done = on_worked;
	r->job.op.kind = LEDGER_CALL;
	r->job.op.call.fn = r->operation->work;
	r->job.op.call.arg = r;
	queue_submit(r->q, &r->job);
}

void queue_admin_setup(struct queue_role *q)
{
	ipc_handle(q->ctx->ipc, IPC_QUEUE_ADMIN, handle_admin, q);
}
