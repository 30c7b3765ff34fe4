/* A hash map from bytes to pointers. Keys are copied. Keyed SipHash-2-4, so that a peer cannot choose collisions. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/slice.h"

struct map_entry {
	struct map_entry *next;
	uint64_t hash;
	void *value;
	size_t key_len;
	uint8_t key[];
};

struct map {
	struct map_entry **buckets;
	size_t bucket_count; /* 0 or a power of two */
	size_t count;
};

#define MAP_INIT ((struct map){0})

void map_free(struct map *m); /* values are the caller's */
/* NULL when absent. */
void *map_get(const struct map *m, struct slice key);
/* Inserts or replaces; returns the former value or NULL. `value` must not be NULL. */
void *map_put(struct map *m, struct slice key, void *value);
/* Returns the removed value or NULL. */
void *map_remove(struct map *m, struct slice key);

static inline struct slice map_key_u64(const uint64_t *key)
{
	return slice_make(key, sizeof *key);
}
static inline struct slice map_entry_key(const struct map_entry *e)
{
	return slice_make(e->key, e->key_len);
}

/* Walks all entries; the current entry may be removed. */
#define MAP_FOREACH(entry, m) \
	for (size_t entry##_i = 0; entry##_i < (m)->bucket_count; entry##_i++) \
		for (struct map_entry *entry = (m)->buckets[entry##_i], *entry##_next = entry ? entry->next : NULL; \
		     entry != NULL; entry = entry##_next, entry##_next = entry ? entry->next : NULL)

uint64_t siphash(const uint8_t key[16], struct slice s);

#endif
