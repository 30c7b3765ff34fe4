/*
 * Public keys of an identity provider (RFC 7517) and the algorithms that each may verify (RFC 7518 3.1). A key is bound to its algorithms
 * when it is read: a signature under another one is never tried with it (RFC 8725 3.1, 3.3). No secret ("oct") key is ever taken.
 */
#ifndef SSO_JWK_H
#define SSO_JWK_H

#include "base/error.h"
#include "crypt/ed25519.h"

struct _cjose_jwk_int;

#define JWKS_MAX 65536     /* bytes of a key set */
#define JWKS_KEYS_MAX 50   /* further ones are left out */
#define JWK_ID_MAX 200     /* bytes of a key id; keys with a longer one are left out */
#define JWK_RSA_MIN 256    /* bytes of the modulus */
#define JWK_RSA_MAX 1024

enum jwt_algorithm { /* bits */
	JWT_RS256 = 1 << 0,
	JWT_RS384 = 1 << 1,
	JWT_RS512 = 1 << 2,
	JWT_PS256 = 1 << 3,
	JWT_PS384 = 1 << 4,
	JWT_PS512 = 1 << 5,
	JWT_ES256 = 1 << 6,
	JWT_ES384 = 1 << 7,
	JWT_ES512 = 1 << 8,
	JWT_EDDSA = 1 << 9, /* Ed25519 (RFC 8037); "EdDSA", or "Ed25519" (RFC 9864) */
};
#define JWT_ALGORITHMS_ALL 0x3ffu
/* 0 for any other name ("none" and "HS256" among them). Names are case-sensitive (RFC 7515 4.1.1). */
unsigned jwt_algorithm(struct slice name);

struct jwk {
	struct slice id;           /* "kid"; may be empty */
	unsigned algorithms;       /* bits */
	struct _cjose_jwk_int *key; /* NULL for JWT_EDDSA */
	uint8_t ed25519[ED25519_PUBLIC_SIZE];
};

struct jwks;
/*
 * Keys that are not for verifying, weak, malformed or of an unknown kind are left out (RFC 7517 5). ERR_INVALID when none is left or the
 * document is malformed. Private members in it are ignored.
 */
int jwks_parse(struct slice json, struct jwks **ret, struct error *err);
void jwks_free(struct jwks **keys);
size_t jwks_count(const struct jwks *keys);
/*
 * The key that a token under this algorithm names. Without id: the only key that fits, if there is just one (OpenID Connect Core 10.1).
 * NULL: none, or not clear which. `keys` may be NULL.
 */
const struct jwk *jwks_find(const struct jwks *keys, struct slice id, unsigned algorithm);

#endif
