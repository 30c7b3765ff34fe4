/*
 * The Merkle tree of the audit log: RFC 9162 2.1 with SHA-256. A leaf is SHA-256(0x00 | record), a node SHA-256(0x01 | left | right).
 *
 * A "complete subtree" of level k and index i covers the leaves [i * 2^k, (i + 1) * 2^k). Its root never changes once it is there; every
 * proof is made of such roots.
 */
#ifndef AUDIT_TREE_H
#define AUDIT_TREE_H

#include "base/error.h"

#define AUDIT_HASH_SIZE 32
#define AUDIT_LEVELS 64
#define AUDIT_PROOF_MAX (2 * AUDIT_LEVELS)

struct audit_hash {
	uint8_t b[AUDIT_HASH_SIZE];
};

void audit_leaf_hash(struct slice record, struct audit_hash *ret);
void audit_node_hash(const struct audit_hash *left, const struct audit_hash *right, struct audit_hash *ret);
bool audit_hash_equal(const struct audit_hash *a, const struct audit_hash *b);

/* The roots of the complete subtrees that cover [0, size), widest first: what has to be known to go on. Zeroed it is the empty tree. */
struct audit_frontier {
	uint64_t size;
	unsigned count;
	struct audit_hash nodes[AUDIT_LEVELS];
};
/* Told of every root that is new, in the order in which it comes to be: the subtree itself, then those that it completes. */
typedef void audit_node_sink(void *arg, const struct audit_hash *node);
/* Adds a complete subtree behind the end; size must be a multiple of 2^level. sink may be NULL. */
void audit_frontier_add(struct audit_frontier *f, unsigned level, const struct audit_hash *root, audit_node_sink *sink, void *arg);
/* MTH of RFC 9162 2.1.1; that of the empty tree is the hash of nothing. */
void audit_frontier_root(const struct audit_frontier *f, struct audit_hash *ret);

/* Gives the root of a complete subtree: 0 or negative. */
typedef int audit_nodes_fn(void *arg, unsigned level, uint64_t index, struct audit_hash *ret);
struct audit_nodes {
	audit_nodes_fn *fn;
	void *arg;
};

struct audit_proof {
	unsigned count;
	struct audit_hash hashes[AUDIT_PROOF_MAX];
};
/* 0, ERR_INVALID when the numbers make no sense, or what the nodes gave. */
int audit_frontier_load(const struct audit_nodes *nodes, uint64_t size, struct audit_frontier *ret);
/* RFC 9162 2.1.3.1: leaf `index` is in the tree of `size` leaves. */
int audit_prove_inclusion(const struct audit_nodes *nodes, uint64_t index, uint64_t size, struct audit_proof *ret);
/* RFC 9162 2.1.4.1: the tree of `first` leaves is the beginning of that of `second`. */
int audit_prove_consistency(const struct audit_nodes *nodes, uint64_t first, uint64_t second, struct audit_proof *ret);
/* What surrounds the leaves [first, end) in the tree of `size` leaves: audit_frontier_load(first), these leaves, then `ret` by
 * audit_right_levels give the root. */
int audit_prove_right(const struct audit_nodes *nodes, uint64_t end, uint64_t size, struct audit_proof *ret);
/* The level of the subtree that begins at `at` when [at, size) is cut into complete subtrees. at < size. */
unsigned audit_right_level(uint64_t at, uint64_t size);

/* RFC 9162 2.1.3.2 and 2.1.4.2. */
bool audit_verify_inclusion(const struct audit_hash *leaf, uint64_t index, uint64_t size, const struct audit_proof *proof,
	const struct audit_hash *root);
bool audit_verify_consistency(uint64_t first, const struct audit_hash *first_root, uint64_t second, const struct audit_hash *second_root,
	const struct audit_proof *proof);

#endif
