#include "store/account_internal.h"

#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/utf8.h"
#include "crypt/crypt.h"

static const struct { struct slice name; uint32_t special; } DEFAULTS[] = {
	{SLICE_INIT("INBOX"), 0}, {SLICE_INIT("Archive"), USE_ARCHIVE}, {SLICE_INIT("Drafts"), USE_DRAFTS}, {SLICE_INIT("Junk"), USE_JUNK},
	{SLICE_INIT("Sent"), USE_SENT}, {SLICE_INIT("Trash"), USE_TRASH},
};

static bool is_inbox(struct slice name)
{
	return slice_eq_nocase(name, SLICE("INBOX"));
}

static int by_name(const void *pa, const void *pb)
{
	const struct store_mailbox *a = *(struct store_mailbox *const *)pa, *b = *(struct store_mailbox *const *)pb;

	if (is_inbox(a->name) != is_inbox(b->name))
		return is_inbox(a->name) ? -1 : 1;
	return slice_cmp(a->name, b->name);
}

static void mailboxes_sort(struct store_account *a)
{
	if (a->mailbox_count > 1)
		qsort(a->mailboxes, a->mailbox_count, sizeof(struct store_mailbox *), by_name);
}

static void mailbox_free(struct store_mailbox *m)
{
	memory_free((void *)(uintptr_t)m->name.p);
	memory_free(m);
}

void mailbox_free_all(struct store_account *a)
{
	for (size_t i = 0; i < a->mailbox_count; i++)
		mailbox_free(a->mailboxes[i]);
	MEMORY_FREE(&a->mailboxes);
	a->mailbox_count = 0;
}

static void mailbox_add(struct store_account *a, struct store_mailbox *m)
{
	a->mailboxes = memory_grow(a->mailboxes, (a->mailbox_count + 1) * sizeof(struct store_mailbox *));
	a->mailboxes[a->mailbox_count++] = m;
}

static void name_set(struct store_mailbox *m, struct slice name)
{
	char *copy = memory_dup_str(name);

	memory_free((void *)(uintptr_t)m->name.p);
	m->name = slice_make(copy, name.n);
}

static struct store_mailbox *mailbox_from_row(sqlite3_stmt *s)
{
	struct store_mailbox *m = memory_alloc(sizeof *m);
	struct slice id = column_blob(s, 1);

	m->number = (int64_t)column_u64(s, 0);
	if (id.n == sizeof m->id)
		memcpy(m->id, id.p, sizeof m->id);
	name_set(m, column_blob(s, 2));
	m->uid_validity = (uint32_t)column_u64(s, 3);
	m->uid_next = (uint32_t)column_u64(s, 4);
	m->uid_mark = (uint32_t)column_u64(s, 5);
	m->special = (uint32_t)column_u64(s, 6);
	m->subscribed = column_u64(s, 7);
	m->live = column_u64(s, 8);
	m->modseq = column_u64(s, 9);
	m->messages = (uint32_t)column_u64(s, 10);
	m->unseen = (uint32_t)column_u64(s, 11);
	m->deleted = (uint32_t)column_u64(s, 12);
	m->size = column_u64(s, 13);
	m->deleted_size = column_u64(s, 14);
	m->vanished_floor = column_u64(s, 15);
	m->created = column_u64(s, 16);
	m->info_modseq = column_u64(s, 17);
	m->sort_order = (uint32_t)column_u64(s, 18);
	return m;
}

int mailbox_load_all(struct store_account *a, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_MAILBOX_ALL, err);
	int step, rc = 0;

	if (s == NULL)
		return ERR_IO;
	mailbox_free_all(a);
	while ((step = sqlite3_step(s)) == SQLITE_ROW)
		mailbox_add(a, mailbox_from_row(s));
	if (step != SQLITE_DONE)
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	mailboxes_sort(a);
	return rc;
}

int mailbox_save(struct store_account *a, const struct store_mailbox *m, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_MAILBOX_PUT, err);

	if (s == NULL)
		return ERR_IO;
	if (m->number != 0)
		bind_u64(s, 1, (uint64_t)m->number);
	bind_blob(s, 2, slice_make(m->id, sizeof m->id));
	bind_text(s, 3, m->name);
	bind_u64(s, 4, m->uid_validity);
	bind_u64(s, 5, m->uid_next);
	bind_u64(s, 6, m->uid_mark);
	bind_u64(s, 7, m->special);
	bind_u64(s, 8, m->subscribed);
	bind_u64(s, 9, m->live);
	bind_u64(s, 10, m->modseq);
	bind_u64(s, 11, m->messages);
	bind_u64(s, 12, m->unseen);
	bind_u64(s, 13, m->deleted);
	bind_u64(s, 14, m->size);
	bind_u64(s, 15, m->deleted_size);
	bind_u64(s, 16, m->vanished_floor);
	bind_u64(s, 17, m->created);
	bind_u64(s, 18, m->info_modseq);
	bind_u64(s, 19, m->sort_order);
	return account_db_run(&a->db, s, err);
}

struct store_mailbox *mailbox_by_name(struct store_account *a, struct slice name)
{
	for (size_t i = 0; i < a->mailbox_count; i++) {
		struct store_mailbox *m = a->mailboxes[i];

		if (slice_eq(m->name, name) || (is_inbox(name) && is_inbox(m->name)))
			return m;
	}
	return NULL;
}

struct store_mailbox *mailbox_by_ref(struct store_account *a, const struct mailbox_ref *ref, struct error *err)
{
	for (size_t i = 0; i < a->mailbox_count; i++) {
		if (a->mailboxes[i]->live && memcmp(a->mailboxes[i]->id, ref->id, sizeof ref->id) == 0)
			return a->mailboxes[i];
	}
	error_set(err, ERR_NOT_FOUND, "no such mailbox");
	return NULL;
}

struct store_mailbox *mailbox_by_number(struct store_account *a, int64_t number)
{
	for (size_t i = 0; i < a->mailbox_count; i++) {
		if (a->mailboxes[i]->number == number)
			return a->mailboxes[i];
	}
	return NULL;
}

void mailbox_touch(struct store_account *a, struct store_mailbox *m)
{
	m->info_modseq = txn_modseq(a);
}

static struct store_mailbox *live_by_name(struct store_account *a, struct slice name)
{
	struct store_mailbox *m = mailbox_by_name(a, name);

	return m != NULL && m->live ? m : NULL;
}

/* RFC 9051 5.1 leaves names to us: UTF-8 without controls, '/' between levels, no empty level. */
static int name_check(struct slice name, struct error *err)
{
	size_t depth = 1;
	bool bad = name.n == 0 || name.n > MAILBOX_NAME_MAX || !utf8_valid(name) || name.p[0] == '/' || name.p[name.n - 1] == '/';

	for (size_t i = 0; !bad && i < name.n; i++) {
		bad = name.p[i] < 0x20 || name.p[i] == 0x7f || (name.p[i] == '/' && name.p[i + 1] == '/');
		depth += name.p[i] == '/';
	}
	if (bad)
		return error_set(err, ERR_INVALID, "not a mailbox name");
	return depth > MAILBOX_DEPTH_MAX ? error_set(err, ERR_LIMIT, "more than %d levels", MAILBOX_DEPTH_MAX) : 0;
}

static bool is_below(struct slice name, struct slice parent)
{
	return name.n > parent.n && slice_starts(name, parent) && name.p[parent.n] == '/';
}

int mailbox_create_in(struct store_account *a, struct slice name, uint32_t special, struct store_mailbox **ret, struct error *err)
{
	struct store_mailbox *m = mailbox_by_name(a, name);
	bool fresh = m == NULL;
	int rc;

	if (fresh) {
		if (a->mailbox_count >= MAILBOX_COUNT_MAX)
			return error_set(err, ERR_LIMIT, "more than %d mailboxes", MAILBOX_COUNT_MAX);
		m = memory_alloc(sizeof *m);
		name_set(m, name);
		mailbox_add(a, m);
		mailboxes_sort(a);
	}
	random_bytes(m->id, sizeof m->id);
	m->live = true;
	m->special = special;
	m->uid_validity = txn_uid_validity(a);
	m->uid_next = 1;
	m->uid_mark = STORE_MARK_STEP + 1;
	m->modseq = m->vanished_floor = m->created = m->info_modseq = txn_modseq(a);
	m->sort_order = 0;
	m->messages = m->unseen = m->deleted = 0;
	m->counted = (struct mailbox_counts){0};
	m->size = m->deleted_size = 0;
	rc = mailbox_save(a, m, err);
	if (rc == 0 && fresh)
		m->number = sqlite3_last_insert_rowid(a->db.sqlite);
	*ret = m;
	return rc;
}

int mailbox_defaults(struct store_account *a, struct error *err)
{
	struct store_mailbox *m;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(DEFAULTS); i++) {
		if (mailbox_by_name(a, DEFAULTS[i].name) != NULL)
			continue;
		rc = mailbox_create_in(a, DEFAULTS[i].name, DEFAULTS[i].special, &m, err);
		if (rc < 0)
			break;
		m->subscribed = true;
		rc = mailbox_save(a, m, err);
	}
	return rc;
}

/* ---- the operations ---- */

static void info_from(const struct store_mailbox *m, struct arena *arena, struct mailbox_info *info)
{
	memcpy(info->id, m->id, sizeof info->id);
	info->name = arena_dup(arena, m->name);
	info->uid_validity = m->uid_validity;
	info->special_use = m->special;
	info->subscribed = m->subscribed;
	info->exists = m->live;
	info->sort_order = m->sort_order;
}

static int info_by_name(const void *pa, const void *pb)
{
	const struct mailbox_info *a = pa, *b = pb;

	if (is_inbox(a->name) != is_inbox(b->name))
		return is_inbox(a->name) ? -1 : 1;
	return slice_cmp(a->name, b->name);
}

static bool info_has(const struct mailbox_info *list, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_eq(list[i].name, name))
			return true;
	}
	return false;
}

/* Levels above a mailbox that are none themselves are listed as not existing. */
static size_t missing_parents(struct store_account *a, struct arena *arena, struct mailbox_info *list, size_t count, size_t room)
{
	for (size_t i = 0; i < a->mailbox_count; i++) {
		struct slice name = a->mailboxes[i]->name;

		for (ptrdiff_t at; a->mailboxes[i]->live && (at = slice_rfind(name, '/')) > 0;) {
			name = slice_sub(name, 0, (size_t)at);
			if (mailbox_by_name(a, name) != NULL || info_has(list, count, name) || count == room)
				continue;
			list[count++] = (struct mailbox_info){.name = arena_dup(arena, name)};
		}
	}
	return count;
}

int op_list(struct account *base, struct arena *arena, struct mailbox_info **ret, size_t *ret_count, struct error *err)
{
	struct store_account *a = account_of(base);
	size_t room = a->mailbox_count * 2 + MAILBOX_DEPTH_MAX, count = 0;
	struct mailbox_info *list = arena_alloc_array(arena, room, sizeof *list);

	for (size_t i = 0; i < a->mailbox_count; i++)
		info_from(a->mailboxes[i], arena, &list[count++]);
	count = missing_parents(a, arena, list, count, room);
	qsort(list, count, sizeof *list, info_by_name);
	*ret = list;
	*ret_count = count;
	return 0;
}

static int create_path(struct store_account *a, struct slice name, uint32_t special, struct store_mailbox **ret, struct error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < name.n; i++) {
		if (name.p[i] == '/' && live_by_name(a, slice_sub(name, 0, i)) == NULL)
			rc = mailbox_create_in(a, slice_sub(name, 0, i), 0, ret, err);
	}
	return rc < 0 ? rc : mailbox_create_in(a, name, special, ret, err);
}

int mailbox_create_path(struct store_account *a, struct slice name, uint32_t special, struct store_mailbox **ret, struct error *err)
{
	int rc = name_check(name, err);

	return rc < 0 ? rc : create_path(a, name, special, ret, err);
}

int op_create(struct account *base, struct slice name, uint32_t special_use, struct mailbox_ref *ret, struct error *err)
{
	struct store_account *a = account_of(base);
	struct store_mailbox *m;
	int rc = name_check(name, err);

	if (rc < 0)
		return rc;
	if (live_by_name(a, name) != NULL)
		return error_set(err, ERR_EXISTS, "mailbox exists");
	rc = txn_begin(a, true, err);
	if (rc < 0)
		return rc;
	rc = create_path(a, name, special_use, &m, err);
	if (rc < 0) {
		txn_rollback(a);
		return rc;
	}
	rc = txn_commit(a, err);
	if (rc == 0) {
		memcpy(ret->id, m->id, sizeof ret->id);
		tell_list(a);
	}
	return rc;
}

static int mailbox_delete_row(struct store_account *a, struct store_mailbox *m, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_MAILBOX_DELETE, err);

	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, (uint64_t)m->number);
	return account_db_run(&a->db, s, err);
}

static void mailbox_forget(struct store_account *a, struct store_mailbox *m)
{
	for (size_t i = 0; i < a->mailbox_count; i++) {
		if (a->mailboxes[i] != m)
			continue;
		memmove(a->mailboxes + i, a->mailboxes + i + 1, (a->mailbox_count - i - 1) * sizeof(struct store_mailbox *));
		a->mailbox_count--;
		mailbox_free(m);
		return;
	}
}

/* A subscription outlives its mailbox (RFC 9051 6.3.7). */
static int remove_in(struct store_account *a, struct store_mailbox *m, struct error *err)
{
	int rc = expunge_all_in(a, m, err);

	if (rc == 0)
		rc = gone_mailbox(a, m, err);
	if (rc < 0)
		return rc;
	if (!m->subscribed) {
		rc = mailbox_delete_row(a, m, err);
		if (rc == 0)
			mailbox_forget(a, m);
		return rc;
	}
	m->live = false;
	m->special = 0;
	return mailbox_save(a, m, err);
}

int op_remove(struct account *base, struct slice name, struct error *err)
{
	struct store_account *a = account_of(base);
	struct store_mailbox *m = live_by_name(a, name);
	int rc;

	if (m == NULL)
		return error_set(err, ERR_NOT_FOUND, "no such mailbox");
	if (is_inbox(name))
		return error_set(err, ERR_DENIED, "INBOX stays");
	rc = txn_begin(a, true, err);
	if (rc < 0)
		return rc;
	rc = remove_in(a, m, err);
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

static int rename_one(struct store_account *a, struct store_mailbox *m, struct slice from, struct slice to, struct error *err)
{
	struct buf name = BUF_INIT(MAILBOX_NAME_MAX);
	struct store_mailbox *shadow;
	int rc = 0;

	buf_append(&name, to);
	buf_append(&name, slice_from(m->name, from.n));
	if (name.failed) {
		rc = error_set(err, ERR_LIMIT, "the new name is too long");
		goto out;
	}
	shadow = mailbox_by_name(a, buf_slice(&name));
	if (shadow != NULL && shadow->live) {
		rc = error_set(err, ERR_EXISTS, "mailbox exists");
		goto out;
	}
	if (shadow != NULL) { /* only a subscription: the mailbox takes it over */
		m->subscribed = true;
		rc = mailbox_delete_row(a, shadow, err);
		mailbox_forget(a, shadow);
	}
	name_set(m, buf_slice(&name));
	mailbox_touch(a, m);
	if (rc == 0)
		rc = mailbox_save(a, m, err);
out:
	buf_free(&name);
	return rc;
}

static int rename_tree(struct store_account *a, struct slice from, struct slice to, struct error *err)
{
	struct store_mailbox **all = memory_alloc_array(a->mailbox_count + 1, sizeof *all);
	size_t count = 0;
	int rc = 0;

	for (size_t i = 0; i < a->mailbox_count; i++) {
		struct store_mailbox *m = a->mailboxes[i];

		if (m->live && (slice_eq(m->name, from) || is_below(m->name, from)))
			all[count++] = m;
	}
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = rename_one(a, all[i], from, to, err);
	mailboxes_sort(a);
	memory_free(all);
	return rc;
}

/* RFC 9051 6.3.6: the messages of INBOX move to a new mailbox. */
static int rename_inbox(struct store_account *a, struct slice to, struct error *err)
{
	struct mailbox_ref target, inbox;
	struct uid_set all = {0};
	struct copy_result copied;
	struct arena arena = ARENA_INIT;
	int rc = op_create(&a->base, to, 0, &target, err);

	if (rc < 0)
		return rc;
	memcpy(inbox.id, mailbox_by_name(a, SLICE("INBOX"))->id, sizeof inbox.id);
	uid_set_add_range(&all, 1, UINT32_MAX);
	rc = op_copy(&a->base, &inbox, &all, &target, true, &arena, &copied, err);
	uid_set_free(&all);
	arena_free(&arena);
	return rc;
}

int op_rename(struct account *base, struct slice from, struct slice to, struct error *err)
{
	struct store_account *a = account_of(base);
	struct store_mailbox *m = live_by_name(a, from), *parent;
	struct buf old = BUF_INIT(MAILBOX_NAME_MAX);
	ptrdiff_t at;
	int rc = name_check(to, err);

	if (rc < 0)
		return rc;
	if (m == NULL)
		return error_set(err, ERR_NOT_FOUND, "no such mailbox");
	if (live_by_name(a, to) != NULL)
		return error_set(err, ERR_EXISTS, "mailbox exists");
	if (is_inbox(from))
		return rename_inbox(a, to, err);
	if (is_below(to, from))
		return error_set(err, ERR_INVALID, "a mailbox cannot move below itself");
	buf_append(&old, from);
	rc = txn_begin(a, true, err);
	if (rc < 0)
		goto out;
	at = slice_rfind(to, '/');
	if (at > 0 && live_by_name(a, slice_sub(to, 0, (size_t)at)) == NULL)
		rc = create_path(a, slice_sub(to, 0, (size_t)at), 0, &parent, err);
	if (rc == 0)
		rc = rename_tree(a, buf_slice(&old), to, err);
	if (rc < 0) {
		txn_rollback(a);
		goto out;
	}
	rc = txn_commit(a, err);
	if (rc == 0)
		tell_list(a);
out:
	buf_free(&old);
	return rc;
}

static int subscribe_in(struct store_account *a, struct slice name, bool on, struct error *err)
{
	struct store_mailbox *m = mailbox_by_name(a, name);
	int rc;

	if (m == NULL) { /* a name may be subscribed before it exists */
		rc = mailbox_create_in(a, name, 0, &m, err);
		if (rc < 0)
			return rc;
		m->live = false;
	}
	m->subscribed = on;
	mailbox_touch(a, m);
	if (on || m->live)
		return mailbox_save(a, m, err);
	rc = mailbox_delete_row(a, m, err);
	if (rc == 0)
		mailbox_forget(a, m);
	return rc;
}

int op_subscribe(struct account *base, struct slice name, bool on, struct error *err)
{
	struct store_account *a = account_of(base);
	struct store_mailbox *m = mailbox_by_name(a, name);
	int rc = name_check(name, err);

	if (rc < 0)
		return rc;
	if (m == NULL && !on)
		return error_set(err, ERR_NOT_FOUND, "not subscribed");
	if (m != NULL && m->subscribed == on)
		return 0;
	rc = txn_begin(a, false, err);
	if (rc < 0)
		return rc;
	rc = subscribe_in(a, name, on, err);
	if (rc < 0) {
		txn_rollback(a);
		return rc;
	}
	rc = txn_commit(a, err);
	if (rc == 0)
		tell_list(a);
	return rc;
}

int op_find(struct account *base, struct slice name, struct mailbox_ref *ret, struct error *err)
{
	struct store_mailbox *m = live_by_name(account_of(base), name);

	if (m == NULL)
		return error_set(err, ERR_NOT_FOUND, "no such mailbox");
	memcpy(ret->id, m->id, sizeof ret->id);
	return 0;
}

int op_status(struct account *base, const struct mailbox_ref *ref, struct mailbox_status *ret, struct error *err)
{
	struct store_mailbox *m = mailbox_by_ref(account_of(base), ref, err);

	if (m == NULL)
		return ERR_NOT_FOUND;
	*ret = (struct mailbox_status){.messages = m->messages, .unseen = m->unseen, .deleted = m->deleted, .uid_next = m->uid_next,
	                               .uid_validity = m->uid_validity, .highest_modseq = m->modseq, .size = m->size,
	                               .deleted_size = m->deleted_size};
	memcpy(ret->id, m->id, sizeof ret->id);
	return 0;
}

static const struct { uint32_t bit; struct slice attribute; } uses[] = {
	{USE_ALL, SLICE_INIT("\\All")}, {USE_ARCHIVE, SLICE_INIT("\\Archive")}, {USE_DRAFTS, SLICE_INIT("\\Drafts")},
	{USE_FLAGGED, SLICE_INIT("\\Flagged")}, {USE_JUNK, SLICE_INIT("\\Junk")}, {USE_SENT, SLICE_INIT("\\Sent")},
	{USE_TRASH, SLICE_INIT("\\Trash")}, {USE_IMPORTANT, SLICE_INIT("\\Important")},
};

uint32_t mailbox_use(struct slice attribute)
{
	for (size_t i = 0; i < ARRAY_LEN(uses); i++) {
		if (slice_eq_nocase(attribute, uses[i].attribute))
			return uses[i].bit;
	}
	return 0;
}

/* "\Junk \Archive" */
static void uses_print(uint32_t bits, struct buf *out)
{
	const char *before = "";

	for (size_t i = 0; i < ARRAY_LEN(uses); i++) {
		if ((bits & uses[i].bit) == 0)
			continue;
		buf_append_str(out, before);
		buf_append(out, uses[i].attribute);
		before = " ";
	}
}

void store_account_profile(struct store_account *a, struct buf *out)
{
	for (size_t i = 0; i < a->mailbox_count; i++) {
		if (!a->mailboxes[i]->live)
			continue;
		buf_append(out, a->mailboxes[i]->name);
		buf_append_byte(out, 0);
		uses_print(a->mailboxes[i]->special, out);
		buf_append_byte(out, 0);
	}
}
