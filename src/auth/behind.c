#include "auth/behind.h"

#include "base/ascii.h"
#include "base/map.h"
#include "base/memory.h"

#define KEY_MAX 1024 /* bytes of an address; a longer one is not remembered */

struct answer { int64_t said_ms; };

struct behind {
	struct map known, unknown; /* address -> struct answer */
	int64_t known_ms, unknown_ms;
};

struct key {
	uint8_t bytes[KEY_MAX];
	struct slice text; /* empty: too long */
};

static void key_make(struct key *k, struct slice address)
{
	k->text = SLICE_NONE;
	if (address.n > KEY_MAX)
		return;
	for (size_t i = 0; i < address.n; i++)
		k->bytes[i] = ascii_lower(address.p[i]);
	k->text = slice_make(k->bytes, address.n);
}

static void empty(struct map *m)
{
	MAP_FOREACH(entry, m)
		memory_free(entry->value);
	map_free(m);
	*m = MAP_INIT;
}

struct behind *behind_new(void)
{
	struct behind *b = memory_alloc(sizeof *b);
	b->known = MAP_INIT;
	b->unknown = MAP_INIT;
	return b;
}

void behind_free(struct behind **behind)
{
	if (*behind == NULL)
		return;
	behind_forget(*behind);
	MEMORY_FREE(behind);
}

void behind_configure(struct behind *b, int64_t known_ms, int64_t unknown_ms)
{
	b->known_ms = known_ms;
	b->unknown_ms = unknown_ms;
}

void behind_forget(struct behind *b)
{
	empty(&b->known);
	empty(&b->unknown);
}

static bool within(const struct map *m, struct slice key, int64_t ms, int64_t now_ms)
{
	const struct answer *a = key.n > 0 ? map_get(m, key) : NULL;
	return a != NULL && now_ms - a->said_ms < ms;
}

enum behind_said behind_recall(const struct behind *b, struct slice address, int64_t now_ms)
{
	struct key k;
	key_make(&k, address);
	if (within(&b->known, k.text, b->known_ms, now_ms))
		return BEHIND_KNOWN;
	return within(&b->unknown, k.text, b->unknown_ms, now_ms) ? BEHIND_UNKNOWN : BEHIND_NOTHING;
}

bool behind_recall_stale(const struct behind *b, struct slice address, int64_t now_ms)
{
	struct key k;
	key_make(&k, address);
	return within(&b->known, k.text, BEHIND_STALE * b->known_ms, now_ms);
}

/* Room for one more. */
static void tidy(struct map *m, size_t max, int64_t ms, int64_t now_ms)
{
	if (m->count < max)
		return;
	MAP_FOREACH(entry, m) {
		struct answer *a = entry->value;
		if (now_ms - a->said_ms >= ms)
			memory_free(map_remove(m, map_entry_key(entry)));
	}
	if (m->count >= max)
		empty(m);
}

void behind_learn(struct behind *b, struct slice address, bool known, int64_t now_ms)
{
	struct key k;
	key_make(&k, address);
	if (k.text.n == 0)
		return;
	memory_free(map_remove(known ? &b->unknown : &b->known, k.text));
	if (known)
		tidy(&b->known, BEHIND_KNOWN_MAX, b->known_ms, now_ms);
	else
		tidy(&b->unknown, BEHIND_UNKNOWN_MAX, b->unknown_ms, now_ms);
	struct answer *a = memory_alloc(sizeof *a);
	a->said_ms = now_ms;
	memory_free(map_put(known ? &b->known : &b->unknown, k.text, a));
}
