#include <string.h>

#include "jmap/quota.h"

/* RFC 9425 4.3. */
static const struct { const char *name; const char *value; } conditions[] = {
	{"name", "Mail"}, {"scope", "account"}, {"resourceType", "octets"}, {"type", "Email"},
};

const char *jmap_quota_condition_check(struct jmap_call *call, const json_t *condition)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)condition, key, value) {
		bool known = false;

		for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++)
			known |= strcmp(conditions[i].name, key) == 0;
		if (!known)
			return "unsupportedFilter";
		if (!json_is_string(value))
			return "invalidArguments";
	}
	return NULL;
}

static bool fits(void *arg, const json_t *condition)
{
	for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++) {
		const json_t *value = json_object_get(condition, conditions[i].name);
		bool part = i == 0; /* a name is searched in */

		if (value != NULL && (part ? slice_search_nocase(slice_str(conditions[i].value), jmap_text(value)) < 0
		                           : !slice_eq(slice_str(conditions[i].value), jmap_text(value))))
			return false;
	}
	return true;
}

const char *const jmap_quota_sorts[] = {"name", "used", NULL};

bool jmap_quota_holds(const json_t *filter)
{
	return jmap_filter_holds(filter, fits, NULL);
}

enum jmap_step jmap_method_quota_query(struct jmap_call *call)
{
	struct jmap_query query;
	struct jmap_quota q;
	struct slice state;
	size_t count, from, to;

	if (!jmap_query_args(call, jmap_quota_condition_check, jmap_quota_sorts, NULL, &query) || !jmap_state_of(call, JMAP_TYPE_QUOTA, &state))
		return JMAP_DONE;
	if (jmap_quota_read(jmap_mail(call), &q) < 0)
		return jmap_error(call, "serverUnavailable", NULL);
	count = q.limit > 0 && jmap_quota_holds(query.filter) ? 1 : 0;
	if (!jmap_query_window(call, &query, count, slice_eq(query.anchor, SLICE(JMAP_QUOTA_ID)) ? 0 : SIZE_MAX, &from, &to))
		return JMAP_DONE;
	jmap_query_begin(call, state, true, from);
	if (from < to)
		emit_text(jmap_out(call), SLICE(JMAP_QUOTA_ID));
	jmap_query_end(call, &query, count, 0);
	return JMAP_DONE;
}
