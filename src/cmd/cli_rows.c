#include "cmd/cli_rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cli_rows_ask(struct cli_rows *rows, const char *op, json_t *args)
{
	const char *address = json_string_value(json_object_get(args, "address"));
	json_t *result = NULL;
	int code;

	if (rows->dry_run)
		json_object_set_new(args, "dry_run", json_true());
	code = cli_ask(rows->cli, op, args, &result); /* says the error */
	if (code != ADMIN_OK)
		fprintf(stderr, "letterlock: it was line %lu: %s\n", rows->line, address != NULL ? address : "");
	rows->good += code == ADMIN_OK;
	rows->bad += code != ADMIN_OK;
	json_decref(result);
	json_decref(args);
	return code == ADMIN_INVALID || code == ADMIN_FAILED || code == ADMIN_NOT_FOUND ? 0 : code;
}

void cli_rows_bad(struct cli_rows *rows, const char *why)
{
	cli_error("line %lu: %s", rows->line, why);
	rows->bad++;
}

static int read_line(struct cli_rows *rows, struct slice text)
{
	rows->line++;
	if (rows->line > 1)
		return slice_trim(text).n > 0 ? rows->row(rows, slice_trim(text)) : 0;
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		text = slice_from(text, 3);
	return rows->first(rows, slice_trim(text));
}

static int read_file(struct cli_rows *rows, FILE *f)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int code = 0;

	while (code == 0 && (n = getline(&line, &room, f)) >= 0)
		code = read_line(rows, slice_make(line, (size_t)n));
	free(line);
	return code;
}

static void show(const struct cli_rows *rows, const char *op, const char *word)
{
	json_t *result = json_pack("{s:I, s:I, s:b}", word, (json_int_t)rows->good, "refused", (json_int_t)rows->bad, "dry_run", rows->dry_run);

	if (rows->cli->json)
		cli_print_json(op, result);
	else if (!rows->cli->quiet)
		printf("%s%s: %lu, refused: %lu\n", rows->dry_run ? "would be " : "", word, rows->good, rows->bad);
	json_decref(result);
}

int cli_rows_run(struct cli_rows *rows, const struct cli_command *command, const json_t *args, const char *word)
{
	const char *path = json_string_value(json_object_get(args, "file"));
	FILE *f = fopen(path, "re");
	int code;

	if (f == NULL) {
		cli_error("%s: %s", path, strerror(errno));
		return ADMIN_INVALID;
	}
	rows->dry_run = json_is_true(json_object_get(args, "dry_run"));
	code = read_file(rows, f);
	fclose(f);
	show(rows, command->op, word);
	return code != 0 ? code : rows->bad == 0 ? 0 : rows->good > 0 ? ADMIN_PARTIAL : ADMIN_FAILED;
}
