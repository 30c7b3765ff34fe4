/* Inside the directory: prepared statements by number, and short names for binding and reading. */
#ifndef AUTH_DIRECTORY_SQL_H
#define AUTH_DIRECTORY_SQL_H

#include <sqlite3.h>

#include "auth/directory.h"
#include "base/ensure.h"

enum directory_query {
#define QUERY(id, sql) Q_##id,
#include "auth/directory_queries.h"
#undef QUERY
	Q_COUNT
};

#define DIRECTORY_POLICIES_KEPT 8
struct directory_policy_kept {
	const char *name; /* static; NULL: free */
	struct json_t *value;
};

struct directory {
	sqlite3 *db;
	sqlite3_stmt *statements[Q_COUNT]; /* prepared at first use */
	uint8_t *lookup_key;               /* a cell of the slab */
	bool in_change;
	struct directory_policy_kept policies[DIRECTORY_POLICIES_KEPT];
};

/* After a change of a policy, or one that was taken back. */
void directory_policies_forget(struct directory *d);

/* Reset, without bindings. NULL when it cannot be prepared (then every sql_ call below fails softly). */
sqlite3_stmt *sql_query(struct directory *d, enum directory_query query);
void sql_text(sqlite3_stmt *s, int at, struct slice value);
void sql_blob(sqlite3_stmt *s, int at, const void *p, size_t n);
void sql_int(sqlite3_stmt *s, int at, int64_t value);
/* 1: a row, 0: the end, negative: ERR_IO, ERR_EXISTS, ERR_NOT_FOUND (foreign key), ERR_NO_SPACE. */
int sql_step(sqlite3_stmt *s);
/* For statements without rows: steps, resets; err gets the library's text. */
int sql_run(struct directory *d, sqlite3_stmt *s, struct error *err);
/* The same; `otherwise` when no row was changed. */
int sql_run_changing(struct directory *d, sqlite3_stmt *s, enum error_code otherwise, struct error *err);
/* Steps through a statement with RETURNING and gives its first number. */
int sql_run_returning(struct directory *d, sqlite3_stmt *s, uint32_t *ret, struct error *err);
void sql_done(sqlite3_stmt *s);
/* Reads a row; texts go to the arena. */
typedef void sql_read_fn(sqlite3_stmt *s, struct arena *arena, void *ret);
/* The first row: 0, ERR_NOT_FOUND or an error of sql_step. */
int sql_one(sqlite3_stmt *s, sql_read_fn *read, struct arena *arena, void *ret);
/* All rows one behind the other, each of `size` bytes: the statement has a LIMIT that fits. The count, or an error of sql_step. */
int sql_all(sqlite3_stmt *s, sql_read_fn *read, struct arena *arena, void *ret, size_t size);
struct slice sql_get(sqlite3_stmt *s, int column, struct arena *arena);
/* Copies a blob of exactly n bytes; zeroes when it has another size. */
void sql_get_fixed(sqlite3_stmt *s, int column, void *ret, size_t n);

#endif
