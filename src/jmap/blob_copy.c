#include "jmap/blob.h"
#include "jmap/method.h"

/* RFC 8620 6.3. A person has one account here, so a copy is the same blob. */
enum jmap_step jmap_method_blob_copy(struct jmap_call *call)
{
	static const char *const names[] = {"fromAccountId", "blobIds", NULL};
	struct emit *e = jmap_out(call);
	struct slice from = SLICE_NONE;
	json_t *ids, *one, *missing;
	bool found = false;
	size_t i;

	if (!jmap_args_check(call, names) || !jmap_arg_text(call, "fromAccountId", &from) || !jmap_arg_texts(call, "blobIds", &ids))
		return JMAP_DONE;
	if (!slice_eq(from, jmap_account_name(call->jmap)))
		return jmap_error(call, "fromAccountNotFound", NULL);
	if (ids == NULL || json_array_size(ids) > JMAP_SET_MAX)
		return jmap_error(call, ids == NULL ? "invalidArguments" : "requestTooLarge", NULL);
	missing = json_object();
	jmap_answer_begin(call, NULL);
	emit_member_text(e, "fromAccountId", from);
	emit_member_text(e, "accountId", from);
	emit_key(e, "copied");
	json_array_foreach(ids, i, one) {
		struct jmap_blob blob;

		if (jmap_blob_open(call->jmap, jmap_text(one), &call->arena, &blob) < 0) {
			json_object_set_new(missing, json_string_value(one), json_pack("{s:s}", "type", "notFound"));
			continue;
		}
		if (!found)
			emit_object(e);
		found = true;
		emit_member_text(e, json_string_value(one), jmap_text(one));
	}
	if (found)
		emit_object_end(e);
	else
		emit_null(e);
	emit_key(e, "notCopied");
	if (json_object_size(missing) > 0)
		emit_json(e, missing);
	else
		emit_null(e);
	json_decref(missing);
	jmap_answer_end(call);
	return JMAP_DONE;
}
