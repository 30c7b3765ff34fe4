#include "auth/directory_keys.h"
#include "auth/directory_sql.h"

static void read_credential(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct credential *ret = into;
	ret->id = (uint32_t)sqlite3_column_int64(s, 0);
	sql_get_fixed(s, 1, ret->account, sizeof ret->account);
	ret->kind = (enum wrap_kind)sqlite3_column_int(s, 2);
	ret->label = sql_get(s, 3, arena);
	sql_get_fixed(s, 4, ret->lookup, sizeof ret->lookup);
	sql_get_fixed(s, 5, ret->salt, sizeof ret->salt);
	ret->cost.passes = (uint32_t)sqlite3_column_int64(s, 6);
	ret->cost.memory_kib = (uint32_t)sqlite3_column_int64(s, 7);
	ret->wrap = sql_get(s, 8, arena);
	ret->created = sqlite3_column_int64(s, 9);
}

int directory_credential_number(struct directory *d, uint32_t *ret, struct error *err)
{
	ENSURE(d->in_change);
	sqlite3_stmt *s = sql_query(d, Q_CREDENTIAL_NUMBER);
	int rc = sql_step(s);
	if (rc == 1) {
		*ret = (uint32_t)sqlite3_column_int64(s, 0);
		while (rc == 1)
			rc = sql_step(s);
	} else if (rc == 0) {
		rc = ERR_DAMAGED;
	}
	if (rc < 0)
		error_set(err, (enum error_code)rc, "directory.db: no credential number: %s", sqlite3_errmsg(d->db));
	sql_done(s);
	return rc;
}

int directory_credential_add(struct directory *d, const struct credential *c, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_CREDENTIAL_ADD);
	sql_int(s, 1, c->id);
	sql_blob(s, 2, c->account, sizeof c->account);
	sql_int(s, 3, c->kind);
	sql_text(s, 4, c->label);
	sql_blob(s, 5, c->lookup, sizeof c->lookup);
	sql_blob(s, 6, c->salt, sizeof c->salt);
	sql_int(s, 7, c->cost.passes);
	sql_int(s, 8, c->cost.memory_kib);
	sql_blob(s, 9, c->wrap.p, c->wrap.n);
	sql_int(s, 10, c->created);
	return sql_run(d, s, err);
}

int directory_credential_by_code(struct directory *d, const uint8_t account[16], enum wrap_kind kind,
	const uint8_t lookup[CODE_LOOKUP_SIZE],
                                 struct arena *arena, struct credential *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_CREDENTIAL_CODE);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, kind);
	sql_blob(s, 3, lookup, CODE_LOOKUP_SIZE);
	return sql_one(s, read_credential, arena, ret);
}

int directory_credential_password(struct directory *d, const uint8_t account[16], struct arena *arena, struct credential *ret)
{
	int count = directory_credential_list(d, account, WRAP_PASSWORD, arena, ret, 1);
	return count == 1 ? 0 : count == 0 ? ERR_NOT_FOUND : count;
}

int directory_credential_list(struct directory *d, const uint8_t account[16], enum wrap_kind kind, struct arena *arena,
	struct credential *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_CREDENTIAL_KIND);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, kind);
	sql_int(s, 3, (int64_t)max);
	return sql_all(s, read_credential, arena, ret, sizeof *ret);
}

int directory_credential_remove(struct directory *d, const uint8_t account[16], uint32_t id, enum wrap_kind kind, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_CREDENTIAL_REMOVE);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, id);
	sql_int(s, 3, kind);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

int directory_credential_remove_all(struct directory *d, const uint8_t account[16], struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_CREDENTIAL_REMOVE_ALL);
	sql_blob(s, 1, account, 16);
	return sql_run(d, s, err);
}

int directory_credential_exists(struct directory *d, const uint8_t account[16], uint32_t id)
{
	sqlite3_stmt *s = sql_query(d, Q_CREDENTIAL_EXISTS);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, id);
	int rc = sql_step(s);
	sql_done(s);
	return rc == 1 ? 0 : rc == 0 ? ERR_NOT_FOUND : rc;
}

int directory_scram_add(struct directory *d, const uint8_t account[16], const struct scram_row *row, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_SCRAM_ADD);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, row->credential);
	sql_blob(s, 3, row->keys.p, row->keys.n);
	sql_blob(s, 4, row->wrap.p, row->wrap.n);
	return sql_run(d, s, err);
}

int directory_scram_list(struct directory *d, const uint8_t account[16], bool passwords, struct arena *arena, struct scram_row *ret,
	size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_SCRAM_LIST);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, passwords);
	sql_int(s, 3, (int64_t)max);
	int count = 0, rc;
	while ((rc = sql_step(s)) == 1) {
		struct scram_row *row = &ret[count++];
		row->credential = (uint32_t)sqlite3_column_int64(s, 0);
		row->keys = sql_get(s, 1, arena);
		row->wrap = sql_get(s, 2, arena);
	}
	sql_done(s);
	return rc < 0 ? rc : count;
}

int directory_scram_count(struct directory *d, uint32_t credential)
{
	sqlite3_stmt *s = sql_query(d, Q_SCRAM_COUNT);
	sql_int(s, 1, credential);
	int rc = sql_step(s), count = rc == 1 ? sqlite3_column_int(s, 0) : 0;
	sql_done(s);
	return rc < 0 ? rc : count;
}

int directory_scram_forget_passwords(struct directory *d, struct error *err)
{
	int rc = directory_begin(d, err);
	if (rc == 0)
		rc = sql_run(d, sql_query(d, Q_SCRAM_FORGET), err);
	if (rc == 0)
		rc = directory_commit(d, err);
	directory_rollback(d);
	return rc;
}

static int delegations(sqlite3_stmt *s, struct arena *arena, struct credential *ret, size_t max)
{
	sql_int(s, 2, (int64_t)max);
	return sql_all(s, read_credential, arena, ret, sizeof *ret);
}

int directory_delegations_to(struct directory *d, struct slice label, struct arena *arena, struct credential *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_DELEGATIONS_TO);
	sql_text(s, 1, label);
	return delegations(s, arena, ret, max);
}

int directory_delegations_all(struct directory *d, uint32_t after, struct arena *arena, struct credential *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_DELEGATIONS_ALL);
	sql_int(s, 1, after);
	return delegations(s, arena, ret, max);
}

int directory_credential_get(struct directory *d, const uint8_t account[16], uint32_t id, struct arena *arena, struct credential *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_CREDENTIAL_GET);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, id);
	return sql_one(s, read_credential, arena, ret);
}

int directory_credential_count(struct directory *d, const uint8_t account[16], enum wrap_kind kind)
{
	sqlite3_stmt *s = sql_query(d, Q_CREDENTIAL_COUNT);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, kind);
	int rc = sql_step(s), count = rc == 1 ? sqlite3_column_int(s, 0) : 0;
	sql_done(s);
	return rc < 0 ? rc : count;
}
