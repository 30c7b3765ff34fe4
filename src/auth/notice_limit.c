#include "auth/notice_limit.h"

#include "base/endian.h"

/* The slot of the key, or else, of those where it may stand, the one that counted least, of equal ones the oldest. */
static struct notice_limit_slot *slot_of(struct notice_limit *l, uint64_t key)
{
	struct notice_limit_slot *least = NULL;
	for (uint64_t i = 0; i < NOTICE_LIMIT_WAYS; i++) {
		struct notice_limit_slot *s = &l->slots[(key % NOTICE_LIMIT_SLOTS + i) % NOTICE_LIMIT_SLOTS];
		if (s->count > 0 && s->key == key)
			return s;
		if (least == NULL || s->count < least->count || (s->count == least->count && s->since < least->since))
			least = s;
	}
	return least;
}

bool notice_limit_take(struct notice_limit *l, struct slice what, unsigned max, int64_t seconds, int64_t now)
{
	uint8_t hash[HASH_SIZE];
	hash_keyed(what, l->key, hash);
	uint64_t key = get_u64(hash);
	struct notice_limit_slot *s = slot_of(l, key);
	if (seconds == 0)
		return true;
	if (s->count == 0 || s->key != key || now - s->since >= seconds)
		*s = (struct notice_limit_slot){.key = key, .since = now};
	if (s->count >= max)
		return false;
	s->count++;
	return true;
}
