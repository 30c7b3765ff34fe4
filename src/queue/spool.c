#include "queue/spool.h"

#include <stdio.h>
#include <string.h>
#include "base/buf.h"
#include "base/codec.h"
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "sys/fault.h"

static const char *const statements[SQL_COUNT] = {
#define SQL(id, text) [SQL_##id] = text,
#include "queue/spool_sql.h"
#undef SQL
};

static const char schema[] =
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE pack(number INTEGER PRIMARY KEY, state INTEGER NOT NULL, live INTEGER NOT NULL, size INTEGER NOT NULL);"
	"CREATE TABLE record(id INTEGER PRIMARY KEY, offset INTEGER NOT NULL, length INTEGER NOT NULL, size INTEGER NOT NULL,"
	" refs INTEGER NOT NULL, accepted INTEGER NOT NULL);"
	"CREATE TABLE ref(account BLOB NOT NULL, seq INTEGER NOT NULL, record INTEGER NOT NULL, kind INTEGER NOT NULL, size INTEGER NOT NULL,"
	" flags INTEGER NOT NULL, drop_after INTEGER, PRIMARY KEY(account, seq)) WITHOUT ROWID;"
	"CREATE INDEX ref_drop ON ref(drop_after) WHERE drop_after IS NOT NULL;"
	"CREATE TABLE account_use(account BLOB PRIMARY KEY, used INTEGER NOT NULL, count INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE message(record INTEGER PRIMARY KEY, job BLOB NOT NULL, size INTEGER NOT NULL, epoch INTEGER NOT NULL,"
	" created INTEGER NOT NULL, hold INTEGER NOT NULL);"
	"CREATE TABLE outbound(record INTEGER NOT NULL, rcpt INTEGER NOT NULL, state INTEGER NOT NULL, destination TEXT NOT NULL,"
	" due INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, delay INTEGER NOT NULL DEFAULT 0, tried INTEGER NOT NULL DEFAULT 0,"
	" code INTEGER NOT NULL DEFAULT 0, enhanced TEXT NOT NULL DEFAULT '', text TEXT NOT NULL DEFAULT '', host TEXT NOT NULL DEFAULT '',"
	" PRIMARY KEY(record, rcpt)) WITHOUT ROWID;"
	"CREATE INDEX outbound_owed ON outbound(record) WHERE state > 0 OR delay = 1;";

/* What came later; each is made where it is missing. A count of rows is kept by triggers: counting them takes as long as reading them. */
static const char additions[] =
	"CREATE TABLE IF NOT EXISTS memory(key BLOB PRIMARY KEY, value BLOB NOT NULL, ends INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS memory_ends ON memory(ends);"
	"CREATE TABLE IF NOT EXISTS quarantine(record INTEGER PRIMARY KEY, job BLOB NOT NULL, readers BLOB NOT NULL, size INTEGER NOT NULL,"
	" epoch INTEGER NOT NULL, created INTEGER NOT NULL);"
	"CREATE INDEX IF NOT EXISTS quarantine_created ON quarantine(created);"
	"CREATE TABLE IF NOT EXISTS scheduled(record INTEGER PRIMARY KEY, submission BLOB NOT NULL, due INTEGER NOT NULL, hold INTEGER NOT NULL,"
	" once BLOB NOT NULL);"
	"CREATE INDEX IF NOT EXISTS scheduled_due ON scheduled(due);"
	"CREATE INDEX IF NOT EXISTS scheduled_submission ON scheduled(submission);"
	"CREATE TABLE IF NOT EXISTS submission(id BLOB PRIMARY KEY, account BLOB NOT NULL, state INTEGER NOT NULL, due INTEGER NOT NULL,"
	" created INTEGER NOT NULL, record INTEGER NOT NULL, data BLOB NOT NULL, path TEXT NOT NULL, born INTEGER NOT NULL, change INTEGER NOT NULL, gone INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS submission_account ON submission(account, change);"
	"CREATE INDEX IF NOT EXISTS submission_change ON submission(change);"
	"CREATE INDEX IF NOT EXISTS submission_record ON submission(record) WHERE record <> 0;"
	"CREATE INDEX IF NOT EXISTS submission_created ON submission(created);"
	"CREATE TABLE IF NOT EXISTS submission_rcpt(id BLOB NOT NULL, rcpt INTEGER NOT NULL, address TEXT NOT NULL, local INTEGER NOT NULL,"
	" state INTEGER NOT NULL DEFAULT 0, code INTEGER NOT NULL DEFAULT 0, enhanced TEXT NOT NULL DEFAULT '', text TEXT NOT NULL DEFAULT '',"
	" PRIMARY KEY(id, rcpt)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS recall_ref(submission BLOB NOT NULL, rcpt INTEGER NOT NULL, account BLOB NOT NULL, seq INTEGER NOT NULL,"
	" record INTEGER NOT NULL, state INTEGER NOT NULL, PRIMARY KEY(submission, rcpt, account, seq)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS recall_asked(submission BLOB PRIMARY KEY, asked INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS recall(account BLOB NOT NULL, seq INTEGER NOT NULL, target INTEGER NOT NULL, record INTEGER NOT NULL, what INTEGER NOT NULL,"
	" submission BLOB NOT NULL, asked INTEGER NOT NULL, answer INTEGER NOT NULL, PRIMARY KEY(account, seq)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS recall_time ON recall(asked);"
	"CREATE INDEX IF NOT EXISTS recall_open ON recall(account) WHERE answer = 0;"
	"CREATE TABLE IF NOT EXISTS report_out(day INTEGER NOT NULL, domain BLOB NOT NULL, kind INTEGER NOT NULL, hash BLOB NOT NULL,"
	" count INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY(day, domain, kind, hash)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS report_in(domain BLOB NOT NULL, day INTEGER NOT NULL, report BLOB NOT NULL, source BLOB NOT NULL,"
	" kind INTEGER NOT NULL, reporter BLOB NOT NULL, policy BLOB NOT NULL, passed INTEGER NOT NULL, failed INTEGER NOT NULL,"
	" PRIMARY KEY(domain, day, report, source)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS memory_use(one INTEGER PRIMARY KEY CHECK(one = 1), rows INTEGER NOT NULL);"
	"INSERT OR IGNORE INTO memory_use VALUES(1, 0);"
	"CREATE TRIGGER IF NOT EXISTS memory_more AFTER INSERT ON memory BEGIN UPDATE memory_use SET rows = rows + 1; END;"
	"CREATE TRIGGER IF NOT EXISTS memory_less AFTER DELETE ON memory BEGIN UPDATE memory_use SET rows = rows - 1; END;";

static int fail(struct spool *spool, struct error *err, const char *what)
{
	int code = spool->db != NULL ? sqlite3_errcode(spool->db) : SQLITE_NOMEM;
	const char *text = spool->db != NULL ? sqlite3_errmsg(spool->db) : "out of memory";
	switch (code & 0xff) {
	case SQLITE_FULL:
		return error_set(err, ERR_NO_SPACE, "spool.db: %s: %s", what, text);
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return error_set(err, ERR_DAMAGED, "spool.db: %s: %s", what, text);
	default:
		return error_set(err, ERR_IO, "spool.db: %s: %s (%d)", what, text, code);
	}
}

static int exec(struct spool *spool, const char *sql, struct error *err)
{
	return sqlite3_exec(spool->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(spool, err, "open");
}

static int set_key(struct spool *spool, const uint8_t key[32], struct error *err)
{
	struct buf sql = BUF_INIT(200);
	buf_append_str(&sql, "PRAGMA cipher='aegis';PRAGMA key='raw:");
	hex_encode(slice_make(key, 32), &sql);
	buf_append_str(&sql, "';");
	buf_append_byte(&sql, 0);
	int rc = exec(spool, (const char *)sql.data, err);
	buf_free_secret(&sql);
	return rc;
}

/* Exclusive: nobody else opens it, so WAL needs no shared memory and no locks. */
static const char settings[] = "PRAGMA locking_mode=EXCLUSIVE;PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA cache_size=-8192;"
	"PRAGMA foreign_keys=OFF;PRAGMA temp_store=MEMORY;PRAGMA journal_size_limit=16777216;";

/* What earlier versions had and nobody reads goes. */
static bool has_told(struct spool *spool)
{
	sqlite3_stmt *st = NULL;
	bool found = sqlite3_prepare_v2(spool->db, "SELECT 1 FROM pragma_table_info('quarantine') WHERE name='told'", -1, &st, NULL) == SQLITE_OK
		&& sqlite3_step(st) == SQLITE_ROW;
	sqlite3_finalize(st);
	return found;
}

static int add_later(struct spool *spool, struct error *err)
{
	int rc = exec(spool, additions, err);
	return rc == 0 && has_told(spool) ? exec(spool, "ALTER TABLE quarantine DROP COLUMN told", err) : rc;
}

static int prepare_schema(struct spool *spool, bool *ret_created, struct error *err)
{
	int64_t version = 0;
	sqlite3_stmt *st = NULL;
	if (sqlite3_prepare_v2(spool->db, "PRAGMA user_version", -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		version = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	if (version > SPOOL_SCHEMA)
		return error_set(err, ERR_UNSUPPORTED, "spool.db has schema %d, this program knows %d", (int)version, SPOOL_SCHEMA);
	*ret_created = version == 0;
	if (version != 0)
		return add_later(spool, err);
	char mark[40];
	snprintf(mark, sizeof mark, "PRAGMA user_version=%d;COMMIT", SPOOL_SCHEMA);
	int rc = exec(spool, "BEGIN IMMEDIATE", err);
	if (rc == 0)
		rc = exec(spool, schema, err);
	if (rc == 0)
		rc = exec(spool, additions, err);
	return rc == 0 ? exec(spool, mark, err) : rc;
}

int spool_open(const char *path, const uint8_t key[32], struct spool *ret, bool *ret_created, struct error *err)
{
	int rc;
	*ret = (struct spool){0};
	if (sqlite3_open_v2(path, &ret->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL) != SQLITE_OK)
		rc = fail(ret, err, "open");
	else if ((rc = set_key(ret, key, err)) == 0 && (rc = exec(ret, settings, err)) == 0)
		rc = prepare_schema(ret, ret_created, err);
	if (rc < 0)
		spool_close(ret);
	return rc;
}

void spool_close(struct spool *spool)
{
	for (size_t i = 0; i < SQL_COUNT; i++) {
		sqlite3_finalize(spool->statements[i]);
		spool->statements[i] = NULL;
	}
	sqlite3_close(spool->db);
	spool->db = NULL;
}

static void bind_values(sqlite3_stmt *st, const char *types, va_list args)
{
	for (int i = 1; *types != 0; i++, types++) {
		int rc = SQLITE_OK;
		struct slice s;
		switch (*types) {
		case 'i':
			rc = sqlite3_bind_int64(st, i, va_arg(args, int64_t));
			break;
		case 's':
			s = va_arg(args, struct slice);
			rc = sqlite3_bind_blob64(st, i, s.n ? (const void *)s.p : "", s.n, SQLITE_STATIC);
			break;
		case 't':
			s = va_arg(args, struct slice);
			rc = sqlite3_bind_text64(st, i, s.n ? (const char *)s.p : "", s.n, SQLITE_STATIC, SQLITE_UTF8);
			break;
		case 'n':
			rc = sqlite3_bind_null(st, i);
			break;
		default:
			UNREACHABLE();
		}
		ENSURE(rc == SQLITE_OK || rc == SQLITE_NOMEM);
	}
}

static sqlite3_stmt *bind_list(struct spool *spool, enum spool_sql sql, const char *types, va_list args)
{
	sqlite3_stmt **st = &spool->statements[sql];
	if (*st == NULL && sqlite3_prepare_v3(spool->db, statements[sql], -1, SQLITE_PREPARE_PERSISTENT, st, NULL) != SQLITE_OK)
		return NULL;
	bind_values(*st, types, args);
	return *st;
}

sqlite3_stmt *spool_bind(struct spool *spool, enum spool_sql sql, const char *types, ...)
{
	va_list args;
	va_start(args, types);
	sqlite3_stmt *st = bind_list(spool, sql, types, args);
	va_end(args);
	return st;
}

int spool_step(struct spool *spool, sqlite3_stmt *st, struct error *err)
{
	int rc = st != NULL ? sqlite3_step(st) : SQLITE_ERROR;
	if (rc == SQLITE_ROW)
		return 1;
	int result = rc == SQLITE_DONE ? 0 : fail(spool, err, st != NULL ? sqlite3_sql(st) : "prepare");
	spool_done(st);
	return result;
}

void spool_done(sqlite3_stmt *st)
{
	if (st == NULL)
		return;
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
}

int spool_run(struct spool *spool, struct error *err, enum spool_sql sql, const char *types, ...)
{
	va_list args;
	va_start(args, types);
	sqlite3_stmt *st = bind_list(spool, sql, types, args);
	va_end(args);
	int rc = spool_step(spool, st, err);
	if (rc == 1) {
		spool_done(st);
		rc = 0;
	}
	return rc;
}

int spool_number(struct spool *spool, struct error *err, int64_t missing, int64_t *ret, enum spool_sql sql, const char *types, ...)
{
	va_list args;
	va_start(args, types);
	sqlite3_stmt *st = bind_list(spool, sql, types, args);
	va_end(args);
	int rc = spool_step(spool, st, err);
	*ret = missing;
	if (rc == 1) {
		if (sqlite3_column_type(st, 0) != SQLITE_NULL)
			*ret = sqlite3_column_int64(st, 0);
		spool_done(st);
	}
	return rc < 0 ? rc : 0;
}

int spool_changes(struct spool *spool)
{
	return sqlite3_changes(spool->db);
}

struct slice spool_blob(sqlite3_stmt *st, int column)
{
	const void *p = sqlite3_column_blob(st, column);
	return slice_make(p, (size_t)sqlite3_column_bytes(st, column));
}

int spool_begin(struct spool *spool, struct error *err)
{
	int rc = spool_run(spool, err, SQL_BEGIN, "");
	spool->in_transaction = rc == 0;
	return rc;
}

int spool_commit(struct spool *spool, struct error *err)
{
	int rc = 0, injected = fault_errno(ledger_commit);
	if (injected != 0)
		rc = error_set(err, ERR_NO_SPACE, "spool.db: commit refused");
	else
		rc = spool_run(spool, err, SQL_COMMIT, "");
	if (rc < 0)
		spool_rollback(spool);
	spool->in_transaction = false;
	return rc;
}

void spool_rollback(struct spool *spool)
{
	if (sqlite3_get_autocommit(spool->db) == 0)
		spool_run(spool, NULL, SQL_ROLLBACK, "");
	spool->in_transaction = false;
}

int spool_meta_get(struct spool *spool, const char *name, int64_t missing, int64_t *ret, struct error *err)
{
	return spool_number(spool, err, missing, ret, SQL_META_GET, "t", slice_str(name));
}

int spool_meta_put(struct spool *spool, const char *name, int64_t value, struct error *err)
{
	return spool_run(spool, err, SQL_META_PUT, "ti", slice_str(name), value);
}

int spool_check(struct spool *spool, struct error *err)
{
	sqlite3_stmt *st = NULL;
	int rc = 0;
	if (sqlite3_prepare_v2(spool->db, "PRAGMA quick_check(1)", -1, &st, NULL) != SQLITE_OK || sqlite3_step(st) != SQLITE_ROW)
		rc = fail(spool, err, "check");
	else if (!slice_eq(spool_blob(st, 0), SLICE("ok")))
		rc = error_set(err, ERR_DAMAGED, "spool.db: %.*s", SLICE_ARG(spool_blob(st, 0)));
	sqlite3_finalize(st);
	return rc;
}
