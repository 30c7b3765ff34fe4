/* The tree against known roots and against a slow reference that follows the definitions of RFC 9162 2.1 word by word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "audit/tree.h"
#include "base/codec.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

#define LEAVES 70

/* ---- the reference ---- */

static void slow_root(const struct audit_hash *leaves, uint64_t n, struct audit_hash *ret)
{
	uint64_t k = 1;
	struct audit_hash left, right;
	if (n == 0) {
		hash_sha256(SLICE_NONE, ret->b);
		return;
	}
	if (n == 1) {
		*ret = leaves[0];
		return;
	}
	while (k * 2 < n)
		k *= 2;
	slow_root(leaves, k, &left);
	slow_root(leaves + k, n - k, &right);
	audit_node_hash(&left, &right, ret);
}

/* PATH(m, D_n), 2.1.3.1. */
static void slow_path(uint64_t m, const struct audit_hash *leaves, uint64_t n, struct audit_proof *out)
{
	uint64_t k = 1;
	if (n == 1)
		return;
	while (k * 2 < n)
		k *= 2;
	if (m < k) {
		slow_path(m, leaves, k, out);
		slow_root(leaves + k, n - k, &out->hashes[out->count++]);
	} else {
		slow_path(m - k, leaves + k, n - k, out);
		slow_root(leaves, k, &out->hashes[out->count++]);
	}
}

/* SUBPROOF(m, D_n, b), 2.1.4.1. */
static void slow_subproof(uint64_t m, const struct audit_hash *leaves, uint64_t n, bool b, struct audit_proof *out)
{
	uint64_t k = 1;
	if (m == n) {
		if (!b)
			slow_root(leaves, n, &out->hashes[out->count++]);
		return;
	}
	while (k * 2 < n)
		k *= 2;
	if (m <= k) {
		slow_subproof(m, leaves, k, b, out);
		slow_root(leaves + k, n - k, &out->hashes[out->count++]);
	} else {
		slow_subproof(m - k, leaves + k, n - k, false, out);
		slow_root(leaves, k, &out->hashes[out->count++]);
	}
}

/* ---- */

static struct audit_hash leaves[LEAVES];

static int setup(void **state)
{
	(void)state;
	crypt_init();
	for (uint8_t i = 0; i < LEAVES; i++)
		audit_leaf_hash(slice_make(&i, 1), &leaves[i]);
	return 0;
}

static int node_of(void *arg, unsigned level, uint64_t index, struct audit_hash *ret)
{
	(void)arg;
	assert_true(((index + 1) << level) <= LEAVES);
	slow_root(leaves + (index << level), UINT64_C(1) << level, ret);
	return 0;
}
static const struct audit_nodes nodes = {node_of, NULL};

static void grow(uint64_t n, struct audit_frontier *f)
{
	*f = (struct audit_frontier){0};
	for (uint64_t i = 0; i < n; i++)
		audit_frontier_add(f, 0, &leaves[i], NULL, NULL);
}

/* The values that Certificate Transparency implementations test with: leaves "", 00, 10, 2021, 3031, 40414243, … */
static void roots_match_the_known_vectors(void **state)
{
	static const char *const inputs[] = {"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
	static const char *const roots[] = {
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
	struct audit_frontier f = {0};
	struct audit_hash root, leaf;
	(void)state;
	for (size_t i = 0; i <= 8; i++) {
		struct buf hex = BUF_INIT(64), input = BUF_INIT(64);
		audit_frontier_root(&f, &root);
		hex_encode(slice_make(root.b, sizeof root.b), &hex);
		assert_true(slice_eq(buf_slice(&hex), slice_str(roots[i])));
		if (i < 8) {
			assert_int_equal(hex_decode(slice_str(inputs[i]), &input), 0);
			audit_leaf_hash(buf_slice(&input), &leaf);
			audit_frontier_add(&f, 0, &leaf, NULL, NULL);
		}
		buf_free(&hex);
		buf_free(&input);
	}
}

static void the_frontier_has_the_root_of_the_definition(void **state)
{
	(void)state;
	for (uint64_t n = 0; n <= LEAVES; n++) {
		struct audit_frontier f, loaded;
		struct audit_hash a, b, c;
		grow(n, &f);
		assert_int_equal(audit_frontier_load(&nodes, n, &loaded), 0);
		audit_frontier_root(&f, &a);
		audit_frontier_root(&loaded, &b);
		slow_root(leaves, n, &c);
		assert_true(audit_hash_equal(&a, &c) && audit_hash_equal(&b, &c));
	}
}

static void check_proof_is_exact(const struct audit_proof *a, const struct audit_proof *b)
{
	assert_int_equal(a->count, b->count);
	assert_memory_equal(a->hashes, b->hashes, a->count * sizeof a->hashes[0]);
}

static void inclusion_follows_the_definition_and_verifies(void **state)
{
	(void)state;
	for (uint64_t n = 1; n <= LEAVES; n++) {
		struct audit_hash root;
		slow_root(leaves, n, &root);
		for (uint64_t i = 0; i < n; i++) {
			struct audit_proof fast, slow = {0};
			assert_int_equal(audit_prove_inclusion(&nodes, i, n, &fast), 0);
			slow_path(i, leaves, n, &slow);
			check_proof_is_exact(&fast, &slow);
			assert_true(audit_verify_inclusion(&leaves[i], i, n, &fast, &root));
			assert_false(audit_verify_inclusion(&leaves[(i + 1) % LEAVES], i, n, &fast, &root));
			for (unsigned k = 0; k < fast.count; k++) {
				fast.hashes[k].b[i % 32] ^= 1;
				assert_false(audit_verify_inclusion(&leaves[i], i, n, &fast, &root));
				fast.hashes[k].b[i % 32] ^= 1;
			}
			fast.count++;
			assert_false(audit_verify_inclusion(&leaves[i], i, n, &fast, &root));
		}
	}
}

static void consistency_follows_the_definition_and_verifies(void **state)
{
	(void)state;
	for (uint64_t n = 1; n <= LEAVES; n++) {
		struct audit_hash old, root;
		slow_root(leaves, n, &root);
		for (uint64_t m = 1; m <= n; m++) {
			struct audit_proof fast, slow = {0};
			slow_root(leaves, m, &old);
			assert_int_equal(audit_prove_consistency(&nodes, m, n, &fast), 0);
			slow_subproof(m, leaves, n, true, &slow);
			check_proof_is_exact(&fast, &slow);
			assert_true(audit_verify_consistency(m, &old, n, &root, &fast));
			old.b[0] ^= 1;
			assert_false(audit_verify_consistency(m, &old, n, &root, &fast));
			old.b[0] ^= 1;
			for (unsigned k = 0; k < fast.count; k++) {
				fast.hashes[k].b[m % 32] ^= 1;
				assert_false(audit_verify_consistency(m, &old, n, &root, &fast));
				fast.hashes[k].b[m % 32] ^= 1;
			}
		}
	}
}

/* A run in the middle, with what stands left and right of it. */
static void any_run_of_leaves_gives_the_root(void **state)
{
	(void)state;
	for (uint64_t first = 0; first <= 40; first++) {
		for (uint64_t end = first; end <= LEAVES; end++) {
			struct audit_frontier f;
			struct audit_proof right;
			struct audit_hash a, b;
			assert_int_equal(audit_frontier_load(&nodes, first, &f), 0);
			for (uint64_t i = first; i < end; i++)
				audit_frontier_add(&f, 0, &leaves[i], NULL, NULL);
			assert_int_equal(audit_prove_right(&nodes, end, LEAVES, &right), 0);
			for (unsigned i = 0; i < right.count; i++)
				audit_frontier_add(&f, audit_right_level(f.size, LEAVES), &right.hashes[i], NULL, NULL);
			audit_frontier_root(&f, &a);
			slow_root(leaves, LEAVES, &b);
			assert_int_equal(f.size, LEAVES);
			assert_true(audit_hash_equal(&a, &b));
		}
	}
}

static void numbers_that_make_no_sense_prove_nothing(void **state)
{
	struct audit_proof p = {0};
	struct audit_hash root;
	(void)state;
	slow_root(leaves, 5, &root);
	assert_int_equal(audit_prove_inclusion(&nodes, 5, 5, &p), ERR_INVALID);
	assert_int_equal(audit_prove_consistency(&nodes, 6, 5, &p), ERR_INVALID);
	assert_int_equal(audit_prove_right(&nodes, 6, 5, &p), ERR_INVALID);
	assert_false(audit_verify_inclusion(&leaves[0], 5, 5, &p, &root));
	assert_false(audit_verify_consistency(6, &root, 5, &root, &p));
	assert_false(audit_verify_consistency(0, &root, 5, &root, &p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_match_the_known_vectors),
		cmocka_unit_test(the_frontier_has_the_root_of_the_definition),
		cmocka_unit_test(inclusion_follows_the_definition_and_verifies),
		cmocka_unit_test(consistency_follows_the_definition_and_verifies),
		cmocka_unit_test(any_run_of_leaves_gives_the_root),
		cmocka_unit_test(numbers_that_make_no_sense_prove_nothing),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("audit tree", tests, setup, NULL);
}
