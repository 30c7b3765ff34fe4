#include "auth/directory_dkim.h"

#include "auth/directory_sql.h"

int directory_dkim_add(struct directory *d, const struct dkim_key_row *row, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_DKIM_ADD);
	sql_blob(s, 1, row->id, sizeof row->id);
	sql_text(s, 2, row->domain);
	sql_text(s, 3, row->selector);
	sql_int(s, 4, row->algorithm);
	sql_blob(s, 5, row->public_key.p, row->public_key.n);
	sql_int(s, 6, row->state);
	sql_int(s, 7, row->created);
	sql_int(s, 8, row->seen);
	sql_int(s, 9, row->activated);
	sql_int(s, 10, row->retired);
	return sql_run(d, s, err);
}

int directory_dkim_set(struct directory *d, const struct dkim_key_row *row, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_DKIM_SET);
	sql_blob(s, 1, row->id, sizeof row->id);
	sql_int(s, 2, row->state);
	sql_int(s, 3, row->seen);
	sql_int(s, 4, row->activated);
	sql_int(s, 5, row->retired);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

int directory_dkim_remove(struct directory *d, const uint8_t id[16], struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_DKIM_REMOVE);
	sql_blob(s, 1, id, 16);
	return sql_run(d, s, err);
}

static void read_row(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct dkim_key_row *ret = into;
	*ret = (struct dkim_key_row){.domain = sql_get(s, 1, arena), .selector = sql_get(s, 2, arena), .public_key = sql_get(s, 4, arena)};
	sql_get_fixed(s, 0, ret->id, sizeof ret->id);
	ret->algorithm = (enum mail_algorithm)sqlite3_column_int(s, 3);
	ret->state = (enum dkim_state)sqlite3_column_int(s, 5);
	ret->created = sqlite3_column_int64(s, 6);
	ret->seen = sqlite3_column_int64(s, 7);
	ret->activated = sqlite3_column_int64(s, 8);
	ret->retired = sqlite3_column_int64(s, 9);
}

static int read_rows(sqlite3_stmt *s, struct arena *arena, struct dkim_key_row *ret)
{
	return sql_all(s, read_row, arena, ret, sizeof *ret);
}

int directory_dkim_get(struct directory *d, struct slice domain, struct slice selector, struct arena *arena, struct dkim_key_row *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_DKIM_GET);
	sql_text(s, 1, domain);
	sql_text(s, 2, selector);
	int count = read_rows(s, arena, ret);
	return count == 1 ? 0 : count == 0 ? ERR_NOT_FOUND : count;
}

int directory_dkim_list(struct directory *d, struct slice domain, struct arena *arena, struct dkim_key_row *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_DKIM_LIST);
	sql_text(s, 1, domain);
	sql_int(s, 2, (int64_t)max);
	return read_rows(s, arena, ret);
}

int directory_dkim_active(struct directory *d, struct slice domain, struct arena *arena, struct dkim_key_row *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_DKIM_ACTIVE);
	sql_text(s, 1, domain);
	sql_int(s, 2, (int64_t)max);
	return read_rows(s, arena, ret);
}
