#include "factor/shamir.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

#define SHARE_VERSION 1
#define CHECKSUM_SIZE 4

/* Product in GF(2^8), modulo x^8 + x^4 + x^3 + x + 1, by masks. */
static uint8_t gf_mul(uint8_t a, uint8_t b)
{
	uint8_t product = 0;
	for (unsigned i = 0; i < 8; i++) {
		product ^= (uint8_t)(-(b >> i & 1) & a);
		a = (uint8_t)(a << 1 ^ (-(a >> 7) & 0x1b));
	}
	return product;
}

/* a^254, which is 1/a; 0 stays 0. */
static uint8_t gf_inverse(uint8_t a)
{
	uint8_t result = 1, power = a;
	for (unsigned i = 1; i < 8; i++) {
		power = gf_mul(power, power);
		result = gf_mul(result, power);
	}
	return result;
}

static void check_of(struct slice secret, uint8_t ret[SHAMIR_CHECK_SIZE])
{
	uint8_t hash[HASH_SIZE];
	struct hash_state state;
	hash_start(&state, NULL);
	hash_update(&state, SLICE("letterlock share"));
	hash_update_field(&state, secret);
	hash_finish(&state, hash);
	memcpy(ret, hash, SHAMIR_CHECK_SIZE);
	secret_wipe(hash, sizeof hash);
}

/* Horner: ((c[k-1] x + c[k-2]) x + …) x + plain. */
static void evaluate(uint8_t x, unsigned k, const uint8_t *plain, const uint8_t *coefficients, size_t size, uint8_t *ret)
{
	for (size_t i = 0; i < size; i++) {
		uint8_t y = 0;
		for (unsigned c = k - 1; c > 0; c--)
			y = gf_mul((uint8_t)(y ^ coefficients[(c - 1) * size + i]), x);
		ret[i] = (uint8_t)(y ^ plain[i]);
	}
}

int shamir_split_with(struct slice secret, unsigned k, unsigned n, const uint8_t set[SHAMIR_SET_SIZE], const uint8_t *coefficients,
	struct shamir_share *ret)
{
	uint8_t plain[SHAMIR_SECRET_MAX + SHAMIR_CHECK_SIZE];
	if (k < 1 || n < k || n > SHAMIR_SHARES_MAX || secret.n < 1 || secret.n > SHAMIR_SECRET_MAX)
		return ERR_INVALID;
	size_t size = secret.n + SHAMIR_CHECK_SIZE;
	memcpy(plain, secret.p, secret.n);
	check_of(secret, plain + secret.n);
	for (unsigned i = 0; i < n; i++) {
		ret[i] = (struct shamir_share){.threshold = (uint8_t)k, .number = (uint8_t)(i + 1), .size = (uint8_t)size};
		memcpy(ret[i].set, set, SHAMIR_SET_SIZE);
		evaluate(ret[i].number, k, plain, coefficients, size, ret[i].value);
	}
	secret_wipe(plain, sizeof plain);
	return 0;
}

int shamir_split(struct slice secret, unsigned k, unsigned n, struct shamir_share *ret)
{
	uint8_t set[SHAMIR_SET_SIZE];
	if (k < 1 || k > SHAMIR_SHARES_MAX || secret.n > SHAMIR_SECRET_MAX)
		return ERR_INVALID;
	size_t size = (k - 1) * (secret.n + SHAMIR_CHECK_SIZE);
	uint8_t *coefficients = memory_alloc(size + 1);
	random_bytes(set, sizeof set);
	random_bytes(coefficients, size);
	int rc = shamir_split_with(secret, k, n, set, coefficients, ret);
	secret_wipe(coefficients, size);
	memory_free(coefficients);
	return rc;
}

static bool share_valid(const struct shamir_share *s)
{
	return s->threshold > 0 && s->number > 0 && s->size > SHAMIR_CHECK_SIZE && s->size <= sizeof s->value;
}

static bool share_fits(const struct shamir_share *a, const struct shamir_share *b)
{
	return share_valid(b) && a->threshold == b->threshold && a->size == b->size && memcmp(a->set, b->set, SHAMIR_SET_SIZE) == 0;
}

static int check_shares(const struct shamir_share *shares, size_t count)
{
	if (count == 0)
		return ERR_NOT_FOUND;
	for (size_t i = 0; i < count; i++) {
		if (!share_fits(&shares[0], &shares[i]))
			return ERR_INVALID;
		for (size_t j = 0; j < i; j++)
			if (shares[i].number == shares[j].number)
				return ERR_INVALID;
	}
	return count < shares[0].threshold ? ERR_NOT_FOUND : 0;
}

/* The value at x of the polynomial through the first k shares (Lagrange). Numbers are public, values are not. */
static void interpolate(const struct shamir_share *shares, unsigned k, uint8_t x, uint8_t *ret)
{
	memset(ret, 0, shares[0].size);
	for (unsigned i = 0; i < k; i++) {
		uint8_t basis = 1;
		for (unsigned j = 0; j < k; j++) {
			if (j == i)
				continue;
			basis = gf_mul(basis, (uint8_t)(shares[j].number ^ x));
			basis = gf_mul(basis, gf_inverse((uint8_t)(shares[j].number ^ shares[i].number)));
		}
		for (size_t b = 0; b < shares[0].size; b++)
			ret[b] ^= gf_mul(basis, shares[i].value[b]);
	}
}

static bool others_agree(const struct shamir_share *shares, size_t count)
{
	uint8_t value[SHAMIR_SECRET_MAX + SHAMIR_CHECK_SIZE];
	bool agree = true;
	for (size_t i = shares[0].threshold; i < count; i++) {
		interpolate(shares, shares[0].threshold, shares[i].number, value);
		agree &= secret_equal(value, shares[i].value, shares[0].size);
	}
	secret_wipe(value, sizeof value);
	return agree;
}

int shamir_combine(const struct shamir_share *shares, size_t count, uint8_t *ret_secret, size_t *ret_size)
{
	uint8_t plain[SHAMIR_SECRET_MAX + SHAMIR_CHECK_SIZE], check[SHAMIR_CHECK_SIZE];
	int rc = check_shares(shares, count);
	if (rc != 0)
		return rc;
	size_t size = shares[0].size - SHAMIR_CHECK_SIZE;
	interpolate(shares, shares[0].threshold, 0, plain);
	check_of(slice_make(plain, size), check);
	bool fits = secret_equal(check, plain + size, sizeof check);
	fits &= others_agree(shares, count);
	if (fits) {
		memcpy(ret_secret, plain, size);
		*ret_size = size;
	}
	secret_wipe(plain, sizeof plain);
	secret_wipe(check, sizeof check);
	return fits ? 0 : ERR_DAMAGED;
}

static void checksum(struct slice data, uint8_t ret[CHECKSUM_SIZE])
{
	hash_blake2b(data, NULL, ret, CHECKSUM_SIZE);
}

void shamir_encode(const struct shamir_share *share, struct buf *out)
{
	uint8_t sum[CHECKSUM_SIZE];
	struct buf b = BUF_INIT(SHAMIR_ENCODED_MAX);
	buf_put_u8(&b, SHARE_VERSION);
	buf_put_u8(&b, share->threshold);
	buf_put_u8(&b, share->number);
	buf_append_bytes(&b, share->set, SHAMIR_SET_SIZE);
	buf_put_u8(&b, share->size);
	buf_append_bytes(&b, share->value, share->size);
	checksum(buf_slice(&b), sum);
	buf_append_bytes(&b, sum, sizeof sum);
	buf_append(out, buf_slice(&b));
	buf_free_secret(&b);
}

int shamir_decode(struct slice data, struct shamir_share *ret)
{
	uint8_t version = 0, sum[CHECKSUM_SIZE];
	struct shamir_share s = {0};
	if (data.n < CHECKSUM_SIZE || data.n > SHAMIR_ENCODED_MAX)
		return ERR_INVALID;
	checksum(slice_sub(data, 0, data.n - CHECKSUM_SIZE), sum);
	if (memcmp(sum, data.p + data.n - CHECKSUM_SIZE, CHECKSUM_SIZE) != 0)
		return ERR_INVALID;
	data.n -= CHECKSUM_SIZE;
	if (!slice_get_u8(&data, &version) || version != SHARE_VERSION || !slice_get_u8(&data, &s.threshold) || !slice_get_u8(&data, &s.number)
	    || !slice_get_fixed(&data, s.set, sizeof s.set) || !slice_get_u8(&data, &s.size) || data.n != s.size || s.size > sizeof s.value)
		return ERR_INVALID;
	memcpy(s.value, data.p, s.size);
	if (!share_valid(&s))
		return ERR_INVALID;
	*ret = s;
	return 0;
}
