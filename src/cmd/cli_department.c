/* Departments of the address book, and cards of people from a file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "cmd/cli.h"

#define COLUMNS_MAX 16
#define LINE_MAX_BYTES 8000

static void show_departments(const json_t *result)
{
	cli_table(json_object_get(result, "departments"), "DEPARTMENT:department PLACE:place SEEN-BY:sees VIEWERS:viewers");
}

/* ---- a file of cards ---- */

/* Columns of a file, as members of user.set. */
static const char *const members[] = {"address", "name", "department", "place", "position", "phone", "mobile", "staff_number", "reading", "hidden", "language"};

struct import {
	struct cli *cli;
	bool dry_run;
	unsigned long line, good, bad;
	const char *columns[COLUMNS_MAX];
	size_t column_count;
};

/* One field off the front of *at (RFC 4180), unquoted into `out`. False: a quote is not closed. */
static bool next_field(const char **at, char *out)
{
	const char *p = *at;
	bool quoted = *p == '"';

	if (quoted)
		p++;
	for (; *p != 0; p++) {
		if (quoted && *p == '"' && p[1] != '"')
			break;
		if (!quoted && *p == ',')
			break;
		if (quoted && *p == '"')
			p++;
		*out++ = *p;
	}
	*out = 0;
	if (quoted && *p++ != '"')
		return false;
	*at = *p == ',' ? p + 1 : *p == 0 ? NULL : p;
	return *p == ',' || *p == 0;
}

static bool read_heading(struct import *im, const char *line)
{
	char field[LINE_MAX_BYTES];
	bool address = false;

	while (line != NULL && im->column_count < COLUMNS_MAX) {
		const char *found = NULL;

		if (!next_field(&line, field))
			return false;
		for (size_t i = 0; i < ARRAY_LEN(members); i++)
			if (strcmp(field, members[i]) == 0)
				found = members[i];
		if (found == NULL) {
			cli_error("line 1: there is no column \"%s\"; columns are address, name, department, place, position, phone, mobile, staff_number, reading, hidden, "
				"language", field);
			return false;
		}
		address |= found == members[0];
		im->columns[im->column_count++] = found;
	}
	if (!address)
		cli_error("line 1: there is no column \"address\"");
	return address && line == NULL;
}

/* Empty fields change nothing. */
static json_t *read_row(struct import *im, const char *line)
{
	char field[LINE_MAX_BYTES];
	json_t *args = json_object();
	bool good = true;

	for (size_t i = 0; good && line != NULL && i < im->column_count; i++) {
		uint64_t place = 0;

		good = next_field(&line, field);
		if (!good || field[0] == 0)
			continue;
		if (strcmp(im->columns[i], "place") != 0) {
			good = json_object_set_new(args, im->columns[i], json_string(field)) == 0;
			continue;
		}
		good = slice_to_u64(slice_str(field), &place) == 0 && place <= INT32_MAX && json_object_set_new(args, "place", json_integer((json_int_t)place)) == 0;
	}
	if (!good || line != NULL) {
		json_decref(args);
		return NULL;
	}
	return args;
}

static int import_row(struct import *im, const char *line)
{
	json_t *args = read_row(im, line), *result = NULL;
	int code = ADMIN_INVALID;

	if (args == NULL)
		cli_error("line %lu: it does not fit the heading", im->line);
	else if (im->dry_run)
		json_object_set_new(args, "dry_run", json_true());
	if (args != NULL && (code = cli_ask(im->cli, "user.set", args, &result)) != ADMIN_OK)
		cli_error("line %lu: %s was not changed", im->line, json_string_value(json_object_get(args, "address")));
	im->good += code == ADMIN_OK;
	im->bad += code != ADMIN_OK;
	json_decref(result);
	json_decref(args);
	return code == ADMIN_OK || code == ADMIN_INVALID || code == ADMIN_NOT_FOUND || code == ADMIN_FAILED ? 0 : code;
}

static int import_file(struct import *im, FILE *f)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int code = 0;

	while (code == 0 && (n = getline(&line, &room, f)) >= 0) {
		char *text = line;

		im->line++;
		while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
			line[--n] = 0;
		if (im->line == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0)
			text += 3;
		if (n >= LINE_MAX_BYTES) {
			cli_error("line %lu is too long", im->line);
			code = ADMIN_INVALID;
		} else if (im->line == 1) {
			code = read_heading(im, text) ? 0 : ADMIN_INVALID;
		} else if (*text != 0) {
			code = import_row(im, text);
		}
	}
	free(line);
	return code;
}

static int run_import(struct cli *cli, const struct cli_command *command, json_t *args)
{
	struct import im = {.cli = cli, .dry_run = json_is_true(json_object_get(args, "dry_run"))};
	const char *path = json_string_value(json_object_get(args, "file"));
	FILE *f = fopen(path, "re");
	json_t *result;
	int code;

	if (f == NULL) {
		cli_error("%s: %s", path, strerror(errno));
		return ADMIN_INVALID;
	}
	code = import_file(&im, f);
	fclose(f);
	result = json_pack("{s:I, s:I, s:b}", "changed", (json_int_t)im.good, "refused", (json_int_t)im.bad, "dry_run", im.dry_run);
	if (cli->json)
		cli_print_json(command->op, result);
	else if (!cli->quiet)
		printf("%s: %lu, refused: %lu\n", im.dry_run ? "would be changed" : "changed", im.good, im.bad);
	json_decref(result);
	return code != 0 ? code : im.bad == 0 ? 0 : im.good > 0 ? ADMIN_PARTIAL : ADMIN_FAILED;
}

static const struct cli_command commands[] = {
	{.words = "department list", .op = "department.list", .show = show_departments, .list = "departments", .help = "the departments of the address book"},
	{.words = "department set", .op = "department.set", .positional = "department", .options = "place# sees viewers,",
		.help = "adds a department (levels with / between them), gives it its place among its siblings, or says who sees its people: --sees all, own, listed "
		        "(with --viewers) or none"},
	{.words = "department rename", .op = "department.rename", .positional = "department to", .help = "renames or moves it with everything below it"},
	{.words = "department remove", .op = "department.remove", .positional = "department", .help = "removes an empty department"},
	{.words = "department import", .op = "user.set", .positional = "file", .options = "dry_run!", .run = run_import,
		.help = "cards of people who are here already, from CSV: address,name,department,place,position,phone,mobile,staff_number,reading,hidden,language"},
};
const struct cli_noun cli_department = {"department", commands, ARRAY_LEN(commands)};
