/* Quota/changes and Quota/queryChanges (RFC 9425 4.2 and 4.4): the state says itself what there was, so changes can always be calculated. */
#include "jmap/quota.h"

static bool read_state(struct slice text, struct jmap_quota *ret)
{
	struct slice used = SLICE_NONE;

	return slice_split(&text, '-', &used) && slice_to_u64(used, &ret->used) == 0 && slice_to_u64(text, &ret->limit) == 0;
}

enum jmap_step jmap_method_quota_changes(struct jmap_call *call)
{
	struct jmap_changes c;
	struct jmap_quota before, now;

	if (!jmap_changes_args(call, NULL, &c) || !jmap_state_of(call, JMAP_TYPE_QUOTA, &c.state))
		return JMAP_DONE;
	if (!read_state(c.since, &before) || !read_state(c.state, &now))
		return jmap_error(call, "cannotCalculateChanges", NULL);
	if (before.limit > 0 || now.limit > 0) {
		json_t *list = before.limit == 0 ? c.created : now.limit == 0 ? c.destroyed : c.updated;

		if (list != c.updated || !slice_eq(c.since, c.state))
			json_array_append_new(list, json_string(JMAP_QUOTA_ID));
	}
	jmap_changes_begin(call, &c);
	emit_key(jmap_out(call), "updatedProperties");
	if (before.limit == now.limit) {
		emit_array(jmap_out(call));
		emit_text(jmap_out(call), SLICE("used"));
		emit_array_end(jmap_out(call));
	} else {
		emit_null(jmap_out(call));
	}
	jmap_answer_end(call);
	return JMAP_DONE;
}

static void put_added(struct emit *e)
{
	emit_object(e);
	emit_member_text(e, "id", SLICE(JMAP_QUOTA_ID));
	emit_member_number(e, "index", 0);
	emit_object_end(e);
}

/* No condition asks for what changes, and one alone has no order: only that it came or went tells. */
enum jmap_step jmap_method_quota_query_changes(struct jmap_call *call)
{
	struct emit *e = jmap_out(call);
	struct jmap_query q;
	struct jmap_quota before, now;
	struct slice state;
	bool fits;

	if (!jmap_query_changes_args(call, jmap_quota_condition_check, jmap_quota_sorts, NULL, &q) || !jmap_state_of(call, JMAP_TYPE_QUOTA, &state))
		return JMAP_DONE;
	if (!read_state(q.since, &before) || !read_state(state, &now))
		return jmap_error(call, "cannotCalculateChanges", NULL);
	fits = jmap_quota_holds(q.filter);
	jmap_answer_begin(call, NULL);
	emit_member_text(e, "accountId", jmap_account_name(call->jmap));
	emit_member_text(e, "oldQueryState", q.since);
	emit_member_text(e, "newQueryState", state);
	if (q.total)
		emit_member_number(e, "total", now.limit > 0 && fits ? 1 : 0);
	emit_key(e, "removed");
	emit_array(e);
	if (before.limit > 0 && now.limit == 0 && fits)
		emit_text(e, SLICE(JMAP_QUOTA_ID));
	emit_array_end(e);
	emit_key(e, "added");
	emit_array(e);
	if (before.limit == 0 && now.limit > 0 && fits)
		put_added(e);
	emit_array_end(e);
	jmap_answer_end(call);
	return JMAP_DONE;
}
