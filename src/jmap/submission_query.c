/* EmailSubmission/query and /queryChanges (RFC 8621 7.3 and 7.4). */
#include <stdlib.h>
#include <string.h>

#include "jmap/date.h"
#include "jmap/sent.h"

static const char *const sorts[] = {"emailId", "threadId", "sentAt", "sendAt", NULL};

struct row {
	const struct jmap_sent *sent;
	struct jmap_sent_data data;
};
struct querying {
	struct jmap_query q;
	struct jmap_sent_load load;
	struct row *rows;
	size_t count;
};

static bool is_list(const json_t *value)
{
	const json_t *one;
	size_t i;

	json_array_foreach(value, i, one)
		if (!json_is_string(one))
			return false;
	return json_is_array(value);
}

static const char *check(struct jmap_call *call, const json_t *condition)
{
	const char *name;
	json_t *value;
	int64_t when;

	json_object_foreach((json_t *)(uintptr_t)condition, name, value) {
		bool list = strcmp(name, "identityIds") == 0 || strcmp(name, "emailIds") == 0 || strcmp(name, "threadIds") == 0;
		bool date = strcmp(name, "before") == 0 || strcmp(name, "after") == 0;

		if (!list && !date && strcmp(name, "undoStatus") != 0)
			return "unsupportedFilter";
		if (list ? !is_list(value) : !json_is_string(value) || (date && jmap_date_parse(jmap_text(value), true, &when) < 0))
			return "invalidArguments";
	}
	return NULL;
}

static bool is_in(const json_t *list, struct slice text)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (slice_eq(jmap_text(one), text))
			return true;
	return false;
}

static bool holds(void *arg, const json_t *condition)
{
	const struct row *r = arg;
	const char *name;
	json_t *value;
	int64_t when = 0;

	json_object_foreach((json_t *)(uintptr_t)condition, name, value) {
		bool good = true;

		(void)jmap_date_parse(jmap_text(value), true, &when);
		if (strcmp(name, "identityIds") == 0)
			good = is_in(value, r->data.identity);
		else if (strcmp(name, "emailIds") == 0)
			good = is_in(value, r->data.email);
		else if (strcmp(name, "threadIds") == 0)
			good = is_in(value, r->data.thread);
		else if (strcmp(name, "undoStatus") == 0)
			good = slice_eq(jmap_text(value), slice_str(jmap_sent_undo(r->sent)));
		else if (strcmp(name, "before") == 0)
			good = jmap_sent_at(r->sent) < when;
		else
			good = jmap_sent_at(r->sent) >= when;
		if (!good)
			return false;
	}
	return true;
}

static int compare(const void *pa, const void *pb, void *arg)
{
	const struct jmap_query *q = arg;
	const struct row *a = pa, *b = pb;
	int order = 0;

	for (size_t i = 0; i < q->sort_count && order == 0; i++) {
		int64_t at = jmap_sent_at(a->sent), bt = jmap_sent_at(b->sent);

		order = q->sort[i].index == 0 ? slice_cmp(a->data.email, b->data.email) : q->sort[i].index == 1 ? slice_cmp(a->data.thread, b->data.thread)
			: at < bt ? -1 : at > bt;
		order = q->sort[i].descending ? -order : order;
	}
	return order != 0 ? order : memcmp(a->sent->id, b->sent->id, 16);
}

static void choose(struct jmap_call *call, struct querying *s)
{
	s->rows = arena_alloc_array(&call->arena, s->load.count + 1, sizeof *s->rows);
	for (size_t i = 0; i < s->load.count; i++) {
		struct row *r = &s->rows[s->count];

		r->sent = &s->load.all[i];
		jmap_sent_data_read(call, r->sent->data, &r->data);
		s->count += !r->sent->gone && jmap_filter_holds(s->q.filter, holds, r);
	}
	if (s->count > 0)
		qsort_r(s->rows, s->count, sizeof *s->rows, compare, &s->q);
}

static size_t find(const struct querying *s, struct slice id)
{
	uint8_t wanted[16];

	for (size_t i = 0; jmap_id_parse(id, 'S', wanted) && i < s->count; i++)
		if (memcmp(s->rows[i].sent->id, wanted, 16) == 0)
			return i;
	return SIZE_MAX;
}

enum jmap_step jmap_submission_query(struct jmap_call *call)
{
	struct querying *s = call->state;
	size_t from, to;

	if (s == NULL) {
		call->state = s = ARENA_NEW(&call->arena, struct querying);
		if (!jmap_query_args(call, check, sorts, NULL, &s->q))
			return JMAP_DONE;
	}
	if (jmap_sent_load(call, &s->load) == JMAP_WAIT)
		return JMAP_WAIT;
	if (s->load.code < 0)
		return jmap_error_code(call, s->load.code);
	choose(call, s);
	if (!jmap_query_window(call, &s->q, s->count, find(s, s->q.anchor), &from, &to))
		return JMAP_DONE;
	jmap_query_begin(call, jmap_sent_state_text(call, s->load.state), false, from);
	for (size_t i = from; i < to; i++)
		emit_id(jmap_out(call), 'S', s->rows[i].sent->id);
	jmap_query_end(call, &s->q, s->count, 0);
	return JMAP_DONE;
}

/* Whoever sees another state asks anew: there are few of them. */
enum jmap_step jmap_submission_query_changes(struct jmap_call *call)
{
	struct jmap_query q;

	if (!jmap_query_changes_args(call, check, sorts, NULL, &q))
		return JMAP_DONE;
	return jmap_error(call, "cannotCalculateChanges", NULL);
}
