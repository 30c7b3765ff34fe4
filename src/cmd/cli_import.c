/* Accounts from a file of another system: JSON lines or CSV. */
#include "cmd/cli_rows.h"

#include "base/ensure.h"
#include "factor/import.h"

static json_t *user_args(const struct import_user *u)
{
	json_t *args = json_object();

	for (unsigned i = 0; i < IMPORT_FIELD_COUNT; i++)
		if (u->fields[i].n > 0 && i != IMPORT_QUOTA)
			json_object_set_new(args, import_field_name((enum import_field)i), json_stringn((const char *)u->fields[i].p, u->fields[i].n));
	if (u->quota > 0)
		json_object_set_new(args, "quota", json_integer((json_int_t)u->quota));
	return args;
}

static int import_one(struct cli_rows *rows, struct slice text)
{
	const struct import_columns *columns = rows->arg;
	struct arena arena = ARENA_INIT;
	struct error err = {0};
	struct import_user user;
	int code = 0;

	if (import_line(text, columns, &arena, &user, &err) != 0)
		cli_rows_bad(rows, err.private_text);
	else
		code = cli_rows_ask(rows, "user.import", user_args(&user));
	arena_free(&arena);
	return code;
}

static int import_first(struct cli_rows *rows, struct slice text)
{
	struct import_columns *columns = rows->arg;
	struct arena arena = ARENA_INIT;
	struct error err = {0};
	int rc = import_heading(text, &arena, columns, &err);

	arena_free(&arena);
	if (rc == 0)
		return columns->count == 0 ? import_one(rows, text) : 0;
	cli_error("line 1: %s", err.private_text);
	return ADMIN_INVALID;
}

static int run_import(struct cli *cli, const struct cli_command *command, json_t *args)
{
	struct import_columns columns = {0};
	struct cli_rows rows = {.cli = cli, .first = import_first, .row = import_one, .arg = &columns};

	return cli_rows_run(&rows, command, args, "imported");
}

static const struct cli_command commands[] = {
	{.words = "user import", .op = "user.import", .positional = "file", .options = "dry_run!", .run = run_import,
		.help = "accounts of another system with their password hashes: CSV (address,name,department,quota,password_hash) or JSON lines"},
};
const struct cli_noun cli_import = {"user", commands, ARRAY_LEN(commands)};
