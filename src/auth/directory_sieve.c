#include "auth/directory_sieve.h"

#include "auth/directory_sql.h"

static sqlite3_stmt *query(struct directory *d, enum directory_query id, const uint8_t account[16])
{
	sqlite3_stmt *s = sql_query(d, id);
	sql_blob(s, 1, account, 16);
	return s;
}

int directory_sieve_put(struct directory *d, const uint8_t account[16], const struct sieve_row *row, struct error *err)
{
	sqlite3_stmt *s = query(d, Q_SIEVE_PUT, account);
	sql_text(s, 2, row->name);
	sql_blob(s, 3, row->text.p, row->text.n);
	sql_int(s, 4, (int64_t)row->text.n);
	sql_int(s, 5, row->changed);
	return sql_run(d, s, err);
}

int directory_sieve_remove(struct directory *d, const uint8_t account[16], struct slice name, struct error *err)
{
	sqlite3_stmt *s = query(d, Q_SIEVE_REMOVE, account);
	sql_text(s, 2, name);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

int directory_sieve_rename(struct directory *d, const uint8_t account[16], struct slice from, struct slice to, struct error *err)
{
	sqlite3_stmt *s = query(d, Q_SIEVE_RENAME, account);
	sql_text(s, 2, from);
	sql_text(s, 3, to);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

int directory_sieve_activate(struct directory *d, const uint8_t account[16], struct slice name, struct error *err)
{
	int rc = sql_run(d, query(d, Q_SIEVE_DEACTIVATE, account), err);
	if (rc != 0 || name.n == 0)
		return rc;
	sqlite3_stmt *s = query(d, Q_SIEVE_ACTIVATE, account);
	sql_text(s, 2, name);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

static void read_row(sqlite3_stmt *s, struct arena *arena, void *into)
{
	*(struct sieve_row *)into = (struct sieve_row){.name = sql_get(s, 0, arena), .text = sql_get(s, 1, arena),
		.bytes = (uint32_t)sqlite3_column_int64(s, 2), .active = sqlite3_column_int(s, 3) != 0, .changed = sqlite3_column_int64(s, 4)};
}

int directory_sieve_get(struct directory *d, const uint8_t account[16], struct slice name, struct arena *arena, struct sieve_row *ret)
{
	sqlite3_stmt *s = query(d, Q_SIEVE_GET, account);
	sql_text(s, 2, name);
	return sql_one(s, read_row, arena, ret);
}

int directory_sieve_active(struct directory *d, const uint8_t account[16], struct arena *arena, struct sieve_row *ret)
{
	return sql_one(query(d, Q_SIEVE_ACTIVE, account), read_row, arena, ret);
}

uint32_t directory_sieve_active_bytes(struct directory *d, const uint8_t account[16])
{
	sqlite3_stmt *s = query(d, Q_SIEVE_ACTIVE_BYTES, account);
	uint32_t bytes = sql_step(s) == 1 ? (uint32_t)sqlite3_column_int64(s, 0) : 0;
	sql_done(s);
	return bytes;
}

int directory_sieve_list(struct directory *d, const uint8_t account[16], struct arena *arena, struct sieve_row *ret, size_t max)
{
	sqlite3_stmt *s = query(d, Q_SIEVE_LIST, account);
	sql_int(s, 2, (int64_t)max);
	return sql_all(s, read_row, arena, ret, sizeof *ret);
}

int directory_sieve_use(struct directory *d, const uint8_t account[16], struct slice but, uint32_t *ret_count, uint64_t *ret_bytes)
{
	sqlite3_stmt *s = query(d, Q_SIEVE_USE, account);
	sql_text(s, 2, but);
	int rc = sql_step(s);
	if (rc == 1) {
		*ret_count = (uint32_t)sqlite3_column_int64(s, 0);
		*ret_bytes = (uint64_t)sqlite3_column_int64(s, 1);
	}
	sql_done(s);
	return rc == 1 ? 0 : rc == 0 ? ERR_NOT_FOUND : rc;
}
