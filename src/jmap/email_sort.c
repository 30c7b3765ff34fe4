#include "jmap/email_sort.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "jmap/email_result.h"
#include "mime/text.h"

const char *const jmap_email_sorts[] = {
	[JMAP_SORT_RECEIVED] = "receivedAt", [JMAP_SORT_SIZE] = "size", [JMAP_SORT_FROM] = "from", [JMAP_SORT_TO] = "to",
	[JMAP_SORT_SUBJECT] = "subject", [JMAP_SORT_SENT] = "sentAt", [JMAP_SORT_KEYWORD] = "hasKeyword",
	[JMAP_SORT_ALL_IN_THREAD] = "allInThreadHaveKeyword", [JMAP_SORT_SOME_IN_THREAD] = "someInThreadHaveKeyword", [JMAP_SORTS] = NULL,
};

static bool by_keyword(const struct jmap_sort *s)
{
	return s->index == JMAP_SORT_KEYWORD || s->index == JMAP_SORT_ALL_IN_THREAD || s->index == JMAP_SORT_SOME_IN_THREAD;
}

static bool by_digest(const struct jmap_sort *s)
{
	return s->index == JMAP_SORT_FROM || s->index == JMAP_SORT_TO || s->index == JMAP_SORT_SUBJECT || s->index == JMAP_SORT_SENT;
}

bool jmap_email_query_check(struct jmap_call *call, const struct jmap_query *q, bool *ret_collapse)
{
	*ret_collapse = false;
	if (!jmap_arg_bool(call, "collapseThreads", ret_collapse))
		return false;
	for (size_t i = 0; i < q->sort_count; i++) {
		if (by_keyword(&q->sort[i]) && !json_is_string(json_object_get(q->sort[i].comparator, "keyword"))) {
			(void)jmap_error(call, "invalidArguments", "A comparator lacks its \"keyword\".");
			return false;
		}
	}
	return true;
}

bool jmap_sort_needs_threads(const struct jmap_query *q)
{
	for (size_t i = 0; i < q->sort_count; i++) {
		if (q->sort[i].index == JMAP_SORT_ALL_IN_THREAD || q->sort[i].index == JMAP_SORT_SOME_IN_THREAD)
			return true;
	}
	return false;
}

/* What an email is sorted by that stands in its digest. */
struct digest_keys {
	struct slice from, to, subject;
	int64_t sent;
};
struct jmap_order {
	struct jmap_corpus *corpus;
	const struct jmap_query *query;
	struct digest_keys *keys;             /* by email; NULL: not needed */
	struct flag_set keywords[JMAP_SORT_MAX];
	bool unknown[JMAP_SORT_MAX];          /* a keyword that no email has */
	struct arena scratch;
	struct jmap_leaf keys_leaf;
	struct jmap_bits set;
	bool prepared;
	uint32_t *list, *other;               /* the numbers, and room for merging them */
	size_t count, at, run;                /* merging: runs of `run` are sorted up to `at` */
};

static void take_keys(void *arg, uint32_t email, struct slice digest)
{
	struct jmap_order *o = arg;
	struct digest_keys *k = &o->keys[email];
	struct digest d;

	arena_reset(&o->scratch);
	if (digest_decode_structure(digest, &o->scratch, &d) < 0)
		return;
	k->from = arena_dup(o->corpus->arena, mime_fold_arena(d.display_from, &o->scratch));
	k->to = arena_dup(o->corpus->arena, mime_fold_arena(d.display_to, &o->scratch));
	k->subject = arena_dup(o->corpus->arena, d.base_subject);
	k->sent = d.has_sent ? d.sent_unix : o->corpus->emails[email].received;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_signed(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static bool has(const struct jmap_order *o, size_t sort, struct flag_set flags)
{
	const struct flag_set *k = &o->keywords[sort];

	return !o->unknown[sort] && (flags.system & k->system) == k->system && (flags.keywords & k->keywords) == k->keywords;
}

static int compare_by(const struct jmap_order *o, size_t sort, uint32_t x, uint32_t y)
{
	const struct jmap_corpus_email *a = &o->corpus->emails[x], *b = &o->corpus->emails[y];

	switch ((enum jmap_email_sort)o->query->sort[sort].index) {
	case JMAP_SORT_RECEIVED:
		return compare_signed(a->received, b->received);
	case JMAP_SORT_SIZE:
		return compare_numbers(a->size, b->size);
	case JMAP_SORT_FROM:
		return slice_cmp(o->keys[x].from, o->keys[y].from);
	case JMAP_SORT_TO:
		return slice_cmp(o->keys[x].to, o->keys[y].to);
	case JMAP_SORT_SUBJECT:
		return slice_cmp(o->keys[x].subject, o->keys[y].subject);
	case JMAP_SORT_SENT:
		return compare_signed(o->keys[x].sent, o->keys[y].sent);
	case JMAP_SORT_KEYWORD:
		return has(o, sort, a->flags) - has(o, sort, b->flags);
	case JMAP_SORT_ALL_IN_THREAD:
		return has(o, sort, o->corpus->threads[a->thread].all) - has(o, sort, o->corpus->threads[b->thread].all);
	case JMAP_SORT_SOME_IN_THREAD:
		return has(o, sort, o->corpus->threads[a->thread].any) - has(o, sort, o->corpus->threads[b->thread].any);
	case JMAP_SORTS:
		break;
	}
	return 0;
}

/* What is alike stands with the newest first, as in the index of the account. */
static int compare(const void *px, const void *py, void *arg)
{
	const struct jmap_order *o = arg;
	uint32_t x = *(const uint32_t *)px, y = *(const uint32_t *)py;
	const struct jmap_corpus_email *a = &o->corpus->emails[x], *b = &o->corpus->emails[y];
	int c = 0;

	for (size_t i = 0; c == 0 && i < o->query->sort_count; i++) {
		c = compare_by(o, i, x, y);
		c = o->query->sort[i].descending ? -c : c;
	}
	if (c == 0)
		c = -compare_signed(a->received, b->received);
	return c != 0 ? c : -memcmp(a->id, b->id, 16);
}

/* ---- in slices ---- */

#define FIRST_RUN 2048u

static bool needs_digests(const struct jmap_query *q)
{
	for (size_t i = 0; i < q->sort_count; i++)
		if (by_digest(&q->sort[i]))
			return true;
	return false;
}

struct jmap_order *jmap_order_open(struct jmap_corpus *c, const struct jmap_bits *set, const struct jmap_query *q)
{
	struct jmap_order *o = memory_alloc(sizeof *o);

	o->corpus = c;
	o->query = q;
	o->set = *set;
	o->list = memory_alloc_array(c->email_count + 1, sizeof *o->list);
	o->other = memory_alloc_array(c->email_count + 1, sizeof *o->other);
	for (size_t i = 0; i < c->email_count; i++) {
		if (jmap_bit(set, i))
			o->list[o->count++] = (uint32_t)i;
	}
	for (size_t i = 0; i < q->sort_count; i++) {
		if (by_keyword(&q->sort[i]))
			o->unknown[i] = jmap_keyword_bits(c->mail, jmap_text(json_object_get(q->sort[i].comparator, "keyword")), false, &o->keywords[i]) < 0;
	}
	if (jmap_sort_needs_threads(q))
		jmap_corpus_threads(c);
	if (needs_digests(q))
		o->keys = memory_alloc_array(c->email_count + 1, sizeof *o->keys);
	return o;
}

void jmap_order_close(struct jmap_order **order)
{
	struct jmap_order *o = *order;

	*order = NULL;
	if (o == NULL)
		return;
	memory_free(o->keys);
	memory_free(o->list);
	memory_free(o->other);
	arena_free(&o->scratch);
	memory_free(o);
}

/* Rows that are compared cost less than those whose digests are read. */
static void spend_compared(struct jmap_order *o, size_t rows)
{
	(void)jmap_corpus_spend(o->corpus, rows / 8 + 1);
}

static void sort_runs(struct jmap_order *o)
{
	while (o->at < o->count && !o->corpus->busy) {
		size_t n = o->count - o->at < FIRST_RUN ? o->count - o->at : FIRST_RUN;

		qsort_r(o->list + o->at, n, sizeof *o->list, compare, o);
		o->at += n;
		spend_compared(o, 4 * n);
	}
	if (o->at >= o->count) {
		o->run = FIRST_RUN;
		o->at = 0;
	}
}

/* Two neighbouring runs into one, at the same place of the other array. */
static void merge_pair(struct jmap_order *o)
{
	size_t a = o->at, a_end = a + o->run < o->count ? a + o->run : o->count, b = a_end, b_end = b + o->run < o->count ? b + o->run : o->count, to = a;

	while (a < a_end || b < b_end) {
		bool first = b == b_end || (a < a_end && compare(&o->list[a], &o->list[b], o) <= 0);

		o->other[to++] = first ? o->list[a++] : o->list[b++];
	}
	spend_compared(o, b_end - o->at);
	o->at = b_end;
}

static void merge_runs(struct jmap_order *o)
{
	while (o->run < o->count && !o->corpus->busy) {
		uint32_t *swap = o->list;

		merge_pair(o);
		if (o->at < o->count)
			continue;
		o->list = o->other;
		o->other = swap;
		o->run *= 2;
		o->at = 0;
	}
}

bool jmap_order_run(struct jmap_order *o)
{
	if (o->keys != NULL && !o->prepared) {
		jmap_corpus_digests(o->corpus, &o->set, &o->keys_leaf, take_keys, o);
		o->prepared = o->keys_leaf.done;
	}
	if (!o->corpus->busy && o->run == 0)
		sort_runs(o);
	if (o->run > 0)
		merge_runs(o);
	return o->corpus->error < 0 || (o->run >= o->count && o->run > 0);
}

const uint32_t *jmap_order_list(const struct jmap_order *o, size_t *ret_count)
{
	*ret_count = o->count;
	return o->list;
}
