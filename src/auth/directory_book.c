/* directory.db: departments of the address book. People: directory_book_person.c. */
#include "auth/directory_book.h"

#include <string.h>

#include "auth/directory_sql.h"
#include "base/ensure.h"

static const char *const names[] = {[BOOK_ALL] = "all", [BOOK_OWN] = "own", [BOOK_LISTED] = "listed", [BOOK_NONE] = "none"};

const char *book_sees_name(enum book_sees sees)
{
	return (size_t)sees < ARRAY_LEN(names) ? names[sees] : "none";
}

bool book_sees_parse(struct slice name, enum book_sees *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq(name, slice_str(names[i]))) {
			*ret = (enum book_sees)i;
			return true;
		}
	return false;
}

struct slice book_path(struct slice text, struct arena *arena)
{
	struct buf out = BUF_INIT(DIRECTORY_NAME_MAX);
	struct slice level;

	for (unsigned levels = 0; levels < BOOK_LEVELS_MAX && text.n > 0 && slice_split(&text, '/', &level);) {
		level = slice_trim(level);
		if (level.n == 0)
			continue;
		if (levels++ > 0)
			buf_append(&out, SLICE("/"));
		buf_append(&out, level);
	}
	struct slice ret = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

bool book_path_within(struct slice path, struct slice department)
{
	return slice_starts(department, path) && (department.n == path.n || department.p[path.n] == '/');
}

static void read_department(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct book_department *ret = into;
	int sees = sqlite3_column_int(s, 2);

	*ret = (struct book_department){.path = sql_get(s, 0, arena), .place = sqlite3_column_int64(s, 1),
		.sees = sees >= BOOK_ALL && sees <= BOOK_NONE ? (enum book_sees)sees : BOOK_NONE, .viewers = sql_get(s, 3, arena)};
}

int directory_book_department_keep(struct directory *d, struct slice path, struct error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < path.n; i++)
		if (i + 1 == path.n || path.p[i + 1] == '/') {
			sqlite3_stmt *s = sql_query(d, Q_BOOK_DEPARTMENT_KEEP);

			sql_text(s, 1, slice_sub(path, 0, i + 1));
			rc = sql_run(d, s, err);
		}
	return rc;
}

static int count(struct directory *d)
{
	sqlite3_stmt *s = sql_query(d, Q_BOOK_DEPARTMENT_COUNT);
	int rc = sql_step(s), n = rc == 1 ? sqlite3_column_int(s, 0) : rc;

	sql_done(s);
	return n;
}

static int check_rules(struct directory *d, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct book_department *rules = arena_alloc_array(&arena, BOOK_RULES_MAX + 1, sizeof *rules);
	int n = directory_book_department_rules(d, &arena, rules, BOOK_RULES_MAX + 1);

	arena_free(&arena);
	return n > BOOK_RULES_MAX ? error_set(err, ERR_LIMIT, "more than %d departments are not seen by everybody", BOOK_RULES_MAX) : n < 0 ? n : 0;
}

int directory_book_department_set(struct directory *d, const struct book_department *department, struct error *err)
{
	int rc = directory_book_department_keep(d, department->path, err), n;

	if (rc == 0) {
		sqlite3_stmt *s = sql_query(d, Q_BOOK_DEPARTMENT_SET);

		sql_text(s, 1, department->path);
		sql_int(s, 2, department->place);
		sql_int(s, 3, department->sees);
		sql_text(s, 4, department->viewers);
		rc = sql_run(d, s, err);
	}
	if (rc == 0 && ((n = count(d)) < 0 || n > BOOK_DEPARTMENTS_MAX))
		rc = n < 0 ? n : error_set(err, ERR_LIMIT, "there are too many departments");
	return rc == 0 ? check_rules(d, err) : rc;
}

int directory_book_department_get(struct directory *d, struct slice path, struct arena *arena, struct book_department *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_BOOK_DEPARTMENT_GET);

	sql_text(s, 1, path);
	return sql_one(s, read_department, arena, ret);
}

int directory_book_department_list(struct directory *d, struct slice after, struct arena *arena, struct book_department *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_BOOK_DEPARTMENT_LIST);

	sql_text(s, 1, after);
	sql_int(s, 2, (int64_t)max);
	return sql_all(s, read_department, arena, ret, sizeof *ret);
}

int directory_book_department_rules(struct directory *d, struct arena *arena, struct book_department *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_BOOK_DEPARTMENT_RULES);

	sql_int(s, 1, (int64_t)max);
	return sql_all(s, read_department, arena, ret, sizeof *ret);
}

int directory_book_department_remove(struct directory *d, struct slice path, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_BOOK_DEPARTMENT_USED);
	int rc, used;

	sql_text(s, 1, path);
	rc = sql_step(s);
	used = rc == 1 && sqlite3_column_int(s, 0) != 0;
	sql_done(s);
	if (rc < 0 || used)
		return rc < 0 ? rc : error_set(err, ERR_CONFLICT, "the department is not empty");
	s = sql_query(d, Q_BOOK_DEPARTMENT_REMOVE);
	sql_text(s, 1, path);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

static int rename_in(struct directory *d, enum directory_query query, struct slice from, struct slice to, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, query);

	sql_text(s, 1, from);
	sql_text(s, 2, to);
	return sql_run(d, s, err);
}

/* The rules of others that name it. */
static int rename_viewers(struct directory *d, struct slice from, struct slice to, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct book_department *rules = arena_alloc_array(&arena, BOOK_RULES_MAX, sizeof *rules);
	int n = directory_book_department_rules(d, &arena, rules, BOOK_RULES_MAX), rc = n < 0 ? n : 0;

	for (int i = 0; rc == 0 && i < n; i++) {
		struct buf out = BUF_INIT(BOOK_VIEWERS_MAX * 2);
		struct slice rest = rules[i].viewers, one;

		while (rest.n > 0 && slice_split(&rest, '\n', &one)) {
			bool within = book_path_within(from, one);

			buf_append(&out, within ? to : one);
			if (within)
				buf_append(&out, slice_from(one, from.n));
			buf_append(&out, SLICE("\n"));
		}
		rules[i].viewers = buf_slice(&out);
		rc = directory_book_department_set(d, &rules[i], err);
		buf_free(&out);
	}
	arena_free(&arena);
	return rc;
}

static int refresh_moved(struct directory *d, struct slice to, struct error *err)
{
	uint8_t ids[100][16], last[16] = {0};
	int rc, n;

	do {
		sqlite3_stmt *s = sql_query(d, Q_BOOK_DEPARTMENT_MOVED);

		n = 0;
		sql_text(s, 1, to);
		sql_blob(s, 2, last, sizeof last);
		sql_int(s, 3, ARRAY_LEN(ids));
		while ((rc = sql_step(s)) == 1)
			sql_get_fixed(s, 0, ids[n++], 16);
		sql_done(s);
		for (int i = 0; rc == 0 && i < n; i++) {
			memcpy(last, ids[i], sizeof last);
			rc = directory_book_refresh(d, ids[i], err);
		}
	} while (rc == 0 && n == (int)ARRAY_LEN(ids));
	return rc;
}

int directory_book_department_rename(struct directory *d, struct slice from, struct slice to, struct error *err)
{
	static const enum directory_query others[] = {Q_BOOK_ACCOUNT_RENAME, Q_BOOK_GRANT_RENAME};
	struct arena arena = ARENA_INIT;
	struct book_department found;
	int rc = directory_book_department_get(d, from, &arena, &found), other = directory_book_department_get(d, to, &arena, &found);

	arena_free(&arena);
	if (rc == 0 && other != ERR_NOT_FOUND)
		rc = other == 0 ? ERR_EXISTS : other;
	if (rc == 0)
		rc = rename_in(d, Q_BOOK_DEPARTMENT_RENAME, from, to, err);
	if (rc == 0)
		rc = directory_book_department_keep(d, to, err);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(others); i++)
		rc = rename_in(d, others[i], from, to, err);
	if (rc == 0)
		rc = rename_viewers(d, from, to, err);
	return rc == 0 ? refresh_moved(d, to, err) : rc;
}
