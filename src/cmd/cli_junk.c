/* What the organisation's people taught about junk: counts only, the words are hashed. */
#include "base/ensure.h"
#include "cmd/cli.h"

static void show(const json_t *result)
{
	cli_fields(result, "on:on speaks:speaks good-letters:good junk-letters:junk words:words people:people since:since@");
}

static int run_forget(struct cli *cli, const struct cli_command *command, json_t *args)
{
	return cli_run_confirmed(cli, command, args, "What all people taught the organisation is forgotten; their own mailboxes keep it.");
}

static const struct cli_command commands[] = {
	{.words = "junk show", .op = "junk.show", .show = show, .help = "what the organisation has learnt: letters, words, people who taught it"},
	{.words = "junk forget", .op = "junk.forget", .run = run_forget, .help = "forgets all of it (one mailbox: letterlock user junk reset)"},
};
const struct cli_noun cli_junk = {"junk", commands, ARRAY_LEN(commands)};
