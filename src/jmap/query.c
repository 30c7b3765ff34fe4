/* Helpers of /query (RFC 8620 5.5) and /queryChanges (5.6). */
#include "jmap/private.h"

static bool refuse(struct jmap_call *call, const char *type, const char *why)
{
	(void)jmap_error(call, type, why);
	return false;
}

/* ---- filters ---- */

struct walk {
	struct jmap_call *call;
	jmap_condition_check_fn *check;
	unsigned conditions;
};

static const char *check_filter(struct walk *w, const json_t *filter, unsigned depth)
{
	const json_t *operator = json_object_get(filter, "operator"), *conditions = json_object_get(filter, "conditions"), *one;
	struct slice name = jmap_text(operator);
	size_t i;

	if (!json_is_object(filter))
		return "invalidArguments";
	if (depth > JMAP_FILTER_DEPTH_MAX || ++w->conditions > JMAP_FILTER_MAX)
		return "unsupportedFilter";
	if (operator == NULL)
		return w->check(w->call, filter);
	if ((!slice_eq(name, SLICE("AND")) && !slice_eq(name, SLICE("OR")) && !slice_eq(name, SLICE("NOT"))) || !json_is_array(conditions)
	    || json_object_size(filter) != 2)
		return "invalidArguments";
	json_array_foreach(conditions, i, one) {
		const char *why = check_filter(w, one, depth + 1);

		if (why != NULL)
			return why;
	}
	return NULL;
}

static bool take_filter(struct jmap_call *call, jmap_condition_check_fn *check, struct jmap_query *q)
{
	struct walk w = {.call = call, .check = check};
	const char *why;

	if (!jmap_arg_object(call, "filter", &q->filter))
		return false;
	why = q->filter != NULL ? check_filter(&w, q->filter, 1) : NULL;
	return why == NULL || refuse(call, why, "The filter cannot be used.");
}

bool jmap_filter_holds(const json_t *filter, jmap_condition_fn *fn, void *arg)
{
	struct slice name = jmap_text(json_object_get(filter, "operator"));
	bool wanted = slice_eq(name, SLICE("OR")), nothing = slice_eq(name, SLICE("NOT"));
	const json_t *one;
	size_t i;

	if (filter == NULL)
		return true;
	if (name.n == 0)
		return fn(arg, filter);
	json_array_foreach(json_object_get(filter, "conditions"), i, one)
		if (jmap_filter_holds(one, fn, arg) == (wanted || nothing)) /* OR: it does; AND: it does not; NOT: one that holds is too many */
			return wanted;
	return !wanted;
}

/* ---- sort ---- */

static bool take_comparator(struct jmap_call *call, json_t *comparator, const char *const *sorts, struct jmap_sort *ret)
{
	static const char *const collations[] = {"i;ascii-numeric", "i;ascii-casemap", "i;unicode-casemap"};
	const json_t *ascending = json_object_get(comparator, "isAscending"), *collation = json_object_get(comparator, "collation");
	struct slice property = jmap_text(json_object_get(comparator, "property"));
	bool known = collation == NULL;

	if (property.n == 0 || (ascending != NULL && !json_is_boolean(ascending)) || (collation != NULL && !json_is_string(collation)))
		return refuse(call, "invalidArguments", "\"sort\" is not right.");
	for (size_t i = 0; i < sizeof collations / sizeof collations[0]; i++)
		known |= slice_eq(jmap_text(collation), slice_str(collations[i]));
	*ret = (struct jmap_sort){.descending = json_is_false(ascending), .collation = jmap_text(collation), .comparator = comparator};
	for (unsigned i = 0; sorts != NULL && sorts[i] != NULL; i++)
		if (slice_eq(slice_str(sorts[i]), property)) {
			ret->property = sorts[i];
			ret->index = i;
		}
	return (ret->property != NULL && known) || refuse(call, "unsupportedSort", NULL);
}

static bool take_sort(struct jmap_call *call, const char *const *sorts, struct jmap_query *q)
{
	json_t *list = json_object_get(call->args, "sort"), *one;
	size_t i;

	if (list == NULL || json_is_null(list))
		return true;
	if (!json_is_array(list))
		return refuse(call, "invalidArguments", "\"sort\" is not right.");
	if (json_array_size(list) > JMAP_SORT_MAX)
		return refuse(call, "unsupportedSort", NULL);
	json_array_foreach(list, i, one)
		if (!take_comparator(call, one, sorts, &q->sort[q->sort_count++]))
			return false;
	return true;
}

/* ---- arguments ---- */

static bool names_check(struct jmap_call *call, const char *const *own, const char *const *more)
{
	const char **all = arena_alloc_array(&call->arena, 32, sizeof *all);
	size_t n = 0;

	for (; *own != NULL; own++)
		all[n++] = *own;
	for (; more != NULL && *more != NULL; more++)
		all[n++] = *more;
	return jmap_args_check(call, all);
}

bool jmap_query_args(struct jmap_call *call, jmap_condition_check_fn *check, const char *const *sorts, const char *const *more, struct jmap_query *ret)
{
	static const char *const own[] = {"filter", "sort", "position", "anchor", "anchorOffset", "limit", "calculateTotal", NULL};

	*ret = (struct jmap_query){.limit = UINT64_MAX, .max_changes = UINT64_MAX};
	return names_check(call, own, more) && take_filter(call, check, ret) && take_sort(call, sorts, ret)
	       && jmap_arg_int(call, "position", &ret->position) && jmap_arg_text(call, "anchor", &ret->anchor)
	       && jmap_arg_int(call, "anchorOffset", &ret->anchor_offset) && jmap_arg_unsigned(call, "limit", INT64_MAX, &ret->limit)
	       && jmap_arg_bool(call, "calculateTotal", &ret->total);
}

bool jmap_query_changes_args(struct jmap_call *call, jmap_condition_check_fn *check, const char *const *sorts, const char *const *more,
                             struct jmap_query *ret)
{
	static const char *const own[] = {"filter", "sort", "sinceQueryState", "maxChanges", "upToId", "calculateTotal", NULL};

	*ret = (struct jmap_query){.limit = UINT64_MAX, .max_changes = UINT64_MAX};
	if (!names_check(call, own, more) || !take_filter(call, check, ret) || !take_sort(call, sorts, ret)
	    || !jmap_arg_text(call, "sinceQueryState", &ret->since) || !jmap_arg_unsigned(call, "maxChanges", INT64_MAX, &ret->max_changes)
	    || !jmap_arg_text(call, "upToId", &ret->up_to) || !jmap_arg_bool(call, "calculateTotal", &ret->total))
		return false;
	if (ret->max_changes == 0)
		return refuse(call, "invalidArguments", "\"maxChanges\" must be greater than 0.");
	return json_is_string(json_object_get(call->args, "sinceQueryState"))
	       || refuse(call, "invalidArguments", "\"sinceQueryState\" is missing.");
}

/* ---- the answer ---- */

static size_t clamp(int64_t at, size_t count)
{
	return at < 0 ? 0 : (uint64_t)at > count ? count : (size_t)at;
}

bool jmap_query_window(struct jmap_call *call, const struct jmap_query *q, size_t count, size_t anchor_at, size_t *ret_from, size_t *ret_to)
{
	int64_t end = (int64_t)count, offset = q->anchor_offset > end ? end : q->anchor_offset < -end ? -end : q->anchor_offset;

	if (q->anchor.n > 0 && anchor_at >= count)
		return refuse(call, "anchorNotFound", NULL);
	if (q->anchor.n > 0)
		*ret_from = clamp((int64_t)anchor_at + offset, count);
	else
		*ret_from = clamp(q->position < 0 ? (q->position < -end ? 0 : end + q->position) : q->position, count);
	*ret_to = q->limit < count - *ret_from ? *ret_from + (size_t)q->limit : count;
	return true;
}

void jmap_query_begin(struct jmap_call *call, struct slice state, bool can_calculate_changes, size_t position)
{
	struct emit *e = jmap_out(call);

	jmap_answer_begin(call, NULL);
	emit_member_text(e, "accountId", jmap_account_name(call->jmap));
	emit_member_text(e, "queryState", state);
	emit_member_bool(e, "canCalculateChanges", can_calculate_changes);
	emit_member_number(e, "position", (int64_t)position);
	emit_key(e, "ids");
	emit_array(e);
}

void jmap_query_end(struct jmap_call *call, const struct jmap_query *q, uint64_t total, uint64_t limit)
{
	struct emit *e = jmap_out(call);

	emit_array_end(e);
	if (q->total)
		emit_member_number(e, "total", (int64_t)total);
	if (limit > 0)
		emit_member_number(e, "limit", (int64_t)limit);
	jmap_answer_end(call);
}
