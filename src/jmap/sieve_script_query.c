#include <string.h>

#include "jmap/sieve.h"

/* RFC 9661 2.3. */
enum sort { BY_NAME, BY_ACTIVE };
static const char *const sorts[] = {"name", "isActive", NULL};

struct querying {
	struct jmap_sieve *q;            /* first (sieve.c) */
	struct jmap_query query;
	struct jmap_scripts scripts;
};

static const char *check(struct jmap_call *call, const json_t *condition)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)condition, key, value) {
		if (strcmp(key, "name") != 0 && strcmp(key, "isActive") != 0)
			return "unsupportedFilter";
		if (strcmp(key, "name") == 0 ? !json_is_string(value) : !json_is_boolean(value))
			return "invalidArguments";
	}
	return NULL;
}

static bool fits(void *arg, const json_t *condition)
{
	const struct jmap_script *s = arg;
	const json_t *name = json_object_get(condition, "name"), *active = json_object_get(condition, "isActive");

	return (name == NULL || slice_search_nocase(s->name, jmap_text(name)) >= 0) && (active == NULL || json_is_true(active) == s->active);
}

static int compare(const struct jmap_query *q, const struct jmap_script *a, const struct jmap_script *b)
{
	for (size_t i = 0; i < q->sort_count; i++) {
		int order = q->sort[i].index == BY_NAME ? slice_cmp_nocase(a->name, b->name) : (int)a->active - (int)b->active;

		if (order != 0)
			return q->sort[i].descending ? -order : order;
	}
	return slice_cmp(a->id, b->id);
}

/* A few dozen at most. */
static void insert(const struct jmap_query *q, struct jmap_scripts *to, const struct jmap_script *s)
{
	size_t at = to->count++;

	while (at > 0 && compare(q, s, &to->list[at - 1]) < 0) {
		to->list[at] = to->list[at - 1];
		at--;
	}
	to->list[at] = *s;
}

static enum jmap_step begin(struct jmap_call *call)
{
	struct querying *s = arena_alloc(&call->arena, sizeof *s);

	if (!jmap_query_args(call, check, sorts, NULL, &s->query))
		return JMAP_DONE;
	call->state = s;
	s->q = jmap_sieve_create(call);
	return jmap_sieve_ask(call, s->q, JMAP_SIEVE_ROWS, SLICE_NONE, SLICE_NONE) ? JMAP_WAIT : jmap_error(call, "serverUnavailable", NULL);
}

enum jmap_step jmap_sieve_script_query(struct jmap_call *call)
{
	struct querying *s = call->state;
	struct jmap_scripts *found;
	size_t anchor = SIZE_MAX, from, to;

	if (s == NULL)
		return begin(call);
	if (!jmap_scripts_take(call, s->q, &s->scripts))
		return JMAP_DONE;
	found = arena_alloc(&call->arena, sizeof *found);
	for (size_t i = 0; i < s->scripts.count; i++)
		if (jmap_filter_holds(s->query.filter, fits, &s->scripts.list[i]))
			insert(&s->query, found, &s->scripts.list[i]);
	for (size_t i = 0; i < found->count; i++)
		if (slice_eq(found->list[i].id, s->query.anchor))
			anchor = i;
	if (!jmap_query_window(call, &s->query, found->count, anchor, &from, &to))
		return JMAP_DONE;
	jmap_query_begin(call, jmap_scripts_state(call, &s->scripts), false, from);
	for (size_t i = from; i < to; i++)
		emit_text(jmap_out(call), found->list[i].id);
	jmap_query_end(call, &s->query, found->count, 0);
	return JMAP_DONE;
}
