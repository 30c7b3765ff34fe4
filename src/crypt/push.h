/* Web push: who sends (VAPID, RFC 8292) and what only the subscriber can read (RFC 8291 over RFC 8188). */
#ifndef CRYPT_PUSH_H
#define CRYPT_PUSH_H

#include "base/buf.h"
#include "base/error.h"

#define PUSH_SEED_SIZE 32
#define PUSH_PUBLIC_SIZE 65        /* an uncompressed point of P-256 */
#define PUSH_AUTH_SIZE 16
#define PUSH_TOKEN_MAX 2048
#define PUSH_TOKEN_S 43200         /* RFC 8292 2: at most 24 hours */
#define PUSH_PLAIN_MAX 3993        /* RFC 8291 4: bytes of one message */
#define PUSH_OVERHEAD 103          /* by which a message is longer */

/* The public key of the server whose private one is made of the seed, always the same. 0 or negative. */
int push_public(const uint8_t seed[PUSH_SEED_SIZE], uint8_t ret[PUSH_PUBLIC_SIZE], struct error *err);
/* A token (JWT with ES256) for the push service `audience` ("https://host[:port]"). ERR_INVALID: that is none. */
int push_token(const uint8_t seed[PUSH_SEED_SIZE], struct slice audience, struct slice subject, int64_t expires, struct buf *out, struct error *err);
/* Is it a key that messages can be made for? */
bool push_key_valid(struct slice public_key);
/*
 * Appends one message for the subscriber: his public key and secret. ERR_INVALID: the key is no point of the curve; ERR_LIMIT: plain is longer than
 * PUSH_PLAIN_MAX.
 */
int push_encrypt(const uint8_t public_key[PUSH_PUBLIC_SIZE], const uint8_t secret[PUSH_AUTH_SIZE], struct slice plain, struct buf *out,
	struct error *err);
/* With a key pair and salt that are given: for the example of RFC 8291 5. */
int push_encrypt_with(const uint8_t own_private[32], const uint8_t salt[16], const uint8_t public_key[PUSH_PUBLIC_SIZE],
	const uint8_t secret[PUSH_AUTH_SIZE], struct slice plain, struct buf *out, struct error *err);

#endif
