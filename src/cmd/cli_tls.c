/* Certificates of the server. */
#include <stdio.h>

#include "base/buf.h"
#include "base/ensure.h"
#include "base/error.h"
#include "cmd/cli.h"
#include "sys/file.h"

#define FILE_MAX 65536

static void show_list(const json_t *result)
{
	cli_table(json_object_get(result, "certificates"), "ID:id NAMES:names SOURCE:source STATE:state ENDS:ends@ NEXT:attempt@ STAPLED:stapled NOTE:error");
}

static void show_text(const json_t *result)
{
	const char *text = json_string_value(json_object_get(result, "text"));
	if (text != NULL)
		fputs(text, stdout);
}

/* The content of the file that a member names takes its place. */
static int take_file(json_t *args, const char *member)
{
	const char *path = json_string_value(json_object_get(args, member));
	struct buf text = BUF_INIT(FILE_MAX);
	struct error err = {0};
	int rc = path != NULL ? file_read(path, &text, &err) : 0;
	if (rc == 0 && path != NULL)
		json_object_set_new(args, member, json_stringn((const char *)buf_slice(&text).p, buf_len(&text)));
	if (rc != 0)
		cli_error("%s", err.private_text);
	buf_free_secret(&text);
	return rc == 0 ? 0 : ADMIN_INVALID;
}

static int run_import(struct cli *cli, const struct cli_command *command, json_t *args)
{
	json_t *result = NULL;
	int code = take_file(args, "chain");
	if (code == 0)
		code = take_file(args, "key");
	if (code == 0)
		code = cli_ask(cli, command->op, args, &result);
	if (code == 0 && cli->json)
		cli_print_json(command->op, result);
	else if (code == 0 && !cli->quiet)
		cli_fields(result, "id:id");
	json_decref(result);
	return code;
}

static const struct cli_command commands[] = {
	{.words = "tls list", .op = "tls.list", .show = show_list, .help = "certificates beside that of the configuration, and what they wait for"},
	{.words = "tls order", .op = "tls.order", .positional = "names*", .help = "orders one by ACME (tls.acme) for names, or for this host and its MTA-STS policies; renewed by itself"},
	{.words = "tls renew", .op = "tls.renew", .positional = "id#", .help = "orders it again now"},
	{.words = "tls import", .op = "tls.import", .positional = "chain", .options = "key", .run = run_import,
		.help = "takes a certificate with its chain (PEM file), and --key FILE unless its key is here"},
	{.words = "tls csr", .op = "tls.csr", .positional = "names*", .show = show_text, .help = "makes a key, and prints a request for any authority; then tls import"},
	{.words = "tls remove", .op = "tls.remove", .positional = "id#", .help = "ends it and destroys its key"},
};
const struct cli_noun cli_tls = {"tls", commands, ARRAY_LEN(commands)};
