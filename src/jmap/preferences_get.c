/* Preferences/get: RFC 8620 5.1 of an object whose members are the client's. */
#include "jmap/preferences.h"

static const char *const names[] = {"id"};

static bool other(struct slice name)
{
	return name.n > 0 && name.n <= JMAP_PREFERENCE_NAME_MAX;
}

static void put_kept(struct jmap_call *call, const char *name, const json_t *value)
{
	emit_key(jmap_out(call), name);
	if (value != NULL)
		emit_json(jmap_out(call), value);
	else
		emit_null(jmap_out(call));
}

static void put(struct jmap_call *call, const struct jmap_get *get, json_t *kept, bool everything)
{
	const char *name;
	json_t *value;
	size_t i;

	emit_object(jmap_out(call));
	emit_member_text(jmap_out(call), names[0], SLICE("singleton"));
	if (everything)
		json_object_foreach(kept, name, value)
			put_kept(call, name, value);
	else
		json_array_foreach(get->others, i, value)
			put_kept(call, json_string_value(value), json_object_get(kept, json_string_value(value)));
	emit_object_end(jmap_out(call));
}

enum jmap_step jmap_preferences_get(struct jmap_call *call)
{
	bool everything = !json_is_array(json_object_get(call->args, "properties"));
	struct jmap_get get;
	struct slice id, state;
	json_t *kept;
	int rc;

	if (!jmap_get_args(call, names, 1, 1, other, NULL, &get) || !jmap_state_of(call, JMAP_TYPE_PREFERENCES, &state))
		return JMAP_DONE;
	rc = jmap_preferences_load(jmap_mail(call), &kept);
	if (rc < 0)
		return jmap_error_code(call, rc);
	jmap_get_begin(call, state);
	if (get.all)
		put(call, &get, kept, everything);
	while (!get.all && jmap_get_next(&get, &id)) {
		if (slice_eq(id, SLICE("singleton")))
			put(call, &get, kept, everything);
		else
			jmap_get_missing(call, &get, id);
	}
	jmap_get_end(call, &get);
	json_decref(kept);
	return JMAP_DONE;
}
