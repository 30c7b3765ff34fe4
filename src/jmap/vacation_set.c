/* VacationResponse/set (RFC 8621 8.2): the one object, id "singleton", is updated. */
#include <string.h>

#include "base/ensure.h"
#include "jmap/date.h"
#include "jmap/vacation.h"

enum phase { LISTING, PUTTING, ACTIVATING, DELETING, ANSWERING };

struct setting {
	struct jmap_sieve *q;            /* first (sieve.c) */
	struct jmap_scripts scripts;
	enum phase phase;
	void (*forget)(struct jmap_call *call); /* of q */
	json_t *kept;
	bool active;                     /* it answers, as far as is known */
	struct slice own;                /* the script that goes on behind the answer */
	enum phase step;                 /* of the update under way */
	bool begun;
};

static bool property_good(const char *name, const json_t *value)
{
	static const char *const texts[] = {"subject", "textBody", "htmlBody", "insideTextBody"}, *const dates[] = {"fromDate", "toDate"};
	int64_t when;

	if (strcmp(name, "isEnabled") == 0)
		return json_is_boolean(value);
	if (strcmp(name, "insideOnly") == 0)
		return json_is_boolean(value) || json_is_null(value);
	for (size_t i = 0; i < ARRAY_LEN(dates); i++)
		if (strcmp(name, dates[i]) == 0)
			return json_is_null(value) || jmap_date_parse(jmap_text(value), true, &when) == 0;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (strcmp(name, texts[i]) == 0)
			return json_is_null(value) || (json_is_string(value) && jmap_text(value).n <= JMAP_VACATION_TEXT_MAX);
	return false;
}

static enum jmap_step failed(struct jmap_call *call, struct jmap_set_item *item, const struct jmap_sieve *q)
{
	return jmap_set_error(item, q->result == JMAP_SIEVE_FORBIDDEN ? "forbidden" : q->result == JMAP_SIEVE_MANY ? "overQuota" : "serverFail",
	                      arena_dup(&call->arena, buf_slice(&q->why)));
}

/* The script that is the owner's: what is active now, unless that is ours; then what was so before. */
static struct slice own_script(const struct setting *s)
{
	struct slice before = jmap_text(json_object_get(s->kept, "own"));

	for (size_t i = 0; i < s->scripts.count; i++)
		if (s->scripts.list[i].active && !slice_eq(s->scripts.list[i].name, SLICE(JMAP_VACATION_SCRIPT)))
			return s->scripts.list[i].name;
	return before.n > 0 && jmap_script_by_name(&s->scripts, before) != NULL ? before : SLICE_NONE;
}

static enum jmap_step ask(struct jmap_call *call, struct jmap_set_item *item, enum phase step, enum jmap_sieve_op op, struct slice name, struct slice text)
{
	struct setting *s = call->state;

	s->step = step;
	return jmap_sieve_ask(call, s->q, op, name, text) ? JMAP_WAIT : jmap_set_error(item, "serverFail", SLICE_NONE);
}

static enum jmap_step begin(struct jmap_call *call, struct jmap_set_item *item)
{
	struct setting *s = call->state;
	const struct jmap_script *ours = jmap_script_by_name(&s->scripts, SLICE(JMAP_VACATION_SCRIPT));
	struct buf script = BUF_INIT(JMAP_SIEVE_SCRIPT_MAX);
	const char *name;
	enum jmap_step step;
	json_t *value;

	json_object_foreach(item->object, name, value)
		if (!property_good(name, value))
			(void)jmap_set_invalid(item, name);
	if (item->error != NULL)
		return JMAP_DONE;
	s->own = arena_dup(&call->arena, own_script(s));
	json_object_update(s->kept, item->object);
	json_object_set_new(s->kept, "own", json_stringn(s->own.n > 0 ? (const char *)s->own.p : "", s->own.n));
	s->begun = true;
	if (json_is_true(json_object_get(s->kept, "isEnabled"))) {
		jmap_vacation_script(call, s->kept, s->own, &script);
		step = script.failed ? jmap_set_error(item, "tooLarge", SLICE_NONE)
			: ask(call, item, PUTTING, JMAP_SIEVE_PUT, SLICE(JMAP_VACATION_SCRIPT), arena_dup(&call->arena, buf_slice(&script)));
		buf_free(&script);
		return step;
	}
	if (ours != NULL && ours->active)
		return ask(call, item, DELETING, JMAP_SIEVE_ACTIVATE, s->own, SLICE_NONE);
	return JMAP_AGAIN;
}

static enum jmap_step keep(struct jmap_call *call, struct jmap_set_item *item)
{
	struct setting *s = call->state;
	int rc = jmap_vacation_keep(call, s->kept);

	s->active = json_is_true(json_object_get(s->kept, "isEnabled"));
	return rc < 0 ? jmap_set_error_code(item, rc) : JMAP_DONE;
}

static enum jmap_step update(struct jmap_call *call, struct jmap_set_item *item)
{
	struct setting *s = call->state;
	enum jmap_step step;

	if (!slice_eq(item->key, SLICE("singleton")))
		return jmap_set_error(item, "notFound", SLICE_NONE);
	if (!s->begun) {
		step = begin(call, item);
		return step == JMAP_AGAIN ? keep(call, item) : step;
	}
	if (s->q->result != JMAP_SIEVE_OK)
		return failed(call, item, s->q);
	if (s->step == PUTTING)
		return ask(call, item, ACTIVATING, JMAP_SIEVE_ACTIVATE, SLICE(JMAP_VACATION_SCRIPT), SLICE_NONE);
	if (s->step == DELETING)
		return ask(call, item, ANSWERING, JMAP_SIEVE_DELETE, SLICE(JMAP_VACATION_SCRIPT), SLICE_NONE);
	return keep(call, item);
}

static enum jmap_step refuse(struct jmap_call *call, struct jmap_set_item *item)
{
	return jmap_set_error(item, "singleton", SLICE_NONE);
}

static int state(struct jmap_call *call, struct buf *out)
{
	const struct setting *s = call->state;

	jmap_vacation_state(s->kept, s->active, out);
	return 0;
}

static void forget(struct jmap_call *call)
{
	struct setting *s = call->state;

	json_decref(s->kept);
	s->forget(call);
}

enum jmap_step jmap_vacation_set(struct jmap_call *call)
{
	static const struct jmap_set_ops ops = {.create = refuse, .update = update, .destroy = refuse, .state = state};
	struct setting *s = call->state;
	const struct jmap_script *script;

	if (s == NULL) {
		call->state = s = ARENA_NEW(&call->arena, struct setting);
		s->q = jmap_sieve_create(call);
		s->kept = jmap_vacation_load(call);
		s->forget = call->forget;
		call->forget = forget;
		return jmap_sieve_ask(call, s->q, JMAP_SIEVE_ROWS, SLICE_NONE, SLICE_NONE) ? JMAP_WAIT : jmap_error(call, "serverUnavailable", NULL);
	}
	if (s->phase == LISTING) {
		if (!jmap_scripts_take(call, s->q, &s->scripts))
			return JMAP_DONE;
		s->phase = ANSWERING;
		script = jmap_script_by_name(&s->scripts, SLICE(JMAP_VACATION_SCRIPT));
		s->active = script != NULL && script->active;
	}
	return jmap_set_run(call, &ops);
}
