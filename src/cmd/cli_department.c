/* Departments of the address book, and cards of people from a file. */
#include <string.h>

#include "base/csv.h"
#include "base/ensure.h"
#include "cmd/cli_rows.h"

static void show_departments(const json_t *result)
{
	cli_table(json_object_get(result, "departments"), "DEPARTMENT:department PLACE:place SEEN-BY:sees VIEWERS:viewers");
}

/* ---- a file of cards ---- */

/* Columns of a file, as members of user.set. */
static const char *const members[] = {"address", "name", "department", "place", "position", "phone", "mobile", "staff_number", "reading", "hidden", "language"};

struct columns {
	const char *members[ARRAY_LEN(members)];
	size_t count;
};

static bool take_heading(struct columns *columns, const struct slice *fields, size_t count)
{
	bool address = false;

	for (size_t i = 0; i < count; i++) {
		const char *found = NULL;

		for (size_t m = 0; m < ARRAY_LEN(members); m++)
			if (slice_eq(fields[i], slice_str(members[m])))
				found = members[m];
		if (found == NULL) {
			cli_error("line 1: there is no column \"%.*s\"; columns are address, name, department, place, position, phone, mobile, staff_number, "
			          "reading, hidden, language", SLICE_ARG(fields[i]));
			return false;
		}
		address |= found == members[0];
		columns->members[i] = found;
	}
	columns->count = count;
	if (!address)
		cli_error("line 1: there is no column \"address\"");
	return address;
}

static int read_heading(struct cli_rows *rows, struct slice line)
{
	struct arena arena = ARENA_INIT;
	struct error err = {0};
	struct slice fields[ARRAY_LEN(members)];
	size_t count = 0;
	int rc = csv_fields(line, &arena, fields, ARRAY_LEN(fields), &count, &err);
	bool good = rc == 0 && take_heading(rows->arg, fields, count);

	if (rc != 0)
		cli_error("line 1: %s", err.private_text);
	arena_free(&arena);
	return good ? 0 : ADMIN_INVALID;
}

/* Empty fields change nothing. NULL: the number of a place is none. */
static json_t *row_args(const struct columns *columns, const struct slice *fields)
{
	json_t *args = json_object();

	for (size_t i = 0; i < columns->count; i++) {
		bool is_place = strcmp(columns->members[i], "place") == 0;
		uint64_t place = 0;

		if (fields[i].n == 0)
			continue;
		if (is_place && (slice_to_u64(fields[i], &place) != 0 || place > INT32_MAX)) {
			json_decref(args);
			return NULL;
		}
		json_object_set_new(args, columns->members[i],
			is_place ? json_integer((json_int_t)place) : json_stringn((const char *)fields[i].p, fields[i].n));
	}
	return args;
}

static int read_row(struct cli_rows *rows, struct slice line)
{
	const struct columns *columns = rows->arg;
	struct arena arena = ARENA_INIT;
	struct error err = {0};
	struct slice fields[ARRAY_LEN(members)];
	size_t count = 0;
	int rc = csv_fields(line, &arena, fields, ARRAY_LEN(fields), &count, &err), code = 0;
	json_t *args = rc == 0 && count == columns->count ? row_args(columns, fields) : NULL;

	if (args != NULL)
		code = cli_rows_ask(rows, "user.set", args);
	else
		cli_rows_bad(rows, rc != 0 ? err.private_text : count != columns->count ? "it does not fit the heading" : "the place is no number");
	arena_free(&arena);
	return code;
}

static int run_import(struct cli *cli, const struct cli_command *command, json_t *args)
{
	struct columns columns = {0};
	struct cli_rows rows = {.cli = cli, .first = read_heading, .row = read_row, .arg = &columns};

	return cli_rows_run(&rows, command, args, "changed");
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
