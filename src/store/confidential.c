#include "store/confidential.h"

#include <string.h>

#include "base/codec.h"
#include "base/endian.h"
#include "crypt/aead.h"
#include "crypt/crypt.h"

#define HEAD_SIZE 12
#define LINE_BYTES 57 /* of base64, 76 characters */
#define CARRY_MAX (2 * (CONFIDENTIAL_PIECE + AEAD_TAG_SIZE) + (1u << 20))

static const uint8_t magic[4] = {'L', 'L', 'C', '1'};

static void nonce_make(uint64_t number, bool last, uint8_t nonce[AEAD_CHACHA20_NONCE_SIZE])
{
	memset(nonce, 0, AEAD_CHACHA20_NONCE_SIZE);
	nonce[0] = last;
	put_u64(nonce + 4, number);
}

/* ---- sealing ---- */

struct sealer {
	const uint8_t *key;
	uint8_t head[HEAD_SIZE], piece[CONFIDENTIAL_PIECE + AEAD_TAG_SIZE];
	size_t filled;
	uint64_t number;
	struct buf lines;   /* bytes that wait for a whole line */
	struct buf *out;
};

/* Whole lines; at the end all. */
static void lines_put(struct sealer *s, struct slice bytes, bool last)
{
	size_t n;

	buf_append(&s->lines, bytes);
	n = last ? buf_len(&s->lines) : buf_len(&s->lines) / LINE_BYTES * LINE_BYTES;
	base64_encode_lines(slice_sub(buf_slice(&s->lines), 0, n), s->out);
	buf_consume(&s->lines, n);
}

static void piece_put(struct sealer *s, bool last)
{
	uint8_t nonce[AEAD_CHACHA20_NONCE_SIZE];

	nonce_make(s->number++, last, nonce);
	aead_seal(AEAD_CHACHA20, s->key, nonce, slice_make(s->head, sizeof s->head), slice_make(s->piece, s->filled), s->piece);
	lines_put(s, slice_make(s->piece, s->filled + AEAD_TAG_SIZE), last);
	s->filled = 0;
}

/* A full piece waits until there is more: it may be the last. */
static void plain_put(struct sealer *s, struct slice bytes)
{
	while (bytes.n > 0) {
		if (s->filled == CONFIDENTIAL_PIECE)
			piece_put(s, false);
		size_t room = CONFIDENTIAL_PIECE - s->filled, n = bytes.n < room ? bytes.n : room;
		memcpy(s->piece + s->filled, bytes.p, n);
		s->filled += n;
		bytes = slice_from(bytes, n);
	}
}

int confidential_seal(const uint8_t key[CONFIDENTIAL_KEY_SIZE], struct slice digest, const struct slice *letter, size_t count, struct buf *out)
{
	struct sealer s = {.key = key, .lines = BUF_INIT(CARRY_MAX), .out = out};
	uint64_t size = 4 + digest.n;
	uint8_t length[4];

	for (size_t i = 0; i < count; i++)
		size += letter[i].n;
	if (size > CONFIDENTIAL_PLAIN_MAX)
		return ERR_LIMIT;
	memcpy(s.head, magic, sizeof magic);
	put_u64(s.head + 4, size);
	put_u32(length, (uint32_t)digest.n);
	lines_put(&s, slice_make(s.head, sizeof s.head), false);
	plain_put(&s, slice_make(length, sizeof length));
	plain_put(&s, digest);
	for (size_t i = 0; i < count; i++)
		plain_put(&s, letter[i]);
	piece_put(&s, true);
	secret_wipe(s.piece, sizeof s.piece);
	buf_free(&s.lines);
	return out->failed ? ERR_LIMIT : 0;
}

/* ---- opening ---- */

void confidential_open(struct confidential_reader *r, const uint8_t key[CONFIDENTIAL_KEY_SIZE])
{
	*r = (struct confidential_reader){.key = key, .carry = BUF_INIT(CARRY_MAX)};
}

void confidential_close(struct confidential_reader *r)
{
	buf_free(&r->carry);
	r->key = NULL;
}

static int head_take(struct confidential_reader *r)
{
	struct slice head = slice_sub(buf_slice(&r->carry), 0, HEAD_SIZE);

	memcpy(r->head, head.p, HEAD_SIZE);
	r->size = get_u64(r->head + 4);
	if (memcmp(r->head, magic, sizeof magic) != 0 || r->size < 4 || r->size > CONFIDENTIAL_PLAIN_MAX)
		return ERR_DAMAGED;
	buf_consume(&r->carry, HEAD_SIZE);
	r->begun = true;
	return 0;
}

static int piece_take(struct confidential_reader *r, size_t n, struct buf *out)
{
	uint8_t nonce[AEAD_CHACHA20_NONCE_SIZE], *to = buf_reserve(out, n);
	struct slice sealed = slice_sub(buf_slice(&r->carry), 0, n + AEAD_TAG_SIZE);

	if (to == NULL)
		return ERR_LIMIT;
	nonce_make(r->number, r->at + n == r->size, nonce);
	if (!aead_open(AEAD_CHACHA20, r->key, nonce, slice_make(r->head, sizeof r->head), sealed, to))
		return ERR_DAMAGED;
	buf_commit(out, n);
	buf_consume(&r->carry, sealed.n);
	r->number++;
	r->at += n;
	return 0;
}

int confidential_read(struct confidential_reader *r, struct slice bytes, struct buf *out)
{
	int rc = 0;

	buf_append(&r->carry, bytes);
	if (r->carry.failed)
		return ERR_LIMIT;
	if (!r->begun && buf_len(&r->carry) < HEAD_SIZE)
		return 0;
	if (!r->begun)
		rc = head_take(r);
	while (rc == 0 && r->at < r->size) {
		uint64_t left = r->size - r->at;
		size_t n = left < CONFIDENTIAL_PIECE ? (size_t)left : CONFIDENTIAL_PIECE;

		if (buf_len(&r->carry) < n + AEAD_TAG_SIZE)
			break;
		rc = piece_take(r, n, out);
	}
	return rc == 0 && r->begun && r->at == r->size && buf_len(&r->carry) > 0 ? ERR_DAMAGED : rc;
}

bool confidential_is_whole(const struct confidential_reader *r)
{
	return r->begun && r->at == r->size;
}

int confidential_split(struct slice plain, struct slice *ret_digest, struct slice *ret_letter)
{
	if (!slice_get_bytes(&plain, ret_digest))
		return ERR_DAMAGED;
	*ret_letter = plain;
	return 0;
}
