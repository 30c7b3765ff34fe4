#include "store/profile.h"

#include <string.h>

#include "base/endian.h"
#include "base/error.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

/*
 * profile = u32 length of body | body | MAC (32 bytes)
 * body = u8 version | account | address | language | signer | addresses | mailboxes | scripts; texts and lists as u32 length and bytes
 */
#define VERSION 1
#define LABEL "letterlock profile 1"
#define LIST_MAX 20000

static void profile_mac(struct slice body, const uint8_t secret[32], uint8_t ret[HASH_SIZE])
{
	struct hash_state state;

	hash_start(&state, secret);
	hash_update_field(&state, SLICE(LABEL));
	hash_update_field(&state, body);
	hash_finish(&state, ret);
}

static void put_list(struct buf *out, struct buf *list)
{
	out->failed |= list->failed;
	buf_put_bytes(out, buf_slice(list));
	buf_clear(list);
}

static void put_lists(struct buf *out, const struct delivery_profile *p)
{
	struct buf list = BUF_INIT(PROFILE_BYTES_MAX);

	for (size_t i = 0; i < p->address_count; i++)
		buf_put_bytes(&list, p->addresses[i]);
	put_list(out, &list);
	for (size_t i = 0; i < p->mailbox_count; i++) {
		buf_put_bytes(&list, p->mailboxes[i].name);
		buf_put_bytes(&list, p->mailboxes[i].special_use);
	}
	put_list(out, &list);
	for (size_t i = 0; i < p->script_count; i++) {
		buf_put_bytes(&list, p->scripts[i].name);
		buf_put_bytes(&list, p->scripts[i].text);
	}
	put_list(out, &list);
	buf_free(&list);
}

void profile_write(struct buf *out, const struct delivery_profile *p, const uint8_t secret[32])
{
	size_t start = buf_len(out);
	uint8_t mac[HASH_SIZE];
	struct slice body;

	buf_put_u32(out, 0);
	buf_put_u8(out, VERSION);
	buf_append_bytes(out, p->account, sizeof p->account);
	buf_put_bytes(out, p->address);
	buf_put_bytes(out, p->language);
	buf_put_bytes(out, p->signer);
	put_lists(out, p);
	if (out->failed)
		return;
	body = slice_from(buf_slice(out), start + 4);
	put_u32(out->data + out->start + start, (uint32_t)body.n);
	profile_mac(body, secret, mac);
	buf_append_bytes(out, mac, sizeof mac);
}

static size_t count_texts(struct slice list, size_t each)
{
	struct slice text;
	size_t n = 0;

	while (n < LIST_MAX && slice_get_bytes(&list, &text))
		n++;
	return list.n > 0 || n % each != 0 ? 0 : n / each;
}

static void read_addresses(struct slice list, struct arena *arena, struct delivery_profile *p)
{
	struct slice *to;

	p->address_count = count_texts(list, 1);
	p->addresses = to = arena_alloc_array(arena, p->address_count + 1, sizeof *to);
	for (size_t i = 0; i < p->address_count; i++)
		slice_get_bytes(&list, &to[i]);
}

static void read_mailboxes(struct slice list, struct arena *arena, struct delivery_profile *p)
{
	struct profile_mailbox *to;

	p->mailbox_count = count_texts(list, 2);
	p->mailboxes = to = arena_alloc_array(arena, p->mailbox_count + 1, sizeof *to);
	for (size_t i = 0; i < p->mailbox_count; i++) {
		slice_get_bytes(&list, &to[i].name);
		slice_get_bytes(&list, &to[i].special_use);
	}
}

static void read_scripts(struct slice list, struct arena *arena, struct delivery_profile *p)
{
	struct profile_script *to;

	p->script_count = count_texts(list, 2);
	p->scripts = to = arena_alloc_array(arena, p->script_count + 1, sizeof *to);
	for (size_t i = 0; i < p->script_count; i++) {
		slice_get_bytes(&list, &to[i].name);
		slice_get_bytes(&list, &to[i].text);
	}
}

static int decode(struct slice body, struct arena *arena, struct delivery_profile *ret)
{
	struct delivery_profile p = {0};
	struct slice addresses, mailboxes, scripts;
	uint8_t version;

	if (!slice_get_u8(&body, &version) || version != VERSION || !slice_get_fixed(&body, p.account, sizeof p.account)
	    || !slice_get_bytes(&body, &p.address) || !slice_get_bytes(&body, &p.language) || !slice_get_bytes(&body, &p.signer)
	    || !slice_get_bytes(&body, &addresses) || !slice_get_bytes(&body, &mailboxes) || !slice_get_bytes(&body, &scripts) || body.n != 0)
		return ERR_INVALID;
	read_addresses(addresses, arena, &p);
	read_mailboxes(mailboxes, arena, &p);
	read_scripts(scripts, arena, &p);
	*ret = p;
	return p.script_count > 0 ? 0 : ERR_INVALID;
}

int profile_read(struct slice *list, const uint8_t secret[32], struct arena *arena, struct delivery_profile *ret)
{
	uint8_t mac[HASH_SIZE];
	struct slice body;
	uint32_t n;

	if (!slice_get_u32(list, &n) || n > PROFILE_BYTES_MAX || list->n < (size_t)n + HASH_SIZE)
		return ERR_INVALID;
	body = slice_sub(*list, 0, n);
	profile_mac(body, secret, mac);
	if (!secret_equal(mac, list->p + n, HASH_SIZE))
		return ERR_DENIED;
	*list = slice_from(*list, (size_t)n + HASH_SIZE);
	return decode(body, arena, ret);
}

void profile_mark(struct buf *out, uint32_t bytes)
{
	buf_put_u8(out, VERSION);
	buf_put_u32(out, bytes > 0 ? bytes : 1);
}

uint32_t profile_marked(struct slice mark)
{
	uint8_t version;
	uint32_t bytes;

	return slice_get_u8(&mark, &version) && version == VERSION && slice_get_u32(&mark, &bytes) && mark.n == 0 ? bytes : 0;
}
