/*
 * Evaluation of a search program: sets of UIDs go from key to key, cheap keys first. Keys that a row answers run together in one pass
 * over the rows; those that need the digest in one pass over digests; texts are asked of the account for what is left.
 */
#include <string.h>
#include "imap/search.h"
#include "mime/date.h"

struct run {
	struct imap_session *session;
	struct arena scratch;
	int error;
};

static int64_t day_of(int64_t seconds)
{
	return (seconds >= 0 ? seconds : seconds - 86399) / 86400;
}

/* RFC 9051 6.4.4: the day of the Date field as written there, "disregarding time and timezone". */
static bool sent_day(const struct digest *d, int64_t *ret)
{
	int64_t seconds;
	int zone;

	if (!d->envelope.has_date || mime_date_parse_zone(d->envelope.date, &seconds, &zone) < 0)
		return false;
	*ret = day_of(seconds + zone);
	return true;
}

static bool match_leaf(const struct run *run, const struct search_node *n, const struct message_row *row, const struct digest *d)
{
	int64_t now = moment_unix(run->session->now), day;

	switch (n->op) {
	case OP_ALL:
		return true;
	case OP_NONE:
		return false;
	case OP_SET:
		return uid_set_has(&n->uids, row->uid);
	case OP_FLAG:
		return (row->flags.system & n->number) != 0;
	case OP_KEYWORD:
		return (row->flags.keywords & n->number) != 0;
	case OP_BEFORE:
		return day_of(row->internal_date) < n->day;
	case OP_ON:
		return day_of(row->internal_date) == n->day;
	case OP_SINCE:
		return day_of(row->internal_date) >= n->day;
	case OP_SAVED_BEFORE:
		return day_of(row->save_date) < n->day;
	case OP_SAVED_ON:
		return day_of(row->save_date) == n->day;
	case OP_SAVED_SINCE:
		return day_of(row->save_date) >= n->day;
	case OP_LARGER:
		return row->size > n->number;
	case OP_SMALLER:
		return row->size < n->number;
	case OP_MODSEQ:
		return row->modseq >= n->number;
	case OP_EMAILID:
		return memcmp(row->email_id, n->id, 16) == 0;
	case OP_THREADID:
		return memcmp(row->thread_id, n->id, 16) == 0;
	case OP_OLDER:
		return row->internal_date <= now - (int64_t)n->number;
	case OP_YOUNGER:
		return row->internal_date >= now - (int64_t)n->number;
	case OP_SENT_BEFORE:
		return d != NULL && sent_day(d, &day) && day < n->day;
	case OP_SENT_ON:
		return d != NULL && sent_day(d, &day) && day == n->day;
	case OP_SENT_SINCE:
		return d != NULL && sent_day(d, &day) && day >= n->day;
	case OP_AND:
	case OP_OR:
	case OP_NOT:
	case OP_TEXT:
	case OP_BODY:
	case OP_HEADER:
		break;
	}
	return false;
}

static bool match_row(const struct run *run, const struct search_node *n, const struct message_row *row, const struct digest *d)
{
	const struct search_node *child = n->children;

	if (n->op == OP_NOT)
		return !match_row(run, child, row, d);
	if (n->op == OP_OR)
		return match_row(run, child, row, d) || match_row(run, child->next, row, d);
	if (n->op != OP_AND)
		return match_leaf(run, n, row, d);
	for (; child != NULL; child = child->next) {
		if (!match_row(run, child, row, d))
			return false;
	}
	return true;
}

/* A pass: all nodes of a list that cost at most `cost`, as one AND. */
struct pass {
	struct run *run;
	const struct search_node *list;
	enum search_cost cost;
	bool list_is_one; /* only the first node, not its siblings */
	struct uid_set found;
};

static bool match_pass(const struct pass *pass, const struct message_row *row, const struct digest *d)
{
	for (const struct search_node *n = pass->list; n != NULL; n = pass->list_is_one ? NULL : n->next) {
		if (n->cost == pass->cost && !match_row(pass->run, n, row, d))
			return false;
	}
	return true;
}

static int row_fn(void *arg, const struct message_row *row)
{
	struct pass *pass = arg;

	if (match_pass(pass, row, NULL))
		uid_set_add(&pass->found, row->uid);
	return 0;
}

static int digest_fn(void *arg, const struct message_row *row, struct slice bytes, uint32_t prefix)
{
	struct pass *pass = arg;
	struct digest d;
	bool good = bytes.n > 0 && digest_decode_envelope(bytes, &pass->run->scratch, &d) == 0;

	if (match_pass(pass, row, good ? &d : NULL))
		uid_set_add(&pass->found, row->uid);
	arena_reset(&pass->run->scratch);
	return 0;
}

/* Narrows `set` by the nodes of one cost. */
static void run_pass(struct run *run, const struct search_node *list, bool one, enum search_cost cost, struct uid_set *set)
{
	struct imap_session *s = run->session;
	struct pass pass = {.run = run, .list = list, .cost = cost, .list_is_one = one};
	int rc;

	if (cost == COST_ROW) /* one query; rows between the ranges are passed over */
		rc = set->count == 0 ? 0 : s->account->ops->messages(s->account, &s->view.mailbox, set->ranges[0].first,
			set->ranges[set->count - 1].last, 0, row_fn, &pass, NULL);
	else
		rc = s->account->ops->messages_with_digest(s->account, &s->view.mailbox, set, false, digest_fn, &pass, NULL);
	if (rc < 0)
		run->error = rc;
	uid_set_intersect(set, &pass.found);
	uid_set_free(&pass.found);
}

static void run_text(struct run *run, const struct search_node *n, struct uid_set *set)
{
	static const enum search_scope scopes[] = {[0] = SEARCH_TEXT, [OP_BODY - OP_TEXT] = SEARCH_BODY, [OP_HEADER - OP_TEXT] = SEARCH_HEADER};
	struct imap_session *s = run->session;
	struct uid_set found = {0};

	if (n->op != OP_HEADER && n->needle.n == 0)
		return;
	int rc = s->account->ops->search(s->account, &s->view.mailbox, set, &(struct search_words){scopes[n->op - OP_TEXT], n->field, &n->needle, 1}, &found, NULL);
	if (rc < 0)
		run->error = rc;
	uid_set_move(set, &found);
}

static void subtract(struct uid_set *set, const struct uid_set *gone)
{
	struct uid_set kept = {0};

	for (size_t i = 0; i < set->count; i++) {
		for (uint64_t uid = set->ranges[i].first; uid <= set->ranges[i].last; uid++) {
			if (!uid_set_has(gone, (uint32_t)uid))
				uid_set_add(&kept, (uint32_t)uid);
		}
	}
	uid_set_move(set, &kept);
}

static void run_node(struct run *run, const struct search_node *n, struct uid_set *set);

static void run_list(struct run *run, const struct search_node *list, struct uid_set *set)
{
	bool has[3] = {false};

	for (const struct search_node *n = list; n != NULL; n = n->next)
		has[n->cost] = true;
	if (has[COST_ROW])
		run_pass(run, list, false, COST_ROW, set);
	if (has[COST_DIGEST] && set->count > 0)
		run_pass(run, list, false, COST_DIGEST, set);
	for (const struct search_node *n = list; n != NULL && set->count > 0; n = n->next) {
		if (n->cost == COST_TEXT)
			run_node(run, n, set);
	}
}

static void copy_set(struct uid_set *to, const struct uid_set *from)
{
	*to = (struct uid_set){0};
	uid_set_add_set(to, from);
}

/* Everything outside of this file's passes: inner nodes above a text. */
static void run_node(struct run *run, const struct search_node *n, struct uid_set *set)
{
	struct uid_set other;

	if (set->count == 0 || run->error < 0)
		return;
	if (n->cost != COST_TEXT) {
		run_pass(run, n, true, n->cost, set);
	} else if (n->op == OP_AND) {
		run_list(run, n->children, set);
	} else if (n->op == OP_NOT) {
		copy_set(&other, set);
		run_node(run, n->children, &other);
		subtract(set, &other);
		uid_set_free(&other);
	} else if (n->op == OP_OR) {
		copy_set(&other, set);
		run_node(run, n->children, &other);
		subtract(set, &other);
		run_node(run, n->children->next, set);
		uid_set_add_set(set, &other);
		uid_set_free(&other);
	} else {
		run_text(run, n, set);
	}
}

/* Sets become UIDs of the view; an element that does not exist matches nothing (RFC 9051 6.4.4 knows no error for it). */
static void resolve_sets(struct imap_session *s, struct search_node *n)
{
	for (; n != NULL; n = n->next) {
		resolve_sets(s, n->children);
		if (n->op != OP_SET)
			continue;
		for (size_t i = 0; !n->set_is_uid && i < n->set.count; i++) {
			struct imap_range *r = &n->set.ranges[i];
			uint32_t count = s->view.count, low = r->first < r->last ? r->first : r->last;
			if (r->first != 0 && r->last != 0 && low > count) {
				*r = n->set.ranges[--n->set.count];
				i--;
				continue;
			}
			r->first = r->first > count ? 0 : r->first;
			r->last = r->last > count ? 0 : r->last;
		}
		imap_view_resolve(&s->view, &n->set, n->set_is_uid, &n->uids);
	}
}

static int modseq_fn(void *arg, const struct message_row *row)
{
	uint64_t *highest = arg;

	if (row->modseq > *highest)
		*highest = row->modseq;
	return 0;
}

int search_modseq(struct imap_session *s, const struct uid_set *uids, uint64_t *ret)
{
	*ret = 0;
	return imap_rows(s, uids, modseq_fn, ret, NULL);
}

int search_run(struct imap_session *s, struct search_program *program, struct uid_set *ret, uint64_t *ret_highest_modseq)
{
	struct run run = {.session = s};
	struct uid_set set = {0};

	*ret_highest_modseq = 0;
	imap_view_all(&s->view, &set);
	resolve_sets(s, program->root);
	run_node(&run, program->root, &set);
	if (program->modseq && run.error == 0)
		search_modseq(s, &set, ret_highest_modseq);
	uid_set_move(ret, &set);
	arena_free(&run.scratch);
	return run.error;
}
