/*
 * JSON Web Tokens as OpenID Connect and OAuth use them: signature, then every claim that decides (RFC 7519, RFC 8725). No I/O and no time
 * of its own. Nothing of a token is believed before its signature holds.
 */
#ifndef SSO_JWT_H
#define SSO_JWT_H

#include "base/arena.h"
#include "sso/jwk.h"

#define JWT_MAX 8000          /* bytes of a token */
#define JWT_SKEW_MAX 300      /* seconds */
#define JWT_SUBJECT_MAX 255   /* OpenID Connect Core 2 */
#define JWT_METHODS_MAX 10    /* authentication methods that are read */

enum jwt_use {
	JWT_ID_TOKEN,     /* OpenID Connect Core 2, 3.1.3.7: for the relying party that asked for it */
	JWT_ACCESS_TOKEN, /* RFC 9068: type "at+jwt", audience is the resource */
};

struct jwt_policy {
	enum jwt_use use;
	struct slice issuer;
	struct slice audience;     /* our client id for ID tokens, our resource name for access tokens; never empty */
	struct slice nonce;        /* ID tokens: must be the token's; empty: none was sent, and none is taken */
	unsigned algorithms;       /* allowed; enum jwt_algorithm */
	int64_t now;               /* unix seconds */
	int64_t skew;              /* seconds that clocks may differ, at most JWT_SKEW_MAX */
	int64_t max_age;           /* seconds since it was issued; 0: only "exp" counts */
};

struct jwt_claims { /* in the arena */
	struct slice issuer, subject, client, id, email, name, user, scope, acr, department;
	bool email_verified;
	int64_t expires, issued, authenticated; /* unix seconds; authenticated 0: not said */
	struct slice methods[JWT_METHODS_MAX];  /* "amr" (RFC 8176) */
	size_t method_count;
};

/* Has the text the form of a token: three parts of base64url? */
bool jwt_looks_like(struct slice token);
/*
 * "kid" and algorithm of the head, unverified, so that the caller knows which key to look for. ERR_INVALID: malformed, an algorithm outside
 * of `allowed` (RFC 8725 3.1), "crit" (RFC 7515 4.1.11), or a type that is not that of `use` (RFC 8725 3.11).
 */
int jwt_head(struct slice token, enum jwt_use use, unsigned allowed, struct arena *arena, struct slice *ret_kid, unsigned *ret_algorithm,
             struct error *err);
/*
 * 0 and the claims. ERR_NOT_FOUND: no key fits (the keys may have been rotated); ERR_INVALID: malformed or the signature does not hold;
 * ERR_DENIED: a claim does not fit; ERR_CONFLICT: it has expired. The private text of the error says which, for the log.
 */
int jwt_verify(struct slice token, const struct jwt_policy *policy, const struct jwks *keys, struct arena *arena, struct jwt_claims *ret,
               struct error *err);
/* Copies what the claims borrow into the arena. */
void jwt_claims_keep(struct jwt_claims *claims, struct arena *arena);
/* The issuer that a token names, unverified: to find out whose keys to ask. Empty: malformed. */
struct slice jwt_issuer(struct slice token, struct arena *arena);
/* Does the scope claim (separated by spaces, RFC 6749 3.3) hold this one? */
bool jwt_scope_has(struct slice scopes, struct slice scope);

#endif
