#include "auth/remember.h"

#include <string.h>

#include "base/list.h"
#include "base/map.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "crypt/slab.h"

#define PLACE_SIZE 16

struct memory {
	struct list_node node; /* oldest first */
	int64_t until;
	uint8_t place[PLACE_SIZE];
	struct buf wrap; /* empty: the password is wrong */
};

struct remember {
	struct map entries;
	struct list_node order;
	uint8_t *secret; /* a cell of the slab; NULL when it was full: then nothing is remembered */
};

struct remember *remember_create(void)
{
	struct remember *r = memory_alloc(sizeof *r);
	list_init(&r->order);
	r->secret = slab_alloc(HASH_KEY_SIZE);
	if (r->secret != NULL)
		random_bytes(r->secret, HASH_KEY_SIZE);
	return r;
}

static void forget(struct remember *r, struct memory *m)
{
	list_remove(&m->node);
	map_remove(&r->entries, slice_make(m->place, sizeof m->place));
	buf_free_secret(&m->wrap);
	memory_free(m);
}

void remember_destroy(struct remember **r)
{
	if (*r == NULL)
		return;
	LIST_FOREACH(n, &(*r)->order)
		forget(*r, LIST_ITEM(n, struct memory, node));
	map_free(&(*r)->entries);
	slab_free(&(*r)->secret);
	MEMORY_FREE(r);
}

/* Where an entry lies, and the key that opens it: two parts of one hash, so that the place tells nothing of the key. */
struct keys {
	uint8_t place[PLACE_SIZE];
	uint8_t kek[KEK_SIZE];
};

static void derive(const struct remember *r, const struct wrap_owner *owner, struct slice name, struct slice password, struct keys *ret)
{
	uint8_t hash[HASH_SIZE], number[WRAP_PEPPER_DATA_SIZE];
	struct hash_state state;
	wrap_pepper_data(owner, number);
	hash_start(&state, r->secret);
	hash_update_field(&state, slice_make(number, sizeof number));
	hash_update_field(&state, name);
	hash_update_field(&state, password);
	hash_finish(&state, hash);
	hash_hkdf(slice_make(hash, sizeof hash), SLICE_NONE, "remember", SLICE_NONE, ret, sizeof *ret);
	secret_wipe(hash, sizeof hash);
}

static struct wrap_owner as_remembered(const struct wrap_owner *owner)
{
	struct wrap_owner o = *owner;
	o.kind = WRAP_REMEMBERED;
	return o;
}

enum remembered remember_find(struct remember *r, const struct wrap_owner *owner, struct slice name, struct slice password,
	struct moment now,
                              struct secrets *ret)
{
	struct keys keys;
	if (r->secret == NULL)
		return REMEMBERED_NOT;
	derive(r, owner, name, password, &keys);
	struct memory *m = map_get(&r->entries, slice_make(keys.place, sizeof keys.place));
	enum remembered found = REMEMBERED_NOT;
	struct wrap_owner o = as_remembered(owner);
	if (m != NULL && m->until <= now.mono_ms)
		forget(r, m);
	else if (m != NULL && buf_len(&m->wrap) == 0)
		found = REMEMBERED_WRONG;
	else if (m != NULL && wrap_open(&o, keys.kek, buf_slice(&m->wrap), ret, NULL) == 0)
		found = REMEMBERED_RIGHT;
	secret_wipe(&keys, sizeof keys);
	return found;
}

static void make_room(struct remember *r, struct moment now)
{
	while (!list_empty(&r->order)) {
		struct memory *oldest = LIST_ITEM(r->order.next, struct memory, node);
		if (oldest->until > now.mono_ms && r->entries.count < REMEMBER_MAX)
			return;
		forget(r, oldest);
	}
}

void remember_put(struct remember *r, const struct wrap_owner *owner, struct slice name, struct slice password, struct moment now,
                  const struct secrets *secrets)
{
	struct keys keys;
	if (r->secret == NULL)
		return;
	make_room(r, now);
	derive(r, owner, name, password, &keys);
	struct slice place = slice_make(keys.place, sizeof keys.place);
	struct memory *m = map_get(&r->entries, place);
	if (m != NULL)
		forget(r, m);
	m = memory_alloc(sizeof *m);
	m->until = now.mono_ms + REMEMBER_MS;
	memcpy(m->place, keys.place, sizeof m->place);
	buf_init(&m->wrap, WRAP_MAX);
	struct wrap_owner o = as_remembered(owner);
	if (secrets != NULL)
		wrap_seal(&o, keys.kek, secrets, &m->wrap);
	map_put(&r->entries, place, m);
	list_append(&r->order, &m->node);
	secret_wipe(&keys, sizeof keys);
}
