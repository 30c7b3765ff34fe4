/* Arrivals become rows. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/endian.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "mime/digest.h"
#include "store/account_learn.h"
#include "sys/fault.h"
#include "sys/file.h"

/* What is known of one record while it is filed. */
struct filed {
	const struct store_arrival *arrival;
	struct arena arena;
	struct buf digest;         /* with or without the texts */
	struct digest parsed;
	struct filing_note note;
	uint8_t data_key[32];
	bool has_key;
	struct buf prefix;
	uint64_t size;             /* of the blob */
};

static void filing_init(struct filed *f, const struct store_arrival *arrival)
{
	*f = (struct filed){.arrival = arrival, .arena = ARENA_INIT, .digest = BUF_INIT(SIZE_MAX), .prefix = BUF_INIT(4096), .size = arrival->size};
}

static void filing_free(struct filed *f)
{
	buf_free(&f->digest);
	buf_free(&f->prefix);
	arena_free(&f->arena);
	secret_wipe(f->data_key, sizeof f->data_key);
}

/* ---- the danger mark: which record is being opened, should this process end over it ---- */

static void danger_set(struct store_account *a, uint64_t seq)
{
	uint8_t mark[9] = {0};

	memcpy(mark, &seq, 8);
	mark[8] = seq == 0 ? 0 : seq == a->danger_seq ? (uint8_t)(a->danger_tries + 1) : 1;
	if (a->danger_fd >= 0)
		(void)!pwrite(a->danger_fd, mark, sizeof mark, 0);
}

/* How often opening this record has ended a process already. */
static unsigned danger_of(const struct store_account *a, uint64_t seq)
{
	return seq == a->danger_seq ? a->danger_tries : 0;
}

/* ---- reading the record ---- */

/* One application/octet-stream part over everything. */
static void digest_opaque(struct filed *f)
{
	struct mime_part *root = ARENA_NEW(&f->arena, struct mime_part);

	root->type = SLICE("application");
	root->subtype = SLICE("octet-stream");
	root->encoding = SLICE("binary");
	root->body_end = f->size;
	f->parsed = (struct digest){.version = DIGEST_VERSION_PLAIN, .size = f->size, .opaque = true, .root = root};
	/* The same id at every attempt. */
	put_u64(f->parsed.email_id, f->arrival->seq);
	put_u64(f->parsed.email_id + 8, ~f->arrival->seq);
	buf_clear(&f->digest);
	digest_encode(&f->parsed, &f->digest);
}

static void prefix_make(struct filed *f)
{
	if (!f->note.has_return_path)
		return;
	buf_append_str(&f->prefix, "Return-Path: <");
	buf_append(&f->prefix, f->note.return_path);
	buf_append_str(&f->prefix, ">\r\nDelivered-To: ");
	buf_append(&f->prefix, f->note.delivered_to);
	buf_append_str(&f->prefix, "\r\n");
	if (f->prefix.failed || slice_find(f->note.return_path, '\n') >= 0 || slice_find(f->note.delivered_to, '\n') >= 0)
		buf_clear(&f->prefix);
}

static int record_read(struct store_account *a, struct filed *f, bool with_digest, struct error *err)
{
	struct sealed_place place = {.place = f->arrival->place};
	struct sealed *sealed = NULL;
	struct seal_source source;
	int rc = body_source(a, &place, &source, err);

	if (rc < 0)
		return rc == ERR_NOT_FOUND ? ERR_DAMAGED : rc;
	rc = sealed_open(&source, f->arrival->kind, a->id, a->keys, a->key_count, &f->arena, &f->note, &sealed, err);
	if (rc < 0)
		return rc;
	memcpy(f->data_key, sealed_data_key(sealed), sizeof f->data_key);
	f->has_key = true;
	f->size = sealed_size(sealed);
	prefix_make(f);
	if (with_digest) {
		rc = f->arrival->kind == READER_ARRIVAL && learn_speaks(a) ? sealed_digest(sealed, &f->digest, err) : sealed_listing(sealed, &f->digest, err);
		if (rc == 0)
			rc = digest_decode_structure(buf_slice(&f->digest), &f->arena, &f->parsed);
		if (rc == 0 && f->parsed.size != f->size)
			rc = error_set(err, ERR_DAMAGED, "the digest is of another message");
	}
	sealed_close(&sealed);
	return rc;
}

/* 0: filed as it is or as a placeholder; ERR_NOT_FOUND: not for us (any more); else the batch has to wait. */
static int record_take(struct store_account *a, struct filed *f, struct error *err)
{
	unsigned crashes = danger_of(a, f->arrival->seq);
	struct error why = {0}, named = {0};
	int rc = 0;

	if (crashes < 2) {
		danger_set(a, f->arrival->seq);
		rc = record_read(a, f, crashes == 0, &why);
		danger_set(a, 0);
	}
	if (rc == ERR_NOT_FOUND)
		return rc;
	if (rc == ERR_IO || rc == ERR_TEMPORARY) {
		if (err != NULL)
			*err = why;
		return rc;
	}
	if (rc < 0 || crashes > 0) {
		if (rc == 0)
			error_set(&why, ERR_DAMAGED, "opening the record ended this process");
		error_set(&named, why.code, "pack %u record %u: %.200s", f->arrival->place.pack, f->arrival->place.ordinal, why.private_text);
		a->host.damaged(a->host.arg, a, &named);
		digest_opaque(f);
	}
	return 0;
}

/* ---- threads ---- */

/* Messages of one thread name each other and have the same base subject: (message id, base subject) is the key. */
static int64_t thread_hash(struct slice message_id, struct slice base_subject)
{
	struct hash_state state;
	uint8_t hash[HASH_SIZE];

	hash_start(&state, NULL);
	hash_update_field(&state, message_id);
	hash_update_field(&state, base_subject);
	hash_finish(&state, hash);
	return (int64_t)get_u64(hash);
}

static int thread_lookup(struct store_account *a, int64_t hash, uint8_t ret[16], struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_THREAD_GET, err);
	struct slice id;
	int rc = ERR_NOT_FOUND;

	if (s == NULL)
		return ERR_IO;
	sqlite3_bind_int64(s, 1, hash);
	if (sqlite3_step(s) == SQLITE_ROW) {
		id = column_blob(s, 0);
		if (id.n == 16) {
			memcpy(ret, id.p, 16);
			rc = 0;
		}
	}
	account_db_done(s);
	return rc;
}

static int thread_remember(struct store_account *a, int64_t hash, const uint8_t id[16], struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_THREAD_PUT, err);

	if (s == NULL)
		return ERR_IO;
	sqlite3_bind_int64(s, 1, hash);
	bind_blob(s, 2, slice_make(id, 16));
	return account_db_run(&a->db, s, err);
}

static int thread_assign(struct store_account *a, const struct digest *d, uint8_t ret[16], struct error *err)
{
	int64_t hashes[STORE_THREAD_REFS + 1];
	size_t count = 0, refs = d->reference_count;
	bool found = false;
	int rc = 0;

	if (d->message_id.n != 0)
		hashes[count++] = thread_hash(d->message_id, d->base_subject);
	for (size_t i = 0; i < refs; i++) {
		if (i == 0 || i + STORE_THREAD_REFS > refs)
			hashes[count++] = thread_hash(d->references[i], d->base_subject);
		if (count == ARRAY_LEN(hashes))
			break;
	}
	for (size_t i = 0; i < count && !found; i++)
		found = thread_lookup(a, hashes[i], ret, err) == 0;
	if (!found)
		memcpy(ret, d->email_id, 16); /* a thread is named after its first message: a re-read gives the same name */
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = thread_remember(a, hashes[i], ret, err);
	return rc;
}

/* ---- the row ---- */

static int filing_body(struct store_account *a, struct filed *f, struct body_new *body, uint64_t *ret_number, struct error *err)
{
	*body = (struct body_new){.seq = f->arrival->seq, .size = f->size, .kind = f->arrival->kind, .place = f->arrival->place,
	                          .cut = f->parsed.search_text_cut, .prefix = buf_slice(&f->prefix),
	                          .digest = digest_listing(buf_slice(&f->digest))};
	if (f->has_key)
		body->data_key = slice_make(f->data_key, sizeof f->data_key);
	memcpy(body->email_id, f->parsed.email_id, 16);
	if (thread_assign(a, &f->parsed, body->thread_id, err) < 0)
		return ERR_IO;
	return body_insert(a, body, ret_number, err);
}

/* What its rows have in common. */
static int file_begin(struct store_account *a, struct filed *f, struct row_new *row, struct body_new *body, struct error *err)
{
	int rc = filing_body(a, f, body, &row->body, err);

	row->save_date = a->host.now(a->host.arg);
	row->size = f->size + buf_len(&f->prefix);
	row->email_id = slice_make(body->email_id, 16);
	row->thread_id = slice_make(body->thread_id, 16);
	return rc;
}

static struct store_mailbox *by_use(struct store_account *a, uint32_t use)
{
	for (size_t i = 0; use != 0 && i < a->mailbox_count; i++) {
		if (a->mailboxes[i]->live && (a->mailboxes[i]->special & use) != 0)
			return a->mailboxes[i];
	}
	return NULL;
}

/* Does a letter of the thread bear the keyword? What the database cannot say now is not so. */
static bool thread_bears(struct store_account *a, struct slice thread_id, struct slice keyword)
{
	sqlite3_stmt *s;
	unsigned index;
	bool found;

	if (keyword_find(a, keyword, false, &index, NULL) < 0)
		return false;
	s = account_db_statement(&a->db, SQL_THREAD_KEYWORD, NULL);
	if (s == NULL)
		return false;
	bind_blob(s, 1, thread_id);
	bind_u64(s, 2, UINT64_C(1) << index);
	found = sqlite3_step(s) == SQLITE_ROW;
	account_db_done(s);
	return found;
}

/* What comes to a muted conversation passes by the inbox: read, into the archive, where there is one. */
static void quieten(struct store_account *a, const struct filed *f, struct row_new *row)
{
	struct store_mailbox *archive = by_use(a, USE_ARCHIVE);

	if (f->arrival->kind != READER_ARRIVAL || archive == NULL || !slice_eq(row->mailbox->name, SLICE("INBOX"))
	    || !thread_bears(a, row->thread_id, SLICE(STORE_MUTED)))
		return;
	row->mailbox = archive;
	row->flags.system |= FLAG_SEEN;
}

/* *m: where it is wanted, becomes where it is. */
static int file_into(struct store_account *a, struct filed *f, struct store_mailbox **m, struct flag_set flags, int64_t internal_date,
                     uint32_t *ret_uid, struct error *err)
{
	struct body_new body;
	struct row_new row = {.mailbox = *m, .flags = flags, .internal_date = internal_date};
	int rc = file_begin(a, f, &row, &body, err);

	if (rc == 0) {
		quieten(a, f, &row);
		*m = row.mailbox;
		rc = row_insert(a, &row, ret_uid, err);
	}
	/* Where the checks put an arrival is no word of its reader. */
	return rc == 0 && f->arrival->kind == READER_OWN ? learn_placed(a, NULL, *m, body.email_id, row.body, err) : rc;
}

static int known(struct store_account *a, enum account_sql id, uint64_t seq, bool *ret, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, id, err);
	int step;

	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, seq);
	step = sqlite3_step(s);
	*ret = step == SQLITE_ROW;
	account_db_done(s);
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : account_db_error(&a->db, err);
}

static int recovered_mailbox(struct store_account *a, struct store_mailbox **ret, struct error *err)
{
	struct store_mailbox *m = mailbox_by_name(a, SLICE(STORE_RECOVERED));

	if (m != NULL && m->live) {
		*ret = m;
		return 0;
	}
	a->list_changed = true;
	return mailbox_create_in(a, SLICE(STORE_RECOVERED), 0, ret, err);
}

static int target_mailbox(struct store_account *a, const struct filed *f, struct store_mailbox **ret, struct error *err)
{
	struct store_mailbox *m = NULL;

	if (f->arrival->kind == READER_OWN || f->arrival->seq <= a->salvaged) {
		a->recovered++;
		return recovered_mailbox(a, ret, err);
	}
	if (f->note.mailbox.n != 0)
		m = mailbox_by_name(a, f->note.mailbox);
	*ret = m != NULL && m->live ? m : mailbox_by_name(a, SLICE("INBOX"));
	return 0;
}

/* What the reader has taught decides with the points of the checks; the reason stands in front of the message. */
static void sort_out(struct store_account *a, struct filed *f)
{
	struct slice digest = buf_slice(&f->digest), listing = digest_listing(digest);

	if (buf_len(&f->prefix) > 0 && listing.n > 0 && listing.n < digest.n && f->arrival->kind == READER_ARRIVAL && learn_speaks(a))
		learn_file(a, slice_from(digest, listing.n), &f->note.mailbox, &f->prefix);
}

/* Where the owner's script wants it; a place that cannot be is INBOX. Only the disk makes it fail. */
static int wanted_mailbox(struct store_account *a, const struct filing *wanted, struct store_mailbox **ret, struct error *err)
{
	struct store_mailbox *m = by_use(a, mailbox_use(wanted->special_use));
	int rc = 0;

	if (m == NULL)
		m = mailbox_by_name(a, wanted->mailbox.n != 0 ? wanted->mailbox : SLICE("INBOX"));
	if ((m == NULL || !m->live) && wanted->create) {
		rc = mailbox_create_path(a, wanted->mailbox, mailbox_use(wanted->special_use), &m, err);
		a->list_changed = a->list_changed || rc == 0;
		if (rc == ERR_INVALID || rc == ERR_LIMIT || rc == ERR_EXISTS) {
			m = NULL;
			rc = 0;
		}
	}
	*ret = m != NULL && m->live ? m : mailbox_by_name(a, SLICE("INBOX"));
	return rc;
}

static bool has_mailbox(struct store_mailbox *const *done, size_t count, const struct store_mailbox *m)
{
	for (size_t i = 0; i < count; i++) {
		if (done[i] == m)
			return true;
	}
	return false;
}

/* One body, a row in every mailbox that is wanted. */
static int file_wanted(struct store_account *a, struct filed *f, struct error *err)
{
	struct store_mailbox *done[FILINGS_MAX], *m;
	struct slice list = f->note.filings;
	struct row_new row = {.internal_date = f->note.internal_date};
	struct filing wanted;
	struct body_new body;
	size_t count = 0;
	uint32_t uid;
	int rc = file_begin(a, f, &row, &body, err);

	while (rc == 0 && count < FILINGS_MAX && filing_next(&list, &wanted) == 1) {
		rc = wanted_mailbox(a, &wanted, &row.mailbox, err);
		row.flags = flags_parse(a, wanted.flags);
		if (rc == 0)
			quieten(a, f, &row);
		m = row.mailbox;
		if (rc < 0 || has_mailbox(done, count, m))
			continue;
		rc = count > 0 ? body_add_ref(a, row.body, err) : 0;
		if (rc == 0)
			rc = row_insert(a, &row, &uid, err);
		m->changed = true;
		done[count++] = m;
	}
	return rc;
}

static int file_noted(struct store_account *a, struct filed *f, struct error *err)
{
	struct store_mailbox *m;
	uint32_t uid;
	int rc = target_mailbox(a, f, &m, err);

	if (rc == 0)
		rc = file_into(a, f, &m, flags_parse(a, f->note.flags), f->note.internal_date, &uid, err);
	if (rc == 0)
		m->changed = true;
	return rc;
}

static int file_new(struct store_account *a, const struct store_arrival *arrival, struct error *err)
{
	struct filed f;
	int rc;

	filing_init(&f, arrival);
	rc = record_take(a, &f, err);
	if (rc == 0 && f.note.filings.n > 0 && arrival->kind == READER_ARRIVAL && arrival->seq > a->salvaged) {
		rc = file_wanted(a, &f, err);
	} else if (rc == 0) {
		sort_out(a, &f);
		rc = file_noted(a, &f, err);
	}
	filing_free(&f);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* 1: stop before this one. */
static int file_one(struct store_account *a, const struct store_arrival *list, size_t count, size_t at, struct error *err)
{
	const struct store_arrival *arrival = &list[at];
	bool have, gone = false;
	int rc = known(a, SQL_BODY_BY_SEQ, arrival->seq, &have, err);

	if (rc == 0 && !have)
		rc = known(a, SQL_UNREF_HAS, arrival->seq, &gone, err);
	if (rc < 0 || have || gone)
		return rc;
	if (arrival->kind == READER_OWN && a->appends > 0)
		return 1;
	return recall_skips(a, list, count, at) ? 0 : file_new(a, arrival, err);
}

static bool any_order(const struct store_arrival *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].recalls != 0)
			return true;
	}
	return false;
}

static void tell_recalled(struct store_account *a, const struct recall_done *done, size_t count)
{
	for (size_t i = 0; i < count && a->host.recalled != NULL; i++)
		a->host.recalled(a->host.arg, a, done[i].order, done[i].what);
	if (count != 0)
		a->host.unref(a->host.arg, a);
}

static bool anything_changed(const struct store_account *a)
{
	for (size_t i = 0; i < a->mailbox_count; i++) {
		if (a->mailboxes[i]->changed)
			return true;
	}
	return false;
}

static void filing_tell(struct store_account *a)
{
	if (a->recovered != 0 && a->host.recovered != NULL)
		a->host.recovered(a->host.arg, a, a->recovered);
	a->recovered = 0;
	if (a->list_changed)
		tell_list(a);
	if (anything_changed(a) && !a->told_soon) {
		a->told_soon = true;
		a->host.soon(a->host.arg, a);
	}
}

int store_account_file(struct store_account *a, const struct store_arrival *list, size_t count, size_t *ret_taken, struct error *err)
{
	uint64_t cursor = a->cursor;
	struct recall_done *done = NULL;
	size_t taken = 0, orders = 0;
	int rc;

	ENSURE_MAGIC(a, STORE_ACCOUNT_MAGIC);
	*ret_taken = 0;
	if (count == 0)
		return 0;
	if (count > STORE_BATCH_MAX)
		count = STORE_BATCH_MAX;
	rc = txn_begin(a, any_order(list, count), err); /* its writer will be told, and has to be told the truth */
	if (rc < 0)
		return rc;
	done = memory_alloc_array(count, sizeof *done);
	for (; rc == 0 && taken < count; taken += rc == 0) {
		if (list[taken].recalls != 0) {
			done[orders].order = &list[taken];
			rc = recall_apply(a, list, taken, &done[orders].what, err);
			orders += rc == 0;
		} else {
			rc = file_one(a, list, count, taken, err);
		}
		if (rc == 0 && list[taken].seq > cursor)
			cursor = list[taken].seq;
	}
	if (rc < 0) {
		txn_rollback(a);
		goto out;
	}
	a->cursor = cursor;
	FAULT_POINT(filed);
	rc = txn_commit(a, err);
	if (rc < 0)
		goto out;
	*ret_taken = taken;
	filing_tell(a);
	tell_recalled(a, done, orders);
out:
	memory_free(done);
	return rc < 0 ? rc : 0;
}

/* ---- a ledger that was made anew ---- */

#define INCARNATION_SHIFT 48 /* of a seq, docs/spool-db.md */

bool store_account_disagrees(struct store_account *a, uint64_t next)
{
	return a->ledger != next >> INCARNATION_SHIFT && a->appends == 0;
}

/* Known, not for us, or not to be opened now: stays. Else it was filed once (the cursor is behind it) and its row has been expunged. */
static int compare_one(struct store_account *a, const struct store_arrival *arrival, struct error *err)
{
	bool have = false, gone = false;
	struct filed f;
	int rc = known(a, SQL_BODY_BY_SEQ, arrival->seq, &have, err);

	if (rc == 0 && !have)
		rc = known(a, SQL_UNREF_HAS, arrival->seq, &gone, err);
	if (rc < 0 || have || gone || arrival->recalls != 0 || arrival->seq > a->cursor)
		return rc;
	filing_init(&f, arrival);
	if (record_read(a, &f, false, NULL) == 0) {
		sqlite3_stmt *s = account_db_statement(&a->db, SQL_UNREF_PUT, err);

		rc = s == NULL ? ERR_IO : 0;
		if (s != NULL) {
			bind_u64(s, 1, arrival->seq);
			rc = account_db_run(&a->db, s, err);
		}
	}
	filing_free(&f);
	return rc;
}

int store_account_compare(struct store_account *a, const struct store_arrival *list, size_t count, struct error *err)
{
	int rc = txn_begin(a, false, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = compare_one(a, &list[i], err);
	if (rc == 0)
		return txn_commit(a, err);
	txn_rollback(a);
	return rc;
}

int store_account_agrees(struct store_account *a, uint64_t next, struct error *err)
{
	int rc = txn_begin(a, true, err);

	if (rc < 0)
		return rc;
	a->ledger = next >> INCARNATION_SHIFT;
	return txn_commit(a, err);
}

/* ---- APPEND ---- */

void op_append(struct account *base, const struct append_input *inputs, size_t count, append_fn *fn, void *arg)
{
	struct store_account *a = account_of(base);
	struct store_append *append = memory_alloc(sizeof *append);

	append->account = a;
	append->items = memory_alloc_array(count, sizeof *append->items);
	append->count = count;
	append->fn = fn;
	append->fn_arg = arg;
	for (size_t i = 0; i < count; i++) {
		struct store_append_item *item = &append->items[i];

		item->fd = fcntl(inputs[i].fd, F_DUPFD_CLOEXEC, 3);
		item->size = inputs[i].size;
		memcpy(item->mailbox_id, inputs[i].mailbox.id, sizeof item->mailbox_id);
		item->flags = inputs[i].flags;
		item->internal_date = inputs[i].internal_date;
	}
	a->appends++;
	a->host.append(a->host.arg, append);
}

static int append_file(struct store_account *a, struct store_append_item *item, uint32_t *ret_validity, uint32_t *ret_uid, struct error *err)
{
	struct mailbox_ref ref;
	struct store_mailbox *m;
	struct filed f;
	int rc;

	memcpy(ref.id, item->mailbox_id, sizeof ref.id);
	m = mailbox_by_ref(a, &ref, err);
	if (m == NULL)
		return ERR_NOT_FOUND;
	filing_init(&f, &item->arrival);
	rc = record_take(a, &f, err);
	if (rc == 0)
		rc = file_into(a, &f, &m, item->flags, item->internal_date, ret_uid, err);
	*ret_validity = m->uid_validity;
	if (rc == 0)
		m->changed = true;
	filing_free(&f);
	return rc;
}

static enum error_code append_first_error(const struct store_append *append)
{
	for (size_t i = 0; i < append->count; i++) {
		if (append->items[i].code != ERR_NONE)
			return append->items[i].code;
	}
	return ERR_NONE;
}

/* All or nothing: what was accepted of a failed append is given back. */
static void append_give_back(struct store_account *a, struct store_append *append)
{
	struct error err;
	int rc = txn_begin(a, true, &err);

	for (size_t i = 0; rc == 0 && i < append->count; i++) {
		sqlite3_stmt *s = account_db_statement(&a->db, SQL_UNREF_PUT, &err);

		if (append->items[i].code != ERR_NONE || s == NULL)
			continue;
		bind_u64(s, 1, append->items[i].arrival.seq);
		rc = account_db_run(&a->db, s, &err);
	}
	if (rc == 0)
		txn_commit(a, &err);
	else
		txn_rollback(a);
	a->host.unref(a->host.arg, a);
}

struct append_place {
	uint32_t validity, uid;
};

static enum error_code append_commit(struct store_account *a, struct store_append *append, struct append_place *places)
{
	struct error err = {0};
	int rc = txn_begin(a, true, &err);

	if (rc < 0)
		return (enum error_code)rc;
	for (size_t i = 0; rc == 0 && i < append->count; i++)
		rc = append_file(a, &append->items[i], &places[i].validity, &places[i].uid, &err);
	if (rc < 0) {
		txn_rollback(a);
	} else {
		rc = txn_commit(a, &err);
	}
	return (enum error_code)rc;
}

void store_account_appended(struct store_append *append)
{
	struct store_account *a = append->account;
	struct append_place *places = memory_alloc_array(append->count + 1, sizeof *places);
	enum error_code code = append_first_error(append);

	ENSURE_MAGIC(a, STORE_ACCOUNT_MAGIC);
	if (code == ERR_NONE)
		code = append_commit(a, append, places);
	if (code != ERR_NONE)
		append_give_back(a, append);
	for (size_t i = 0; i < append->count; i++)
		append->fn(append->fn_arg, code, places[i].validity, code == ERR_NONE ? places[i].uid : 0);
	a->appends--;
	filing_tell(a);
	learn_tell(a);
	for (size_t i = 0; i < append->count; i++)
		file_close(&append->items[i].fd);
	memory_free(places);
	memory_free(append->items);
	memory_free(append);
}
