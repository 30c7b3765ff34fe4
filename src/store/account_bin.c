/*
 * The bin: what was expunged can be had back for a while. The last row of a body leaves the body where it is, without rows, and what the row said
 * goes into `bin`; quota does not count it, and the ledger was told (docs/account-db.md, "The bin").
 */
#include <string.h>

#include "base/endian.h"
#include "base/memory.h"
#include "store/account_internal.h"

#define WAS_SIZE 76u /* until i64, mailbox 16, flags u32, keywords u64, internal date i64, email 16, thread 16 */

static bool is_null(const struct mailbox_ref *m)
{
	static const struct mailbox_ref none;

	return memcmp(m, &none, sizeof none) == 0;
}

static void was_put(uint8_t to[WAS_SIZE], int64_t until, const struct store_mailbox *m, const struct message_row *row)
{
	put_u64(to, (uint64_t)until);
	memcpy(to + 8, m->id, 16);
	put_u32(to + 24, row->flags.system);
	put_u64(to + 28, row->flags.keywords);
	put_u64(to + 36, (uint64_t)row->internal_date);
	memcpy(to + 44, row->email_id, 16);
	memcpy(to + 60, row->thread_id, 16);
}

/* Drafts that are written over while somebody writes are no letters that were deleted. */
static int64_t keeps_until(const struct store_account *a, const struct store_mailbox *m, const struct message_row *row)
{
	int64_t seconds = a->host.bin == NULL ? 0 : a->host.bin(a->host.arg);

	if (seconds <= 0 || ((m->special & USE_DRAFTS) != 0 && (row->flags.system & FLAG_DRAFT) != 0))
		return 0;
	return a->host.now(a->host.arg) + seconds;
}

int bin_put(struct store_account *a, const struct store_mailbox *m, const struct message_row *row, uint64_t body, bool *ret_kept, struct error *err)
{
	int64_t until = keeps_until(a, m, row);
	uint8_t was[WAS_SIZE];
	sqlite3_stmt *s;

	*ret_kept = until > 0;
	if (until <= 0)
		return 0;
	s = account_db_statement(&a->db, SQL_BIN_PUT, err);
	if (s == NULL)
		return ERR_IO;
	was_put(was, until, m, row);
	bind_u64(s, 1, body);
	bind_u64(s, 2, (uint64_t)a->host.now(a->host.arg));
	bind_blob(s, 3, slice_make(was, sizeof was));
	return account_db_run(&a->db, s, err);
}

/* The columns of BIN_ALL. What the policy is now may shorten the time, never lengthen it: the ledger was told. */
static bool binned_load(const struct store_account *a, sqlite3_stmt *s, struct binned *ret)
{
	struct slice was = column_blob(s, 2);
	int64_t seconds = a->host.bin == NULL ? 0 : a->host.bin(a->host.arg);

	*ret = (struct binned){.number = column_u64(s, 0), .gone = (int64_t)column_u64(s, 1), .size = column_u64(s, 3) + column_blob(s, 5).n};
	if (was.n != WAS_SIZE)
		return false;
	ret->until = (int64_t)get_u64(was.p);
	if (ret->gone + seconds < ret->until)
		ret->until = ret->gone + seconds;
	memcpy(ret->mailbox.id, was.p + 8, 16);
	ret->flags = (struct flag_set){get_u32(was.p + 24), get_u64(was.p + 28)};
	ret->internal_date = (int64_t)get_u64(was.p + 36);
	memcpy(ret->email_id, was.p + 44, 16);
	memcpy(ret->thread_id, was.p + 60, 16);
	return true;
}

int op_bin(struct account *base, uint64_t number, binned_fn *fn, void *arg, struct error *err)
{
	struct store_account *a = account_of(base);
	sqlite3_stmt *s = account_db_statement(&a->db, number == 0 ? SQL_BIN_ALL : SQL_BIN_ONE, err);
	struct binned b;
	int step = SQLITE_DONE, rc = 0;

	if (s == NULL)
		return ERR_IO;
	if (number != 0)
		bind_u64(s, 1, number);
	while (rc == 0 && (step = sqlite3_step(s)) == SQLITE_ROW)
		if (binned_load(a, s, &b) && b.until > a->host.now(a->host.arg))
			rc = fn(arg, &b, column_blob(s, 4));
	if (rc == 0 && step != SQLITE_DONE)
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	return rc;
}

static int run_one(struct store_account *a, enum account_sql id, uint64_t value, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, id, err);

	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, value);
	return account_db_run(&a->db, s, err);
}

static int find(struct store_account *a, uint64_t number, struct binned *ret, uint64_t *ret_seq, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_BIN_ONE, err);
	int rc = ERR_NOT_FOUND, step;

	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, number);
	step = sqlite3_step(s);
	if (step == SQLITE_ROW && binned_load(a, s, ret)) {
		*ret_seq = column_u64(s, 6);
		rc = 0;
	} else if (step != SQLITE_ROW && step != SQLITE_DONE) {
		rc = account_db_error(&a->db, err);
	}
	account_db_done(s);
	return rc == ERR_NOT_FOUND ? error_set(err, ERR_NOT_FOUND, "it is not in the bin") : rc;
}

/* ---- for good ---- */

int bin_forget(struct store_account *a, uint64_t body, uint64_t seq, struct error *err)
{
	int rc = run_one(a, SQL_BIN_DELETE, body, err);

	if (rc == 0)
		rc = run_one(a, SQL_UNREF_NOW, seq, err);
	return rc == 0 ? body_forget(a, body, err) : rc;
}

int op_shred(struct account *base, uint64_t number, struct error *err)
{
	struct store_account *a = account_of(base);
	struct binned b;
	uint64_t seq;
	int rc = find(a, number, &b, &seq, err);

	if (rc == 0)
		rc = txn_begin(a, true, err);
	if (rc < 0)
		return rc;
	(void)txn_modseq(a); /* who lists the bin sees that it is another one */
	rc = bin_forget(a, number, seq, err);
	if (rc < 0) {
		txn_rollback(a);
		return rc;
	}
	rc = txn_commit(a, err);
	if (rc == 0) {
		tell_list(a);
		a->host.unref(a->host.arg, a);
	}
	return rc;
}

struct over { uint64_t body, seq; };

static int find_over(struct store_account *a, int64_t gone, int64_t now, struct over *list, size_t max, size_t *ret_count, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_BIN_OVER, err);
	uint8_t until[8];
	int step = SQLITE_DONE, rc = 0;

	*ret_count = 0;
	if (s == NULL)
		return ERR_IO;
	put_u64(until, (uint64_t)now);
	bind_u64(s, 1, (uint64_t)gone);
	bind_blob(s, 2, slice_make(until, sizeof until));
	bind_u64(s, 3, max);
	while (*ret_count < max && (step = sqlite3_step(s)) == SQLITE_ROW)
		list[(*ret_count)++] = (struct over){column_u64(s, 0), column_u64(s, 1)};
	if (*ret_count < max && step != SQLITE_DONE)
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	return rc;
}

int store_account_bin_sweep(struct store_account *a, bool *ret_more, struct error *err)
{
	struct over list[STORE_BIN_BATCH];
	int64_t now = a->host.now(a->host.arg), seconds = a->host.bin == NULL ? 0 : a->host.bin(a->host.arg);
	size_t count;
	int rc;

	account_wake(a);
	rc = find_over(a, now - seconds, now, list, ARRAY_LEN(list), &count, err);
	*ret_more = count == ARRAY_LEN(list);
	if (rc < 0 || count == 0)
		return rc;
	rc = txn_begin(a, false, err);
	if (rc < 0)
		return rc;
	(void)txn_modseq(a);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = bin_forget(a, list[i].body, list[i].seq, err);
	if (rc < 0) {
		txn_rollback(a);
		return rc;
	}
	rc = txn_commit(a, err);
	if (rc == 0)
		a->host.unref(a->host.arg, a);
	return rc;
}

/* ---- back again ---- */

struct restoring {
	struct store_account *account;
	uint64_t number, seq;
	struct mailbox_ref to;
	restored_fn *fn;
	void *arg;
	int code;
};

static struct store_mailbox *live_by_id(struct store_account *a, const uint8_t id[16])
{
	for (size_t i = 0; i < a->mailbox_count; i++)
		if (a->mailboxes[i]->live && memcmp(a->mailboxes[i]->id, id, 16) == 0)
			return a->mailboxes[i];
	return NULL;
}

/* Where it was; what was in the trash, or in a mailbox that has gone, comes into INBOX. */
static struct store_mailbox *target(struct store_account *a, const struct restoring *r, const struct binned *b)
{
	struct store_mailbox *m = live_by_id(a, is_null(&r->to) ? b->mailbox.id : r->to.id);

	if (is_null(&r->to) && (m == NULL || (m->special & USE_TRASH) != 0))
		m = mailbox_by_name(a, SLICE("INBOX"));
	return m;
}

static int size_of(struct store_account *a, uint64_t body, uint64_t *ret, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_BODY_SIZE, err);
	int rc = 0;

	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, body);
	if (sqlite3_step(s) == SQLITE_ROW)
		*ret = column_u64(s, 0);
	else
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	return rc;
}

/* Inside a transaction. */
static int row_again(struct store_account *a, const struct binned *b, struct store_mailbox *m, struct error *err)
{
	struct row_new row = {.mailbox = m, .flags = {b->flags.system & ~(uint32_t)FLAG_DELETED, b->flags.keywords}, .size = b->size, .body = b->number,
		.internal_date = b->internal_date, .save_date = a->host.now(a->host.arg), .email_id = slice_make(b->email_id, 16),
		.thread_id = slice_make(b->thread_id, 16)};
	uint64_t size = 0;
	uint32_t uid;
	int rc = size_of(a, b->number, &size, err);

	if (rc == 0)
		rc = run_one(a, SQL_BIN_DELETE, b->number, err);
	if (rc == 0)
		rc = body_add_ref(a, b->number, err);
	if (rc == 0)
		rc = row_insert(a, &row, &uid, err);
	if (rc == 0) {
		a->used += size;
		a->bodies++;
	}
	return rc;
}

static int put_back(struct restoring *r, struct mailbox_ref *ret, struct error *err)
{
	struct store_account *a = r->account;
	struct store_mailbox *m;
	struct binned b;
	uint64_t seq;
	int rc;

	account_wake(a);
	rc = find(a, r->number, &b, &seq, err);
	if (rc < 0)
		return rc;
	m = target(a, r, &b);
	if (m == NULL)
		return error_set(err, ERR_INVALID, "no such mailbox");
	rc = txn_begin(a, true, err);
	if (rc < 0)
		return rc;
	rc = row_again(a, &b, m, err);
	if (rc < 0) {
		txn_rollback(a);
		return rc;
	}
	memcpy(ret->id, m->id, sizeof ret->id);
	rc = txn_commit(a, err);
	if (rc == 0)
		tell_mailbox(a, m);
	return rc;
}

/* One statement in a transaction of its own. */
static int commit_one(struct store_account *a, enum account_sql id, uint64_t value, struct error *err)
{
	int rc = txn_begin(a, true, err);

	if (rc < 0)
		return rc;
	rc = run_one(a, id, value, err);
	if (rc < 0) {
		txn_rollback(a);
		return rc;
	}
	return txn_commit(a, err);
}

/* It is not wanted after all: the ledger hears again what it was told before. */
static void give_back_again(const struct restoring *r)
{
	account_wake(r->account);
	if (commit_one(r->account, SQL_UNREF_PUT, r->seq, NULL) == 0)
		r->account->host.unref(r->account->host.arg, r->account);
}

static void on_kept(void *arg, int code)
{
	struct restoring *r = arg;
	struct mailbox_ref where = {0};

	if (code == 0)
		code = put_back(r, &where, NULL);
	if (code < 0)
		give_back_again(r);
	r->fn(r->arg, code, &where);
	memory_free(r);
}

static void fail_soon(void *arg)
{
	struct restoring *r = arg;

	r->fn(r->arg, r->code, &r->to);
	memory_free(r);
}

/* Quota holds here as for everything that comes in. */
static int begin(struct store_account *a, struct restoring *r, struct error *err)
{
	struct binned b;
	uint64_t size = 0;
	int rc = find(a, r->number, &b, &r->seq, err);

	if (rc == 0)
		rc = size_of(a, r->number, &size, err);
	if (rc == 0 && a->quota > 0 && a->used + size > a->quota)
		rc = error_set(err, ERR_LIMIT, "over quota");
	if (rc == 0 && target(a, r, &b) == NULL)
		rc = error_set(err, ERR_INVALID, "no such mailbox");
	/* What still waits to be given back must not follow what is asked now. */
	return rc == 0 ? commit_one(a, SQL_UNREF_FORGET, r->seq, err) : rc;
}

void op_restore(struct account *base, uint64_t number, const struct mailbox_ref *to, restored_fn *fn, void *arg)
{
	struct store_account *a = account_of(base);
	struct restoring *r = memory_alloc(sizeof *r);

	*r = (struct restoring){.account = a, .number = number, .fn = fn, .arg = arg};
	if (to != NULL)
		r->to = *to;
	r->code = a->host.keep == NULL ? ERR_UNSUPPORTED : begin(a, r, NULL);
	if (r->code < 0)
		a->host.later(a->host.arg, fail_soon, r);
	else
		a->host.keep(a->host.arg, a, r->seq, on_kept, r);
}

/* ---- the trash ---- */

static int find_old(struct store_account *a, const struct store_mailbox *m, int64_t before, size_t max, struct uid_set *ret, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_SAVED_BEFORE, err);
	int step, rc = 0;

	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, (uint64_t)m->number);
	bind_u64(s, 2, (uint64_t)before);
	bind_u64(s, 3, max);
	while ((step = sqlite3_step(s)) == SQLITE_ROW)
		uid_set_add(ret, (uint32_t)column_u64(s, 0));
	if (step != SQLITE_DONE)
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	return rc;
}

int store_account_trash_sweep(struct store_account *a, int64_t before, bool *ret_more, struct error *err)
{
	int rc = 0;

	account_wake(a);
	*ret_more = false;
	for (size_t i = 0; i < a->mailbox_count && rc == 0; i++) {
		const struct store_mailbox *m = a->mailboxes[i];
		struct uid_set uids = {0};
		struct mailbox_ref ref;

		if (!m->live || (m->special & USE_TRASH) == 0)
			continue;
		memcpy(ref.id, m->id, sizeof ref.id);
		rc = find_old(a, m, before, STORE_BIN_BATCH, &uids, err);
		*ret_more |= uid_set_size(&uids) == STORE_BIN_BATCH;
		if (rc == 0 && uids.count > 0)
			rc = op_expunge(&a->base, &ref, &uids, true, NULL, err);
		uid_set_free(&uids);
	}
	return rc;
}
