/*
 * A damaged account.db becomes a whole one: what can be read of it is copied table by table around the pages that cannot, the file is kept
 * aside, and what has lost its row comes again from the ledger (the cursor goes back to 0; store/account_file.c files it in Recovered).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "mime/digest.h"
#include "store/account_internal.h"
#include "sys/file.h"

#define PATH_SIZE 640
#define KEY_END INT64_MAX
#define MAILBOX_GUESS 1000 /* numbers tried when neither mailboxes nor their counter can be read */

struct salvage {
	struct store_account *a;
	struct account_db old;
	char path[PATH_SIZE], rebuilt[PATH_SIZE];
	struct store_salvage *found;
	struct error *err;
};

/* One table, in the order of an integer key. ?1 is the first key wanted, ?2 the mailbox where there is one; column 0 is the key. */
struct table {
	const char *read, *put;
	int64_t first;
};

static const struct table MAILBOXES = {
	"SELECT number, * FROM mailbox WHERE number>=?1 ORDER BY number",
	"INSERT OR IGNORE INTO mailbox VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,"
	"?17,?18,?19)", 0};
static const struct table MESSAGES = {
	"SELECT uid, * FROM message WHERE uid>=?1 AND mailbox=?2 ORDER BY uid", "INSERT OR IGNORE INTO message"
	" VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)", 0};
static const struct table OTHERS[] = {
	{"SELECT number, * FROM keyword WHERE number>=?1 ORDER BY number", "INSERT OR IGNORE INTO keyword VALUES(?1,?2)", 0},
	{"SELECT number, * FROM body WHERE number>=?1 ORDER BY number", "INSERT OR IGNORE INTO body VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)", 0},
	{"SELECT body, * FROM body_text WHERE body>=?1 ORDER BY body", "INSERT OR IGNORE INTO body_text VALUES(?1,?2,?3)", 0},
	{"SELECT hash, * FROM thread WHERE hash>=?1 ORDER BY hash", "INSERT OR IGNORE INTO thread VALUES(?1,?2)", INT64_MIN},
	{"SELECT number, * FROM note WHERE number>=?1 ORDER BY number", "INSERT OR IGNORE INTO note VALUES(?1,?2,?3)", 0},
	/* What was learnt about junk: the table, of what, what waits. Keys of the second are no numbers: it is one piece. */
	{"SELECT 0, * FROM junk WHERE kind=0 AND ?1<=0", "INSERT OR IGNORE INTO junk VALUES(?1,?2,?3,?4,?5)", 0},
	{"SELECT 0, * FROM junk WHERE kind=1 AND ?1<=0", "INSERT OR IGNORE INTO junk VALUES(?1,?2,?3,?4,?5)", 0},
	{"SELECT key, * FROM junk WHERE kind=2 AND key>=?1 ORDER BY key", "INSERT OR IGNORE INTO junk VALUES(?1,?2,?3,?4,?5)", 0},
	{"SELECT seq, * FROM unref WHERE seq>=?1 ORDER BY seq", "INSERT OR IGNORE INTO unref VALUES(?1,?2)", 0},
	{"SELECT body, * FROM bin WHERE body>=?1 ORDER BY body", "INSERT OR IGNORE INTO bin VALUES(?1,?2,?3)", 0},
};

/* ---- reading around damage ---- */

static int row_put(struct salvage *v, sqlite3_stmt *put, sqlite3_stmt *row)
{
	for (int i = 1; i < sqlite3_column_count(row); i++)
		sqlite3_bind_value(put, i, sqlite3_column_value(row, i));
	return account_db_run(&v->a->db, put, v->err);
}

/* Copies from *key on. 1: to the end, *key is behind the last row; 0: a page of the old file stopped it there; negative: the new file did. */
static int copy_from(struct salvage *v, sqlite3_stmt *read, sqlite3_stmt *put, int64_t *key)
{
	int step, rc = 0;

	sqlite3_reset(read);
	sqlite3_bind_int64(read, 1, *key);
	while (rc == 0 && (step = sqlite3_step(read)) == SQLITE_ROW) {
		*key = sqlite3_column_int64(read, 0);
		rc = row_put(v, put, read);
		*key += *key != KEY_END;
	}
	sqlite3_reset(read);
	return rc < 0 ? rc : step == SQLITE_DONE;
}

static bool readable(sqlite3_stmt *read, int64_t key)
{
	int step;

	sqlite3_reset(read);
	sqlite3_bind_int64(read, 1, key);
	step = sqlite3_step(read);
	sqlite3_reset(read);
	return step == SQLITE_ROW || step == SQLITE_DONE;
}

/* The lowest key above `bad` from which reading works again, found by doubling and halving; KEY_END when there is none. */
static int64_t behind_damage(sqlite3_stmt *read, int64_t bad)
{
	int64_t low = bad, high = bad, step = 1;

	while (high == bad || !readable(read, high)) {
		low = high;
		if (__builtin_add_overflow(bad, step, &high) || step > KEY_END / 2)
			return KEY_END;
		step *= 2;
	}
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (readable(read, middle))
			high = middle;
		else
			low = middle;
	}
	return high;
}

/* From `first` on, in one table or in one mailbox of it; damage of the old file is counted and stepped over. */
static int rows_copy(struct salvage *v, sqlite3_stmt *read, sqlite3_stmt *put, int64_t first)
{
	int64_t key = first;
	int rc = 0;

	while (key != KEY_END && (rc = copy_from(v, read, put, &key)) == 0) {
		v->found->places++;
		key = behind_damage(read, key);
	}
	return rc < 0 ? rc : 0;
}

/* For each of the mailboxes 1 to `last`; once where the table has none. Only the new file can fail. */
static int table_copy(struct salvage *v, const struct table *t, int64_t last)
{
	sqlite3_stmt *read = NULL, *put = NULL;
	int rc = 0;

	if (sqlite3_prepare_v2(v->a->db.sqlite, t->put, -1, &put, NULL) != SQLITE_OK)
		rc = account_db_error(&v->a->db, v->err);
	else if (sqlite3_prepare_v2(v->old.sqlite, t->read, -1, &read, NULL) != SQLITE_OK)
		v->found->places++;
	for (int64_t mailbox = 1; rc == 0 && read != NULL && mailbox <= last; mailbox++) {
		if (sqlite3_bind_parameter_count(read) > 1)
			sqlite3_bind_int64(read, 2, mailbox);
		rc = rows_copy(v, read, put, t->first);
	}
	sqlite3_finalize(read);
	sqlite3_finalize(put);
	return rc;
}

/* One number, or `missing` when it cannot be read. */
static int64_t number_of(sqlite3 *db, const char *sql, int64_t missing)
{
	sqlite3_stmt *s = NULL;
	int64_t n = missing;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL)
		n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

/* A row that cannot be read does not hide the messages of its mailbox: every number that may have been given is tried. */
static int messages_copy(struct salvage *v)
{
	int64_t seen = number_of(v->a->db.sqlite, "SELECT max(number) FROM mailbox", 0);
	int64_t last = number_of(v->old.sqlite, "SELECT seq FROM sqlite_sequence WHERE name='mailbox'", seen + MAILBOX_GUESS);

	return table_copy(v, &MESSAGES, last < seen + MAILBOX_COUNT_MAX ? last : seen + MAILBOX_COUNT_MAX);
}

/* ---- making it whole ---- */

/* What the numbers of the old file were at most; a state that cannot be read is made up from the rows. */
static void numbers_find(struct salvage *v, int64_t *ret_modseq, int64_t *ret_validity, int64_t *ret_seq)
{
	sqlite3 *old = v->old.sqlite, *new = v->a->db.sqlite;
	int64_t modseq = number_of(new, "SELECT max((SELECT coalesce(max(modseq),0) FROM message), (SELECT coalesce(max(modseq),0) FROM mailbox))", 0);
	int64_t mark = number_of(old, "SELECT modseq_mark FROM state", modseq + STORE_MARK_STEP);
	int64_t now = v->a->host.now(v->a->host.arg);
	int64_t validity = number_of(new, "SELECT max(uidvalidity) FROM mailbox", 0);
	int64_t counter = number_of(old, "SELECT uidvalidity FROM state", 0);

	*ret_modseq = (modseq > mark ? modseq : mark) + 1;
	*ret_validity = validity > counter ? validity : counter;
	*ret_validity = now > *ret_validity ? now : *ret_validity;
	*ret_seq = number_of(old, "SELECT cursor FROM state", number_of(new, "SELECT max(seq) FROM body", 0));
}

/*
 * In this order: rows without body go, then bodies without row (both come again from the ledger); a mailbox whose row is lost gets a name and
 * another UIDVALIDITY; keywords keep their numbers; counts are those of the rows, numbers begin above all that were shown. A table of junk that is lost
 * is learnt again from the letters that it was learnt from.
 */
static const char REPAIR[] =
	"DELETE FROM message WHERE body NOT IN (SELECT number FROM body);"
	"DELETE FROM bin WHERE body NOT IN (SELECT number FROM body) OR body IN (SELECT body FROM message);"
	"DELETE FROM body WHERE number NOT IN (SELECT body FROM message) AND number NOT IN (SELECT body FROM bin);"
	"DELETE FROM body_text WHERE body NOT IN (SELECT number FROM body);"
	"UPDATE body SET refs=(SELECT count(*) FROM message WHERE body=number);"
	"INSERT INTO mailbox SELECT mailbox, randomblob(16), '" STORE_RECOVERED " ' || mailbox || '-' || :validity, :validity + mailbox, 1, 1,"
	" 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, :modseq, :modseq, 0 FROM message WHERE mailbox NOT IN (SELECT number FROM mailbox)"
	" GROUP BY mailbox;"
	"WITH n(i) AS (SELECT 0 WHERE EXISTS (SELECT 1 FROM keyword) UNION ALL SELECT i+1 FROM n WHERE i < (SELECT max(number) FROM keyword))"
	" INSERT OR IGNORE INTO keyword SELECT i, 'recovered-' || i FROM n;"
	"UPDATE message SET keywords=keywords & ((1 << (SELECT count(*) FROM keyword)) - 1);"
	"UPDATE mailbox SET messages=c, unseen=u, deleted=d, size=s, deleted_size=ds, uidnext=max(uid_mark, m+1), uid_mark=max(uid_mark, m+1)+1000,"
	" modseq=:modseq, vanished_floor=:modseq FROM (SELECT b.number AS box, count(r.uid) AS c, coalesce(sum((r.flags & 1)=0),0) AS u,"
	" coalesce(sum((r.flags & 8)<>0),0) AS d, coalesce(sum(r.size),0) AS s, coalesce(sum(CASE WHEN (r.flags & 8)<>0 THEN r.size ELSE 0 END),0) AS ds,"
	" coalesce(max(r.uid),0) AS m FROM mailbox b LEFT JOIN message r ON r.mailbox=b.number GROUP BY b.number) WHERE number=box;"
	"INSERT INTO junk SELECT 2, row_number() OVER () + (SELECT coalesce(max(key),0) FROM junk WHERE kind=2), m.body, j.value, j.key"
	" FROM junk j JOIN (SELECT email, min(body) AS body FROM message GROUP BY email) m ON m.email=j.key"
	" WHERE j.kind=1 AND NOT EXISTS (SELECT 1 FROM junk WHERE kind=0);"
	"DELETE FROM junk WHERE kind=1 AND NOT EXISTS (SELECT 1 FROM junk WHERE kind=0);"
	"UPDATE state SET cursor=0, modseq=:modseq, modseq_mark=:modseq+1000, clean=0, indexed=0, salvaged=:seq, gone_floor=:modseq,"
	" uidvalidity=max(:validity, (SELECT coalesce(max(uidvalidity),0) FROM mailbox)),"
	" used=(SELECT coalesce(sum(size),0) FROM body WHERE refs>0), bodies=(SELECT count(*) FROM body WHERE refs>0);";

static int repair(struct salvage *v)
{
	const char *names[] = {":modseq", ":validity", ":seq"}, *rest = REPAIR;
	int64_t values[3];
	int rc = 0;

	numbers_find(v, &values[0], &values[1], &values[2]);
	while (rc == 0 && *rest != 0) {
		sqlite3_stmt *s = NULL;

		if (sqlite3_prepare_v2(v->a->db.sqlite, rest, -1, &s, &rest) != SQLITE_OK)
			return account_db_error(&v->a->db, v->err);
		for (size_t i = 0; i < ARRAY_LEN(names); i++) {
			int at = sqlite3_bind_parameter_index(s, names[i]);

			if (at != 0)
				sqlite3_bind_int64(s, at, values[i]);
		}
		if (sqlite3_step(s) != SQLITE_DONE)
			rc = account_db_error(&v->a->db, v->err);
		sqlite3_finalize(s);
	}
	return rc;
}

static void count_found(struct salvage *v)
{
	sqlite3 *old = v->old.sqlite, *new = v->a->db.sqlite;
	int64_t rows;

	v->found->mailboxes = (size_t)number_of(new, "SELECT count(*) FROM mailbox WHERE live<>0", 0);
	v->found->messages = (size_t)number_of(new, "SELECT count(*) FROM message", 0);
	rows = number_of(old, "SELECT sum(messages) FROM mailbox", (int64_t)v->found->messages);
	v->found->lost = rows > (int64_t)v->found->messages ? (size_t)rows - v->found->messages : 0;
}

static int copy_all(struct salvage *v)
{
	int rc = account_db_begin(&v->a->db, true, v->err);

	if (rc == 0)
		rc = table_copy(v, &MAILBOXES, 1);
	if (rc == 0)
		rc = messages_copy(v);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(OTHERS); i++)
		rc = table_copy(v, &OTHERS[i], 1);
	count_found(v); /* before rows without body go: those are lost */
	if (rc == 0)
		rc = repair(v);
	if (rc == 0) {
		size_t rows = v->found->messages;

		count_found(v);
		v->found->lost = v->found->lost > rows - v->found->messages ? v->found->lost : rows - v->found->messages;
		rc = account_db_commit(&v->a->db, v->err);
	} else {
		account_db_rollback(&v->a->db);
	}
	return rc;
}

/* ---- files ---- */

static void remove_with_log(const char *path)
{
	char name[PATH_SIZE + 8];

	unlink(path);
	snprintf(name, sizeof name, "%s-wal", path);
	unlink(name);
}

void account_marker_path(const struct store_account *a, char *path, size_t size)
{
	snprintf(path, size, "%s/damaged", a->directory);
}

static void rebuilt_path(const struct store_account *a, char *path, size_t size)
{
	snprintf(path, size, "%s/account.db.rebuilt", a->directory);
}

void account_salvage_adopt(struct store_account *a, const char *path)
{
	char rebuilt[PATH_SIZE];

	rebuilt_path(a, rebuilt, sizeof rebuilt);
	if (access(path, F_OK) < 0 && errno == ENOENT)
		(void)rename(rebuilt, path); /* complete: the old file goes aside only then */
	else
		remove_with_log(rebuilt);
}

static int take_place(struct salvage *v)
{
	char marker[PATH_SIZE];

	if (account_set_aside(v->a, v->path, "damaged", v->err) < 0)
		return ERR_IO;
	if (rename(v->rebuilt, v->path) < 0)
		return error_errno(v->err, "%s", v->path);
	account_marker_path(v->a, marker, sizeof marker);
	unlink(marker);
	return file_sync_dir(v->a->directory, v->err);
}

int account_salvage(struct store_account *a, const char *path, const uint8_t old_key[32], const uint8_t new_key[32], struct store_salvage *found,
                    struct error *err)
{
	struct salvage v = {.a = a, .found = found, .err = err};
	int rc;

	*found = (struct store_salvage){0};
	snprintf(v.path, sizeof v.path, "%s", path);
	rebuilt_path(a, v.rebuilt, sizeof v.rebuilt);
	remove_with_log(v.rebuilt);
	rc = account_db_open(&v.old, path, old_key, err);
	if (rc < 0)
		return rc;
	rc = account_db_open(&a->db, v.rebuilt, new_key, err);
	account_db_progress(&v.old, a->host.alive, a->host.arg);
	account_db_progress(&a->db, a->host.alive, a->host.arg);
	if (rc == 0)
		rc = copy_all(&v);
	account_db_close(&v.old);
	account_db_close(&a->db);
	if (rc == 0)
		rc = take_place(&v);
	else
		remove_with_log(v.rebuilt);
	return rc;
}
