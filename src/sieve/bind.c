/* Every command and test meets its row: arguments are sorted by meaning and checked. */
#include "base/ensure.h"
#include "sieve/machine.h"

static bool bind_node(struct compiler *c, struct sieve_node *node, const struct sieve_def *def);

/* ---- tagged arguments ---- */

static const struct sieve_tag *tag_find(const struct sieve_def *def, struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(def->tags) && def->tags[i] != NULL; i++)
		for (const struct sieve_tag *t = def->tags[i]; t->name != NULL; t++)
			if (slice_eq_nocase(name, slice_str(t->name)))
				return t;
	return NULL;
}

static bool fits(const struct sieve_arg *arg, char kind)
{
	switch (kind) {
	case 'n': return arg->kind == SIEVE_ARG_NUMBER;
	case 's': return arg->kind == SIEVE_ARG_STRINGS && !arg->list;
	default: return arg->kind == SIEVE_ARG_STRINGS;
	}
}

static const char *kind_name(char kind)
{
	return kind == 'n' ? "a number" : kind == 's' ? "a string" : "a string or a list of strings";
}

/* Takes the tag at *arg and its argument; *arg moves behind them. */
static bool bind_tag(struct compiler *c, struct sieve_node *node, struct sieve_arg **arg)
{
	struct sieve_arg *a = *arg;
	const struct sieve_tag *tag = tag_find(node->def, a->tag);
	if (tag == NULL)
		return compile_error(c, a->place, "%s has no :%.*s", node->def->name, SLICE_ARG(a->tag));
	if (!compile_has(c, tag->extension))
		return compile_error(c, a->place, ":%s needs require \"%s\"", tag->name, sieve_extension_name(tag->extension));
	if (node_tag(node, tag->slot) != NULL)
		return compile_error(c, a->place, ":%s does not go with what stands before it", tag->name);
	ENSURE(node->tag_count < SIEVE_TAGS_MAX);
	struct sieve_bound *bound = &node->tags[node->tag_count++];
	*bound = (struct sieve_bound){.tag = tag};
	*arg = a->next;
	if (tag->argument == 0)
		return true;
	if (*arg == NULL || !fits(*arg, tag->argument))
		return compile_error(c, a->place, ":%s needs %s", tag->name, kind_name(tag->argument));
	bound->arg = *arg;
	struct sieve_arg *taken = *arg;
	*arg = taken->next;
	return sieve_strings_bind(c, taken);
}

/* ---- positional arguments ---- */

static size_t count_args(const struct sieve_arg *arg)
{
	size_t n = 0;
	for (; arg != NULL; arg = arg->next)
		n++;
	return n;
}

/* "?sl" with one argument is "l". */
static const char *signature(const struct sieve_def *def, size_t count)
{
	const char *s = def->arguments;
	if (s[0] != '?')
		return s;
	return slice_str(s + 1).n == count ? s + 1 : s + 2;
}

static bool bind_positional(struct compiler *c, struct sieve_node *node)
{
	size_t count = count_args(node->args);
	const char *kinds = signature(node->def, count);
	struct sieve_arg *arg = node->args;
	if (count != slice_str(kinds).n)
		return compile_error(c, node->place, "%s takes %zu argument%s, not %zu", node->def->name, slice_str(kinds).n,
		                     slice_str(kinds).n == 1 ? "" : "s", count);
	node->arg_count = count;
	for (size_t i = 0; i < count; i++, arg = arg->next) {
		if (arg->kind == SIEVE_ARG_TAG)
			return compile_error(c, arg->place, ":%.*s has to stand before the other arguments", SLICE_ARG(arg->tag));
		if (!fits(arg, kinds[i]))
			return compile_error(c, arg->place, "%s needs %s here", node->def->name, kind_name(kinds[i]));
		if (!sieve_strings_bind(c, arg))
			return false;
	}
	return true;
}

static bool bind_arguments(struct compiler *c, struct sieve_node *node)
{
	struct sieve_arg *arg = node->args;
	while (arg != NULL && arg->kind == SIEVE_ARG_TAG)
		if (!bind_tag(c, node, &arg))
			return false;
	node->args = arg;
	return bind_positional(c, node);
}

/* ---- match type and comparator (RFC 5228 2.7) ---- */

static bool bind_comparator(struct compiler *c, struct sieve_node *node)
{
	const struct sieve_bound *tag = node_tag(node, SLOT_COMPARATOR);
	struct slice name = tag != NULL ? tag->arg->strings[0].text : SLICE("i;ascii-casemap");
	struct sieve_place place = tag != NULL ? tag->arg->place : node->place;
	const struct sieve_comparator *found = sieve_comparator_find(name);
	if (found == NULL)
		return compile_error(c, place, "there is no comparator \"%.*s\"", SLICE_ARG(slice_sub(name, 0, 60)));
	if (!compile_has(c, found->extension))
		return compile_error(c, place, "this comparator needs require \"comparator-%s\"", found->name);
	node->match.comparator = found;
	if (!found->substring && (node->match.type == MATCH_CONTAINS || node->match.type == MATCH_MATCHES || node->match.type == MATCH_REGEX))
		return compile_error(c, place, "%s can compare whole values only", found->name);
	return true;
}

static bool bind_relation(struct compiler *c, struct sieve_node *node, const struct sieve_arg *arg)
{
	static const struct { struct slice name; enum match_relation relation; } relations[] = {
		{SLICE_INIT("gt"), RELATION_GT}, {SLICE_INIT("ge"), RELATION_GE}, {SLICE_INIT("lt"), RELATION_LT},
		{SLICE_INIT("le"), RELATION_LE}, {SLICE_INIT("eq"), RELATION_EQ}, {SLICE_INIT("ne"), RELATION_NE},
	};
	for (size_t i = 0; i < ARRAY_LEN(relations); i++)
		if (slice_eq_nocase(arg->strings[0].text, relations[i].name)) {
			node->match.relation = relations[i].relation;
			return true;
		}
	return compile_error(c, arg->place, "a relation is gt, ge, lt, le, eq or ne (RFC 5231 4.1)");
}

/* A pattern that is known now is wrong now. */
static bool check_patterns(struct compiler *c, const struct sieve_node *node)
{
	const struct sieve_arg *keys = node_arg(node, node->arg_count - 1);
	const char *why;
	for (size_t i = 0; i < keys->count; i++)
		if (!keys->strings[i].dynamic && sieve_regex_compile(keys->strings[i].text, false, c->arena, &why) == NULL)
			return compile_error(c, keys->strings[i].place, "not a regular expression: %s", why);
	return true;
}

static bool bind_match(struct compiler *c, struct sieve_node *node)
{
	const struct sieve_bound *tag = node_tag(node, SLOT_MATCH);
	node->match.type = tag != NULL ? (enum match_type)tag->tag->code : MATCH_IS;
	if (tag != NULL && tag->arg != NULL && !bind_relation(c, node, tag->arg))
		return false;
	if (node->match.type == MATCH_REGEX && !check_patterns(c, node))
		return false;
	return bind_comparator(c, node);
}

static bool bind_index(struct compiler *c, const struct sieve_node *node)
{
	const struct sieve_bound *index = node_tag(node, SLOT_INDEX), *last = node_tag(node, SLOT_LAST);
	if (last != NULL && index == NULL && last->tag == &sieve_tags_index[1])
		return compile_error(c, node->place, ":last needs :index (RFC 5260 6)");
	return index == NULL || index->arg->number > 0 || compile_error(c, index->arg->place, ":index counts from 1");
}

/* ---- tests and blocks ---- */

static bool bind_tests(struct compiler *c, struct sieve_node *node)
{
	const struct sieve_def *def = node->def;
	if (def->tests == TESTS_NONE && node->tests != NULL)
		return compile_error(c, node->tests->place, "%s takes no test", def->name);
	if (def->tests == TESTS_ONE && (node->test_count != 1 || node->test_list))
		return compile_error(c, node->place, "%s takes one test", def->name);
	if (def->tests == TESTS_LIST && !node->test_list)
		return compile_error(c, node->place, "%s takes a list of tests in parentheses", def->name);
	for (struct sieve_node *t = node->tests; t != NULL; t = t->next) {
		const struct sieve_def *found = sieve_test_find(t->name);
		if (found == NULL)
			return compile_error(c, t->place, "there is no test \"%.*s\"", SLICE_ARG(t->name));
		if (!bind_node(c, t, found))
			return false;
		/* Decided already: what follows may use what is not there (RFC 5463 4). */
		if (t->constant && t->constant_value == (def == &sieve_test_anyof) && node->test_list)
			t->next = NULL;
	}
	return true;
}

static bool is_name(const struct sieve_node *node, struct slice name)
{
	return node != NULL && slice_eq_nocase(node->name, name);
}

static bool follows_if(const struct sieve_node *before)
{
	return is_name(before, SLICE("if")) || is_name(before, SLICE("elsif"));
}

static bool bind_order(struct compiler *c, const struct sieve_node *node, const struct sieve_node *before)
{
	if ((is_name(node, SLICE("elsif")) || is_name(node, SLICE("else"))) && !follows_if(before))
		return compile_error(c, node->place, "%s has to follow if or elsif", node->def->name);
	return true;
}

static bool bind_node(struct compiler *c, struct sieve_node *node, const struct sieve_def *def)
{
	node->def = def;
	if (!compile_has(c, def->extension))
		return compile_error(c, node->place, "%s needs require \"%s\"", def->name, sieve_extension_name(def->extension));
	if (!bind_arguments(c, node) || (def->matches && !bind_match(c, node)) || !bind_index(c, node) || !bind_tests(c, node))
		return false;
	if (def->block == BLOCK_NEEDED && !node->has_block)
		return compile_error(c, node->place, "%s needs a block", def->name);
	if (def->block == BLOCK_NONE && node->has_block)
		return compile_error(c, node->place, "%s takes no block", def->name);
	if (def->check != NULL && !def->check(c, node))
		return false;
	/* RFC 5463 4: what a script asks for in vain is not looked at. */
	bool dead = node->test_count == 1 && node->tests->constant && !node->tests->constant_value;
	return !node->has_block || dead || sieve_bind(c, node->block);
}

bool sieve_bind(struct compiler *c, struct sieve_node *block)
{
	const struct sieve_node *before = NULL;
	for (struct sieve_node *node = block; node != NULL; before = node, node = node->next) {
		const struct sieve_def *found = sieve_command_find(node->name);
		if (found == NULL)
			return compile_error(c, node->place, "there is no command \"%.*s\"", SLICE_ARG(node->name));
		if (!bind_node(c, node, found) || !bind_order(c, node, before))
			return false;
	}
	return true;
}
