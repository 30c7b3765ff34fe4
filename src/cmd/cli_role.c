#include <stdio.h>

#include "base/ensure.h"
#include "cmd/cli.h"

static void show_roles(const json_t *result)
{
	cli_table(json_object_get(result, "roles"), "NAME:name BUILT-IN:builtin RIGHTS:rights TEXT:text");
}

static void show_rights(const json_t *result)
{
	cli_table(json_object_get(result, "rights"), "NAME:name CLASS:class TEXT:text");
}

static void print_reasons(const json_t *because)
{
	const json_t *b;
	size_t i;
	json_array_foreach(because, i, b) {
		const char *value = json_string_value(json_object_get(b, "value"));
		printf("%s%s%s%s by role %s", i > 0 ? "; " : "", json_string_value(json_object_get(b, "scope")), value != NULL && *value != 0 ? " " : "",
			value != NULL ? value : "", json_string_value(json_object_get(b, "role")));
		if (json_integer_value(json_object_get(b, "grant")) > 0)
			printf(" (grant %lld)", (long long)json_integer_value(json_object_get(b, "grant")));
	}
}

static void show_simulation(const json_t *result)
{
	const json_t *row;
	size_t i;
	cli_fields(result, "address:address role:role state:state second-factor:second_factor enforced:second_factor_enforced");
	json_array_foreach(json_object_get(result, "rights"), i, row) {
		if (!json_is_true(json_object_get(row, "allowed")))
			continue;
		printf("  may %s: ", json_string_value(json_object_get(row, "text")));
		print_reasons(json_object_get(row, "because"));
		putchar('\n');
	}
	json_array_foreach(json_object_get(result, "rights"), i, row)
		if (!json_is_true(json_object_get(row, "allowed")))
			printf("  may not %s\n", json_string_value(json_object_get(row, "text")));
}

static void show_grants(const json_t *result)
{
	cli_table(json_object_get(result, "grants"), "ID:id ADDRESS:address ROLE:role SCOPE:scope VALUE:value ENDS:ends@ BY:author APPROVED:approver REASON:reason");
}

static void show_id(const json_t *result)
{
	cli_fields(result, "id:id");
}

static void show_approvals(const json_t *result)
{
	cli_table(json_object_get(result, "approvals"), "ID:id OPERATION:operation ARGUMENTS:args BY:asker REASON:reason STATE:state NEEDS:needs ENDS:ends@");
}

static const struct cli_command role_commands[] = {
	{.words = "role list", .op = "role.list", .show = show_roles, .help = "built-in and own roles"},
	{.words = "role rights", .op = "role.rights", .show = show_rights, .help = "all rights that a role may have"},
	{.words = "role define", .op = "role.define", .positional = "name rights+", .options = "text", .help = "a role of your own"},
	{.words = "role remove", .op = "role.remove", .positional = "name", .help = "only when no grant uses it"},
	{.words = "role simulate", .op = "role.simulate", .positional = "address", .show = show_simulation,
		.help = "what somebody can see and do, and why"},
};
const struct cli_noun cli_role = {"role", role_commands, ARRAY_LEN(role_commands)};

static const struct cli_command grant_commands[] = {
	{.words = "grant list", .op = "grant.list", .show = show_grants, .list = "grants", .help = "who was given which role"},
	{.words = "grant add", .op = "grant.add", .positional = "address role", .options = "scope value days# reason", .show = show_id,
		.help = "gives a role; --scope mailbox, department, domain, organisation or case with its --value; --reason must be given"},
	{.words = "grant end", .op = "grant.end", .positional = "id#", .help = "takes it away at once"},
};
const struct cli_noun cli_grant = {"grant", grant_commands, ARRAY_LEN(grant_commands)};

static const struct cli_command approval_commands[] = {
	{.words = "approval list", .op = "approval.list", .options = "all!", .show = show_approvals, .list = "approvals",
		.help = "what waits for a second person"},
	{.words = "approval give", .op = "approval.give", .positional = "id#", .help = "approves: what was asked is done"},
	{.words = "approval refuse", .op = "approval.refuse", .positional = "id#", .options = "reason", .help = "refuses, or withdraws one's own"},
};
const struct cli_noun cli_approval = {"approval", approval_commands, ARRAY_LEN(approval_commands)};
