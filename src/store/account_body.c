/* Bodies: what several rows of an account may share, and the sealed records behind them. */
#include <string.h>
#include "crypt/crypt.h"
#include "store/account_internal.h"

int body_insert(struct store_account *a, const struct body_new *b, uint64_t *ret_number, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_BODY_PUT, err);
	int rc;

	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, b->seq);
	bind_u64(s, 2, b->place.pack);
	bind_u64(s, 3, b->place.ordinal);
	bind_u64(s, 4, b->place.offset);
	bind_u64(s, 5, b->size);
	bind_u64(s, 6, 1);
	bind_u64(s, 7, b->kind);
	bind_u64(s, 8, b->cut);
	if (b->data_key.n != 0)
		bind_blob(s, 9, b->data_key);
	bind_blob(s, 10, b->prefix);
	bind_blob(s, 11, b->digest);
	rc = account_db_run(&a->db, s, err);
	if (rc < 0)
		return rc;
	*ret_number = (uint64_t)sqlite3_last_insert_rowid(a->db.sqlite);
	a->used += b->size;
	a->bodies++;
	return 0;
}

static int source_read(void *arg, uint64_t offset, void *p, size_t n)
{
	struct sealed_place *at = arg;

	return pack_read(at->account->packs, &at->place, offset, p, n, NULL);
}

int body_source(struct store_account *a, struct sealed_place *place, struct seal_source *ret, struct error *err)
{
	place->account = a;
	*ret = (struct seal_source){.read = source_read, .arg = place};
	return pack_record_size(a->packs, &place->place, &ret->size, err);
}

void body_close(struct store_account *a)
{
	sealed_close(&a->open);
	a->open_body = 0;
}

/* BODY_COLUMNS from `column` on. */
static void near_load(struct store_account *a, const struct store_mailbox *m, uint32_t uid, sqlite3_stmt *s, int column)
{
	struct body_near *near = &a->near;
	struct slice key = column_blob(s, column + 5);

	near->mailbox = m->number;
	near->uid = uid;
	near->body = column_u64(s, column);
	near->place = (struct place){.pack = (uint32_t)column_u64(s, column + 1), .ordinal = (uint32_t)column_u64(s, column + 2),
	                             .offset = column_u64(s, column + 3)};
	near->kind = (enum reader_kind)column_u64(s, column + 4);
	near->has_key = key.n == sizeof near->key;
	if (near->has_key)
		memcpy(near->key, key.p, key.n);
	buf_clear(&near->prefix);
	buf_append(&near->prefix, column_blob(s, column + 6));
}

void near_forget(struct store_account *a)
{
	a->near.uid = 0;
	secret_wipe(a->near.key, sizeof a->near.key);
}

static int near_find(struct store_account *a, const struct store_mailbox *m, uint32_t uid, struct error *err)
{
	sqlite3_stmt *s;
	int step, rc = 0;

	if (a->near.uid == uid && a->near.mailbox == m->number)
		return 0;
	s = account_db_statement(&a->db, SQL_BODY_OF, err);
	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, (uint64_t)m->number);
	bind_u64(s, 2, uid);
	step = sqlite3_step(s);
	if (step == SQLITE_ROW)
		near_load(a, m, uid, s, 1);
	else
		rc = step == SQLITE_DONE ? error_set(err, ERR_NOT_FOUND, "no such message") : account_db_error(&a->db, err);
	account_db_done(s);
	return rc;
}

/* Opens with the data key of the row; a placeholder has none and tries the wrap again. */
static int record_open(struct store_account *a, struct arena *arena, struct error *err)
{
	struct filing_note note;
	struct seal_source source;
	int rc;

	a->open_place.place = a->near.place;
	rc = body_source(a, &a->open_place, &source, err);
	if (rc < 0)
		return rc == ERR_NOT_FOUND ? ERR_DAMAGED : rc;
	if (a->near.has_key)
		return sealed_open_with_key(&source, a->near.key, &a->open, err);
	rc = sealed_open(&source, a->near.kind, a->id, a->keys, a->key_count, arena, &note, &a->open, err);
	return rc == ERR_NOT_FOUND ? ERR_DAMAGED : rc;
}

int body_open(struct store_account *a, struct store_mailbox *m, uint32_t uid, struct arena *arena, struct slice *ret_prefix, struct sealed **ret,
              struct error *err)
{
	int rc = near_find(a, m, uid, err);

	if (rc == 0 && (a->open == NULL || a->open_body != a->near.body)) {
		body_close(a);
		rc = record_open(a, arena, err);
		a->open_body = rc == 0 ? a->near.body : 0;
	}
	*ret = a->open;
	*ret_prefix = buf_slice(&a->near.prefix);
	if (rc == ERR_DAMAGED)
		a->host.damaged(a->host.arg, a, err);
	return rc;
}

int damaged_load(struct store_account *a, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_DAMAGED_ANY, err);
	int rc = 0;

	if (s == NULL)
		return ERR_IO;
	if (sqlite3_step(s) == SQLITE_ROW)
		a->any_damaged = column_u64(s, 0) != 0;
	else
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	return rc;
}

static int damaged_change(struct store_account *a, enum account_sql id, uint64_t body, struct error *err)
{
	sqlite3_stmt *s;
	int rc = account_db_begin(&a->db, false, err);

	if (rc < 0)
		return rc;
	s = account_db_statement(&a->db, id, err);
	rc = ERR_IO;
	if (s != NULL) {
		bind_u64(s, 1, body);
		rc = account_db_run(&a->db, s, err);
	}
	if (rc == 0)
		return account_db_commit(&a->db, err);
	account_db_rollback(&a->db);
	return rc;
}

/* Remembered, so that the next reader is told before the beginning was sent: op_check. */
static void read_failed(struct store_account *a, struct error *err)
{
	struct error other;

	a->host.damaged(a->host.arg, a, err);
	a->any_damaged = true;
	if (!a->db.in_transaction)
		(void)damaged_change(a, SQL_DAMAGED_PUT, a->open_body, &other);
}

#define CHECK_STEP (1u << 20)

static int read_all(struct sealed *sealed, struct error *err)
{
	struct buf out = BUF_INIT(CHECK_STEP);
	int rc = 0;

	for (uint64_t at = 0; rc == 0 && at < sealed_size(sealed); at += CHECK_STEP) {
		buf_clear(&out);
		rc = sealed_read(sealed, at, CHECK_STEP, &out, err);
	}
	buf_free_secret(&out);
	return rc;
}

int op_check(struct account *base, const struct mailbox_ref *ref, uint32_t uid, struct error *err)
{
	struct store_account *a = account_of(base);
	struct store_mailbox *m = mailbox_by_ref(a, ref, err);
	sqlite3_stmt *s = m == NULL || !a->any_damaged ? NULL : account_db_statement(&a->db, SQL_DAMAGED_HAS, err);
	struct arena arena = ARENA_INIT;
	struct error local = {0};
	struct sealed *sealed;
	struct slice prefix;
	uint64_t body = 0;
	int rc;

	if (s == NULL)
		return 0; /* reading says what is wrong */
	bind_u64(s, 1, (uint64_t)m->number);
	bind_u64(s, 2, uid);
	if (sqlite3_step(s) == SQLITE_ROW)
		body = column_u64(s, 0);
	account_db_done(s);
	if (body == 0)
		return 0;
	rc = body_open(a, m, uid, &arena, &prefix, &sealed, &local);
	if (rc == 0 && (rc = read_all(sealed, &local)) == ERR_DAMAGED)
		a->host.damaged(a->host.arg, a, &local);
	if (rc == 0)
		(void)damaged_change(a, SQL_DAMAGED_DELETE, body, &local);
	if (rc < 0 && err != NULL)
		*err = local;
	arena_free(&arena);
	return rc;
}

int op_read(struct account *base, const struct mailbox_ref *ref, uint32_t uid, uint64_t offset, uint64_t n, struct buf *out, struct error *err)
{
	struct store_account *a = account_of(base);
	struct store_mailbox *m = mailbox_by_ref(a, ref, err);
	struct arena arena = ARENA_INIT;
	struct error local = {0};
	struct slice prefix;
	struct sealed *sealed;
	int rc;

	if (m == NULL)
		return ERR_NOT_FOUND;
	if (err == NULL)
		err = &local;
	rc = body_open(a, m, uid, &arena, &prefix, &sealed, err);
	if (rc < 0)
		goto out;
	if (offset < prefix.n) {
		struct slice part = slice_sub(prefix, offset, n > prefix.n - offset ? prefix.n : offset + n);

		buf_append(out, part);
		n -= part.n;
		offset += part.n;
	}
	rc = sealed_read(sealed, offset - prefix.n, n, out, err);
	if (rc == ERR_DAMAGED)
		read_failed(a, err);
out:
	arena_free(&arena);
	return rc;
}

/* The listing part of the digest and, when asked for, the texts behind it. */
static int digest_collect(struct store_account *a, uint64_t body, struct slice listing, bool want_text, struct buf *out, struct error *err)
{
	bool stored;
	int rc;

	buf_append(out, listing);
	if (!want_text || listing.n == 0)
		return 0;
	rc = text_get(a, body, out, &stored, err);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int op_digest(struct account *base, const struct mailbox_ref *ref, uint32_t uid, bool want_text, struct arena *arena, struct slice *ret,
              uint32_t *ret_prefix, struct error *err)
{
	struct store_account *a = account_of(base);
	struct store_mailbox *m = mailbox_by_ref(a, ref, err);
	struct buf out = BUF_INIT(SIZE_MAX);
	sqlite3_stmt *s = m == NULL ? NULL : account_db_statement(&a->db, SQL_BODY_OF, err);
	int step, rc = 0;

	if (s == NULL)
		return m == NULL ? ERR_NOT_FOUND : ERR_IO;
	bind_u64(s, 1, (uint64_t)m->number);
	bind_u64(s, 2, uid);
	step = sqlite3_step(s);
	if (step == SQLITE_ROW) {
		near_load(a, m, uid, s, 1);
		*ret_prefix = (uint32_t)buf_len(&a->near.prefix);
		rc = digest_collect(a, a->near.body, column_blob(s, 0), want_text, &out, err);
		if (rc == 0 && buf_len(&out) == 0)
			rc = error_set(err, ERR_DAMAGED, "%s: a message without digest", a->db.path);
	} else {
		rc = step == SQLITE_DONE ? error_set(err, ERR_NOT_FOUND, "no such message") : account_db_error(&a->db, err);
	}
	account_db_done(s);
	if (rc == 0)
		*ret = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return rc;
}

/* One range of op_messages_with_digest. */
static int range_with_digest(struct store_account *a, struct store_mailbox *m, struct uid_range range, bool want_text, struct buf *scratch,
                             message_digest_fn *fn, void *arg, struct error *err)
{
	bool one = range.first == range.last; /* mostly to be read then: its body is looked up at once */
	sqlite3_stmt *s = account_db_statement(&a->db, one ? SQL_MESSAGE_ONE : SQL_MESSAGE_DIGEST, err);
	int step = SQLITE_DONE, rc = 0;

	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, (uint64_t)m->number);
	bind_u64(s, 2, range.first);
	if (!one)
		bind_u64(s, 3, range.last);
	while (rc == 0 && (step = sqlite3_step(s)) == SQLITE_ROW) {
		struct slice digest = column_blob(s, 10);
		struct message_row row;

		message_row_load(s, &row);
		if (one)
			near_load(a, m, row.uid, s, 11);
		if (want_text) {
			buf_clear(scratch);
			if (digest_collect(a, column_u64(s, 9), digest, true, scratch, err) < 0)
				buf_clear(scratch);
			digest = buf_slice(scratch);
		}
		rc = fn(arg, &row, digest, one ? (uint32_t)buf_len(&a->near.prefix) : (uint32_t)sqlite3_column_bytes(s, 11));
	}
	if (rc == 0 && step != SQLITE_DONE)
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	return rc;
}

int op_messages_with_digest(struct account *base, const struct mailbox_ref *ref, const struct uid_set *uids, bool want_text,
                            message_digest_fn *fn, void *arg, struct error *err)
{
	struct store_account *a = account_of(base);
	struct store_mailbox *m = mailbox_by_ref(a, ref, err);
	struct buf scratch = BUF_INIT(SIZE_MAX);
	int rc = m == NULL ? ERR_NOT_FOUND : 0;

	for (size_t i = 0; rc == 0 && i < uids->count; i++)
		rc = range_with_digest(a, m, uids->ranges[i], want_text, &scratch, fn, arg, err);
	buf_free(&scratch);
	return rc;
}
