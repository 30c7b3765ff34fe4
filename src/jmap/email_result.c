#include "jmap/email_result.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/memory.h"
#include "jmap/email_sort.h"

/* ---- a set of threads: open addressing, ids are their own hash ---- */

struct thread_set {
	uint8_t (*slots)[16];
	bool *used;
	size_t mask, count;
};

static size_t thread_slot(const struct thread_set *s, const uint8_t id[16])
{
	uint64_t a, b;
	size_t at;

	memcpy(&a, id, sizeof a);
	memcpy(&b, id + 8, sizeof b);
	a ^= b * UINT64_C(0x9e3779b97f4a7c15);
	for (at = (size_t)(a ^ a >> 32) & s->mask; s->used[at] && memcmp(s->slots[at], id, 16) != 0;)
		at = (at + 1) & s->mask;
	return at;
}

static void thread_set_free(struct thread_set *s)
{
	memory_free(s->slots);
	memory_free(s->used);
}

/* False: it was there. */
static bool thread_add(struct thread_set *s, const uint8_t id[16])
{
	size_t at;

	if (s->slots == NULL || s->count * 2 > s->mask) {
		struct thread_set wider = {.mask = s->slots == NULL ? 255 : s->mask * 2 + 1, .count = s->count};

		wider.slots = memory_alloc_array(wider.mask + 1, sizeof *wider.slots);
		wider.used = memory_alloc_array(wider.mask + 1, sizeof *wider.used);
		for (size_t i = 0; s->slots != NULL && i <= s->mask; i++) {
			if (!s->used[i])
				continue;
			at = thread_slot(&wider, s->slots[i]);
			memcpy(wider.slots[at], s->slots[i], 16);
			wider.used[at] = true;
		}
		thread_set_free(s);
		*s = wider;
	}
	at = thread_slot(s, id);
	if (s->used[at])
		return false;
	memcpy(s->slots[at], id, 16);
	s->used[at] = true;
	s->count++;
	return true;
}

/* ---- results ---- */

static void result_add(struct jmap_result *r, const uint8_t id[16])
{
	if (r->count == r->room) {
		r->room = r->room == 0 ? 256 : r->room * 2;
		r->list = memory_grow(r->list, r->room * sizeof *r->list);
	}
	memcpy(r->list[r->count++].id, id, 16);
}

size_t jmap_result_find(const struct jmap_result *r, struct slice id)
{
	uint8_t wanted[16];

	for (size_t i = 0; jmap_id_parse(id, 'M', wanted) && i < r->count; i++) {
		if (memcmp(r->list[i].id, wanted, 16) == 0)
			return i;
	}
	return SIZE_MAX;
}

/* ---- the newest first, of one mailbox or of all: the index of the account answers, and no further than the window goes ---- */

struct walk {
	struct jmap_result *result;
	struct thread_set threads;
	bool collapse, whole;
	const struct jmap_query *query;
	bool anchored;             /* the anchor was met */
	uint8_t anchor[16], last[16];
	bool any;
	uint64_t enough;
};

static uint64_t window_end(uint64_t from, int64_t offset, uint64_t limit)
{
	uint64_t start = offset < 0 ? (from > (uint64_t)-offset ? from - (uint64_t)-offset : 0) : from + (uint64_t)offset;

	limit = limit < JMAP_QUERY_MAX ? limit : JMAP_QUERY_MAX;
	return start > UINT64_MAX - limit ? UINT64_MAX : start + limit;
}

static int on_newest(void *arg, const struct mailbox_ref *m, const struct message_row *row)
{
	struct walk *w = arg;

	if (w->any && memcmp(w->last, row->email_id, 16) == 0)
		return 0;
	memcpy(w->last, row->email_id, 16);
	w->any = true;
	if (w->collapse && !thread_add(&w->threads, row->thread_id))
		return 0;
	result_add(w->result, row->email_id);
	if (w->query->anchor.n > 0 && !w->anchored && memcmp(w->anchor, row->email_id, 16) == 0) {
		w->anchored = true;
		w->enough = window_end(w->result->count - 1, w->query->anchor_offset, w->query->limit);
	}
	return !w->whole && w->result->count >= w->enough ? 1 : 0;
}

static int walk_newest(struct jmap_call *call, const struct jmap_query *q, const struct mailbox_ref *ref, bool collapse, bool whole,
                       struct jmap_result *ret)
{
	struct account *mail = jmap_mail(call);
	struct walk w = {.result = ret, .collapse = collapse, .query = q, .enough = UINT64_MAX};
	struct mailbox_counts counts = {0};
	int rc = 0;

	if (q->total && ref != NULL) {
		rc = mail->ops->counts(mail, ref, &counts, NULL);
		ret->total = collapse ? counts.threads : counts.emails;
		ret->total_known = true;
	}
	w.whole = whole || (q->total && ref == NULL) || (q->anchor.n == 0 && q->position < 0)
		|| (q->anchor.n > 0 && !jmap_id_parse(q->anchor, 'M', w.anchor));
	if (q->anchor.n == 0 && q->position >= 0)
		w.enough = window_end(0, q->position, q->limit);
	if (rc == 0 && (w.enough > 0 || w.whole))
		rc = mail->ops->newest(mail, ref, on_newest, &w, NULL);
	thread_set_free(&w.threads);
	if (rc == 0 && !ret->total_known) {
		ret->total = ret->count;
		ret->total_known = true;
	}
	return rc < 0 ? rc : 0;
}

/* Only {"inMailbox": …}, or nothing. */
static bool filter_is_plain(const json_t *filter)
{
	return filter == NULL || json_object_size(filter) == 0 || (json_object_size(filter) == 1 && json_is_string(json_object_get(filter, "inMailbox")));
}

static bool sort_is_newest(const struct jmap_query *q)
{
	return q->sort_count == 0 || (q->sort[0].index == JMAP_SORT_RECEIVED && q->sort[0].descending);
}

/* ---- any filter, any order: in slices ---- */

struct jmap_gathering {
	struct jmap_corpus corpus;
	struct arena arena;
	struct jmap_bits set;
	struct jmap_order *order;
	bool open, loaded, filtered, sorted;
};

static void gathering_free(struct jmap_gathering **gathering)
{
	struct jmap_gathering *g = *gathering;

	*gathering = NULL;
	if (g == NULL)
		return;
	jmap_order_close(&g->order);
	jmap_corpus_free(&g->corpus);
	arena_free(&g->arena);
	memory_free(g);
}

static void collect(const struct jmap_gathering *g, bool collapse, struct jmap_result *ret)
{
	struct thread_set threads = {.slots = NULL};
	size_t count;
	const uint32_t *order = jmap_order_list(g->order, &count);

	for (size_t i = 0; i < count; i++) {
		const struct jmap_corpus_email *e = &g->corpus.emails[order[i]];

		if (!collapse || thread_add(&threads, e->thread_id))
			result_add(ret, e->id);
	}
	ret->total = ret->count;
	ret->total_known = true;
	thread_set_free(&threads);
}

/* One step of the slice: loads, filters, sorts, as far as the budget goes. 0 or negative. */
static int gather(struct jmap_call *call, const struct jmap_query *q, struct jmap_gathering *g)
{
	struct jmap_corpus *c = &g->corpus;
	int rc = 0;

	if (!g->loaded) {
		rc = jmap_corpus_load(c);
		g->loaded = rc == 0 && c->load_box == c->box_count;
	}
	if (rc == 0 && g->loaded && !g->filtered && !c->busy) {
		g->set = jmap_filter_run(c, q->filter);
		g->filtered = c->error == 0 && g->set.words != NULL;
	}
	if (rc == 0 && c->error == 0 && g->filtered && !g->sorted && !c->busy) {
		if (g->order == NULL)
			g->order = jmap_order_open(c, &g->set, q);
		g->sorted = jmap_order_run(g->order);
	}
	return rc < 0 ? rc : c->error;
}

static uint64_t slice_of(const struct jmap_call *call)
{
	uint64_t slice = jmap_host(call->jmap)->slice;

	return slice > 0 ? slice : JMAP_SLICE;
}

static int run_slice(struct jmap_call *call, const struct jmap_query *q, bool collapse, struct jmap_running *r, bool *ret_done)
{
	struct jmap_gathering *g = r->gathering;
	int rc = 0;

	if (g == NULL) {
		g = r->gathering = memory_alloc(sizeof *g);
		rc = jmap_corpus_open(jmap_mail(call), q->filter, jmap_sort_needs_threads(q), &g->arena, &g->corpus);
	}
	jmap_corpus_slice(&g->corpus, r->at_once ? UINT64_MAX : slice_of(call));
	if (rc == 0)
		rc = gather(call, q, g);
	*ret_done = rc < 0 || g->sorted;
	if (rc == 0 && g->sorted)
		collect(g, collapse, &r->result);
	if (*ret_done)
		gathering_free(&r->gathering);
	return rc;
}

void jmap_email_query_end(struct jmap_running *r)
{
	gathering_free(&r->gathering);
	MEMORY_FREE(&r->result.list);
	r->result = (struct jmap_result){.list = NULL};
}

static int run_newest(struct jmap_call *call, const struct jmap_query *q, bool collapse, bool whole, struct jmap_result *ret)
{
	const json_t *in = json_object_get(q->filter, "inMailbox");
	struct mailbox_ref ref;
	int rc;

	if (in == NULL)
		return walk_newest(call, q, NULL, collapse, whole, ret);
	rc = jmap_id_parse(jmap_text(in), 'F', ref.id) ? walk_newest(call, q, &ref, collapse, whole, ret) : ERR_NOT_FOUND;
	ret->total_known = true;
	return rc == ERR_NOT_FOUND ? 0 : rc; /* nothing is in a mailbox that is not there */
}

enum jmap_step jmap_email_query_run(struct jmap_call *call, const struct jmap_query *q, bool collapse, bool whole, struct jmap_running *r)
{
	bool done = true;

	if (filter_is_plain(q->filter) && sort_is_newest(q)) {
		r->code = run_newest(call, q, collapse, whole, &r->result);
	} else {
		r->sliced = true;
		r->code = run_slice(call, q, collapse, r, &done);
	}
	return done ? JMAP_DONE : JMAP_AGAIN;
}
