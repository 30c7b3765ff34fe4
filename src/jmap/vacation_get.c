/* VacationResponse/get (RFC 8621 8.1). */
#include "jmap/vacation.h"

/* Those behind HTML are our own (jmap/vacation.h): only for who asks for them. */
enum property { ID, ENABLED, FROM, TO, SUBJECT, TEXT, HTML, INSIDE_TEXT, INSIDE_ONLY, PROPERTIES };
static const char *const names[PROPERTIES] = {"id", "isEnabled", "fromDate", "toDate", "subject", "textBody", "htmlBody", "insideTextBody", "insideOnly"};

struct getting {
	struct jmap_sieve *q;            /* first (sieve.c) */
	struct jmap_get get;
	bool asked;
};

static void put(struct jmap_call *call, const struct jmap_get *get, const json_t *kept, bool active)
{
	struct emit *e = jmap_out(call);

	emit_object(e);
	emit_member_text(e, names[ID], SLICE("singleton"));
	if (jmap_wants(get, ENABLED))
		emit_member_bool(e, names[ENABLED], active && json_is_true(json_object_get(kept, names[ENABLED])));
	for (unsigned i = FROM; i < PROPERTIES; i++) {
		const json_t *value = json_object_get(kept, names[i]);

		if (!jmap_wants(get, i))
			continue;
		emit_key(e, names[i]);
		if (value != NULL)
			emit_json(e, value);
		else
			emit_null(e);
	}
	emit_object_end(e);
}

enum jmap_step jmap_vacation_get(struct jmap_call *call)
{
	struct getting *g = call->state;
	struct jmap_scripts scripts;
	const struct jmap_script *script;
	struct buf state = BUF_INIT(100);
	struct slice id;
	json_t *kept;

	if (g == NULL) {
		call->state = g = ARENA_NEW(&call->arena, struct getting);
		g->q = jmap_sieve_create(call);
		if (!jmap_get_args(call, names, PROPERTIES, (1u << INSIDE_TEXT) - 1, NULL, NULL, &g->get))
			return JMAP_DONE;
	}
	if (!g->asked) {
		g->asked = true;
		return jmap_sieve_ask(call, g->q, JMAP_SIEVE_ROWS, SLICE_NONE, SLICE_NONE) ? JMAP_WAIT : jmap_error(call, "serverUnavailable", NULL);
	}
	if (!jmap_scripts_take(call, g->q, &scripts))
		return JMAP_DONE;
	script = jmap_script_by_name(&scripts, SLICE(JMAP_VACATION_SCRIPT));
	kept = jmap_vacation_load(call);
	jmap_vacation_state(kept, script != NULL && script->active, &state);
	jmap_get_begin(call, arena_dup(&call->arena, buf_slice(&state)));
	buf_free(&state);
	if (g->get.all)
		put(call, &g->get, kept, script != NULL && script->active);
	while (!g->get.all && jmap_get_next(&g->get, &id)) {
		if (slice_eq(id, SLICE("singleton")))
			put(call, &g->get, kept, script != NULL && script->active);
		else
			jmap_get_missing(call, &g->get, id);
	}
	jmap_get_end(call, &g->get);
	json_decref(kept);
	return JMAP_DONE;
}
