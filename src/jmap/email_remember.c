/* The result of the last long query, for the pages behind it: a list that is scrolled through is not searched for anew at every step. */
#include "jmap/email_remember.h"

#include <string.h>

#include "base/memory.h"
#include "jmap/private.h"

#define REMEMBERED_MAX 20000 /* ids: 320 KB for a sign-in */

struct jmap_remembered {
	struct buf key, state;
	struct jmap_found *list;
	size_t count;
	uint64_t total;
};

void jmap_remembered_free(struct jmap_remembered **remembered)
{
	struct jmap_remembered *r = *remembered;

	*remembered = NULL;
	if (r == NULL)
		return;
	buf_free(&r->key);
	buf_free(&r->state);
	memory_free(r->list);
	memory_free(r);
}

static bool json_append(const json_t *value, struct buf *out)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	if (text == NULL)
		return false;
	buf_append_str(out, text);
	buf_append_byte(out, '\n');
	free(text);
	return true;
}

/* What is asked for, without the window. */
static bool key_make(const struct jmap_query *q, bool collapse, struct buf *out)
{
	bool ok = q->filter == NULL || json_append(q->filter, out);

	for (size_t i = 0; ok && i < q->sort_count; i++)
		ok = json_append(q->sort[i].comparator, out);
	buf_append_byte(out, collapse ? 'c' : 'a');
	return ok && !out->failed;
}

static bool covers(const struct jmap_remembered *r, const struct jmap_query *q)
{
	if (r->count == r->total)
		return true;
	return q->anchor.n == 0 && q->position >= 0 && (uint64_t)q->position <= r->count && q->limit <= r->count - (uint64_t)q->position;
}

bool jmap_remembered_find(const struct jmap_call *call, const struct jmap_query *q, bool collapse, struct slice state, struct jmap_result *ret)
{
	const struct jmap_remembered *r = call->jmap->remembered;
	struct buf key = BUF_INIT(JMAP_REMEMBERED_KEY_MAX);
	bool found = r != NULL && slice_eq(buf_slice(&r->state), state) && covers(r, q) && key_make(q, collapse, &key)
		&& slice_eq(buf_slice(&r->key), buf_slice(&key));

	buf_free(&key);
	if (!found)
		return false;
	*ret = (struct jmap_result){.count = r->count, .room = r->count, .total = r->total, .total_known = true};
	ret->list = memory_alloc_array(r->count + 1, sizeof *ret->list);
	memcpy(ret->list, r->list, r->count * sizeof *ret->list);
	return true;
}

void jmap_remembered_put(struct jmap_call *call, const struct jmap_query *q, bool collapse, struct slice state, const struct jmap_result *result)
{
	struct jmap_remembered *r = memory_alloc(sizeof *r);

	jmap_remembered_free(&call->jmap->remembered);
	buf_init(&r->key, JMAP_REMEMBERED_KEY_MAX);
	buf_init(&r->state, state.n);
	buf_append(&r->state, state);
	if (!key_make(q, collapse, &r->key)) {
		jmap_remembered_free(&r);
		return;
	}
	r->count = result->count < REMEMBERED_MAX ? result->count : REMEMBERED_MAX;
	r->total = result->total;
	r->list = memory_alloc_array(r->count + 1, sizeof *r->list);
	if (r->count > 0)
		memcpy(r->list, result->list, r->count * sizeof *r->list);
	call->jmap->remembered = r;
}
