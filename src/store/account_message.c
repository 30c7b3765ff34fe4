#include "store/account_learn.h"

#include <string.h>
#include "base/memory.h"

/* The columns of MESSAGE_COLUMNS. */
void message_row_load(sqlite3_stmt *s, struct message_row *ret)
{
	struct slice email = column_blob(s, 7), thread = column_blob(s, 8);

	*ret = (struct message_row){.uid = (uint32_t)column_u64(s, 0), .modseq = column_u64(s, 1),
	                            .flags = {(uint32_t)column_u64(s, 2), column_u64(s, 3)}, .size = column_u64(s, 4),
	                            .internal_date = (int64_t)column_u64(s, 5), .save_date = (int64_t)column_u64(s, 6)};
	if (email.n == sizeof ret->email_id)
		memcpy(ret->email_id, email.p, email.n);
	if (thread.n == sizeof ret->thread_id)
		memcpy(ret->thread_id, thread.p, thread.n);
}

void mailbox_count(struct store_mailbox *m, uint32_t flags, uint64_t size, int sign)
{
	m->messages += (uint32_t)sign;
	m->size += sign < 0 ? -size : size;
	if (!(flags & FLAG_SEEN))
		m->unseen += (uint32_t)sign;
	if (flags & FLAG_DELETED) {
		m->deleted += (uint32_t)sign;
		m->deleted_size += sign < 0 ? -size : size;
	}
	m->dirty = true;
}

int row_insert(struct store_account *a, const struct row_new *r, uint32_t *ret_uid, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_MESSAGE_PUT, err);
	uint64_t modseq = txn_modseq(a);

	if (s == NULL)
		return ERR_IO;
	if (r->mailbox->uid_next == UINT32_MAX)
		return error_set(err, ERR_LIMIT, "the mailbox has no UIDs left");
	counts_touch(a, r->thread_id);
	*ret_uid = txn_uid(a, r->mailbox);
	bind_u64(s, 1, (uint64_t)r->mailbox->number);
	bind_u64(s, 2, *ret_uid);
	bind_u64(s, 3, modseq);
	bind_u64(s, 4, r->flags.system);
	bind_u64(s, 5, r->flags.keywords);
	bind_u64(s, 6, r->size);
	bind_u64(s, 7, (uint64_t)r->internal_date);
	bind_u64(s, 8, (uint64_t)r->save_date);
	bind_blob(s, 9, r->email_id);
	bind_blob(s, 10, r->thread_id);
	bind_u64(s, 11, r->body);
	mailbox_count(r->mailbox, r->flags.system, r->size, 1);
	r->mailbox->modseq = modseq;
	return account_db_run(&a->db, s, err);
}

int op_messages(struct account *base, const struct mailbox_ref *ref, uint32_t first, uint32_t last, uint64_t changed_since, message_fn *fn, void *arg,
                struct error *err)
{
	struct store_account *a = account_of(base);
	struct store_mailbox *m = mailbox_by_ref(a, ref, err);
	struct message_row row;
	sqlite3_stmt *s;
	int step = SQLITE_DONE, rc = 0;

	if (m == NULL)
		return ERR_NOT_FOUND;
	s = account_db_statement(&a->db, changed_since == 0 ? SQL_MESSAGE_RANGE : SQL_MESSAGE_CHANGED, err);
	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, (uint64_t)m->number);
	bind_u64(s, 2, first);
	bind_u64(s, 3, last);
	if (changed_since != 0)
		bind_u64(s, 4, changed_since > INT64_MAX ? INT64_MAX : changed_since);
	while (rc == 0 && (step = sqlite3_step(s)) == SQLITE_ROW) {
		message_row_load(s, &row);
		rc = fn(arg, &row);
	}
	if (rc == 0 && step != SQLITE_DONE)
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	return rc;
}

int op_flags(struct account *base, const struct mailbox_ref *ref, uint32_t first, uint32_t last, message_fn *fn, void *arg,
             struct error *err)
{
	struct store_account *a = account_of(base);
	struct store_mailbox *m = mailbox_by_ref(a, ref, err);
	struct message_row row = {0};
	sqlite3_stmt *s;
	int step = SQLITE_DONE, rc = 0;

	if (m == NULL)
		return ERR_NOT_FOUND;
	s = account_db_statement(&a->db, SQL_MESSAGE_FLAGS_RANGE, err);
	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, (uint64_t)m->number);
	bind_u64(s, 2, first);
	bind_u64(s, 3, last);
	while (rc == 0 && (step = sqlite3_step(s)) == SQLITE_ROW) {
		row.uid = (uint32_t)column_u64(s, 0);
		row.modseq = column_u64(s, 1);
		row.flags = (struct flag_set){(uint32_t)column_u64(s, 2), column_u64(s, 3)};
		rc = fn(arg, &row);
	}
	if (rc == 0 && step != SQLITE_DONE)
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	return rc;
}

int op_vanished(struct account *base, const struct mailbox_ref *ref, uint64_t since, struct uid_set *ret, struct error *err)
{
	struct store_account *a = account_of(base);
	struct store_mailbox *m = mailbox_by_ref(a, ref, err);
	sqlite3_stmt *s;
	int step, rc = 0;

	if (m == NULL)
		return ERR_NOT_FOUND;
	if (since < m->vanished_floor)
		return error_set(err, ERR_NOT_FOUND, "expunges are remembered since modseq %llu", (unsigned long long)m->vanished_floor);
	s = account_db_statement(&a->db, SQL_VANISHED_SINCE, err);
	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, (uint64_t)m->number);
	bind_u64(s, 2, since > INT64_MAX ? INT64_MAX : since);
	while ((step = sqlite3_step(s)) == SQLITE_ROW)
		uid_set_add_range(ret, (uint32_t)column_u64(s, 0), (uint32_t)column_u64(s, 1));
	if (step != SQLITE_DONE)
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	return rc;
}

/* ---- collecting rows before changing them ---- */

struct picked {
	struct picked_row {
		struct message_row row;
		uint64_t body;
		bool recalled; /* its reader does not get it back */
	} *rows;
	size_t count, capacity;
};

static struct picked_row *picked_add(struct picked *p)
{
	if (p->count == p->capacity) {
		p->capacity = p->capacity == 0 ? 64 : p->capacity * 2;
		p->rows = memory_grow(p->rows, p->capacity * sizeof *p->rows);
	}
	return &p->rows[p->count++];
}

/* Rows of the ranges (NULL: all). */
static int pick(struct store_account *a, struct store_mailbox *m, const struct uid_set *uids, struct picked *ret, struct error *err)
{
	static const struct uid_range everything = {1, UINT32_MAX};
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_MESSAGE_RANGE, err);
	size_t ranges = uids == NULL ? 1 : uids->count;
	int step = SQLITE_DONE;

	if (s == NULL)
		return ERR_IO;
	for (size_t i = 0; i < ranges && step == SQLITE_DONE; i++) {
		const struct uid_range *range = uids == NULL ? &everything : &uids->ranges[i];

		bind_u64(s, 1, (uint64_t)m->number);
		bind_u64(s, 2, range->first);
		bind_u64(s, 3, range->last);
		while ((step = sqlite3_step(s)) == SQLITE_ROW) {
			struct picked_row *r = picked_add(ret);

			message_row_load(s, &r->row);
			r->body = column_u64(s, 9);
			r->recalled = false;
		}
		if (step == SQLITE_DONE)
			account_db_done(s);
	}
	if (step == SQLITE_DONE)
		return 0;
	account_db_error(&a->db, err);
	account_db_done(s);
	return ERR_DAMAGED;
}

/* ---- flags ---- */

static struct flag_set flags_apply(struct flag_set old, enum flag_change change, struct flag_set flags)
{
	switch (change) {
	case FLAGS_REPLACE:
		return flags;
	case FLAGS_ADD:
		return (struct flag_set){old.system | flags.system, old.keywords | flags.keywords};
	case FLAGS_REMOVE:
		return (struct flag_set){old.system & ~flags.system, old.keywords & ~flags.keywords};
	}
	return old;
}

static int row_set_flags(struct store_account *a, struct store_mailbox *m, const struct message_row *row, struct flag_set flags, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_MESSAGE_FLAGS, err);

	if (s == NULL)
		return ERR_IO;
	if (((row->flags.system ^ flags.system) & (FLAG_SEEN | FLAG_DRAFT | FLAG_DELETED)) != 0)
		counts_touch(a, slice_make(row->thread_id, sizeof row->thread_id));
	m->modseq = txn_modseq(a);
	bind_u64(s, 1, (uint64_t)m->number);
	bind_u64(s, 2, row->uid);
	bind_u64(s, 3, m->modseq);
	bind_u64(s, 4, flags.system);
	bind_u64(s, 5, flags.keywords);
	mailbox_count(m, row->flags.system, row->size, -1);
	mailbox_count(m, flags.system, row->size, 1);
	return account_db_run(&a->db, s, err);
}

int op_store(struct account *base, const struct mailbox_ref *ref, const struct uid_set *uids, enum flag_change change, struct flag_set flags,
             uint64_t unchanged_since, struct uid_set *skipped, uint64_t *ret_modseq, struct error *err)
{
	struct store_account *a = account_of(base);
	struct store_mailbox *m = mailbox_by_ref(a, ref, err);
	struct picked picked = {0};
	bool changed = false;
	int rc;

	if (m == NULL)
		return ERR_NOT_FOUND;
	*ret_modseq = 0;
	rc = pick(a, m, uids, &picked, err);
	if (rc == 0)
		rc = txn_begin(a, false, err);
	if (rc < 0)
		goto out;
	for (size_t i = 0; rc == 0 && i < picked.count; i++) {
		const struct message_row *row = &picked.rows[i].row;
		struct flag_set now = flags_apply(row->flags, change, flags);

		if (row->modseq > unchanged_since) {
			if (skipped != NULL)
				uid_set_add(skipped, row->uid);
		} else if (now.system != row->flags.system || now.keywords != row->flags.keywords) {
			rc = row_set_flags(a, m, row, now, err);
			if (rc == 0)
				rc = learn_flagged(a, row->flags.keywords, now.keywords, row->email_id, picked.rows[i].body, err);
			changed = true;
		}
	}
	if (rc < 0) {
		txn_rollback(a);
		goto out;
	}
	*ret_modseq = a->txn_modseq;
	rc = txn_commit(a, err);
	if (rc == 0 && changed)
		tell_mailbox(a, m);
	if (rc == 0)
		learn_tell(a);
out:
	memory_free(picked.rows);
	return rc;
}

/* ---- removing ---- */

static int run_with(struct store_account *a, enum account_sql id, uint64_t v1, uint64_t v2, int values, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, id, err);

	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, v1);
	if (values > 1)
		bind_u64(s, 2, v2);
	return account_db_run(&a->db, s, err);
}

/* The last row has let go of the body: it counts no more, and its ref is to be given back. */
static int body_leave(struct store_account *a, uint64_t body, uint64_t seq, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_BODY_SIZE, err);

	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, body);
	if (sqlite3_step(s) == SQLITE_ROW) {
		a->used -= column_u64(s, 0);
		a->bodies--;
	}
	account_db_done(s);
	return run_with(a, SQL_UNREF_PUT, seq, 0, 1, err);
}

int body_forget(struct store_account *a, uint64_t body, struct error *err)
{
	int rc = run_with(a, SQL_TEXT_DELETE, body, 0, 1, err);

	if (rc == 0 && body <= a->indexed)
		rc = run_with(a, SQL_INDEX_DELETE, body, 0, 1, err);
	if (rc == 0)
		rc = run_with(a, SQL_BODY_DELETE, body, 0, 1, err);
	if (a->open_body == body)
		body_close(a);
	return rc;
}

static int body_drop(struct store_account *a, const struct store_mailbox *m, const struct picked_row *r, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_BODY_DROP_REF, err);
	bool kept = false;
	uint64_t refs, seq;
	int rc;

	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, r->body);
	if (sqlite3_step(s) != SQLITE_ROW) {
		account_db_done(s);
		return error_set(err, ERR_DAMAGED, "%s: a message without body", a->db.path);
	}
	refs = column_u64(s, 0);
	seq = column_u64(s, 1);
	account_db_done(s);
	if (refs > 0)
		return 0;
	rc = body_leave(a, r->body, seq, err);
	if (rc == 0)
		rc = r->recalled ? 0 : bin_put(a, m, &r->row, r->body, &kept, err);
	return rc == 0 && !kept ? body_forget(a, r->body, err) : rc;
}

static int picked_remove(struct store_account *a, struct store_mailbox *m, const struct picked_row *r, bool moved, struct error *err)
{
	int rc;

	counts_touch(a, slice_make(r->row.thread_id, sizeof r->row.thread_id));
	rc = moved ? 0 : gone_email(a, m, r->row.uid, err); /* what moved is found where it is now */

	if (rc == 0)
		rc = run_with(a, SQL_MESSAGE_DELETE, (uint64_t)m->number, r->row.uid, 2, err);

	if (rc < 0)
		return rc;
	mailbox_count(m, r->row.flags.system, r->row.size, -1);
	return body_drop(a, m, r, err);
}

/* Forgets the oldest expunges beyond the limit; what is older than the floor cannot be told any more. */
static int vanished_trim(struct store_account *a, struct store_mailbox *m, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_VANISHED_FLOOR, err);
	uint64_t floor = 0;

	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, (uint64_t)m->number);
	bind_u64(s, 2, STORE_VANISHED_MAX);
	if (sqlite3_step(s) == SQLITE_ROW)
		floor = column_u64(s, 0);
	account_db_done(s);
	if (floor == 0)
		return 0;
	m->vanished_floor = floor;
	m->dirty = true;
	return run_with(a, SQL_VANISHED_TRIM, (uint64_t)m->number, floor, 2, err);
}

int vanished_add(struct store_account *a, struct store_mailbox *m, const struct uid_set *uids, struct error *err)
{
	int rc = 0;

	m->modseq = txn_modseq(a);
	m->dirty = true;
	for (size_t i = 0; rc == 0 && i < uids->count; i++) {
		sqlite3_stmt *s = account_db_statement(&a->db, SQL_VANISHED_PUT, err);

		if (s == NULL)
			return ERR_IO;
		bind_u64(s, 1, (uint64_t)m->number);
		bind_u64(s, 2, m->modseq);
		bind_u64(s, 3, uids->ranges[i].first);
		bind_u64(s, 4, uids->ranges[i].last);
		rc = account_db_run(&a->db, s, err);
	}
	return rc < 0 ? rc : vanished_trim(a, m, err);
}

static int picked_expunge(struct store_account *a, struct store_mailbox *m, const struct picked *picked, bool moved, struct uid_set *gone,
                          struct error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < picked->count; i++) {
		rc = picked_remove(a, m, &picked->rows[i], moved, err);
		uid_set_add(gone, picked->rows[i].row.uid);
	}
	if (rc < 0 || picked->count == 0)
		return rc;
	rc = vanished_add(a, m, gone, err);
	return rc < 0 ? rc : gone_trim(a, err);
}

int row_expunge(struct store_account *a, struct store_mailbox *m, const struct message_row *row, uint64_t body, struct error *err)
{
	struct picked_row one = {.row = *row, .body = body, .recalled = true};
	struct picked picked = {.rows = &one, .count = 1};
	struct uid_set gone = {0};
	int rc = picked_expunge(a, m, &picked, false, &gone, err);

	uid_set_free(&gone);
	return rc;
}

int unref_put(struct store_account *a, uint64_t seq, struct error *err)
{
	return run_with(a, SQL_UNREF_PUT, seq, 0, 1, err);
}

int expunge_all_in(struct store_account *a, struct store_mailbox *m, struct error *err)
{
	struct picked picked = {0};
	struct uid_set gone = {0};
	int rc = pick(a, m, NULL, &picked, err);

	if (rc == 0)
		rc = picked_expunge(a, m, &picked, false, &gone, err);
	if (rc == 0)
		rc = run_with(a, SQL_VANISHED_TRIM, (uint64_t)m->number, INT64_MAX, 2, err);
	uid_set_free(&gone);
	memory_free(picked.rows);
	return rc;
}

static void picked_keep_deleted(struct picked *p)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->count; i++) {
		if (p->rows[i].row.flags.system & FLAG_DELETED)
			p->rows[kept++] = p->rows[i];
	}
	p->count = kept;
}

int op_expunge(struct account *base, const struct mailbox_ref *ref, const struct uid_set *uids, bool force, struct uid_set *ret, struct error *err)
{
	struct store_account *a = account_of(base);
	struct store_mailbox *m = mailbox_by_ref(a, ref, err);
	struct picked picked = {0};
	struct uid_set gone = {0};
	int rc = m == NULL ? ERR_NOT_FOUND : m->deleted == 0 && !force ? 0 : pick(a, m, uids, &picked, err);

	if (rc == 0 && !force)
		picked_keep_deleted(&picked);
	if (rc < 0 || picked.count == 0)
		goto out;
	rc = txn_begin(a, true, err);
	if (rc < 0)
		goto out;
	rc = picked_expunge(a, m, &picked, false, &gone, err);
	if (rc < 0) {
		txn_rollback(a);
		goto out;
	}
	rc = txn_commit(a, err);
	if (rc == 0) {
		if (ret != NULL)
			uid_set_add_set(ret, &gone);
		tell_mailbox(a, m);
		told_unrefs(a);
		told_removed(a, m, NULL, picked.count);
	}
out:
	uid_set_free(&gone);
	memory_free(picked.rows);
	return rc;
}

/* ---- copying ---- */

int body_add_ref(struct store_account *a, uint64_t body, struct error *err)
{
	return run_with(a, SQL_BODY_ADD_REF, body, 0, 1, err);
}

static int picked_copy(struct store_account *a, struct store_mailbox *to, const struct picked_row *p, uint32_t *ret_uid, struct error *err)
{
	struct row_new row = {.mailbox = to, .flags = p->row.flags, .size = p->row.size, .body = p->body, .internal_date = p->row.internal_date,
	                      .save_date = a->host.now(a->host.arg), .email_id = slice_make(p->row.email_id, 16),
	                      .thread_id = slice_make(p->row.thread_id, 16)};
	int rc = body_add_ref(a, p->body, err);

	return rc < 0 ? rc : row_insert(a, &row, ret_uid, err);
}

int op_copy(struct account *base, const struct mailbox_ref *from_ref, const struct uid_set *uids, const struct mailbox_ref *to_ref, bool move,
            struct arena *arena, struct copy_result *ret, struct error *err)
{
	struct store_account *a = account_of(base);
	struct store_mailbox *from = mailbox_by_ref(a, from_ref, err), *to = mailbox_by_ref(a, to_ref, err);
	struct picked picked = {0};
	struct uid_set gone = {0};
	int rc = from == NULL || to == NULL ? ERR_NOT_FOUND : pick(a, from, uids, &picked, err);

	if (rc == 0)
		rc = txn_begin(a, true, err);
	if (rc < 0)
		goto out;
	*ret = (struct copy_result){.uid_validity = to->uid_validity, .pairs = arena_alloc_array(arena, picked.count + 1, sizeof *ret->pairs)};
	for (; rc == 0 && ret->count < picked.count; ret->count++) {
		ret->pairs[ret->count].from = picked.rows[ret->count].row.uid;
		rc = picked_copy(a, to, &picked.rows[ret->count], &ret->pairs[ret->count].to, err);
		if (rc == 0)
			rc = learn_placed(a, from, to, picked.rows[ret->count].row.email_id, picked.rows[ret->count].body, err);
	}
	if (rc == 0 && move)
		rc = picked_expunge(a, from, &picked, true, &gone, err);
	if (rc < 0) {
		txn_rollback(a);
		goto out;
	}
	rc = txn_commit(a, err);
	if (rc == 0 && picked.count != 0) {
		tell_mailbox(a, to);
		if (move)
			tell_mailbox(a, from);
		if (move)
			told_removed(a, from, to, picked.count);
		learn_tell(a);
	}
out:
	uid_set_free(&gone);
	memory_free(picked.rows);
	return rc;
}
