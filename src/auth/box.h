/*
 * A sealed box: bytes that only the account of a public key opens, without it taking part. An ephemeral X25519 exchange (RFC 7748), HKDF
 * over both public keys, XChaCha20-Poly1305. docs/keys.md is the format.
 */
#ifndef AUTH_BOX_H
#define AUTH_BOX_H

#include "auth/secrets.h"

#define BOX_OVERHEAD (2 + 32 + 24 + 16)

/* label: what the box is for; ad: what it belongs to, authenticated. Appends to out. ERR_INVALID: a public key that gives no secret. */
int box_seal(const uint8_t public_key[32], const char *label, struct slice ad, struct slice plain, struct buf *out, struct error *err);
/*
 * Tries all generations, the newest first: people keep what was sealed to them over changes of their password. Appends the plain text to
 * out (wipe it). ERR_DENIED: none of them opens it; ERR_DAMAGED: unknown format.
 */
int box_open(const struct secrets *secrets, const char *label, struct slice ad, struct slice box, struct buf *out, struct error *err);

#endif
