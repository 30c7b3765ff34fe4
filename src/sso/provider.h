/*
 * One identity provider (OpenID Connect) and what is known of it: metadata and keys, fetched when they are needed, kept for a while, and
 * fetched again when a token names a key that is not there. Everything that takes time goes through struct sso_host.
 */
#ifndef SSO_PROVIDER_H
#define SSO_PROVIDER_H

#include "base/clock.h"
#include "sso/discovery.h"
#include "sso/jwt.h"
#include "sso/provider_row.h"

#define PROVIDER_METADATA_MS HOURS_MS(24)
#define PROVIDER_KEYS_MS HOURS_MS(1)
#define PROVIDER_STALE_MS HOURS_MS(24)      /* keys outlive failing fetches this long */
#define PROVIDER_RETRY_MS MINUTES_MS(1)     /* between two fetches of one thing, whatever asks */
#define PROVIDER_WAITING_MAX 1000           /* verifications at once */

struct sso_request { /* borrowed */
	struct slice url;
	struct slice body;          /* empty: GET; else a form: POST */
	struct slice authorization; /* value of the head field, empty: none */
	size_t answer_max;          /* bytes of the body */
};
/* status 0: no answer. body is borrowed. */
typedef void sso_response_fn(void *arg, unsigned status, struct slice body);
struct sso_host {
	void *arg;
	struct moment (*now)(void *arg);
	/* fn is called exactly once, perhaps before this returns. Redirects are not followed. */
	void (*fetch)(void *arg, const struct sso_request *request, sso_response_fn *fn, void *fn_arg);
};

struct provider_settings {
	struct slice name;          /* what it is called here; empty: the one that is taken when none is named */
	struct slice issuer;
	struct slice client;        /* our client id; empty: no web sign-in */
	struct slice secret;        /* of our client; empty: a public client */
	struct slice audience;      /* of access tokens for mail; empty: none are taken */
	struct slice redirect;      /* where the browser comes back to */
	struct slice scope;         /* asked for; "openid" is added */
	struct slice domain;        /* CAS: of the address of a user whose answer names none; empty: such a user has none */
	bool cas;                   /* issuer is the address of a CAS server (sso/cas.h): client, audience, scope and algorithms mean nothing */
	unsigned algorithms;
	int64_t skew;               /* seconds */
};

struct provider;
/* Copies the settings. */
struct provider *provider_create(const struct sso_host *host, const struct provider_settings *settings);
/* Nothing may be waiting. */
void provider_destroy(struct provider **p);
bool provider_idle(const struct provider *p);
const struct provider_settings *provider_settings(const struct provider *p);

/* rc and error as jwt_verify; ERR_TEMPORARY: metadata or keys cannot be fetched. claims: valid during the call; NULL unless rc is 0. */
typedef void provider_claims_fn(void *arg, int rc, const struct jwt_claims *claims, const struct error *err);
/* Verifies a token. fn is called exactly once, perhaps before this returns. nonce: ID tokens only. */
void provider_verify(struct provider *p, struct slice token, enum jwt_use use, struct slice nonce, provider_claims_fn *fn, void *arg);

/* ---- the code flow (OpenID Connect Core 3.1, RFC 7636, RFC 9700), and that of CAS ---- */

#define FLOW_SECRET_SIZE 43 /* characters */
struct provider_flow {
	char name[PROVIDER_NAME_MAX + 1];    /* of the provider */
	char state[FLOW_SECRET_SIZE + 1];    /* comes back with the browser */
	char nonce[FLOW_SECRET_SIZE + 1];    /* comes back in the token */
	char verifier[FLOW_SECRET_SIZE + 1]; /* PKCE; never leaves us before the token request */
};
/* url: where to send the browser; borrowed. The caller keeps *flow, bound to that browser, and wipes it. */
typedef void provider_begin_fn(void *arg, int rc, struct slice url, const struct provider_flow *flow, const struct error *err);
void provider_begin(struct provider *p, provider_begin_fn *fn, void *arg);
/*
 * The browser came back with this query. Checks state, issuer (RFC 9207) and error, redeems the code, verifies the ID token. When that
 * names no e-mail address and the issuer has a userinfo endpoint, asks there (OpenID Connect Core 5.3); its answer must be of the same
 * subject. One that gives nothing usable leaves the claims as they are.
 * ERR_DENIED: the query is not of this flow or the person declined.
 */
void provider_finish(struct provider *p, const struct provider_flow *flow, struct slice query, provider_claims_fn *fn, void *arg);

#endif
