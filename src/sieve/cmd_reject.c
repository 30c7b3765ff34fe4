/* reject and ereject (RFC 5429). */
#include "sieve/machine.h"

static bool run_reject(struct machine *m, const struct sieve_node *node)
{
	struct sieve_action action = {.kind = SIEVE_DO_REJECT, .text = machine_arg(m, node, 0)};
	m->implicit_keep = false;
	return machine_action(m, node->place, &action) != NULL;
}

const struct sieve_def sieve_cmd_reject = {.name = "reject", .extension = SIEVE_REJECT, .arguments = "s", .run = run_reject};
const struct sieve_def sieve_cmd_ereject = {.name = "ereject", .extension = SIEVE_EREJECT, .arguments = "s", .run = run_reject};
