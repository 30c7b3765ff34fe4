/*
 * The audit log on disk: append-only segments of sealed groups, and the nodes of the tree. docs/audit.md is the format.
 *
 * One thread at a time appends (audit_store_append, audit_store_retire run in the pool, one job at a time); the owner's loop publishes what
 * was appended and makes views, which any other thread may read meanwhile.
 */
#ifndef AUDIT_STORE_H
#define AUDIT_STORE_H

#include "audit/tree.h"
#include "base/buf.h"

#define AUDIT_STORE_KEY_SIZE 32
#define AUDIT_SEGMENT_BYTES (16u << 20)  /* a segment that is larger is closed */
#define AUDIT_GROUP_BYTES (8u << 20)     /* records of one group */

struct audit_store;

/* What one look at a stored record gives: its text, or (text.n == 0) only the hash of a record that was retired. Borrowed. */
struct audit_item {
	uint64_t n;
	struct slice text;
	struct audit_hash leaf; /* of a retired one */
};
/* 0 goes on, anything else ends the walk and is returned. */
typedef int audit_item_fn(void *arg, const struct audit_item *item);

struct audit_opened {
	uint64_t size;
	uint64_t cut;           /* bytes of an unfinished group that were removed at the end */
	bool rebuilt;           /* the file of nodes was made anew */
};
/*
 * Opens or begins the log in `directory`. Every record of the last two segments is checked, hashed and given to `fn` (may be NULL). Key: of the
 * seal. ERR_DAMAGED: something besides an unfinished last group does not verify.
 */
int audit_store_open(const char *directory, const uint8_t key[AUDIT_STORE_KEY_SIZE], audit_item_fn *fn, void *arg, struct audit_store **ret,
	struct audit_opened *ret_opened, struct error *err);
void audit_store_close(struct audit_store **store);

/* A group on its way to the disk. */
struct audit_group {
	struct buf records;     /* audit_group_add */
	uint32_t count;
	int64_t first_ms;       /* wall clock of the first record */
	/* by audit_store_append */
	struct audit_frontier frontier;
	bool new_segment;
};
void audit_group_init(struct audit_group *g);
void audit_group_add(struct audit_group *g, struct slice record, int64_t wall_ms);
void audit_group_free(struct audit_group *g);
/* In the pool: writes and syncs the group; its records are numbered from the store's size on. 0: durable. ERR_NO_SPACE: nothing changed, try again
 * later. Other errors: what is on the disk is unknown; the process has to open the store anew. */
int audit_store_append(struct audit_store *s, struct audit_group *g, struct error *err);
/* On the loop, after a successful append: readers see it from now on. */
void audit_store_publish(struct audit_store *s, const struct audit_group *g);
uint64_t audit_store_size(const struct audit_store *s);
void audit_store_root(const struct audit_store *s, struct audit_hash *ret);

/* ---- reading ---- */

struct audit_view;
/* A picture of what is published now. */
struct audit_view *audit_view_create(const struct audit_store *s);
void audit_view_free(struct audit_view **view);
uint64_t audit_view_size(const struct audit_view *v);
void audit_view_root(const struct audit_view *v, struct audit_hash *ret);
/* Nodes for proofs within the view. */
struct audit_nodes audit_view_nodes(const struct audit_view *v);
/* Records [from, view size) upwards, or [0, from) downwards. Ends with what fn returned, 0 at the end, or a negative code. */
int audit_view_walk(const struct audit_view *v, uint64_t from, bool downwards, audit_item_fn *fn, void *arg, struct error *err);
/* The lowest number whose record can be of `ms` or later; processes may hand over their records up to an hour late. */
uint64_t audit_view_since(const struct audit_view *v, int64_t ms);
/* Reads everything: every group opens, every hash and the root are right. *ret_bad: number of the first record that is not. */
int audit_view_verify(const struct audit_view *v, uint64_t *ret_records, uint64_t *ret_bad, struct error *err);

/* ---- retention ---- */

/* Shall this record be kept? */
typedef bool audit_keep_fn(void *arg, struct slice text);
/* In the pool: replaces the records of one closed segment that need not be kept by their hashes. Looks at the first segment from record `from`
 * on whose last record is older than `before_ms`; ret->first is the segment that was looked at,
 * UINT64_MAX when there was none. */
struct audit_retired {
	uint64_t first, count, removed;
};
int audit_view_retire(const struct audit_view *v, uint64_t from, int64_t before_ms, audit_keep_fn *keep, void *arg, struct audit_retired *ret,
	struct error *err);

#endif
