/* Where letters of the system go for people who have no mailbox. */
#include "base/ensure.h"
#include "cmd/cli.h"

static void show_contact(const json_t *result)
{
	cli_fields(result, "letters-go-to:contact waits-for-its-code:pending");
}

static const struct cli_command commands[] = {
	{.words = "contact set", .op = "contact.set", .positional = "to",
		.help = "where letters of the system and alarms go for you, who have no mailbox: sends a code there"},
	{.words = "contact confirm", .op = "contact.confirm", .secrets = "code", .help = "the code that came; from now on letters go there"},
	{.words = "contact show", .op = "contact.show", .show = show_contact, .help = "the address, masked"},
	{.words = "contact remove", .op = "contact.remove", .help = "letters go nowhere any more"},
};
const struct cli_noun cli_contact = {"contact", commands, ARRAY_LEN(commands)};
