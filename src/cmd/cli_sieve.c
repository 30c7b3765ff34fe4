/* Scripts that sort a person's mail. */
#include <stdio.h>

#include "base/buf.h"
#include "base/ensure.h"
#include "base/error.h"
#include "cmd/cli.h"
#include "sys/file.h"

#define SCRIPT_MAX 65536

static void show_list(const json_t *result)
{
	cli_table(json_object_get(result, "scripts"), "NAME:name BYTES:bytes ACTIVE:active CHANGED:changed@");
}

static void show_script(const json_t *result)
{
	const char *text = json_string_value(json_object_get(result, "script"));
	if (text != NULL)
		fputs(text, stdout);
}

/* The content of the file takes the place of its name. */
static int take_script(json_t *args)
{
	const char *path = json_string_value(json_object_get(args, "script"));
	struct buf text = BUF_INIT(SCRIPT_MAX);
	struct error err = {0};
	json_t *script = NULL;
	int rc = path != NULL ? file_read(path, &text, &err) : ERR_INVALID;
	if (rc == 0)
		script = json_stringn((const char *)buf_slice(&text).p, buf_len(&text));
	if (rc != 0)
		cli_error("%s", err.private_text);
	else if (script == NULL)
		cli_error("%s is not text in UTF-8", path);
	else
		json_object_set_new(args, "script", script);
	buf_free(&text);
	return script != NULL ? 0 : ADMIN_INVALID;
}

static int run_put(struct cli *cli, const struct cli_command *command, json_t *args)
{
	json_t *result = NULL;
	int code = take_script(args);
	if (code == 0)
		code = cli_ask(cli, command->op, args, &result);
	if (code == 0 && cli->json)
		cli_print_json(command->op, result);
	else if (code == 0 && !cli->quiet)
		puts("done");
	json_decref(result);
	return code;
}

static int run_check(struct cli *cli, const struct cli_command *command, json_t *args)
{
	json_t *result = NULL;
	int code = take_script(args);
	if (code == 0)
		code = cli_ask(cli, command->op, args, &result);
	bool valid = json_is_true(json_object_get(result, "valid"));
	if (code == 0 && cli->json)
		cli_print_json(command->op, result);
	else if (code == 0 && !valid)
		cli_error("%s", json_string_value(json_object_get(result, "problem")));
	else if (code == 0 && !cli->quiet)
		puts("The script can be stored.");
	json_decref(result);
	return code == 0 && !valid ? ADMIN_INVALID : code;
}

static const struct cli_command commands[] = {
	{.words = "user sieve list", .op = "sieve.list", .positional = "address", .show = show_list,
		.help = "scripts that sort the mail of a user; names are shown to their owner only"},
	{.words = "user sieve show", .op = "sieve.show", .positional = "address name", .show = show_script, .help = "one's own script"},
	{.words = "user sieve put", .op = "sieve.put", .positional = "address name script", .run = run_put,
		.help = "stores a script (a file) under the name; an active one stays active"},
	{.words = "user sieve activate", .op = "sieve.activate", .positional = "address name", .help = "this script sorts the mail from now on"},
	{.words = "user sieve deactivate", .op = "sieve.deactivate", .positional = "address", .help = "no script does any more"},
	{.words = "user sieve remove", .op = "sieve.remove", .positional = "address name", .help = "deletes a script that is not active"},
	{.words = "user sieve check", .op = "sieve.check", .positional = "script", .run = run_check, .help = "says whether a script (a file) can be stored"},
};
const struct cli_noun cli_user_sieve = {"user", commands, ARRAY_LEN(commands)};
