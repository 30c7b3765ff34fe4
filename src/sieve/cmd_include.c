/* include, return and global (RFC 6609). */
#include "sieve/machine.h"

enum { PLACE_PERSONAL, PLACE_GLOBAL };
static const struct sieve_tag tags_include[] = {
	{"personal", SLOT_PLACE, 0, SIEVE_INCLUDE, PLACE_PERSONAL}, {"global", SLOT_PLACE, 0, SIEVE_INCLUDE, PLACE_GLOBAL},
	{"once", SLOT_ONCE, 0, SIEVE_INCLUDE, 0}, {"optional", SLOT_OPTIONAL, 0, SIEVE_INCLUDE, 0}, {.name = NULL},
};

static bool is_global(const struct sieve_node *node)
{
	const struct sieve_bound *place = node_tag(node, SLOT_PLACE);
	return place != NULL && place->tag->code == PLACE_GLOBAL;
}

/* RFC 6609 3.2: variables are no names of scripts. */
static bool check_include(struct compiler *c, struct sieve_node *node)
{
	const struct sieve_string *s = &node->args->strings[0];
	if (s->dynamic || !sieve_name_valid(s->text))
		return compile_error(c, s->place, "this is no name of a script");
	return true;
}

static struct included *included_find(const struct machine *m, struct slice name, bool global)
{
	struct included *i = m->included;
	while (i != NULL && !(i->global == global && slice_eq(i->name, name)))
		i = i->next;
	return i;
}

/* Compiles a script the first time; NULL: an error is set, or (*ret_missing) there is none. */
static struct included *load(struct machine *m, const struct sieve_node *node, bool *ret_missing)
{
	struct slice name = node->args->strings[0].text, text;
	struct included *i = included_find(m, name, is_global(node));
	struct sieve_error err;
	if (i != NULL)
		return i;
	*ret_missing = m->letter->source == NULL || !m->letter->source(m->letter->arg, name, is_global(node), &text);
	if (*ret_missing)
		return NULL;
	if (++m->include_count > SIEVE_INCLUDES_MAX) {
		machine_error(m, node->place, "more than %d scripts are included", SIEVE_INCLUDES_MAX);
		return NULL;
	}
	i = ARENA_NEW(m->arena, struct included);
	*i = (struct included){.next = m->included, .name = name, .global = is_global(node)};
	if (!machine_charge(m, node->place, 20 * text.n + SIEVE_WORK_COMMAND))
		return NULL;
	if (sieve_compile(text, m->arena, &i->program, &err) < 0) {
		machine_error(m, node->place, "\"%.*s\", line %u: %s", SLICE_ARG(slice_sub(name, 0, 60)), err.place.line, err.text);
		return NULL;
	}
	i->program->name = name;
	m->included = i;
	return i;
}

static bool run_included(struct machine *m, struct included *i)
{
	struct machine_scope scope = {.outer = m->scope, .program = i->program};
	m->scope = &scope;
	m->depth++;
	i->running = i->ran = true;
	machine_block(m, i->program->block);
	i->running = false;
	m->depth--;
	m->scope = scope.outer;
	map_free(&scope.variables);
	map_free(&scope.imported);
	return !m->stopped;
}

static bool run_include(struct machine *m, const struct sieve_node *node)
{
	bool missing = false, once = node_tag(node, SLOT_ONCE) != NULL;
	struct included *i = load(m, node, &missing);
	if (missing && node_tag(node, SLOT_OPTIONAL) != NULL)
		return true;
	if (missing)
		return machine_error(m, node->place, "there is no script \"%.*s\"", SLICE_ARG(slice_sub(node->args->strings[0].text, 0, 80)));
	if (i == NULL)
		return false;
	if (once && i->ran)
		return true;
	/* RFC 6609 3.2: no script includes itself, on whatever way. */
	if (i->running || slice_eq(i->program->text, m->scope->program->text))
		return machine_error(m, node->place, "\"%.*s\" includes itself", SLICE_ARG(slice_sub(i->name, 0, 80)));
	if (m->depth == SIEVE_INCLUDE_DEPTH)
		return machine_error(m, node->place, "scripts are included too deeply");
	return run_included(m, i);
}

static bool run_return(struct machine *m, const struct sieve_node *node)
{
	(void)node;
	m->scope->returned = true;
	return true;
}

static bool check_global(struct compiler *c, struct sieve_node *node)
{
	if (!compile_has(c, SIEVE_VARIABLES))
		return compile_error(c, node->place, "global needs require \"variables\"");
	for (size_t i = 0; i < node->args->count; i++) {
		const struct sieve_string *s = &node->args->strings[i];
		if (s->dynamic || !sieve_variable_name(s->text) || slice_find(s->text, '.') >= 0 || ascii_is_digit(s->text.p[0]))
			return compile_error(c, s->place, "this is no name of a variable");
	}
	return true;
}

static bool run_global(struct machine *m, const struct sieve_node *node)
{
	uint8_t lower[SIEVE_IDENTIFIER_MAX];
	for (size_t i = 0; i < node->args->count; i++) {
		struct slice name = node->args->strings[i].text;
		if (m->scope->imported.count >= SIEVE_VARIABLES_MAX)
			return machine_error(m, node->place, "there are more than %d variables", SIEVE_VARIABLES_MAX);
		for (size_t j = 0; j < name.n && j < sizeof lower; j++)
			lower[j] = ascii_lower(name.p[j]);
		map_put(&m->scope->imported, slice_make(lower, name.n), m);
	}
	return true;
}

const struct sieve_def sieve_cmd_include = {.name = "include", .extension = SIEVE_INCLUDE, .tags = {tags_include}, .arguments = "s",
	.check = check_include, .run = run_include};
const struct sieve_def sieve_cmd_return = {.name = "return", .extension = SIEVE_INCLUDE, .arguments = "", .run = run_return};
const struct sieve_def sieve_cmd_global = {.name = "global", .extension = SIEVE_INCLUDE, .arguments = "l", .check = check_global,
	.run = run_global};

static void walk(const struct sieve_node *block, sieve_include_fn *fn, void *arg)
{
	for (const struct sieve_node *n = block; n != NULL; n = n->next) {
		if (n->def == &sieve_cmd_include)
			fn(arg, n->args->strings[0].text, is_global(n));
		if (n->has_block)
			walk(n->block, fn, arg);
	}
}

void sieve_includes(const struct sieve_program *program, sieve_include_fn *fn, void *arg)
{
	walk(program->block, fn, arg);
}
