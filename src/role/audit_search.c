/* Lists of records, traces of messages, who looked into a mailbox. In the pool, over a picture of the log. */
#include <string.h>

#include "audit/own.h"
#include "audit/query.h"
#include "role/audit_admin.h"

/* The record as a JSON object with names instead of letters. */
static json_t *record_json(const struct audit_record *r)
{
	json_t *object = json_object();
	json_object_set_new(object, "number", json_integer((json_int_t)r->n));
	json_object_set_new(object, "time", json_integer((json_int_t)(r->wall_ms / 1000)));
	json_object_set_new(object, "ms", json_integer((json_int_t)(r->wall_ms % 1000)));
	json_object_set_new(object, "event", json_stringn((const char *)r->event.p, r->event.n));
	json_object_set_new(object, "class", json_stringn((const char *)r->class.p, r->class.n));
	json_object_set_new(object, "level", json_stringn((const char *)r->level.p, r->level.n));
	json_object_set_new(object, "role", json_stringn((const char *)r->role.p, r->role.n));
	json_t *fields = json_object();
	for (size_t i = 0; i < r->count; i++)
		json_object_setn_new(fields, (const char *)r->fields[i].name.p, r->fields[i].name.n, r->fields[i].is_number
			? json_integer((json_int_t)r->fields[i].number) : json_stringn((const char *)r->fields[i].text.p, r->fields[i].text.n));
	json_object_set_new(object, "fields", fields);
	return object;
}

struct search {
	struct audit_op *op;
	struct audit_query query;
	struct audit_trace trace;
	uint64_t limit;
	struct audit_own *own;  /* NULL: not this one */
	uint64_t after;         /* of an own trace: records below only tell which letters are meant */
	bool traces, downwards;
};

/* True: the page is full; the record begins the next one. */
static bool page_ends(struct search *s, size_t size)
{
	struct audit_op *op = s->op;
	return op->listed >= s->limit || op->looked > AUDIT_LOOKED_MAX || (op->listed > 0 && op->bytes + size > AUDIT_ANSWER_BYTES);
}

static bool is_wanted(struct search *s, struct audit_record *r)
{
	if (!audit_query_matches(&s->query, r))
		return false;
	return s->own != NULL ? audit_own_takes(s->own, r) : !s->traces || audit_trace_takes(&s->trace, r);
}

static int look(void *arg, const struct audit_item *item)
{
	struct search *s = arg;
	struct audit_op *op = s->op;
	struct arena arena = ARENA_INIT;
	struct audit_record r;
	int rc = 0;
	op->looked++;
	if (item->n >= s->after && page_ends(s, item->text.n * 2)) {
		op->more = true;
		op->next = s->downwards ? item->n + 1 : item->n;
		return 1;
	}
	if (item->text.n > 0 && audit_record_parse(item->text, &arena, &r) == 0) {
		bool hit = is_wanted(s, &r);
		if (hit && item->n >= s->after) {
			json_array_append_new(op->list, record_json(&r));
			op->listed++;
			op->bytes += item->text.n * 2;
		} else if (!hit && s->downwards && r.wall_ms < s->query.since_ms - HOURS_MS(1)) {
			rc = 1; /* processes may hand over their records up to an hour late */
		}
	}
	arena_free(&arena);
	return rc;
}

static void search_run(struct search *s, uint64_t from)
{
	struct audit_op *op = s->op;
	op->list = json_array();
	if (audit_view_walk(op->view, from, s->downwards, look, s, &op->err) < 0)
		audit_op_fail(op, ADMIN_FAILED, op->err.private_text);
	json_object_set_new(op->result, "records", op->list);
	json_object_set_new(op->result, "more", json_boolean(op->more));
	if (op->more)
		audit_op_set_number(op, "next", op->next);
}

static struct search search_of(struct audit_op *op)
{
	struct search s = {.op = op, .limit = audit_op_number(op, "limit", AUDIT_PAGE)};
	s.limit = s.limit == 0 || s.limit > AUDIT_PAGE ? AUDIT_PAGE : s.limit;
	s.query = (struct audit_query){
		.since_ms = (int64_t)audit_op_number(op, "since", 0) * 1000, .until_ms = (int64_t)audit_op_number(op, "until", 0) * 1000,
		.event = audit_op_text(op, "event"), .class = audit_op_text(op, "class"), .actor = audit_op_text(op, "actor"),
		.object = audit_op_text(op, "object"), .cid = audit_op_text(op, "cid"),
	};
	return s;
}

/* Newest first; `after`: records below that number. */
void audit_op_list(struct audit_op *op)
{
	struct search s = search_of(op);
	s.downwards = true;
	if (s.query.event.n > 0 && log_event_find(s.query.event) == EV_COUNT)
		audit_op_fail(op, ADMIN_INVALID, "There is no such event.");
	else if (s.query.class.n > 0 && log_class_find(s.query.class) == LOG_CLASS_COUNT)
		audit_op_fail(op, ADMIN_INVALID, "There is no such class.");
	else
		search_run(&s, audit_op_number(op, "after", UINT64_MAX));
}

/* Oldest first, from `since` on. A further page knows the messages of the former ones only when they are asked for by id. */
void audit_op_trace(struct audit_op *op)
{
	struct search s = search_of(op);
	uint64_t from = audit_op_number(op, "after", audit_view_since(op->view, s.query.since_ms));
	audit_trace_init(&s.trace);
	s.traces = true;
	s.trace.id = audit_op_text(op, "id");
	s.trace.address = audit_op_text(op, "address");
	s.trace.from = audit_op_text(op, "from");
	s.trace.to = audit_op_text(op, "to");
	if (s.trace.id.n + s.trace.address.n + s.trace.from.n + s.trace.to.n == 0)
		audit_op_fail(op, ADMIN_INVALID, "Name a message: by id, address, from or to.");
	else
		search_run(&s, from);
	audit_trace_free(&s.trace);
}

/* auth has looked whether the caller may see the account; without one it is the caller's own. */
void audit_op_own(struct audit_op *op)
{
	struct search s = search_of(op);
	struct audit_own own;
	struct slice address = audit_op_text(op, "address");
	audit_own_init(&own, address.n > 0 ? address : op->subject, audit_op_text(op, "id"));
	s.own = &own;
	s.after = audit_op_number(op, "after", 0);
	search_run(&s, audit_view_since(op->view, s.query.since_ms));
	audit_own_free(&own);
}

void audit_op_access(struct audit_op *op)
{
	struct search s = search_of(op);
	struct slice owner = audit_op_text(op, "address");
	s.downwards = true;
	s.query.class = SLICE("access");
	s.query.object = owner;
	if (!op->role->ctx->config->audit_owner_sees && slice_eq_nocase(owner, op->subject))
		audit_op_fail(op, ADMIN_DENIED, "The policy of this organisation does not show this to owners.");
	else
		search_run(&s, audit_op_number(op, "after", UINT64_MAX));
}
