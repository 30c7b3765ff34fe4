#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "imap/session_internal.h"

static void view_push(struct imap_view *v, uint32_t uid)
{
	if (v->count == v->capacity) {
		v->capacity = v->capacity == 0 ? 64 : v->capacity + v->capacity / 2;
		v->uids = memory_grow(v->uids, v->capacity * sizeof *v->uids);
	}
	v->uids[v->count++] = uid;
}

struct opening {
	struct imap_view *view;
	uint32_t first_unseen;
};

static int open_row(void *arg, const struct message_row *row)
{
	struct opening *o = arg;

	view_push(o->view, row->uid);
	if (o->first_unseen == 0 && (row->flags.system & FLAG_SEEN) == 0)
		o->first_unseen = o->view->count;
	return 0;
}

int imap_view_open(struct imap_session *s, const struct mailbox_ref *m, bool read_only, const struct mailbox_status *status,
                   uint32_t *ret_first_unseen, struct error *err)
{
	struct opening o = {.view = &s->view};

	imap_view_close(s);
	s->view.mailbox = *m;
	s->view.read_only = read_only;
	s->view.uid_validity = status->uid_validity;
	s->view.known_modseq = s->view.expunged_modseq = status->highest_modseq;
	s->view.capacity = status->messages + 16; /* about right: a parked session keeps this array */
	s->view.uids = memory_alloc_array(s->view.capacity, sizeof *s->view.uids);
	int rc = s->account->ops->flags(s->account, m, 1, UINT32_MAX, open_row, &o, err);
	if (rc < 0) {
		imap_view_close(s);
		return rc;
	}
	s->view.open = true;
	*ret_first_unseen = o.first_unseen;
	return 0;
}

void imap_view_close(struct imap_session *s)
{
	memory_free(s->view.uids);
	uid_set_free(&s->view.saved);
	s->view = (struct imap_view){0};
}

/* Index of the first UID >= uid. */
static uint32_t lower_bound(const struct imap_view *v, uint32_t uid)
{
	uint32_t low = 0, high = v->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (v->uids[middle] < uid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t imap_view_sequence(const struct imap_view *v, uint32_t uid)
{
	uint32_t at = lower_bound(v, uid);

	return at < v->count && v->uids[at] == uid ? at + 1 : 0;
}

void imap_view_all(const struct imap_view *v, struct uid_set *ret)
{
	for (uint32_t i = 0; i < v->count; i++)
		uid_set_add(ret, v->uids[i]);
}

static int compare_ranges(const void *a, const void *b)
{
	const struct imap_range *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

/* Puts numbers for "*", orders the ends of each range, sorts: the set can then be added in linear time. */
static void order_ranges(const struct imap_set *set, uint32_t star)
{
	for (size_t i = 0; i < set->count; i++) {
		struct imap_range *r = &set->ranges[i];
		uint32_t a = r->first == 0 ? star : r->first, b = r->last == 0 ? star : r->last;
		*r = (struct imap_range){a < b ? a : b, a < b ? b : a};
	}
	qsort(set->ranges, set->count, sizeof *set->ranges, compare_ranges);
}

static void resolve_saved(const struct imap_view *v, struct uid_set *ret)
{
	for (uint32_t i = 0; i < v->count; i++) {
		if (uid_set_has(&v->saved, v->uids[i]))
			uid_set_add(ret, v->uids[i]);
	}
}

static void resolve_uids(const struct imap_view *v, const struct uid_set *wanted, struct uid_set *ret)
{
	for (size_t i = 0; i < wanted->count; i++) {
		uint32_t at = lower_bound(v, wanted->ranges[i].first);
		for (; at < v->count && v->uids[at] <= wanted->ranges[i].last; at++)
			uid_set_add(ret, v->uids[at]);
	}
}

static bool resolve_sequence(const struct imap_view *v, const struct uid_set *wanted, struct uid_set *ret)
{
	for (size_t i = 0; i < wanted->count; i++) {
		if (wanted->ranges[i].last > v->count)
			return false;
		for (uint32_t seq = wanted->ranges[i].first; seq <= wanted->ranges[i].last; seq++)
			uid_set_add(ret, v->uids[seq - 1]);
	}
	return true;
}

/* "*" in an empty mailbox is nothing, without complaint. */
static bool only_star(const struct imap_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->ranges[i].first != 0 && set->ranges[i].last != 0)
			return false;
	}
	return true;
}

bool imap_view_resolve(const struct imap_view *v, const struct imap_set *set, bool uid, struct uid_set *ret)
{
	struct uid_set wanted = {0};
	bool good = true;

	if (set->saved) {
		resolve_saved(v, ret);
		return true;
	}
	if (v->count == 0)
		return uid || only_star(set);
	order_ranges(set, uid ? v->uids[v->count - 1] : v->count);
	for (size_t i = 0; i < set->count; i++)
		uid_set_add_range(&wanted, set->ranges[i].first, set->ranges[i].last);
	if (uid)
		resolve_uids(v, &wanted, ret);
	else
		good = resolve_sequence(v, &wanted, ret);
	uid_set_free(&wanted);
	return good;
}

int imap_rows(struct imap_session *s, const struct uid_set *uids, message_fn *fn, void *arg, struct error *err)
{
	for (size_t i = 0; i < uids->count; i++) {
		int rc = s->account->ops->messages(s->account, &s->view.mailbox, uids->ranges[i].first, uids->ranges[i].last, 0, fn, arg, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int imap_rows_flags(struct imap_session *s, const struct uid_set *uids, message_fn *fn, void *arg, struct error *err)
{
	for (size_t i = 0; i < uids->count; i++) {
		int rc = s->account->ops->flags(s->account, &s->view.mailbox, uids->ranges[i].first, uids->ranges[i].last, fn, arg, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

void imap_view_remove(struct imap_session *s, const struct uid_set *gone, bool tell)
{
	struct imap_view *v = &s->view;
	struct uid_set told = {0};
	uint32_t kept = 0;
	bool vanished = (s->enabled & ENABLED_QRESYNC) != 0;

	for (uint32_t i = 0; i < v->count; i++) {
		if (!uid_set_has(gone, v->uids[i])) {
			v->uids[kept++] = v->uids[i];
			continue;
		}
		if (vanished)
			uid_set_add(&told, v->uids[i]);
		else if (tell)
			buf_printf(s->out, "* %u EXPUNGE\r\n", kept + 1);
	}
	v->count = kept;
	if (tell && told.count > 0) {
		buf_append_str(s->out, "* VANISHED ");
		uid_set_print(&told, s->out);
		buf_append_str(s->out, "\r\n");
	}
	uid_set_free(&told);
}

static int collect_row(void *arg, const struct message_row *row)
{
	uid_set_add(arg, row->uid);
	return 0;
}

/* The store has forgotten what vanished: what is there tells it. */
static int find_gone(struct imap_session *s, struct uid_set *ret)
{
	struct uid_set present = {0};
	int rc = s->account->ops->messages(s->account, &s->view.mailbox, 1, UINT32_MAX, 0, collect_row, &present, NULL);

	for (uint32_t i = 0; rc == 0 && i < s->view.count; i++) {
		if (!uid_set_has(&present, s->view.uids[i]))
			uid_set_add(ret, s->view.uids[i]);
	}
	uid_set_free(&present);
	return rc;
}

static int sync_expunged(struct imap_session *s)
{
	struct uid_set gone = {0};
	int rc = s->account->ops->vanished(s->account, &s->view.mailbox, s->view.expunged_modseq, &gone, NULL);

	if (rc == ERR_NOT_FOUND) {
		uid_set_free(&gone);
		rc = find_gone(s, &gone);
	}
	if (rc == 0 && gone.count > 0)
		imap_view_remove(s, &gone, true);
	uid_set_free(&gone);
	return rc;
}

struct changes {
	struct imap_session *session;
	uint32_t last;   /* UIDs above it are new */
	uint32_t arrived;
};

static int change_row(void *arg, const struct message_row *row)
{
	struct changes *c = arg;
	struct imap_session *s = c->session;

	if (row->uid > c->last) {
		view_push(&s->view, row->uid);
		c->arrived++;
		return 0;
	}
	uint32_t seq = imap_view_sequence(&s->view, row->uid);
	if (seq > 0)
		imap_write_flags_update(s, seq, row, s->cmd.row != NULL && s->cmd.uid);
	return 0;
}

static int sync_changed(struct imap_session *s)
{
	struct changes c = {.session = s, .last = s->view.count > 0 ? s->view.uids[s->view.count - 1] : 0};
	int rc = s->account->ops->messages(s->account, &s->view.mailbox, 1, UINT32_MAX, s->view.known_modseq, change_row, &c, NULL);

	if (c.arrived > 0)
		buf_printf(s->out, "* %u EXISTS\r\n", s->view.count);
	return rc;
}

/* RFC 2180 3.3: the mailbox is gone below the client; RFC 9051 7.1 CLOSED tells those who understand it. */
static void mailbox_lost(struct imap_session *s)
{
	bool knows = (s->enabled & (ENABLED_QRESYNC | ENABLED_REV2)) != 0;

	imap_view_close(s);
	if (knows)
		buf_append_str(s->out, "* OK [CLOSED] The mailbox was deleted\r\n");
	else
		imap_session_bye(s, "The selected mailbox was deleted", s->out);
}

void imap_view_sync(struct imap_session *s, bool expunge)
{
	struct mailbox_status status;

	if (!s->view.open || !s->view.dirty)
		return;
	int rc = s->account->ops->status(s->account, &s->view.mailbox, &status, NULL);
	if (rc == ERR_NOT_FOUND) {
		mailbox_lost(s);
		return;
	}
	if (rc < 0)
		return;
	imap_announce_keywords(s);
	if (expunge && status.highest_modseq > s->view.expunged_modseq && sync_expunged(s) == 0)
		s->view.expunged_modseq = status.highest_modseq;
	if (status.highest_modseq > s->view.known_modseq && sync_changed(s) == 0)
		s->view.known_modseq = status.highest_modseq;
	s->view.dirty = s->view.expunged_modseq < status.highest_modseq;
}
