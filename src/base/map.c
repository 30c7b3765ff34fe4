#include <string.h>
#include <sys/random.h>

#include "base/ensure.h"
#include "base/map.h"
#include "base/memory.h"

static uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

static uint64_t read_le64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? v : __builtin_bswap64(v);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1]; v[1] = rotl(v[1], 13); v[1] ^= v[0]; v[0] = rotl(v[0], 32);
	v[2] += v[3]; v[3] = rotl(v[3], 16); v[3] ^= v[2];
	v[0] += v[3]; v[3] = rotl(v[3], 21); v[3] ^= v[0];
	v[2] += v[1]; v[1] = rotl(v[1], 17); v[1] ^= v[2]; v[2] = rotl(v[2], 32);
}

uint64_t siphash(const uint8_t key[16], struct slice s)
{
	uint64_t k0 = read_le64(key), k1 = read_le64(key + 8), last = (uint64_t)s.n << 56;
	uint64_t v[4] = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u};
	size_t whole = s.n & ~(size_t)7;

	for (size_t i = 0; i < whole; i += 8) {
		uint64_t m = read_le64(s.p + i);

		v[3] ^= m;
		sip_round(v);
		sip_round(v);
		v[0] ^= m;
	}
	for (size_t i = whole; i < s.n; i++)
		last |= (uint64_t)s.p[i] << (8 * (i - whole));
	v[3] ^= last;
	sip_round(v);
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The hash key of the process; made at first use, before any jail forbids it, and never changed. */
static const uint8_t *hash_key(void)
{
	static uint8_t key[16];
	static bool made;

	if (!made) {
		ENSURE(getrandom(key, sizeof key, 0) == (ssize_t)sizeof key);
		made = true;
	}
	return key;
}

static struct map_entry **find(const struct map *m, struct slice key, uint64_t hash)
{
	struct map_entry **at = &m->buckets[hash & (m->bucket_count - 1)];

	while (*at != NULL && !((*at)->hash == hash && slice_eq(map_entry_key(*at), key)))
		at = &(*at)->next;
	return at;
}

static void grow(struct map *m)
{
	size_t count = m->bucket_count > 0 ? m->bucket_count * 2 : 16;
	struct map_entry **buckets = memory_alloc_array(count, sizeof *buckets);

	MAP_FOREACH(e, m) {
		struct map_entry **at = &buckets[e->hash & (count - 1)];

		e->next = *at;
		*at = e;
	}
	memory_free(m->buckets);
	m->buckets = buckets;
	m->bucket_count = count;
}

void map_free(struct map *m)
{
	MAP_FOREACH(e, m)
		memory_free(e);
	memory_free(m->buckets);
	*m = MAP_INIT;
}

void *map_get(const struct map *m, struct slice key)
{
	struct map_entry *e;

	if (m->count == 0)
		return NULL;
	e = *find(m, key, siphash(hash_key(), key));
	return e != NULL ? e->value : NULL;
}

void *map_put(struct map *m, struct slice key, void *value)
{
	uint64_t hash = siphash(hash_key(), key);
	struct map_entry **at, *e;
	void *former;

	ENSURE(value != NULL);
	if (m->count >= m->bucket_count)
		grow(m);
	at = find(m, key, hash);
	if (*at != NULL) {
		former = (*at)->value;
		(*at)->value = value;
		return former;
	}
	e = memory_alloc(sizeof *e + key.n);
	e->hash = hash;
	e->value = value;
	e->key_len = key.n;
	if (key.n > 0)
		memcpy(e->key, key.p, key.n);
	*at = e;
	m->count++;
	return NULL;
}

void *map_remove(struct map *m, struct slice key)
{
	struct map_entry **at, *e;
	void *value;

	if (m->count == 0)
		return NULL;
	at = find(m, key, siphash(hash_key(), key));
	if ((e = *at) == NULL)
		return NULL;
	value = e->value;
	*at = e->next;
	m->count--;
	memory_free(e);
	return value;
}
