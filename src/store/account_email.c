/* What is asked of the whole account: emails, threads, what has changed. */
#include <string.h>
#include "base/memory.h"
#include "store/account_internal.h"

/* ---- what has gone ---- */

static int gone_run(struct store_account *a, sqlite3_stmt *s, struct error *err)
{
	if (a->gone != UINT64_MAX)
		a->gone++;
	return account_db_run(&a->db, s, err);
}

int gone_email(struct store_account *a, const struct store_mailbox *m, uint32_t uid, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_GONE_EMAIL, err);

	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, (uint64_t)m->number);
	bind_u64(s, 2, uid);
	bind_u64(s, 3, txn_modseq(a));
	return gone_run(a, s, err);
}

int gone_mailbox(struct store_account *a, const struct store_mailbox *m, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_GONE_MAILBOX, err);

	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, txn_modseq(a));
	bind_blob(s, 2, slice_make(m->id, sizeof m->id));
	bind_u64(s, 3, m->created);
	return gone_run(a, s, err);
}

/* One number, 0 when there is no row. */
static int number_get(struct store_account *a, enum account_sql id, uint64_t argument, uint64_t *ret, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, id, err);
	int step, rc = 0;

	if (s == NULL)
		return ERR_IO;
	if (sqlite3_bind_parameter_count(s) > 0)
		bind_u64(s, 1, argument);
	step = sqlite3_step(s);
	*ret = step == SQLITE_ROW ? column_u64(s, 0) : 0;
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	return rc;
}

/* A tenth more than the limit is let be, so that not every expunge trims. */
int gone_trim(struct store_account *a, struct error *err)
{
	sqlite3_stmt *s;
	uint64_t floor = 0;
	int rc = a->gone == UINT64_MAX ? number_get(a, SQL_GONE_COUNT, 0, &a->gone, err) : 0;

	if (rc < 0 || a->gone <= STORE_GONE_MAX + STORE_GONE_MAX / 10)
		return rc;
	rc = number_get(a, SQL_GONE_FLOOR, STORE_GONE_MAX, &floor, err);
	s = rc < 0 ? NULL : account_db_statement(&a->db, SQL_GONE_TRIM, err);
	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, floor);
	rc = account_db_run(&a->db, s, err);
	a->gone_floor = floor > a->gone_floor ? floor : a->gone_floor;
	a->gone = UINT64_MAX;
	return rc;
}

/* ---- rows ---- */

struct store_mailbox *mailbox_of_row(struct store_account *a, struct store_mailbox *last, int64_t number)
{
	return last != NULL && last->number == number ? last : mailbox_by_number(a, number);
}

/* MESSAGE_COLUMNS and the mailbox. */
static void row_whole(sqlite3_stmt *s, struct message_row *row)
{
	message_row_load(s, row);
}

/* uid, internal, email, thread and the mailbox. */
static void row_brief(sqlite3_stmt *s, struct message_row *row)
{
	*row = (struct message_row){.uid = (uint32_t)column_u64(s, 0), .internal_date = (int64_t)column_u64(s, 1)};
	column_id(s, 2, row->email_id);
	column_id(s, 3, row->thread_id);
}

static int rows_tell(struct store_account *a, sqlite3_stmt *s, void (*load)(sqlite3_stmt *s, struct message_row *row), email_fn *fn, void *arg,
                     struct error *err)
{
	struct store_mailbox *m = NULL;
	struct mailbox_ref ref;
	struct message_row row;
	int step = SQLITE_DONE, rc = 0;

	while (rc == 0 && (step = sqlite3_step(s)) == SQLITE_ROW) {
		m = mailbox_of_row(a, m, (int64_t)column_u64(s, sqlite3_column_count(s) - 1));
		if (m == NULL || !m->live)
			continue;
		memcpy(ref.id, m->id, sizeof ref.id);
		load(s, &row);
		rc = fn(arg, &ref, &row);
	}
	if (rc == 0 && step != SQLITE_DONE)
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	return rc;
}

static int rows_by_id(struct account *base, enum account_sql id, const uint8_t key[16], email_fn *fn, void *arg, struct error *err)
{
	struct store_account *a = account_of(base);
	sqlite3_stmt *s = account_db_statement(&a->db, id, err);

	if (s == NULL)
		return ERR_IO;
	bind_blob(s, 1, slice_make(key, 16));
	return rows_tell(a, s, row_whole, fn, arg, err);
}

int op_email(struct account *base, const uint8_t email_id[16], email_fn *fn, void *arg, struct error *err)
{
	return rows_by_id(base, SQL_EMAIL_ROWS, email_id, fn, arg, err);
}

int op_thread(struct account *base, const uint8_t thread_id[16], email_fn *fn, void *arg, struct error *err)
{
	return rows_by_id(base, SQL_THREAD_ROWS, thread_id, fn, arg, err);
}

int op_newest(struct account *base, const struct mailbox_ref *ref, email_fn *fn, void *arg, struct error *err)
{
	struct store_account *a = account_of(base);
	struct store_mailbox *m = ref == NULL ? NULL : mailbox_by_ref(a, ref, err);
	sqlite3_stmt *s;

	if (ref != NULL && m == NULL)
		return ERR_NOT_FOUND;
	s = account_db_statement(&a->db, m == NULL ? SQL_NEWEST_ALL : SQL_NEWEST_ONE, err);
	if (s == NULL)
		return ERR_IO;
	if (m != NULL)
		bind_u64(s, 1, (uint64_t)m->number);
	return rows_tell(a, s, row_brief, fn, arg, err);
}

/* ---- changes ---- */

void op_state(struct account *base, struct account_state *ret)
{
	struct store_account *a = account_of(base);
	struct store_mailbox *inbox = mailbox_by_name(a, SLICE("INBOX"));

	/* INBOX lives as long as the file; one that is made anew gives it another UIDVALIDITY. */
	*ret = (struct account_state){.incarnation = inbox == NULL ? 0 : inbox->uid_validity, .modseq = a->modseq};
}

static int remembered(const struct store_account *a, uint64_t since, struct error *err)
{
	if (since >= a->gone_floor && since <= a->modseq)
		return 0;
	return error_set(err, ERR_NOT_FOUND, "changes are remembered since modseq %llu", (unsigned long long)a->gone_floor);
}

static int changes_tell(struct store_account *a, sqlite3_stmt *s, email_change_fn *fn, void *arg, struct error *err)
{
	struct email_change change;
	int step, rc = 0;

	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
		change = (struct email_change){.modseq = column_u64(s, 0), .created = column_u64(s, 1), .visible = column_u64(s, 4) != 0};
		column_id(s, 2, change.email_id);
		column_id(s, 3, change.thread_id);
		fn(arg, &change);
	}
	if (step != SQLITE_DONE)
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	return rc;
}

int op_email_changes(struct account *base, uint64_t since, email_change_fn *fn, void *arg, struct error *err)
{
	struct store_account *a = account_of(base);
	sqlite3_stmt *s;
	int rc = remembered(a, since, err);

	for (size_t i = 0; rc == 0 && i < a->mailbox_count; i++) {
		if (!a->mailboxes[i]->live || a->mailboxes[i]->modseq <= since)
			continue;
		s = account_db_statement(&a->db, SQL_CHANGED_ROWS, err);
		if (s == NULL)
			return ERR_IO;
		bind_u64(s, 1, (uint64_t)a->mailboxes[i]->number);
		bind_u64(s, 2, since);
		rc = changes_tell(a, s, fn, arg, err);
	}
	s = rc < 0 ? NULL : account_db_statement(&a->db, SQL_CHANGED_GONE, err);
	if (s == NULL)
		return rc < 0 ? rc : ERR_IO;
	bind_u64(s, 1, since);
	return changes_tell(a, s, fn, arg, err);
}

/* The mailboxes that a statement names were counted anew: at which modseq of them is not known, so it is the last one. */
static int counted_tell(struct store_account *a, sqlite3_stmt *s, mailbox_change_fn *fn, void *arg, struct error *err)
{
	struct mailbox_change change = {.kind = MAILBOX_COUNTED, .modseq = a->modseq};
	struct store_mailbox *m;
	int step, rc = 0;

	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
		m = mailbox_by_number(a, (int64_t)column_u64(s, 0));
		if (m == NULL || !m->live)
			continue;
		memcpy(change.id, m->id, sizeof change.id);
		fn(arg, &change);
	}
	if (step != SQLITE_DONE)
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	return rc;
}

/* Other mailboxes of the threads that have changed in `m` (NULL: that have lost an email): their unread threads may be others now. */
static int threads_tell(struct store_account *a, const struct store_mailbox *m, uint64_t since, mailbox_change_fn *fn, void *arg, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, m == NULL ? SQL_CHANGED_THREADS_GONE : SQL_CHANGED_THREADS, err);

	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, m == NULL ? since : (uint64_t)m->number);
	if (m != NULL)
		bind_u64(s, 2, since);
	return counted_tell(a, s, fn, arg, err);
}

static int mailbox_tell(struct store_account *a, const struct store_mailbox *m, uint64_t since, mailbox_change_fn *fn, void *arg, struct error *err)
{
	struct mailbox_change change;

	memcpy(change.id, m->id, sizeof change.id);
	if (m->info_modseq > since || m->created > since) {
		change.kind = m->created > since ? MAILBOX_CREATED : MAILBOX_CHANGED;
		change.modseq = m->info_modseq > m->created ? m->info_modseq : m->created;
		fn(arg, &change);
	}
	if (m->modseq <= since)
		return 0;
	change.kind = MAILBOX_COUNTED;
	change.modseq = m->modseq;
	fn(arg, &change);
	return threads_tell(a, m, since, fn, arg, err);
}

int op_mailbox_changes(struct account *base, uint64_t since, mailbox_change_fn *fn, void *arg, struct error *err)
{
	struct store_account *a = account_of(base);
	struct mailbox_change change = {.kind = MAILBOX_GONE};
	sqlite3_stmt *s;
	int step, rc = remembered(a, since, err);

	for (size_t i = 0; rc == 0 && i < a->mailbox_count; i++) {
		if (a->mailboxes[i]->live)
			rc = mailbox_tell(a, a->mailboxes[i], since, fn, arg, err);
	}
	if (rc == 0)
		rc = threads_tell(a, NULL, since, fn, arg, err);
	s = rc < 0 ? NULL : account_db_statement(&a->db, SQL_GONE_MAILBOXES, err);
	if (s == NULL)
		return rc < 0 ? rc : ERR_IO;
	bind_u64(s, 1, since);
	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
		change.modseq = column_u64(s, 0);
		column_id(s, 2, change.id);
		if (column_u64(s, 1) <= since) /* else it came and went meanwhile */
			fn(arg, &change);
	}
	if (step != SQLITE_DONE)
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	return rc;
}

/* ---- arranging ---- */

int op_arrange(struct account *base, const struct mailbox_ref *ref, uint32_t special_use, uint32_t sort_order, struct error *err)
{
	struct store_account *a = account_of(base);
	struct store_mailbox *m = mailbox_by_ref(a, ref, err);
	int rc = m == NULL ? ERR_NOT_FOUND : 0;

	if (rc < 0 || (m->special == special_use && m->sort_order == sort_order))
		return rc;
	rc = txn_begin(a, true, err);
	if (rc < 0)
		return rc;
	mailbox_touch(a, m);
	counts_forget(a); /* what is in the trash counts for itself */
	m->special = special_use;
	m->sort_order = sort_order;
	rc = mailbox_save(a, m, err);
	if (rc < 0) {
		txn_rollback(a);
		return rc;
	}
	rc = txn_commit(a, err);
	if (rc == 0)
		tell_list(a);
	return rc;
}
