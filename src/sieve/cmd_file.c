/* keep, discard (RFC 5228 4.3, 4.4), fileinto (4.1) with :copy, :flags, :create and :specialuse. */
#include "base/utf8.h"
#include "sieve/machine.h"

static bool run_keep(struct machine *m, const struct sieve_node *node)
{
	struct sieve_action action = {.kind = SIEVE_DO_FILE, .mailbox = SLICE("INBOX"), .keep = true, .flags = machine_flags_of(m, node)};
	m->implicit_keep = false;
	return machine_action(m, node->place, &action) != NULL;
}

static bool run_discard(struct machine *m, const struct sieve_node *node)
{
	(void)node;
	m->implicit_keep = false;
	return true;
}

/* A name that no mailbox can have is an error: the letter is kept. */
static bool name_good(struct slice name)
{
	return name.n > 0 && name.n <= 1000 && utf8_valid(name) && slice_find(name, '\n') < 0 && slice_find(name, '\r') < 0 && slice_find(name,
		0) < 0;
}

static bool run_fileinto(struct machine *m, const struct sieve_node *node)
{
	struct sieve_action action = {
		.kind = SIEVE_DO_FILE, .mailbox = machine_arg(m, node, 0), .flags = machine_flags_of(m, node), .create = node_tag(node,
			SLOT_CREATE) != NULL,
		.special_use = machine_tag_string(m, node_tag(node, SLOT_SPECIAL_USE)),
	};
	if (!name_good(action.mailbox))
		return machine_error(m, node->place, "no mailbox can have this name");
	if (slice_eq_nocase(action.mailbox, SLICE("INBOX")))
		action.mailbox = SLICE("INBOX");
	if (node_tag(node, SLOT_COPY) == NULL)
		m->implicit_keep = false;
	return machine_action(m, node->place, &action) != NULL;
}

/* RFC 8579 4.1: an attribute begins with a backslash. */
static bool check_fileinto(struct compiler *c, struct sieve_node *node)
{
	const struct sieve_bound *use = node_tag(node, SLOT_SPECIAL_USE);
	const struct sieve_string *s = use != NULL ? &use->arg->strings[0] : NULL;
	return s == NULL || s->dynamic || slice_starts(s->text, SLICE("\\")) ||
	       compile_error(c, s->place, "a special use begins with a backslash, as \"\\\\Sent\"");
}

static const struct sieve_tag tags_fileinto[] = {
	{"create", SLOT_CREATE, 0, SIEVE_MAILBOX, 0}, {"specialuse", SLOT_SPECIAL_USE, 's', SIEVE_SPECIAL_USE, 0}, {.name = NULL},
};
const struct sieve_def sieve_cmd_keep = {.name = "keep", .extension = SIEVE_CORE, .tags = {sieve_tags_flags}, .arguments = "",
	.run = run_keep};
const struct sieve_def sieve_cmd_discard = {.name = "discard", .extension = SIEVE_CORE, .arguments = "", .run = run_discard};
const struct sieve_def sieve_cmd_fileinto = {.name = "fileinto", .extension = SIEVE_FILEINTO, .tags = {sieve_tags_copy, sieve_tags_flags,
	tags_fileinto},
	.arguments = "s", .check = check_fileinto, .run = run_fileinto};
