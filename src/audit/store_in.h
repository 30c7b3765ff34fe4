/* Inside of the store. Internal to audit. */
#ifndef AUDIT_STORE_IN_H
#define AUDIT_STORE_IN_H

#include "audit/store.h"

#define AUDIT_PATH_MAX 4200
#define AUDIT_LOG_PREFIX "log-"
#define AUDIT_FILE_MAX (AUDIT_SEGMENT_BYTES + 2 * AUDIT_GROUP_BYTES + 65536)

struct audit_segment {
	uint64_t first;
	int64_t first_ms;
};

struct audit_store {
	char *directory;
	uint8_t *key;                     /* guarded */
	/* of the appending thread */
	int fd, nodes_fd;                 /* fd -1: the next group begins a segment */
	uint64_t end;                     /* bytes of the open segment */
	bool begun;                       /* it holds nothing that is published */
	struct audit_frontier frontier;
	struct buf frame, nodes;          /* room for one group */
	/* of the loop */
	struct audit_segment *segments;
	size_t segment_count;
	struct audit_frontier published;
};

struct audit_view {
	char *directory;
	const uint8_t *key;               /* of the store, which outlives its views */
	int nodes_fd;
	struct audit_segment *segments;
	size_t segment_count;
	struct audit_frontier frontier;
};

void audit_segment_path(const char *directory, uint64_t first, char path[AUDIT_PATH_MAX]);
/* Records of one segment image in order; *ret_used: bytes up to the first frame that does not open. *next is the number that the first record
 * must have, and is moved. 0, what fn returned, or ERR_DAMAGED. */
int audit_segment_walk(struct slice image, const uint8_t *key, uint64_t *next, audit_item_fn *fn, void *arg, size_t *ret_used);

#endif
