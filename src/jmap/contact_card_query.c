/* ContactCard/query and ContactCard/queryChanges (RFC 9610 3.3, 3.4). A change of a card moves it in lists in ways that are not remembered. */
#include <stdlib.h>

#include "base/memory.h"
#include "base/name_words.h"
#include "jmap/contacts.h"

/* "name" sorts as names are read. */
static const char *const sorts[] = {"created", "updated", "name/given", "name/surname", "name/surname2", "name", NULL};
static const char *const components[] = {[2] = "given", [3] = "surname", [4] = "surname2"};

struct row {
	const char *id;
	const struct querying *q;
	struct slice keys[JMAP_SORT_MAX];
};
struct querying {
	struct jmap_contacts contacts;
	struct jmap_query query;
	struct jmap_call *call;
	struct row *rows;
	size_t count, capacity;
};

static struct slice component(const json_t *card, const char *kind)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(json_object_get(card, "name"), "components"), i, one)
		if (slice_eq(jmap_text(json_object_get(one, "kind")), slice_str(kind)))
			return jmap_text(json_object_get(one, "value"));
	return SLICE_NONE;
}

static struct slice key_of(struct jmap_call *call, const json_t *card, unsigned index)
{
	if (index < 2)
		return jmap_text(json_object_get(card, sorts[index]));
	return name_sort_key(index < 5 ? component(card, components[index]) : jmap_card_name(card, &call->arena), SLICE_NONE, &call->arena);
}

static void add(void *arg, const char *id, const json_t *entry)
{
	struct querying *q = arg;
	struct jmap_card_question question = {q->call, id, entry};

	if (!jmap_filter_holds(q->query.filter, jmap_card_fits, &question))
		return;
	if (q->count == q->capacity) {
		q->capacity = q->capacity == 0 ? 256 : q->capacity * 2;
		q->rows = memory_grow(q->rows, q->capacity * sizeof *q->rows);
	}
	q->rows[q->count] = (struct row){.id = id, .q = q};
	for (size_t i = 0; i < q->query.sort_count; i++)
		q->rows[q->count].keys[i] = key_of(q->call, json_object_get(entry, "card"), q->query.sort[i].index);
	q->count++;
}

static int compare(const void *pa, const void *pb)
{
	const struct row *a = pa, *b = pb;
	const struct jmap_query *query = &a->q->query;

	for (size_t i = 0; i < query->sort_count; i++) {
		int order = slice_cmp(a->keys[i], b->keys[i]);

		if (order != 0)
			return query->sort[i].descending ? -order : order;
	}
	return slice_cmp(slice_str(a->id), slice_str(b->id));
}

static void forget(struct jmap_call *call)
{
	struct querying *q = call->state;

	jmap_contacts_close(&q->contacts);
	memory_free(q->rows);
}

static enum jmap_step give(struct jmap_call *call, struct querying *q)
{
	struct buf state = BUF_INIT(JMAP_STATE_MAX);
	size_t anchor = SIZE_MAX, from, to;

	for (size_t i = 0; i < q->count && anchor == SIZE_MAX; i++)
		if (slice_eq(slice_str(q->rows[i].id), q->query.anchor))
			anchor = i;
	if (!jmap_query_window(call, &q->query, q->count, anchor, &from, &to))
		return JMAP_DONE;
	jmap_contacts_print_state(&q->contacts, &state);
	jmap_query_begin(call, buf_slice(&state), false, from);
	for (size_t i = from; i < to; i++)
		emit_text(jmap_out(call), slice_str(q->rows[i].id));
	jmap_query_end(call, &q->query, q->count, 0);
	buf_free(&state);
	return JMAP_DONE;
}

enum jmap_step jmap_contact_card_query(struct jmap_call *call)
{
	struct querying *q = ARENA_NEW(&call->arena, struct querying);
	int rc;

	q->call = call;
	call->state = q;
	call->forget = forget;
	if (!jmap_query_args(call, jmap_card_condition_check, sorts, NULL, &q->query))
		return JMAP_DONE;
	rc = jmap_contacts_open(call, &q->contacts);
	if (rc == 0)
		rc = jmap_contacts_read_all(call, &q->contacts);
	if (rc < 0)
		return jmap_error_code(call, rc);
	jmap_contacts_each(&q->contacts, add, q);
	if (q->count > 1)
		qsort(q->rows, q->count, sizeof *q->rows, compare);
	return give(call, q);
}

enum jmap_step jmap_contact_card_query_changes(struct jmap_call *call)
{
	struct jmap_query query;

	if (!jmap_query_changes_args(call, jmap_card_condition_check, sorts, NULL, &query))
		return JMAP_DONE;
	return jmap_error(call, "cannotCalculateChanges", NULL);
}
