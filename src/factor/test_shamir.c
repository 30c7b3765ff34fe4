#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "crypt/crypt.h"
#include "factor/shamir.h"

/* Computed apart, with tables of logarithms to base 3: secret 0x42, the coefficients 0x1f (x) and 0xc3 (x^2). */
static void test_a_split_with_known_coefficients(void **state)
{
	static const uint8_t secret[1] = {0x42}, set[SHAMIR_SET_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8};
	uint8_t coefficients[2 * (1 + SHAMIR_CHECK_SIZE)] = {0};
	static const uint8_t expected[5] = {0x9e, 0x5d, 0x81, 0xba, 0x66};
	struct shamir_share shares[5];
	coefficients[0] = 0x1f;
	coefficients[1 + SHAMIR_CHECK_SIZE] = 0xc3;
	assert_int_equal(shamir_split_with(slice_make(secret, 1), 3, 5, set, coefficients, shares), 0);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(shares[i].number, i + 1);
		assert_int_equal(shares[i].value[0], expected[i]);
		/* The other coefficients are zero, so the check stands there as it is. */
		assert_memory_equal(shares[i].value + 1, shares[0].value + 1, SHAMIR_CHECK_SIZE);
	}
}

static void test_any_k_shares_give_the_secret(void **state)
{
	uint8_t secret[SHAMIR_SECRET_MAX], opened[SHAMIR_SECRET_MAX];
	struct shamir_share shares[20], chosen[20];
	for (unsigned round = 0; round < 300; round++) {
		size_t size = 1 + random_below(SHAMIR_SECRET_MAX), opened_size = 0;
		unsigned n = 1 + random_below(20), k = 1 + random_below(n), more = k + random_below(n - k + 1);
		random_bytes(secret, size);
		assert_int_equal(shamir_split(slice_make(secret, size), k, n, shares), 0);
		/* The first `more` of a random order. */
		for (unsigned i = 0; i < more; i++) {
			unsigned j = i + random_below(n - i);
			struct shamir_share other = shares[j];
			shares[j] = shares[i];
			shares[i] = chosen[i] = other;
		}
		assert_int_equal(shamir_combine(chosen, more, opened, &opened_size), 0);
		assert_int_equal(opened_size, size);
		assert_memory_equal(opened, secret, size);
		if (k > 1)
			assert_int_equal(shamir_combine(chosen, k - 1, opened, &opened_size), ERR_NOT_FOUND);
	}
}

/* Every other secret of one byte fits k - 1 shares as well: each value of the missing share gives exactly one. */
static void test_k_minus_one_shares_say_nothing(void **state)
{
	static const uint8_t set[SHAMIR_SET_SIZE];
	uint8_t seen[256] = {0};
	for (unsigned secret = 0; secret < 256; secret++) {
		for (unsigned c = 0; c < 256; c++) {
			uint8_t coefficients[1 + SHAMIR_CHECK_SIZE] = {(uint8_t)c}, plain = (uint8_t)secret;
			struct shamir_share shares[2];
			if (shamir_split_with(slice_make(&plain, 1), 2, 2, set, coefficients, shares) != 0)
				fail();
			seen[secret] |= shares[0].value[0] == 0x5a;
		}
	}
	for (unsigned i = 0; i < 256; i++)
		assert_int_equal(seen[i], 1);
}

static void test_wrong_shares_are_noticed(void **state)
{
	uint8_t secret[32], other[32], opened[SHAMIR_SECRET_MAX];
	size_t size = 0;
	struct shamir_share a[5], b[5], mixed[4];
	random_bytes(secret, sizeof secret);
	random_bytes(other, sizeof other);
	assert_int_equal(shamir_split(slice_make(secret, 32), 3, 5, a), 0);
	assert_int_equal(shamir_split(slice_make(other, 32), 3, 5, b), 0);
	memcpy(mixed, a, sizeof mixed);
	mixed[1] = b[1];
	assert_int_equal(shamir_combine(mixed, 3, opened, &size), ERR_INVALID);
	/* Even when somebody gives it the right set. */
	memcpy(mixed[1].set, a[0].set, SHAMIR_SET_SIZE);
	assert_int_equal(shamir_combine(mixed, 3, opened, &size), ERR_DAMAGED);
	for (unsigned bit = 0; bit < 8 * a[0].size; bit += 5) {
		memcpy(mixed, a, sizeof mixed);
		mixed[2].value[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(shamir_combine(mixed, 3, opened, &size), ERR_DAMAGED);
	}
	/* One above the threshold is checked as well. */
	memcpy(mixed, a, sizeof mixed);
	mixed[3].value[0] ^= 1;
	assert_int_equal(shamir_combine(mixed, 4, opened, &size), ERR_DAMAGED);
	mixed[3] = mixed[2];
	assert_int_equal(shamir_combine(mixed, 4, opened, &size), ERR_INVALID);
	assert_int_equal(size, 0);
}

static void test_limits(void **state)
{
	uint8_t secret[SHAMIR_SECRET_MAX + 1] = {0};
	struct shamir_share shares[SHAMIR_SHARES_MAX];
	assert_int_equal(shamir_split(slice_make(secret, 0), 1, 1, shares), ERR_INVALID);
	assert_int_equal(shamir_split(slice_make(secret, sizeof secret), 1, 1, shares), ERR_INVALID);
	assert_int_equal(shamir_split(slice_make(secret, 1), 0, 1, shares), ERR_INVALID);
	assert_int_equal(shamir_split(slice_make(secret, 1), 3, 2, shares), ERR_INVALID);
	assert_int_equal(shamir_split(slice_make(secret, 1), 2, 256, shares), ERR_INVALID);
	assert_int_equal(shamir_split(slice_make(secret, 64), 200, 255, shares), 0);
	assert_int_equal(shamir_combine(shares, 0, secret, &(size_t){0}), ERR_NOT_FOUND);
	assert_int_equal(shamir_combine(shares + 55, 200, secret, &(size_t){0}), 0);
}

static void test_encoded_shares_find_typing_errors(void **state)
{
	uint8_t secret[32];
	struct shamir_share shares[3], again;
	struct buf b = BUF_INIT(SHAMIR_ENCODED_MAX);
	random_bytes(secret, sizeof secret);
	assert_int_equal(shamir_split(slice_make(secret, 32), 2, 3, shares), 0);
	shamir_encode(&shares[1], &b);
	assert_false(b.failed);
	assert_int_equal(shamir_decode(buf_slice(&b), &again), 0);
	assert_memory_equal(&again, &shares[1], sizeof again);
	for (size_t i = 0; i < buf_len(&b); i++) {
		b.data[b.start + i] ^= 0x10;
		assert_int_equal(shamir_decode(buf_slice(&b), &again), ERR_INVALID);
		b.data[b.start + i] ^= 0x10;
		assert_int_equal(shamir_decode(slice_sub(buf_slice(&b), 0, i), &again), ERR_INVALID);
	}
	buf_free(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_split_with_known_coefficients),
		cmocka_unit_test(test_any_k_shares_give_the_secret),
		cmocka_unit_test(test_k_minus_one_shares_say_nothing),
		cmocka_unit_test(test_wrong_shares_are_noticed),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_encoded_shares_find_typing_errors),
	};
	crypt_init();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
