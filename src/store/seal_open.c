#include "store/seal.h"

#include <string.h>
#include <zstd.h>
#include "base/endian.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/aead.h"
#include "crypt/crypt.h"
#include "crypt/kx.h"
#include "mime/make.h"
#include "store/seal_format.h"
#include "store/seal_note.h"

#define SEALED_MAGIC 0x5ea1edu
#define SEALED_WHOLE 65536          /* records up to this size are read at once */
#define NO_CHUNK UINT32_MAX

struct chunk {
	uint64_t plain_at, sealed_at;   /* offsets behind `lead` and in the record */
	uint32_t plain, sealed;
	uint8_t coding;
};

struct sealed {
	uint32_t magic;
	struct seal_source source;
	uint8_t *whole;                 /* the record when it is small, else NULL */
	uint8_t prefix[SEAL_PREFIX_SIZE];
	uint8_t data_key[32], aad[SEAL_AAD];
	uint64_t size, header_size;
	uint32_t digest_plain;
	uint8_t digest_coding;
	bool text_of_body;
	uint32_t lead;                  /* bytes of the digest in front of the message */
	struct chunk *chunks;
	uint32_t chunk_count;
	uint32_t open_chunk;            /* whose plain text is in `plain`, or NO_CHUNK */
	uint8_t *plain;
	struct buf scratch;
	ZSTD_DCtx *zstd;
};

/* The context of a record that was closed serves the next one: making one costs more than opening a small record with it. */
static _Thread_local ZSTD_DCtx *spare;

static int damaged(struct error *err, const char *what)
{
	return error_set(err, ERR_DAMAGED, "sealed record: %s", what);
}

static int source_read(struct sealed *s, uint64_t offset, void *p, size_t n, struct error *err)
{
	if (offset > s->source.size || n > s->source.size - offset)
		return damaged(err, "a part lies outside");
	if (s->whole != NULL) {
		memcpy(p, s->whole + offset, n);
		return 0;
	}
	if (n != 0 && s->source.read(s->source.arg, offset, p, n) < 0)
		return error_set(err, ERR_IO, "sealed record: %zu bytes at %llu cannot be read", n, (unsigned long long)offset);
	return 0;
}

static uint32_t reader_count(const struct sealed *s)
{
	return get_u32(s->prefix + AT_READERS);
}
static uint64_t notes_at(const struct sealed *s)
{
	return SEAL_PREFIX_SIZE + (uint64_t)reader_count(s) * SEAL_ENTRY_SIZE;
}
static uint64_t digest_at(const struct sealed *s)
{
	return notes_at(s) + get_u32(s->prefix + AT_NOTES_SIZE);
}
static uint64_t chunks_at(const struct sealed *s)
{
	return digest_at(s) + get_u32(s->prefix + AT_DIGEST_SIZE);
}

static int prefix_check(struct sealed *s, struct error *err)
{
	if (memcmp(s->prefix, SEAL_MAGIC, sizeof SEAL_MAGIC) != 0)
		return damaged(err, "no such format");
	if (s->prefix[AT_VERSION] != SEAL_VERSION || s->prefix[AT_SUITE] != SEAL_SUITE)
		return error_set(err, ERR_UNSUPPORTED, "sealed record of version %u, suite %u", s->prefix[AT_VERSION], s->prefix[AT_SUITE]);
	s->chunk_count = get_u32(s->prefix + AT_CHUNKS);
	s->size = get_u64(s->prefix + AT_SIZE);
	if (reader_count(s) == 0 || reader_count(s) > SEAL_READERS_MAX || s->chunk_count == 0 || s->chunk_count > SEAL_CHUNKS_MAX
	    || get_u32(s->prefix + AT_DIGEST_SIZE) > SEAL_DIGEST_MAX + SEAL_TAG
	    || get_u32(s->prefix + AT_TABLE_SIZE) != SEAL_TABLE_FIXED + s->chunk_count * SEAL_TABLE_ENTRY + SEAL_TAG
	    || chunks_at(s) > s->source.size)
		return damaged(err, "counts are out of range");
	return 0;
}

/* Reads and checks the prefix; takes a small record into memory. */
static int sealed_begin(const struct seal_source *source, struct sealed **ret, struct error *err)
{
	struct sealed *s;
	int rc;

	if (source->size < SEAL_PREFIX_SIZE)
		return damaged(err, "too short");
	s = memory_alloc(sizeof *s);
	s->magic = SEALED_MAGIC;
	s->source = *source;
	s->open_chunk = NO_CHUNK;
	s->scratch = BUF_INIT(SEAL_DIGEST_MAX * 2);
	*ret = s;
	if (source->size <= SEALED_WHOLE) {
		uint8_t *whole = memory_alloc(source->size);

		rc = source_read(s, 0, whole, source->size, err);
		s->whole = whole;
		if (rc < 0)
			return rc;
	}
	rc = source_read(s, 0, s->prefix, sizeof s->prefix, err);
	if (rc < 0)
		return rc;
	seal_aad(s->prefix + AT_NONCE, s->aad);
	return prefix_check(s, err);
}

/* Opens `n` sealed bytes in place in the scratch buffer. */
static int unseal(struct sealed *s, uint64_t at, uint32_t n, enum seal_section section, bool last, uint64_t number, uint8_t **ret, struct error *err)
{
	uint8_t nonce[12], *p;
	int rc;

	if (n < SEAL_TAG)
		return damaged(err, "a part is too short");
	buf_clear(&s->scratch);
	p = buf_reserve(&s->scratch, n);
	if (p == NULL)
		return damaged(err, "a part is too large");
	rc = source_read(s, at, p, n, err);
	if (rc < 0)
		return rc;
	seal_nonce(section, last, number, nonce);
	if (!aead_open(AEAD_CHACHA20, s->data_key, nonce, slice_make(s->aad, sizeof s->aad), slice_make(p, n), p))
		return damaged(err, section == SECTION_CHUNK ? "a chunk does not verify" : "the table or digest does not verify");
	*ret = p;
	return 0;
}

static int expand(struct sealed *s, uint8_t coding, struct slice packed, uint8_t *p, size_t plain, struct error *err)
{
	size_t n;

	if (coding == CODING_STORED) {
		if (packed.n != plain)
			return damaged(err, "a stored part has another size");
		if (plain != 0)
			memcpy(p, packed.p, plain);
		return 0;
	}
	if (coding != CODING_ZSTD)
		return error_set(err, ERR_UNSUPPORTED, "sealed record: coding %u", coding);
	if (s->zstd == NULL) {
		s->zstd = spare != NULL ? spare : ZSTD_createDCtx();
		spare = NULL;
	}
	n = ZSTD_decompressDCtx(s->zstd, p, plain, packed.p, packed.n);
	return ZSTD_isError(n) || n != plain ? damaged(err, "a part does not decompress") : 0;
}

static int chunks_check(struct sealed *s, const uint8_t *entries, struct error *err)
{
	uint64_t plain_at = 0, sealed_at = chunks_at(s);

	s->chunks = memory_alloc_array(s->chunk_count, sizeof *s->chunks);
	for (uint32_t i = 0; i < s->chunk_count; i++, entries += SEAL_TABLE_ENTRY) {
		struct chunk *c = &s->chunks[i];

		*c = (struct chunk){.plain_at = plain_at, .sealed_at = sealed_at, .plain = get_u32(entries), .sealed = get_u32(entries + 4),
		                    .coding = entries[8]};
		if (c->plain > SEAL_CHUNK_PLAIN || c->sealed > c->plain + SEAL_TAG)
			return damaged(err, "a chunk is too large");
		plain_at += c->plain;
		sealed_at += c->sealed;
	}
	if (plain_at != s->lead + s->size || s->header_size > s->size || sealed_at != get_u64(s->prefix + AT_TABLE_OFFSET))
		return damaged(err, "sizes contradict each other");
	return 0;
}

static int table_open(struct sealed *s, struct error *err)
{
	uint8_t *p;
	int rc = unseal(s, get_u64(s->prefix + AT_TABLE_OFFSET), get_u32(s->prefix + AT_TABLE_SIZE), SECTION_TABLE, true, s->chunk_count, &p, err);

	if (rc < 0)
		return rc;
	s->header_size = get_u64(p + TABLE_HEADER_SIZE);
	s->digest_plain = get_u32(p + TABLE_DIGEST_SIZE);
	s->digest_coding = p[TABLE_DIGEST_CODING];
	s->text_of_body = p[TABLE_BITS] & TABLE_TEXT_OF_BODY;
	if (s->digest_plain > SEAL_DIGEST_MAX)
		return damaged(err, "the digest is too large");
	if (s->digest_coding == CODING_JOINT)
		s->lead = s->digest_plain;
	if ((p[TABLE_BITS] & ~TABLE_TEXT_OF_BODY) != 0)
		return error_set(err, ERR_UNSUPPORTED, "sealed record: bits %u", p[TABLE_BITS]);
	return chunks_check(s, p + SEAL_TABLE_FIXED, err);
}

/* A generation above all that we have is one whose key will come; one below is lost for good. */
static int key_find(const struct seal_reader_key *keys, size_t count, uint32_t generation, const struct seal_reader_key **ret, struct error *err)
{
	uint32_t newest = 0;

	for (size_t i = 0; i < count; i++) {
		*ret = &keys[i];
		if (keys[i].generation == generation)
			return 0;
		if (keys[i].generation > newest)
			newest = keys[i].generation;
	}
	return error_set(err, generation > newest ? ERR_TEMPORARY : ERR_NOT_FOUND, "sealed record: no key of generation %u", generation);
}

/* Finds the entry of (kind, account); its number in *ret_index. */
static int entry_find(struct sealed *s, enum reader_kind kind, const uint8_t account[16], uint8_t entry[SEAL_ENTRY_SIZE], uint32_t *ret_index,
                      struct error *err)
{
	uint8_t batch[SEAL_ENTRY_SIZE * 64];

	for (uint32_t i = 0; i < reader_count(s); i += 64) {
		uint32_t n = reader_count(s) - i < 64 ? reader_count(s) - i : 64;
		int rc = source_read(s, SEAL_PREFIX_SIZE + (uint64_t)i * SEAL_ENTRY_SIZE, batch, (size_t)n * SEAL_ENTRY_SIZE, err);

		if (rc < 0)
			return rc;
		for (uint32_t k = 0; k < n; k++) {
			const uint8_t *e = batch + k * SEAL_ENTRY_SIZE;

			if (e[ENTRY_KIND] != kind || memcmp(e + ENTRY_ACCOUNT, account, 16) != 0)
				continue;
			memcpy(entry, e, SEAL_ENTRY_SIZE);
			*ret_index = i + k;
			return 0;
		}
	}
	return error_set(err, ERR_NOT_FOUND, "sealed record: no wrap for this reader");
}

static int note_open(struct sealed *s, const uint8_t *entry, uint32_t index, const uint8_t *key, const uint8_t aad[SEAL_READER_AAD],
                     struct arena *arena, struct filing_note *ret, struct error *err)
{
	uint32_t offset = get_u32(entry + ENTRY_NOTE_OFFSET), n = get_u32(entry + ENTRY_NOTE_SIZE);
	uint8_t nonce[12], *p;
	int rc;

	if (n < SEAL_TAG || n > SEAL_NOTE_MAX + SEAL_TAG)
		return damaged(err, "the filing note has a bad size");
	p = arena_alloc(arena, n);
	rc = source_read(s, notes_at(s) + offset, p, n, err);
	if (rc < 0)
		return rc;
	seal_nonce(0, false, index, nonce);
	if (!aead_open(AEAD_CHACHA20, key, nonce, slice_make(aad, SEAL_READER_AAD), slice_make(p, n), p)
	    || filing_note_decode(slice_make(p, n - SEAL_TAG), ret) < 0)
		return damaged(err, "the filing note does not verify");
	return 0;
}

static int wrap_keys(const struct seal_reader_key *key, const uint8_t ephemeral[32], const uint8_t nonce[16], struct seal_wrap_keys *ret)
{
	uint8_t shared[32];
	bool ok = kx_cache_shared(key->cache, key->public_key, key->secret_key, ephemeral, shared);

	if (ok)
		seal_kdf(shared, ephemeral, key->public_key, nonce, ret);
	secret_wipe(shared, sizeof shared);
	return ok ? 0 : ERR_DAMAGED;
}

static bool wrap_open(const struct seal_wrap_keys *keys, const uint8_t aad[SEAL_READER_AAD], const uint8_t wrap[SEAL_WRAP], uint8_t ret[32])
{
	uint8_t nonce[12] = {0};

	return aead_open(AEAD_CHACHA20, keys->wrap, nonce, slice_make(aad, SEAL_READER_AAD), slice_make(wrap, SEAL_WRAP), ret);
}

int seal_wrap_open(enum reader_kind kind, const uint8_t account[16], const struct seal_reader_key *key, const uint8_t ephemeral[32],
                   const uint8_t record_nonce[16], const uint8_t wrap[48], uint8_t ret_data_key[32])
{
	struct seal_wrap_keys keys = {0};
	uint8_t aad[SEAL_READER_AAD];
	int rc = wrap_keys(key, ephemeral, record_nonce, &keys);

	seal_reader_aad(record_nonce, kind, account, key->generation, aad);
	if (rc == 0 && !wrap_open(&keys, aad, wrap, ret_data_key))
		rc = ERR_DAMAGED;
	secret_wipe(&keys, sizeof keys);
	return rc;
}

int sealed_open(const struct seal_source *source, enum reader_kind kind, const uint8_t account[16], const struct seal_reader_key *keys,
                size_t key_count, struct arena *arena, struct filing_note *ret_note, struct sealed **ret, struct error *err)
{
	struct sealed *s = NULL;
	struct seal_wrap_keys wrap = {0};
	const struct seal_reader_key *key = NULL;
	uint8_t entry[SEAL_ENTRY_SIZE], aad[SEAL_READER_AAD];
	uint32_t index;
	int rc = sealed_begin(source, &s, err);

	if (rc == 0)
		rc = entry_find(s, kind, account, entry, &index, err);
	if (rc < 0)
		goto out;
	rc = key_find(keys, key_count, get_u32(entry + ENTRY_GENERATION), &key, err);
	if (rc < 0)
		goto out;
	seal_reader_aad(s->prefix + AT_NONCE, kind, account, key->generation, aad);
	if (wrap_keys(key, s->prefix + AT_EPHEMERAL, s->prefix + AT_NONCE, &wrap) < 0
	    || !wrap_open(&wrap, aad, entry + ENTRY_WRAP, s->data_key)) {
		rc = damaged(err, "the wrap does not verify");
		goto out;
	}
	rc = note_open(s, entry, index, wrap.note, aad, arena, ret_note, err);
	if (rc == 0)
		rc = table_open(s, err);
out:
	secret_wipe(&wrap, sizeof wrap);
	if (rc < 0)
		sealed_close(&s);
	else
		*ret = s;
	return rc;
}

int sealed_open_with_key(const struct seal_source *source, const uint8_t data_key[32], struct sealed **ret, struct error *err)
{
	struct sealed *s = NULL;
	int rc = sealed_begin(source, &s, err);

	if (rc == 0) {
		memcpy(s->data_key, data_key, sizeof s->data_key);
		rc = table_open(s, err);
	}
	if (rc < 0)
		sealed_close(&s);
	else
		*ret = s;
	return rc;
}

int sealed_outbound_wrap(const struct seal_source *source, uint32_t *ret_epoch, uint8_t ret_ephemeral[32], uint8_t ret_nonce[16], uint8_t ret_wrap[48])
{
	static const uint8_t nobody[16];
	struct sealed *s = NULL;
	uint8_t entry[SEAL_ENTRY_SIZE];
	uint32_t index;
	int rc = sealed_begin(source, &s, NULL);

	if (rc == 0)
		rc = entry_find(s, READER_OUTBOUND, nobody, entry, &index, NULL);
	if (rc == 0) {
		*ret_epoch = get_u32(entry + ENTRY_GENERATION);
		memcpy(ret_ephemeral, s->prefix + AT_EPHEMERAL, 32);
		memcpy(ret_nonce, s->prefix + AT_NONCE, 16);
		memcpy(ret_wrap, entry + ENTRY_WRAP, SEAL_WRAP);
	}
	sealed_close(&s);
	return rc;
}

const uint8_t *sealed_data_key(const struct sealed *s)
{
	ENSURE_MAGIC(s, SEALED_MAGIC);
	return s->data_key;
}

uint64_t sealed_size(const struct sealed *s)
{
	ENSURE_MAGIC(s, SEALED_MAGIC);
	return s->size;
}

uint64_t sealed_header_size(const struct sealed *s)
{
	ENSURE_MAGIC(s, SEALED_MAGIC);
	return s->header_size;
}

static int digest_open(struct sealed *s, struct buf *out, struct error *err)
{
	uint32_t n = get_u32(s->prefix + AT_DIGEST_SIZE);
	uint8_t *packed, *p;
	int rc = unseal(s, digest_at(s), n, SECTION_DIGEST, true, 0, &packed, err);

	if (rc < 0)
		return rc;
	p = buf_reserve(out, s->digest_plain);
	if (p == NULL && s->digest_plain != 0)
		return error_set(err, ERR_LIMIT, "the digest does not fit");
	rc = expand(s, s->digest_coding, slice_make(packed, n - SEAL_TAG), p, s->digest_plain, err);
	if (rc == 0)
		buf_commit(out, s->digest_plain);
	return rc;
}

static int chunk_open(struct sealed *s, uint32_t index, struct error *err)
{
	const struct chunk *c = &s->chunks[index];
	uint8_t *packed;
	int rc;

	if (s->open_chunk == index)
		return 0;
	s->open_chunk = NO_CHUNK;
	rc = unseal(s, c->sealed_at, c->sealed, SECTION_CHUNK, index == s->chunk_count - 1, index, &packed, err);
	if (rc < 0)
		return rc;
	s->plain = memory_grow(s->plain, c->plain + 1);
	rc = expand(s, c->coding, slice_make(packed, c->sealed - SEAL_TAG), s->plain, c->plain, err);
	if (rc == 0)
		s->open_chunk = index;
	return rc;
}

/* The chunk that holds the byte `offset`, which is below the size. */
static uint32_t chunk_at(const struct sealed *s, uint64_t offset)
{
	uint32_t low = 0, high = s->chunk_count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (s->chunks[middle].plain_at <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Bytes of digest (when it leads) and message. */
static int plain_read(struct sealed *s, uint64_t offset, uint64_t n, struct buf *out, struct error *err)
{
	for (uint32_t i = chunk_at(s, offset); n != 0; i++) {
		const struct chunk *c = &s->chunks[i];
		uint64_t skip = offset - c->plain_at, take = c->plain - skip < n ? c->plain - skip : n;
		int rc = chunk_open(s, i, err);

		if (rc < 0)
			return rc;
		buf_append_bytes(out, s->plain + skip, take);
		offset += take;
		n -= take;
	}
	return out->failed ? error_set(err, ERR_LIMIT, "the part does not fit") : 0;
}

int sealed_read(struct sealed *s, uint64_t offset, uint64_t n, struct buf *out, struct error *err)
{
	ENSURE_MAGIC(s, SEALED_MAGIC);
	if (offset >= s->size)
		return 0;
	if (n > s->size - offset)
		n = s->size - offset;
	return plain_read(s, s->lead + offset, n, out, err);
}

/* The text that the digest was sealed without. */
static int body_text(struct sealed *s, struct buf *out, struct error *err)
{
	struct buf body = BUF_INIT(SEAL_DIGEST_MAX);
	struct slice raw;
	uint8_t length[4];
	size_t at = buf_len(out);
	int rc = sealed_read(s, s->header_size, UINT64_MAX, &body, err);

	raw = buf_slice(&body);
	buf_put_u32(out, 0);
	mime_body_text(raw, out);
	if (rc == 0 && out->failed)
		rc = error_set(err, ERR_LIMIT, "the digest does not fit");
	if (rc == 0) {
		put_u32(length, (uint32_t)(buf_len(out) - at - sizeof length));
		memcpy(out->data + out->start + at, length, sizeof length);
	}
	buf_free_secret(&body);
	return rc;
}

int sealed_listing(struct sealed *s, struct buf *out, struct error *err)
{
	ENSURE_MAGIC(s, SEALED_MAGIC);
	return s->digest_coding == CODING_JOINT ? plain_read(s, 0, s->lead, out, err) : digest_open(s, out, err);
}

int sealed_digest(struct sealed *s, struct buf *out, struct error *err)
{
	int rc = sealed_listing(s, out, err);

	return rc == 0 && s->text_of_body ? body_text(s, out, err) : rc;
}

void sealed_close(struct sealed **sp)
{
	struct sealed *s = *sp;

	if (s == NULL)
		return;
	ENSURE_MAGIC(s, SEALED_MAGIC);
	if (spare == NULL)
		spare = s->zstd;
	else
		ZSTD_freeDCtx(s->zstd);
	buf_free_secret(&s->scratch);
	memory_free(s->plain);
	memory_free(s->whole);
	memory_free(s->chunks);
	secret_wipe(s, sizeof *s);
	memory_free(s);
	*sp = NULL;
}
