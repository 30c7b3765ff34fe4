/* Blob/lookup (RFC 9404 4.3): in which emails, threads and mailboxes a blob is. */
#include "jmap/blob.h"
#include "jmap/mail.h"

enum kind { EMAIL, MAILBOX, THREAD, KINDS };
static const char *const kinds[KINDS] = {"Email", "Mailbox", "Thread"};

static bool take_types(struct jmap_call *call, bool wanted[KINDS])
{
	json_t *list, *one;
	size_t i, k;

	if (!jmap_arg_texts(call, "typeNames", &list))
		return false;
	json_array_foreach(list, i, one) {
		for (k = 0; k < KINDS; k++)
			if (slice_eq(jmap_text(one), slice_str(kinds[k])))
				break;
		if (k == KINDS) {
			(void)jmap_error(call, "unknownDataType", NULL);
			return false;
		}
		wanted[k] = true;
	}
	return true;
}

static void put_ids(struct emit *e, enum kind kind, const struct jmap_email *email)
{
	emit_key(e, kinds[kind]);
	emit_array(e);
	if (email != NULL && kind == EMAIL)
		emit_id(e, 'M', email->id);
	if (email != NULL && kind == THREAD)
		emit_id(e, 'T', email->thread_id);
	for (size_t i = 0; email != NULL && kind == MAILBOX && i < email->row_count; i++)
		emit_id(e, 'F', email->rows[i].mailbox.id);
	emit_array_end(e);
}

static bool put_blob(struct jmap_call *call, struct slice id, const bool wanted[KINDS])
{
	struct emit *e = jmap_out(call);
	struct jmap_blob blob;
	struct jmap_email email;
	uint8_t bytes[16];
	unsigned part;
	bool mail;

	if (jmap_blob_open(call->jmap, id, &call->arena, &blob) < 0)
		return false;
	mail = jmap_blob_parse(id, bytes, &part) && jmap_email_find(jmap_mail(call), bytes, &call->arena, &email) == 0;
	emit_object(e);
	emit_member_text(e, "id", id);
	emit_key(e, "matchedIds");
	emit_object(e);
	for (unsigned k = 0; k < KINDS; k++)
		if (wanted[k])
			put_ids(e, (enum kind)k, mail ? &email : NULL);
	emit_object_end(e);
	emit_object_end(e);
	return true;
}

enum jmap_step jmap_method_blob_lookup(struct jmap_call *call)
{
	static const char *const names[] = {"typeNames", "ids", NULL};
	struct emit *e = jmap_out(call);
	bool wanted[KINDS] = {false};
	json_t *ids, *one, *missing;
	struct slice id;
	size_t i;

	if (!jmap_args_check(call, names) || !take_types(call, wanted) || !jmap_arg_texts(call, "ids", &ids))
		return JMAP_DONE;
	if (ids == NULL || json_array_size(ids) > JMAP_GET_MAX)
		return jmap_error(call, ids == NULL ? "invalidArguments" : "requestTooLarge", NULL);
	missing = json_array();
	jmap_answer_begin(call, NULL);
	emit_member_text(e, "accountId", jmap_account_name(call->jmap));
	emit_key(e, "list");
	emit_array(e);
	json_array_foreach(ids, i, one)
		if (!jmap_id_resolve(call, jmap_text(one), &id) || !put_blob(call, id, wanted))
			json_array_append(missing, one);
	emit_array_end(e);
	emit_key(e, "notFound");
	emit_json(e, missing);
	jmap_answer_end(call);
	json_decref(missing);
	return JMAP_DONE;
}
