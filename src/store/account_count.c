/* How many emails and threads are in each mailbox, and unread: counted once, then they follow what changes, and are kept while the account is closed. */
#include <string.h>
#include "base/memory.h"
#include "store/account_internal.h"

/* ---- counting ---- */

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
		m = mailbox_of_row(a, m, (int64_t)column_u64(s, 0));
		if (m == NULL)
			continue;
		m->counted.unread_emails++;
		column_id(s, 1, id);
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
		column_id(s, 0, id);
		if (memcmp(id, last, sizeof id) != 0)
			walk_end(&walk, u, last);
		memcpy(last, id, sizeof id);
		m = mailbox_of_row(a, m, (int64_t)column_u64(s, 1));
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

		column_id(s, 2, row.email);
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

/* ---- counts that outlive the open account: a note that holds for one modseq, written when it is closed in order ---- */

#define KEPT SLICE("store.counts")

bool counts_due(const struct store_account *a)
{
	return a->counted && a->counts_kept != a->modseq;
}

int counts_keep(struct store_account *a, struct error *err)
{
	struct buf note = BUF_INIT(SIZE_MAX);
	int rc;

	count_later(a);
	if (!a->counted)
		return 0;
	buf_put_u64(&note, a->modseq);
	for (size_t i = 0; i < a->mailbox_count; i++) {
		const struct store_mailbox *m = a->mailboxes[i];

		buf_put_u64(&note, (uint64_t)m->number);
		buf_put_u32(&note, m->counted.unread_emails);
		buf_put_u32(&note, m->counted.threads);
		buf_put_u32(&note, m->counted.unread_threads);
		buf_put_u32(&note, m->repeated);
	}
	rc = note_put(a, KEPT, buf_slice(&note), err);
	if (rc == 0)
		a->counts_kept = a->modseq;
	buf_free(&note);
	return rc;
}

static bool kept_one(struct store_account *a, struct slice *note)
{
	struct mailbox_counts counted = {0};
	struct store_mailbox *m;
	uint64_t number;
	uint32_t repeated;

	if (!slice_get_u64(note, &number) || !slice_get_u32(note, &counted.unread_emails) || !slice_get_u32(note, &counted.threads)
	    || !slice_get_u32(note, &counted.unread_threads) || !slice_get_u32(note, &repeated))
		return false;
	m = mailbox_by_number(a, (int64_t)number);
	if (m == NULL)
		return false;
	m->counted = counted;
	m->repeated = repeated;
	return true;
}

int counts_load(struct store_account *a, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct slice note;
	uint64_t modseq;
	size_t count = 0;
	int rc = a->clean ? note_get(a, KEPT, &arena, &note, err) : ERR_NOT_FOUND;

	if (rc == 0 && slice_get_u64(&note, &modseq) && modseq == a->modseq) {
		while (note.n > 0 && kept_one(a, &note))
			count++;
		a->counted = note.n == 0 && count == a->mailbox_count;
		a->counts_kept = a->counted ? modseq : 0;
	}
	arena_free(&arena);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}
