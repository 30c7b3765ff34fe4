#include "store/fact.h"

#include "base/endian.h"
#include "base/error.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

/*
 * fact = u32 length of body | body | MAC (32 bytes)
 * body = u8 version | u8 kind | fields in the order of the structs, texts as u32 length and bytes
 * MAC  = BLAKE2b-256, keyed with the boot secret, over LABEL and body
 */
#define FACT_VERSION 2
#define FACT_MAC_SIZE 32
#define FACT_BODY_MAX 262144
#define FACT_ADDRESSES_MAX 10000
#define FACT_KEYS_MAX 1000

static const struct slice LABEL = SLICE_INIT("letterlock fact 1\n");

static void fact_mac(const uint8_t secret[FACT_SECRET_SIZE], struct slice body, uint8_t ret[FACT_MAC_SIZE])
{
	struct hash_state state;

	hash_start(&state, secret);
	hash_update(&state, LABEL);
	hash_update(&state, body);
	hash_finish(&state, ret);
}

/* Reserves the length word; fact_end fills it and adds the MAC. */
static size_t fact_begin(struct buf *out, enum fact_kind kind)
{
	size_t start = buf_len(out);

	buf_put_u32(out, 0);
	buf_put_u8(out, FACT_VERSION);
	buf_put_u8(out, (uint8_t)kind);
	return start;
}

static void fact_end(struct buf *out, size_t start, const uint8_t secret[FACT_SECRET_SIZE])
{
	uint8_t mac[FACT_MAC_SIZE];
	struct slice body;

	if (out->failed)
		return;
	body = slice_from(buf_slice(out), start + 4);
	put_u32(out->data + out->start + start, (uint32_t)body.n);
	fact_mac(secret, body, mac);
	buf_append_bytes(out, mac, sizeof mac);
}

void fact_write_recipient(struct buf *out, const struct recipient_fact *fact, const uint8_t secret[FACT_SECRET_SIZE])
{
	size_t start = fact_begin(out, fact->kind);

	buf_append_bytes(out, fact->account, sizeof fact->account);
	buf_put_u32(out, fact->generation);
	buf_append_bytes(out, fact->public_key, sizeof fact->public_key);
	buf_put_u16(out, fact->shard);
	buf_put_u64(out, fact->quota);
	buf_put_bytes(out, fact->address);
	buf_put_bytes(out, fact->original);
	buf_put_bytes(out, fact->mailbox);
	buf_put_bytes(out, fact->notify);
	buf_put_bytes(out, fact->profile);
	buf_put_u8(out, fact->flags);
	buf_put_u64(out, fact->size_max);
	buf_put_bytes(out, fact->reverse_path);
	buf_put_bytes(out, fact->by);
	fact_end(out, start, secret);
}

void fact_write_sender(struct buf *out, const struct sender_fact *fact, const uint8_t secret[FACT_SECRET_SIZE])
{
	size_t start = fact_begin(out, FACT_SENDER);

	buf_append_bytes(out, fact->account, sizeof fact->account);
	buf_put_bytes(out, fact->login);
	buf_put_bytes(out, fact->actor);
	buf_put_u32(out, (uint32_t)fact->address_count);
	for (size_t i = 0; i < fact->address_count; i++)
		buf_put_bytes(out, fact->addresses[i]);
	buf_put_u32(out, (uint32_t)fact->key_count);
	for (size_t i = 0; i < fact->key_count; i++) {
		buf_append_bytes(out, fact->keys[i].id, sizeof fact->keys[i].id);
		buf_put_u8(out, fact->keys[i].algorithm);
		buf_put_bytes(out, fact->keys[i].domain);
		buf_put_bytes(out, fact->keys[i].selector);
	}
	fact_end(out, start, secret);
}

/* Takes one fact off the list. ret_body starts behind version and kind. */
static int fact_take(struct slice *list, struct slice *ret_whole, struct slice *ret_body, enum fact_kind *ret_kind)
{
	struct slice whole = *list, body;
	uint8_t version, kind;

	if (list->n < 4 || get_u32(list->p) > FACT_BODY_MAX || list->n - 4 < (size_t)get_u32(list->p) + FACT_MAC_SIZE)
		return ERR_INVALID;
	whole.n = 4 + (size_t)get_u32(list->p) + FACT_MAC_SIZE;
	body = slice_sub(whole, 4, whole.n - FACT_MAC_SIZE);
	if (!slice_get_u8(&body, &version) || !slice_get_u8(&body, &kind) || version != FACT_VERSION)
		return ERR_INVALID;
	*list = slice_from(*list, whole.n);
	*ret_whole = whole;
	*ret_body = body;
	*ret_kind = (enum fact_kind)kind;
	return 0;
}

static bool fact_verified(struct slice whole, const uint8_t secret[FACT_SECRET_SIZE])
{
	uint8_t mac[FACT_MAC_SIZE];

	fact_mac(secret, slice_sub(whole, 4, whole.n - FACT_MAC_SIZE), mac);
	return secret_equal(mac, whole.p + whole.n - FACT_MAC_SIZE, sizeof mac);
}

static int recipient_decode(struct slice body, enum fact_kind kind, struct recipient_fact *ret)
{
	struct recipient_fact fact = {.kind = kind};

	if (kind != FACT_LOCAL && kind != FACT_REMOTE && kind != FACT_OWN && kind != FACT_REVIEW)
		return ERR_INVALID;
	if (!slice_get_fixed(&body, fact.account, sizeof fact.account) || !slice_get_u32(&body, &fact.generation)
	    || !slice_get_fixed(&body, fact.public_key, sizeof fact.public_key) || !slice_get_u16(&body, &fact.shard)
	    || !slice_get_u64(&body, &fact.quota) || !slice_get_bytes(&body, &fact.address) || !slice_get_bytes(&body, &fact.original)
	    || !slice_get_bytes(&body, &fact.mailbox) || !slice_get_bytes(&body, &fact.notify) || !slice_get_bytes(&body, &fact.profile)
	    || !slice_get_u8(&body, &fact.flags) || !slice_get_u64(&body, &fact.size_max) || !slice_get_bytes(&body, &fact.reverse_path)
	    || !slice_get_bytes(&body, &fact.by) || body.n != 0)
		return ERR_INVALID;
	*ret = fact;
	return 0;
}

int fact_read_recipient(struct slice *list, const uint8_t secret[FACT_SECRET_SIZE], struct recipient_fact *ret)
{
	struct slice whole, body;
	enum fact_kind kind;

	if (fact_take(list, &whole, &body, &kind) < 0)
		return ERR_INVALID;
	if (!fact_verified(whole, secret))
		return ERR_DENIED;
	return recipient_decode(body, kind, ret);
}

int fact_peek_recipient(struct slice *list, struct recipient_fact *ret, struct slice *ret_whole)
{
	struct slice body;
	enum fact_kind kind;

	if (fact_take(list, ret_whole, &body, &kind) < 0)
		return ERR_INVALID;
	return recipient_decode(body, kind, ret);
}

static int keys_decode(struct slice *body, struct arena *arena, struct sender_fact *fact)
{
	uint32_t count;

	if (!slice_get_u32(body, &count) || count > FACT_KEYS_MAX)
		return ERR_INVALID;
	fact->keys = arena_alloc_array(arena, count, sizeof *fact->keys);
	fact->key_count = count;
	for (size_t i = 0; i < count; i++) {
		struct sender_key *key = &fact->keys[i];

		if (!slice_get_fixed(body, key->id, sizeof key->id) || !slice_get_u8(body, &key->algorithm) || !slice_get_bytes(body, &key->domain)
		    || !slice_get_bytes(body, &key->selector))
			return ERR_INVALID;
	}
	return 0;
}

int fact_read_sender(struct slice *list, const uint8_t secret[FACT_SECRET_SIZE], struct arena *arena, struct sender_fact *ret)
{
	struct sender_fact fact = {0};
	struct slice whole, body;
	enum fact_kind kind;
	uint32_t count;

	if (fact_take(list, &whole, &body, &kind) < 0)
		return ERR_INVALID;
	if (!fact_verified(whole, secret))
		return ERR_DENIED;
	if (kind != FACT_SENDER || !slice_get_fixed(&body, fact.account, sizeof fact.account) || !slice_get_bytes(&body, &fact.login)
	    || !slice_get_bytes(&body, &fact.actor)
	    || !slice_get_u32(&body, &count) || count > FACT_ADDRESSES_MAX)
		return ERR_INVALID;
	fact.addresses = arena_alloc_array(arena, count, sizeof *fact.addresses);
	fact.address_count = count;
	for (size_t i = 0; i < count; i++) {
		if (!slice_get_bytes(&body, &fact.addresses[i]))
			return ERR_INVALID;
	}
	if (keys_decode(&body, arena, &fact) < 0 || body.n != 0)
		return ERR_INVALID;
	*ret = fact;
	return 0;
}
