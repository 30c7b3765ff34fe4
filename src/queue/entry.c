#include "queue/entry.h"

#include <string.h>
#include "base/endian.h"
#include "crypt/aead.h"
#include "crypt/crypt.h"
#include "store/pack.h"

#define ENTRY_VERSION 1
#define HEAD_SIZE (1 + AEAD_XCHACHA20_NONCE_SIZE)   /* algorithm, nonce */
#define FIXED_SIZE (1 + 8 + 8 + 2)
#define READER_SIZE (1 + 16 + 4)

static void associated(const struct place *place, uint64_t seq, uint8_t out[16])
{
	put_u32(out, place->pack);
	put_u32(out + 4, place->ordinal);
	put_u64(out + 8, seq);
}

size_t entry_sealed_size(const struct entry *e)
{
	return HEAD_SIZE + FIXED_SIZE + e->reader_count * READER_SIZE + e->job.n + AEAD_TAG_SIZE;
}

static void encode(const struct entry *e, struct buf *out)
{
	buf_put_u8(out, ENTRY_VERSION);
	buf_put_u64(out, e->message_size);
	buf_put_u64(out, (uint64_t)e->accepted_ms);
	buf_put_u16(out, (uint16_t)e->reader_count);
	for (size_t i = 0; i < e->reader_count; i++) {
		buf_put_u8(out, (uint8_t)e->readers[i].kind);
		buf_append_bytes(out, e->readers[i].account, sizeof e->readers[i].account);
		buf_put_u32(out, e->readers[i].generation);
	}
	buf_append(out, e->job);
}

void entry_seal(const struct entry *e, const struct place *place, uint64_t seq, const uint8_t jobs_key[32], struct buf *out)
{
	uint8_t ad[16], nonce[AEAD_XCHACHA20_NONCE_SIZE];
	associated(place, seq, ad);
	random_bytes(nonce, sizeof nonce);
	buf_put_u8(out, AEAD_XCHACHA20);
	buf_append_bytes(out, nonce, sizeof nonce);
	size_t start = buf_len(out);
	encode(e, out);
	size_t n = buf_len(out) - start;
	uint8_t *tail = buf_reserve(out, AEAD_TAG_SIZE);
	if (tail == NULL || out->failed)
		return;
	aead_seal(AEAD_XCHACHA20, jobs_key, nonce, slice_make(ad, sizeof ad), slice_make(tail - n, n), tail - n);
	buf_commit(out, AEAD_TAG_SIZE);
}

static int decode(struct slice s, struct arena *arena, struct entry *ret)
{
	struct entry e;
	uint8_t version;
	uint64_t accepted;
	uint16_t count;
	if (!slice_get_u8(&s, &version))
		return ERR_DAMAGED;
	if (version != ENTRY_VERSION)
		return ERR_UNSUPPORTED;
	if (!slice_get_u64(&s, &e.message_size) || !slice_get_u64(&s, &accepted) || !slice_get_u16(&s, &count) || count > SEAL_READERS_MAX)
		return ERR_DAMAGED;
	e.accepted_ms = (int64_t)accepted;
	e.reader_count = count;
	e.readers = arena_alloc_array(arena, count ? count : 1u, sizeof *e.readers);
	for (size_t i = 0; i < count; i++) {
		uint8_t kind;
		if (!slice_get_u8(&s, &kind) || kind < READER_ARRIVAL || kind > READER_OUTBOUND || !slice_get_fixed(&s, e.readers[i].account, 16) ||
		    !slice_get_u32(&s, &e.readers[i].generation))
			return ERR_DAMAGED;
		e.readers[i].kind = (enum reader_kind)kind;
	}
	e.job = s;
	*ret = e;
	return 0;
}

int entry_open(struct slice sealed, const struct place *place, uint64_t seq, const uint8_t jobs_key[32], struct arena *arena, struct entry *ret,
               struct error *err)
{
	uint8_t ad[16];
	if (sealed.n < HEAD_SIZE + AEAD_TAG_SIZE || sealed.n > PACK_ENTRY_MAX)
		return error_set(err, ERR_DAMAGED, "pack %u, record %u: its entry is malformed", place->pack, place->ordinal);
	if (sealed.p[0] != AEAD_XCHACHA20)
		return error_set(err, ERR_UNSUPPORTED, "pack %u, record %u: unknown algorithm %u", place->pack, place->ordinal, sealed.p[0]);
	associated(place, seq, ad);
	struct slice box = slice_from(sealed, HEAD_SIZE);
	uint8_t *plain = arena_alloc(arena, box.n);
	if (!aead_open(AEAD_XCHACHA20, jobs_key, sealed.p + 1, slice_make(ad, sizeof ad), box, plain))
		return error_set(err, ERR_DAMAGED, "pack %u, record %u: its entry does not open", place->pack, place->ordinal);
	int rc = decode(slice_make(plain, box.n - AEAD_TAG_SIZE), arena, ret);
	return rc < 0 ? error_set(err, (enum error_code)rc, "pack %u, record %u: its entry cannot be read", place->pack, place->ordinal) : 0;
}
