/* Mailbox/query and Mailbox/queryChanges (RFC 8621 2.3, 2.4). */
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/memory.h"
#include "jmap/mail.h"
#include "mime/text.h"

enum sort { BY_ORDER, BY_NAME, BY_PARENT };
static const char *const sorts[] = {[BY_ORDER] = "sortOrder", [BY_NAME] = "name", [BY_PARENT] = "parentId", NULL};

static bool text_or_null(const json_t *value)
{
	return json_is_null(value) || json_is_string(value);
}

static const char *check_condition(struct jmap_call *call, const json_t *condition)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)condition, name, value) {
		struct slice key = slice_str(name);

		if (slice_eq(key, SLICE("parentId")) || slice_eq(key, SLICE("role"))) {
			if (!text_or_null(value))
				return "invalidArguments";
		} else if (slice_eq(key, SLICE("name"))) {
			if (!json_is_string(value))
				return "invalidArguments";
		} else if (slice_eq(key, SLICE("hasAnyRole")) || slice_eq(key, SLICE("isSubscribed"))) {
			if (!json_is_boolean(value))
				return "invalidArguments";
		} else {
			return "unsupportedFilter";
		}
	}
	return NULL;
}

/* ---- one mailbox ---- */

struct testing {
	const struct jmap_mailboxes *all;
	const struct mailbox_info *mailbox;
	struct arena *arena;
};

static bool parent_is(const struct testing *t, const json_t *wanted)
{
	const struct mailbox_info *parent = jmap_mailbox_parent(t->all, t->mailbox);
	uint8_t id[16];

	if (json_is_null(wanted))
		return parent == NULL;
	return parent != NULL && jmap_id_parse(jmap_text(wanted), 'F', id) && memcmp(id, parent->id, sizeof id) == 0;
}

static bool role_is(const struct mailbox_info *m, const json_t *wanted)
{
	const char *role = jmap_mailbox_role(m);

	return json_is_null(wanted) ? role == NULL : role != NULL && slice_eq(slice_str(role), jmap_text(wanted));
}

static bool name_has(const struct testing *t, struct slice wanted)
{
	return slice_search(mime_fold_arena(jmap_mailbox_leaf(t->all, t->mailbox), t->arena), mime_fold_arena(wanted, t->arena)) >= 0;
}

static bool holds(void *arg, const json_t *condition)
{
	const struct testing *t = arg;
	const json_t *parent = json_object_get(condition, "parentId"), *role = json_object_get(condition, "role");
	const json_t *name = json_object_get(condition, "name"), *any = json_object_get(condition, "hasAnyRole");
	const json_t *subscribed = json_object_get(condition, "isSubscribed");

	return (parent == NULL || parent_is(t, parent)) && (role == NULL || role_is(t->mailbox, role))
	       && (name == NULL || name_has(t, jmap_text(name))) && (any == NULL || (jmap_mailbox_role(t->mailbox) != NULL) == json_is_true(any))
	       && (subscribed == NULL || t->mailbox->subscribed == json_is_true(subscribed));
}

/* ---- order ---- */

struct ordering {
	const struct jmap_query *query;
	const struct jmap_mailboxes *all;
	struct slice *folded; /* leaf names, by number in `all` */
	bool tree;
};

static size_t number_of(const struct ordering *o, const struct mailbox_info *m)
{
	return (size_t)(m - o->all->list);
}

static int compare_siblings(const struct ordering *o, const struct mailbox_info *a, const struct mailbox_info *b)
{
	int c = 0;

	for (size_t i = 0; c == 0 && i < o->query->sort_count; i++) {
		const struct mailbox_info *pa = jmap_mailbox_parent(o->all, a), *pb = jmap_mailbox_parent(o->all, b);

		if (o->query->sort[i].index == BY_ORDER)
			c = a->sort_order < b->sort_order ? -1 : a->sort_order > b->sort_order;
		else if (o->query->sort[i].index == BY_NAME)
			c = slice_cmp(o->folded[number_of(o, a)], o->folded[number_of(o, b)]);
		else
			c = pa == pb ? 0 : pa == NULL ? -1 : pb == NULL ? 1 : memcmp(pa->id, pb->id, 16);
		c = o->query->sort[i].descending ? -c : c;
	}
	return c != 0 ? c : slice_cmp(a->name, b->name);
}

static size_t depth_of(const struct ordering *o, const struct mailbox_info *m)
{
	size_t depth = 0;

	while ((m = jmap_mailbox_parent(o->all, m)) != NULL)
		depth++;
	return depth;
}

/* sortAsTree: children stand behind their parent. Compared are the siblings on the two ways from the root. */
static int compare_in_tree(const struct ordering *o, const struct mailbox_info *a, const struct mailbox_info *b)
{
	size_t da = depth_of(o, a), db = depth_of(o, b);
	const struct mailbox_info *pa = a, *pb = b;

	for (; da > db; da--)
		pa = jmap_mailbox_parent(o->all, pa);
	for (size_t d = db; d > da; d--)
		pb = jmap_mailbox_parent(o->all, pb);
	if (pa == pb)
		return pa == a ? -(a != b) : 1; /* the one above stands first */
	while (jmap_mailbox_parent(o->all, pa) != jmap_mailbox_parent(o->all, pb)) {
		pa = jmap_mailbox_parent(o->all, pa);
		pb = jmap_mailbox_parent(o->all, pb);
	}
	return compare_siblings(o, pa, pb);
}

static int compare(const void *pa, const void *pb, void *arg)
{
	const struct mailbox_info *a = *(const struct mailbox_info *const *)pa, *b = *(const struct mailbox_info *const *)pb;
	const struct ordering *o = arg;

	return o->tree ? compare_in_tree(o, a, b) : compare_siblings(o, a, b);
}

/* ---- the result ---- */

struct result {
	const struct mailbox_info **list;
	size_t count;
};

/* filterAsTree: one that holds counts only below others that do. */
static bool all_above_hold(const struct jmap_mailboxes *l, const struct mailbox_info *m, const bool *good)
{
	while ((m = jmap_mailbox_parent(l, m)) != NULL) {
		if (!good[m - l->list])
			return false;
	}
	return true;
}

static int run(struct jmap_call *call, const struct jmap_query *q, bool sort_as_tree, bool filter_as_tree, struct jmap_mailboxes *l, struct result *ret)
{
	struct ordering o = {.query = q, .all = l, .tree = sort_as_tree};
	int rc = jmap_mailboxes_list(jmap_mail(call), &call->arena, l);
	bool *good;

	if (rc < 0)
		return rc;
	good = arena_alloc_array(&call->arena, l->count + 1, sizeof *good);
	o.folded = arena_alloc_array(&call->arena, l->count + 1, sizeof *o.folded);
	*ret = (struct result){.list = arena_alloc_array(&call->arena, l->count + 1, sizeof *ret->list)};
	for (size_t i = 0; i < l->count; i++) {
		struct testing t = {l, &l->list[i], &call->arena};

		o.folded[i] = mime_fold_arena(jmap_mailbox_leaf(l, &l->list[i]), &call->arena);
		good[i] = jmap_filter_holds(q->filter, holds, &t);
	}
	for (size_t i = 0; i < l->count; i++) {
		if (good[i] && (!filter_as_tree || all_above_hold(l, &l->list[i], good)))
			ret->list[ret->count++] = &l->list[i];
	}
	if (ret->count > 1)
		qsort_r(ret->list, ret->count, sizeof *ret->list, compare, &o);
	return 0;
}

static const char *const more[] = {"sortAsTree", "filterAsTree", NULL};

static bool take_trees(struct jmap_call *call, bool *ret_sort, bool *ret_filter)
{
	*ret_sort = *ret_filter = false;
	return jmap_arg_bool(call, "sortAsTree", ret_sort) && jmap_arg_bool(call, "filterAsTree", ret_filter);
}

static size_t find(const struct result *r, struct slice id)
{
	uint8_t wanted[16];

	for (size_t i = 0; jmap_id_parse(id, 'F', wanted) && i < r->count; i++) {
		if (memcmp(r->list[i]->id, wanted, 16) == 0)
			return i;
	}
	return SIZE_MAX;
}

enum jmap_step jmap_mailbox_query(struct jmap_call *call)
{
	struct jmap_mailboxes all;
	struct jmap_query q;
	struct result result;
	struct slice state;
	bool sort_tree, filter_tree;
	size_t from, to;
	int rc;

	if (!jmap_query_args(call, check_condition, sorts, more, &q) || !take_trees(call, &sort_tree, &filter_tree)
	    || !jmap_state_of(call, JMAP_TYPE_MAILBOX, &state))
		return JMAP_DONE;
	rc = run(call, &q, sort_tree, filter_tree, &all, &result);
	if (rc < 0)
		return jmap_error_code(call, rc);
	if (!jmap_query_window(call, &q, result.count, q.anchor.n > 0 ? find(&result, q.anchor) : 0, &from, &to))
		return JMAP_DONE;
	jmap_query_begin(call, state, true, from);
	for (; from < to; from++)
		emit_id(jmap_out(call), 'F', result.list[from]->id);
	jmap_query_end(call, &q, result.count, 0);
	return JMAP_DONE;
}

/* ---- what has changed in it: when any mailbox has, everything is told anew; there are few ---- */

struct collecting {
	struct emit *e;       /* of `removed`; NULL: only looked whether there is anything */
	bool any;
};

static void collect(void *arg, const struct mailbox_change *c)
{
	struct collecting *all = arg;

	all->any = all->any || c->kind != MAILBOX_COUNTED;
	if (all->e != NULL && c->kind == MAILBOX_GONE)
		emit_id(all->e, 'F', c->id);
}

static void answer(struct jmap_call *call, const struct jmap_query *q, struct slice state, uint64_t since, const struct jmap_mailboxes *boxes,
                   const struct result *result, bool any)
{
	struct emit *e = jmap_out(call);
	struct collecting gone = {.e = e};

	jmap_answer_begin(call, NULL);
	emit_member_text(e, "accountId", jmap_account_name(call->jmap));
	emit_member_text(e, "oldQueryState", q->since);
	emit_member_text(e, "newQueryState", state);
	if (q->total)
		emit_member_number(e, "total", (int64_t)result->count);
	emit_key(e, "removed");
	emit_array(e);
	for (size_t i = 0; any && i < boxes->count; i++)
		emit_id(e, 'F', boxes->list[i].id);
	(void)jmap_mail(call)->ops->mailbox_changes(jmap_mail(call), since, collect, &gone, NULL);
	emit_array_end(e);
	emit_key(e, "added");
	emit_array(e);
	for (size_t i = 0; any && i < result->count; i++) {
		emit_object(e);
		emit_key(e, "id");
		emit_id(e, 'F', result->list[i]->id);
		emit_member_number(e, "index", (int64_t)i);
		emit_object_end(e);
	}
	emit_array_end(e);
	jmap_answer_end(call);
}

enum jmap_step jmap_mailbox_query_changes(struct jmap_call *call)
{
	struct collecting all = {.any = false};
	struct jmap_mailboxes boxes;
	struct jmap_since since;
	struct jmap_query q;
	struct result result;
	struct slice state;
	bool sort_tree, filter_tree;
	int rc;

	if (!jmap_query_changes_args(call, check_condition, sorts, more, &q) || !take_trees(call, &sort_tree, &filter_tree)
	    || !jmap_state_of(call, JMAP_TYPE_MAILBOX, &state))
		return JMAP_DONE;
	if (!jmap_since_read(jmap_mail(call), q.since, &since))
		return jmap_error(call, "cannotCalculateChanges", NULL);
	rc = jmap_mail(call)->ops->mailbox_changes(jmap_mail(call), since.modseq, collect, &all, NULL);
	if (rc == ERR_NOT_FOUND)
		return jmap_error(call, "cannotCalculateChanges", NULL);
	if (rc == 0)
		rc = run(call, &q, sort_tree, filter_tree, &boxes, &result);
	if (rc < 0)
		return jmap_error_code(call, rc);
	if (all.any && q.max_changes < boxes.count + result.count)
		return jmap_error(call, "tooManyChanges", NULL);
	answer(call, &q, state, since.modseq, &boxes, &result, all.any);
	return JMAP_DONE;
}
