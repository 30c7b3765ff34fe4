#include "auth/throttle.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/map.h"
#include "base/memory.h"

#define WINDOW_MS MINUTES_MS(1)
#define ACCOUNT_WINDOW_MS MINUTES_MS(15)
#define KNOWN_MS HOURS_MS(24 * 30)
#define STRIKES_MS HOURS_MS(1)  /* after so long without reaching a limit the waiting is short again */
#define FREE_FAILURES 5 /* of an account, before its failures get slower */
#define KEY_MAX 400
#define SWEEP_SHARE 4   /* when full, a sweep must free this part, else the oldest kinds go */

enum entry_kind { BY_ADDRESS = 'a', BY_RANGE = 'r', BY_ACCOUNT = 'u', KNOWN_PAIR = 'k' };

struct entry {
	uint32_t count;
	uint32_t strikes; /* how often its limit was reached of late */
	int64_t until;    /* the count means nothing after this moment (monotonic) */
};

struct throttle {
	struct map entries;
	uint32_t per_minute;
};

struct throttle *throttle_create(uint32_t per_minute)
{
	struct throttle *t = memory_alloc(sizeof *t);
	t->per_minute = per_minute;
	return t;
}

void throttle_destroy(struct throttle **t)
{
	if (*t == NULL)
		return;
	MAP_FOREACH(e, &(*t)->entries)
		memory_free(e->value);
	map_free(&(*t)->entries);
	MEMORY_FREE(t);
}

void throttle_limit(struct throttle *t, uint32_t per_minute)
{
	t->per_minute = per_minute;
}

/* IPv4 as four bytes, IPv6 as sixteen; 0: neither. */
static size_t parse_address(struct slice address, uint8_t ret[16])
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr v6;
	if (address.n >= sizeof text)
		return 0;
	memcpy(text, address.p, address.n);
	text[address.n] = '\0';
	if (inet_pton(AF_INET, text, ret) == 1)
		return 4;
	if (inet_pton(AF_INET6, text, &v6) != 1)
		return 0;
	bool mapped = IN6_IS_ADDR_V4MAPPED(&v6);
	memcpy(ret, (const uint8_t *)&v6 + (mapped ? 12 : 0), mapped ? 4 : 16);
	return mapped ? 4 : 16;
}

/* The part that one subscriber has: all of IPv4, 64 bits of IPv6; or the range: 24 and 48 bits. Texts that are no address count as they are. */
static size_t put_address(uint8_t *out, struct slice address, bool range)
{
	uint8_t bytes[16];
	size_t n = address.n > 0 ? parse_address(address, bytes) : 0;
	if (n == 0) {
		address = slice_sub(address, 0, INET6_ADDRSTRLEN);
		if (address.n > 0)
			memcpy(out, address.p, address.n);
		return address.n;
	}
	n = n == 4 ? (range ? 3 : 4) : range ? 6 : 8;
	memcpy(out, bytes, n);
	return n;
}

static struct slice make_key(uint8_t room[KEY_MAX], enum entry_kind kind, struct slice address, struct slice account)
{
	size_t n = 0;
	room[n++] = (uint8_t)kind;
	if (kind != BY_ACCOUNT) {
		n += put_address(room + n, address, kind == BY_RANGE);
		room[n++] = 0;
	}
	if (kind != BY_ADDRESS && kind != BY_RANGE) {
		account = slice_sub(account, 0, KEY_MAX - n);
		for (size_t i = 0; i < account.n; i++)
			room[n++] = ascii_lower(account.p[i]);
	}
	return slice_make(room, n);
}

static struct entry *find(struct throttle *t, struct slice key, int64_t now)
{
	struct entry *e = map_get(&t->entries, key);
	return e != NULL && e->until > now ? e : NULL;
}

static void drop_ended(struct throttle *t, int64_t now, bool all_failures)
{
	MAP_FOREACH(m, &t->entries) {
		struct entry *e = m->value;
		if (e->until > now && !(all_failures && m->key[0] != KNOWN_PAIR))
			continue;
		map_remove(&t->entries, map_entry_key(m));
		memory_free(e);
	}
}

static void make_room(struct throttle *t, int64_t now)
{
	if (t->entries.count < THROTTLE_ENTRIES_MAX)
		return;
	drop_ended(t, now, false);
	if (t->entries.count > THROTTLE_ENTRIES_MAX - THROTTLE_ENTRIES_MAX / SWEEP_SHARE)
		drop_ended(t, now, true);
	if (t->entries.count > THROTTLE_ENTRIES_MAX - THROTTLE_ENTRIES_MAX / SWEEP_SHARE)
		drop_ended(t, INT64_MAX, true);
}

/* Counts one; a new or ended entry starts at one and lives for `life`. */
static uint32_t count_one(struct throttle *t, struct slice key, int64_t life, int64_t now)
{
	struct entry *e = map_get(&t->entries, key);
	if (e == NULL) {
		make_room(t, now);
		e = memory_alloc(sizeof *e);
		map_put(&t->entries, key, e);
	}
	if (e->until <= now)
		*e = (struct entry){.until = now + life, .strikes = now - e->until < STRIKES_MS ? e->strikes : 0};
	return ++e->count;
}

/* Counts a failure of an address or range; whoever reaches the limit waits, each time twice as long. */
static void count_failure(struct throttle *t, struct slice key, uint32_t limit, int64_t now)
{
	if (count_one(t, key, WINDOW_MS, now) != limit || limit == 0)
		return;
	struct entry *e = map_get(&t->entries, key);
	e->until = now + (WINDOW_MS << e->strikes);
	e->strikes += e->strikes < THROTTLE_DOUBLINGS_MAX;
}

static bool reached(struct throttle *t, struct slice key, uint32_t limit, int64_t now)
{
	struct entry *e = find(t, key, now);
	return e != NULL && e->count >= limit;
}

static uint32_t range_limit(const struct throttle *t)
{
	return t->per_minute > UINT32_MAX / THROTTLE_RANGE_FACTOR ? UINT32_MAX : t->per_minute * THROTTLE_RANGE_FACTOR;
}

bool throttle_allowed(struct throttle *t, struct slice address, struct slice account, struct moment now)
{
	uint8_t room[KEY_MAX];
	if (t->per_minute == 0 || (!reached(t, make_key(room, BY_ADDRESS, address, account), t->per_minute, now.mono_ms)
		&& !reached(t, make_key(room, BY_RANGE, address, account), range_limit(t), now.mono_ms)))
		return true;
	return find(t, make_key(room, KNOWN_PAIR, address, account), now.mono_ms) != NULL;
}

int64_t throttle_failed(struct throttle *t, struct slice address, struct slice account, int64_t base_ms, struct moment now)
{
	uint8_t room[KEY_MAX];
	count_failure(t, make_key(room, BY_ADDRESS, address, account), t->per_minute, now.mono_ms);
	count_failure(t, make_key(room, BY_RANGE, address, account), range_limit(t), now.mono_ms);
	uint32_t count = count_one(t, make_key(room, BY_ACCOUNT, address, account), ACCOUNT_WINDOW_MS, now.mono_ms);
	int64_t delay = base_ms;
	for (uint32_t i = FREE_FAILURES; i < count && delay < THROTTLE_DELAY_MAX_MS; i++)
		delay += base_ms / 2;
	return delay < THROTTLE_DELAY_MAX_MS || base_ms > THROTTLE_DELAY_MAX_MS ? delay : THROTTLE_DELAY_MAX_MS;
}

void throttle_succeeded(struct throttle *t, struct slice address, struct slice account, struct moment now)
{
	uint8_t room[KEY_MAX];
	struct slice key = make_key(room, KNOWN_PAIR, address, account);
	count_one(t, key, KNOWN_MS, now.mono_ms);
	struct entry *e = map_get(&t->entries, key);
	e->until = now.mono_ms + KNOWN_MS;
	struct entry *failures = map_remove(&t->entries, make_key(room, BY_ACCOUNT, address, account));
	memory_free(failures);
}
