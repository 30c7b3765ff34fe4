#include <stdio.h>
#include "base/ensure.h"
#include "cmd/cli.h"

static void show_list(const json_t *result)
{
	cli_table(json_object_get(result, "jobs"), "ID:id STATE:state FROM:from SIZE:size ATTEMPTS:attempts NEXT:next@");
}

static void show_job(const json_t *result)
{
	cli_fields(result, "id:id state:state from:from size:size created:created@ next:next@ attempts:attempts");
	if (json_object_get(result, "recipients") != NULL) {
		putchar('\n');
		cli_table(json_object_get(result, "recipients"), "RECIPIENT:address STATE:state REPLY:reply");
	}
}

static void show_stats(const json_t *result)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)result, key, value)
		if (json_is_integer(value))
			printf("%-24s %lld\n", key, (long long)json_integer_value(value));
}

static int run_drop(struct cli *cli, const struct cli_command *command, json_t *args)
{
	return cli_run_confirmed(cli, command, args, "The message is removed and its sender is not told.");
}

static const struct cli_command commands[] = {
	{.words = "queue list", .op = "queue.list", .options = "state from to", .show = show_list, .list = "jobs",
		.help = "mail on its way out; --state queued, deferred, held or notifying"},
	{.words = "queue show", .op = "queue.show", .positional = "id", .show = show_job, .help = "one message and its recipients"},
	{.words = "queue hold", .op = "queue.hold", .positional = "id", .help = "no attempts until it is released"},
	{.words = "queue release", .op = "queue.release", .positional = "id", .help = "ends a hold"},
	{.words = "queue retry", .op = "queue.retry", .positional = "id", .help = "the next attempt now"},
	{.words = "queue bounce", .op = "queue.bounce", .positional = "id", .help = "back to the sender now"},
	{.words = "queue drop", .op = "queue.drop", .positional = "id", .run = run_drop, .help = "removes a message without telling anybody"},
	{.words = "queue compact", .op = "queue.compact", .help = "what nothing needs any more leaves the disk now, not later"},
	{.words = "queue stats", .op = "queue.stats", .show = show_stats, .help = "counts and sizes"},
};
const struct cli_noun cli_queue = {"queue", commands, ARRAY_LEN(commands)};
