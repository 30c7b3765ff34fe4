/*
 * Sign-in by another identity provider: from a verified token to an account of ours and its secrets.
 *
 * An identity is issuer and subject, nothing else (OpenID Connect Core 5.7). Which account it belongs to was said before
 * (identity.link), or, where policy allows it, is found once by an e-mail address that the issuer calls verified, that is ours, and whose
 * account has no identity yet; or, where policy allows that, it is made (auth/external_new.h). The
 * secrets of such an account are `managed` (auth/managed.h).
 */
#ifndef AUTH_EXTERNAL_H
#define AUTH_EXTERNAL_H

#include "auth/directory_sso.h"
#include "auth/host.h"
#include "sso/provider.h"

struct external;

enum external_status { EXTERNAL_OK, EXTERNAL_REFUSED, EXTERNAL_SCOPE, EXTERNAL_TEMPORARY };
struct external_result {
	enum external_status status;
	const char *reason;          /* for the log */
	uint8_t account[16];
	uint32_t credential;
	struct secrets *secrets;     /* EXTERNAL_OK: the callee's */
	const struct jwt_claims *claims; /* EXTERNAL_OK, of external_finish: what the issuer said; valid during the call */
};
typedef void external_fn(void *arg, const struct external_result *result);

#define EXTERNAL_PROVIDERS_MAX 20
struct external_settings { /* of one provider */
	struct provider_settings provider;
	struct slice domains;        /* separated by commas: whose addresses it signs in, and the only ones that it links; empty: any */
	bool link_email;             /* a verified address of ours links an identity to its account */
	bool provision;              /* an address of `domains` that nobody has makes an account at the first sign-in; never without domains */
	bool trusted_factors;        /* a second factor that the issuer saw counts here */
};

/* Keeps directory and host by pointer; http: how documents are fetched. */
struct external *external_create(struct directory *d, const struct auth_host *host, const struct sso_host *http);
/* The providers that are trusted, at most EXTERNAL_PROVIDERS_MAX; one without issuer is passed over. What is being verified ends under the
 * former settings. */
void external_configure(struct external *e, const struct external_settings *settings, size_t count);
void external_destroy(struct external **e);
bool external_usable(const struct external *e);

/*
 * An access token (RFC 9068) that a mail program shows; its issuer says which provider. Open sessions that rest on such tokens end with the
 * last of them (directory_lease_set). scope: "imap"; the token's scope claim must hold it. fn is called once, perhaps
 * before this returns.
 */
void external_open(struct external *e, struct slice token, const char *scope, external_fn *fn, void *arg);

/* Sign-in through the browser: where to send it, and what came back. The provider of that name; else, name empty, the one of the address's
 * domain; else the one without name, or the only one. ERR_NOT_FOUND: none of that name. */
void external_begin(struct external *e, struct slice name, struct slice email, provider_begin_fn *fn, void *arg);
void external_finish(struct external *e, const struct provider_flow *flow, struct slice query, external_fn *fn, void *arg);
/* Did the issuer see a second factor (RFC 8176: mfa, otp, hwk, sc, sms, tel), and is it trusted for that? */
bool external_second_factor(const struct external *e, const struct jwt_claims *claims);

#endif
