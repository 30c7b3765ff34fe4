/* Accounts from a file of another system: JSON lines or CSV, one request for each; all problems are said. */
#include "cmd/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "factor/import.h"

struct import {
	struct cli *cli;
	const char *op;
	bool dry_run;
	struct import_columns columns;
	unsigned long line, good, bad;
};

static json_t *user_args(const struct import *im, const struct import_user *u)
{
	json_t *args = json_object();
	for (unsigned i = 0; i < IMPORT_FIELD_COUNT; i++)
		if (u->fields[i].n > 0 && i != IMPORT_QUOTA)
			json_object_set_new(args, import_field_name((enum import_field)i), json_stringn((const char *)u->fields[i].p, u->fields[i].n));
	if (u->quota > 0)
		json_object_set_new(args, "quota", json_integer((json_int_t)u->quota));
	if (im->dry_run)
		json_object_set_new(args, "dry_run", json_true());
	return args;
}

/* 0: go on, also after a refusal of this one; else an exit code that ends it. */
static int import_one(struct import *im, struct slice text)
{
	struct arena arena = ARENA_INIT;
	struct error err = {0};
	struct import_user user;
	json_t *result = NULL;
	int code = 0;
	if (import_line(text, &im->columns, &arena, &user, &err) != 0) {
		cli_error("line %lu: %s", im->line, err.private_text);
		im->bad++;
	} else {
		json_t *args = user_args(im, &user);
		code = cli_ask(im->cli, im->op, args, &result); /* says the error */
		if (code != 0)
			fprintf(stderr, "letterlock: it was line %lu: %.*s\n", im->line, SLICE_ARG(user.fields[IMPORT_ADDRESS]));
		im->good += code == 0;
		im->bad += code != 0;
		code = code == ADMIN_INVALID || code == ADMIN_FAILED || code == ADMIN_NOT_FOUND ? 0 : code;
		json_decref(args);
	}
	json_decref(result);
	arena_free(&arena);
	return code;
}

static int import_first(struct import *im, struct slice text)
{
	struct arena arena = ARENA_INIT;
	struct error err = {0};
	int rc = import_heading(text, &arena, &im->columns, &err);
	arena_free(&arena);
	if (rc == 0)
		return im->columns.count == 0 ? import_one(im, text) : 0;
	cli_error("line 1: %s", err.private_text);
	return ADMIN_INVALID;
}

static int import_file(struct import *im, FILE *f)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int code = 0;
	while (code == 0 && (n = getline(&line, &room, f)) >= 0) {
		struct slice text = slice_trim(slice_make(line, (size_t)n));
		im->line++;
		if (im->line == 1)
			code = import_first(im, text);
		else if (text.n > 0)
			code = import_one(im, text);
	}
	free(line);
	return code;
}

static int run_import(struct cli *cli, const struct cli_command *command, json_t *args)
{
	struct import im = {.cli = cli, .op = command->op, .dry_run = json_is_true(json_object_get(args, "dry_run"))};
	const char *path = json_string_value(json_object_get(args, "file"));
	FILE *f = fopen(path, "re");
	if (f == NULL) {
		cli_error("%s: %s", path, strerror(errno));
		return ADMIN_INVALID;
	}
	int code = import_file(&im, f);
	fclose(f);
	json_t *result = json_pack("{s:I, s:I, s:b}", "imported", (json_int_t)im.good, "refused", (json_int_t)im.bad, "dry_run", im.dry_run);
	if (cli->json)
		cli_print_json(command->op, result);
	else if (!cli->quiet)
		printf("%s: %lu, refused: %lu\n", im.dry_run ? "would be imported" : "imported", im.good, im.bad);
	json_decref(result);
	return code != 0 ? code : im.bad == 0 ? 0 : im.good > 0 ? ADMIN_PARTIAL : ADMIN_FAILED;
}

static const struct cli_command commands[] = {
	{.words = "user import", .op = "user.import", .positional = "file", .options = "dry_run!", .run = run_import,
		.help = "accounts of another system with their password hashes: CSV (address,name,department,quota,password_hash) or JSON lines"},
};
const struct cli_noun cli_import = {"user", commands, ARRAY_LEN(commands)};
