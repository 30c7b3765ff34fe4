/* Preferences/set: members of the one object are set, or go with null. */
#include "jmap/preferences.h"
#include "jmap/private.h"

struct setting { json_t *kept; };

static bool name_good(const char *name)
{
	struct slice rest = slice_str(name);

	if (rest.n == 0 || rest.n > JMAP_PREFERENCE_NAME_MAX || slice_eq(rest, SLICE("id")))
		return false;
	for (size_t i = 0; i < rest.n; i++)
		if (!ascii_is_alpha(rest.p[i]) && !ascii_is_digit(rest.p[i]) && rest.p[i] != '-' && rest.p[i] != '_')
			return false;
	return true;
}

static enum jmap_step update(struct jmap_call *call, struct jmap_set_item *item)
{
	struct setting *t = call->state;
	json_t *now, *value;
	const char *name;
	int rc;

	if (!slice_eq(item->key, SLICE("singleton")))
		return jmap_set_error(item, "notFound", SLICE_NONE);
	json_object_foreach(item->object, name, value)
		if (!name_good(name))
			(void)jmap_set_invalid(item, name);
	if (item->error != NULL)
		return JMAP_DONE;
	now = json_copy(t->kept);
	json_object_foreach(item->object, name, value)
		(void)(json_is_null(value) ? json_object_del(now, name) : json_object_set(now, name, value));
	rc = jmap_preferences_keep(jmap_mail(call), now);
	if (rc < 0) {
		json_decref(now);
		return jmap_set_error_code(item, rc);
	}
	json_decref(t->kept);
	t->kept = now;
	return JMAP_DONE;
}

static enum jmap_step refuse(struct jmap_call *call, struct jmap_set_item *item)
{
	return jmap_set_error(item, "singleton", SLICE_NONE);
}

static int state(struct jmap_call *call, struct buf *out)
{
	return jmap_preferences_state(call->jmap, out);
}

static void forget(struct jmap_call *call)
{
	json_decref(((struct setting *)call->state)->kept);
}

enum jmap_step jmap_preferences_set(struct jmap_call *call)
{
	static const struct jmap_set_ops ops = {.create = refuse, .update = update, .destroy = refuse, .state = state};
	struct setting *t = call->state;
	int rc = 0;

	if (t == NULL) {
		call->state = t = ARENA_NEW(&call->arena, struct setting);
		call->forget = forget;
		rc = jmap_preferences_load(jmap_mail(call), &t->kept);
	}
	return rc < 0 ? jmap_error_code(call, rc) : jmap_set_run(call, &ops);
}
