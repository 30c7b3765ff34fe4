#include "base/ensure.h"
#include "cmd/cli.h"

static void show_list(const json_t *result)
{
	cli_table(json_object_get(result, "aliases"), "ALIAS:address TARGET:target");
}

static const struct cli_command commands[] = {
	{.words = "alias list", .op = "alias.list", .options = "domain", .show = show_list, .list = "aliases", .help = "the aliases"},
	{.words = "alias add", .op = "alias.add", .positional = "address target", .help = "another address of one target, here or elsewhere"},
	{.words = "alias remove", .op = "alias.remove", .positional = "address", .help = "the address ends; the target stays"},
};
const struct cli_noun cli_alias = {"alias", commands, ARRAY_LEN(commands)};
