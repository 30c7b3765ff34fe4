/* The quarantine: what is held is listed by what stands in its job, let go, returned or deleted by who may, and goes by itself in the end. */
#include <string.h>

#include "base/ensure.h"
#include "base/log.h"
#include "base/memory.h"
#include "queue/quarantine.h"
#include "role/queue.h"
#include "role/queue_answer.h"

#define LIST_MAX 100
#define SHOWN_RECIPIENTS_MAX 50
#define EXPIRED_MAX 100            /* letters that go in one turn */

struct act;

struct operation {
	const char *name;
	bool needs_id;
	ledger_call_fn *work;          /* on the worker */
	void (*finish)(struct act *a); /* on the loop, when the letter is there; NULL: the answer is ready */
	int event;                     /* of what was done; -1: none */
};

struct act {
	struct queue_job job;
	struct list_node node;         /* in queue_role.quarantine_acts while it changes something */
	struct queue_role *q;
	struct ipc_call *call;
	const struct operation *operation;
	json_t *args, *result;
	enum admin_status status;
	uint64_t record;
	struct arena arena;
	struct slice actor;
	struct quarantine_item item;
	bool found;
	size_t listed;
};

/* ---- answers ---- */

static void fail(struct act *a, enum admin_status status, const char *why)
{
	a->status = status;
	json_object_clear(a->result);
	json_object_set_new(a->result, "error", json_string(why));
}

static void answer(struct act *a)
{
	queue_answer_send(a->call, a->status, a->result);
	list_remove(&a->node);
	ledger_op_free(&a->job.op);
	json_decref(a->args);
	json_decref(a->result);
	arena_free(&a->arena);
	memory_free(a);
}

/* "class scanner name" */
static json_t *item_json(const struct queue_role *q, const struct quarantine_item *item)
{
	json_t *j = json_object(), *to = json_array();
	struct slice held = item->job.held, reason = SLICE_NONE, by = SLICE_NONE;
	char id[QUEUE_ID_SIZE];
	queue_id_format(record_pack(item->record), record_ordinal(item->record), id);
	slice_split(&held, ' ', &reason);
	slice_split(&held, ' ', &by);
	for (size_t i = 0; i < item->job.recipient_count && i < SHOWN_RECIPIENTS_MAX; i++)
		json_array_append_new(to, queue_answer_text(item->job.recipients[i].address));
	json_object_set_new(j, "id", json_string(id));
	json_object_set_new(j, "time", json_integer(item->created_ms / 1000));
	json_object_set_new(j, "ends", json_integer((item->created_ms + q->ctx->config->quarantine_keep) / 1000));
	json_object_set_new(j, "from", queue_answer_text(item->job.reverse_path));
	json_object_set_new(j, "to", to);
	json_object_set_new(j, "recipient_count", json_integer((json_int_t)item->job.recipient_count));
	json_object_set_new(j, "size", json_integer((json_int_t)item->size));
	json_object_set_new(j, "reason", queue_answer_text(reason));
	json_object_set_new(j, "by", queue_answer_text(by));
	json_object_set_new(j, "name", queue_answer_text(held));
	json_object_set_new(j, "reviewable", json_boolean(item->job.has_reviewer));
	return j;
}

/* ---- list ---- */

static bool item_matches(const struct act *a, const struct quarantine_item *item)
{
	struct slice to = queue_answer_argument(a->args, "to"), reason = queue_answer_argument(a->args, "reason");
	bool hit = to.n == 0;
	for (size_t i = 0; i < item->job.recipient_count && !hit; i++)
		hit = queue_answer_matches(item->job.recipients[i].address, to);
	return hit && queue_answer_matches(item->job.reverse_path, queue_answer_argument(a->args, "from")) && (reason.n == 0 || slice_starts(item->job.held, reason));
}

static int list_one(void *arg, const struct quarantine_item *item)
{
	struct act *a = arg;
	json_t *j;
	if (!item_matches(a, item))
		return 0;
	if (a->listed == LIST_MAX) {
		json_object_set_new(a->result, "more", json_true());
		return 1;
	}
	a->listed++;
	j = item_json(a->q, item);
	json_object_set(a->result, "next", json_object_get(j, "id"));
	json_array_append_new(json_object_get(a->result, "messages"), j);
	return 0;
}

static int work_list(struct ledger *ledger, void *arg, struct error *err)
{
	struct act *a = arg;
	struct slice after = queue_answer_argument(a->args, "after");
	uint32_t pack = 0, ordinal = 0;
	json_object_set_new(a->result, "messages", json_array());
	json_object_set_new(a->result, "more", json_false());
	if (after.n > 0 && queue_id_parse(after, &pack, &ordinal) < 0) {
		fail(a, ADMIN_INVALID, "\"after\" is not a queue id.");
		return 0;
	}
	return quarantine_list(ledger, record_id(pack, ordinal), list_one, a, err);
}

static int work_get(struct ledger *ledger, void *arg, struct error *err)
{
	struct act *a = arg;
	int rc = quarantine_get(ledger, a->record, &a->arena, &a->item, err);
	a->found = rc == 0 && !a->item.waits;
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static void finish_show(struct act *a)
{
	json_t *j = item_json(a->q, &a->item);
	json_object_update(a->result, j);
	json_decref(j);
	answer(a);
}

/* ---- changes ---- */

static void tell(const struct act *a, struct slice mid)
{
	char id[QUEUE_ID_SIZE];
	queue_id_format(record_pack(a->record), record_ordinal(a->record), id);
	log_event((enum log_event)a->operation->event, LOG_STR("id", id), LOG_TEXT("mid", mid), LOG_TEXT("cid", a->item.job.cid), LOG_TEXT("actor", a->actor),
	          LOG_TEXT("from", a->item.job.reverse_path), LOG_TEXT("what", a->item.job.held));
}

static void on_let_go(struct queue_role *q, void *arg, enum queue_result result, struct slice queue_id)
{
	struct act *a = arg;
	if (result == QUEUE_OK) {
		tell(a, queue_id);
		json_object_set_new(a->result, "queue_id", queue_answer_text(queue_id));
	} else if (result == QUEUE_REFUSED) {
		fail(a, ADMIN_FAILED, "The message cannot be let go: nobody is there to get it, or it is damaged.");
	} else {
		fail(a, ADMIN_FAILED, "The ledger could not be written.");
	}
	answer(a);
}

static void finish_release(struct act *a)
{
	queue_accept_held(a->q, a->record, a->item.size, false, on_let_go, a);
}

static void finish_look(struct act *a)
{
	if (!a->item.job.has_reviewer) {
		fail(a, ADMIN_FAILED, "No mailbox of reviewers was set (quarantine.reviewer) when this message was held: nobody but its recipients can read it.");
		answer(a);
		return;
	}
	queue_accept_held(a->q, a->record, a->item.size, true, on_let_go, a);
}

static void on_ended(struct queue_role *q, struct queue_job *job)
{
	struct act *a = CONTAINER_OF(job, struct act, job);
	if (job->op.result != QUEUE_OK) {
		fail(a, ADMIN_FAILED, "The ledger could not be written.");
	} else {
		tell(a, SLICE_NONE);
		if (job->op.quarantine.tell)
			queue_notice(q, a->record);
	}
	answer(a);
}

static void end(struct act *a, bool tell_sender)
{
	a->job = (struct queue_job){.done = on_ended, .op = {.kind = LEDGER_QUARANTINE, .quarantine = {.record = a->record, .tell = tell_sender}}};
	queue_submit(a->q, &a->job);
}

static void finish_return(struct act *a)
{
	end(a, true);
}

static void finish_delete(struct act *a)
{
	end(a, false);
}

/* ---- the table ---- */

static const struct operation operations[] = {
	{"quarantine.list", false, work_list, NULL, -1},
	{"quarantine.show", true, work_get, finish_show, -1},
	{"quarantine.look", true, work_get, finish_look, EV_QUARANTINE_LOOKED},
	{"quarantine.release", true, work_get, finish_release, EV_QUARANTINE_RELEASED},
	{"quarantine.return", true, work_get, finish_return, EV_QUARANTINE_RETURNED},
	{"quarantine.delete", true, work_get, finish_delete, EV_QUARANTINE_DELETED},
};

static void on_worked(struct queue_role *q, struct queue_job *job)
{
	struct act *a = CONTAINER_OF(job, struct act, job);
	if (job->op.result != QUEUE_OK)
		fail(a, ADMIN_FAILED, "The ledger could not be read.");
	else if (a->operation->needs_id && !a->found)
		fail(a, ADMIN_NOT_FOUND, "There is no such message in quarantine.");
	if (a->status != ADMIN_OK || a->operation->finish == NULL)
		answer(a);
	else
		a->operation->finish(a);
}

static const struct operation *find_operation(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(operations); i++)
		if (slice_eq(name, slice_str(operations[i].name)))
			return &operations[i];
	return NULL;
}

/* Of two acts on one letter the second waits until the first is done: it is refused, and may be repeated. */
static bool is_busy(const struct queue_role *q, uint64_t record)
{
	LIST_FOREACH(node, &q->quarantine_acts)
		if (LIST_ITEM(node, struct act, node)->record == record)
			return true;
	return false;
}

static bool read_args(struct act *a, struct slice args)
{
	uint32_t pack, ordinal;
	a->args = json_loadb(args.n ? (const char *)args.p : "{}", args.n ? args.n : 2, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(a->args) || a->operation == NULL) {
		fail(a, ADMIN_INVALID, "There is no such operation, or its arguments are not a JSON object.");
		return false;
	}
	if (!a->operation->needs_id)
		return true;
	if (queue_id_parse(queue_answer_argument(a->args, "id"), &pack, &ordinal) < 0) {
		fail(a, ADMIN_NOT_FOUND, "There is no such message in quarantine.");
		return false;
	}
	a->record = record_id(pack, ordinal);
	if (a->operation->event >= 0 && is_busy(a->q, a->record)) {
		fail(a, ADMIN_UNAVAILABLE, "Somebody else decides about this message just now.");
		return false;
	}
	return true;
}

void queue_quarantine_admin(struct queue_role *q, struct ipc_call *call, const struct ipc_queue_admin *m)
{
	struct act *a = memory_alloc(sizeof *a);
	a->q = q;
	a->call = call;
	a->result = json_object();
	a->operation = find_operation(m->op);
	a->actor = arena_dup(&a->arena, m->subject);
	a->job.op.kind = LEDGER_CALL;
	if (!read_args(a, m->args) || q->stopping) {
		if (q->stopping)
			fail(a, ADMIN_UNAVAILABLE, "The queue is stopping.");
		answer(a);
		return;
	}
	if (a->operation->event >= 0)
		list_append(&q->quarantine_acts, &a->node);
	a->job.done = on_worked;
	a->job.op.call.fn = a->operation->work;
	a->job.op.call.arg = a;
	queue_submit(q, &a->job);
}

/* ---- the end of the time ---- */

struct expiry {
	struct queue_job job;
	int64_t before_ms;
	uint64_t records[EXPIRED_MAX];
	size_t count, next;
};

static int work_expired(struct ledger *ledger, void *arg, struct error *err)
{
	struct expiry *x = arg;
	return quarantine_before(ledger, x->before_ms, x->records, EXPIRED_MAX, &x->count, err);
}

static void expire_next(struct queue_role *q, struct expiry *x);

static void on_expired(struct queue_role *q, struct queue_job *job)
{
	struct expiry *x = CONTAINER_OF(job, struct expiry, job);
	char id[QUEUE_ID_SIZE];
	if (job->op.result == QUEUE_OK) {
		queue_id_format(record_pack(x->records[x->next]), record_ordinal(x->records[x->next]), id);
		log_event(EV_QUARANTINE_EXPIRED, LOG_STR("id", id));
	}
	x->next++;
	expire_next(q, x);
}

static void expire_next(struct queue_role *q, struct expiry *x)
{
	if (x->next == x->count || q->stopping) {
		q->quarantine_ms = queue_now(q).mono_ms + (x->count == EXPIRED_MAX ? 0 : MINUTES_MS(5));
		memory_free(x);
		queue_try_stop(q);
		return;
	}
	if (is_busy(q, x->records[x->next])) {
		x->next++;
		expire_next(q, x);
		return;
	}
	x->job = (struct queue_job){.done = on_expired, .op = {.kind = LEDGER_QUARANTINE, .quarantine = {.record = x->records[x->next]}}};
	queue_submit(q, &x->job);
}

static void on_found(struct queue_role *q, struct queue_job *job)
{
	struct expiry *x = CONTAINER_OF(job, struct expiry, job);
	if (job->op.result != QUEUE_OK)
		x->count = 0;
	expire_next(q, x);
}

void queue_quarantine_tick(struct queue_role *q)
{
	struct expiry *x;
	if (queue_now(q).mono_ms < q->quarantine_ms || q->stopping)
		return;
	q->quarantine_ms = INT64_MAX;
	x = memory_alloc(sizeof *x);
	x->before_ms = queue_now(q).wall_ms - q->ctx->config->quarantine_keep;
	x->job = (struct queue_job){.done = on_found, .op = {.kind = LEDGER_CALL, .call = {.fn = work_expired, .arg = x}}};
	queue_submit(q, &x->job);
}
