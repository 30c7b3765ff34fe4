/*
 * The protocol of our own small authorization server, as plain functions over requests: OAuth 2.0 with the rules of RFC 9700 (code flow
 * with PKCE S256 only, exact redirect URIs, rotating refresh tokens), RFC 8252 (programs on a computer), RFC 8628 (devices), RFC 7009
 * (revocation), RFC 8414 (metadata). Clients are public: they have no secret. What is stored is the owner's business (auth/oauth.h).
 */
#ifndef SSO_OAUTH_H
#define SSO_OAUTH_H

#include "base/arena.h"
#include "base/buf.h"
#include "sso/form.h"

/* ---- scopes ---- */

#define OAUTH_SCOPE_MAX 500      /* bytes */
#define OAUTH_API_RIGHTS_MAX 20
enum { OAUTH_IMAP = 1, OAUTH_POP = 2, OAUTH_SMTP = 4, OAUTH_SIEVE = 8 };
struct oauth_scope {
	unsigned mail;                  /* bits */
	struct slice rights[OAUTH_API_RIGHTS_MAX]; /* of "api:<right>" */
	size_t right_count;
};
/* "imap pop smtp sieve api:<right>", separated by spaces. ERR_INVALID: another word, or none at all. Borrowed. */
int oauth_scope_parse(struct slice text, struct oauth_scope *ret);
/* In the order of the table, without doubles. */
void oauth_scope_write(const struct oauth_scope *scope, struct buf *out);
/* Does `all` hold everything of `part`? */
bool oauth_scope_covers(const struct oauth_scope *all, const struct oauth_scope *part);

/* ---- codes ---- */

/* Access and refresh tokens are sessions (auth/session.h); these live for minutes. */
enum oauth_kind { /* the letter in front of the secret; part of what the look-up hash is over */
	OAUTH_CODE = 'c',
	OAUTH_DEVICE = 'd',
};
#define OAUTH_SECRET_SIZE 32
#define OAUTH_TOKEN_SIZE 47   /* characters: "ll" letter "_" and 43 of base64url */
#define OAUTH_LOOKUP_SIZE 16
struct oauth_token {
	enum oauth_kind kind;
	uint8_t secret[OAUTH_SECRET_SIZE];
};
void oauth_token_make(enum oauth_kind kind, struct oauth_token *ret);
void oauth_token_text(const struct oauth_token *token, char ret[OAUTH_TOKEN_SIZE + 1]);
/* False: not one of ours, or of another kind. */
bool oauth_token_parse(struct slice text, enum oauth_kind kind, struct oauth_token *ret);
/* Under which it is found; `key` is secret. */
void oauth_token_lookup(const struct oauth_token *token, const uint8_t key[32], uint8_t ret[OAUTH_LOOKUP_SIZE]);

/* The code that a person types (RFC 8628 6.1): eight consonants, "WDJB-MJHT". */
#define OAUTH_USER_CODE_SIZE 8
void oauth_user_code_make(char ret[OAUTH_USER_CODE_SIZE + 2]);
/* Either case, hyphens and spaces anywhere: the eight letters with hyphen. */
bool oauth_user_code_parse(struct slice text, char ret[OAUTH_USER_CODE_SIZE + 2]);

/* ---- clients ---- */

#define OAUTH_CLIENT_ID_MAX 100
#define OAUTH_REDIRECTS_MAX 10
struct oauth_client { /* borrowed */
	struct slice id, name;
	struct slice redirects;  /* separated by spaces; none: devices only */
	struct slice scope;      /* what it may ask for */
	bool device;             /* may use the device flow */
};
/* Is it fit to be registered? ERR_INVALID with the reason as public text. */
int oauth_client_check(const struct oauth_client *client, struct error *err);

/* ---- requests and answers ---- */

struct oauth_answer {
	unsigned status;
	struct buf body;             /* JSON, or empty */
	struct buf location;         /* of a redirect (status 303) */
};
#define OAUTH_ANSWER_INIT ((struct oauth_answer){.body = BUF_INIT(16384), .location = BUF_INIT(8192)})
void oauth_answer_free(struct oauth_answer *a);
/* {"error":…,"error_description":…}; status 400 (401 for invalid_client, 503 for temporarily_unavailable). description: fixed text. */
void oauth_answer_error(struct oauth_answer *a, const char *code, const char *description);

struct oauth_grant { /* of a token answer */
	const char *access, *refresh; /* texts; refresh may be NULL */
	int64_t lifetime;             /* seconds of the access token */
	struct slice scope;
};
/* {"client","name","scope","redirect"}: what the page of consent shows. redirect: empty for devices. */
void oauth_answer_consent(struct oauth_answer *a, const struct oauth_client *client, struct slice scope, struct slice redirect);
/* Turns a redirect into {"redirect": location} with status 200: for pages that ask by script and go there themselves. */
void oauth_answer_as_json(struct oauth_answer *a);
/* {} with status 200. */
void oauth_answer_empty(struct oauth_answer *a);
/* RFC 6749 5.1. Answers with tokens are never to be stored by anybody in between: the owner sets Cache-Control. */
void oauth_answer_tokens(struct oauth_answer *a, const struct oauth_grant *grant);

/* RFC 8414 3.2. issuer: "https://…", without a path. */
void oauth_metadata(struct slice issuer, struct oauth_answer *a);

/* A device authorization request (RFC 8628 3.1). client NULL: unknown. 0, or negative and the answer is complete. */
int oauth_device_check(const struct form *form, const struct oauth_client *client, struct oauth_scope *ret, struct oauth_answer *a);

/* An authorization request (RFC 6749 4.1.1). */
struct oauth_authorize { /* borrowed from the form */
	struct slice redirect, state, challenge;
	struct slice scope_text;
	struct oauth_scope scope;
};
/*
 * 0: ask the person. Else the answer is complete: with an unknown client or redirect URI an error for the person, because nobody may be
 * sent anywhere (RFC 9700 4.11.1); with any other mistake a redirect that tells the client. client NULL: unknown.
 */
int oauth_authorize_check(const struct form *form, const struct oauth_client *client, struct slice issuer, struct oauth_authorize *ret,
                          struct oauth_answer *a);
/* The person decided: code NULL means no. A redirect with code, state and issuer (RFC 9207). */
void oauth_authorize_answer(const struct oauth_authorize *request, struct slice issuer, const char *code, struct oauth_answer *a);

/* A token request (RFC 6749 4.1.3 and 6, RFC 8628 3.4). */
enum oauth_grant_type { OAUTH_GRANT_CODE = 1, OAUTH_GRANT_REFRESH, OAUTH_GRANT_DEVICE };
struct oauth_token_request { /* borrowed from the form */
	enum oauth_grant_type type;
	struct slice client;
	struct oauth_token token;   /* code or device code */
	struct slice refresh;       /* refresh token as given */
	struct slice redirect, verifier, scope;
};
/* 0, or negative and the answer is complete. */
int oauth_token_check(const struct form *form, struct oauth_token_request *ret, struct oauth_answer *a);

/* What a code stands for, beside the account. */
struct oauth_code {
	struct slice client, redirect, challenge;
};
/* Does the request redeem this code (RFC 6749 4.1.3, RFC 7636 4.6)? */
bool oauth_code_redeems(const struct oauth_code *code, const struct oauth_token_request *request);

/* RFC 8628 3.2. */
void oauth_device_answer(struct slice issuer, const char *device_code, const char *user_code, int64_t lifetime, int64_t interval,
                         struct oauth_answer *a);

#endif
