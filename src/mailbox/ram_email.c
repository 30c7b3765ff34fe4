/* The RAM twin: what is asked of the whole account. */
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "mailbox/ram_internal.h"

void ram_gone_add(struct ram_account *r, const struct ram_gone *gone)
{
	r->gone = memory_grow(r->gone, (r->gone_count + 1) * sizeof *r->gone);
	r->gone[r->gone_count++] = *gone;
}

void ram_touch(struct ram_account *r, struct ram_mailbox *m)
{
	m->info_modseq = ++r->modseq;
}

void ram_state(struct account *a, struct account_state *ret)
{
	*ret = (struct account_state){.incarnation = ram_find_name(ram_of(a), SLICE("INBOX"))->uid_validity, .modseq = ram_of(a)->modseq};
}

/* ---- rows ---- */

struct ram_row {
	struct mailbox_ref mailbox;
	struct message_row row;
};
struct ram_rows {
	struct ram_row *list;
	size_t count;
};

static int by_age(const void *pa, const void *pb)
{
	const struct ram_row *a = pa, *b = pb;
	int emails = memcmp(a->row.email_id, b->row.email_id, 16);

	if (a->row.internal_date != b->row.internal_date)
		return a->row.internal_date < b->row.internal_date ? -1 : 1;
	return emails != 0 ? emails : memcmp(&a->mailbox, &b->mailbox, sizeof a->mailbox);
}

typedef bool row_filter(const struct message_row *row, const uint8_t *key);

/* A copy, the oldest first: the account may change while it is told. */
static struct ram_rows rows_of(struct ram_account *r, const struct mailbox_ref *in, row_filter *filter, const uint8_t *key)
{
	struct ram_rows rows = {0};

	for (struct ram_mailbox *m = r->mailboxes; m != NULL; m = m->next) {
		if (!m->exists || (in != NULL && memcmp(in, &m->ref, sizeof *in) != 0))
			continue;
		rows.list = memory_grow(rows.list, (rows.count + m->count + 1) * sizeof *rows.list);
		for (size_t i = 0; i < m->count; i++) {
			if (filter(&m->messages[i]->row, key))
				rows.list[rows.count++] = (struct ram_row){m->ref, m->messages[i]->row};
		}
	}
	if (rows.count > 1)
		qsort(rows.list, rows.count, sizeof *rows.list, by_age);
	return rows;
}

static bool of_email(const struct message_row *row, const uint8_t *key)
{
	return memcmp(row->email_id, key, 16) == 0;
}

static bool of_thread(const struct message_row *row, const uint8_t *key)
{
	return memcmp(row->thread_id, key, 16) == 0;
}

static bool visible(const struct message_row *row, const uint8_t *key)
{
	return (row->flags.system & FLAG_DELETED) == 0;
}

static int tell(struct ram_rows *rows, email_fn *fn, void *arg)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < rows->count; i++)
		rc = fn(arg, &rows->list[i].mailbox, &rows->list[i].row);
	memory_free(rows->list);
	return rc;
}

int ram_email(struct account *a, const uint8_t email_id[16], email_fn *fn, void *arg, struct error *err)
{
	struct ram_rows rows = rows_of(ram_of(a), NULL, of_email, email_id);

	return tell(&rows, fn, arg);
}

int ram_thread(struct account *a, const uint8_t thread_id[16], email_fn *fn, void *arg, struct error *err)
{
	struct ram_rows rows = rows_of(ram_of(a), NULL, of_thread, thread_id);

	return tell(&rows, fn, arg);
}

int ram_newest(struct account *a, const struct mailbox_ref *m, email_fn *fn, void *arg, struct error *err)
{
	struct ram_rows rows;
	int rc = 0;

	if (m != NULL && ram_find_id(ram_of(a), m) == NULL)
		return ERR_NOT_FOUND;
	rows = rows_of(ram_of(a), m, visible, NULL);
	for (size_t i = rows.count; rc == 0 && i-- > 0;) {
		struct message_row brief = {.uid = rows.list[i].row.uid, .internal_date = rows.list[i].row.internal_date};

		memcpy(brief.email_id, rows.list[i].row.email_id, 16);
		memcpy(brief.thread_id, rows.list[i].row.thread_id, 16);
		rc = fn(arg, &rows.list[i].mailbox, &brief);
	}
	memory_free(rows.list);
	return rc;
}

/* ---- changes ---- */

static bool remembered(const struct ram_account *r, uint64_t since)
{
	return since >= r->forgotten && since <= r->modseq;
}

static bool email_visible(struct ram_account *r, const uint8_t id[16])
{
	for (struct ram_mailbox *m = r->mailboxes; m != NULL; m = m->next) {
		for (size_t i = 0; m->exists && i < m->count; i++) {
			if (of_email(&m->messages[i]->row, id) && visible(&m->messages[i]->row, NULL))
				return true;
		}
	}
	return false;
}

static void change_tell(struct ram_account *r, uint64_t modseq, uint64_t created, const uint8_t id[16], const uint8_t thread_id[16],
                        email_change_fn *fn, void *arg)
{
	struct email_change change = {.modseq = modseq, .created = created, .visible = email_visible(r, id)};

	memcpy(change.email_id, id, 16);
	memcpy(change.thread_id, thread_id, 16);
	fn(arg, &change);
}

int ram_email_changes(struct account *a, uint64_t since, email_change_fn *fn, void *arg, struct error *err)
{
	struct ram_account *r = ram_of(a);

	if (!remembered(r, since))
		return ERR_NOT_FOUND;
	for (struct ram_mailbox *m = r->mailboxes; m != NULL; m = m->next) {
		for (size_t i = 0; m->exists && i < m->count; i++) {
			const struct ram_message *x = m->messages[i];

			if (x->row.modseq > since)
				change_tell(r, x->row.modseq, x->created, x->row.email_id, x->row.thread_id, fn, arg);
		}
	}
	for (size_t i = 0; i < r->gone_count; i++) {
		const struct ram_gone *g = &r->gone[i];

		if (!g->mailbox && g->modseq > since)
			change_tell(r, g->modseq, g->created, g->id, g->thread_id, fn, arg);
	}
	return 0;
}

static void mailbox_tell(const struct ram_mailbox *m, enum mailbox_change_kind kind, uint64_t modseq, mailbox_change_fn *fn, void *arg)
{
	struct mailbox_change change = {.kind = kind, .modseq = modseq};

	memcpy(change.id, m->ref.id, 16);
	fn(arg, &change);
}

/* Whether a thread with an email in `m` has changed. */
static bool thread_changed(struct ram_account *r, const struct ram_mailbox *m, uint64_t since)
{
	for (struct ram_mailbox *other = r->mailboxes; other != NULL; other = other->next) {
		for (size_t i = 0; other->exists && i < other->count; i++) {
			for (size_t k = 0; other->messages[i]->row.modseq > since && k < m->count; k++) {
				if (of_thread(&m->messages[k]->row, other->messages[i]->row.thread_id))
					return true;
			}
		}
	}
	for (size_t i = 0; i < r->gone_count; i++) {
		for (size_t k = 0; r->gone[i].modseq > since && !r->gone[i].mailbox && k < m->count; k++) {
			if (of_thread(&m->messages[k]->row, r->gone[i].thread_id))
				return true;
		}
	}
	return false;
}

int ram_mailbox_changes(struct account *a, uint64_t since, mailbox_change_fn *fn, void *arg, struct error *err)
{
	struct ram_account *r = ram_of(a);
	struct mailbox_change change = {.kind = MAILBOX_GONE};

	if (!remembered(r, since))
		return ERR_NOT_FOUND;
	for (struct ram_mailbox *m = r->mailboxes; m != NULL; m = m->next) {
		if (!m->exists)
			continue;
		if (m->created > since || m->info_modseq > since)
			mailbox_tell(m, m->created > since ? MAILBOX_CREATED : MAILBOX_CHANGED, m->info_modseq, fn, arg);
		if (m->modseq > since || thread_changed(r, m, since))
			mailbox_tell(m, MAILBOX_COUNTED, r->modseq, fn, arg);
	}
	for (size_t i = 0; i < r->gone_count; i++) {
		if (!r->gone[i].mailbox || r->gone[i].modseq <= since || r->gone[i].created > since)
			continue;
		change.modseq = r->gone[i].modseq;
		memcpy(change.id, r->gone[i].id, 16);
		fn(arg, &change);
	}
	return 0;
}

/* ---- counts, by the definition ---- */

static bool unread(const struct message_row *row)
{
	return (row->flags.system & (FLAG_SEEN | FLAG_DELETED | FLAG_DRAFT)) == 0;
}

static bool thread_unread(struct ram_account *r, const uint8_t thread[16], bool trash)
{
	for (struct ram_mailbox *m = r->mailboxes; m != NULL; m = m->next) {
		for (size_t i = 0; m->exists && ((m->special_use & USE_TRASH) != 0) == trash && i < m->count; i++) {
			if (of_thread(&m->messages[i]->row, thread) && unread(&m->messages[i]->row))
				return true;
		}
	}
	return false;
}

static bool first_of_thread(const struct ram_mailbox *m, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (visible(&m->messages[i]->row, NULL) && of_thread(&m->messages[i]->row, m->messages[index]->row.thread_id))
			return false;
	}
	return true;
}

/* Has the email no earlier row here; no earlier unread one? */
static bool first_of_email(const struct ram_mailbox *m, size_t index, bool only_unread)
{
	for (size_t i = 0; i < index; i++) {
		const struct message_row *row = &m->messages[i]->row;

		if (visible(row, NULL) && memcmp(row->email_id, m->messages[index]->row.email_id, 16) == 0 && (!only_unread || unread(row)))
			return false;
	}
	return true;
}

int ram_counts(struct account *a, const struct mailbox_ref *ref, struct mailbox_counts *ret, struct error *err)
{
	struct ram_mailbox *m = ram_find_id(ram_of(a), ref);

	*ret = (struct mailbox_counts){0};
	if (m == NULL)
		return ERR_NOT_FOUND;
	for (size_t i = 0; i < m->count; i++) {
		const struct message_row *row = &m->messages[i]->row;

		if (!visible(row, NULL))
			continue;
		ret->emails += first_of_email(m, i, false);
		ret->unread_emails += unread(row) && first_of_email(m, i, true);
		if (!first_of_thread(m, i))
			continue;
		ret->threads++;
		ret->unread_threads += thread_unread(ram_of(a), row->thread_id, (m->special_use & USE_TRASH) != 0);
	}
	return 0;
}

int ram_arrange(struct account *a, const struct mailbox_ref *ref, uint32_t special_use, uint32_t sort_order, struct error *err)
{
	struct ram_mailbox *m = ram_find_id(ram_of(a), ref);

	if (m == NULL)
		return ERR_NOT_FOUND;
	if (m->special_use == special_use && m->sort_order == sort_order)
		return 0;
	m->special_use = special_use;
	m->sort_order = sort_order;
	ram_touch(ram_of(a), m);
	ram_notice(ram_of(a), NULL);
	return 0;
}
