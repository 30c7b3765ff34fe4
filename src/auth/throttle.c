#include "auth/throttle.h"

#include <string.h>

#include "base/memory.h"
#include "net/familiar.h"

#define FREE_FAILURES 5 /* of an account, before its failures get slower */
#define NAME_MAX_BYTES 330

struct throttle {
	struct limiter *limits;
	struct familiar *pairs; /* address and account that belong together */
	uint64_t free_failures;
};

struct throttle *throttle_create(uint64_t per_address, uint64_t per_network)
{
	struct throttle *t = memory_alloc(sizeof *t);
	t->limits = limiter_create();
	t->pairs = familiar_create();
	throttle_limit(t, per_address, per_network);
	throttle_free_failures(t, FREE_FAILURES);
	return t;
}

void throttle_destroy(struct throttle **t)
{
	if (*t == NULL)
		return;
	limiter_destroy(&(*t)->limits);
	familiar_destroy(&(*t)->pairs);
	MEMORY_FREE(t);
}

void throttle_limit(struct throttle *t, uint64_t per_address, uint64_t per_network)
{
	limiter_set(t->limits, LIMIT_FAILURES_ADDRESS, per_address);
	limiter_set(t->limits, LIMIT_FAILURES_NETWORK, per_network);
}

void throttle_free_failures(struct throttle *t, uint64_t count)
{
	t->free_failures = count;
	/* What is counted is needed even where failures are never slower. */
	limiter_set(t->limits, LIMIT_FAILURES_USER, count > 0 ? count : 1);
}

void throttle_work(struct throttle *t, uint64_t failures, uint64_t waits)
{
	limiter_set(t->limits, LIMIT_WORK_FAILURES, failures);
	limiter_set(t->limits, LIMIT_WORK_WAITS, waits);
}

struct limiter *throttle_limiter(const struct throttle *t)
{
	return t->limits;
}

/* An account is named without regard to case. */
static struct slice account_key(struct slice account, uint8_t room[NAME_MAX_BYTES])
{
	account = slice_sub(account, 0, NAME_MAX_BYTES);
	for (size_t i = 0; i < account.n; i++)
		room[i] = ascii_lower(account.p[i]);
	return slice_make(room, account.n);
}

static struct slice pair_key(struct slice address, struct slice account, uint8_t room[64 + 1 + NAME_MAX_BYTES])
{
	size_t n = limiter_address(LIMIT_SCOPE_ADDRESS, address, room).n;
	room[n] = 0;
	return slice_make(room, n + 1 + account_key(account, room + n + 1).n);
}

static bool reached(struct throttle *t, enum limit limit, struct slice address, int64_t now)
{
	uint8_t room[64];
	return limiter_reached(t->limits, limit, limiter_address(limit_rows[limit].scope, address, room), now);
}

bool throttle_allowed(struct throttle *t, struct slice address, struct slice account, struct moment now)
{
	uint8_t room[64 + 1 + NAME_MAX_BYTES];
	if (!reached(t, LIMIT_FAILURES_ADDRESS, address, now.mono_ms) && !reached(t, LIMIT_FAILURES_NETWORK, address, now.mono_ms))
		return true;
	return familiar_known(t->pairs, pair_key(address, account, room), now.mono_ms);
}

static int64_t wait_of(struct throttle *t, enum limit limit, struct slice address, int64_t now)
{
	uint8_t room[64];
	return limiter_wait(t->limits, limit, limiter_address(limit_rows[limit].scope, address, room), now);
}

int64_t throttle_wait(struct throttle *t, struct slice address, struct moment now)
{
	int64_t own = wait_of(t, LIMIT_FAILURES_ADDRESS, address, now.mono_ms), network = wait_of(t, LIMIT_FAILURES_NETWORK, address, now.mono_ms);
	return own > network ? own : network;
}

bool throttle_wants_work(struct throttle *t, struct slice address, struct slice account, struct moment now)
{
	uint8_t room[NAME_MAX_BYTES];
	uint64_t most = limiter_value(t->limits, LIMIT_WORK_FAILURES);
	return most > 0 && (reached(t, LIMIT_WORK_FAILURES, address, now.mono_ms)
		|| limiter_used(t->limits, LIMIT_FAILURES_USER, account_key(account, room), now.mono_ms) >= most);
}

static void note(struct throttle *t, enum limit limit, struct slice address, int64_t now)
{
	uint8_t room[64];
	(void)limiter_note(t->limits, limit, limiter_address(limit_rows[limit].scope, address, room), 1, now);
}

int64_t throttle_failed(struct throttle *t, struct slice address, struct slice account, int64_t base_ms, struct moment now)
{
	uint8_t room[NAME_MAX_BYTES];
	struct slice key = account_key(account, room);
	int64_t delay = base_ms;
	note(t, LIMIT_FAILURES_ADDRESS, address, now.mono_ms);
	note(t, LIMIT_FAILURES_NETWORK, address, now.mono_ms);
	note(t, LIMIT_WORK_FAILURES, address, now.mono_ms);
	(void)limiter_note(t->limits, LIMIT_FAILURES_USER, key, 1, now.mono_ms);
	uint64_t count = limiter_used(t->limits, LIMIT_FAILURES_USER, key, now.mono_ms);
	for (uint64_t i = t->free_failures; t->free_failures > 0 && i < count && delay < THROTTLE_DELAY_MAX_MS && base_ms > 1; i++)
		delay += base_ms / 2;
	return delay < THROTTLE_DELAY_MAX_MS || base_ms > THROTTLE_DELAY_MAX_MS ? delay : THROTTLE_DELAY_MAX_MS;
}

void throttle_succeeded(struct throttle *t, struct slice address, struct slice account, struct moment now)
{
	uint8_t room[64 + 1 + NAME_MAX_BYTES], name[NAME_MAX_BYTES];
	(void)familiar_note(t->pairs, pair_key(address, account, room), now.mono_ms);
	limiter_forget(t->limits, LIMIT_FAILURES_USER, account_key(account, name));
}
