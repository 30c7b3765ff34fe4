#include "base/codec.h"
#include "jmap/sieve.h"

/* RFC 9661 2.1. */
enum property { ID, NAME, BLOB, ACTIVE, PROPERTIES };
static const char *const names[PROPERTIES] = {[ID] = "id", [NAME] = "name", [BLOB] = "blobId", [ACTIVE] = "isActive"};

struct getting {
	struct jmap_sieve *q;            /* first (sieve.c) */
	struct jmap_get get;
	struct jmap_scripts scripts;
	size_t at;                       /* of scripts, when all are asked for */
	const struct jmap_script *reading;
	bool listed;
};

static void put_script(struct jmap_call *call, const struct getting *g, const struct jmap_script *s)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	struct emit *e = jmap_out(call);
	uint8_t id[16];

	emit_object(e);
	emit_member_text(e, names[ID], s->id);
	if (jmap_wants(&g->get, NAME))
		emit_member_text(e, names[NAME], s->name);
	if (jmap_wants(&g->get, BLOB) && host->blob_put(host->arg, SLICE("application/sieve"), buf_slice(&g->q->answer), id) == 0) {
		emit_key(e, names[BLOB]);
		emit_id(e, 'U', id);
	}
	if (jmap_wants(&g->get, ACTIVE))
		emit_member_bool(e, names[ACTIVE], s->active);
	emit_object_end(e);
}

/* NULL: there is no more. */
static const struct jmap_script *next(struct jmap_call *call, struct getting *g)
{
	const struct jmap_script *s = NULL;
	struct slice id;

	if (g->get.all)
		return g->at < g->scripts.count ? &g->scripts.list[g->at++] : NULL;
	while (s == NULL && jmap_get_next(&g->get, &id)) {
		s = jmap_script_by_id(&g->scripts, id);
		if (s == NULL)
			jmap_get_missing(call, &g->get, id);
	}
	return s;
}

static enum jmap_step begin(struct jmap_call *call)
{
	struct getting *g = arena_alloc(&call->arena, sizeof *g);

	if (!jmap_get_args(call, names, PROPERTIES, UINT64_MAX, NULL, NULL, &g->get))
		return JMAP_DONE;
	call->state = g;
	g->q = jmap_sieve_create(call);
	return jmap_sieve_ask(call, g->q, JMAP_SIEVE_ROWS, SLICE_NONE, SLICE_NONE) ? JMAP_WAIT : jmap_error(call, "serverUnavailable", NULL);
}

static bool listing_begin(struct jmap_call *call, struct getting *g)
{
	if (!jmap_scripts_take(call, g->q, &g->scripts))
		return false;
	g->listed = true;
	jmap_get_begin(call, jmap_scripts_state(call, &g->scripts));
	return true;
}

enum jmap_step jmap_sieve_script_get(struct jmap_call *call)
{
	struct getting *g = call->state;
	const struct jmap_script *s;

	if (g == NULL)
		return begin(call);
	if (!g->listed && !listing_begin(call, g))
		return JMAP_DONE;
	if (g->reading != NULL && g->q->result == JMAP_SIEVE_OK)
		put_script(call, g, g->reading);
	else if (g->reading != NULL)
		jmap_get_missing(call, &g->get, g->reading->id);
	g->reading = NULL;
	while ((s = next(call, g)) != NULL) {
		if (jmap_wants(&g->get, BLOB) && jmap_sieve_ask(call, g->q, JMAP_SIEVE_READ, s->name, SLICE_NONE)) {
			g->reading = s;
			return JMAP_WAIT;
		}
		put_script(call, g, s);
	}
	jmap_get_end(call, &g->get);
	return JMAP_DONE;
}
