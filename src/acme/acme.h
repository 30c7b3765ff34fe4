/*
 * The client side of ACME (RFC 8555): one order of a certificate, from the directory of the authority to the chain, without I/O of its own. The host
 * fetches, signs (the key of the account is in another process), shows answers to challenges, and waits.
 */
#ifndef ACME_ACME_H
#define ACME_ACME_H

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"

#define ACME_NAMES_MAX 100
#define ACME_ANSWER_MAX 200000      /* bytes of an answer */
#define ACME_URL_MAX 2000
#define ACME_TRIES_MAX 10           /* of one request whose nonce was refused (6.5) */
#define ACME_POLLS_MAX 60           /* looks at one authorization or order */
#define ACME_POLL_MS 1000           /* between two looks: at first, … */
#define ACME_POLL_MAX_MS 30000      /* … and at most */

enum acme_challenge { ACME_HTTP_01, ACME_TLS_ALPN_01, ACME_DNS_01, ACME_CHALLENGES };
/* "http-01", … */
const char *acme_challenge_name(enum acme_challenge kind);
bool acme_challenge_find(struct slice name, enum acme_challenge *ret);

/* status 0: there is no answer. fields: "Name: value" and LF each. Borrowed. */
typedef void acme_answer_fn(void *arg, unsigned status, struct slice fields, struct slice body);
/* request empty: it could not be signed. */
typedef void acme_signed_fn(void *arg, struct slice request, struct slice thumbprint);
typedef void acme_call_fn(void *arg);
typedef void acme_shown_fn(void *arg, bool ok);

struct acme_host {
	void *arg;
	/* body empty with "GET" and "HEAD", else application/jose+json. fn is called once, never at once. */
	void (*fetch)(void *arg, struct slice method, struct slice url, struct slice body, acme_answer_fn *fn, void *fn_arg);
	void (*sign)(void *arg, struct slice nonce, struct slice url, struct slice kid, struct slice payload, acme_signed_fn *fn, void *fn_arg);
	void (*after)(void *arg, int64_t ms, acme_call_fn *fn, void *fn_arg);
	/*
	 * Makes the answer to a challenge visible; fn when it is, false when it cannot be. text: for HTTP-01 the key authorization; for the others its
	 * SHA-256, for DNS-01 in base64url.
	 */
	void (*show)(void *arg, enum acme_challenge kind, struct slice name, struct slice token, struct slice text, acme_shown_fn *fn, void *fn_arg);
	/* The challenges of the order are over, well or not. */
	void (*hide)(void *arg);
};

/* Copied. */
struct acme_settings {
	struct slice directory;              /* https address */
	struct slice account;                /* address of our account there; empty: it is made */
	enum acme_challenge challenge;       /* wished for; DNS-01 is taken where nothing else is offered (wildcards) */
	const struct slice *names;
	size_t name_count;
	struct slice request;                /* PKCS#10, DER */
	struct slice replaces;               /* RFC 9773 5: the certificate that this one follows; said where the authority knows of renewals; empty: none */
	struct slice binding;                /* RFC 8555 7.3.4: "KID KEY", as acme_binding_parse takes it; for an account that is made; empty: none */
};

struct acme_result {
	struct slice chain;                  /* PEM; empty: there is none */
	struct slice account;                /* to be kept, also when the order failed; empty: none */
	const char *why;                     /* it failed; a sentence */
	struct slice detail;                 /* what the authority said: printable ASCII, at most 300 bytes */
	int64_t retry_after_s;               /* what it asks for; 0: nothing */
};
typedef void acme_done_fn(void *arg, const struct acme_result *result);

/* done is called once, never at once; the order is gone then. */
struct acme_order;
struct acme_order *acme_order_start(const struct acme_host *host, const struct acme_settings *settings, acme_done_fn *done, void *arg);

/* ---- when to renew: RFC 9773 ---- */

#define ACME_RENEWAL_S 21600     /* between two questions when the authority says nothing of it */
#define ACME_RENEWAL_MIN_S 300
struct acme_renewal {
	int64_t start, end;      /* unix seconds: renewed at some moment between */
	int64_t again_s;         /* ask again after so long; set with a refusal too */
};
/* The address to ask about the certificate of that id (crypt/chain.h): false: the directory of the authority names none. */
bool acme_renewal_address(struct slice directory, struct slice id, struct buf *out);
/* 0, or ERR_INVALID: nothing that can be read. */
int acme_renewal_parse(struct slice fields, struct slice body, struct acme_renewal *ret);
/* RFC 3339 5.6, to unix seconds. */
bool acme_time_parse(struct slice text, int64_t *ret);

/* ---- accounts that an authority knows already: RFC 8555 7.3.4 ---- */

struct acme_binding { /* borrowed */
	struct slice kid, key; /* key: base64url, at least 16 bytes */
};
bool acme_binding_parse(struct slice text, struct acme_binding *ret);
/* The object that proves it (HS256); NULL: it cannot be made. The caller's. */
json_t *acme_binding_make(const struct acme_binding *binding, struct slice url, struct slice jwk);
/* The public key in the protected header of a request that was signed with it. */
bool acme_binding_jwk(struct slice request, struct buf *out);

/* ---- pure parts ---- */

/* The value of a field of an answer; empty: none. */
struct slice acme_field(struct slice fields, struct slice name);
/* Retry-After in seconds, 0 to 86400; a date counts as a minute. */
int64_t acme_retry_after(struct slice fields);

#endif
