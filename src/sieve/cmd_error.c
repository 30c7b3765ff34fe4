/* ihave and error (RFC 5463). */
#include "sieve/machine.h"

/* What is there counts as required from here on; what is not is found when the script is stored. */
static bool check_ihave(struct compiler *c, struct sieve_node *node)
{
	sieve_set found = 0;
	node->constant = true;
	for (size_t i = 0; i < node->args->count; i++) {
		int e = sieve_extension_find(node->args->strings[i].text);
		if (e < 0)
			return true;
		found |= SIEVE_BIT(e);
	}
	node->constant_value = true;
	c->program->required |= found;
	return true;
}

static bool test_ihave(struct machine *m, const struct sieve_node *node)
{
	(void)m;
	return node->constant_value;
}

static bool run_error(struct machine *m, const struct sieve_node *node)
{
	struct slice text = machine_arg(m, node, 0);
	return machine_error(m, node->place, "%.*s", SLICE_ARG(slice_sub(text, 0, 150)));
}

const struct sieve_def sieve_test_ihave = {.name = "ihave", .extension = SIEVE_IHAVE, .arguments = "l", .check = check_ihave,
	.test = test_ihave};
const struct sieve_def sieve_cmd_error = {.name = "error", .extension = SIEVE_IHAVE, .arguments = "s", .run = run_error};
