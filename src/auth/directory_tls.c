#include "auth/directory_tls.h"

#include "auth/directory_sql.h"

static void bind(sqlite3_stmt *s, const struct tls_row *row)
{
	sql_text(s, 2, row->names);
	sql_int(s, 3, row->key);
	sql_blob(s, 4, row->key_hash, sizeof row->key_hash);
	sql_int(s, 5, row->source);
	sql_text(s, 6, row->chain);
	sql_int(s, 7, row->starts);
	sql_int(s, 8, row->ends);
	sql_int(s, 9, row->created);
	sql_int(s, 10, row->attempt);
	sql_int(s, 11, row->failures);
	sql_text(s, 12, row->error);
	sql_int(s, 13, row->must_staple);
	sql_blob(s, 14, row->ocsp.p, row->ocsp.n);
	sql_int(s, 15, row->ocsp_next);
	sql_int(s, 16, row->told);
}

int directory_tls_set(struct directory *d, const struct tls_row *row, int64_t *ret_id, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, row->id == 0 ? Q_TLS_ADD : Q_TLS_SET);
	if (row->id != 0)
		sql_int(s, 1, row->id);
	bind(s, row);
	int rc = row->id == 0 ? sql_run(d, s, err) : sql_run_changing(d, s, ERR_NOT_FOUND, err);
	if (rc == 0 && ret_id != NULL)
		*ret_id = row->id != 0 ? row->id : sqlite3_last_insert_rowid(d->db);
	return rc;
}

int directory_tls_remove(struct directory *d, int64_t id, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_TLS_REMOVE);
	sql_int(s, 1, id);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

static void read_row(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct tls_row *r = into;
	*r = (struct tls_row){.id = sqlite3_column_int64(s, 0), .names = sql_get(s, 1, arena), .key = (uint32_t)sqlite3_column_int64(s, 2),
		.source = (enum tls_source)sqlite3_column_int(s, 4), .chain = sql_get(s, 5, arena), .starts = sqlite3_column_int64(s, 6),
		.ends = sqlite3_column_int64(s, 7), .created = sqlite3_column_int64(s, 8), .attempt = sqlite3_column_int64(s, 9),
		.failures = (unsigned)sqlite3_column_int(s, 10), .error = sql_get(s, 11, arena), .must_staple = sqlite3_column_int(s, 12) != 0,
		.ocsp = sql_get(s, 13, arena), .ocsp_next = sqlite3_column_int64(s, 14), .told = sqlite3_column_int64(s, 15)};
	sql_get_fixed(s, 3, r->key_hash, sizeof r->key_hash);
}

int directory_tls_get(struct directory *d, int64_t id, struct arena *arena, struct tls_row *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_TLS_GET);
	sql_int(s, 1, id);
	return sql_one(s, read_row, arena, ret);
}

int directory_tls_list(struct directory *d, struct arena *arena, struct tls_row ret[TLS_ROWS_MAX])
{
	sqlite3_stmt *s = sql_query(d, Q_TLS_LIST);
	sql_int(s, 1, TLS_ROWS_MAX);
	return sql_all(s, read_row, arena, ret, sizeof *ret);
}

struct acme_account {
	uint32_t key;
	struct slice url;
};

static void read_account(sqlite3_stmt *s, struct arena *arena, void *into)
{
	*(struct acme_account *)into = (struct acme_account){(uint32_t)sqlite3_column_int64(s, 0), sql_get(s, 1, arena)};
}

int directory_acme_get(struct directory *d, struct slice directory, struct arena *arena, uint32_t *ret_key, struct slice *ret_url)
{
	struct acme_account account;
	sqlite3_stmt *s = sql_query(d, Q_ACME_GET);
	sql_text(s, 1, directory);
	int rc = sql_one(s, read_account, arena, &account);
	if (rc == 0) {
		*ret_key = account.key;
		*ret_url = account.url;
	}
	return rc;
}

int directory_acme_set(struct directory *d, struct slice directory, uint32_t key, struct slice url, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_ACME_SET);
	sql_text(s, 1, directory);
	sql_int(s, 2, key);
	sql_text(s, 3, url);
	return sql_run(d, s, err);
}
