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

/* Neighbours are mostly of one mailbox: the one found last is tried first. */
static struct store_mailbox *row_mailbox(struct store_account *a, struct store_mailbox *last, int64_t number)
{
	return last != NULL && last->number == number ? last : mailbox_by_number(a, number);
}

static void load_id(sqlite3_stmt *s, int column, uint8_t ret[16])
{
	struct slice id = column_blob(s, column);

	if (id.n == 16)
		memcpy(ret, id.p, 16);
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
	load_id(s, 2, row->email_id);
	load_id(s, 3, row->thread_id);
}

static int rows_tell(struct store_account *a, sqlite3_stmt *s, void (*load)(sqlite3_stmt *s, struct message_row *row), email_fn *fn, void *arg,
                     struct error *err)
{
	struct store_mailbox *m = NULL;
	struct mailbox_ref ref;
	struct message_row row;
	int step = SQLITE_DONE, rc = 0;

	while (rc == 0 && (step = sqlite3_step(s)) == SQLITE_ROW) {
		m = row_mailbox(a, m, (int64_t)column_u64(s, sqlite3_column_count(s) - 1));
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
		load_id(s, 2, change.email_id);
		load_id(s, 3, change.thread_id);
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
		load_id(s, 2, change.id);
		if (column_u64(s, 1) <= since) /* else it came and went meanwhile */
			fn(arg, &change);
	}
	if (step != SQLITE_DONE)
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	return rc;
}

/* ---- counts ---- */

/* The mailboxes of one thread while the rows are walked through; twice the same is counted once. */
struct thread_walk {
	struct store_mailbox **in;
	size_t count, capacity;
};

static void walk_add(struct thread_walk *w, struct store_mailbox *m)
{
	for (size_t i = 0; i < w->count; i++) {
		if (w->in[i] == m)
			return;
	}
	if (w->count == w->capacity) {
		w->capacity = w->capacity == 0 ? 16 : w->capacity * 2;
		w->in = memory_grow(w->in, w->capacity * sizeof *w->in);
	}
	w->in[w->count++] = m;
}

/* Threads with an unread email: outside of the trash, in it. Open addressing; the thread ids are random enough to be their own hash. */
struct unread_set {
	struct unread_thread { uint8_t id[16]; bool used, outside, trash; } *slots;
	size_t mask, count;
};

static struct unread_thread *unread_slot(const struct unread_set *u, const uint8_t id[16])
{
	uint64_t hash;
	size_t at;

	memcpy(&hash, id + 8, sizeof hash);
	for (at = (hash ^ (hash >> 29)) & u->mask; u->slots[at].used && memcmp(u->slots[at].id, id, 16) != 0;)
		at = (at + 1) & u->mask;
	return &u->slots[at];
}

static void unread_grow(struct unread_set *u)
{
	struct unread_set wider = {.mask = u->slots == NULL ? 255 : u->mask * 2 + 1, .count = u->count};

	wider.slots = memory_alloc_array(wider.mask + 1, sizeof *wider.slots);
	for (size_t i = 0; u->slots != NULL && i <= u->mask; i++) {
		if (u->slots[i].used)
			*unread_slot(&wider, u->slots[i].id) = u->slots[i];
	}
	memory_free(u->slots);
	*u = wider;
}

static void unread_add(struct unread_set *u, const uint8_t id[16], bool trash)
{
	struct unread_thread *t;

	if (u->slots == NULL || u->count * 2 > u->mask)
		unread_grow(u);
	t = unread_slot(u, id);
	u->count += !t->used;
	t->used = true;
	memcpy(t->id, id, 16);
	t->trash = t->trash || trash;
	t->outside = t->outside || !trash;
}

static int count_unread(struct store_account *a, struct unread_set *u, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_COUNT_UNREAD, err);
	struct store_mailbox *m = NULL;
	uint8_t id[16] = {0};
	int step, rc = 0;

	if (s == NULL)
		return ERR_IO;
	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
		m = row_mailbox(a, m, (int64_t)column_u64(s, 0));
		if (m == NULL)
			continue;
		m->counted.unread_emails++;
		load_id(s, 1, id);
		unread_add(u, id, (m->special & USE_TRASH) != 0);
	}
	if (step != SQLITE_DONE)
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	return rc;
}

static void walk_end(struct thread_walk *w, const struct unread_set *u, const uint8_t id[16])
{
	const struct unread_thread *t = u->slots == NULL ? NULL : unread_slot(u, id);

	for (size_t i = 0; i < w->count; i++) {
		struct store_mailbox *m = w->in[i];

		m->counted.threads++;
		if (t != NULL && t->used && ((m->special & USE_TRASH) != 0 ? t->trash : t->outside))
			m->counted.unread_threads++;
	}
	w->count = 0;
}

static bool any_deleted(const struct store_account *a)
{
	for (size_t i = 0; i < a->mailbox_count; i++) {
		if (a->mailboxes[i]->deleted > 0)
			return true;
	}
	return false;
}

static int count_threads(struct store_account *a, const struct unread_set *u, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, any_deleted(a) ? SQL_COUNT_VISIBLE : SQL_COUNT_THREADS, err);
	struct thread_walk walk = {0};
	struct store_mailbox *m = NULL;
	uint8_t last[16] = {0}, id[16] = {0};
	int step, rc = 0;

	if (s == NULL)
		return ERR_IO;
	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
		load_id(s, 0, id);
		if (memcmp(id, last, sizeof id) != 0)
			walk_end(&walk, u, last);
		memcpy(last, id, sizeof id);
		m = row_mailbox(a, m, (int64_t)column_u64(s, 1));
		if (m != NULL)
			walk_add(&walk, m);
	}
	walk_end(&walk, u, last);
	if (step != SQLITE_DONE)
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	memory_free(walk.in);
	return rc;
}

static int count_repeated_one(struct store_account *a, struct store_mailbox *m, struct slice email, uint32_t rows, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_COUNT_REPEATED_UNREAD, err);
	uint32_t unread = 0;
	int rc = 0;

	if (s == NULL)
		return ERR_IO;
	bind_blob(s, 1, email);
	bind_u64(s, 2, (uint64_t)m->number);
	if (sqlite3_step(s) == SQLITE_ROW)
		unread = (uint32_t)column_u64(s, 0);
	else
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	m->repeated += rows - 1;
	m->counted.unread_emails -= unread > 1 ? unread - 1 : 0;
	return rc;
}

/* A body is one email: when there are as many rows as bodies, each email has one row. */
static bool any_repeated(const struct store_account *a)
{
	uint64_t rows = 0;

	for (size_t i = 0; i < a->mailbox_count; i++)
		rows += a->mailboxes[i]->messages;
	return rows != a->bodies;
}

/* An email that was copied within a mailbox is one email there (RFC 8621 2). */
static int count_repeated(struct store_account *a, struct error *err)
{
	sqlite3_stmt *s = any_repeated(a) ? account_db_statement(&a->db, SQL_COUNT_REPEATED, err) : NULL;
	int step = SQLITE_DONE, rc = 0;

	if (s == NULL)
		return any_repeated(a) ? ERR_IO : 0;
	while (rc == 0 && (step = sqlite3_step(s)) == SQLITE_ROW) {
		struct store_mailbox *m = mailbox_by_number(a, (int64_t)column_u64(s, 0));

		if (m != NULL)
			rc = count_repeated_one(a, m, column_blob(s, 1), (uint32_t)column_u64(s, 2), err);
	}
	if (rc == 0 && step != SQLITE_DONE)
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	return rc;
}

/* All mailboxes at once: one walk through two indexes, whatever their number. */
static int count_all(struct store_account *a, struct error *err)
{
	struct unread_set unread = {0};
	int rc;

	for (size_t i = 0; i < a->mailbox_count; i++) {
		a->mailboxes[i]->counted = (struct mailbox_counts){0};
		a->mailboxes[i]->repeated = 0;
	}
	rc = count_unread(a, &unread, err);
	if (rc == 0)
		rc = count_threads(a, &unread, err);
	if (rc == 0)
		rc = count_repeated(a, err);
	memory_free(unread.slots);
	a->counted = rc == 0;
	return rc;
}

/* ---- counts that follow: a thread that is about to change leaves them, and comes back when they are asked for ---- */

#define COUNT_LATER_MAX 1000 /* threads; beyond them all is counted anew */
#define ROWS_MAX 1000        /* of one such thread */

void counts_forget(struct store_account *a)
{
	a->counted = false;
	a->recount_count = 0;
	MEMORY_FREE(&a->recount);
}

struct part_rows {
	struct part_row { struct store_mailbox *mailbox; uint32_t flags; uint8_t email[16]; } list[ROWS_MAX];
	size_t count;
};

static int thread_rows(struct store_account *a, struct slice thread_id, struct part_rows *ret)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_COUNT_THREAD, NULL);
	int step = SQLITE_DONE;

	ret->count = 0;
	if (s == NULL)
		return ERR_IO;
	bind_blob(s, 1, thread_id);
	while (ret->count < ROWS_MAX && (step = sqlite3_step(s)) == SQLITE_ROW) {
		struct part_row row = {.mailbox = mailbox_by_number(a, (int64_t)column_u64(s, 0)), .flags = (uint32_t)column_u64(s, 1)};

		load_id(s, 2, row.email);
		if (row.mailbox != NULL)
			ret->list[ret->count++] = row;
	}
	account_db_done(s);
	return step == SQLITE_DONE ? 0 : ERR_LIMIT;
}

static bool is_unread(const struct part_row *row)
{
	return (row->flags & (FLAG_SEEN | FLAG_DRAFT | FLAG_DELETED)) == 0;
}

/* Is the email of list[at] in its mailbox by a row before it, by one that is unread too? */
static bool is_repeated(const struct part_rows *rows, size_t at, bool *ret_unread)
{
	bool repeated = false;

	*ret_unread = false;
	for (size_t i = 0; i < at; i++) {
		if (rows->list[i].mailbox != rows->list[at].mailbox || memcmp(rows->list[i].email, rows->list[at].email, 16) != 0)
			continue;
		repeated = true;
		*ret_unread |= is_unread(&rows->list[i]);
	}
	return repeated;
}

/* Adds a thread to the counts, or takes it out. Negative: it cannot be said, or is too long. */
static int thread_count(struct store_account *a, struct slice thread_id, uint32_t sign)
{
	struct part_rows rows;
	struct thread_walk walk = {0};
	bool outside = false, trash = false, known;
	int rc = thread_rows(a, thread_id, &rows);

	for (size_t i = 0; rc == 0 && i < rows.count; i++) {
		walk_add(&walk, rows.list[i].mailbox);
		if (is_repeated(&rows, i, &known))
			rows.list[i].mailbox->repeated += sign;
		if (!is_unread(&rows.list[i]))
			continue;
		rows.list[i].mailbox->counted.unread_emails += known ? 0 : sign;
		if ((rows.list[i].mailbox->special & USE_TRASH) != 0)
			trash = true;
		else
			outside = true;
	}
	for (size_t i = 0; i < walk.count; i++) {
		walk.in[i]->counted.threads += sign;
		if ((walk.in[i]->special & USE_TRASH) != 0 ? trash : outside)
			walk.in[i]->counted.unread_threads += sign;
	}
	memory_free(walk.in);
	return rc;
}

void counts_touch(struct store_account *a, struct slice thread_id)
{
	if (!a->counted || thread_id.n != 16)
		return;
	for (size_t i = a->recount_count; i-- > 0;) {
		if (memcmp(a->recount[i], thread_id.p, 16) == 0)
			return;
	}
	if (a->recount_count == COUNT_LATER_MAX || thread_count(a, thread_id, UINT32_MAX) < 0) {
		counts_forget(a);
		return;
	}
	if (a->recount == NULL)
		a->recount = memory_alloc_array(COUNT_LATER_MAX, 16);
	memcpy(a->recount[a->recount_count++], thread_id.p, 16);
}

static void count_later(struct store_account *a)
{
	for (size_t i = 0; a->counted && i < a->recount_count; i++)
		a->counted = thread_count(a, slice_make(a->recount[i], 16), 1) == 0;
	a->recount_count = 0;
	MEMORY_FREE(&a->recount);
}

int op_counts(struct account *base, const struct mailbox_ref *ref, struct mailbox_counts *ret, struct error *err)
{
	struct store_account *a = account_of(base);
	struct store_mailbox *m = mailbox_by_ref(a, ref, err);
	int rc = m == NULL ? ERR_NOT_FOUND : 0;

	if (rc == 0)
		count_later(a);
	if (rc == 0 && !a->counted)
		rc = count_all(a, err);
	if (rc < 0)
		return rc;
	*ret = m->counted;
	ret->emails = m->messages - m->deleted - m->repeated;
	return 0;
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
