/* What is held in quarantine: by addresses and reasons, never by content. */
#include <stdio.h>
#include "base/ensure.h"
#include "cmd/cli.h"

static void show_list(const json_t *result)
{
	json_t *messages = json_deep_copy(json_object_get(result, "messages")), *m;
	size_t i;

	json_array_foreach(messages, i, m) {
		const char *first = json_string_value(json_array_get(json_object_get(m, "to"), 0));
		json_object_set_new(m, "first", json_string(first != NULL ? first : ""));
	}
	cli_table(messages, "ID:id TIME:time@ REASON:reason NAME:name FROM:from TO:first SIZE:size");
	json_decref(messages);
}

static void show_one(const json_t *result)
{
	json_t *address;
	size_t i;

	cli_fields(result, "id:id time:time@ ends:ends@ reason:reason by:by name:name from:from size:size recipients:recipient_count reviewable:reviewable");
	json_array_foreach(json_object_get(result, "to"), i, address)
		printf("to: %s\n", json_string_value(address));
}

static void show_gone(const json_t *result)
{
	printf("done, as %s\n", json_string_value(json_object_get(result, "queue_id")));
}

static int run_delete(struct cli *cli, const struct cli_command *command, json_t *args)
{
	return cli_run_confirmed(cli, command, args, "The message is removed and nobody is told.");
}

static const struct cli_command commands[] = {
	{.words = "quarantine list", .op = "quarantine.list", .options = "from to reason", .show = show_list, .list = "messages",
		.help = "letters that are held; --reason virus, opaque, unscanned, executable, macro, …"},
	{.words = "quarantine show", .op = "quarantine.show", .positional = "id", .show = show_one, .help = "one of them: addresses, size, reason"},
	{.words = "quarantine release", .op = "quarantine.release", .positional = "id", .options = "reason", .show = show_gone,
		.help = "lets it go to its recipients; malware needs a second person (approval give)"},
	{.words = "quarantine look", .op = "quarantine.look", .positional = "id", .show = show_gone, .help = "gives it to the mailbox of the reviewers; it stays held"},
	{.words = "quarantine return", .op = "quarantine.return", .positional = "id", .help = "back to its sender, as a delivery report"},
	{.words = "quarantine delete", .op = "quarantine.delete", .positional = "id", .run = run_delete, .help = "removes it without telling anybody"},
};
const struct cli_noun cli_quarantine = {"quarantine", commands, ARRAY_LEN(commands)};
