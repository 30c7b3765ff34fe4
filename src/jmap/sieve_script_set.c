/* SieveScript/set (RFC 9661 2.2). The scripts are listed before and behind all changes. */
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "jmap/sieve.h"

enum phase { LISTING, WORKING, ACTIVATING, LISTING_AGAIN, ANSWERING };

struct setting {
	struct jmap_sieve *q;            /* first (sieve.c) */
	struct jmap_scripts scripts;
	enum phase phase;
	const struct jmap_set_item *asked; /* whose answer q has */
};

static struct setting *setting_of(struct jmap_call *call)
{
	return call->state;
}

static int state(struct jmap_call *call, struct buf *out)
{
	buf_append(out, jmap_scripts_state(call, &setting_of(call)->scripts));
	return 0;
}

static enum jmap_step outcome(struct jmap_set_item *item, const struct jmap_sieve *q, struct jmap_call *call)
{
	struct slice why = arena_dup(&call->arena, buf_slice(&q->why));

	switch (q->result) {
	case JMAP_SIEVE_OK: return JMAP_DONE;
	case JMAP_SIEVE_REFUSED: return jmap_set_error(item, "invalidSieve", why);
	case JMAP_SIEVE_NONE: return jmap_set_error(item, "notFound", SLICE_NONE);
	case JMAP_SIEVE_EXISTS: return jmap_set_error(item, "alreadyExists", SLICE_NONE);
	case JMAP_SIEVE_ACTIVE_STAYS: return jmap_set_error(item, "sieveIsActive", SLICE_NONE);
	case JMAP_SIEVE_MANY: return jmap_set_error(item, "overQuota", why);
	case JMAP_SIEVE_LONG: return jmap_set_error(item, "tooLarge", why);
	case JMAP_SIEVE_FORBIDDEN: return jmap_set_error(item, "forbidden", SLICE_NONE);
	case JMAP_SIEVE_LATER: break;
	}
	return jmap_set_error(item, "serverFail", SLICE_NONE);
}

static enum jmap_step ask(struct jmap_call *call, struct jmap_set_item *item, enum jmap_sieve_op op, struct slice name, struct slice text)
{
	struct setting *s = setting_of(call);

	s->asked = item;
	return jmap_sieve_ask(call, s->q, op, name, text) ? JMAP_WAIT : jmap_set_error(item, "serverFail", SLICE_NONE);
}

/* Only name (create) and blobId are the client's. False: item has the error. */
static bool check_properties(struct jmap_set_item *item, bool create)
{
	const char *key;
	json_t *value;

	json_object_foreach(item->object, key, value) {
		bool name = strcmp(key, "name") == 0, blob = strcmp(key, "blobId") == 0;

		if ((name && (!create || !(json_is_string(value) || json_is_null(value)))) || (blob && !json_is_string(value)) || (!name && !blob))
			(void)jmap_set_invalid(item, key);
	}
	if (create && json_object_get(item->object, "blobId") == NULL)
		(void)jmap_set_invalid(item, "blobId");
	return item->error == NULL;
}

static enum jmap_step put(struct jmap_call *call, struct jmap_set_item *item, struct slice name)
{
	struct buf script = BUF_INIT(JMAP_SIEVE_SCRIPT_MAX);
	const char *error = jmap_sieve_blob(call, jmap_text(json_object_get(item->object, "blobId")), &script);
	enum jmap_step step = error != NULL ? jmap_set_error(item, error, SLICE_NONE) : ask(call, item, JMAP_SIEVE_PUT, name, buf_slice(&script));

	buf_free(&script);
	return step;
}

/* Without a name from the client one that is free (RFC 9661 2.1). */
static struct slice free_name(struct jmap_call *call, const struct jmap_scripts *scripts)
{
	for (unsigned i = 1;; i++) {
		struct slice name = arena_printf(&call->arena, "script-%u", i);

		if (jmap_script_by_name(scripts, name) == NULL)
			return name;
	}
}

static void remember(struct setting *s, struct slice name, struct slice id)
{
	if (s->scripts.count < JMAP_SIEVE_SCRIPTS_MAX)
		s->scripts.list[s->scripts.count++] = (struct jmap_script){.name = name, .id = id};
}

static enum jmap_step create(struct jmap_call *call, struct jmap_set_item *item)
{
	struct setting *s = setting_of(call);
	const struct jmap_script *same;
	struct slice name = jmap_text(json_object_get(item->object, "name"));
	struct buf members = BUF_INIT(2000);
	struct emit e = EMIT_INIT(&members);

	if (s->asked == item) {
		if (outcome(item, s->q, call) == JMAP_DONE && item->error == NULL)
			remember(s, s->q->name, item->id);
		return JMAP_DONE;
	}
	if (!check_properties(item, true))
		return JMAP_DONE;
	same = name.n > 0 ? jmap_script_by_name(&s->scripts, name) : NULL;
	if (same != NULL) {
		emit_member_text(&e, "existingId", same->id);
		item->members = arena_dup(&call->arena, buf_slice(&members));
		buf_free(&members);
		return jmap_set_error(item, "alreadyExists", SLICE_NONE);
	}
	name = name.n > 0 ? arena_dup(&call->arena, name) : free_name(call, &s->scripts);
	item->id = jmap_script_id(call, name);
	emit_member_bool(&e, "isActive", false);
	emit_member_text(&e, "name", name);
	item->members = arena_dup(&call->arena, buf_slice(&members));
	buf_free(&members);
	return put(call, item, name);
}

static enum jmap_step update(struct jmap_call *call, struct jmap_set_item *item)
{
	struct setting *s = setting_of(call);
	const struct jmap_script *script = jmap_script_by_id(&s->scripts, item->key);

	if (s->asked == item)
		return outcome(item, s->q, call);
	if (script == NULL)
		return jmap_set_error(item, "notFound", SLICE_NONE);
	if (!check_properties(item, false) || json_object_size(item->object) == 0)
		return JMAP_DONE;
	return put(call, item, script->name);
}

static enum jmap_step destroy(struct jmap_call *call, struct jmap_set_item *item)
{
	struct setting *s = setting_of(call);
	const struct jmap_script *script = jmap_script_by_id(&s->scripts, item->key);

	if (s->asked == item)
		return outcome(item, s->q, call);
	if (script == NULL)
		return jmap_set_error(item, "notFound", SLICE_NONE);
	return ask(call, item, JMAP_SIEVE_DELETE, script->name, SLICE_NONE);
}

static bool begin(struct jmap_call *call)
{
	struct slice id = SLICE_NONE;
	bool off = false;

	return jmap_arg_text(call, "onSuccessActivateScript", &id) && jmap_arg_bool(call, "onSuccessDeactivateScript", &off);
}

/* ERR_NOT_FOUND: nothing is to be activated or deactivated. *ret empty: deactivate. */
static int wish(struct jmap_call *call, struct slice *ret)
{
	struct slice text = jmap_text(json_object_get(call->args, "onSuccessActivateScript")), id;
	const struct jmap_script *s;

	*ret = SLICE_NONE;
	if (text.n == 0)
		return json_is_true(json_object_get(call->args, "onSuccessDeactivateScript")) ? 0 : ERR_NOT_FOUND;
	s = jmap_id_resolve(call, text, &id) ? jmap_script_by_id(&setting_of(call)->scripts, id) : NULL;
	if (s == NULL)
		return ERR_NOT_FOUND;
	*ret = s->name;
	return 0;
}

/* Activation, only when everything before went well; then the scripts as they are. */
static enum jmap_step settle(struct jmap_call *call)
{
	struct setting *s = setting_of(call);
	struct slice name;

	if (s->phase == WORKING) {
		s->phase = ACTIVATING;
		if (jmap_set_all_done(call) && wish(call, &name) == 0 && jmap_sieve_ask(call, s->q, JMAP_SIEVE_ACTIVATE, name, SLICE_NONE))
			return JMAP_WAIT;
	}
	if (s->phase == ACTIVATING) {
		s->phase = LISTING_AGAIN;
		if (jmap_sieve_ask(call, s->q, JMAP_SIEVE_ROWS, SLICE_NONE, SLICE_NONE))
			return JMAP_WAIT;
	}
	s->phase = ANSWERING;
	(void)jmap_scripts_take(call, s->q, &s->scripts);
	return JMAP_DONE;
}

enum jmap_step jmap_sieve_script_set(struct jmap_call *call)
{
	static const char *const more[] = {"onSuccessActivateScript", "onSuccessDeactivateScript", NULL};
	static const struct jmap_set_ops ops = {.create = create, .update = update, .destroy = destroy, .begin = begin, .settle = settle, .state = state,
		.more = more};
	struct setting *s = setting_of(call);

	if (s == NULL) {
		s = arena_alloc(&call->arena, sizeof *s);
		call->state = s;
		s->q = jmap_sieve_create(call);
		return jmap_sieve_ask(call, s->q, JMAP_SIEVE_ROWS, SLICE_NONE, SLICE_NONE) ? JMAP_WAIT : jmap_error(call, "serverUnavailable", NULL);
	}
	if (s->phase == LISTING && !jmap_scripts_take(call, s->q, &s->scripts))
		return JMAP_DONE;
	if (s->phase == LISTING)
		s->phase = WORKING;
	return jmap_set_run(call, &ops);
}
