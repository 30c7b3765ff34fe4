/* Output of the command line tool: tables, fields, JSON. */
#include "cmd/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/utf8.h"

#define COLUMN_MAX 20
#define ERROR_MAX 2048

/* What was said on stderr and stdout so far: a program that reads JSON gets the errors too. */
static json_t *errors_said;
static bool result_printed;

void cli_error(const char *format, ...)
{
	char text[ERROR_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	fprintf(stderr, "letterlock: %s\n", text);
	if (errors_said == NULL)
		errors_said = json_array();
	struct slice whole = utf8_prefix(slice_str(text), sizeof text);
	json_array_append_new(errors_said, json_stringn((const char *)whole.p, whole.n));
}

void cli_print_failure(int code)
{
	json_t *failure;

	if (result_printed)
		return;
	failure = json_pack("{s:i, s:O}", "code", code, "errors", errors_said != NULL ? errors_said : json_array());
	cli_print_json("failure", failure);
	json_decref(failure);
}

bool cli_is_plain(void)
{
	const char *no_color = getenv("NO_COLOR");

	return (no_color != NULL && *no_color != 0) || !isatty(STDOUT_FILENO);
}

void cli_print_json(const char *op, const json_t *result)
{
	json_t *out = json_object();
	char schema[80];

	snprintf(schema, sizeof schema, "letterlock.%s.1", op);
	json_object_set_new(out, "schema", json_string(schema));
	json_object_update(out, (json_t *)result);
	result_printed = true;
	json_dumpf(out, stdout, isatty(STDOUT_FILENO) ? JSON_INDENT(2) : JSON_COMPACT);
	fputc('\n', stdout);
	json_decref(out);
}

struct column {
	char title[24], member[40];
	bool is_time;
	int width;
};

/* One value as text on one line, without control characters (values come from users). */
static const char *text_of(struct arena *arena, const json_t *value)
{
	struct slice s;

	switch (json_typeof(value)) {
	case JSON_STRING: s = arena_dup(arena, slice_str(json_string_value(value))); break;
	case JSON_INTEGER: s = arena_printf(arena, "%lld", (long long)json_integer_value(value)); break;
	case JSON_REAL: s = arena_printf(arena, "%.2f", json_real_value(value)); break;
	case JSON_TRUE: return "yes";
	case JSON_FALSE: return "no";
	case JSON_NULL: return "";
	case JSON_OBJECT: case JSON_ARRAY: default: {
		char *dumped = json_dumps(value, JSON_COMPACT);
		s = arena_dup(arena, slice_str(dumped != NULL ? dumped : ""));
		free(dumped);
	}
	}
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			((uint8_t *)(uintptr_t)s.p)[i] = '?';
	return (const char *)s.p;
}

static const char *time_text(struct arena *arena, int64_t seconds)
{
	struct calendar c = calendar_from_unix(seconds);

	return (const char *)arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute, c.second).p;
}

static const char *cell(struct arena *arena, const json_t *row, const struct column *column)
{
	const json_t *value = json_object_get(row, column->member);

	if (column->is_time && json_is_integer(value))
		return json_integer_value(value) > 0 ? time_text(arena, json_integer_value(value)) : "";
	if (json_is_array(value)) {
		struct slice joined = arena_printf(arena, "%s", "");
		size_t i;
		json_t *item;
		json_array_foreach(value, i, item)
			joined = arena_printf(arena, "%.*s%s%s", SLICE_ARG(joined), i > 0 ? " " : "", text_of(arena, item));
		return (const char *)joined.p;
	}
	return value != NULL ? text_of(arena, value) : "";
}

/* Terminal columns of UTF-8 text: wide forms of East Asia take two. */
static int width(const char *text)
{
	int columns = 0;
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)text[i];
		if ((c & 0xc0) == 0x80)
			continue;
		columns += c >= 0xe3 && c <= 0xed ? 2 : 1;
	}
	return columns;
}

static size_t columns_parse(const char *spec, struct column *columns)
{
	struct slice rest = slice_str(spec), word, title;
	size_t count = 0;

	while (count < COLUMN_MAX && slice_split(&rest, ' ', &word)) {
		slice_split(&word, ':', &title);
		if (word.n == 0)
			word = title;
		columns[count].is_time = slice_ends(word, SLICE("@"));
		word.n -= columns[count].is_time ? 1 : 0;
		snprintf(columns[count].title, sizeof columns[count].title, "%.*s", SLICE_ARG(title));
		snprintf(columns[count].member, sizeof columns[count].member, "%.*s", SLICE_ARG(word));
		columns[count].width = width(columns[count].title);
		count++;
	}
	return count;
}

static void print_padded(const char *text, int columns)
{
	printf("%s%*s", text, columns - width(text), "");
}

static void print_row(struct arena *arena, const json_t *row, const struct column *columns, size_t count)
{
	for (size_t c = 0; c < count; c++) {
		const char *text = row != NULL ? cell(arena, row, &columns[c]) : columns[c].title;
		print_padded(text, c + 1 < count ? columns[c].width + 2 : width(text));
	}
	fputc('\n', stdout);
}

void cli_table(const json_t *rows, const char *spec)
{
	struct arena arena = ARENA_INIT;
	struct column columns[COLUMN_MAX];
	size_t count = columns_parse(spec, columns), i;
	json_t *row;

	json_array_foreach(rows, i, row)
		for (size_t c = 0; c < count; c++) {
			int w = width(cell(&arena, row, &columns[c]));
			columns[c].width = w > columns[c].width ? w : columns[c].width;
		}
	if (!cli_is_plain())
		fputs("\033[1m", stdout);
	print_row(&arena, NULL, columns, count);
	if (!cli_is_plain())
		fputs("\033[0m", stdout);
	json_array_foreach(rows, i, row)
		print_row(&arena, row, columns, count);
	arena_free(&arena);
}

void cli_fields(const json_t *object, const char *spec)
{
	struct arena arena = ARENA_INIT;
	struct column columns[COLUMN_MAX];
	size_t count = columns_parse(spec, columns);
	int widest = 0;

	for (size_t c = 0; c < count; c++)
		widest = columns[c].width > widest ? columns[c].width : widest;
	for (size_t c = 0; c < count; c++) {
		if (json_object_get(object, columns[c].member) == NULL)
			continue;
		print_padded(columns[c].title, widest + 2);
		printf("%s\n", cell(&arena, object, &columns[c]));
	}
	arena_free(&arena);
}
