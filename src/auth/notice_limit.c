#include "auth/notice_limit.h"

#include "base/endian.h"

bool notice_limit_take(struct notice_limit *l, struct slice what, unsigned max, int64_t seconds, int64_t now)
{
	uint8_t hash[HASH_SIZE];
	hash_keyed(what, l->key, hash);
	uint64_t key = get_u64(hash);
	struct notice_limit_slot *s = &l->slots[key % NOTICE_LIMIT_SLOTS];
	if (seconds == 0)
		return true;
	if (s->count == 0 || s->key != key || now - s->since >= seconds)
		*s = (struct notice_limit_slot){.key = key, .since = now};
	if (s->count >= max)
		return false;
	s->count++;
	return true;
}
