/* The configuration file, without the server. */
#include <stdio.h>
#include "base/buf.h"
#include "base/ensure.h"
#include "cmd/cli.h"
#include "conf/config.h"

static int run_check(struct cli *cli, const struct cli_command *command, json_t *args)
{
	const char *file = json_string_value(json_object_get(args, "file"));

	if (file != NULL)
		cli->config_path = file;
	int code = cli_config_load(cli);
	if (code == 0 && cli->json) {
		json_t *good = json_pack("{s:s}", "file", cli->config_path);
		cli_print_json("config.check", good);
		json_decref(good);
	} else if (code == 0 && !cli->quiet) {
		printf("%s: good\n", cli->config_path);
	}
	return code;
}

static int run_describe(struct cli *cli, const struct cli_command *command, json_t *args)
{
	struct buf out = BUF_INIT(1u << 20);

	config_describe(&out);
	size_t written = fwrite(out.data + out.start, 1, buf_len(&out), stdout);
	bool whole = written == buf_len(&out) && fflush(stdout) == 0;
	buf_free(&out);
	return whole ? 0 : ADMIN_FAILED;
}

static const struct cli_command commands[] = {
	{.words = "config check", .positional = "file?", .run = run_check, .help = "every error of the file at once; needs no server"},
	{.words = "config describe", .run = run_describe, .help = "a complete commented file with all defaults"},
};
const struct cli_noun cli_config = {"config", commands, ARRAY_LEN(commands)};
