/* Proof Key for Code Exchange (RFC 7636), S256 only. */
#ifndef SSO_PKCE_H
#define SSO_PKCE_H

#include "base/buf.h"

#define PKCE_SIZE 43     /* characters of our verifiers and of every S256 challenge */
#define PKCE_VERIFIER_MAX 128

/* Appends a fresh verifier of 256 random bits. */
void pkce_verifier(struct buf *out);
/* Appends BASE64URL(SHA-256(verifier)) (4.2). */
void pkce_challenge(struct slice verifier, struct buf *out);
/* Has it the form of an S256 challenge? */
bool pkce_challenge_valid(struct slice challenge);
/* Does the verifier belong to the challenge (4.6)? False for malformed or empty ones. */
bool pkce_matches(struct slice challenge, struct slice verifier);

#endif
