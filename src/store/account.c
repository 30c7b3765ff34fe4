#include "store/account_learn.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "sys/fault.h"
#include "sys/file.h"

#define PATH_SIZE 512

struct store_account *account_of(struct account *base)
{
	struct store_account *a = (struct store_account *)base;

	ENSURE_MAGIC(a, STORE_ACCOUNT_MAGIC);
	account_wake(a);
	return a;
}

/* ---- transactions ---- */

int txn_begin(struct store_account *a, bool durable, struct error *err)
{
	int rc;

	account_wake(a);
	if (a->stale)
		return error_set(err, ERR_TEMPORARY, "%s: what a rollback left could not be read yet", a->directory);
	near_forget(a);
	if (a->batch.open && a->batch.undone)
		return error_set(err, ERR_TEMPORARY, "%s: what it belongs to was undone", a->directory);
	if (a->batch.open && a->db.in_transaction) {
		a->must_sync |= durable;
		return 0;
	}
	rc = account_db_begin(&a->db, durable || a->clean, err);

	if (rc < 0)
		return rc;
	a->txn_modseq = 0;
	a->must_sync = false;
	a->clean = false;
	return 0;
}

static int state_save(struct store_account *a, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_STATE_SET, err);

	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, a->cursor);
	bind_u64(s, 2, a->modseq);
	bind_u64(s, 3, a->modseq_mark);
	bind_u64(s, 4, a->uid_validity);
	bind_u64(s, 5, a->clean);
	bind_u64(s, 6, a->used);
	bind_u64(s, 7, a->bodies);
	bind_u64(s, 8, a->ledger);
	bind_u64(s, 9, a->gone_floor);
	return account_db_run(&a->db, s, err);
}

static int counts_save(struct store_account *a, struct store_mailbox *m, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_MAILBOX_COUNTS, err);

	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, (uint64_t)m->number);
	bind_u64(s, 2, m->uid_next);
	bind_u64(s, 3, m->uid_mark);
	bind_u64(s, 4, m->modseq);
	bind_u64(s, 5, m->messages);
	bind_u64(s, 6, m->unseen);
	bind_u64(s, 7, m->deleted);
	bind_u64(s, 8, m->size);
	bind_u64(s, 9, m->deleted_size);
	bind_u64(s, 10, m->vanished_floor);
	return account_db_run(&a->db, s, err);
}

static int save_all(struct store_account *a, struct error *err)
{
	int rc = state_save(a, err);

	for (size_t i = 0; rc == 0 && i < a->mailbox_count; i++) {
		if (a->mailboxes[i]->dirty)
			rc = counts_save(a, a->mailboxes[i], err);
	}
	return rc;
}

/* A mark was raised in a transaction that was not forced to the disk: force it before anybody sees a number above the old mark. */
static int marks_sync(struct store_account *a, struct error *err)
{
	int rc = account_db_begin(&a->db, true, err);

	if (rc == 0)
		rc = state_save(a, err);
	if (rc == 0)
		rc = account_db_commit(&a->db, err);
	return rc;
}

int txn_commit(struct store_account *a, struct error *err)
{
	bool durable = a->db.full;
	int rc = a->batch.open ? 0 : save_all(a, err);

	if (a->batch.open)
		return 0;
	if (rc == 0)
		rc = account_db_commit(&a->db, err);
	if (rc == 0) {
		FAULT_POINT(account_committed);
		for (size_t i = 0; i < a->mailbox_count; i++)
			a->mailboxes[i]->dirty = false;
		if (a->must_sync && !durable)
			rc = marks_sync(a, err);
	}
	if (rc < 0)
		txn_rollback(a);
	return rc;
}

uint64_t txn_modseq(struct store_account *a)
{
	if (a->txn_modseq == 0) {
		a->txn_modseq = ++a->modseq;
		if (a->modseq >= a->modseq_mark) {
			a->modseq_mark = a->modseq + STORE_MARK_STEP;
			a->must_sync = true;
		}
	}
	return a->txn_modseq;
}

uint32_t txn_uid(struct store_account *a, struct store_mailbox *m)
{
	uint32_t uid = m->uid_next++;

	if (m->uid_next > m->uid_mark) {
		m->uid_mark = m->uid_next + STORE_MARK_STEP;
		a->must_sync = true;
	}
	m->dirty = true;
	return uid;
}

uint32_t txn_uid_validity(struct store_account *a)
{
	return ++a->uid_validity;
}

/* ---- what was read from the database ---- */

static int state_load(struct store_account *a, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_STATE_GET, err);
	int rc = 0;

	if (s == NULL)
		return ERR_IO;
	if (sqlite3_step(s) != SQLITE_ROW) {
		rc = account_db_error(&a->db, err);
	} else {
		a->cursor = column_u64(s, 0);
		a->modseq = column_u64(s, 1);
		a->modseq_mark = column_u64(s, 2);
		a->uid_validity = (uint32_t)column_u64(s, 3);
		a->clean = column_u64(s, 4);
		a->indexed = column_u64(s, 5);
		a->used = column_u64(s, 6);
		a->bodies = column_u64(s, 7);
		a->salvaged = column_u64(s, 8);
		a->ledger = column_u64(s, 9);
		a->gone_floor = column_u64(s, 10);
	}
	account_db_done(s);
	return rc;
}

static int load_all(struct store_account *a, struct error *err)
{
	int rc = state_load(a, err);

	a->gone = UINT64_MAX;
	counts_forget(a);
	if (rc == 0)
		rc = mailbox_load_all(a, err);
	if (rc == 0)
		rc = keyword_load_all(a, err);
	if (rc == 0)
		rc = damaged_load(a, err);
	if (rc == 0)
		rc = counts_load(a, err);
	return rc;
}

/* After an unclean stop numbers may have been shown that the database has lost: go on at the marks. */
static void marks_apply(struct store_account *a)
{
	if (a->clean)
		return;
	a->modseq = a->modseq_mark;
	for (size_t i = 0; i < a->mailbox_count; i++) {
		struct store_mailbox *m = a->mailboxes[i];

		m->uid_next = m->uid_mark;
		m->dirty = true;
	}
}

/* When that fails nothing may be written until it succeeds: without its mailboxes the account would seem to be empty. */
static void reload(struct store_account *a)
{
	struct error err = {0};

	a->stale = load_all(a, &err) < 0;
	if (a->stale)
		a->host.damaged(a->host.arg, a, &err);
	else
		marks_apply(a);
}

void txn_rollback(struct store_account *a)
{
	a->batch.undone = a->batch.open;
	account_db_rollback(&a->db);
	body_close(a);
	reload(a);
}

/* ---- opening ---- */

static void danger_open(struct store_account *a)
{
	char path[PATH_SIZE];
	uint8_t mark[9] = {0};

	snprintf(path, sizeof path, "%s/opening", a->directory);
	a->danger_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (a->danger_fd >= 0 && pread(a->danger_fd, mark, sizeof mark, 0) == (ssize_t)sizeof mark) {
		memcpy(&a->danger_seq, mark, 8);
		a->danger_tries = mark[8];
	}
}

int account_set_aside(struct store_account *a, const char *path, const char *word, struct error *err)
{
	char aside[PATH_SIZE + 64], wal[PATH_SIZE + 64];

	snprintf(aside, sizeof aside, "%s.%" PRId64 ".%s", path, a->host.now(a->host.arg), word);
	if (rename(path, aside) < 0)
		return error_errno(err, "%s cannot be set aside", path);
	snprintf(wal, sizeof wal, "%s-wal", path);
	snprintf(aside, sizeof aside, "%s.%" PRId64 ".%s-wal", path, a->host.now(a->host.arg), word);
	(void)rename(wal, aside);
	return 0;
}

/* Damage is remembered on the disk: the process may end before the account is opened again. */
static void on_damage(void *arg)
{
	struct store_account *a = arg;
	char path[PATH_SIZE + 64];
	int fd;

	if (a->damaged)
		return;
	a->damaged = true;
	account_marker_path(a, path, sizeof path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	file_close(&fd);
	if (a->host.broken != NULL)
		a->host.broken(a->host.arg, a);
}

static void database_watch(struct store_account *a)
{
	a->db.on_damage = on_damage;
	a->db.on_damage_arg = a;
}

static bool marked_damaged(const struct store_account *a)
{
	char path[PATH_SIZE + 64];

	account_marker_path(a, path, sizeof path);
	return access(path, F_OK) == 0;
}

/* Opens with the first key that fits; ERR_DAMAGED when none does. */
static int database_unlock(struct store_account *a, const struct store_account_config *config, const char *path, struct error *err)
{
	int rc = error_set(err, ERR_INVALID, "account without keys");

	for (size_t i = 0; i < config->database_key_count; i++) {
		rc = account_db_open(&a->db, path, config->database_keys[i], err);
		a->key_index = config->database_key_count - 1 - i;
		if (rc != ERR_DAMAGED)
			break;
	}
	return rc;
}

static int database_mend(struct store_account *a, const struct store_account_config *config, const char *path, struct error *err)
{
	const uint8_t *key = config->database_keys[config->database_key_count - 1 - a->key_index];
	struct store_salvage found;
	int rc;

	account_db_close(&a->db);
	rc = account_salvage(a, path, key, config->database_keys[0], &found, err);
	if (rc < 0)
		return rc;
	a->key_index = config->database_key_count - 1;
	if (a->host.salvaged != NULL)
		a->host.salvaged(a->host.arg, a, &found);
	rc = account_db_open(&a->db, path, config->database_keys[0], err);
	return rc < 0 ? rc : load_all(a, err);
}

/* All rows are read when the file is of an older schema: that takes a second for 100,000 of them. */
static int indexes_make(struct store_account *a, struct error *err)
{
	int rc;

	account_db_progress(&a->db, a->host.alive, a->host.arg);
	rc = account_db_index(&a->db, err);
	account_db_progress(&a->db, NULL, NULL);
	return rc;
}

static int database_open(struct store_account *a, const struct store_account_config *config, bool *ret_aside, struct error *err)
{
	char path[PATH_SIZE];
	int rc;

	snprintf(path, sizeof path, "%s/account.db", a->directory);
	account_salvage_adopt(a, path);
	rc = database_unlock(a, config, path, err);
	if (rc == 0) {
		rc = marked_damaged(a) ? ERR_DAMAGED : load_all(a, err);
		if (rc == 0)
			rc = indexes_make(a, err);
		return rc == ERR_DAMAGED ? database_mend(a, config, path, err) : rc;
	}
	if (rc != ERR_DAMAGED)
		return rc;
	a->host.damaged(a->host.arg, a, err);
	rc = account_set_aside(a, path, "aside", err);
	*ret_aside = true;
	a->key_index = config->database_key_count - 1;
	if (rc == 0)
		rc = account_db_open(&a->db, path, config->database_keys[0], err);
	return rc < 0 ? rc : load_all(a, err);
}

static int quota_op(struct account *base, uint64_t *ret_used, uint64_t *ret_limit, uint64_t *ret_count, struct error *err)
{
	struct store_account *a = account_of(base);

	*ret_used = a->used;
	*ret_limit = a->quota;
	*ret_count = a->bodies;
	return 0;
}

static void catch_up_op(struct account *base, void (*done)(void *arg), void *arg)
{
	struct store_account *a = account_of(base);

	a->host.catch_up(a->host.arg, a, done, arg);
}

static void listen_op(struct account *base, struct account_listener *listener)
{
	struct store_account *a = account_of(base);

	listener->prev = NULL;
	listener->next = a->listeners;
	if (a->listeners != NULL)
		a->listeners->prev = listener;
	a->listeners = listener;
}

static void unlisten_op(struct account *base, struct account_listener *listener)
{
	struct store_account *a = account_of(base);

	if (listener->prev != NULL)
		listener->prev->next = listener->next;
	else if (a->listeners == listener)
		a->listeners = listener->next;
	else
		return;
	if (listener->next != NULL)
		listener->next->prev = listener->prev;
	if (a->next_told == listener)
		a->next_told = listener->next;
	listener->prev = listener->next = NULL;
}

static const struct account_ops STORE_OPS = {
	.list = op_list, .create = op_create, .remove = op_remove, .rename = op_rename, .subscribe = op_subscribe, .find = op_find,
	.status = op_status, .quota = quota_op, .keyword = op_keyword, .keyword_name = op_keyword_name, .note = op_note, .set_note = op_set_note, .messages = op_messages, .flags = op_flags,
	.vanished = op_vanished, .digest = op_digest, .messages_with_digest = op_messages_with_digest, .read = op_read, .check = op_check, .store = op_store,
	.begin = op_begin, .commit = op_commit, .expunge = op_expunge, .copy = op_copy, .append = op_append, .search = op_search, .state = op_state, .email = op_email,
	.thread = op_thread, .newest = op_newest, .email_changes = op_email_changes, .mailbox_changes = op_mailbox_changes, .counts = op_counts,
	.arrange = op_arrange, .bin = op_bin, .restore = op_restore, .shred = op_shred, .catch_up = catch_up_op, .listen = listen_op,
	.unlisten = unlisten_op,
};

static int account_first(struct store_account *a, struct error *err)
{
	int rc;

	if (a->uid_validity < (uint32_t)a->host.now(a->host.arg))
		a->uid_validity = (uint32_t)a->host.now(a->host.arg);
	rc = txn_begin(a, true, err);
	if (rc < 0)
		return rc;
	rc = mailbox_defaults(a, err);
	if (rc < 0) {
		txn_rollback(a);
		return rc;
	}
	return txn_commit(a, err);
}

int store_account_open(const struct store_account_config *config, struct store_account **ret, bool *ret_aside, struct error *err)
{
	struct store_account *a = memory_alloc(sizeof *a);
	bool aside = false;
	int rc;

	a->base.ops = &STORE_OPS;
	a->magic = STORE_ACCOUNT_MAGIC;
	memcpy(a->id, config->id, sizeof a->id);
	a->directory = memory_dup_str(slice_str(config->directory));
	a->quota = config->quota;
	a->host = config->host;
	a->packs = config->packs;
	store_account_set_keys(a, config->keys, config->key_count);
	a->danger_fd = -1;
	a->memory = STORE_MEMORY_USED;
	a->near.prefix = BUF_INIT(SIZE_MAX);
	rc = file_make_dir(a->directory, 0700, err);
	if (rc == 0)
		rc = database_open(a, config, &aside, err);
	database_watch(a);
	if (rc == 0)
		marks_apply(a);
	if (rc == 0 && (a->mailbox_count == 0 || mailbox_by_name(a, SLICE("INBOX")) == NULL))
		rc = account_first(a, err);
	if (rc < 0) {
		store_account_close(&a);
		return rc;
	}
	danger_open(a);
	learn_open(a);
	if (ret_aside != NULL)
		*ret_aside = aside;
	*ret = a;
	return 0;
}

/* The clean mark is the last thing written: whoever finds it may trust the numbers. */
static void account_seal_off(struct store_account *a)
{
	bool was = a->clean;
	struct error err;

	if (a->db.sqlite == NULL || a->stale || (a->clean && !counts_due(a)) || account_db_begin(&a->db, true, &err) < 0)
		return;
	a->clean = true;
	if (counts_keep(a, &err) == 0 && save_all(a, &err) == 0 && account_db_commit(&a->db, &err) == 0)
		return;
	account_db_rollback(&a->db);
	a->clean = was;
	a->counts_kept = 0;
}

/* 2000 is SQLite's own default. */
static const int CACHE_KIB[] = {[STORE_MEMORY_IDLE] = 64, [STORE_MEMORY_USED] = 2000, [STORE_MEMORY_WARM] = 12288};

void account_wake(struct store_account *a)
{
	char path[PATH_SIZE];
	struct error err = {0};
	uint8_t key[32];
	int rc;

	if (a->stale && !a->damaged && !a->db.in_transaction)
		reload(a);
	if (!a->parked)
		return;
	snprintf(path, sizeof path, "%s/account.db", a->directory);
	rc = a->host.database_key(a->host.arg, a, a->key_index, key);
	if (rc == 0)
		rc = account_db_open(&a->db, path, key, &err);
	secret_wipe(key, sizeof key);
	database_watch(a);
	if (rc == 0) {
		a->parked = false;
		account_db_cache(&a->db, CACHE_KIB[a->memory]);
		return;
	}
	a->host.damaged(a->host.arg, a, &err);
	if (rc == ERR_DAMAGED)
		on_damage(a);
}

void store_account_park(struct store_account *a)
{
	ENSURE_MAGIC(a, STORE_ACCOUNT_MAGIC);
	if (a->parked || a->stale || a->appends != 0)
		return;
	body_close(a);
	account_seal_off(a);
	if (!a->clean)
		return; /* the mark could not be written: try again later */
	account_db_close(&a->db);
	text_rest(a);
	learn_rest(a);
	near_forget(a);
	a->parked = true;
}

void store_account_memory(struct store_account *a, enum store_memory memory)
{
	ENSURE_MAGIC(a, STORE_ACCOUNT_MAGIC);
	a->memory = memory;
	account_db_cache(&a->db, CACHE_KIB[memory]);
	if (memory == STORE_MEMORY_IDLE) {
		text_rest(a);
		learn_rest(a);
	}
}

bool store_account_broken(const struct store_account *a)
{
	return a->damaged;
}

bool store_account_parked(const struct store_account *a)
{
	return a->parked;
}

void store_account_close(struct store_account **ap)
{
	struct store_account *a = *ap;

	if (a == NULL)
		return;
	ENSURE_MAGIC(a, STORE_ACCOUNT_MAGIC);
	ENSURE(a->appends == 0 && !a->batch.open);
	body_close(a);
	learn_rest(a);
	near_forget(a);
	buf_free(&a->near.prefix);
	account_seal_off(a);
	account_db_close(&a->db);
	mailbox_free_all(a);
	keyword_free_all(a);
	file_close(&a->danger_fd);
	text_rest(a);
	counts_forget(a);
	memory_free(a->keys);
	memory_free(a->directory);
	memory_free(a);
	*ap = NULL;
}

struct account *store_account_mailboxes(struct store_account *a)
{
	ENSURE_MAGIC(a, STORE_ACCOUNT_MAGIC);
	return &a->base;
}

const uint8_t *store_account_id(const struct store_account *a)
{
	return a->id;
}

void store_account_set_keys(struct store_account *a, const struct seal_reader_key *keys, size_t count)
{
	a->keys = memory_grow(a->keys, (count + 1) * sizeof *a->keys);
	memcpy(a->keys, keys, count * sizeof *a->keys);
	a->key_count = count;
}

void store_account_set_quota(struct store_account *a, uint64_t quota)
{
	a->quota = quota;
}

bool store_account_busy(const struct store_account *a)
{
	return a->listeners != NULL || a->appends != 0 || a->told_soon;
}

uint64_t store_account_cursor(const struct store_account *a)
{
	return a->cursor;
}

/* ---- telling ---- */

static void tell_soon(struct store_account *a)
{
	if (a->told_soon)
		return;
	a->told_soon = true;
	a->host.soon(a->host.arg, a);
}

void tell_mailbox(struct store_account *a, struct store_mailbox *m)
{
	m->changed = true;
	tell_soon(a);
}

void tell_list(struct store_account *a)
{
	a->list_changed = true;
	a->host.profile(a->host.arg, a);
	tell_soon(a);
}

void tell_note(struct store_account *a)
{
	a->list_changed = true;
	tell_soon(a);
}

void store_account_changed(struct store_account *a)
{
	ENSURE_MAGIC(a, STORE_ACCOUNT_MAGIC);
	tell_note(a);
}

static void tell_everybody(struct store_account *a, const struct mailbox_ref *ref)
{
	for (struct account_listener *l = a->listeners; l != NULL; l = a->next_told) {
		a->next_told = l->next;
		l->changed(l, ref);
	}
	a->next_told = NULL;
}

void store_account_tell(struct store_account *a)
{
	struct mailbox_ref ref;

	ENSURE_MAGIC(a, STORE_ACCOUNT_MAGIC);
	a->told_soon = false;
	if (a->list_changed) {
		a->list_changed = false;
		tell_everybody(a, NULL);
	}
	for (size_t i = 0; i < a->mailbox_count; i++) {
		if (!a->mailboxes[i]->changed)
			continue;
		a->mailboxes[i]->changed = false;
		memcpy(ref.id, a->mailboxes[i]->id, sizeof ref.id);
		tell_everybody(a, &ref);
	}
}

/* ---- giving back ---- */

size_t store_account_unrefs(struct store_account *a, bool now, uint64_t *seqs, size_t max)
{
	sqlite3_stmt *s;
	size_t n = 0;

	account_wake(a);
	s = account_db_statement(&a->db, SQL_UNREF_LIST, NULL);
	if (s == NULL)
		return 0;
	bind_u64(s, 1, max);
	bind_u64(s, 2, now);
	while (n < max && sqlite3_step(s) == SQLITE_ROW)
		seqs[n++] = column_u64(s, 0);
	account_db_done(s);
	return n;
}

int store_account_unrefs_done(struct store_account *a, bool now, const uint64_t *seqs, size_t count, struct error *err)
{
	int rc = txn_begin(a, false, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < count; i++) {
		sqlite3_stmt *s = account_db_statement(&a->db, SQL_UNREF_DELETE, err);

		if (s == NULL) {
			rc = ERR_IO;
			break;
		}
		bind_u64(s, 1, seqs[i]);
		bind_u64(s, 2, now);
		rc = account_db_run(&a->db, s, err);
	}
	if (rc < 0) {
		txn_rollback(a);
		return rc;
	}
	return txn_commit(a, err);
}
