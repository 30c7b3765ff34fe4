/* Email/query (RFC 8621 4.4). */
#include "base/memory.h"
#include "jmap/email_remember.h"

struct querying {
	struct jmap_query query;
	struct jmap_running running;
	struct slice state;
	bool collapse, found;
	size_t at, to;
	uint64_t limited; /* the limit that was ours; 0: it was not cut */
};

static void forget(struct jmap_call *call)
{
	struct querying *x = call->state;

	jmap_email_query_end(&x->running);
}

static bool begin(struct jmap_call *call)
{
	static const char *const more[] = {"collapseThreads", NULL};
	struct querying *x = ARENA_NEW(&call->arena, struct querying);

	if (!jmap_query_args(call, jmap_email_condition_check, jmap_email_sorts, more, &x->query) || !jmap_email_query_check(call, &x->query, &x->collapse)
	    || !jmap_state_of(call, JMAP_TYPE_EMAIL, &x->state))
		return false;
	call->state = x;
	call->forget = forget;
	return true;
}

/* Only what was true of one state throughout. */
static void remember(struct jmap_call *call, const struct querying *x)
{
	struct slice now;

	if (x->running.sliced && jmap_state_of(call, JMAP_TYPE_EMAIL, &now) && slice_eq(now, x->state))
		jmap_remembered_put(call, &x->query, x->collapse, x->state, &x->running.result);
}

/* JMAP_DONE: the result is there, or running.code says why not. */
static enum jmap_step run(struct jmap_call *call, struct querying *x)
{
	if (!x->running.sliced && jmap_remembered_find(call, &x->query, x->collapse, x->state, &x->running.result))
		return JMAP_DONE;
	if (jmap_email_query_run(call, &x->query, x->collapse, false, &x->running) == JMAP_AGAIN)
		return JMAP_AGAIN;
	if (x->running.code == 0)
		remember(call, x);
	return JMAP_DONE;
}

/* The answer begins; false: the error is given. */
static bool found(struct jmap_call *call, struct querying *x)
{
	struct jmap_query *q = &x->query;
	const struct jmap_result *result = &x->running.result;
	bool ours = q->limit > JMAP_QUERY_MAX;

	q->limit = ours ? JMAP_QUERY_MAX : q->limit;
	if (!jmap_query_window(call, q, result->count, q->anchor.n > 0 ? jmap_result_find(result, q->anchor) : 0, &x->at, &x->to))
		return false;
	x->limited = ours && x->to - x->at == JMAP_QUERY_MAX ? JMAP_QUERY_MAX : 0;
	x->found = true;
	jmap_query_begin(call, x->state, true, x->at);
	return true;
}

enum jmap_step jmap_email_query(struct jmap_call *call)
{
	struct querying *x;

	if (call->state == NULL && !begin(call))
		return JMAP_DONE;
	x = call->state;
	if (!x->found) {
		if (run(call, x) == JMAP_AGAIN)
			return JMAP_AGAIN;
		if (x->running.code < 0)
			return jmap_error_code(call, x->running.code);
		if (!found(call, x))
			return JMAP_DONE;
	}
	while (jmap_room(call)) {
		if (x->at == x->to) {
			jmap_query_end(call, &x->query, x->running.result.total, x->limited);
			return JMAP_DONE;
		}
		emit_id(jmap_out(call), 'M', x->running.result.list[x->at++].id);
	}
	return JMAP_AGAIN;
}
