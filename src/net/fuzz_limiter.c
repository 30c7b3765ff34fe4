/* Operations in any order: never more than the limit within a window by limiter_take, never a slot too many, time that stands still or jumps ahead. */
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "net/limiter.h"

#define KEYS 8
#define HELD_MAX 4

static void run(struct limiter *l, const uint8_t *data, size_t size)
{
	unsigned held[KEYS] = {0};
	int64_t now = 0;
	for (size_t i = 0; i + 2 < size; i += 3) {
		uint8_t key = data[i + 1] % KEYS;
		struct slice name = slice_make(&key, 1);
		switch (data[i] % 5) {
		case 0:
			if (limiter_take(l, LIMIT_MESSAGES_USER, name, data[i + 2], now))
				ENSURE(limiter_used(l, LIMIT_MESSAGES_USER, name, now) <= limiter_value(l, LIMIT_MESSAGES_USER));
			break;
		case 1:
			(void)limiter_note(l, LIMIT_FAILURES_ADDRESS, name, data[i + 2], now);
			break;
		case 2:
			if (limiter_hold(l, LIMIT_SESSIONS_USER, name))
				ENSURE(++held[key] <= HELD_MAX);
			break;
		case 3:
			if (held[key] > 0) {
				limiter_release(l, LIMIT_SESSIONS_USER, name);
				held[key]--;
			}
			break;
		default:
			now += (int64_t)data[i + 2] * data[i + 1];
		}
		ENSURE(limiter_held(l, LIMIT_SESSIONS_USER, name) == held[key]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	crypt_init();
	struct limiter *l = limiter_create();
	limiter_set(l, LIMIT_MESSAGES_USER, 100);
	limiter_set(l, LIMIT_FAILURES_ADDRESS, 30);
	limiter_set(l, LIMIT_SESSIONS_USER, HELD_MAX);
	run(l, data, size);
	limiter_destroy(&l);
	return 0;
}
