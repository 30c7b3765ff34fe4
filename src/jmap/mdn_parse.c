/* MDN/parse (RFC 9007 2.2): receipts that came, from their blobs. */
#include "jmap/mdn.h"
#include "jmap/parse.h"
#include "mime/encoded_word.h"
#include "mime/structure.h"

struct parsing {
	struct jmap_get get;
	struct jmap_parse parse;
	struct slice blob;
	json_t *parsed, *not_parsable;
};

static void forget(struct jmap_call *call)
{
	struct parsing *x = call->state;

	jmap_parse_end(call, &x->parse);
}

static const struct mime_part *part_of(const struct mime_part *part, const char *type, const char *subtype)
{
	for (; part != NULL; part = mime_part_next(part))
		if (mime_part_is(part, slice_str(type), slice_str(subtype)))
			return part;
	return NULL;
}

static json_t *text_json(struct slice text)
{
	return json_stringn((const char *)text.p, text.n);
}

/* What stands in the message around the notification. */
static void add_message(struct jmap_call *call, struct parsing *x, json_t *mdn)
{
	const struct digest *d = &x->parse.digest;
	const struct mime_part *part = part_of(d->root, "text", "plain");
	struct jmap_shown s = jmap_parse_shown(call, &x->parse);
	struct buf text = BUF_INIT(SIZE_MAX / 4);
	bool cut, odd, original = part_of(d->root, "message", "rfc822") != NULL || part_of(d->root, "text", "rfc822-headers") != NULL;

	if (d->envelope.has_subject)
		json_object_set_new(mdn, "subject", text_json(mime_words_decode_arena(d->envelope.subject, &x->parse.arena)));
	if (part != NULL && jmap_part_text(&s, part, JMAP_MDN_TEXT_MAX, &text, &cut, &odd) == 0)
		json_object_set_new(mdn, "textBody", text_json(buf_slice(&text)));
	json_object_set_new(mdn, "includeOriginalMessage", json_boolean(original));
	buf_free_secret(&text);
}

/* NULL: it is no receipt. */
static json_t *mdn_of(struct jmap_call *call, struct parsing *x)
{
	const struct mime_part *part = part_of(x->parse.digest.root, "message", "disposition-notification");
	struct jmap_shown s = jmap_parse_shown(call, &x->parse);
	struct buf text = BUF_INIT(SIZE_MAX / 4);
	bool cut, odd;
	json_t *mdn = NULL;

	if (part != NULL && jmap_part_text(&s, part, JMAP_MDN_FIELDS_MAX, &text, &cut, &odd) == 0)
		mdn = jmap_mdn_read(buf_slice(&text));
	if (mdn != NULL)
		add_message(call, x, mdn);
	buf_free_secret(&text);
	return mdn;
}

static bool begin(struct jmap_call *call)
{
	static const char *const names[] = {"blobIds", NULL};
	struct parsing *x = ARENA_NEW(&call->arena, struct parsing);

	if (!jmap_args_check(call, names) || !jmap_arg_texts(call, "blobIds", &x->get.ids))
		return false;
	if (x->get.ids == NULL || json_array_size(x->get.ids) > JMAP_GET_MAX) {
		(void)jmap_error(call, x->get.ids == NULL ? "invalidArguments" : "requestTooLarge", NULL);
		return false;
	}
	call->state = x;
	call->forget = forget;
	x->parsed = json_object();
	x->not_parsable = json_array();
	x->get.missing = json_array();
	json_object_set_new(call->args, "\1parsed", x->parsed);
	json_object_set_new(call->args, "\1notParsable", x->not_parsable);
	json_object_set_new(call->args, "\1missing", x->get.missing);
	return true;
}

static enum jmap_step answer(struct jmap_call *call, const struct parsing *x)
{
	const struct { const char *name; const json_t *value; size_t count; } members[] = {
		{"parsed", x->parsed, json_object_size(x->parsed)}, {"notParsable", x->not_parsable, json_array_size(x->not_parsable)},
		{"notFound", x->get.missing, json_array_size(x->get.missing)},
	};

	jmap_answer_begin(call, NULL);
	emit_member_text(jmap_out(call), "accountId", jmap_account_name(call->jmap));
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		emit_key(jmap_out(call), members[i].name);
		if (members[i].count > 0)
			emit_json(jmap_out(call), members[i].value);
		else
			emit_null(jmap_out(call));
	}
	jmap_answer_end(call);
	return JMAP_DONE;
}

static int take(struct jmap_call *call, struct parsing *x, int rc)
{
	json_t *mdn = rc == 0 ? mdn_of(call, x) : NULL;

	if (mdn != NULL)
		json_object_setn_new(x->parsed, (const char *)x->blob.p, x->blob.n, mdn);
	else if (rc == 0 || rc == ERR_INVALID)
		json_array_append_new(x->not_parsable, text_json(x->blob));
	else if (rc == ERR_NOT_FOUND || rc == ERR_DENIED)
		jmap_get_missing(call, &x->get, x->blob);
	else
		return rc;
	jmap_parse_end(call, &x->parse);
	return 0;
}

enum jmap_step jmap_mdn_parse(struct jmap_call *call)
{
	struct parsing *x;
	int rc;

	if (call->state == NULL && !begin(call))
		return JMAP_DONE;
	x = call->state;
	while (x->parse.asked || jmap_get_next(&x->get, &x->blob)) {
		if (jmap_parse_run(call, &x->parse, x->blob, &rc) == JMAP_WAIT)
			return JMAP_WAIT;
		if ((rc = take(call, x, rc)) < 0)
			return jmap_error_code(call, rc);
	}
	return answer(call, x);
}
