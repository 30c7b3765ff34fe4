/* The grammar (RFC 5228 8.2): commands with arguments, tests and blocks, whatever their names. */
#include "base/utf8.h"
#include "sieve/lex.h"

struct parser {
	struct lexer lex;
	struct compiler *c;
};

static bool at(const struct parser *p, uint8_t punctuation)
{
	return p->lex.token.kind == TOKEN_PUNCTUATION && p->lex.token.punctuation == punctuation;
}

static bool take(struct parser *p, uint8_t punctuation)
{
	if (!at(p, punctuation))
		return false;
	lexer_next(&p->lex);
	return true;
}

static bool expected(struct parser *p, const char *what)
{
	return p->lex.token.kind == TOKEN_ERROR ? false : compile_error(p->c, p->lex.token.place, "%s is expected here", what);
}

static bool string_add(struct parser *p, struct sieve_arg *arg)
{
	size_t n = arg->count;
	if (n == SIEVE_STRINGS_MAX)
		return compile_limit(p->c, p->lex.token.place, "this list has too many strings");
	if ((n & (n - 1)) == 0) { /* room doubles */
		struct sieve_string *more = arena_alloc_array(p->c->arena, n > 0 ? 2 * n : 1, sizeof *more);
		for (size_t i = 0; i < n; i++)
			more[i] = arg->strings[i];
		arg->strings = more;
	}
	arg->strings[arg->count++] = (struct sieve_string){.text = p->lex.token.text, .place = p->lex.token.place};
	lexer_next(&p->lex);
	return true;
}

static bool parse_list(struct parser *p, struct sieve_arg *arg)
{
	arg->list = true;
	lexer_next(&p->lex);
	do {
		if (p->lex.token.kind != TOKEN_STRING)
			return expected(p, "a string");
		if (!string_add(p, arg))
			return false;
	} while (take(p, ','));
	return take(p, ']') || expected(p, "\",\" or \"]\"");
}

static bool parse_argument(struct parser *p, struct sieve_arg **ret)
{
	struct sieve_arg *arg = ARENA_NEW(p->c->arena, struct sieve_arg);
	const struct token *t = &p->lex.token;
	*ret = arg;
	arg->place = t->place;
	arg->kind = SIEVE_ARG_STRINGS;
	if (t->kind == TOKEN_STRING)
		return string_add(p, arg);
	if (at(p, '['))
		return parse_list(p, arg);
	arg->kind = t->kind == TOKEN_NUMBER ? SIEVE_ARG_NUMBER : SIEVE_ARG_TAG;
	arg->number = t->number;
	arg->tag = t->text;
	lexer_next(&p->lex);
	return true;
}

static bool parse_arguments(struct parser *p, struct sieve_node *node)
{
	struct sieve_arg **last = &node->args;
	const struct token *t = &p->lex.token;
	while (t->kind == TOKEN_STRING || t->kind == TOKEN_NUMBER || t->kind == TOKEN_TAG || at(p, '[')) {
		if (++node->arg_count > SIEVE_ARGUMENTS_MAX)
			return compile_limit(p->c, t->place, "too many arguments");
		if (!parse_argument(p, last))
			return false;
		last = &(*last)->next;
	}
	return t->kind != TOKEN_ERROR;
}

static bool node_start(struct parser *p, struct sieve_node **ret)
{
	if (++p->c->nodes > SIEVE_NODES_MAX)
		return compile_limit(p->c, p->lex.token.place, "the script has too many commands and tests");
	struct sieve_node *node = *ret = ARENA_NEW(p->c->arena, struct sieve_node);
	node->place = p->lex.token.place;
	node->name = p->lex.token.text;
	lexer_next(&p->lex);
	return true;
}

static bool parse_tests(struct parser *p, struct sieve_node *parent, unsigned depth);

static bool parse_test(struct parser *p, struct sieve_node **ret, unsigned depth)
{
	if (p->lex.token.kind != TOKEN_NAME)
		return expected(p, "a test");
	if (depth > SIEVE_NESTING_MAX)
		return compile_limit(p->c, p->lex.token.place, "tests are nested too deeply");
	return node_start(p, ret) && parse_arguments(p, *ret) && parse_tests(p, *ret, depth + 1);
}

static bool parse_tests(struct parser *p, struct sieve_node *parent, unsigned depth)
{
	struct sieve_node **last = &parent->tests;
	if (p->lex.token.kind == TOKEN_NAME) {
		parent->test_count = 1;
		return parse_test(p, last, depth);
	}
	if (!take(p, '('))
		return p->lex.token.kind != TOKEN_ERROR;
	parent->test_list = true;
	do {
		if (!parse_test(p, last, depth))
			return false;
		parent->test_count++;
		last = &(*last)->next;
	} while (take(p, ','));
	return take(p, ')') || expected(p, "\",\" or \")\"");
}

static bool parse_commands(struct parser *p, struct sieve_node **last, unsigned depth);

static bool parse_command(struct parser *p, struct sieve_node **ret, unsigned depth)
{
	if (!node_start(p, ret) || !parse_arguments(p, *ret) || !parse_tests(p, *ret, 1))
		return false;
	if (take(p, ';'))
		return true;
	if (!at(p, '{'))
		return expected(p, "\";\" or a block");
	if (depth == SIEVE_NESTING_MAX)
		return compile_limit(p->c, p->lex.token.place, "blocks are nested too deeply");
	(*ret)->has_block = true;
	lexer_next(&p->lex);
	return parse_commands(p, &(*ret)->block, depth + 1) && (take(p, '}') || expected(p, "a command or \"}\""));
}

static bool parse_commands(struct parser *p, struct sieve_node **last, unsigned depth)
{
	while (p->lex.token.kind == TOKEN_NAME) {
		if (!parse_command(p, last, depth))
			return false;
		last = &(*last)->next;
	}
	return p->lex.token.kind != TOKEN_ERROR;
}

static bool check_bytes(struct compiler *c, struct slice text)
{
	if (text.n > SIEVE_SCRIPT_MAX)
		return compile_limit(c, (struct sieve_place){1, 1}, "the script is too long");
	if (!utf8_valid(text))
		return compile_error(c, (struct sieve_place){1, 1}, "the script is not UTF-8");
	return slice_find(text, 0) < 0 || compile_error(c, (struct sieve_place){1, 1}, "the script holds a NUL byte");
}

bool sieve_parse(struct compiler *c, struct slice text, struct sieve_node **ret)
{
	struct parser p = {.c = c};
	if (!check_bytes(c, text))
		return false;
	lexer_init(&p.lex, c, text);
	if (!parse_commands(&p, ret, 0))
		return false;
	return p.lex.token.kind == TOKEN_END || expected(&p, "a command");
}
