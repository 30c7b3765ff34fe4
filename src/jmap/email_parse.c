/* Email/parse (RFC 8621 4.9). */
#include "jmap/email_show.h"
#include "jmap/parse.h"

struct parsing {
	struct jmap_email_wish wish;
	struct jmap_parse parse;
	struct slice blob;      /* that is under way; empty: none */
	json_t *not_parsable;
	bool any;
};

static void forget(struct jmap_call *call)
{
	struct parsing *x = call->state;

	jmap_parse_end(call, &x->parse);
}

/* "blobIds" are taken as /get takes "ids". */
static bool take_args(struct jmap_call *call, struct parsing *x)
{
	json_t *ids = json_object_get(call->args, "blobIds");

	if (!json_is_array(ids) || json_object_get(call->args, "ids") != NULL) {
		(void)jmap_error(call, "invalidArguments", "\"blobIds\" is missing.");
		return false;
	}
	json_object_set(call->args, "ids", ids);
	json_object_del(call->args, "blobIds");
	return jmap_email_wish_take(call, true, &x->wish);
}

static bool begin(struct jmap_call *call)
{
	struct parsing *x = ARENA_NEW(&call->arena, struct parsing);

	if (!take_args(call, x))
		return false;
	call->state = x;
	call->forget = forget;
	x->not_parsable = json_array();
	json_object_set_new(call->args, "\1notParsable", x->not_parsable);
	jmap_answer_begin(call, NULL);
	emit_member_text(jmap_out(call), "accountId", jmap_account_name(call->jmap));
	emit_key(jmap_out(call), "parsed");
	return true;
}

static void show(struct jmap_call *call, struct parsing *x)
{
	struct jmap_shown s = jmap_parse_shown(call, &x->parse);

	if (!x->any)
		emit_object(jmap_out(call));
	x->any = true;
	emit_key_text(jmap_out(call), x->blob);
	(void)jmap_email_print(&s, &x->wish); /* the digest is there: it cannot fail */
}

static void put_list(struct jmap_call *call, const char *name, const json_t *list)
{
	emit_key(jmap_out(call), name);
	if (json_array_size(list) > 0)
		emit_json(jmap_out(call), list);
	else
		emit_null(jmap_out(call));
}

static enum jmap_step end(struct jmap_call *call, const struct parsing *x)
{
	if (x->any)
		emit_object_end(jmap_out(call));
	else
		emit_null(jmap_out(call));
	put_list(call, "notParsable", x->not_parsable);
	put_list(call, "notFound", x->wish.get.missing);
	jmap_answer_end(call);
	return JMAP_DONE;
}

/* JMAP_DONE: look at *ret, which is negative when the method as a whole failed. */
static enum jmap_step one(struct jmap_call *call, struct parsing *x, int *ret)
{
	if (jmap_parse_run(call, &x->parse, x->blob, ret) == JMAP_WAIT)
		return JMAP_WAIT;
	if (*ret == 0)
		show(call, x);
	else if (*ret == ERR_INVALID)
		json_array_append_new(x->not_parsable, json_stringn((const char *)x->blob.p, x->blob.n));
	else if (*ret == ERR_NOT_FOUND || *ret == ERR_DENIED)
		jmap_get_missing(call, &x->wish.get, x->blob);
	else
		return JMAP_DONE;
	*ret = 0;
	jmap_parse_end(call, &x->parse);
	x->blob = SLICE_NONE;
	return JMAP_DONE;
}

enum jmap_step jmap_email_parse(struct jmap_call *call)
{
	struct parsing *x;
	int rc;

	if (call->state == NULL && !begin(call))
		return JMAP_DONE;
	x = call->state;
	while (jmap_room(call)) {
		if (x->blob.n == 0 && !jmap_get_next(&x->wish.get, &x->blob))
			return end(call, x);
		if (x->blob.n == 0) { /* an empty text is no blob */
			jmap_get_missing(call, &x->wish.get, x->blob);
			continue;
		}
		if (one(call, x, &rc) == JMAP_WAIT)
			return JMAP_WAIT;
		if (rc < 0)
			return jmap_error_code(call, rc);
	}
	return JMAP_AGAIN;
}
