#include "auth/once.h"

#include <string.h>

#include "auth/directory_sql.h"

enum { STATE_BEGUN = 1, STATE_DONE = 2 };

/* Is the key there? */
static int find(struct directory *d, struct slice subject, struct slice key, const uint8_t hash[ONCE_HASH_SIZE], struct arena *arena,
                struct once *ret, enum admin_once *ret_verdict)
{
	sqlite3_stmt *s = sql_query(d, Q_ONCE_GET);
	uint8_t have[ONCE_HASH_SIZE];

	sql_text(s, 1, subject);
	sql_text(s, 2, key);
	int rc = sql_step(s);
	if (rc == 1) {
		sql_get_fixed(s, 0, have, sizeof have);
		ret->status = (unsigned)sqlite3_column_int64(s, 2);
		ret->result = sql_get(s, 3, arena);
		*ret_verdict = sqlite3_column_int64(s, 1) == STATE_DONE ? ADMIN_ONCE_DONE : ADMIN_ONCE_BEGUN;
		if (memcmp(have, hash, sizeof have) != 0)
			*ret_verdict = ADMIN_ONCE_OTHER;
	}
	sql_done(s);
	return rc;
}

static int64_t count(struct directory *d, struct slice subject)
{
	sqlite3_stmt *s = sql_query(d, Q_ONCE_COUNT);

	sql_text(s, 1, subject);
	int64_t n = sql_step(s) == 1 ? sqlite3_column_int64(s, 0) : ONCE_KEYS_MAX;
	sql_done(s);
	return n;
}

static int forget_old(struct directory *d, int64_t now)
{
	sqlite3_stmt *s = sql_query(d, Q_ONCE_EXPIRE);

	sql_int(s, 1, now - ONCE_KEPT_S);
	return sql_run(d, s, NULL);
}

static int add(struct directory *d, struct slice subject, struct slice key, const uint8_t hash[ONCE_HASH_SIZE], int64_t now)
{
	sqlite3_stmt *s = sql_query(d, Q_ONCE_ADD);

	sql_text(s, 1, subject);
	sql_text(s, 2, key);
	sql_blob(s, 3, hash, ONCE_HASH_SIZE);
	sql_int(s, 4, STATE_BEGUN);
	sql_int(s, 5, now);
	return sql_run(d, s, NULL);
}

enum admin_once once_begin(struct directory *d, struct slice subject, struct slice key, const uint8_t hash[ONCE_HASH_SIZE], int64_t now,
                           struct arena *arena, struct once *ret)
{
	enum admin_once verdict = ADMIN_ONCE_REFUSED;
	struct error err = {0};
	int rc = directory_begin(d, &err);

	if (rc == 0)
		rc = forget_old(d, now);
	if (rc == 0)
		rc = find(d, subject, key, hash, arena, ret, &verdict);
	if (rc != 0) /* it is there, or nothing can be said */
		goto out;
	if (count(d, subject) < ONCE_KEYS_MAX && add(d, subject, key, hash, now) == 0) {
		ret->row = (uint64_t)sqlite3_last_insert_rowid(d->db);
		if (directory_commit(d, &err) == 0)
			verdict = ADMIN_ONCE_FRESH;
	}
out:
	directory_rollback(d);
	return verdict;
}

/* The statement as a change of its own. */
static int change(struct directory *d, sqlite3_stmt *s, struct error *err)
{
	int rc = directory_begin(d, err);

	if (rc == 0)
		rc = sql_run(d, s, err);
	if (rc == 0)
		rc = directory_commit(d, err);
	directory_rollback(d);
	return rc;
}

int once_end(struct directory *d, uint64_t row, unsigned status, struct slice result, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_ONCE_END);

	sql_int(s, 1, (int64_t)row);
	sql_int(s, 2, STATE_DONE);
	sql_int(s, 3, status);
	sql_text(s, 4, result);
	return change(d, s, err);
}

int once_forget(struct directory *d, uint64_t row, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_ONCE_FORGET);

	sql_int(s, 1, (int64_t)row);
	return change(d, s, err);
}
