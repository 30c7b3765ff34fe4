#include "factor/import.h"

#include <jansson.h>

#include "base/ascii.h"
#include "base/csv.h"
#include "base/utf8.h"

static const char *const names[IMPORT_FIELD_COUNT] = {
	[IMPORT_ADDRESS] = "address", [IMPORT_NAME] = "name", [IMPORT_DEPARTMENT] = "department", [IMPORT_QUOTA] = "quota",
	[IMPORT_PASSWORD_HASH] = "password_hash",
};

const char *import_field_name(enum import_field field)
{
	return (unsigned)field < IMPORT_FIELD_COUNT ? names[field] : NULL;
}

static bool find_field(struct slice name, enum import_field *ret)
{
	for (unsigned i = 0; i < IMPORT_FIELD_COUNT; i++) {
		if (slice_eq_nocase(name, slice_str(names[i]))) {
			*ret = (enum import_field)i;
			return true;
		}
	}
	return false;
}

static struct slice shown(struct slice text)
{
	return utf8_prefix(text, 40);
}

/* ---- CSV ---- */

static int csv_heading(struct slice line, struct arena *arena, struct import_columns *ret, struct error *err)
{
	struct slice fields[IMPORT_COLUMNS_MAX];
	size_t count = 0;
	unsigned seen = 0;
	int rc = csv_fields(line, arena, fields, IMPORT_COLUMNS_MAX, &count, err);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (!find_field(fields[i], &ret->fields[i]))
			return error_set(err, ERR_INVALID, "unknown column \"%.*s\"", SLICE_ARG(shown(fields[i])));
		if ((seen & 1u << ret->fields[i]) != 0)
			return error_set(err, ERR_INVALID, "column %s twice", names[ret->fields[i]]);
		seen |= 1u << ret->fields[i];
	}
	if (rc == 0 && (seen & 1u << IMPORT_ADDRESS) == 0)
		return error_set(err, ERR_INVALID, "no column address");
	ret->count = count;
	return rc;
}

static int csv_line(struct slice line, const struct import_columns *columns, struct arena *arena, struct import_user *ret, struct error *err)
{
	struct slice fields[IMPORT_COLUMNS_MAX];
	size_t count = 0;
	int rc = csv_fields(line, arena, fields, IMPORT_COLUMNS_MAX, &count, err);
	if (rc == 0 && count != columns->count)
		return error_set(err, ERR_INVALID, "%zu fields instead of %zu", count, columns->count);
	for (size_t i = 0; rc == 0 && i < count; i++)
		ret->fields[columns->fields[i]] = fields[i];
	return rc;
}

/* ---- JSON ---- */

static int json_member(const char *name, const json_t *value, struct arena *arena, struct import_user *ret, struct error *err)
{
	enum import_field field;
	if (!find_field(slice_str(name), &field))
		return error_set(err, ERR_INVALID, "unknown member \"%.*s\"", SLICE_ARG(shown(slice_str(name))));
	if (json_is_string(value))
		ret->fields[field] = arena_dup(arena, slice_make(json_string_value(value), json_string_length(value)));
	else if (json_is_integer(value) && field == IMPORT_QUOTA)
		ret->fields[field] = arena_printf(arena, "%lld", (long long)json_integer_value(value));
	else if (!json_is_null(value))
		return error_set(err, ERR_INVALID, "%s is no text", names[field]);
	return 0;
}

static int json_line(struct slice line, struct arena *arena, struct import_user *ret, struct error *err)
{
	json_error_t why;
	const char *name;
	json_t *value, *object = json_loadb((const char *)line.p, line.n, JSON_REJECT_DUPLICATES, &why);
	int rc = json_is_object(object) ? 0 : error_set(err, ERR_INVALID, "no JSON object");
	json_object_foreach(object, name, value) {
		if (rc == 0)
			rc = json_member(name, value, arena, ret, err);
	}
	json_decref(object);
	return rc;
}

/* ---- both ---- */

static int check_user(struct import_user *u, struct error *err)
{
	if (u->fields[IMPORT_ADDRESS].n == 0)
		return error_set(err, ERR_INVALID, "no address");
	for (unsigned i = 0; i < IMPORT_FIELD_COUNT; i++)
		if (ascii_has_control(u->fields[i]) || !utf8_valid(u->fields[i]))
			return error_set(err, ERR_INVALID, "%s has control characters or is not UTF-8", names[i]);
	if (u->fields[IMPORT_QUOTA].n > 0 && (slice_to_u64(u->fields[IMPORT_QUOTA], &u->quota) != 0 || u->quota > INT64_MAX))
		return error_set(err, ERR_INVALID, "quota is no number of bytes");
	return 0;
}

static bool is_json(struct slice line)
{
	line = slice_trim(line);
	return line.n > 0 && line.p[0] == '{';
}

int import_heading(struct slice line, struct arena *arena, struct import_columns *ret_columns, struct error *err)
{
	struct import_columns columns = {0};
	if (line.n > IMPORT_LINE_MAX)
		return error_set(err, ERR_LIMIT, "the line is longer than %d bytes", IMPORT_LINE_MAX);
	if (slice_starts(line, SLICE("\xef\xbb\xbf")))
		line = slice_from(line, 3);
	int rc = is_json(line) ? 0 : csv_heading(slice_trim(line), arena, &columns, err);
	if (rc == 0)
		*ret_columns = columns;
	return rc;
}

int import_line(struct slice line, const struct import_columns *columns, struct arena *arena, struct import_user *ret, struct error *err)
{
	struct import_user user = {0};
	if (line.n > IMPORT_LINE_MAX)
		return error_set(err, ERR_LIMIT, "the line is longer than %d bytes", IMPORT_LINE_MAX);
	line = slice_trim(line);
	int rc = columns->count == 0 ? json_line(line, arena, &user, err) : csv_line(line, columns, arena, &user, err);
	if (rc == 0)
		rc = check_user(&user, err);
	if (rc == 0)
		*ret = user;
	return rc;
}
