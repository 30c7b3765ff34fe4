#include "audit/query.h"

#include "base/ensure.h"

#define TRACE_IDS_MAX 10000

struct slice audit_record_text(const struct audit_record *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (!r->fields[i].is_number && slice_eq(r->fields[i].name, slice_str(name)))
			return r->fields[i].text;
	return SLICE_NONE;
}

/* Equal, or one of the words. */
static bool has_word(struct slice text, struct slice word)
{
	struct slice one;
	if (slice_eq_nocase(text, word))
		return true;
	while (slice_split(&text, ' ', &one))
		if (slice_eq_nocase(one, word))
			return true;
	return false;
}

static bool part_has(const struct audit_record *r, enum log_part part, struct slice wanted)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct log_field_row *row = log_field_find(r->fields[i].name);
		if (row != NULL && row->part == part && !r->fields[i].is_number && has_word(r->fields[i].text, wanted))
			return true;
	}
	return false;
}

bool audit_query_matches(const struct audit_query *q, const struct audit_record *r)
{
	return r->wall_ms >= q->since_ms && (q->until_ms == 0 || r->wall_ms < q->until_ms) && (q->event.n == 0 || slice_eq(q->event, r->event))
		&& (q->class.n == 0 || slice_eq(q->class, r->class)) && (q->cid.n == 0 || slice_eq(q->cid, audit_record_text(r, "cid")))
		&& (q->actor.n == 0 || part_has(r, LOG_PART_WHO, q->actor)) && (q->object.n == 0 || part_has(r, LOG_PART_WHAT, q->object));
}

/* ---- the trace ---- */

void audit_trace_init(struct audit_trace *t)
{
	*t = (struct audit_trace){.ids = MAP_INIT};
}

void audit_trace_free(struct audit_trace *t)
{
	map_free(&t->ids);
}

struct slice audit_trace_id(const struct audit_record *r)
{
	struct slice mid = audit_record_text(r, "mid");
	return mid.n > 0 ? mid : slice_starts(r->event, SLICE("queue.")) ? audit_record_text(r, "id") : SLICE_NONE;
}

static bool names_it(const struct audit_trace *t, const struct audit_record *r)
{
	struct slice from = audit_record_text(r, "from"), to = audit_record_text(r, "to"), user = audit_record_text(r, "user");
	if (t->id.n > 0 && !slice_eq(t->id, audit_trace_id(r)) && !slice_eq(t->id, audit_record_text(r, "cid")))
		return false;
	if (t->from.n > 0 && !has_word(from, t->from))
		return false;
	if (t->to.n > 0 && !has_word(to, t->to))
		return false;
	return t->address.n == 0 || has_word(from, t->address) || has_word(to, t->address) || has_word(user, t->address);
}

bool audit_trace_takes(struct audit_trace *t, const struct audit_record *r)
{
	struct slice id = audit_trace_id(r);
	if (!slice_eq(r->class, SLICE("mail")) && !slice_eq(r->event, SLICE("policy.acted")))
		return false;
	if (id.n > 0 && map_get(&t->ids, id) != NULL)
		return true;
	if (!names_it(t, r))
		return false;
	if (id.n > 0 && t->ids.count < TRACE_IDS_MAX)
		map_put(&t->ids, id, t);
	return true;
}
