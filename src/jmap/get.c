/* Helpers of /get (RFC 8620 5.1) and /changes (5.2). */
#include "jmap/private.h"

static bool is_known(const char *const *names, size_t count, struct slice name, uint64_t *wanted)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq(slice_str(names[i]), name)) {
			*wanted |= UINT64_C(1) << i;
			return true;
		}
	return false;
}

static bool take_properties(struct jmap_call *call, const char *const *names, size_t count, uint64_t all, bool (*other)(struct slice name),
                            struct jmap_get *get)
{
	json_t *list, *one;
	size_t i;

	if (!jmap_arg_texts(call, "properties", &list))
		return false;
	get->wanted = list == NULL ? all | 1 : 1;
	json_array_foreach(list, i, one) {
		struct slice name = jmap_text(one);

		if (is_known(names, count, name, &get->wanted))
			continue;
		if (other == NULL || !other(name)) {
			(void)jmap_error(call, "invalidArguments", (const char *)arena_printf(&call->arena, "There is no property \"%.*s\".",
				SLICE_ARG(slice_sub(name, 0, 50))).p);
			return false;
		}
		if (get->others == NULL) {
			get->others = json_array();
			json_object_set_new(call->args, "\1others", get->others); /* lives as long as the arguments do */
		}
		json_array_append(get->others, one);
	}
	return true;
}

/* Each id once, in the order in which they stand. */
static json_t *without_doubles(const json_t *ids)
{
	json_t *ret = json_array(), *seen = json_object(), *one;
	size_t i;

	json_array_foreach(ids, i, one) {
		struct slice id = jmap_text(one);

		if (id.n > 0 && jmap_member(seen, id) != NULL)
			continue;
		json_object_setn_new(seen, (const char *)id.p, id.n, json_true());
		json_array_append(ret, one);
	}
	json_decref(seen);
	return ret;
}

static bool take_ids(struct jmap_call *call, struct jmap_get *get)
{
	json_t *ids;

	if (!jmap_arg_texts(call, "ids", &ids))
		return false;
	get->all = ids == NULL;
	if (ids != NULL && json_array_size(ids) > JMAP_GET_MAX) {
		(void)jmap_error(call, "requestTooLarge", NULL);
		return false;
	}
	if (ids != NULL) { /* owned by the arguments from now on */
		get->ids = without_doubles(ids);
		json_object_set_new(call->args, "ids", get->ids);
	}
	return true;
}

static const char *const *join(struct jmap_call *call, const char *const *own, const char *const *more)
{
	const char **ret = arena_alloc_array(&call->arena, 32, sizeof *ret);
	size_t n = 0;

	for (; *own != NULL; own++)
		ret[n++] = *own;
	for (; more != NULL && *more != NULL; more++)
		ret[n++] = *more;
	return ret;
}

bool jmap_get_args(struct jmap_call *call, const char *const *names, size_t count, uint64_t all, bool (*other)(struct slice name),
                   const char *const *more, struct jmap_get *ret)
{
	static const char *const own[] = {"ids", "properties", NULL};

	*ret = (struct jmap_get){0};
	if (!jmap_args_check(call, join(call, own, more)) || !take_ids(call, ret) || !take_properties(call, names, count, all, other, ret))
		return false;
	ret->missing = json_array();
	json_object_set_new(call->args, "\1missing", ret->missing);
	return true;
}

void jmap_get_begin(struct jmap_call *call, struct slice state)
{
	struct emit *e = jmap_out(call);

	jmap_answer_begin(call, NULL);
	if (!jmap_without_account(call)) {
		emit_member_text(e, "accountId", jmap_account_name(call->jmap));
		emit_member_text(e, "state", state);
	}
	emit_key(e, "list");
	emit_array(e);
}

bool jmap_get_next(struct jmap_get *get, struct slice *ret)
{
	if (get->all || get->at >= json_array_size(get->ids))
		return false;
	*ret = jmap_text(json_array_get(get->ids, get->at++));
	return true;
}

void jmap_get_missing(struct jmap_call *call, struct jmap_get *get, struct slice id)
{
	json_array_append_new(get->missing, json_stringn((const char *)id.p, id.n));
}

void jmap_get_end(struct jmap_call *call, struct jmap_get *get)
{
	struct emit *e = jmap_out(call);

	emit_array_end(e);
	emit_key(e, "notFound");
	emit_json(e, get->missing);
	jmap_answer_end(call);
}

/* ---- /changes ---- */

bool jmap_changes_args(struct jmap_call *call, const char *const *more, struct jmap_changes *ret)
{
	static const char *const own[] = {"sinceState", "maxChanges", NULL};

	*ret = (struct jmap_changes){.max = UINT64_MAX};
	if (!jmap_args_check(call, join(call, own, more)) || !jmap_arg_text(call, "sinceState", &ret->since)
	    || !jmap_arg_unsigned(call, "maxChanges", INT64_MAX, &ret->max))
		return false;
	if (!json_is_string(json_object_get(call->args, "sinceState")) || ret->max == 0) {
		(void)jmap_error(call, "invalidArguments", ret->max == 0 ? "\"maxChanges\" must be greater than 0." : "\"sinceState\" is missing.");
		return false;
	}
	ret->created = json_array();
	ret->updated = json_array();
	ret->destroyed = json_array();
	json_object_set_new(call->args, "\1created", ret->created);
	json_object_set_new(call->args, "\1updated", ret->updated);
	json_object_set_new(call->args, "\1destroyed", ret->destroyed);
	return true;
}

void jmap_changes_begin(struct jmap_call *call, const struct jmap_changes *c)
{
	struct emit *e = jmap_out(call);

	jmap_answer_begin(call, NULL);
	emit_member_text(e, "accountId", jmap_account_name(call->jmap));
	emit_member_text(e, "oldState", c->since);
	emit_member_text(e, "newState", c->state);
	emit_member_bool(e, "hasMoreChanges", c->more);
	emit_key(e, "created");
	emit_json(e, c->created);
	emit_key(e, "updated");
	emit_json(e, c->updated);
	emit_key(e, "destroyed");
	emit_json(e, c->destroyed);
}
