/*
 * spool.db: the queue's ledger on disk (SQLite3 Multiple Ciphers, AEGIS, key from `key`). docs/spool-db.md describes the tables.
 * One process opens it, one thread at a time uses it. There is one function that commits.
 */
#ifndef QUEUE_SPOOL_H
#define QUEUE_SPOOL_H

#include <sqlite3.h>
#include "base/error.h"
#include "base/slice.h"

#define SPOOL_SCHEMA 1

enum spool_sql {
#define SQL(id, text) SQL_##id,
#include "queue/spool_sql.h"
#undef SQL
	SQL_COUNT
};

struct spool {
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_COUNT];
	bool in_transaction;
};

/* Opens or creates; *ret_created tells. ERR_DAMAGED: not a database under this key, or a damaged one; ERR_UNSUPPORTED: a newer schema. */
int spool_open(const char *path, const uint8_t key[32], struct spool *ret, bool *ret_created, struct error *err);
void spool_close(struct spool *spool); /* any number of times */

int spool_begin(struct spool *spool, struct error *err);
/* The one place where anything becomes durable. After an error nothing of the transaction is there. */
int spool_commit(struct spool *spool, struct error *err);
void spool_rollback(struct spool *spool);

/* The statement with its values bound. types: i int64_t, s struct slice (blob), t struct slice (text), n NULL (no argument).
 * Reset it with spool_done when not read to its end. */
sqlite3_stmt *spool_bind(struct spool *spool, enum spool_sql sql, const char *types, ...);
/* 1: a row, 0: the end (the statement is reset), negative: an error (reset too). */
int spool_step(struct spool *spool, sqlite3_stmt *st, struct error *err);
void spool_done(sqlite3_stmt *st);
/* Binds and runs a statement that gives no rows. */
int spool_run(struct spool *spool, struct error *err, enum spool_sql sql, const char *types, ...);
/* The first column of the first row; `missing` when there is none. */
int spool_number(struct spool *spool, struct error *err, int64_t missing, int64_t *ret, enum spool_sql sql, const char *types, ...);
int spool_changes(struct spool *spool);

/* Columns of the current row; borrowed until the next step. */
struct slice spool_blob(sqlite3_stmt *st, int column);

int spool_meta_get(struct spool *spool, const char *name, int64_t missing, int64_t *ret, struct error *err);
int spool_meta_put(struct spool *spool, const char *name, int64_t value, struct error *err);

/* PRAGMA quick_check: 0, or ERR_DAMAGED with its first line. */
int spool_check(struct spool *spool, struct error *err);

#endif
