#include "audit/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/frame.h"
#include "audit/nodes.h"
#include "audit/store_in.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/slab.h"
#include "sys/fault.h"
#include "sys/file.h"

#define NODES_NAME "nodes"
#define NODES_STEP 65536
#define CHECKED_SEGMENTS 2 /* read whole at every start */

void audit_segment_path(const char *directory, uint64_t first, char path[AUDIT_PATH_MAX])
{
	snprintf(path, AUDIT_PATH_MAX, "%s/" AUDIT_LOG_PREFIX "%020llu", directory, (unsigned long long)first);
}

/* ---- segments ---- */

static int frame_walk(const struct audit_frame *f, struct slice records, uint64_t *next, audit_item_fn *fn, void *arg)
{
	struct audit_item item;
	if (f->first != *next)
		return ERR_DAMAGED;
	for (uint32_t i = 0; i < f->count; i++) {
		if (audit_item_get(&records, &item) < 0)
			return ERR_DAMAGED;
		item.n = (*next)++;
		int rc = fn(arg, &item);
		if (rc != 0)
			return rc;
	}
	return records.n == 0 ? 0 : ERR_DAMAGED;
}

int audit_segment_walk(struct slice image, const uint8_t *key, uint64_t *next, audit_item_fn *fn, void *arg, size_t *ret_used)
{
	struct buf records = BUF_INIT(AUDIT_GROUP_BYTES * 2);
	struct slice rest = image;
	struct audit_frame f;
	uint64_t first;
	int rc = audit_segment_head_get(&rest, &first);
	*ret_used = 0;
	if (rc == 0 && first != *next)
		rc = ERR_DAMAGED;
	while (rc == 0) {
		*ret_used = image.n - rest.n;
		rc = audit_frame_get(&rest, &f);
		if (rc != 0)
			break;
		buf_clear(&records);
		rc = audit_frame_open(key, &f, &records);
		if (rc == 0)
			rc = frame_walk(&f, buf_slice(&records), next, fn, arg);
	}
	buf_free(&records);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int compare_firsts(const void *a, const void *b)
{
	uint64_t x = ((const struct audit_segment *)a)->first, y = ((const struct audit_segment *)b)->first;
	return x < y ? -1 : x > y;
}

static int list_segments(struct audit_store *s, struct error *err)
{
	DIR *dir = opendir(s->directory);
	if (dir == NULL)
		return error_errno(err, "%s", s->directory);
	for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
		struct slice name = slice_str(e->d_name);
		uint64_t first;
		if (!slice_starts(name, SLICE(AUDIT_LOG_PREFIX)) || slice_to_u64(slice_from(name, sizeof AUDIT_LOG_PREFIX - 1), &first) < 0)
			continue;
		s->segments = memory_grow(s->segments, (s->segment_count + 1) * sizeof *s->segments);
		s->segments[s->segment_count++] = (struct audit_segment){.first = first};
	}
	closedir(dir);
	if (s->segment_count > 0)
		qsort(s->segments, s->segment_count, sizeof *s->segments, compare_firsts);
	return 0;
}

/* The time of a segment's first record, from its first frame. */
static void read_time(const struct audit_store *s, struct audit_segment *segment)
{
	char path[AUDIT_PATH_MAX];
	uint8_t head[AUDIT_SEGMENT_HEAD + AUDIT_FRAME_HEAD];
	audit_segment_path(s->directory, segment->first, path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && file_pread_exact(fd, head, sizeof head, 0, NULL) == 0) {
		struct slice at = slice_make(head + AUDIT_SEGMENT_HEAD + 20, 8);
		uint64_t ms = 0;
		slice_get_u64(&at, &ms);
		segment->first_ms = (int64_t)ms;
	}
	file_close(&fd);
}

/* ---- opening ---- */

struct opening {
	struct audit_store *s;
	audit_item_fn *fn;
	void *arg;
	struct audit_frontier from; /* before the current segment */
};

static void keep_node(void *arg, const struct audit_hash *node)
{
	struct audit_store *s = arg;
	buf_append_bytes(&s->nodes, node->b, AUDIT_HASH_SIZE);
}

/* Writes the nodes that gathered behind those of a tree of `size` leaves. */
static int write_nodes(struct audit_store *s, uint64_t size, struct error *err)
{
	ENSURE(!s->nodes.failed);
	int rc = file_pwrite_all(s->nodes_fd, buf_slice(&s->nodes), audit_node_count(size) * AUDIT_HASH_SIZE, err);
	buf_clear(&s->nodes);
	return rc;
}

static void leaf_of(const struct audit_item *item, struct audit_hash *ret)
{
	if (item->text.n > 0)
		audit_leaf_hash(item->text, ret);
	else
		*ret = item->leaf;
}

static int open_item(void *arg, const struct audit_item *item)
{
	struct opening *o = arg;
	struct audit_hash leaf;
	leaf_of(item, &leaf);
	audit_frontier_add(&o->s->frontier, 0, &leaf, keep_node, o->s);
	if (buf_len(&o->s->nodes) > NODES_STEP) {
		int rc = write_nodes(o->s, o->from.size, NULL);
		if (rc < 0)
			return rc;
		o->from = o->s->frontier;
	}
	return o->fn != NULL ? o->fn(o->arg, item) : 0;
}

/* Is there a group here or further behind that opens? Then what is damaged is no unfinished write. */
static bool group_follows(struct slice rest, const uint8_t *key)
{
	struct buf records = BUF_INIT(AUDIT_GROUP_BYTES * 2);
	struct audit_frame f;
	ptrdiff_t at;
	bool found = false;
	while (!found && (at = slice_search(rest, SLICE("LLAG"))) >= 0) {
		struct slice in = slice_from(rest, (size_t)at);
		buf_clear(&records);
		found = audit_frame_get(&in, &f) == 0 && audit_frame_open(key, &f, &records) == 0;
		rest = slice_from(rest, (size_t)at + 1);
	}
	buf_free(&records);
	return found;
}

/* A whole group that does not open can be an unfinished write only at the very end, and behind one that does open: else the key is wrong. */
static bool is_unfinished(const struct audit_store *s, struct slice rest)
{
	struct slice in = rest;
	struct audit_frame f;
	if (group_follows(rest, s->key))
		return false;
	return audit_frame_get(&in, &f) < 0 || (in.n == 0 && s->frontier.size > 0);
}

/* The last group may be unfinished: it was never acknowledged, so it goes. */
static int cut_tail(struct audit_store *s, const char *path, struct slice image, size_t used, struct audit_opened *opened, struct error *err)
{
	if (used == 0 || !is_unfinished(s, slice_from(image, used)))
		return error_set(err, ERR_DAMAGED, "the audit log is damaged in %s at byte %zu", path, used);
	if (truncate(path, (off_t)used) < 0)
		return error_errno(err, "%s", path);
	opened->cut = image.n - used;
	return 0;
}

static int open_segment(struct opening *o, uint64_t first, bool last, struct audit_opened *opened, struct error *err)
{
	struct audit_store *s = o->s;
	char path[AUDIT_PATH_MAX];
	struct buf image = BUF_INIT(AUDIT_FILE_MAX);
	uint64_t next = s->frontier.size;
	size_t used;
	audit_segment_path(s->directory, first, path);
	int rc = file_read(path, &image, err);
	if (rc == 0) {
		o->from = s->frontier;
		rc = audit_segment_walk(buf_slice(&image), s->key, &next, open_item, o, &used);
		if (rc == ERR_DAMAGED && last)
			rc = cut_tail(s, path, buf_slice(&image), used, opened, err);
		else if (rc < 0)
			error_set(err, (enum error_code)rc, "the audit log is damaged in %s at byte %zu", path, used);
		s->end = used;
	}
	if (rc == 0)
		rc = write_nodes(s, o->from.size, err);
	buf_free(&image);
	return rc;
}

static int read_node(void *arg, unsigned level, uint64_t index, struct audit_hash *ret)
{
	struct audit_store *s = arg;
	return audit_nodes_read(s->nodes_fd, level, index, ret, NULL);
}

/* The tree at the beginning of the segments that are read; all of them when the nodes are not there. */
static size_t first_to_read(struct audit_store *s, struct audit_opened *opened)
{
	struct audit_nodes nodes = {read_node, s};
	size_t at = s->segment_count > CHECKED_SEGMENTS ? s->segment_count - CHECKED_SEGMENTS : 0;
	if (at == 0 || audit_frontier_load(&nodes, s->segments[at].first, &s->frontier) == 0)
		return at;
	s->frontier = (struct audit_frontier){0};
	opened->rebuilt = true;
	return 0;
}

/* A segment whose creation was interrupted has not even its head. */
static void drop_stub(struct audit_store *s)
{
	char path[AUDIT_PATH_MAX];
	struct buf image = BUF_INIT(AUDIT_FILE_MAX);
	if (s->segment_count == 0)
		return;
	audit_segment_path(s->directory, s->segments[s->segment_count - 1].first, path);
	if (file_read(path, &image, NULL) == 0 && buf_len(&image) < AUDIT_SEGMENT_HEAD && unlink(path) == 0)
		s->segment_count--;
	buf_free(&image);
}

static int open_all(struct audit_store *s, audit_item_fn *fn, void *arg, struct audit_opened *opened, struct error *err)
{
	struct opening o = {.s = s, .fn = fn, .arg = arg};
	char path[AUDIT_PATH_MAX];
	int rc = list_segments(s, err);
	if (rc < 0)
		return rc;
	drop_stub(s);
	snprintf(path, sizeof path, "%s/" NODES_NAME, s->directory);
	s->nodes_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->nodes_fd < 0)
		return error_errno(err, "%s", path);
	for (size_t i = 0; i < s->segment_count; i++)
		read_time(s, &s->segments[i]);
	for (size_t i = first_to_read(s, opened); i < s->segment_count && rc == 0; i++)
		rc = open_segment(&o, s->segments[i].first, i + 1 == s->segment_count, opened, err);
	if (rc == 0 && s->segment_count > 0) {
		audit_segment_path(s->directory, s->segments[s->segment_count - 1].first, path);
		s->fd = open(path, O_RDWR | O_CLOEXEC);
		rc = s->fd < 0 ? error_errno(err, "%s", path) : 0;
	}
	s->published = s->frontier;
	opened->size = s->frontier.size;
	return rc;
}

int audit_store_open(const char *directory, const uint8_t key[AUDIT_STORE_KEY_SIZE], audit_item_fn *fn, void *arg, struct audit_store **ret,
	struct audit_opened *ret_opened, struct error *err)
{
	struct audit_store *s = memory_alloc(sizeof *s);
	s->directory = memory_dup_str(slice_str(directory));
	s->fd = s->nodes_fd = -1;
	s->key = slab_alloc(AUDIT_STORE_KEY_SIZE);
	buf_init(&s->frame, AUDIT_GROUP_BYTES * 2);
	buf_init(&s->nodes, SIZE_MAX / 2);
	ENSURE(s->key != NULL);
	memcpy(s->key, key, AUDIT_STORE_KEY_SIZE);
	*ret_opened = (struct audit_opened){0};
	int rc = open_all(s, fn, arg, ret_opened, err);
	if (rc < 0)
		audit_store_close(&s);
	else
		*ret = s;
	return rc;
}

void audit_store_close(struct audit_store **store)
{
	struct audit_store *s = *store;
	if (s == NULL)
		return;
	file_close(&s->fd);
	file_close(&s->nodes_fd);
	slab_free(&s->key);
	buf_free(&s->frame);
	buf_free(&s->nodes);
	memory_free(s->segments);
	memory_free(s->directory);
	MEMORY_FREE(store);
}

/* ---- appending ---- */

void audit_group_init(struct audit_group *g)
{
	*g = (struct audit_group){.records = BUF_INIT(AUDIT_GROUP_BYTES)};
}

void audit_group_add(struct audit_group *g, struct slice record, int64_t wall_ms)
{
	audit_item_put(&g->records, &(struct audit_item){.text = record});
	if (g->count++ == 0)
		g->first_ms = wall_ms;
}

void audit_group_free(struct audit_group *g)
{
	buf_free(&g->records);
}

static int begin_segment(struct audit_store *s, struct audit_group *g, struct error *err)
{
	char path[AUDIT_PATH_MAX];
	struct buf head = BUF_INIT(AUDIT_SEGMENT_HEAD);
	audit_segment_path(s->directory, s->frontier.size, path);
	audit_segment_head(s->frontier.size, &head);
	int rc = fdatasync(s->nodes_fd) < 0 ? error_errno(err, NODES_NAME) : file_create(path, buf_slice(&head), 0600, err);
	if (rc == ERR_NO_SPACE)
		unlink(path);
	if (rc == 0) {
		file_close(&s->fd);
		s->fd = open(path, O_RDWR | O_CLOEXEC);
		s->end = buf_len(&head);
		s->begun = true;
		rc = s->fd < 0 ? error_errno(err, "%s", path) : 0;
	}
	buf_free(&head);
	return rc;
}

/* The nodes go first: behind the end of the tree they mean nothing. */
static int append_nodes(struct audit_store *s, struct audit_group *g, struct error *err)
{
	struct slice in = buf_slice(&g->records);
	struct audit_item item;
	struct audit_hash leaf;
	g->frontier = s->frontier;
	buf_clear(&s->nodes);
	while (in.n > 0) {
		ENSURE(audit_item_get(&in, &item) == 0);
		leaf_of(&item, &leaf);
		audit_frontier_add(&g->frontier, 0, &leaf, keep_node, s);
	}
	return write_nodes(s, s->frontier.size, err);
}

static int sync_group(struct audit_store *s, struct error *err)
{
	errno = fault_errno(audit_sync);
	if (errno != 0 || fdatasync(s->fd) < 0)
		return error_errno(err, "sync of the audit log");
	return 0;
}

static int write_group(struct audit_store *s, const struct audit_group *g, struct error *err)
{
	buf_clear(&s->frame);
	audit_frame_seal(s->key, s->frontier.size, g->count, g->first_ms, buf_slice(&g->records), &s->frame);
	ENSURE(!s->frame.failed);
	FAULT_POINT(audit_write);
	int rc = file_pwrite_all(s->fd, buf_slice(&s->frame), s->end, err);
	if (rc == ERR_NO_SPACE && ftruncate(s->fd, (off_t)s->end) < 0)
		rc = error_errno(err, "audit log");
	FAULT_POINT(audit_written);
	if (rc == 0 && (rc = sync_group(s, err)) == ERR_NO_SPACE)
		rc = ftruncate(s->fd, (off_t)s->end) < 0 ? error_errno(err, "audit log") : ERR_NO_SPACE;
	return rc;
}

int audit_store_append(struct audit_store *s, struct audit_group *g, struct error *err)
{
	int rc = 0;
	ENSURE(g->count > 0 && !g->records.failed);
	if (s->fd < 0 || s->end > AUDIT_SEGMENT_BYTES)
		rc = begin_segment(s, g, err);
	if (rc == 0)
		rc = append_nodes(s, g, err);
	if (rc == 0)
		rc = write_group(s, g, err);
	if (rc == 0) {
		s->end += buf_len(&s->frame);
		s->frontier = g->frontier;
		g->new_segment = s->begun;
		s->begun = false;
	}
	return rc;
}

void audit_store_publish(struct audit_store *s, const struct audit_group *g)
{
	if (g->new_segment) {
		s->segments = memory_grow(s->segments, (s->segment_count + 1) * sizeof *s->segments);
		s->segments[s->segment_count++] = (struct audit_segment){.first = g->frontier.size - g->count, .first_ms = g->first_ms};
	}
	s->published = g->frontier;
}

uint64_t audit_store_size(const struct audit_store *s)
{
	return s->published.size;
}

void audit_store_root(const struct audit_store *s, struct audit_hash *ret)
{
	audit_frontier_root(&s->published, ret);
}
