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
	jmap_query_begin(call, jmap_sent_state_text(call, s->load.state), true, from);
	for (size_t i = from; i < to; i++)
		emit_id(jmap_out(call), 'S', s->rows[i].sent->id);
	jmap_query_end(call, &s->q, s->count, 0);
	return JMAP_DONE;
}

/* ---- queryChanges: whatever has changed since then is removed; what the result has of it now is added ---- */

static void put_removed(struct jmap_call *call, const struct querying *s, uint64_t since)
{
	emit_key(jmap_out(call), "removed");
	emit_array(jmap_out(call));
	for (size_t i = 0; i < s->load.count; i++)
		if (s->load.all[i].change > since)
			emit_id(jmap_out(call), 'S', s->load.all[i].id);
	emit_array_end(jmap_out(call));
}

static void put_added(struct jmap_call *call, const struct querying *s, uint64_t since)
{
	struct emit *e = jmap_out(call);

	emit_key(e, "added");
	emit_array(e);
	for (size_t i = 0; i < s->count; i++) {
		if (s->rows[i].sent->change <= since)
			continue;
		emit_object(e);
		emit_key(e, "id");
		emit_id(e, 'S', s->rows[i].sent->id);
		emit_member_number(e, "index", (int64_t)i);
		emit_object_end(e);
	}
	emit_array_end(e);
}

static uint64_t count_changed(const struct querying *s, uint64_t since)
{
	uint64_t count = 0;

	for (size_t i = 0; i < s->load.count; i++)
		count += s->load.all[i].change > since;
	for (size_t i = 0; i < s->count; i++)
		count += s->rows[i].sent->change > since;
	return count;
}

static enum jmap_step give_changes(struct jmap_call *call, struct querying *s, uint64_t since)
{
	struct emit *e = jmap_out(call);

	if (since < s->load.floor || since > s->load.state)
		return jmap_error(call, "cannotCalculateChanges", NULL);
	choose(call, s);
	if (count_changed(s, since) > s->q.max_changes)
		return jmap_error(call, "tooManyChanges", NULL);
	jmap_answer_begin(call, NULL);
	emit_member_text(e, "accountId", jmap_account_name(call->jmap));
	emit_member_text(e, "oldQueryState", s->q.since);
	emit_member_text(e, "newQueryState", jmap_sent_state_text(call, s->load.state));
	if (s->q.total)
		emit_member_number(e, "total", (int64_t)s->count);
	put_removed(call, s, since);
	put_added(call, s, since);
	jmap_answer_end(call);
	return JMAP_DONE;
}

enum jmap_step jmap_submission_query_changes(struct jmap_call *call)
{
	struct querying *s = call->state;
	uint64_t since;

	if (s == NULL) {
		call->state = s = ARENA_NEW(&call->arena, struct querying);
		if (!jmap_query_changes_args(call, check, sorts, NULL, &s->q))
			return JMAP_DONE;
	}
	if (!jmap_sent_state_read(s->q.since, &since))
		return jmap_error(call, "cannotCalculateChanges", NULL);
	if (jmap_sent_load(call, &s->load) == JMAP_WAIT)
		return JMAP_WAIT;
	return s->load.code < 0 ? jmap_error_code(call, s->load.code) : give_changes(call, s, since);
}
