#include "auth/link.h"

#include <string.h>

#include "auth/wrap.h"
#include "base/codec.h"
#include "base/list.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

#define TEXT_BYTES 32

struct link {
	struct list_node node;
	uint8_t hash[HASH_SIZE], account[16];
	unsigned proven;
	int64_t until_ms;
	struct buf wrap;
};

struct links {
	struct list_node open; /* oldest first */
	unsigned count;
};

static void link_free(struct links *l, struct link *k)
{
	list_remove(&k->node);
	buf_free_secret(&k->wrap);
	memory_free(k);
	l->count--;
}

struct links *links_create(void)
{
	struct links *l = memory_alloc(sizeof *l);
	list_init(&l->open);
	return l;
}

void links_destroy(struct links **links)
{
	if (*links == NULL)
		return;
	LIST_FOREACH(node, &(*links)->open)
		link_free(*links, LIST_ITEM(node, struct link, node));
	MEMORY_FREE(links);
}

static void sweep(struct links *l, int64_t now_ms)
{
	LIST_FOREACH(node, &l->open) {
		struct link *k = LIST_ITEM(node, struct link, node);
		if (k->until_ms <= now_ms || l->count >= LINKS_MAX)
			link_free(l, k);
	}
}

static struct wrap_owner owner_of(const uint8_t account[16])
{
	struct wrap_owner owner = {.kind = WRAP_REMEMBERED};
	memcpy(owner.account, account, sizeof owner.account);
	return owner;
}

static void link_kek(const uint8_t account[16], const uint8_t text[TEXT_BYTES], uint8_t ret[KEK_SIZE])
{
	hash_hkdf(slice_make(text, TEXT_BYTES), SLICE_NONE, "wrap link", slice_make(account, 16), ret, KEK_SIZE);
}

static void link_hash(const uint8_t text[TEXT_BYTES], uint8_t ret[HASH_SIZE])
{
	hash_hkdf(slice_make(text, TEXT_BYTES), SLICE_NONE, "link lookup", SLICE_NONE, ret, HASH_SIZE);
}

void links_make(struct links *l, const uint8_t account[16], const struct secrets *secrets, unsigned proven, struct moment now,
	char ret_text[LINK_TEXT_SIZE + 1])
{
	struct link *k = memory_alloc(sizeof *k);
	struct wrap_owner owner = owner_of(account);
	struct buf text = BUF_INIT(64);
	uint8_t bytes[TEXT_BYTES], kek[KEK_SIZE];
	sweep(l, now.mono_ms);
	random_bytes(bytes, sizeof bytes);
	link_kek(account, bytes, kek);
	link_hash(bytes, k->hash);
	memcpy(k->account, account, sizeof k->account);
	k->proven = proven;
	k->until_ms = now.mono_ms + SECONDS_MS(LINK_S);
	buf_init(&k->wrap, WRAP_MAX);
	wrap_seal(&owner, kek, secrets, &k->wrap);
	list_append(&l->open, &k->node);
	l->count++;
	base64url_encode(slice_make(bytes, sizeof bytes), &text);
	ENSURE(buf_len(&text) == LINK_TEXT_SIZE);
	memcpy(ret_text, buf_slice(&text).p, LINK_TEXT_SIZE);
	ret_text[LINK_TEXT_SIZE] = '\0';
	buf_free_secret(&text);
	secret_wipe(bytes, sizeof bytes);
	secret_wipe(kek, sizeof kek);
}

static struct link *find(struct links *l, const uint8_t hash[HASH_SIZE])
{
	LIST_FOREACH(node, &l->open) {
		struct link *k = LIST_ITEM(node, struct link, node);
		if (secret_equal(k->hash, hash, HASH_SIZE))
			return k;
	}
	return NULL;
}

int links_use(struct links *l, struct slice text, struct moment now, uint8_t ret_account[16], struct secrets *ret_secrets,
	unsigned *ret_proven)
{
	struct buf bytes = BUF_INIT(64);
	struct error err = {0};
	uint8_t hash[HASH_SIZE], kek[KEK_SIZE];
	struct link *k = NULL;
	int rc = ERR_DENIED;
	sweep(l, now.mono_ms);
	if (text.n == LINK_TEXT_SIZE && base64url_decode_strict(text, &bytes) == 0 && buf_len(&bytes) == TEXT_BYTES) {
		link_hash(buf_slice(&bytes).p, hash);
		k = find(l, hash);
	}
	if (k != NULL) {
		struct wrap_owner owner = owner_of(k->account);
		link_kek(k->account, buf_slice(&bytes).p, kek);
		rc = wrap_open(&owner, kek, buf_slice(&k->wrap), ret_secrets, &err);
		memcpy(ret_account, k->account, sizeof k->account);
		*ret_proven = k->proven;
		link_free(l, k);
	}
	buf_free_secret(&bytes);
	secret_wipe(kek, sizeof kek);
	return rc == 0 ? 0 : ERR_DENIED;
}
