#include "net/familiar.h"

#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

#define HOUR_MS INT64_C(3600000)

struct place {
	uint64_t key; /* 0: free */
	int64_t last;
};

struct familiar {
	uint8_t key[HASH_KEY_SIZE];
	struct place places[FAMILIAR_SLOTS];
};

struct familiar *familiar_create(void)
{
	struct familiar *f = memory_alloc(sizeof *f);
	random_bytes(f->key, sizeof f->key);
	return f;
}

void familiar_destroy(struct familiar **familiar)
{
	MEMORY_FREE(familiar);
}

static uint64_t hash_of(const struct familiar *f, struct slice key)
{
	uint64_t hash;
	if (key.n == 0)
		key = SLICE("-");
	hash_blake2b(key, f->key, (uint8_t *)&hash, sizeof hash);
	return hash != 0 ? hash : 1;
}

static size_t set_of(uint64_t hash)
{
	return (size_t)(hash & (FAMILIAR_SLOTS - 1) & ~(uint64_t)(FAMILIAR_WAYS - 1));
}

bool familiar_note(struct familiar *f, struct slice key, int64_t now_ms)
{
	uint64_t hash = hash_of(f, key);
	struct place *set = f->places + set_of(hash), *at = set;
	for (unsigned i = 0; i < FAMILIAR_WAYS && at->key != hash; i++)
		if (set[i].key == hash || set[i].key == 0 || (at->key != 0 && set[i].last < at->last))
			at = &set[i];
	bool fresh = at->key == hash && now_ms - at->last < HOUR_MS;
	*at = (struct place){.key = hash, .last = now_ms};
	return !fresh;
}

bool familiar_known(const struct familiar *f, struct slice key, int64_t now_ms)
{
	uint64_t hash = hash_of(f, key);
	const struct place *set = f->places + set_of(hash);
	for (unsigned i = 0; i < FAMILIAR_WAYS; i++)
		if (set[i].key == hash)
			return now_ms - set[i].last < FAMILIAR_MS;
	return false;
}
