/*
 * Email/copy (RFC 8621 4.7): from one account of the session to another. What is copied is asked of the one (Email/get), its bytes are carried
 * over as a blob, and the other one imports it (Email/import). Either may be the own one.
 */
#include "base/ensure.h"
#include "jmap/elsewhere.h"

enum stage { GETTING, CARRYING, IMPORTING, DESTROYING };

struct copying {
	enum stage stage;
	bool waiting, destroys;
	uint8_t from[16], to[16];
	struct slice from_name, to_name, from_state, to_state, destroy_state;
	json_t *create, *emails, *failed, *sources; /* create borrowed; creation id -> object of Email/import, SetError, Email */
	void *at;                                   /* the next of `create` */
	struct jmap_asked asked;
	struct jmap_carried carried;
};

static void forget(struct jmap_call *call)
{
	struct copying *c = call->state;

	json_decref(c->emails);
	json_decref(c->failed);
	json_decref(c->sources);
	jmap_asked_free(&c->asked);
}

static bool account_arg(struct jmap_call *call, const char *name, uint8_t ret[16], struct slice *ret_name)
{
	*ret_name = jmap_text(json_object_get(call->args, name));
	return jmap_id_parse(*ret_name, 'A', ret);
}

static bool begin(struct jmap_call *call, struct copying *c)
{
	static const char *const names[] = {"fromAccountId", "ifFromInState", "ifInState", "create", "onSuccessDestroyOriginal", "destroyFromIfInState", NULL};
	const char *problem = NULL, *why = NULL;

	if (!jmap_args_known(call, names) || !jmap_arg_text(call, "ifFromInState", &c->from_state) || !jmap_arg_text(call, "ifInState", &c->to_state)
	    || !jmap_arg_text(call, "destroyFromIfInState", &c->destroy_state) || !jmap_arg_bool(call, "onSuccessDestroyOriginal", &c->destroys))
		return false;
	c->create = json_object_get(call->args, "create");
	if (!json_is_string(json_object_get(call->args, "fromAccountId")) || !json_is_object(c->create))
		problem = "invalidArguments", why = "\"fromAccountId\" or \"create\" is missing.";
	else if (json_object_size(c->create) > JMAP_SET_MAX)
		problem = "requestTooLarge";
	else if (!account_arg(call, "accountId", c->to, &c->to_name))
		problem = "accountNotFound";
	else if (!account_arg(call, "fromAccountId", c->from, &c->from_name))
		problem = "fromAccountNotFound";
	else if (slice_eq(c->from_name, c->to_name))
		problem = "invalidArguments", why = "\"fromAccountId\" is the same account: Email/set puts an email into further mailboxes.";
	else if (call->jmap->host.ask == NULL)
		problem = slice_eq(c->to_name, jmap_account_name(call->jmap)) ? "fromAccountNotFound" : "accountNotFound";
	if (problem != NULL)
		(void)jmap_error(call, problem, why);
	return problem == NULL;
}

static json_t *text_of(struct slice text)
{
	return json_stringn((const char *)text.p, text.n);
}

/* ---- the originals ---- */

static enum jmap_step get(struct jmap_call *call, struct copying *c)
{
	json_t *ids = json_array(), *one, *args;
	const char *key;
	enum jmap_step step;

	json_object_foreach(c->create, key, one)
		if (json_is_string(json_object_get(one, "id")))
			json_array_append(ids, json_object_get(one, "id"));
	args = json_pack("{s:o, s:o, s:[s,s,s,s]}", "accountId", text_of(c->from_name), "ids", ids, "properties", "id", "blobId", "keywords", "receivedAt");
	step = jmap_ask(call, c->from, "Email/get", args, &c->asked);
	json_decref(args);
	return step;
}

static void fail(struct copying *c, const char *key, const char *type)
{
	json_object_set_new(c->failed, key, json_pack("{s:s}", "type", type));
}

/* False: the error is given. */
static bool take_originals(struct jmap_call *call, struct copying *c)
{
	const char *name, *key;
	int rc = jmap_ask_done(call, &c->asked);
	json_t *answer, *one, *email;
	size_t i;

	if (rc < 0) {
		(void)(rc == ERR_NOT_FOUND ? jmap_error(call, "fromAccountNotFound", NULL) : jmap_error_code(call, rc));
		return false;
	}
	answer = jmap_asked_answer(&c->asked, 0, &name);
	if (!json_is_array(json_object_get(answer, "list"))) {
		jmap_asked_give(call, &c->asked);
		return false;
	}
	if (c->from_state.p != NULL && !slice_eq(c->from_state, jmap_text(json_object_get(answer, "state")))) {
		(void)jmap_error(call, "stateMismatch", NULL);
		return false;
	}
	json_object_foreach(c->create, key, one) {
		json_array_foreach(json_object_get(answer, "list"), i, email)
			if (json_is_object(one) && json_equal(json_object_get(email, "id"), json_object_get(one, "id")))
				json_object_set(c->sources, key, email);
		if (json_object_get(c->sources, key) == NULL)
			fail(c, key, "notFound");
	}
	return true;
}

/* ---- their bytes ---- */

static void take_carried(struct copying *c)
{
	const char *key = json_object_iter_key(c->at);
	json_t *wanted = json_object_get(c->create, key), *email = json_object_iter_value(c->at), *to;
	static const char *const kept[] = {"keywords", "receivedAt"};

	if (c->carried.code < 0) {
		fail(c, key, c->carried.code == ERR_NOT_FOUND ? "notFound" : c->carried.code == ERR_DENIED ? "forbidden" : c->carried.code == ERR_LIMIT ? "tooLarge"
			: "serverFail");
		return;
	}
	to = json_pack("{s:o, s:O?}", "blobId", text_of(slice_str(c->carried.id)), "mailboxIds", json_object_get(wanted, "mailboxIds"));
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		json_t *value = json_object_get(wanted, kept[i]);
		json_object_set(to, kept[i], value != NULL ? value : json_object_get(email, kept[i]));
	}
	json_object_set_new(c->emails, key, to);
}

/* JMAP_WAIT, or JMAP_DONE when all are there. */
static enum jmap_step carry(struct jmap_call *call, struct copying *c)
{
	const struct jmap_host *host = &call->jmap->host;

	if (c->at == NULL)
		return JMAP_DONE;
	c->carried = (struct jmap_carried){.code = ERR_TEMPORARY};
	host->carry(host->arg, call, c->from, jmap_text(json_object_get(json_object_iter_value(c->at), "blobId")), c->to, &c->carried);
	return JMAP_WAIT;
}

/* ---- the copies ---- */

static enum jmap_step import(struct jmap_call *call, struct copying *c)
{
	json_t *args = json_pack("{s:o, s:O}", "accountId", text_of(c->to_name), "emails", c->emails);
	enum jmap_step step;

	if (c->to_state.p != NULL)
		json_object_set_new(args, "ifInState", text_of(c->to_state));
	step = jmap_ask(call, c->to, "Email/import", args, &c->asked);
	json_decref(args);
	return step;
}

static void put(struct emit *e, const char *name, const json_t *value)
{
	emit_key(e, name);
	if (value != NULL && (!json_is_object(value) || json_object_size(value) > 0))
		emit_json(e, value);
	else
		emit_null(e);
}

/* False: there is nothing more to say. */
static bool give_copies(struct jmap_call *call, struct copying *c)
{
	struct emit *e = jmap_out(call);
	const char *name;
	int rc = jmap_ask_done(call, &c->asked);
	json_t *answer = rc == 0 ? jmap_asked_answer(&c->asked, 0, &name) : NULL, *created = json_object_get(answer, "created");

	if (rc < 0) {
		(void)(rc == ERR_NOT_FOUND ? jmap_error(call, "accountNotFound", NULL) : jmap_error_code(call, rc));
		return false;
	}
	if (json_object_get(answer, "newState") == NULL) {
		jmap_asked_give(call, &c->asked);
		return false;
	}
	if (json_is_object(json_object_get(answer, "notCreated")))
		json_object_update(c->failed, json_object_get(answer, "notCreated"));
	jmap_answer_begin(call, NULL);
	emit_member_text(e, "fromAccountId", c->from_name);
	emit_member_text(e, "accountId", c->to_name);
	put(e, "oldState", json_object_get(answer, "oldState"));
	put(e, "newState", json_object_get(answer, "newState"));
	put(e, "created", json_is_object(created) ? created : NULL);
	put(e, "notCreated", c->failed);
	jmap_answer_end(call);
	return c->destroys && json_object_size(created) > 0;
}

/* ---- the originals go ---- */

static enum jmap_step destroy(struct jmap_call *call, struct copying *c)
{
	const char *name, *key;
	json_t *created = json_object_get(jmap_asked_answer(&c->asked, 0, &name), "created"), *ids = json_array(), *one, *args;
	enum jmap_step step;

	json_object_foreach(created, key, one)
		json_array_append(ids, json_object_get(json_object_get(c->sources, key), "id"));
	args = json_pack("{s:o, s:o}", "accountId", text_of(c->from_name), "destroy", ids);
	if (c->destroy_state.p != NULL)
		json_object_set_new(args, "ifInState", text_of(c->destroy_state));
	step = jmap_ask(call, c->from, "Email/set", args, &c->asked);
	json_decref(args);
	return step;
}

static enum jmap_step give_destroyed(struct jmap_call *call, struct copying *c)
{
	if (jmap_ask_done(call, &c->asked) == 0)
		jmap_asked_give(call, &c->asked);
	return JMAP_DONE;
}

/* What came of the last stage, and the next one. */
static enum jmap_step go_on(struct jmap_call *call, struct copying *c)
{
	switch (c->stage) {
	case GETTING:
		if (!take_originals(call, c))
			return JMAP_DONE;
		c->at = json_object_iter(c->sources);
		c->stage = CARRYING;
		break;
	case CARRYING:
		take_carried(c);
		c->at = json_object_iter_next(c->sources, c->at);
		break;
	case IMPORTING:
		if (!give_copies(call, c))
			return JMAP_DONE;
		c->stage = DESTROYING;
		return destroy(call, c);
	case DESTROYING:
		return give_destroyed(call, c);
	}
	if (carry(call, c) == JMAP_WAIT)
		return JMAP_WAIT;
	c->stage = IMPORTING;
	return import(call, c);
}

enum jmap_step jmap_email_copy(struct jmap_call *call)
{
	struct copying *c = call->state;

	if (c != NULL)
		return go_on(call, c);
	call->state = c = ARENA_NEW(&call->arena, struct copying);
	call->forget = forget;
	c->emails = json_object();
	c->failed = json_object();
	c->sources = json_object();
	return begin(call, c) ? get(call, c) : JMAP_DONE;
}
