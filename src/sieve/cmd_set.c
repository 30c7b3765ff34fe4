/* set and the test string (RFC 5229). */
#include <unicode/uchar.h>

#include "base/utf8.h"
#include "sieve/machine.h"

/* By precedence (RFC 5229 4): what has the higher number works first. */
enum { SET_LENGTH = 10, SET_QUOTEWILDCARD = 20, SET_QUOTEREGEX = 21, SET_UPPERFIRST = 30, SET_LOWERFIRST = 31, SET_UPPER = 40,
	SET_LOWER = 41 };
static const struct sieve_tag tags_set[] = {
	{"lower", SLOT_CASE, 0, SIEVE_VARIABLES, SET_LOWER}, {"upper", SLOT_CASE, 0, SIEVE_VARIABLES, SET_UPPER},
	{"lowerfirst", SLOT_FIRST, 0, SIEVE_VARIABLES, SET_LOWERFIRST}, {"upperfirst", SLOT_FIRST, 0, SIEVE_VARIABLES, SET_UPPERFIRST},
	{"quotewildcard", SLOT_QUOTE, 0, SIEVE_VARIABLES, SET_QUOTEWILDCARD}, {"quoteregex", SLOT_QUOTE, 0, SIEVE_REGEX, SET_QUOTEREGEX},
	{"length", SLOT_LENGTH, 0, SIEVE_VARIABLES, SET_LENGTH}, {.name = NULL},
};

static uint32_t changed_case(uint32_t c, bool upper)
{
	return (uint32_t)(upper ? u_toupper((UChar32)c) : u_tolower((UChar32)c));
}

/* The first character, or all of them. */
static void change_case(struct slice in, bool upper, bool first_only, struct buf *out)
{
	bool first = true;
	while (in.n > 0 && (first || !first_only)) {
		utf8_append(out, changed_case(utf8_next(&in), upper));
		first = false;
	}
	buf_append(out, in);
}

static void quote(struct slice in, struct slice special, struct buf *out)
{
	for (size_t i = 0; i < in.n; i++) {
		if (slice_find(special, in.p[i]) >= 0)
			buf_append_byte(out, '\\');
		buf_append_byte(out, in.p[i]);
	}
}

static void count_characters(struct slice in, struct buf *out)
{
	uint64_t n = 0;
	for (; in.n > 0; n++)
		utf8_next(&in);
	buf_append_u64(out, n);
}

static void modify(int code, struct slice in, struct buf *out)
{
	switch (code) {
	case SET_LENGTH: count_characters(in, out); break;
	case SET_QUOTEWILDCARD: quote(in, SLICE("*?\\"), out); break;
	case SET_QUOTEREGEX: quote(in, SLICE("\\.[]{}()*+?^$|"), out); break;
	default: change_case(in, code == SET_UPPER || code == SET_UPPERFIRST, code == SET_UPPERFIRST || code == SET_LOWERFIRST, out); break;
	}
}

static struct slice apply(struct machine *m, int code, struct slice in)
{
	struct buf out = BUF_INIT(4 * SIEVE_EXPANDED_MAX);
	modify(code, in, &out);
	struct slice ret = arena_dup(m->arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

static bool check_set(struct compiler *c, struct sieve_node *node)
{
	const struct sieve_string *s = &node->args->strings[0];
	bool global = slice_starts_nocase(s->text, SLICE("global.")) && compile_has(c, SIEVE_INCLUDE);
	struct slice name = slice_from(s->text, global ? 7 : 0);
	if (s->dynamic || !sieve_variable_name(name) || ascii_is_digit(name.p[0]) || slice_find(name, '.') >= 0)
		return compile_error(c, s->place, "this is no name of a variable");
	return true;
}

static bool run_set(struct machine *m, const struct sieve_node *node)
{
	struct slice value = machine_arg(m, node, 1);
	for (int code = SET_LOWER; code >= SET_LENGTH; code--)
		for (size_t i = 0; i < node->tag_count; i++)
			if (node->tags[i].tag->code == code)
				value = apply(m, code, value);
	return machine_variable_set(m, node->place, machine_arg(m, node, 0), value);
}

/* RFC 5229 5: empty strings do not count. */
static bool test_string(struct machine *m, const struct sieve_node *node)
{
	const struct sieve_arg *sources = node_arg(node, 0);
	struct matching x;
	matching_begin(&x, m, node, node_arg(node, 1));
	for (size_t i = 0; i < sources->count && !x.found && !m->stopped; i++) {
		struct slice value = machine_string(m, &sources->strings[i]);
		if (value.n > 0 || node->match.type != MATCH_COUNT)
			matching_value(&x, value);
	}
	return matching_end(&x);
}

const struct sieve_def sieve_cmd_set = {.name = "set", .extension = SIEVE_VARIABLES, .tags = {tags_set}, .arguments = "ss",
	.check = check_set,
	.run = run_set};
const struct sieve_def sieve_test_string = {.name = "string", .extension = SIEVE_VARIABLES, .tags = {sieve_tags_match,
	sieve_tags_comparator},
	.arguments = "ll", .matches = true, .test = test_string};
