/*
 * What lies inside of a confidential letter (docs/confidential.md): its digest and the letter, encrypted under a key of its own, as the body of a part of the
 * letter outside. Whoever has these bytes without the key, which stands in the digest of the outside, has nothing.
 *
 *   form  = "LLC1" | u64 size of the plain bytes | sealed pieces
 *   plain = u32 length of the digest | digest (mime/digest.h, version 1, without search texts) | letter
 *
 * Pieces are CONFIDENTIAL_PIECE bytes, the last one what is left, each AEAD_TAG_SIZE longer when sealed (ChaCha20-Poly1305, RFC 8439; nonce: u8 last |
 * 3 zero bytes | u64 number; associated data: the first 12 bytes of the form). A key seals one letter.
 */
#ifndef STORE_CONFIDENTIAL_H
#define STORE_CONFIDENTIAL_H

#include "base/buf.h"
#include "base/error.h"

#define CONFIDENTIAL_TYPE "vnd.letterlock.confidential" /* subtype of application */
#define CONFIDENTIAL_KEY_SIZE 32
#define CONFIDENTIAL_PIECE 65536u
#define CONFIDENTIAL_PLAIN_MAX (576u << 20) /* bytes: the largest letter and its digest */

/* The letter in pieces one behind the other. Appends the form as base64 in lines of 76 characters with CRLF. 0, or ERR_LIMIT. */
int confidential_seal(const uint8_t key[CONFIDENTIAL_KEY_SIZE], struct slice digest, const struct slice *letter, size_t count, struct buf *out);

/* Reads the form piece by piece, from bytes whose base64 is undone. */
struct confidential_reader {
	const uint8_t *key;      /* borrowed */
	struct buf carry;
	uint8_t head[12];
	bool begun;
	uint64_t size, at, number; /* of the plain bytes; pieces that were opened */
};
void confidential_open(struct confidential_reader *r, const uint8_t key[CONFIDENTIAL_KEY_SIZE]);
/* Appends what can be opened by now. ERR_DAMAGED: it is not what was sealed under that key; ERR_LIMIT: `out` is full. */
int confidential_read(struct confidential_reader *r, struct slice bytes, struct buf *out);
/* Was that all of it? */
bool confidential_is_whole(const struct confidential_reader *r);
void confidential_close(struct confidential_reader *r); /* any number of times */
/* Takes the plain bytes apart; ERR_DAMAGED. */
int confidential_split(struct slice plain, struct slice *ret_digest, struct slice *ret_letter);

#endif
