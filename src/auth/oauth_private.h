/* Inside of our authorization server: codes in memory (oauth_code.c), tokens (oauth_grant.c), endpoints (oauth.c). */
#ifndef AUTH_OAUTH_PRIVATE_H
#define AUTH_OAUTH_PRIVATE_H

#include "auth/oauth.h"
#include "base/map.h"

enum pending_state { PENDING_WAITS, PENDING_ALLOWED, PENDING_DENIED, PENDING_USED };

/* A code that was given out, or a device that waits for its person. */
struct oauth_pending {
	struct arena arena;
	uint8_t lookup[OAUTH_LOOKUP_SIZE];
	enum oauth_kind kind;
	enum pending_state state;
	int64_t ends_ms, next_poll_ms, interval_ms;
	struct oauth_code code;             /* device: only the client */
	struct slice scope;
	char user_code[OAUTH_USER_CODE_SIZE + 2];
	struct slice from;                  /* device: the network address that asked */
	uint8_t public_key[32];             /* device: its half; the secret half comes from the device code */
	uint8_t ephemeral[32];              /* device: ours, public */
	uint8_t account[16];
	unsigned proven;
	struct buf wrap;                    /* the secrets, once allowed */
	uint32_t grant;                     /* made with it */
};

struct auth_oauth {
	struct directory *directory;
	struct auth_host host;
	char issuer[300];
	struct map pending;     /* by look-up */
	struct map user_codes;  /* devices, by user code */
};

int64_t oauth_now_ms(const struct auth_oauth *o);
int64_t oauth_unix(const struct auth_oauth *o);

/* ---- codes ---- */

/* A new one for `token`, which gets its secret; NULL: too many. */
struct oauth_pending *pending_add(struct auth_oauth *o, enum oauth_kind kind, int64_t lifetime_s, struct oauth_token *token);
struct oauth_pending *pending_find(struct auth_oauth *o, const struct oauth_token *token);
struct oauth_pending *pending_find_user(struct auth_oauth *o, struct slice user_code);
/* A fresh user code for a device. */
void pending_name(struct auth_oauth *o, struct oauth_pending *p);
/* Devices of this network address that wait for a person. */
size_t pending_devices_of(const struct auth_oauth *o, struct slice address);
void pending_remove(struct auth_oauth *o, struct oauth_pending *p);
void pending_expire(struct auth_oauth *o);
/* The person allowed it. token: the code itself (devices: NULL). False: internal failure. */
bool pending_seal(struct oauth_pending *p, const struct oauth_token *token, const struct secrets *secrets);
int pending_open(const struct oauth_pending *p, const struct oauth_token *token, struct secrets *ret);

/* ---- tokens ---- */

struct oauth_issue {
	struct directory_oauth grant;       /* id 0: a new one */
	bool refresh;                       /* with a refresh token */
	char access_text[SESSION_TOKEN_SIZE + 1], refresh_text[SESSION_TOKEN_SIZE + 1];
	struct slice narrowed;              /* scope of this access token; empty: the grant's */
};
/* One change: the grant when it is new, and the tokens. spent: the refresh token that is used up, empty: none. */
int oauth_issue(struct auth_oauth *o, struct oauth_issue *issue, struct slice spent, const struct secrets *secrets, struct error *err);
int oauth_end(struct auth_oauth *o, uint32_t grant, const uint8_t account[16], struct error *err);

#endif
