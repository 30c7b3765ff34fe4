#include "store/account_db.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/codec.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "store/search.h"

static const char *const SQL_TEXT[SQL_COUNT] = {
#define ACCOUNT_SQL(id, text) [SQL_##id] = text,
#include "store/account_sql.h"
#undef ACCOUNT_SQL
};

/* For what is asked of the whole account (account_email.c). They are made apart from the schema: making them reads every row, and a page that cannot
 * be read must not keep the file from being opened and mended. */
#define INDEXES \
	"CREATE INDEX IF NOT EXISTS message_email ON message(email);" \
	"CREATE INDEX IF NOT EXISTS message_thread ON message(thread);" \
	"CREATE INDEX IF NOT EXISTS message_newest ON message(mailbox,internal,email,thread) WHERE flags&8=0;" \
	"CREATE INDEX IF NOT EXISTS message_all ON message(internal,email,thread) WHERE flags&8=0;" \
	"CREATE INDEX IF NOT EXISTS message_unread ON message(mailbox,thread) WHERE flags&25=0;"

/* Integers above 2^63 do not occur: modseq and seq stay below. Body numbers are never used twice (the index relies on it). All of this fits the
 * first page, hence short types: damage to a second one would hide the tables from a salvage. */
static const char SCHEMA[] =
	"CREATE TABLE state(cursor, modseq, modseq_mark, uidvalidity, clean, indexed, used, bodies, salvaged, ledger, gone_floor);"
	"INSERT INTO state VALUES(0, 1, 1001, 1, 1, 0, 0, 0, 0, 0, 0);"
	"CREATE TABLE mailbox(number INTEGER PRIMARY KEY AUTOINCREMENT, id NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE,"
	" uidvalidity INT, uidnext INT, uid_mark INT, special INT, subscribed INT, live INT, modseq INT, messages INT, unseen INT,"
	" deleted INT, size INT, deleted_size INT, vanished_floor INT, created INT, changed INT, sort INT);"
	"CREATE TABLE keyword(number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE);"
	"CREATE TABLE message(mailbox INT, uid INT, modseq INT NOT NULL, flags INT NOT NULL, keywords INT NOT NULL,"
	" size INT, internal INT, saved INT, email NOT NULL, thread NOT NULL, body INT NOT NULL, created INT,"
	" PRIMARY KEY(mailbox, uid)) WITHOUT ROWID;"
	"CREATE INDEX message_body ON message(body);"
	"CREATE INDEX message_modseq ON message(mailbox, modseq);"
	"CREATE TABLE body(number INTEGER PRIMARY KEY AUTOINCREMENT, seq INT NOT NULL UNIQUE, pack INT, ordinal INT, offset INT,"
	" size INT, refs INT NOT NULL, kind INT, cut INT NOT NULL, data_key, prefix, digest);"
	"CREATE INDEX body_cut ON body(number) WHERE cut<>0;"
	"CREATE TABLE body_text(body INTEGER PRIMARY KEY, size, text);"
	"CREATE TABLE vanished(mailbox INT, modseq INT, first INT, last INT, PRIMARY KEY(mailbox, modseq, first)) WITHOUT ROWID;"
	"CREATE TABLE gone(modseq INT, kind INT, id, thread, created INT, PRIMARY KEY(modseq, kind, id)) WITHOUT ROWID;"
	"CREATE TABLE thread(hash INTEGER PRIMARY KEY, thread NOT NULL);"
	"CREATE TABLE damaged(body INTEGER PRIMARY KEY);"
	"CREATE TRIGGER damaged_gone AFTER DELETE ON body BEGIN DELETE FROM damaged WHERE body=old.number; END;"
	"CREATE TABLE unref(seq INTEGER PRIMARY KEY, now INT);"
	"CREATE TABLE bin(body INTEGER PRIMARY KEY, gone INT, was);"
	"CREATE VIRTUAL TABLE search USING fts5(text, content='', contentless_delete=1, detail=none, tokenize='letterlock');"
	"CREATE TABLE junk(kind INT, key, body INT, value INT, data, PRIMARY KEY(kind, key)) WITHOUT ROWID;"
	INDEXES
	"CREATE TABLE note(number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, value NOT NULL);"
	"PRAGMA user_version=8;";

int account_db_error(struct account_db *db, struct error *err)
{
	int rc = sqlite3_errcode(db->sqlite) & 0xff;
	enum error_code code = rc == SQLITE_FULL ? ERR_NO_SPACE : rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB ? ERR_DAMAGED
		: rc == SQLITE_BUSY || rc == SQLITE_LOCKED ? ERR_TEMPORARY : rc == SQLITE_CONSTRAINT ? ERR_CONFLICT : ERR_IO;

	error_set(err, code, "%s: %s", db->path, sqlite3_errmsg(db->sqlite));
	if (code == ERR_DAMAGED && db->on_damage != NULL)
		db->on_damage(db->on_damage_arg);
	return code;
}

static int db_exec(struct account_db *db, const char *sql, struct error *err)
{
	return sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : account_db_error(db, err);
}

static int db_set_key(struct account_db *db, const uint8_t key[32], struct error *err)
{
	struct buf sql = BUF_INIT(256);
	int rc;

	buf_append_str(&sql, "PRAGMA cipher='aegis'; PRAGMA key='raw:");
	hex_encode(slice_make(key, 32), &sql);
	buf_append_bytes(&sql, "';", 3);
	rc = db_exec(db, (const char *)buf_slice(&sql).p, err);
	buf_free_secret(&sql);
	return rc;
}

static int db_version(struct account_db *db, int *ret, struct error *err)
{
	sqlite3_stmt *s = NULL;
	int rc = 0;

	if (sqlite3_prepare_v2(db->sqlite, "PRAGMA user_version", -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
		rc = account_db_error(db, err);
	else
		*ret = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return rc;
}

/* upgrades[i] takes the schema from version i + 1 to i + 2; it runs in one transaction. */
static const char *const UPGRADES[] = {
	"ALTER TABLE state ADD COLUMN salvaged INTEGER NOT NULL DEFAULT 0; ALTER TABLE state ADD COLUMN ledger INTEGER NOT NULL DEFAULT 0;"
	"PRAGMA user_version=2;",
	"CREATE TABLE damaged(body INTEGER PRIMARY KEY);"
	"CREATE TRIGGER damaged_gone AFTER DELETE ON body BEGIN DELETE FROM damaged WHERE body=old.number; END;"
	"PRAGMA user_version=3;",
	"CREATE TABLE junk(kind INTEGER, key, body INTEGER, value INTEGER, data BLOB, PRIMARY KEY(kind, key)) WITHOUT ROWID;"
	"PRAGMA user_version=4;",
	"ALTER TABLE state ADD COLUMN gone_floor INTEGER DEFAULT 0; ALTER TABLE mailbox ADD COLUMN created INTEGER DEFAULT 0;"
	"ALTER TABLE mailbox ADD COLUMN changed INTEGER DEFAULT 0; ALTER TABLE mailbox ADD COLUMN sort INTEGER DEFAULT 0;"
	"ALTER TABLE message ADD COLUMN created INTEGER DEFAULT 0;"
	"CREATE TABLE gone(modseq INTEGER, kind INTEGER, id, thread, created INTEGER, PRIMARY KEY(modseq, kind, id)) WITHOUT ROWID;"
	"PRAGMA user_version=5;",
	"CREATE TABLE note(number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, value BLOB NOT NULL);"
	"PRAGMA user_version=6;",
	"ALTER TABLE unref ADD COLUMN now INTEGER DEFAULT 0;"
	"CREATE TABLE bin(body INTEGER PRIMARY KEY, gone INTEGER, was BLOB);"
	"PRAGMA user_version=7;",
	/* Tokens say of which field they are: the index is made anew. */
	"DROP TABLE search;"
	"CREATE VIRTUAL TABLE search USING fts5(text, content='', contentless_delete=1, detail=none, tokenize='letterlock');"
	"UPDATE state SET indexed=0; PRAGMA user_version=8;",
};

static int db_upgrade(struct account_db *db, int version, struct error *err)
{
	int rc = 0;

	for (; rc == 0 && version < ACCOUNT_DB_SCHEMA; version++) {
		rc = db_exec(db, "BEGIN IMMEDIATE", err);
		if (rc == 0)
			rc = db_exec(db, UPGRADES[version - 1], err);
		if (rc == 0)
			rc = db_exec(db, "COMMIT", err);
	}
	return rc;
}

static int db_schema(struct account_db *db, struct error *err)
{
	int version = 0, rc = db_version(db, &version, err);

	if (rc < 0)
		return rc;
	if (version > ACCOUNT_DB_SCHEMA)
		return error_set(err, ERR_UNSUPPORTED, "%s: schema %d is newer than %d", db->path, version, ACCOUNT_DB_SCHEMA);
	if (version > 0)
		return db_upgrade(db, version, err);
	db->created = true;
	rc = db_exec(db, "BEGIN IMMEDIATE", err);
	if (rc == 0)
		rc = db_exec(db, SCHEMA, err);
	if (rc == 0)
		rc = db_exec(db, "COMMIT", err);
	return rc;
}

int account_db_index(struct account_db *db, struct error *err)
{
	return db_exec(db, INDEXES, err);
}

int account_db_open(struct account_db *db, const char *path, const uint8_t key[32], struct error *err)
{
	int rc;

	*db = (struct account_db){.path = memory_dup_str(slice_str(path)), .full = true};
	if (sqlite3_open_v2(path, &db->sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		rc = account_db_error(db, err);
		goto out;
	}
	sqlite3_extended_result_codes(db->sqlite, 1);
	rc = db_set_key(db, key, err);
	/* Exclusive before the first read: then the index of the log lies in our memory and no statement takes locks. */
	if (rc == 0)
		rc = db_exec(db, "PRAGMA locking_mode=EXCLUSIVE", err);
	if (rc == 0) /* the first read tells whether the key fits */
		rc = db_exec(db, "SELECT 1 FROM sqlite_schema LIMIT 1", err);
	if (rc == 0 && search_register(db->sqlite) < 0)
		rc = error_set(err, ERR_UNSUPPORTED, "%s: no full-text index", path);
	if (rc == 0)
		rc = db_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY;"
		             "PRAGMA trusted_schema=OFF; PRAGMA secure_delete=FAST;", err);
	if (rc == 0)
		rc = db_schema(db, err);
out:
	if (rc < 0)
		account_db_close(db);
	return rc;
}

void account_db_cache(struct account_db *db, int kib)
{
	char sql[48];

	if (db->sqlite == NULL)
		return;
	snprintf(sql, sizeof sql, "PRAGMA cache_size=-%d", kib);
	db_exec(db, sql, NULL);
	sqlite3_db_release_memory(db->sqlite);
}

#define PROGRESS_STEPS 65536 /* of SQLite's machine: a millisecond or so */

static int on_progress(void *arg)
{
	struct account_db *db = arg;

	db->on_progress(db->on_progress_arg);
	return 0;
}

void account_db_progress(struct account_db *db, void (*fn)(void *arg), void *arg)
{
	db->on_progress = fn;
	db->on_progress_arg = arg;
	if (db->sqlite != NULL)
		sqlite3_progress_handler(db->sqlite, fn == NULL ? 0 : PROGRESS_STEPS, on_progress, db);
}

void account_db_close(struct account_db *db)
{
	for (int i = 0; i < SQL_COUNT; i++) {
		sqlite3_finalize(db->statements[i]);
		db->statements[i] = NULL;
	}
	if (db->sqlite != NULL)
		ENSURE(sqlite3_close(db->sqlite) == SQLITE_OK);
	db->sqlite = NULL;
	MEMORY_FREE(&db->path);
}

sqlite3_stmt *account_db_statement(struct account_db *db, enum account_sql id, struct error *err)
{
	sqlite3_stmt **s = &db->statements[id];

	if (db->sqlite == NULL) {
		error_set(err, ERR_TEMPORARY, "the account's database is closed");
		return NULL;
	}
	if (*s == NULL && sqlite3_prepare_v3(db->sqlite, SQL_TEXT[id], -1, SQLITE_PREPARE_PERSISTENT, s, NULL) != SQLITE_OK)
		account_db_error(db, err);
	return *s;
}

void account_db_done(sqlite3_stmt *s)
{
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
}

int account_db_run(struct account_db *db, sqlite3_stmt *s, struct error *err)
{
	int rc = sqlite3_step(s) == SQLITE_DONE ? 0 : account_db_error(db, err);

	account_db_done(s);
	return rc;
}

static int statement_run(struct account_db *db, enum account_sql id, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(db, id, err);

	return s == NULL ? ERR_IO : account_db_run(db, s, err);
}

int account_db_begin(struct account_db *db, bool durable, struct error *err)
{
	int rc = 0;

	ENSURE(!db->in_transaction);
	if (db->sqlite == NULL)
		return error_set(err, ERR_TEMPORARY, "the account's database is closed");
	if (db->full != durable)
		rc = db_exec(db, durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL", err);
	if (rc == 0) {
		db->full = durable;
		rc = statement_run(db, SQL_BEGIN, err);
	}
	db->in_transaction = rc == 0;
	return rc;
}

int account_db_commit(struct account_db *db, struct error *err)
{
	int rc;

	ENSURE(db->in_transaction);
	rc = statement_run(db, SQL_COMMIT, err);
	if (rc < 0)
		account_db_rollback(db);
	db->in_transaction = false;
	return rc;
}

void account_db_rollback(struct account_db *db)
{
	if (db->in_transaction && sqlite3_get_autocommit(db->sqlite) == 0)
		sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
	db->in_transaction = false;
}

void bind_blob(sqlite3_stmt *s, int column, struct slice value)
{
	sqlite3_bind_blob64(s, column, value.n == 0 ? (const void *)"" : value.p, value.n, SQLITE_STATIC);
}

void bind_text(sqlite3_stmt *s, int column, struct slice value)
{
	sqlite3_bind_text64(s, column, value.n == 0 ? "" : (const char *)value.p, value.n, SQLITE_STATIC, SQLITE_UTF8);
}

void bind_u64(sqlite3_stmt *s, int column, uint64_t value)
{
	sqlite3_bind_int64(s, column, (sqlite3_int64)value);
}

struct slice column_blob(sqlite3_stmt *s, int column)
{
	const void *p = sqlite3_column_blob(s, column);

	return slice_make(p, (size_t)sqlite3_column_bytes(s, column));
}

void column_id(sqlite3_stmt *s, int column, uint8_t ret[16])
{
	struct slice id = column_blob(s, column);

	if (id.n == 16)
		memcpy(ret, id.p, 16);
}

uint64_t column_u64(sqlite3_stmt *s, int column)
{
	return (uint64_t)sqlite3_column_int64(s, column);
}
