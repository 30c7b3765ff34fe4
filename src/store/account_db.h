/*
 * One account's database, `account.db`: SQLite3 Multiple Ciphers with the account's database key. docs/account-db.md is the schema.
 * This layer knows statements and transactions; store/account.c knows what they mean.
 */
#ifndef STORE_ACCOUNT_DB_H
#define STORE_ACCOUNT_DB_H

#include <sqlite3.h>
#include "base/error.h"
#include "base/slice.h"

#define ACCOUNT_DB_SCHEMA 8

/* Every statement of the module: prepared at its first use, kept while the database is open. */
enum account_sql {
#define ACCOUNT_SQL(id, text) SQL_##id,
#include "store/account_sql.h"
#undef ACCOUNT_SQL
	SQL_COUNT
};

struct account_db {
	sqlite3 *sqlite;
	sqlite3_stmt *statements[SQL_COUNT];
	char *path;
	bool in_transaction;
	bool full;          /* synchronous is FULL now */
	bool created;       /* the file was made by this open */
	/* Called for every error that says that the file is damaged, after it was opened. May be NULL. */
	void (*on_damage)(void *arg);
	void *on_damage_arg;
	void (*on_progress)(void *arg);
	void *on_progress_arg;
};

/*
 * Opens or creates `path` with the raw 32-byte key: WAL, exclusive lock, temporary tables in memory only. An older schema is upgraded in one
 * transaction. ERR_DAMAGED (wrong key or damaged), ERR_UNSUPPORTED (newer schema), ERR_IO, ERR_NO_SPACE, ERR_TEMPORARY (in use).
 */
int account_db_open(struct account_db *db, const char *path, const uint8_t key[32], struct error *err);
/* Makes the indexes that a file of an older schema lacks, from all its rows; cheap when there are all. ERR_DAMAGED: some page cannot be read. */
int account_db_index(struct account_db *db, struct error *err);
/* Any number of times. A clean close folds the WAL into the file. */
/* How much of the database SQLite may keep in memory, in KiB; what is kept beyond the use of the moment is given back. */
void account_db_cache(struct account_db *db, int kib);
void account_db_close(struct account_db *db);
/* From now on fn (NULL: nothing) is called every few milliseconds while statements run. */
void account_db_progress(struct account_db *db, void (*fn)(void *arg), void *arg);

/* A ready statement without bindings. Reset it (account_db_done) when its rows were read. NULL and err when it cannot be prepared. */
sqlite3_stmt *account_db_statement(struct account_db *db, enum account_sql id, struct error *err);
void account_db_done(sqlite3_stmt *statement);
/* Runs a statement that gives no rows and resets it. 0 or negative. */
int account_db_run(struct account_db *db, sqlite3_stmt *statement, struct error *err);
/* Translates SQLite's last error; names the file. */
int account_db_error(struct account_db *db, struct error *err);

/* `durable`: on the disk when account_db_commit returns; otherwise a power cut may take the last transactions back, in their order. */
int account_db_begin(struct account_db *db, bool durable, struct error *err);
/* The one place where an account's changes become real. */
int account_db_commit(struct account_db *db, struct error *err);
void account_db_rollback(struct account_db *db);

void bind_blob(sqlite3_stmt *s, int column, struct slice value);
void bind_text(sqlite3_stmt *s, int column, struct slice value);
void bind_u64(sqlite3_stmt *s, int column, uint64_t value);
struct slice column_blob(sqlite3_stmt *s, int column);
/* An id of 16 bytes; *ret stays as it is when the column has none. */
void column_id(sqlite3_stmt *s, int column, uint8_t ret[16]);
uint64_t column_u64(sqlite3_stmt *s, int column);

#endif
