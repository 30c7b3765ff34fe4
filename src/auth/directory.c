#include "auth/directory_book.h"
#include "auth/directory_sql.h"

#include <string.h>

#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "crypt/slab.h"
#include "sys/fault.h"

#define SCHEMA_VERSION 2
#define CACHE_KIB "8192"

#define SCRAM_TABLE \
	"CREATE TABLE scram (account BLOB NOT NULL, credential INTEGER NOT NULL REFERENCES credential (id) ON DELETE CASCADE," \
	" keys BLOB NOT NULL, wrap BLOB NOT NULL);" \
	"CREATE INDEX scram_account ON scram (account);" \
	"CREATE INDEX scram_credential ON scram (credential);"

static const char schema[] =
	"CREATE TABLE setting (name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE domain (name TEXT PRIMARY KEY, catch_all TEXT NOT NULL, postmaster TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE account (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE CHECK (length(id) = 16), name TEXT NOT NULL,"
	" department TEXT NOT NULL, language TEXT NOT NULL, state INTEGER NOT NULL, role INTEGER NOT NULL, flags INTEGER NOT NULL,"
	" quota INTEGER NOT NULL, generation INTEGER NOT NULL, public_key BLOB NOT NULL, scram_salt BLOB NOT NULL, created INTEGER NOT NULL);"
	"CREATE TABLE address (domain TEXT NOT NULL REFERENCES domain (name), local TEXT NOT NULL, kind INTEGER NOT NULL,"
	" account BLOB REFERENCES account (id) ON DELETE CASCADE, target TEXT, name TEXT, PRIMARY KEY (domain, local)) WITHOUT ROWID;"
	"CREATE INDEX address_account ON address (account) WHERE account IS NOT NULL;"
	"CREATE INDEX address_target ON address (target) WHERE target IS NOT NULL;"
	"CREATE TABLE member (domain TEXT NOT NULL, local TEXT NOT NULL, member TEXT NOT NULL, PRIMARY KEY (domain, local, member),"
	" FOREIGN KEY (domain, local) REFERENCES address (domain, local) ON DELETE CASCADE) WITHOUT ROWID;"
	"CREATE INDEX member_member ON member (member);"
	"CREATE TABLE credential (id INTEGER PRIMARY KEY, account BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
	" kind INTEGER NOT NULL, label TEXT NOT NULL, lookup BLOB NOT NULL, salt BLOB NOT NULL, passes INTEGER NOT NULL,"
	" memory INTEGER NOT NULL, wrap BLOB NOT NULL, created INTEGER NOT NULL);"
	"CREATE INDEX credential_account ON credential (account, kind, lookup);"
	SCRAM_TABLE
	"CREATE TABLE profile (account BLOB PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE, data BLOB NOT NULL) WITHOUT ROWID;"
	"INSERT INTO setting (name, value) VALUES ('credential', 0);"
	"PRAGMA user_version = 2;";

/* Version 1 kept SCRAM keys in the clear, with another count: they are made anew at the next sign-in that shows the password. */
static const char upgrade_from_1[] = "DROP TABLE scram;" SCRAM_TABLE "PRAGMA user_version = 2;";

static const char *const tables[] = {
#define TABLE(text) text,
#include "auth/directory_schema.h"
#undef TABLE
};

static const char *const query_texts[] = {
#define QUERY(id, sql) sql,
#include "auth/directory_queries.h"
#undef QUERY
};

sqlite3_stmt *sql_query(struct directory *d, enum directory_query query)
{
	sqlite3_stmt **s = &d->statements[query];
	if (*s == NULL)
		(void)sqlite3_prepare_v3(d->db, query_texts[query], -1, SQLITE_PREPARE_PERSISTENT, s, NULL);
	return *s;
}

void sql_text(sqlite3_stmt *s, int at, struct slice value)
{
	sqlite3_bind_text(s, at, value.n > 0 ? (const char *)value.p : "", (int)value.n, SQLITE_TRANSIENT);
}

void sql_blob(sqlite3_stmt *s, int at, const void *p, size_t n)
{
	sqlite3_bind_blob(s, at, n > 0 ? p : "", (int)n, SQLITE_TRANSIENT);
}

void sql_int(sqlite3_stmt *s, int at, int64_t value)
{
	sqlite3_bind_int64(s, at, value);
}

static int error_from(sqlite3_stmt *s, int rc)
{
	int extended = s != NULL ? sqlite3_extended_errcode(sqlite3_db_handle(s)) : rc;
	switch (extended) {
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_ROWID:
		return ERR_EXISTS;
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return ERR_NOT_FOUND;
	case SQLITE_FULL:
		return ERR_NO_SPACE;
	default:
		return rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB ? ERR_DAMAGED : ERR_IO;
	}
}

int sql_step(sqlite3_stmt *s)
{
	int rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : error_from(s, rc);
}

void sql_done(sqlite3_stmt *s)
{
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
}

int sql_run_changing(struct directory *d, sqlite3_stmt *s, enum error_code otherwise, struct error *err)
{
	int rc = sql_run(d, s, err);
	return rc == 0 && sqlite3_changes(d->db) == 0 ? error_set(err, otherwise, "directory.db: no such row") : rc;
}

int sql_run_returning(struct directory *d, sqlite3_stmt *s, uint32_t *ret, struct error *err)
{
	int rc = sql_step(s);
	if (rc == 1) {
		*ret = (uint32_t)sqlite3_column_int64(s, 0);
		while (rc == 1)
			rc = sql_step(s);
	}
	if (rc < 0)
		error_set(err, (enum error_code)rc, "directory.db: %s", sqlite3_errmsg(d->db));
	sql_done(s);
	return rc;
}

int sql_one(sqlite3_stmt *s, sql_read_fn *read, struct arena *arena, void *ret)
{
	int rc = sql_step(s);
	if (rc == 1)
		read(s, arena, ret);
	sql_done(s);
	return rc == 1 ? 0 : rc == 0 ? ERR_NOT_FOUND : rc;
}

int sql_all(sqlite3_stmt *s, sql_read_fn *read, struct arena *arena, void *ret, size_t size)
{
	int rc, count = 0;
	while ((rc = sql_step(s)) == 1)
		read(s, arena, (uint8_t *)ret + (size_t)count++ * size);
	sql_done(s);
	return rc < 0 ? rc : count;
}

int sql_run(struct directory *d, sqlite3_stmt *s, struct error *err)
{
	int rc = sql_step(s);
	if (rc < 0)
		error_set(err, (enum error_code)rc, "directory.db: %s", sqlite3_errmsg(d->db));
	sql_done(s);
	return rc < 0 ? rc : 0;
}

struct slice sql_get(sqlite3_stmt *s, int column, struct arena *arena)
{
	const void *p = sqlite3_column_blob(s, column);
	int n = sqlite3_column_bytes(s, column);
	return p == NULL || n <= 0 ? SLICE_NONE : arena_dup(arena, slice_make(p, (size_t)n));
}

void sql_get_fixed(sqlite3_stmt *s, int column, void *ret, size_t n)
{
	const void *p = sqlite3_column_blob(s, column);
	memset(ret, 0, n);
	if (p != NULL && (size_t)sqlite3_column_bytes(s, column) == n)
		memcpy(ret, p, n);
}

static int execute(struct directory *d, const char *text, struct error *err)
{
	int rc = sqlite3_exec(d->db, text, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return 0;
	enum error_code code = rc == SQLITE_NOTADB || rc == SQLITE_CORRUPT ? ERR_DAMAGED : rc == SQLITE_FULL ? ERR_NO_SPACE : ERR_IO;
	return error_set(err, code, "directory.db: %s", sqlite3_errmsg(d->db));
}

/* A raw key: a passphrase would run a slow hash at every open. */
static int unlock(struct directory *d, const uint8_t key[32], struct error *err)
{
	static const char digits[] = "0123456789abcdef";
	char text[] = "PRAGMA cipher = 'aegis'; PRAGMA key = 'raw:0000000000000000000000000000000000000000000000000000000000000000';";
	char *at = strstr(text, "raw:") + 4;
	for (size_t i = 0; i < 32; i++) {
		at[2 * i] = digits[key[i] >> 4];
		at[2 * i + 1] = digits[key[i] & 15];
	}
	int rc = execute(d, text, err);
	secret_wipe(text, sizeof text);
	return rc;
}

static int schema_version(struct directory *d)
{
	sqlite3_stmt *s = NULL;
	int version = -1;
	if (sqlite3_prepare_v2(d->db, "PRAGMA user_version", -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		version = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return version;
}

static int change_schema(struct directory *d, const char *text, struct error *err)
{
	int rc = execute(d, "BEGIN IMMEDIATE", err);
	if (rc == 0)
		rc = execute(d, text, err);
	return rc == 0 ? execute(d, "COMMIT", err) : rc;
}

static int add_tables(struct directory *d, struct error *err)
{
	int rc = execute(d, "BEGIN IMMEDIATE", err);
	for (size_t i = 0; rc == 0 && i < sizeof tables / sizeof tables[0]; i++)
		rc = execute(d, tables[i], err);
	return rc == 0 ? execute(d, "COMMIT", err) : rc;
}

static int prepare_database(struct directory *d, struct error *err)
{
	int rc = execute(d, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	                    "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -" CACHE_KIB ";"
	                    "PRAGMA trusted_schema = OFF; PRAGMA secure_delete = ON;", err);
	if (rc != 0)
		return rc;
	int version = schema_version(d);
	if (version == 0)
		rc = change_schema(d, schema, err);
	else if (version == 1)
		rc = change_schema(d, upgrade_from_1, err);
	else if (version != SCHEMA_VERSION)
		rc = error_set(err, ERR_UNSUPPORTED, "directory.db has schema %d, this program knows %d", version, SCHEMA_VERSION);
	return rc == 0 ? add_tables(d, err) : rc;
}

int directory_open(const char *path, const uint8_t key[32], struct directory **ret, struct error *err)
{
	struct directory *d = memory_alloc(sizeof *d);
	int rc;
	int opened = sqlite3_open_v2(path != NULL ? path : ":memory:", &d->db,
	                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (opened != SQLITE_OK) {
		rc = error_set(err, ERR_IO, "directory.db cannot be opened: %s", sqlite3_errstr(opened));
		goto out;
	}
	if (path != NULL && (rc = unlock(d, key, err)) != 0)
		goto out;
	if ((rc = prepare_database(d, err)) != 0)
		goto out;
	d->lookup_key = slab_alloc(32);
	if (d->lookup_key == NULL) {
		rc = error_set(err, ERR_TEMPORARY, "no guarded memory left");
		goto out;
	}
	hash_hkdf(slice_make(key, 32), SLICE_NONE, "directory lookup", SLICE_NONE, d->lookup_key, 32);
	if ((rc = directory_book_prepare(d, err)) != 0)
		goto out;
	*ret = d;
	d = NULL;
out:
	directory_close(&d);
	return rc;
}

void directory_close(struct directory **dp)
{
	struct directory *d = *dp;
	if (d == NULL)
		return;
	directory_policies_forget(d);
	for (size_t i = 0; i < Q_COUNT; i++)
		sqlite3_finalize(d->statements[i]);
	sqlite3_close(d->db);
	slab_free(&d->lookup_key);
	MEMORY_FREE(dp);
}

int directory_begin(struct directory *d, struct error *err)
{
	ENSURE(!d->in_change);
	int rc = sql_run(d, sql_query(d, Q_BEGIN), err);
	d->in_change = rc == 0;
	return rc;
}

int directory_commit(struct directory *d, struct error *err)
{
	ENSURE(d->in_change);
	int rc = sql_run(d, sql_query(d, Q_COMMIT), err);
	if (rc == 0)
		d->in_change = false;
	else
		directory_rollback(d);
	FAULT_POINT(directory_committed);
	return rc;
}

void directory_rollback(struct directory *d)
{
	if (d->in_change) {
		(void)sql_run(d, sql_query(d, Q_ROLLBACK), NULL);
		directory_policies_forget(d);
	}
	d->in_change = false;
}

const uint8_t *directory_lookup_key(const struct directory *d)
{
	return d->lookup_key;
}

int directory_setting_u32(struct directory *d, const char *name, uint32_t *ret_value)
{
	sqlite3_stmt *s = sql_query(d, Q_SETTING_GET);
	sql_text(s, 1, slice_str(name));
	int rc = sql_step(s);
	if (rc == 1)
		*ret_value = (uint32_t)sqlite3_column_int64(s, 0);
	sql_done(s);
	return rc == 1 ? 0 : rc == 0 ? ERR_NOT_FOUND : rc;
}

int directory_setting_set_u32(struct directory *d, const char *name, uint32_t value, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_SETTING_SET);
	sql_text(s, 1, slice_str(name));
	sql_int(s, 2, value);
	return sql_run(d, s, err);
}
