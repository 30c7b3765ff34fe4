#include "base/ensure.h"
#include "cmd/cli.h"

static void show_list(const json_t *result)
{
	cli_table(json_object_get(result, "domains"), "DOMAIN:domain USERS:users CATCH-ALL:catch_all POSTMASTER:postmaster");
}

static const struct cli_command commands[] = {
	{.words = "domain list", .op = "domain.list", .show = show_list, .help = "the domains this server takes mail for"},
	{.words = "domain add", .op = "domain.add", .positional = "domain", .options = "catch_all postmaster",
		.help = "takes mail for a domain; --catch-all gets what has no other address"},
	{.words = "domain set", .op = "domain.set", .positional = "domain", .options = "catch_all postmaster",
		.needs_option = true, .help = "changes what is named; an empty text ends it"},
	{.words = "domain remove", .op = "domain.remove", .positional = "domain", .help = "only when nothing in it is left"},
};
const struct cli_noun cli_domain = {"domain", commands, ARRAY_LEN(commands)};
