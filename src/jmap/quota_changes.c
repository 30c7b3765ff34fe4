#include "jmap/quota.h"

/* RFC 9425 4.2: only what is used changes; a limit that came or went is another object, which an old state does not tell. */
enum jmap_step jmap_method_quota_changes(struct jmap_call *call)
{
	struct jmap_changes c;
	struct slice limit_before, limit_now, used;

	if (!jmap_changes_args(call, NULL, &c) || !jmap_state_of(call, JMAP_TYPE_QUOTA, &c.state))
		return JMAP_DONE;
	limit_before = c.since;
	limit_now = c.state;
	if (!slice_split(&limit_before, '-', &used) || !slice_split(&limit_now, '-', &used) || !slice_eq(limit_before, limit_now))
		return jmap_error(call, "cannotCalculateChanges", NULL);
	if (!slice_eq(c.since, c.state) && !slice_eq(limit_now, SLICE("0")))
		json_array_append_new(c.updated, json_string(JMAP_QUOTA_ID));
	jmap_changes_begin(call, &c);
	emit_key(jmap_out(call), "updatedProperties");
	emit_array(jmap_out(call));
	emit_text(jmap_out(call), SLICE("used"));
	emit_array_end(jmap_out(call));
	jmap_answer_end(call);
	return JMAP_DONE;
}
