/* Match types (RFC 5228 2.7, RFC 5231, draft-ietf-sieve-regex) and the match variables they leave (RFC 5229 3.2). */
#include "sieve/glob.h"
#include "sieve/machine.h"

static bool relation_holds(enum match_relation relation, int order)
{
	switch (relation) {
	case RELATION_GT: return order > 0;
	case RELATION_GE: return order >= 0;
	case RELATION_LT: return order < 0;
	case RELATION_LE: return order <= 0;
	case RELATION_EQ: return order == 0;
	case RELATION_NE: return order != 0;
	}
	return false;
}

/* What the groups stand for, taken from the value as it was. */
static void matches_set(struct machine *m, struct slice value, const uint32_t *origin, size_t (*groups)[2], size_t count)
{
	if (m->no_matches || (m->scope->program->required & SIEVE_BIT(SIEVE_VARIABLES)) == 0)
		return;
	for (size_t i = 0; i < count; i++) {
		size_t start = groups[i][0], end = groups[i][1];
		if (start == (size_t)-1 || end == (size_t)-1)
			m->matches[i] = SLICE_NONE;
		else
			m->matches[i] = slice_sub(value, origin != NULL ? origin[start] : start, origin != NULL ? origin[end] : end);
	}
	m->match_count = count;
}

static bool glob_matches(struct matching *x, struct slice value, struct slice key)
{
	const struct sieve_comparator *c = x->node->match.comparator;
	size_t groups[SIEVE_MATCHES_MAX][2], count = 0;
	uint32_t *origin, *ignored;
	struct slice text = c->fold(value, &x->m->scratch, &origin), pattern = c->fold(key, &x->m->scratch, &ignored);
	if (!sieve_glob(pattern, text, !slice_eq(slice_str(c->name), SLICE("i;octet")), groups, &count, x->m->work))
		return *x->m->work == 0 ? machine_charge(x->m, x->node->place, 1) : false;
	matches_set(x->m, value, origin, groups, count);
	return true;
}

static bool regex_matches(struct matching *x, struct slice value, struct slice key)
{
	const char *why;
	size_t groups[SIEVE_MATCHES_MAX][2], count = 0;
	bool nocase = !slice_eq(slice_str(x->node->match.comparator->name), SLICE("i;octet"));
	struct sieve_regex *r = sieve_regex_compile(key, nocase, &x->m->scratch, &why);
	if (r == NULL)
		return machine_error(x->m, x->node->place, "not a regular expression: %s", why);
	if (!machine_charge(x->m, x->node->place, SIEVE_REGEX_STATES) || !sieve_regex_search(r, value, groups, &count, x->m->work, &x->m->scratch))
		return *x->m->work == 0 ? machine_charge(x->m, x->node->place, 1) : false;
	matches_set(x->m, value, NULL, groups, count);
	return true;
}

static bool one_matches(struct matching *x, struct slice value, struct slice key)
{
	const struct sieve_match *how = &x->node->match;
	struct arena *arena = &x->m->scratch;
	uint32_t *ignored;
	switch (how->type) {
	case MATCH_IS: return how->comparator->order(value, key, arena) == 0;
	case MATCH_CONTAINS: return slice_search(how->comparator->fold(value, arena, &ignored), how->comparator->fold(key, arena, &ignored)) >= 0;
	case MATCH_MATCHES: return glob_matches(x, value, key);
	case MATCH_REGEX: return regex_matches(x, value, key);
	case MATCH_VALUE: return relation_holds(how->relation, how->comparator->order(value, key, arena));
	case MATCH_COUNT: return false;
	}
	return false;
}

void matching_begin(struct matching *x, struct machine *m, const struct sieve_node *node, const struct sieve_arg *keys)
{
	*x = (struct matching){.m = m, .node = node, .keys = keys};
}

bool matching_value(struct matching *x, struct slice value)
{
	x->count++;
	if (x->node->match.type == MATCH_COUNT)
		return false;
	for (size_t i = 0; i < x->keys->count && !x->found && !x->m->stopped; i++) {
		struct slice key = machine_string(x->m, &x->keys->strings[i]);
		if (!machine_charge(x->m, x->node->place, SIEVE_WORK_COMMAND + value.n + key.n))
			break;
		x->found = one_matches(x, value, key);
		arena_reset(&x->m->scratch);
	}
	return x->found || x->m->stopped;
}

/* RFC 5231 4.2: how many there were, as a text that the comparator reads. */
bool matching_end(struct matching *x)
{
	struct slice count;
	if (x->node->match.type != MATCH_COUNT || x->m->stopped)
		return x->found && !x->m->stopped;
	count = arena_printf(x->m->arena, "%llu", (unsigned long long)x->count);
	for (size_t i = 0; i < x->keys->count && !x->found; i++) {
		struct slice key = machine_string(x->m, &x->keys->strings[i]);
		x->found = relation_holds(x->node->match.relation, x->node->match.comparator->order(count, key, x->m->arena));
	}
	return x->found;
}
