/* The invariants of an account, one function each; docs/account-db.md numbers them. */
#include <inttypes.h>
#include <string.h>
#include "store/account_internal.h"

struct check {
	struct store_account *a;
	store_check_fn *fn;
	void *arg;
	unsigned findings;
};

__attribute__((format(printf, 2, 3))) static void finding(struct check *c, const char *format, ...)
{
	struct buf text = BUF_INIT(1000);
	va_list args;

	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	buf_append_byte(&text, 0);
	c->findings++;
	if (c->fn != NULL)
		c->fn(c->arg, (const char *)buf_slice(&text).p);
	buf_free(&text);
}

/* Pages that are found damaged here are mended at the next open, as those that stop a command. */
static void check_pages(struct check *c)
{
	sqlite3_stmt *s = NULL;
	unsigned before = c->findings;

	if (sqlite3_prepare_v2(c->a->db.sqlite, "PRAGMA integrity_check", -1, &s, NULL) != SQLITE_OK)
		finding(c, "integrity check: %s", sqlite3_errmsg(c->a->db.sqlite));
	while (s != NULL && sqlite3_step(s) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(s, 0);

		if (text == NULL || strcmp(text, "ok") != 0)
			finding(c, "integrity check: %s", text == NULL ? "?" : text);
	}
	if (sqlite3_finalize(s) != SQLITE_OK)
		finding(c, "integrity check: %s", sqlite3_errmsg(c->a->db.sqlite));
	if (c->findings != before && c->a->db.on_damage != NULL)
		c->a->db.on_damage(c->a->db.on_damage_arg);
}

static void check_mailbox(struct check *c, const struct store_mailbox *m)
{
	sqlite3_stmt *s = account_db_statement(&c->a->db, SQL_CHECK_COUNTS, NULL);

	if (s == NULL || (bind_u64(s, 1, (uint64_t)m->number), sqlite3_step(s)) != SQLITE_ROW) {
		finding(c, "mailbox %" PRId64 ": %s", m->number, sqlite3_errmsg(c->a->db.sqlite));
		return;
	}
	if (column_u64(s, 0) != m->messages || column_u64(s, 1) != m->unseen || column_u64(s, 2) != m->deleted || column_u64(s, 3) != m->size)
		finding(c, "mailbox %" PRId64 ": counts %u/%u/%u, rows say %" PRIu64 "/%" PRIu64 "/%" PRIu64, m->number, m->messages, m->unseen,
		        m->deleted, column_u64(s, 0), column_u64(s, 1), column_u64(s, 2));
	if (column_u64(s, 4) >= m->uid_next)
		finding(c, "mailbox %" PRId64 ": UID %" PRIu64 " is not below UIDNEXT %u", m->number, column_u64(s, 4), m->uid_next);
	if (m->uid_next > m->uid_mark)
		finding(c, "mailbox %" PRId64 ": UIDNEXT %u is above the mark %u", m->number, m->uid_next, m->uid_mark);
	if (column_u64(s, 5) > m->modseq || m->modseq > c->a->modseq || c->a->modseq > c->a->modseq_mark)
		finding(c, "mailbox %" PRId64 ": modseq %" PRIu64 " of rows, %" PRIu64 " of the mailbox, %" PRIu64 " of the account", m->number,
		        column_u64(s, 5), m->modseq, c->a->modseq);
	if (m->uid_validity > c->a->uid_validity)
		finding(c, "mailbox %" PRId64 ": UIDVALIDITY %u is above the counter %u", m->number, m->uid_validity, c->a->uid_validity);
	account_db_done(s);
}

static void check_none(struct check *c, enum account_sql id, const char *what)
{
	sqlite3_stmt *s = account_db_statement(&c->a->db, id, NULL);

	if (s == NULL)
		return;
	if (sqlite3_step(s) == SQLITE_ROW)
		finding(c, "%s: %" PRIu64, what, column_u64(s, 0));
	account_db_done(s);
}

static void check_totals(struct check *c)
{
	sqlite3_stmt *s = account_db_statement(&c->a->db, SQL_BODY_TOTAL, NULL);

	if (s == NULL)
		return;
	if (sqlite3_step(s) == SQLITE_ROW && (column_u64(s, 0) != c->a->used || column_u64(s, 1) != c->a->bodies))
		finding(c, "the account counts %" PRIu64 " bodies of %" PRIu64 " bytes, there are %" PRIu64 " of %" PRIu64, c->a->bodies, c->a->used,
		        column_u64(s, 1), column_u64(s, 0));
	account_db_done(s);
}

/* Every byte of a record verifies. */
static void check_record(struct check *c, sqlite3_stmt *s)
{
	struct place place = {.pack = (uint32_t)column_u64(s, 2), .ordinal = (uint32_t)column_u64(s, 3), .offset = column_u64(s, 4)};
	struct sealed_place at = {.place = place};
	const struct store_host *host = &c->a->host;
	struct slice key = column_blob(s, 5);
	struct seal_source source;
	struct sealed *sealed = NULL;
	struct buf out = BUF_INIT(SIZE_MAX);
	struct error err = {0};
	int rc = body_source(c->a, &at, &source, &err);

	if (rc == 0 && key.n == 32)
		rc = sealed_open_with_key(&source, key.p, &sealed, &err);
	if (rc == 0 && sealed != NULL)
		rc = sealed_digest(sealed, &out, &err);
	for (uint64_t n = 0; rc == 0 && sealed != NULL && n < sealed_size(sealed); n += 1 << 20) {
		buf_clear(&out);
		rc = sealed_read(sealed, n, 1 << 20, &out, &err);
		if (host->alive != NULL)
			host->alive(host->arg);
	}
	if (rc < 0)
		finding(c, "seq %" PRIu64 ", pack %u record %u: %s", column_u64(s, 1), place.pack, place.ordinal, err.private_text);
	else if (key.n != 32)
		finding(c, "seq %" PRIu64 ", pack %u record %u: filed as a placeholder", column_u64(s, 1), place.pack, place.ordinal);
	sealed_close(&sealed);
	buf_free(&out);
}

static void check_records(struct check *c)
{
	sqlite3_stmt *s = account_db_statement(&c->a->db, SQL_BODY_ALL, NULL);

	while (s != NULL && sqlite3_step(s) == SQLITE_ROW)
		check_record(c, s);
	if (s != NULL)
		account_db_done(s);
}

unsigned store_account_check(struct store_account *a, bool deep, store_check_fn *fn, void *arg)
{
	struct check c = {.a = a, .fn = fn, .arg = arg};

	account_wake(a);
	account_db_progress(&a->db, a->host.alive, a->host.arg);
	check_pages(&c);
	for (size_t i = 0; i < a->mailbox_count; i++) {
		if (a->mailboxes[i]->live)
			check_mailbox(&c, a->mailboxes[i]);
	}
	check_totals(&c);
	check_none(&c, SQL_BODY_REFS_CHECK, "a body whose count of rows is wrong");
	check_none(&c, SQL_BIN_CHECK, "the bin has a body that is in use, or not there");
	check_none(&c, SQL_BODY_ORPHANS, "a row without body, UID");
	if (deep)
		check_records(&c);
	account_db_progress(&a->db, NULL, NULL);
	return c.findings;
}
