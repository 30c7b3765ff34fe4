/* Control commands and the tests that join tests (RFC 5228 3, 5). */
#include "base/ensure.h"
#include "sieve/machine.h"

static bool run_if(struct machine *m, const struct sieve_node *node)
{
	m->if_taken = machine_test(m, node->tests);
	if (!m->if_taken || m->stopped)
		return !m->stopped;
	bool ok = machine_block(m, node->block);
	m->if_taken = true; /* what is inside may have had branches of its own */
	return ok;
}

static bool run_elsif(struct machine *m, const struct sieve_node *node)
{
	return m->if_taken || run_if(m, node);
}

static bool run_else(struct machine *m, const struct sieve_node *node)
{
	return m->if_taken || machine_block(m, node->block);
}

static bool run_stop(struct machine *m, const struct sieve_node *node)
{
	(void)node;
	m->stopped = true;
	return false;
}

/* RFC 5228 3.2: at the front, before everything else. */
static bool check_require(struct compiler *c, struct sieve_node *node)
{
	for (const struct sieve_node *n = c->program->block; n != node; n = n->next)
		if (n == NULL || n->def != &sieve_cmd_require)
			return compile_error(c, node->place, "require has to stand before all other commands");
	for (size_t i = 0; i < node->args->count; i++) {
		const struct sieve_string *s = &node->args->strings[i];
		int found = sieve_extension_find(s->text);
		if (found < 0)
			return compile_error(c, s->place, "\"%.*s\" is not known here", SLICE_ARG(slice_sub(s->text, 0, 60)));
		c->program->required |= SIEVE_BIT(found);
		if (found == SIEVE_VACATION_SECONDS) /* RFC 6131 2 */
			c->program->required |= SIEVE_BIT(SIEVE_VACATION);
	}
	return true;
}

static bool run_require(struct machine *m, const struct sieve_node *node)
{
	(void)m, (void)node;
	return true;
}

const struct sieve_def sieve_cmd_if = {.name = "if", .extension = SIEVE_CORE, .arguments = "", .tests = TESTS_ONE, .block = BLOCK_NEEDED,
	.run = run_if};
const struct sieve_def sieve_cmd_elsif = {.name = "elsif", .extension = SIEVE_CORE, .arguments = "", .tests = TESTS_ONE,
	.block = BLOCK_NEEDED,
	.run = run_elsif};
const struct sieve_def sieve_cmd_else = {.name = "else", .extension = SIEVE_CORE, .arguments = "", .block = BLOCK_NEEDED, .run = run_else};
const struct sieve_def sieve_cmd_stop = {.name = "stop", .extension = SIEVE_CORE, .arguments = "", .run = run_stop};
const struct sieve_def sieve_cmd_require = {.name = "require", .extension = SIEVE_CORE, .arguments = "l", .check = check_require,
	.run = run_require};

/* ---- tests ---- */

static bool test_true(struct machine *m, const struct sieve_node *node)
{
	(void)m, (void)node;
	return true;
}

static bool test_false(struct machine *m, const struct sieve_node *node)
{
	(void)m, (void)node;
	return false;
}

static bool test_not(struct machine *m, const struct sieve_node *node)
{
	return !machine_test(m, node->tests);
}

static bool check_not(struct compiler *c, struct sieve_node *node)
{
	(void)c;
	node->constant = node->tests->constant;
	node->constant_value = !node->tests->constant_value;
	return true;
}

static bool test_anyof(struct machine *m, const struct sieve_node *node)
{
	for (const struct sieve_node *t = node->tests; t != NULL && !m->stopped; t = t->next)
		if (machine_test(m, t))
			return true;
	return false;
}

static bool test_allof(struct machine *m, const struct sieve_node *node)
{
	for (const struct sieve_node *t = node->tests; t != NULL; t = t->next)
		if (!machine_test(m, t))
			return false;
	return true;
}

/* Decided by one, or known when all are known. */
static bool check_joined(struct compiler *c, struct sieve_node *node)
{
	bool deciding = node->def == &sieve_test_anyof, all = true;
	(void)c;
	for (const struct sieve_node *t = node->tests; t != NULL; t = t->next) {
		all = all && t->constant;
		if (!t->constant || t->constant_value != deciding)
			continue;
		node->constant = true;
		node->constant_value = deciding;
		return true;
	}
	node->constant = all;
	node->constant_value = !deciding;
	return true;
}

const struct sieve_def sieve_test_true = {.name = "true", .extension = SIEVE_CORE, .arguments = "", .test = test_true};
const struct sieve_def sieve_test_false = {.name = "false", .extension = SIEVE_CORE, .arguments = "", .test = test_false};
const struct sieve_def sieve_test_not = {.name = "not", .extension = SIEVE_CORE, .arguments = "", .tests = TESTS_ONE, .check = check_not,
	.test = test_not};
const struct sieve_def sieve_test_anyof = {.name = "anyof", .extension = SIEVE_CORE, .arguments = "", .tests = TESTS_LIST,
	.check = check_joined,
	.test = test_anyof};
const struct sieve_def sieve_test_allof = {.name = "allof", .extension = SIEVE_CORE, .arguments = "", .tests = TESTS_LIST,
	.check = check_joined,
	.test = test_allof};
