/* Email/query (RFC 8621 4.4). */
#include "base/memory.h"
#include "jmap/email_result.h"

struct querying {
	struct jmap_query query;
	struct jmap_result result;
	size_t at, to;
	uint64_t limited; /* the limit that was ours; 0: it was not cut */
};

static void forget(struct jmap_call *call)
{
	struct querying *x = call->state;

	MEMORY_FREE(&x->result.list);
}

/* JMAP_AGAIN: the answer has begun. */
static enum jmap_step begin(struct jmap_call *call)
{
	static const char *const more[] = {"collapseThreads", NULL};
	struct querying *x = ARENA_NEW(&call->arena, struct querying);
	struct jmap_query *q = &x->query;
	struct slice state;
	bool collapse, ours;
	int rc;

	if (!jmap_query_args(call, jmap_email_condition_check, jmap_email_sorts, more, q) || !jmap_email_query_check(call, q, &collapse)
	    || !jmap_state_of(call, JMAP_TYPE_EMAIL, &state))
		return JMAP_DONE;
	rc = jmap_email_query_run(call, q, collapse, false, &x->result);
	if (rc < 0)
		return jmap_error_code(call, rc);
	call->state = x;
	call->forget = forget;
	ours = q->limit > JMAP_QUERY_MAX;
	q->limit = ours ? JMAP_QUERY_MAX : q->limit;
	if (!jmap_query_window(call, q, x->result.count, q->anchor.n > 0 ? jmap_result_find(&x->result, q->anchor) : 0, &x->at, &x->to))
		return JMAP_DONE;
	x->limited = ours && x->to - x->at == JMAP_QUERY_MAX ? JMAP_QUERY_MAX : 0;
	jmap_query_begin(call, state, true, x->at);
	return JMAP_AGAIN;
}

enum jmap_step jmap_email_query(struct jmap_call *call)
{
	struct querying *x = call->state;

	if (x == NULL) {
		if (begin(call) == JMAP_DONE)
			return JMAP_DONE;
		x = call->state;
	}
	while (jmap_room(call)) {
		if (x->at == x->to) {
			jmap_query_end(call, &x->query, x->result.total, x->limited);
			return JMAP_DONE;
		}
		emit_id(jmap_out(call), 'M', x->result.list[x->at++].id);
	}
	return JMAP_AGAIN;
}
