#include "crypt/password.h"

#include <sodium.h>
#include <time.h>

#include "base/ensure.h"
#include "base/error.h"

#define MEMORY_KIB_FLOOR 8192
#define MEMORY_KIB_CEILING (256 * 1024)
#define MEMORY_KIB_START (32 * 1024)
#define PASSES_CEILING 8

_Static_assert(PASSWORD_SALT_SIZE == crypto_pwhash_SALTBYTES, "libsodium takes salts of this size");

int password_hash(struct slice password, const uint8_t salt[PASSWORD_SALT_SIZE], struct password_cost cost, uint8_t ret[PASSWORD_KEY_SIZE])
{
	if (cost.passes < crypto_pwhash_OPSLIMIT_MIN || cost.memory_kib < 8 || password.n > PASSWORD_MAX)
		return ERR_INVALID;
	int rc = crypto_pwhash(ret, PASSWORD_KEY_SIZE, (const char *)password.p, password.n, salt, cost.passes, (size_t)cost.memory_kib * 1024,
	                       crypto_pwhash_ALG_ARGON2ID13);
	return rc == 0 ? 0 : ERR_TEMPORARY;
}

/* CPU time, so that a busy machine does not choose a weak cost. Negative when there is no memory. */
static int64_t time_us(struct password_cost cost)
{
	static const uint8_t salt[PASSWORD_SALT_SIZE] = {1};
	uint8_t out[PASSWORD_KEY_SIZE];
	struct timespec a, b;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
	if (password_hash(SLICE("calibration"), salt, cost, out) != 0)
		return -1;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
	return (b.tv_sec - a.tv_sec) * 1000000 + (b.tv_nsec - a.tv_nsec) / 1000;
}

struct password_cost password_calibrate(uint32_t target_ms)
{
	struct password_cost cost = {1, MEMORY_KIB_START};
	int64_t target = (int64_t)target_ms * 1000;
	/* The second run has its pages from the allocator's warm arenas; the first is thrown away. */
	time_us(cost);
	int64_t taken = time_us(cost);
	if (taken <= 0)
		return (struct password_cost){2, MEMORY_KIB_FLOOR};
	int64_t memory = MEMORY_KIB_START * target / taken;
	memory = memory < MEMORY_KIB_FLOOR ? MEMORY_KIB_FLOOR : memory;
	/* Two passes at half the memory make trade-offs costlier than one pass (RFC 9106 4); more passes only when memory is at its ceiling. */
	cost.passes = 2;
	cost.memory_kib = (uint32_t)(memory / 2 < MEMORY_KIB_FLOOR ? MEMORY_KIB_FLOOR : memory / 2);
	if (cost.memory_kib > MEMORY_KIB_CEILING) {
		cost.passes = (uint32_t)(memory / MEMORY_KIB_CEILING);
		cost.passes = cost.passes > PASSES_CEILING ? PASSES_CEILING : cost.passes;
		cost.memory_kib = MEMORY_KIB_CEILING;
	}
	return cost;
}
