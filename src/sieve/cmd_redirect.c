/* redirect (RFC 5228 4.2) with :copy (RFC 3894). */
#include "sieve/machine.h"

/* "local@domain" in the form that goes into an envelope; a name around it is left away. */
static bool address_of(struct slice text, struct arena *arena, struct slice *ret)
{
	const struct mime_address *list = mime_address_parse(text, arena), *a = mime_address_next(list);
	struct slice local, domain;
	if (a == NULL || mime_address_next(a->next) != NULL || mime_addrspec_split(mime_address_spec(a, arena), arena, &local, &domain) < 0)
		return false;
	*ret = mime_address_spec(a, arena);
	return slice_find(*ret, '\n') < 0 && slice_find(*ret, '\r') < 0;
}

static bool check_redirect(struct compiler *c, struct sieve_node *node)
{
	const struct sieve_string *s = &node->args->strings[0];
	struct slice ignored;
	return s->dynamic || address_of(s->text, c->arena, &ignored) || compile_error(c, s->place, "this is no mail address");
}

static bool run_redirect(struct machine *m, const struct sieve_node *node)
{
	struct sieve_action action = {.kind = SIEVE_DO_REDIRECT};
	if (!address_of(machine_arg(m, node, 0), m->arena, &action.address))
		return machine_error(m, node->place, "this is no mail address");
	if (node_tag(node, SLOT_COPY) == NULL)
		m->implicit_keep = false;
	return machine_action(m, node->place, &action) != NULL;
}

const struct sieve_def sieve_cmd_redirect = {.name = "redirect", .extension = SIEVE_CORE, .tags = {sieve_tags_copy}, .arguments = "s",
	.check = check_redirect, .run = run_redirect};
