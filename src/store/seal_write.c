#include "store/seal.h"

#include <string.h>
#include <zstd.h>
#include "base/endian.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/aead.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "crypt/kx.h"
#include "crypt/slab.h"
#include "store/seal_format.h"
#include "store/seal_note.h"

#define SEAL_LEVEL 1 /* zstd; higher levels gain 3 % on mail and cost twice the time */
#define SEAL_JOINT_HASH_LOG 11 /* a small letter needs no larger table; this one stays in the nearest cache */

#define SEALER_PLACES 64 /* readers whose exchange is remembered */

struct sealer {
	uint8_t public_key[32], *secret_key;    /* the ephemeral pair */
	unsigned left;                          /* records that it may still serve */
	struct kx_cache *cache;                 /* NULL: of one record only */
	ZSTD_CCtx *zstd;
};

struct writer {
	const struct seal_input *in;
	struct buf *out;
	size_t start;               /* of the record in out */
	uint8_t data_key[32], record_nonce[16], aad[SEAL_AAD];
	struct sealer *sealer;
	uint8_t prefix[SEAL_PREFIX_SIZE];
	struct buf table;
	uint32_t chunks;
	uint64_t header_size;
};

static ZSTD_CCtx *packer_new(void)
{
	ZSTD_CCtx *zstd = ZSTD_createCCtx();

	ENSURE(zstd != NULL);
	/* For ZSTD_compress2, that is for small parts; the other call has parameters of its own. */
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, SEAL_LEVEL);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_hashLog, SEAL_JOINT_HASH_LOG);
	return zstd;
}

static size_t pack(struct writer *w, uint8_t *p, size_t room, struct slice plain)
{
	if (plain.n <= SEAL_JOINT_MAX)
		return ZSTD_compress2(w->sealer->zstd, p, room, plain.p, plain.n);
	return ZSTD_compressCCtx(w->sealer->zstd, p, room, plain.p, plain.n, SEAL_LEVEL);
}

/* Compresses `plain` behind what is in the output already, seals it in place. Returns the sealed size, 0 on failure (out->failed or zstd). */
static size_t seal_part(struct writer *w, struct slice plain, enum seal_section section, bool last, uint64_t number, enum seal_coding *ret_coding)
{
	size_t room = ZSTD_compressBound(plain.n), n;
	uint8_t nonce[AEAD_CHACHA20_NONCE_SIZE];
	uint8_t *p = buf_reserve(w->out, room + SEAL_TAG);

	if (p == NULL)
		return 0;
	n = pack(w, p, room, plain);
	*ret_coding = CODING_ZSTD;
	if (ZSTD_isError(n) || n >= plain.n) {
		if (plain.n != 0)
			memcpy(p, plain.p, plain.n);
		n = plain.n;
		*ret_coding = CODING_STORED;
	}
	seal_nonce(section, last, number, nonce);
	aead_seal(AEAD_CHACHA20, w->data_key, nonce, slice_make(w->aad, sizeof w->aad), slice_make(p, n), p);
	buf_commit(w->out, n + SEAL_TAG);
	return n + SEAL_TAG;
}

static void seal_chunk(struct writer *w, struct slice plain, bool last)
{
	enum seal_coding coding;
	size_t n = seal_part(w, plain, SECTION_CHUNK, last, w->chunks, &coding);

	buf_put_u32(&w->table, (uint32_t)plain.n);
	buf_put_u32(&w->table, (uint32_t)n);
	buf_put_u8(&w->table, (uint8_t)coding);
	w->chunks++;
}

/* At least one chunk, even for nothing, when `last` must be said. */
static void seal_chunks(struct writer *w, struct slice plain, bool last)
{
	do {
		struct slice piece = slice_sub(plain, 0, SEAL_CHUNK_PLAIN);

		plain = slice_from(plain, piece.n);
		seal_chunk(w, piece, last && plain.n == 0);
	} while (plain.n != 0 && !w->out->failed);
}

static uint64_t header_size(const struct seal_input *in)
{
	uint64_t n = 0;

	for (size_t i = 0; i < in->header_pieces; i++)
		n += in->header[i].n;
	return n;
}

static void seal_message(struct writer *w)
{
	struct buf header = BUF_INIT(SIZE_MAX);

	if (w->in->header_pieces == 1) {
		seal_chunks(w, w->in->header[0], w->in->body.n == 0);
	} else {
		buf_reserve(&header, w->header_size + 1);
		for (size_t i = 0; i < w->in->header_pieces; i++)
			buf_append(&header, w->in->header[i]);
		seal_chunks(w, buf_slice(&header), w->in->body.n == 0);
	}
	if (w->in->body.n != 0)
		seal_chunks(w, w->in->body, true);
	buf_free(&header);
}

static bool is_joint(const struct writer *w)
{
	return w->header_size + w->in->body.n <= SEAL_JOINT_MAX && w->in->digest.n <= SEAL_JOINT_MAX - w->header_size - w->in->body.n;
}

/* Most of a small letter's digest stands in its header, too: together they take less room and half of the time. */
static void seal_joint(struct writer *w, uint8_t *ret_coding)
{
	struct buf all = BUF_INIT(SEAL_JOINT_MAX);

	buf_reserve(&all, w->in->digest.n + w->header_size + w->in->body.n);
	buf_append(&all, w->in->digest);
	for (size_t i = 0; i < w->in->header_pieces; i++)
		buf_append(&all, w->in->header[i]);
	buf_append(&all, w->in->body);
	seal_chunk(w, buf_slice(&all), true);
	buf_free(&all);
	*ret_coding = CODING_JOINT;
}

/* Wrap and note of one reader. Two entries of one reader share keys: the nonce of a note is its entry's number, that of a wrap is zero (the
 * plain text is the same). */
static void seal_for(struct writer *w, const struct seal_reader *r, size_t index, const struct seal_wrap_keys *keys, struct slice note,
                     uint8_t *entry, uint8_t *sealed_note)
{
	uint8_t aad[SEAL_READER_AAD], nonce[12];

	seal_reader_aad(w->record_nonce, r->kind, r->account, r->generation, aad);
	seal_nonce(0, false, index, nonce);
	aead_seal(AEAD_CHACHA20, keys->note, nonce, slice_make(aad, sizeof aad), note, sealed_note);
	entry[ENTRY_KIND] = (uint8_t)r->kind;
	memcpy(entry + ENTRY_ACCOUNT, r->account, 16);
	put_u32(entry + ENTRY_GENERATION, r->generation);
	put_u32(entry + ENTRY_NOTE_SIZE, (uint32_t)(note.n + SEAL_TAG));
	seal_nonce(0, false, 0, nonce);
	aead_seal(AEAD_CHACHA20, keys->wrap, nonce, slice_make(aad, sizeof aad), slice_make(w->data_key, 32), entry + ENTRY_WRAP);
}

/* Appends the note of reader `index`; its entry lies at `entries` already. */
static int seal_reader(struct writer *w, size_t index, size_t entries, size_t notes, struct buf *note, struct error *err)
{
	const struct seal_reader *r = &w->in->readers[index];
	struct seal_wrap_keys keys;
	uint8_t shared[32], *entry, *p;

	buf_clear(note);
	filing_note_encode(&r->note, note);
	if (note->failed || !kx_cache_shared(w->sealer->cache, w->sealer->public_key, w->sealer->secret_key, r->public_key, shared))
		return error_set(err, ERR_INVALID, "reader %zu has a bad key or too long a note", index);
	p = buf_reserve(w->out, buf_len(note) + SEAL_TAG);
	if (p == NULL)
		return error_set(err, ERR_LIMIT, "record is too large");
	seal_kdf(shared, w->prefix + AT_EPHEMERAL, r->public_key, w->record_nonce, &keys);
	entry = w->out->data + w->out->start + entries + index * SEAL_ENTRY_SIZE;
	seal_for(w, r, index, &keys, buf_slice(note), entry, p);
	put_u32(entry + ENTRY_NOTE_OFFSET, (uint32_t)(buf_len(w->out) - notes));
	buf_commit(w->out, buf_len(note) + SEAL_TAG);
	secret_wipe(shared, sizeof shared);
	secret_wipe(&keys, sizeof keys);
	return 0;
}

static int seal_readers(struct writer *w, struct error *err)
{
	size_t entries = buf_len(w->out), notes, size = w->in->reader_count * SEAL_ENTRY_SIZE;
	struct buf note = BUF_INIT(SEAL_NOTE_MAX);
	uint8_t *p = buf_reserve(w->out, size);
	int rc = 0;

	if (p == NULL)
		return error_set(err, ERR_LIMIT, "record is too large");
	memset(p, 0, size);
	buf_commit(w->out, size);
	notes = buf_len(w->out);
	for (size_t i = 0; rc == 0 && i < w->in->reader_count; i++)
		rc = seal_reader(w, i, entries, notes, &note, err);
	put_u32(w->prefix + AT_NOTES_SIZE, (uint32_t)(buf_len(w->out) - notes));
	buf_free(&note);
	return rc;
}

/* Its plain size and coding stand in the table. */
static void seal_digest(struct writer *w, uint8_t *ret_coding)
{
	enum seal_coding coding = CODING_STORED;
	size_t n = seal_part(w, w->in->digest, SECTION_DIGEST, true, 0, &coding);

	put_u32(w->prefix + AT_DIGEST_SIZE, (uint32_t)n);
	*ret_coding = (uint8_t)coding;
}

/* table = u64 header size | u32 digest plain size | u8 digest coding | u8 bits | 2 zero | per chunk u32 plain, u32 sealed, u8 coding */
static void seal_table(struct writer *w, uint8_t digest_coding)
{
	uint8_t nonce[12], fixed[SEAL_TABLE_FIXED] = {0}, *p;
	size_t size = sizeof fixed + buf_len(&w->table) + SEAL_TAG;

	put_u64(fixed + TABLE_HEADER_SIZE, w->header_size);
	put_u32(fixed + TABLE_DIGEST_SIZE, (uint32_t)w->in->digest.n);
	fixed[TABLE_DIGEST_CODING] = digest_coding;
	fixed[TABLE_BITS] = w->in->text_of_body ? TABLE_TEXT_OF_BODY : 0;
	put_u64(w->prefix + AT_TABLE_OFFSET, buf_len(w->out) - w->start);
	put_u32(w->prefix + AT_TABLE_SIZE, (uint32_t)size);
	p = buf_reserve(w->out, size);
	if (p == NULL || w->table.failed) {
		w->out->failed = true;
		return;
	}
	memcpy(p, fixed, sizeof fixed);
	memcpy(p + sizeof fixed, buf_slice(&w->table).p, buf_len(&w->table));
	seal_nonce(SECTION_TABLE, true, w->chunks, nonce);
	aead_seal(AEAD_CHACHA20, w->data_key, nonce, slice_make(w->aad, sizeof w->aad), slice_make(p, size - SEAL_TAG), p);
	buf_commit(w->out, size);
}

/* The pair for the next record. */
static void sealer_take(struct sealer *sealer)
{
	if (sealer->left == 0) {
		kx_cache_clear(sealer->cache);
		kx_keypair(sealer->public_key, sealer->secret_key);
		sealer->left = SEALER_RECORDS;
	}
	sealer->left--;
}

static void writer_prepare(struct writer *w)
{
	uint8_t random[sizeof w->data_key + sizeof w->record_nonce];

	random_bytes(random, sizeof random);
	memcpy(w->data_key, random, sizeof w->data_key);
	memcpy(w->record_nonce, random + sizeof w->data_key, sizeof w->record_nonce);
	secret_wipe(random, sizeof random);
	memcpy(w->prefix + AT_MAGIC, SEAL_MAGIC, sizeof SEAL_MAGIC);
	w->prefix[AT_VERSION] = SEAL_VERSION;
	w->prefix[AT_SUITE] = SEAL_SUITE;
	sealer_take(w->sealer);
	memcpy(w->prefix + AT_EPHEMERAL, w->sealer->public_key, 32);
	memcpy(w->prefix + AT_NONCE, w->record_nonce, 16);
	seal_aad(w->record_nonce, w->aad);
	w->header_size = header_size(w->in);
}

static void seal_trailer(struct writer *w, const uint8_t secret[32])
{
	struct hash_state state;
	uint8_t mac[SEAL_MAC];

	buf_append(w->out, w->in->job);
	buf_put_u32(w->out, (uint32_t)w->in->job.n);
	if (w->out->failed)
		return;
	hash_start(&state, secret);
	hash_update(&state, SLICE("letterlock record 1\n"));
	hash_update(&state, slice_from(buf_slice(w->out), w->start));
	hash_finish(&state, mac);
	buf_append_bytes(w->out, mac, sizeof mac);
}

struct sealer *sealer_new(void)
{
	struct sealer *sealer = memory_alloc(sizeof *sealer);

	sealer->secret_key = slab_alloc(32);
	ENSURE(sealer->secret_key != NULL);
	sealer->cache = kx_cache_new(SEALER_PLACES);
	return sealer;
}

void sealer_forget(struct sealer *sealer)
{
	kx_cache_clear(sealer->cache);
	secret_wipe(sealer->secret_key, 32);
	sealer->left = 0;
}

void sealer_free(struct sealer **sealer)
{
	if (*sealer == NULL)
		return;
	sealer_forget(*sealer);
	kx_cache_free(&(*sealer)->cache);
	slab_free(&(*sealer)->secret_key);
	ZSTD_freeCCtx((*sealer)->zstd);
	MEMORY_FREE(sealer);
}

int seal_write(const struct seal_input *input, const uint8_t secret[32], struct buf *out, struct error *err)
{
	uint8_t secret_key[32];
	struct sealer once = {.secret_key = secret_key};
	struct writer w = {.in = input, .out = out, .sealer = input->sealer != NULL ? input->sealer : &once, .start = buf_len(out),
		.table = BUF_INIT(SEAL_CHUNKS_MAX * SEAL_TABLE_ENTRY)};
	uint8_t digest_coding;
	int rc = 0;

	if (input->reader_count == 0 || input->reader_count > SEAL_READERS_MAX || input->digest.n > SEAL_DIGEST_MAX)
		return error_set(err, ERR_LIMIT, "record with %zu readers, digest of %zu bytes", input->reader_count, input->digest.n);
	writer_prepare(&w);
	if (w.sealer->zstd == NULL)
		w.sealer->zstd = packer_new();
	buf_append_bytes(out, w.prefix, sizeof w.prefix);
	rc = seal_readers(&w, err);
	if (rc < 0)
		goto out;
	if (is_joint(&w)) {
		seal_joint(&w, &digest_coding);
	} else {
		seal_digest(&w, &digest_coding);
		seal_message(&w);
	}
	seal_table(&w, digest_coding);
	put_u64(w.prefix + AT_SIZE, w.header_size + input->body.n);
	put_u32(w.prefix + AT_READERS, (uint32_t)input->reader_count);
	put_u32(w.prefix + AT_CHUNKS, w.chunks);
	if (!out->failed)
		memcpy(out->data + out->start + w.start, w.prefix, sizeof w.prefix);
	seal_trailer(&w, secret);
	if (out->failed)
		rc = error_set(err, ERR_LIMIT, "record is larger than %zu bytes", out->max);
out:
	ZSTD_freeCCtx(once.zstd);
	buf_free(&w.table);
	secret_wipe(&w, sizeof w);
	secret_wipe(secret_key, sizeof secret_key);
	return rc;
}
