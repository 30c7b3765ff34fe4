/* Mail that may leave the organisation by itself. */
#include "base/ensure.h"
#include "cmd/cli.h"

static void show_list(const json_t *result)
{
	cli_table(json_object_get(result, "forwards"), "ID:id FROM:source TO:target UNTIL:ends@ BY:author APPROVED:approver REASON:reason");
}

static void show_id(const json_t *result)
{
	cli_fields(result, "id:id");
}

static const struct cli_command commands[] = {
	{.words = "forward allow", .op = "forward.allow", .positional = "source target", .options = "days# reason", .show = show_id,
		.help = "mail of an alias, group, account or @domain may leave by itself to an address or @domain outside, for --days; a second person approves"},
	{.words = "forward list", .op = "forward.list", .show = show_list, .list = "forwards", .help = "what may leave by itself, and until when"},
	{.words = "forward end", .op = "forward.end", .positional = "id#", .help = "ends such an exception at once"},
};
const struct cli_noun cli_forward = {"forward", commands, ARRAY_LEN(commands)};
