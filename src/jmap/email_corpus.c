/* The emails that a filter looks at. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "jmap/email_filter.h"

/* ---- emails by id: open addressing; random ids are their own hash ---- */

static size_t hash_of(const uint8_t id[16])
{
	uint64_t a, b;

	memcpy(&a, id, sizeof a);
	memcpy(&b, id + 8, sizeof b);
	a ^= b * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(a ^ a >> 32);
}

static void slots_grow(struct jmap_corpus *c)
{
	c->mask = c->slots == NULL ? 1023 : c->mask * 2 + 1;
	memory_free(c->slots);
	c->slots = memory_alloc_array(c->mask + 1, sizeof *c->slots);
	for (size_t i = 0; i < c->email_count; i++) {
		size_t at = hash_of(c->emails[i].id) & c->mask;

		while (c->slots[at] != 0)
			at = (at + 1) & c->mask;
		c->slots[at] = (uint32_t)i + 1;
	}
}

/* The number of the email; *ret_new: it was not there. */
static uint32_t email_number(struct jmap_corpus *c, const uint8_t id[16], bool *ret_new)
{
	size_t at;

	if (c->slots == NULL || c->email_count * 2 > c->mask)
		slots_grow(c);
	for (at = hash_of(id) & c->mask; c->slots[at] != 0; at = (at + 1) & c->mask) {
		if (memcmp(c->emails[c->slots[at] - 1].id, id, 16) == 0) {
			*ret_new = false;
			return c->slots[at] - 1;
		}
	}
	if (c->email_count == c->email_room) {
		c->email_room = c->email_room == 0 ? 512 : c->email_room * 2;
		c->emails = memory_grow(c->emails, c->email_room * sizeof *c->emails);
	}
	*ret_new = true;
	c->slots[at] = (uint32_t)++c->email_count;
	return (uint32_t)c->email_count - 1;
}

/* ---- loading ---- */

struct loading {
	struct jmap_corpus *corpus;
	struct jmap_corpus_box *box;
};

static void merge(struct jmap_corpus_email *e, struct flag_set flags)
{
	e->flags.keywords |= flags.keywords;
	e->flags.system = ((e->flags.system | flags.system) & ~(uint32_t)FLAG_SEEN) | (e->flags.system & flags.system & FLAG_SEEN);
}

static int load_row(void *arg, const struct message_row *row)
{
	struct loading *l = arg;
	struct jmap_corpus_box *box = l->box;
	struct jmap_corpus_email *e;
	uint32_t number;
	bool fresh;

	if ((row->flags.system & FLAG_DELETED) != 0)
		return 0;
	if (box->count == box->room) {
		box->room = box->room == 0 ? 64 : box->room * 2;
		box->rows = memory_grow(box->rows, box->room * sizeof *box->rows);
	}
	number = email_number(l->corpus, row->email_id, &fresh);
	box->rows[box->count++] = (struct jmap_corpus_row){row->uid, number};
	e = &l->corpus->emails[number];
	if (!fresh) {
		merge(e, row->flags);
		return 0;
	}
	*e = (struct jmap_corpus_email){.received = row->internal_date, .size = row->size, .flags = row->flags, .uid = row->uid,
	                                .mailbox = (uint32_t)(box - l->corpus->boxes)};
	memcpy(e->id, row->email_id, 16);
	memcpy(e->thread_id, row->thread_id, 16);
	return 0;
}

/* No email has rows in two mailboxes: there are as many bodies as rows. */
static bool rows_are_single(struct account *mail, const struct jmap_mailboxes *boxes)
{
	uint64_t used, limit, bodies = 0, rows = 0;
	struct mailbox_status status;
	struct mailbox_ref ref;

	if (mail->ops->quota(mail, &used, &limit, &bodies, NULL) < 0)
		return false;
	for (size_t i = 0; i < boxes->count; i++) {
		if (!boxes->list[i].exists)
			continue;
		memcpy(ref.id, boxes->list[i].id, sizeof ref.id);
		if (mail->ops->status(mail, &ref, &status, NULL) < 0)
			return false;
		rows += status.messages;
	}
	return rows == bodies;
}

static const char *const of_threads[] = {"allInThreadHaveKeyword", "someInThreadHaveKeyword", "noneInThreadHaveKeyword", NULL};
static const char *const of_rows[] = {"hasKeyword", "notKeyword", "inMailboxOtherThan", NULL};

/* The one mailbox that has to be looked at; NULL: all. */
static const struct mailbox_info *restricted_to(struct account *mail, const json_t *filter, const struct jmap_mailboxes *boxes)
{
	const json_t *id = jmap_filter_mailbox(filter);

	if (id == NULL || jmap_filter_has(filter, of_threads) || (jmap_filter_has(filter, of_rows) && !rows_are_single(mail, boxes)))
		return NULL;
	return jmap_mailbox_by_text(boxes, jmap_text(id));
}

int jmap_corpus_open(struct account *mail, const json_t *filter, bool whole, struct arena *arena, struct jmap_corpus *ret)
{
	const struct mailbox_info *only = NULL;
	struct jmap_mailboxes boxes;
	int rc = jmap_mailboxes_list(mail, arena, &boxes);

	*ret = (struct jmap_corpus){.mail = mail, .arena = arena, .load_uid = 1};
	if (rc < 0 || jmap_filter_never(mail, filter))
		return rc;
	if (!whole)
		only = restricted_to(mail, filter, &boxes);
	ret->boxes = arena_alloc_array(arena, boxes.count + 1, sizeof *ret->boxes);
	for (size_t i = 0; i < boxes.count; i++)
		if (boxes.list[i].exists && (only == NULL || only == &boxes.list[i]))
			memcpy(ret->boxes[ret->box_count++].ref.id, boxes.list[i].id, 16);
	return 0;
}

void jmap_corpus_slice(struct jmap_corpus *c, uint64_t budget)
{
	arena_reset(&c->scratch);
	c->budget = budget;
	c->busy = false;
	c->leaf_at = 0;
}

bool jmap_corpus_spend(struct jmap_corpus *c, uint64_t rows)
{
	c->budget -= rows < c->budget ? rows : c->budget;
	if (c->budget == 0)
		c->busy = true;
	return !c->busy;
}

/* The rows up to one UID. A mailbox that went meanwhile has none. */
static int load_rows(struct jmap_corpus *c, uint32_t last)
{
	struct loading l = {.corpus = c, .box = &c->boxes[c->load_box]};
	size_t before = l.box->count;
	int rc = c->mail->ops->messages(c->mail, &l.box->ref, (uint32_t)c->load_uid, last, 0, load_row, &l, NULL);

	(void)jmap_corpus_spend(c, 1 + (l.box->count - before) / JMAP_SLICE_CHEAP * 2);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* UIDs lie as thin as one likes: of any number of them there are a thousand steps at most. */
static uint32_t last_of_step(const struct jmap_corpus *c, uint32_t next)
{
	uint64_t step = JMAP_SLICE * JMAP_SLICE_CHEAP / 4, last;

	step = step > next / 1000u ? step : next / 1000u;
	last = c->load_uid + step;
	return last >= next ? UINT32_MAX : (uint32_t)last;
}

int jmap_corpus_load(struct jmap_corpus *c)
{
	struct mailbox_status status;
	int rc = 0;

	while (rc == 0 && c->load_box < c->box_count) {
		uint32_t last = UINT32_MAX;

		if (c->busy)
			return 0;
		rc = c->mail->ops->status(c->mail, &c->boxes[c->load_box].ref, &status, NULL);
		if (rc == 0)
			last = last_of_step(c, status.uid_next);
		if (rc == 0)
			rc = load_rows(c, last);
		rc = rc == ERR_NOT_FOUND ? 0 : rc;
		c->load_uid = (uint64_t)last + 1;
		if (last == UINT32_MAX) {
			c->load_box++;
			c->load_uid = 1;
		}
	}
	return rc;
}

void jmap_corpus_free(struct jmap_corpus *c)
{
	for (size_t i = 0; i < c->box_count; i++)
		MEMORY_FREE(&c->boxes[i].rows);
	c->box_count = 0;
	MEMORY_FREE(&c->emails);
	MEMORY_FREE(&c->slots);
	MEMORY_FREE(&c->threads);
	MEMORY_FREE(&c->leaves);
	arena_free(&c->scratch);
}

/* ---- threads ---- */

static int by_thread(const void *pa, const void *pb, void *arg)
{
	const struct jmap_corpus_email *emails = arg;

	return memcmp(emails[*(const uint32_t *)pa].thread_id, emails[*(const uint32_t *)pb].thread_id, 16);
}

void jmap_corpus_threads(struct jmap_corpus *c)
{
	uint32_t *order = memory_alloc_array(c->email_count + 1, sizeof *order);

	if (c->threads != NULL) {
		memory_free(order);
		return;
	}
	for (size_t i = 0; i < c->email_count; i++)
		order[i] = (uint32_t)i;
	if (c->email_count > 1)
		qsort_r(order, c->email_count, sizeof *order, by_thread, c->emails);
	c->threads = memory_alloc_array(c->email_count + 1, sizeof *c->threads);
	c->thread_count = 0;
	for (size_t i = 0; i < c->email_count; i++) {
		struct jmap_corpus_email *e = &c->emails[order[i]];

		if (i == 0 || memcmp(e->thread_id, c->emails[order[i - 1]].thread_id, 16) != 0)
			c->threads[c->thread_count++] = (struct jmap_corpus_thread){e->flags, e->flags};
		e->thread = (uint32_t)c->thread_count - 1;
		c->threads[e->thread].any.system |= e->flags.system;
		c->threads[e->thread].any.keywords |= e->flags.keywords;
		c->threads[e->thread].all.system &= e->flags.system;
		c->threads[e->thread].all.keywords &= e->flags.keywords;
	}
	memory_free(order);
}

/* ---- digests ---- */

struct digesting {
	const struct jmap_corpus_box *box;
	jmap_corpus_digest_fn *fn;
	void *arg;
};

static const struct jmap_corpus_row *row_of(const struct jmap_corpus_box *box, uint32_t uid)
{
	size_t low = 0, high = box->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (box->rows[middle].uid < uid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < box->count && box->rows[low].uid == uid ? &box->rows[low] : NULL;
}

static int on_digest(void *arg, const struct message_row *row, struct slice digest, uint32_t prefix)
{
	struct digesting *d = arg;
	const struct jmap_corpus_row *r = row_of(d->box, row->uid);

	if (r != NULL)
		d->fn(d->arg, r->email, digest);
	return 0;
}

bool jmap_corpus_next(struct jmap_corpus *c, const struct jmap_bits *set, struct jmap_leaf *leaf, struct uid_set *uids)
{
	const struct jmap_corpus_box *box = &c->boxes[leaf->box];
	uint64_t room = c->budget, found = 0;

	for (; leaf->row < box->count && found < room; leaf->row++) { /* an email in two mailboxes is read in one */
		const struct jmap_corpus_row *row = &box->rows[leaf->row];

		if (jmap_bit(set, row->email) && c->emails[row->email].mailbox == leaf->box && c->emails[row->email].uid == row->uid) {
			uid_set_add(uids, row->uid);
			found++;
		}
	}
	(void)jmap_corpus_spend(c, found);
	return found > 0;
}

void jmap_corpus_digests(struct jmap_corpus *c, const struct jmap_bits *set, struct jmap_leaf *leaf, jmap_corpus_digest_fn *fn, void *arg)
{
	while (c->error == 0 && !c->busy && leaf->box < c->box_count) {
		struct digesting d = {.box = &c->boxes[leaf->box], .fn = fn, .arg = arg};
		struct uid_set uids = {0};

		if (jmap_corpus_next(c, set, leaf, &uids)) {
			c->error = c->mail->ops->messages_with_digest(c->mail, &d.box->ref, &uids, false, on_digest, &d, NULL);
			c->error = c->error == ERR_NOT_FOUND ? 0 : c->error;
		}
		if (leaf->row == d.box->count) {
			leaf->box++;
			leaf->row = 0;
		}
		uid_set_free(&uids);
	}
	leaf->done = leaf->box == c->box_count;
}
