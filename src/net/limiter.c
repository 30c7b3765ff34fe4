#include "net/limiter.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/ensure.h"
#include "base/map.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

const struct limit_row limit_rows[LIMIT_COUNT] = {
#define LIMIT(id, name, member, of, what, seconds, type, fallback, does, says, text) \
	[LIMIT_##id] = {.option = SLICE_INIT(name), .reply = SLICE_INIT(says), .help = SLICE_INIT(text), .value = SLICE_INIT(fallback), .counted = #what, \
		.scope = LIMIT_SCOPE_##of, .action = LIMIT_ACTION_##does, .window_ms = (seconds) * INT64_C(1000)},
#include "base/limits.h"
};

/* What was counted of one key in the window that is on and in the one before it. */
struct slot {
	uint64_t key;    /* 0: free */
	uint64_t count, before;
	int64_t since;   /* WAIT: until, while waiting is true */
	int64_t waited;  /* until when it waited the last time */
	uint8_t limit, strikes;
	bool waiting;
};

struct limiter {
	uint64_t values[LIMIT_COUNT], reached[LIMIT_COUNT];
	uint8_t key[HASH_KEY_SIZE];
	struct slot *slots;
	struct map held; /* limit and key -> struct held */
};

struct held { uint64_t count; };

static const char *const scope_names[] = {"process", "address", "network", "user", "domain", "letter"};
static const char *const action_names[] = {"refuse", "wait", "tarpit", "close", "queue"};

const char *limit_scope_name(enum limit_scope scope) { return scope_names[scope]; }
const char *limit_action_name(enum limit_action action) { return action_names[action]; }

struct slice limit_name(enum limit limit)
{
	struct slice option = limit_rows[limit].option;
	return slice_from(option, (size_t)(slice_find(option, '.') + 1));
}

struct limiter *limiter_create(void)
{
	struct limiter *l = memory_alloc(sizeof *l);
	l->slots = memory_alloc(LIMITER_SLOTS * sizeof *l->slots);
	random_bytes(l->key, sizeof l->key);
	return l;
}

void limiter_destroy(struct limiter **limiter)
{
	struct limiter *l = *limiter;
	if (l == NULL)
		return;
	MAP_FOREACH(e, &l->held)
		memory_free(e->value);
	map_free(&l->held);
	memory_free(l->slots);
	MEMORY_FREE(limiter);
}

void limiter_set(struct limiter *l, enum limit limit, uint64_t value)
{
	l->values[limit] = value;
}

uint64_t limiter_value(const struct limiter *l, enum limit limit)
{
	return l->values[limit];
}

/* ---- keys ---- */

/* IPv4 as four bytes, IPv6 as sixteen; 0: neither. */
static size_t parse_address(struct slice address, uint8_t ret[16])
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr v6;
	if (address.n == 0 || address.n >= sizeof text)
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

struct slice limiter_address(enum limit_scope scope, struct slice address, uint8_t room[64])
{
	uint8_t bytes[16];
	bool network = scope == LIMIT_SCOPE_NETWORK;
	size_t n = parse_address(address, bytes);
	if (n == 0) {
		address = slice_sub(address, 0, 64);
		if (address.n > 0)
			memcpy(room, address.p, address.n);
		return slice_make(room, address.n);
	}
	n = n == 4 ? (network ? 3 : 4) : network ? 6 : 8;
	memcpy(room, bytes, n);
	return slice_make(room, n);
}

static uint64_t hash_of(const struct limiter *l, enum limit limit, struct slice key)
{
	uint8_t text[LIMITER_KEY_MAX + 1] = {(uint8_t)limit};
	key = slice_sub(key, 0, LIMITER_KEY_MAX);
	if (key.n > 0)
		memcpy(text + 1, key.p, key.n);
	uint64_t hash;
	hash_blake2b(slice_make(text, key.n + 1), l->key, (uint8_t *)&hash, sizeof hash);
	return hash != 0 ? hash : 1;
}

/* ---- windows ---- */

/* The slot as it is at `now`: windows that are over are moved. */
static void advance(struct slot *s, int64_t now)
{
	int64_t window = limit_rows[s->limit].window_ms;
	if (s->waiting && now < s->since)
		return;
	if (s->waiting) {
		s->waiting = false;
		s->count = s->before = 0;
		s->since = now;
	}
	if (now - s->since < window)
		return;
	s->before = now - s->since < 2 * window ? s->count : 0;
	s->count = 0;
	s->since = now - (now - s->since) % window;
}

/* The window slides: of the one before that part counts which it still covers. */
static uint64_t used(const struct slot *s, int64_t now)
{
	uint64_t window = (uint64_t)limit_rows[s->limit].window_ms;
	if (s->waiting || s->before == 0)
		return s->count;
	uint64_t left = window - (uint64_t)(now - s->since);
	return s->count + (uint64_t)((double)s->before * (double)left / (double)window);
}

/* How near its limit is what a slot counts: 1000 is at the limit. */
static uint64_t nearness(const struct limiter *l, struct slot *s, int64_t now)
{
	uint64_t value = l->values[s->limit];
	advance(s, now);
	if (s->waiting)
		return UINT64_MAX - 1;
	return value == 0 ? 0 : (uint64_t)((double)used(s, now) * 1000 / (double)value) + (s->strikes > 0);
}

static struct slot *find(struct limiter *l, uint64_t hash, int64_t now)
{
	struct slot *set = &l->slots[hash & (LIMITER_SLOTS - 1) & ~(uint64_t)(LIMITER_WAYS - 1)];
	for (unsigned i = 0; i < LIMITER_WAYS; i++) {
		if (set[i].key == hash) {
			advance(&set[i], now);
			return &set[i];
		}
	}
	return NULL;
}

static struct slot *find_or_make(struct limiter *l, enum limit limit, struct slice key, int64_t now)
{
	uint64_t hash = hash_of(l, limit, key), least = UINT64_MAX;
	struct slot *set = &l->slots[hash & (LIMITER_SLOTS - 1) & ~(uint64_t)(LIMITER_WAYS - 1)], *victim = set, *found = find(l, hash, now);
	if (found != NULL)
		return found;
	for (unsigned i = 0; i < LIMITER_WAYS && least > 0; i++) {
		uint64_t near = set[i].key == 0 ? 0 : nearness(l, &set[i], now);
		if (near < least) {
			least = near;
			victim = &set[i];
		}
	}
	*victim = (struct slot){.key = hash, .limit = (uint8_t)limit, .since = now};
	return victim;
}

static void reach(struct limiter *l, struct slot *s, int64_t now)
{
	l->reached[s->limit]++;
	if (limit_rows[s->limit].action != LIMIT_ACTION_WAIT)
		return;
	if (now - s->waited >= LIMITER_STRIKES_MS)
		s->strikes = 0;
	s->since = s->waited = now + (limit_rows[s->limit].window_ms << s->strikes);
	s->waiting = true;
	s->strikes += s->strikes < LIMITER_DOUBLINGS_MAX;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

bool limiter_take(struct limiter *l, enum limit limit, struct slice key, uint64_t amount, int64_t now_ms)
{
	uint64_t value = l->values[limit];
	ENSURE(limit_rows[limit].window_ms > 0);
	if (value == 0)
		return true;
	struct slot *s = find_or_make(l, limit, key, now_ms);
	if (sum(used(s, now_ms), amount) > value) {
		l->reached[limit]++;
		return false;
	}
	s->count = sum(s->count, amount);
	return true;
}

bool limiter_note(struct limiter *l, enum limit limit, struct slice key, uint64_t amount, int64_t now_ms)
{
	uint64_t value = l->values[limit];
	ENSURE(limit_rows[limit].window_ms > 0);
	if (value == 0)
		return false;
	struct slot *s = find_or_make(l, limit, key, now_ms);
	if (s->waiting)
		return false;
	bool before = used(s, now_ms) >= value;
	s->count = sum(s->count, amount);
	if (before || used(s, now_ms) < value)
		return false;
	reach(l, s, now_ms);
	return true;
}

bool limiter_reached(struct limiter *l, enum limit limit, struct slice key, int64_t now_ms)
{
	struct slot *s = l->values[limit] > 0 ? find(l, hash_of(l, limit, key), now_ms) : NULL;
	return s != NULL && (s->waiting || used(s, now_ms) >= l->values[limit]);
}

int64_t limiter_wait(struct limiter *l, enum limit limit, struct slice key, int64_t now_ms)
{
	if (!limiter_reached(l, limit, key, now_ms))
		return 0;
	const struct slot *s = find(l, hash_of(l, limit, key), now_ms);
	return s->waiting ? s->since - now_ms : 2 * limit_rows[limit].window_ms - (now_ms - s->since);
}

uint64_t limiter_used(struct limiter *l, enum limit limit, struct slice key, int64_t now_ms)
{
	struct slot *s = find(l, hash_of(l, limit, key), now_ms);
	return s != NULL ? used(s, now_ms) : 0;
}

void limiter_forget(struct limiter *l, enum limit limit, struct slice key)
{
	struct slot *s = find(l, hash_of(l, limit, key), 0);
	if (s != NULL)
		*s = (struct slot){0};
}

/* ---- what is held ---- */

static struct slice held_key(enum limit limit, struct slice key, uint8_t room[LIMITER_KEY_MAX + 1])
{
	key = slice_sub(key, 0, LIMITER_KEY_MAX);
	room[0] = (uint8_t)limit;
	if (key.n > 0)
		memcpy(room + 1, key.p, key.n);
	return slice_make(room, key.n + 1);
}

bool limiter_hold(struct limiter *l, enum limit limit, struct slice key)
{
	uint8_t room[LIMITER_KEY_MAX + 1];
	struct slice name = held_key(limit, key, room);
	struct held *h = map_get(&l->held, name);
	if (l->values[limit] > 0 && h != NULL && h->count >= l->values[limit]) {
		l->reached[limit]++;
		return false;
	}
	if (h == NULL) {
		h = memory_alloc(sizeof *h);
		map_put(&l->held, name, h);
	}
	h->count++;
	return true;
}

void limiter_release(struct limiter *l, enum limit limit, struct slice key)
{
	uint8_t room[LIMITER_KEY_MAX + 1];
	struct slice name = held_key(limit, key, room);
	struct held *h = map_get(&l->held, name);
	ENSURE(h != NULL && h->count > 0);
	if (--h->count > 0)
		return;
	map_remove(&l->held, name);
	memory_free(h);
}

uint64_t limiter_held(const struct limiter *l, enum limit limit, struct slice key)
{
	uint8_t room[LIMITER_KEY_MAX + 1];
	const struct held *h = map_get(&l->held, held_key(limit, key, room));
	return h != NULL ? h->count : 0;
}

/* ---- status ---- */

void limiter_status(const struct limiter *l, struct buf *out)
{
	bool first = true;
	for (unsigned i = 0; i < LIMIT_COUNT; i++) {
		if (l->reached[i] == 0)
			continue;
		struct slice name = limit_name((enum limit)i);
		buf_printf(out, "%s\"%.*s\":%llu", first ? "" : ",", SLICE_ARG(name), (unsigned long long)l->reached[i]);
		first = false;
	}
}
