#include "base/ensure.h"
#include "cmd/cli.h"

static void show_list(const json_t *result)
{
	cli_table(json_object_get(result, "groups"), "GROUP:address NAME:name MEMBERS:members");
}

static void show_group(const json_t *result)
{
	cli_fields(result, "group:address name:name members:members");
}

static const struct cli_command commands[] = {
	{.words = "group list", .op = "group.list", .options = "domain", .show = show_list, .list = "groups", .help = "the groups"},
	{.words = "group show", .op = "group.show", .positional = "address", .show = show_group, .help = "one group"},
	{.words = "group add", .op = "group.add", .positional = "address members+", .options = "name", .help = "an address for several people"},
	{.words = "group remove", .op = "group.remove", .positional = "address", .help = "the group ends; its members stay"},
	{.words = "group join", .op = "group.member.add", .positional = "address member", .help = "adds a member"},
	{.words = "group leave", .op = "group.member.remove", .positional = "address member", .help = "takes a member out"},
};
const struct cli_noun cli_group = {"group", commands, ARRAY_LEN(commands)};
