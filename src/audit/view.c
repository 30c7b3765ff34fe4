/* Reading the audit log: walks, proofs, the check of everything, and the end of retention. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/frame.h"
#include "audit/nodes.h"
#include "audit/store_in.h"
#include "base/clock.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "sys/file.h"

#define LATE_MS HOURS_MS(1)

struct audit_view *audit_view_create(const struct audit_store *s)
{
	struct audit_view *v = memory_alloc(sizeof *v);
	v->directory = memory_dup_str(slice_str(s->directory));
	v->key = s->key;
	v->nodes_fd = fcntl(s->nodes_fd, F_DUPFD_CLOEXEC, 3);
	v->segments = memory_alloc_array(s->segment_count + 1, sizeof *v->segments);
	if (s->segment_count > 0)
		memcpy(v->segments, s->segments, s->segment_count * sizeof *v->segments);
	v->segment_count = s->segment_count;
	v->frontier = s->published;
	return v;
}

void audit_view_free(struct audit_view **view)
{
	struct audit_view *v = *view;
	if (v == NULL)
		return;
	file_close(&v->nodes_fd);
	memory_free(v->segments);
	memory_free(v->directory);
	MEMORY_FREE(view);
}

uint64_t audit_view_size(const struct audit_view *v)
{
	return v->frontier.size;
}

void audit_view_root(const struct audit_view *v, struct audit_hash *ret)
{
	audit_frontier_root(&v->frontier, ret);
}

static int read_node(void *arg, unsigned level, uint64_t index, struct audit_hash *ret)
{
	const struct audit_view *v = arg;
	return audit_nodes_read(v->nodes_fd, level, index, ret, NULL);
}

struct audit_nodes audit_view_nodes(const struct audit_view *v)
{
	return (struct audit_nodes){read_node, (void *)(uintptr_t)v};
}

/* The segment that holds record n; n below the size. */
static size_t segment_of(const struct audit_view *v, uint64_t n)
{
	size_t low = 0, high = v->segment_count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (v->segments[middle].first <= n)
			low = middle;
		else
			high = middle;
	}
	return low;
}

uint64_t audit_view_since(const struct audit_view *v, int64_t ms)
{
	size_t i = v->segment_count;
	while (i > 1 && v->segments[i - 1].first_ms > ms - LATE_MS)
		i--;
	return i > 0 ? v->segments[i - 1].first : 0;
}

static int read_segment(const struct audit_view *v, size_t i, struct buf *image, struct error *err)
{
	char path[AUDIT_PATH_MAX];
	audit_segment_path(v->directory, v->segments[i].first, path);
	buf_clear(image);
	return file_read(path, image, err);
}

/* ---- walks ---- */

struct walk {
	const struct audit_view *v;
	uint64_t from;              /* first number upwards, end downwards */
	audit_item_fn *fn;
	void *arg;
	struct audit_item *items;   /* downwards: one group */
	size_t count, room;
};

/* The frames of a segment image that belong to the view. */
struct frames {
	struct audit_frame *items;
	size_t count, room;
};

static int list_frames(const struct audit_view *v, size_t segment, struct slice image, struct frames *ret, struct error *err)
{
	uint64_t end = segment + 1 < v->segment_count ? v->segments[segment + 1].first : v->frontier.size;
	uint64_t next = v->segments[segment].first, first;
	ret->count = 0;
	int rc = audit_segment_head_get(&image, &first);
	while (rc == 0 && next < end) {
		if (ret->count == ret->room) {
			ret->room = ret->room * 2 + 64;
			ret->items = memory_grow(ret->items, ret->room * sizeof *ret->items);
		}
		struct audit_frame *f = &ret->items[ret->count];
		rc = audit_frame_get(&image, f);
		if (rc == 0 && (f->first != next || f->count > end - next))
			rc = ERR_DAMAGED;
		if (rc == 0) {
			next += f->count;
			ret->count++;
		}
	}
	return rc == 0 ? 0 : error_set(err, ERR_DAMAGED, "the audit log is damaged at record %llu", (unsigned long long)next);
}

static int frame_items(const struct audit_view *v, const struct audit_frame *f, struct buf *records, struct walk *w, struct error *err)
{
	buf_clear(records);
	w->count = 0;
	if (audit_frame_open(v->key, f, records) < 0)
		return error_set(err, ERR_DAMAGED, "the group at record %llu of the audit log does not open", (unsigned long long)f->first);
	struct slice in = buf_slice(records);
	if (f->count > w->room) {
		w->room = f->count;
		w->items = memory_grow(w->items, w->room * sizeof *w->items);
	}
	for (; w->count < f->count; w->count++) {
		if (audit_item_get(&in, &w->items[w->count]) < 0)
			return error_set(err, ERR_DAMAGED, "the group at record %llu of the audit log is malformed", (unsigned long long)f->first);
		w->items[w->count].n = f->first + w->count;
	}
	return 0;
}

static int give_up(struct walk *w)
{
	int rc = 0;
	for (size_t i = 0; i < w->count && rc == 0; i++)
		if (w->items[i].n >= w->from)
			rc = w->fn(w->arg, &w->items[i]);
	return rc;
}

static int give_down(struct walk *w)
{
	int rc = 0;
	for (size_t i = w->count; i > 0 && rc == 0; i--)
		if (w->items[i - 1].n < w->from)
			rc = w->fn(w->arg, &w->items[i - 1]);
	return rc;
}

static int walk_segment(struct walk *w, size_t segment, bool downwards, struct buf *image, struct buf *records, struct frames *frames,
	struct error *err)
{
	int rc = read_segment(w->v, segment, image, err);
	if (rc == 0)
		rc = list_frames(w->v, segment, buf_slice(image), frames, err);
	for (size_t k = 0; k < frames->count && rc == 0; k++) {
		const struct audit_frame *f = &frames->items[downwards ? frames->count - 1 - k : k];
		if (downwards ? f->first >= w->from : f->first + f->count <= w->from)
			continue;
		rc = frame_items(w->v, f, records, w, err);
		if (rc == 0)
			rc = downwards ? give_down(w) : give_up(w);
	}
	return rc;
}

int audit_view_walk(const struct audit_view *v, uint64_t from, bool downwards, audit_item_fn *fn, void *arg, struct error *err)
{
	struct walk w = {.v = v, .from = from, .fn = fn, .arg = arg};
	struct buf image = BUF_INIT(AUDIT_FILE_MAX), records = BUF_INIT(AUDIT_GROUP_BYTES * 2);
	struct frames frames = {0};
	int rc = 0;
	if (from > v->frontier.size)
		w.from = from = v->frontier.size;
	if (downwards ? from > 0 : from < v->frontier.size) {
		size_t i = segment_of(v, downwards ? from - 1 : from);
		for (; rc == 0 && i < v->segment_count; i = downwards ? i - 1 : i + 1) /* below 0 it wraps to a large number */
			rc = walk_segment(&w, i, downwards, &image, &records, &frames, err);
	}
	buf_free(&image);
	buf_free(&records);
	memory_free(w.items);
	memory_free(frames.items);
	return rc;
}

/* ---- the check of everything ---- */

struct verify {
	const struct audit_view *v;
	struct audit_frontier frontier;
	uint64_t records;
};

static int verify_item(void *arg, const struct audit_item *item)
{
	struct verify *c = arg;
	struct audit_hash leaf = item->leaf, kept;
	if (item->text.n > 0)
		audit_leaf_hash(item->text, &leaf);
	if (read_node((void *)(uintptr_t)c->v, 0, item->n, &kept) < 0 || !audit_hash_equal(&leaf, &kept))
		return ERR_DAMAGED;
	audit_frontier_add(&c->frontier, 0, &leaf, NULL, NULL);
	c->records++;
	return 0;
}

int audit_view_verify(const struct audit_view *v, uint64_t *ret_records, uint64_t *ret_bad, struct error *err)
{
	struct verify c = {.v = v};
	struct audit_hash root, wanted;
	int rc = audit_view_walk(v, 0, false, verify_item, &c, err);
	audit_frontier_root(&c.frontier, &root);
	audit_view_root(v, &wanted);
	if (rc == 0 && (c.frontier.size != v->frontier.size || !audit_hash_equal(&root, &wanted)))
		rc = ERR_DAMAGED;
	*ret_records = c.records;
	*ret_bad = c.frontier.size;
	return rc;
}

/* ---- retention ---- */

/* One frame with what has to go replaced by hashes. */
static void retire_frame(struct walk *w, const struct audit_frame *f, audit_keep_fn *keep, void *arg, struct buf *out, struct audit_retired *ret)
{
	struct buf records = BUF_INIT(AUDIT_GROUP_BYTES * 2);
	for (size_t i = 0; i < w->count; i++) {
		struct audit_item item = w->items[i];
		if (item.text.n > 0 && !keep(arg, item.text)) {
			audit_leaf_hash(item.text, &item.leaf);
			item.text = SLICE_NONE;
			ret->removed++;
		}
		audit_item_put(&records, &item);
		ret->count++;
	}
	audit_frame_seal(w->v->key, f->first, f->count, f->first_ms, buf_slice(&records), out);
	buf_free(&records);
}

static int retire_segment(const struct audit_view *v, size_t segment, audit_keep_fn *keep, void *arg, struct audit_retired *ret, struct error *err)
{
	struct walk w = {.v = v};
	struct buf image = BUF_INIT(AUDIT_FILE_MAX), records = BUF_INIT(AUDIT_GROUP_BYTES * 2), out = BUF_INIT(AUDIT_FILE_MAX);
	struct frames frames = {0};
	char path[AUDIT_PATH_MAX];
	int rc = read_segment(v, segment, &image, err);
	if (rc == 0)
		rc = list_frames(v, segment, buf_slice(&image), &frames, err);
	audit_segment_head(ret->first, &out);
	for (size_t k = 0; k < frames.count && rc == 0; k++) {
		rc = frame_items(v, &frames.items[k], &records, &w, err);
		if (rc == 0)
			retire_frame(&w, &frames.items[k], keep, arg, &out, ret);
	}
	if (rc == 0 && ret->removed > 0 && !out.failed) {
		audit_segment_path(v->directory, ret->first, path);
		rc = file_write_atomic(path, buf_slice(&out), 0600, err);
	}
	buf_free(&image);
	buf_free(&records);
	buf_free(&out);
	memory_free(w.items);
	memory_free(frames.items);
	return rc;
}

int audit_view_retire(const struct audit_view *v, uint64_t from, int64_t before_ms, audit_keep_fn *keep, void *arg, struct audit_retired *ret,
	struct error *err)
{
	*ret = (struct audit_retired){.first = UINT64_MAX};
	/* The next segment's first record is younger than this one's last. */
	for (size_t i = 0; i + 1 < v->segment_count; i++) {
		if (v->segments[i].first < from || v->segments[i + 1].first_ms > before_ms)
			continue;
		ret->first = v->segments[i].first;
		return retire_segment(v, i, keep, arg, ret, err);
	}
	return 0;
}
