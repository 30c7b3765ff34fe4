#include "audit/tree.h"

#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/hash.h"

#define RECORD_STACK 2048 /* records up to this size are hashed without an allocation */

void audit_leaf_hash(struct slice record, struct audit_hash *ret)
{
	uint8_t room[RECORD_STACK + 1];
	uint8_t *p = record.n <= RECORD_STACK ? room : memory_alloc(record.n + 1);
	p[0] = 0;
	if (record.n > 0)
		memcpy(p + 1, record.p, record.n);
	hash_sha256(slice_make(p, record.n + 1), ret->b);
	if (p != room)
		memory_free(p);
}

void audit_node_hash(const struct audit_hash *left, const struct audit_hash *right, struct audit_hash *ret)
{
	uint8_t room[1 + 2 * AUDIT_HASH_SIZE] = {1};
	memcpy(room + 1, left->b, AUDIT_HASH_SIZE);
	memcpy(room + 1 + AUDIT_HASH_SIZE, right->b, AUDIT_HASH_SIZE);
	hash_sha256(slice_make(room, sizeof room), ret->b);
}

bool audit_hash_equal(const struct audit_hash *a, const struct audit_hash *b)
{
	return memcmp(a->b, b->b, AUDIT_HASH_SIZE) == 0;
}

/* ---- the frontier ---- */

void audit_frontier_add(struct audit_frontier *f, unsigned level, const struct audit_hash *root, audit_node_sink *sink, void *arg)
{
	struct audit_hash node = *root;
	ENSURE(level < AUDIT_LEVELS && (f->size & ((UINT64_C(1) << level) - 1)) == 0);
	if (sink != NULL)
		sink(arg, &node);
	for (unsigned l = level; f->size >> l & 1; l++) {
		audit_node_hash(&f->nodes[--f->count], &node, &node);
		if (sink != NULL)
			sink(arg, &node);
	}
	f->nodes[f->count++] = node;
	f->size += UINT64_C(1) << level;
}

/* From the narrowest to the widest (RFC 9162 2.1.1: the left part is the largest power of two). */
static void fold(const struct audit_hash *nodes, unsigned count, struct audit_hash *ret)
{
	*ret = nodes[count - 1];
	for (unsigned i = count - 1; i > 0; i--)
		audit_node_hash(&nodes[i - 1], ret, ret);
}

void audit_frontier_root(const struct audit_frontier *f, struct audit_hash *ret)
{
	if (f->count == 0)
		hash_sha256(SLICE_NONE, ret->b);
	else
		fold(f->nodes, f->count, ret);
}

static unsigned log2_floor(uint64_t n)
{
	return 63u - (unsigned)__builtin_clzll(n);
}

/* The complete subtrees of [from, to), widest first; `from` is a multiple of the widest. */
static int load_range(const struct audit_nodes *nodes, uint64_t from, uint64_t to, struct audit_hash *out, unsigned *ret_count)
{
	*ret_count = 0;
	while (from < to) {
		unsigned level = log2_floor(to - from);
		int rc = nodes->fn(nodes->arg, level, from >> level, &out[*ret_count]);
		if (rc < 0)
			return rc;
		(*ret_count)++;
		from += UINT64_C(1) << level;
	}
	return 0;
}

int audit_frontier_load(const struct audit_nodes *nodes, uint64_t size, struct audit_frontier *ret)
{
	ret->size = size;
	return load_range(nodes, 0, size, ret->nodes, &ret->count);
}

/* ---- proofs ---- */

/* Appends the root of [from, to), a node of the tree. */
static int prove_range(const struct audit_nodes *nodes, uint64_t from, uint64_t to, struct audit_proof *proof)
{
	struct audit_hash parts[AUDIT_LEVELS];
	unsigned count;
	int rc = load_range(nodes, from, to, parts, &count);
	if (rc < 0)
		return rc;
	ENSURE(proof->count < AUDIT_PROOF_MAX);
	fold(parts, count, &proof->hashes[proof->count++]);
	return 0;
}

static void reverse(struct audit_proof *proof)
{
	for (unsigned i = 0; i < proof->count / 2; i++) {
		struct audit_hash kept = proof->hashes[i];
		proof->hashes[i] = proof->hashes[proof->count - 1 - i];
		proof->hashes[proof->count - 1 - i] = kept;
	}
}

/* Where the tree over n > 1 leaves is parted. */
static uint64_t split(uint64_t n)
{
	return UINT64_C(1) << log2_floor(n - 1);
}

int audit_prove_inclusion(const struct audit_nodes *nodes, uint64_t index, uint64_t size, struct audit_proof *ret)
{
	uint64_t from = 0, to = size;
	int rc = index < size ? 0 : ERR_INVALID;
	ret->count = 0;
	while (rc == 0 && to - from > 1) {
		uint64_t middle = from + split(to - from);
		if (index < middle) {
			rc = prove_range(nodes, middle, to, ret);
			to = middle;
		} else {
			rc = prove_range(nodes, from, middle, ret);
			from = middle;
		}
	}
	reverse(ret);
	return rc;
}

int audit_prove_consistency(const struct audit_nodes *nodes, uint64_t first, uint64_t second, struct audit_proof *ret)
{
	uint64_t from = 0, to = second;
	bool whole = true; /* nothing was cut off at the left: the old root itself */
	int rc = 0;
	ret->count = 0;
	if (first > second)
		return ERR_INVALID;
	if (first == 0 || first == second)
		return 0;
	while (rc == 0 && first != to) {
		uint64_t middle = from + split(to - from);
		if (first <= middle) {
			rc = prove_range(nodes, middle, to, ret);
			to = middle;
		} else {
			rc = prove_range(nodes, from, middle, ret);
			from = middle;
			whole = false;
		}
	}
	if (rc == 0 && !whole)
		rc = prove_range(nodes, from, to, ret);
	reverse(ret);
	return rc;
}

unsigned audit_right_level(uint64_t at, uint64_t size)
{
	unsigned widest = log2_floor(size - at);
	unsigned aligned = at == 0 ? widest : (unsigned)__builtin_ctzll(at);
	return aligned < widest ? aligned : widest;
}

int audit_prove_right(const struct audit_nodes *nodes, uint64_t end, uint64_t size, struct audit_proof *ret)
{
	ret->count = 0;
	if (end > size)
		return ERR_INVALID;
	while (end < size) {
		unsigned level = audit_right_level(end, size);
		ENSURE(ret->count < AUDIT_PROOF_MAX);
		int rc = nodes->fn(nodes->arg, level, end >> level, &ret->hashes[ret->count]);
		if (rc < 0)
			return rc;
		ret->count++;
		end += UINT64_C(1) << level;
	}
	return 0;
}

/* ---- verification ---- */

bool audit_verify_inclusion(const struct audit_hash *leaf, uint64_t index, uint64_t size, const struct audit_proof *proof,
	const struct audit_hash *root)
{
	struct audit_hash r = *leaf;
	if (index >= size)
		return false;
	uint64_t fn = index, sn = size - 1;
	for (unsigned i = 0; i < proof->count; i++) {
		if (sn == 0)
			return false;
		if ((fn & 1) || fn == sn) {
			audit_node_hash(&proof->hashes[i], &r, &r);
			for (; !(fn & 1) && fn != 0; fn >>= 1)
				sn >>= 1;
		} else {
			audit_node_hash(&r, &proof->hashes[i], &r);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && audit_hash_equal(&r, root);
}

static bool verify_path(uint64_t first, const struct audit_hash *first_root, uint64_t second, const struct audit_hash *second_root,
	const struct audit_proof *proof)
{
	bool power = (first & (first - 1)) == 0; /* then the first node is the old root itself and is not sent */
	unsigned next = power ? 0 : 1;
	uint64_t fn = first - 1, sn = second - 1;
	struct audit_hash fr = power ? *first_root : proof->hashes[0], sr = fr;
	for (; fn & 1; fn >>= 1)
		sn >>= 1;
	for (; next < proof->count; next++) {
		const struct audit_hash *c = &proof->hashes[next];
		if (sn == 0)
			return false;
		if ((fn & 1) || fn == sn) {
			audit_node_hash(c, &fr, &fr);
			audit_node_hash(c, &sr, &sr);
			for (; !(fn & 1) && fn != 0; fn >>= 1)
				sn >>= 1;
		} else {
			audit_node_hash(&sr, c, &sr);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && audit_hash_equal(&fr, first_root) && audit_hash_equal(&sr, second_root);
}

bool audit_verify_consistency(uint64_t first, const struct audit_hash *first_root, uint64_t second, const struct audit_hash *second_root,
	const struct audit_proof *proof)
{
	struct audit_hash empty;
	if (first > second)
		return false;
	if (first == second)
		return proof->count == 0 && audit_hash_equal(first_root, second_root);
	if (first == 0) {
		hash_sha256(SLICE_NONE, empty.b);
		return proof->count == 0 && audit_hash_equal(first_root, &empty);
	}
	return proof->count > 0 && verify_path(first, first_root, second, second_root, proof);
}
