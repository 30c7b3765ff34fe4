/* OpenID Connect Discovery 1.0 and RFC 8414: the metadata of an identity provider. */
#ifndef SSO_DISCOVERY_H
#define SSO_DISCOVERY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

#define DISCOVERY_MAX 65536 /* bytes of the document */

struct discovery { /* in the arena */
	struct slice issuer, authorization_endpoint, token_endpoint, jwks_uri;
	struct slice userinfo_endpoint; /* empty: none */
	bool basic;             /* the client's secret goes into the head of a token request, else into its body */
	bool response_issuer;   /* its answers name the issuer (RFC 9207) */
};

/* Appends the address of the document: "/.well-known/openid-configuration" behind the issuer (4). */
void discovery_address(struct slice issuer, struct buf *out);
/*
 * ERR_INVALID: malformed, a needed member is missing, or an endpoint is no https address; ERR_DENIED: the document is of another issuer
 * (4.3); ERR_UNSUPPORTED: no authorization code flow, or it says that it knows PKCE without S256.
 */
int discovery_parse(struct slice document, struct slice issuer, struct arena *arena, struct discovery *ret, struct error *err);

#endif
