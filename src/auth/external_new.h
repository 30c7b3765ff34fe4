/* People whom an identity provider knows and we do not: where policy says so, the first sign-in makes their account. */
#ifndef AUTH_EXTERNAL_NEW_H
#define AUTH_EXTERNAL_NEW_H

#include "auth/host.h"
#include "auth/directory.h"
#include "sso/jwt.h"

/* rc: 0; ERR_NOT_FOUND: not an address that may become an account here; ERR_EXISTS: somebody has it; ERR_TEMPORARY and others. */
typedef void external_new_fn(void *arg, int rc, const uint8_t *account);
/*
 * Makes an account with managed secrets (auth/managed.h) for the address of the claims, and links issuer and subject to it, in one change. The caller has
 * decided that this issuer may. claims: kept by the caller until fn, which is called once, perhaps at once.
 */
void external_new(struct directory *d, const struct auth_host *host, const struct jwt_claims *claims, external_new_fn *fn, void *arg);

#endif
