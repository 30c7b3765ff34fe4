/*
 * Lines of a file of accounts that come from another system: JSON objects (one per line), or CSV (RFC 4180, a line with the names of the
 * columns first, no line breaks inside of fields). Members and columns: address, name, department, quota, password_hash.
 */
#ifndef FACTOR_IMPORT_H
#define FACTOR_IMPORT_H

#include "base/csv.h"

#define IMPORT_LINE_MAX CSV_LINE_MAX
#define IMPORT_COLUMNS_MAX 16

enum import_field { IMPORT_ADDRESS, IMPORT_NAME, IMPORT_DEPARTMENT, IMPORT_QUOTA, IMPORT_PASSWORD_HASH, IMPORT_FIELD_COUNT };
const char *import_field_name(enum import_field field);

struct import_user {
	struct slice fields[IMPORT_FIELD_COUNT]; /* empty: not given */
	uint64_t quota;                          /* bytes; 0: not given */
};

struct import_columns {
	enum import_field fields[IMPORT_COLUMNS_MAX];
	size_t count; /* 0: lines are JSON */
};

/* The first line of a file: a CSV heading, or JSON (then it is a user itself: *ret_columns has no columns). Errors name the column. */
int import_heading(struct slice line, struct arena *arena, struct import_columns *ret_columns, struct error *err);
/* One line behind it, without its line end. Texts lie in the arena. ERR_INVALID, ERR_LIMIT; err says why. */
int import_line(struct slice line, const struct import_columns *columns, struct arena *arena, struct import_user *ret, struct error *err);

#endif
