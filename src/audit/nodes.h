/*
 * The file of nodes: every node of the tree in the order in which it comes to be, 32 bytes each. It can be made anew from the segments, so
 * it is synced only when a segment is closed. Internal to audit.
 */
#ifndef AUDIT_NODES_H
#define AUDIT_NODES_H

#include "audit/tree.h"

/* Nodes that exist when the tree has `size` leaves. */
static inline uint64_t audit_node_count(uint64_t size)
{
	return 2 * size - (uint64_t)__builtin_popcountll(size);
}

/* Reads the root of a complete subtree: 0, ERR_DAMAGED when the file is too short, or negative. */
int audit_nodes_read(int fd, unsigned level, uint64_t index, struct audit_hash *ret, struct error *err);

#endif
