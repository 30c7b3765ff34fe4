#include "audit/frame.h"

#include <string.h>

#include "crypt/aead.h"
#include "crypt/crypt.h"

#define FRAME_MAGIC 0x4c4c4147u /* "LLAG" */
#define SEGMENT_MAGIC 0x4c4c4155u /* "LLAU" */
#define VERSION 1
#define RETIRED 0x80000000u
#define NONCE AEAD_XCHACHA20_NONCE_SIZE
#define SEALED_MAX (AUDIT_GROUP_BYTES * 2)

void audit_segment_head(uint64_t first, struct buf *out)
{
	buf_put_u32(out, SEGMENT_MAGIC);
	buf_put_u8(out, VERSION);
	buf_put_u8(out, AEAD_XCHACHA20);
	buf_put_u16(out, 0);
	buf_put_u64(out, first);
}

int audit_segment_head_get(struct slice *in, uint64_t *ret_first)
{
	uint32_t magic;
	uint8_t version, algorithm;
	uint16_t zero;
	bool ok = slice_get_u32(in, &magic) && slice_get_u8(in, &version) && slice_get_u8(in, &algorithm) && slice_get_u16(in, &zero)
		&& slice_get_u64(in, ret_first);
	return ok && magic == SEGMENT_MAGIC && version == VERSION && algorithm == AEAD_XCHACHA20 && zero == 0 ? 0 : ERR_DAMAGED;
}

void audit_frame_seal(const uint8_t key[AUDIT_STORE_KEY_SIZE], uint64_t first, uint32_t count, int64_t first_ms, struct slice records,
	struct buf *out)
{
	uint8_t nonce[NONCE];
	size_t at = buf_len(out);
	random_bytes(nonce, sizeof nonce);
	buf_put_u32(out, FRAME_MAGIC);
	buf_put_u32(out, (uint32_t)(records.n + AEAD_TAG_SIZE));
	buf_put_u64(out, first);
	buf_put_u32(out, count);
	buf_put_u64(out, (uint64_t)first_ms);
	buf_append_bytes(out, nonce, sizeof nonce);
	uint8_t *room = buf_reserve(out, records.n + AEAD_TAG_SIZE);
	if (room == NULL)
		return;
	struct slice head = slice_sub(buf_slice(out), at, at + AUDIT_FRAME_HEAD);
	aead_seal(AEAD_XCHACHA20, key, nonce, head, records, room);
	buf_commit(out, records.n + AEAD_TAG_SIZE);
}

int audit_frame_get(struct slice *in, struct audit_frame *ret)
{
	uint32_t magic, sealed;
	uint64_t first_ms;
	struct slice rest = *in;
	uint8_t nonce[NONCE];
	if (in->n == 0)
		return ERR_NOT_FOUND;
	bool ok = slice_get_u32(&rest, &magic) && slice_get_u32(&rest, &sealed) && slice_get_u64(&rest, &ret->first)
		&& slice_get_u32(&rest, &ret->count) && slice_get_u64(&rest, &first_ms) && slice_get_fixed(&rest, nonce, sizeof nonce);
	if (!ok || magic != FRAME_MAGIC || sealed < AEAD_TAG_SIZE || sealed > SEALED_MAX || sealed > rest.n || ret->count == 0)
		return ERR_DAMAGED;
	ret->first_ms = (int64_t)first_ms;
	ret->head = slice_sub(*in, 0, AUDIT_FRAME_HEAD);
	ret->sealed = slice_sub(rest, 0, sealed);
	*in = slice_from(rest, sealed);
	return 0;
}

int audit_frame_open(const uint8_t key[AUDIT_STORE_KEY_SIZE], const struct audit_frame *f, struct buf *out)
{
	uint8_t *room = buf_reserve(out, f->sealed.n);
	const uint8_t *nonce = f->head.p + AUDIT_FRAME_HEAD - NONCE;
	if (room == NULL || !aead_open(AEAD_XCHACHA20, key, nonce, f->head, f->sealed, room))
		return ERR_DAMAGED;
	buf_commit(out, f->sealed.n - AEAD_TAG_SIZE);
	return 0;
}

int audit_item_get(struct slice *in, struct audit_item *ret)
{
	uint32_t length;
	ret->text = SLICE_NONE;
	if (!slice_get_u32(in, &length))
		return ERR_DAMAGED;
	if (length == RETIRED)
		return slice_get_fixed(in, ret->leaf.b, AUDIT_HASH_SIZE) ? 0 : ERR_DAMAGED;
	if (length == 0 || length > in->n)
		return ERR_DAMAGED;
	ret->text = slice_sub(*in, 0, length);
	*in = slice_from(*in, length);
	return 0;
}

void audit_item_put(struct buf *out, const struct audit_item *item)
{
	buf_put_u32(out, item->text.n > 0 ? (uint32_t)item->text.n : RETIRED);
	if (item->text.n > 0)
		buf_append(out, item->text);
	else
		buf_append_bytes(out, item->leaf.b, AUDIT_HASH_SIZE);
}
