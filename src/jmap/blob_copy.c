/* Blob/copy (RFC 8620 6.3): bytes of one account of the session become those of another, by the host. Within one account a copy is the same blob. */
#include "jmap/blob.h"
#include "jmap/elsewhere.h"

struct copying {
	uint8_t from[16], to[16];
	struct slice from_name, to_name;
	json_t *ids, *copied, *missing; /* ids borrowed */
	size_t at;
	bool waits;
	struct jmap_carried carried;
};

static void forget(struct jmap_call *call)
{
	struct copying *c = call->state;

	json_decref(c->copied);
	json_decref(c->missing);
}

static bool begin(struct jmap_call *call, struct copying *c)
{
	static const char *const names[] = {"fromAccountId", "blobIds", NULL};
	const char *problem = NULL;
	bool here;

	if (!jmap_args_known(call, names) || !jmap_arg_text(call, "fromAccountId", &c->from_name) || !jmap_arg_texts(call, "blobIds", &c->ids))
		return false;
	c->to_name = jmap_text(json_object_get(call->args, "accountId"));
	here = slice_eq(c->to_name, jmap_account_name(call->jmap));
	if (!jmap_id_parse(c->to_name, 'A', c->to) || (call->jmap->host.carry == NULL && !here))
		problem = "accountNotFound";
	else if (!jmap_id_parse(c->from_name, 'A', c->from) || (call->jmap->host.carry == NULL && !slice_eq(c->from_name, c->to_name)))
		problem = "fromAccountNotFound";
	else if (c->ids == NULL)
		problem = "invalidArguments";
	else if (json_array_size(c->ids) > JMAP_SET_MAX)
		problem = "requestTooLarge";
	if (problem != NULL)
		(void)jmap_error(call, problem, NULL);
	return problem == NULL;
}

static void fail(struct copying *c, const char *id, const char *type)
{
	json_object_set_new(c->missing, id, json_pack("{s:s}", "type", type));
}

static void take_carried(struct copying *c)
{
	const char *id = json_string_value(json_array_get(c->ids, c->at));
	int code = c->carried.code;

	if (code == 0)
		json_object_set_new(c->copied, id, json_string(c->carried.id));
	else
		fail(c, id, code == ERR_NOT_FOUND ? "notFound" : code == ERR_DENIED ? "forbidden" : code == ERR_LIMIT ? "tooLarge" : "serverFail");
}

static void copy_here(struct jmap_call *call, struct copying *c)
{
	const char *id = json_string_value(json_array_get(c->ids, c->at));
	struct jmap_blob blob;

	if (jmap_blob_open(call->jmap, slice_str(id), &call->arena, &blob) < 0)
		fail(c, id, "notFound");
	else
		json_object_set_new(c->copied, id, json_string(id));
}

/* The next one; JMAP_DONE when all are there. */
static enum jmap_step copy(struct jmap_call *call, struct copying *c)
{
	const struct jmap_host *host = &call->jmap->host;

	for (; c->at < json_array_size(c->ids); c->at++) {
		if (!slice_eq(c->from_name, c->to_name)) {
			c->carried = (struct jmap_carried){.code = ERR_TEMPORARY};
			host->carry(host->arg, call, c->from, jmap_text(json_array_get(c->ids, c->at)), c->to, &c->carried);
			return JMAP_WAIT;
		}
		copy_here(call, c);
	}
	return JMAP_DONE;
}

static void put(struct emit *e, const char *name, const json_t *value)
{
	emit_key(e, name);
	if (json_object_size(value) > 0)
		emit_json(e, value);
	else
		emit_null(e);
}

static enum jmap_step give(struct jmap_call *call, const struct copying *c)
{
	struct emit *e = jmap_out(call);

	jmap_answer_begin(call, NULL);
	emit_member_text(e, "fromAccountId", c->from_name);
	emit_member_text(e, "accountId", c->to_name);
	put(e, "copied", c->copied);
	put(e, "notCopied", c->missing);
	jmap_answer_end(call);
	return JMAP_DONE;
}

enum jmap_step jmap_method_blob_copy(struct jmap_call *call)
{
	struct copying *c = call->state;

	if (c == NULL) {
		call->state = c = ARENA_NEW(&call->arena, struct copying);
		call->forget = forget;
		c->copied = json_object();
		c->missing = json_object();
		if (!begin(call, c))
			return JMAP_DONE;
	} else {
		take_carried(c);
		c->at++;
	}
	return copy(call, c) == JMAP_WAIT ? JMAP_WAIT : give(call, c);
}
