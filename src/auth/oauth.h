/*
 * Our own authorization server: what sso/oauth.h says as protocol, over the directory. Programs of our users get tokens without ever
 * seeing a password: mail programs by the code flow with a loopback redirect, devices by a code that a person types.
 *
 * An access token (an hour) and a refresh token (90 days without use) are sessions of their own kinds: directory.db keeps a keyed hash
 * and the account's secrets wrapped under the token. A refresh token is used once; one that comes twice ends the whole grant (RFC 9700
 * 4.14.2). Codes live in memory, with the secrets wrapped under them: a restart makes people ask again, nothing more. docs/single-sign-on.md.
 */
#ifndef AUTH_OAUTH_H
#define AUTH_OAUTH_H

#include "auth/directory_sso.h"
#include "auth/host.h"
#include "auth/subject.h"
#include "sso/oauth.h"

#define OAUTH_ACCESS_S 3600
#define OAUTH_REFRESH_S (90 * 86400)   /* without use */
#define OAUTH_CODE_S 60
#define OAUTH_DEVICE_S 600
#define OAUTH_DEVICE_INTERVAL_S 5
#define OAUTH_CODES_MAX 10000          /* open at once, devices included */
#define OAUTH_DEVICES_MAX 5000         /* of these; anybody may ask for one, a code only who is signed in */
#define OAUTH_DEVICES_PER_ADDRESS 50   /* that wait, asked for from one network address */
#define OAUTH_GRANTS_MAX 40            /* of one account: the oldest gives way */
#define OAUTH_CLIENT_SCRIPT "letterlock" /* grants that `letterlock token` makes */

struct auth_oauth;

/* Keeps `directory` by pointer. */
struct auth_oauth *auth_oauth_create(struct directory *directory, const struct auth_host *host);
/* issuer: "https://host" without a final '/'; copied. Empty: switched off. */
void auth_oauth_configure(struct auth_oauth *o, struct slice issuer);
void auth_oauth_destroy(struct auth_oauth **o);
struct slice auth_oauth_issuer(const struct auth_oauth *o);

struct auth_oauth_request { /* borrowed */
	bool post;
	struct slice path, query, form; /* form: body of a POST, application/x-www-form-urlencoded */
	struct slice token;             /* of the person's session, from a header field that no other site can set; empty: nobody is signed in */
	struct slice address;           /* of the network; empty: not known */
};
/*
 * One HTTP request. Answers are never to be stored (Cache-Control: no-store). The endpoints:
 *
 *   GET  /.well-known/oauth-authorization-server   metadata
 *   GET  /oauth/authorize?…    what the page of consent shows, as JSON; 401 "login_required" without a session
 *   POST /oauth/authorize      the same members and decision=allow|deny: {"redirect": …}
 *   POST /oauth/device_authorization   client_id, scope
 *   GET  /oauth/device?user_code=…     as above
 *   POST /oauth/device         user_code, decision
 *   POST /oauth/token, POST /oauth/revoke
 */
void auth_oauth_run(struct auth_oauth *o, const struct auth_oauth_request *request, struct oauth_answer *answer);

/*
 * May this session let programs in? A whole session of a person (no token), which has shown a second factor where the account needs one.
 */
bool auth_oauth_may_allow(struct auth_oauth *o, const struct auth_subject *subject);

/* A person with opened secrets gets an access token without any browser. ERR_INVALID: scope; ERR_LIMIT. */
int auth_oauth_issue(struct auth_oauth *o, const struct account *account, const struct secrets *secrets, unsigned proven,
	struct slice scope,
	char ret_token[SESSION_TOKEN_SIZE + 1], int64_t *ret_ends, struct error *err);
/*
 * A token that a mail program shows: the account's id, the grant in whose name the session is opened (for AUTH_REVALIDATE), and the
 * secrets. ERR_DENIED: no such token, ended, or no access token; ERR_NOT_FOUND: its scope does not hold `mail` (OAUTH_IMAP, …). ERR_IO
 * and others:
 * later. *ret_secrets is empty before.
 */
int auth_oauth_open(struct directory *d, struct slice token, unsigned mail, int64_t now, uint8_t ret_account[16], uint32_t *ret_grant,
	struct secrets *ret_secrets);
/* Ends a grant, its tokens and what was opened with them. ERR_NOT_FOUND: not this account's. */
int auth_oauth_end(struct auth_oauth *o, const uint8_t account[16], uint32_t grant, struct error *err);

#endif
