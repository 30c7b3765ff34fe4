/* RecoverableEmail/query: the newest deletion first. */
#include <string.h>

#include "jmap/recoverable.h"
#include "mime/text.h"

static const char *check(struct jmap_call *call, const json_t *condition)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)condition, key, value) {
		if (strcmp(key, "text") != 0)
			return "unsupportedFilter";
		if (!json_is_string(value))
			return "invalidArguments";
	}
	return NULL;
}

static size_t find(const struct jmap_bin *bin, struct slice anchor)
{
	uint64_t number;

	for (size_t i = 0; jmap_bin_id(anchor, &number) && i < bin->count; i++)
		if (bin->list[i].b.number == number)
			return i;
	return SIZE_MAX;
}

enum jmap_step jmap_recoverable_query(struct jmap_call *call)
{
	static const char *const sorts[] = {"deletedAt", NULL};
	struct buf id = BUF_INIT(32);
	struct jmap_query q;
	struct jmap_bin bin;
	struct slice state;
	size_t from, to;
	int rc;

	if (!jmap_query_args(call, check, sorts, NULL, &q) || !jmap_state_of(call, JMAP_TYPE_RECOVERABLE, &state))
		return JMAP_DONE;
	if (q.filter != NULL && json_object_get(q.filter, "operator") != NULL)
		return jmap_error(call, "unsupportedFilter", NULL);
	if (q.sort_count > 0 && !q.sort[0].descending)
		return jmap_error(call, "unsupportedSort", NULL);
	rc = jmap_bin_list(call, mime_fold_arena(jmap_text(json_object_get(q.filter, "text")), &call->arena), &bin);
	if (rc < 0)
		return jmap_error_code(call, rc);
	if (!jmap_query_window(call, &q, bin.count, find(&bin, q.anchor), &from, &to))
		return JMAP_DONE;
	jmap_query_begin(call, state, false, from);
	for (size_t i = from; i < to; i++) {
		buf_clear(&id);
		jmap_bin_id_print(bin.list[i].b.number, &id);
		emit_text(jmap_out(call), buf_slice(&id));
	}
	jmap_query_end(call, &q, bin.count, 0);
	buf_free(&id);
	return JMAP_DONE;
}
